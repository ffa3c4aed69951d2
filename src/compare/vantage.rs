//! Whether all that is seen is what one client recorded of itself, and which steps others then took out of its sight.
//!
//! A HAR file shows one client. Where it is all there is, one principal acts in it, and the server shows a state to which no
//! step of this client leads, others (an approver, a warehouse, a job) act elsewhere: that a step which this client never
//! took is not in it says nothing. Any other recording is judged as it stands: who skips a step in his own browser is found.

use std::collections::BTreeSet;
use std::sync::Arc;

use offpath_capture::Place;

use crate::event::{Event, Evidence, Outcome};
use crate::model::{ActivityId, Lifecycle, Model};

/// Clients that are told apart: one more than none of it depends on.
const MOST_CLIENTS: usize = 2;
/// States that are kept; a model has fewer.
const MOST_STATES: usize = 1 << 10;

/// Principal, and the agent that acts for it.
type Client = (Arc<str>, Option<Arc<str>>);

/// From where the steps of a model were seen. Any order of noting and merging gives the same.
#[derive(Clone, Debug, Default)]
pub struct Vantage {
    /// Something was seen by other means than a client that records itself.
    from_outside: bool,
    /// The first few clients, by name.
    clients: BTreeSet<Client>,
    /// Steps that were taken.
    taken: BTreeSet<ActivityId>,
    /// States that the server declared, by type.
    shown: BTreeSet<(Arc<str>, Arc<str>)>,
}

impl Vantage {
    /// Notes who sent an exchange, the states that it shows, and the step that it is.
    pub(super) fn note(&mut self, event: &Event, activity: Option<ActivityId>) {
        for object in &event.objects {
            if let Some(state) = &object.declared_state {
                self.show((object.id.object_type.clone(), state.clone()));
            }
        }
        self.from_outside |= !matches!(event.origin.place, Place::Entry { .. });
        let known = event.actor.principal.as_ref().filter(|_| event.actor.evidence >= Evidence::Unbound);
        if let Some(principal) = known {
            self.add((principal.clone(), event.actor.agent.clone()));
        }
        self.taken.extend(activity.filter(|_| event.outcome != Outcome::Rejected));
    }

    /// Adds what another thread noted.
    pub fn merge(&mut self, other: Vantage) {
        self.from_outside |= other.from_outside;
        self.taken.extend(other.taken);
        other.clients.into_iter().for_each(|client| self.add(client));
        other.shown.into_iter().for_each(|state| self.show(state));
    }

    fn add(&mut self, client: Client) {
        self.clients.insert(client);
        if self.clients.len() > MOST_CLIENTS {
            self.clients.pop_last();
        }
    }

    fn show(&mut self, state: (Arc<str>, Arc<str>)) {
        self.shown.insert(state);
        if self.shown.len() > MOST_STATES {
            self.shown.pop_last();
        }
    }

    /// Where one client recorded itself and nothing else is seen: the steps of the model that others took or may have.
    pub fn steps_of_others(&self, model: &Model) -> Option<BTreeSet<ActivityId>> {
        if self.from_outside || self.clients.len() != 1 {
            return None;
        }
        if !model.lifecycles.iter().any(|life| self.shows_others(model, life)) {
            return None;
        }
        let all = (0..model.activities.len()).filter_map(|index| u16::try_from(index).ok().map(ActivityId));
        let steps: BTreeSet<_> = all.filter(|step| !self.taken.contains(step)).collect();
        (!steps.is_empty()).then_some(steps)
    }

    /// Whether the server shows a state of a lifecycle to which nothing leads but steps that this client never took.
    fn shows_others(&self, model: &Model, life: &Lifecycle) -> bool {
        let Some(of) = model.object_types.get(usize::from(life.object_type.0)) else { return false };
        let own = |activity: ActivityId| {
            let by_itself = model.activities.get(usize::from(activity.0)).is_some_and(|activity| activity.unseen);
            by_itself || self.taken.contains(&activity)
        };
        let shown = self.shown.iter().filter(|(object_type, _)| **object_type == *of.name);
        let mut states = shown.filter_map(|(_, name)| life.states.iter().position(|state| state.is_called(name)));
        states.any(|state| {
            let mut led = life.transitions.iter().filter(|one| one.to == state).peekable();
            state != life.initial && led.peek().is_some() && led.all(|one| !own(one.activity))
        })
    }
}
