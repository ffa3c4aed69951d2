//! Places that may tell tenants where nobody tells them: the first label of a host, what stands behind a tenant's word in
//! the path (`/orgs/acme/orders`). Where people stay with one value, several share it, and each thing is with one only, a
//! value may be a tenant. Nothing is judged by it: it is proposed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::guess::is_container;
use crate::event::least::{add_least, keep_least_keys};
use crate::event::partition::stable_hash;
use crate::event::{Event, Evidence, Outcome, path};

/// Words of paths behind which a tenant may stand.
const WORDS: [&str; 24] = [
    "t",
    "tenant",
    "tenants",
    "org",
    "orgs",
    "organization",
    "organizations",
    "organisation",
    "organisations",
    "workspace",
    "workspaces",
    "company",
    "companies",
    "account",
    "accounts",
    "team",
    "teams",
    "merchant",
    "merchants",
    "shop",
    "shops",
    "site",
    "sites",
    "namespaces",
];
/// Labels of hosts that name a service, a region or an environment.
const NO_TENANTS: [&str; 40] = [
    "www", "www2", "api", "api2", "app", "apps", "web", "m", "mobile", "auth", "login", "sso", "id", "cdn", "static",
    "assets", "img", "images", "files", "docs", "admin", "test", "testing", "staging", "stage", "dev", "qa", "uat",
    "sandbox", "prod", "demo", "eu", "us", "uk", "de", "ap", "asia", "emea", "apac", "internal",
];
/// Deepest segment of a path that may be such a word: behind `api` and a version.
const DEEPEST: usize = 3;
/// Places, values of one, and people and things at it that are kept, of each the least by hash.
const PLACES: usize = 64;
const VALUES: usize = 1_024;
const PEOPLE: usize = 4_096;
const THINGS: usize = 8_192;
/// Types of things at a place that are told.
const TYPES: usize = 64;
/// Values told apart of one of them: one is where it stays, more is many.
const SEVERAL: usize = 2;
/// People and things, seen twice or more, from which on they say something.
const SUPPORT: usize = 5;
/// How many of ten people stay, and of twenty things.
const OF_TEN: usize = 9;
const OF_TWENTY: usize = 19;

/// A place that may tell tenants.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    /// The first label of hosts that end alike.
    Label(Arc<str>),
    /// What stands behind a word of paths.
    Behind(&'static str),
    /// What begins paths, where it was learnt to be a tenant.
    Beginning,
}

/// What was seen of such places; merging commutes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Premises(BTreeMap<Place, Seen>);

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Seen {
    /// By value, the least few who are there.
    values: BTreeMap<u64, BTreeSet<u64>>,
    /// Where people are, and how often.
    people: BTreeMap<u64, Stay>,
    things: BTreeMap<u64, Stay>,
    /// Types of these things.
    types: BTreeSet<Arc<str>>,
    /// The variables of templates that stand at the place; none where some template has none there.
    variables: BTreeSet<Option<Arc<str>>>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Stay {
    calls: u64,
    /// The least few values.
    at: BTreeSet<u64>,
}

impl Stay {
    fn add(&mut self, calls: u64, at: impl IntoIterator<Item = u64>) {
        self.calls += calls;
        add_least(&mut self.at, at, SEVERAL);
    }
}

/// A place that may well tell tenants, with what was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Premise {
    /// In words: `host.label.0`, `/orgs/*`.
    pub place: String,
    /// As a model names it, where it can.
    pub path: Option<String>,
    /// Values.
    pub tenants: usize,
    /// People who were seen twice or more, and of these those who stay with one value.
    pub people: (usize, usize),
    /// The same of things.
    pub things: (usize, usize),
    /// Types of these things.
    pub types: Vec<Arc<str>>,
}

impl Premise {
    /// What was seen, as a sentence.
    pub fn seen(&self) -> String {
        let (Premise { place, tenants, .. }, (people, stay), (things, alone)) = (self, self.people, self.things);
        format!(
            "{stay} of {people} actors and {alone} of {things} objects stay with one of {tenants} values of {place}"
        )
    }
}

impl Premises {
    /// Notes a resolved event. What a token or header tells needs no guess.
    pub(super) fn add(&mut self, event: &Event) {
        let actor = event.actor.principal.as_ref().filter(|_| event.actor.evidence >= Evidence::Asserted);
        let Some(actor) = actor.filter(|_| event.outcome == Outcome::Accepted && event.actor.tenant.is_none()) else {
            return;
        };
        let label = event.host.as_deref().and_then(label).map(|(label, rest)| (Place::Label(rest.into()), label, None));
        for (place, value, variable) in label.into_iter().chain(behind(event)).chain(beginning(event)) {
            let value = stable_hash([value.as_bytes()]);
            let seen = self.0.entry(place).or_default();
            let person = stable_hash([actor.as_bytes()]);
            add_least(seen.values.entry(value).or_default(), [person], SEVERAL);
            seen.people.entry(person).or_default().add(1, [value]);
            for object in event.objects.iter().filter(|object| !is_container(&object.id.object_type)) {
                let id = &object.id;
                let thing = stable_hash([id.object_type.as_bytes(), id.key.as_bytes()]);
                seen.things.entry(thing).or_default().add(1, [value]);
                add_least(&mut seen.types, [Arc::clone(&id.object_type)], TYPES);
            }
            add_least(&mut seen.variables, [variable], SEVERAL);
            seen.trim();
        }
        keep_least_keys(&mut self.0, PLACES);
    }

    /// Adds what another part of the input shows.
    pub(super) fn merge(&mut self, other: Premises) {
        for (place, more) in other.0 {
            let seen = self.0.entry(place).or_default();
            for (value, people) in more.values {
                add_least(seen.values.entry(value).or_default(), people, SEVERAL);
            }
            for (all, more) in [(&mut seen.people, more.people), (&mut seen.things, more.things)] {
                more.into_iter().for_each(|(who, stay)| all.entry(who).or_default().add(stay.calls, stay.at));
            }
            add_least(&mut seen.types, more.types, TYPES);
            add_least(&mut seen.variables, more.variables, SEVERAL);
            seen.trim();
        }
        keep_least_keys(&mut self.0, PLACES);
    }

    /// The places that may well tell tenants, those of most things first.
    pub(super) fn told(&self) -> Vec<Premise> {
        let mut told: Vec<Premise> = self.0.iter().filter_map(|(place, seen)| seen.told(place)).collect();
        told.sort_by(|a, b| b.things.cmp(&a.things).then_with(|| a.place.cmp(&b.place)));
        let mut places = BTreeSet::new();
        told.retain(|premise| places.insert(premise.place.clone()));
        told
    }
}

impl Seen {
    fn trim(&mut self) {
        keep_least_keys(&mut self.values, VALUES);
        keep_least_keys(&mut self.people, PEOPLE);
        keep_least_keys(&mut self.things, THINGS);
    }

    fn told(&self, place: &Place) -> Option<Premise> {
        let often = |all: &BTreeMap<u64, Stay>| {
            let twice = || all.values().filter(|stay| stay.calls > 1);
            (twice().count(), twice().filter(|stay| stay.at.len() == 1).count())
        };
        let (people, things) = (often(&self.people), often(&self.things));
        // What everybody has for himself is no tenant, nor what only one has several members of.
        let shared = self.values.values().filter(|people| people.len() > 1).count();
        let holds = shared > 1
            && people.0 >= SUPPORT
            && people.1 * 10 >= people.0 * OF_TEN
            && things.0 >= SUPPORT
            && things.1 * 20 >= things.0 * OF_TWENTY;
        let mut variables = self.variables.iter();
        let (place, path) = match (place, variables.next(), variables.next()) {
            (Place::Label(_), ..) => ("host.label.0".to_owned(), Some("host.label.0".to_owned())),
            (Place::Behind(word), Some(Some(variable)), None) => {
                (format!("/{word}/*"), Some(format!("path.{variable}")))
            }
            (Place::Behind(word), ..) => (format!("/{word}/*"), None),
            (Place::Beginning, ..) => ("the beginning of paths".to_owned(), Some("path.tenant".to_owned())),
        };
        let (tenants, types) = (self.values.len(), self.types.iter().cloned().collect());
        holds.then_some(Premise { place, path, tenants, people, things, types })
    }
}

/// The first label of a host that may name a tenant, and the rest.
fn label(host: &str) -> Option<(&str, &str)> {
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let (label, rest) = name.split_once('.')?;
    let number = |label: &str| label.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    // Regions are numbered: `eu-west-1`.
    let word = label.split('-').next().unwrap_or(label);
    let named = !NO_TENANTS.contains(&word) && !number(label) && !label.starts_with('[');
    (named && rest.contains('.') && !rest.rsplit('.').next().is_some_and(number)).then_some((label, rest))
}

/// What stands behind the first tenant's word of a path, and the variable that the template has there.
fn behind(event: &Event) -> Option<(Place, &str, Option<Arc<str>>)> {
    let path = event.path.split('?').next().unwrap_or_default();
    let mut segments = path.split('/').filter(|segment| !segment.is_empty()).enumerate();
    let (at, word) = segments
        .by_ref()
        .take(DEEPEST)
        .find_map(|(at, segment)| Some((at, WORDS.iter().find(|word| segment.eq_ignore_ascii_case(word))?)))?;
    let (_, value) = segments.next()?;
    // Of the tenant itself nothing says that it has things: something stands behind it.
    segments.next()?;
    let template = event.operation.as_deref().and_then(|operation| operation.split_once(' '));
    let part = template.and_then(|(_, path)| path.split('/').filter(|part| !part.is_empty()).nth(at + 1));
    let variable = part.and_then(|part| part.strip_prefix('{')?.strip_suffix('}'));
    Some((Place::Behind(word), value, variable.map(Arc::from)))
}

/// The beginning of a path whose template says that it is a tenant.
fn beginning(event: &Event) -> Option<(Place, &str, Option<Arc<str>>)> {
    path::tenant(event.operation.as_deref(), &event.path).map(|value| (Place::Beginning, value, None))
}

#[cfg(test)]
mod tests;
