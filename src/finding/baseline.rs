//! What is new: the findings of a run against those of an earlier one.
//!
//! An earlier finding answers for one later finding at most, of the same meaning, about the same object and actor, and
//! no graver than itself (of rules on places, whoever came there first; of stolen credentials, the same use): a weakness that is known on one order does not hide that it is used on another, nor an attempt
//! that it succeeds now. What was suppressed then answers for nothing that is open now.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde::{Deserialize, Serialize};

use super::Finding;
use super::fingerprint::{self, group_of};

/// What a baseline says of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BaselineState {
    /// The baseline does not have it.
    New,
    /// It does, with other evidence.
    Changed,
    /// It does, with the same evidence.
    Still,
}

impl BaselineState {
    /// Name used in outputs.
    pub fn as_str(self) -> &'static str {
        match self {
            BaselineState::New => "new",
            BaselineState::Changed => "changed",
            BaselineState::Still => "still",
        }
    }
}

/// What has to be known for a finding not to be new.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Known {
    /// The finding: its meaning, its object and its actor.
    #[default]
    Finding,
    /// Its group: for traffic of tests, in which objects have other names each time.
    Group,
}

/// Marks each finding as new, changed or still there, and returns the earlier ones that answer for none: where they
/// stand among `earlier`, in order. Those that were suppressed are not returned.
pub fn compare(findings: &mut [Finding], earlier: &[Finding], known: Known) -> Vec<usize> {
    let mut pool = Pool::of(earlier);
    // The gravest choose first, so that no lesser one takes what only they could not do without.
    let mut order: Vec<usize> = (0..findings.len()).collect();
    order.sort_by_key(|place| (Reverse(findings.get(*place).map(Finding::gravity)), *place));
    let mut states = vec![BaselineState::New; findings.len()];
    for exactly in [true, false] {
        for place in &order {
            let (Some(finding), Some(state)) = (findings.get(*place), states.get_mut(*place)) else { continue };
            if *state == BaselineState::New && pool.take(finding, exactly) {
                *state = if exactly { BaselineState::Still } else { BaselineState::Changed };
            }
        }
    }
    for (finding, state) in findings.iter_mut().zip(states) {
        let of_group = known == Known::Group && pool.knows_group(finding);
        finding.baseline = Some(if of_group { state.max(BaselineState::Changed) } else { state });
    }
    pool.left(earlier, known, findings)
}

/// Places of earlier findings by gravity.
type Places = BTreeMap<u8, VecDeque<usize>>;

/// Earlier findings that have answered for none yet.
struct Pool {
    /// By group, subject and whether they were suppressed.
    by_subject: BTreeMap<(String, String, bool), Places>,
    /// By group, all of the evidence and whether they were suppressed.
    by_evidence: BTreeMap<(String, String, bool), Places>,
    /// The gravest open finding of each group.
    groups: BTreeMap<String, u8>,
    used: Vec<bool>,
}

impl Pool {
    fn of(earlier: &[Finding]) -> Self {
        let (by_subject, by_evidence, groups) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        let mut pool = Pool { by_subject, by_evidence, groups, used: vec![false; earlier.len()] };
        for (place, finding) in earlier.iter().enumerate() {
            let (group, hidden) = (group_of(finding), finding.suppressed.is_some());
            let (hash, grave) = (&finding.evidence_hash, finding.gravity());
            let subject = (group.clone(), fingerprint::subject(hash).to_owned(), hidden);
            pool.by_subject.entry(subject).or_default().entry(grave).or_default().push_back(place);
            let evidence = (group.clone(), hash.clone(), hidden);
            pool.by_evidence.entry(evidence).or_default().entry(grave).or_default().push_back(place);
            if !hidden {
                let gravest = pool.groups.entry(group).or_default();
                *gravest = (*gravest).max(grave);
            }
        }
        pool
    }

    /// Takes an earlier finding that answers for this one, if there is any: the least grave that does.
    fn take(&mut self, finding: &Finding, exactly: bool) -> bool {
        let (index, hash) = match exactly {
            true => (&mut self.by_evidence, finding.evidence_hash.as_str()),
            false => (&mut self.by_subject, fingerprint::subject(&finding.evidence_hash)),
        };
        // What was suppressed answers for what still is.
        let hidden: &[bool] = if finding.suppressed.is_some() { &[true, false] } else { &[false] };
        for hidden in hidden {
            let Some(places) = index.get_mut(&(group_of(finding), hash.to_owned(), *hidden)) else { continue };
            for places in places.range_mut(finding.gravity()..).map(|(_, places)| places) {
                // Neither index knows what was taken by the other.
                while let Some(place) = places.pop_front() {
                    if let Some(used) = self.used.get_mut(place).filter(|used| !**used) {
                        *used = true;
                        return true;
                    }
                }
            }
        }
        false
    }

    fn knows_group(&self, finding: &Finding) -> bool {
        self.groups.get(&group_of(finding)).is_some_and(|gravest| *gravest >= finding.gravity())
    }

    /// Places of the open ones that answered for none; of groups, those of which nothing is there any more.
    fn left(self, earlier: &[Finding], known: Known, now: &[Finding]) -> Vec<usize> {
        let there: BTreeSet<String> = match known {
            Known::Finding => BTreeSet::new(),
            Known::Group => now.iter().map(group_of).collect(),
        };
        let unused = earlier.iter().zip(self.used).enumerate().filter(|(_, (_, used))| !used);
        let open = unused.filter(|(_, (finding, _))| finding.suppressed.is_none());
        open.filter(|(_, (finding, _))| !there.contains(&group_of(finding))).map(|(place, _)| place).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::sample;
    use super::*;

    fn of(id: &str, severity: &str, object: &str, micros: i64) -> Finding {
        let mut finding = sample(id, severity, 1.0, micros);
        finding.object.as_mut().unwrap().id = object.to_owned();
        finding.identify();
        finding
    }

    fn states(now: &mut [Finding], earlier: &[Finding], known: Known) -> (Vec<&'static str>, Vec<usize>) {
        let left = compare(now, earlier, known);
        (now.iter().map(|finding| finding.baseline.unwrap().as_str()).collect(), left)
    }

    #[test]
    fn a_finding_is_still_there_changed_or_new() {
        let earlier = [of("F1", "high", "a", 1), of("F2", "high", "b", 1), of("F3", "high", "gone", 1)];
        let mut now = [of("F7", "high", "a", 1), of("F8", "high", "b", 2), of("F9", "high", "c", 1)];
        assert_eq!(states(&mut now, &earlier, Known::Finding), (vec!["still", "changed", "new"], vec![2]));
        assert_eq!(states(&mut now, &earlier, Known::Group), (vec!["still", "changed", "changed"], vec![]));
    }

    #[test]
    fn what_is_graver_now_is_new() {
        let attempt = [of("F1", "medium", "a", 1)];
        let review = [Finding { confidence: 0.4, ..of("F1", "critical", "a", 1) }];
        for known in [Known::Finding, Known::Group] {
            assert_eq!(states(&mut [of("F2", "critical", "a", 1)], &attempt, known).0, ["new"]);
            assert_eq!(states(&mut [of("F2", "critical", "a", 1)], &review, known).0, ["new"], "it counts now");
            assert_eq!(states(&mut [of("F2", "low", "a", 1)], &attempt, known).0, ["changed"]);
        }
    }

    #[test]
    fn one_answers_for_one_only() {
        let mut now = [of("F2", "high", "a", 1), of("F3", "high", "a", 2), of("F4", "high", "a", 3)];
        assert_eq!(states(&mut now, &[of("F1", "high", "a", 2)], Known::Finding).0, ["new", "still", "new"]);
    }

    #[test]
    fn what_was_suppressed_answers_for_nothing_that_is_open() {
        let hidden = [Finding { suppressed: Some("known".to_owned()), ..of("F1", "high", "a", 1) }];
        for known in [Known::Finding, Known::Group] {
            assert_eq!(states(&mut [of("F2", "high", "a", 1)], &hidden, known), (vec!["new"], vec![]));
            assert_eq!(states(&mut hidden.clone(), &hidden, known).0, ["still"]);
        }
    }

    /// The largest number of findings that some earlier one each can answer for, by trying everything.
    fn oracle(now: &[(usize, u8)], earlier: &[(usize, u8)]) -> usize {
        let Some(((severity, object), rest)) = now.split_first() else { return 0 };
        let without = oracle(rest, earlier);
        let answers = |at: &usize| earlier[*at].1 == *object && earlier[*at].0 >= *severity;
        let with = (0..earlier.len()).filter(answers).map(|at| {
            let mut left = earlier.to_vec();
            left.remove(at);
            1 + oracle(rest, &left)
        });
        with.max().unwrap_or(0).max(without)
    }

    proptest! {
        #[test]
        fn as_many_are_known_as_can_be_and_no_more(
            now in proptest::collection::vec((0..4_usize, 0..2_u8), 0..5),
            earlier in proptest::collection::vec((0..4_usize, 0..2_u8), 0..5),
        ) {
            let names = ["low", "medium", "high", "critical"];
            let made = |keys: &[(usize, u8)], at: i64| -> Vec<Finding> {
                let make = |(place, (s, o)): (usize, &(usize, u8))| of("F1", names[*s], &o.to_string(), at + place as i64);
                keys.iter().enumerate().map(make).collect()
            };
            // No time occurs twice: nothing is exactly the same.
            let mut later = made(&now, 100);
            let left = compare(&mut later, &made(&earlier, 0), Known::Finding);
            let known = later.iter().filter(|finding| finding.is_known()).count();
            prop_assert_eq!(known, oracle(&now, &earlier));
            prop_assert_eq!(left.len(), earlier.len() - known);
        }

        #[test]
        fn a_run_against_itself_has_nothing_new(keys in proptest::collection::vec((0..4_usize, 0..3_u8, 0..3_i64), 0..12)) {
            let names = ["low", "medium", "high", "critical"];
            let mut now: Vec<Finding> = keys.iter().map(|(s, o, t)| of("F1", names[*s], &o.to_string(), *t)).collect();
            let earlier = now.clone();
            prop_assert!(compare(&mut now, &earlier, Known::Finding).is_empty());
            prop_assert!(now.iter().all(|finding| finding.baseline == Some(BaselineState::Still)));
        }
    }
}
