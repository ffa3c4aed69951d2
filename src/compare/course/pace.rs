//! Steps that follow each other faster than anybody can take them, in what says to be a browser.

use super::moment::Moment;
use super::told::{Said, Told};
use crate::compare::deviation::Check;
use crate::compare::threshold::{PACE_FLOOR, PACE_STEPS};
use crate::event::{Gate, ProgramKind};

/// Different ones among them: one that comes again and again is a page that reports something.
const KINDS: usize = 3;
/// Times that the commonest of them comes: a row of forms that are all sent once is one page.
const ROUNDS: usize = 3;
/// A pause that ends a row.
const PAUSE: i64 = 30 * super::SECOND;

const BECAUSE: &str = "a page that sends what it has gathered, or who fills forms in by a program, is as fast";

pub(super) fn fold(course: &[Moment], told: &mut Told) {
    let counts = |m: &&Moment| {
        let person = m.setting.kind == ProgramKind::Browser && !m.deed.agent && !m.deed.service && !m.deed.api_key;
        person && m.deed.accepted && !m.deed.read && m.deed.known && m.setting.gate == Gate::None
    };
    let steps: Vec<&Moment> = course.iter().filter(counts).collect();
    // The median of the pauses between an answer and the next step.
    let (least, floor) = (told.limits.count(&PACE_STEPS), told.limits.get(&PACE_FLOOR));
    if steps.len() < least {
        return course.iter().take(1).for_each(|m| told.count(Check::Pace, m.source, Some(false)));
    }
    if let Some(first) = steps.first().filter(|_| steps.iter().all(|m| m.tick >= floor)) {
        return told.count(Check::Pace, first.source, None);
    }
    // One program, one step after the other: what overlaps was sent by a page.
    let follows = |a: &&Moment, b: &&Moment| {
        a.setting.program == b.setting.program && b.time >= a.end && b.time.saturating_sub(a.end) <= PAUSE
    };
    let row = steps.chunk_by(follows).find_map(|row| row.windows(least).find(|row| is_fast(row, floor)));
    match row {
        Some(row) => {
            let observed = format!("{} steps in a row with a median pause of {}ms", row.len(), median(row) / 1_000);
            let expected = format!("pauses of {}ms or more", floor / 1_000);
            told.tell(Check::Pace, row, Said::new(expected, observed, 0.45, BECAUSE));
        }
        None => steps.iter().take(1).for_each(|m| told.count(Check::Pace, m.source, Some(false))),
    }
}

fn is_fast(row: &[&Moment], floor: i64) -> bool {
    let mut steps: Vec<u64> = row.iter().map(|m| m.step).collect();
    steps.sort_unstable();
    let (kinds, most) = steps.chunk_by(|a, b| a == b).fold((0, 0), |(n, most), run| (n + 1, run.len().max(most)));
    let fine = row.iter().all(|m| m.tick < floor);
    fine && kinds >= KINDS && most >= ROUNDS && median(row) < floor
}

fn median(row: &[&Moment]) -> i64 {
    let mut pauses: Vec<i64> = row.windows(2).map(pause).collect();
    pauses.sort_unstable();
    pauses.get(pauses.len() / 2).copied().unwrap_or(i64::MAX)
}

fn pause(pair: &[&Moment]) -> i64 {
    match pair {
        [a, b] => b.time.saturating_sub(a.end).max(0),
        _ => i64::MAX,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::course::{SECOND, sample};

    fn row(count: i64, pause: i64, step: impl Fn(i64) -> u64) -> Vec<Moment> {
        let at = |n: i64| {
            let mut moment = Moment { step: step(n), ..sample::moment(n) };
            moment.time = n * pause * 1_000;
            moment.end = moment.time + 50_000;
            moment.setting.kind = ProgramKind::Browser;
            moment
        };
        (0..count).map(at).collect()
    }

    fn found(course: &[Moment]) -> usize {
        let mut told = Told::default();
        fold(course, &mut told);
        told.strays.len()
    }

    fn rounds(n: i64) -> u64 {
        u64::try_from(n % 3).unwrap()
    }

    #[test]
    fn rounds_that_nobody_can_walk_are_told() {
        assert_eq!(found(&row(15, 200, rounds)), 1);
        assert_eq!(found(&row(15, 4_000, rounds)), 0, "a person");
        assert_eq!(found(&row(8, 200, rounds)), 0, "a few at once");
        assert_eq!(found(&row(40, 200, |_| 1)), 0, "a page that reports");
        assert_eq!(found(&row(15, 200, |n| u64::try_from(n).unwrap())), 0, "forms that are sent once each");
        let parallel: Vec<Moment> = row(15, 20, rounds);
        assert_eq!(found(&parallel), 0, "they overlap: a page sends them");
    }

    #[test]
    fn a_clock_of_seconds_says_nothing_of_pauses() {
        let mut coarse = row(15, 200, rounds);
        coarse.iter_mut().for_each(|m| m.tick = SECOND);
        assert_eq!(found(&coarse), 0);
    }
}
