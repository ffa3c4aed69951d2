//! # Two tenants in one request (`TEN-MIX`)
//!
//! ## What it finds
//! A request that names one tenant in one place and another in a second: the token's claim says acme, the host, the path, a
//! header or an argument says globex.
//!
//! ## Why it matters
//! Which of the two counts is decided in each service anew. Where one checks the claim and the next takes the header, whoever
//! writes the header chooses whose data it is. Lists: API1, BLA6, CWE-639, CWE-284, AC-4.
//!
//! ## How it decides
//! The model's `actors.tenant` lists at least two places in requests, and a step shows two of them with different names. Places may
//! call a tenant by different names (a vanity domain beside a number): two names differ only where each is usually shown with
//! another one, by most principals, so that one client's many requests make nothing usual; where two places have at least two
//! names in common, their names are the same, and both must be tenants in both places. Of more than 4,096 pairs of names a
//! sample is looked at. Always for review: confidence is at most 0.4. TEN-CROSS at the same event tells more, and stands for it.
//!
//! ## When it is wrong
//! Staff and resellers switch tenants in a header that they may use: nothing in the traffic says who may. A tenant that was
//! renamed, or has a second domain, has two names for a while.
//!
//! ## Example
//! ```text
//! 10:03:00 mallory  view    order:ord_8  200
//! expected: t_blue by jwt.tid; observed: t_red by header.x-tenant-id
//! => high accepted: mallory performed view on order ord_8 under two tenants: t_blue by jwt.tid, t_red by header.x-tenant-id
//! ```

use super::context::compared;
use super::{Context, Identity, Rule};
use crate::compare::Check;
use crate::model::Severity;

pub(super) static RULE: Rule = Rule {
    id: "TEN-MIX",
    title: "Two tenants in one request",
    check: Check::TenantMix,
    severity: Severity::High,
    taxonomy: &["API1", "BLA6", "CWE-639", "CWE-284", "AC-4"],
    agent_taxonomy: &["ASI03", "ag:T3"],
    rests_on: Identity::Actor,
    source: include_str!("ten_mix.rs"),
    sentence: |context| {
        let (own, other) = told(context);
        format!("{} under two tenants: {own}, {other}", context.lead())
    },
    why: |context| {
        let (own, other) = told(context);
        format!(
            "The request says {own} and {other}. If one part of the system goes by the first and another by the second, the \
             wall between the two has a gap."
        )
    },
    fix: |context| {
        format!(
            "In {}, take the tenant from the verified credential alone and refuse requests whose host, path, header or \
             arguments name another; let staff switch by a token that is issued for it.",
            context.endpoint(),
        )
    },
};

/// What the two places say.
fn told(context: &Context<'_>) -> (String, String) {
    (
        compared(&context.deviation.expected, "one tenant"),
        compared(&context.deviation.observed, "another tenant"),
    )
}
