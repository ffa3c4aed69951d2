//! Ids that go over in an exchange: which the request names, and which the answer gives.

/// Ids that go over in an exchange, as keyed hashes. They are there until the event's joins are done: what they are for is
/// the ledger of who was given which id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Handed {
    /// Ids that the request names, sorted.
    pub asked: Vec<HandedId>,
    /// Ids that the answer names and the request does not, sorted: what is only echoed is not given.
    pub given: Vec<HandedId>,
    /// The answer may name more: its body was not seen whole, or is of a kind that is not read.
    pub unread: bool,
}

/// One id that went over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HandedId {
    /// Keyed hash of its text.
    pub value: u64,
    /// Keyed hash of the type that its name says it is of, where the text alone would be anything's: 0 for any.
    pub kind: u32,
}
