//! # Secret in an answer (`SEC-INBODY`)
//!
//! ## What it finds
//! Passwords, client secrets and private keys in answers to requests that only read. Needs no model.
//!
//! ## Why it matters
//! Whoever may read the page may be whoever it is about; the secret goes through caches, logs and browsers each time.
//! Lists: API3, NHI2, CWE-522, CWE-200, IA-5.
//!
//! ## How it decides
//! By operation, accepted answers to `GET` in JSON that hold a private key (PEM), or a field such as `password`,
//! `client_secret`, `private_key` or `secret_access_key` with 8 letters and digits or more. Masks, labels, hints, links
//! and placeholders are none, nor is what is asked for below a path that says so (`/secrets`, `/vault`, `/credentials`,
//! `/password`). An answer to what makes a key shows it once, as it should. Confidence is at most 0.60, and 0.80 where
//! the operation serves somebody who shows nothing. One finding an operation. Nothing of the secret is in it.
//!
//! ## When it is wrong
//! Test data. A hash of a password, which should not be there either.
//!
//! ## Example
//! ```text
//! 10:00:00 alice  view  client:1  200
//! expected: secrets shown once, where they are made; observed: a secret in 3 requests
//! => medium accepted: view answers with a secret: a secret in 3 requests
//! ```

use super::{Identity, Rule};
use crate::compare::Check;
use crate::model::Severity;

pub(super) static RULE: Rule = Rule {
    id: "SEC-INBODY",
    title: "Secret in an answer",
    check: Check::BodySecret,
    severity: Severity::Medium,
    taxonomy: &["API3", "NHI2", "CWE-522", "CWE-200", "IA-5"],
    agent_taxonomy: &[],
    rests_on: Identity::Nobody,
    source: include_str!("sec_inbody.rs"),
    sentence: |context| { format!("{} answers with a secret: {}", context.activity(), context.observed("another")) },
    why: |context| { format!("Expected were {}; seen was {}.", context.expected("one"), context.observed("another")) },
    fix: |context| { format!("Take the field out of the answer of {}, and change what was shown.", context.endpoint()) },
};
