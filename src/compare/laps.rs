//! How long the parts of comparing take, where somebody asks. The clock is theirs: nothing here knows the time.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::Arc;

use super::{Check, Watch};

/// Something that tells time.
pub trait Clock: Debug + Send + Sync {
    /// Nanoseconds since an instant that stays the same.
    fn nanoseconds(&self) -> u64;
}

/// A part of comparing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// Which events are steps of which lives, and in which order.
    Lives,
    /// Replay, alignment and figures of all lifecycles: rules SEQ-*, ST-*, FN-* and their like.
    Replay,
    /// One constraint of the model, within cases.
    Constraint(Arc<str>),
    /// A rule that no constraint asks for, and those that are judged with it.
    Rule(Check),
    /// What runs across cases, by why.
    Window(Watch),
    /// Which deviations explain others, and what each touches.
    Settling,
}

/// Nanoseconds by part; of several threads their sum.
pub type Laps = BTreeMap<Part, u64>;

/// Times one part after the other; without a clock it does nothing.
pub(super) struct Stopwatch<'a> {
    clock: Option<&'a dyn Clock>,
    last: u64,
}

impl<'a> Stopwatch<'a> {
    pub(super) fn start(clock: Option<&'a dyn Clock>) -> Stopwatch<'a> {
        Stopwatch { clock, last: clock.map_or(0, Clock::nanoseconds) }
    }

    /// Counts the time since the last lap for a part.
    pub(super) fn lap(&mut self, part: impl FnOnce() -> Part, laps: &mut Laps) {
        let Some(clock) = self.clock else { return };
        let now = clock.nanoseconds();
        *laps.entry(part()).or_default() += now.saturating_sub(self.last);
        self.last = now;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    /// Every look takes a millisecond more than the one before.
    #[derive(Debug, Default)]
    struct Slow(AtomicU64);

    impl Clock for Slow {
        fn nanoseconds(&self) -> u64 {
            let looks = self.0.fetch_add(1, Ordering::Relaxed);
            looks * looks * 1_000_000
        }
    }

    #[test]
    fn laps_add_up_and_cost_nothing_without_a_clock() {
        let (clock, mut laps) = (Slow::default(), Laps::new());
        let mut watch = Stopwatch::start(Some(&clock));
        watch.lap(|| Part::Replay, &mut laps);
        watch.lap(|| Part::Settling, &mut laps);
        watch.lap(|| Part::Replay, &mut laps);
        assert_eq!(laps, Laps::from([(Part::Replay, 6_000_000), (Part::Settling, 3_000_000)]));
        let mut none = Laps::new();
        Stopwatch::start(None).lap(|| panic!("nobody asks for the part"), &mut none);
        assert!(none.is_empty());
    }
}
