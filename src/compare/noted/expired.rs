//! Tokens that served after their own end.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Check, Stray, Sum, Tallies, counted};
use crate::compare::words::length;
use crate::event::{Doubt, Event, Evidence, Outcome};

/// Confidence at most of a write, and of a read where the server was seen to ask for a credential: the end is the token's own
/// word, and nobody proved the token.
const OWN_WORD: (f32, &str) = (0.8, "the token itself says when it ended");
/// Of any other read.
const OPEN: (f32, &str) = (0.4, "what is only read may be open to everybody, with any token or none");
/// Where no token served in its time.
const CLOCK: (f32, &str) = (0.4, "no token of this input served in its own time: its clock may be wrong");

/// Uses of tokens that say when they end.
#[derive(Clone, Debug, Default)]
pub(super) struct Uses {
    /// After the end, by who is named, credential and operation.
    late: BTreeMap<Key, Late>,
    /// Operations that serve without any credential.
    open: BTreeSet<Arc<str>>,
    /// Operations that were seen to refuse for want of one that is believed.
    guarded: BTreeSet<Arc<str>>,
    /// Sensors by whose clock some token served in its time.
    timely: BTreeSet<Arc<str>>,
}

/// Principal, credential and operation.
type Key = (Arc<str>, Arc<str>, Arc<str>);

#[derive(Clone, Debug)]
struct Late {
    sum: Sum,
    read: bool,
    /// Microseconds after the end, at most.
    most: i64,
    sensors: BTreeSet<Arc<str>>,
}

impl Late {
    fn add(&mut self, other: Late) {
        self.sum.add(other.sum);
        self.most = self.most.max(other.most);
        self.read &= other.read;
        self.sensors.extend(other.sensors);
    }
}

impl Uses {
    pub(super) fn note(&mut self, event: &Event, tallies: &mut Tallies) {
        let actor = &event.actor;
        let operation = event.operation.as_ref().unwrap_or(&event.path);
        if event.status == Some(401) {
            self.guarded.insert(Arc::clone(operation));
        }
        if event.outcome != Outcome::Accepted {
            return;
        }
        if actor.credential.is_none() && actor.evidence < Evidence::Asserted && actor.evidence != Evidence::Unproved {
            self.open.insert(Arc::clone(operation));
        }
        let Some(end) = actor.token_end else {
            // What a source does not show cannot be late.
            if !event.shows.headers && actor.evidence >= Evidence::Asserted {
                tallies.count(Check::TokenExpired, event.source, None);
            }
            return;
        };
        let late = actor.doubts.has(Doubt::Expired) && actor.evidence == Evidence::Unproved;
        if !late {
            self.timely.insert(Arc::clone(&event.sensor));
            tallies.count(Check::TokenExpired, event.source, Some(false));
            return;
        }
        // A session beside it may be what the server went by.
        let (Some(principal), Some(credential)) =
            (&actor.principal, actor.credential.as_ref().filter(|_| actor.also.is_empty()))
        else {
            return tallies.count(Check::TokenExpired, event.source, None);
        };
        let key = (Arc::clone(principal), Arc::clone(credential), Arc::clone(operation));
        let one = Late {
            sum: Sum::of(event),
            read: event.read,
            most: event.time.saturating_sub(end),
            sensors: BTreeSet::from([Arc::clone(&event.sensor)]),
        };
        self.add(key, one);
    }

    fn add(&mut self, key: Key, late: Late) {
        match self.late.get_mut(&key) {
            Some(known) => known.add(late),
            None => _ = self.late.insert(key, late),
        }
    }

    pub(super) fn merge(&mut self, other: Uses) {
        other.late.into_iter().for_each(|(key, late)| self.add(key, late));
        self.open.extend(other.open);
        self.guarded.extend(other.guarded);
        self.timely.extend(other.timely);
    }

    /// One for each token, over all operations that are not open to everybody.
    pub(super) fn found(self, tallies: &mut Tallies) -> Vec<Stray> {
        let mut tokens: BTreeMap<(Arc<str>, Arc<str>), (Late, bool)> = BTreeMap::new();
        for ((principal, credential, operation), late) in self.late {
            if late.read && self.open.contains(&operation) {
                tallies.count_many(Check::TokenExpired, late.sum.source, 0, late.sum.count);
                continue;
            }
            let sure = !late.read || self.guarded.contains(&operation);
            match tokens.get_mut(&(Arc::clone(&principal), Arc::clone(&credential))) {
                // What is sure does not become less so by what is beside it, nor is it told at that.
                Some((_, known)) if *known && !sure => {}
                Some(known) if !known.1 && sure => *known = (late, true),
                Some((known, _)) => known.add(late),
                None => _ = tokens.insert((principal, credential), (late, sure)),
            }
        }
        let found = tokens.into_values().map(|(late, sure)| {
            late.sum.count(Check::TokenExpired, tallies);
            let timely = late.sensors.iter().any(|sensor| self.timely.contains(sensor));
            let observed = format!("{} until {} after its end", counted(late.sum.count, "request"), length(late.most));
            let stray = late.sum.stray(Check::TokenExpired, "a token in its own time", vec![observed.into()]);
            let doubt = if !timely {
                CLOCK
            } else if sure {
                OWN_WORD
            } else {
                OPEN
            };
            Stray { doubt: Some(doubt), ..stray }
        });
        found.collect()
    }
}
