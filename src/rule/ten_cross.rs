//! # Tenant crossed (`TEN-CROSS`)
//!
//! ## What it finds
//! An actor of one tenant who reads or changes an object of another.
//!
//! ## Why it matters
//! The wall between customers is the one promise that all of them rely on. Lists: API1, BLA6, CWE-639, CWE-653, AC-4,
//! T1078. By an agent also: ASI03, ag:T3.
//!
//! ## How it decides
//! A constraint `same: [actor.tenant, TYPE.tenant]` applies, both tenants are known and differ, and no exempting role is
//! held. The actor's tenant is what the model's `tenant:` reads from the credential or request, the object's what its
//! responses or its creation said. Where one place decides both (the host), or the object has no tenant but its actor's,
//! there is nothing to compare: not evaluable. Confidence is that of the actor's identity. A refusal is reported as attempted, one
//! step lower. It stands for OWN and FN-ROLE on the same event.
//!
//! ## When it is wrong
//! Platform staff, resellers and shared catalogues cross tenants rightly: exempt their roles. The object's tenant was
//! learnt from a poisoned first event: look at its creation. The tenant is taken from a header that clients set freely.
//!
//! ## Example
//! ```text
//! 10:00:00 alice    create  order:ord_8  201
//! 10:03:00 mallory  view    order:ord_8  200
//! constraint: tenant-wall; expected: t_red; observed: t_blue
//! => critical accepted: mallory performed view on order ord_8 across tenants: the object belongs to t_red, the actor to t_blue
//! ```

use super::context::{compared, name};
use super::{Context, Identity, Rule};
use crate::compare::Check;
use crate::model::Severity;

pub(super) static RULE: Rule = Rule {
    id: "TEN-CROSS",
    title: "Tenant crossed",
    check: Check::Tenant,
    severity: Severity::Critical,
    taxonomy: &["API1", "BLA6", "CWE-639", "CWE-653", "AC-4", "T1078"],
    agent_taxonomy: &["ASI03", "ag:T3"],
    rests_on: Identity::Actor,
    source: include_str!("ten_cross.rs"),
    sentence: |context| {
        let (object, actor) = tenants(context);
        format!("{} across tenants: the object belongs to {object}, the actor to {actor}", context.lead())
    },
    why: |context| {
        let (object, actor) = tenants(context);
        format!(
            "The {} belongs to tenant {object} and the actor to {actor}. One customer reaches another customer's data.",
            context.object_type(),
        )
    },
    fix: |context| {
        format!(
            "In {}, add the tenant of the verified credential to every lookup of a {} (row-level security or a scoped \
             repository) and never take it from the request; answer 404 across tenants.",
            context.endpoint(),
            context.object_type(),
        )
    },
};

/// Tenants of the object and of the actor, as the event has them, else as the comparison says.
fn tenants(context: &Context<'_>) -> (String, String) {
    let object = context.object_ref().and_then(|object| object.tenant.as_deref());
    let actor = context.event.and_then(|event| event.actor.tenant.as_deref());
    (
        object.map_or_else(|| compared(&context.deviation.expected, "another tenant"), name),
        actor.map_or_else(|| compared(&context.deviation.observed, "its own"), name),
    )
}
