//! Resolve: gives each event what only other exchanges know.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::credential::Hash;
use super::directory::{Credentials, Map, Meaning, Named, object_bytes, object_of, text};
use super::facts::RoleSource;
use super::object::{scoped, unscoped, waiting};
use super::pool::Pool;
use super::run::Runs;
use super::session::{self, Line, Spells};
use crate::event::{Actor, Doubt, Event, EventId, Evidence, ObjectId, ObjectRef, TenantTold};

/// Deepest nesting of objects: a refund of an order of an account is two.
const MOST_ANCESTORS: usize = 16;

/// All facts, frozen. Resolving is a pure function of the event, so it may run in parallel and in any order.
#[derive(Clone, Debug)]
pub struct Resolver {
    credentials: Credentials,
    objects: Pool,
    /// By an object's number.
    records: Vec<Known>,
    named: Named,
    /// Names of owners and tenants.
    names: Pool,
    /// Lines of actors' activity, see [`Line::bytes`].
    lines: Pool,
    /// By the number of a line.
    sessions: Vec<Spells>,
    runs: Runs,
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
        (objects, records, named): (Pool, Vec<Known>, Named),
        names: Pool,
        (lines, sessions): (Pool, Vec<Spells>),
        runs: Runs,
        roles: Map<RoleSource, Arc<str>>,
    ) -> Resolver {
        Resolver { credentials, objects, records, named, names, lines, sessions, runs, roles }
    }

    /// Fills the principal behind a bound credential, the owner and tenant of objects, the case, the session and the run.
    pub fn resolve(&self, event: &mut Event) {
        self.resolve_actor(event);
        self.resolve_exchange(event);
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
        event.session = self.session(&event.actor, event.time);
        let mark = event.run.take().as_deref().and_then(Hash::parse);
        event.run = mark.and_then(|mark| self.runs.name(mark)).map(Arc::from);
    }

    /// The session of somebody: what began with one login, or goes on at one device, without a long silence in it.
    fn session(&self, actor: &Actor, time: i64) -> Option<Arc<str>> {
        let principal = actor.principal.as_ref()?;
        let credential = actor.credential.as_deref().and_then(Hash::parse);
        let credential = credential.filter(|_| actor.evidence == Evidence::Bound);
        let login = credential.and_then(|hash| self.credentials.meaning(hash, time)).map(|meaning| meaning.login);
        let line = login.unwrap_or(Line::Strand(actor.strand)).bytes(principal);
        let start = self.sessions.get(self.lines.find(&line)? as usize)?.start(time)?;
        Some(session::name(&line, start).into())
    }

    /// The login that bound the credential of a resolved event: its time and event.
    pub fn bound_by(&self, event: &Event) -> Option<(i64, EventId)> {
        let hash = event.actor.credential.as_deref().and_then(Hash::parse)?;
        match self.credentials.meaning(hash, event.time)?.login {
            Line::Login(time, id) => Some((time, EventId(id))),
            Line::Strand(_) => None,
        }
    }

    /// Whether some login gave a credential out, or bound it.
    pub(super) fn knows_credential(&self, credential: Hash) -> bool {
        self.credentials.are_known(credential)
    }

    /// The events that bound credentials.
    pub fn logins(&self) -> BTreeSet<EventId> {
        self.credentials.logins()
    }

    fn name(&self, number: u32) -> Arc<str> {
        text(self.names.get(number)).into()
    }

    /// The best credential that stands for somebody names the actor; whoever else a credential stands for is told too. A
    /// token that no key was tried on and that no login gave out is not better than a session that a login bound: shown
    /// beside it, the server may never have read it.
    fn resolve_actor(&self, event: &mut Event) {
        let (actor, time) = (&mut event.actor, event.time);
        let certain = actor.evidence >= Evidence::Bound;
        let first = actor.credential.as_deref().filter(|_| !certain).into_iter();
        // What is a credential by its look alone is asked, but contradicts nobody.
        let all = first.chain(actor.also.iter().map(|hash| &**hash));
        let bound: Vec<(Hash, bool, Meaning<'_>)> = all
            .filter_map(|text| {
                let hash = Hash::parse(text.strip_prefix('?').unwrap_or(text))?;
                Some((hash, !text.starts_with('?'), self.credentials.meaning(hash, time)?))
            })
            .collect();
        let given = actor.credential.as_deref().and_then(Hash::parse).filter(|_| certain);
        let given = given.and_then(|hash| self.credentials.meaning(hash, time)).map(|meaning| meaning.subject);
        // A token that a login gave out is the server's, wherever it is shown.
        let untried = actor.may_yield() && given.is_none();
        let same = |meaning: &Meaning<'_>| Some(meaning.subject) == actor.principal.as_ref();
        let better = bound.iter().find(|(.., meaning)| untried && (actor.yields || same(meaning)));
        if let Some((hash, _, meaning)) = better {
            dethrone(actor, meaning.subject, &mut event.objects);
            rule(actor, *hash, meaning);
        } else if certain {
            let told_apart = |name: &Arc<str>| self.credentials.told_apart(name, actor.issuer.as_deref());
            actor.principal = actor.principal.as_ref().map(told_apart);
        } else if let Some((hash, _, meaning)) = bound.first() {
            rule(actor, *hash, meaning);
        } else if let Some((session, name)) = self.beside_shared_key(actor, time) {
            let key = actor.principal.replace(name);
            // The key is that of the page or app.
            let nameless = actor.client.as_deref().is_none_or(|client| client.starts_with("client:"));
            actor.client = key.filter(|_| nameless).or_else(|| actor.client.take());
            (actor.evidence, actor.kind_known) = (Evidence::Unbound, false);
            if actor.credential.as_deref().and_then(Hash::parse) != Some(session) {
                let text: Arc<str> = session.to_string().into();
                actor.also.retain(|other| other.strip_prefix('?').unwrap_or(other) != &*text);
                actor.also.extend(actor.credential.replace(text));
            }
        } else if let Some((hash, name)) =
            actor.credential.as_deref().and_then(Hash::parse).zip(actor.principal.as_ref())
        {
            let unnamed = self.credentials.unnamed(hash, name, time);
            actor.principal = unnamed.or_else(|| actor.principal.take());
        }
        let rivals = bound.iter().filter(|(_, surely, meaning)| (*surely || untried) && given != Some(meaning.subject));
        for (.., meaning) in rivals {
            let known = |name: &str| name == &**meaning.subject;
            if actor.principal.as_deref().is_some_and(known) || actor.bare_name().is_some_and(known) {
                continue;
            }
            if !actor.others.contains(meaning.subject) {
                actor.others.push(Arc::clone(meaning.subject));
            }
            actor.doubts.add(Doubt::SeveralNames);
            actor.doubts.add(Doubt::Contested);
        }
        self.resolve_agents(actor, time);
        // A token that was doubted may have named the very person that a login binds.
        if let Some(principal) = &actor.principal {
            actor.others.retain(|other| other != principal);
        }
        if actor.others.is_empty() {
            actor.doubts.remove(Doubt::SeveralNames);
        }
    }

    /// The session beside an API key that is several people's, and the name of who holds it.
    fn beside_shared_key(&self, actor: &Actor, time: i64) -> Option<(Hash, Arc<str>)> {
        let name = actor.principal.as_deref().filter(|_| actor.evidence == Evidence::ApiKey)?;
        self.credentials.beside_shared(name, actor.credentials().filter_map(Hash::parse), time)
    }

    /// Who acts by a token that was given for another's: what the token itself says goes before it.
    fn resolve_agents(&self, actor: &mut Actor, time: i64) {
        let hash = actor.credential.as_deref().and_then(Hash::parse);
        let Some(acting) = hash.and_then(|hash| self.credentials.acting(hash, time)) else { return };
        if let Some((latest, earlier)) = acting.agents.split_first().filter(|_| actor.agent.is_none()) {
            actor.agent = Some(self.credentials.agent(latest));
            actor.earlier_agents = earlier.iter().map(|agent| self.credentials.agent(agent)).collect();
        }
        // A program that is told by its address alone has no name of its own.
        let nameless = actor.client.as_deref().is_none_or(|client| client.starts_with("client:"));
        actor.client = acting.client.clone().filter(|_| nameless).or_else(|| actor.client.take());
        if let Some(scopes) = acting.scopes.as_ref().filter(|_| actor.scopes.is_empty()) {
            actor.scopes = scopes.to_vec();
        }
        if let Some(seen) = actor.seen_agent.as_mut().filter(|_| !acting.agents.is_empty()) {
            seen.named = Some(true);
        }
    }

    /// What the token that was exchanged had been good for, where the answer said so that gave it out.
    fn resolve_exchange(&self, event: &mut Event) {
        let Some(exchanged) = event.exchanged.as_mut().filter(|exchanged| exchanged.had.is_none()) else { return };
        let hash = Hash::parse(&exchanged.shown);
        let acting = hash.and_then(|hash| self.credentials.acting(hash, event.time));
        exchanged.had = acting.and_then(|acting| acting.scopes.as_deref()).map(<[_]>::to_vec);
    }

    /// The roles that a login told last as long as its session. A source that shows the roles of some shows that a named
    /// user without any has the default one: in a log's field, or in the tokens of those who have no mere session.
    fn resolve_roles(&self, event: &mut Event) {
        let actor = &mut event.actor;
        let hash = actor.credential.as_deref().and_then(Hash::parse).filter(|_| !actor.roles_known);
        actor.take_roles(
            hash.and_then(|hash| self.credentials.meaning(hash, event.time)).and_then(|meaning| meaning.roles),
        );
        // Whom another input's record names, that input shows without roles.
        let source = match &actor.told_in {
            Some(told) if actor.evidence == Evidence::Asserted => (told.sensor.clone(), false),
            _ => (event.sensor.clone(), event.shows.headers),
        };
        let told = if source.1 { Evidence::Bound } else { Evidence::Asserted };
        let told = actor.evidence == told && !actor.doubts.has(Doubt::Contested);
        if let Some(default) = self.roles.get(&source).filter(|_| told) {
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
                object.told = TenantTold::ByRequest;
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

    /// Objects that bodies of calls about an object name, each call one of their type. Only told without a model.
    pub fn named_beside(&self, object: &ObjectId) -> Vec<ObjectId> {
        let mut bytes = Vec::new();
        object_bytes(object, &mut bytes);
        let Some(number) = self.objects.find(&bytes) else { return Vec::new() };
        let others = self.named.beside(number).iter().map(|other| object_of(self.objects.get(*other)));
        others.map(|(name, key)| ObjectId { object_type: text(name).into(), key: text(key).into() }).collect()
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

/// Gives the actor the name of a login, by the credential that it bound.
fn rule(actor: &mut Actor, credential: Hash, meaning: &Meaning<'_>) {
    actor.principal = Some(Arc::clone(meaning.subject));
    actor.evidence = Evidence::Bound;
    actor.credential = Some(credential.to_string().into());
    // A login says more than the other input, unless a credential is known from there.
    actor.told_in = actor.told_in.take().filter(|told| told.credential);
    if let Some(kind) = meaning.kind {
        (actor.kind, actor.kind_known) = (Arc::clone(kind), true);
    }
}

/// Takes from the actor what a token gave that is not the one to go by: name, roles, kind, agents, scopes and tenant, with
/// the objects that it placed.
fn dethrone(actor: &mut Actor, by: &Arc<str>, objects: &mut [ObjectRef]) {
    (actor.yields, actor.issuer) = (false, None);
    if let Some(name) = actor.principal.take().filter(|name| name != by) {
        actor.doubts.add(Doubt::SeveralNames);
        actor.doubts.add(Doubt::Contested);
        if !actor.others.contains(&name) {
            actor.others.push(name);
        }
    }
    if actor.evidence != Evidence::Claims {
        return;
    }
    actor.doubts.add(Doubt::Contested);
    actor.roles.clear();
    (actor.roles_known, actor.roles_defaulted, actor.kind_known) = (false, false, false);
    actor.agent = None;
    actor.earlier_agents.clear();
    actor.scopes.clear();
    let Some(tenant) = actor.tenant.take_if(|_| actor.tenant_claimed) else { return };
    let under = scoped(&tenant, "");
    for object in objects.iter_mut().filter(|object| object.told == TenantTold::WithActor) {
        object.tenant = None;
        object.told = TenantTold::Apart;
        if let Some(own) = object.id.key.strip_prefix(&*under) {
            (object.id.key, object.told) = (unscoped(None, own), TenantTold::Nowhere);
        }
    }
}
