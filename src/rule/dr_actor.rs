//! # Others do a step (`DR-ACTOR`)
//!
//! ## What it finds
//! A step is done by other roles, kinds of actors or agents than in the base.
//!
//! ## Why it matters
//! Duties are kept apart by who does what. A role that takes over a step, or software that does what people did,
//! changes who answers for it.
//! Lists: CWE-1068, API9, CM-3, CA-7.
//!
//! ## How it decides
//! Each case counts once for each activity, by the agent, roles or kind of who was first accepted with it.
//! Probabilities are corrected for all comparisons of the two runs, so that at most `--fdr` (1 %) of what is
//! reported is chance; Cohen's h must be 0.1 or more, and both runs must have `--min-cases` (200). Below that it is
//! said that there are too few cases. Changes of one cause are one finding. For review unless the evidence is
//! large; docs/drift.md says when.
//!
//! ## When it is wrong
//! A reorganisation, a renamed role, a source that shows roles where the earlier one did not.
//!
//! ## Example
//! ```text
//! 10:00:00 bot/alice refund_approve refund:ref_7 200
//! constraint: refund_approve by agent; expected: 0 % (0 of 1,204); observed: 34.1 % (393 of 1,151)
//! => medium suspected: refund_approve by agent changed from 0 % (0 of 1,204) to 34.1 % (393 of 1,151)
//! ```

use super::{Identity, Rule};
use crate::compare::Check;
use crate::model::Severity;

pub(super) static RULE: Rule = Rule {
    id: "DR-ACTOR",
    title: "Others do a step",
    check: Check::DriftActor,
    severity: Severity::Medium,
    taxonomy: &["CWE-1068", "API9", "CM-3", "CA-7"],
    agent_taxonomy: &[],
    rests_on: Identity::Nobody,
    source: include_str!("dr_actor.rs"),
    sentence: |context| format!("{} changed from {} to {}", context.changed(), context.expected("another share"), context.observed("another share")),
    why: |_| {
        "Duties are kept apart by who does what. A role that takes over a step, or software that does what \
         people did, changes who answers for it.".to_owned()
    },
    fix: |_| {
        "Ask who gave them leave; if it is not meant, take the role's right to the step away on the server.".to_owned()
    },
};
