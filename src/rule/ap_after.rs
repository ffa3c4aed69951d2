//! # Approved afterwards (`AP-AFTER`)
//!
//! ## What it finds
//! An accepted step that needs an approval (or any required step), whose approval was accepted only after it.
//!
//! ## Why it matters
//! The record looks complete and the control never worked: whoever approves what has happened decides nothing any more, and
//! may be made to. Lists: API5, BLA6, BLA7, CWE-841, CWE-654, AC-5, AU-10. By an agent also: ASI09, LLM06.
//!
//! ## How it decides
//! As AP-MISSING, and a later accepted step X on the same object by the required kind of actor is in view. Then this finding
//! stands for that one; where the capture ends before X, the same event is AP-MISSING. An X that began before Y had ended, by
//! any clock, counts as in time.
//!
//! ## When it is wrong
//! The approval was given before, by mail, chat or in another system, and only entered afterwards. The process allows
//! emergencies that are approved within a day: say so in the constraint's `if`.
//!
//! ## Example
//! ```text
//! 10:00:00 carol             refund_request  refund:ref_881  201
//! > 10:02:00 service:payments  refund_execute  refund:ref_881  200
//! 11:02:00 erin              refund_approve  refund:ref_881  200
//! constraint: refund-needs-human; states: requested; expected: refund_approve, refund_execute; moved; restricted
//! => critical proven: service:payments performed refund_execute on refund ref_881 before refund_approve
//! ```

use super::{Identity, Rule};
use crate::compare::Check;
use crate::model::Severity;

pub(super) static RULE: Rule = Rule {
    id: "AP-AFTER",
    title: "Approved afterwards",
    check: Check::ApprovalLate,
    severity: Severity::Critical,
    taxonomy: &["API5", "BLA6", "BLA7", "CWE-841", "CWE-654", "AC-5", "AU-10"],
    agent_taxonomy: &["ASI09", "LLM06"],
    rests_on: Identity::Nobody,
    source: include_str!("ap_after.rs"),
    sentence: |context| format!("{} before {}", context.lead(), super::ap_missing::required(context)),
    why: |context| {
        format!(
            "{} needs {} on the same {} first. It was given when there was nothing left to decide, and makes the record look \
             as if there had been a control.",
            context.activity(),
            super::ap_missing::required(context),
            context.object_type(),
        )
    },
    fix: |context| {
        format!(
            "In {}, read the stored record of {} and refuse with 403 unless it is there; refuse the approval of a {} that was \
             already carried out, and keep the time of both.",
            context.endpoint(),
            super::ap_missing::required(context),
            context.object_type(),
        )
    },
};
