//! # Step too early (`SEQ-ORDER`)
//!
//! ## What it finds
//! An accepted step that came before a step that should precede it, where the earlier step did follow later.
//!
//! ## Why it matters
//! A check that runs after the effect secures nothing: what it would have stopped has already happened.
//! Lists: API6, BLA4, BLA7, CWE-841, CWE-696, SI-10.
//!
//! ## How it decides
//! As SEQ-SKIP, except that the missing step occurs later in the case; the pair is one finding, at the step that came too
//! early. Events that overlap in time, fall into one clock tick, or come from different sensors within
//! `check.clock_skew` (default 2 s, what NTP-kept hosts stay under) have no order: either order may explain them.
//! A refusal with any 4xx but 401 and 403 is for review only.
//!
//! ## When it is wrong
//! Two clocks differ by more than `check.clock_skew`: compare the same request in both sources and raise it. A log stamps
//! the response instead of the request: long calls then seem late. The two steps are parallel in the real process: let
//! the model allow both orders.
//!
//! ## Example
//! ```text
//! 09:00:00 carol          create  order:ord_7  201
//! > 09:04:00 service:wms  ship    order:ord_7  200
//! 09:30:00 carol          pay     order:ord_7  200
//! states: new; expected: pay, ship; observed: create, ship, pay
//! => medium accepted: service:wms performed ship on order ord_7 before pay
//! ```

use super::{Context, Identity, Rule};
use crate::compare::Check;
use crate::model::Severity;

pub(super) static RULE: Rule = Rule {
    id: "SEQ-ORDER",
    title: "Step too early",
    check: Check::Order,
    severity: Severity::Medium,
    taxonomy: &["API6", "BLA4", "BLA7", "CWE-841", "CWE-696", "SI-10"],
    agent_taxonomy: &["ASI02"],
    rests_on: Identity::Nobody,
    source: include_str!("seq_order.rs"),
    sentence: |context| format!("{} before {}", context.lead(), context.missing()),
    why: |context| {
        format!(
            "{} belongs before {}. When it comes after, whatever it was to check or secure no longer stands in the way.",
            context.missing(),
            context.activity(),
        )
    },
    fix,
};

fn fix(context: &Context<'_>) -> String {
    let (endpoint, object) = (context.endpoint(), context.object_type());
    let states = context.allowed_from().map_or_else(String::new, |states| format!(", that is, unless its state is {states}"));
    format!(
        "In {endpoint}, refuse while {} has not been done for this {object}{states}; decide on the stored state under a \
         lock or in one transaction.",
        context.missing()
    )
}
