//! # A member that is not the client's to write (`PROP-WRITE`)
//!
//! ## What it finds
//! A request that was accepted with a member in its JSON body which nobody else sends there, and which says what only the
//! server, or somebody with more rights, decides: a role, a balance, who is verified. Needs no model.
//!
//! ## Why it matters
//! A server that takes whatever is sent lets its clients give themselves rights and money (mass assignment). Lists: API3,
//! CWE-915, CWE-642. By an agent also: ASI02.
//!
//! ## How it decides
//! By operation, host and sort of actor (its kind and roles): one actor wrote the member, at most twice, and `uses` (6)
//! requests by `actors` (2) others of his sort did without. Its name says that it is of rights, money or ownership:
//! confidence 0.65 where the answer repeats what was written and five times as much was seen, 0.45 where less was, 0.4
//! where the answer does not show it. Of another name it is for review (0.4) where at least three actors were told of it
//! in answers, nobody else ever writes it, the answer repeats it, and the request is no `PATCH`. No finding where the answer gives
//! it another value. Roles that write it themselves are judged by themselves. One finding an actor and operation, with
//! the names and no values.
//!
//! ## When it is wrong
//! Somebody with a right that no token tells, as the first administrator in the capture. A member that was new that day. Bodies
//! other than JSON, calls of GraphQL and JSON-RPC, and bodies with more than 32 members are not looked at.
//!
//! ## Example
//! ```text
//! 10:00:00 human:ana  register  user:1  201
//! expected: a request as 40 others; observed: `role` written and repeated in the answer
//! => medium accepted: human:ana performed register on user 1 with what is not a client's to write: expected a request as 40 others, seen `role` written and repeated in the answer
//! ```

use super::{Identity, Rule};
use crate::compare::Check;
use crate::model::Severity;

pub(super) static RULE: Rule = Rule {
    id: "PROP-WRITE",
    title: "A member that is not the client's to write",
    check: Check::MemberWritten,
    severity: Severity::Medium,
    taxonomy: &["API3", "CWE-915", "CWE-642"],
    agent_taxonomy: &["ASI02"],
    rests_on: Identity::Nobody,
    source: include_str!("prop_write.rs"),
    sentence: |context| { format!("{} with what is not a client's to write: expected {}, seen {}", context.lead(), context.expected("others"), context.observed("more")) },
    why: |context| { format!("Nobody else sends it in {} ({}). What the server takes unasked, a client decides.", context.activity(), context.observed("more")) },
    fix: |context| { format!("In {}, take only the members that a client may write, by a list of them, and refuse others with 422.", context.endpoint()) },
};
