//! # Hole in the time line (`LG-HOLE`)
//!
//! ## What it finds
//! A stretch without any request in an input that has many before and after it. Needs no model.
//!
//! ## Why it matters
//! Where a log has a hole, whatever was done in it is not there to be found; who has something to hide makes one.
//! Lists: API8, CWE-778, AU-12, T1562.008.
//!
//! ## How it decides
//! By sensor, a pause of `shortest` (10 minutes) or more that is ten times as long as any other within ten times its length before
//! and after it, where each of both sides has `requests` (500) or more of 8 clients or more. So nights and weekends are
//! none, nor is the break of a few clients. What a capture is known to have missed is no hole: `offpath show gaps`.
//! Always for review (0.45), one finding a sensor: the longest.
//!
//! ## When it is wrong
//! A service that was down, a deployment, a switch to another node.
//!
//! ## Example
//! ```text
//! 10:00:00 alice  view  order:1  200
//! 11:00:00 bob  view  order:2  200
//! expected: no pause longer than 6m; observed: none for 60m
//! => medium accepted: the time line has a hole before view: expected no pause longer than 6m, seen none for 60m
//! ```

use super::{Identity, Rule};
use crate::compare::Check;
use crate::model::Severity;

pub(super) static RULE: Rule = Rule {
    id: "LG-HOLE",
    title: "Hole in the time line",
    check: Check::Hole,
    severity: Severity::Medium,
    taxonomy: &["API8", "CWE-778", "AU-12", "T1562.008"],
    agent_taxonomy: &[],
    rests_on: Identity::Nobody,
    source: include_str!("lg_hole.rs"),
    sentence: |context| { format!("the time line has a hole before {}: expected {}, seen {}", context.activity(), context.expected("none"), context.observed("one")) },
    why: |context| { format!("Expected was {}; seen was {}. Nothing can be said of what was done in it.", context.expected("no such pause"), context.observed("one")) },
    fix: |_| { "Find out whether the service was down; if not, why nothing was written, and who could have seen to it.".to_owned() },
};
