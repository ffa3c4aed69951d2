//! # Undescribed route to the same (`PROC-SHADOW`)
//!
//! ## What it finds
//! An operation that none of the given OpenAPI documents describes, was accepted, and leads to what a described operation
//! leads to: `POST /internal/orders/{id}/refund` beside `POST /v2/orders/{id}/refund`. Needs no model, but documents
//! (`--openapi`, or those that the model imports).
//!
//! ## Why it matters
//! What is not in the document is not in the tests, the gateway's rules or anybody's review, and has the same effect.
//! Lists: API9, API5, CWE-912, CWE-425, CM-3.
//!
//! ## How it decides
//! Operations of one site (the last two labels of the host) are of one task when method and path are the same without the
//! version and words as `api`, `internal`, `mobile` or `legacy` before it; names of parameters do not count. Of each task
//! that has a described operation, each undescribed one that was accepted is a finding: 0.65, for review (0.45) where it
//! only reads, 0.4 where its version is newer than all that are described. Beside a model it is judged for operations that
//! it or a document names; PROC-ALT tells what else moved an object.
//!
//! ## When it is wrong
//! The document is older than the release, or leaves routes out on purpose.
//!
//! ## Example
//! ```text
//! 10:00:00 human:ana  refund  order:1  201
//! expected: a route that the document describes; observed: another one to the same
//! => medium accepted: human:ana performed refund on order 1 by a route that no document describes: expected a route that the document describes, seen another one to the same
//! ```

use super::{Identity, Rule};
use crate::compare::Check;
use crate::model::Severity;

pub(super) static RULE: Rule = Rule {
    id: "PROC-SHADOW",
    title: "Undescribed route to the same",
    check: Check::ShadowRoute,
    severity: Severity::Medium,
    taxonomy: &["API9", "API5", "CWE-912", "CWE-425", "CM-3"],
    agent_taxonomy: &[],
    rests_on: Identity::Nobody,
    source: include_str!("proc_shadow.rs"),
    sentence: |context| { format!("{} by a route that no document describes: expected {}, seen {}", context.lead(), context.expected("one"), context.observed("another")) },
    why: |context| { format!("{} is in no document, and leads to what a described route leads to.", context.endpoint()) },
    fix: |context| { format!("Take {} away, or describe it and give it the checks of the described route.", context.endpoint()) },
};
