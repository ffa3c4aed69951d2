//! # Upgrade and refund in turns (`SUB-CYCLE`)
//!
//! ## What it finds
//! More refunds, cancellations or upgrades of one subscription or person within a window than the model allows.
//!
//! ## Why it matters
//! A paid plan is used and paid back again and again: each refund keeps the rules, together they make the plan free.
//! Lists: API6, BLA8, CWE-799, CWE-837. By an agent also: ASI02.
//!
//! ## How it decides
//! A constraint `activity: X, by: [..], window: W, max: N` with `family: subscription`, counted as for FLOW-VOLUME: accepted X of
//! one group in any stretch of that length; retries with one idempotency key count once. One finding a breach, at the first
//! event above the limit. Window and limit are the model's; there is no default. Lost requests only lower the count.
//!
//! ## When it is wrong
//! Changes of seats are made by the same call: tell them apart by `where`. An outage led to many refunds: exempt them by `if`.
//!
//! ## Example
//! ```text
//! 10:00:00 carol  refund  workspace:blue  200
//! 10:05:00 carol  refund  workspace:blue  200
//! 10:09:00 carol  refund  workspace:blue  200
//! constraint: few-refunds; expected: at most 2 refund in 30d; observed: 3 by workspace:blue
//! => medium accepted: carol performed refund on workspace blue too often for the rule few-refunds: expected at most 2 refund in 30d, seen 3 by workspace:blue
//! ```

use super::{Identity, Rule};
use crate::compare::Check;
use crate::model::Severity;

pub(super) static RULE: Rule = Rule {
    id: "SUB-CYCLE",
    title: "Upgrade and refund in turns",
    check: Check::PlanCycle,
    severity: Severity::Medium,
    taxonomy: &["API6", "BLA8", "CWE-799", "CWE-837"],
    agent_taxonomy: &["ASI02"],
    rests_on: Identity::Nobody,
    source: include_str!("sub_cycle.rs"),
    sentence: |context| {
        format!(
            "{} too often for {}: expected {}, seen {}",
            context.lead(),
            context.rule_name("a limit"),
            context.expected("fewer"),
            context.observed("more"),
        )
    },
    why: |context| {
        format!(
            "Each {} may keep the rules; in turns with upgrades they make what is paid for free ({}).",
            context.activity(),
            context.observed("over the limit"),
        )
    },
    fix: |context| {
        format!(
            "In {}, count earlier ones of the same customer and payment instrument ({}), and pay back in proportion to what was \
             used.",
            context.endpoint(),
            context.expected("the model's limit"),
        )
    },
};
