//! # A call from where nobody recorded one (`MA-GAP`)
//!
//! ## What it finds
//! An accepted write whose trace says in which call it was made, and no record shows that one, where nearly all calls of
//! the service have theirs. Needs no model.
//!
//! ## Why it matters
//! Who asked for it cannot be told: a service or agent whose records are missing, or somebody who goes past the gateway and
//! makes a parent up. Lists: API8, API10, CWE-778, CWE-441, AU-12. By an agent also: ASI07, ag:T8, ag:T12.
//!
//! ## How it decides
//! By the spans of a trace (see INT-LOOP). By input and host: at least 20 calls whose parents are seen, in any input, and at most one in
//! 20 whose is not; else not evaluable. What came in the first 5 minutes of an input may have been called before it. One
//! finding a service, at the first such write, for review (0.45).
//!
//! ## When it is wrong
//! Records that are lost, sampled or kept elsewhere. Clients that begin traces of their own before the gateway, where few do.
//! Chains of agents that only a token tells are not looked at.
//!
//! ## Example
//! ```text
//! 10:00:00 alice  pay  order:7  200
//! expected: a record of what it was made in, as 40 others have; observed: none for 1 write
//! => medium accepted: nobody recorded in which call pay was made: none for 1 write
//! ```

use super::{Identity, Rule};
use crate::compare::Check;
use crate::model::Severity;

pub(super) static RULE: Rule = Rule {
    id: "MA-GAP",
    title: "A call from where nobody recorded one",
    check: Check::ParentUnseen,
    severity: Severity::Medium,
    taxonomy: &["API8", "API10", "CWE-778", "CWE-441", "AU-12"],
    agent_taxonomy: &["ASI07", "ag:T8", "ag:T12"],
    rests_on: Identity::Nobody,
    source: include_str!("ma_gap.rs"),
    sentence: |context| {
        format!("nobody recorded in which call {} was made: {}", context.activity(), context.observed("none"))
    },
    why: |context| {
        format!("Expected was {}; there is {}. Who asked for it is not told.", context.expected("one"), context.observed("none"))
    },
    fix: |context| {
        format!(
            "Let {} take calls only from services that record them, and have each prove who it is; drop a trace's headers \
             where calls come in from outside, and begin a new one.",
            context.endpoint(),
        )
    },
};
