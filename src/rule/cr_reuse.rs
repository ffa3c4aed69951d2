//! # Credential taken after its end (`CR-REUSE`)
//!
//! ## What it finds
//! A session or token that is taken after a logout or revocation that was taken, and a refresh token that is taken
//! again after it was changed for another. Needs no model.
//!
//! ## Why it matters
//! Who logs out believes that it is over. Whoever copied the session before goes on. Lists: API2, CWE-613, CWE-294,
//! T1539, IA-5.
//!
//! ## How it decides
//! By credential, a request with it that is accepted (2xx) 10 s or more after the answer that ended it: to a logout or
//! revocation, or by which its session cookie was deleted. It counts where the operation was seen to refuse somebody
//! for want of a credential (401): confidence at most 0.80. Where it was never seen to serve anybody without one
//! either, it is for review (0.40); where it was, it is open to everybody and nothing is told. What somebody does
//! who logged in with the same session meanwhile is of that login. A refresh token that the answer turned into another one, and that is taken
//! again after more than a minute (0.60): a retry comes sooner. A change of the password ends nothing here: servers
//! differ in what else goes on.
//!
//! ## When it is wrong
//! A logout of one of several applications that share a token. An operation that answers 200 with a page that asks for
//! a login.
//!
//! ## Example
//! ```text
//! 10:00:00 alice  logout  session:1  204
//! 10:05:00 alice  view    order:1    200
//! expected: no use after the logout; observed: taken after it
//! => high accepted: alice performed view with a credential that was at its end: expected no use after the logout, seen taken after it
//! ```

use super::{Identity, Rule};
use crate::compare::Check;
use crate::model::Severity;

pub(super) static RULE: Rule = Rule {
    id: "CR-REUSE",
    title: "Credential taken after its end",
    check: Check::Reused,
    severity: Severity::High,
    taxonomy: &["API2", "CWE-613", "CWE-294", "T1539", "IA-5"],
    agent_taxonomy: &[],
    rests_on: Identity::Nobody,
    source: include_str!("cr_reuse.rs"),
    sentence: |context| { format!("{} {} {} with a credential that was at its end: expected {}, seen {}", context.actor(), context.did(), context.activity(), context.expected("none"), context.observed("it")) },
    why: |context| { format!("Expected was {}; it was {}. Whoever has a copy of it is still {}.", context.expected("no more use"), context.observed("taken"), context.actor()) },
    fix: |context| { format!("End sessions on the server: let {} ask a store whether the session or token is still good, give tokens minutes to live, and end the whole family when a refresh token comes twice.", context.endpoint()) },
};
