//! # Grave step from a context never seen (`CR-NEWCTX`)
//!
//! ## What it finds
//! A step that is of use to a thief (a password, an e-mail address, a second factor, keys, rights, a payout) from a
//! network and by a program with which the actor was never seen. Needs no model.
//!
//! ## Why it matters
//! Who takes over an account changes first what lets its owner back in, and from where he is. Lists: API2, CWE-308,
//! T1078, IA-5.
//!
//! ## How it decides
//! By actor, an accepted write under such a word of the path (or of the call's name), once 50 accepted writes on 3 days
//! or more are known. Network and program (see CR-CONCURRENT) must both be new: not seen before the hour in which the
//! step is. Who was seen in more than 8 networks or with more than 8 programs has no habit. Always for review (0.45),
//! one finding an actor.
//!
//! ## When it is wrong
//! A new device in a new place, which is most often its owner's. A thief in the owner's network, or with the name of
//! the owner's program, is not found; nor is one who waits: a write without harm from the new context an hour before the
//! step makes it one that was seen.
//!
//! ## Example
//! ```text
//! 10:00:00 alice  change-password  account:1  200
//! expected: a context seen before; observed: a new network and a new program
//! => medium accepted: alice performed change-password from a context never seen: a new network and a new program
//! ```

use super::{Identity, Rule};
use crate::compare::Check;
use crate::model::Severity;

pub(super) static RULE: Rule = Rule {
    id: "CR-NEWCTX",
    title: "Grave step from a context never seen",
    check: Check::NewContext,
    severity: Severity::Medium,
    taxonomy: &["API2", "CWE-308", "T1078", "IA-5"],
    agent_taxonomy: &[],
    rests_on: Identity::Actor,
    source: include_str!("cr_newctx.rs"),
    sentence: |context| { format!("{} {} {} from a context never seen: {}", context.actor(), context.did(), context.activity(), context.observed("a new one")) },
    why: |context| { format!("{} had always been elsewhere. What {} does is what whoever takes over an account does first.", context.actor(), context.activity()) },
    fix: |context| { format!("Ask {} whether it was so; in {}, ask for the password or a second factor again where the client is new, and tell the owner.", context.actor(), context.endpoint()) },
};
