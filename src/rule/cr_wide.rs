//! # One key for many systems (`CR-WIDE`)
//!
//! ## What it finds
//! One API key, or one credential of a service, that many hosts take. Needs no model.
//!
//! ## Why it matters
//! What opens everything is worth stealing, and cannot be taken back without stopping everything. Lists: API10, NHI9,
//! NHI5, CWE-250, SA-9.
//!
//! ## How it decides
//! By credential of a key or a service, `hosts` (5) or more different hosts that accepted it, and a write at one of
//! them or more. Always for review (0.45): one system may have several hosts. One finding a credential.
//!
//! ## When it is wrong
//! A product with a host for each region, task or customer.
//!
//! ## Example
//! ```text
//! 10:00:00 service:robot  edit  order:1  200
//! expected: a key for each system; observed: one for 7 hosts
//! => medium accepted: service:robot has one key for many systems: expected a key for each system, seen one for 7 hosts
//! ```

use super::{Identity, Rule};
use crate::compare::Check;
use crate::model::Severity;

pub(super) static RULE: Rule = Rule {
    id: "CR-WIDE",
    title: "One key for many systems",
    check: Check::KeyWide,
    severity: Severity::Medium,
    taxonomy: &["API10", "NHI9", "NHI5", "CWE-250", "SA-9"],
    agent_taxonomy: &[],
    rests_on: Identity::Nobody,
    source: include_str!("cr_wide.rs"),
    sentence: |context| { format!("{} has one key for many systems: expected {}, seen {}", context.actor(), context.expected("one"), context.observed("another")) },
    why: |context| { format!("Expected was {}; seen was {}. Whoever gets it has all of them.", context.expected("one"), context.observed("another")) },
    fix: |context| { format!("Give {} a credential for each system, with the rights that it needs there (an audience in the token does it).", context.actor()) },
};
