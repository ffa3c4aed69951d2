//! # Reused idempotency key (`TX-REPLAY`)
//!
//! ## What it finds
//! One idempotency key accepted twice with different content.
//!
//! ## Why it matters
//! The key promises that both requests are one. If the server honours only the key, content can be swapped under it; if
//! it honours only the content, effects double. Lists: API6, BLA8, CWE-294, CWE-837. By an agent also: ASI02, LLM06.
//!
//! ## How it decides
//! Two accepted requests to one operation by the same actor carry the same key (compared as keyed hashes) and bodies with
//! different hashes, both seen whole. Of a JSON object, fields at the top that name the try are left out: `ts`,
//! `timestamp`, `traceId`, `retry` and the like, and instants within a minute of sending. Same key and same
//! body is a client's retry and benign, and so is what the server says it answered from its record
//! (`Idempotent-Replayed: true`). Where the answer is that of the first, confidence is 0.60 at most: content may have been
//! swapped, but nothing says that it had effect. Works without a model, but then for review only (0.40), because nothing
//! tells which content counts.
//!
//! ## When it is wrong
//! The body holds another value that changes with each retry, such as a signature. A library uses one constant key for
//! everything: that is a real weakness, but of the client.
//!
//! ## Example
//! ```text
//! 10:00:00 carol  pay  order:ord_1  200
//! 10:00:09 carol  pay  order:ord_1  200
//! expected: same body for the same key; observed: different body
//! => high accepted: carol performed pay on order ord_1 with an idempotency key already used for other content
//! ```

use super::{Identity, Rule};
use crate::compare::Check;
use crate::model::Severity;

pub(super) static RULE: Rule = Rule {
    id: "TX-REPLAY",
    title: "Reused idempotency key",
    check: Check::Replay,
    severity: Severity::High,
    taxonomy: &["API6", "BLA8", "CWE-294", "CWE-837"],
    agent_taxonomy: &["ASI02", "LLM06"],
    rests_on: Identity::Nobody,
    source: include_str!("tx_replay.rs"),
    sentence: |context| format!("{} with an idempotency key already used for other content", context.lead()),
    why: |context| {
        format!(
            "An idempotency key stands for one request. {} accepted it for two, so content can be swapped or an effect had \
             twice under one key.",
            context.endpoint(),
        )
    },
    fix: |context| {
        format!(
            "In {}, store a hash of the body with each idempotency key (per caller, in the same transaction as the effect) \
             and answer 422 when the key comes back with another body.",
            context.endpoint(),
        )
    },
};
