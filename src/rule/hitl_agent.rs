//! # The agent agreed itself (`HITL-AGENT`)
//!
//! ## What it finds
//! A person's word that came with the agent's own credential.
//!
//! ## Why it matters
//! Who can answer for the person needs no person. An injected text that makes the agent pay also makes it agree. Lists:
//! API6, LLM06, CWE-654, AC-5. By an agent also: ASI09, ag:T10, ag:T15.
//!
//! ## How it decides
//! With a model: the `approval` of a delegation asks for a person, and the only approvals before the step were given by
//! an agent; or the person's word came with the very credential that the agent then goes on with, which is for review.
//! Without one: a server asks its users (MCP elicitation), some of them answer with credentials of their own and this
//! answer came with an agent's; always for review, for a client may hand on what a person said. Answers through MCP are
//! for review with a model as well: one client speaks for both.
//!
//! ## When it is wrong
//! The client's program shows the question to the person and sends the answer with the session that the agent has. Only a
//! question that opens in the person's own browser tells the two apart.
//!
//! ## Example
//! ```text
//! 10:00:00 alice       create         order:ord_7  201
//! 10:01:00 shop/alice  agent_confirm  order:ord_7  200
//! 10:02:00 shop/alice  pay            order:ord_7  200
//! constraint: shop-agent; expected: agent_confirm, pay; observed: the credential of agent:shop
//! => high accepted: agent:shop for alice performed pay after a person's word that came with the credential of agent:shop
//! ```

use super::{Identity, Rule};
use crate::compare::Check;
use crate::model::Severity;

pub(super) static RULE: Rule = Rule {
    id: "HITL-AGENT",
    title: "The agent agreed itself",
    check: Check::HumanAgent,
    severity: Severity::High,
    taxonomy: &["API6", "LLM06", "CWE-654", "AC-5"],
    agent_taxonomy: &["ASI09", "ag:T10", "ag:T15"],
    rests_on: Identity::Actor,
    source: include_str!("hitl_agent.rs"),
    sentence: |context| {
        format!(
            "{} {} {} after a person's word that came with {}",
            context.actor(),
            context.did(),
            context.activity(),
            context.observed("the agent's credential"),
        )
    },
    why: |context| {
        format!(
            "A person was to agree. The word that was given came with {}: the agent could have written it itself.",
            context.observed("the agent's credential"),
        )
    },
    fix: |context| {
        format!(
            "Ask the person where the agent cannot answer: in a page that needs the person's own session, or with a passkey; in {}, refuse \
             approvals whose token names an actor (`act`).",
            context.endpoint(),
        )
    },
};
