//! The directory: all facts together. Adding and merging commute, so any partition of the input gives the same one.

use std::collections::BTreeMap;
use std::sync::Arc;

use foldhash::fast::FixedState;
use hashbrown::HashMap;

use super::credential::Hash;
use super::facts::{Binding, BoundTo, Facts, Holder, Stamp, TenantFact};
use super::resolve::Resolver;
use super::session::Spells;
use crate::event::ObjectId;

/// A map whose order is never looked at.
pub(super) type Map<K, V> = HashMap<K, V, FixedState>;

/// What all exchanges together teach about credentials and objects.
#[derive(Clone, Debug, Default)]
pub struct Directory {
    bindings: Map<Hash, BTreeMap<Stamp, Binding>>,
    objects: Map<ObjectId, ObjectRecord>,
    presence: Map<Holder, Spells>,
    roles: Map<Arc<str>, Arc<str>>,
}

/// What is known of an object whatever the exchange.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct ObjectRecord {
    pub(super) parent: Option<(Stamp, ObjectId)>,
    pub(super) owner: Option<(Stamp, Holder)>,
    pub(super) tenant: Option<TenantFact>,
}

impl ObjectRecord {
    fn merge(&mut self, other: ObjectRecord) {
        keep_least(&mut self.parent, other.parent);
        keep_least(&mut self.owner, other.owner);
        keep_least(&mut self.tenant, other.tenant);
    }
}

fn keep_least<T: Ord>(kept: &mut Option<T>, other: Option<T>) {
    if let Some(other) = other
        && kept.as_ref().is_none_or(|k| other < *k)
    {
        *kept = Some(other);
    }
}

/// Number of entries, so that a caller can bound memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DirectorySize {
    /// Bound credentials.
    pub credentials: usize,
    /// Objects with a parent, owner or tenant.
    pub objects: usize,
    /// Actors whose spells of activity are tracked.
    pub actors: usize,
    /// Spells of all actors.
    pub spells: usize,
}

impl Directory {
    /// An empty directory.
    pub fn new() -> Directory {
        Directory::default()
    }

    /// Adds the facts of one exchange.
    pub fn add(&mut self, facts: Facts) {
        for (hash, stamp, binding) in facts.bindings {
            bind(self.bindings.entry(hash).or_default(), stamp, binding);
        }
        for (child, stamp, parent) in facts.parents {
            keep_least(&mut self.objects.entry(child).or_default().parent, Some((stamp, parent)));
        }
        for (object, stamp, holder) in facts.owners {
            keep_least(&mut self.objects.entry(object).or_default().owner, Some((stamp, holder)));
        }
        for (object, tenant) in facts.tenants {
            keep_least(&mut self.objects.entry(object).or_default().tenant, Some(tenant));
        }
        if let Some((sensor, role)) = facts.shows_roles {
            self.roles.entry(sensor).or_insert(role);
        }
        for (holder, from, to) in facts.presence {
            self.presence.entry(holder).or_default().add(from, to);
        }
    }

    /// Adds all facts of another directory.
    pub fn merge(&mut self, other: Directory) {
        other.bindings.into_iter().for_each(|(hash, bindings)| {
            let mine = self.bindings.entry(hash).or_default();
            bindings.into_iter().for_each(|(stamp, binding)| bind(mine, stamp, binding));
        });
        other.objects.into_iter().for_each(|(id, record)| self.objects.entry(id).or_default().merge(record));
        other.presence.into_iter().for_each(|(holder, spells)| {
            let mine = self.presence.entry(holder).or_default();
            spells.iter().for_each(|(from, to)| mine.add(from, to));
        });
        // One model gives one default role, so it does not matter whose is kept.
        self.roles.extend(other.roles);
    }

    /// Number of entries.
    pub fn size(&self) -> DirectorySize {
        DirectorySize {
            credentials: self.bindings.len(),
            objects: self.objects.len(),
            actors: self.presence.len(),
            spells: self.presence.values().map(Spells::len).sum(),
        }
    }

    /// Number of entries of all kinds.
    pub fn len(&self) -> usize {
        let size = self.size();
        size.credentials + size.objects + size.actors
    }

    /// Whether no fact was added.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Ends collection: from here on events are resolved.
    pub fn freeze(self) -> Resolver {
        let credentials = Credentials { bindings: self.bindings };
        let mut sessions: Map<Arc<str>, Spells> = Map::default();
        self.presence.into_iter().for_each(|(holder, spells)| {
            for (from, to) in spells.iter() {
                credentials.split(&holder, from, to, |name, from, to| {
                    sessions.entry(name).or_default().add(from, to);
                });
            }
        });
        Resolver::new(credentials, self.objects, sessions, self.roles)
    }
}

fn bind(bindings: &mut BTreeMap<Stamp, Binding>, stamp: Stamp, binding: Binding) {
    let kept = bindings.entry(stamp).or_insert_with(|| binding.clone());
    if binding < *kept {
        *kept = binding;
    }
}

/// Longest chain of refreshed tokens that is followed.
const MOST_HOPS: usize = 64;

/// Whom credentials stand for, and when.
#[derive(Clone, Debug, Default)]
pub(super) struct Credentials {
    bindings: Map<Hash, BTreeMap<Stamp, Binding>>,
}

impl Credentials {
    /// The subject that a credential stands for at a time.
    pub(super) fn subject(&self, credential: Hash, time: i64) -> Option<&Arc<str>> {
        let (mut credential, mut time) = (credential, time);
        for _ in 0..MOST_HOPS {
            let bindings = self.bindings.get(&credential)?;
            let latest = bindings.range(..=(time, crate::event::EventId(u64::MAX))).next_back();
            let found = latest.or_else(|| bindings.first_key_value().filter(|(_, b)| b.issued));
            match found? {
                (_, Binding { to: BoundTo::Subject(subject), .. }) => return Some(subject),
                (_, Binding { to: BoundTo::Nobody, .. }) => return None,
                // What the older token stood for when it was exchanged.
                (stamp, Binding { to: BoundTo::SameAs(other), .. }) => (credential, time) = (*other, stamp.0),
            }
        }
        None
    }

    /// Name of somebody at a time.
    pub(super) fn name(&self, holder: &Holder, time: i64) -> Option<Arc<str>> {
        let bound = holder.credential.and_then(|c| self.subject(c, time));
        bound.or(holder.name.as_ref()).cloned()
    }

    /// Splits an interval of somebody's activity where the credential's meaning changes.
    fn split(&self, holder: &Holder, from: i64, to: i64, mut each: impl FnMut(Arc<str>, i64, i64)) {
        let changes = holder.credential.and_then(|c| self.bindings.get(&c));
        let mut start = from;
        for (stamp, _) in changes.into_iter().flat_map(|b| b.range((from, crate::event::EventId(0))..)) {
            if stamp.0 > to {
                break;
            }
            if stamp.0 > start {
                if let Some(name) = self.name(holder, start) {
                    each(name, start, stamp.0 - 1);
                }
                start = stamp.0;
            }
        }
        if let Some(name) = self.name(holder, start) {
            each(name, start, to);
        }
    }
}
