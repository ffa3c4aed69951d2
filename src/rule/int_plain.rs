//! # Credential in the clear (`INT-PLAIN`)
//!
//! ## What it finds
//! A credential that packets show on its way over a network outside, without TLS. Needs no model.
//!
//! ## Why it matters
//! Everybody on the way reads it and may go on with it. Lists: API8, CWE-319, SC-8.
//!
//! ## How it decides
//! By server (its address: the name is what the client says), accepted requests in a capture of packets that go over plain HTTP to a server whose address is outside (not
//! private, loopback or link-local), with a token, key or password in a header, or in a session that somebody was seen
//! to log in to: confidence at most 0.80. A session cookie of which nobody knows whose it is is for review (0.45). What
//! goes to a server inside is none, wherever it comes from: TLS may have ended in front of it. Neither is what goes
//! within a machine, or to a port of TLS (decrypted before it was written). Old versions of TLS are told by `offpath
//! inspect`. One finding a server; a baseline tells servers apart by the activity alone.
//!
//! ## When it is wrong
//! A capture made within a tunnel. A laboratory with public addresses. For review, cookies of advertising that are named as
//! sessions are (`_sid`).
//!
//! ## Example
//! ```text
//! 10:00:00 alice  view  order:1  200
//! expected: TLS; observed: a credential in the clear in 3 requests
//! => medium accepted: view went without TLS: a credential in the clear in 3 requests
//! ```

use super::{Identity, Rule};
use crate::compare::Check;
use crate::model::Severity;

pub(super) static RULE: Rule = Rule {
    id: "INT-PLAIN",
    title: "Credential in the clear",
    check: Check::Plain,
    severity: Severity::Medium,
    taxonomy: &["API8", "CWE-319", "SC-8"],
    agent_taxonomy: &[],
    rests_on: Identity::Nobody,
    source: include_str!("int_plain.rs"),
    sentence: |context| { format!("{} went without TLS: {}", context.activity(), context.observed("a credential in the clear")) },
    why: |context| { format!("Expected was {}; seen was {}. Whoever is on the way has it.", context.expected("TLS"), context.observed("none")) },
    fix: |_| { "Answer on TLS alone, send `Strict-Transport-Security`, and change the credentials that went in the clear.".to_owned() },
};
