//! # Far more data than usual (`DX-VOLUME`)
//!
//! ## What it finds
//! An actor that a host sent far more in a day than others of its kind, and than itself on other days. Needs no model.
//!
//! ## Why it matters
//! Each answer may be allowed, and all of them together are the customers' data. Lists: API6, OAT-011, CWE-200, T1567,
//! AC-4. By an agent also: ASI02.
//!
//! ## How it decides
//! By host, actor and day (UTC): bytes of the bodies of answers that were accepted, as captured or as a log says. `actors`
//! (10) others of the same kind (person, service, agent) tell what is usual: the most that 95 in 100 of them were sent in a
//! day; so do five other days of the actor itself. The day has `megabytes` (50) or more and `times` (10) the greater of the two.
//! Confidence is 0.55 where both are known, 0.45 where one is, 0.4 where nothing but an address tells who it is. One
//! finding an actor and host, with the largest answer.
//!
//! ## When it is wrong
//! An export that somebody is there for, the first backup, a new service. Compressed bodies count as what they hold where
//! they are captured, and as what was sent in logs.
//!
//! ## Example
//! ```text
//! 10:00:00 human:ana  export  report:1  200
//! expected: at most 2 MB in a day; observed: 310 MB in 90 answers
//! => medium accepted: human:ana was sent far more than usual: expected at most 2 MB in a day, seen 310 MB in 90 answers
//! ```

use super::{Identity, Rule};
use crate::compare::Check;
use crate::model::Severity;

pub(super) static RULE: Rule = Rule {
    id: "DX-VOLUME",
    title: "Far more data than usual",
    check: Check::Volumes,
    severity: Severity::Medium,
    taxonomy: &["API6", "OAT-011", "CWE-200", "T1567", "AC-4"],
    agent_taxonomy: &["ASI02"],
    rests_on: Identity::Nobody,
    source: include_str!("dx_volume.rs"),
    sentence: |context| { format!("{} was sent far more than usual: expected {}, seen {}", context.actor(), context.expected("less"), context.observed("more")) },
    why: |context| { format!("Expected was {}; seen was {}. Look for what was in the answers of {} that day.", context.expected("less"), context.observed("more"), context.endpoint()) },
    fix: |context| { format!("Limit how much {} gives to one credential in a day, and let exports be asked for.", context.endpoint()) },
};
