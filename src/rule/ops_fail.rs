//! # Failures that set in (`OPS-FAIL`)
//!
//! ## What it finds
//! A step that failed seldom, and from some time on often. Needs no model.
//!
//! ## Why it matters
//! What fails is tried again, worked round or left half done; whoever looks for a weak place makes failures first.
//! Lists: BLA1, API8, CWE-755, SI-4.
//!
//! ## How it decides
//! By operation (or activity), answers by ten minutes. Failed is what was refused but for 401, 403, 404, 405, 410 and
//! 429, which say more of who asks. The time at which another share of failures is likeliest is told where it is much
//! likelier than one share throughout (likelihood ratio 30), each side has `requests` (100) or more, the share rose by
//! `share` (10 points) or more and to three times as much, hardly any ten minutes before were like it, and several
//! clients see it. Confidence is at most 0.60. One finding a step.
//!
//! ## When it is wrong
//! A campaign of wrong input. A client that was released with a fault and is used by many.
//!
//! ## Example
//! ```text
//! 10:00:00 alice  pay  order:1  500
//! expected: 1% of 800 failed as before; observed: 40% of 300 failed since
//! => low attempted: pay began to fail: expected 1% of 800 failed as before, seen 40% of 300 failed since
//! ```

use super::{Identity, Rule};
use crate::compare::Check;
use crate::model::Severity;

pub(super) static RULE: Rule = Rule {
    id: "OPS-FAIL",
    title: "Failures that set in",
    check: Check::Failing,
    severity: Severity::Low,
    taxonomy: &["BLA1", "API8", "CWE-755", "SI-4"],
    agent_taxonomy: &[],
    rests_on: Identity::Nobody,
    source: include_str!("ops_fail.rs"),
    sentence: |context| { format!("{} began to fail: expected {}, seen {}", context.activity(), context.expected("one"), context.observed("another")) },
    why: |context| { format!("Expected was {}; seen was {}. Look for what changed then.", context.expected("one"), context.observed("another")) },
    fix: |context| { format!("Find out what was changed before {} began to fail, and which cases were left half done.", context.activity()) },
};
