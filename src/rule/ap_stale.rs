//! # Stale approval (`AP-STALE`)
//!
//! ## What it finds
//! A step that rests on an approval older than the model allows.
//!
//! ## Why it matters
//! An approval speaks about the day on which it was given. One that never expires is a standing permission for whoever
//! finds it. Lists: API5, BLA7, CWE-841, AC-5, AU-10. By an agent also: ASI09.
//!
//! ## How it decides
//! A constraint `require: X, before: Y, max_age: D` applies and the last accepted X before Y started more than D before Y
//! started. D is the model's; there is no default. The same moment exactly D later is still fine.
//!
//! ## When it is wrong
//! The approval was renewed where the capture does not reach. Clocks of two sensors differ: the finding lists both
//! origins, compare them.
//!
//! ## Example
//! ```text
//! 01:00:00 bob               refund_approve  refund:ref_6  200
//! 23:00:00 service:payments  refund_execute  refund:ref_6  200
//! constraint: refund-needs-human; expected: refund_approve, refund_execute; moved
//! => critical proven: service:payments performed refund_execute on refund ref_6 with a refund_approve that is too old (22h)
//! ```

use super::{Context, Identity, Rule};
use crate::compare::Check;
use crate::model::Severity;

pub(super) static RULE: Rule = Rule {
    id: "AP-STALE",
    title: "Stale approval",
    check: Check::ApprovalStale,
    severity: Severity::Critical,
    taxonomy: &["API5", "BLA7", "CWE-841", "AC-5", "AU-10"],
    agent_taxonomy: &["ASI09"],
    rests_on: Identity::Nobody,
    source: include_str!("ap_stale.rs"),
    sentence: |context| {
        format!("{} with a {} that is too old ({})", context.lead(), approval(context), age(context))
    },
    why: |context| {
        format!(
            "{} judged the {} as it was then. Used long after, it permits what nobody looked at.",
            approval(context),
            context.object_type(),
        )
    },
    fix: |context| {
        format!(
            "Give the record of {} an expiry on the server and let {} refuse once it has passed; ask for a new one then.",
            approval(context),
            context.endpoint(),
        )
    },
};

fn approval(context: &Context<'_>) -> String {
    context.counterpart("approval")
}

fn age(context: &Context<'_>) -> String {
    context.age().unwrap_or_else(|| context.observed("age not shown"))
}
