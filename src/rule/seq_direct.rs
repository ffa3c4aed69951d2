//! # Entry past the beginning (`SEQ-DIRECT`)
//!
//! ## What it finds
//! An object whose life begins, as far as the server shows, with a step that is no entry of its lifecycle.
//!
//! ## Why it matters
//! The steps that create an object also check who may have it. Who enters in the middle passes them all at once.
//! Lists: API6, BLA4, BLA7, CWE-841, CWE-696, OAT-006, SI-10.
//!
//! ## How it decides
//! The object is seen from birth (its parent's creation was seen, or `check.first_seen_state: initial`), so the only
//! possible state is the initial one, or it is first seen by a creation that the server refused with 400 or 422
//! (confidence 0.60 at most: it may have been there before); the accepted step is allowed only from later states. Without proof of birth the
//! object may have begun before the capture and nothing is reported. Lost requests make the rule not evaluable. A refusal
//! with any 4xx but 401 and 403 is for review only.
//!
//! Where the missing step never happened in this traffic while calls that look like it did (another version, prefix or
//! method), the model may call it otherwise: confidence is 0.40 at most, for review. A warning names the calls.
//!
//! ## When it is wrong
//! Objects are created by import, migration or a queue that was not captured: leave `check.first_seen_state` at `any`.
//! The creating call answers without the new key, so that its event names no object: add the key's path to the model.
//!
//! ## Example
//! ```text
//! 10:00:00 service:payments  refund_execute  refund:ref_9  200
//! states: none; expected: refund_request, refund_approve, refund_execute; observed: refund_execute; moved; restricted
//! => critical proven: service:payments performed refund_execute on refund ref_9 as its first step
//! ```

use super::{Context, Identity, Rule};
use crate::compare::Check;
use crate::model::Severity;

pub(super) static RULE: Rule = Rule {
    id: "SEQ-DIRECT",
    title: "Entry past the beginning",
    check: Check::Direct,
    severity: Severity::Medium,
    taxonomy: &["API6", "BLA4", "BLA7", "CWE-841", "CWE-696", "OAT-006", "SI-10"],
    agent_taxonomy: &["ASI02"],
    rests_on: Identity::Nobody,
    source: include_str!("seq_direct.rs"),
    sentence: |context| format!("{} as its first step", context.lead()),
    why: |context| {
        format!(
            "The life of each {} begins with other steps (missing: {}). Entering at {} passes every check that they make.",
            context.object_type(),
            context.missing(),
            context.activity(),
        )
    },
    fix,
};

fn fix(context: &Context<'_>) -> String {
    let (endpoint, object) = (context.endpoint(), context.object_type());
    match context.allowed_from() {
        Some(states) => {
            format!("In {endpoint}, refuse with 404 or 409 unless the {object} exists and its stored state is {states}.")
        }
        None => format!("In {endpoint}, refuse with 404 unless the {object} was created by its regular entry step."),
    }
}
