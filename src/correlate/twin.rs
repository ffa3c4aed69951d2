//! Twins: two inputs' views of one exchange, of which the one that is kept may know less of who acted.

use std::sync::Arc;

use offpath_capture::Origin;

use super::extract::Extracted;
use super::facts::{Facts, Holder, TenantFact};
use super::identity::holder;
use super::object::{scoped, unscoped, waiting};
use crate::event::{Actor, Evidence, ObjectId, TenantTold, Told};

/// Whether the actor that another view of an exchange tells says more of who acted than the view that is kept does.
pub fn tells_more(twin: &Actor, kept: &Actor) -> bool {
    adopted(kept, twin).is_some()
}

impl Extracted {
    /// Takes from another view of the exchange what it tells of who acted, and changes accordingly what is taught. The
    /// view is at `origin`, stamped by `sensor`.
    pub fn adopt(&mut self, twin: &Actor, origin: &Origin, sensor: &Arc<str>) {
        for event in &mut self.events {
            let Some(mut actor) = adopted(&event.actor, twin) else { continue };
            let credential = actor.credential != event.actor.credential;
            let told = Told { origin: origin.clone(), sensor: sensor.clone(), credential };
            actor.told_in.get_or_insert_with(|| Box::new(told)).credential |= credential;
            let before = std::mem::replace(&mut event.actor, actor);
            if before.evidence <= Evidence::Address && event.actor.evidence > Evidence::Address {
                self.known_address = before.principal.clone().filter(|name| name.starts_with("addr:"));
            }
            let open = event.objects.iter().filter(|object| object.told == TenantTold::Nowhere);
            let open = open.map(|object| object.id.clone()).collect();
            let change = Change { from: holder(&before), to: holder(&event.actor), actor: &event.actor, open };
            change.make(&mut self.facts);
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
/// a credential (a default role, a kind) is not believed either: the credential was taken out of it.
fn adopted(kept: &Actor, twin: &Actor) -> Option<Actor> {
    let mut actor = kept.clone();
    let named = twin.principal.is_some() && twin.evidence > kept.evidence;
    let blind = named && kept.evidence <= Evidence::Address;
    if named {
        actor.principal.clone_from(&twin.principal);
        actor.evidence = twin.evidence;
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
    }
    actor.agent = actor.agent.or_else(|| twin.agent.clone());
    actor.credential = actor.credential.or_else(|| twin.credential.clone());
    (actor != *kept).then_some(actor)
}

/// What becomes of an exchange's facts when it turns out who acted.
struct Change<'a> {
    from: Holder,
    to: Holder,
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
        facts.presence.iter_mut().for_each(|(holder, ..)| self.name(holder));
        if let Some(tenant) = &self.actor.tenant {
            let told = facts.creators.drain(..).map(|(object, stamp, _)| {
                let tenant = tenant.clone();
                (object, TenantFact { inferred: true, stamp, tenant })
            });
            facts.tenants.extend(told);
        }
    }

    fn name(&self, holder: &mut Holder) {
        if *holder == self.from {
            holder.clone_from(&self.to);
        }
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
    use proptest::prelude::*;

    use super::*;

    const TIERS: [Evidence; 8] = [
        Evidence::None,
        Evidence::Address,
        Evidence::Unbound,
        Evidence::Asserted,
        Evidence::ApiKey,
        Evidence::Bound,
        Evidence::Claims,
        Evidence::Proven,
    ];

    prop_compose! {
        fn actor()(
            tier in 0..TIERS.len(),
            name in proptest::option::of("[ab]"),
            tenant in proptest::option::of("[xy]"),
            credential in proptest::option::of("[01]"),
            roles in proptest::option::of(proptest::collection::vec("[rs]", 0..2)),
            kind_known: bool,
        ) -> Actor {
            Actor {
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

    proptest! {
        #[test]
        fn nothing_that_is_known_of_somebody_known_is_lost(kept in actor(), twin in actor()) {
            let after = adopted(&kept, &twin).unwrap_or_else(|| kept.clone());
            prop_assert!(after.evidence >= kept.evidence);
            prop_assert!(kept.tenant.is_none() || after.tenant == kept.tenant);
            prop_assert!(kept.credential.is_none() || after.credential == kept.credential);
            prop_assert!(kept.evidence <= Evidence::Address || !kept.roles_known || after.roles == kept.roles);
            if after.principal != kept.principal {
                prop_assert!(twin.evidence > kept.evidence);
                prop_assert_eq!(&after.principal, &twin.principal);
                prop_assert_eq!(after.evidence, twin.evidence);
            }
            // Once taken, the same view tells nothing new.
            prop_assert!(!tells_more(&twin, &after));
        }
    }
}
