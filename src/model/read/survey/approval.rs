//! Approvals that the one who asked may give.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Places;
use crate::model::diagnostic::{Diagnostic, Span};
use crate::model::read::reader::Reader;
use crate::model::{ActivityId, Code, ConstraintKind, Model};

/// Looks over every step that a kind of actor must take: a person's approval.
pub(super) fn model(reader: &mut Reader, places: &Places, model: &Model) {
    let mut approvals: BTreeMap<ActivityId, Span> = BTreeMap::new();
    for (number, constraint) in model.constraints.iter().enumerate() {
        if let ConstraintKind::Require { activity, kind: Some(_), .. } = &constraint.kind {
            approvals.entry(*activity).or_insert_with(|| places.constraint(number));
        }
    }
    for (number, lifecycle) in model.lifecycles.iter().enumerate() {
        for (at, transition) in lifecycle.transitions.iter().enumerate() {
            // What an object's life begins with asks for something, and approves nothing.
            if transition.kind.is_some() && !transition.from.contains(&lifecycle.initial) {
                approvals.entry(transition.activity).or_insert_with(|| places.transition(number, at));
            }
        }
    }
    for (activity, span) in approvals {
        let apart = asked_by_agents(model, activity)
            || model.constraints.iter().any(|constraint| match &constraint.kind {
                ConstraintKind::DistinctPersons { activities, .. } => activities.contains(&activity),
                _ => false,
            });
        if apart {
            continue;
        }
        let name = super::activity_name(model, activity);
        let title = format!("who asked may give the approval `{name}`");
        let (asking, of) = asking(model, activity).unwrap_or_else(|| ("REQUEST".into(), "TYPE".into()));
        let advice = Diagnostic::advice(Code::SelfApproval, span, title).label("nothing keeps the two persons apart");
        let help = format!("`{{id: {name}-by-another, distinct_persons: [{asking}, {name}], per: {of}}}`");
        reader.found.push(advice.help(help));
    }
}

/// Whether only software asks: the person for whom it acts is the one to answer, and counts as one with it.
fn asked_by_agents(model: &Model, approval: ActivityId) -> bool {
    let agent = |name: &Arc<str>| &**name == "agent" || name.starts_with("agent:");
    model.lifecycles.iter().filter(|life| life.transitions.iter().any(|t| t.activity == approval)).any(|life| {
        let mut asking = life.transitions.iter().filter(|t| t.from.contains(&life.initial)).peekable();
        asking.peek().is_some() && asking.all(|t| !t.by.is_empty() && t.by.iter().all(agent))
    })
}

/// The activity that objects begin their life with, of those that the approval is about, and their type.
fn asking(model: &Model, approval: ActivityId) -> Option<(Arc<str>, Arc<str>)> {
    let lifecycle = model.lifecycles.iter().find(|life| life.transitions.iter().any(|t| t.activity == approval))?;
    let first = lifecycle.transitions.iter().find(|t| t.from.contains(&lifecycle.initial) && t.activity != approval)?;
    let object_type = model.object_types.get(usize::from(lifecycle.object_type.0))?;
    Some((super::activity_name(model, first.activity), Arc::clone(&object_type.name)))
}
