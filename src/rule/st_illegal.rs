//! # Impossible transition (`ST-ILLEGAL`)
//!
//! ## What it finds
//! An accepted step for which the lifecycle has no path from any state that the object can be in.
//!
//! ## Why it matters
//! No order of skipped steps explains it: the server lets the object move against its own logic, and what depends on its
//! state decides on something false. Lists: API3, BLA4, CWE-372, CWE-841, T1565.003.
//!
//! ## How it decides
//! Replay holds the set of possible states. From none of them does the step start, nor does any chain of declared steps
//! lead to where it starts; the object is not at its end (that is ST-ORPHAN) and the step is no repeat (SEQ-REPEAT).
//! Declared states in responses narrow the set, lost requests widen it. A refusal with any 4xx but 401 and 403 is for
//! review only.
//!
//! ## When it is wrong
//! An administrator repaired the object by a regular call: give the model that transition with its role. The release
//! renamed a state: declared states then no longer match the model's names.
//!
//! ## Example
//! ```text
//! 11:00:00 carol        cancel  order:ord_3  200
//! 11:05:00 service:wms  pack    order:ord_3  200
//! states: held; observed: cancel, pack; moved
//! => critical proven: service:wms performed pack on order ord_3, which the model does not allow from held
//! ```

use super::{Context, Identity, Rule};
use crate::compare::Check;
use crate::model::Severity;

pub(super) static RULE: Rule = Rule {
    id: "ST-ILLEGAL",
    title: "Impossible transition",
    check: Check::Illegal,
    severity: Severity::High,
    taxonomy: &["API3", "BLA4", "CWE-372", "CWE-841", "T1565.003"],
    agent_taxonomy: &["ASI02"],
    rests_on: Identity::Nobody,
    source: include_str!("st_illegal.rs"),
    sentence: |context| format!("{}, which the model does not allow from {}", context.lead(), context.state()),
    why: |context| {
        format!(
            "No sequence of declared steps leads from {} to {}. The server changed the {} against its own lifecycle, and \
             later decisions rest on a state it should not have.",
            context.state(),
            context.activity(),
            context.object_type(),
        )
    },
    fix,
};

fn fix(context: &Context<'_>) -> String {
    let (endpoint, object) = (context.endpoint(), context.object_type());
    let states = context.allowed_from().unwrap_or_else(|| "one that allows it".to_owned());
    format!(
        "In {endpoint}, look the step up in one table of allowed transitions and refuse with 409 unless the stored state \
         of the {object} is {states}."
    )
}
