//! Inspection: what was seen, counted; sums of parts are the sum of the whole.

use std::collections::BTreeMap;
use std::hash::BuildHasher as _;
use std::sync::Arc;

use foldhash::fast::FixedState;
use hashbrown::HashSet;

use super::extract::{Extracted, Sighting};
use super::object::KeySource;
use crate::event::{Event, Evidence, Outcome};

/// Counts of operations, actors, objects and protocols.
#[derive(Clone, Debug, Default)]
pub struct Inspection {
    exchanges: u64,
    unmatched: u64,
    protocols: BTreeMap<&'static str, u64>,
    operations: BTreeMap<Called, (u64, u64)>,
    actors: BTreeMap<Evidence, (Distinct, u64)>,
    objects: BTreeMap<Arc<str>, Seen>,
}

/// Distinct texts by 64 bits of hash: among ten million, two fall together once in 400,000 runs, and a count is one less.
#[derive(Clone, Debug, Default)]
struct Distinct(HashSet<u64, FixedState>);

impl Distinct {
    fn insert(&mut self, text: &str) {
        self.0.insert(FixedState::default().hash_one(text));
    }

    fn merge(&mut self, other: Distinct) {
        if self.0.len() < other.0.len() {
            let mine = std::mem::replace(self, other);
            self.0.extend(mine.0);
        } else {
            self.0.extend(other.0);
        }
    }

    fn len(&self) -> usize {
        self.0.len()
    }
}

/// Operation and activity.
type Called = (Arc<str>, Option<Arc<str>>);

#[derive(Clone, Debug, Default)]
struct Seen {
    keys: Distinct,
    events: u64,
    sources: BTreeMap<KeySource, u64>,
    guessed: bool,
}

/// One operation's exchanges.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperationCount {
    /// Method and template.
    pub name: Arc<str>,
    /// Activity of the model, if it is one.
    pub activity: Option<Arc<str>>,
    /// Exchanges.
    pub exchanges: u64,
    /// Of these, accepted.
    pub accepted: u64,
}

/// Actors established in one way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActorCount {
    /// How.
    pub evidence: Evidence,
    /// Distinct principals.
    pub principals: u64,
    /// Events.
    pub events: u64,
}

/// Objects of one type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectCount {
    /// Name.
    pub object_type: Arc<str>,
    /// Distinct objects.
    pub objects: u64,
    /// Events that touch one.
    pub events: u64,
    /// Where keys come from.
    pub key_sources: BTreeMap<KeySource, u64>,
    /// Whether the type is a guess from paths and bodies rather than the model's word.
    pub guessed: bool,
}

impl Inspection {
    /// Nothing seen yet.
    pub fn new() -> Inspection {
        Inspection::default()
    }

    /// Counts one exchange after its events were resolved.
    pub fn add(&mut self, protocol: &'static str, extracted: &Extracted) {
        self.add_exchange(protocol, &extracted.events, &extracted.sightings);
        extracted.events.iter().for_each(|e| self.add_event(e));
    }

    /// Counts one exchange: its protocol, operation and key sources. `events` need not be resolved.
    pub fn add_exchange(&mut self, protocol: &'static str, events: &[Event], sightings: &[Sighting]) {
        self.exchanges += 1;
        *self.protocols.entry(protocol).or_default() += 1;
        // Without a request, or without a known path, nothing was called that has a name.
        match events.first().and_then(|e| Some((e.operation.clone()?, e))) {
            Some((operation, event)) => {
                let count = self.operations.entry((operation, event.activity.clone())).or_default();
                count.0 += 1;
                count.1 += u64::from(event.outcome == Outcome::Accepted);
            }
            None => self.unmatched += 1,
        }
        for sighting in sightings {
            let seen = self.objects.entry(sighting.object_type.clone()).or_default();
            *seen.sources.entry(sighting.source).or_default() += 1;
            seen.guessed |= sighting.guessed;
        }
    }

    /// Counts one resolved event: its actor and objects.
    pub fn add_event(&mut self, event: &Event) {
        let actor = self.actors.entry(event.actor.evidence).or_default();
        actor.1 += 1;
        event.actor.principal.iter().for_each(|principal| actor.0.insert(principal));
        let mut counted: Vec<&Arc<str>> = Vec::new();
        for object in &event.objects {
            let seen = self.objects.entry(object.id.object_type.clone()).or_default();
            seen.keys.insert(&object.id.key);
            if !counted.contains(&&object.id.object_type) {
                counted.push(&object.id.object_type);
                seen.events += 1;
            }
        }
    }

    /// Adds the counts of another part of the input.
    pub fn merge(&mut self, other: Inspection) {
        self.exchanges += other.exchanges;
        self.unmatched += other.unmatched;
        for (protocol, count) in other.protocols {
            *self.protocols.entry(protocol).or_default() += count;
        }
        for (operation, (exchanges, accepted)) in other.operations {
            let mine = self.operations.entry(operation).or_default();
            mine.0 += exchanges;
            mine.1 += accepted;
        }
        for (evidence, (principals, events)) in other.actors {
            let mine = self.actors.entry(evidence).or_default();
            mine.0.merge(principals);
            mine.1 += events;
        }
        for (object_type, seen) in other.objects {
            let mine = self.objects.entry(object_type).or_default();
            mine.keys.merge(seen.keys);
            mine.events += seen.events;
            mine.guessed |= seen.guessed;
            for (source, count) in seen.sources {
                *mine.sources.entry(source).or_default() += count;
            }
        }
    }

    /// Exchanges counted.
    pub fn exchanges(&self) -> u64 {
        self.exchanges
    }

    /// Exchanges that called no named operation.
    pub fn unmatched(&self) -> u64 {
        self.unmatched
    }

    /// Exchanges by protocol.
    pub fn protocols(&self) -> &BTreeMap<&'static str, u64> {
        &self.protocols
    }

    /// Operations, most exchanges first, then by name.
    pub fn operations(&self) -> Vec<OperationCount> {
        let mut all: Vec<OperationCount> = self
            .operations
            .iter()
            .map(|((name, activity), (exchanges, accepted))| OperationCount {
                name: name.clone(),
                activity: activity.clone(),
                exchanges: *exchanges,
                accepted: *accepted,
            })
            .collect();
        all.sort_by(|a, b| b.exchanges.cmp(&a.exchanges).then_with(|| a.name.cmp(&b.name)));
        all
    }

    /// Actors by evidence, strongest first.
    pub fn actors(&self) -> Vec<ActorCount> {
        let counts = self.actors.iter().rev().map(|(evidence, (principals, events))| ActorCount {
            evidence: *evidence,
            principals: principals.len() as u64,
            events: *events,
        });
        counts.collect()
    }

    /// Object types by name.
    pub fn objects(&self) -> Vec<ObjectCount> {
        let counts = self.objects.iter().map(|(object_type, seen)| ObjectCount {
            object_type: object_type.clone(),
            objects: seen.keys.len() as u64,
            events: seen.events,
            key_sources: seen.sources.clone(),
            guessed: seen.guessed,
        });
        counts.collect()
    }

    /// Distinct operations, principals and object keys held, so that a caller can bound memory.
    pub fn len(&self) -> usize {
        let principals: usize = self.actors.values().map(|(p, _)| p.len()).sum();
        let keys: usize = self.objects.values().map(|s| s.keys.len()).sum();
        self.operations.len() + principals + keys
    }

    /// Whether nothing was counted.
    pub fn is_empty(&self) -> bool {
        self.exchanges == 0 && self.actors.is_empty()
    }
}
