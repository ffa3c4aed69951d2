//! Inspection: what was seen, counted; sums of parts are the sum of the whole.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::BuildHasher as _;
use std::sync::Arc;

use foldhash::fast::{FixedState, RandomState};
use hashbrown::HashSet;
use offpath_capture::Protocol;

use super::extract::{Extracted, Sighting};
use super::hosts::HostedType;
use super::object::KeySource;
use super::premises::{Premise, Premises};
use super::reuse::{Reuse, ReusedKey};
use super::tenants::{Named, Tenants};
use super::unmodelled::{UnmodelledCount, UnmodelledSums, Why};
use crate::event::partition::stable_hash;
use crate::event::{Event, Evidence, Outcome};

/// Object types that are kept, as they are first read and as they are counted; of more, those with the least hashes.
const MOST_TYPES: usize = 4_096;

/// Peers that speak for others, and names of cookies, that are kept; of more, those with the least hashes.
const MOST_PEERS: usize = 256;

/// Counts of operations, actors, objects and protocols.
#[derive(Clone, Debug, Default)]
pub struct Inspection {
    exchanges: u64,
    unmatched: u64,
    not_asked: u64,
    unmodelled: UnmodelledSums,
    left_out: u64,
    protocols: BTreeMap<&'static str, u64>,
    calls: BTreeMap<&'static str, u64>,
    operations: BTreeMap<Called, (u64, u64)>,
    actors: BTreeMap<Evidence, (Distinct, u64)>,
    sightings: BTreeMap<(u64, Arc<str>), Sources>,
    objects: BTreeMap<(u64, Arc<str>), Touched>,
    known_addresses: Distinct,
    /// Exchanges by nobody who is known, by a cookie that they carry.
    cookies: BTreeMap<(u64, Arc<str>), u64>,
    /// By peer, for whom it says to speak.
    forwards: BTreeMap<(u64, Arc<str>), Spoken>,
    doubts: BTreeMap<&'static str, u64>,
    sessions: Distinct,
    runs: Distinct,
    reuse: Reuse,
    /// Values that each rule of redaction catches.
    caught: Vec<u64>,
    tenants: Named,
    premises: Premises,
}

/// Distinct texts by 64 bits of hash: among ten million, two fall together once in 400,000 runs, and a count is one less.
#[derive(Clone, Debug, Default)]
struct Distinct(HashSet<u64, RandomState>);

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

/// For whom a peer speaks.
#[derive(Clone, Debug, Default)]
struct Spoken {
    /// By what it says.
    addresses: Distinct,
    /// Who acted, where that is known by more than an address and was accepted.
    principals: Distinct,
}

/// A peer that says to speak for several addresses without being a declared proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forwards {
    /// Its address, as it may be shown.
    pub peer: Arc<str>,
    /// Addresses that it says to speak for: one client can say any number.
    pub addresses: u64,
    /// Principals whom an identity provider or a login tells, and whose requests were accepted from it.
    pub principals: u64,
}

/// Operation and activity.
type Called = (Arc<str>, Option<Arc<str>>);

/// Where keys of one type were, before its events are resolved.
#[derive(Clone, Debug, Default)]
struct Sources {
    counts: BTreeMap<KeySource, u64>,
    guessed: bool,
}

/// Objects of one type in resolved events.
#[derive(Clone, Debug, Default)]
struct Touched {
    keys: Distinct,
    events: u64,
}

/// The entry of a type, unless it has no place among the least by hash.
fn of_type<'a, V: Default>(all: &'a mut BTreeMap<(u64, Arc<str>), V>, object_type: &Arc<str>) -> Option<&'a mut V> {
    let key = (stable_hash([object_type.as_bytes()]), Arc::clone(object_type));
    if all.len() >= MOST_TYPES && !all.contains_key(&key) {
        all.last_key_value().filter(|(last, _)| **last > key)?;
        all.pop_last();
    }
    Some(all.entry(key).or_default())
}

/// One operation's exchanges.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperationCount {
    /// Method and template.
    pub name: Arc<str>,
    /// Activity of the model, if it is one.
    pub activity: Option<Arc<str>>,
    /// Exchanges; calls, where it is a call inside bodies.
    pub exchanges: u64,
    /// Of these, accepted.
    pub accepted: u64,
}

/// Exchanges of one path, or calls of one name, that neither the model nor a document knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnmatchedCount {
    /// Method and template; sort and name of a call inside a body.
    pub name: Arc<str>,
    /// Exchanges.
    pub exchanges: u64,
    /// Of these, the ones of which no refusal was seen.
    pub unrefused: u64,
}

/// Actors established in one way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActorCount {
    /// How.
    pub evidence: Evidence,
    /// Distinct principals that no stronger evidence tells; an address from which someone known acted is nobody else.
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
        self.add_exchange(protocol, extracted);
        extracted.events.iter().for_each(|e| self.add_event(e));
    }

    /// Counts one exchange: its protocol, operation and key sources. Its events need not be resolved.
    pub fn add_exchange(&mut self, protocol: &'static str, extracted: &Extracted) {
        self.add_read(protocol, extracted);
        self.add_calls(protocol, extracted);
        self.note_unmodelled(extracted);
        self.count_sightings(&extracted.sightings);
        self.note_keys(extracted);
    }

    fn note_unmodelled(&mut self, extracted: &Extracted) {
        extracted.unmodelled.iter().for_each(|call| self.unmodelled.add(call));
    }

    /// Counts what an exchange called: itself, or each call in its body.
    fn add_calls(&mut self, protocol: &'static str, extracted: &Extracted) {
        if extracted.events.is_empty() {
            return self.add_unasked(protocol);
        }
        if extracted.calls.is_empty() {
            return self.add_called(extracted.events.first());
        }
        let firsts = extracted.calls.iter().filter_map(|at| extracted.events.get(*at as usize));
        let (named, unnamed): (Vec<_>, Vec<_>) = firsts.partition(|event| event.operation.is_some());
        named.into_iter().for_each(|event| self.add_called(Some(event)));
        self.unmatched += u64::from(!unnamed.is_empty() && !is_said(protocol));
    }

    /// Counts an exchange that calls nothing. What was said on a WebSocket is none.
    fn add_unasked(&mut self, protocol: &'static str) {
        self.not_asked += u64::from(!is_said(protocol));
    }

    /// Counts one exchange of which nobody knows yet what was called, because the places of ids are still being learnt.
    /// What was refused shows no object.
    pub fn add_unnamed_exchange(&mut self, protocol: &'static str, extracted: &Extracted) {
        self.add_read(protocol, extracted);
        if extracted.events.is_empty() {
            return self.add_unasked(protocol);
        }
        // Calls inside bodies are known, and counted, one by one.
        self.unmatched += extracted.calls.len().max(1) as u64;
        // What no document describes has a guessed name all the same.
        self.note_unmodelled(extracted);
        if extracted.events.iter().any(|event| event.outcome == Outcome::Accepted) {
            self.count_sightings(&extracted.sightings);
            self.note_keys(extracted);
        }
    }

    fn note_keys(&mut self, extracted: &Extracted) {
        let mut sightings = extracted.sightings.as_slice();
        for event in &extracted.events {
            self.tenants.add(event);
            let (own, rest) = sightings.split_at_checked(event.objects.len()).unwrap_or_default();
            sightings = rest;
            self.reuse.add(event, own);
        }
    }

    /// Object types of which several tenants or hosts have the same keys, by name.
    pub fn reused_keys(&self) -> Vec<ReusedKey> {
        self.reuse.reused()
    }

    /// Object types whose tenants have a host each, by name.
    pub fn hosted(&self) -> Vec<HostedType> {
        self.reuse.hosted()
    }

    /// Which names of tenants usually go together.
    pub fn tenants(&self) -> Tenants {
        self.tenants.usual()
    }

    /// Counts one exchange as read and nothing else: not yet known is whether anybody wants to look at it.
    pub fn add_read(&mut self, protocol: &'static str, extracted: &Extracted) {
        self.left_out += u64::from(extracted.left_out);
        // What was said on a WebSocket is counted by its calls: the exchange that opened it is one by itself.
        if !is_said(protocol) {
            self.exchanges += 1;
            *self.protocols.entry(protocol).or_default() += 1;
        }
        for (name, calls) in extracted.inside.iter().map(|count| count.named()) {
            *self.calls.entry(name).or_default() += calls;
        }
        self.add_caught(extracted.caught.iter().copied().map(u64::from));
        extracted.known_address.iter().for_each(|address| self.known_addresses.insert(address));
        extracted.cookie.iter().for_each(|name| self.add_cookie((stable_hash([name.as_bytes()]), Arc::clone(name)), 1));
        if let Some((peer, hop)) = &extracted.forwards {
            let mut spoken = Spoken { addresses: Distinct([*hop].into_iter().collect()), ..Spoken::default() };
            // Many a resource answers whatever token a client made up.
            let told =
                |event: &&Event| event.outcome == Outcome::Accepted && event.actor.evidence >= Evidence::Verified;
            let principals = extracted.events.iter().filter(told).filter_map(|event| event.actor.principal.as_deref());
            principals.for_each(|principal| spoken.principals.insert(principal));
            self.add_forwards((stable_hash([peer.as_bytes()]), peer.clone()), spoken);
        }
    }

    fn add_cookie(&mut self, name: (u64, Arc<str>), exchanges: u64) {
        *self.cookies.entry(name).or_default() += exchanges;
        if self.cookies.len() > MOST_PEERS {
            self.cookies.pop_last();
        }
    }

    /// Cookies that exchanges by nobody who is known carry, and how many do, by name.
    pub fn cookies(&self) -> BTreeMap<Arc<str>, u64> {
        self.cookies.iter().map(|((_, name), exchanges)| (Arc::clone(name), *exchanges)).collect()
    }

    fn add_caught(&mut self, caught: impl IntoIterator<Item = u64>) {
        for (rule, count) in caught.into_iter().enumerate() {
            match self.caught.get_mut(rule) {
                Some(sum) => *sum += count,
                None => self.caught.push(count),
            }
        }
    }

    /// Values that each rule of redaction caught, in the order of the rules.
    pub fn caught(&self) -> &[u64] {
        &self.caught
    }

    fn add_forwards(&mut self, peer: (u64, Arc<str>), spoken: Spoken) {
        let known = self.forwards.entry(peer).or_default();
        known.addresses.merge(spoken.addresses);
        known.principals.merge(spoken.principals);
        if self.forwards.len() > MOST_PEERS {
            self.forwards.pop_last();
        }
    }

    /// Peers that say to speak for several addresses without being declared proxies, those of most principals first.
    pub fn forwards(&self) -> Vec<Forwards> {
        let all = self.forwards.iter().map(|((_, peer), spoken)| Forwards {
            peer: peer.clone(),
            addresses: spoken.addresses.len() as u64,
            principals: spoken.principals.len() as u64,
        });
        let mut several: Vec<_> = all.filter(|forwards| forwards.addresses > 1).collect();
        let most = |forwards: &Forwards| (forwards.principals, forwards.addresses);
        several.sort_by(|a, b| most(b).cmp(&most(a)).then_with(|| a.peer.cmp(&b.peer)));
        several
    }

    /// Events by what speaks against their principals.
    pub fn doubts(&self) -> &BTreeMap<&'static str, u64> {
        &self.doubts
    }

    fn count_sightings(&mut self, sightings: &[Sighting]) {
        for sighting in sightings {
            let Some(seen) = of_type(&mut self.sightings, &sighting.object_type) else { continue };
            *seen.counts.entry(sighting.source).or_default() += 1;
            seen.guessed |= sighting.guessed;
        }
    }

    /// Counts what an exchange called, by its first event; an exchange without one called nothing that has a name.
    pub fn add_called(&mut self, event: Option<&Event>) {
        match event.and_then(|e| Some((e.operation.clone()?, e))) {
            Some((operation, event)) => {
                let count = self.operations.entry((operation, event.activity.clone())).or_default();
                count.0 += 1;
                count.1 += u64::from(event.outcome == Outcome::Accepted);
            }
            None => self.unmatched += 1,
        }
    }

    /// Paths and calls that neither the model nor a document knows, and of these the ones that nobody refused; most
    /// first, then by name.
    pub fn unmatched_paths(&self) -> Vec<UnmatchedCount> {
        let unknown = self.unmodelled().into_iter().filter(|count| matches!(count.why, Why::NotNamed | Why::NotRead));
        let path = |count: UnmodelledCount| UnmatchedCount {
            unrefused: count.calls.saturating_sub(count.refused),
            name: count.name,
            exchanges: count.calls,
        };
        unknown.map(path).collect()
    }

    /// What is no activity of the model, or of no document where there is no model; most calls first, then by name.
    pub fn unmodelled(&self) -> Vec<UnmodelledCount> {
        self.unmodelled.counts()
    }

    /// Counts operations whose exchanges were counted as unmatched: calls, and of these accepted ones.
    pub fn add_operations(&mut self, operations: impl IntoIterator<Item = (Arc<str>, (u64, u64))>) {
        for (name, (exchanges, accepted)) in operations {
            self.unmatched = self.unmatched.saturating_sub(exchanges);
            let count = self.operations.entry((name, None)).or_default();
            *count = (count.0 + exchanges, count.1 + accepted);
        }
    }

    /// Counts objects of a type that were learnt to stand in paths.
    pub fn add_learnt(&mut self, object_type: &Arc<str>) {
        if let Some(seen) = of_type(&mut self.sightings, object_type) {
            *seen.counts.entry(KeySource::Path).or_default() += 1;
            seen.guessed = true;
        }
    }

    /// Counts one resolved event: its actor and objects. What was refused shows no object.
    pub fn add_event(&mut self, event: &Event) {
        self.add_actor(event);
        if event.outcome == Outcome::Rejected {
            return;
        }
        let mut counted: Vec<&Arc<str>> = Vec::new();
        for object in &event.objects {
            let Some(seen) = of_type(&mut self.objects, &object.id.object_type) else { continue };
            seen.keys.insert(&object.id.key);
            if !counted.contains(&&object.id.object_type) {
                counted.push(&object.id.object_type);
                seen.events += 1;
            }
        }
    }

    /// Notes of one resolved event, read without a model, where a tenant may be told.
    pub fn add_premises(&mut self, event: &Event) {
        self.premises.add(event);
    }

    /// Places that may well tell tenants, where nobody tells them: a proposal, by which nothing is judged.
    pub fn premises(&self) -> Vec<Premise> {
        self.premises.told()
    }

    /// Counts the actor of one resolved event.
    pub fn add_actor(&mut self, event: &Event) {
        let actor = self.actors.entry(event.actor.evidence).or_default();
        actor.1 += 1;
        event.actor.principal.iter().for_each(|principal| actor.0.insert(principal));
        event.session.iter().for_each(|session| self.sessions.insert(session));
        event.run.iter().for_each(|run| self.runs.insert(run));
        for doubt in event.actor.doubts.iter() {
            *self.doubts.entry(doubt.as_str()).or_default() += 1;
        }
    }

    /// Adds the counts of another part of the input.
    pub fn merge(&mut self, other: Inspection) {
        self.exchanges += other.exchanges;
        self.unmatched += other.unmatched;
        self.not_asked += other.not_asked;
        self.left_out += other.left_out;
        self.unmodelled.merge(other.unmodelled);
        for (protocol, count) in other.protocols {
            *self.protocols.entry(protocol).or_default() += count;
        }
        for (protocol, count) in other.calls {
            *self.calls.entry(protocol).or_default() += count;
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
        self.known_addresses.merge(other.known_addresses);
        other.cookies.into_iter().for_each(|(name, exchanges)| self.add_cookie(name, exchanges));
        self.sessions.merge(other.sessions);
        self.runs.merge(other.runs);
        other.forwards.into_iter().for_each(|(peer, hops)| self.add_forwards(peer, hops));
        for (doubt, events) in other.doubts {
            *self.doubts.entry(doubt).or_default() += events;
        }
        self.reuse.merge(other.reuse);
        self.add_caught(other.caught);
        self.tenants.merge(other.tenants);
        self.premises.merge(other.premises);
        for ((_, object_type), seen) in other.sightings {
            let Some(mine) = of_type(&mut self.sightings, &object_type) else { continue };
            mine.guessed |= seen.guessed;
            for (source, count) in seen.counts {
                *mine.counts.entry(source).or_default() += count;
            }
        }
        for ((_, object_type), seen) in other.objects {
            let Some(mine) = of_type(&mut self.objects, &object_type) else { continue };
            mine.keys.merge(seen.keys);
            mine.events += seen.events;
        }
    }

    /// Spells of actors' activity.
    pub fn sessions(&self) -> u64 {
        self.sessions.len() as u64
    }

    /// Runs of agents.
    pub fn runs(&self) -> u64 {
        self.runs.len() as u64
    }

    /// Exchanges counted.
    pub fn exchanges(&self) -> u64 {
        self.exchanges
    }

    /// Exchanges that called no named operation.
    pub fn unmatched(&self) -> u64 {
        self.unmatched
    }

    /// Exchanges that called nothing: their requests were not seen, or no client asked.
    pub fn not_asked(&self) -> u64 {
        self.not_asked
    }

    /// Exchanges that ask for more than becomes events.
    pub fn left_out(&self) -> u64 {
        self.left_out
    }

    /// Exchanges by protocol.
    pub fn protocols(&self) -> &BTreeMap<&'static str, u64> {
        &self.protocols
    }

    /// Calls inside bodies, by protocol.
    pub fn calls(&self) -> &BTreeMap<&'static str, u64> {
        &self.calls
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

    /// Whether an operation was called.
    pub fn called(&self, operation: &str) -> bool {
        let first = self.operations.range((Arc::<str>::from(operation), None)..).next();
        first.is_some_and(|((name, _), _)| **name == *operation)
    }

    /// Actors by evidence, strongest first. Who is known in several ways is counted once, in the strongest: most people
    /// are only an address until they log in.
    pub fn actors(&self) -> Vec<ActorCount> {
        let mut counted: HashSet<u64, RandomState> = HashSet::default();
        let mut counts = Vec::new();
        for (evidence, (principals, events)) in self.actors.iter().rev() {
            let known = &self.known_addresses;
            let new = principals.0.iter().filter(|name| !known.0.contains(*name) && counted.insert(**name)).count();
            counts.push(ActorCount { evidence: *evidence, principals: new as u64, events: *events });
        }
        counts
    }

    /// Object types by name.
    pub fn objects(&self) -> Vec<ObjectCount> {
        // A guess that all traffic together took back leaves no object.
        let meant = self.sightings.iter().filter(|(_, seen)| !seen.guessed).map(|(key, _)| key);
        let all: BTreeSet<&(u64, Arc<str>)> = self.objects.keys().chain(meant).collect();
        let count = |key: &(u64, Arc<str>)| {
            let (touched, sources) = (self.objects.get(key), self.sightings.get(key));
            ObjectCount {
                object_type: Arc::clone(&key.1),
                objects: touched.map_or(0, |touched| touched.keys.len() as u64),
                events: touched.map_or(0, |touched| touched.events),
                key_sources: sources.map(|sources| sources.counts.clone()).unwrap_or_default(),
                // Models have fewer types than are kept.
                guessed: sources.is_none_or(|sources| sources.guessed),
            }
        };
        let mut counts: Vec<ObjectCount> = all.into_iter().map(count).collect();
        counts.sort_by(|a, b| a.object_type.cmp(&b.object_type));
        counts
    }

    /// Distinct operations, principals and object keys held, so that a caller can bound memory.
    pub fn len(&self) -> usize {
        let principals: usize = self.actors.values().map(|(p, _)| p.len()).sum();
        let keys: usize = self.objects.values().map(|s| s.keys.len()).sum();
        self.operations.len() + self.unmodelled.len() + self.known_addresses.len() + principals + keys
    }

    /// Whether nothing was counted.
    pub fn is_empty(&self) -> bool {
        self.exchanges == 0 && self.actors.is_empty()
    }
}

/// Whether it was said on a WebSocket.
fn is_said(protocol: &str) -> bool {
    protocol == Protocol::WebSocket.as_str()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::sample;

    fn by(principal: &str, evidence: Evidence) -> Extracted {
        let mut event = sample::event(1);
        (event.actor.principal, event.actor.evidence) = (Some(principal.into()), evidence);
        Extracted { events: vec![event], ..Extracted::default() }
    }

    #[test]
    fn who_logs_in_is_one_person() {
        let mut seen = Inspection::new();
        seen.add("http1", &by("addr:1", Evidence::Address));
        seen.add("http1", &Extracted { known_address: Some("addr:1".into()), ..by("anna", Evidence::Claims) });
        seen.add("http1", &by("anna", Evidence::Asserted));
        seen.add("http1", &by("addr:2", Evidence::Address));
        let people: Vec<_> = seen.actors().iter().map(|a| (a.evidence, a.principals, a.events)).collect();
        assert_eq!(people, [(Evidence::Claims, 1, 1), (Evidence::Asserted, 0, 1), (Evidence::Address, 1, 2)]);
    }

    #[test]
    fn peers_that_speak_for_several_are_told() {
        let forwarded = |peer: &str, hop, who: &str, evidence| Extracted {
            forwards: Some((peer.into(), hop)),
            ..by(who, evidence)
        };
        let (mut one, mut two) = (Inspection::new(), Inspection::new());
        [1, 2, 2].into_iter().for_each(|hop| one.add("http1", &forwarded("10.0.0.1", hop, "a", Evidence::Verified)));
        [2, 3].into_iter().for_each(|hop| two.add("http1", &forwarded("10.0.0.1", hop, "b", Evidence::Verified)));
        // One client says what it likes, also who it is.
        for hop in 0..9 {
            let user = format!("u{hop}");
            one.add("http1", &forwarded("10.0.0.2", hop, "a", Evidence::Verified));
            two.add("http1", &forwarded("10.0.0.2", hop, &user, Evidence::Claims));
            let mut refused = forwarded("10.0.0.2", hop, &user, Evidence::Verified);
            refused.events.iter_mut().for_each(|event| event.outcome = Outcome::Rejected);
            two.add("http1", &refused);
        }
        two.add("http1", &forwarded("10.0.0.3", 9, "a", Evidence::Verified));
        one.merge(two);
        let told = |peer: &str, addresses, principals| Forwards { peer: peer.into(), addresses, principals };
        assert_eq!(one.forwards(), [told("10.0.0.1", 3, 2), told("10.0.0.2", 9, 1)]);
    }

    #[test]
    fn types_are_bounded_the_same_in_any_order() {
        let touch = |n: usize| {
            let mut event = sample::event(1);
            event.objects = sample::rich_event(1).objects;
            event.objects.truncate(1);
            event.objects.iter_mut().for_each(|object| object.id.object_type = format!("t{n}").into());
            event
        };
        let many = MOST_TYPES + 200;
        let (mut up, mut one, mut two) = (Inspection::new(), Inspection::new(), Inspection::new());
        (0..many).for_each(|n| up.add_event(&touch(n)));
        (0..many).rev().for_each(|n| if n % 3 == 0 { &mut one } else { &mut two }.add_event(&touch(n)));
        one.merge(two);
        assert_eq!((up.objects(), up.objects().len()), (one.objects(), MOST_TYPES));
    }
}
