//! # Another way to a state (`PROC-ALT`)
//!
//! ## What it finds
//! An accepted write that is no activity of the model, and brought an object of the model to another state.
//!
//! ## Why it matters
//! A legacy version, an administration route or a forgotten endpoint reaches the same effect without the checks of the
//! way that everybody watches. Lists: API5, API9, BLA7, CWE-425, CWE-841, CM-3. By an agent also: ASI02.
//!
//! ## How it decides
//! The request is no read and no activity, though a document may describe it or an activity have its path for another
//! method. A segment behind a word such as `orders` is the key of a known object (`/v0/orders/7/ship`, where the model has
//! `/orders/{order}/pay`). The state that the answer declares for that object is one of its lifecycle and not a possible
//! one before. An answer counts where it names the same object, or where it names none and the path ends with it. Replay
//! goes on from there, so that who takes the next step is not blamed for what is missing. Confidence is 0.60 at most where
//! the request did not write that state: something else may have moved the object.
//!
//! Where only the request wrote such a state and nothing shows that the server took it, confidence is 0.60 at most, and
//! replay stays where it was. An answer that shows the state later is then no divergence.
//!
//! A write of which nothing shows what it did moves nothing; it is evidence of, and lowers to 0.60 the confidence in, what
//! is found missing after it until an answer shows the object's state again. It does not where the same actor sent it and
//! wrote no state.
//!
//! Where an activity that leads to the state never happened in this traffic while calls that look like it did, the model
//! may call it otherwise: confidence is 0.40 at most, for review. A warning names the calls.
//!
//! ## When it is wrong
//! A release brought a new version of the step: add its call to the activity's `any`. Staff repair objects by an
//! administration route: give the model that activity, with the roles that may take it.
//!
//! ## Example
//! ```text
//! 12:00:00 carol  create   order:ord_5  201
//! 12:01:00 eve    v0_ship  order:ord_5  200
//! states: new; expected: ship; observed: shipped; moved; restricted
//! => critical proven: eve brought order ord_5 to shipped by v0_ship, which the model does not know
//! ```

use super::{Identity, Rule};
use crate::compare::Check;
use crate::model::Severity;

pub(super) static RULE: Rule = Rule {
    id: "PROC-ALT",
    title: "Another way to a state",
    check: Check::Alternative,
    severity: Severity::Medium,
    taxonomy: &["API5", "API9", "BLA7", "CWE-425", "CWE-841", "CM-3"],
    agent_taxonomy: &["ASI02"],
    rests_on: Identity::Nobody,
    source: include_str!("proc_alt.rs"),
    sentence: |context| {
        format!(
            "{} brought {} to {} by {}, which the model does not know",
            context.actor(),
            context.object(),
            context.observed("another state"),
            context.activity(),
        )
    },
    why: |context| {
        format!(
            "The model leads to this state by {} only. A second way there need not ask what the first one asks.",
            context.expected("other steps"),
        )
    },
    fix: |context| {
        format!(
            "Put the checks of {} in front of {} as well, or close it; if it is meant, add it to the model.",
            context.expected("the modelled step"),
            context.endpoint(),
        )
    },
};
