//! # Route that should be gone (`PROC-ZOMBIE`)
//!
//! ## What it finds
//! A route that is used after the day on which, as its own answers say, it is gone; or an older version of a route that
//! hardly anybody uses any more. Needs no model.
//!
//! ## Why it matters
//! What is kept for the last old client has the last old checks, and nobody looks there. Lists: API9, BLA7, CWE-912, CM-3.
//!
//! ## How it decides
//! After the day: the answer has a `Sunset` (RFC 8594) that lies before the request, and the request was accepted: 0.8. An
//! older version: of operations of one task (PROC-SHADOW says which these are) that name versions (`v2`, `2024-05-01`),
//! one that writes or administers has at most `share` (20 %) of the requests, the newest has `uses` (30) or more, and the
//! older one was used after the newest was: for review (0.4). One finding a route.
//!
//! ## When it is wrong
//! The older version is kept on purpose. Whether it has weaker checks, RULE-UNEQUAL says.
//!
//! ## Example
//! ```text
//! 10:00:00 human:ana  refund  order:1  201
//! expected: none after its last day; observed: one
//! => low accepted: human:ana performed refund on order 1 by a route that should be gone: expected none after its last day, seen one
//! ```

use super::{Identity, Rule};
use crate::compare::Check;
use crate::model::Severity;

pub(super) static RULE: Rule = Rule {
    id: "PROC-ZOMBIE",
    title: "Route that should be gone",
    check: Check::OlderRoute,
    severity: Severity::Low,
    taxonomy: &["API9", "BLA7", "CWE-912", "CM-3"],
    agent_taxonomy: &[],
    rests_on: Identity::Nobody,
    source: include_str!("proc_zombie.rs"),
    sentence: |context| { format!("{} by a route that should be gone: expected {}, seen {}", context.lead(), context.expected("one"), context.observed("another")) },
    why: |context| { format!("{} is still served: expected was {}, seen was {}.", context.endpoint(), context.expected("one"), context.observed("another")) },
    fix: |context| { format!("Answer {} with 410, or give it the checks of the newest version until its last client has moved.", context.endpoint()) },
};
