//! Deviations that no case shows: what the ledger of ids found, told by the events that show it.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::deviation::{Check, Deviation, Doubt};
use crate::event::{Event, EventId, ObjectId};

/// A deviation to be, without its events.
#[derive(Clone, Debug, PartialEq)]
pub struct Stray {
    /// What kind.
    pub check: Check,
    /// The deviating event.
    pub at: EventId,
    /// Events that show it.
    pub events: Vec<EventId>,
    /// What was to be expected.
    pub expected: Vec<Arc<str>>,
    /// What was seen instead.
    pub observed: Vec<Arc<str>>,
    /// Confidence at most, and why.
    pub doubt: Option<(f32, &'static str)>,
}

impl Stray {
    /// The deviation about an object, where its event is among those that were kept.
    pub fn deviation(self, object: Option<ObjectId>, kept: &BTreeMap<EventId, Event>) -> Option<Deviation> {
        let at = kept.get(&self.at)?;
        let mut events: Vec<&Event> = self.events.iter().chain([&self.at]).filter_map(|id| kept.get(id)).collect();
        events.sort_unstable_by_key(|event| event.order_key());
        events.dedup_by_key(|event| event.id);
        Some(Deviation {
            check: self.check,
            case: at.case.clone().filter(|_| object.is_some()),
            object,
            at: self.at,
            events: events.into_iter().cloned().collect(),
            constraint: None,
            severity: None,
            expected: self.expected,
            observed: self.observed,
            states: Vec::new(),
            restricted: false,
            moved: false,
            corrected: false,
            order_certainty: 1.0,
            completeness: 1.0,
            mid_life: false,
            doubt: self.doubt.map(|(at_most, because)| Doubt::new(at_most, because)),
        })
    }
}
