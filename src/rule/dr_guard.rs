//! # A rule is broken more or less often (`DR-GUARD`)
//!
//! ## What it finds
//! A constraint or guard of the model is broken in another share of the cases in which it could be judged than in
//! the base.
//!
//! ## Why it matters
//! A check that stops more or less than it did was changed, on purpose or not: cases that break the rule add up
//! while each of them looks like an exception.
//! Lists: CWE-1068, API9, CM-3, CA-7.
//!
//! ## How it decides
//! Of the cases in which the rule decided something, those that break the constraint are compared. Rules of
//! lifecycles are left to DR-NEW and DR-FREQ, which see the steps themselves. Probabilities are corrected for all
//! comparisons of the two runs, so that at most `--fdr` (1 %) of what is reported is chance; Cohen's h must be 0.1
//! or more, and both runs must have `--min-cases` (200). Below that it is said that there are too few cases.
//! Changes of one cause are one finding. For review unless the evidence is large; docs/drift.md says when.
//!
//! ## When it is wrong
//! One client that misbehaves breaks a rule in many cases: the finding names how many actors there were. A source
//! that shows more decides more.
//!
//! ## Example
//! ```text
//! 10:00:00 alice refund_execute refund:ref_7 200
//! constraint: RULE-GUARD refund-le-paid broken; expected: 0.3 % (4 of 1,204); observed: 5.6 % (64 of 1,151)
//! => medium suspected: RULE-GUARD refund-le-paid broken changed from 0.3 % (4 of 1,204) to 5.6 % (64 of 1,151)
//! ```

use super::{Identity, Rule};
use crate::compare::Check;
use crate::model::Severity;

pub(super) static RULE: Rule = Rule {
    id: "DR-GUARD",
    title: "A rule is broken more or less often",
    check: Check::DriftGuard,
    severity: Severity::Medium,
    taxonomy: &["CWE-1068", "API9", "CM-3", "CA-7"],
    agent_taxonomy: &[],
    rests_on: Identity::Nobody,
    source: include_str!("dr_guard.rs"),
    sentence: |context| format!("{} changed from {} to {}", context.changed(), context.expected("another share"), context.observed("another share")),
    why: |_| {
        "A check that stops more or less than it did was changed, on purpose or not: cases that break the \
         rule add up while each of them looks like an exception.".to_owned()
    },
    fix: |_| {
        "Look at the findings of that rule in the run; look for what changed in the server's own check of it.".to_owned()
    },
};
