//! What the capture did not show: when something may have happened unseen, and which steps it can have been.

use std::collections::{BTreeMap, BTreeSet};

use super::unattributed::Unattributed;
use crate::model::ActivityId;

/// Sets of steps that stretches are kept apart by; beyond, a stretch counts as one in which anything may have happened.
const MOST_SCOPES: usize = 64;

/// What the capture did not show, in microseconds since the Unix epoch.
#[derive(Clone, Debug, Default)]
pub struct Blindness {
    /// `(from, to)`, merged and sorted, whatever may have happened in them.
    pub spots: Vec<(i64, i64)>,
    /// The same by what may have happened: these steps alone, or any where there is none.
    scopes: BTreeMap<Option<BTreeSet<ActivityId>>, Vec<(i64, i64)>>,
    /// Where all is one client's own recording: the steps that it never took, and others may have taken at any time.
    pub of_others: Option<BTreeSet<ActivityId>>,
    /// Steps that were seen, but not on which object.
    pub unattributed: Unattributed,
}

/// What may have happened unseen in some stretch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Hidden {
    /// Nothing.
    #[default]
    Nothing,
    /// These steps.
    Steps(BTreeSet<ActivityId>),
    /// Anything.
    Anything,
}

impl Blindness {
    /// Stretches in which anything may have happened.
    pub fn new(spots: Vec<(i64, i64)>) -> Self {
        Self::scoped(spots.into_iter().map(|(from, to)| (from, to, None)))
    }

    /// Stretches with the steps that may have been taken in them: any where there is none. The order changes nothing.
    pub fn scoped(spots: impl IntoIterator<Item = (i64, i64, Option<BTreeSet<ActivityId>>)>) -> Self {
        let mut scopes: BTreeMap<Option<BTreeSet<ActivityId>>, Vec<(i64, i64)>> = BTreeMap::new();
        for (from, to, steps) in spots {
            scopes.entry(steps).or_default().push((from, to.max(from)));
        }
        // The scopes that stay do not depend on the order in which they came.
        while scopes.len() > MOST_SCOPES {
            let Some((_, spots)) = scopes.pop_last() else { break };
            scopes.entry(None).or_default().extend(spots);
        }
        let all = scopes.values().flatten().copied().collect();
        let scopes = scopes.into_iter().map(|(steps, spots)| (steps, merged(spots))).collect();
        Blindness { spots: merged(all), scopes, of_others: None, unattributed: Unattributed::default() }
    }

    /// What may have happened unseen between two instants, both inclusive.
    pub(super) fn between(&self, from: i64, to: i64) -> Hidden {
        let mut hidden = self.of_others.clone().unwrap_or_default();
        for (steps, spots) in &self.scopes {
            match steps {
                _ if !meet(spots, from, to) => {}
                None => return Hidden::Anything,
                Some(steps) => hidden.extend(steps.iter().copied()),
            }
        }
        if hidden.is_empty() { Hidden::Nothing } else { Hidden::Steps(hidden) }
    }
}

impl Hidden {
    /// Whether some step that is asked for may be among it.
    pub(super) fn any(&self, asked: impl Fn(ActivityId) -> bool) -> bool {
        match self {
            Hidden::Nothing => false,
            Hidden::Steps(steps) => steps.iter().any(|step| asked(*step)),
            Hidden::Anything => true,
        }
    }
}

/// Stretches sorted, and those that touch as one.
fn merged(mut spots: Vec<(i64, i64)>) -> Vec<(i64, i64)> {
    spots.sort_unstable();
    let mut merged: Vec<(i64, i64)> = Vec::with_capacity(spots.len());
    for (from, to) in spots {
        match merged.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(to),
            _ => merged.push((from, to)),
        }
    }
    merged
}

/// Whether one of the merged stretches meets another.
fn meet(spots: &[(i64, i64)], from: i64, to: i64) -> bool {
    let next = spots.partition_point(|&(_, end)| end < from);
    spots.get(next).is_some_and(|&(start, _)| start <= to)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Spot = (i64, i64, Option<BTreeSet<ActivityId>>);

    /// The same, one stretch at a time.
    fn naive(spots: &[Spot], from: i64, to: i64) -> Hidden {
        let mut hidden = BTreeSet::new();
        for (_, _, steps) in spots.iter().filter(|(begin, end, _)| *begin <= to && *end >= from) {
            match steps {
                None => return Hidden::Anything,
                Some(steps) => hidden.extend(steps.iter().copied()),
            }
        }
        if hidden.is_empty() { Hidden::Nothing } else { Hidden::Steps(hidden) }
    }

    fn spots() -> impl Strategy<Value = Vec<Spot>> {
        let steps = prop::option::weighted(0.9, prop::collection::btree_set((0u16..5).prop_map(ActivityId), 0..3));
        prop::collection::vec((0i64..60, 0i64..9, steps).prop_map(|(at, len, steps)| (at, at + len, steps)), 0..12)
    }

    proptest! {
        #[test]
        fn what_may_be_hidden_is_what_each_stretch_hides(spots in spots(), from in 0i64..70, len in 0i64..20) {
            let blindness = Blindness::scoped(spots.clone());
            prop_assert_eq!(blindness.between(from, from + len), naive(&spots, from, from + len));
            let again = Blindness::scoped(spots.iter().rev().cloned());
            prop_assert_eq!(blindness.spots, again.spots);
            prop_assert_eq!(blindness.scopes, again.scopes);
        }
    }

    #[test]
    fn too_many_scopes_hide_more_and_never_less() {
        let many = |n: u16| (i64::from(n), i64::from(n), Some(BTreeSet::from([ActivityId(n)])));
        let blindness = Blindness::scoped((0..200).map(many));
        assert!(blindness.scopes.len() <= MOST_SCOPES);
        for n in 0..200u16 {
            assert!(blindness.between(n.into(), n.into()).any(|step| step == ActivityId(n)), "{n}");
        }
    }
}
