//! How often a step was taken and failed, by ten minutes: where failures set in, and hours that are unlike all others.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::told::Told;
use super::{DAY, HOUR, MINUTE};
use crate::compare::Stray;
use crate::compare::deviation::Check;
use crate::compare::threshold::{FAIL_REQUESTS, FAIL_SHARE, SPIKE_DAYS, SPIKE_REQUESTS, SPIKE_TIMES};
use crate::event::{Event, EventId, Outcome};

/// What time is counted in.
const SLOT: i64 = 10 * MINUTE;
/// Twice the logarithm of how much likelier two shares of failures are than one: with this many slots chance stays below.
const EVIDENCE: f64 = 30.0;
/// How many times as many fail after it.
const TIMES: f64 = 3.0;
/// Of 64 shares of all clients, those whose requests fail after it: one client may have a fault of its own.
const CLIENTS: u32 = 3;
/// Robust deviations from what is usual at this hour.
const DEVIATIONS: f64 = 8.0;
/// What makes a median deviation one standard deviation (normal distribution).
const TO_SIGMA: f64 = 1.4826;
/// Hours unlike the others beyond which they are a habit.
const HABIT: usize = 3;
/// Longest time line that is looked at by hours, from its end.
const LONGEST: i64 = 366 * DAY;

const CHANGED: &str = "what is refused may be what was asked for, and not how it was answered";
const CAMPAIGN: &str = "a campaign, a release or a nightly job that was moved looks the same";

/// What ten minutes have of one step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Slot {
    /// Hash of the step.
    pub step: u64,
    /// Which ten minutes.
    pub number: i64,
    /// First request in them.
    pub first: (i64, EventId),
    /// Requests that were answered.
    pub requests: u64,
    /// Of these, failed.
    pub failed: u64,
    /// First that failed.
    pub failure: Option<(i64, EventId)>,
    /// Which shares of all clients have a failure, a bit each.
    pub clients: u64,
    /// Number of the source's format.
    pub source: u8,
}

impl Slot {
    /// What an event adds to its step; what nobody answered adds nothing.
    pub fn of(event: &Event, step: u64, client: u64, source: u8) -> Option<Slot> {
        (event.outcome != Outcome::Unknown).then_some(())?;
        // Want of credentials and rights, and what is not there, say more of who asks than of the step.
        let other = matches!(event.status, Some(401 | 403 | 404 | 405 | 410 | 429));
        let failed = event.outcome == Outcome::Rejected && !other;
        let at = (event.time, event.id);
        Some(Slot {
            step,
            number: event.time.div_euclid(SLOT),
            first: at,
            requests: 1,
            failed: u64::from(failed),
            failure: failed.then_some(at),
            clients: if failed { 1 << (client % 64) } else { 0 },
            source,
        })
    }

    /// Makes one of all that are of one step and ten minutes.
    pub fn fold(slots: &mut Vec<Slot>) {
        slots.sort_unstable();
        slots.dedup_by(|next, kept| {
            let same = (next.step, next.number) == (kept.step, kept.number);
            if same {
                kept.first = kept.first.min(next.first);
                kept.requests += next.requests;
                kept.failed += next.failed;
                kept.failure = [kept.failure, next.failure].into_iter().flatten().min();
                kept.clients |= next.clients;
            }
            same
        });
    }
}

/// Judges one step: its slots in order, each once.
pub fn slots(line: &[Slot], told: &mut Told) {
    failures(line, told);
    spikes(line, told);
}

/// Where the share of failures rose for good.
fn failures(line: &[Slot], told: &mut Told) {
    let Some(source) = line.first().map(|slot| slot.source) else { return };
    let counts: Vec<(u64, u64)> = line.iter().map(|slot| (slot.requests, slot.failed)).collect();
    let least = u64::try_from(told.limits.get(&FAIL_REQUESTS)).unwrap_or(u64::MAX);
    let sum = |part: &[(u64, u64)]| part.iter().fold((0, 0), |sum, slot| (sum.0 + slot.0, sum.1 + slot.1));
    if sum(&counts).0 < least.saturating_mul(2) {
        return;
    }
    let rose = change(&counts, least).and_then(|at| {
        let (before, after) = (sum(counts.get(..at)?), sum(counts.get(at..)?));
        let rise = share(after) - share(before);
        let clients = line.get(at..)?.iter().fold(0, |all, slot| all | slot.clients).count_ones();
        let enough = rise * 100.0 >= told.limits.get(&FAIL_SHARE) as f64 && share(after) >= TIMES * share(before);
        let seldom = is_new(counts.get(..at)?, share(after));
        (enough && seldom && clients >= CLIENTS).then_some((at, before, after))
    });
    let Some((at, before, after)) = rose else { return told.count(Check::Failing, source, Some(false)) };
    let late = line.get(at..).unwrap_or_default();
    let Some(failure) = late.iter().find_map(|slot| slot.failure) else { return };
    told.count(Check::Failing, source, Some(true));
    let text = |sum: (u64, u64)| format!("{:.0}% of {}", share(sum) * 100.0, sum.0);
    told.push(Stray {
        check: Check::Failing,
        at: failure.1,
        events: late.iter().filter_map(|slot| slot.failure).take(4).map(|failure| failure.1).collect(),
        expected: vec![format!("{} failed as before", text(before)).into()],
        observed: vec![format!("{} failed since", text(after)).into()],
        doubt: Some((0.6, CHANGED)),
    });
}

fn share((requests, failed): (u64, u64)) -> f64 {
    failed as f64 / (requests.max(1)) as f64
}

/// Logarithm of how likely so many failures are at their own share.
fn likelihood((requests, failed): (u64, u64)) -> f64 {
    let term = |part: u64| if part == 0 { 0.0 } else { part as f64 * (part as f64 / requests as f64).ln() };
    term(failed) + term(requests.saturating_sub(failed))
}

/// The slot from which on another share of failures is likeliest, where that is much likelier than one share throughout;
/// each side has so many requests at least.
fn change(counts: &[(u64, u64)], least: u64) -> Option<usize> {
    let all = counts.iter().fold((0, 0), |sum, slot| (sum.0 + slot.0, sum.1 + slot.1));
    let whole = likelihood(all);
    let (mut before, mut best) = ((0, 0), None::<(f64, usize)>);
    for (at, slot) in counts.iter().enumerate() {
        let after = (all.0 - before.0, all.1 - before.1);
        if before.0 >= least && after.0 >= least {
            let gain = 2.0 * (likelihood(before) + likelihood(after) - whole);
            if gain >= EVIDENCE && best.is_none_or(|(most, _)| gain > most) {
                best = Some((gain, at));
            }
        }
        before = (before.0 + slot.0, before.1 + slot.1);
    }
    best.map(|(_, at)| at)
}

/// Whether a share of failures was hardly ever seen before: in at most a tenth of the slots that tell one.
fn is_new(before: &[(u64, u64)], now: f64) -> bool {
    let told: Vec<f64> = before.iter().filter(|slot| slot.0 >= 10).map(|slot| share(*slot)).collect();
    told.iter().filter(|share| **share >= now / 2.0).count() * 10 <= told.len()
}

/// The hour that is least like the same hour of other days.
fn spikes(line: &[Slot], told: &mut Told) {
    let (Some(first), Some(last)) = (line.first(), line.last()) else { return };
    let begin = first.first.0.max(last.first.0.saturating_sub(LONGEST)).div_euclid(HOUR);
    // Of a day on which it was not seen at all nobody knows whether somebody looked.
    let days: BTreeSet<i64> = line.iter().map(|slot| slot.first.0.div_euclid(DAY)).collect();
    let seen = |hour: usize| i64::try_from(hour).is_ok_and(|hour| days.contains(&(begin + hour).div_euclid(24)));
    let least = told.limits.count(&SPIKE_DAYS);
    // Of so short a time nobody can say what is usual.
    if days.len() < least {
        return;
    }
    let mut hours = vec![0_u64; usize::try_from(last.first.0.div_euclid(HOUR) - begin + 1).unwrap_or(0)];
    for slot in line {
        let hour = usize::try_from(slot.first.0.div_euclid(HOUR) - begin).ok();
        hour.and_then(|hour| hours.get_mut(hour)).into_iter().for_each(|hour| *hour += slot.requests);
    }
    let limits = (told.limits.get(&SPIKE_REQUESTS), told.limits.get(&SPIKE_TIMES));
    let found: Vec<(usize, u64)> =
        (0..hours.len()).filter_map(|hour| Some((hour, unusual(&hours, &seen, hour, least, limits)?))).collect();
    let worst =
        found.iter().max_by_key(|(hour, usual)| (hours.get(*hour).map(|n| n - usual), std::cmp::Reverse(*hour)));
    let Some((hour, usual)) = worst.filter(|_| found.len() <= HABIT) else {
        return told.count(Check::Spike, last.source, Some(false));
    };
    let within = |slot: &&Slot| usize::try_from(slot.first.0.div_euclid(HOUR) - begin) == Ok(*hour);
    let slots: Vec<&Slot> = line.iter().filter(within).collect();
    let Some(at) = slots.iter().max_by_key(|slot| (slot.requests, std::cmp::Reverse(slot.number))) else { return };
    told.count(Check::Spike, last.source, Some(true));
    told.push(Stray {
        check: Check::Spike,
        at: at.first.1,
        events: slots.iter().take(4).map(|slot| slot.first.1).collect(),
        expected: vec![format!("about {usual} requests as at this hour on other days").into()],
        observed: vec![format!("{} within an hour", hours.get(*hour).copied().unwrap_or(0)).into()],
        doubt: Some((0.45, CAMPAIGN)),
    });
}

/// What is usual at an hour, where it has far more than that and no other week has the like at that time.
fn unusual(
    hours: &[u64],
    seen: &dyn Fn(usize) -> bool,
    hour: usize,
    least: usize,
    (fewest, times): (i64, i64),
) -> Option<u64> {
    let number = *hours.get(hour)?;
    if number < u64::try_from(fewest).unwrap_or(u64::MAX) {
        return None;
    }
    let mut others: Vec<u64> = (hour % 24..hours.len())
        .step_by(24)
        .filter(|h| *h != hour && seen(*h))
        .filter_map(|h| hours.get(h).copied())
        .collect();
    let alike = (hour % 168..hours.len()).step_by(168).filter(|h| *h != hour);
    let weekly = alike.filter_map(|h| hours.get(h)).any(|other| other.saturating_mul(2) >= number);
    if weekly || others.len() < least {
        return None;
    }
    let usual = median(&mut others);
    let mut apart: Vec<u64> = others.iter().map(|other| other.abs_diff(usual)).collect();
    let spread = TO_SIGMA * median(&mut apart) as f64 + (usual as f64).sqrt() + 1.0;
    let far = number.saturating_sub(usual) as f64 / spread >= DEVIATIONS;
    (far && number >= usual.saturating_mul(u64::try_from(times).unwrap_or(u64::MAX))).then_some(usual)
}

fn median(numbers: &mut [u64]) -> u64 {
    numbers.sort_unstable();
    numbers.get(numbers.len() / 2).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A line of so many requests and failures an hour, from hour 0 on.
    fn line(hours: &[(u64, u64)], clients: u64) -> Vec<Slot> {
        let slot = |(hour, (requests, failed)): (usize, &(u64, u64))| {
            let time = i64::try_from(hour).unwrap() * HOUR;
            let at = (time, EventId(hour as u64));
            let failure = (*failed > 0).then_some(at);
            let (number, clients) = (time.div_euclid(SLOT), if *failed > 0 { clients } else { 0 });
            let (requests, failed) = (*requests, *failed);
            Slot { step: 1, number, first: at, requests, failed, failure, clients, source: 0 }
        };
        hours.iter().enumerate().filter(|(_, (requests, _))| *requests > 0).map(slot).collect()
    }

    fn found(hours: &[(u64, u64)], clients: u64) -> Vec<(Check, EventId)> {
        let mut told = Told::default();
        slots(&line(hours, clients), &mut told);
        told.strays.iter().map(|stray| (stray.check, stray.at)).collect()
    }

    #[test]
    fn failures_that_set_in_are_told_where_they_do() {
        let steady = vec![(50, 1); 20];
        let broken = [steady.clone(), vec![(50, 20); 10]].concat();
        assert_eq!(found(&broken, 0b1111), [(Check::Failing, EventId(20))]);
        assert_eq!(found(&broken, 1), [], "one client's own fault");
        assert_eq!(found(&steady, 0b1111), []);
        assert_eq!(found(&[(50, 15), (50, 1)].repeat(15), 0b1111), [], "it comes and goes");
        assert_eq!(found(&[vec![(4, 0); 20], vec![(4, 4); 5]].concat(), 0b1111), [], "few");
    }

    #[test]
    fn nights_weekends_and_weekly_jobs_are_no_spikes() {
        let shop = |day: u64, hour: u64| match (day % 7, hour) {
            (5 | 6, 9..17) => 30,
            (_, 9..17) => 200,
            _ => 3,
        };
        let weeks = |extra: &dyn Fn(u64, u64) -> u64| -> Vec<(u64, u64)> {
            (0..21)
                .flat_map(|day| (0..24).map(move |hour| (day, hour)))
                .map(|(d, h)| (shop(d, h) + extra(d, h), 0))
                .collect()
        };
        assert_eq!(found(&weeks(&|_, _| 0), 0), []);
        let once = weeks(&|day, hour| if (day, hour) == (10, 3) { 900 } else { 0 });
        assert_eq!(found(&once, 0), [(Check::Spike, EventId(10 * 24 + 3))]);
        assert_eq!(found(&weeks(&|day, hour| if (day % 7, hour) == (0, 3) { 900 } else { 0 }), 0), [], "each Monday");
        assert_eq!(found(&weeks(&|_, hour| if hour == 3 { 900 } else { 0 }), 0), [], "each night");
        assert_eq!(found(&once[..4 * 24], 0), [], "four days say nothing of what is usual");
        let apart: Vec<(u64, u64)> =
            (0..40 * 24).map(|hour| if hour % (10 * 24) == 5 { (900, 0) } else { (0, 0) }).collect();
        assert_eq!(found(&apart, 0), [], "captures of a few days in a month");
    }

    /// The best of all places, each looked at by itself.
    fn naive(counts: &[(u64, u64)], least: u64) -> Option<usize> {
        let sum = |part: &[(u64, u64)]| part.iter().fold((0, 0), |sum, slot| (sum.0 + slot.0, sum.1 + slot.1));
        let gain = |at: usize| {
            let (before, after) = (sum(&counts[..at]), sum(&counts[at..]));
            let both = likelihood(before) + likelihood(after);
            (before.0 >= least && after.0 >= least).then(|| 2.0 * (both - likelihood(sum(counts))))
        };
        let mut best = None::<(f64, usize)>;
        for at in 0..counts.len() {
            if let Some(gain) = gain(at).filter(|gain| *gain >= EVIDENCE && best.is_none_or(|(most, _)| *gain > most)) {
                best = Some((gain, at));
            }
        }
        best.map(|(_, at)| at)
    }

    proptest! {
        #[test]
        fn one_pass_finds_what_all_places_show(
            counts in proptest::collection::vec((0..80_u64, 0..80_u64).prop_map(|(n, f)| (n, f.min(n))), 0..40),
            least in 1..60_u64,
        ) {
            prop_assert_eq!(change(&counts, least), naive(&counts, least));
        }

        #[test]
        fn slots_are_one_however_they_are_split(numbers in proptest::collection::vec((0..5_i64, 0..90_u64), 0..40)) {
            let each: Vec<Slot> = numbers
                .iter()
                .map(|(number, client)| {
                    let at = (number * SLOT + i64::try_from(*client).unwrap(), EventId(*client));
                    let failed = client % 3 == 0;
                    let failure = failed.then_some(at);
                    Slot { step: 1, number: *number, first: at, requests: 1, failed: u64::from(failed), failure, clients: 1 << (client % 64), source: 0 }
                })
                .collect();
            let mut whole = each.clone();
            Slot::fold(&mut whole);
            let (mut a, mut b) = (each[..each.len() / 2].to_vec(), each[each.len() / 2..].to_vec());
            [&mut a, &mut b].into_iter().for_each(Slot::fold);
            a.append(&mut b);
            Slot::fold(&mut a);
            prop_assert_eq!(a, whole);
        }
    }
}
