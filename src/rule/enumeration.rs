//! # Ids tried one after the other (`ENUM`)
//!
//! ## What it finds
//! One actor who tries many ids that no answer had given him, by one call. Needs no model.
//!
//! ## Why it matters
//! Who walks over ids looks for an object that is not guarded, or takes every record. Lists: API1, BLA5, CWE-639, OAT-011,
//! T1119, AC-3. By an agent also: ASI03.
//!
//! ## How it decides
//! By actor and call, 20 ids or more within 10 minutes of event time, each counted at its first use, of which none had been
//! given to the actor (see UNLEARNED), and at least half of them were refused or are none (4xx but 408, 409 and 429), or
//! four of five are numbers next to each other (at most 4 apart) that are not used by many. 20 in 10 minutes is more than
//! a person types wrongly, and fewer than any program needs to get anywhere. One finding for each walk, at the event with
//! which it became one. Confidence is at most 0.60 where the source does not show the answers that may have given the ids
//! (logs), and both hold; it is for review (0.40) where only one holds there, where what was reached is used by many (a
//! public catalogue), and where none of it was seen to be anybody else's. Numbers behind a word that counts parts of
//! something (`/archive/page/7`, `/stats/years/2024`; page, offset, skip, start, from, limit, size, year, quarter, month,
//! week, day, hour, version, v) are no ids, unless somebody else was seen with such an object.
//!
//! ## When it is wrong
//! A checker of stale links, an import that tries what is there already, a client that counts through its own numbers. Who
//! is known by an address only is for review: it may be many.
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
