//! What is noted of every event, whatever its case: what tokens were used for, and what can be told from record to record.
//!
//! Sums over events that commute, one for each actor and cause, so that the order and partition of the input do not matter.
//! They grow with what is found, with services and with operations, not with events.

mod expired;
mod looped;
mod shadowed;
mod uncorrelated;
mod unnamed;
mod widened;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::deviation::{Check, Tallies};
use super::stray::Stray;
use crate::event::{Event, EventId, OrderKey};
use crate::model::Model;

/// What all events together show, as far as they were noted.
#[derive(Clone, Debug, Default)]
pub struct Noted {
    tallies: Tallies,
    expired: expired::Uses,
    unnamed: unnamed::Writes,
    widened: widened::Exchanges,
    uncorrelated: uncorrelated::Services,
    shadowed: shadowed::Tools,
    looped: looped::Chains,
}

impl Noted {
    /// Notes an event of which everything is known that others tell.
    pub fn note(&mut self, event: &Event) {
        self.expired.note(event, &mut self.tallies);
        self.unnamed.note(event, &mut self.tallies);
        self.widened.note(event, &mut self.tallies);
        self.uncorrelated.note(event);
        self.shadowed.note(event);
        self.looped.note(event, &mut self.tallies);
    }

    /// Adds what was noted of others.
    pub fn merge(&mut self, other: Noted) {
        self.tallies.add(&other.tallies);
        self.expired.merge(other.expired);
        self.unnamed.merge(other.unnamed);
        self.widened.merge(other.widened);
        self.uncorrelated.merge(other.uncorrelated);
        self.shadowed.merge(other.shadowed);
        self.looped.merge(other.looped);
    }

    /// What deviates, and how often each check was decided; by the tools that the `model` names, where there is one.
    pub fn found(self, model: Option<&Model>) -> (Vec<Stray>, Tallies) {
        let Noted { mut tallies, expired, unnamed, widened, uncorrelated, shadowed, looped } = self;
        let mut strays = expired.found(&mut tallies);
        strays.extend(unnamed.found(&mut tallies));
        strays.extend(widened.found(&mut tallies));
        strays.extend(uncorrelated.found(&mut tallies));
        strays.extend(shadowed.found(model, &mut tallies));
        strays.extend(looped.found(&mut tallies));
        (strays, tallies)
    }
}

/// Events of one actor and cause: how many, and the first and the last of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Sum {
    count: u64,
    first: OrderKey,
    last: OrderKey,
    source: &'static str,
}

impl Sum {
    fn of(event: &Event) -> Sum {
        let key = event.order_key();
        Sum { count: 1, first: key, last: key, source: event.source }
    }

    fn add(&mut self, other: Sum) {
        self.count += other.count;
        if other.first < self.first {
            (self.first, self.source) = (other.first, other.source);
        }
        self.last = self.last.max(other.last);
    }

    /// The deviation at the first event, with the last one as far as there are several.
    fn stray(self, check: Check, expected: &str, observed: Vec<Arc<str>>) -> Stray {
        let at: EventId = self.first.2;
        Stray { check, at, events: vec![at, self.last.2], expected: vec![expected.into()], observed, doubt: None }
    }

    /// Counts the decisions against, those beyond the first too.
    fn count(self, check: Check, tallies: &mut Tallies) {
        tallies.count(check, self.source, Some(true));
        tallies.count_many(check, self.source, self.count - 1, 0);
        if let Some(tally) = tallies.0.get_mut(&(check, self.source)) {
            tally.violated += self.count - 1;
        }
    }
}

/// Adds a sum to those under its key.
fn add<K: Ord>(sums: &mut BTreeMap<K, Sum>, key: K, sum: Sum) {
    sums.entry(key).and_modify(|known| known.add(sum)).or_insert(sum);
}

/// `1 request` or `3 requests`.
fn counted(count: u64, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

#[cfg(test)]
mod tests;
