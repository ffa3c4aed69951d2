//! Clocks that lie far apart: what two inputs show would be one traffic if one of them were set otherwise.
//!
//! That is said and never taken for proven: a script that is run again sends the same requests a while later.

use super::pair::{LONGEST, SLACK, Singles, most_of};
use super::sight::{CLIENT, TRAITS, USER};
use super::skew::most_coincide;

/// Largest difference that is looked for: UTC and the time of the easternmost zone, in summer. What is a day apart is what
/// is done daily.
pub(super) const MOST_SHIFT: i64 = 15 * HOUR;
const HOUR: i64 = 3_600_000_000;
/// Largest one of clocks that show the time of one zone.
const WRONG_CLOCK: i64 = 600_000_000;
/// Zones lie whole quarters of an hour apart.
const ZONES: i64 = HOUR / 4;
/// What a clock may be wrong besides showing another zone's time.
const NEAR_ZONE: i64 = 10_000_000;

/// What both show once, whenever.
#[derive(Clone, Debug, Default)]
pub(super) struct Shifts {
    /// Most differences that are looked at.
    most: usize,
    spans: Vec<(i64, i64)>,
    /// What either shows once.
    singles: [u64; 2],
    known: [u64; TRAITS],
    agree: [u64; TRAITS],
}

/// Clocks that lie apart, it seems.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shift {
    /// What the second input's clock is ahead of the first's, in microseconds.
    pub(super) ahead: i64,
    /// Exchanges that coincide then, of so many.
    pub(super) hits: u64,
    pub(super) of: u64,
}

impl Shifts {
    /// None yet; of what both show, so many are looked at.
    pub(super) fn new(most: usize) -> Self {
        Shifts { most, ..Shifts::default() }
    }

    /// Counts what is unique among the sights of one call in either input.
    pub(super) fn add(&mut self, first: &Singles<'_>, second: &Singles<'_>) {
        for (count, singles) in self.singles.iter_mut().zip([first, second]) {
            *count += singles.values().filter(|sight| sight.is_some()).count() as u64;
        }
        for (key, one) in first.iter().filter_map(|(key, sight)| sight.map(|sight| (key, sight))) {
            let Some(other) = second.get(key).copied().flatten() else { continue };
            if self.spans.len() >= self.most || one.over - one.time > LONGEST || other.over - other.time > LONGEST {
                continue;
            }
            let from = other.time.saturating_sub(one.over).saturating_sub(SLACK);
            let to = other.over.saturating_sub(one.time).saturating_add(SLACK);
            self.spans.push((from, to));
            let (known, agree) = one.agreement(other);
            for (counts, flags) in [(&mut self.known, known), (&mut self.agree, agree)] {
                counts.iter_mut().zip(flags).for_each(|(count, flag)| *count += u64::from(flag));
            }
        }
    }

    /// Whether both write what it goes by.
    pub(super) fn tell(&self) -> bool {
        self.singles.iter().all(|count| *count > 0)
    }

    /// Whether clients and users, where both tell them, are mostly the same.
    pub(super) fn of_the_same_people(&self) -> bool {
        [CLIENT, USER].into_iter().all(|place| {
            let count = |counts: &[u64; TRAITS]| counts.get(place).copied().unwrap_or(0);
            most_of(count(&self.agree), count(&self.known))
        })
    }

    /// The difference under which most of what both show once coincides, if it is at least `least` and four of five of
    /// what either shows. Of what is hardly told apart, no more than a wrong clock is believed: the jobs of every hour
    /// are alike.
    pub(super) fn shift(&self, least: u64, hardly_told: bool) -> Option<Shift> {
        let fewer = self.singles.iter().min().copied().unwrap_or(0);
        // More than are looked at only make a sample of them.
        let of = fewer.min(self.most as u64);
        let (ahead, hits) = most_coincide(&self.spans, if hardly_told { WRONG_CLOCK } else { MOST_SHIFT });
        let hits = hits as u64;
        let from_zone = (ahead + ZONES / 2).rem_euclid(ZONES) - ZONES / 2;
        let likely = ahead.abs() <= WRONG_CLOCK || from_zone.abs() <= NEAR_ZONE;
        (ahead != 0 && likely && hits >= least && most_of(hits, of)).then_some(Shift { ahead, hits: hits.min(of), of })
    }
}
