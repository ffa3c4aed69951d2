//! # Credential in a URL (`SEC-INURL`)
//!
//! ## What it finds
//! A token, password, session or API key in the query of a URL. Needs no model.
//!
//! ## Why it matters
//! URLs are kept where headers are not: in logs of servers and proxies, in histories, in the `Referer` to the next
//! site. Whoever reads one has the credential. Lists: API8, NHI2, CWE-598, IA-5.
//!
//! ## How it decides
//! By operation, accepted requests with a parameter that is named so, or whose value is a JWT: a password, a client's
//! secret or a token (confidence at most 0.80), a session (0.70), an API key (0.55). For review (0.40): what may be for
//! one use (`token`, `sid`), and what opens a WebSocket, for which pages have no other place. In links that are signed,
//! keys (they say whose the signature is) and what may be for one use are none; nor are signatures, tokens that a
//! protocol puts there for one use (`code`, `state`, `id_token_hint`), links out of mails and values that were wholly
//! taken out. For review (0.45) is what anybody may have written there: where no login took it, nobody
//! known sent it to what is not seen to serve everybody, and fewer than three did. One finding an operation, and the same
//! for a baseline whoever sent it first; no value is shown.
//!
//! ## When it is wrong
//! A key that is meant to be seen, as of maps. A parameter with such a name that is none.
//!
//! ## Example
//! ```text
//! 10:00:00 alice  export  report:1  200
//! expected: credentials in headers or bodies; observed: a token in 3 requests
//! => medium accepted: export has a credential in its URL: a token in 3 requests
//! ```

use super::{Identity, Rule};
use crate::compare::Check;
use crate::model::Severity;

pub(super) static RULE: Rule = Rule {
    id: "SEC-INURL",
    title: "Credential in a URL",
    check: Check::UrlCredential,
    severity: Severity::Medium,
    taxonomy: &["API8", "NHI2", "CWE-598", "IA-5"],
    agent_taxonomy: &[],
    rests_on: Identity::Nobody,
    source: include_str!("sec_inurl.rs"),
    sentence: |context| { format!("{} has a credential in its URL: {}", context.activity(), context.observed("one")) },
    why: |context| { format!("Expected were {}; the URL holds {}. It is in every log on the way.", context.expected("none"), context.observed("one")) },
    fix: |context| { format!("Let {} take it in the `Authorization` header, refuse it in the query, and change the credentials that the logs hold.", context.endpoint()) },
};
