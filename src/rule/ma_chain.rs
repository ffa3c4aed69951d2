//! # Chain of agents too long (`MA-CHAIN`)
//!
//! ## What it finds
//! A call at the end of a chain of agents that is longer than the delegation allows.
//!
//! ## Why it matters
//! Each agent that passes on a task adds its own mistakes and may be talked into others; nobody asked the last one whom
//! it trusts. Lists: API5, CWE-441, CWE-863. By an agent also: ASI07, ASI08, ag:T12.
//!
//! ## How it decides
//! `limits.depth` of a delegation that governs the event. The chain is the token's: `act` names the agent that calls,
//! each `act` within it the one before (RFC 8693, section 4.1). A chain that is shown too long by something else than a
//! token's claims is for review; a short one is decided only where the claims are in view.
//!
//! ## When it is wrong
//! A gateway or an orchestrator puts itself into the chain as an actor: allow for it in `depth`.
//!
//! ## Example
//! ```text
//! 10:00:00 shop/alice  pay  order:ord_7  200
//! constraint: shop-agent; expected: at most 2 agents in a chain; observed: 3: agent:planner > agent:buyer > agent:shop
//! => medium accepted: agent:shop for alice performed pay on order ord_7 at the end of a chain of 3: agent:planner > agent:buyer > agent:shop
//! ```

use super::{Identity, Rule};
use crate::compare::Check;
use crate::model::Severity;

pub(super) static RULE: Rule = Rule {
    id: "MA-CHAIN",
    title: "Chain of agents too long",
    check: Check::AgentChain,
    severity: Severity::Medium,
    taxonomy: &["API5", "CWE-441", "CWE-863"],
    agent_taxonomy: &["ASI07", "ASI08", "ag:T12"],
    rests_on: Identity::Actor,
    source: include_str!("ma_chain.rs"),
    sentence: |context| {
        format!("{} at the end of a chain of {}", context.lead(), context.observed("too many agents"))
    },
    why: |context| {
        format!(
            "The delegation allows {}. The token tells of a chain of {}: who gave the first leave did not choose the last.",
            context.expected("fewer"),
            context.observed("more"),
        )
    },
    fix: |context| {
        format!(
            "In the token exchange, refuse an actor token that would make the chain longer than allowed ({}), and check the depth of \
             `act` again in {}.",
            context.expected("the delegation's depth"),
            context.endpoint(),
        )
    },
};
