//! Matching: which sights of one call in two inputs are the same exchange, one to one.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, VecDeque};

use super::pair::{MOST_SKEW, SLACK, Terms};
use super::sight::{REQUEST_ID, Sight, TRACE_ID};

/// Sights looked at for one partner.
const LOOKED_AT: usize = 512;

/// Pairs of indices into `first` and `second`, which come in the order of their times. Real repeats that both inputs
/// show stay apart: each sight has at most one partner.
///
/// What has an id finds its partner by it. For the rest, of partners that fit the one that is over first leaves the most
/// for what follows, which begins later; one of which more agrees is better. Which of several alike it is does not
/// matter: all of `second` that has a partner is left out.
pub(super) fn one_to_one(first: &[&Sight], second: &[&Sight], terms: &Terms, queries: bool) -> Vec<(usize, usize)> {
    let mut taken = vec![false; first.len()];
    let mut matched = by_id(first, second, terms, queries, &mut taken);
    let mut named = vec![false; second.len()];
    for (_, index) in &matched {
        if let Some(named) = named.get_mut(*index) {
            *named = true;
        }
    }
    let rest = second.iter().enumerate().zip(&named).filter(|(_, named)| !**named).map(|(sight, _)| sight);
    let mut open = Open::new(first, taken);
    for (index, sight) in rest {
        let from = sight.time.saturating_sub(terms.skew).saturating_sub(SLACK);
        let to = sight.over.saturating_sub(terms.skew).saturating_add(SLACK);
        let fits = open.between(from, to).take(LOOKED_AT);
        let ranked = fits.filter_map(|(at, candidate)| Some((rank(candidate, sight, terms, queries)?, at)));
        // Of equal ranks the one that is gone soonest: the others may still do for what follows.
        let soonest = ranked.max_by_key(|(rank, at)| (*rank, Reverse((first.get(*at).map(|sight| sight.over), *at))));
        if let Some((_, at)) = soonest {
            open.sights.remove(&at);
            matched.push((at, index));
        }
    }
    matched
}

/// Sights that may still find a partner, for partners in the order of their times: what ended before one of them begins
/// is gone for all that follow, however many such strays a long call outlasts.
struct Open<'a> {
    first: &'a [&'a Sight],
    taken: Vec<bool>,
    /// How many of `first` were let in.
    entered: usize,
    /// Those that are open, in the order of their times.
    sights: BTreeSet<usize>,
    /// When each of them is over, soonest first.
    ends: BinaryHeap<Reverse<(i64, usize)>>,
}

impl<'a> Open<'a> {
    fn new(first: &'a [&'a Sight], taken: Vec<bool>) -> Self {
        Open { first, taken, entered: 0, sights: BTreeSet::new(), ends: BinaryHeap::new() }
    }

    /// Open sights that are not over at `from`, which never falls from call to call, and have begun by `to`.
    fn between(&mut self, from: i64, to: i64) -> impl Iterator<Item = (usize, &'a Sight)> {
        while let Some(sight) = self.first.get(self.entered).filter(|sight| sight.time <= to) {
            if !self.taken.get(self.entered).copied().unwrap_or(true) {
                self.sights.insert(self.entered);
                self.ends.push(Reverse((sight.over, self.entered)));
            }
            self.entered += 1;
        }
        while let Some(Reverse((_, gone))) = self.ends.peek().filter(|Reverse((over, _))| *over < from).copied() {
            self.ends.pop();
            self.sights.remove(&gone);
        }
        let first = self.first;
        let open = self.sights.iter().filter_map(move |at| Some((*at, *first.get(*at)?)));
        open.take_while(move |(_, sight)| sight.time <= to)
    }
}

/// Partners by the id that both inputs write, in the order of their times; clocks matter little to them.
fn by_id(first: &[&Sight], second: &[&Sight], terms: &Terms, queries: bool, taken: &mut [bool]) -> Vec<(usize, usize)> {
    let bound = |place: usize| terms.binding.get(place).copied().unwrap_or(false);
    let Some(place) = [REQUEST_ID, TRACE_ID].into_iter().find(|place| bound(*place)) else { return Vec::new() };
    let mut waiting: BTreeMap<u64, VecDeque<usize>> = BTreeMap::new();
    for (at, sight) in first.iter().enumerate().filter(|(_, sight)| sight.value(place) != 0) {
        waiting.entry(sight.value(place)).or_default().push_back(at);
    }
    let mut matched = Vec::new();
    for (index, sight) in second.iter().enumerate() {
        let Some(queue) = waiting.get_mut(&sight.value(place)) else { continue };
        let fits = |at: &usize| {
            first.get(*at).is_some_and(|candidate| {
                let apart = candidate.time.saturating_sub(sight.time.saturating_sub(terms.skew)).saturating_abs();
                apart <= MOST_SKEW && rank(candidate, sight, terms, queries).is_some()
            })
        };
        let Some(at) = queue.iter().take(LOOKED_AT).position(fits).and_then(|found| queue.remove(found)) else {
            continue;
        };
        if let Some(taken) = taken.get_mut(at) {
            *taken = true;
        }
        matched.push((at, index));
    }
    matched
}

/// How much agrees of two sights at one time; `None` when they cannot be one exchange.
fn rank(first: &Sight, second: &Sight, terms: &Terms, queries: bool) -> Option<usize> {
    let answered = first.status != 0 && second.status != 0;
    if queries && first.query != second.query || answered && first.status != second.status {
        return None;
    }
    let (known, agree) = first.agreement(second);
    let differs =
        known.iter().zip(&agree).zip(&terms.binding).any(|((known, agree), binds)| *binds && *known && !agree);
    let agreeing = agree.iter().filter(|agree| **agree).count() + usize::from(answered);
    (!differs).then_some(agreeing)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::pipeline::views::sight::{TRAITS, USER};

    fn sight(time: i64, over: i64) -> Sight {
        Sight { time, over, status: 200, ..Sight::default() }
    }

    fn matched(first: &[Sight], second: &[Sight], terms: &Terms) -> Vec<(usize, usize)> {
        one_to_one(&first.iter().collect::<Vec<_>>(), &second.iter().collect::<Vec<_>>(), terms, true)
    }

    #[test]
    fn repeats_that_both_show_stay_repeats() {
        let second = 1_000_000;
        let precise = [sight(100, 200), sight(300, 400), sight(3 * second, 3 * second + 9)];
        let coarse = [sight(0, second), sight(0, second)];
        assert_eq!(matched(&precise, &coarse, &Terms::default()), [(0, 0), (1, 1)]);
        assert_eq!(matched(&precise[2..], &coarse, &Terms::default()), []);
    }

    #[test]
    fn a_long_call_among_strays_leaves_no_pair_unfound() {
        let strays = (1..=2 * LOOKED_AT as i64).map(|n| sight(n * 100, n * 100 + 10));
        let late = 10_000_000;
        let mut first: Vec<Sight> = std::iter::once(sight(0, 2 * late)).chain(strays).collect();
        first.push(sight(late, late + 10));
        let pairs = matched(&first, &[sight(0, 2 * late), sight(late, late + 10)], &Terms::default());
        assert_eq!((pairs.len(), pairs.last()), (2, Some(&(first.len() - 1, 1))));
    }

    #[test]
    fn the_right_user_is_found_and_the_wrong_one_is_nobody() {
        let of = |user: u64, time| {
            let mut sight = sight(time, time + 10);
            sight.traits[USER] = user;
            sight
        };
        let mut binding = [false; TRAITS];
        binding[USER] = true;
        let terms = Terms { binding, ..Terms::default() };
        assert_eq!(matched(&[of(1, 0), of(2, 5)], &[of(2, 0), of(3, 1)], &terms), [(1, 0)]);
    }

    #[test]
    fn an_id_finds_its_exchange_on_another_clock() {
        let of = |id: u64, time| {
            let mut sight = sight(time, time + 10);
            sight.traits[REQUEST_ID] = id;
            sight
        };
        let mut binding = [false; TRAITS];
        binding[REQUEST_ID] = true;
        let terms = Terms { binding, ..Terms::default() };
        let first = [of(1, 0), of(2, 1_000_000), of(0, 2_000_000)];
        let second = [of(2, 0), of(3, 1_000_000), of(0, 2_000_000), of(1, 9_000_000)];
        assert_eq!(matched(&first, &second, &terms), [(1, 0), (0, 3), (2, 2)]);
        assert_eq!(matched(&[of(1, 0)], &[of(1, 2 * MOST_SKEW)], &terms), []);
    }

    /// The largest one-to-one matching, by trying everything.
    fn oracle(first: &[Sight], second: &[Sight], used: &mut Vec<bool>) -> usize {
        let Some((sight, rest)) = second.split_first() else { return 0 };
        let mut best = oracle(first, rest, used);
        for (index, candidate) in first.iter().enumerate() {
            let fits = candidate.time <= sight.over + SLACK && candidate.over >= sight.time - SLACK;
            if fits && !used[index] {
                used[index] = true;
                best = best.max(1 + oracle(first, rest, used));
                used[index] = false;
            }
        }
        best
    }

    proptest! {
        #[test]
        fn as_many_are_matched_as_can_be(
            first in proptest::collection::vec((0_i64..12, 0_i64..6), 0..6),
            second in proptest::collection::vec(0_i64..12, 0..6),
            width in 1_i64..4,
        ) {
            let step = 4 * SLACK;
            let make = |mut spans: Vec<(i64, i64)>| -> Vec<Sight> {
                spans.sort_unstable();
                spans.into_iter().map(|(time, width)| sight(time * step, (time + width) * step)).collect()
            };
            let (first, second) = (make(first), make(second.into_iter().map(|time| (time, width)).collect()));
            let pairs = matched(&first, &second, &Terms::default());
            prop_assert_eq!(pairs.len(), oracle(&first, &second, &mut vec![false; first.len()]));
            let mut seen = std::collections::BTreeSet::new();
            prop_assert!(pairs.iter().all(|(a, b)| seen.insert((0, *a)) && seen.insert((1, *b))));
        }
    }
}
