//! Rows of the ledger: who did what with an id. Of equal deeds the first is kept, so that rows may be folded as they come,
//! in any order and in any parts.

use serde::{Deserialize, Serialize};

use crate::event::EventId;

/// What somebody did with an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Deed {
    /// Named it in a request, wherever.
    Asked,
    /// Was given it by an answer.
    Given,
    /// Made the object.
    Made,
    /// Was told that it was made, under an id that he named: so it was, unless somebody else had it before.
    Put,
    /// Used the object, accepted.
    Used,
    /// Was refused the object, or told that there is none.
    Missed,
}

/// A deed, its first time. Ordered by what makes deeds equal, and then by time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Row {
    /// Hash of the id.
    pub value: u64,
    /// Hash of the actor's name.
    pub actor: u64,
    /// What.
    pub deed: Deed,
    /// Hash of the object's type.
    pub kind: u32,
    /// Nobody is known by more than an address: what was given is in the open.
    pub open: bool,
    /// Hash of what was called; 0 where that does not matter.
    pub step: u64,
    /// A body named it, and the call is about nothing else: that need not be a use of it.
    pub named: bool,
    /// When: of a request the latest, of an answer the earliest that it can have been, in microseconds.
    pub time: i64,
    /// In which event.
    pub event: EventId,
    /// Format of the source, as a number.
    pub source: u8,
    /// The id's number and what stands around it, where it has one.
    pub number: Option<(u32, u64)>,
    /// It can be guessed: it has few digits and nothing random.
    pub guessable: bool,
    /// It stands where pages, years and the like are counted.
    pub counted: bool,
    /// Hash of what the actor is: its roles, else its kind; 0 where nothing tells.
    pub class: u64,
    /// Its credential says that it is a service: it works on everybody's things.
    pub service: bool,
}

impl Row {
    /// Whether another is the same deed, at another time.
    pub fn is_again(&self, other: &Row) -> bool {
        (self.value, self.actor, self.deed, self.kind, self.open, self.step, self.named)
            == (other.value, other.actor, other.deed, other.kind, other.open, other.step, other.named)
    }
}

/// Sorts rows, and keeps the first of equal deeds.
pub fn fold(rows: &mut Vec<Row>) {
    rows.sort_unstable();
    rows.dedup_by(|again, first| first.is_again(again));
}
