//! Steps on objects of which it cannot be told which they are, because their keys are unique in a tenant only and the
//! tenant is not known: nothing that looks at such an object is decided.

use super::deviation::{Check, Tallies};
use super::history::History;
use crate::event::{Event, Outcome};
use crate::model::{ActivityId, ConstraintKind, Model, ObjectTypeId, Path, Root};

/// Counts what would have been asked at each step, had its object been known.
pub(super) fn count(history: &History<'_>, tallies: &mut Tallies) {
    let unplaced = history.events.iter().enumerate().filter(|(_, event)| !event.unplaced.is_empty());
    for (at, event) in unplaced.filter(|(_, event)| event.outcome != Outcome::Rejected && history.plan.in_force(event))
    {
        let types = event.unplaced.iter().filter_map(|name| history.plan.object_type(name));
        for object_type in types.filter(|object_type| history.object_at(*object_type, at).is_none()) {
            if let Some(activity) = history.activity(at) {
                lifecycle(history, event, activity, object_type, tallies);
                duties(history, event, activity, object_type, tallies);
            }
            walls(&history.plan.model, history.activity(at), event, object_type, tallies);
        }
    }
}

fn lifecycle(
    history: &History<'_>,
    event: &Event,
    activity: ActivityId,
    object_type: ObjectTypeId,
    tallies: &mut Tallies,
) {
    use Check::{Direct, Diverge, Guard, Illegal, Order, Orphan, Race, Repeat, Role, Skip};
    if event.read || !history.plan.governs(activity, object_type) {
        return;
    }
    for check in [Skip, Order, Direct, Illegal, Orphan, Repeat, Race] {
        tallies.count(check, event.source, None);
    }
    let edges = history.plan.automaton(object_type).map(|a| a.on(activity)).unwrap_or_default();
    let transitions = || edges.iter().filter_map(|edge| history.plan.transition(object_type, *edge));
    if transitions().any(|t| !t.by.is_empty() || t.kind.is_some()) {
        tallies.count(Role, event.source, None);
    }
    if transitions().any(|t| t.when.is_some() || t.within.is_some()) {
        tallies.count(Guard, event.source, None);
    }
    if history.plan.type_of(object_type).is_some_and(|t| !t.state.is_empty()) {
        tallies.count(Diverge, event.source, None);
    }
}

/// What `require` and `never` ask of a step without an object they count themselves.
fn duties(
    history: &History<'_>,
    event: &Event,
    activity: ActivityId,
    object_type: ObjectTypeId,
    tallies: &mut Tallies,
) {
    for constraint in &history.plan.model.constraints {
        if let ConstraintKind::DistinctPersons { activities, per } = &constraint.kind
            && *per == object_type
            && activities.contains(&activity)
        {
            let approves = history.plan.is_approval(activity);
            tallies.count(if approves { Check::ApprovalSelf } else { Check::Duties }, event.source, None);
        }
    }
}

/// A wall around any object of the type; those around listed activities count by themselves.
fn walls(model: &Model, activity: Option<ActivityId>, event: &Event, object_type: ObjectTypeId, tallies: &mut Tallies) {
    let around = |path: &Path| path.root == Root::Object(object_type);
    for constraint in &model.constraints {
        if let ConstraintKind::Same { left, right, activities: None, .. } = &constraint.kind
            && activity.is_some()
            && event.outcome == Outcome::Accepted
            && let Some(side) = [right, left].into_iter().find(|path| around(path))
        {
            let check = match side.fields.last().map(|field| &**field) {
                Some("tenant") => Check::Tenant,
                Some("owner") => Check::Owner,
                _ => Check::Mismatch,
            };
            tallies.count(check, event.source, None);
        }
    }
}
