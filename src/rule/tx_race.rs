//! # Race (`TX-RACE`)
//!
//! ## What it finds
//! Two calls of one step on one object that overlap in time and both took an effect that may happen once.
//!
//! ## Why it matters
//! Check and effect are not one: parallel requests all pass the check before the first one changes anything, and the
//! voucher is redeemed as often as there are threads. Lists: API6, BLA9, CWE-362, CWE-367.
//! By an agent also: ASI02, LLM06.
//!
//! ## How it decides
//! The second of two accepted calls repeats the first in the life of their object: the step is `once`, or the object
//! already stands where the step leads and no transition lets it be taken again from there. Their intervals from request
//! start to response end, measured by one clock, overlap by at least a tick of it, and neither is a retry of the other
//! (same idempotency key and body). Needs both ends of each exchange; sources that give one time only are not evaluable.
//!
//! ## When it is wrong
//! A proxy in the path records the same call twice: both origins then show one request id. The server answers both calls
//! but the second with the first one's result.
//!
//! ## Example
//! ```text
//! 10:00:00 carol  redeem  voucher:v_1  200
//! 10:00:00 carol  redeem  voucher:v_1  200
//! expected: redeem; observed: redeem, redeem; moved
//! => critical proven: carol performed redeem on voucher v_1 while another redeem was under way, and both were accepted
//! ```

use super::{Identity, Rule};
use crate::compare::Check;
use crate::event::Outcome;
use crate::model::Severity;

pub(super) static RULE: Rule = Rule {
    id: "TX-RACE",
    title: "Race",
    check: Check::Race,
    severity: Severity::High,
    taxonomy: &["API6", "BLA9", "CWE-362", "CWE-367"],
    agent_taxonomy: &["ASI02", "LLM06"],
    rests_on: Identity::Nobody,
    source: include_str!("tx_race.rs"),
    sentence: |context| {
        let both = if context.outcome() == Outcome::Accepted { ", and both were accepted" } else { "" };
        format!("{} while another {} was under way{both}", context.lead(), context.activity())
    },
    why: |context| {
        format!(
            "{} may take effect once, yet two calls at the same time both did. The server checks and changes the {} in \
             separate moments.",
            context.activity(),
            context.object_type(),
        )
    },
    fix: |context| {
        format!(
            "In {}, make check and change one atomic operation: `UPDATE ... WHERE state = ...` and look at the row count, a \
             row lock on the {}, or a unique constraint.",
            context.endpoint(),
            context.object_type(),
        )
    },
};
