//! # Service account in a browser (`ID-HUMANUSE`)
//!
//! ## What it finds
//! An account that is known to be a service's, used in a browser and at a person's pace. Needs no model.
//!
//! ## Why it matters
//! What somebody does as a service is nobody's deed, passes by the second factor, and has the service's rights. Lists:
//! API2, NHI10, CWE-522, AC-2, IA-9.
//!
//! ## How it decides
//! By actor of the kind `service` (as the token, the log or the model tells it), `requests` (10) accepted ones or more that say
//! to be of a browser with somebody before it, whose pauses of a second or more have a median of `reading` (3 s) or more and are
//! not all alike. Confidence is at most 0.60. One finding an account.
//!
//! ## When it is wrong
//! A program that steers a browser with pauses by chance. A kind that the model tells wrongly.
//!
//! ## Example
//! ```text
//! 10:00:00 service:robot  view  order:1  200
//! 10:00:09 service:robot  view  order:2  200
//! expected: programs only; observed: 14 requests of a browser, at a person's pace
//! => medium accepted: somebody uses service:robot in a browser: 14 requests of a browser and at a person's pace
//! ```

use super::{Identity, Rule};
use crate::compare::Check;
use crate::model::Severity;

pub(super) static RULE: Rule = Rule {
    id: "ID-HUMANUSE",
    title: "Service account in a browser",
    check: Check::HumanUse,
    severity: Severity::Medium,
    taxonomy: &["API2", "NHI10", "CWE-522", "AC-2", "IA-9"],
    agent_taxonomy: &[],
    rests_on: Identity::Actor,
    source: include_str!("id_humanuse.rs"),
    sentence: |context| { format!("somebody uses {} in a browser: {}", context.actor(), context.observed("at a person's pace")) },
    why: |context| { format!("Expected were {}; seen were {}. Who it was nobody can tell, and the rights are the service's.", context.expected("programs"), context.observed("a person")) },
    fix: |context| { format!("Give whoever needs it an account of his own, change the credential of {}, and let it in from the service's addresses only.", context.actor()) },
};
