//! # Agreed before it was read (`HITL-FAST`)
//!
//! ## What it finds
//! A person's word that came less than two seconds after the question.
//!
//! ## Why it matters
//! Nobody sees that something is asked, reads a line and presses a button in that time. Either a program answers, or the
//! person has learnt to agree to anything. Lists: API6, LLM06, CWE-654, AC-5. By an agent also: ASI09, ag:T10.
//!
//! ## How it decides
//! With a model: from the first write of the governed agent on the same object since the last approval, before which
//! nothing could be asked, to the approval; decided only where the object was in view since its beginning. A step that was
//! accepted already waits for no word, nor does one that needs none (`if`). Without: from
//! the end of the call in which the server asked (MCP `input_required`), or the start of the stream on which it did
//! (`elicitation/create`), to the call that answers with yes. A2A: from the answer that leaves a task in `input-required`
//! to the next message of the conversation, for review, for another agent may give what is asked. The time is the longest
//! that the clocks allow; events of different sensors are not compared. Two seconds are for one glance and one click.
//!
//! ## When it is wrong
//! A mandate: a person told a program beforehand to what it may agree, or decided on another screen, so that confidence is
//! at most 0.6. A question that is put again counts from the first time.
//! A question that is shown while the call still runs.
//!
//! ## Example
//! ```text
//! 10:00:00 shop/alice  create         order:ord_7  201
//! 10:00:01 alice       agent_confirm  order:ord_7  200
//! constraint: shop-agent; expected: at least 2s; observed: 0.4s
//! => medium accepted: alice agreed to agent_confirm 0.4s after it was asked for
//! ```

use super::{Identity, Rule};
use crate::compare::Check;
use crate::model::Severity;

pub(super) static RULE: Rule = Rule {
    id: "HITL-FAST",
    title: "Agreed before it was read",
    check: Check::HumanFast,
    severity: Severity::Medium,
    taxonomy: &["API6", "LLM06", "CWE-654", "AC-5"],
    agent_taxonomy: &["ASI09", "ag:T10"],
    rests_on: Identity::Nobody,
    source: include_str!("hitl_fast.rs"),
    sentence: |context| {
        format!(
            "{} agreed to {} {} after it was asked for",
            context.actor(),
            context.activity(),
            context.observed("too soon"),
        )
    },
    why: |context| {
        format!(
            "Between the question and the answer lay {}. A person who reads what is asked takes {}.",
            context.observed("no time"),
            context.expected("longer"),
        )
    },
    fix: |context| {
        format!(
            "Show the person what will be done before the button works, and ask for something that must be read, such as the amount; refuse \
             in {} what comes sooner than that.",
            context.endpoint(),
        )
    },
};
