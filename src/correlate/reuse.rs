//! Keys that more than one tenant uses: a sign that they are unique within a tenant only.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use super::extract::Sighting;
use super::object::KeySource;
use crate::event::partition::stable_hash;
use crate::event::{Event, ObjectId, ObjectRef, Outcome};

/// Objects that are looked at; of more, those with the least hashes, whatever the order of the input.
const MOST_OBJECTS: usize = 4_096;
/// Users of one key that are kept.
const MOST_USERS: usize = 4;
/// Objects of a type that must have been made twice. One may be an answer that only looks like a creation.
const MADE_TWICE: usize = 2;

/// What tells the users of one key apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum KeyUser {
    /// Tenants, declared for the object or those of the actors who created it.
    Tenant,
    /// Hosts that it was created on.
    Host,
}

impl KeyUser {
    /// Name in sentences, for several.
    fn plural(self) -> &'static str {
        match self {
            KeyUser::Tenant => "tenants",
            KeyUser::Host => "hosts",
        }
    }
}

/// Objects of one type that have a key in common and are probably not the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReusedKey {
    /// Object type.
    pub object_type: Arc<str>,
    /// The least such key.
    pub key: Arc<str>,
    /// What tells its users apart.
    pub by: KeyUser,
    /// The first two users by name.
    pub users: (Arc<str>, Arc<str>),
}

impl ReusedKey {
    /// Where an exchange tells the users apart, if the exchange and not the actor does: `host`, or the one label of it
    /// that differs.
    pub fn place(&self) -> Option<String> {
        if self.by != KeyUser::Host {
            return None;
        }
        let labels = |host: &Arc<str>| host.split('.').map(str::to_owned).collect::<Vec<_>>();
        let (first, second) = (labels(&self.users.0), labels(&self.users.1));
        let differing: Vec<usize> =
            (0..first.len().max(second.len())).filter(|at| first.get(*at) != second.get(*at)).collect();
        Some(match differing.as_slice() {
            [label] if first.len() == second.len() => format!("host.label.{label}"),
            _ => "host".to_owned(),
        })
    }
}

impl fmt::Display for ReusedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ReusedKey { object_type, key, by, users: (first, second) } = self;
        write!(f, "{object_type} {key} was seen under {} {first} and {second}", by.plural())
    }
}

/// Who uses which key, of a bounded sample of objects. Adding and merging commute.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Reuse {
    objects: BTreeMap<(u64, ObjectId), Users>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Users {
    declared: BTreeSet<Arc<str>>,
    /// How often it was created, by the actor's tenant or on the host.
    made: BTreeMap<(KeyUser, Arc<str>), u64>,
}

impl Reuse {
    /// Notes the objects of one event, before it is resolved: `sightings` are those of its objects, in their order.
    pub(super) fn add(&mut self, event: &Event, sightings: &[Sighting]) {
        if event.outcome != Outcome::Accepted {
            return;
        }
        for (object, sighting) in event.objects.iter().zip(sightings) {
            let made = is_made(event, object, sighting.source);
            if !made && object.tenant.is_none() {
                continue;
            }
            let Some(users) = self.users(&object.id) else { continue };
            users.declared.extend(object.tenant.clone());
            let tenant = event.actor.tenant.clone().map(|tenant| (KeyUser::Tenant, tenant));
            let host = event.host.clone().map(|host| (KeyUser::Host, host));
            for user in [tenant, host].into_iter().flatten().filter(|_| made) {
                *users.made.entry(user).or_default() += 1;
            }
            users.trim();
            self.trim();
        }
    }

    /// The entry of an object, unless it has no place in the sample.
    fn users(&mut self, id: &ObjectId) -> Option<&mut Users> {
        let key = (stable_hash([id.object_type.as_bytes(), id.key.as_bytes()]), id.clone());
        let full = self.objects.len() >= MOST_OBJECTS;
        if full && self.objects.last_key_value().is_some_and(|(last, _)| key > *last) {
            return None;
        }
        Some(self.objects.entry(key).or_default())
    }

    /// An object that leaves has a larger hash than all that stay, so it never comes back with a part of its users.
    fn trim(&mut self) {
        while self.objects.len() > MOST_OBJECTS {
            self.objects.pop_last();
        }
    }

    /// Adds what another part of the input shows.
    pub(super) fn merge(&mut self, other: Reuse) {
        for (key, more) in other.objects {
            let users = self.objects.entry(key).or_default();
            users.declared.extend(more.declared);
            more.made.into_iter().for_each(|(user, count)| *users.made.entry(user).or_default() += count);
            users.trim();
        }
        self.trim();
    }

    /// One line a type, by its name; a declared tenant says more than where a creation was sent.
    pub(super) fn reused(&self) -> Vec<ReusedKey> {
        let mut found: BTreeMap<(&Arc<str>, u8), Vec<ReusedKey>> = BTreeMap::new();
        for ((_, id), users) in &self.objects {
            let ways = [
                (first_two(users.declared.iter()), KeyUser::Tenant),
                (users.made_by(KeyUser::Tenant), KeyUser::Tenant),
                (users.made_by(KeyUser::Host), KeyUser::Host),
            ];
            for (rank, (users, by)) in (0..).zip(ways) {
                let Some(users) = users else { continue };
                let (object_type, key) = (Arc::clone(&id.object_type), Arc::clone(&id.key));
                found.entry((&id.object_type, rank)).or_default().push(ReusedKey { object_type, key, by, users });
            }
        }
        let mut reused: Vec<ReusedKey> = Vec::new();
        for ((object_type, rank), keys) in found {
            let enough = rank == 0 || keys.len() >= MADE_TWICE;
            let known = reused.last().is_some_and(|last| last.object_type == *object_type);
            let least = keys.into_iter().min_by(|a, b| (a.key.len(), &a.key).cmp(&(b.key.len(), &b.key)));
            reused.extend(least.filter(|_| enough && !known));
        }
        reused
    }
}

impl Users {
    fn trim(&mut self) {
        while self.declared.len() > MOST_USERS {
            self.declared.pop_last();
        }
        while self.made.len() > 2 * MOST_USERS {
            self.made.pop_last();
        }
    }

    /// Two users who each made it once: what is made again and again is an answer that names it, or an upsert.
    fn made_by(&self, by: KeyUser) -> Option<(Arc<str>, Arc<str>)> {
        let of_kind = || self.made.iter().filter(move |((kind, _), _)| *kind == by);
        if of_kind().any(|(_, count)| *count != 1) {
            return None;
        }
        first_two(of_kind().map(|((_, name), _)| name))
    }
}

fn first_two<'a>(mut names: impl Iterator<Item = &'a Arc<str>>) -> Option<(Arc<str>, Arc<str>)> {
    Some((Arc::clone(names.next()?), Arc::clone(names.next()?)))
}

/// Whether the event looks like the object's creation: the answer gives a key that the path does not hold.
fn is_made(event: &Event, object: &ObjectRef, source: KeySource) -> bool {
    let answered = matches!(source, KeySource::ResponseBody | KeySource::Header);
    let asked = || event.path.split('/').any(|segment| *segment == *object.id.key);
    answered && !event.read && &*object.qualifier == "target" && !asked()
}
