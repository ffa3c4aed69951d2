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
//! answers say, else where it was made (the host, path or header of the accepted request that made it): a later request
//! under another name does not move it, whoever sends it. Who writes to a key that the path names, and is not answered that
//! it was made anew (201), wrote over what was there, and is no maker of it. Of an object that nobody was seen to make, the request's own word
//! counts. Where one place decides both (the host) and nobody was seen to make it, or the object has no tenant but its
//! actor's, there is nothing to compare: not evaluable. Confidence is that of the actor's identity; for review where the
//! object was made under several tenants, or only other uses of it name one. A refusal is reported as attempted, one step
//! lower. It stands for OWN and FN-ROLE on the same event.
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

/// Tenants of the object, as the comparison says, and of the actor, as the event has it: the event may call the object's
/// by the actor's.
fn tenants(context: &Context<'_>) -> (String, String) {
    let actor = context.event.and_then(|event| event.actor.tenant.as_deref());
    (
        compared(&context.deviation.expected, "another tenant"),
        actor.map_or_else(|| compared(&context.deviation.observed, "its own"), name),
    )
}
