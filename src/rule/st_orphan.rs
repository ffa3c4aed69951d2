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
//! Every state that the object can be in is final, or a constraint `never: X, after: Y` names the pair. Repeats of the
//! ending step itself are SEQ-REPEAT; a step that may happen once and is taken again after another step has ended the life
//! is told here. A refusal with any 4xx but 401 and 403 is for review only.
//!
//! Where no lifecycle governs the object: an accepted use of its id after its accepted DELETE. One finding for each
//! operation that changed what was gone, at somebody else's use before the deleter's own; what was only read is one
//! finding, for review (0.40), and none beside a change. No use is: what a cache answers (`Age`, `X-Cache: HIT` and the
//! like), a read whose answer says that the object is deleted (`deleted: true`, `state: deleting`), anything after a DELETE
//! that was only taken on (202) until the object answers 404 or 410. A POST at its place or to its collection, a PUT by the
//! deleter or answered with 201, or a call whose last word is restore, undelete and the like brings it back. Another PUT
//! by somebody else is a use, and confidence in it and in what follows is 0.60 at most. Behind `/me`, `/my`, `/self`,
//! `/cart`, `/basket` and `/favourites` everybody has objects of their own.
//!
//! ## When it is wrong
//! The object was restored or the key reused by another call: show it to the model. The deletion was soft and goes on
//! being used by design: give the type a lifecycle. A webhook or compensation is meant to arrive late: give the final state
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
