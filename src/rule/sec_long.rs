//! # Token that lives long (`SEC-LONG`)
//!
//! ## What it finds
//! Access tokens that may be used for more than a day, by their own words. Needs no model.
//!
//! ## Why it matters
//! A token cannot be called back by who lost it: how long it lives is how long a thief has it. Lists: API2, NHI7,
//! CWE-613, IA-5.
//!
//! ## How it decides
//! By issuer, bearer tokens in JWT form that were accepted and whose end (`exp`) is more than `life` (24 hours, and the 5
//! minutes that clocks are given) after their beginning (`iat`, else `nbf`). Confidence is at most 0.80 where the operation
//! refused others for want of a credential (401); where it was not seen to, the token may not have been read, and it is for
//! review (0.45) from a week on: tokens of services and of agents' runs live for hours, or a day or two; where it served somebody who showed nothing, it is none. So is it for review
//! where the token, which no key proved, stood beside another credential: the server may have gone by that one. A token that
//! does not tell both is not judged: the server may have an end for it; cookies are the session's matter. One finding
//! an issuer, at the longest; a baseline tells issuers apart by the activity alone.
//!
//! ## When it is wrong
//! A token that the server can call back, or that is bound to a key of its holder.
//!
//! ## Example
//! ```text
//! 10:00:00 alice  view  order:1  200
//! expected: tokens for at most 24 hours; observed: one for 30 days
//! => medium accepted: an issuer gives out tokens that live long: expected tokens for at most 24 hours, seen one for 30 days
//! ```

use super::{Identity, Rule};
use crate::compare::Check;
use crate::model::Severity;

pub(super) static RULE: Rule = Rule {
    id: "SEC-LONG",
    title: "Token that lives long",
    check: Check::LongLived,
    severity: Severity::Medium,
    taxonomy: &["API2", "NHI7", "CWE-613", "IA-5"],
    agent_taxonomy: &[],
    rests_on: Identity::Nobody,
    source: include_str!("sec_long.rs"),
    sentence: |context| { format!("an issuer gives out tokens that live long: expected {}, seen {}", context.expected("short lives"), context.observed("long ones")) },
    why: |context| { format!("Expected were {}; seen was {}. Whoever copies one has it as long.", context.expected("short lives"), context.observed("one that is longer")) },
    fix: |_| { "Let access tokens live for minutes, renew them by refresh tokens that are taken once, and bind long ones to a key (DPoP, mutual TLS).".to_owned() },
};
