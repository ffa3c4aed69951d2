//! # No person agreed (`HITL-MISSING`)
//!
//! ## What it finds
//! A step of an agent that a person has to agree to first, without that person's word on the same object.
//!
//! ## Why it matters
//! The person in the loop is the control. Where the step works without, there is none: an agent that is talked into it is
//! stopped by nobody. Lists: API6, LLM06, CWE-654, CWE-841, AC-5. By an agent also: ASI09, ag:T10.
//!
//! ## How it decides
//! `approval` of a delegation that governs the step: the step was accepted (or sent), its `if` holds, and no accepted
//! `activity` by an actor of the `kind` (human unless the model says otherwise) came before it on the same object. A
//! person who declined or closed the question has not agreed. Its absence is certain only where nothing went unseen since
//! an instant at which it surely had not happened, as in AP-MISSING. An approval by an agent is HITL-AGENT. For review:
//! where `if` reads what the request does not say, or in another currency; and where only another person agreed than the
//! one for whom the agent acts, unless a transition of the approval says by which roles (`by`) it is given. One word serves
//! for all later steps on the object; `max_age` and `unchanged` bound it (AP-STALE, AP-CHANGED).
//!
//! ## When it is wrong
//! A mandate that was given once for many steps: say so in the approval's `if`. The person agrees in a chat or an app
//! that was not captured.
//!
//! ## Example
//! ```text
//! 10:00:00 alice       create  order:ord_7  201
//! 10:02:00 shop/alice  pay     order:ord_7  200
//! constraint: shop-agent; expected: agent_confirm, pay; observed: create, pay; moved
//! => critical proven: agent:shop for alice performed pay on order ord_7 without agent_confirm
//! ```

use super::{Identity, Rule};
use crate::compare::Check;
use crate::model::Severity;

pub(super) static RULE: Rule = Rule {
    id: "HITL-MISSING",
    title: "No person agreed",
    check: Check::HumanMissing,
    severity: Severity::Critical,
    taxonomy: &["API6", "LLM06", "CWE-654", "CWE-841", "AC-5"],
    agent_taxonomy: &["ASI09", "ag:T10"],
    rests_on: Identity::Actor,
    source: include_str!("hitl_missing.rs"),
    sentence: |context| {
        format!("{} without {}", context.lead(), context.missing())
    },
    why: |context| {
        format!(
            "{} by this agent needs {} by a person first. Nothing of the kind was seen on this {}.",
            context.activity(),
            context.missing(),
            context.object_type(),
        )
    },
    fix: |context| {
        format!(
            "In {}, refuse an agent's call unless the server holds a person's word on this very {} and amount, given with that person's \
             own credential; do not take the agent's word for it.",
            context.endpoint(),
            context.object_type(),
        )
    },
};
