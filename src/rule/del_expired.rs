//! # Token that serves after its end (`DEL-EXPIRED`)
//!
//! ## What it finds
//! A JWT that a server goes on to accept after the time that the token itself says it ends at (`exp`). Needs no model.
//!
//! ## Why it matters
//! An end is what limits the harm of a token that was stolen, of a consent that was withdrawn and of an agent whose task is
//! over. Where nobody looks at it, every token is good for ever. Lists: API2, CWE-613, AC-6, T1550.001. By an agent also: ASI03, ag:T3, ag:T9.
//!
//! ## How it decides
//! A request is accepted, who asks is told by a JWT, and `exp` was more than five minutes before the
//! request by the capture's clock (a HAR's, a log's). One finding by token, at the first such write, else at the first read. A
//! write counts at 0.80, and a read of what was seen to be refused with 401 on the same host; another read may be open to
//! everybody and is for review (0.40), as is a request that shows another credential beside the token of which nobody knows
//! whose it is: who shows it may have made it up. Not judged: logins, logouts and what is asked to renew a token (the last
//! word of the path says so); what is said on a WebSocket that was opened in time;
//! reads of what the host serves without any credential and was not seen to refuse. Where no token of an input served in its own time, the input's clock may be wrong, and all of it is for review.
//!
//! ## When it is wrong
//! A clock that is wrong, or times in an archive that were changed by who made it anonymous. A write that is open to
//! everybody. What is made under a path that ends like a login's (`POST /tokens`) is not judged, a renewal under another last word (`/auth/token/renew`) is. A server that goes by something that is not in view (mutual TLS, an address).
//!
//! ## Example
//! ```text
//! 10:00:00 alice    pay     order:7  200
//! > 10:00:05 alice  refund  order:7  200
//! expected: a token in its own time; observed: 2 requests until 3h after its end
//! => high accepted: alice's token served after its end: 2 requests until 3h after its end
//! ```

use super::{Identity, Rule};
use crate::compare::Check;
use crate::model::Severity;

pub(super) static RULE: Rule = Rule {
    id: "DEL-EXPIRED",
    title: "Token that serves after its end",
    check: Check::TokenExpired,
    severity: Severity::High,
    taxonomy: &["API2", "CWE-613", "AC-6", "T1550.001"],
    agent_taxonomy: &["ASI03", "ag:T3", "ag:T9"],
    // Whoever shows it: the token is over.
    rests_on: Identity::Nobody,
    source: include_str!("del_expired.rs"),
    sentence: |context| {
        format!("{}'s token served after its end: {}", context.actor(), context.observed("a request after it"))
    },
    why: |context| {
        format!(
            "The token says itself when it ends, and {} took it after that. Who finds an old token in a log, or keeps one \
             after the task it was for, acts as {}.",
            context.endpoint(),
            context.actor(),
        )
    },
    fix: |context| {
        format!(
            "In {}, verify `exp` (with a minute or two for clocks) on every request together with the signature, and answer \
             401 after it; keep tokens short and renew them.",
            context.endpoint(),
        )
    },
};
