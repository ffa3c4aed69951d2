//! The access review: what each identity and each credential may do, what it did, from where, and since when.
//!
//! Sums over events that commute, so that the order and partition of the input do not matter. They are bounded: of more
//! identities or credentials than [`MOST`] a sample stays that nobody can choose, by a keyed hash; those that a server
//! accepted come first.

mod sample;
mod scope;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::course::Told;
use super::deviation::Check;
use super::stray::Stray;
use super::threshold::{MIXED_USES, UNUSED_REQUESTS, UNUSED_SPAN, WIDE_HOSTS};
use crate::event::{Event, EventId, Evidence, Mark, OrderKey, Outcome, ProgramKind, Setting};
use sample::{Key, Sample};
use scope::{Words, words_of};

/// Identities, and credentials, that are kept.
pub const MOST: usize = 10_000;
/// Most things of one kind that are kept of one of them: more are `64 or more`.
pub const MANY: usize = 64;
/// Microseconds in an hour.
const HOUR: i64 = 3_600_000_000;
/// Parts of host names that say that it is no production. `integration` and `demo` may be the product's.
const TESTING: [&str; 12] =
    ["test", "testing", "tst", "staging", "stage", "stg", "dev", "develop", "qa", "uat", "sandbox", "preprod"];

const NOT_SEEN: &str = "it may be used rarely, or elsewhere than in this input";
const BY_REGION: &str = "one system may have a host for each region or task";
const ONE_SYSTEM: &str = "that the hosts are of two environments is told by their names alone";

/// What is known of all of them.
#[derive(Clone, Debug, Default)]
pub struct Accesses {
    identities: Sample,
    /// By the credential's hash.
    credentials: Sample,
    /// What anybody did, in words that scopes have too.
    done: Words,
    /// Operations whose words are among these, to read or to write; other threads have their own.
    seen: BTreeSet<(Arc<str>, bool)>,
}

/// The review of all that was noted.
#[derive(Clone, Debug, Default)]
pub struct Review {
    identities: BTreeMap<Key, Access>,
    credentials: BTreeMap<Key, Access>,
    done: Words,
}

/// What is known of one identity or credential.
#[derive(Clone, Debug)]
pub struct Access {
    /// First and last time that it was seen.
    pub first: OrderKey,
    /// The last.
    pub last: OrderKey,
    /// Kind of actor, `agent` where software acted for somebody; empty where none is known.
    pub kind: Arc<str>,
    /// How the actor was told, at best.
    pub evidence: Evidence,
    /// Requests.
    pub requests: u64,
    /// Of these, accepted.
    pub accepted: u64,
    /// Of these, refused.
    pub refused: u64,
    /// Of these, writes.
    pub writes: u64,
    /// When its oldest token was issued, and the latest end of one.
    pub issued: Option<i64>,
    /// The latest end.
    pub expires: Option<i64>,
    /// Scopes that it was shown to have.
    pub scopes: BTreeSet<Arc<str>>,
    /// Roles.
    pub roles: BTreeSet<Arc<str>>,
    /// Operations that it used, each with the host: two hosts may call two things alike.
    pub operations: BTreeSet<(Arc<str>, Arc<str>)>,
    /// Hosts at which it was accepted, and how often.
    pub hosts: BTreeMap<Arc<str>, u64>,
    /// Hashes of its addresses.
    pub addresses: BTreeSet<u64>,
    /// Hashes of its programs.
    pub programs: BTreeSet<u64>,
    /// Of an identity its credentials, of a credential its identities: hashes.
    pub others: BTreeSet<u64>,
    /// Requests from browsers and apps, and from programs.
    pub by_people: u64,
    /// From programs.
    pub by_programs: u64,
    /// Hours of the day (UTC) in which it was seen, a bit each.
    pub hours: u32,
    /// It is the key of an API, a service's, or an agent's.
    pub of_program: bool,
    /// It is one of these, and no person for whom an agent acts: that one's rights are not the agent's.
    of_service: bool,
    done: Words,
    /// Operations whose words are among these, to read or to write.
    deeds: BTreeSet<(Arc<str>, bool)>,
    source: u8,
}

/// Puts one thing into a set of which the least stay.
fn keep<T: Ord>(set: &mut BTreeSet<T>, value: T) {
    set.insert(value);
    while set.len() > MANY {
        set.pop_last();
    }
}

fn keep_text(set: &mut BTreeSet<Arc<str>>, text: &Arc<str>) {
    if !set.contains(text) {
        keep(set, Arc::clone(text));
    }
}

/// Of hosts the least stay.
fn bound(hosts: &mut BTreeMap<Arc<str>, u64>) {
    while hosts.len() > MANY {
        hosts.pop_last();
    }
}

/// Whether what a token says of its subject was taken by a server: not where it was refused, nor where the server may have
/// gone by another credential.
fn is_believed(event: &Event, setting: &Setting) -> bool {
    event.outcome != Outcome::Rejected && !setting.marks.has(Mark::Accompanied)
}

impl Access {
    /// Nothing but when and by what source it was first seen.
    fn new(event: &Event, source: u8) -> Access {
        let at = event.order_key();
        Access {
            first: at,
            last: at,
            kind: "".into(),
            evidence: Evidence::default(),
            requests: 0,
            accepted: 0,
            refused: 0,
            writes: 0,
            issued: None,
            expires: None,
            scopes: BTreeSet::new(),
            roles: BTreeSet::new(),
            operations: BTreeSet::new(),
            hosts: BTreeMap::new(),
            addresses: BTreeSet::new(),
            programs: BTreeSet::new(),
            others: BTreeSet::new(),
            by_people: 0,
            by_programs: 0,
            hours: 0,
            of_program: false,
            of_service: false,
            done: Words::default(),
            deeds: BTreeSet::new(),
            source,
        }
    }

    /// Notes one more request; what is known already costs nothing.
    fn note(&mut self, event: &Event, setting: &Setting, other: u64, source: u8) {
        let (actor, at) = (&event.actor, event.order_key());
        if at < self.first {
            (self.first, self.source) = (at, source);
        }
        self.last = self.last.max(at);
        let kind = match &actor.agent {
            Some(_) => "agent",
            None if actor.kind_known => &*actor.kind,
            None => "",
        };
        if *kind > *self.kind {
            self.kind = kind.into();
        }
        let of_service = actor.kind_known && &*actor.kind == "service" || actor.evidence == Evidence::ApiKey;
        self.of_service |= of_service;
        self.of_program |= of_service || actor.agent.is_some();
        self.evidence = self.evidence.max(actor.evidence);
        let accepted = event.outcome == Outcome::Accepted;
        self.requests += 1;
        self.refused += u64::from(event.outcome == Outcome::Rejected);
        if is_believed(event, setting) {
            self.note_claims(event, setting);
        }
        for (set, hash) in
            [(&mut self.addresses, setting.address), (&mut self.programs, setting.program), (&mut self.others, other)]
        {
            if hash != 0 {
                keep(set, hash);
            }
        }
        self.by_people += u64::from(matches!(setting.kind, ProgramKind::Browser | ProgramKind::App));
        self.by_programs += u64::from(setting.kind == ProgramKind::Tool);
        self.hours |= 1 << event.time.div_euclid(HOUR).rem_euclid(24);
        if accepted {
            self.note_deed(event);
        }
    }

    /// Notes what its token says of it.
    fn note_claims(&mut self, event: &Event, setting: &Setting) {
        let actor = &event.actor;
        let end = setting.issued.zip(setting.life).map(|(at, life)| at.saturating_add(life));
        self.issued = [self.issued, setting.issued].into_iter().flatten().min();
        self.expires = [self.expires, actor.token_end.or(end)].into_iter().flatten().max();
        actor.scopes.iter().for_each(|scope| keep_text(&mut self.scopes, scope));
        actor
            .roles
            .iter()
            .filter(|_| actor.roles_known && !actor.roles_defaulted)
            .for_each(|role| keep_text(&mut self.roles, role));
    }

    /// Notes what it did, as far as it was let.
    fn note_deed(&mut self, event: &Event) {
        self.accepted += 1;
        self.writes += u64::from(!event.read);
        if let Some(operation) = &event.operation {
            let used = (Arc::clone(operation), event.host.clone().unwrap_or_default());
            if !self.operations.contains(&used) {
                keep(&mut self.operations, used);
            }
            // One name may be that of a read and a write.
            let deed = (Arc::clone(operation), event.read);
            if !self.deeds.contains(&deed) {
                keep(&mut self.deeds, deed);
                self.done.note(event);
            }
        }
        if let Some(host) = &event.host {
            match self.hosts.get_mut(host) {
                Some(count) => *count += 1,
                None => {
                    self.hosts.insert(Arc::clone(host), 1);
                    bound(&mut self.hosts);
                }
            }
        }
    }

    fn add(&mut self, other: Access) {
        if other.first < self.first {
            (self.first, self.source) = (other.first, other.source);
        }
        self.last = self.last.max(other.last);
        // What is known beats what is not, and of several the last by name: no order of events is needed for it.
        if other.kind > self.kind {
            self.kind = other.kind;
        }
        self.evidence = self.evidence.max(other.evidence);
        self.requests += other.requests;
        self.accepted += other.accepted;
        self.refused += other.refused;
        self.writes += other.writes;
        self.issued = [self.issued, other.issued].into_iter().flatten().min();
        self.expires = [self.expires, other.expires].into_iter().flatten().max();
        other.scopes.into_iter().for_each(|scope| keep(&mut self.scopes, scope));
        other.roles.into_iter().for_each(|role| keep(&mut self.roles, role));
        other.operations.into_iter().for_each(|operation| keep(&mut self.operations, operation));
        for (host, count) in other.hosts {
            *self.hosts.entry(host).or_default() += count;
        }
        bound(&mut self.hosts);
        other.addresses.into_iter().for_each(|hash| keep(&mut self.addresses, hash));
        other.programs.into_iter().for_each(|hash| keep(&mut self.programs, hash));
        other.others.into_iter().for_each(|hash| keep(&mut self.others, hash));
        self.by_people += other.by_people;
        self.by_programs += other.by_programs;
        self.hours |= other.hours;
        self.of_program |= other.of_program;
        self.of_service |= other.of_service;
        self.done.merge(other.done);
    }

    /// How long it was seen.
    fn span(&self) -> i64 {
        self.last.0.saturating_sub(self.first.0)
    }

    /// Scopes of which somebody used what they are for, and this one did not; and those that nothing shows the use of.
    fn unused(&self, done: &Words) -> Vec<&Arc<str>> {
        let unused = |scope: &&Arc<str>| {
            let words = words_of(scope);
            done.covers(&words) == Some(true) && self.done.covers(&words) == Some(false)
        };
        self.scopes.iter().filter(unused).collect()
    }
}

impl Accesses {
    /// Notes an event of which everything is known; `hash` is keyed.
    pub fn note(&mut self, event: &Event, setting: &Setting, hash: &dyn Fn(&str) -> u64, source: u8) {
        let credential = event.actor.credential.as_ref().filter(|text| text.len() >= 16);
        let principal = event.actor.principal.as_ref().filter(|_| event.actor.evidence > Evidence::Unproved);
        let key = |name: &Arc<str>| (hash(name), Arc::clone(name));
        let accepted = event.outcome == Outcome::Accepted;
        let deed = event.operation.as_ref().filter(|_| accepted).map(|operation| (Arc::clone(operation), event.read));
        if let Some(deed) = deed.filter(|deed| !self.seen.contains(deed)) {
            self.done.note(event);
            if self.seen.len() < MOST {
                self.seen.insert(deed);
            }
        }
        for (sample, name, other) in
            [(&mut self.identities, principal, credential), (&mut self.credentials, credential, principal)]
        {
            let Some(name) = name else { continue };
            let note = |access: &mut Access| access.note(event, setting, other.map_or(0, |name| hash(name)), source);
            sample.note(key(name), accepted, || Access::new(event, source), note);
        }
    }

    /// Adds what another noted.
    pub fn merge(&mut self, other: Accesses) {
        self.identities.merge(other.identities);
        self.credentials.merge(other.credentials);
        self.done.merge(other.done);
    }

    /// The review, once all is noted.
    pub fn review(self) -> Review {
        Review { identities: self.identities.whole(), credentials: self.credentials.whole(), done: self.done }
    }
}

impl Review {
    /// Identities by name.
    pub fn identities(&self) -> impl Iterator<Item = (&Arc<str>, &Access, Vec<&Arc<str>>)> {
        self.identities.iter().map(|((_, name), access)| (name, access, access.unused(&self.done)))
    }

    /// Credentials by their hash, in hex.
    pub fn credentials(&self) -> impl Iterator<Item = (&Arc<str>, &Access, Vec<&Arc<str>>)> {
        self.credentials.iter().map(|((_, name), access)| (name, access, access.unused(&self.done)))
    }

    /// Tells of identities with scopes that they do not use, of keys for many systems and of such for two environments.
    pub fn judge(&self, told: &mut Told) {
        let (span, requests) = (told.limits.get(&UNUSED_SPAN), told.limits.get(&UNUSED_REQUESTS));
        for (_, access, unused) in self.identities().filter(|(_, access, _)| access.of_service) {
            // Who was seen for so short a time has not yet done what he may.
            if access.scopes.is_empty() || access.span() < span || access.accepted < count(requests) {
                continue;
            }
            if unused.is_empty() && access.done.is_full() {
                told.count(Check::ScopeUnused, access.source, None);
            } else if unused.is_empty() {
                told.count(Check::ScopeUnused, access.source, Some(false));
            } else {
                let names: Vec<&str> = unused.iter().take(8).map(|scope| &***scope).collect();
                let days = access.span() / HOUR / 24;
                let observed = format!("{} not used in {days} days", names.join(", "));
                let stray = access.stray(Check::ScopeUnused, "scopes that are used", observed, (0.45, NOT_SEEN));
                told.stray(stray, access.source);
            }
        }
        let (hosts, uses) = (told.limits.count(&WIDE_HOSTS), told.limits.get(&MIXED_USES));
        for (_, access, _) in self.credentials() {
            wide(access, hosts, told);
            mixed(access, count(uses), told);
        }
    }
}

fn count(limit: i64) -> u64 {
    u64::try_from(limit).unwrap_or(u64::MAX)
}

/// One key, accepted by many hosts and used to write.
fn wide(access: &Access, least: usize, told: &mut Told) {
    if !access.of_program || access.hosts.is_empty() {
        return;
    }
    if access.hosts.len() < least || access.writes == 0 {
        return told.count(Check::KeyWide, access.source, Some(false));
    }
    let many = if access.hosts.len() >= MANY { " or more" } else { "" };
    let observed = format!("one for {}{many} hosts", access.hosts.len());
    let stray = access.stray(Check::KeyWide, "a key for each system", observed, (0.45, BY_REGION));
    told.stray(stray, access.source);
}

/// One credential, accepted in production and where things are tried.
fn mixed(access: &Access, uses: u64, told: &mut Told) {
    let often = access.hosts.iter().filter(|(_, count)| **count >= uses).map(|(host, _)| &**host);
    let (testing, other): (Vec<&str>, Vec<&str>) = often.partition(|host| is_testing(host));
    let pair = testing.iter().find_map(|test| Some((test, other.iter().find(|host| are_kin(test, host))?)));
    match pair {
        Some((test, host)) => {
            let observed = format!("{host} and {test}");
            let at_most = if access.of_program { 0.6 } else { 0.45 };
            let stray = access.stray(
                Check::EnvironmentMix,
                "a credential for one environment",
                observed,
                (at_most, ONE_SYSTEM),
            );
            told.stray(stray, access.source);
        }
        None if access.hosts.is_empty() => {}
        // A name that is not kept may be the other environment's.
        None if access.hosts.len() >= MANY => told.count(Check::EnvironmentMix, access.source, None),
        None => told.count(Check::EnvironmentMix, access.source, Some(false)),
    }
}

/// Parts of a host's name: `api-test.shop.example` has `api`, `test`, `shop`, `example`.
fn parts(host: &str) -> impl Iterator<Item = &str> {
    host.split(['.', '-', '_'])
}

fn is_testing(host: &str) -> bool {
    // The domain itself may be anything: `test.com`.
    let labels = host.split('.').count();
    let own: usize = host.split('.').take(labels.saturating_sub(2)).map(|label| label.len() + 1).sum();
    let inside = if labels < 2 { host } else { host.get(..own).unwrap_or(host) };
    parts(inside).any(|part| TESTING.contains(&part.trim_end_matches(|c: char| c.is_ascii_digit())))
}

/// Whether two names are one but for the environment: the same system in both.
fn are_kin(test: &str, other: &str) -> bool {
    let bare = |host: &'_ str| -> Vec<String> {
        let environment = |part: &&str| {
            let part = part.trim_end_matches(|c: char| c.is_ascii_digit());
            !TESTING.contains(&part) && !matches!(part, "prod" | "production" | "live" | "prd")
        };
        parts(host).filter(environment).map(str::to_owned).collect()
    };
    bare(test) == bare(other)
}

impl Access {
    fn stray(&self, check: Check, expected: &str, observed: String, doubt: (f32, &'static str)) -> Stray {
        let (first, last): (EventId, EventId) = (self.first.2, self.last.2);
        let expected = vec![expected.into()];
        Stray {
            check,
            at: last,
            events: vec![first, last],
            expected,
            observed: vec![observed.into()],
            doubt: Some(doubt),
        }
    }
}

#[cfg(test)]
mod tests;
