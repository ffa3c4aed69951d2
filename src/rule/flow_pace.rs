//! # Faster than people (`FLOW-PACE`)
//!
//! ## What it finds
//! A row of steps in what says to be a browser, faster than anybody can read and click. Needs no model.
//!
//! ## Why it matters
//! Who lets a program walk a flow that is made for people is there before them, and as often as he likes. Lists: API6,
//! OAT-006, CWE-799.
//!
//! ## How it decides
//! By actor, `steps` (12) accepted writes in a row by one browser, each sent after the answer to the last, 3 different ones or
//! more of which one comes 3 times or more, with a median of the pauses under `floor` (0.5 s). A page that saves sends several at
//! once or the same again: neither is a row. Agents, services and keys of APIs are not people; clocks of seconds say
//! nothing of pauses. Always for review (0.45), one finding an actor.
//!
//! ## When it is wrong
//! Forms filled in by a program that helps, a page that works off what it has gathered. Who says to be no browser, or
//! waits, is not found.
//!
//! ## Example
//! ```text
//! 10:00:00 alice  reserve  seat:1  201
//! 10:00:01 alice  buy  seat:1  201
//! expected: pauses of 500ms or more; observed: 12 steps in a row with a median pause of 200ms
//! => medium accepted: alice is faster than people: 12 steps in a row with a median pause of 200ms
//! ```

use super::{Identity, Rule};
use crate::compare::Check;
use crate::model::Severity;

pub(super) static RULE: Rule = Rule {
    id: "FLOW-PACE",
    title: "Faster than people",
    check: Check::Pace,
    severity: Severity::Medium,
    taxonomy: &["API6", "OAT-006", "CWE-799"],
    agent_taxonomy: &[],
    rests_on: Identity::Actor,
    source: include_str!("flow_pace.rs"),
    sentence: |context| { format!("{} is faster than people: {}", context.actor(), context.observed("a row of steps")) },
    why: |context| { format!("Expected were {}; seen were {}. A program takes these steps.", context.expected("pauses"), context.observed("none")) },
    fix: |context| { format!("Decide whether programs may do this; where not, limit {} by account and let each step need what only the page before gives.", context.endpoint()) },
};
