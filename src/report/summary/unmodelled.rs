//! What is no activity of the model.

use serde::{Deserialize, Serialize};

/// What is no activity of the model.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnmodelledSummary {
    /// Events that are none: all of a run's but those of activities.
    pub events: u64,
    /// What they are by name, most calls first. Their events, with those `left_out`, are `events`.
    pub operations: Vec<UnmodelledOperation>,
    /// Events of those that are not listed.
    pub left_out: u64,
}

/// Exchanges of one path, or calls or messages of one name, that are no activity for one reason.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnmodelledOperation {
    /// Method and template; sort and name of a call inside a body.
    pub name: String,
    /// `not_named`, `method`, `condition` or `not_read`.
    pub why: String,
    /// Exchanges, calls or messages.
    pub calls: u64,
    /// Of these, refused.
    pub refused: u64,
    /// Events of them; none of a message that may be anything.
    pub events: u64,
    /// Place of the first.
    pub first: String,
}
