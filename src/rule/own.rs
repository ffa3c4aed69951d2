//! # Foreign object (`OWN`)
//!
//! ## What it finds
//! An actor who reads or changes an object that belongs to somebody else, without a role that may.
//!
//! ## Why it matters
//! Broken object level authorization: who can count can take every record. Lists: API1, BLA6, CWE-639, AC-3.
//! By an agent also: ASI03, ag:T3.
//!
//! ## How it decides
//! A constraint `same: [actor.principal, TYPE.owner]` applies to the activity, both sides are known and differ, and the
//! actor is known to have none of the `unless_role` roles. The owner is what the model's `owner:` says. Confidence is
//! that of the actor's identity. A refusal is reported as attempted, one step lower. When tenants differ as well,
//! TEN-CROSS stands for both.
//!
//! ## When it is wrong
//! The object was shared or handed over: let `owner` follow the handover or exempt the role. The owner was learnt from a
//! first event by an attacker: look at the object's creation. Support staff under a role that the token does not name.
//!
//! ## Example
//! ```text
//! 10:00:00 alice    create  order:ord_8  201
//! 10:03:00 mallory  view    order:ord_8  200
//! constraint: owner-only; expected: alice; observed: mallory
//! => high accepted: mallory performed view on order ord_8, which belongs to alice
//! ```

use super::context::{compared, name};
use super::{Context, Identity, Rule};
use crate::compare::Check;
use crate::model::Severity;

pub(super) static RULE: Rule = Rule {
    id: "OWN",
    title: "Foreign object",
    check: Check::Owner,
    severity: Severity::High,
    taxonomy: &["API1", "BLA6", "CWE-639", "AC-3"],
    agent_taxonomy: &["ASI03", "ag:T3"],
    rests_on: Identity::Actor,
    source: include_str!("own.rs"),
    sentence: |context| format!("{}, which belongs to {}", context.lead(), owner(context)),
    why: |context| {
        format!(
            "Knowing the key of a {} must not be enough to use it. {} is for its owner ({}) and named roles only.",
            context.object_type(),
            context.activity(),
            owner(context),
        )
    },
    fix: |context| {
        format!(
            "In {}, load the {} by key and owner together (for an agent, the owner is the person it acts for) and answer \
             404 when there is none, in the data layer where no handler can forget it.",
            context.endpoint(),
            context.object_type(),
        )
    },
};

fn owner(context: &Context<'_>) -> String {
    match context.object_ref().and_then(|object| object.owner.as_deref()) {
        Some(owner) => name(owner),
        None => compared(&context.deviation.expected, "somebody else"),
    }
}
