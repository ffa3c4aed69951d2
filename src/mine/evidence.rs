//! Evidence for a draft: which operations were seen, what they are about, and where keys and states were.
//!
//! Folded over events read without a model. Sums of parts are the sum of the whole, whatever the split.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::amount;
use super::beside::{Beside, Redirect, Traced};
use super::flows::{self, Ports};
use super::made_up::is_of_no_kind;
use super::numbered::Numbered;
use super::sample::Sample;
use super::subject::Subject;
use super::templates::Templates;
use super::ties::Ties;
use crate::event::least::{add_least, keep_least, keep_least_keys};
use crate::event::parcel::Parcel;
use crate::event::partition::stable_hash;
use crate::event::{Event, Outcome};

/// Forms of keys kept for each object type.
const PREFIXES: usize = 8;
/// Operations kept of those that were accepted, and of those that were not.
const OPERATIONS: usize = 1 << 15;
/// Object types kept: of those that paths and answers show, and of those that only requests name.
const TYPES: usize = 1 << 12;
/// Places of keys and states, and other objects, kept of one operation or type.
const PLACES: usize = 64;
/// Ids kept that answers named.
const IDS: usize = 1 << 16;
/// Values kept that tell which places hold the same.
const VALUES: usize = 1 << 13;
/// Places of roles kept.
const ROLES: usize = 256;
/// Different signs of a redirect that led away, kept of one operation.
const SIGNS: usize = 8;
/// Actors told apart at one operation: so many are more than one who tries paths with another's credentials too.
pub(super) const ACTORS: usize = 3;

/// What says that keys of a type are unique within a tenant only.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyedByTenant {
    /// Path to the tenant, e.g. `host.label.0`; `None` where the actor tells it.
    pub tenant: Option<String>,
    /// What was seen, as a sentence.
    pub seen: String,
    /// Whether that is next to certain.
    pub certain: bool,
}

/// Where the tenant of a type's objects may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TenantPlace {
    /// As a model names it.
    pub(super) place: String,
    /// What was seen of it.
    pub(super) seen: String,
    /// Claims, headers or logs tell tenants apart too.
    pub(super) told: bool,
}

/// What a draft rests on; merging in any order gives the same.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// Accepted calls by method and path template.
    pub(super) accepted: Sample<OperationEvidence, OPERATIONS>,
    /// Other calls by method and path template: kept apart, so that who tries paths crowds out nothing.
    pub(super) refused: Sample<Refused, OPERATIONS>,
    /// Ids that accepted answers named.
    ids: Sample<(), IDS>,
    /// Where values were seen that can hardly name two things.
    pub(super) flows: Sample<Ports, VALUES>,
    /// How keys of paths are called in answers: see [`Beside::goes_by`].
    pub(super) called: BTreeMap<(Arc<str>, Option<Arc<str>>), u64>,
    /// What calls about objects name beside them.
    pub(super) ties: Ties,
    /// By object type that a path or an answer shows.
    pub(super) types: Sample<TypeEvidence, TYPES>,
    /// The least few who name a type in a request, by hash.
    pub(super) asked: Sample<BTreeSet<u64>, TYPES>,
    /// Places of roles, by path.
    pub(super) roles: Sample<RoleEvidence, ROLES>,
    /// Operations whose templates are given, so that nothing is learnt of their words; known only of a whole.
    #[serde(skip)]
    pub(super) given: BTreeSet<Arc<str>>,
    /// Object types whose keys several tenants use; known only of a whole.
    #[serde(skip)]
    pub(super) keyed_by_tenant: BTreeMap<Arc<str>, KeyedByTenant>,
    /// Where the tenant of an object type is; known only of a whole.
    #[serde(skip)]
    pub(super) tenants: BTreeMap<Arc<str>, TenantPlace>,
}

/// Calls of one operation that were not accepted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Refused {
    pub(super) calls: u64,
    /// One of them may have been accepted: its answer was not seen, or sent a form on.
    open: bool,
    /// The least few of those whose calls were answered by more than that there is nothing.
    actors: BTreeSet<u64>,
    /// What redirects tell, and objects of the calls whose redirects lead nobody sees where.
    redirected: OperationEvidence,
}

/// One place of roles.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct RoleEvidence {
    pub(super) rank: u8,
    /// Calls that showed roles there and were not refused.
    pub(super) calls: u64,
    /// The least two of what it said, by hash: two tell that it tells actors apart.
    pub(super) said: BTreeSet<u64>,
}

/// Accepted calls of one operation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct OperationEvidence {
    /// Calls, refused ones included; known only of a whole.
    pub(super) calls: u64,
    /// Of these, accepted.
    pub(super) accepted: u64,
    /// Of these, calls that made something at their own path: PUT answered 201.
    pub(super) put: u64,
    /// The least few of those who were accepted, by hash.
    pub(super) actors: BTreeSet<u64>,
    /// The least key in its paths, whether there are others, and whether an answer to one of the calls named the key of
    /// its path.
    pub(super) key: Option<Arc<str>>,
    pub(super) several: bool,
    pub(super) named: bool,
    /// Accepted calls by the type of the object that they are about.
    pub(super) subjects: BTreeMap<Arc<str>, Subject>,
    /// Of the accepted calls, those that were sent on to their result, by status.
    pub(super) sent_on: BTreeMap<u16, u64>,
    /// Calls that were sent on nobody sees where, by status; not counted as accepted.
    pub(super) unseen: BTreeMap<u16, u64>,
    /// Signs by which calls that were sent away from their result are told.
    pub(super) signs: BTreeSet<Arc<str>>,
    /// Calls that were sent away, or answered by another redirect.
    pub(super) aside: u64,
    /// How a model reads amounts that its bodies hold, with the calls that did.
    pub(super) amounts: BTreeMap<Arc<str>, u64>,
    /// Calls by a word that says what is done, and the member that holds it.
    pub(super) said: BTreeMap<(Arc<str>, Arc<str>), u64>,
}

/// One object type.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct TypeEvidence {
    /// Places where responses declare a state.
    pub(super) states: BTreeMap<Arc<str>, u64>,
    /// Places where responses say whose an object is.
    pub(super) owners: BTreeMap<Arc<str>, u64>,
    /// The same, where that is who asked.
    pub(super) own: BTreeMap<Arc<str>, u64>,
    /// Words that keys begin with (`ord` of `ord_17`), the least few of them.
    pub(super) prefixes: BTreeSet<Arc<str>>,
    /// Small numbers behind other values.
    pub(super) numbered: Numbered,
}

/// Parts go to every machine that is to learn what the whole tells; what is known only of a whole does not.
impl Parcel for Evidence {
    const COLUMN: &'static str = "evidence";
}

impl Evidence {
    /// Says of a type that its keys are unique within a tenant only.
    pub fn set_keyed_by_tenant(&mut self, object_type: Arc<str>, why: KeyedByTenant) {
        self.keyed_by_tenant.insert(object_type, why);
    }

    /// The same of a type whose tenants begin paths, so many.
    pub fn set_keyed_by_path(&mut self, object_type: Arc<str>, tenants: usize) {
        let seen = format!("{tenants} words begin paths behind which others do the same, and number by themselves");
        let tenant = Some("path.tenant".to_owned());
        self.keyed_by_tenant.entry(object_type).or_insert(KeyedByTenant { tenant, seen, certain: true });
    }

    /// Says where the tenant of a type's objects is, and what was seen of it, as a sentence.
    pub fn set_tenant(&mut self, object_type: Arc<str>, place: String, seen: String) {
        self.tenants.insert(object_type, TenantPlace { place, seen, told: true });
    }

    /// The same where nobody tells of tenants, and only who is where says that there are some.
    pub fn propose_tenant(&mut self, object_type: &Arc<str>, place: &str, seen: &str) {
        let (place, seen) = (place.to_owned(), seen.to_owned());
        self.tenants.entry(Arc::clone(object_type)).or_insert(TenantPlace { place, seen, told: false });
    }

    /// Says of which operations the templates are given, by an OpenAPI document.
    pub fn set_given(&mut self, is_given: impl Fn(&str) -> bool) {
        let seen = self.accepted.iter().map(|(name, _)| name).chain(self.refused.iter().map(|(name, _)| name));
        self.given = seen.filter(|name| is_given(name)).cloned().collect();
    }

    /// Adds one event with what its exchange shows beside it.
    pub fn add(&mut self, event: &Event, mut beside: Beside) {
        let Some(operation) = &event.operation else { return };
        let actor = event.actor.principal.as_deref().map(|principal| stable_hash([principal.as_bytes()]));
        // Who was refused may have made the token up.
        for shown in beside.roles.drain(..).filter(|_| event.outcome != Outcome::Rejected) {
            if let Some(seen) = self.roles.entry(&shown.path) {
                seen.merge(RoleEvidence { rank: shown.rank, calls: 1, said: [shown.said].into() });
            }
        }
        if event.outcome != Outcome::Accepted {
            if let Some(refused) = self.refused.entry(operation) {
                refused.add(event, actor);
                refused.add_redirect(event, beside);
            }
            return;
        }
        for id in &beside.ids {
            self.ids.entry(id);
        }
        add_bounded(&mut self.called, beside.goes_by.iter().map(|called| (called.clone(), 1)));
        flows::note(event, &beside.traced, |value, ports| {
            self.flows.entry(value).into_iter().for_each(|known| flows::merge(known, ports.clone()));
        });
        self.add_ties(event, &beside);
        for (object, traced) in event.objects.iter().zip(&beside.traced) {
            if !traced.is_shown() {
                if let Some(seen) = self.asked.entry(&object.id.object_type) {
                    add_least(seen, actor, ACTORS);
                }
            } else if let Some(seen) = self.types.entry(&object.id.object_type) {
                add_bounded(&mut seen.states, traced.state.clone().map(|state| (state, 1)));
                if let Some((place, own)) = &traced.owner {
                    add_bounded(&mut seen.owners, [(Arc::clone(place), 1)]);
                    add_bounded(&mut seen.own, [(Arc::clone(place), u64::from(*own))]);
                }
                seen.add_prefix(&object.id.key);
                seen.numbered.add(&object.id.key);
            }
        }
        let Some(entry) = self.accepted.entry(operation) else { return };
        entry.calls += 1;
        entry.accepted += 1;
        entry.put += u64::from(event.status == Some(201) && &*event.method == "PUT");
        add_least(&mut entry.actors, actor, ACTORS);
        entry.add_key(event, &beside);
        let members = event.members.as_deref().map(amount::expressions).unwrap_or_default();
        add_bounded(&mut entry.amounts, members.into_iter().map(|expression| (expression, 1)));
        add_bounded(&mut entry.said, beside.said.drain(..).map(|said| (said, 1)));
        if let Some(status) = event.status.filter(|_| beside.sent_on == Some(Redirect::Result)) {
            *entry.sent_on.entry(status).or_default() += 1;
        }
        entry.add_objects(event, beside);
    }

    /// What the event is about, with what it names beside that, and what stands above it.
    fn add_ties(&mut self, event: &Event, beside: &Beside) {
        let objects = || event.objects.iter().zip(&beside.traced);
        let about = objects().position(|(object, traced)| is_subject(&object.qualifier, traced.key.as_deref()));
        // What stands in a list is one of many.
        let alone = |traced: &Traced| !traced.container && traced.key.as_deref().is_none_or(|key| !key.contains(".*"));
        let others = objects().enumerate().filter(|(at, (_, traced))| Some(*at) != about && alone(traced));
        if let Some(object) = about.and_then(|at| event.objects.get(at)) {
            let worded = beside.worded.iter().map(|(id, _)| id);
            self.ties.add(event, &object.id, others.map(|(_, (object, _))| &object.id).chain(worded));
        }
        for (_, (object, _)) in
            objects().enumerate().filter(|(at, (o, _))| Some(*at) != about && &*o.qualifier == "parent")
        {
            self.ties.add(event, &object.id, std::iter::empty());
        }
    }

    /// Forgets the operations of which, under the names that were learnt, the predicate says no.
    pub fn retain(&mut self, templates: &Templates, wanted: impl Fn(&str) -> bool) {
        self.accepted.retain(|name| wanted(&templates.operation(name)));
        self.refused.retain(|name| wanted(&templates.operation(name)));
    }

    /// Adds another part's sums.
    pub fn merge(&mut self, other: Evidence) {
        self.accepted.merge(other.accepted, OperationEvidence::merge);
        self.refused.merge(other.refused, |own, more| {
            own.calls += more.calls;
            own.open |= more.open;
            add_least(&mut own.actors, more.actors, ACTORS);
            own.redirected.merge(more.redirected);
        });
        self.roles.merge(other.roles, RoleEvidence::merge);
        self.ids.merge(other.ids, |(), ()| ());
        self.flows.merge(other.flows, flows::merge);
        add_bounded(&mut self.called, other.called);
        self.ties.merge(other.ties);
        self.asked.merge(other.asked, |seen, more| add_least(seen, more, ACTORS));
        self.types.merge(other.types, |seen, more| {
            add_bounded(&mut seen.states, more.states);
            add_bounded(&mut seen.owners, more.owners);
            add_bounded(&mut seen.own, more.own);
            add_least(&mut seen.prefixes, more.prefixes, PREFIXES);
            seen.numbered.merge(more.numbered);
        });
    }
}

impl Evidence {
    /// Whether an answer named this as an id.
    pub(super) fn names(&self, word: &str) -> bool {
        self.ids.get(word).is_some()
    }

    /// Whether a word begins as keys of a type do (`ord_`).
    pub(super) fn begins_like_a_key(&self, object_type: &str, word: &str) -> bool {
        let Some((prefix, _)) = word.split_once(['_', '-']) else { return false };
        self.types.get(object_type).is_some_and(|t| t.prefixes.contains(prefix))
    }

    /// Operations by name that were accepted, or sent on, with the calls that were refused.
    pub(super) fn operations(&self) -> impl Iterator<Item = (&Arc<str>, OperationEvidence)> {
        let accepted = self.accepted.iter().map(|(name, seen)| {
            let mut seen = seen.clone();
            if let Some(refused) = self.refused.get(name) {
                seen.calls += refused.calls;
                seen.merge(refused.redirected.clone());
            }
            (name, seen)
        });
        let sent_on = self.refused.iter().filter(|(name, refused)| {
            self.accepted.get(name).is_none() && (!refused.redirected.unseen.is_empty() || refused.redirected.aside > 0)
        });
        accepted.chain(
            sent_on.map(|(name, refused)| {
                (name, OperationEvidence { calls: refused.calls, ..refused.redirected.clone() })
            }),
        )
    }
}

impl Evidence {
    /// Operations that are more than somebody's tries, under the names that were learnt: calls, and accepted ones.
    pub fn supported(&self, templates: &Templates) -> BTreeMap<Arc<str>, (u64, u64)> {
        let mut supported: BTreeMap<Arc<str>, (u64, u64)> = BTreeMap::new();
        let mut paths: BTreeSet<Arc<str>> = BTreeSet::new();
        for (name, seen) in self.accepted.iter() {
            let name = templates.operation(name);
            paths.extend(name.split_once(' ').map(|(_, path)| Arc::from(path)));
            let sum = supported.entry(name).or_default();
            *sum = (sum.0 + seen.accepted, sum.1 + seen.accepted);
        }
        for (name, refused) in self.refused.iter() {
            let name = templates.operation(name);
            let known = || name.split_once(' ').is_some_and(|(_, path)| paths.contains(path));
            if refused.open || refused.actors.len() > 1 && !is_of_no_kind(&name) || known() {
                supported.entry(name).or_default().0 += refused.calls;
            }
        }
        supported
    }
}

impl Refused {
    fn add(&mut self, event: &Event, actor: Option<u64>) {
        self.calls += 1;
        // Servers send readers elsewhere whatever the path, and answer unknown paths with these.
        self.open |= event.outcome == Outcome::Unknown && (event.status.is_none() || !event.read);
        if !matches!(event.status, Some(400 | 404 | 405 | 410 | 414 | 501)) {
            add_least(&mut self.actors, actor, ACTORS);
        }
    }
}

impl Refused {
    /// What the redirect of a write that is not known to be accepted tells.
    fn add_redirect(&mut self, event: &Event, beside: Beside) {
        let redirected = &mut self.redirected;
        let Some(status) = event.status.filter(|status| !event.read && (300..400).contains(status)) else { return };
        match beside.sent_on {
            Some(Redirect::Unseen) => {
                *redirected.unseen.entry(status).or_default() += 1;
                redirected.add_objects(event, beside);
            }
            Some(Redirect::Away(sign)) => {
                redirected.signs.insert(sign);
                redirected.aside += 1;
                redirected.trim();
            }
            _ => redirected.aside += 1,
        }
    }
}

impl RoleEvidence {
    fn merge(&mut self, other: RoleEvidence) {
        self.rank = other.rank;
        self.calls += other.calls;
        add_least(&mut self.said, other.said, 2);
    }
}

/// Adds counts, and keeps the least few keys: what is kept is exact, however the whole was split.
pub(super) fn add_bounded<K: Ord>(sums: &mut BTreeMap<K, u64>, more: impl IntoIterator<Item = (K, u64)>) {
    for (key, count) in more {
        *sums.entry(key).or_default() += count;
        if sums.len() > PLACES {
            sums.pop_last();
        }
    }
}

/// What a request names is what it is about; what only the answer mentions is not.
fn is_subject(qualifier: &str, key: Option<&str>) -> bool {
    qualifier == "target"
        || qualifier == "mentioned"
            && key
                .is_some_and(|place| ["req.", "args.", "query.", "header."].iter().any(|root| place.starts_with(root)))
}

impl OperationEvidence {
    /// Adds what an event is about.
    fn add_objects(&mut self, event: &Event, beside: Beside) {
        let mut subject: Option<&mut Subject> = None;
        for (object, traced) in event.objects.iter().zip(beside.traced) {
            let object_type = &object.id.object_type;
            match &mut subject {
                None if is_subject(&object.qualifier, traced.key.as_deref()) => {
                    let found = self.subjects.entry(Arc::clone(object_type)).or_default();
                    found.add(&object.id.key, traced.key);
                    add_bounded(&mut found.again, traced.again.map(|place| (place, 1)));
                    subject = Some(found);
                }
                None => {}
                Some(found) => add_bounded(&mut found.others, [((Arc::clone(object_type), traced.key), 1)]),
            }
        }
        if let Some(found) = subject {
            add_bounded(&mut found.worded, beside.worded.into_iter().map(|(id, place)| ((id.object_type, place), 1)));
        }
        self.trim();
    }

    /// Notes the key that the path holds last.
    fn add_key(&mut self, event: &Event, beside: &Beside) {
        let mut keys = event.objects.iter().zip(&beside.traced).filter(|(_, traced)| traced.key.is_none());
        let Some((object, _)) = keys.next() else { return };
        let key = &object.id.key;
        self.named |= beside.ids.contains(key);
        self.keep_least(Arc::clone(key));
    }

    fn keep_least(&mut self, key: Arc<str>) {
        let least = self.key.get_or_insert_with(|| Arc::clone(&key));
        self.several |= *least != key;
        if key < *least {
            *least = key;
        }
    }

    pub(super) fn merge(&mut self, other: OperationEvidence) {
        self.calls += other.calls;
        self.named |= other.named;
        self.several |= other.several;
        other.key.into_iter().for_each(|key| self.keep_least(key));
        self.accepted += other.accepted;
        self.put += other.put;
        add(&mut self.sent_on, other.sent_on);
        add_bounded(&mut self.amounts, other.amounts);
        add_bounded(&mut self.said, other.said);
        add(&mut self.unseen, other.unseen);
        self.signs.extend(other.signs);
        self.aside += other.aside;
        add_least(&mut self.actors, other.actors, ACTORS);
        for (object_type, more) in other.subjects {
            self.subjects.entry(object_type).or_default().merge(more);
        }
        self.trim();
    }

    fn trim(&mut self) {
        keep_least_keys(&mut self.subjects, PLACES);
        keep_least(&mut self.signs, SIGNS);
    }
}

impl TypeEvidence {
    /// The place that says best whose an object is: where most of those who asked are, then the most frequent.
    pub(super) fn owner(&self) -> Option<&Arc<str>> {
        let own = |place: &Arc<str>| self.own.get(place).copied().unwrap_or(0);
        self.owners
            .iter()
            .max_by(|a, b| (own(a.0), a.1).cmp(&(own(b.0), b.1)).then(b.0.cmp(a.0)))
            .map(|(place, _)| place)
    }

    fn add_prefix(&mut self, key: &str) {
        let Some((word, rest)) = key.split_once(['_', '-']) else { return };
        if !word.is_empty()
            && word.len() <= 12
            && !rest.is_empty()
            && word.bytes().all(|b| b.is_ascii_alphabetic())
            && !self.prefixes.contains(word)
        {
            add_least(&mut self.prefixes, [Arc::from(word)], PREFIXES);
        }
    }
}

/// Adds sums key by key.
pub(super) fn add<K: Ord>(sums: &mut BTreeMap<K, u64>, more: BTreeMap<K, u64>) {
    for (key, count) in more {
        *sums.entry(key).or_default() += count;
    }
}
