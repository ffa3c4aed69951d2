//! # Clocks that differ (`LG-CLOCK`)
//!
//! ## What it finds
//! A server whose clock, as its answers tell it, differs from that of the input. Needs no model.
//!
//! ## Why it matters
//! Who did what first is told by times; records of two clocks cannot be laid beside each other. Lists: API8, CWE-778,
//! AU-8.
//!
//! ## How it decides
//! By input and host, the `Date` of answers against when they came, in whole seconds; answers out of a cache (`Age`,
//! 304) and refusals are left out. It is told where `answers` (20) or more have one, nine in ten agree within two seconds, and they
//! differ by `skew` (30 s) or more. Confidence is at most 0.60. One finding an input, at the server that differs most.
//! Two inputs that show the same exchanges are set to one clock beforehand: `clocks` in `run.json`. Of more than 512
//! servers a sample is judged, and the coverage says so.
//!
//! ## When it is wrong
//! A proxy that writes the date of the server behind it. Files whose times were changed on purpose.
//!
//! ## Example
//! ```text
//! 10:00:00 alice  view  order:1  200
//! expected: clocks that differ by less than 30s; observed: a server's clock 95s ahead in 40 answers
//! => medium accepted: clocks differ: expected clocks that differ by less than 30s, seen a server's clock 95s ahead in 40 answers
//! ```

use super::{Identity, Rule};
use crate::compare::Check;
use crate::model::Severity;

pub(super) static RULE: Rule = Rule {
    id: "LG-CLOCK",
    title: "Clocks that differ",
    check: Check::ClockSkew,
    severity: Severity::Medium,
    taxonomy: &["API8", "CWE-778", "AU-8"],
    agent_taxonomy: &[],
    rests_on: Identity::Nobody,
    source: include_str!("lg_clock.rs"),
    sentence: |context| { format!("clocks differ: expected {}, seen {}", context.expected("one"), context.observed("another")) },
    why: |context| { format!("Expected were {}; seen was {}. What came first cannot be told from records of both.", context.expected("one"), context.observed("another")) },
    fix: |_| { "Let both take their time from the same source (NTP), and watch the difference.".to_owned() },
};
