//! # Services that call each other in a circle (`INT-LOOP`)
//!
//! ## What it finds
//! A request that is made, through another service, in a call for the very same: A asked B, and for that B asked A. Needs no
//! model.
//!
//! ## Why it matters
//! What comes back to itself ends when something breaks, or never, and takes others with it. Lists: API4, API10, BLA2,
//! CWE-835, CWE-674, SC-5.
//!
//! ## How it decides
//! By the spans of a trace: a log's `span_id` and `parent_span_id` (of OpenTelemetry's exports, spans between requests too), or B3's
//! headers; `traceparent` alone tells the caller's span only, and such requests are not looked at. Up to 64 calls are followed up. Back is what has the
//! host, method and path (of calls inside bodies, the call) of one further up, with another in between: confidence 0.40 for one return, 0.60
//! for two or three, 0.80 for more. One finding a circle, at the deepest; refused requests are none.
//!
//! ## When it is wrong
//! A service is asked back for another part of one task, at one path for all of them.
//!
//! ## Example
//! ```text
//! 10:00:00 service:stock  reserve  order:7  200
//! 10:00:01 service:stock  reserve  order:7  200
//! expected: calls that do not come back to what they were made in; observed: back 2 times within itself in 1 trace
//! => medium accepted: reserve is called in a circle: back 2 times within itself in 1 trace
//! ```

use super::{Identity, Rule};
use crate::compare::Check;
use crate::model::Severity;

pub(super) static RULE: Rule = Rule {
    id: "INT-LOOP",
    title: "Services that call each other in a circle",
    check: Check::CallLoop,
    severity: Severity::Medium,
    taxonomy: &["API4", "API10", "BLA2", "CWE-835", "CWE-674", "SC-5"],
    agent_taxonomy: &["ASI08", "ag:T12"],
    rests_on: Identity::Nobody,
    source: include_str!("int_loop.rs"),
    sentence: |context| format!("{} is called in a circle: {}", context.activity(), context.observed("back in itself")),
    why: |context| {
        format!(
            "Expected were {}; it was {}. Nothing in the calls ends the circle.",
            context.expected("calls that end"),
            context.observed("back in itself"),
        )
    },
    fix: |context| {
        format!(
            "Pass a count of hops on with each call and refuse what has too many in {}; do what is asked for once by an \
             idempotency key; answer before others are told.",
            context.endpoint(),
        )
    },
};
