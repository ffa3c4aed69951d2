//! # Turned on without entitlement (`PROV-EARLY`)
//!
//! ## What it finds
//! A service that was turned on, or raised, with no accepted entitlement (payment, contract, verification) before it.
//!
//! ## Why it matters
//! The call that turns a service on trusts whoever makes it: resources are had for nothing, or by somebody who was never
//! checked. Lists: API5, API6, BLA4, CWE-841, CWE-862, T1496.004, AC-3. By an agent also: ASI02.
//!
//! ## How it decides
//! A constraint `require: X, before: Y, per: T` with `family: provisioning`, decided as for AP-MISSING: Y is accepted, and no
//! accepted X on the same object came before, though nothing went unseen since its birth. Not evaluable when the object was
//! not seen from its beginning, or requests were lost since. A refusal with any 4xx but 401 and 403 is for review only.
//!
//! ## When it is wrong
//! Trials and old customers need no entitlement: say so in the constraint's `if`. Billing confirms later by an event that was
//! not captured, or by hand. A reseller pays in another system.
//!
//! ## Example
//! ```text
//! 10:00:00 carol  create    workspace:blue  201
//! 10:00:09 carol  activate  workspace:blue  200
//! constraint: paid-first; expected: subscribe, activate; moved
//! => critical proven: carol performed activate on workspace blue without subscribe
//! ```

use super::{Identity, Rule};
use crate::compare::Check;
use crate::model::Severity;

pub(super) static RULE: Rule = Rule {
    id: "PROV-EARLY",
    title: "Turned on without entitlement",
    check: Check::ProvisionEarly,
    severity: Severity::High,
    taxonomy: &["API5", "API6", "BLA4", "CWE-841", "CWE-862", "T1496.004", "AC-3"],
    agent_taxonomy: &["ASI02"],
    rests_on: Identity::Nobody,
    source: include_str!("prov_early.rs"),
    sentence: |context| format!("{} without {}", context.lead(), super::ap_missing::required(context)),
    why: |context| {
        format!(
            "{} gives what {} entitles to, and nothing entitled this {}: the service runs at the provider's cost.",
            context.activity(),
            super::ap_missing::required(context),
            context.object_type(),
        )
    },
    fix: |context| {
        format!(
            "In {}, look up the stored entitlement of this {} and refuse with 402 or 403 without one; let billing turn the \
             service on, not the client that asks for it.",
            context.endpoint(),
            context.object_type(),
        )
    },
};
