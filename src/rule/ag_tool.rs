//! # Tool outside the delegation (`AG-TOOL`)
//!
//! ## What it finds
//! An agent that uses a tool, or performs an activity, that its delegation denies or does not allow; and, with or without
//! a model, a tool that is called although the last list of tools that the caller was given does not have it.
//!
//! ## Why it matters
//! What an agent may do is decided by whoever gave it leave, not by what it is talked into. A tool that no list offers
//! was learnt from somewhere else: from an injected text, from an older version, by guessing. Lists: API5, LLM06,
//! CWE-250, CWE-863, AC-6. By an agent also: ASI02, ag:T2.
//!
//! ## How it decides
//! A delegation of the model governs the event (its `when` is true) and its `tools` or `activities` do not permit it:
//! denied, or not among those that are allowed. What got no answer counts as well, as attempted. Without a delegation:
//! the caller (who holds the credential, in its session, `Mcp-Session-Id`) was given a whole `tools/list` of this server,
//! with all of its pages, and then calls a tool that is neither in the latest nor in one that is still on its way. Confidence is then at most 0.6, and a
//! call that the server refuses is for review. Where it is not known who acts, or no list was seen whole, nothing is
//! decided. One finding a case, agent and tool.
//!
//! ## When it is wrong
//! The delegation is older than the agent: extend `allow`. A server added the tool and said so on a stream that was not
//! captured, or the client keeps lists longer than the server means them.
//!
//! ## Example
//! ```text
//! 10:00:00 shop/alice  approve_refund  refund:ref_881  200
//! constraint: shop-agent; expected: not approve_refund; observed: tool approve_refund
//! => high accepted: agent:shop for alice used the tool approve_refund: expected not approve_refund
//! ```

use super::{Identity, Rule};
use crate::compare::Check;
use crate::model::Severity;

pub(super) static RULE: Rule = Rule {
    id: "AG-TOOL",
    title: "Tool outside the delegation",
    check: Check::AgentTool,
    severity: Severity::High,
    taxonomy: &["API5", "LLM06", "CWE-250", "CWE-863", "AC-6"],
    agent_taxonomy: &["ASI02", "ag:T2"],
    rests_on: Identity::Actor,
    source: include_str!("ag_tool.rs"),
    sentence: |context| {
        format!(
            "{} {} the {}: expected {}",
            context.actor(),
            context.used(),
            context.observed("tool"),
            context.expected("another"),
        )
    },
    why: |context| {
        let leave = match &context.deviation.constraint {
            Some(id) => format!("The delegation {}", super::context::name(id)),
            None => "The list that the server gave".to_owned(),
        };
        format!(
            "{leave} says what this agent may use: {}. It used the {}.",
            context.expected("something else"),
            context.observed("tool"),
        )
    },
    fix: |context| {
        format!(
            "In {}, check on the server which tools and steps the token's agent was given leave for, and refuse others with 403; \
             a list of tools hides what is not in it and forbids nothing.",
            context.endpoint(),
        )
    },
};
