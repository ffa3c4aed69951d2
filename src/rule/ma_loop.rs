//! # Agents that call in a circle (`MA-LOOP`)
//!
//! ## What it finds
//! A request at the end of a chain of agents in which one of them stands twice: A asked B, and B asked A. Needs no model.
//!
//! ## Why it matters
//! Agents that hand a task to and fro spend until somebody stops them, and each round adds what nobody asked for. Lists:
//! API4, BLA2, CWE-835, CWE-441. By an agent also: ASI07, ASI08, ag:T12.
//!
//! ## How it decides
//! The chain is the token's (`act` within `act`, RFC 8693), of which the last 32 agents are read, or what a log tells of it. One that
//! stands twice with another in between: confidence 0.55 for one return, 0.8 for more, 0.4 where no token tells the chain. An
//! agent that follows itself has its token exchanged. One finding a chain; refused requests are none.
//!
//! ## When it is wrong
//! An agent is asked back once for what only it can do. Two agents that share one name.
//!
//! ## Example
//! ```text
//! 10:00:00 shop/alice  pay  order:ord_7  200
//! expected: each agent once in a chain; observed: agent:shop > agent:planner > agent:shop (1 request)
//! => medium accepted: agent:shop for alice performed pay on order ord_7 at the end of a chain that comes back: agent:shop > agent:planner > agent:shop (1 request)
//! ```

use super::{Identity, Rule};
use crate::compare::Check;
use crate::model::Severity;

pub(super) static RULE: Rule = Rule {
    id: "MA-LOOP",
    title: "Agents that call in a circle",
    check: Check::AgentLoop,
    severity: Severity::Medium,
    taxonomy: &["API4", "BLA2", "CWE-835", "CWE-441"],
    agent_taxonomy: &["ASI07", "ASI08", "ag:T12"],
    rests_on: Identity::Nobody,
    source: include_str!("ma_loop.rs"),
    sentence: |context| { format!("{} at the end of a chain that comes back: {}", context.lead(), context.observed("a loop")) },
    why: |context| { format!("Expected was {}; the chain was {}. Nothing in it ends the circle.", context.expected("each once"), context.observed("a loop")) },
    fix: |context| { format!("In the token exchange, refuse an actor that is in the chain already, and limit its depth in {}.", context.endpoint()) },
};
