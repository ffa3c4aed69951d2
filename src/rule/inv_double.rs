//! # Given back twice (`INV-DOUBLE`)
//!
//! ## What it finds
//! A reservation that was given back, and was accepted as given back again.
//!
//! ## Why it matters
//! Stock, seats or credit are counted up twice for one reservation: more is sold than there is, or a deposit is paid out
//! again. Lists: API6, BLA8, CWE-837, CWE-841. By an agent also: ASI02.
//!
//! ## How it decides
//! A constraint `never: X, after: X, per: T` with `family: inventory`: X was accepted on the object, and accepted again after it
//! had ended. Steps named by `until` (a new reservation under the same key) allow it again. A repetition with the same
//! idempotency key and body is a retry; the same call by the same client within a minute may be one, and is for review
//! (0.40). A refusal is the server's check: with 401 or 403 an attempt, else for review.
//!
//! ## When it is wrong
//! The call is idempotent by design, and answers the second time without an effect: look at the stock. Keys are used again for
//! new reservations: name the step that makes them in `until`.
//!
//! ## Example
//! ```text
//! 10:00:00 carol  release  hold:h_1  200
//! 10:05:00 carol  release  hold:h_1  200
//! constraint: back-once; expected: no release after release; observed: release, release
//! => medium accepted: carol performed release on hold h_1 again
//! ```

use super::{Identity, Rule};
use crate::compare::Check;
use crate::model::Severity;

pub(super) static RULE: Rule = Rule {
    id: "INV-DOUBLE",
    title: "Given back twice",
    check: Check::ReleasedTwice,
    severity: Severity::Medium,
    taxonomy: &["API6", "BLA8", "CWE-837", "CWE-841"],
    agent_taxonomy: &["ASI02"],
    rests_on: Identity::Nobody,
    source: include_str!("inv_double.rs"),
    sentence: |context| format!("{} again", context.lead()),
    why: |context| {
        format!(
            "What {} gives back is there once. Accepted again, it counts up what is not there.",
            context.activity(),
        )
    },
    fix: |context| {
        format!(
            "In {}, change the {} and the stock in one transaction that asks for its stored state, and answer a repetition \
             with the first result.",
            context.endpoint(),
            context.object_type(),
        )
    },
};
