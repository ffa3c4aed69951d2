//! # Business rule broken (`RULE-GUARD`)
//!
//! ## What it finds
//! An accepted step for which a business rule of the model is false: a guard, a time limit, opening hours, a limit for
//! one amount.
//!
//! ## Why it matters
//! The rule is kept by the client or by nobody; a caller of the API need not keep it.
//! Lists: API3, API6, BLA7, CWE-602, CWE-841, CWE-863. By an agent also: ASI02.
//!
//! ## How it decides
//! The step fits the lifecycle and the actor's role, and its `when` is false with every value known, or `within` is
//! exceeded, or a constraint (`always`, `hours`, one part over a `sum`'s `max`) is false. A value that the source cannot
//! show makes the rule unknown, never false. Thresholds are the model's; there is no default.
//!
//! ## When it is wrong
//! A promotion or an override by support is meant: name it in the guard. The attribute's path reads another field since
//! the last release: see the values in the finding.
//!
//! ## Example
//! ```text
//! 10:00:00 carol  refund_request  refund:ref_4  201
//! states: none; expected: order.state in ['paid', 'shipped']; observed: order.state = new; moved
//! => critical proven: carol performed refund_request on refund ref_4 although a guard forbids it: expected order.state in ['paid', 'shipped'], seen order.state = new
//! ```

use super::{Identity, Rule};
use crate::compare::Check;
use crate::model::Severity;

pub(super) static RULE: Rule = Rule {
    id: "RULE-GUARD",
    title: "Business rule broken",
    check: Check::Guard,
    severity: Severity::High,
    taxonomy: &["API3", "API6", "BLA7", "CWE-602", "CWE-841", "CWE-863"],
    agent_taxonomy: &["ASI02"],
    rests_on: Identity::Nobody,
    source: include_str!("rule_guard.rs"),
    sentence: |context| {
        format!(
            "{} although {} forbids it: expected {}{}",
            context.lead(),
            context.rule_name("a guard"),
            context.expected("the rule to hold"),
            context.seen(),
        )
    },
    why: |context| {
        format!(
            "{} is allowed only under a condition ({}) that did not hold. The server accepted it all the same.",
            context.activity(),
            context.expected("a rule of the model"),
        )
    },
    fix: |context| {
        format!(
            "Check {} on the server in {}, with stored values, before the {} changes; a check in the client is no check.",
            context.expected("the rule"),
            context.endpoint(),
            context.object_type(),
        )
    },
};
