//! # Too many in a window (`FLOW-VOLUME`)
//!
//! ## What it finds
//! More accepted events of one activity by one group (an actor, an object) within a window than the model allows.
//!
//! ## Why it matters
//! Each call is legitimate; the number is not: stock held, codes guessed, bonuses farmed by a script.
//! Lists: API4, API6, BLA10, CWE-770, CWE-799. By an agent also: ASI02.
//!
//! ## How it decides
//! A constraint `activity:` with `by`, `window` and `max` counts accepted events over any window of that width in event
//! time (start exclusive, end inclusive). One finding per run over the limit, at the first event above it. Window and
//! limit are the model's; there is no default. Lost requests only lower the count, so the rule stays evaluable.
//!
//! ## When it is wrong
//! Many people behind one identity (a shared key, an office's gateway): group by person. A nightly job or a flash sale is
//! meant: raise the limit for that role or exempt it with the constraint's `if`.
//!
//! ## Example
//! ```text
//! 10:00:00 carol  create  order:ord_1  201
//! 10:00:02 carol  create  order:ord_2  201
//! 10:00:04 carol  create  order:ord_3  201
//! constraint: pace; expected: at most 2 in 1m; observed: 3
//! => medium accepted: carol performed create too often for the rule pace: expected at most 2 in 1m, seen 3
//! ```

use super::{Identity, Rule};
use crate::compare::Check;
use crate::model::Severity;

pub(super) static RULE: Rule = Rule {
    id: "FLOW-VOLUME",
    title: "Too many in a window",
    check: Check::Volume,
    severity: Severity::Medium,
    taxonomy: &["API4", "API6", "BLA10", "CWE-770", "CWE-799"],
    agent_taxonomy: &["ASI02"],
    rests_on: Identity::Actor,
    source: include_str!("flow_volume.rs"),
    sentence: |context| {
        format!(
            "{} {} {} too often for {}: expected {}, seen {}",
            context.actor(),
            context.did(),
            context.activity(),
            context.rule_name("a limit"),
            context.expected("fewer"),
            context.observed("more"),
        )
    },
    why: |context| {
        format!(
            "{} is worth protecting against volume: no single call is wrong, their number in the window is ({}).",
            context.activity(),
            context.observed("over the limit"),
        )
    },
    fix: |context| {
        format!(
            "Limit {} per account and per payment instrument or device on the server ({}), and answer 429 beyond it; a limit \
             per address alone is easily spread.",
            context.endpoint(),
            context.expected("the model's limit"),
        )
    },
};
