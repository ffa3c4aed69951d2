//! What a view of one case needs to know beyond its events: which lie close together, and which overlap.

use std::collections::{BTreeMap, BTreeSet};

use crate::finding::{Evidence, Finding};

use super::summary::{CaseFindings, CaseTimeline, TimelineEvent};
use super::verdict::severity_rank;

/// Events closer than this, in microseconds, are told apart by fractions of a second.
const NEAR: i64 = 1_000_000;

impl CaseTimeline {
    /// Findings about the case, or about one of its events when events of several cases are shown.
    pub(crate) fn about<'a>(&self, findings: &'a [Finding]) -> Vec<&'a Finding> {
        let events: BTreeSet<&str> = self.events.iter().map(|event| event.id.as_str()).collect();
        let deviates = |evidence: &Evidence| evidence.role == "deviating" && events.contains(evidence.event.as_str());
        let about =
            |finding: &&Finding| finding.case.as_deref() == Some(&self.case) || finding.evidence.iter().any(deviates);
        findings.iter().filter(about).collect()
    }

    /// For each event, whether the one before or after it begins within a second.
    pub(super) fn near(&self) -> Vec<bool> {
        let mut near = vec![false; self.events.len()];
        for (at, pair) in self.events.windows(2).enumerate() {
            let [one, next] = pair else { continue };
            if next.micros.saturating_sub(one.micros) < NEAR {
                near.iter_mut().skip(at).take(2).for_each(|near| *near = true);
            }
        }
        near
    }

    /// For each event in time order, whether it was surely under way while another one was; what did not last does not
    /// overlap.
    pub(super) fn overlapping(&self) -> Vec<bool> {
        let slack = self.slack();
        let mut found = BTreeSet::new();
        // Of those that began in earlier ticks the one that ends last; those of the present tick that outlast it.
        let mut latest: Option<(usize, i64)> = None;
        let lasting: Vec<(usize, &TimelineEvent)> =
            self.events.iter().enumerate().filter(|(_, event)| event.duration > 0).collect();
        for tick in lasting.chunk_by(|(_, a), (_, b)| a.micros == b.micros) {
            let long = || tick.iter().filter(|(_, event)| event.duration > slack).map(|(at, _)| *at);
            if long().count() > 1 {
                found.extend(long());
            }
            for (at, event) in tick {
                let begun = event.micros.saturating_add(slack);
                if let Some((other, _)) = latest.filter(|(_, until)| begun < *until) {
                    found.extend([*at, other]);
                }
            }
            let ends = tick.iter().map(|(at, event)| (*at, event.micros.saturating_add(event.duration)));
            latest = latest.into_iter().chain(ends).max_by_key(|(_, end)| *end);
        }
        (0..self.events.len()).map(|at| found.contains(&at)).collect()
    }

    /// How much later than said an event may have begun: a clock that only tells seconds says no more.
    fn slack(&self) -> i64 {
        let coarse = self.events.len() > 1 && self.events.iter().all(|event| event.micros % NEAR == 0);
        if coarse { NEAR } else { 0 }
    }
}

/// Cases that open findings are about, worst first; then those with most findings, then by time.
pub fn cases_with_findings(findings: &[Finding]) -> Vec<CaseFindings> {
    let mut cases: BTreeMap<&str, CaseFindings> = BTreeMap::new();
    for finding in findings.iter().filter(|finding| finding.suppressed.is_none()) {
        let Some(name) = finding.case.as_deref() else { continue };
        let case = cases.entry(name).or_insert_with(|| CaseFindings {
            case: name.to_owned(),
            severity: finding.standing().to_owned(),
            first: finding.time.clone(),
            ..CaseFindings::default()
        });
        case.findings += 1;
        if severity_rank(finding.standing()) < severity_rank(&case.severity) {
            finding.standing().clone_into(&mut case.severity);
        }
        if finding.time < case.first {
            case.first.clone_from(&finding.time);
        }
        if let Err(place) = case.rules.binary_search(&finding.rule) {
            case.rules.insert(place, finding.rule.clone());
        }
    }
    let mut cases: Vec<CaseFindings> = cases.into_values().collect();
    cases.sort_by(|a, b| {
        let key = |case: &CaseFindings| (severity_rank(&case.severity), std::cmp::Reverse(case.findings));
        key(a).cmp(&key(b)).then_with(|| (&a.first, &a.case).cmp(&(&b.first, &b.case)))
    });
    cases
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn case(times: &[(i64, i64)]) -> CaseTimeline {
        let event = |&(micros, duration): &(i64, i64)| TimelineEvent { micros, duration, ..TimelineEvent::default() };
        CaseTimeline { case: "order:1".into(), events: times.iter().map(event).collect() }
    }

    #[test]
    fn neighbours_within_a_second_are_near() {
        let times = [(0, 0), (999_999, 0), (5_000_000, 0), (6_000_000, 0)];
        assert_eq!(case(&times).near(), [true, true, false, false]);
    }

    #[test]
    fn of_a_clock_of_seconds_two_lines_of_one_second_need_not_overlap() {
        let second = 1_000_000;
        assert_eq!(case(&[(0, 300_000), (0, 400_000)]).overlapping(), [false, false]);
        assert_eq!(case(&[(0, second + 1), (0, second + 1)]).overlapping(), [true, true]);
        assert_eq!(case(&[(0, 5 * second), (2 * second, 1), (9 * second, 1)]).overlapping(), [true, true, false]);
        assert_eq!(case(&[(0, 2 * second), (second, second)]).overlapping(), [false, false]);
        assert_eq!(case(&[(0, 300_000), (0, 400_000), (1, 0)]).overlapping(), [true, true, false], "a finer clock");
    }

    proptest! {
        #[test]
        fn overlap_is_what_comparing_each_pair_says(
            mut times in proptest::collection::vec((0..40i64, 0..9i64), 0..12),
            coarse: bool,
        ) {
            let unit = if coarse { 1_000_000 } else { 1 };
            times.iter_mut().for_each(|(begin, lasted)| (*begin, *lasted) = (*begin * unit, *lasted * unit / 2));
            times.sort_unstable();
            let seconds = times.len() > 1 && times.iter().all(|(begin, _)| begin % 1_000_000 == 0);
            let slack = if seconds { 1_000_000 } else { 0 };
            let each: Vec<bool> = times
                .iter()
                .enumerate()
                .map(|(a, (begin, lasted))| {
                    *lasted > 0
                        && times.iter().enumerate().any(|(b, (other, took))| {
                            a != b && *took > 0 && begin + slack < other + took && other + slack < begin + lasted
                        })
                })
                .collect();
            prop_assert_eq!(case(&times).overlapping(), each);
        }
    }
}
