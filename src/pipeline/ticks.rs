//! How fine the clock of each input is: writers that leave out a fraction's zeros make some times look coarser.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::event::Event;

/// An input and the format that it was read in: one file may hold the lines of several writers.
type Clock = (Arc<str>, &'static str);

/// How many events of each clock show each tick; parts add up.
#[derive(Debug, Default)]
pub(super) struct Ticks {
    counts: BTreeMap<Clock, BTreeMap<i64, u64>>,
    /// The clock that was seen last, with its events so far.
    last: Option<(Clock, BTreeMap<i64, u64>)>,
}

impl Ticks {
    /// Counts an event.
    pub(super) fn add(&mut self, event: &Event) {
        let same = |((input, source), _): &&mut (Clock, _)| *source == event.source && *input == event.origin.input;
        if let Some((_, counts)) = self.last.as_mut().filter(same) {
            *counts.entry(event.tick).or_default() += 1;
            return;
        }
        self.close();
        self.last = Some(((event.origin.input.clone(), event.source), BTreeMap::from([(event.tick, 1)])));
    }

    /// Adds another part's counts.
    pub(super) fn merge(&mut self, mut other: Ticks) {
        other.close();
        for (clock, counts) in other.counts {
            self.count(clock, counts);
        }
    }

    /// The tick of each clock that shows several: the finest that at least half of its times show.
    pub(super) fn finest(mut self) -> Finest {
        self.close();
        let mixed = self.counts.into_iter().filter(|(_, counts)| counts.len() > 1);
        Finest(mixed.filter_map(|(clock, counts)| Some((clock, of_most(&counts)?))).collect())
    }

    fn close(&mut self) {
        if let Some((clock, counts)) = self.last.take() {
            self.count(clock, counts);
        }
    }

    fn count(&mut self, clock: Clock, counts: BTreeMap<i64, u64>) {
        let known = self.counts.entry(clock).or_default();
        counts.into_iter().for_each(|(tick, count)| *known.entry(tick).or_default() += count);
    }
}

/// The least tick that, with those below it, at least half of the times show.
fn of_most(counts: &BTreeMap<i64, u64>) -> Option<i64> {
    let all: u64 = counts.values().sum();
    let mut so_far = 0;
    counts.iter().find_map(|(tick, count)| {
        so_far += count;
        (so_far * 2 >= all).then_some(*tick)
    })
}

/// The ticks of clocks whose times do not all show the same.
#[derive(Debug, Default)]
pub(super) struct Finest(BTreeMap<Clock, i64>);

impl Finest {
    /// Gives an event its clock's tick where it shows a coarser one.
    pub(super) fn settle(&self, event: &mut Event) {
        if self.0.is_empty() {
            return;
        }
        if let Some(tick) = self.0.get(&(event.origin.input.clone(), event.source)) {
            event.tick = event.tick.min(*tick);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::sample;

    fn logged(input: &str, tick: i64) -> Event {
        let mut event = sample::rich_event(1);
        event.origin.input = input.into();
        event.tick = tick;
        event
    }

    fn settled(parts: &[&[(&str, i64)]], event: (&str, i64)) -> i64 {
        let mut all = Ticks::default();
        for part in parts {
            let mut ticks = Ticks::default();
            part.iter().for_each(|(input, tick)| ticks.add(&logged(input, *tick)));
            all.merge(ticks);
        }
        let mut event = logged(event.0, event.1);
        all.finest().settle(&mut event);
        event.tick
    }

    #[test]
    fn a_time_without_its_zeros_has_the_tick_of_the_others() {
        let whole: &[_] = &[("a.log", 1000), ("a.log", 1_000_000), ("b.log", 1_000_000), ("a.log", 1000)];
        assert_eq!(settled(&[whole], ("a.log", 1_000_000)), 1000);
        assert_eq!(settled(&[&whole[2..], &whole[..2]], ("a.log", 1_000_000)), 1000, "in whatever parts");
        assert_eq!(settled(&[whole], ("b.log", 1_000_000)), 1_000_000, "another clock");
        assert_eq!(settled(&[whole], ("a.log", 1)), 1);
    }

    #[test]
    fn a_few_finer_times_make_no_coarse_clock_fine() {
        let mostly: &[_] = &[("a.log", 1_000_000), ("a.log", 1_000_000), ("a.log", 1000), ("a.log", 1_000_000)];
        assert_eq!(settled(&[mostly], ("a.log", 1_000_000)), 1_000_000);
    }
}
