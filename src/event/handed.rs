//! Ids that go over in an exchange: which the request names, and which the answer gives.

/// Ids that go over in an exchange, as keyed hashes. They are there until the event's joins are done: what they are for is
/// the ledger of who was given which id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Handed {
    /// Ids that the request names, sorted.
    pub asked: Vec<HandedId>,
    /// Ids that the answer names and the request does not, sorted: what is only echoed is not given.
    pub given: Vec<HandedId>,
    /// Numbers that the request looks for by a word of its query (`?phone=4915112345678`), and not by the name of an
    /// object.
    pub sought: Vec<SoughtId>,
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

/// A number that is looked for by a word of a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SoughtId {
    /// Keyed hash of the word, and of what stands around the number.
    pub word: u32,
    /// Keyed hash of the whole text.
    pub value: u64,
    /// The number, moved by a distance that is the word's own: next to each other are those that were, and none is told.
    pub number: u64,
}
