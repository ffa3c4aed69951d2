//! Twins: two inputs' views of one exchange, of which the one that is kept may know less of who acted.

use std::sync::Arc;

use offpath_capture::Origin;

use super::extract::Extracted;
use super::facts::{Facts, Holder, TenantFact};
use super::identity::{MOST_ALSO, MOST_OTHERS, holder, issuer_of, newcomer};
use super::object::{scoped, unscoped, waiting};
use crate::event::{Actor, Doubt, Doubts, Evidence, Mark, ObjectId, Outcome, SeenAgent, TenantTold, Told};

/// Whether the actor that another view of an exchange tells says more of who acted than the view that is kept does.
pub fn tells_more(twin: &Actor, kept: &Actor) -> bool {
    adopted(kept, twin).is_some()
}

/// Whether an inner hop of a request names somebody else than its outermost one, where credentials say who acted: behind a
/// gateway it is often the gateway that is named.
pub fn names_another(inner: &Actor, edge: &Actor) -> bool {
    let shown = edge.credential.is_some() && edge.evidence > Evidence::Device;
    inner.principal != edge.principal && (shown || edge.evidence >= Evidence::Asserted)
}

impl Extracted {
    /// Takes from another view of the exchange what it tells of who acted, and changes accordingly what is taught. The
    /// view is at `origin`, stamped by `sensor`.
    pub fn adopt(&mut self, twin: &Actor, origin: &Origin, sensor: &Arc<str>) {
        self.change_actor(origin, sensor, |kept| adopted(kept, twin));
    }

    /// Takes from another view of the exchange where its request came from, as hashes of address and network.
    pub fn come_from(&mut self, address: u64, network: u64) {
        for setting in self.events.iter_mut().filter_map(|event| event.setting.as_mut()) {
            if setting.address == 0 {
                (setting.address, setting.network) = (address, network);
                setting.marks.remove(Mark::LoginWithoutAddress);
            }
        }
    }

    /// Lets the actor of the outermost hop have acted in this inner one, unless only this one shows who asked.
    pub fn act_as(&mut self, edge: &Actor, origin: &Origin, sensor: &Arc<str>) {
        self.change_actor(origin, sensor, |kept| {
            let another = names_another(kept, edge);
            if kept.evidence > edge.evidence && !another {
                return adopted(kept, edge);
            }
            let more = if another { None } else { adopted(edge, kept) };
            Some(more.unwrap_or_else(|| edge.clone())).filter(|actor| actor != kept)
        });
    }

    fn change_actor(&mut self, origin: &Origin, sensor: &Arc<str>, change: impl Fn(&Actor) -> Option<Actor>) {
        for event in &mut self.events {
            let Some(mut actor) = change(&event.actor) else { continue };
            let credential = actor.credentials().any(|hash| event.actor.credentials().all(|kept| kept != hash));
            let told = Told { origin: origin.clone(), sensor: sensor.clone(), credential };
            actor.told_in.get_or_insert_with(|| Box::new(told)).credential |= credential;
            let before = std::mem::replace(&mut event.actor, actor);
            if before.evidence <= Evidence::Device && event.actor.evidence > Evidence::Device {
                self.known_address = before.principal.clone();
                self.cookie = None;
            }
            let open = event.objects.iter().filter(|object| object.told == TenantTold::Nowhere);
            let open = open.map(|object| object.id.clone()).collect();
            let holders = [(holder(&before), holder(&event.actor)), (newcomer(&before), newcomer(&event.actor))];
            let change = Change { holders, actor: &event.actor, open };
            change.make(&mut self.facts);
            if event.outcome == Outcome::Accepted {
                self.facts.issuers.extend(issuer_of(&event.actor));
            }
            let placed = event.actor.tenant.is_some() || event.actor.credential.is_some();
            if let Some(mut unplaced) = self.facts.unplaced.take_if(|_| placed) {
                change.make(&mut unplaced);
                self.facts.append(*unplaced);
            }
        }
    }
}

/// The kept view's actor with what the other tells; `None` when that is nothing new.
///
/// The stronger evidence names the principal. Of a kept view that shows no more than an address, what it says for want of
/// a credential (a default role, a kind) is not believed either: the credential was taken out of it. Whom else a view
/// names, and which credentials it shows, the request does in both.
fn adopted(kept: &Actor, twin: &Actor) -> Option<Actor> {
    let mut actor = kept.clone();
    let named = twin.principal.is_some() && twin.evidence > kept.evidence;
    let blind = named && kept.evidence <= Evidence::Device;
    if named {
        actor.principal.clone_from(&twin.principal);
        (actor.evidence, actor.yields) = (twin.evidence, twin.yields);
        actor.issuer.clone_from(&twin.issuer);
        contradict(&mut actor, kept, twin);
        if twin.strand != 0 {
            actor.strand = twin.strand;
        }
        if twin.kind_known || blind {
            (actor.kind, actor.kind_known) = (twin.kind.clone(), twin.kind_known);
        }
    }
    if blind || twin.roles_known && !kept.roles_known {
        actor.roles.clone_from(&twin.roles);
        (actor.roles_known, actor.roles_defaulted) = (twin.roles_known, twin.roles_defaulted);
    }
    if actor.tenant.is_none() {
        (actor.tenant, actor.tenant_yields) = (twin.tenant.clone(), twin.tenant_yields);
        actor.tenant_claimed = twin.tenant_claimed;
    }
    if actor.agent.is_none() {
        actor.agent.clone_from(&twin.agent);
        actor.earlier_agents.clone_from(&twin.earlier_agents);
    }
    if named {
        actor.token_end = twin.token_end;
    }
    let told = |seen: &Option<Box<SeenAgent>>| seen.as_ref().map(|seen| seen.named.is_some());
    if told(&twin.seen_agent) > told(&actor.seen_agent) {
        actor.seen_agent.clone_from(&twin.seen_agent);
    }
    if actor.scopes.is_empty() {
        actor.scopes.clone_from(&twin.scopes);
    }
    (actor.credential, actor.also) = if named { credentials(twin, kept) } else { credentials(kept, twin) };
    (actor != *kept).then_some(actor)
}

/// Tells of whom the twin names what speaks against it in both views: other names, and what was doubted, unless that was
/// this very name.
fn contradict(actor: &mut Actor, kept: &Actor, twin: &Actor) {
    let doubted = kept.evidence == Evidence::Unproved && kept.doubts != Doubts::default();
    let proved = kept.evidence == Evidence::Unproved && kept.principal == twin.principal;
    actor.doubts = if proved { twin.doubts } else { twin.doubts.and(kept.doubts) };
    let refuted = kept.principal.iter().filter(|_| doubted);
    actor.others.clone_from(&twin.others);
    for other in kept.others.iter().chain(refuted) {
        if actor.principal.as_ref() != Some(other) && !actor.others.contains(other) && actor.others.len() < MOST_OTHERS
        {
            actor.others.push(other.clone());
        }
    }
    if !actor.others.is_empty() {
        actor.doubts.add(Doubt::SeveralNames);
    }
}

/// The credentials of two views, the first one's first.
fn credentials(first: &Actor, second: &Actor) -> (Option<Arc<str>>, Vec<Arc<str>>) {
    let credential = first.credential.as_ref().or(second.credential.as_ref());
    // Who has one and is known by an address alone has it by its look alone.
    let mark = if second.evidence <= Evidence::Device { "?" } else { "" };
    let other = second.credential.iter().map(|hash| Arc::from(format!("{mark}{hash}")));
    let all = first.also.iter().cloned().chain(other).chain(second.also.iter().cloned());
    (credential.cloned(), further(credential.map(|hash| &**hash), all))
}

/// Credentials beside a first one, each once.
fn further(first: Option<&str>, all: impl Iterator<Item = Arc<str>>) -> Vec<Arc<str>> {
    let mut kept: Vec<Arc<str>> = Vec::new();
    for hash in all {
        let known = first == Some(bare(&hash)) || kept.iter().any(|other| bare(other) == bare(&hash));
        if !known && kept.len() < MOST_ALSO {
            kept.push(hash);
        }
    }
    kept
}

/// A credential's hash without the mark of what is one by its look alone.
fn bare(hash: &str) -> &str {
    hash.strip_prefix('?').unwrap_or(hash)
}

/// What becomes of an exchange's facts when it turns out who acted.
struct Change<'a> {
    /// The actor before and after, as a holder and as one who logged in.
    holders: [(Holder, Holder); 2],
    actor: &'a Actor,
    /// Objects that wait for a tenant.
    open: Vec<ObjectId>,
}

impl Change<'_> {
    fn make(&self, facts: &mut Facts) {
        for (child, _, parent) in &mut facts.parents {
            self.place(child);
            self.place(parent);
        }
        for (object, _, owner) in &mut facts.owners {
            self.place(object);
            self.name(owner);
        }
        for (object, _) in &mut facts.tenants {
            self.place(object);
        }
        for (object, _, creator) in &mut facts.creators {
            self.place(object);
            self.name(creator);
        }
        for presence in &mut facts.presence {
            if self.name(&mut presence.holder) {
                presence.strand = self.actor.strand;
            }
        }
        if let Some(tenant) = &self.actor.tenant {
            let told = facts.creators.drain(..).map(|(object, stamp, _)| {
                let tenant = tenant.clone();
                (object, TenantFact { inferred: true, stamp, tenant })
            });
            facts.tenants.extend(told);
        }
    }

    /// Whether the holder is the actor, who is named anew.
    fn name(&self, holder: &mut Holder) -> bool {
        let known = self.holders.iter().find(|(before, _)| holder == before);
        known.inspect(|(_, after)| holder.clone_from(after)).is_some()
    }

    /// Puts an object that waited for its tenant under it, or lets it wait for what the credential will tell.
    fn place(&self, object: &mut ObjectId) {
        if !self.open.contains(object) {
            return;
        }
        let Some((_, own)) = waiting(&object.key) else { return };
        object.key = match (&self.actor.tenant, &self.actor.credential) {
            (Some(tenant), _) => scoped(tenant, own),
            (None, Some(credential)) => unscoped(Some(credential), own),
            (None, None) => return,
        };
    }
}

#[cfg(test)]
mod tests {
    use offpath_capture::Place;
    use proptest::prelude::*;

    use super::*;
    use crate::correlate::facts::Presence;
    use crate::event::Event;
    use crate::event::sample::event;

    const TIERS: [Evidence; 11] = [
        Evidence::None,
        Evidence::Address,
        Evidence::Device,
        Evidence::Unproved,
        Evidence::Unbound,
        Evidence::Asserted,
        Evidence::ApiKey,
        Evidence::Bound,
        Evidence::Claims,
        Evidence::Verified,
        Evidence::Proven,
    ];

    prop_compose! {
        fn actor()(
            tier in 0..TIERS.len(),
            name in proptest::option::of("[ab]"),
            tenant in proptest::option::of("[xy]"),
            credential in proptest::option::of("[01]"),
            also in proptest::collection::vec("[?]?[012]", 0..3),
            issuer in proptest::option::of("[ij]"),
            others in proptest::collection::btree_set("[abc]", 0..3),
            doubt in proptest::option::of(0..Doubt::ALL.len()),
            strand in 0..3_u64,
            scopes in proptest::collection::vec("[op]", 0..2),
            roles in proptest::option::of(proptest::collection::vec("[rs]", 0..2)),
            kind_known: bool,
        ) -> Actor {
            let mut doubts = Doubts::default();
            doubt.into_iter().for_each(|doubt| doubts.add(Doubt::ALL[doubt]));
            let others = others.into_iter().filter(|other| name.as_ref() != Some(other)).map(Arc::from).collect();
            Actor {
                also: further(credential.as_deref(), also.into_iter().map(Arc::from)),
                issuer: issuer.map(Arc::from),
                others,
                doubts,
                strand,
                scopes: scopes.into_iter().map(Arc::from).collect(),
                principal: name.map(Arc::from),
                tenant: tenant.map(Arc::from),
                credential: credential.map(Arc::from),
                roles_known: roles.is_some(),
                roles: roles.into_iter().flatten().map(Arc::from).collect(),
                kind: "human".into(),
                kind_known,
                evidence: TIERS[tier],
                ..Actor::default()
            }
        }
    }

    fn origin() -> Origin {
        Origin::new("access.log".into(), Place::Line { number: 7, offset: 0 })
    }

    #[test]
    fn presence_goes_to_whom_the_twin_names_where_the_twin_saw_them() {
        let session = "00000000000000000000000000000007";
        let kept = Actor {
            principal: Some("session:7".into()),
            evidence: Evidence::Unbound,
            credential: Some(session.into()),
            strand: 1,
            ..Actor::default()
        };
        let twin = Actor {
            principal: Some("alice".into()),
            evidence: Evidence::Claims,
            issuer: Some("https://id.example".into()),
            strand: 2,
            ..Actor::default()
        };
        let presence = |holder| Presence { holder, strand: 1, served: true, from: 5, to: 5 };
        let bystander = Holder { credentials: Vec::new(), token: None, name: Some("bob".into()), issuer: None };
        let facts = Facts { presence: vec![presence(holder(&kept)), presence(bystander.clone())], ..Facts::default() };
        let mut seen = Extracted { events: vec![Event { actor: kept, ..event(5) }], facts, ..Extracted::default() };
        seen.adopt(&twin, &origin(), &"log".into());
        let actor = &seen.events[0].actor;
        assert_eq!(actor.credential.as_deref(), Some(session));
        assert!(!actor.told_in.as_ref().unwrap().credential);
        let alice = Presence { strand: 2, ..presence(holder(actor)) };
        assert_eq!(alice.holder.name.as_deref(), Some("alice"));
        assert_eq!(seen.facts.presence, [alice, presence(bystander)]);
        assert_eq!(seen.facts.issuers, [("alice".into(), "https://id.example".into(), false)]);
    }

    #[test]
    fn a_login_keeps_its_session_where_the_twin_tells_no_better_name() {
        let token: Arc<str> = "00000000000000000000000000000009".into();
        let kept = Actor {
            principal: Some("alice".into()),
            evidence: Evidence::Bound,
            credential: Some(token),
            ..Actor::default()
        };
        let twin = Actor { agent: Some("shop".into()), tenant: Some("acme".into()), ..Actor::default() };
        let presence = vec![Presence { holder: newcomer(&kept), strand: 0, served: true, from: 5, to: 5 }];
        let facts = Facts { presence: presence.clone(), ..Facts::default() };
        let mut seen = Extracted { events: vec![Event { actor: kept, ..event(5) }], facts, ..Extracted::default() };
        seen.adopt(&twin, &origin(), &"log".into());
        assert_eq!(seen.events[0].actor.tenant.as_deref(), Some("acme"));
        assert_eq!(seen.facts.presence, presence);
    }

    proptest! {
        #[test]
        fn nothing_that_is_known_of_somebody_known_is_lost(kept in actor(), twin in actor()) {
            let after = adopted(&kept, &twin).unwrap_or_else(|| kept.clone());
            prop_assert!(after.evidence >= kept.evidence);
            prop_assert!(kept.tenant.is_none() || after.tenant == kept.tenant);
            let known: Vec<&str> = after.credentials().collect();
            prop_assert!(kept.credentials().chain(twin.credentials()).all(|hash| known.contains(&hash)));
            prop_assert!(known.iter().enumerate().all(|(at, hash)| !known[..at].contains(hash)));
            prop_assert!(kept.scopes.is_empty() || after.scopes == kept.scopes);
            prop_assert!(kept.strand == 0 || after.strand != 0);
            prop_assert!(after.others.iter().all(|other| Some(other) != after.principal.as_ref()));
            prop_assert!(kept.evidence <= Evidence::Device || !kept.roles_known || after.roles == kept.roles);
            if after.principal != kept.principal {
                prop_assert!(twin.evidence > kept.evidence);
                prop_assert_eq!(&after.principal, &twin.principal);
                prop_assert_eq!(after.evidence, twin.evidence);
                prop_assert_eq!(&after.issuer, &twin.issuer);
                let gone = |other: &Arc<str>| Some(other) == twin.principal.as_ref() || after.others.contains(other);
                prop_assert!(kept.others.iter().all(gone));
                prop_assert!(after.others.is_empty() || after.doubts.has(Doubt::SeveralNames));
            } else if after.evidence == kept.evidence {
                prop_assert_eq!((&after.others, after.doubts), (&kept.others, kept.doubts));
            }
            // Once taken, the same view tells nothing new.
            prop_assert!(!tells_more(&twin, &after));
        }
    }
}
