//! What reading one exchange's calls may cost, and what was left out because of it.

use std::collections::BTreeSet;

use serde_json::value::RawValue;

use super::{LONGEST_NAME, MOST_BYTES, MOST_CALLS, Unseen};

/// Counts what is kept.
pub(super) struct Budget {
    bytes: usize,
    unseen: BTreeSet<Unseen>,
}

impl Budget {
    pub(super) fn new() -> Budget {
        Budget { bytes: MOST_BYTES, unseen: BTreeSet::new() }
    }

    /// Notes that something is not shown.
    pub(super) fn note(&mut self, unseen: Unseen) {
        self.unseen.insert(unseen);
    }

    /// Keeps a JSON text if there is room for it.
    pub(super) fn keep(&mut self, text: &str) -> Option<String> {
        self.take(text.len()).then(|| text.to_owned())
    }

    /// Keeps a JSON value if there is room for it.
    pub(super) fn keep_value(&mut self, value: Option<&RawValue>) -> Option<String> {
        value.and_then(|value| self.keep(value.get()))
    }

    /// How many bytes more may be kept.
    pub(super) fn left(&self) -> usize {
        self.bytes
    }

    /// Whether so many bytes more may be kept; then they are counted.
    pub(super) fn take(&mut self, bytes: usize) -> bool {
        match self.bytes.checked_sub(bytes) {
            Some(left) => {
                self.bytes = left;
                true
            }
            None => {
                self.note(Unseen::TooLong);
                false
            }
        }
    }

    /// Whether a list of calls has room for one more.
    pub(super) fn has_room(&mut self, calls: usize) -> bool {
        let room = calls < MOST_CALLS;
        if !room {
            self.note(Unseen::TooMany);
        }
        room
    }

    pub(super) fn into_unseen(self) -> Vec<Unseen> {
        self.unseen.into_iter().collect()
    }
}

/// A name, id or code as it is kept: nobody needs the rest of a long one.
pub(super) fn name(text: &str) -> String {
    text.chars().take(LONGEST_NAME).map(|c| if c.is_control() { ' ' } else { c }).collect()
}
