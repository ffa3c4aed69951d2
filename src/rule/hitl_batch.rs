//! # Agreed to by the dozen (`HITL-BATCH`)
//!
//! ## What it finds
//! One person who agrees to more than ten things in a minute.
//!
//! ## Why it matters
//! At more than one every six seconds, a whole minute long, nothing is read. Who is asked too often agrees to everything,
//! and that is what an attacker who asks for much relies on. Lists: API6, LLM06, CWE-654, AC-5. By an agent also: ASI09,
//! ag:T10.
//!
//! ## How it decides
//! Accepted approvals of one principal: activities that an approval of a delegation, or a constraint `require` with
//! `kind: human`, asks of persons, given by one; and, with or without a model, answers with yes to what MCP servers ask
//! their users. More than 10 different objects or questions in any 60 seconds of event time. What one bulk request approves
//! together was one click and counts once; each call of a JSON-RPC batch counts. One finding per stretch, with the most there were.
//!
//! ## When it is wrong
//! A page that approves a list with one call for each line. Many people behind one account.
//!
//! ## Example
//! ```text
//! 10:00:00 erin  approve  refund:ref_1  200
//! 10:00:02 erin  approve  refund:ref_2  200
//! expected: at most 10 in 1m; observed: 14 in 1m
//! => medium accepted: erin agreed to 14 in 1m: expected at most 10 in 1m
//! ```

use super::{Identity, Rule};
use crate::compare::Check;
use crate::model::Severity;

pub(super) static RULE: Rule = Rule {
    id: "HITL-BATCH",
    title: "Agreed to by the dozen",
    check: Check::HumanBatch,
    severity: Severity::Medium,
    taxonomy: &["API6", "LLM06", "CWE-654", "AC-5"],
    agent_taxonomy: &["ASI09", "ag:T10"],
    rests_on: Identity::Actor,
    source: include_str!("hitl_batch.rs"),
    sentence: |context| {
        format!(
            "{} agreed to {}: expected {}",
            context.actor(),
            context.observed("very many"),
            context.expected("fewer"),
        )
    },
    why: |context| {
        format!(
            "{} was the last of {} that one person agreed to. Nobody reads as fast.",
            context.activity(),
            context.observed("many"),
        )
    },
    fix: |context| {
        format!(
            "Ask less often and for what matters: sum small steps up into one question, let rules decide what is ordinary, and slow down in \
             {} who agrees too fast.",
            context.endpoint(),
        )
    },
};
