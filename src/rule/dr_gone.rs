//! # Something happens no more (`DR-GONE`)
//!
//! ## What it finds
//! A step from a state (without a model: after another step) or an operation that the base has and the run has not.
//!
//! ## Why it matters
//! A control that is no longer exercised is no control: a check, a confirmation or a record that was dropped leaves
//! no error behind.
//! Lists: CWE-1068, API9, CM-3, CA-7.
//!
//! ## How it decides
//! Shares are compared by an exact test, and the absence must be improbable (below 5 %) at the least rate that the
//! base allows for. Probabilities are corrected for all comparisons of the two runs, so that at most `--fdr` (1 %)
//! of what is reported is chance; Cohen's h must be 0.1 or more, and both runs must have `--min-cases` (200). Below
//! that it is said that there are too few cases. Changes of one cause are one finding. For review unless the
//! evidence is large; docs/drift.md says when.
//!
//! ## When it is wrong
//! A step that takes longer than the run's window, a nightly job outside of it, a source that does not show it any
//! more: differences of windows and sources are said, and such findings are for review.
//!
//! ## Example
//! ```text
//! 10:00:00 alice pack order:ord_7 200
//! constraint: order: pack from paid; expected: 98.2 % (1,182 of 1,204); observed: 0 % (0 of 1,151)
//! => low suspected: order: pack from paid is gone: 0 % (0 of 1,151), before 98.2 % (1,182 of 1,204)
//! ```

use super::{Identity, Rule};
use crate::compare::Check;
use crate::model::Severity;

pub(super) static RULE: Rule = Rule {
    id: "DR-GONE",
    title: "Something happens no more",
    check: Check::DriftGone,
    severity: Severity::Low,
    taxonomy: &["CWE-1068", "API9", "CM-3", "CA-7"],
    agent_taxonomy: &[],
    rests_on: Identity::Nobody,
    source: include_str!("dr_gone.rs"),
    sentence: |context| format!("{} is gone: {}, before {}", context.changed(), context.observed("none"), context.expected("some")),
    why: |_| {
        "A control that is no longer exercised is no control: a check, a confirmation or a record that was \
         dropped leaves no error behind.".to_owned()
    },
    fix: |_| {
        "Ask who took it out. If it is meant, take it out of the model as well; if not, make the server \
         insist on it.".to_owned()
    },
};
