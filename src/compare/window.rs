//! Groups of events that a sliding window runs over, across cases.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::blindness::Blindness;
use super::constraint::{window_count, window_sum};
use super::delegation::{self, limit};
use super::deviation::{CaseResult, Check, Deviation, Tallies};
use super::dominance::settle;
use super::effect::{Found, Witness};
use super::family;
use super::history::History;
use super::laps::Part;
use super::plan::Plan;
use super::spoken;
use super::unmodelled;
use crate::event::{Event, EventId, ObjectId, Outcome, Value};
use crate::model::expression::{Bound, Scope, Truth};
use crate::model::{ConstraintKind, ObjectTypeId, Path, Root};

/// Why events are looked at across cases.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Watch {
    /// They carry one idempotency key.
    Key,
    /// The constraint at this position in the model counts or adds them up.
    Constraint(u16),
    /// They touch one object that steps of several cases move.
    Life,
    /// The delegation at this position in the model limits what is done on behalf of one person.
    Delegation(u16),
    /// They are one person's word.
    Person,
    /// They list tools to one caller, or are its calls.
    Listener,
    /// They are what one server tells its users, and their answers to what it asks.
    Server,
    /// They ask or answer one question.
    Question,
}

/// One group: all events with an equal key are judged together, sorted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WindowKey {
    /// What for.
    pub watch: Watch,
    /// What the group shares: object keys, actor fields, or the idempotency key.
    pub group: Vec<Arc<str>>,
}

/// Groups that an event belongs to.
pub(super) fn keys(plan: Option<&Plan>, event: &Event) -> Vec<WindowKey> {
    let mut keys = plan.map_or_else(Vec::new, |plan| lives(plan, event));
    keys.extend(spoken::keys(event));
    if event.outcome == Outcome::Rejected {
        return keys;
    }
    let accepted = event.outcome == Outcome::Accepted;
    if let (true, Some(key), false) = (accepted, event.idempotency, event.read) {
        // Those whom nobody knows may be one.
        let principal = event.actor.principal.clone().unwrap_or_default();
        keys.push(WindowKey { watch: Watch::Key, group: vec![format!("{key:016x}").into(), principal] });
    }
    let Some(plan) = plan else { return keys };
    for (index, constraint) in plan.model.constraints.iter().enumerate() {
        let (belongs, by) = match &constraint.kind {
            ConstraintKind::WindowSum { by, .. } => (window_sum::concerns(plan, &constraint.kind, event), by),
            ConstraintKind::WindowCount { by, activity, until, .. } => {
                let own = plan.activity(event);
                (accepted && own == Some(*activity) || own.is_some_and(|own| until.contains(&own)), by)
            }
            _ => continue,
        };
        if let (true, Some(group), Ok(index)) = (belongs, coarse(plan, by, event), u16::try_from(index)) {
            keys.push(WindowKey { watch: Watch::Constraint(index), group });
        }
    }
    keys.extend(on_behalf(plan, event));
    keys
}

/// What is done on behalf of one person, and that person's own word.
fn on_behalf(plan: &Plan, event: &Event) -> Vec<WindowKey> {
    let Some(principal) = limit::principal(event) else { return Vec::new() };
    let group = || vec![principal.clone()];
    let mut keys = Vec::new();
    for (index, delegation) in (0_u16..).zip(&plan.model.delegations) {
        let concerns = limit::concerns(delegation, plan.activity(event), event);
        if concerns && delegation::governs(plan, delegation, event) == Truth::True {
            keys.push(WindowKey { watch: Watch::Delegation(index), group: group() });
        }
    }
    if delegation::is_of_a_person(plan, event) {
        keys.push(WindowKey { watch: Watch::Person, group: group() });
    }
    keys
}

/// The objects of an event whose lives do not lie in one case.
fn lives(plan: &Plan, event: &Event) -> Vec<WindowKey> {
    let shared = |id: &&ObjectId| plan.object_type(&id.object_type).is_some_and(|t| plan.is_shared(t));
    let group = |id: &ObjectId| vec![id.object_type.clone(), id.key.clone()];
    let mut groups: Vec<_> = event.objects.iter().map(|o| &o.id).filter(shared).map(group).collect();
    groups.sort_unstable();
    groups.dedup();
    groups.into_iter().map(|group| WindowKey { watch: Watch::Life, group }).collect()
}

/// Counts the events that a window runs over but that have no place in any of its groups: what they share is not shown.
pub(super) fn count_groupless(history: &History<'_>, tallies: &mut Tallies) {
    limit::count_groupless(history, tallies);
    let plan = history.plan;
    for constraint in &plan.model.constraints {
        let (check, activity, by) = match &constraint.kind {
            ConstraintKind::WindowSum { activity, by, .. } => (Check::Split, *activity, by),
            ConstraintKind::WindowCount { activity, by, .. } => (Check::Volume.named_by(constraint), *activity, by),
            _ => continue,
        };
        for (at, event) in history.events.iter().enumerate() {
            let counts = history.activity(at) == Some(activity) && event.outcome == Outcome::Accepted;
            if counts && coarse(plan, by, event).is_none() {
                tallies.count(check, event.source, None);
            }
        }
    }
}

/// Judges one group.
pub(super) fn judge(plan: &Plan, key: &WindowKey, events: &[Event], blindness: &Blindness) -> CaseResult {
    let mut watch = plan.stopwatch();
    let mut result = judge_group(plan, key, events, blindness);
    watch.lap(|| Part::Window(key.watch), &mut result.laps);
    result
}

fn judge_group(plan: &Plan, key: &WindowKey, events: &[Event], blindness: &Blindness) -> CaseResult {
    if key.watch == Watch::Life {
        return life(plan, key, events, blindness);
    }
    let mut tallies = Tallies::default();
    let history = History::new(plan, None, events, blindness);
    let found = match key.watch {
        Watch::Key | Watch::Life => across_cases(&history, &mut tallies),
        Watch::Constraint(index) => constrained(&history, index, &mut tallies),
        Watch::Delegation(index) => {
            let delegation = plan.model.delegations.get(usize::from(index));
            delegation.map(|delegation| limit::judge(&history, delegation, &mut tallies)).unwrap_or_default()
        }
        Watch::Person => delegation::batch(&history, &mut tallies),
        Watch::Listener => spoken::listed(&history, &mut tallies),
        Watch::Server => spoken::server(&history, &mut tallies),
        Watch::Question => {
            let id = key.group.first().map(|id| &**id).unwrap_or_default();
            spoken::questions(&history, id, &mut tallies)
        }
    };
    let witness = Witness { history: &history, replays: &[] };
    let deviations: Vec<Deviation> = found.into_iter().filter_map(|f| witness.deviation(f)).collect();
    CaseResult { deviations: settle(deviations), tallies, exhausted: history.exhausted(), ..CaseResult::default() }
}

/// Judges a group of the constraint at a position in the model.
fn constrained(history: &History<'_>, index: u16, tallies: &mut Tallies) -> Vec<Found> {
    let Some(constraint) = history.plan.model.constraints.get(usize::from(index)) else { return Vec::new() };
    let mut counted = Tallies::default();
    let mut found = match &constraint.kind {
        ConstraintKind::WindowSum { .. } => window_sum::judge(history, constraint, &mut counted),
        ConstraintKind::WindowCount { .. } => window_count::judge(history, constraint, &mut counted),
        _ => Vec::new(),
    };
    family::name(constraint, &mut found, counted, tallies);
    for one in &mut found {
        one.constraint = Some(constraint.id.clone());
        one.severity = constraint.severity;
    }
    found
}

/// Replays one object over the steps of all cases. What they say of other objects is left out: only their own cases know
/// how these stood at the time.
fn life(plan: &Plan, key: &WindowKey, events: &[Event], blindness: &Blindness) -> CaseResult {
    let [object_type, object] = &key.group[..] else { return CaseResult::default() };
    let id = ObjectId { object_type: object_type.clone(), key: object.clone() };
    let mut alone = events.to_vec();
    alone.iter_mut().for_each(|event| event.objects.retain(|object| object.id == id));
    let history = History::new(plan, None, &alone, blindness);
    let mut result = super::case::one_life(&history, &id);
    let whole: BTreeMap<EventId, &Event> = events.iter().map(|event| (event.id, event)).collect();
    for event in result.deviations.iter_mut().flat_map(|deviation| &mut deviation.events) {
        if let Some(whole) = whole.get(&event.id) {
            event.objects.clone_from(&whole.objects);
        }
    }
    result
}

/// Replays of an idempotency key whose calls do not lie in one case; those within a case are found there.
fn across_cases(history: &History<'_>, tallies: &mut Tallies) -> Vec<Found> {
    let apart = |found: &Found| {
        let case = |i: usize| history.event(i).and_then(|e| e.case.as_ref());
        found.evidence.iter().all(|first| case(*first).is_none() || case(*first) != case(found.event))
    };
    let mut local = Tallies::default();
    let found: Vec<Found> = unmodelled::replays(history, &mut local).into_iter().filter(apart).collect();
    let cases: BTreeSet<_> = history.events.iter().map(|event| &event.case).collect();
    // Within one case it was counted there.
    if cases.len() > 1 {
        for ((check, source), tally) in &local.0 {
            (0..tally.not_evaluable).for_each(|_| tallies.count(*check, source, None));
        }
    }
    for one in &found {
        if let Some(event) = history.event(one.event) {
            tallies.count(Check::Replay, event.source, Some(true));
        }
    }
    found
}

/// What brings events together: the objects of `by` where it names any, so that other actors' events on them are at
/// hand, else its actor fields. `None` when one of them is not known.
fn coarse(plan: &Plan, by: &[Path], event: &Event) -> Option<Vec<Arc<str>>> {
    let objects: Vec<&Path> = by.iter().filter(|p| matches!(p.root, Root::Object(_))).collect();
    let paths = if objects.is_empty() { by.iter().collect() } else { objects };
    paths.into_iter().map(|p| part(plan, p, event)).collect()
}

/// The whole group of an event within a key.
pub(super) fn group(plan: &Plan, by: &[Path], event: &Event) -> Option<Vec<Arc<str>>> {
    by.iter().map(|p| part(plan, p, event)).collect()
}

/// The object of a type that an event is about: one that it touches, else the root of its case.
pub(super) fn object_of<'e>(plan: &Plan, object_type: ObjectTypeId, event: &'e Event) -> Option<&'e ObjectId> {
    let name = &plan.type_of(object_type)?.name;
    let root = event.case.as_ref().filter(|c| c.object_type == *name);
    event.object(name).map(|o| &o.id).or(root)
}

/// The value of one part of `by`.
pub(super) fn part(plan: &Plan, path: &Path, event: &Event) -> Option<Arc<str>> {
    match path.root {
        Root::Object(object_type) if path.fields.is_empty() => {
            object_of(plan, object_type, event).map(|id| id.to_string().into())
        }
        _ => {
            let scope = super::scope::EventScope { event, types: &plan.model.object_types };
            match scope.value(path) {
                Bound::Exactly(Value::Text(text)) => Some(text),
                Bound::Exactly(Value::Null) | Bound::AtLeast(_) | Bound::Unknown => None,
                Bound::Exactly(other) => Some(other.to_string().into()),
            }
        }
    }
}
