//! # Skipped step (`SEQ-SKIP`)
//!
//! ## What it finds
//! An accepted step on an object whose required earlier steps are absent from the case.
//!
//! ## Why it matters
//! Who calls a late step directly gets its effect without paying for it, in money, checks or consent: goods leave unpaid,
//! accounts open unverified. Lists: API6, BLA4, BLA7, CWE-841, OAT-006, SI-10.
//!
//! ## How it decides
//! The object's lifecycle is replayed over its accepted events with the set of states it can be in. The step fits no
//! state of the set, and the optimal alignment (fewest skipped and extra steps) leads to it through steps that occur
//! nowhere in the case. Where such a step did happen, but before the object went back, it is wanted again and the finding
//! says so (`another approve after edit`); after a step that itself was out of place the object may be where either leads,
//! so that one cause makes one finding. An object first seen mid-life may be in any state, so nothing is missing before its first event
//! (`check.first_seen_state: any`, the default, because captures start somewhere). A stretch in which the capture lost
//! requests makes the rule not evaluable across it, and so does a condition that the source does not show (`when` over a
//! body that a log lacks) where the step would be a skip unless it holds. A refusal with any 4xx but 401 and 403 is the server's own check at
//! work: such a finding is for review only.
//!
//! Where the missing step never happened in this traffic while calls that look like it did (another version, prefix or
//! method), the model may call it otherwise: confidence is 0.40 at most, for review. A warning names the calls.
//!
//! ## When it is wrong
//! The missing step ran through a channel that was not captured (a batch job, a queue, a back office): add its traffic,
//! or let the model allow the step from the earlier state. The step ran under another name: add its call to the
//! activity's `any`. The model is older than the process: compare `workflow.version` with the release.
//!
//! ## Example
//! ```text
//! 09:00:00 carol          create  order:ord_7  201
//! 09:04:00 service:wms    ship    order:ord_7  200
//! states: new; expected: pay, ship; observed: create, ship; moved
//! => high proven: service:wms performed ship on order ord_7 without pay
//! ```

use super::{Context, Identity, Rule};
use crate::compare::Check;
use crate::model::Severity;

pub(super) static RULE: Rule = Rule {
    id: "SEQ-SKIP",
    title: "Skipped step",
    check: Check::Skip,
    severity: Severity::Medium,
    taxonomy: &["API6", "BLA4", "BLA7", "CWE-841", "OAT-006", "SI-10"],
    agent_taxonomy: &["ASI02"],
    rests_on: Identity::Nobody,
    source: include_str!("seq_skip.rs"),
    sentence: |context| format!("{} without {}{}", context.lead(), context.missing(), context.since()),
    why: |context| {
        format!(
            "The process requires {} before {}. Whoever calls {} directly gets its effect without what the earlier steps \
             were there to secure.",
            context.missing(),
            context.activity(),
            context.endpoint(),
        )
    },
    fix,
};

fn fix(context: &Context<'_>) -> String {
    let (endpoint, object) = (context.endpoint(), context.object_type());
    match context.allowed_from() {
        Some(states) => format!(
            "In {endpoint}, load the stored state of the {object} and refuse unless it is {states}; check and change it in \
             one transaction."
        ),
        None => format!(
            "In {endpoint}, check on the server that {} happened for this {object} before going on; do not rely on the \
             client's order of calls.",
            context.missing()
        ),
    }
}
