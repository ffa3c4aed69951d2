//! # Role not allowed (`FN-ROLE`)
//!
//! ## What it finds
//! A step that fits the object's state and was done by an actor whose role or kind may not do it.
//!
//! ## Why it matters
//! Broken function level authorization: the function is guarded by its address being unknown, or by the menu of the
//! client. Lists: API5, BLA6, CWE-425, CWE-862, CWE-863, AC-6. By an agent also: ASI03, ag:T3.
//!
//! ## How it decides
//! A transition on the activity starts from a possible state, and none of these names the actor in `by` (its roles, kind,
//! `kind:name`, principal or `agent`) and `kind`. While an agent acts, only `agent` and the agent's own name count. An
//! actor without identity, or whose roles or kind nothing shows where `by` may name one, makes the rule not evaluable;
//! confidence is that of the identity. A refusal is reported as attempted, one step lower. Not reported for an event that is
//! TEN-CROSS already.
//!
//! Where roles are seen and nobody in the traffic has any that `by` names, the name may be wrong rather than the actor:
//! confidence is 0.60 at most, and 0.40 (for review) where the actor has a role spelt nearly so or one that `roles.map` does
//! not know, or where nobody was seen to have any role but the default. A warning names the role, and where it was looked for.
//!
//! ## When it is wrong
//! A role was given yesterday and the model does not know: see `actors.roles`. The token names groups, not roles: map
//! them. On-call staff act under another role: name it in `by`.
//!
//! ## Example
//! ```text
//! 10:00:00 carol  refund_request  refund:ref_2  201
//! 10:05:00 carol  refund_approve  refund:ref_2  200
//! states: requested; expected: approver; observed: customer; moved
//! => critical proven: carol performed refund_approve on refund ref_2 as customer, where only approver may
//! ```

use super::context::{name, names};
use super::{Context, Identity, Rule};
use crate::compare::Check;
use crate::model::Severity;

pub(super) static RULE: Rule = Rule {
    id: "FN-ROLE",
    title: "Role not allowed",
    check: Check::Role,
    severity: Severity::High,
    taxonomy: &["API5", "BLA6", "CWE-425", "CWE-862", "CWE-863", "AC-6"],
    agent_taxonomy: &["ASI03", "ag:T3"],
    rests_on: Identity::Actor,
    source: include_str!("fn_role.rs"),
    sentence: |context| format!("{} as {}, where only {} may", context.lead(), held(context), allowed(context)),
    why: |context| {
        format!(
            "{} is a duty of {}. The server did not ask who was calling, or asked the client.",
            context.activity(),
            allowed(context),
        )
    },
    fix: |context| {
        format!(
            "In {}, require {} from the verified credential before anything else and deny by default; test it with a \
             credential of every other role.",
            context.endpoint(),
            allowed(context),
        )
    },
};

fn allowed(context: &Context<'_>) -> String {
    names(&context.deviation.expected, "or").unwrap_or_else(|| "another role".to_owned())
}

/// The roles that the actor holds, else its kind.
fn held(context: &Context<'_>) -> String {
    let Some(actor) = context.event.map(|event| &event.actor) else { return context.observed("no known role") };
    if actor.agent.is_some() {
        return "an agent".to_owned();
    }
    names(&actor.roles, "and").unwrap_or_else(|| context.observed(&name(&actor.kind)))
}
