//! What an exchange shows of software that acts for somebody: what shows it, and tokens that are exchanged for it.

use std::sync::Arc;

/// Software that shows by itself that it acts, whatever the token says.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SeenAgent {
    /// How it is told: its address, its name among clients of a protocol, or the user agent's.
    pub name: Arc<str>,
    /// Whether the token names some software, or is the software's own; none where there is no token that can be read.
    pub named: Option<bool>,
}

/// A token that was given for another one (RFC 8693).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct TokenExchange {
    /// Keyed hash of the token that was shown, in hex.
    pub shown: Arc<str>,
    /// What that one was good for, where it or the answer that gave it out says so.
    pub had: Option<Vec<Arc<str>>>,
    /// What the new one is good for, where that is told.
    pub got: Option<Vec<Arc<str>>>,
    /// Whether the new one is for another service, of which the words may be others.
    pub elsewhere: bool,
}
