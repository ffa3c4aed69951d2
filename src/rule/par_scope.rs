//! # Partner outside its contract (`PAR-SCOPE`)
//!
//! ## What it finds
//! A partner that performs an activity, uses a tool, or calls an operation that its contract does not name.
//!
//! ## Why it matters
//! A partner is let in for a purpose. What its key opens beyond that is open to whoever breaks into the partner. Lists:
//! API10, API5, NHI3, CWE-863, CWE-441, T1199, SA-9.
//!
//! ## How it decides
//! A delegation with `family: partner` governs the event (its `when` is true, as `actor.kind == 'partner'`), and its
//! `activities` or `tools` do not permit it. Where `activities` has an `allow`, an operation that was accepted and is no
//! activity of the model is outside as well, but for ways in and out (`/oauth/token`): confidence at most 0.6, 0.4 where it only reads. Where it is not known who acts, nothing is
//! decided. One finding a case, partner and step; what was refused is an attempt.
//!
//! ## When it is wrong
//! The contract was extended, or the model leaves out an operation that it allows: extend `allow`. A sub-processor that
//! shows the partner's key is the partner.
//!
//! ## Example
//! ```text
//! 10:00:00 service:psp  list_customers  partner:psp_1  200
//! constraint: psp; expected: push_order; observed: activity list_customers
//! => high accepted: service:psp went beyond its contract psp with the activity list_customers: expected push_order
//! ```

use super::{Identity, Rule};
use crate::compare::Check;
use crate::model::Severity;

pub(super) static RULE: Rule = Rule {
    id: "PAR-SCOPE",
    title: "Partner outside its contract",
    check: Check::PartnerScope,
    severity: Severity::High,
    taxonomy: &["API10", "API5", "NHI3", "CWE-863", "CWE-441", "T1199", "SA-9"],
    agent_taxonomy: &[],
    rests_on: Identity::Actor,
    source: include_str!("par_scope.rs"),
    sentence: |context| { format!("{} went beyond its contract {} with the {}: expected {}", context.actor(), context.deviation.constraint.as_deref().map(super::context::name).unwrap_or_default(), context.observed("step"), context.expected("another")) },
    why: |context| { format!("The contract names {}, and not the {}.", context.expected("something else"), context.observed("step")) },
    fix: |context| { format!("In {}, refuse with 403 what the partner's scope does not hold, and give its key that scope only.", context.endpoint()) },
};
