//! # One key, many programs (`CR-SHARED`)
//!
//! ## What it finds
//! One API key, or one credential of a service, that several programs use, each from addresses of its own. Needs no
//! model.
//!
//! ## Why it matters
//! What all of them use nobody can take back from one of them, and nobody can tell which of them did something. Lists:
//! API10, NHI9, NHI7, CWE-522, SA-9.
//!
//! ## How it decides
//! By key, `programs` (3) or more (by `User-Agent` without versions) with `uses` (5) accepted requests each, none at an
//! address of another. Two are a service and who looks after it; a fleet of one program is one user. A key of which
//! half of the use is from browsers and apps is meant to be seen. Confidence is at most 0.65; where most of the use
//! comes by an undeclared proxy it is for review (0.40). One finding a key.
//!
//! ## When it is wrong
//! One service that calls with several libraries from several machines. Programs that say nothing of themselves are not
//! told apart.
//!
//! ## Example
//! ```text
//! 10:00:00 key:1  view  order:1  200
//! 10:01:00 key:1  view  order:2  200
//! 10:02:00 key:1  view  order:3  200
//! expected: one program by one key; observed: 3 programs at 3 addresses
//! => medium accepted: key:1 is shared: expected one program by one key, seen 3 programs at 3 addresses
//! ```

use super::{Identity, Rule};
use crate::compare::Check;
use crate::model::Severity;

pub(super) static RULE: Rule = Rule {
    id: "CR-SHARED",
    title: "One key, many programs",
    check: Check::SharedKey,
    severity: Severity::Medium,
    taxonomy: &["API10", "NHI9", "NHI7", "CWE-522", "SA-9"],
    agent_taxonomy: &[],
    rests_on: Identity::Nobody,
    source: include_str!("cr_shared.rs"),
    sentence: |context| { format!("{} is shared: expected {}, seen {}", context.actor(), context.expected("one"), context.observed("several")) },
    why: |context| { format!("It is used by {}. If one of them leaks it, all of them have to change it.", context.observed("several programs")) },
    fix: |_| { "Give each program a key of its own, with the rights that it needs, and take this one back.".to_owned() },
};
