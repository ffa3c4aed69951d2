//! # Retries without measure (`INT-RETRY`)
//!
//! ## What it finds
//! One write that a client sends again and again while it fails, without longer pauses; and a write that it sends
//! again after no answer, without a key by which the server could know. Needs no model.
//!
//! ## Why it matters
//! A storm of retries keeps down what is trying to come up. A write without a key may be done twice. Lists: API4,
//! API10, BLA8, CWE-799.
//!
//! ## How it decides
//! By actor, 20 tries of one write with a body (operation, object and body) within a minute, each failed (no answer, 429 or 5xx),
//! the later half of them in at most twice the time of the earlier: confidence at most 0.60. For review (0.45): a write
//! without an idempotency key that comes again within 2 minutes after no answer, 502 or 504, and then makes something
//! (201). Where headers are not shown, a key may have been sent. One finding an actor.
//!
//! ## When it is wrong
//! A client with many things to do that look the same. Somebody who wants the same thing twice. Reads that are sent
//! again, and writes without a body, are not looked at.
//!
//! ## Example
//! ```text
//! 10:00:00 service:sync  push  order:1  503
//! 10:00:30 service:sync  push  order:1  503
//! expected: fewer retries, with longer pauses; observed: 20 times in 30s
//! => low attempted: service:sync sends push again without measure: expected fewer retries and with longer pauses, seen 20 times in 30s
//! ```

use super::{Identity, Rule};
use crate::compare::Check;
use crate::model::Severity;

pub(super) static RULE: Rule = Rule {
    id: "INT-RETRY",
    title: "Retries without measure",
    check: Check::RetryStorm,
    severity: Severity::Low,
    taxonomy: &["API4", "API10", "BLA8", "CWE-799"],
    agent_taxonomy: &[],
    rests_on: Identity::Nobody,
    source: include_str!("int_retry.rs"),
    sentence: |context| { format!("{} sends {} again without measure: expected {}, seen {}", context.actor(), context.activity(), context.expected("less"), context.observed("many times")) },
    why: |context| { format!("Expected were {}; seen was {}. What is overloaded stays so, and what was done without an answer may be done twice.", context.expected("fewer"), context.observed("more")) },
    fix: |context| { format!("Let the client of {} wait longer each time, by chance a little more or less, give up after some, and send one `Idempotency-Key` with all tries of a write.", context.endpoint()) },
};
