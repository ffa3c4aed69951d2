//! # Split below the limit (`TX-SPLIT`)
//!
//! ## What it finds
//! Several accepted amounts, each under a limit, that add up to more than it within the window.
//!
//! ## Why it matters
//! A limit per call is a limit per call only: who knows it sends many small ones and never meets the approval above it.
//! Lists: API6, BLA7, CWE-602, CWE-1284, OAT-012, T1657. By an agent also: ASI02, LLM06, ag:T6.
//!
//! ## How it decides
//! A constraint `sum:` with `window` and `max` groups accepted events of the activity by its `by` fields. The sum over
//! any window (start exclusive, end inclusive, in event time) is over `max` while no single part is; a single part over
//! it is RULE-GUARD. An accepted `unless` activity lifts the limit. Window and limit are the model's; there is no default.
//! Amounts of another currency are not added.
//!
//! ## When it is wrong
//! Legitimate batches, such as partial deliveries refunded one by one: raise the limit or group by delivery. A shared
//! service account does everybody's work: group by the person instead of the caller.
//!
//! ## Example
//! ```text
//! 10:00:00 dana  refund_execute  order:ord_9  200
//! 10:20:00 dana  refund_execute  order:ord_9  200
//! 10:40:00 dana  refund_execute  order:ord_9  200
//! constraint: refund-split; expected: at most 100 EUR in 24h; observed: 150 EUR in 3 parts; money: 50 EUR
//! => critical accepted: dana performed refund_execute on order ord_9, in parts that exceed the rule refund-split: expected at most 100 EUR in 24h, seen 150 EUR in 3 parts
//! ```

use super::{Identity, Rule};
use crate::compare::Check;
use crate::model::Severity;

pub(super) static RULE: Rule = Rule {
    id: "TX-SPLIT",
    title: "Split below the limit",
    check: Check::Split,
    severity: Severity::High,
    taxonomy: &["API6", "BLA7", "CWE-602", "CWE-1284", "OAT-012", "T1657"],
    agent_taxonomy: &["ASI02", "LLM06", "ag:T6"],
    rests_on: Identity::Nobody,
    source: include_str!("tx_split.rs"),
    sentence: |context| {
        format!(
            "{}, in parts that exceed {}: expected {}, seen {}",
            context.lead(),
            context.rule_name("a limit"),
            context.expected("a sum within the limit"),
            context.observed("more"),
        )
    },
    why: |context| {
        format!(
            "Each part of {} stays under the limit, their sum does not. Splitting passes by whatever the limit triggers, \
             such as an approval.",
            context.activity(),
        )
    },
    fix: |context| {
        format!(
            "In {}, hold the limit against the running sum over the window (per {} and person), not against one request; \
             ask for approval when the sum passes it.",
            context.endpoint(),
            context.object_type(),
        )
    },
};
