//! # Taken though none was left (`INV-OVERSELL`)
//!
//! ## What it finds
//! Something was reserved or bought after the server had said that none was left.
//!
//! ## Why it matters
//! Stock is only shown, not kept: who knows the call buys what is not there, and somebody else's order fails.
//! Lists: API6, BLA9, CWE-367, CWE-841, CWE-837. By an agent also: ASI02.
//!
//! ## How it decides
//! A constraint `never: X, after: Y, per: T` with `family: inventory`, where Y is the answer that says so (a read whose `ok` is
//! `res.available == 0`), and `until` names what brings stock back: deliveries, releases, an answer with stock. The last Y
//! surely ended before X began, and no `until` came, or may have gone unseen, since. A refusal with any 4xx but 401 and 403 is
//! the server's check, and for review only.
//!
//! ## When it is wrong
//! Stock came back by a call that `until` does not name, or by a system that was not captured. The answer came from a cache. The
//! shop sells on back-order: then it is no rule.
//!
//! ## Example
//! ```text
//! 10:00:00 carol  sold_out  product:p_1  200
//! 10:05:00 bob    reserve   product:p_1  201
//! constraint: no-oversell; expected: no reserve after sold_out; observed: sold_out, reserve
//! => medium accepted: bob performed reserve on product p_1 after sold_out
//! ```

use super::{Identity, Rule};
use crate::compare::Check;
use crate::model::Severity;

pub(super) static RULE: Rule = Rule {
    id: "INV-OVERSELL",
    title: "Taken though none was left",
    check: Check::Oversold,
    severity: Severity::Medium,
    taxonomy: &["API6", "BLA9", "CWE-367", "CWE-841", "CWE-837"],
    agent_taxonomy: &["ASI02"],
    rests_on: Identity::Nobody,
    source: include_str!("inv_oversell.rs"),
    sentence: |context| format!("{} after {}", context.lead(), context.counterpart("none was left")),
    why: |context| {
        format!(
            "The last answer about this {} was that none is left, and {} took one all the same: the server shows its stock \
             and does not keep to it.",
            context.object_type(),
            context.activity(),
        )
    },
    fix: |context| {
        format!(
            "In {}, take stock by one conditional update (only where enough is left) inside the transaction, and refuse with \
             409 otherwise; do not rely on the figure that was shown.",
            context.endpoint(),
        )
    },
};
