//! A step that is of use to a thief, from a network and by a program that the actor was never seen with.

use std::collections::{BTreeMap, BTreeSet};

use super::moment::Moment;
use super::told::{Said, Told};
use super::{MINUTE, SECOND};
use crate::compare::deviation::Check;
use crate::event::Mark;

/// Requests of the actor before, and days on which they were: less is no habit.
const HISTORY: usize = 50;
const DAYS: usize = 3;
/// How long after it was first seen a network or program is new.
const NEW: i64 = 60 * MINUTE;
/// More of them than this are no habit either: who roams is always somewhere else.
const HABITS: usize = 8;

const BECAUSE: &str = "a new device in a new place is most often its owner's";

pub(super) fn fold(course: &[Moment], told: &mut Told) {
    let (mut networks, mut programs) = (BTreeMap::<u64, i64>::new(), BTreeMap::<u64, i64>::new());
    let mut days = BTreeSet::new();
    let (mut seen, mut judged, mut unplaced) = (0_usize, None, None);
    for moment in course.iter().filter(|m| m.deed.accepted && m.deed.known && !m.deed.agent) {
        let setting = &moment.setting;
        let sensitive = setting.marks.has(Mark::Sensitive) && !moment.deed.read;
        if setting.network == 0 || setting.program == 0 {
            unplaced = unplaced.or((sensitive && setting.address == 0).then_some(moment.source));
            continue;
        }
        let new = |habits: &BTreeMap<u64, i64>, hash: u64| {
            habits.get(&hash).is_none_or(|first| moment.time.saturating_sub(*first) <= NEW)
        };
        // Only what is old is a habit: a thief could have many new ones at once.
        let settled = |habits: &BTreeMap<u64, i64>| {
            habits.values().filter(|first| moment.time.saturating_sub(**first) > NEW).count() <= HABITS
        };
        let known = seen >= HISTORY && days.len() >= DAYS && settled(&networks) && settled(&programs);
        if sensitive && known {
            judged = Some(moment.source);
            if new(&networks, setting.network) && new(&programs, setting.program) {
                let said = Said::new("a context seen before", "a new network and a new program", 0.45, BECAUSE);
                return told.tell(Check::NewContext, &[moment], said);
            }
        }
        for (habits, hash) in [(&mut networks, setting.network), (&mut programs, setting.program)] {
            if habits.len() <= HABITS {
                habits.entry(hash).or_insert(moment.time);
            }
        }
        if days.len() < DAYS {
            days.insert(moment.time.div_euclid(24 * 60 * 60 * SECOND));
        }
        seen += 1;
    }
    match (judged, unplaced) {
        (Some(source), _) => told.count(Check::NewContext, source, Some(false)),
        (None, Some(source)) => told.count(Check::NewContext, source, None),
        (None, None) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::course::sample;

    const DAY: i64 = 24 * 60 * 60;

    fn at(second: i64, network: u64, program: u64) -> Moment {
        let mut moment = sample::moment(second);
        (moment.setting.network, moment.setting.program) = (network, program);
        moment
    }

    fn step(second: i64, network: u64, program: u64) -> Moment {
        let mut moment = at(second, network, program);
        moment.setting.marks.add(Mark::Sensitive);
        moment
    }

    fn found(days: i64, last: Moment) -> usize {
        let mut course: Vec<Moment> =
            (0..days).flat_map(|day| (0..30).map(move |n| at(day * DAY + n * 60, 1, 1))).collect();
        course.push(last);
        let mut told = Told::default();
        fold(&course, &mut told);
        told.strays.len()
    }

    #[test]
    fn a_new_place_and_a_new_program_are_told_after_enough_history() {
        assert_eq!(found(5, step(6 * DAY, 2, 2)), 1);
        assert_eq!(found(5, step(6 * DAY, 2, 1)), 0, "on the way with the same device");
        assert_eq!(found(5, step(6 * DAY, 1, 2)), 0, "a new device at home");
        assert_eq!(found(2, step(6 * DAY, 2, 2)), 0, "too little is known");
        assert_eq!(found(5, at(6 * DAY, 2, 2)), 0, "nothing that a thief would do");
    }
}
