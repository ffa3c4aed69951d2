//! # Ids tried one after the other (`ENUM`)
//!
//! ## What it finds
//! One actor who tries many ids that no answer had given him, by one call: a path, a call inside a body (MCP, JSON-RPC,
//! GraphQL), a word of the query, an id that a body names (`account_id`). Needs no model, and is judged beside one as well, of what the model calls objects.
//!
//! ## Why it matters
//! Who walks over ids looks for an object that is not guarded, or takes every record. Lists: API1, BLA5, CWE-639, OAT-011,
//! T1119, AC-3. By an agent also: ASI03.
//!
//! ## How it decides
//! By actor and call, 20 ids or more within 10 minutes of event time, each counted at its first use, of which none had been
//! given to the actor (see UNLEARNED), and at least half of them were refused or are none (4xx but 408, 409 and 429; a call
//! that its answer says failed), or four of five are numbers next to each other (at most 4 apart) that are not used by many. 20 in 10 minutes is more than
//! a person types wrongly, and fewer than any program needs to get anywhere. One finding for each walk, at the event with
//! which it became one. Confidence is at most 0.60 where the source does not show the answers that may have given the ids
//! (logs), and both hold; it is for review (0.40) where only one holds there, where what was reached is used by many (a
//! public catalogue), where at no time at least half of it was seen to be somebody else's, where a service is given what it asks for,
//! and where two others or more, and half of all who use the call, are given what they ask for in the same way. What an
//! answer gave is no walk, also one by one (`nextId`). By a word of the query (`?q=4100`, `?phone=+4915112345678`) numbers
//! of 4 to 15 digits that are next to each other count alone, whatever becomes of them, since a search that finds nothing
//! is none; not under names that measure or order (page, since, after, count, width, `_` and the like), whose numbers
//! clients count up. Beside a model, what would be for review is not told of the steps of a lifecycle. Numbers behind a word that counts parts of
//! something (`/archive/page/7`, `/stats/years/2024`; page, offset, skip, start, from, limit, size, year, quarter, month,
//! week, day, hour, version, v) are no ids, unless somebody else was seen with such an object.
//!
//! ## When it is wrong
//! A checker of stale links, an import that tries what is there already, a client that counts through its own numbers, a
//! program that is told elsewhere what there is and whose credential does not say that it is one. Who is known by an address
//! only is for review: it may be many. Numbers that a body looks for (`POST /search`) are not seen, unless they have the
//! name of an id.
//!
//! ## Example
//! ```text
//! 10:00:00 mallory  view  order:41  404
//! 10:00:01 mallory  view  order:42  200
//! expected: less than 20 ids in 10m that no answer had given; observed: 24 ids in 24s
//! => high accepted: mallory tried ids by view: expected less than 20 ids in 10m that no answer had given, seen 24 ids in 24s
//! ```

use super::{Identity, Rule};
use crate::compare::Check;
use crate::model::Severity;

pub(super) static RULE: Rule = Rule {
    id: "ENUM",
    title: "Ids tried one after the other",
    check: Check::Enumeration,
    severity: Severity::High,
    taxonomy: &["API1", "BLA5", "CWE-639", "OAT-011", "T1119", "AC-3"],
    agent_taxonomy: &["ASI03"],
    rests_on: Identity::Actor,
    source: include_str!("enumeration.rs"),
    sentence: |context| {
        format!(
            "{} tried ids by {}: expected {}, seen {}",
            context.actor(),
            context.activity(),
            context.expected("few"),
            context.observed("many"),
        )
    },
    why: |context| {
        format!(
            "No answer gave {} these ids: they were counted or guessed ({}). Whatever of them was served may be somebody \
             else's.",
            context.actor(),
            context.observed("many of them"),
        )
    },
    fix: |context| {
        format!(
            "In {}, check for each object that the caller may have it, answer 404 alike for what is not there and what is \
             not his, limit refusals by account, and use ids that cannot be guessed.",
            context.endpoint(),
        )
    },
};
