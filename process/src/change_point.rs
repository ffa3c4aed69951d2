//! Where in a log behaviour changed: what follows what, before and after each trace.
//!
//! Of each relation (one activity directly behind another, or at the begin or end of a trace) the share of traces that
//! have it is compared over a window before and one after each trace, by a G statistic. The greatest one of all relations
//! is the score there; its place is a change where that is improbable by chance, and no greater one is as near as a
//! window. After Adams et al. 2023, whose benchmark is the reason for the default window.

use std::collections::{BTreeMap, BTreeSet};

use crate::log::EventLog;

/// How to look for changes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Windows {
    /// Traces of each of the two windows.
    pub traces: usize,
    /// Probability that a log without any change has one reported, at most about.
    pub chance: f64,
}

/// One activity directly behind another; `None` is the begin or end of a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Relation {
    /// The first, by its number.
    pub before: Option<u32>,
    /// The one behind it.
    pub after: Option<u32>,
}

/// A place where behaviour changed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ChangePoint {
    /// Number of the first trace of what is new.
    pub trace: usize,
    /// The relation that changed most.
    pub relation: Relation,
    /// Traces with it in the window before.
    pub before: usize,
    /// Traces with it in the window after.
    pub after: usize,
    /// Probability by chance, corrected for all relations and places.
    pub p: f64,
}

/// The best of a place so far.
#[derive(Clone, Copy)]
struct Score {
    g: f64,
    relation: Relation,
    before: usize,
    after: usize,
}

/// The changes of a log, in the order of its traces. `tail` is the probability that a chi-squared variable of one degree of
/// freedom is at least as large.
///
/// It takes time in proportion to the events, and memory to the relations of all traces.
pub fn change_points(log: &EventLog, windows: Windows, tail: impl Fn(f64) -> f64) -> Vec<ChangePoint> {
    let (n, width) = (log.len(), windows.traces);
    if width == 0 || n < width.saturating_mul(2) {
        return Vec::new();
    }
    let relations = relations(log);
    let mut best: Vec<Option<Score>> = vec![None; n + 1];
    for (relation, traces) in &relations {
        for at in places(traces, width, n) {
            let (before, after) = (within(traces, at - width, at), within(traces, at, at + width));
            let g = statistic(before, after, width);
            if let Some(slot) = best.get_mut(at).filter(|slot| slot.is_none_or(|score| score.g < g)) {
                *slot = Some(Score { g, relation: *relation, before, after });
            }
        }
    }
    let tried = relations.len() as f64 * n as f64 / width as f64;
    let mut ranked: Vec<(usize, Score)> =
        best.into_iter().enumerate().filter_map(|(at, score)| Some((at, score?))).collect();
    ranked.sort_by(|(a, one), (b, other)| other.g.total_cmp(&one.g).then(a.cmp(b)));
    let mut taken: BTreeMap<usize, ChangePoint> = BTreeMap::new();
    for (trace, Score { g, relation, before, after }) in ranked {
        let p = tail(g) * tried;
        if p >= windows.chance {
            break;
        }
        let near = trace.saturating_sub(width - 1)..trace + width;
        if taken.range(near).next().is_none() {
            taken.insert(trace, ChangePoint { trace, relation, before, after, p });
        }
    }
    taken.into_values().collect()
}

/// The traces that have each relation, ascending.
fn relations(log: &EventLog) -> BTreeMap<Relation, Vec<usize>> {
    let mut relations: BTreeMap<Relation, Vec<usize>> = BTreeMap::new();
    for (number, trace) in log.traces().enumerate() {
        let mut seen: BTreeSet<Relation> = BTreeSet::new();
        let mut before = None;
        for event in trace.events {
            seen.insert(Relation { before, after: Some(event.activity) });
            before = Some(event.activity);
        }
        seen.insert(Relation { before, after: None });
        seen.into_iter().for_each(|relation| relations.entry(relation).or_default().push(number));
    }
    relations
}

/// Places with a whole window on both sides where the counts of a relation change; between them nothing does.
fn places(traces: &[usize], width: usize, n: usize) -> BTreeSet<usize> {
    let last = n - width;
    let changes = traces.iter().flat_map(|t| [(t + 1).saturating_sub(width), *t, t + 1, t + 1 + width]);
    changes.chain([width, last]).filter(|at| (width..=last).contains(at)).collect()
}

/// How many of ascending numbers are in a range.
fn within(numbers: &[usize], from: usize, to: usize) -> usize {
    numbers.partition_point(|number| *number < to) - numbers.partition_point(|number| *number < from)
}

/// The G statistic of so many of `width` before and after.
fn statistic(before: usize, after: usize, width: usize) -> f64 {
    let width = width as f64;
    let part = |seen: f64, mean: f64| if seen > 0.0 { seen * (seen / mean).ln() } else { 0.0 };
    let (b, a) = (before as f64, after as f64);
    let mean = (b + a) / 2.0;
    let sum = part(b, mean) + part(a, mean) + part(width - b, width - mean) + part(width - a, width - mean);
    (2.0 * sum).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An upper bound of the tail (Chernoff), good enough to tell chance from change.
    fn tail(g: f64) -> f64 {
        (-g / 2.0).exp()
    }

    fn log(traces: impl Iterator<Item = &'static [&'static str]>) -> EventLog {
        let mut log = EventLog::default();
        traces.for_each(|names| log.push_names(None, names.iter().copied()));
        log
    }

    const WINDOWS: Windows = Windows { traces: 50, chance: 0.001 };

    #[test]
    fn a_step_that_is_dropped_is_a_change_at_that_trace() {
        let log = log((0..300).map(|n| if n < 140 { &["a", "b", "c"][..] } else { &["a", "c"][..] }));
        let [point] = change_points(&log, WINDOWS, tail)[..] else { panic!() };
        assert_eq!(point.trace, 140);
        assert_eq!(
            (point.before, point.after),
            if point.relation.after == Some(1) { (50, 0) } else { (point.before, point.after) }
        );
        assert!(point.before == 50 || point.after == 50, "{point:?}");
    }

    #[test]
    fn two_changes_are_two_and_none_is_none() {
        let kinds: [&[&str]; 3] = [&["a", "b"], &["b", "a"], &["a", "a"]];
        let found: Vec<usize> =
            change_points(&log((0..300).map(|n| kinds[n / 100])), WINDOWS, tail).iter().map(|p| p.trace).collect();
        assert_eq!(found, [100, 200]);
        let same = log((0..300).map(|n| if n * 7 % 10 < 3 { &["a", "b"][..] } else { &["a", "c"][..] }));
        assert!(change_points(&same, WINDOWS, tail).is_empty());
        assert!(change_points(&log((0..99).map(|n| kinds[n / 50])), WINDOWS, tail).is_empty(), "too short");
        assert!(change_points(&EventLog::default(), WINDOWS, tail).is_empty());
    }

    #[test]
    fn looking_only_where_counts_change_finds_the_same_greatest_score() {
        let log =
            log((0..200_u64).map(|n| if (n * n + 3 * n) % 17 < 5 + n / 40 { &["a", "b"][..] } else { &["a"][..] }));
        for (relation, traces) in relations(&log) {
            let g = |at: usize| statistic(within(&traces, at - 30, at), within(&traces, at, at + 30), 30);
            let all = (30..=170).map(g).fold(0.0, f64::max);
            let some = places(&traces, 30, 200).into_iter().map(g).fold(0.0, f64::max);
            assert!((all - some).abs() < 1e-12, "{relation:?}");
        }
    }
}
