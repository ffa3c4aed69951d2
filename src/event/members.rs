//! Names of the members of JSON bodies: which a client wrote, and which an answer told.

use std::sync::Arc;

/// Members by their paths (`user.role`; lists are passed through), without values. They are there until the event's joins
/// are done: what they are for is who writes and gets which of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Members {
    /// Members of a request that may change something, each once, sorted; `None` where its body is not shown as JSON.
    pub sent: Option<Vec<SentMember>>,
    /// Members of the answer, each once, sorted; `None` where its body is not shown as JSON.
    pub told: Option<Vec<Arc<str>>>,
}

/// A member that a client wrote.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SentMember {
    /// Its path.
    pub path: Arc<str>,
    /// What the answer says of a member with its last name.
    pub echo: Echo,
}

/// What an answer says of a member that was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Echo {
    /// Nothing.
    #[default]
    None,
    /// What was written.
    Same,
    /// Something else.
    Other,
}

impl Echo {
    /// All of them, by their codes.
    pub(super) const ALL: [Echo; 3] = [Echo::None, Echo::Same, Echo::Other];
}
