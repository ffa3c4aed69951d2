//! # Token without signature (`SEC-ALGNONE`)
//!
//! ## What it finds
//! A bearer token that says itself that nobody signed it (`alg: none`), and is taken. Needs no model.
//!
//! ## Why it matters
//! Whoever can write such a token is whoever he writes into it. Lists: API2, CWE-347, IA-5.
//!
//! ## How it decides
//! By actor, an accepted request (2xx) with such a token. It counts where the operation was seen to refuse somebody for
//! want of a credential (401): confidence at most 0.85. Where it was never seen to serve anybody without one either, it
//! is for review (0.45); where it was, it is open to everybody and nothing is told. A token whose signature was taken
//! out before the input was given is none of these, nor is a token that a gateway writes into a header of its own.
//!
//! ## When it is wrong
//! A service behind a gateway that checked another token, and that passes this one on in its place. A test environment.
//!
//! ## Example
//! ```text
//! 10:00:00 admin  view  order:1  200
//! expected: a signature; observed: alg none and taken
//! => high accepted: admin performed view with a token that nobody signed: alg none and taken
//! ```

use super::{Identity, Rule};
use crate::compare::Check;
use crate::model::Severity;

pub(super) static RULE: Rule = Rule {
    id: "SEC-ALGNONE",
    title: "Token without signature",
    check: Check::Unsigned,
    severity: Severity::High,
    taxonomy: &["API2", "CWE-347", "IA-5"],
    agent_taxonomy: &[],
    rests_on: Identity::Nobody,
    source: include_str!("sec_algnone.rs"),
    sentence: |context| { format!("{} {} {} with a token that nobody signed: {}", context.actor(), context.did(), context.activity(), context.observed("alg none")) },
    why: |context| { format!("Expected was {}; seen was {}. The name in the token is what its sender wrote.", context.expected("a signature"), context.observed("none")) },
    fix: |context| { format!("In {}, take tokens of the algorithms alone that the issuer uses, named in the server's own settings and never in the token.", context.endpoint()) },
};
