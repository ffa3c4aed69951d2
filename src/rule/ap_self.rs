//! # Self-approval (`AP-SELF`)
//!
//! ## What it finds
//! An approval by the person who made the request that it approves.
//!
//! ## Why it matters
//! The second pair of eyes is the first pair again; one person, or one stolen account, is enough.
//! Lists: API5, BLA6, CWE-654, CWE-863, AC-5, AU-10. By an agent also: ASI03, ASI09.
//!
//! ## How it decides
//! A constraint `distinct_persons` names both activities, the later one is an approval (some `require:` names it), and
//! both events have the same principal. An agent counts as its principal. An event without a principal makes the rule not
//! evaluable; confidence is that of the weaker of the two identities.
//!
//! ## When it is wrong
//! Several people share one account or API key: then the finding is about the sharing. Support staff act under the
//! customer's identity: let the model read the real actor from its claim.
//!
//! ## Example
//! ```text
//! 10:00:00 carol  refund_request  refund:ref_3  201
//! 10:01:00 carol  refund_approve  refund:ref_3  200
//! constraint: refund-sod
//! => critical accepted: carol performed refund_approve on refund ref_3, whose refund_request was their own
//! ```

use super::{Context, Identity, Rule};
use crate::compare::Check;
use crate::model::Severity;

pub(super) static RULE: Rule = Rule {
    id: "AP-SELF",
    title: "Self-approval",
    check: Check::ApprovalSelf,
    severity: Severity::Critical,
    taxonomy: &["API5", "BLA6", "CWE-654", "CWE-863", "AC-5", "AU-10"],
    agent_taxonomy: &["ASI03", "ASI09"],
    rests_on: Identity::Everyone,
    source: include_str!("ap_self.rs"),
    sentence: |context| format!("{}, whose {} was their own", context.lead(), first_duty(context)),
    why: |context| {
        format!(
            "{} is there so that a second person looks at {}. Here both were one person.",
            context.activity(),
            first_duty(context),
        )
    },
    fix: |context| {
        format!(
            "In {}, compare the subject of the caller (for an agent, of the person it acts for) with whoever did {} on \
             this {} and refuse with 403 when they are the same.",
            context.endpoint(),
            first_duty(context),
            context.object_type(),
        )
    },
};

fn first_duty(context: &Context<'_>) -> String {
    context.counterpart("request")
}
