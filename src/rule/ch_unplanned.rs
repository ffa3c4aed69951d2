//! # A change that nobody marked (`CH-UNPLANNED`)
//!
//! ## What it finds
//! Drift of which none of the changes given with `--mark` can be the cause.
//!
//! ## Why it matters
//! Changes that are made on purpose are announced. One that is not may be a mistake, or somebody's own.
//! Lists: API9, CWE-1068, CM-3, CM-5.
//!
//! ## How it decides
//! Where `--mark TIME=NAME` is given, a finding of the DR rules names this one as also broken if no mark lies
//! between the beginning of the base and the first time that what is new was seen (else the end of the run).
//! Without marks nothing is said.
//!
//! ## When it is wrong
//! Changes that are recorded elsewhere, and those of others: a partner's new client, a browser's update.
//!
//! ## Example
//! ```text
//! 10:00:00 alice gift order:ord_7 200
//! constraint: order: gift after create; expected: no mark; observed: 2026-11-20T10:04:11Z
//! => low suspected: order: gift after create changed and no mark explains it (first seen 2026-11-20T10:04:11Z)
//! ```

use super::{Identity, Rule};
use crate::compare::Check;
use crate::model::Severity;

pub(super) static RULE: Rule = Rule {
    id: "CH-UNPLANNED",
    title: "A change that nobody marked",
    check: Check::ChangeUnplanned,
    severity: Severity::Low,
    taxonomy: &["API9", "CWE-1068", "CM-3", "CM-5"],
    agent_taxonomy: &[],
    rests_on: Identity::Nobody,
    source: include_str!("ch_unplanned.rs"),
    sentence: |context| format!("{} changed and no mark explains it (first seen {})", context.changed(), context.observed("some time in the run")),
    why: |_| {
        "Changes that are made on purpose are announced. One that is not may be a mistake, or somebody's own.".to_owned()
    },
    fix: |_| {
        "Find who deployed or configured something then; record changes, and give them with --mark.".to_owned()
    },
};
