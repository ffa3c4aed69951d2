//! Clocks that differ: what servers say in their answers, against what the input says of when they came.

use std::collections::BTreeMap;

use super::SECOND;
use super::told::Told;
use crate::compare::Stray;
use crate::compare::deviation::Check;
use crate::compare::threshold::{CLOCK_ANSWERS, CLOCK_SKEW};
use crate::event::{Event, EventId, OrderKey, Outcome};

/// Most differences of one server that are told apart: more are no clock's.
const MOST: usize = 256;
/// Most servers of all inputs.
const SERVERS: usize = 512;
/// Of 10 answers, those that agree within two seconds.
const AGREE: u64 = 9;

const BECAUSE: &str = "which of the two clocks is wrong is not told; a proxy may write the date of another";

/// Differences by input and server; sums commute.
#[derive(Clone, Debug, Default)]
pub struct Clocks {
    servers: BTreeMap<(u64, u64), Clock>,
    /// There were more servers than are kept.
    cut: bool,
}

#[derive(Clone, Debug, Default)]
struct Clock {
    answers: u64,
    by_second: BTreeMap<i64, u64>,
    first: Option<(OrderKey, u8)>,
}

impl Clocks {
    /// Notes what one answer says, where it took the request: a name of a server that a client made up is refused as a rule,
    /// and must not take the place of one that there is. and `sensor` are hashes of their names.
    pub fn note(&mut self, event: &Event, drift: Option<i64>, (sensor, server): (u64, u64), source: u8) {
        let Some(drift) = drift.filter(|_| event.outcome == Outcome::Accepted) else { return };
        let clock =
            Clock { answers: 1, by_second: BTreeMap::from([(drift, 1)]), first: Some((event.order_key(), source)) };
        self.servers.entry((sensor, server)).or_default().add(clock);
        self.bound();
    }

    /// Adds what another noted.
    pub fn merge(&mut self, other: Clocks) {
        self.cut |= other.cut;
        for (key, clock) in other.servers {
            self.servers.entry(key).or_default().add(clock);
        }
        self.bound();
    }

    /// The least stay, in whatever order they come.
    fn bound(&mut self) {
        while self.servers.len() > SERVERS {
            self.servers.pop_last();
            self.cut = true;
        }
    }

    /// Tells of each input whose clock differs from most of its servers'.
    pub fn judge(self, told: &mut Told) {
        let limit = told.limits.get(&CLOCK_SKEW) / SECOND;
        let least = u64::try_from(told.limits.get(&CLOCK_ANSWERS)).unwrap_or(u64::MAX);
        if let Some((_, source)) = self.servers.values().filter_map(|clock| clock.first).min().filter(|_| self.cut) {
            told.count(Check::ClockSkew, source, None);
        }
        let clocks: Vec<((u64, u64), Clock)> =
            self.servers.into_iter().filter(|(_, clock)| clock.answers >= least).collect();
        for of_sensor in clocks.chunk_by(|a, b| a.0.0 == b.0.0) {
            let skewed: Vec<(i64, &Clock)> = of_sensor
                .iter()
                .filter_map(|(_, clock)| Some((clock.skew()?, clock)).filter(|(skew, _)| skew.abs() >= limit))
                .collect();
            let first = of_sensor.iter().filter_map(|(_, clock)| clock.first).min();
            let worst = skewed.iter().max_by_key(|(skew, clock)| (skew.abs(), std::cmp::Reverse(clock.first)));
            let Some((skew, Some((at, source)))) = worst.map(|(skew, clock)| (*skew, clock.first)) else {
                first.into_iter().for_each(|(_, source)| told.count(Check::ClockSkew, source, Some(false)));
                continue;
            };
            told.count(Check::ClockSkew, source, Some(true));
            let (which, answers) =
                (if skew > 0 { "ahead" } else { "behind" }, skewed.iter().map(|s| s.1.answers).sum::<u64>());
            told.push(Stray {
                check: Check::ClockSkew,
                at: event_of(at),
                events: vec![event_of(at)],
                expected: vec![format!("clocks that differ by less than {limit}s").into()],
                observed: vec![format!("a server's clock {}s {which} in {answers} answers", skew.abs()).into()],
                doubt: Some((0.6, BECAUSE)),
            });
        }
    }
}

fn event_of(key: OrderKey) -> EventId {
    key.2
}

impl Clock {
    fn add(&mut self, other: Clock) {
        self.answers += other.answers;
        for (second, count) in other.by_second {
            *self.by_second.entry(second).or_default() += count;
        }
        while self.by_second.len() > MOST {
            self.by_second.pop_last();
        }
        self.first = [self.first, other.first].into_iter().flatten().min();
    }

    /// The difference that nearly all answers agree in.
    fn skew(&self) -> Option<i64> {
        let mut before = 0;
        let median = self.by_second.iter().find(|(_, count)| {
            before += **count;
            before * 2 >= self.answers
        });
        let (median, _) = median?;
        let near: u64 = self.by_second.range(median - 2..=median + 2).map(|(_, count)| count).sum();
        (near * 10 >= self.answers * AGREE).then_some(*median)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::sample;

    fn found(drifts: &[i64]) -> Vec<String> {
        let (mut clocks, mut told) = (Clocks::default(), Told::default());
        drifts.iter().for_each(|drift| clocks.note(&sample::event(1), Some(*drift), (1, 1), 0));
        clocks.judge(&mut told);
        told.strays.iter().map(|stray| stray.observed[0].to_string()).collect()
    }

    #[test]
    fn a_clock_that_is_off_is_told_from_answers_out_of_a_cache() {
        assert_eq!(found(&[90; 25]), ["a server's clock 90s ahead in 25 answers"]);
        assert_eq!(found(&[-90; 25]), ["a server's clock 90s behind in 25 answers"]);
        assert_eq!(found(&[1; 25]), [""; 0]);
        assert_eq!(found(&[90; 5]), [""; 0], "few");
        let cached: Vec<i64> = (0..60).map(|n| -n * 60).collect();
        assert_eq!(found(&cached), [""; 0], "made at many times");
    }

    #[test]
    fn names_that_servers_refuse_take_no_place_and_too_many_that_they_take_are_told() {
        let flooded = |outcome: Outcome| {
            let (mut clocks, mut told) = (Clocks::default(), Told::default());
            let mut invented = sample::event(2);
            invented.outcome = outcome;
            (0..2_000).for_each(|server| clocks.note(&invented, Some(0), (1, server), 0));
            (0..25).for_each(|_| clocks.note(&sample::event(1), Some(90), (1, u64::MAX), 0));
            clocks.judge(&mut told);
            (told.strays.len(), told.counts.values().map(|tally| tally.not_evaluable).sum::<u64>())
        };
        assert_eq!(flooded(Outcome::Rejected), (1, 0));
        assert_eq!(flooded(Outcome::Accepted), (0, 1), "not evaluable");
    }
}
