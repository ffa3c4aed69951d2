//! Rounds that many accounts walk alike from one context: the same steps, in the same order, in the same time.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::moment::Moment;
use super::told::Told;
use super::{MINUTE, SECOND};
use crate::compare::Stray;
use crate::compare::deviation::Check;
use crate::event::{EventId, Mark};

/// Writes of a round. Shorter ones are alike by nature.
const STEPS: usize = 4;
/// Accounts that walk alike.
const ACCOUNTS: usize = 8;
/// Within what time they begin.
const WITHIN: i64 = 60 * MINUTE;
/// A pause that ends a round.
const PAUSE: i64 = 5 * MINUTE;
/// Steps that are looked at of one round.
const MOST_STEPS: usize = 64;

const BECAUSE: &str = "a class, a shop's counter or a test has many accounts walk alike, if seldom in the same time";

/// What one account did in one go, from one context.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Round {
    /// Hash of the address, the program and the steps.
    pub way: u64,
    /// When it began.
    pub begin: i64,
    /// How long it took.
    pub took: i64,
    /// Who walked it.
    pub actor: u64,
    /// Its last event.
    pub event: EventId,
    /// Number of steps.
    pub steps: u32,
    /// Number of the source's format.
    pub source: u8,
    /// An undeclared proxy stood in front.
    pub relayed: bool,
}

impl Round {
    /// The rounds of an actor's course; `mix` brings hashes together.
    pub fn of(course: &[Moment], mix: &dyn Fn(u64, u64) -> u64) -> Vec<Round> {
        let counts = |m: &&Moment| {
            // A service and an agent are meant to act for many.
            let own = m.deed.known && !m.deed.agent && !m.deed.service && !m.deed.api_key;
            own && m.deed.accepted && !m.deed.read && m.setting.address != 0 && m.tick < SECOND
        };
        let steps: Vec<&Moment> = course.iter().filter(counts).collect();
        let follows = |a: &&Moment, b: &&Moment| {
            let context = |m: &Moment| (m.setting.address, m.setting.program);
            context(a) == context(b) && b.time.saturating_sub(a.time) <= PAUSE
        };
        let round = |steps: &[&Moment]| {
            let (first, last) = (steps.first()?, steps.last()?);
            let context = mix(first.setting.address, first.setting.program);
            let way = steps.iter().take(MOST_STEPS).fold(context, |way, m| mix(way, m.step));
            Some(Round {
                way,
                begin: first.time,
                took: last.time.saturating_sub(first.time),
                actor: first.actor,
                event: last.event,
                steps: u32::try_from(steps.len()).unwrap_or(u32::MAX),
                source: first.source,
                relayed: steps.iter().all(|m| m.setting.marks.has(Mark::Relayed)),
            })
        };
        steps.chunk_by(follows).filter(|steps| steps.len() >= STEPS).filter_map(round).collect()
    }
}

/// Judges the rounds of one way, sorted by their beginning.
pub fn clones(rounds: &[Round], told: &mut Told) {
    let Some(first) = rounds.first() else { return };
    let (mut begin, mut next, mut looked) = (0, ACCOUNTS, 0);
    let mut actors: BTreeMap<u64, usize> = BTreeMap::new();
    for (end, round) in rounds.iter().enumerate() {
        *actors.entry(round.actor).or_default() += 1;
        while let Some(old) = rounds.get(begin).filter(|old| round.begin.saturating_sub(old.begin) > WITHIN) {
            if let Some(count) = actors.get_mut(&old.actor) {
                *count -= 1;
                if *count == 0 {
                    actors.remove(&old.actor);
                }
            }
            begin += 1;
        }
        if begin >= looked {
            next = ACCOUNTS;
        }
        if actors.len() < next {
            continue;
        }
        // Looked at when it is full, when it has doubled, and when all of it is new: the work stays in proportion.
        (next, looked) = (actors.len().saturating_mul(2), end + 1);
        let window = rounds.get(begin..=end).unwrap_or_default();
        if is_in_step(window) {
            return tell(window, actors.len(), told);
        }
    }
    told.count(Check::Clones, first.source, Some(false));
}

/// Whether nine of ten accounts took the same time in their last round, to a tenth of it: people differ by much more.
fn is_in_step(window: &[Round]) -> bool {
    let last: BTreeMap<u64, i64> = window.iter().map(|round| (round.actor, round.took)).collect();
    let mut took: Vec<i64> = last.into_values().collect();
    took.sort_unstable();
    let median = took.get(took.len() / 2).copied().unwrap_or(0);
    let near = took.iter().filter(|took| took.abs_diff(median).saturating_mul(10) <= median.unsigned_abs()).count();
    near.saturating_mul(10) >= took.len().saturating_mul(9)
}

fn tell(window: &[Round], accounts: usize, told: &mut Told) {
    let Some(last) = window.last() else { return };
    told.count(Check::Clones, last.source, Some(true));
    let events = window.iter().rev().take(ACCOUNTS).rev().map(|round| round.event).collect();
    let seconds = last.took / SECOND;
    let observed = format!("{accounts} accounts that take the same {} steps in {seconds}s each", last.steps);
    // Who writes the header into some of its requests is no proxy.
    let relayed = window.iter().filter(|round| round.relayed).count().saturating_mul(2) > window.len();
    told.strays.push(Stray {
        check: Check::Clones,
        at: last.event,
        events,
        expected: vec!["accounts that each go their own way".into()],
        observed: vec![observed.into()],
        doubt: Some((if relayed { 0.4 } else { 0.6 }, BECAUSE)),
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::course::sample;

    fn round(actor: u64, begin: i64, took: i64) -> Round {
        Round {
            way: 1,
            begin: begin * SECOND,
            took: took * SECOND / 10,
            actor,
            event: EventId(actor),
            steps: 4,
            source: 0,
            relayed: false,
        }
    }

    fn found(rounds: &[Round]) -> usize {
        let mut told = Told::default();
        clones(rounds, &mut told);
        told.strays.len()
    }

    #[test]
    fn accounts_in_step_are_told_and_people_are_not() {
        let robots: Vec<Round> = (0..12).map(|n| round(u64::try_from(n).unwrap(), n * 60, 100 + n % 3)).collect();
        assert_eq!(found(&robots), 1);
        assert_eq!(found(&robots[..7]), 0, "too few");
        let people: Vec<Round> =
            (0..40).map(|n| round(u64::try_from(n).unwrap(), n * 60, 100 + n * 37 % 200)).collect();
        assert_eq!(found(&people), 0, "a class walks alike, each at a pace of its own");
        let one: Vec<Round> = (0..40).map(|n| round(7, n * 60, 100)).collect();
        assert_eq!(found(&one), 0, "one account, again and again");
        let slow: Vec<Round> = (0..40).map(|n| round(u64::try_from(n).unwrap(), n * 1_000, 100)).collect();
        assert_eq!(found(&slow), 0, "over days");
    }

    #[test]
    fn noise_before_and_one_account_beside_hide_nothing() {
        let noise = (0..8).map(|n| round(u64::try_from(n).unwrap() + 100, n, 50 + n * 97 % 400));
        let robots = (0..9).map(|n| round(u64::try_from(n).unwrap(), 3_500 + n * 60, 100));
        assert_eq!(found(&noise.chain(robots).collect::<Vec<_>>()), 1, "what was looked at before is gone");
        let busy = (0..30).map(|n| round(500, n, 10 + n * 40));
        let robots = (0..20).map(|n| round(u64::try_from(n).unwrap(), 60 + n * 60, 100));
        assert_eq!(found(&busy.chain(robots).collect::<Vec<_>>()), 1, "an account is one, however often it comes");
    }

    #[test]
    fn a_round_is_what_one_account_does_in_one_go() {
        let at = |second: i64, step: u64| {
            let mut moment = Moment { step, ..sample::moment(second) };
            moment.setting.address = 9;
            moment
        };
        let course: Vec<Moment> = (0..5).map(|n| at(n * 2, u64::try_from(n).unwrap())).chain([at(1_000, 1)]).collect();
        let mix = |a: u64, b: u64| a.wrapping_mul(31).wrapping_add(b);
        let rounds = Round::of(&course, &mix);
        assert_eq!(rounds.iter().map(|round| (round.steps, round.took)).collect::<Vec<_>>(), [(5, 8 * SECOND)]);
        let again = Round::of(&course[..5], &mix);
        assert_eq!(again.first().map(|round| round.way), rounds.first().map(|round| round.way));
    }
}
