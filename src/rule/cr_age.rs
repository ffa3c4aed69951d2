//! # Old credential (`CR-AGE`)
//!
//! ## What it finds
//! A token of a service, of an agent or without an end that is taken long after it was issued. Needs no model.
//!
//! ## Why it matters
//! The longer a credential is in use, the more places have it: logs, scripts, laptops of people who left. Lists: NHI7,
//! API10, CWE-522, IA-5.
//!
//! ## How it decides
//! By credential, the last accepted use of a token in JWT form, less the time at which it says it was issued (`iat`,
//! else `nbf`): more than `age` (90 days). Tokens of people that have an end are SEC-LONG's matter. Confidence is at
//! most 0.80 where the operation refused others for want of a credential (401), else it is for review (0.45); where it
//! served somebody who showed nothing, it is none. A token that no key proved and that was only shown beside another
//! credential is for review: the server may have gone by that one. One finding a credential. Keys that tell no time are SEC-NOROTATE's.
//!
//! ## When it is wrong
//! A token that the server can call back and that somebody looks after.
//!
//! ## Example
//! ```text
//! 10:00:00 service:robot  view  order:1  200
//! expected: a new one after 90 days; observed: one that was issued 200 days before
//! => medium accepted: service:robot uses an old credential: expected a new one after 90 days, seen one that was issued 200 days before
//! ```

use super::{Identity, Rule};
use crate::compare::Check;
use crate::model::Severity;

pub(super) static RULE: Rule = Rule {
    id: "CR-AGE",
    title: "Old credential",
    check: Check::KeyAge,
    severity: Severity::Medium,
    taxonomy: &["NHI7", "API10", "CWE-522", "IA-5"],
    agent_taxonomy: &[],
    rests_on: Identity::Nobody,
    source: include_str!("cr_age.rs"),
    sentence: |context| { format!("{} uses an old credential: expected {}, seen {}", context.actor(), context.expected("one"), context.observed("another")) },
    why: |context| { format!("Expected was {}; seen was {}. Whoever got hold of it since then still has it.", context.expected("one"), context.observed("another")) },
    fix: |context| { format!("Give {} a new credential, take the old one back, and let new ones end by themselves.", context.actor()) },
};
