//! The difference of two clocks, from what both saw: the one under which most exchanges coincide. What only the poorer of
//! two views shows is set to the clock of the richer one.

use std::collections::BTreeMap;

use super::doubles::Clock;
use super::{Units, Verdicts, places};

/// What is added to the times of each input, and what is said of it. `ranking` has the richest unit first: each takes the
/// clock of the richest of its views.
pub(super) fn moved(ranking: &[u32], verdicts: &Verdicts, units: &Units) -> (BTreeMap<u32, i64>, Vec<Clock>) {
    let places = places(ranking);
    let mut partners: BTreeMap<u32, u32> = BTreeMap::new();
    for [richer, poorer] in verdicts.terms.keys() {
        let kept = partners.entry(*poorer).or_insert(*richer);
        if places.get(richer) < places.get(kept) {
            *kept = *richer;
        }
    }
    let (mut moved, mut clocks) = (BTreeMap::new(), Vec::new());
    for poorer in ranking {
        let Some(richer) = partners.get(poorer) else { continue };
        let Some(terms) = verdicts.terms.get(&[*richer, *poorer]).map(|verdict| &verdict.terms) else { continue };
        let own = if terms.shown_by > 0 { terms.skew } else { 0 };
        let by = moved.get(richer).copied().unwrap_or(0_i64).saturating_sub(own);
        if by != 0 {
            moved.insert(*poorer, by);
            let (input, of) = (units.name(*poorer), units.name(*richer));
            clocks.push(Clock { input, of, moved: by, shown_by: terms.shown_by });
        }
    }
    clocks.sort_by(|a, b| a.input.cmp(&b.input));
    (moved, clocks)
}

/// The clock difference in microseconds under which most `spans` hold, at most `most` either way, and how many hold
/// under it. Each span is the range of differences under which one exchange coincides.
///
/// No difference wins over one under which hardly more hold: clocks are mostly right, and ticks are coarse.
pub(super) fn most_coincide(spans: &[(i64, i64)], most: i64) -> (i64, usize) {
    let mut edges: Vec<(i64, i8)> = Vec::with_capacity(spans.len() * 2);
    for (from, to) in spans.iter().filter(|(from, to)| from <= to && *from <= most && *to >= -most) {
        edges.push(((*from).max(-most), -1));
        edges.push(((*to).min(most), 1));
    }
    // Ranges include both ends: where one ends and another begins, both hold.
    edges.sort_unstable();
    let (mut open, mut best, mut range) = (0_usize, 0_usize, (0, 0));
    for (index, (at, edge)) in edges.iter().enumerate() {
        if *edge > 0 {
            open = open.saturating_sub(1);
            continue;
        }
        open += 1;
        if open > best {
            best = open;
            range = (*at, edges.get(index + 1).map_or(*at, |(next, _)| *next));
        }
    }
    let at_zero = spans.iter().filter(|(from, to)| *from <= 0 && *to >= 0).count();
    // 19 of 20.
    if at_zero.saturating_mul(20) >= best.saturating_mul(19) {
        return (0, at_zero);
    }
    (range.0 + (range.1 - range.0) / 2, best)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn clocks_are_right_unless_more_says_otherwise() {
        assert_eq!(most_coincide(&[(-5, 5), (0, 9), (2, 30)], 100), (3, 3));
        assert_eq!(most_coincide(&[(-5, 5), (0, 9), (-2, 30)], 100), (0, 3));
        assert_eq!(most_coincide(&[(200, 300)], 100).1, 0);
        assert_eq!(most_coincide(&[], 100), (0, 0));
    }

    proptest! {
        #[test]
        fn no_difference_holds_more(raw in proptest::collection::vec((-60_i64..60, 0_i64..40), 0..20)) {
            let spans: Vec<_> = raw.iter().map(|(from, length)| (*from, from + length)).collect();
            let hold = |skew: i64| spans.iter().filter(|(from, to)| *from <= skew && skew <= *to).count();
            let (skew, count) = most_coincide(&spans, 50);
            prop_assert!((-50..=50).contains(&skew));
            prop_assert_eq!(count, hold(skew));
            let best = (-50..=50).map(hold).max().unwrap_or(0);
            prop_assert!(count * 20 >= best * 19);
            prop_assert!(count == best || skew == 0);
        }
    }
}
