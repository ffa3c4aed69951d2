//! # Let through with something missing (`DEF-OPEN`)
//!
//! ## What it finds
//! A request that was accepted without a member of its JSON body that every other one carries, where the server refuses
//! others for want of it, or where its name says that a decision hangs on it. Needs no model.
//!
//! ## Why it matters
//! Where what is missing counts as a yes, a check is gone round by leaving out what it looks at: an approval, an owner, a limit.
//! What is not clear has to stop. Lists: API3, BLA7, CWE-1188, CWE-636, AC-3. By an agent also: ASI02.
//!
//! ## How it decides
//! By operation, host and sort of actor (its kind and roles): more than 30 accepted requests of at least 4 actors, and all of them but one
//! carry the member; one that is `null` is not there. Confidence 0.65 where another request with all that is always sent but
//! this was refused (400 or 422); for review (0.4) where nothing was, and its name is that of an approval, a consent, an owner, a limit, an
//! expiry or a second factor. One finding a request, with the names and no values. `PATCH` is left out.
//!
//! ## When it is wrong
//! A member that is optional in some variants of the request. Who leaves it out again and again is not told: then it may be usual.
//! Bodies other than JSON, calls of GraphQL and JSON-RPC, and bodies with more than 32 members are not looked at.
//!
//! ## Example
//! ```text
//! 10:00:00 human:ana  pay  order:1  201
//! expected: a request as 40 others; observed: no `approval_id` for want of which others are refused
//! => medium accepted: human:ana performed pay on order 1 with something missing: expected a request as 40 others, seen no `approval_id` for want of which others are refused
//! ```

use super::{Identity, Rule};
use crate::compare::Check;
use crate::model::Severity;

pub(super) static RULE: Rule = Rule {
    id: "DEF-OPEN",
    title: "Let through with something missing",
    check: Check::MemberMissing,
    severity: Severity::Medium,
    taxonomy: &["API3", "BLA7", "CWE-1188", "CWE-636", "AC-3"],
    agent_taxonomy: &["ASI02"],
    rests_on: Identity::Nobody,
    source: include_str!("def_open.rs"),
    sentence: |context| {
        format!(
            "{} with something missing: expected {}, seen {}",
            context.lead(),
            context.expected("all of it"),
            context.observed("less")
        )
    },
    why: |context| {
        format!("Every other request of {} has it ({}). What is missing must not count as a yes.", context.activity(), context.observed("less"))
    },
    fix: |context| {
        format!("In {}, refuse a request without what a decision needs (422), and take the strictest case where a value is not known.", context.endpoint())
    },
};
