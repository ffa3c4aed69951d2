//! Whether all that is seen is what one client recorded of itself, and which steps others then took out of its sight.
//!
//! A HAR file shows one client. Where it is all there is, and one principal acts in it, the steps of everybody else (an
//! approver, a warehouse, a job) happened elsewhere: that they are not in it says nothing.

use std::collections::BTreeSet;
use std::sync::Arc;

use offpath_capture::Place;

use crate::event::{Event, Evidence, Outcome};
use crate::model::{ActivityId, Model};

/// Clients that are told apart: one more than none of it depends on.
const MOST_CLIENTS: usize = 2;

/// Principal, and the agent that acts for it.
type Client = (Arc<str>, Option<Arc<str>>);

/// From where the steps of a model were seen. Any order of noting and merging gives the same.
#[derive(Clone, Debug, Default)]
pub struct Vantage {
    /// Some step was seen by something other than a client that records itself.
    from_outside: bool,
    /// The first few clients, by name.
    clients: BTreeSet<Client>,
    /// Steps that were taken.
    taken: BTreeSet<ActivityId>,
}

impl Vantage {
    /// Notes a step.
    pub(super) fn note(&mut self, event: &Event, activity: ActivityId) {
        self.from_outside |= !matches!(event.origin.place, Place::Entry { .. });
        if event.outcome != Outcome::Rejected {
            self.taken.insert(activity);
        }
        let known = event.actor.principal.as_ref().filter(|_| event.actor.evidence >= Evidence::Unbound);
        if let Some(principal) = known {
            self.add((principal.clone(), event.actor.agent.clone()));
        }
    }

    /// Adds what another thread noted.
    pub fn merge(&mut self, other: Vantage) {
        self.from_outside |= other.from_outside;
        self.taken.extend(other.taken);
        other.clients.into_iter().for_each(|client| self.add(client));
    }

    fn add(&mut self, client: Client) {
        self.clients.insert(client);
        if self.clients.len() > MOST_CLIENTS {
            self.clients.pop_last();
        }
    }

    /// Where one client recorded itself and nothing else is seen: the steps of the model that it never took.
    pub fn steps_of_others(&self, model: &Model) -> Option<BTreeSet<ActivityId>> {
        let alone = !self.from_outside && self.clients.len() == 1;
        let all = (0..model.activities.len()).filter_map(|index| u16::try_from(index).ok().map(ActivityId));
        alone.then(|| all.filter(|activity| !self.taken.contains(activity)).collect())
    }
}
