//! # Step after the end (`ST-ORPHAN`)
//!
//! ## What it finds
//! An accepted event on an object whose life is over, or after an event that forbids it for good.
//!
//! ## Why it matters
//! A cancelled order that ships, a closed account that pays, a deleted record that still answers: what was ended goes on,
//! where nobody looks any more. Lists: API3, BLA1, CWE-672, CWE-841, T1565.003.
//!
//! ## How it decides
//! Every state that the object can be in is final, or a constraint `never: X, after: Y` names the pair. Without a model:
//! an accepted use of an id after its accepted DELETE. Repeats of the ending step itself are SEQ-REPEAT; a step that may
//! happen once and is taken again after another step has ended the life is told here. A refusal with any 4xx but 401 and
//! 403 is for review only.
//!
//! ## When it is wrong
//! The object was restored or the key reused: show the restoring call to the model. The deletion was soft and reading
//! stays allowed: mark the activity `read: true`. A webhook or compensation is meant to arrive late: give the final state
//! that transition.
//!
//! ## Example
//! ```text
//! 13:00:00 carol        cancel  order:ord_2  200
//! 13:20:00 service:wms  ship    order:ord_2  200
//! states: cancelled; observed: cancel, ship; moved
//! => critical proven: service:wms performed ship on order ord_2 after its end (cancelled)
//! ```

use super::context::activity;
use super::{Context, Identity, Rule};
use crate::compare::Check;
use crate::model::Severity;

pub(super) static RULE: Rule = Rule {
    id: "ST-ORPHAN",
    title: "Step after the end",
    check: Check::Orphan,
    severity: Severity::High,
    taxonomy: &["API3", "BLA1", "CWE-672", "CWE-841", "T1565.003"],
    agent_taxonomy: &["ASI02"],
    rests_on: Identity::Nobody,
    source: include_str!("st_orphan.rs"),
    sentence: |context| format!("{}{} after {}", context.lead(), again(context), end(context)),
    why: |context| {
        format!(
            "After {} nothing more should happen to this {}. What goes on after the end escapes the controls that watch \
             living objects.",
            end(context),
            context.object_type(),
        )
    },
    fix: |context| {
        format!(
            "In {}, refuse with 409 or 410 once the {} is past its end, and cancel what was scheduled for it when it ends.",
            context.endpoint(),
            context.object_type(),
        )
    },
};

/// ` again` where the object had this step while it lived.
fn again(context: &Context<'_>) -> &'static str {
    let this = context.event.map(activity);
    if context.others().any(|other| Some(activity(other)) == this) { " again" } else { "" }
}

/// What ended it: the event that forbids more, else the final state.
fn end(context: &Context<'_>) -> String {
    if context.deviation.states.is_empty() || context.deviation.constraint.is_some() {
        context.counterpart("its end")
    } else {
        format!("its end ({})", context.state())
    }
}
