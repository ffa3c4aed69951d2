//! # Tool changed after it was listed (`MCP-RUG`)
//!
//! ## What it finds
//! A tool whose description or schema is not what the same user was told before by the same server.
//!
//! ## Why it matters
//! A person agrees to a tool once, by what it says of itself. A server that changes the text afterwards gives the agent
//! new instructions that nobody has read. Lists: API10, CWE-441, CM-3. By an agent also: ASI04, ag:T12.
//!
//! ## How it decides
//! Two `tools/list` of one server (host and path) to one principal, else credential, that describe a tool of one name
//! differently: title, description and annotations, or the schemas of what goes in and out. The order of members says
//! nothing, nor does a list that has the name twice. Confidence is at most 0.6; where the server says that it is another version (`serverInfo`), or where it is
//! not known to whom it speaks, at most 0.4: a server may say of itself what it likes. A tool with more than three
//! descriptions is described ever anew, and for review. One finding a tool.
//!
//! ## When it is wrong
//! A new version was rolled out. A description that holds the date, or something of the user.
//!
//! ## Example
//! ```text
//! 10:00:00 shop/alice  list  tool:search  200
//! 10:09:00 shop/alice  list  tool:search  200
//! expected: tool search; observed: description
//! => medium accepted: the description of tool search changed between two lists that agent:shop for alice was given
//! ```

use super::{Identity, Rule};
use crate::compare::Check;
use crate::model::Severity;

pub(super) static RULE: Rule = Rule {
    id: "MCP-RUG",
    title: "Tool changed after it was listed",
    check: Check::ToolChanged,
    severity: Severity::Medium,
    taxonomy: &["API10", "CWE-441", "CM-3"],
    agent_taxonomy: &["ASI04", "ag:T12"],
    rests_on: Identity::Nobody,
    source: include_str!("mcp_rug.rs"),
    sentence: |context| {
        format!(
            "the {} of {} changed between two lists that {} was given",
            context.observed("definition"),
            context.expected("a tool"),
            context.actor(),
        )
    },
    why: |context| {
        format!(
            "{} was agreed to by what it said of itself, and its {} is now another: whoever agreed has not read it.",
            context.expected("The tool"),
            context.observed("definition"),
        )
    },
    fix: |context| {
        format!(
            "Keep a hash of each tool's definition when a person agrees to it, ask again when it changes, and pin the version of the server \
             behind {}.",
            context.endpoint(),
        )
    },
};
