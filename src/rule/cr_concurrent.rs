//! # One credential, two clients at once (`CR-CONCURRENT`)
//!
//! ## What it finds
//! A session or token that two clients use in turns: each with a program of its own and from a network of its own.
//! Needs no model.
//!
//! ## Why it matters
//! Who has a copy of a session needs no password, and the server sees nothing but the session. Lists: API2, CWE-294,
//! T1539, T1528, IA-5.
//!
//! ## How it decides
//! By credential, accepted requests that take turns A, B, A, B between two contexts, all within 30 minutes. A context
//! is the network of the client's address (the first 16 bits of IPv4, 32 of IPv6: no map of addresses is asked) and the
//! program by its `User-Agent` without versions. Both must differ, and neither program may be seen in the other's
//! network. Three turns are somebody who goes out and comes home; four within half an hour are nobody's way. Who shows
//! its headers and names no program is a program of its own. Of more than 6 contexts the 6 commonest are compared, and
//! then the 6 commonest networks, each with all of its programs (for review, 0.45); where that finds nothing either, it
//! is not evaluable. Addresses inside (private, loopback, shared by a provider) are no network; IPv4 and IPv6 of one
//! client are not compared; keys of APIs and credentials of services are CR-SHARED's. Confidence is at most 0.75; it is
//! for review where one of the programs is a browser or an app on a device and the other is neither (0.45: a server may
//! go on with its user's token), and where an undeclared proxy stands in front of both (0.40). A login by Basic
//! authentication beside the session counts as no login.
//!
//! ## When it is wrong
//! Somebody at two devices in two networks at once who carried the session over. A cache that hands one cookie to
//! several people: that is a finding of another kind. Nothing is found of a thief who says to be the same program, if
//! only once, or who is in the same network; nor of one who shows Basic authentication of his own beside a session
//! whose login was not seen.
//!
//! ## Example
//! ```text
//! 10:00:00 alice  view  order:1  200
//! 10:01:00 alice  view  order:1  200
//! 10:02:00 alice  view  order:1  200
//! 10:03:00 alice  pay   order:1  200
//! expected: one client at a time; observed: 2 programs in 2 networks taking turns 4 times in 180s
//! => high accepted: two clients used one credential of alice at once: 2 programs in 2 networks taking turns 4 times in 180s
//! ```

use super::{Identity, Rule};
use crate::compare::Check;
use crate::model::Severity;

pub(super) static RULE: Rule = Rule {
    id: "CR-CONCURRENT",
    title: "One credential, two clients at once",
    check: Check::Concurrent,
    severity: Severity::High,
    taxonomy: &["API2", "CWE-294", "T1539", "T1528", "IA-5"],
    agent_taxonomy: &[],
    rests_on: Identity::Nobody,
    source: include_str!("cr_concurrent.rs"),
    sentence: |context| { format!("two clients used one credential of {} at once: {}", context.actor(), context.observed("in turns")) },
    why: |context| { format!("One client was expected, {} were seen. Whoever is the second one acts as {}.", context.observed("two"), context.actor()) },
    fix: |_| { "End the session, find out how it was copied, and bind sessions to what a thief has not: DPoP or mutual TLS for tokens, short lives and a new login for graver steps where the client changes.".to_owned() },
};
