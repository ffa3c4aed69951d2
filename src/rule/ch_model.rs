//! # Traffic newer than the model (`CH-MODEL`)
//!
//! ## What it finds
//! Events after the end of the model's `in_force`.
//!
//! ## Why it matters
//! What another version governs is not judged by this one: the run says less than it seems to.
//! Lists: API9, CWE-1068, CM-3, CM-5.
//!
//! ## How it decides
//! Counted over all events of the run; one such event is enough. It is low, and for review.
//!
//! ## When it is wrong
//! The model is still in force and its date was not moved.
//!
//! ## Example
//! ```text
//! 10:00:00 alice pay order:ord_7 200
//! constraint: shop 7; expected: in force until 2026-11-01T00:00:00Z; observed: 212 of 10418 events
//! => low suspected: shop 7: 212 of 10418 events are newer than it, which was in force until 2026-11-01T00:00:00Z
//! ```

use super::{Identity, Rule};
use crate::compare::Check;
use crate::model::Severity;

pub(super) static RULE: Rule = Rule {
    id: "CH-MODEL",
    title: "Traffic newer than the model",
    check: Check::ChangeModel,
    severity: Severity::Low,
    taxonomy: &["API9", "CWE-1068", "CM-3", "CM-5"],
    agent_taxonomy: &[],
    rests_on: Identity::Nobody,
    source: include_str!("ch_model.rs"),
    sentence: |context| format!("{}: {} are newer than it, which was {}", context.changed(), context.observed("some events"), context.expected("in force earlier")),
    why: |_| {
        "What another version governs is not judged by this one: the run says less than it seems to.".to_owned()
    },
    fix: |_| {
        "Give the model that is in force, or move its `in_force`.".to_owned()
    },
};
