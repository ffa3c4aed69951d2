//! # One means of many accounts (`FLOW-REUSE`)
//!
//! ## What it finds
//! One card, device or address that more accounts use than the model allows.
//!
//! ## Why it matters
//! Stolen cards are tried, and offers for new customers taken, by accounts that share what is costly to have anew. Lists:
//! API6, API4, OAT-001, OAT-019, CWE-799, CWE-837. By an agent also: ASI02.
//!
//! ## How it decides
//! A constraint `activity: X, by: [M], distinct: actor, window: W, max: N` with `family: means`, where M is what accounts
//! share: an object whose key is the card's fingerprint or the device's id, or a field of the event. Of accepted X in any
//! window the different values of `distinct` count, each once. Where either is not shown the event is not evaluable.
//!
//! ## When it is wrong
//! Families and offices share cards and devices. Who is told by a session only is somebody else after each login: the
//! confidence is that of the identities.
//!
//! ## Example
//! ```text
//! 10:00:00 carol  pay  card:fp_7  201
//! 10:30:00 carl   pay  card:fp_7  201
//! constraint: few-accounts; expected: at most 1 actor of pay in 24h; observed: 2 by card:fp_7
//! => medium accepted: carl performed pay on card fp_7 as one account more than the rule few-accounts allows: expected at most 1 actor of pay in 24h, seen 2 by card:fp_7
//! ```

use super::{Identity, Rule};
use crate::compare::Check;
use crate::model::Severity;

pub(super) static RULE: Rule = Rule {
    id: "FLOW-REUSE",
    title: "One means of many accounts",
    check: Check::MeansShared,
    severity: Severity::Medium,
    taxonomy: &["API6", "API4", "OAT-001", "OAT-019", "CWE-799", "CWE-837"],
    agent_taxonomy: &["ASI02"],
    rests_on: Identity::Everyone,
    source: include_str!("flow_reuse.rs"),
    sentence: |context| { format!("{} as one account more than {} allows: expected {}, seen {}", context.lead(), context.rule_name("a limit"), context.expected("one"), context.observed("another")) },
    why: |context| { format!("{} was accepted from accounts that share what the constraint names ({}).", context.activity(), context.observed("another")) },
    fix: |context| { format!("In {}, count accounts by what they share ({}), and have a person look at what goes beyond.", context.endpoint(), context.expected("the limit")) },
};
