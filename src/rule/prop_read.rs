//! # A member that others are not given (`PROP-READ`)
//!
//! ## What it finds
//! An answer with a member that others of the same sort are never given by the same operation. Needs no model.
//!
//! ## Why it matters
//! Who may see an object may not see all of it: margins, notes, numbers of accounts. A server that sends whole records
//! leaves it to the client what is shown. Lists: API3, CWE-200. By an agent also: ASI03.
//!
//! ## How it decides
//! By operation, host and sort of actor (its kind and roles), over JSON answers that were accepted: one actor was given
//! the member, in one of twenty answers at most, and `uses` (20) answers to `actors` (3) others of his sort do without.
//! Where those of a role that he does not have are given it nine times in ten, confidence is 0.6, or 0.45 where
//! fewer than three times as many answers were seen. Without such a role it is for review (0.4), and only where its name says what it
//! is: `passwordHash`, `iban`, `ssn`, `salary`, `margin`. One finding an actor and operation, with the name and no value.
//!
//! ## When it is wrong
//! Only that object has such a member. The right was given meanwhile. An answer of more than 64 members, or of a call of
//! GraphQL or JSON-RPC, is not looked at.
//!
//! ## Example
//! ```text
//! 10:00:00 human:ana  view  order:1  200
//! expected: an answer as 90 others; observed: `margin` in it
//! => medium accepted: human:ana performed view on order 1 and was given what others are not: expected an answer as 90 others, seen `margin` in it
//! ```

use super::{Identity, Rule};
use crate::compare::Check;
use crate::model::Severity;

pub(super) static RULE: Rule = Rule {
    id: "PROP-READ",
    title: "A member that others are not given",
    check: Check::MemberRead,
    severity: Severity::Medium,
    taxonomy: &["API3", "CWE-200"],
    agent_taxonomy: &["ASI03"],
    rests_on: Identity::Nobody,
    source: include_str!("prop_read.rs"),
    sentence: |context| { format!("{} and was given what others are not: expected {}, seen {}", context.lead(), context.expected("others"), context.observed("more")) },
    why: |context| { format!("Others of the same sort get no such member from {} ({}).", context.activity(), context.observed("more")) },
    fix: |context| { format!("Let {} choose the members of its answer by who asks, on the server, and not by what is in the record.", context.endpoint()) },
};
