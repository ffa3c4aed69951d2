//! # Mismatch between steps (`TX-MISMATCH`)
//!
//! ## What it finds
//! An accepted event whose amount, currency, party or object key disagrees with what an earlier step or another part of
//! the same request says.
//!
//! ## Why it matters
//! The server trusts a value that the client could change on the way: pay one for an order of a thousand, or authorise
//! one object and change another. Lists: API6, BLA7, CWE-472, CWE-602, T1565.002. By an agent also: ASI02, LLM06, ag:T6.
//!
//! ## How it decides
//! A guard that demands equality of an event's attribute with the object's is false with both values known, or one
//! request names its object with two different keys (path and body). Numbers and money compare by value; different
//! currencies never match.
//!
//! ## When it is wrong
//! Partial payments, tips or exchange rates make amounts differ rightly: let the guard allow them. The key in the body is
//! an alias of the one in the path.
//!
//! ## Example
//! ```text
//! 10:00:00 carol  create  order:ord_6  201
//! 10:02:00 carol  pay     order:ord_6  200
//! states: new; expected: event.amount == order.total; observed: 1 EUR, 900 EUR; moved; restricted
//! => critical proven: carol performed pay on order ord_6 with values that disagree: expected event.amount == order.total, seen 1 EUR and 900 EUR
//! ```

use super::{Context, Identity, Rule};
use crate::compare::Check;
use crate::model::Severity;

pub(super) static RULE: Rule = Rule {
    id: "TX-MISMATCH",
    title: "Mismatch between steps",
    check: Check::Mismatch,
    severity: Severity::High,
    taxonomy: &["API6", "BLA7", "CWE-472", "CWE-602", "T1565.002"],
    agent_taxonomy: &["ASI02", "LLM06", "ag:T6"],
    rests_on: Identity::Nobody,
    source: include_str!("tx_mismatch.rs"),
    sentence,
    why: |context| {
        format!(
            "{} took a value from the request that contradicts what the server knows about the {}. A client can change it \
             on the way.",
            context.endpoint(),
            context.object_type(),
        )
    },
    fix: |context| {
        format!(
            "In {}, take amount, currency, party and key from the stored {} instead of the request, or refuse with 422 when \
             the two differ.",
            context.endpoint(),
            context.object_type(),
        )
    },
};

fn sentence(context: &Context<'_>) -> String {
    if let (Some(other), true) =
        (context.object_ref().and_then(|object| object.conflicting_key.as_deref()), context.deviation.expected.is_empty())
    {
        return format!("{} with a request that also names {}", context.lead(), super::context::name(other));
    }
    format!(
        "{} with values that disagree: expected {}{}",
        context.lead(),
        context.expected("equal values"),
        context.seen(),
    )
}
