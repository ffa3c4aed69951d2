//! The steps of one life: events that move its state or show it, with what is known of their transitions.

use super::automaton::StateSet;
use super::permission::permits;
use super::replay::Run;
use super::retry::{Retry, Tried};
use super::scope::CaseScope;
use crate::event::{Event, Outcome};
use crate::model::expression::{Truth, truth};
use crate::model::{ActivityId, Transition};

/// Whether an actor may take a transition and whether its conditions hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fit {
    /// Index of the edge.
    pub(super) edge: usize,
    /// `by` and `kind`.
    pub(super) role: Truth,
    /// `when` and `within`.
    pub(super) guard: Truth,
}

impl Fit {
    /// Nothing that was seen forbids it.
    pub(super) fn possible(self) -> bool {
        self.role != Truth::False && self.guard != Truth::False
    }
}

/// One event of the life that can move its state or shows it.
#[derive(Clone, Debug)]
pub(super) struct Step {
    /// Index of the event.
    pub(super) event: usize,
    /// The activity, where it can move the state.
    pub(super) activity: Option<ActivityId>,
    /// Its outcome was not seen.
    pub(super) uncertain: bool,
    /// State that the server declared.
    pub(super) declared: Option<usize>,
    /// State that a write of no activity wrote; the server may not have taken it.
    pub(super) written: Option<usize>,
    /// It changed the object by an operation that the model does not know.
    pub(super) unmodelled: bool,
    /// It was only taken on and is not done yet (`202`).
    pub(super) taken_on: bool,
    /// Whether it is a retry.
    pub(super) retry: Retry,
    /// States that the object left so shortly before that an answer may still show them.
    pub(super) left: Option<StateSet>,
    /// States that writes of no activity wrote since the object was last shown.
    pub(super) perhaps: Option<StateSet>,
    /// The last misplaced step before, and where the object was before that: what a compensation goes out from.
    pub(super) amends: Option<(usize, StateSet)>,
    /// Its transitions.
    pub(super) fits: Vec<Fit>,
}

impl Step {
    /// Edges that nothing seen forbids.
    pub(super) fn possible(&self) -> Vec<usize> {
        self.fits.iter().filter(|f| f.possible()).map(|f| f.edge).collect()
    }

    /// Whether another step does to every belief what this one does.
    pub(super) fn is_like(&self, other: &Step) -> bool {
        let own = |step: &Step| {
            (step.activity, step.uncertain, step.declared, step.written, step.unmodelled, step.taken_on, step.retry)
        };
        let sets = |step: &Step| (step.left.clone(), step.perhaps.clone(), step.amends.clone());
        own(self) == own(other) && self.fits == other.fits && sets(self) == sets(other)
    }
}

impl Run<'_, '_> {
    pub(super) fn steps(&self) -> Vec<Step> {
        let mut steps: Vec<Step> = Vec::new();
        let mut tried = Tried::default();
        let Some(life) = self.history.life(self.life) else { return steps };
        for touch in &life.touches {
            let (Some(event), Some(reference)) = (self.history.event(touch.event), self.history.reference(*touch))
            else {
                continue;
            };
            if event.outcome == Outcome::Rejected || !self.history.plan.in_force(event) {
                continue;
            }
            let accepted = event.outcome == Outcome::Accepted;
            let unmodelled = event.may_change_unmodelled(reference);
            let state = |name: &Option<_>| {
                let name: &Option<std::sync::Arc<str>> = name;
                name.as_deref().filter(|_| accepted && !event.answer.cached).and_then(|n| self.automaton.state(n))
            };
            let declared = state(&reference.declared_state);
            let written = state(&reference.written_state).filter(|_| unmodelled);
            if let Some(known) = steps.last_mut().filter(|s| s.event == touch.event) {
                known.declared = known.declared.or(declared);
                known.written = known.written.or(written);
                continue;
            }
            let activity = self.moving_activity(touch.event);
            if activity.is_none() && declared.is_none() && written.is_none() {
                continue;
            }
            let retry = activity.map_or(Retry::No, |a| tried.retry(self.history, &steps, a, event));
            let fits = activity.map_or_else(Vec::new, |a| self.fits(a, touch.event));
            let uncertain = !accepted;
            let step = Step {
                event: touch.event,
                activity,
                uncertain,
                declared,
                written,
                unmodelled,
                taken_on: event.status == Some(202),
                retry,
                left: None,
                perhaps: None,
                amends: None,
                fits,
            };
            tried.add(self.history, steps.len(), &step);
            steps.push(step);
        }
        steps
    }

    pub(super) fn moving_activity(&self, event: usize) -> Option<ActivityId> {
        let read = self.history.event(event).is_none_or(|e| e.read);
        self.history.activity(event).filter(|a| !read && self.history.plan.governs(*a, self.object_type))
    }

    /// What is known of each transition of an activity at an event.
    pub(super) fn fits(&self, activity: ActivityId, event: usize) -> Vec<Fit> {
        let edges = self.automaton.on(activity);
        edges.iter().filter_map(|edge| self.fit(*edge, event)).collect()
    }

    fn fit(&self, edge: usize, at: usize) -> Option<Fit> {
        let transition = self.history.plan.transition(self.object_type, edge)?;
        let event = self.history.event(at)?;
        let role = permits(transition, event, &self.history.plan.model.actors);
        let scope = CaseScope { history: self.history, at, after: false, unwritten: true, timelines: self.timelines };
        let when = transition.when.as_ref().map_or(Truth::True, |guard| truth(guard, &scope));
        let guard = match (when, self.in_time(transition, at)) {
            (Truth::False, _) | (_, Truth::False) => Truth::False,
            (Truth::True, Truth::True) => Truth::True,
            _ => Truth::Unknown,
        };
        Some(Fit { edge, role, guard })
    }

    /// `within`: not too long after the last accepted event of an activity.
    fn in_time(&self, transition: &Transition, at: usize) -> Truth {
        let Some((after, longest)) = transition.within else { return Truth::True };
        let Some(event) = self.history.event(at) else { return Truth::Unknown };
        match self.last_of(after, at) {
            None => Truth::Unknown,
            Some(last) if since(last, event) <= longest => Truth::True,
            Some(last)
                if last.outcome == Outcome::Unknown
                    || self.history.may_have(self.life, after, last.time, event.time) =>
            {
                Truth::Unknown
            }
            Some(_) => Truth::False,
        }
    }

    /// The last event of an activity on the object that is not surely after an event.
    fn last_of(&self, activity: ActivityId, at: usize) -> Option<&Event> {
        let history = self.history;
        let event = history.event(at)?;
        let steps = history.steps_of(self.life, activity);
        let until = history.precedence().latest_start(event);
        let end = steps.partition_point(|i| *i <= at || history.event(*i).is_some_and(|e| e.time <= until));
        let began = steps.iter().take(end).rev().take_while(|_| history.afford(1)).filter(|i| **i != at);
        began.filter_map(|i| history.event(*i)).find(|e| !history.precedence().before(event, e))
    }

    /// How long after the last event of an activity an event began, in microseconds.
    pub(super) fn time_since(&self, activity: ActivityId, at: usize) -> Option<i64> {
        Some(since(self.last_of(activity, at)?, self.history.event(at)?))
    }
}

fn since(last: &Event, event: &Event) -> i64 {
    event.time.saturating_sub(last.end.max(last.time))
}
