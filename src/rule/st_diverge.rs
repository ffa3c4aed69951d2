//! # Declared state diverges (`ST-DIVERGE`)
//!
//! ## What it finds
//! A response in which the server declares a state that the object cannot have by what was seen.
//!
//! ## Why it matters
//! Something moved the object outside its process: a direct write, a hidden endpoint, a field the client could set, a bug
//! in the state machine. Lists: API3, BLA1, CWE-372, T1565.003.
//!
//! ## How it decides
//! After an accepted event or read, the state at the model's `state:` path is a state of the lifecycle, compared without
//! letter case, and not in the replayed set. Replay then goes on from either state, so one divergence is one finding.
//! The state that the object left within `check.state_lag` (5 s: replicas and read models follow within a second or two)
//! is that of a moment ago, after a step that was only taken on (202) for as long as no answer shows it done. What a
//! cache answers is not compared, nor are states that the model does not know. Where one client's own recording (a HAR
//! file, one principal) is all there is, what others did is not in it: the declared state is believed, and nothing judged.
//!
//! ## When it is wrong
//! A read model lags behind its writes for longer: raise `check.state_lag`. A response
//! shows the state before the change by convention: drop `state:` for that type, or point it elsewhere. A scheduled job
//! moves objects without a call: give the model its activity or allow the state.
//!
//! ## Example
//! ```text
//! 12:00:00 carol  create  order:ord_5  201
//! 12:01:00 carol  view    order:ord_5  200
//! states: new; expected: new; observed: paid; moved; restricted
//! => critical proven: the server declared order ord_5 paid at view by carol, where only new was possible
//! ```

use super::context::{name, names};
use super::{Context, Identity, Rule};
use crate::compare::Check;
use crate::model::Severity;

pub(super) static RULE: Rule = Rule {
    id: "ST-DIVERGE",
    title: "Declared state diverges",
    check: Check::Diverge,
    severity: Severity::High,
    taxonomy: &["API3", "BLA1", "CWE-372", "T1565.003"],
    agent_taxonomy: &["ASI02"],
    rests_on: Identity::Nobody,
    source: include_str!("st_diverge.rs"),
    sentence: |context| {
        format!(
            "the server declared {} {} at {} by {}, where only {} was possible",
            context.object(),
            declared(context),
            context.activity(),
            context.actor(),
            names(&context.deviation.expected, "or").unwrap_or_else(|| context.state()),
        )
    },
    why: |context| {
        format!(
            "No step that was seen brings this {} to {}. Something moved it outside the process: a direct write, another \
             endpoint, or a field that the client may set.",
            context.object_type(),
            declared(context),
        )
    },
    fix: |context| {
        format!(
            "Find what else writes the state of a {} (other endpoints, jobs, bulk updates) and let only the lifecycle's \
             steps do so; start with what happened before {}.",
            context.object_type(),
            context.endpoint(),
        )
    },
};

/// The state that the server declared: as the exchange says it, else as the comparison does.
fn declared(context: &Context<'_>) -> String {
    match context.object_ref().and_then(|object| object.declared_state.as_deref()) {
        Some(state) => name(state),
        None => context.observed("another state"),
    }
}
