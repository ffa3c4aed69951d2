//! What an event teaches: who a credential stands for, whose an object is.

use std::sync::Arc;

use offpath_capture::Place;

use super::Extractor;
use super::sensor::sensor;
use crate::correlate::cookie::SetCookie;
use crate::correlate::credential::{self, Hash, Kind, Shown};
use crate::correlate::facts::{Binding, Door, Facts, Holder, Presence, RoleSource, TenantFact};
use crate::correlate::identity;
use crate::correlate::login::{self, Bindings, Perhaps, Unsaid};
use crate::correlate::object::Found;
use crate::correlate::reading::Reading;
use crate::correlate::role_place::{self, RolePlace};
use crate::event::{Actor, EventId, ObjectId, ObjectRef, Outcome, TenantTold};
use crate::model::{Activity, Root};

/// Most cookies of one answer that are looked at.
const MOST_GIVEN: usize = 64;

impl Extractor {
    pub(super) fn bindings(
        &self,
        reading: &mut Reading<'_>,
        activity: Option<&Activity>,
        outcome: Outcome,
        shown: &[Shown],
        known: Option<&Arc<str>>,
    ) -> Bindings {
        let continued = login::continued(reading, shown, self.keys().hash);
        if outcome == Outcome::Rejected {
            return Bindings { continued, ..Bindings::default() };
        }
        // A logout is usually answered with a redirect: it ends what it ends all the same.
        let over = reading.outcome_status().is_some_and(|s| s < 400);
        let ended = if over { login::ended(reading, shown, self.keys().hash) } else { Vec::new() };
        // Without the model's word for how an activity goes, a redirect onward says that a login was taken.
        let open = activity.is_none_or(|a| a.ok.is_none() && a.bind.is_empty());
        if outcome != Outcome::Accepted && !(open && over) {
            return Bindings { continued, ended, ..Bindings::default() };
        }
        let declared = activity.filter(|a| !a.bind.is_empty());
        let mut bindings = match declared {
            Some(activity) => login::declared(reading, activity, &self.key, &self.masker),
            None if login::looks_like_login(reading) || login::trades_for_a_token(reading) => {
                login::inferred(&self.probe(reading), shown, self.keys(), &self.masker)
            }
            None if login::may_give(reading) => {
                let probe = self.probe(reading);
                let inferred = || login::inferred(&probe, shown, self.keys(), &self.masker);
                let perhaps = |made| Some(Perhaps { place: login::place(reading), made });
                match login::unsaid(&probe, shown, &self.key) {
                    Some(Unsaid::Login) => inferred(),
                    Some(Unsaid::Perhaps) => {
                        let Bindings { made, acting, .. } = inferred();
                        Bindings { perhaps: perhaps(made), acting, ..Bindings::default() }
                    }
                    Some(Unsaid::Aside) => Bindings { perhaps: perhaps(Vec::new()), ..Bindings::default() },
                    None => Bindings::default(),
                }
            }
            None => Bindings::default(),
        };
        let subject = bindings.subject.as_ref().or(known);
        bindings.made.extend(login::granted(reading, shown, subject, &self.key).made);
        if !bindings.made.is_empty() || bindings.perhaps.is_some() {
            let naming = self.naming();
            let kind = bindings.client.then(|| naming.client_kind()).flatten();
            let (roles, tenant) = (naming.bound_roles(reading), naming.bound_tenant(reading));
            for (_, binding) in
                bindings.made.iter_mut().chain(bindings.perhaps.iter_mut().flat_map(|perhaps| &mut perhaps.made))
            {
                (binding.roles, binding.tenant, binding.kind) = (roles.clone(), tenant.clone(), kind.clone());
                binding.acting = bindings.acting.clone();
            }
        }
        // What a login binds is not what it was before.
        let anew = |hash: Hash| bindings.made.iter().any(|(made, _)| *made == hash);
        bindings.continued = continued.into_iter().filter(|(hash, _)| !anew(*hash)).collect();
        bindings.ended = ended;
        bindings
    }

    /// What tells a login of an exchange, or of the call in it that is looked at.
    pub(super) fn probe<'r>(&'r self, reading: &Reading<'r>) -> Reading<'r> {
        let mut probe = Reading::of(reading.exchange, &self.login);
        reading.call.iter().for_each(|call| probe.turn_to(call, true));
        probe
    }

    /// Cookies that may be sessions and that the answer gave to who showed no API key.
    pub(super) fn given(&self, reading: &Reading<'_>, shown: &[Shown]) -> Vec<Hash> {
        if shown.iter().any(|s| s.kind == Kind::ApiKey) {
            return Vec::new();
        }
        let new = |cookie: &SetCookie<'_>| !cookie.deletes && reading.cookie(cookie.name) != Some(cookie.value);
        let given = reading.set_cookies().take(MOST_GIVEN).filter(new);
        let sessions = given.filter(|cookie| credential::is_issued_cookie(cookie.name, cookie.value));
        sessions.map(|cookie| self.key.credential(cookie.value)).collect()
    }

    /// Where roles are shown; an answer tells its caller's at a login only.
    pub(super) fn role_places(&self, reading: &Reading<'_>, login: bool) -> Vec<RolePlace> {
        let mut places = role_place::of_request(reading);
        if login {
            places.extend(role_place::of_login(&Reading::of(reading.exchange, &self.login)));
        }
        places
    }

    #[expect(clippy::too_many_arguments, reason = "everything that one accepted event teaches")]
    pub(super) fn learn(
        &self,
        activity: Option<&Activity>,
        outcome: Outcome,
        found: &Found,
        actor: &Actor,
        holder: &Holder,
        bindings: Bindings,
        (stamp, end): ((i64, EventId), i64),
        facts: &mut Facts,
    ) {
        let (holder_then, strand) = (holder.clone(), actor.strand);
        let served = outcome == Outcome::Accepted && !bindings.enters;
        facts.presence.push(Presence { holder: holder_then, strand, served, from: stamp.0, to: stamp.0 });
        let over = (end.saturating_add(1), stamp.1);
        let ended = bindings.ended.into_iter().map(|(hash, to)| (hash, over, Binding::to(to, false)));
        facts.bindings.extend(ended);
        let stamped = |all: Vec<(Hash, Binding)>| all.into_iter().map(|(hash, binding)| (hash, stamp, binding));
        facts.bindings.extend(stamped(bindings.made));
        facts.bindings.extend(stamped(bindings.continued));
        let door = bindings.perhaps.map(|perhaps| Door { place: perhaps.place, made: stamped(perhaps.made).collect() });
        facts.doors.extend(door);
        // A refused request proves nothing about objects: its path may be forged.
        if outcome != Outcome::Accepted {
            return;
        }
        // Who was refused may have made up both.
        facts.issuers.extend(identity::issuer_of(actor));
        // Nothing is known of an object of which it cannot be told which it is.
        let lost = |object: &ObjectRef| object.told == TenantTold::Nowhere && actor.credential.is_none();
        let known = |id: &ObjectId| !found.objects.iter().any(|object| object.id == *id && lost(object));
        if self.model.is_none() {
            facts.named.extend(found.named_beside());
        }
        let mut unplaced = Facts::default();
        for (child, parent) in &found.parents {
            let facts = if known(child) && known(parent) { &mut *facts } else { &mut unplaced };
            facts.parents.push((child.clone(), stamp, parent.clone()));
        }
        for object in &found.objects {
            let facts = if lost(object) { &mut unplaced } else { &mut *facts };
            self.learn_owner(activity, &object.id, object.owner.as_ref(), holder, stamp, facts);
            // A request may name any tenant: what it is served with has the one that an answer says, or that it was made in.
            let creates = found.is_made() || activity.is_some_and(|a| self.is_creator(a));
            let made = creates && found.objects.first().is_some_and(|target| target.id == object.id);
            if let Some(tenant) = object.tenant.as_ref().filter(|_| object.told == TenantTold::Apart || made) {
                let fact = TenantFact { inferred: false, stamp, tenant: tenant.clone() };
                facts.tenants.push((object.id.clone(), fact));
            }
        }
        let creates = activity.is_some_and(|a| self.is_creator(a));
        if let Some(target) = found.objects.first().filter(|target| creates && &*target.qualifier == "target") {
            let told = actor.tenant.is_some() || !holder.credentials.is_empty();
            let facts = if lost(target) || !told { &mut unplaced } else { &mut *facts };
            if let Some(tenant) = &actor.tenant {
                let fact = TenantFact { inferred: true, stamp, tenant: tenant.clone() };
                facts.tenants.push((target.id.clone(), fact));
            } else {
                facts.creators.push((target.id.clone(), stamp, holder.clone()));
            }
        }
        if !unplaced.is_empty() {
            facts.unplaced.get_or_insert_default().append(unplaced);
        }
    }

    fn learn_owner(
        &self,
        activity: Option<&Activity>,
        object: &ObjectId,
        declared: Option<&Arc<str>>,
        holder: &Holder,
        stamp: (i64, EventId),
        facts: &mut Facts,
    ) {
        if let Some(owner) = declared {
            let holder = Holder { credentials: Vec::new(), token: None, name: Some(owner.clone()), issuer: None };
            facts.owners.push((object.clone(), stamp, holder));
            return;
        }
        let Some(model) = &self.model else { return };
        let rule = model.object_types.iter().find(|t| t.name == object.object_type).and_then(|t| t.owner.as_ref());
        let Some(rule) = rule.filter(|r| r.value.root == Root::Actor) else { return };
        let setter = rule.set_by.and_then(|id| model.activities.get(usize::from(id.0)));
        let sets = setter.is_some_and(|s| activity.is_some_and(|a| a.name == s.name));
        if sets && holder.name.is_some() {
            facts.owners.push((object.clone(), stamp, holder.clone()));
        }
    }

    /// The sensor of a log or capture that shows this actor's roles, with the role of those who have none.
    pub(super) fn shows_roles(&self, reading: &Reading<'_>, actor: &Actor) -> Option<(RoleSource, Arc<str>)> {
        let default = self.model.as_ref()?.actors.default_role.clone()?;
        let logged = !matches!(reading.exchange.origin.place, Place::Frames { .. }) && !reading.headers_whole();
        let claimed = reading.claims.is_some() && !matches!(actor.roles.as_slice(), [only] if *only == default);
        let shown = actor.roles_known && !actor.roles.is_empty() && (logged || claimed);
        shown.then(|| ((sensor(reading), reading.headers_whole()), default))
    }

    fn is_creator(&self, activity: &Activity) -> bool {
        let Some(model) = &self.model else { return false };
        self.creators.iter().any(|id| model.activities.get(usize::from(id.0)).is_some_and(|a| a.name == activity.name))
    }
}
