//! # Token exchange that widens (`DEL-WIDEN`)
//!
//! ## What it finds
//! A token exchange (RFC 8693) whose new token is good for something that the old one was not good for. Needs no model.
//!
//! ## Why it matters
//! What is passed on along a chain of services and agents may become less and never more: otherwise who has a small token
//! trades it for a large one. Lists: API5, CWE-269, CWE-863, AC-6. By an agent also: ASI03, ag:T3.
//!
//! ## How it decides
//! The exchange was accepted and says so (`issued_token_type`). What the old token was good for is its own `scope` (`scp`), else what
//! the answer said that gave it out; the new one's is what the answer says (`scope`), its own claim, or what was asked for. A word
//! of the new token that the old one neither has nor covers (`orders` covers `orders:read`, `ledger:*` covers `ledger:close`) is more; `openid` is none. One
//! finding by person, client and words. Where the new token itself is for another service (its `aud`), whose words are its own, it is
//! for review (0.40); what was asked for (`audience`, `resource`) tells nothing. Where either is not told, or has more than 256 words: not evaluable.
//!
//! ## When it is wrong
//! Opaque tokens for another service. Servers that have several words for one thing, or that look up anew what the person has consented to.
//!
//! ## Example
//! ```text
//! 10:00:00 alice  exchange  token:t1  200
//! expected: nothing that the old token had not; observed: payments:write
//! => high accepted: a token exchange by alice added payments:write
//! ```

use super::{Identity, Rule};
use crate::compare::Check;
use crate::model::Severity;

pub(super) static RULE: Rule = Rule {
    id: "DEL-WIDEN",
    title: "Token exchange that widens",
    check: Check::ScopeWidened,
    severity: Severity::High,
    taxonomy: &["API5", "CWE-269", "CWE-863", "AC-6"],
    agent_taxonomy: &["ASI03", "ag:T3"],
    // Whoever asked: the server gave more than it was shown.
    rests_on: Identity::Nobody,
    source: include_str!("del_widen.rs"),
    sentence: |context| {
        format!("a token exchange by {} added {}", context.actor(), context.observed("what the old token had not"))
    },
    why: |context| {
        format!(
            "The token that was shown was not good for {}, and the one that was given for it is. Whoever holds the small one \
             has the large one.",
            context.observed("it"),
        )
    },
    fix: |_| {
        "Let the authorization server give at most the scopes of the subject's token, cut to what the client may have; what goes \
         beyond needs the person's own consent, and a new login."
            .to_owned()
    },
};
