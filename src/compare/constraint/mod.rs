//! What no single lifecycle can say: one file a kind of constraint. Each is three-valued and counts its decisions.

mod always;
mod distinct;
mod hours;
mod never;
pub(super) mod require;
mod same;
pub(super) mod window_count;
pub(super) mod window_sum;

use std::collections::BTreeMap;

use super::deviation::{Check, Tallies};
use super::effect::Found;
use super::family;
use super::history::History;
use super::scope::CaseScope;
use super::timeline::Timeline;
use crate::event::{Event, Outcome};
use crate::model::expression::{Truth, truth};
use crate::model::{ActivityId, Constraint, ConstraintKind, ObjectTypeId};

/// What constraints of one case look at.
pub(super) struct Context<'c, 'a> {
    /// The case.
    pub(super) history: &'c History<'a>,
    /// States over time, by life.
    pub(super) timelines: &'c [Timeline],
}

/// Judges one constraint over a case. Windows are judged apart, across cases.
pub(super) fn judge(context: &Context<'_, '_>, constraint: &Constraint, tallies: &mut Tallies) -> Vec<Found> {
    let mut counted = Tallies::default();
    let mut found = judge_plainly(context, constraint, &mut counted);
    family::name(constraint, &mut found, counted, tallies);
    found
}

/// Judges a constraint whatever its family.
fn judge_plainly(context: &Context<'_, '_>, constraint: &Constraint, tallies: &mut Tallies) -> Vec<Found> {
    let mut found = match &constraint.kind {
        ConstraintKind::Require { .. } => require::judge(context, constraint, tallies),
        ConstraintKind::DistinctPersons { activities, per } => {
            distinct::judge(context, constraint, activities, *per, tallies)
        }
        ConstraintKind::Always(expression) => always::judge(context, constraint, expression, tallies),
        ConstraintKind::Never { .. } => never::judge(context, constraint, tallies),
        ConstraintKind::Same { .. } => same::judge(context, constraint, tallies),
        ConstraintKind::Hours { activity, schedule } => hours::judge(context, constraint, *activity, schedule, tallies),
        ConstraintKind::WindowSum { .. } | ConstraintKind::WindowCount { .. } => Vec::new(),
    };
    for one in &mut found {
        one.constraint = Some(constraint.id.clone());
        one.severity = constraint.severity;
    }
    found
}

impl<'a> Context<'_, 'a> {
    /// The case at the start of an event.
    fn scope(&self, at: usize) -> CaseScope<'_, 'a> {
        CaseScope { history: self.history, at, after: false, unwritten: false, timelines: self.timelines }
    }

    /// Whether the constraint's condition holds at an event.
    pub(super) fn applies(&self, constraint: &Constraint, at: usize) -> Truth {
        constraint.condition.as_ref().map_or(Truth::True, |c| truth(c, &self.scope(at)))
    }

    /// Events of an activity with the object of a type that they concern; mere retries are no events of their own.
    pub(super) fn events_of(
        &self,
        activity: ActivityId,
        per: ObjectTypeId,
    ) -> impl Iterator<Item = (usize, &'a Event, Option<usize>)> {
        (0..self.history.events.len())
            .filter(move |i| self.history.activity(*i) == Some(activity) && !self.history.is_mere_retry(*i))
            .filter_map(move |i| Some((i, self.history.event(i)?, self.history.object_at(per, i))))
    }
}

/// Events of one activity by the object of a type that they concern, each object's in order.
#[derive(Default)]
struct ByLife(BTreeMap<usize, Vec<usize>>);

impl ByLife {
    /// Indexes the events of an activity that `wanted` accepts.
    fn new(
        context: &Context<'_, '_>,
        activity: ActivityId,
        per: ObjectTypeId,
        wanted: impl Fn(&Event) -> bool,
    ) -> Self {
        let mut lives = ByLife::default();
        for (index, _, life) in context.events_of(activity, per).filter(|(_, event, _)| wanted(event)) {
            if let Some(life) = life {
                lives.0.entry(life).or_default().push(index);
            }
        }
        lives
    }

    /// Whether an event is among those of an object.
    fn has(&self, life: usize, at: usize) -> bool {
        self.0.get(&life).is_some_and(|steps| steps.binary_search(&at).is_ok())
    }

    /// Those of one object that began no later than an event's end, by any clock.
    fn until(&self, context: &Context<'_, '_>, life: usize, now: &Event) -> &[usize] {
        let all = self.0.get(&life).map_or(&[][..], |all| all);
        let until = context.history.precedence().latest_start(now);
        let end = all.partition_point(|i| context.history.event(*i).is_some_and(|e| e.time <= until));
        all.get(..end).unwrap_or(all)
    }
}

/// Whether a refused event would be reported as this kind of deviation at all.
fn counts(event: &Event, check: Check) -> bool {
    match event.outcome {
        Outcome::Accepted => true,
        Outcome::Rejected => super::effect::refusal(check, event.status).is_some(),
        Outcome::Unknown => false,
    }
}
