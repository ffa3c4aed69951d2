//! # Trial begun again (`SUB-TRIAL`)
//!
//! ## What it finds
//! More trials begun with one card, device, address or person than the model allows.
//!
//! ## Why it matters
//! New accounts cost nothing, so that the trial never ends. Lists: API6, BLA8, OAT-019, CWE-799, CWE-837. By an agent also:
//! ASI02.
//!
//! ## How it decides
//! A constraint `activity: X, by: [..], window: W, max: N` with `family: trial`, counted as for FLOW-VOLUME. `by` names what new
//! accounts share: an object whose key is the card's fingerprint or the device's id, or a field of the actor. Where that is
//! not shown the event is not evaluable. Keys that clients make up (a device id in the request) are only as good as the
//! server's own check of them.
//!
//! ## When it is wrong
//! A family or an office shares a card or an address. A person tries the product again after years: that is what the window
//! is for.
//!
//! ## Example
//! ```text
//! 10:00:00 carol  start_trial  card:fp_7  201
//! 10:30:00 carl   start_trial  card:fp_7  201
//! constraint: one-trial; expected: at most 1 start_trial in 365d; observed: 2 by card:fp_7
//! => medium accepted: carl performed start_trial on card fp_7 once more than the rule one-trial allows: expected at most 1 start_trial in 365d, seen 2 by card:fp_7
//! ```

use super::{Identity, Rule};
use crate::compare::Check;
use crate::model::Severity;

pub(super) static RULE: Rule = Rule {
    id: "SUB-TRIAL",
    title: "Trial begun again",
    check: Check::TrialAgain,
    severity: Severity::Medium,
    taxonomy: &["API6", "BLA8", "OAT-019", "CWE-799", "CWE-837"],
    agent_taxonomy: &["ASI02"],
    rests_on: Identity::Nobody,
    source: include_str!("sub_trial.rs"),
    sentence: |context| {
        format!(
            "{} once more than {} allows: expected {}, seen {}",
            context.lead(),
            context.rule_name("a limit"),
            context.expected("fewer"),
            context.observed("more"),
        )
    },
    why: |context| {
        format!(
            "{} gives what others pay for, once. Begun again under the same key, it never ends ({}).",
            context.activity(),
            context.observed("over the limit"),
        )
    },
    fix: |context| {
        format!(
            "In {}, keep which payment instruments and devices had a trial ({}), apart from the accounts, and refuse with 409 \
             what had one.",
            context.endpoint(),
            context.expected("the model's limit"),
        )
    },
};
