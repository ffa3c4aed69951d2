//! # A step became rarer or commoner (`DR-FREQ`)
//!
//! ## What it finds
//! Objects leave a state (without a model: a step) by a step more or less often than in the base, or the first try
//! of a step is refused more or less often.
//!
//! ## Why it matters
//! What people and programs do changes before anything fails: a step that is skipped more often, or a refusal that
//! comes less often, shows a rule that weakens.
//! Lists: CWE-1068, API9, CM-3, CA-7.
//!
//! ## How it decides
//! Each object counts once for each place, by the step with which it first left it. Shares are compared by a G-test
//! with Williams' correction, or by Fisher's exact test where a count below five is expected. Probabilities are
//! corrected for all comparisons of the two runs, so that at most `--fdr` (1 %) of what is reported is chance;
//! Cohen's h must be 0.1 or more, and both runs must have `--min-cases` (200). Below that it is said that there are
//! too few cases. Changes of one cause are one finding. For review unless the evidence is large; docs/drift.md says
//! when.
//!
//! ## When it is wrong
//! Other customers, another hour or weekday, a campaign, a season. A step that takes long is seen less in a short
//! window: where windows differ, that is said.
//!
//! ## Example
//! ```text
//! 10:00:00 alice cancel order:ord_7 200
//! constraint: order: cancel from paid; expected: 2.1 % (25 of 1,204); observed: 9.6 % (110 of 1,151)
//! => low suspected: order: cancel from paid changed from 2.1 % (25 of 1,204) to 9.6 % (110 of 1,151)
//! ```

use super::{Identity, Rule};
use crate::compare::Check;
use crate::model::Severity;

pub(super) static RULE: Rule = Rule {
    id: "DR-FREQ",
    title: "A step became rarer or commoner",
    check: Check::DriftFrequency,
    severity: Severity::Low,
    taxonomy: &["CWE-1068", "API9", "CM-3", "CA-7"],
    agent_taxonomy: &[],
    rests_on: Identity::Nobody,
    source: include_str!("dr_freq.rs"),
    sentence: |context| format!("{} changed from {} to {}", context.changed(), context.expected("another share"), context.observed("another share")),
    why: |_| {
        "What people and programs do changes before anything fails: a step that is skipped more often, or a \
         refusal that comes less often, shows a rule that weakens.".to_owned()
    },
    fix: |_| {
        "Compare the example cases of both runs; if the change is meant, make the run the next base.".to_owned()
    },
};
