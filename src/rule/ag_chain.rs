//! # Tools in a forbidden row (`AG-CHAIN`)
//!
//! ## What it finds
//! An agent's run in which a tool that sends data out, or moves money, came after one that read what must not go there.
//!
//! ## Why it matters
//! Each tool may be allowed, and the row of them is the theft: what a mail says becomes an instruction, what a file holds
//! goes into a search. Lists: ASI02, ASI10, LLM06, API5, CWE-863, CWE-250, AC-6.
//!
//! ## How it decides
//! A constraint `never: X, after: Y, per: run` with `family: tools` (also `per: session`, or an object): Y is the source,
//! X the sink, Z in `until: [Z]` what makes it clean, as a person's word. A run is what an agent did in one go: an MCP
//! session, a trace, a conversation. Events that nothing ties to others are in no run.
//!
//! ## When it is wrong
//! The sink took nothing of what the source gave: no traffic shows what the agent thought.
//!
//! ## Example
//! ```text
//! 10:00:00 agent:mail/carol  read_mail  run:r_1  200
//! > 10:00:09 agent:mail/carol  send_file  run:r_1  200
//! constraint: no-exfil; expected: no send_file after read_mail; observed: read_mail, send_file
//! => high accepted: agent:mail for carol performed send_file on run r_1 after what must not lead there: the rule no-exfil says no send_file after read_mail
//! ```

use super::{Identity, Rule};
use crate::compare::Check;
use crate::model::Severity;

pub(super) static RULE: Rule = Rule {
    id: "AG-CHAIN",
    title: "Tools in a forbidden row",
    check: Check::ToolFlow,
    severity: Severity::High,
    taxonomy: &["ASI02", "ASI10", "LLM06", "API5", "CWE-863", "CWE-250", "AC-6"],
    agent_taxonomy: &[],
    rests_on: Identity::Nobody,
    source: include_str!("ag_chain.rs"),
    sentence: |context| { format!("{} after what must not lead there: {} says {}", context.lead(), context.rule_name("a rule"), context.expected("not after that")) },
    why: |context| { format!("{} came after a source that it must not follow ({}).", context.activity(), context.observed("another")) },
    fix: |context| { format!("Keep tools apart that read what strangers write and those that send or pay, or ask a person in between: {}.", context.expected("one of them only")) },
};
