//! # Sum out of bounds (`TX-CONSERVE`)
//!
//! ## What it finds
//! An accepted event after which a sum over the case leaves the bound that the model sets, such as refunds above what was
//! paid.
//!
//! ## Why it matters
//! Value is created from nothing: each call is valid, together they pay out more than came in.
//! Lists: API6, BLA7, CWE-602, CWE-1284, OAT-012, T1657. By an agent also: ASI02, LLM06, ag:T6.
//!
//! ## How it decides
//! A constraint `always:` compares sums, and is false after the event. Sums are exact decimals. A sum is a lower bound
//! when the object was not seen from birth or requests were lost: a comparison that a larger value could turn is not
//! evaluable. Amounts of different currencies do not compare.
//!
//! ## When it is wrong
//! Fees, tips, taxes or exchange rates are in one side of the comparison only. An earlier payment was captured in another
//! system. Amounts are in minor units on one endpoint and in major units on another: align them in `attrs`.
//!
//! ## Example
//! ```text
//! 10:00:00 carol             pay             order:ord_9  200
//! 10:10:00 service:payments  refund_execute  order:ord_9  200
//! constraint: refund-le-paid; expected: sum(order.refunds.amount) <= 80 EUR; observed: 120 EUR; moved; money: 120 EUR
//! => critical proven: service:payments performed refund_execute on order ord_9 and broke the rule refund-le-paid: expected sum(order.refunds.amount) <= 80 EUR, seen 120 EUR
//! ```

use super::{Identity, Rule};
use crate::compare::Check;
use crate::model::Severity;

pub(super) static RULE: Rule = Rule {
    id: "TX-CONSERVE",
    title: "Sum out of bounds",
    check: Check::Conserve,
    severity: Severity::High,
    taxonomy: &["API6", "BLA7", "CWE-602", "CWE-1284", "OAT-012", "T1657"],
    agent_taxonomy: &["ASI02", "LLM06", "ag:T6"],
    rests_on: Identity::Nobody,
    source: include_str!("tx_conserve.rs"),
    sentence: |context| {
        format!(
            "{} and broke {}: expected {}{}",
            context.lead(),
            context.rule_name("a bound"),
            context.expected("the sum within its bound"),
            context.seen(),
        )
    },
    why: |context| {
        format!(
            "The totals around {} no longer add up ({} was to hold). Each call may look valid, yet together they move more \
             value than there is.",
            context.object(),
            context.expected("a bound"),
        )
    },
    fix: |context| {
        format!(
            "In {}, add up what was already done for this {} inside the transaction, under a lock on the parent record, \
             and refuse what would break the bound; a database check constraint on the running total is the surest.",
            context.endpoint(),
            context.object_type(),
        )
    },
};
