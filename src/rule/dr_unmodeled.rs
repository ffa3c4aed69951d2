//! # More happens outside the model (`DR-UNMODELED`)
//!
//! ## What it finds
//! More actors than in the base do what is no activity of the model.
//!
//! ## Why it matters
//! What the model does not name, nothing judges: the less of the traffic it covers, the less a clean run says.
//! Lists: CWE-1068, API9, CM-3, CA-7.
//!
//! ## How it decides
//! Of up to 4,096 actors, those with an event that is no activity of the model are compared. Probabilities are
//! corrected for all comparisons of the two runs, so that at most `--fdr` (1 %) of what is reported is chance;
//! Cohen's h must be 0.1 or more, and both runs must have `--min-cases` (200). Below that it is said that there are
//! too few cases. Changes of one cause are one finding. For review unless the evidence is large; docs/drift.md says
//! when.
//!
//! ## When it is wrong
//! A new page, a health check or a scanner: `run.json` lists what it is under `unmodelled`.
//!
//! ## Example
//! ```text
//! 10:00:00 alice export order:ord_7 200
//! constraint: actors with steps outside the model; expected: 3.1 % (37 of 1,204); observed: 22.0 % (253 of 1,151)
//! => low suspected: actors with steps outside the model changed from 3.1 % (37 of 1,204) to 22.0 % (253 of 1,151)
//! ```

use super::{Identity, Rule};
use crate::compare::Check;
use crate::model::Severity;

pub(super) static RULE: Rule = Rule {
    id: "DR-UNMODELED",
    title: "More happens outside the model",
    check: Check::DriftUnmodelled,
    severity: Severity::Low,
    taxonomy: &["CWE-1068", "API9", "CM-3", "CA-7"],
    agent_taxonomy: &[],
    rests_on: Identity::Nobody,
    source: include_str!("dr_unmodeled.rs"),
    sentence: |context| format!("{} changed from {} to {}", context.changed(), context.expected("another share"), context.observed("another share")),
    why: |_| {
        "What the model does not name, nothing judges: the less of the traffic it covers, the less a clean \
         run says.".to_owned()
    },
    fix: |_| {
        "Name what is new in the model, or refuse it on the server.".to_owned()
    },
};
