//! # Duties not separated (`SOD`)
//!
//! ## What it finds
//! Two duties on one object that different people should have, done by one.
//!
//! ## Why it matters
//! Who can both enter and release needs no accomplice. Lists: API5, BLA6, CWE-654, CWE-863, AC-5, AU-10.
//! By an agent also: ASI03.
//!
//! ## How it decides
//! A constraint `distinct_persons` names both activities, both were accepted on the object, and their principals are
//! equal; when the later one is an approval the finding is AP-SELF. An agent counts as its principal. An event without a
//! principal makes the rule not evaluable; confidence is that of the weaker of the two identities.
//!
//! ## When it is wrong
//! A service account does both on behalf of two people: let the model read the person from the token's `act` or a header.
//! Break-glass duty: one person had to do both, and was allowed to; the traffic does not show it.
//!
//! ## Example
//! ```text
//! 09:00:00 dana  vendor_create  vendor:v_12  201
//! 09:40:00 dana  vendor_pay     vendor:v_12  200
//! constraint: vendor-duties
//! => critical accepted: dana performed vendor_pay on vendor v_12, having performed vendor_create too
//! ```

use super::{Context, Identity, Rule};
use crate::compare::Check;
use crate::event::Outcome;
use crate::model::Severity;

pub(super) static RULE: Rule = Rule {
    id: "SOD",
    title: "Duties not separated",
    check: Check::Duties,
    severity: Severity::Critical,
    taxonomy: &["API5", "BLA6", "CWE-654", "CWE-863", "AC-5", "AU-10"],
    agent_taxonomy: &["ASI03"],
    rests_on: Identity::Everyone,
    source: include_str!("sod.rs"),
    sentence: |context| format!("{}, having performed {} too", context.lead(), other_duty(context)),
    why: |context| {
        let came = match context.outcome() {
            Outcome::Rejected => "Here one tried, and was refused",
            Outcome::Unknown => "Here one tried, and no answer was seen",
            Outcome::Accepted => "Here one did",
        };
        format!(
            "{} and {} are duties of different people, so that no one person can complete the pair alone. {came}.",
            other_duty(context),
            context.activity(),
        )
    },
    fix: |context| {
        format!(
            "In {}, refuse with 403 when the caller (for an agent, the person behind it) has done {} on this {}; keep the \
             two permissions in roles that nobody holds together.",
            context.endpoint(),
            other_duty(context),
            context.object_type(),
        )
    },
};

fn other_duty(context: &Context<'_>) -> String {
    context.counterpart("another duty")
}
