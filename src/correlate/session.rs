//! Sessions: spells of one actor's activity, as sets of time intervals that merge in any order.

use sha2::{Digest, Sha256};
use smallvec::SmallVec;

/// Disjoint intervals more than a gap apart, sorted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Spells(SmallVec<[(i64, i64); 1]>);

impl Spells {
    /// Adds an interval. The result does not depend on the order of additions: it is the union of all intervals,
    /// closed over gaps of at most `gap`, which is one and the same for all additions.
    pub(super) fn add(&mut self, from: i64, to: i64, gap: i64) {
        let to = to.max(from);
        let first = self.0.partition_point(|s| s.1.saturating_add(gap) < from);
        let past = self.0.partition_point(|s| s.0 <= to.saturating_add(gap));
        let touched = self.0.get(first..past).unwrap_or_default();
        let joined = touched.iter().fold((from, to), |all, s| (all.0.min(s.0), all.1.max(s.1)));
        if let Some(spell) = self.0.get_mut(first).filter(|_| first < past) {
            *spell = joined;
            self.0.drain(first + 1..past);
        } else {
            self.0.insert(first, joined);
        }
    }

    /// All intervals in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (i64, i64)> {
        self.0.iter().copied()
    }

    /// Start of the spell that holds an instant.
    pub(super) fn start(&self, time: i64) -> Option<i64> {
        let at = self.0.partition_point(|s| s.0 <= time).checked_sub(1)?;
        self.0.get(at).filter(|s| time <= s.1).map(|s| s.0)
    }

    /// Number of spells.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

/// One line of a principal's activity: what begins with one login, or goes on at one device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// The login that its credentials come from, by time and event.
    Login(i64, u64),
    /// See [`Actor::strand`](crate::event::Actor::strand).
    Strand(u64),
}

impl Line {
    /// Bytes by which a principal's lines are told apart.
    pub(super) fn bytes(self, principal: &str) -> Vec<u8> {
        let (kind, first, second) = match self {
            Line::Login(time, event) => (0, time.cast_unsigned(), event),
            Line::Strand(strand) => (1, strand, 0),
        };
        [&[kind][..], &first.to_be_bytes(), &second.to_be_bytes(), principal.as_bytes()].concat()
    }
}

/// Stable name of a session: the same in every run over the same traffic.
pub(super) fn name(line: &[u8], start: i64) -> String {
    let digest = Sha256::new().chain_update(line).chain_update(start.to_be_bytes()).finalize();
    let first = digest.iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    format!("s{first:016x}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const GAP: i64 = 1_800_000_000;

    /// Sorts all intervals and joins neighbours: slow and plainly right.
    fn oracle(mut all: Vec<(i64, i64)>) -> Vec<(i64, i64)> {
        all.sort_unstable();
        let mut out: Vec<(i64, i64)> = Vec::new();
        for (from, to) in all {
            match out.last_mut() {
                Some(last) if from <= last.1 + GAP => last.1 = last.1.max(to),
                _ => out.push((from, to)),
            }
        }
        out
    }

    proptest! {
        #[test]
        fn additions_commute(points in proptest::collection::vec((0_i64..40, 0_i64..3), 0..30)) {
            let intervals: Vec<_> = points.iter().map(|(s, l)| (s * GAP / 2, s * GAP / 2 + l * GAP / 3)).collect();
            let mut forward = Spells::default();
            intervals.iter().for_each(|(a, b)| forward.add(*a, *b, GAP));
            let mut backward = Spells::default();
            intervals.iter().rev().for_each(|(a, b)| backward.add(*a, *b, GAP));
            prop_assert_eq!(&forward, &backward);
            prop_assert_eq!(forward.iter().collect::<Vec<_>>(), oracle(intervals.clone()));
            for (from, to) in intervals {
                let start = forward.start(to);
                prop_assert!(start.is_some_and(|s| s <= from));
            }
        }
    }
}
