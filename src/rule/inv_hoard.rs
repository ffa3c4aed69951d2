//! # Stock held and not bought (`INV-HOARD`)
//!
//! ## What it finds
//! More reservations open at once, by one actor, key or address, than the model allows.
//!
//! ## Why it matters
//! What is held by one is sold out for all others, at no cost to who holds it. Lists: API6, OAT-021, OAT-005, BLA10,
//! CWE-799, CWE-837. By an agent also: ASI02.
//!
//! ## How it decides
//! A constraint `activity: X, by: [..], window: W, max: N, until: [Y, Z]` with `family: inventory`: X counts until Y or Z
//! is accepted, or has no answer, on the same object, or until the window is over: let it be as long as a reservation
//! lasts. What ends it has to be of the same group (`by`). Where it may have gone unseen, what is then left over the limit
//! decides, else the event is not evaluable. One finding a breach, with the most that were open.
//!
//! ## When it is wrong
//! Reservations that the server lets lapse before the window is over. A reseller buys for many, and an office has one
//! address: group by what tells them apart.
//!
//! ## Example
//! ```text
//! 10:00:00 carol  reserve  hold:h_7  201
//! constraint: few-holds; expected: at most 4 reserve in 15m; observed: 5 by carol
//! => medium accepted: carol performed reserve on hold h_7 and holds more than the rule few-holds allows: expected at most 4 reserve in 15m, seen 5 by carol
//! ```

use super::{Identity, Rule};
use crate::compare::Check;
use crate::model::Severity;

pub(super) static RULE: Rule = Rule {
    id: "INV-HOARD",
    title: "Stock held and not bought",
    check: Check::Hoarded,
    severity: Severity::Medium,
    taxonomy: &["API6", "OAT-021", "OAT-005", "BLA10", "CWE-799", "CWE-837"],
    agent_taxonomy: &["ASI02"],
    rests_on: Identity::Nobody,
    source: include_str!("inv_hoard.rs"),
    sentence: |context| { format!("{} and holds more than {} allows: expected {}, seen {}", context.lead(), context.rule_name("a limit"), context.expected("one"), context.observed("another")) },
    why: |context| { format!("{} takes from the stock that others see, and was neither ended nor bought ({}).", context.activity(), context.observed("another")) },
    fix: |context| { format!("In {}, refuse with 409 what goes beyond {}, and let what is held lapse soon.", context.endpoint(), context.expected("the limit")) },
};
