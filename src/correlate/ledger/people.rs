//! What the ledger knows of each actor beside the ids: whether the answers that he got were seen.

use std::collections::BTreeMap;

use super::standing::Answers;

/// Sums by actor; merging commutes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct People(BTreeMap<u64, Seen>);

/// The first and last answers that were seen, and that were not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Seen {
    read: Option<(i64, i64)>,
    unread: Option<(i64, i64)>,
}

impl People {
    /// Notes an answer to somebody, and whether all ids in it were read.
    pub fn add(&mut self, actor: u64, time: i64, read: bool) {
        let seen = self.0.entry(actor).or_default();
        let span = if read { &mut seen.read } else { &mut seen.unread };
        widen(span, Some((time, time)));
    }

    /// Adds another part's sums.
    pub fn merge(&mut self, other: People) {
        for (actor, more) in other.0 {
            let seen = self.0.entry(actor).or_default();
            widen(&mut seen.read, more.read);
            widen(&mut seen.unread, more.unread);
        }
    }

    /// Whether the answers to somebody between two instants were seen. Of those that were not only the first and last are
    /// known: what lies between may have been one.
    pub(super) fn answers(&self, actor: u64, from: i64, to: i64) -> Answers {
        let seen = self.0.get(&actor).copied().unwrap_or_default();
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
