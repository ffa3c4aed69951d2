//! # Effect without its record (`LG-KEYEVENT`)
//!
//! ## What it finds
//! A step with an effect, on an object for which no record was written that the model wants before it.
//!
//! ## Why it matters
//! What left no record cannot be explained to anybody, nor undone with certainty. Lists: CWE-778, CWE-223, API9, ag:T8,
//! AU-2, AU-12.
//!
//! ## How it decides
//! A constraint `require: X, before: Y, per: T` with `family: audit`, decided as for AP-MISSING: X writes the record (the
//! call to the journal, the submission of the request), Y has the effect.
//!
//! ## When it is wrong
//! Records that are written by a way that is not captured, or in batches.
//!
//! ## Example
//! ```text
//! 10:00:00 service:payments  execute  refund:ref_7  201
//! constraint: journal; expected: record
//! => medium accepted: service:payments performed execute on refund ref_7 without a record of it: the rule journal wants record first
//! ```

use super::{Identity, Rule};
use crate::compare::Check;
use crate::model::Severity;

pub(super) static RULE: Rule = Rule {
    id: "LG-KEYEVENT",
    title: "Effect without its record",
    check: Check::RecordMissing,
    severity: Severity::Medium,
    taxonomy: &["CWE-778", "CWE-223", "API9", "ag:T8", "AU-2", "AU-12"],
    agent_taxonomy: &[],
    rests_on: Identity::Nobody,
    source: include_str!("lg_keyevent.rs"),
    sentence: |context| { format!("{} without a record of it: {} wants {} first", context.lead(), context.rule_name("a rule"), context.expected("a record")) },
    why: |context| { format!("{} was accepted, and {} came not before it.", context.activity(), context.expected("its record")) },
    fix: |context| { format!("Let {} write the record in the same transaction as the effect, and refuse where it cannot.", context.endpoint()) },
};
