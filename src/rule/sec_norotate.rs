//! # Key that stays the same (`SEC-NOROTATE`)
//!
//! ## What it finds
//! An API key or password of a service that is in use, unchanged, for long. Needs no model.
//!
//! ## Why it matters
//! Who copied it once has it until it is changed. Lists: NHI7, API2, CWE-522, IA-5.
//!
//! ## How it decides
//! By credential of a key or a service that tells no time of issue itself (CR-AGE has those that do), the time from its
//! first to its last accepted use: more than `span` (90 days), on `days` (5) days or more. The input has to reach as
//! far. Confidence is at most 0.70 where the operation refused others for want of a credential (401), else it is for
//! review (0.45). One finding a credential.
//!
//! ## When it is wrong
//! A server that takes any key.
//!
//! ## Example
//! ```text
//! 10:00:00 key:1  view  order:1  200
//! 10:00:01 key:1  view  order:2  200
//! expected: another one after 90 days; observed: the same for 120 days
//! => medium accepted: the key of key:1 is not changed: expected another one after 90 days, seen the same for 120 days
//! ```

use super::{Identity, Rule};
use crate::compare::Check;
use crate::model::Severity;

pub(super) static RULE: Rule = Rule {
    id: "SEC-NOROTATE",
    title: "Key that stays the same",
    check: Check::NotRotated,
    severity: Severity::Medium,
    taxonomy: &["NHI7", "API2", "CWE-522", "IA-5"],
    agent_taxonomy: &[],
    rests_on: Identity::Nobody,
    source: include_str!("sec_norotate.rs"),
    sentence: |context| { format!("the key of {} is not changed: expected {}, seen {}", context.actor(), context.expected("one"), context.observed("another")) },
    why: |context| { format!("Expected was {}; seen was {}.", context.expected("one"), context.observed("another")) },
    fix: |context| { format!("Change the key of {}, let it have an end, and let a second one be valid beside it while it is changed.", context.actor()) },
};
