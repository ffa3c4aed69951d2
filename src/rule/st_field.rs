//! # State written by the client (`ST-FIELD`)
//!
//! ## What it finds
//! An accepted request in which a client writes the object's state field itself.
//!
//! ## Why it matters
//! If the server binds the whole body to the record, the client chooses the state and every step before it is optional
//! (mass assignment). Lists: API3, BLA4, CWE-642, CWE-915, T1565.003.
//!
//! ## How it decides
//! The body of an accepted event that is no read carries the leaf name of the type's `state:` path, at the top level or
//! under the object's name, with a value; the actor is not of kind `service`; and the activity is not one that is
//! selected by this very field (`where`). A value that the object has already, or the one state in which the activity
//! lets it begin, is none that the client chose. Whether the value took effect is told by the verdict.
//!
//! ## When it is wrong
//! The client echoes the record it read and the server ignores the field: the declared state after the call stays as it
//! was. Setting the field is the documented way to make the step: select the activity by it with `where`.
//!
//! ## Example
//! ```text
//! 14:00:00 carol  update  order:ord_4  200
//! states: new; expected: state set by the server; observed: paid; moved; restricted
//! => critical proven: carol performed update on order ord_4 and wrote its state (paid)
//! ```

use super::{Context, Identity, Rule};
use crate::compare::Check;
use crate::model::Severity;

pub(super) static RULE: Rule = Rule {
    id: "ST-FIELD",
    title: "State written by the client",
    check: Check::StateField,
    severity: Severity::High,
    taxonomy: &["API3", "BLA4", "CWE-642", "CWE-915", "T1565.003"],
    agent_taxonomy: &["ASI02"],
    rests_on: Identity::Nobody,
    source: include_str!("st_field.rs"),
    sentence: |context| format!("{} and wrote its state ({})", context.lead(), written(context)),
    why: |context| {
        format!(
            "The state of a {} follows from the steps of its process. A client that may write it can skip all of them.",
            context.object_type(),
        )
    },
    fix: |context| {
        format!(
            "In {}, bind only the fields a client may set (an allow list, or a request type without the state) and refuse \
             or ignore the state of the {}.",
            context.endpoint(),
            context.object_type(),
        )
    },
};

fn written(context: &Context<'_>) -> String {
    match context.object_ref().and_then(|object| object.written_state.as_deref()) {
        Some(state) => super::context::name(state),
        None => context.observed("value not shown"),
    }
}
