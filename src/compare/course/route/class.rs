//! What sort of actor somebody is, and since when each sort is about.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::event::{Event, OrderKey, Outcome, Setting};

/// Roles of one actor that are looked at.
const ROLES: usize = 4;
/// Classes that are known; of more a sample stays that nobody can choose, by keyed hashes.
const MOST: usize = 1_024;

/// What sort of actor: a person, a service or an agent, and the roles that are told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Class {
    /// What acts, as far as it is known to be a program.
    pub kind: ActorKind,
    /// Hashes of roles, the least first, 0 for none.
    pub roles: [u32; ROLES],
}

/// What acts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum ActorKind {
    /// A person, or nobody knows.
    #[default]
    Other,
    /// A service.
    Service,
    /// Software that acts for a person.
    Agent,
}

impl Class {
    /// The class of an event's actor; by a `role`'s hash where a model says what roles are, else as the setting tells them.
    pub fn of(event: &Event, setting: &Setting, role: Option<&dyn Fn(&str) -> u32>) -> Class {
        let actor = &event.actor;
        let kind = match &actor.agent {
            Some(_) => ActorKind::Agent,
            None if actor.kind_known && &*actor.kind == "service" => ActorKind::Service,
            None => ActorKind::Other,
        };
        let Some(hash) = role else { return Class { kind, roles: setting.roles } };
        let mut hashes: Vec<u32> =
            actor.roles.iter().filter(|_| actor.roles_known).map(|role| hash(role).max(1)).collect();
        hashes.sort_unstable();
        let mut roles = [0; ROLES];
        roles.iter_mut().zip(hashes).for_each(|(to, hash)| *to = hash);
        Class { kind, roles }
    }

    /// Whether any role is told.
    pub(in crate::compare::course) fn has_roles(&self) -> bool {
        self.roles.iter().any(|role| *role != 0)
    }

    /// Whether two have a role in common.
    pub(in crate::compare::course) fn shares_role(&self, other: &Class) -> bool {
        self.roles.iter().any(|role| *role != 0 && other.roles.contains(role))
    }
}

/// The first requests of each class that were let through, wherever they went; sums commute.
#[derive(Clone, Debug, Default)]
pub struct Roster(BTreeMap<Class, BTreeSet<OrderKey>>);

impl Roster {
    /// Requests of a class that are kept: the first so many.
    pub const KEPT: usize = 64;

    /// Notes an event of a class.
    pub fn note(&mut self, event: &Event, class: Class) {
        if event.outcome == Outcome::Accepted {
            self.insert(class, [event.order_key()]);
        }
    }

    pub(super) fn insert(&mut self, class: Class, keys: impl IntoIterator<Item = OrderKey>) {
        let first = self.0.entry(class).or_default();
        for key in keys {
            if first.len() < Roster::KEPT || first.last().is_some_and(|last| key < *last) {
                first.insert(key);
            }
        }
        while first.len() > Roster::KEPT {
            first.pop_last();
        }
        while self.0.len() > MOST {
            self.0.pop_last();
        }
    }

    /// Adds what another saw.
    pub fn add(&mut self, other: Roster) {
        other.0.into_iter().for_each(|(class, keys)| self.insert(class, keys));
    }

    /// How many requests a class had made before, of the first few.
    pub(super) fn before(&self, class: &Class, at: OrderKey) -> usize {
        self.0.get(class).map_or(0, |first| first.range(..at).count())
    }
}
