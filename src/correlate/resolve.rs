//! Resolve: gives each event what only other exchanges know.

use std::sync::Arc;

use super::credential::Hash;
use super::directory::{Credentials, Map, ObjectRecord};
use super::session::{self, Spells};
use crate::event::{Event, Evidence, ObjectId};

/// Deepest nesting of objects: a refund of an order of an account is two.
const MOST_ANCESTORS: usize = 16;

/// All facts, frozen. Resolving is a pure function of the event, so it may run in parallel and in any order.
#[derive(Clone, Debug)]
pub struct Resolver {
    credentials: Credentials,
    objects: Map<ObjectId, ObjectRecord>,
    sessions: Map<Arc<str>, Spells>,
    roles: Map<Arc<str>, Arc<str>>,
}

impl Resolver {
    pub(super) fn new(
        credentials: Credentials,
        objects: Map<ObjectId, ObjectRecord>,
        sessions: Map<Arc<str>, Spells>,
        roles: Map<Arc<str>, Arc<str>>,
    ) -> Resolver {
        Resolver { credentials, objects, sessions, roles }
    }

    /// Fills the principal behind a bound credential, the owner and tenant of objects, the case and the session.
    pub fn resolve(&self, event: &mut Event) {
        self.resolve_actor(event);
        self.resolve_roles(event);
        for object in &mut event.objects {
            let Some(record) = self.objects.get(&object.id) else { continue };
            if object.owner.is_none() {
                object.owner = record.owner.as_ref().and_then(|(s, holder)| self.credentials.name(holder, s.0));
            }
            if object.tenant.is_none() {
                object.tenant = record.tenant.as_ref().map(|t| t.tenant.clone());
            }
        }
        event.case = event.objects.first().map(|o| self.root(&o.id));
        event.session = event.actor.principal.as_ref().and_then(|principal| {
            let start = self.sessions.get(principal)?.start(event.time)?;
            Some(session::name(principal, start).into())
        });
    }

    fn resolve_actor(&self, event: &mut Event) {
        if event.actor.evidence >= Evidence::Bound {
            return;
        }
        let hash = event.actor.credential.as_deref().and_then(Hash::parse);
        if let Some(subject) = hash.and_then(|h| self.credentials.subject(h, event.time)) {
            event.actor.principal = Some(subject.clone());
            event.actor.evidence = Evidence::Bound;
        }
    }

    /// A log that shows the roles of some shows that a named user without any has the default one.
    fn resolve_roles(&self, event: &mut Event) {
        let actor = &mut event.actor;
        let named = actor.evidence == Evidence::Asserted && actor.roles.is_empty() && !event.shows.headers;
        if let Some(default) = self.roles.get(&event.sensor).filter(|_| named) {
            actor.roles.push(default.clone());
        }
    }

    /// The root of an object: its furthest ancestor. In a ring of parents, the least of the ring.
    pub fn root(&self, object: &ObjectId) -> ObjectId {
        let mut seen = vec![object];
        let mut at = object;
        while let Some((_, parent)) = self.objects.get(at).and_then(|r| r.parent.as_ref()) {
            if let Some(ring) = seen.iter().position(|s| *s == parent) {
                let least = seen.iter().skip(ring).min();
                return least.map_or_else(|| parent.clone(), |o| (*o).clone());
            }
            if seen.len() > MOST_ANCESTORS {
                break;
            }
            seen.push(parent);
            at = parent;
        }
        at.clone()
    }
}
