//! The login itself: who is logged in by it is who logged in.

use super::Extractor;
use crate::correlate::facts::Holder;
use crate::correlate::identity;
use crate::correlate::login::Bindings;
use crate::correlate::reading::Reading;
use crate::event::{Actor, Doubt, Evidence};

impl Extractor {
    /// Makes whom a login binds the actor of the login itself.
    pub(super) fn log_in(&self, reading: &Reading<'_>, bindings: &Bindings, actor: &mut Actor, holder: &mut Holder) {
        if bindings.kept {
            actor.doubts.add(Doubt::SessionKept);
        }
        let mut made = bindings.made.iter().chain(bindings.perhaps.iter().flat_map(|perhaps| &perhaps.made));
        let Some((first, binding)) = made.next().filter(|_| actor.evidence < Evidence::Bound) else { return };
        let Some(subject) = &bindings.subject else {
            // Whoever it is holds the new token from now on.
            if matches!(actor.evidence, Evidence::Address | Evidence::Device)
                && (binding.issued || made.any(|(_, binding)| binding.issued))
            {
                actor.credential = Some(first.to_string().into());
                actor.principal = Some(identity::pseudonym("session", *first));
                actor.evidence = Evidence::Unbound;
                *holder = identity::holder(actor);
            }
            return;
        };
        actor.principal = Some(subject.clone());
        (actor.evidence, actor.yields) = (Evidence::Bound, false);
        actor.take_roles(binding.roles.as_deref());
        actor.tenant = actor.tenant.take().or_else(|| binding.tenant.clone());
        if let Some(kind) = &binding.kind {
            (actor.kind, actor.kind_known) = (kind.clone(), true);
        }
        *holder = identity::holder(actor);
        match &bindings.claims {
            Some(claims) => {
                let naming = self.naming();
                actor.issuer = naming.issuer(claims);
                actor.strand = naming.strand(reading, Some(claims));
                holder.issuer = actor.issuer.clone();
            }
            // The session that begins here.
            None => {
                actor.credential = Some(first.to_string().into());
                *holder = identity::newcomer(actor);
            }
        }
    }
}
