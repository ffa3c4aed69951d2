//! # A rule on one route only (`RULE-UNEQUAL`)
//!
//! ## What it finds
//! A request that one route refused by a rule of the business, and that the same actor then made by another route to the
//! same, which let it through: the older version, another host, the call in a body. Needs no model.
//!
//! ## Why it matters
//! A rule that is kept at one door is no rule: limits, checks of rights and of state are to be where the effect is, behind
//! all doors. Lists: API6, API3, BLA7, CWE-602, CWE-841, CWE-863. By an agent also: ASI02, LLM06.
//!
//! ## How it decides
//! By actor, over writes: a refusal with 402, 403, 409, 412, 422, 423 or 451 (or in a body with 200), then, within
//! `within` (10 minutes), the same accepted on another route: same object, same credential, same body where the source
//! shows it, and the same task. Routes to one task are those of one activity of the model, else of one method and path
//! without the host's first labels, the version (`v2`, `2024-05-01`) and words as `api`, `internal`, `mobile` or `legacy`
//! before it. No finding where anything else was accepted about the object in between, by either route, or where there was
//! a login or another credential. Confidence is 0.7, 0.55 where the refusal is of a state (409, 412, 423), 0.45 on another
//! host; 0.4 for 400 and 429, or without bodies. One finding an actor.
//!
//! ## When it is wrong
//! Somebody else met the rule in between: he approved, paid or gave the right. The second host is of another environment
//! with rules of its own.
//!
//! ## Example
//! ```text
//! 10:00:00 human:ana  refund  order:1  422
//! 10:00:20 human:ana  refund  order:1  201
//! expected: one rule on all routes; observed: another let through what one refused with 422
//! => high accepted: human:ana performed refund on order 1 by another route after one had refused it: expected one rule on all routes, seen another let through what one refused with 422
//! ```

use super::{Identity, Rule};
use crate::compare::Check;
use crate::model::Severity;

pub(super) static RULE: Rule = Rule {
    id: "RULE-UNEQUAL",
    title: "A rule on one route only",
    check: Check::Unequal,
    severity: Severity::High,
    taxonomy: &["API6", "API3", "BLA7", "CWE-602", "CWE-841", "CWE-863"],
    agent_taxonomy: &["ASI02", "LLM06"],
    rests_on: Identity::Nobody,
    source: include_str!("rule_unequal.rs"),
    sentence: |context| { format!("{} by another route after one had refused it: expected {}, seen {}", context.lead(), context.expected("one"), context.observed("another")) },
    why: |context| { format!("{} was let through by this route although another to the same refused it: {}. Whoever knows both uses the one without the rule.", context.activity(), context.observed("another")) },
    fix: |context| { format!("Check the rule where the effect of {} is, behind every route that leads there, and take routes away that nobody needs.", context.activity()) },
};
