//! # Callback that nobody asked for (`PAR-CALLBACK`)
//!
//! ## What it finds
//! A partner's message that was taken, and answers nothing: the request that it is to follow was never made on this
//! object.
//!
//! ## Why it matters
//! A webhook is an endpoint that anybody can call. Who believes `payment.succeeded` without having asked for a payment
//! ships for free. Lists: API10, CWE-345, CWE-347, CWE-441, SA-9.
//!
//! ## How it decides
//! A constraint `require: X, before: Y, per: T` with `family: partner`, decided as for AP-MISSING: Y is the callback, X
//! the call that it answers. With `max_age` and `kind` as there. An object that was not seen from its beginning, and a
//! request that may have gone unseen, leave it undecided; the confidence says what else it rests on. Whether the message
//! is signed, `if` or the activity's `where` can ask (`has(header.x_signature)`).
//!
//! ## When it is wrong
//! The request went over a channel that was not captured, or by another account at the partner.
//!
//! ## Example
//! ```text
//! 10:00:00 service:psp  psp_ok  order:ord_7  200
//! constraint: asked-first; expected: pay
//! => high accepted: service:psp performed psp_ok on order ord_7 though nothing had asked for it: the rule asked-first wants pay first
//! ```

use super::{Identity, Rule};
use crate::compare::Check;
use crate::model::Severity;

pub(super) static RULE: Rule = Rule {
    id: "PAR-CALLBACK",
    title: "Callback that nobody asked for",
    check: Check::CallbackUnasked,
    severity: Severity::High,
    taxonomy: &["API10", "CWE-345", "CWE-347", "CWE-441", "SA-9"],
    agent_taxonomy: &[],
    rests_on: Identity::Nobody,
    source: include_str!("par_callback.rs"),
    sentence: |context| { format!("{} though nothing had asked for it: {} wants {} first", context.lead(), context.rule_name("a rule"), context.expected("a request")) },
    why: |context| { format!("{} was believed without {}, which it is to answer.", context.activity(), context.expected("the request")) },
    fix: |context| { format!("In {}, check the signature, and refuse what answers no open request for the {}.", context.endpoint(), context.object_type()) },
};
