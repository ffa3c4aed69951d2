//! Observed against intended: pure functions of sorted events and a model.
//!
//! [`Comparer`] compiles a model once. [`Comparer::case`] replays every object of a case through its lifecycle and judges
//! the constraints within the case; [`Comparer::window`] judges those that run over time across cases. What is not known
//! (an unseen field, an unknown order, a lost packet) never makes a deviation. `docs/conformance.md` explains the method.

pub mod access;
pub mod alignment;
pub mod automaton;
mod belief;
mod blindness;
#[cfg(test)]
pub(crate) mod builder;
mod case;
mod classify;
mod constraint;
pub mod course;
mod delegation;
mod deletion;
pub mod deviation;
mod dominance;
mod effect;
mod family;
mod history;
mod laps;
mod measure;
mod mixed;
mod moves;
mod negative;
mod noted;
mod order;
mod permission;
mod plan;
mod replay;
mod retry;
mod scope;
mod spoken;
mod step;
mod stray;
mod sum;
mod tenancy;
#[cfg(test)]
mod tests;
pub mod threshold;
mod timeline;
mod unattributed;
mod unmodelled;
mod unordered;
mod unplaced;
mod vantage;
mod variants;
mod window;
mod words;
mod written;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::event::{Event, ObjectId, Outcome};
use crate::model::{ActorNaming, CheckOptions, Model};

pub use blindness::Blindness;
pub use deviation::{CaseResult, Check, Deviation, Doubt, Measures, StateChange, StateMove, Tallies, Tally, Trace};
pub use laps::{Clock, Laps, Part};
pub use noted::Noted;
pub use order::is_retry;
pub use permission::{is_named, kind_is_seen, roles_are_seen};
pub use stray::Stray;
pub use unattributed::Unattributed;
pub use vantage::Vantage;
pub use window::{Watch, WindowKey};
pub(crate) use words::length;

/// A model compiled for comparison, or none: a few checks need no model.
#[derive(Debug)]
pub struct Comparer {
    plan: plan::Plan,
}

impl Comparer {
    /// Compiles a model. A lifecycle of more than [`automaton::MAX_STATES`] states is not compiled; its objects are
    /// counted as not evaluable.
    pub fn new(model: Option<Arc<Model>>) -> Self {
        Comparer { plan: plan::Plan::new(model.unwrap_or_else(|| Arc::new(nothing()))) }
    }

    /// With a clock, by which results say how long their parts took.
    #[must_use]
    pub fn timed(mut self, clock: Option<Arc<dyn Clock>>) -> Self {
        self.plan.clock = clock;
        self
    }

    /// With another budget than a case is worth, so that exhausting it needs no large case.
    #[cfg(test)]
    fn with_looks(mut self, looks: u64) -> Self {
        self.plan.looks = looks;
        self
    }

    /// Compares one case: all events whose root object is `case`, sorted by [`Event::order_key`]. Events that belong to
    /// no case are compared with `None`.
    pub fn case(&self, case: Option<&ObjectId>, events: &[Event], blindness: &Blindness) -> CaseResult {
        case::compare(&self.plan, case, events, blindness)
    }

    /// Whether the model was in force at an event; what another version governed is not judged.
    pub fn in_force(&self, event: &Event) -> bool {
        self.plan.in_force(event)
    }

    /// Notes a step of which the source does not show on which object it was: it may concern any of its type.
    pub fn note_unattributed(&self, event: &Event, into: &mut Unattributed) {
        if event.may_hide_calls() && event.outcome != Outcome::Rejected {
            return self.note_hidden_calls(event, into);
        }
        let whole = event.shows.request_body && event.shows.response_body && event.shows.headers;
        let Some(activity) = self.plan.activity(event).filter(|_| event.outcome != Outcome::Rejected) else {
            return;
        };
        for object_type in self.plan.concerned(activity) {
            let unplaced = || event.unplaced.iter().any(|name| self.plan.object_type(name) == Some(*object_type));
            if whole && !unplaced() {
                continue;
            }
            if event.objects.iter().all(|o| self.plan.object_type(&o.id.object_type) != Some(*object_type)) {
                let to = event.end.max(event.time).saturating_add(event.tick.max(1) - 1);
                into.add(*object_type, activity, event.time, to);
                if event.outcome == Outcome::Accepted && !event.read {
                    into.count(*object_type, activity);
                }
            }
        }
    }

    /// Notes from where a step of the model was seen.
    pub fn note_vantage(&self, event: &Event, into: &mut Vantage) {
        into.note(event, self.plan.activity(event));
    }

    /// A body that is not shown may hold any of the calls that the model knows inside bodies.
    fn note_hidden_calls(&self, event: &Event, into: &mut Unattributed) {
        let to = event.end.max(event.time).saturating_add(event.tick.max(1) - 1);
        for activity in &self.plan.inside_bodies {
            for object_type in self.plan.concerned(*activity) {
                into.add(*object_type, *activity, event.time, to);
            }
        }
    }

    /// The state changes of steps that were noted without their object, counted like those of a case.
    pub fn unattributed_moves(&self, noted: &Unattributed) -> BTreeMap<StateMove, u64> {
        moves::unattributed(&self.plan, noted)
    }

    /// Groups, across cases, in which the event has to be looked at again. Few events have any.
    pub fn window_keys(&self, event: &Event) -> Vec<WindowKey> {
        window::keys(Some(&self.plan), event)
    }

    /// Judges one group: all events that have this key, sorted by [`Event::order_key`].
    pub fn window(&self, key: &WindowKey, events: &[Event], blindness: &Blindness) -> CaseResult {
        window::judge(&self.plan, key, events, blindness)
    }
}

/// The model that says nothing.
fn nothing() -> Model {
    Model {
        id: "".into(),
        version: "".into(),
        owner: None,
        draft: false,
        hash: String::new(),
        file: String::new(),
        in_force: (None, None),
        actors: ActorNaming { role_map: BTreeMap::new(), ..ActorNaming::default() },
        object_types: Vec::new(),
        activities: Vec::new(),
        lifecycles: Vec::new(),
        constraints: Vec::new(),
        delegations: Vec::new(),
        check: CheckOptions::default(),
        captured_paths: Vec::new(),
        documents: Vec::new(),
    }
}
