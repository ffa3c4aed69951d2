//! # An object that stays behind (`OPS-STUCK`)
//!
//! ## What it finds
//! Objects with which nothing was done any more after a step after which nearly all others go on, for far longer than
//! those take. Needs no model.
//!
//! ## Why it matters
//! What is left half done is money that is held, goods that are not sent, a person who waits; and a way out of the
//! workflow that nobody meant. Lists: API6, BLA1, CWE-372, SI-4.
//!
//! ## How it decides
//! By step (operation or activity, and host), over accepted writes about an object: `cases` (30) objects or more went on
//! to another write. Told is an object for which no further write was seen until the end of the input, over a time
//! `times` (5) as long as 99 in 100 took, and `least` (1d). No finding where more than one in twenty stays: for them it is
//! an end. By a model, steps that may lead to a final state are left out. Always for review (0.45). One finding a step, with
//! the first of them.
//!
//! ## When it is wrong
//! What comes next is done where nobody captures, by a job or in another system. A customer who never came back.
//!
//! ## Example
//! ```text
//! 10:00:00 alice  pay  order:1  200
//! expected: a next step within 20m as of 300 others; observed: 1 object for up to 5d
//! => low accepted: after pay an object stays behind: expected a next step within 20m as of 300 others, seen 1 object for up to 5d
//! ```

use super::{Identity, Rule};
use crate::compare::Check;
use crate::model::Severity;

pub(super) static RULE: Rule = Rule {
    id: "OPS-STUCK",
    title: "An object that stays behind",
    check: Check::Stuck,
    severity: Severity::Low,
    taxonomy: &["API6", "BLA1", "CWE-372", "SI-4"],
    agent_taxonomy: &[],
    rests_on: Identity::Nobody,
    source: include_str!("ops_stuck.rs"),
    sentence: |context| { format!("after {} an object stays behind: expected {}, seen {}", context.activity(), context.expected("a next step"), context.observed("none")) },
    why: |context| { format!("After {} nearly all others go on ({}); here nothing was done any more ({}).", context.activity(), context.expected("soon"), context.observed("for long")) },
    fix: |context| { format!("Find out what comes after {} and did not, and have the workflow end or ask somebody when it does not come.", context.activity()) },
};
