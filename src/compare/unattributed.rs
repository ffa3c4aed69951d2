//! Steps that some object of a type took, where the source does not show which one: a webhook that names the order in
//! its body, in a log without bodies.
//!
//! What is kept grows with time, not with traffic, and is the same whatever the order in which it was added.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{ActivityId, ObjectTypeId};

/// Stretches kept per activity; beyond, neighbouring ones become one.
const MOST_STRETCHES: usize = 1 << 16;
/// Width of the finest stretch, as a power of two in microseconds: about a second.
const FINEST: u32 = 20;

/// When steps without a known object happened, by type and activity. Merging commutes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unattributed {
    steps: BTreeMap<(ObjectTypeId, ActivityId), Stretches>,
    accepted: BTreeMap<(ObjectTypeId, ActivityId), u64>,
}

impl Unattributed {
    /// Notes that some object of the type may have taken the step between two instants.
    pub(super) fn add(&mut self, object_type: ObjectTypeId, activity: ActivityId, from: i64, to: i64) {
        self.steps.entry((object_type, activity)).or_default().add(from, to);
    }

    /// Counts such a step that was accepted: some object of the type took it.
    pub(super) fn count(&mut self, object_type: ObjectTypeId, activity: ActivityId) {
        *self.accepted.entry((object_type, activity)).or_default() += 1;
    }

    /// How often each step was accepted.
    pub(super) fn accepted(&self) -> impl Iterator<Item = (ObjectTypeId, ActivityId, u64)> {
        self.accepted.iter().map(|((object_type, activity), count)| (*object_type, *activity, *count))
    }

    /// Adds everything that another part noted.
    pub fn merge(&mut self, other: Unattributed) {
        for (key, count) in other.accepted {
            *self.accepted.entry(key).or_default() += count;
        }
        for (key, stretches) in other.steps {
            self.steps.entry(key).or_default().merge(stretches);
        }
    }

    /// Whether nothing was noted.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// Whether some object of the type may have taken the step between two instants, both inclusive.
    pub(super) fn between(&self, object_type: ObjectTypeId, activity: ActivityId, from: i64, to: i64) -> bool {
        self.steps.get(&(object_type, activity)).is_some_and(|s| s.meet(from, to))
    }

    /// The activities that some object of the type may have taken between two instants.
    pub(super) fn activities(&self, object_type: ObjectTypeId, from: i64, to: i64) -> impl Iterator<Item = ActivityId> {
        let of_type = (object_type, ActivityId(0))..=(object_type, ActivityId(u16::MAX));
        self.steps.range(of_type).filter(move |(_, s)| s.meet(from, to)).map(|((_, activity), _)| *activity)
    }
}

/// Intervals by where they begin, on a grid that coarsens as they become many, and by the power of two that their
/// length does not exceed. Both only round outwards.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Stretches {
    coarser: u32,
    starts: BTreeSet<(u32, i64)>,
}

impl Stretches {
    fn add(&mut self, from: i64, to: i64) {
        let length = to.saturating_sub(from).max(0);
        let class = i64::BITS - length.leading_zeros();
        self.starts.insert((class, from >> self.shift()));
        self.bound();
    }

    fn merge(&mut self, mut other: Stretches) {
        while self.coarser < other.coarser {
            self.coarsen();
        }
        while other.coarser < self.coarser {
            other.coarsen();
        }
        self.starts.append(&mut other.starts);
        self.bound();
    }

    fn meet(&self, from: i64, to: i64) -> bool {
        let mut class = 0;
        // Each length in use is visited once.
        while let Some(&(length, _)) = self.starts.range((class, i64::MIN)..).next() {
            let longest = 1i64.checked_shl(length).filter(|l| *l > 0).unwrap_or(i64::MAX);
            let first = from.saturating_sub(longest) >> self.shift();
            let last = to >> self.shift();
            if first <= last && self.starts.range((length, first)..=(length, last)).next().is_some() {
                return true;
            }
            class = length + 1;
        }
        false
    }

    fn shift(&self) -> u32 {
        (FINEST + self.coarser).min(i64::BITS - 1)
    }

    fn bound(&mut self) {
        while self.starts.len() > MOST_STRETCHES && self.shift() < i64::BITS - 1 {
            self.coarsen();
        }
    }

    fn coarsen(&mut self) {
        self.coarser += 1;
        self.starts =
            std::mem::take(&mut self.starts).into_iter().map(|(length, start)| (length, start >> 1)).collect();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ORDER: ObjectTypeId = ObjectTypeId(3);
    const PAY: ActivityId = ActivityId(7);

    fn noted(spans: &[(i64, i64)]) -> Unattributed {
        let mut all = Unattributed::default();
        spans.iter().for_each(|(from, length)| all.add(ORDER, PAY, *from, from + length));
        all
    }

    #[test]
    fn a_step_concerns_its_own_time_only() {
        let one = noted(&[(100_000_000, 50_000)]);
        assert!(one.between(ORDER, PAY, 99_000_000, 100_000_000));
        assert!(one.between(ORDER, PAY, 100_050_000, 200_000_000));
        assert!(!one.between(ORDER, PAY, 103_000_000, 200_000_000));
        assert!(!one.between(ORDER, PAY, 0, 97_000_000));
        assert!(!one.between(ORDER, ActivityId(6), 0, i64::MAX) && !one.between(ObjectTypeId(2), PAY, 0, i64::MAX));
        assert_eq!(one.activities(ORDER, 0, i64::MAX).collect::<Vec<_>>(), [PAY]);
    }

    #[test]
    fn many_steps_stay_bounded_and_are_never_forgotten() {
        let mut many = Unattributed::default();
        let times = || (0..200_000i64).map(|n| n * 7_000_000);
        times().for_each(|t| many.add(ORDER, PAY, t, t + 1000));
        assert!(many.steps[&(ORDER, PAY)].starts.len() <= MOST_STRETCHES);
        assert!(times().all(|t| many.between(ORDER, PAY, t, t)));
    }

    proptest! {
        #[test]
        fn nothing_noted_is_missed(
            spans in proptest::collection::vec((-1i64 << 40..1i64 << 40, 0i64..1 << 36), 1..40),
            asked in -1i64 << 40..1i64 << 40, width in 0i64..1 << 34,
        ) {
            let real = spans.iter().any(|(from, length)| *from <= asked + width && from + length >= asked);
            prop_assert!(!real || noted(&spans).between(ORDER, PAY, asked, asked + width));
        }

        #[test]
        fn parts_add_up_to_the_whole(spans in proptest::collection::vec((0i64..1 << 50, 0i64..1 << 30), 0..60), cut in 0usize..60) {
            let (left, right) = spans.split_at(cut.min(spans.len()));
            let mut forwards = noted(left);
            forwards.merge(noted(right));
            let mut backwards = noted(right);
            backwards.merge(noted(left));
            prop_assert_eq!(&forwards, &noted(&spans));
            prop_assert_eq!(forwards, backwards);
        }
    }
}
