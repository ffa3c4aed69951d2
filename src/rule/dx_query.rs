//! # Personal data in a URL (`DX-QUERY`)
//!
//! ## What it finds
//! A payment card's number, an international bank account number or an e-mail address in the query of a URL. Needs no
//! model.
//!
//! ## Why it matters
//! URLs are kept where bodies are not: in logs of servers and proxies, in histories, in the `Referer` to the next site.
//! Lists: API3, CWE-598, CWE-200, AC-4.
//!
//! ## How it decides
//! By operation, accepted requests with such a parameter: a card by the beginning and length of its scheme and its
//! check digit, under a name that says so (confidence at most 0.80); an IBAN by its check digits (0.75). Long numbers
//! under other names are for review (0.45) where 3 or more are like cards and none of the same operation is not: one
//! number in ten is by chance. An e-mail address is for review (0.45): it may be the account that is looked up. So
//! is what anybody may have written there: where nobody known sent it to what is not seen to serve everybody, and fewer
//! than three did. One finding an operation, and the same for a baseline whoever sent it first.
//!
//! ## When it is wrong
//! Numbers of tests. An address that is public anyhow. For review only, a form of guests that few used.
//!
//! ## Example
//! ```text
//! 10:00:00 alice  search  customer:1  200
//! expected: personal data in bodies; observed: a card number in 3 requests
//! => medium accepted: search has personal data in its URL: a card number in 3 requests
//! ```

use super::{Identity, Rule};
use crate::compare::Check;
use crate::model::Severity;

pub(super) static RULE: Rule = Rule {
    id: "DX-QUERY",
    title: "Personal data in a URL",
    check: Check::UrlPersonal,
    severity: Severity::Medium,
    taxonomy: &["API3", "CWE-598", "CWE-200", "AC-4"],
    agent_taxonomy: &[],
    rests_on: Identity::Nobody,
    source: include_str!("dx_query.rs"),
    sentence: |context| { format!("{} has personal data in its URL: {}", context.activity(), context.observed("some")) },
    why: |context| { format!("The URL holds {}. It is in every log on the way, and whoever reads those reads it.", context.observed("personal data")) },
    fix: |context| { format!("Let {} take it in the body of a `POST`, or an id that stands for it; take it out of the logs that have it.", context.endpoint()) },
};
