//! # Partner after the end (`PAR-AFTEREND`)
//!
//! ## What it finds
//! A partner's step that was accepted after the relation with it had ended.
//!
//! ## Why it matters
//! Access that is not taken back with the contract stays with people who owe nobody anything any more. Lists: API10, API5,
//! NHI3, CWE-345, CWE-863, T1199, SA-9.
//!
//! ## How it decides
//! A constraint `never: X, after: Y, per: T, until: [Z]` with `family: partner`: Y ends the relation (revokes the key,
//! closes the account), Z begins it anew, decided as for ST-ORPHAN's constraints.
//!
//! ## When it is wrong
//! Messages that were on their way, and what is settled after the end by agreement: leave these steps out of the
//! constraint.
//!
//! ## Example
//! ```text
//! 10:00:00 carol        close_partner  partner:psp_1  200
//! > 12:00:00 service:psp  push_order     partner:psp_1  201
//! constraint: closed; expected: no push_order after close_partner; observed: close_partner, push_order
//! => high accepted: service:psp performed push_order on partner psp_1 after its relation had ended: the rule closed says no push_order after close_partner
//! ```

use super::{Identity, Rule};
use crate::compare::Check;
use crate::model::Severity;

pub(super) static RULE: Rule = Rule {
    id: "PAR-AFTEREND",
    title: "Partner after the end",
    check: Check::PartnerEnded,
    severity: Severity::High,
    taxonomy: &["API10", "API5", "NHI3", "CWE-345", "CWE-863", "T1199", "SA-9"],
    agent_taxonomy: &[],
    rests_on: Identity::Nobody,
    source: include_str!("par_afterend.rs"),
    sentence: |context| { format!("{} after its relation had ended: {} says {}", context.lead(), context.rule_name("a rule"), context.expected("it is over")) },
    why: |context| { format!("{} was accepted although the relation was over ({}).", context.activity(), context.observed("another")) },
    fix: |context| { format!("End the partner's credentials with the relation, and ask for its state in {}.", context.endpoint()) },
};
