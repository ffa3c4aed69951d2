//! A hole in the time line of an input, by the pace that the input had before and after it.

use serde::{Deserialize, Serialize};

use super::told::Told;
use super::{MINUTE, SECOND};
use crate::compare::Stray;
use crate::compare::deviation::Check;
use crate::compare::threshold::{HOLE_REQUESTS, HOLE_SHORTEST};
use crate::event::{Event, EventId};

/// What time is counted in.
const STEP: i64 = MINUTE;
/// How much longer than any other pause around it a hole is.
const TIMES: i64 = 10;
/// Of 64 shares of all clients, those that are seen on each side: one client takes breaks.
const SHARES: u32 = 8;

const BECAUSE: &str = "a service that was down has no requests either";

/// What one input has of one minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Minute {
    /// Hash of the sensor.
    pub sensor: u64,
    /// The minute.
    pub number: i64,
    /// First and last request in it.
    pub first: (i64, EventId),
    /// The last.
    pub last: (i64, EventId),
    /// Requests in it.
    pub requests: u64,
    /// Which shares of all clients are seen, a bit each.
    pub clients: u64,
    /// Number of the source's format.
    pub source: u8,
}

impl Minute {
    /// What an event adds to its minute.
    pub fn of(event: &Event, sensor: u64, client: u64, source: u8) -> Minute {
        let at = (event.time, event.id);
        let clients = if client == 0 { 0 } else { 1 << (client % 64) };
        Minute { sensor, number: event.time.div_euclid(STEP), first: at, last: at, requests: 1, clients, source }
    }

    /// Makes one of all that are of one minute.
    pub fn fold(minutes: &mut Vec<Minute>) {
        minutes.sort_unstable();
        minutes.dedup_by(|next, kept| {
            let same = (next.sensor, next.number) == (kept.sensor, kept.number);
            if same {
                (kept.first, kept.last) = (kept.first.min(next.first), kept.last.max(next.last));
                kept.requests += next.requests;
                kept.clients |= next.clients;
            }
            same
        });
    }
}

/// Judges the time line of one sensor: its minutes in order, each once. `blind`: stretches that were not
/// seen, in order and apart.
pub fn holes(minutes: &[Minute], blind: &[(i64, i64)], told: &mut Told) {
    let (Some(start), Some(end)) = (minutes.first(), minutes.last()) else { return };
    let least = told.limits.get(&HOLE_SHORTEST);
    let requests = u64::try_from(told.limits.get(&HOLE_REQUESTS)).unwrap_or(u64::MAX);
    if minutes.iter().map(|m| m.requests).sum::<u64>() < requests.saturating_mul(2) {
        return;
    }
    let mut found: Option<(i64, &Minute, &Minute)> = None;
    let pairs = minutes.windows(2).zip(1..).filter_map(|(pair, at)| match pair {
        [before, after] if after.first.0.saturating_sub(before.last.0) >= least => Some((before, after, at)),
        _ => None,
    });
    for (before, after, at) in pairs {
        let length = after.first.0.saturating_sub(before.last.0);
        let reach = length.saturating_mul(TIMES);
        let whole =
            before.last.0.saturating_sub(reach) >= start.first.0 && after.first.0.saturating_add(reach) <= end.last.0;
        let next = blind.partition_point(|(_, to)| *to < before.last.0);
        let unseen = blind.get(next).is_some_and(|(from, _)| *from <= after.first.0);
        if !whole || unseen || found.as_ref().is_some_and(|(longest, ..)| *longest >= length) {
            continue;
        }
        let early =
            minutes.get(..at).unwrap_or_default().iter().rev().take_while(|m| m.last.0 >= before.last.0 - reach);
        let late = minutes.get(at..).unwrap_or_default().iter().take_while(|m| m.first.0 <= after.first.0 + reach);
        if is_steady(early, length, requests) && is_steady(late, length, requests) {
            found = Some((length, before, after));
        }
    }
    let Some((length, before, after)) = found else { return told.count(Check::Hole, start.source, Some(false)) };
    told.count(Check::Hole, after.source, Some(true));
    told.push(Stray {
        check: Check::Hole,
        at: after.first.1,
        events: vec![before.last.1, after.first.1],
        expected: vec![format!("no pause longer than {}m", length / TIMES / SECOND / 60 + 1).into()],
        observed: vec![format!("none for {}m", length / SECOND / 60).into()],
        doubt: Some((0.45, BECAUSE)),
    });
}

/// Whether a side of a hole has many requests of many clients, and no pause that is a tenth as long.
fn is_steady<'m>(side: impl Iterator<Item = &'m Minute>, length: i64, least: u64) -> bool {
    let (mut requests, mut clients, mut last) = (0_u64, 0_u64, None::<&Minute>);
    for minute in side {
        let pause = |other: &Minute| {
            let (a, b) = if other.number < minute.number { (other, minute) } else { (minute, other) };
            b.first.0.saturating_sub(a.last.0)
        };
        if last.is_some_and(|other| pause(other).saturating_mul(TIMES) > length) {
            return false;
        }
        requests += minute.requests;
        clients |= minute.clients;
        last = Some(minute);
    }
    requests >= least && clients.count_ones() >= SHARES
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(seconds: impl Iterator<Item = i64>, clients: u64) -> Vec<Minute> {
        let at = |second: i64| {
            let time = second * SECOND;
            let number = time.div_euclid(STEP);
            let one = (time, EventId(u64::try_from(second).unwrap()));
            let share = 1 << (second.unsigned_abs() % clients);
            Minute { sensor: 1, number, first: one, last: one, requests: 1, clients: share, source: 0 }
        };
        let mut minutes: Vec<Minute> = seconds.map(at).collect();
        Minute::fold(&mut minutes);
        minutes
    }

    fn found(minutes: &[Minute], blind: &[(i64, i64)]) -> usize {
        let mut told = Told::default();
        holes(minutes, blind, &mut told);
        told.strays.len()
    }

    /// Every ten seconds but from 50,000 to 53,000.
    fn with_hole() -> impl Iterator<Item = i64> {
        (0..100_000).step_by(10).filter(|second| !(50_000..53_000).contains(second))
    }

    #[test]
    fn a_hole_in_a_steady_line_is_told() {
        assert_eq!(found(&line(with_hole(), 13), &[]), 1);
        assert_eq!(found(&line((0..100_000).step_by(10), 13), &[]), 0);
        assert_eq!(found(&line(with_hole(), 3), &[]), 0, "a few clients take a break");
        let blind = [(51_000 * SECOND, 52_000 * SECOND)];
        assert_eq!(found(&line(with_hole(), 13), &blind), 0, "the capture was blind");
    }

    #[test]
    fn nights_are_no_holes() {
        let days = (0..20_i64).flat_map(|day| (0..28_800).step_by(20).map(move |second| day * 86_400 + second));
        assert_eq!(found(&line(days, 13), &[]), 0);
        let end = with_hole().filter(|second| *second < 60_000);
        assert_eq!(found(&line(end, 13), &[]), 0, "too near the end to say what is usual");
    }

    #[test]
    fn the_order_in_which_minutes_come_does_not_matter() {
        let mut backwards: Vec<i64> = with_hole().collect();
        backwards.reverse();
        assert_eq!(line(backwards.into_iter(), 13), line(with_hole(), 13));
    }
}
