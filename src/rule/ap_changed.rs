//! # Changed after approval (`AP-CHANGED`)
//!
//! ## What it finds
//! A step that rests on an approval, although what was approved has changed since.
//!
//! ## Why it matters
//! Approve ten, execute ten thousand: the approval covers a content that is no longer there.
//! Lists: API5, BLA7, CWE-367, CWE-841, AC-5, AU-10. By an agent also: ASI09.
//!
//! ## How it decides
//! A constraint `require: X, before: Y, unchanged: [attributes]` applies, and an attribute has one known value as of X and
//! another as of Y. Numbers and money compare by value (100.0 equals 100.00); amounts of different currencies differ. A
//! value that was not seen at either event makes the rule not evaluable.
//!
//! ## When it is wrong
//! The approver's own change is part of approving (a partial approval): take that attribute out of `unchanged`. Fees or
//! taxes are added on execution: compare the net amount.
//!
//! ## Example
//! ```text
//! 10:00:00 bob               refund_approve  refund:ref_7  200
//! 10:30:00 service:payments  refund_execute  refund:ref_7  200
//! constraint: refund-needs-human; expected: refund.amount 50 EUR; observed: refund.amount 5000 EUR
//! => critical accepted: service:payments performed refund_execute on refund ref_7 with refund.amount 5000 EUR after refund_approve of refund.amount 50 EUR
//! ```

use super::{Context, Identity, Rule};
use crate::compare::Check;
use crate::model::Severity;

pub(super) static RULE: Rule = Rule {
    id: "AP-CHANGED",
    title: "Changed after approval",
    check: Check::ApprovalChanged,
    severity: Severity::Critical,
    taxonomy: &["API5", "BLA7", "CWE-367", "CWE-841", "AC-5", "AU-10"],
    agent_taxonomy: &["ASI09"],
    rests_on: Identity::Nobody,
    source: include_str!("ap_changed.rs"),
    sentence: |context| {
        format!(
            "{} with {} after {} of {}",
            context.lead(),
            context.observed("other content"),
            approval(context),
            context.expected("what it was"),
        )
    },
    why: |context| {
        format!(
            "{} was given for {}. What was done afterwards is not what was approved.",
            approval(context),
            context.expected("another content"),
        )
    },
    fix: |context| {
        format!(
            "Store with {} a hash of what it covers, drop it whenever the {} changes, and let {} refuse when the two differ.",
            approval(context),
            context.object_type(),
            context.endpoint(),
        )
    },
};

fn approval(context: &Context<'_>) -> String {
    context.counterpart("approval")
}
