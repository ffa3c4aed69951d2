//! # Beyond the principal's rights (`DEL-SCOPE`)
//!
//! ## What it finds
//! An agent that reads or changes an object of somebody else than the person for whom it acts, or takes a step that this
//! person may not take.
//!
//! ## Why it matters
//! A delegation hands on rights; it makes none. An agent with rights of its own becomes everybody's way around their own
//! limits. Lists: API1, API5, CWE-269, CWE-441, CWE-863, AC-6. By an agent also: ASI03, ag:T3.
//!
//! ## How it decides
//! A delegation with `inherit: [owner]` or `[roles]` governs the event. Owner: the object's owner, as the model tells it,
//! is known and is not the principal, and no role of the principal is exempt by the model's own wall (`unless_role` of a
//! `same` on that owner). Roles: no transition of the activity may be taken by the principal alone, without the agent.
//! Roles and owners that the source does not show decide nothing. OWN at the same event is part of it.
//!
//! ## When it is wrong
//! The object was shared with the person by a way that the model does not know. Staff under a role that the token does
//! not name.
//!
//! ## Example
//! ```text
//! 10:00:00 alice         create  order:ord_8  201
//! 10:03:00 shop/mallory  view    order:ord_8  200
//! constraint: shop-agent; expected: order.owner alice; observed: actor.principal mallory
//! => high accepted: agent:shop for mallory performed view on order ord_8, which mallory may not: expected alice
//! ```

use super::context::compared;
use super::{Identity, Rule};
use crate::compare::Check;
use crate::model::Severity;

pub(super) static RULE: Rule = Rule {
    id: "DEL-SCOPE",
    title: "Beyond the principal's rights",
    check: Check::DelegatedScope,
    severity: Severity::High,
    taxonomy: &["API1", "API5", "CWE-269", "CWE-441", "CWE-863", "AC-6"],
    agent_taxonomy: &["ASI03", "ag:T3"],
    rests_on: Identity::Actor,
    source: include_str!("del_scope.rs"),
    sentence: |context| {
        let principal = context.event.and_then(|event| event.actor.principal.as_deref());
        let principal = principal.map_or_else(|| "its principal".to_owned(), super::context::name);
        let expected = compared(&context.deviation.expected, "somebody else");
        format!("{}, which {principal} may not: expected {expected}", context.lead())
    },
    why: |context| {
        format!(
            "The agent acts for a person and may do no more than that person. Here the {} takes {}, and the person is {}.",
            context.object_type(),
            compared(&context.deviation.expected, "somebody else"),
            compared(&context.deviation.observed, "another"),
        )
    },
    fix: |context| {
        format!(
            "In {}, decide by the principal of the token (`sub`) first, as if no agent were there, and only then by what the agent \
             may do; an agent's own credential must open nobody's objects.",
            context.endpoint(),
        )
    },
};
