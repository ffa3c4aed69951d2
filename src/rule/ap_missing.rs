//! # Missing approval (`AP-MISSING`)
//!
//! ## What it finds
//! An accepted step that needs an approval (or any required step), with none accepted on the object before it.
//!
//! ## Why it matters
//! The one control that a second person exercises was passed by: money or access went out on one signature or none.
//! Lists: API5, BLA6, BLA7, CWE-841, CWE-863, AC-5. By an agent also: ASI09, ag:T10, LLM06.
//!
//! ## How it decides
//! A constraint `require: X, before: Y` applies (its `if` holds with known values), Y is accepted, and no accepted X on
//! the same object came before; with `kind:` an X by another kind of actor does not count. When X is also a step that the
//! lifecycle requires, this finding stands for the skipped step. Not evaluable when the object was not seen from birth or
//! requests were lost since; where a source shows of no object on what its creation was, the rule is listed as not judged
//! there, and `check: {first_seen_state: initial}` takes objects first seen for new. A refusal with any 4xx but 401 and 403 is the server's own check: for review only.
//! Where one client's own recording (a HAR file, one principal) is all there is, and the server shows states to
//! which no step of that client leads, others act unseen: not judged there.
//!
//! Where the missing step never happened in this traffic while calls that look like it did (another version, prefix or
//! method), the model may call it otherwise: confidence is 0.40 at most, for review. A warning names the calls.
//!
//! ## When it is wrong
//! The approval was given by mail, chat or in another system: import its record or leave the constraint out. An automatic
//! approval below a limit is meant: say so in the constraint's `if`.
//!
//! ## Example
//! ```text
//! 10:00:00 carol             refund_request  refund:ref_881  201
//! 10:02:00 service:payments  refund_execute  refund:ref_881  200
//! constraint: refund-needs-human; states: requested; expected: refund_approve; moved; restricted
//! => critical proven: service:payments performed refund_execute on refund ref_881 without refund_approve
//! ```

use super::{Context, Identity, Rule};
use crate::compare::Check;
use crate::model::{ConstraintKind, Severity};

pub(super) static RULE: Rule = Rule {
    id: "AP-MISSING",
    title: "Missing approval",
    check: Check::ApprovalMissing,
    severity: Severity::Critical,
    taxonomy: &["API5", "BLA6", "BLA7", "CWE-841", "CWE-863", "AC-5"],
    agent_taxonomy: &["ASI09", "ag:T10", "LLM06"],
    rests_on: Identity::Nobody,
    source: include_str!("ap_missing.rs"),
    sentence: |context| format!("{} without {}", context.lead(), required(context)),
    why: |context| {
        format!(
            "{} needs {} on the same {} first. Without it, one actor alone decided what takes two.",
            context.activity(),
            required(context),
            context.object_type(),
        )
    },
    fix: |context| {
        format!(
            "In {}, read the stored record of {} for this {} and refuse with 403 unless it is there, valid and by \
             another person who may give it; do not take a flag from the request for it.",
            context.endpoint(),
            required(context),
            context.object_type(),
        )
    },
};

/// The step that is required, as the model names it, with the kind of actor it asks for.
pub(super) fn required(context: &Context<'_>) -> String {
    if let (Some(model), Some(constraint)) = (context.model, context.constraint())
        && let ConstraintKind::Require { activity, kind, .. } = &constraint.kind
        && let Some(activity) = model.activities.get(usize::from(activity.0))
    {
        let step = super::context::name(&activity.name);
        return kind.as_ref().map_or_else(|| step.clone(), |kind| format!("{step} by a {kind} actor"));
    }
    context.missing()
}
