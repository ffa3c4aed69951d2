//! # Plan raised without payment (`SUB-SELFUPGRADE`)
//!
//! ## What it finds
//! A plan, quota or role of a subscription that was set with no accepted payment (or contract) before it.
//!
//! ## Why it matters
//! The plan is a field like any other, and whoever writes it is served by it. Lists: API3, API6, BLA1, CWE-841, CWE-915. By an
//! agent also: ASI02.
//!
//! ## How it decides
//! A constraint `require: X, before: Y, per: T` with `family: subscription`, where Y is the call that sets the plan (often by
//! `where: "has(req.plan)"`), decided as for AP-MISSING. Not evaluable where the object was not seen from its beginning, or
//! where bodies are not shown and Y is told by one. A refusal with any 4xx but 401 and 403 is for review only.
//!
//! ## When it is wrong
//! Downgrades and changes of seats need no payment: tell them apart by the activity's `where` or the constraint's `if`. Staff
//! grant plans: say so in `if`. The payment was taken by a provider whose call was not captured.
//!
//! ## Example
//! ```text
//! 10:00:00 carol  create    workspace:blue  201
//! 10:01:00 carol  set_plan  workspace:blue  200
//! constraint: paid-plan; expected: pay, set_plan; moved
//! => high proven: carol performed set_plan on workspace blue without pay
//! ```

use super::{Identity, Rule};
use crate::compare::Check;
use crate::model::Severity;

pub(super) static RULE: Rule = Rule {
    id: "SUB-SELFUPGRADE",
    title: "Plan raised without payment",
    check: Check::SelfUpgrade,
    severity: Severity::Medium,
    taxonomy: &["API3", "API6", "BLA1", "CWE-841", "CWE-915"],
    agent_taxonomy: &["ASI02"],
    rests_on: Identity::Nobody,
    source: include_str!("sub_selfupgrade.rs"),
    sentence: |context| format!("{} without {}", context.lead(), super::ap_missing::required(context)),
    why: |context| {
        format!(
            "{} raises what this {} is served with, and {} is what pays for it. Without it, the client grants itself the plan.",
            context.activity(),
            context.object_type(),
            super::ap_missing::required(context),
        )
    },
    fix: |context| {
        format!(
            "In {}, do not take the plan from the request: let the confirmed payment set it, and keep a list of the fields of a \
             {} that clients may write.",
            context.endpoint(),
            context.object_type(),
        )
    },
};
