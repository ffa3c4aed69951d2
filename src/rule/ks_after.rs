//! # Traffic after the stop (`KS-AFTER`)
//!
//! ## What it finds
//! A request that was let through after the instant at which whoever sent it was to be stopped.
//!
//! ## Why it matters
//! A kill switch that does not stop everything is found out when it is needed: tokens that live on, a second path, a
//! cache. Lists: API2, CWE-613, AC-2, IR-4. By an agent also: ASI10.
//!
//! ## How it decides
//! A delegation with `stopped: INSTANT` governs the event (its `when` is true: `actor.agent == 'agent:shop'`,
//! `actor.kind == 'partner'`), and the request began later by more than its clock's tick. What was refused is what the switch is
//! for. Within the first minute confidence is at most 0.45. One finding a case and actor.
//!
//! ## When it is wrong
//! The agent was let in again: end the delegation's `stopped`. The clock of the input is ahead (LG-CLOCK).
//!
//! ## Example
//! ```text
//! 10:09:00 shop/alice  pay  order:ord_7  200
//! constraint: old-shop; expected: nothing since 2026-03-01T10:00:00Z; observed: a request that was let through
//! => critical accepted: agent:shop for alice performed pay on order ord_7 after it was to be stopped: expected nothing since 2026-03-01T10:00:00Z
//! ```

use super::{Identity, Rule};
use crate::compare::Check;
use crate::model::Severity;

pub(super) static RULE: Rule = Rule {
    id: "KS-AFTER",
    title: "Traffic after the stop",
    check: Check::KilledActs,
    severity: Severity::Critical,
    taxonomy: &["API2", "CWE-613", "AC-2", "IR-4"],
    agent_taxonomy: &["ASI10"],
    rests_on: Identity::Actor,
    source: include_str!("ks_after.rs"),
    sentence: |context| { format!("{} after it was to be stopped: expected {}", context.lead(), context.expected("nothing")) },
    why: |context| { format!("The switch was thrown ({}), and {} was let through.", context.expected("nothing since"), context.activity()) },
    fix: |context| { format!("Revoke the credentials with the switch, end sessions and connections, and ask for the switch's state in {}.", context.endpoint()) },
};
