//! Matching: which sights of one call in two inputs are the same exchange, one to one.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, VecDeque};

use super::hop::has_given_up;
use super::pair::{MOST_SKEW, SLACK, Terms};
use super::sight::{REQUEST_ID, Sight, TRACE_ID};

/// Sights looked at for one partner.
const LOOKED_AT: usize = 512;
/// Most pairs of sights that overlap in time of which the best assignment is looked for.
const ASSIGNED: usize = 1 << 12;

/// Pairs of indices into `first` and `second`, which come in the order of their times. Real repeats that both inputs
/// show stay apart: each sight has at most one partner.
///
/// What has an id finds its partner by it. Of the rest as many are put together as can be, those first of which more
/// agrees, then those that begin and end nearest to each other: a call that took long is not a short one that was made
/// meanwhile. What is left and was given up by a gateway is put together with what went on behind it.
pub(super) fn one_to_one(first: &[&Sight], second: &[&Sight], terms: &Terms, queries: bool) -> Vec<(usize, usize)> {
    let mut taken = [vec![false; first.len()], vec![false; second.len()]];
    let between = Between { first, second, terms, queries };
    let mut matched = between.by_id(&mut taken);
    for component in between.components(&taken) {
        let pairs = if component[0].len().saturating_mul(component[1].len()) <= ASSIGNED {
            between.assign(&component)
        } else {
            between.in_turn(&component)
        };
        for (at, index) in pairs {
            take(&mut taken, [at, index]);
            matched.push((at, index));
        }
    }
    matched.extend(between.given_up(&mut taken));
    matched
}

/// Whether a sight of the first input, for which this partner was found, may as well be another of the second input's, which
/// tells of somebody else: as much agrees, and the clocks do not tell them apart. Of requests that are made at a time and look
/// alike, a log that counts in seconds does not tell whose each was.
pub(super) fn is_doubtful(
    (first, second): (&[&Sight], &[&Sight]),
    (at, index): (usize, usize),
    terms: &Terms,
    queries: bool,
) -> bool {
    let between = Between { first, second, terms, queries };
    let Some((rank, distance, ..)) = between.edge(at, index) else { return false };
    let told = |index: usize| second.get(index).map(|sight| sight.told);
    let near = index.saturating_sub(LOOKED_AT)..second.len().min(index.saturating_add(LOOKED_AT));
    let mut others = near.filter(|other| told(*other) != told(index));
    others.any(|other| {
        let rival = between.edge(at, other);
        rival.is_some_and(|(agreeing, apart, ..)| agreeing <= rank && apart <= distance.saturating_add(SLACK))
    })
}

/// Sights of two inputs, and what is known of both.
#[derive(Clone, Copy)]
struct Between<'a> {
    first: &'a [&'a Sight],
    second: &'a [&'a Sight],
    terms: &'a Terms,
    queries: bool,
}

/// Which sights of either input have a partner.
type Taken = [Vec<bool>; 2];

fn take(taken: &mut Taken, pair: [usize; 2]) {
    for (taken, index) in taken.iter_mut().zip(pair) {
        if let Some(taken) = taken.get_mut(index) {
            *taken = true;
        }
    }
}

fn is_open(taken: &[bool], index: usize) -> bool {
    !taken.get(index).copied().unwrap_or(true)
}

/// Two sights that may be one: those that are likely to be come first.
type Edge = (Reverse<usize>, i64, i64, usize, usize);

impl Between<'_> {
    /// When a sight of the second input may have begun and been over, by the first one's clock.
    fn span(&self, sight: &Sight) -> (i64, i64) {
        let from = sight.time.saturating_sub(self.terms.skew).saturating_sub(SLACK);
        (from, sight.over.saturating_sub(self.terms.skew).saturating_add(SLACK))
    }

    /// Open sights of both inputs that overlap in time, directly or by others; in the order of their times.
    fn components(&self, [first, second]: &Taken) -> Vec<[Vec<usize>; 2]> {
        let firsts = self.first.iter().enumerate().filter(|(index, _)| is_open(first, *index));
        let firsts = firsts.map(|(index, sight)| (sight.time, sight.over, 0, index));
        let seconds = self.second.iter().enumerate().filter(|(index, _)| is_open(second, *index));
        let seconds = seconds.map(|(index, sight)| (self.span(sight).0, self.span(sight).1, 1, index));
        let mut all: Vec<(i64, i64, usize, usize)> = firsts.chain(seconds).collect();
        all.sort_unstable_by_key(|(from, _, side, index)| (*from, *side, *index));
        let mut components: Vec<[Vec<usize>; 2]> = Vec::new();
        let mut until = i64::MIN;
        for (from, to, side, index) in all {
            if components.is_empty() || from > until {
                components.push(Default::default());
            }
            until = until.max(to);
            if let Some(own) = components.last_mut().and_then(|component| component.get_mut(side)) {
                own.push(index);
            }
        }
        components.retain(|[first, second]| !first.is_empty() && !second.is_empty());
        components
    }

    /// What speaks for two sights being one; none where they cannot be.
    fn edge(&self, at: usize, index: usize) -> Option<Edge> {
        let (one, other) = (*self.first.get(at)?, *self.second.get(index)?);
        let (from, to) = self.span(other);
        if one.time > to || one.over < from {
            return None;
        }
        let rank = rank(one, other, self.terms, self.queries)?;
        Some((Reverse(rank), self.distance(one, other), one.over, at, index))
    }

    /// How far apart two sights begin and end, beyond what their clocks tell. What has no duration is written when it
    /// begins, or when it ends.
    fn distance(&self, one: &Sight, other: &Sight) -> i64 {
        let tick = one.tick.max(other.tick);
        let apart = |one: i64, other: i64| {
            let apart = one.saturating_sub(other.saturating_sub(self.terms.skew)).saturating_abs();
            apart.saturating_sub(tick).max(0)
        };
        let ends = [apart(one.time, other.time), apart(one.over, other.over)];
        let lasts = |sight: &Sight| sight.over.saturating_sub(sight.time) > sight.tick;
        match lasts(one) && lasts(other) {
            true => ends[0].saturating_add(ends[1]),
            false => ends[0].min(ends[1]),
        }
    }

    /// As many pairs as can be, the likely ones first; to let more pair off, some of them are put together otherwise.
    fn assign(&self, [first, second]: &[Vec<usize>; 2]) -> Vec<(usize, usize)> {
        let mut edges: Vec<Edge> =
            second.iter().flat_map(|index| first.iter().filter_map(|at| self.edge(*at, *index))).collect();
        edges.sort_unstable();
        let (mut of_first, mut of_second) = (BTreeMap::new(), BTreeMap::new());
        let mut fitting: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (.., at, index) in &edges {
            fitting.entry(*index).or_default().push(*at);
            if !of_first.contains_key(at) && !of_second.contains_key(index) {
                of_first.insert(*at, *index);
                of_second.insert(*index, *at);
            }
        }
        for index in second {
            if !of_second.contains_key(index) {
                augment(*index, &fitting, &mut of_first, &mut of_second);
            }
        }
        of_second.into_iter().map(|(index, at)| (at, index)).collect()
    }

    /// Pairs in the order of times, where there are too many to compare all with all. Of partners that fit the one that
    /// is over first leaves the most for what follows, which begins later; one of which more agrees is better.
    fn in_turn(&self, [first, second]: &[Vec<usize>; 2]) -> Vec<(usize, usize)> {
        let mut open = Open::new(first.iter().filter_map(|at| Some((*at, *self.first.get(*at)?))).collect());
        let mut pairs = Vec::new();
        for (index, sight) in second.iter().filter_map(|index| Some((*index, *self.second.get(*index)?))) {
            let (from, to) = self.span(sight);
            let fits = open.between(from, to).take(LOOKED_AT);
            let ranked = fits.filter_map(|(place, at, candidate)| {
                let rank = rank(candidate, sight, self.terms, self.queries)?;
                Some((rank, Reverse((candidate.over, place)), at))
            });
            // Of equal ranks the one that is gone soonest: the others may still do for what follows.
            if let Some((_, Reverse((_, place)), at)) = ranked.max() {
                open.sights.remove(&place);
                pairs.push((at, index));
            }
        }
        pairs
    }

    /// Of what is left, what one input shows as given up by a gateway, and the other as taken by what is behind it.
    fn given_up(&self, taken: &mut Taken) -> Vec<(usize, usize)> {
        let mut pairs = Vec::new();
        for (side, (outer, inner)) in [(self.first, self.second), (self.second, self.first)].into_iter().enumerate() {
            let shift = if side == 0 { self.terms.skew } else { self.terms.skew.saturating_neg() };
            for (index, given_up) in outer.iter().enumerate().filter(|(_, sight)| has_given_up(sight)) {
                if !taken.get(side).is_some_and(|taken| is_open(taken, index)) {
                    continue;
                }
                let from = given_up.time.saturating_add(shift).saturating_sub(SLACK);
                let to = given_up.over.saturating_add(shift);
                let begun = inner.partition_point(|sight| sight.time < from);
                let near =
                    inner.iter().enumerate().skip(begun).take_while(|(_, sight)| sight.time <= to).take(LOOKED_AT);
                let goes_on = |sight: &Sight| sight.over.saturating_add(SLACK) >= to && matches!(sight.status, 1..400);
                let fits = near.filter(|(at, sight)| {
                    let open = taken.get(1 - side).is_some_and(|taken| is_open(taken, *at));
                    let (one, other) = if side == 0 { (*given_up, **sight) } else { (**sight, *given_up) };
                    open && goes_on(sight) && agreeing(one, other, self.terms, self.queries).is_some()
                });
                let nearest = fits.min_by_key(|(at, sight)| (sight.time.saturating_sub(from).saturating_abs(), *at));
                if let Some((at, _)) = nearest {
                    let pair = if side == 0 { [index, at] } else { [at, index] };
                    take(taken, pair);
                    pairs.push((pair[0], pair[1]));
                }
            }
        }
        pairs
    }
}

/// Finds one more sight of the second input a partner, if those that have one can be put together otherwise.
fn augment(
    index: usize,
    fitting: &BTreeMap<usize, Vec<usize>>,
    of_first: &mut BTreeMap<usize, usize>,
    of_second: &mut BTreeMap<usize, usize>,
) {
    // From where each sight of the first input was reached.
    let mut reached: BTreeMap<usize, usize> = BTreeMap::new();
    let mut waiting = VecDeque::from([index]);
    while let Some(seeking) = waiting.pop_front() {
        for at in fitting.get(&seeking).into_iter().flatten() {
            if reached.contains_key(at) {
                continue;
            }
            reached.insert(*at, seeking);
            match of_first.get(at) {
                Some(other) => waiting.push_back(*other),
                None => return put_otherwise(*at, &reached, of_first, of_second),
            }
        }
    }
}

/// Gives a free sight to the one that reached it, and what that one had to the one before it, and so on.
fn put_otherwise(
    free: usize,
    reached: &BTreeMap<usize, usize>,
    of_first: &mut BTreeMap<usize, usize>,
    of_second: &mut BTreeMap<usize, usize>,
) {
    let mut next = Some(free);
    while let Some(at) = next {
        let Some(index) = reached.get(&at) else { return };
        of_first.insert(at, *index);
        next = of_second.insert(*index, at);
    }
}

/// Sights that may still find a partner, for partners in the order of their times: what ended before one of them begins
/// is gone for all that follow, however many such strays a long call outlasts.
struct Open<'a> {
    /// With their indices, in the order of their times.
    first: Vec<(usize, &'a Sight)>,
    /// How many of `first` were let in.
    entered: usize,
    /// Places of those that are open, in the order of their times.
    sights: BTreeSet<usize>,
    /// When each of them is over, soonest first.
    ends: BinaryHeap<Reverse<(i64, usize)>>,
}

impl<'a> Open<'a> {
    fn new(first: Vec<(usize, &'a Sight)>) -> Self {
        Open { first, entered: 0, sights: BTreeSet::new(), ends: BinaryHeap::new() }
    }

    /// Places of open sights, with what stands there, that are not over at `from`, which never falls from call to call,
    /// and have begun by `to`.
    fn between(&mut self, from: i64, to: i64) -> impl Iterator<Item = (usize, usize, &'a Sight)> {
        while let Some((_, sight)) = self.first.get(self.entered).filter(|(_, sight)| sight.time <= to) {
            self.sights.insert(self.entered);
            self.ends.push(Reverse((sight.over, self.entered)));
            self.entered += 1;
        }
        while let Some(Reverse((_, gone))) = self.ends.peek().filter(|Reverse((over, _))| *over < from).copied() {
            self.ends.pop();
            self.sights.remove(&gone);
        }
        let first = &self.first;
        let open =
            self.sights.iter().filter_map(move |place| first.get(*place).map(|(at, sight)| (*place, *at, *sight)));
        open.take_while(move |(_, _, sight)| sight.time <= to)
    }
}

impl Between<'_> {
    /// Partners by the id that both inputs write, in the order of their times; clocks matter little to them.
    fn by_id(&self, taken: &mut Taken) -> Vec<(usize, usize)> {
        let bound = |place: usize| self.terms.binding.get(place).copied().unwrap_or(false);
        let Some(place) = [REQUEST_ID, TRACE_ID].into_iter().find(|place| bound(*place)) else { return Vec::new() };
        let mut waiting: BTreeMap<u64, VecDeque<usize>> = BTreeMap::new();
        for (at, sight) in self.first.iter().enumerate().filter(|(_, sight)| sight.value(place) != 0) {
            waiting.entry(sight.value(place)).or_default().push_back(at);
        }
        let mut matched = Vec::new();
        for (index, sight) in self.second.iter().enumerate() {
            let Some(queue) = waiting.get_mut(&sight.value(place)) else { continue };
            let fits = |at: &usize| {
                self.first.get(*at).is_some_and(|candidate| {
                    let apart = candidate.time.saturating_sub(sight.time.saturating_sub(self.terms.skew));
                    let fits = rank(candidate, sight, self.terms, self.queries).is_some();
                    apart.saturating_abs() <= MOST_SKEW && fits
                })
            };
            let Some(at) = queue.iter().take(LOOKED_AT).position(fits).and_then(|found| queue.remove(found)) else {
                continue;
            };
            take(taken, [at, index]);
            matched.push((at, index));
        }
        matched
    }
}

/// How much agrees of two sights at one time; `None` when they cannot be one exchange.
fn rank(first: &Sight, second: &Sight, terms: &Terms, queries: bool) -> Option<usize> {
    let answered = first.status != 0 && second.status != 0;
    if answered && first.status != second.status {
        return None;
    }
    Some(agreeing(first, second, terms, queries)? + usize::from(answered))
}

/// The same, whatever the answers were.
fn agreeing(first: &Sight, second: &Sight, terms: &Terms, queries: bool) -> Option<usize> {
    if queries && first.query != second.query {
        return None;
    }
    let (known, agree) = first.agreement(second);
    let differs =
        known.iter().zip(&agree).zip(&terms.binding).any(|((known, agree), binds)| *binds && *known && !agree);
    (!differs).then(|| agree.iter().filter(|agree| **agree).count())
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
    fn a_slow_call_does_not_take_the_place_of_the_one_that_was_made_meanwhile() {
        let ms = 1_000;
        let answered = |time: i64, over: i64, status: u16| Sight { status, tick: 1, ..sight(time * ms, over * ms) };
        // A gateway gave up after two seconds, the client asked again, and the server answered both.
        let edge = [answered(0, 2_000, 504), answered(2_400, 2_405, 200)];
        let server = [answered(1, 3_000, 200), answered(2_401, 2_405, 200)];
        let mut pairs = matched(&edge, &server, &Terms::default());
        pairs.sort_unstable();
        assert_eq!(pairs, [(0, 0), (1, 1)]);
        assert_eq!(matched(&server, &edge, &Terms::default()), [(1, 1), (0, 0)]);
        // What was answered in time, or begins later, was not given up.
        assert_eq!(matched(&edge[..1], &[answered(1, 1_000, 200), answered(2_100, 3_000, 200)], &Terms::default()), []);
    }

    #[test]
    fn too_many_at_one_time_are_put_together_in_turn() {
        let all: Vec<Sight> = (0..200).map(|n| sight(n, 1_000_000 + n)).collect();
        assert_eq!(matched(&all, &all, &Terms::default()).len(), all.len());
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
    fn of_requests_alike_at_one_time_a_coarse_clock_tells_nobody_apart() {
        let of = |told: u64, time: i64, over: i64| Sight { told, tick: over - time, ..sight(time, over) };
        let second = 1_000_000;
        let precise = [of(1, 100, 200), of(2, 300_000, 300_100)];
        let doubtful = |second: &[Sight]| {
            let [first, second]: [Vec<&Sight>; 2] = [precise.iter().collect(), second.iter().collect()];
            let pairs = one_to_one(&first, &second, &Terms::default(), true);
            let doubt = |pair: &(usize, usize)| is_doubtful((&first, &second), *pair, &Terms::default(), true);
            pairs.iter().map(doubt).collect::<Vec<_>>()
        };
        assert_eq!(doubtful(&[of(7, 0, second), of(8, 0, second)]), [true, true], "two people in one second");
        assert_eq!(doubtful(&[of(7, 0, second), of(7, 0, second)]), [false, false], "one person, twice");
        assert_eq!(doubtful(&[of(7, 100, 200), of(8, 300_000, 300_100)]), [false, false], "told by the clock");
        assert_eq!(doubtful(&[of(7, 0, second)]), [false]);
        let mut ids = [of(7, 0, second), of(8, 0, second)];
        let mut precise = precise.clone();
        for (one, other) in ids.iter_mut().zip(&mut precise) {
            (one.traits[REQUEST_ID], other.traits[REQUEST_ID]) = (one.told, one.told);
        }
        let pair = (&precise[0], &ids[0]);
        assert!(
            !is_doubtful((&[pair.0, &precise[1]], &[pair.1, &ids[1]]), (0, 0), &Terms::default(), true),
            "by its id"
        );
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
