//! # Mandate used again (`AG-REUSE`)
//!
//! ## What it finds
//! An agent's payment by a mandate that was for one payment, or so many, and had been used up.
//!
//! ## Why it matters
//! Who finds a mandate that is not marked as used pays with it until somebody looks at the account. Lists: ASI02, LLM06,
//! ag:T6, API6, CWE-294, CWE-837, T1657.
//!
//! ## How it decides
//! A constraint `activity: X, by: [M], window: W, max: N` with `family: mandate`, counted as for FLOW-VOLUME over all
//! cases: M is the mandate, an object whose key is its id or hash in the request that pays; N is 1 for a mandate for one
//! payment, and W as long as it is valid. A retry with the same key and body is no second payment. Where the mandate is
//! not shown the event is not evaluable.
//!
//! ## When it is wrong
//! Mandates for several payments under the same name: give these an activity of their own.
//!
//! ## Example
//! ```text
//! 10:00:00 agent:shop/carol  pay  mandate:m_7  201
//! 10:20:00 agent:shop/carol  pay  mandate:m_7  201
//! constraint: once; expected: at most 1 pay in 365d; observed: 2 by mandate:m_7
//! => critical accepted: agent:shop for carol performed pay on mandate m_7 by a mandate that was used up: the rule once says at most 1 pay in 365d; seen 2 by mandate:m_7
//! ```

use super::{Identity, Rule};
use crate::compare::Check;
use crate::model::Severity;

pub(super) static RULE: Rule = Rule {
    id: "AG-REUSE",
    title: "Mandate used again",
    check: Check::MandateReused,
    severity: Severity::Critical,
    taxonomy: &["ASI02", "LLM06", "ag:T6", "API6", "CWE-294", "CWE-837", "T1657"],
    agent_taxonomy: &[],
    rests_on: Identity::Nobody,
    source: include_str!("ag_reuse.rs"),
    sentence: |context| { format!("{} by a mandate that was used up: {} says {}; seen {}", context.lead(), context.rule_name("a rule"), context.expected("one"), context.observed("another")) },
    why: |context| { format!("{} was accepted for a mandate that had been used up ({}).", context.activity(), context.observed("another")) },
    fix: |context| { format!("In {}, mark the mandate as used with the payment, and refuse with 409 what names it again.", context.endpoint()) },
};
