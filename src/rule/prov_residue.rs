//! # Used after it was turned off (`PROV-RESIDUE`)
//!
//! ## What it finds
//! An accepted use of a service, account or key after it was turned off.
//!
//! ## Why it matters
//! Turning off was a flag that nobody reads: who has left, or no longer pays, goes on.
//! Lists: API5, BLA1, CWE-672, CWE-841, CWE-862, AC-3. By an agent also: ASI02.
//!
//! ## How it decides
//! A constraint `never: X, after: Y, per: T` with `family: provisioning`: Y was accepted on the object and surely ended before
//! an accepted X began. Steps named by `until` allow it again: where one may have come in between, or may have gone unseen,
//! nothing is decided. A refusal with 401 or 403 is an attempt; another 4xx is for review only.
//!
//! ## When it is wrong
//! A time of grace is granted after the end: take Y to be what ends it. It was turned on again by a call that the model does
//! not know: name it in `until`. Reading one's own data for a last export is meant: give it an activity of its own.
//!
//! ## Example
//! ```text
//! 10:00:00 admin  deprovision  workspace:blue  200
//! 12:30:00 carol  report       workspace:blue  200
//! constraint: off-is-off; expected: no report after deprovision; observed: deprovision, report
//! => high accepted: carol performed report on workspace blue after deprovision
//! ```

use super::{Identity, Rule};
use crate::compare::Check;
use crate::model::Severity;

pub(super) static RULE: Rule = Rule {
    id: "PROV-RESIDUE",
    title: "Used after it was turned off",
    check: Check::ProvisionResidue,
    severity: Severity::High,
    taxonomy: &["API5", "BLA1", "CWE-672", "CWE-841", "CWE-862", "AC-3"],
    agent_taxonomy: &["ASI02"],
    rests_on: Identity::Nobody,
    source: include_str!("prov_residue.rs"),
    sentence: |context| format!("{} after {}", context.lead(), context.counterpart("it was turned off")),
    why: |context| {
        format!(
            "After {} this {} should serve nobody. That it does is access that no review looks at.",
            context.counterpart("the end"),
            context.object_type(),
        )
    },
    fix: |context| {
        format!(
            "In {}, check on each call that the {} is still provisioned, and end its sessions, keys and cached entitlements \
             when it is turned off.",
            context.endpoint(),
            context.object_type(),
        )
    },
};
