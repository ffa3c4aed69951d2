//! # Token for everything (`PERM-WILDCARD`)
//!
//! ## What it finds
//! Accepted tokens whose scope is all scopes: `*`, `*:*`. Needs no model.
//!
//! ## Why it matters
//! Such a token is as good as a password of the administrator, and no log tells what it was given for. Lists: NHI5,
//! API5, CWE-250, AC-6. By an agent also: ASI03.
//!
//! ## How it decides
//! By issuer, accepted requests with a token that has a scope of nothing but stars and what parts them. Confidence is
//! at most 0.75 where the operation refused others for want of a credential (401), else it is for review (0.45); where
//! it served somebody who showed nothing, it is none. A token that no key proved and that stood beside another credential is
//! for review. One finding an issuer. `orders:*` is wide, and none.
//!
//! ## When it is wrong
//! A server that makes something else of the word.
//!
//! ## Example
//! ```text
//! 10:00:00 service:robot  view  order:1  200
//! expected: scopes that name what for; observed: 2 tokens of 1 actor for everything
//! => medium accepted: an issuer gives out tokens for everything: 2 tokens of 1 actor for everything
//! ```

use super::{Identity, Rule};
use crate::compare::Check;
use crate::model::Severity;

pub(super) static RULE: Rule = Rule {
    id: "PERM-WILDCARD",
    title: "Token for everything",
    check: Check::Wildcard,
    severity: Severity::Medium,
    taxonomy: &["NHI5", "API5", "CWE-250", "AC-6"],
    agent_taxonomy: &["ASI03"],
    rests_on: Identity::Nobody,
    source: include_str!("perm_wildcard.rs"),
    sentence: |context| { format!("an issuer gives out tokens for everything: {}", context.observed("another")) },
    why: |context| { format!("Expected were {}; seen: {}.", context.expected("one"), context.observed("another")) },
    fix: |_| { "Name in each token what it is for, and give out no star.".to_owned() },
};
