//! What the ledger knows of each actor beside the ids: whether the answers that he got were seen.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::standing::Answers;

/// Sums by actor; merging commutes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct People {
    seen: BTreeMap<u64, Seen>,
    /// Stretches in which anything may have happened, sorted and apart.
    blind: Vec<(i64, i64)>,
}

/// The first and last answers that were seen, and that were not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Seen {
    read: Option<(i64, i64)>,
    unread: Option<(i64, i64)>,
}

impl People {
    /// Notes an answer to somebody, and whether all ids in it were read.
    pub fn add(&mut self, actor: u64, time: i64, read: bool) {
        let seen = self.seen.entry(actor).or_default();
        let span = if read { &mut seen.read } else { &mut seen.unread };
        widen(span, Some((time, time)));
    }

    /// The same, with the stretches that were not seen, sorted and apart: anybody may have been given anything in them.
    #[must_use]
    pub fn blind_in(self, blind: Vec<(i64, i64)>) -> People {
        People { blind, ..self }
    }

    /// Adds another part's sums.
    pub fn merge(&mut self, other: People) {
        for (actor, more) in other.seen {
            let seen = self.seen.entry(actor).or_default();
            widen(&mut seen.read, more.read);
            widen(&mut seen.unread, more.unread);
        }
    }

    /// Whether anything may have gone unseen between two instants.
    pub(super) fn is_blind(&self, from: i64, to: i64) -> bool {
        let first = self.blind.partition_point(|(_, end)| *end < from);
        self.blind.get(first).is_some_and(|(begin, _)| *begin <= to)
    }

    /// Whether the answers to somebody between two instants were seen. Of those that were not only the first and last are
    /// known: what lies between may have been one.
    pub(super) fn answers(&self, actor: u64, from: i64, to: i64) -> Answers {
        let seen = self.seen.get(&actor).copied().unwrap_or_default();
        let unread = seen.unread.is_some_and(|(first, last)| first <= to && last >= from);
        match (seen.read, unread) {
            (None, true) => Answers::None,
            (Some(_), true) => Answers::Some,
            (_, false) => Answers::Seen,
        }
    }
}

fn widen(span: &mut Option<(i64, i64)>, more: Option<(i64, i64)>) {
    if let Some((from, to)) = more {
        *span = Some(span.map_or((from, to), |(a, b)| (a.min(from), b.max(to))));
    }
}
