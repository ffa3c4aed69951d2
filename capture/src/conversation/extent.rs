//! Where the bytes of a message are.

use crate::Timestamp;
use crate::tcp::Seen;

/// Where a message's bytes are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Extent {
    /// Position of the first byte in its direction.
    pub(crate) at: u64,
    pub(crate) first: Seen,
    pub(crate) last: Seen,
    /// Times of the packets that were captured first and last: out of order, they need not hold the first and last byte.
    pub(crate) earliest: Timestamp,
    pub(crate) latest: Timestamp,
    /// Number of the last frame that is in the same input as the first.
    pub(crate) last_frame: u64,
}

impl Extent {
    pub(crate) fn begin(at: u64, seen: Seen) -> Self {
        Extent { at, first: seen, last: seen, earliest: seen.time, latest: seen.time, last_frame: seen.frame.number }
    }

    pub(crate) fn extend(&mut self, seen: Seen) {
        self.last = seen;
        self.earliest = self.earliest.min(seen.time);
        self.latest = self.latest.max(seen.time);
        if seen.frame.input == self.first.frame.input {
            self.last_frame = self.last_frame.max(seen.frame.number);
        }
    }

    /// Takes in a later stretch of the same message.
    pub(crate) fn join(&mut self, later: Extent) {
        self.last = later.last;
        self.earliest = self.earliest.min(later.earliest);
        self.latest = self.latest.max(later.latest);
        if later.first.frame.input == self.first.frame.input {
            self.last_frame = self.last_frame.max(later.last_frame);
        }
    }
}
