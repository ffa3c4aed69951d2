//! # Agent over its limit (`AG-LIMIT`)
//!
//! ## What it finds
//! An agent that spends more in one event, more in a day, or calls more often than its delegation allows.
//!
//! ## Why it matters
//! An agent repeats a mistake as fast as it can call. The limit is what the person agreed to lose. Lists: API4, API6,
//! LLM06, CWE-770, CWE-841. By an agent also: ASI02, ag:T6.
//!
//! ## How it decides
//! `limits` of a delegation that governs the event. An event's amount is the activity's attribute `amount`, else its only
//! amount of money; an accepted one in another currency, or that cannot be read although the request is in view, is for
//! review. `per_day` adds up all amounts that were accepted on behalf of one principal in any 24 hours of event time (start
//! exclusive), whichever agent the delegation speaks of: an agent does not get a new limit by a new name. Amounts below
//! zero add nothing. Retries with the same idempotency key count once; what may be a retry is decided
//! neither way. `calls` counts calls that were not refused: a bulk request once, each call of a JSON-RPC batch, and talk of
//! the protocol (lists, pings) not at all. One finding per stretch over the limit. With several clocks windows are narrowed by their skew.
//!
//! ## When it is wrong
//! The limit is per agent instance, and one person has several. A refund or cancellation gives the amount back: the sum
//! counts what was spent.
//!
//! ## Example
//! ```text
//! 10:00:00 shop/alice  pay  order:ord_1  200
//! 10:05:00 shop/alice  pay  order:ord_2  200
//! constraint: shop-agent; expected: at most 500 EUR in 24h; observed: 620 EUR in 2 events
//! => high accepted: agent:shop for alice went over the limit of shop-agent: expected at most 500 EUR in 24h, seen 620 EUR in 2 events
//! ```

use super::{Identity, Rule};
use crate::compare::Check;
use crate::model::Severity;

pub(super) static RULE: Rule = Rule {
    id: "AG-LIMIT",
    title: "Agent over its limit",
    check: Check::AgentLimit,
    severity: Severity::High,
    taxonomy: &["API4", "API6", "LLM06", "CWE-770", "CWE-841"],
    agent_taxonomy: &["ASI02", "ag:T6"],
    rests_on: Identity::Actor,
    source: include_str!("ag_limit.rs"),
    sentence: |context| {
        format!(
            "{} went over the limit of {}: expected {}, seen {}",
            context.actor(),
            context.deviation.constraint.as_deref().map_or_else(|| "its delegation".to_owned(), super::context::name),
            context.expected("less"),
            context.observed("more"),
        )
    },
    why: |context| {
        format!(
            "The person who gave the agent leave set a bound: {}. What was done is beyond it ({}), and {} was part of it.",
            context.expected("a limit"),
            context.observed("more"),
            context.activity(),
        )
    },
    fix: |context| {
        format!(
            "Keep the sums and rates of each principal's agents on the server, and refuse in {} what would exceed them ({}); \
             a limit in the agent's instructions is none.",
            context.endpoint(),
            context.expected("the delegation's limit"),
        )
    },
};
