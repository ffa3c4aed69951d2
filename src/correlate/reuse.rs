//! Keys that more than one tenant uses: a sign that they are unique within a tenant only.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use super::extract::Sighting;
use super::hosts::{self, HostedType, Made};
use super::object::KeySource;
use crate::event::least::{keep_least, keep_least_keys};
use crate::event::partition::stable_hash;
use crate::event::{Event, Evidence, ObjectId, ObjectRef, Outcome};

/// Objects that are looked at; of more, those with the least hashes, whatever the order of the input.
const MOST_OBJECTS: usize = 4_096;
/// Users of one key that are kept.
const MOST_USERS: usize = 4;
/// Write operations told apart of one object and user.
const MOST_STEPS: usize = 8;
/// Actors told apart of one host.
const MOST_ACTORS: usize = 256;
/// Hosts whose actors are told apart.
const MOST_HOSTS: usize = 64;
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
    /// The first two hosts, where each tenant's was made on one of its own: the host then tells whose an object is, whoever
    /// asks for it.
    pub hosts: Option<(Arc<str>, Arc<str>)>,
    /// Activities that made one for each of its users; `None` where a call of no activity did. Without any, no user was
    /// seen to make one: both only work on it, as who shares or steals it does.
    pub made_by: BTreeSet<Option<Arc<str>>>,
    /// Whether that is next to certain. Otherwise the same people work for both users, or nobody knows who does.
    pub certain: bool,
    /// Whether every accepted call about the type tells its user: others would have no place among them.
    pub told: bool,
}

impl ReusedKey {
    /// Where an exchange tells the users apart, if the exchange and not the actor does: `host`, or the one label of it
    /// that differs.
    pub fn place(&self) -> Option<String> {
        let (first, second) = match self.by {
            KeyUser::Host => &self.users,
            KeyUser::Tenant => self.hosts.as_ref()?,
        };
        Some(hosts::place(&[first, second]))
    }
}

impl fmt::Display for ReusedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ReusedKey { object_type, key, by, users: (first, second), .. } = self;
        write!(f, "{object_type} {key} was seen under {} {first} and {second}", by.plural())
    }
}

/// Who uses which key, of a bounded sample of objects. Adding and merging commute.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Reuse {
    objects: BTreeMap<(u64, ObjectId), Users>,
    /// Who works on which host: the least few actors by hash, with their steps.
    hosts: BTreeMap<Arc<str>, BTreeMap<u64, u64>>,
    /// Types with an accepted call that does not tell the user.
    untold: BTreeSet<(Arc<str>, KeyUser)>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Users {
    declared: BTreeSet<Arc<str>>,
    /// How often it was created, by the actor's tenant or on the host.
    made: BTreeMap<(KeyUser, Arc<str>), u64>,
    /// The least few of the activities that created it.
    makers: BTreeSet<Option<Arc<str>>>,
    /// Which operations changed it, by the actor's tenant and by host.
    worked: BTreeMap<(KeyUser, Arc<str>), BTreeSet<u64>>,
}

/// An object type, and one of the users of its keys.
type Part<'a> = (&'a Arc<str>, KeyUser, &'a Arc<str>);

/// What two users do with the keys of one type.
#[derive(Default)]
struct Pair {
    /// Keys of the first, of the second, and of both.
    keys: (u64, u64, u64),
    /// Of the keys of both, those to which both did the same.
    doubled: u64,
    /// What the first does, and the second.
    steps: (BTreeSet<u64>, BTreeSet<u64>),
    /// The shortest key of both.
    least: Option<Arc<str>>,
}

impl Reuse {
    /// Notes the objects of one event, before it is resolved: `sightings` are those of its objects, in their order.
    pub(super) fn add(&mut self, event: &Event, sightings: &[Sighting]) {
        if event.outcome != Outcome::Accepted {
            return;
        }
        for (object, sighting) in event.objects.iter().zip(sightings) {
            let tenant = object.tenant.is_some() || event.actor.tenant.is_some();
            for (by, told) in [(KeyUser::Tenant, tenant), (KeyUser::Host, event.host.is_some())] {
                // Who scans makes types up: beyond the bound none is said to be told.
                if !told && self.untold.len() < MOST_OBJECTS {
                    self.untold.insert((Arc::clone(&object.id.object_type), by));
                }
            }
            let made = is_made(event, object, sighting.source);
            let step = event.operation.as_ref().filter(|_| !event.read && !made && &*object.qualifier == "target");
            if !made && object.tenant.is_none() && step.is_none() {
                continue;
            }
            // Whether or not the object is in the sample: which ones are is known at the end of the input only.
            if step.is_some() {
                self.add_actor(event);
            }
            let Some(users) = self.users(&object.id) else { continue };
            users.declared.extend(object.tenant.clone());
            let tenant = event.actor.tenant.clone().map(|tenant| (KeyUser::Tenant, tenant));
            let host = event.host.clone().map(|host| (KeyUser::Host, host));
            for user in [tenant, host].into_iter().flatten() {
                if let Some(step) = step {
                    users.worked.entry(user).or_default().insert(stable_hash([step.as_bytes()]));
                } else if made {
                    *users.made.entry(user).or_default() += 1;
                    users.makers.insert(event.activity.clone());
                }
            }
            users.trim();
            self.trim();
        }
    }

    /// Notes who works on a host. A session whose login was not seen is another on each host.
    fn add_actor(&mut self, event: &Event) {
        let known = matches!(event.actor.evidence, Evidence::Address | Evidence::Device)
            || event.actor.evidence >= Evidence::Asserted;
        let actor = event.actor.principal.as_ref().filter(|_| known);
        if let (Some(host), Some(actor)) = (&event.host, actor) {
            let actors = self.hosts.entry(Arc::clone(host)).or_default();
            *actors.entry(stable_hash([actor.as_bytes()])).or_default() += 1;
            keep_least_keys(actors, MOST_ACTORS);
            keep_least_keys(&mut self.hosts, MOST_HOSTS);
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
        keep_least_keys(&mut self.objects, MOST_OBJECTS);
    }

    /// Adds what another part of the input shows.
    pub(super) fn merge(&mut self, other: Reuse) {
        for (key, more) in other.objects {
            let users = self.objects.entry(key).or_default();
            users.declared.extend(more.declared);
            more.made.into_iter().for_each(|(user, count)| *users.made.entry(user).or_default() += count);
            users.makers.extend(more.makers);
            more.worked.into_iter().for_each(|(user, steps)| users.worked.entry(user).or_default().extend(steps));
            users.trim();
        }
        self.trim();
        for (host, more) in other.hosts {
            let actors = self.hosts.entry(host).or_default();
            more.into_iter().for_each(|(actor, count)| *actors.entry(actor).or_default() += count);
            keep_least_keys(actors, MOST_ACTORS);
        }
        keep_least_keys(&mut self.hosts, MOST_HOSTS);
        self.untold.extend(other.untold);
        keep_least(&mut self.untold, MOST_OBJECTS);
    }

    /// Whether all calls about a type tell the user of its key.
    fn is_told(&self, object_type: &Arc<str>, by: KeyUser) -> bool {
        self.untold.len() < MOST_OBJECTS && !self.untold.contains(&(Arc::clone(object_type), by))
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
            for (rank, (several, by)) in (0..).zip(ways) {
                let Some(several) = several else { continue };
                let (object_type, key) = (Arc::clone(&id.object_type), Arc::clone(&id.key));
                let told = self.is_told(&object_type, by);
                let made_by = if rank == 0 { BTreeSet::new() } else { users.makers.clone() };
                let hosts = users.hosts_of_tenants().filter(|_| self.is_told(&object_type, KeyUser::Host));
                let reused = ReusedKey { object_type, key, by, users: several, hosts, made_by, certain: true, told };
                found.entry((&id.object_type, rank)).or_default().push(reused);
            }
        }
        let mut reused: Vec<ReusedKey> = Vec::new();
        for ((object_type, rank), keys) in found {
            let enough = rank == 0 || keys.len() >= MADE_TWICE;
            let known = reused.last().is_some_and(|last| last.object_type == *object_type);
            let made_by: BTreeSet<_> = keys.iter().flat_map(|reused| reused.made_by.iter().cloned()).collect();
            let least = keys.into_iter().min_by(|a, b| (a.key.len(), &a.key).cmp(&(b.key.len(), &b.key)));
            reused.extend(least.filter(|_| enough && !known).map(|least| ReusedKey { made_by, ..least }));
        }
        for worked in self.worked() {
            if !reused.iter().any(|known| known.object_type == worked.object_type) {
                reused.push(worked);
            }
        }
        reused.sort_by(|a, b| a.object_type.cmp(&b.object_type));
        reused
    }

    /// Object types whose tenants have a host each, as far as objects were seen to be made, by name.
    pub(super) fn hosted(&self) -> Vec<HostedType> {
        let mut made: BTreeMap<&Arc<str>, Made<'_>> = BTreeMap::new();
        for ((_, id), users) in &self.objects {
            let made_by = |by: KeyUser| users.made.keys().filter(move |(kind, _)| *kind == by).map(|(_, name)| name);
            let (mut tenants, mut hosts) = (made_by(KeyUser::Tenant), made_by(KeyUser::Host));
            if let ((Some(tenant), None), (Some(host), None)) =
                ((tenants.next(), tenants.next()), (hosts.next(), hosts.next()))
            {
                made.entry(&id.object_type).or_default().add(tenant, host);
            }
        }
        let told = |object_type: &Arc<str>| self.is_told(object_type, KeyUser::Host);
        made.into_iter().filter(|(name, _)| told(name)).filter_map(|(name, made)| made.hosted(name)).collect()
    }

    /// Types whose objects live twice, as far as steps tell where no creation was seen: most keys of one user are keys of
    /// another, who does the same to them. Who only shares objects does other steps, or does them to others; who reaches
    /// for a foreign tenant's does the same, so that of tenants this is never certain.
    fn worked(&self) -> Vec<ReusedKey> {
        let mut pairs: BTreeMap<(Part<'_>, &Arc<str>), Pair> = BTreeMap::new();
        let mut keys: BTreeMap<Part<'_>, (u64, BTreeSet<u64>)> = BTreeMap::new();
        for ((_, id), users) in &self.objects {
            // An object that was seen to be made is one, whoever works on it.
            let unmade = |kind: &KeyUser| !users.made.keys().any(|(known, _)| known == kind);
            let worked = || users.worked.iter().filter(|((by, _), _)| unmade(by));
            for (at, ((by, first), own)) in worked().enumerate() {
                let known = keys.entry((&id.object_type, *by, first)).or_default();
                known.0 += 1;
                known.1.extend(own);
                for ((_, second), more) in worked().skip(at + 1).filter(|((kind, _), _)| kind == by) {
                    let pair = pairs.entry(((&id.object_type, *by, first), second)).or_default();
                    pair.keys.2 += 1;
                    pair.doubled += u64::from(!own.is_disjoint(more));
                    let shorter = |least: &Arc<str>| (id.key.len(), &id.key) < (least.len(), least);
                    if pair.least.as_ref().is_none_or(shorter) {
                        pair.least = Some(Arc::clone(&id.key));
                    }
                }
            }
        }
        let mut found: Vec<(u64, ReusedKey)> = Vec::new();
        for (((object_type, by, first), second), mut pair) in pairs {
            let of = |user| keys.get(&(object_type, by, user)).cloned().unwrap_or_default();
            ((pair.keys.0, pair.steps.0), (pair.keys.1, pair.steps.1)) = (of(first), of(second));
            let certain = by == KeyUser::Host && self.are_apart(first, second);
            let Some(key) = pair.least.clone().filter(|_| pair.lives_twice()) else { continue };
            let users = (Arc::clone(first), Arc::clone(second));
            let (object_type, told) = (Arc::clone(object_type), self.is_told(object_type, by));
            let made_by = BTreeSet::new();
            let reused = ReusedKey { object_type, key, by, users, hosts: None, made_by, certain, told };
            found.push((pair.keys.2, reused));
        }
        // The clearest pair of each type comes first; equals stay in the order of names.
        found.sort_by(|(a, x), (b, y)| (y.certain, b).cmp(&(x.certain, a)));
        found.into_iter().map(|(_, reused)| reused).collect()
    }

    /// Whether other people work on one host than on another, but for a tenth of the steps.
    fn are_apart(&self, first: &Arc<str>, second: &Arc<str>) -> bool {
        let (Some(first), Some(second)) = (self.hosts.get(first), self.hosts.get(second)) else { return false };
        let full = [first, second].into_iter().filter(|actors| actors.len() >= MOST_ACTORS);
        // Of a host with more actors than are kept, those up to the last one kept are known.
        let last = full.filter_map(|actors| actors.last_key_value().map(|(hash, _)| *hash)).min().unwrap_or(u64::MAX);
        let steps = |actors: &BTreeMap<u64, u64>| actors.range(..=last).map(|(_, count)| count).sum::<u64>();
        let shared: u64 =
            first.range(..=last).map(|(actor, count)| second.get(actor).map_or(0, |other| *count.min(other))).sum();
        let least = steps(first).min(steps(second));
        least > 0 && shared * 10 <= least
    }
}

impl Pair {
    fn lives_twice(&self) -> bool {
        let (first, second, both) = self.keys;
        let alike = self.steps.0.intersection(&self.steps.1).count() * 2 >= self.steps.0.union(&self.steps.1).count();
        both >= MADE_TWICE as u64 && both * 2 >= first.min(second) && self.doubled * 2 >= both && alike
    }
}

impl Users {
    fn trim(&mut self) {
        keep_least(&mut self.declared, MOST_USERS);
        keep_least(&mut self.makers, MOST_STEPS);
        keep_least_keys(&mut self.made, 2 * MOST_USERS);
        keep_least_keys(&mut self.worked, 2 * MOST_USERS);
        for steps in self.worked.values_mut() {
            keep_least(steps, MOST_STEPS);
        }
    }

    /// The first two hosts that it was made on, where it was made on as many as by tenants.
    fn hosts_of_tenants(&self) -> Option<(Arc<str>, Arc<str>)> {
        let count = |by: KeyUser| self.made.keys().filter(|(kind, _)| *kind == by).count();
        let hosts = self.made_by(KeyUser::Host)?;
        (self.made_by(KeyUser::Tenant).is_some() && count(KeyUser::Tenant) == count(KeyUser::Host)).then_some(hosts)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::correlate::object::Places;
    use crate::event::sample::rich_event;

    /// Many objects of two hosts, and a few people who work on some of them.
    fn steps() -> Vec<Event> {
        let step = |n: u64| {
            let mut event = rich_event(n);
            event.host = Some(if n.is_multiple_of(2) { "a.shop.example" } else { "b.shop.example" }.into());
            event.actor.principal = Some(format!("user{}", n % 7).into());
            event
        };
        (0..2 * MOST_OBJECTS as u64).map(step).collect()
    }

    fn all(events: impl Iterator<Item = Event>) -> Reuse {
        let mut reuse = Reuse::default();
        events.for_each(|event| {
            let object_type = event.objects[0].id.object_type.clone();
            let sighting = Sighting { object_type, source: KeySource::Path, guessed: true, places: Places::default() };
            reuse.add(&event, &[sighting]);
        });
        reuse
    }

    #[test]
    fn what_is_found_does_not_depend_on_the_order_or_the_parts() {
        let straight = all(steps().into_iter());
        assert_eq!(straight.objects.len(), MOST_OBJECTS, "more than are looked at");
        assert_eq!(straight.hosts.len(), 2);
        let steps_of = |host: &BTreeMap<u64, u64>| host.values().sum::<u64>();
        assert_eq!(straight.hosts.values().map(steps_of).sum::<u64>(), 2 * MOST_OBJECTS as u64, "every step counts");
        assert_eq!(all(steps().into_iter().rev()), straight);
        let half = MOST_OBJECTS / 2;
        let mut parts = all(steps().into_iter().skip(half));
        parts.merge(all(steps().into_iter().take(half)));
        assert_eq!(parts, straight);
    }
}
