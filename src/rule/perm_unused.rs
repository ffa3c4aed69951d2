//! # Rights that are not used (`PERM-UNUSED`)
//!
//! ## What it finds
//! Scopes of a service, agent or key that it never made use of, though others did. Needs no model.
//!
//! ## Why it matters
//! A right that nobody needs is of use to a thief alone. Lists: NHI5, API5, CWE-272, AC-6. By an agent also: ASI03.
//!
//! ## How it decides
//! By identity of a service or key (no person for whom an agent acts), the scopes of the tokens that were taken. What a scope is for is told by its words: `orders:write` is for
//! writes to paths with `orders`, whoever makes them; a scope of which nobody made use says nothing and is not judged.
//! It is told where the identity was seen for `span` (30 days) or more, with `requests` (50) accepted requests or more,
//! and made use of none of what the scope is for. Always for review (0.45). One finding an identity; `offpath show
//! access` lists unused scopes of everybody. Of more than 512 words the first by name are kept: of a scope with a later
//! word nothing is said.
//!
//! ## When it is wrong
//! What is done once a year. What is done past this input. A scope whose words mean something else than the paths'.
//!
//! ## Example
//! ```text
//! 10:00:00 service:robot  view  order:1  200
//! expected: scopes that are used; observed: refunds:write not used in 45 days
//! => medium accepted: service:robot may do what it never does: refunds:write not used in 45 days
//! ```

use super::{Identity, Rule};
use crate::compare::Check;
use crate::model::Severity;

pub(super) static RULE: Rule = Rule {
    id: "PERM-UNUSED",
    title: "Rights that are not used",
    check: Check::ScopeUnused,
    severity: Severity::Medium,
    taxonomy: &["NHI5", "API5", "CWE-272", "AC-6"],
    agent_taxonomy: &["ASI03"],
    rests_on: Identity::Actor,
    source: include_str!("perm_unused.rs"),
    sentence: |context| { format!("{} may do what it never does: {}", context.actor(), context.observed("another")) },
    why: |context| { format!("Expected were {}; seen was: {}.", context.expected("one"), context.observed("another")) },
    fix: |context| { format!("Ask who answers for {} whether it needs them, and take away what it does not.", context.actor()) },
};
