//! # Software that acts by a person's token (`DEL-NOACT`)
//!
//! ## What it finds
//! Software that shows that it acts on its own (a signed message, a protocol of agents, a user agent of a framework for them,
//! the model's words for agents) and writes by a token that names a person and no software. Needs no model.
//!
//! ## Why it matters
//! The token lets the software do everything that the person may, and every record says that the person did it: what was
//! delegated cannot be limited, withdrawn or told apart later. Lists: API2, CWE-441, CWE-269, AC-6, AU-10. By an agent also: ASI03, ag:T9.
//!
//! ## How it decides
//! An accepted write by a JWT with neither `act` nor a client (`azp`, `client_id`, `appid`), which is not a program's own, in a
//! request that shows an agent: a signature of Web Bot Auth that is believed, a call of MCP or A2A, a user agent whose product is
//! known to act for people, or what `actors.agent` names outside of tokens. A token that was seen to be exchanged for this
//! agent names it. One finding by person, with at most four names of software. Always for review (0.40): software says itself what it is, and most
//! is given a person's token today. Opaque tokens and sessions cannot be read: not evaluable.
//!
//! ## When it is wrong
//! A person who works in an editor or a console that calls itself by the name of its assistant. Issuers that write clients
//! in claims of their own.
//!
//! ## Example
//! ```text
//! 10:00:00 alice  pay  order:7  200
//! expected: a token that names the software; observed: claude-code, 3 writes
//! => medium accepted: claude-code and 3 writes by alice's own token, which names no software
//! ```

use super::{Identity, Rule};
use crate::compare::Check;
use crate::model::Severity;

pub(super) static RULE: Rule = Rule {
    id: "DEL-NOACT",
    title: "Software that acts by a person's token",
    check: Check::AgentUnnamed,
    severity: Severity::Medium,
    taxonomy: &["API2", "CWE-441", "CWE-269", "AC-6", "AU-10"],
    agent_taxonomy: &["ASI03", "ag:T9"],
    rests_on: Identity::Actor,
    source: include_str!("del_noact.rs"),
    sentence: |context| {
        format!("{} by {}'s own token, which names no software", context.observed("software wrote"), context.principal())
    },
    why: |context| {
        format!(
            "Nothing in the token says that software acts for {0}, so that it may do whatever {0} may, and the records say \
             that {0} did it.",
            context.principal(),
        )
    },
    fix: |context| {
        format!(
            "Give the software a token of its own for {}: by token exchange (RFC 8693) with `act`, or by an authorization as \
             a client of its own, with only the scopes that {} needs.",
            context.principal(),
            context.endpoint(),
        )
    },
};
