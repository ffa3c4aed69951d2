//! # Hour unlike all others (`OPS-SPIKE`)
//!
//! ## What it finds
//! An hour in which a step was taken far more often than at this hour on other days. Needs no model.
//!
//! ## Why it matters
//! Bulk exports, credential tests and fraud come in bursts; so do faults that try again for ever. Lists: API4, BLA10,
//! CWE-770, SI-4.
//!
//! ## How it decides
//! By operation (or activity), the hour that is least like the same hour of other days, of which there are `days` (5)
//! or more on which the step was seen at all: at least `requests` (50), `times` (5) times their median, and eight
//! robust deviations (median of the deviations) above it. An hour that another week has the like of is a habit, and so
//! are more than three such hours. Always for review (0.45). One finding a step.
//!
//! ## When it is wrong
//! A campaign, a release, a job that ran late. Less than two weeks say nothing of what comes each week.
//!
//! ## Example
//! ```text
//! 10:00:00 alice  export  order:1  200
//! expected: about 20 requests as at this hour on other days; observed: 900 within an hour
//! => low accepted: export came far more often than usual: expected about 20 requests as at this hour on other days, seen 900 within an hour
//! ```

use super::{Identity, Rule};
use crate::compare::Check;
use crate::model::Severity;

pub(super) static RULE: Rule = Rule {
    id: "OPS-SPIKE",
    title: "Hour unlike all others",
    check: Check::Spike,
    severity: Severity::Low,
    taxonomy: &["API4", "BLA10", "CWE-770", "SI-4"],
    agent_taxonomy: &[],
    rests_on: Identity::Nobody,
    source: include_str!("ops_spike.rs"),
    sentence: |context| { format!("{} came far more often than usual: expected {}, seen {}", context.activity(), context.expected("one"), context.observed("another")) },
    why: |context| { format!("Expected were {}; seen were {}.", context.expected("one"), context.observed("another")) },
    fix: |context| { format!("Find out who asked for it ({} is one of them) and what for; put a limit on how often.", context.actor()) },
};
