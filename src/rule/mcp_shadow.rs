//! # Tool of another server (`MCP-SHADOW`)
//!
//! ## What it finds
//! A tool that two MCP servers list to one user under one name and in other words; and, by a model, a tool that is
//! called and that the model does not name.
//!
//! ## Why it matters
//! Whoever adds a server to an agent's can take over the calls meant for another, by giving its tool the same name. A
//! server that nobody declared is one that nobody looked at. Lists: API9, CWE-441, CWE-923, CM-3. By an agent also:
//! ASI04, ASI07, ag:T12.
//!
//! ## How it decides
//! A server is a host and path. By user (principal, else credential), over lists that were given: the description or
//! schema differs from that of the server that listed the name first; one that says the same is the same server at another
//! address. Confidence is 0.6 where the user's calls of the tool went to the first and, after the second had listed it,
//! to that one only; else 0.4. One finding a pair of servers. By a model that names tools (in activities, or in `tools` of
//! delegations): a call of another was taken; confidence 0.6 on a server of which the model names no tool, else 0.4. One
//! finding a server and tool.
//!
//! ## When it is wrong
//! Two servers that each have a `search`, and a client that tells them apart. The user moved to another provider. A model
//! of one server, and a capture of several.
//!
//! ## Example
//! ```text
//! 10:00:00 shop/alice  list  tool:pay_order  200
//! 10:09:00 shop/alice  list  tool:pay_order  200
//! expected: pay_order of shop.example alone; observed: pay_order of tools.example as well in other words
//! => medium accepted: agent:shop for alice was served a tool of another server: expected pay_order of shop.example alone, seen pay_order of tools.example as well in other words
//! ```

use super::{Identity, Rule};
use crate::compare::Check;
use crate::model::Severity;

pub(super) static RULE: Rule = Rule {
    id: "MCP-SHADOW",
    title: "Tool of another server",
    check: Check::ToolShadowed,
    severity: Severity::Medium,
    taxonomy: &["API9", "CWE-441", "CWE-923", "CM-3"],
    agent_taxonomy: &["ASI04", "ASI07", "ag:T12"],
    rests_on: Identity::Nobody,
    source: include_str!("mcp_shadow.rs"),
    sentence: |context| { format!("{} was served a tool of another server: expected {}, seen {}", context.actor(), context.expected("one"), context.observed("another")) },
    why: |context| { format!("Expected was {}; seen was {}. An agent chooses tools by what they say of themselves.", context.expected("one"), context.observed("another")) },
    fix: |context| { format!("Name tools with their servers in the client, let it use only servers that somebody has looked at, and find out who runs the one behind {}.", context.endpoint()) },
};
