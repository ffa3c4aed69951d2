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
/// Where the request shows another credential of which nobody knows what it is good for.
const BESIDE: (f32, &str) = (0.4, "another credential beside the token may be what the server went by");
/// Where no token served in its time.
const CLOCK: (f32, &str) = (0.4, "no token of this input served in its own time: its clock may be wrong");

/// Uses of tokens that say when they end.
#[derive(Clone, Debug, Default)]
pub(super) struct Uses {
    /// After the end, by who is named, credential and operation.
    late: BTreeMap<Key, Late>,
    /// Operations that serve without any credential.
    open: BTreeSet<Place>,
    /// Operations that were seen to refuse for want of one that is believed.
    guarded: BTreeSet<Place>,
    /// Sensors by whose clock some token served in its time.
    timely: BTreeSet<Arc<str>>,
}

/// Host and operation: what one server is open to says nothing of another.
type Place = (Option<Arc<str>>, Arc<str>);

/// Principal, credential, where, and whether another credential was beside it.
type Key = (Arc<str>, Arc<str>, Place, bool);

/// What a use of a token rests on, the surest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Footing {
    Own,
    Open,
    Beside,
}

impl Footing {
    fn doubt(self) -> (f32, &'static str) {
        match self {
            Footing::Own => OWN_WORD,
            Footing::Open => OPEN,
            Footing::Beside => BESIDE,
        }
    }
}

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
        let place = || (event.host.clone(), Arc::clone(operation));
        if event.status == Some(401) {
            self.guarded.insert(place());
        }
        if event.outcome != Outcome::Accepted {
            return;
        }
        if actor.credential.is_none() && actor.evidence < Evidence::Asserted && actor.evidence != Evidence::Unproved {
            self.open.insert(place());
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
        let (Some(principal), Some(credential)) = (&actor.principal, &actor.credential) else {
            return tallies.count(Check::TokenExpired, event.source, None);
        };
        // A session beside it may be what the server went by; who shows it may also have made it up.
        let key = (Arc::clone(principal), Arc::clone(credential), place(), !actor.also.is_empty());
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
        let mut tokens: BTreeMap<(Arc<str>, Arc<str>), (Late, Footing)> = BTreeMap::new();
        for ((principal, credential, place, beside), late) in self.late {
            let (open, guarded) = (self.open.contains(&place), self.guarded.contains(&place));
            if late.read && open && !guarded {
                tallies.count_many(Check::TokenExpired, late.sum.source, 0, late.sum.count);
                continue;
            }
            let footing = match (beside, late.read && !guarded) {
                (true, _) => Footing::Beside,
                (false, true) => Footing::Open,
                (false, false) => Footing::Own,
            };
            match tokens.get_mut(&(Arc::clone(&principal), Arc::clone(&credential))) {
                // What is sure does not become less so by what is beside it, nor is it told at that.
                Some((_, known)) if *known < footing => {}
                Some(known) if footing < known.1 => *known = (late, footing),
                Some((known, _)) => known.add(late),
                None => _ = tokens.insert((principal, credential), (late, footing)),
            }
        }
        let found = tokens.into_values().map(|(late, footing)| {
            late.sum.count(Check::TokenExpired, tallies);
            let timely = late.sensors.iter().any(|sensor| self.timely.contains(sensor));
            let observed = format!("{} until {} after its end", counted(late.sum.count, "request"), length(late.most));
            let stray = late.sum.stray(Check::TokenExpired, "a token in its own time", vec![observed.into()]);
            let doubt = if timely { footing.doubt() } else { CLOCK };
            Stray { doubt: Some(doubt), ..stray }
        });
        found.collect()
    }
}
