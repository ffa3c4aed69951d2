//! Which moves a life made, as far as belief tells them.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::automaton::{Automaton, Edge, StateSet};
use super::deviation::StateMove;
use super::history::History;
use super::plan::Plan;
use super::replay::{Fault, Replay};
use super::retry::Retry;
use super::step::Step;
use super::unattributed::Unattributed;
use crate::model::{ActivityId, ObjectTypeId};

/// Moves, counted.
type Moves = BTreeMap<StateMove, u64>;

/// Counts the moves of a replayed life.
pub(super) fn count(history: &History<'_>, life: usize, replay: &Replay, into: &mut Moves) {
    let object_type = history.life(life).and_then(|l| l.object_type);
    let Some(moves) = object_type.and_then(|t| Map::new(history.plan, t)) else { return };
    for ((step, fault), (_, before, after)) in replay.steps.iter().zip(&replay.faults).zip(&replay.timeline.steps) {
        // A retry of what was accepted already moves nothing.
        let moved = !step.uncertain && step.retry != Retry::OfAccepted;
        let Some(activity) = step.activity.filter(|_| moved) else { continue };
        moves.step((step, activity), *fault, (before, after), into);
    }
}

/// Moves of steps that were seen, but not on which object.
pub(super) fn unattributed(plan: &Plan, noted: &Unattributed) -> Moves {
    let mut into = Moves::new();
    for (object_type, activity, count) in noted.accepted() {
        let Some(moves) = Map::new(plan, object_type) else { continue };
        let edges: Vec<&Edge> = moves.edges(activity).collect();
        let all = StateSet::all(moves.automaton.len());
        if !edges.is_empty() {
            moves.among(activity, &edges, (&all, &all), count, &mut into);
        }
    }
    into
}

/// The moves of one object type.
struct Map<'p> {
    plan: &'p Plan,
    name: &'p Arc<str>,
    automaton: &'p Automaton,
}

impl<'p> Map<'p> {
    fn new(plan: &'p Plan, object_type: ObjectTypeId) -> Option<Self> {
        let automaton = plan.automaton(object_type)?;
        Some(Map { plan, name: &plan.type_of(object_type)?.name, automaton })
    }

    fn edges(&self, activity: ActivityId) -> impl Iterator<Item = &'p Edge> {
        self.automaton.on(activity).iter().filter_map(|edge| self.automaton.edges.get(*edge))
    }

    fn step(
        &self,
        (step, activity): (&Step, ActivityId),
        fault: Option<Fault>,
        (before, after): (&StateSet, &StateSet),
        into: &mut Moves,
    ) {
        let perhaps = matches!(step.retry, Retry::Perhaps | Retry::SameKey);
        let fits = |edge: &&Edge| edge.from.intersects(before) && after.contains(edge.to);
        let made: Vec<&Edge> = self.edges(activity).filter(fits).collect();
        if made.is_empty() || perhaps || matches!(fault, Some(Fault::Structure | Fault::Diverge)) {
            let ends = (self.state(before), self.state(after));
            let made = StateMove { perhaps, ..self.made(activity, ends, !made.is_empty()) };
            *into.entry(made).or_default() += 1;
            return;
        }
        // A wrong actor or value took a declared transition all the same.
        let possible = step.possible();
        let allowed = possible.iter().filter_map(|edge| self.automaton.edges.get(*edge)).filter(fits);
        let edges = if fault.is_some() { made } else { allowed.collect() };
        self.among(activity, &edges, (before, after), 1, into);
    }

    /// A move that belief explains by these transitions: by the only one, else by any of several.
    fn among(
        &self,
        activity: ActivityId,
        edges: &[&Edge],
        (before, after): (&StateSet, &StateSet),
        count: u64,
        into: &mut Moves,
    ) {
        let (mut from, mut to) = (StateSet::empty(self.automaton.len()), StateSet::empty(self.automaton.len()));
        let mut pairs = Vec::new();
        for edge in edges {
            let mut starts = edge.from.clone();
            starts.intersect_with(before);
            from.union_with(&starts);
            to.insert(edge.to);
            pairs.extend(starts.iter().map(|start| (start, edge.to)));
        }
        // Where nothing seen allows a transition, belief alone says where the object is.
        let (from, to) = if edges.is_empty() { (before.clone(), after.clone()) } else { (from, to) };
        *into.entry(self.made(activity, (self.state(&from), self.state(&to)), true)).or_default() += count;
        if from.only().is_some() && to.only().is_some() {
            return;
        }
        for (start, end) in pairs {
            let name = |state: usize| self.automaton.names.get(state).cloned();
            if let Some(ends) = name(start).zip(name(end)) {
                let made = StateMove { among: true, ..self.made(activity, ends, true) };
                *into.entry(made).or_default() += count;
            }
        }
    }

    fn made(&self, activity: ActivityId, (from, to): (Arc<str>, Arc<str>), allowed: bool) -> StateMove {
        let activity = self.plan.activity_name(activity);
        StateMove { object_type: Arc::clone(self.name), from, activity, to, allowed, perhaps: false, among: false }
    }

    /// The only state of a set, else `?`.
    fn state(&self, set: &StateSet) -> Arc<str> {
        set.only().and_then(|state| self.automaton.names.get(state)).cloned().unwrap_or_else(|| Arc::from("?"))
    }
}
