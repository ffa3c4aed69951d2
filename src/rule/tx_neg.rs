//! # Amount below zero (`TX-NEG`)
//!
//! ## What it finds
//! An accepted step in which the client sent an amount of money or a quantity below zero.
//!
//! ## Why it matters
//! A negative line of an order lowers the total, a negative transfer takes what it should give: each further check sees numbers
//! that add up. Lists: API6, BLA7, CWE-1284, CWE-602, T1565.002. By an agent also: ASI02, LLM06.
//!
//! ## How it decides
//! Of an activity that writes, the attributes that are `money(PATH, ..)` of what the client sends, and those that are a plain path
//! of it and are called amount, quantity, qty, count, pieces, units, seats or nights, by themselves or by the path's last field.
//! Accepted with a value below zero is a finding, once an actor, activity and case; zero is none: free orders and emptied lines
//! are common. Numbers that are sent as text (forms, queries, `"-3"`) count, and so does one of a list. A refusal is the server's own check and no finding. What the source does not show is not evaluable.
//!
//! ## When it is wrong
//! Corrections, credit notes and returns are booked by negative amounts: mark such an activity `signed: true`. The server takes
//! the amount without its sign, or ignores the field: its answer tells.
//!
//! ## Example
//! ```text
//! 10:00:00 carol  add_line  order:ord_9  200
//! expected: quantity of zero or more; observed: -3; moved
//! => critical proven: carol performed add_line on order ord_9 with -3, expected quantity of zero or more
//! ```

use super::{Identity, Rule};
use crate::compare::Check;
use crate::model::Severity;

pub(super) static RULE: Rule = Rule {
    id: "TX-NEG",
    title: "Amount below zero",
    check: Check::Negative,
    severity: Severity::High,
    taxonomy: &["API6", "BLA7", "CWE-1284", "CWE-602", "T1565.002"],
    agent_taxonomy: &["ASI02", "LLM06"],
    rests_on: Identity::Nobody,
    source: include_str!("tx_neg.rs"),
    sentence: |context| {
        format!(
            "{} with {}, expected {}",
            context.lead(),
            context.observed("an amount below zero"),
            context.expected("zero or more"),
        )
    },
    why: |context| {
        format!(
            "{} was accepted with {}. Sums, limits and stock are computed with it, and turn the other way.",
            context.activity(),
            context.observed("an amount below zero"),
        )
    },
    fix: |context| {
        format!(
            "In {}, refuse with 422 what is below zero (or below one, for quantities) before anything is computed, and give the \
             column of the {} a check constraint.",
            context.endpoint(),
            context.object_type(),
        )
    },
};
