//! # Operation new to a role (`FN-NEW`)
//!
//! ## What it finds
//! A role that takes an operation which, for long, only actors of other roles took; likewise a service, or an agent, where
//! none ever did. Needs no model.
//!
//! ## Why it matters
//! When a check of rights is missing, traffic shows it first as somebody in a place where his like never was. Lists: API5,
//! CWE-862, CWE-863, CWE-425, BLA6, AC-6. By an agent also: ASI03.
//!
//! ## How it decides
//! By operation that writes, administers or was ever refused with 403. Roles are those of the model; without one, those
//! that the token names (`role`, `roles`, `groups`) or the log. Before the first accepted use by the role there are `uses`
//! (30) by `actors` (3) that share no role with it, over `learning` (one hour) at least, and the role itself had made
//! `before` (10) requests elsewhere. For review (0.45); 0.6 where there is ten times as much of both. Refused attempts are
//! no finding. One finding an operation and role.
//!
//! ## When it is wrong
//! The role was given the right just then; a release; somebody on call; the capture began on a quiet day. Where the model
//! says who may do it, FN-ROLE decides.
//!
//! ## Example
//! ```text
//! 10:00:00 human:ana  approve  refund:1  200
//! expected: others as 340 times before by 12 of them; observed: a role that never did
//! => medium accepted: human:ana performed approve on refund 1 for the first time for actors of this sort: expected others as 340 times before by 12 of them, seen a role that never did
//! ```

use super::{Identity, Rule};
use crate::compare::Check;
use crate::model::Severity;

pub(super) static RULE: Rule = Rule {
    id: "FN-NEW",
    title: "Operation new to a role",
    check: Check::FirstUse,
    severity: Severity::Medium,
    taxonomy: &["API5", "CWE-862", "CWE-863", "CWE-425", "BLA6", "AC-6"],
    agent_taxonomy: &["ASI03"],
    rests_on: Identity::Actor,
    source: include_str!("fn_new.rs"),
    sentence: |context| { format!("{} for the first time for actors of this sort: expected {}, seen {}", context.lead(), context.expected("one"), context.observed("another")) },
    why: |context| { format!("Expected were {}; seen was {}. If nobody gave it the right, the check of rights on {} is missing.", context.expected("one"), context.observed("another"), context.endpoint()) },
    fix: |context| { format!("Check in {} which role asks, and say in the model who may: `by: [ROLE]` at its transition.", context.endpoint()) },
};
