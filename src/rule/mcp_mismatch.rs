//! # Header names another call (`MCP-MISMATCH`)
//!
//! ## What it finds
//! An MCP request whose `Mcp-Method` or `Mcp-Name` header names another method, tool, prompt or resource than its body.
//!
//! ## Why it matters
//! Gateways route, count and forbid by the header, servers act by the body. Who writes two different names shows the
//! gateway a harmless call and the server another. Lists: API5, CWE-441, CWE-863. By an agent also: ASI07, ag:T12.
//!
//! ## How it decides
//! The header is there, the body was seen, and they differ: `Mcp-Method` from `method`, `Mcp-Name` from `params.name` (or
//! `params.uri` of a resource), both decoded. Each value counts where a header comes twice, and each call of a batch. The
//! server must refuse such a request (-32020); where it did, the finding is for review.
//!
//! ## When it is wrong
//! A client that keeps a header from its last call. A proxy that rewrites bodies.
//!
//! ## Example
//! ```text
//! 10:00:00 shop/alice  approve_refund  refund:ref_881  200
//! expected: Mcp-Name search; observed: approve_refund
//! => medium accepted: agent:shop for alice called approve_refund under the header Mcp-Name search
//! ```

use super::{Identity, Rule};
use crate::compare::Check;
use crate::model::Severity;

pub(super) static RULE: Rule = Rule {
    id: "MCP-MISMATCH",
    title: "Header names another call",
    check: Check::HeaderMismatch,
    severity: Severity::Medium,
    taxonomy: &["API5", "CWE-441", "CWE-863"],
    agent_taxonomy: &["ASI07", "ag:T12"],
    rests_on: Identity::Nobody,
    source: include_str!("mcp_mismatch.rs"),
    sentence: |context| {
        format!(
            "{} called {} under the header {}",
            context.actor(),
            context.observed("one thing"),
            context.expected("of another"),
        )
    },
    why: |context| {
        format!(
            "The header says {}, the body {}. What decides by the header has let through what it did not see.",
            context.expected("one thing"),
            context.observed("another"),
        )
    },
    fix: |context| {
        format!(
            "In {}, compare header and body before anything else and refuse with 400 what differs; let the gateway do the same, or decide \
             by the body.",
            context.endpoint(),
        )
    },
};
