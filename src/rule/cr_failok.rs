//! # Failed logins in a burst, then one that is taken (`CR-FAILOK`)
//!
//! ## What it finds
//! An address from which many logins fail within minutes, of one account or of many, and then one that is taken. Needs
//! no model.
//!
//! ## Why it matters
//! The login that is taken is the one password of a list that was right; nobody looks at the failures once they stop.
//! Lists: API2, OAT-007, OAT-008, CWE-307, T1110.004, IA-5.
//!
//! ## How it decides
//! By address, logins that were refused within 5 minutes before one that was taken: 10 of the same account (confidence
//! at most 0.60), or those of 10 accounts (0.70). A person asks for a new password before the tenth failure; in an
//! office behind one address some mistype at once, but most are let in: there may be one account that is let in for
//! four failures, however often. 20 failures where the source does not show of which accounts they are are for review
//! (0.45), and so is all where most of the logins come by an undeclared proxy (0.40). A refusal is 401, or what the
//! answer says; 400, 403, 422 and 423 alone are one for review, without a 401 at the same path; 429 is none, for nothing
//! was tried. A 2xx that gives out nothing and says nothing (a form that is shown again) is one for review where the
//! same path gave out something to others, was taken where it answers others with a refusal, and is else not evaluable.
//! A login is a request with a password to a path or call that is a login's, Basic
//! authentication, or in a log a `POST` to a login's page. One finding an address.
//!
//! ## When it is wrong
//! A program with an old password that fails until somebody tells it the new one. A test of the login. Who comes from a
//! new address each time is not found, and who writes `X-Forwarded-For` into most of his logins is only for review. A
//! log shows no difference between a form that is shown again and one that is not.
//!
//! ## Example
//! ```text
//! 10:00:00 alice  login  account:1  401
//! 10:00:02 alice  login  account:1  401
//! 10:01:00 alice  login  account:1  200
//! expected: fewer failed logins in 5m; observed: 12 failures of the same account before
//! => high accepted: alice was let in after a burst of failed logins: 12 failures of the same account before
//! ```

use super::{Identity, Rule};
use crate::compare::Check;
use crate::model::Severity;

pub(super) static RULE: Rule = Rule {
    id: "CR-FAILOK",
    title: "Failed logins in a burst, then one that is taken",
    check: Check::FailedThenIn,
    severity: Severity::High,
    taxonomy: &["API2", "OAT-007", "OAT-008", "CWE-307", "T1110.004", "IA-5"],
    agent_taxonomy: &[],
    rests_on: Identity::Nobody,
    source: include_str!("cr_failok.rs"),
    sentence: |context| { format!("{} was let in after a burst of failed logins: {}", context.actor(), context.observed("many before")) },
    why: |context| { format!("Expected were {}; there were {}. Whoever tried them is now in as {}.", context.expected("few"), context.observed("many"), context.actor()) },
    fix: |context| { format!("Set a new password for the account and end its sessions; in {}, slow failures down by account and by address, and ask for a second factor.", context.endpoint()) },
};
