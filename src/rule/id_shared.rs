//! # Account that several people use (`ID-SHARED`)
//!
//! ## What it finds
//! An account of a person that is used from several networks in turns, again and again. Needs no model.
//!
//! ## Why it matters
//! What is done by a shared account is nobody's deed, and its password is on a note. Lists: NHI9, API2, CWE-522, AC-2.
//!
//! ## How it decides
//! By actor who is told by more than an address, accepted writes of people (no service, agent or key): within an hour,
//! `places` (3) or more networks with two writes each, none of which was left for good before another came, in `hours`
//! (2) hours or more. CR-SHARED is about one key that programs share, CR-CONCURRENT about one credential that two use:
//! here each may have logged in by himself. Requests behind an undeclared proxy are left out. Always for review (0.45).
//! One finding an account.
//!
//! ## When it is wrong
//! Somebody whose provider sends his requests out by several networks. An office with several lines.
//!
//! ## Example
//! ```text
//! 10:00:00 desk  edit  order:1  200
//! 10:01:00 desk  edit  order:2  200
//! expected: one person by one account; observed: 3 networks in turns within an hour (in 4 hours)
//! => medium accepted: several people seem to use the account desk: 3 networks in turns within an hour (in 4 hours)
//! ```

use super::{Identity, Rule};
use crate::compare::Check;
use crate::model::Severity;

pub(super) static RULE: Rule = Rule {
    id: "ID-SHARED",
    title: "Account that several people use",
    check: Check::IdentityShared,
    severity: Severity::Medium,
    taxonomy: &["NHI9", "API2", "CWE-522", "AC-2"],
    agent_taxonomy: &[],
    rests_on: Identity::Actor,
    source: include_str!("id_shared.rs"),
    sentence: |context| { format!("several people seem to use the account {}: {}", context.actor(), context.observed("another")) },
    why: |context| { format!("Expected was {}; seen were {}. Who did what cannot be told.", context.expected("one"), context.observed("another")) },
    fix: |context| { format!("Give everybody who uses {} an account of his own.", context.actor()) },
};
