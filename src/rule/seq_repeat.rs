//! # Repeated step (`SEQ-REPEAT`)
//!
//! ## What it finds
//! A step that may happen once in the object's life and was accepted again.
//!
//! ## Why it matters
//! A second payout, a second redemption of one voucher, a second activation: the effect is had twice for one cause.
//! Lists: API6, BLA8, CWE-837, CWE-841, SI-10.
//!
//! ## How it decides
//! The activity's transition is marked `once` and was accepted before on this object, or every possible state is where
//! the activity leads and it is not allowed from there. A retry with the same idempotency key and the same body hash is
//! benign and never reported; the same key with another body is TX-REPLAY, two accepted calls that overlap are TX-RACE.
//! Where the log hides the key that the model names, a repeat by another person, after `check.retry_window` (1 h: clients
//! try again within minutes, restarted jobs within the hour) or with another answer is no retry, with confidence 0.6; any
//! other is not evaluable. Where neither has a key, the same request by the same person within a minute that got the very
//! same answer, or answers that the source does not show, may be a retry: 0.60 at most. A refusal with any 4xx but 401 and
//! 403 is for review only.
//!
//! ## When it is wrong
//! A client retries without an idempotency key after more than a minute, or the server's record of its answer differs in
//! a time stamp: nothing moved twice. A restored or reopened object may repeat the step: give the model that transition.
//!
//! ## Example
//! ```text
//! 10:00:00 service:payments  refund_execute  refund:ref_8  200
//! 10:07:00 service:payments  refund_execute  refund:ref_8  200
//! states: executed; expected: refund_execute; observed: refund_execute, refund_execute; restricted
//! => high accepted: service:payments performed refund_execute on refund ref_8 again
//! ```

use super::{Context, Identity, Rule};
use crate::compare::Check;
use crate::model::Severity;

pub(super) static RULE: Rule = Rule {
    id: "SEQ-REPEAT",
    title: "Repeated step",
    check: Check::Repeat,
    severity: Severity::Medium,
    taxonomy: &["API6", "BLA8", "CWE-837", "CWE-841", "SI-10"],
    agent_taxonomy: &["ASI02"],
    rests_on: Identity::Nobody,
    source: include_str!("seq_repeat.rs"),
    sentence: |context| format!("{} again", context.lead()),
    why: |context| {
        format!(
            "{} may take effect once for one {}. A second acceptance that is no retry of the same request doubles its effect.",
            context.activity(),
            context.object_type(),
        )
    },
    fix,
};

fn fix(context: &Context<'_>) -> String {
    format!(
        "In {}, make the change conditional on the stored state (or a unique constraint per {}) and answer a repeat with \
         the first result; require an idempotency key so that retries can be told from repeats.",
        context.endpoint(),
        context.object_type()
    )
}
