//! # Payment without a mandate (`AG-MANDATE`)
//!
//! ## What it finds
//! An agent's payment on an object for which nobody had given a mandate, or whose mandate is older, or by another kind of
//! actor, than the model asks.
//!
//! ## Why it matters
//! An agent that pays acts on somebody's word. The mandate (AP2 v0.2: Checkout and Payment Mandates) is the proof of it:
//! without one, nobody agreed. Lists: ASI02, LLM06, ag:T6, API6, CWE-841, CWE-862, T1657.
//!
//! ## How it decides
//! A constraint `require: X, before: Y, per: T` with `family: mandate`, decided as for AP-MISSING: X gives the mandate, Y
//! pays; `kind: human` where a person has to be present; `if` where people pay without one (`actor.agent ==
//! 'agent:shop'`). T is the order, or the mandate itself where the payment names it. That it is exceeded, say with
//! `always: order.paid <= order.mandate` (RULE-GUARD) or a sum (TX-CONSERVE); used again: AG-REUSE.
//!
//! ## When it is wrong
//! The mandate was given elsewhere, and only shown to the payment's server.
//!
//! ## Example
//! ```text
//! 10:00:00 agent:shop/carol  pay  order:ord_7  201
//! constraint: mandated; expected: give_mandate
//! => critical accepted: agent:shop for carol performed pay on order ord_7 without a mandate: the rule mandated wants give_mandate first
//! ```

use super::{Identity, Rule};
use crate::compare::Check;
use crate::model::Severity;

pub(super) static RULE: Rule = Rule {
    id: "AG-MANDATE",
    title: "Payment without a mandate",
    check: Check::MandateMissing,
    severity: Severity::Critical,
    taxonomy: &["ASI02", "LLM06", "ag:T6", "API6", "CWE-841", "CWE-862", "T1657"],
    agent_taxonomy: &[],
    rests_on: Identity::Nobody,
    source: include_str!("ag_mandate.rs"),
    sentence: |context| { format!("{} without a mandate: {} wants {} first", context.lead(), context.rule_name("a rule"), context.expected("one")) },
    why: |context| { format!("{} was accepted, and {} came not before it.", context.activity(), context.expected("a mandate")) },
    fix: |context| { format!("In {}, verify the mandate for this {} (signature, amount, payee, end) before anything is paid.", context.endpoint(), context.object_type()) },
};
