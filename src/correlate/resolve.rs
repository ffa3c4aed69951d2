//! Resolve: gives each event what only other exchanges know.

use std::sync::Arc;

use super::credential::Hash;
use super::directory::{Credentials, Map, object_bytes, object_of, text};
use super::facts::RoleSource;
use super::object::{scoped, waiting};
use super::pool::Pool;
use super::session::{self, Spells};
use crate::event::{Event, Evidence, ObjectId, TenantTold};

/// Deepest nesting of objects: a refund of an order of an account is two.
const MOST_ANCESTORS: usize = 16;

/// All facts, frozen. Resolving is a pure function of the event, so it may run in parallel and in any order.
#[derive(Clone, Debug)]
pub struct Resolver {
    credentials: Credentials,
    objects: Pool,
    /// By an object's number.
    records: Vec<Known>,
    /// Names of owners, tenants and actors.
    names: Pool,
    /// By the number of an actor's name.
    sessions: Vec<Spells>,
    roles: Map<RoleSource, Arc<str>>,
}

/// What is known of an object, as numbers: of an object, and of names.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known {
    pub(super) parent: Option<u32>,
    pub(super) owner: Option<u32>,
    pub(super) tenant: Option<u32>,
}

impl Resolver {
    pub(super) fn new(
        credentials: Credentials,
        objects: Pool,
        records: Vec<Known>,
        names: Pool,
        sessions: Vec<Spells>,
        roles: Map<RoleSource, Arc<str>>,
    ) -> Resolver {
        Resolver { credentials, objects, records, names, sessions, roles }
    }

    /// Fills the principal behind a bound credential, the owner and tenant of objects, the case and the session.
    pub fn resolve(&self, event: &mut Event) {
        self.resolve_actor(event);
        self.resolve_roles(event);
        self.resolve_tenant(event);
        let mut bytes = Vec::new();
        for object in &mut event.objects {
            object_bytes(&object.id, &mut bytes);
            let Some(record) = self.objects.find(&bytes).and_then(|number| self.records.get(number as usize)) else {
                continue;
            };
            if object.owner.is_none() {
                object.owner = record.owner.map(|name| self.name(name));
            }
            if object.tenant.is_none() {
                object.tenant = record.tenant.map(|name| self.name(name));
            }
        }
        event.case = event.objects.first().map(|o| self.root(&o.id));
        event.session = event.actor.principal.as_ref().and_then(|principal| {
            let number = self.names.find(principal.as_bytes())?;
            let start = self.sessions.get(number as usize)?.start(event.time)?;
            Some(session::name(principal, start).into())
        });
    }

    fn name(&self, number: u32) -> Arc<str> {
        text(self.names.get(number)).into()
    }

    fn resolve_actor(&self, event: &mut Event) {
        if event.actor.evidence >= Evidence::Bound {
            return;
        }
        let hash = event.actor.credential.as_deref().and_then(Hash::parse);
        if let Some(subject) = hash.and_then(|h| self.credentials.subject(h, event.time)) {
            event.actor.principal = Some(subject.clone());
            event.actor.evidence = Evidence::Bound;
            // A login says more than the other input, unless its credential is known from there.
            event.actor.told_in = event.actor.told_in.take().filter(|told| told.credential);
        }
    }

    /// The roles that a login told last as long as its session. A source that shows the roles of some shows that a named
    /// user without any has the default one: in a log's field, or in the tokens of those who have no mere session.
    fn resolve_roles(&self, event: &mut Event) {
        let actor = &mut event.actor;
        let hash = actor.credential.as_deref().and_then(Hash::parse).filter(|_| !actor.roles_known);
        actor.take_roles(hash.and_then(|hash| self.credentials.roles(hash, event.time)));
        // Whom another input's record names, that input shows without roles.
        let source = match &actor.told_in {
            Some(told) if actor.evidence == Evidence::Asserted => (told.sensor.clone(), false),
            _ => (event.sensor.clone(), event.shows.headers),
        };
        let told = if source.1 { Evidence::Bound } else { Evidence::Asserted };
        if let Some(default) = self.roles.get(&source).filter(|_| actor.evidence == told) {
            actor.take_roles(Some(std::slice::from_ref(default)));
        }
    }

    /// The tenant that a login told lasts as long as its session. Objects that waited for it have an identity then; what
    /// still waits is left out, and its type is told.
    fn resolve_tenant(&self, event: &mut Event) {
        let actor = &mut event.actor;
        let open = actor.tenant.is_none() || actor.tenant_yields;
        let hash = actor.credential.as_deref().and_then(Hash::parse).filter(|_| open);
        if let Some(tenant) = hash.and_then(|hash| self.credentials.tenant(hash, event.time)) {
            let said = actor.tenant.replace(tenant.clone());
            // What the exchange said is the object's alone now.
            for object in event.objects.iter_mut().filter(|object| object.told == TenantTold::WithActor) {
                object.told = TenantTold::Apart;
                object.tenant = object.tenant.take().or_else(|| said.clone());
            }
        }
        let mut unplaced = Vec::new();
        event.objects.retain_mut(|object| {
            let waits = (object.told == TenantTold::Nowhere).then(|| waiting(&object.id.key)).flatten();
            match (waits, &event.actor.tenant) {
                (None, _) => true,
                (Some((_, own)), Some(tenant)) => {
                    (object.id.key, object.told) = (scoped(tenant, own), TenantTold::WithActor);
                    true
                }
                (Some(_), None) => {
                    unplaced.push(object.id.object_type.clone());
                    false
                }
            }
        });
        event.unplaced = unplaced;
    }

    /// The root of an object: its furthest ancestor. In a ring of parents, the least of the ring.
    pub fn root(&self, object: &ObjectId) -> ObjectId {
        let mut bytes = Vec::new();
        object_bytes(object, &mut bytes);
        let Some(mut at) = self.objects.find(&bytes) else { return object.clone() };
        let mut seen = vec![at];
        while let Some(parent) = self.records.get(at as usize).and_then(|record| record.parent) {
            if let Some(ring) = seen.iter().position(|s| *s == parent) {
                let least = seen.iter().skip(ring).min_by_key(|number| object_of(self.objects.get(**number)));
                at = least.copied().unwrap_or(parent);
                break;
            }
            if seen.len() > MOST_ANCESTORS {
                break;
            }
            seen.push(parent);
            at = parent;
        }
        let (object_type, key) = object_of(self.objects.get(at));
        if seen.first() == Some(&at) {
            return object.clone();
        }
        ObjectId { object_type: text(object_type).into(), key: text(key).into() }
    }
}
