//! # One thing named twice (`POLLUTE`)
//!
//! ## What it finds
//! An accepted request that names one thing twice with different values: a member twice in one JSON object, or an id twice
//! in the query, or in query and body. Needs no model.
//!
//! ## Why it matters
//! Who checks the request may read the first value, and who acts on it the last: the check is on one's own object, and the
//! effect on somebody else's. Lists: API1, CWE-639, BLA6, OAT-011.
//!
//! ## How it decides
//! A member twice in one object of a JSON body, with different single values: 0.65, and 0.4 where three actors or more
//! send it so. An id twice (`order_id=1&order_id=2`, or `accountId` in the query and another one in the form or the top of
//! the JSON): only where the operation had `uses` (20) requests by three actors or more, one actor does it, and in at most
//! one of 20 requests: 0.5. Names of ids end in id or uuid, or are `account`, `user`, `owner` and the like; lists (`ids`,
//! `id[]`) are none. One finding an operation.
//!
//! ## When it is wrong
//! A client that builds its JSON by hand; a filter that takes several ids under one name, and that one user found.
//!
//! ## Example
//! ```text
//! 10:00:00 human:ana  pay  order:1  201
//! expected: each member once; observed: one with two values
//! => medium accepted: human:ana performed pay on order 1 and named one thing twice: expected each member once, seen one with two values
//! ```

use super::{Identity, Rule};
use crate::compare::Check;
use crate::model::Severity;

pub(super) static RULE: Rule = Rule {
    id: "POLLUTE",
    title: "One thing named twice",
    check: Check::Polluted,
    severity: Severity::Medium,
    taxonomy: &["API1", "CWE-639", "BLA6", "OAT-011"],
    agent_taxonomy: &[],
    rests_on: Identity::Nobody,
    source: include_str!("pollute.rs"),
    sentence: |context| { format!("{} and named one thing twice: expected {}, seen {}", context.lead(), context.expected("one"), context.observed("another")) },
    why: |context| { format!("Expected was {}; seen was {}. What checked the request and what acted on it may have read different ones.", context.expected("one"), context.observed("another")) },
    fix: |context| { format!("Refuse in {} what names one thing twice, before anything reads it.", context.endpoint()) },
};
