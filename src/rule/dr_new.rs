//! # Something new happens (`DR-NEW`)
//!
//! ## What it finds
//! A step from a state (without a model: after another step) or an operation that an earlier run, the base, does
//! not have.
//!
//! ## Why it matters
//! Behaviour that nobody described is the first sign of a change that nobody reviewed: a new release, an
//! undocumented route, somebody who found another way.
//! Lists: CWE-1068, API9, CM-3, CA-7.
//!
//! ## How it decides
//! Shares of objects that leave the place so are compared by an exact test; that the base has none counts only
//! where the run's share would have shown there. Probabilities are corrected for all comparisons of the two runs,
//! so that at most `--fdr` (1 %) of what is reported is chance; Cohen's h must be 0.1 or more, and both runs must
//! have `--min-cases` (200). Below that it is said that there are too few cases. Changes of one cause are one
//! finding. For review unless the evidence is large; docs/drift.md says when.
//!
//! ## When it is wrong
//! A release, a season or a campaign: give it with `--mark`. Another sensor or more bodies than before show what
//! was there all along: differences of the sources are said, and such findings are for review.
//!
//! ## Example
//! ```text
//! 10:00:00 alice gift order:ord_7 200
//! constraint: order: gift after create; expected: 0 % (0 of 1,204); observed: 7.3 % (84 of 1,151)
//! => low suspected: order: gift after create is new: 7.3 % (84 of 1,151), before 0 % (0 of 1,204)
//! ```

use super::{Identity, Rule};
use crate::compare::Check;
use crate::model::Severity;

pub(super) static RULE: Rule = Rule {
    id: "DR-NEW",
    title: "Something new happens",
    check: Check::DriftNew,
    severity: Severity::Low,
    taxonomy: &["CWE-1068", "API9", "CM-3", "CA-7"],
    agent_taxonomy: &[],
    rests_on: Identity::Nobody,
    source: include_str!("dr_new.rs"),
    sentence: |context| format!("{} is new: {}, before {}", context.changed(), context.observed("some"), context.expected("none")),
    why: |_| {
        "Behaviour that nobody described is the first sign of a change that nobody reviewed: a new release, \
         an undocumented route, somebody who found another way.".to_owned()
    },
    fix: |_| {
        "Ask who brought it in. If it is meant, describe it in the model; if not, refuse it on the server.".to_owned()
    },
};
