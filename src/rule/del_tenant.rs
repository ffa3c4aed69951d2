//! # Agent in another tenant (`DEL-TENANT`)
//!
//! ## What it finds
//! An agent that reads or changes an object of another tenant than that of the person for whom it acts.
//!
//! ## Why it matters
//! One agent serves many tenants. If what it reaches is not bound to the one for whom it acts, all of them share one
//! lock. Lists: API1, CWE-639, CWE-863, AC-4. By an agent also: ASI03, ag:T3.
//!
//! ## How it decides
//! A delegation with `inherit: [tenant]` governs the event, the principal's tenant and the object's are known and differ.
//! What tells the actor's tenant does not tell the object's. TEN-CROSS, DEL-SCOPE and OWN at the same event are part of
//! it.
//!
//! ## When it is wrong
//! The person works for several tenants, and the token names one of them.
//!
//! ## Example
//! ```text
//! 10:00:00 alice       create  order:ord_8  201
//! 10:03:00 shop/trent  view    order:ord_8  200
//! constraint: shop-agent; expected: order.tenant t_red; observed: actor.tenant t_blue
//! => critical accepted: agent:shop for trent performed view on order ord_8 of tenant t_red, for a person of tenant t_blue
//! ```

use super::context::compared;
use super::{Identity, Rule};
use crate::compare::Check;
use crate::model::Severity;

pub(super) static RULE: Rule = Rule {
    id: "DEL-TENANT",
    title: "Agent in another tenant",
    check: Check::DelegatedTenant,
    severity: Severity::Critical,
    taxonomy: &["API1", "CWE-639", "CWE-863", "AC-4"],
    agent_taxonomy: &["ASI03", "ag:T3"],
    rests_on: Identity::Actor,
    source: include_str!("del_tenant.rs"),
    sentence: |context| {
        format!(
            "{} of tenant {}, for a person of tenant {}",
            context.lead(),
            compared(&context.deviation.expected, "another"),
            compared(&context.deviation.observed, "its own"),
        )
    },
    why: |context| {
        format!(
            "The person for whom the agent acts belongs to tenant {}, and this {} to tenant {}. Whatever the agent read there may \
             already be in its memory.",
            compared(&context.deviation.observed, "its own"),
            context.object_type(),
            compared(&context.deviation.expected, "another"),
        )
    },
    fix: |context| {
        format!(
            "In {}, take the tenant from the principal's claims and put it into every query; give the agent a token for one tenant, \
             and a memory for each.",
            context.endpoint(),
        )
    },
};
