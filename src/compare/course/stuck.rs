//! Objects that stay after a step after which others go on.
//!
//! Each event that moves an object becomes one [`Step`]; the steps of one object, in order, become [`Stay`]s, and the stays
//! after one step are judged together.

use serde::{Deserialize, Serialize};

use super::told::Told;
use crate::compare::Stray;
use crate::compare::deviation::Check;
use crate::compare::threshold::{STUCK_CASES, STUCK_LEAST, STUCK_TIMES};
use crate::compare::words::length;
use crate::event::{Event, OrderKey, Outcome};

/// Of so many objects one may stay, or staying is the usual end.
const RARE: usize = 20;
/// Most objects that a finding shows.
const SHOWN: usize = 4;

const ELSEWHERE: (f32, &str) = (0.45, "what ends it may be done where nobody captures, or never be needed");

/// What an event did to the object that it is about; of one size, so that it can wait on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Step {
    /// Hash of the object.
    pub object: u64,
    /// When it began.
    pub at: OrderKey,
    /// Hash of what was done.
    pub step: u64,
    /// It leads to an end by the model, or may.
    pub ends: bool,
    /// The server took it; else nobody knows.
    pub accepted: bool,
    /// Number of the source's format.
    pub source: u8,
}

impl Step {
    /// What an event adds: one that may have moved the object that it is about. `hash` is keyed.
    pub fn of(event: &Event, step: u64, hash: &dyn Fn(&str) -> u64, ends: bool, source: u8) -> Option<Step> {
        let object = event.objects.first().filter(|_| !event.read && event.outcome != Outcome::Rejected)?;
        let object = hash(&object.id.to_string());
        Some(Step { object, at: event.order_key(), step, ends, accepted: event.outcome == Outcome::Accepted, source })
    }
}

/// How long an object stayed after a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Stay {
    /// Hash of the step.
    pub step: u64,
    /// When it was.
    pub since: OrderKey,
    /// When the next one was, microseconds since the Unix epoch; none where none was seen.
    pub until: Option<i64>,
    /// It leads to an end by the model, or may.
    pub ends: bool,
    /// Number of the source's format.
    pub source: u8,
}

impl Stay {
    /// The stays of one object: its steps in order.
    pub fn of(steps: &[Step]) -> impl Iterator<Item = Stay> {
        let next = steps.iter().skip(1).map(|step| Some(step.at.0)).chain([None]);
        let begun = steps.iter().zip(next).filter(|(step, _)| step.accepted);
        begun.map(|(one, until)| Stay { step: one.step, since: one.at, until, ends: one.ends, source: one.source })
    }
}

/// Judges the stays after one step, in any order; `end`: the last instant that was seen.
pub fn stuck(stays: &[Stay], end: i64, told: &mut Told) {
    let Some(first) = stays.iter().min_by_key(|stay| stay.since) else { return };
    if stays.iter().any(|stay| stay.ends) {
        return;
    }
    let mut lasted: Vec<i64> = stays.iter().filter_map(|stay| Some(stay.until?.saturating_sub(stay.since.0))).collect();
    if lasted.len() < told.limits.count(&STUCK_CASES) {
        return;
    }
    lasted.sort_unstable();
    // All but one in a hundred.
    let usual = lasted.get((lasted.len() - 1) * 99 / 100).copied().unwrap_or_default();
    let limit = usual.saturating_mul(told.limits.get(&STUCK_TIMES)).max(told.limits.get(&STUCK_LEAST));
    let stays_on = |stay: &&Stay| stay.until.is_none() && end.saturating_sub(stay.since.0) > limit;
    let mut stuck: Vec<&Stay> = stays.iter().filter(stays_on).collect();
    if stuck.is_empty() || stuck.len().saturating_mul(RARE) > lasted.len() {
        return told.count(Check::Stuck, first.source, Some(false));
    }
    stuck.sort_by_key(|stay| stay.since);
    let Some(worst) = stuck.first() else { return };
    let age = length(end.saturating_sub(worst.since.0));
    let objects = if stuck.len() == 1 { "1 object".to_owned() } else { format!("{} objects", stuck.len()) };
    let stray = Stray {
        check: Check::Stuck,
        at: worst.since.2,
        events: stuck.iter().take(SHOWN).map(|stay| stay.since.2).collect(),
        expected: vec![format!("a next step within {} as of {} others", length(usual), lasted.len()).into()],
        observed: vec![format!("{objects} for up to {age}").into()],
        doubt: Some(ELSEWHERE),
    };
    told.stray(stray, worst.source);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::course::{DAY, MINUTE};
    use crate::event::EventId;

    fn step(object: u64, minute: i64, step: u64) -> Step {
        let at = (minute * MINUTE, 0, EventId(object * 1_000_000 + minute.unsigned_abs()));
        Step { object, at, step, ends: false, accepted: true, source: 0 }
    }

    /// Findings over all objects' steps, where the capture goes on for some days.
    fn found(objects: &[Vec<Step>], days: i64) -> Vec<(EventId, String, f32)> {
        let mut stays: Vec<Stay> = objects.iter().flat_map(|steps| Stay::of(steps)).collect();
        stays.sort_unstable();
        let mut told = Told::default();
        stays.chunk_by(|a, b| a.step == b.step).for_each(|of_step| stuck(of_step, days * DAY, &mut told));
        told.strays.iter().map(|s| (s.at, s.observed[0].to_string(), s.doubt.unwrap().0)).collect()
    }

    /// Objects that are made, and go on after some minutes.
    fn going_on(count: u64) -> Vec<Vec<Step>> {
        (0..count).map(|n| vec![step(n, 10, 1), step(n, 20 + i64::try_from(n % 9).unwrap(), 2)]).collect()
    }

    #[test]
    fn what_stays_while_others_go_on_is_told() {
        let stays = [going_on(60), vec![vec![step(900, 30, 1)]]].concat();
        assert_eq!(found(&stays, 3), [(stays[60][0].at.2, "1 object for up to 3d".to_owned(), 0.45)]);
        let mut modelled = stays.clone();
        modelled.iter_mut().flatten().filter(|s| s.step == 1).for_each(|s| s.ends = true);
        assert_eq!(found(&modelled, 3), [], "the model says that it ends there");
    }

    #[test]
    fn what_ends_there_or_may_yet_go_on_is_not() {
        let one = |minute| vec![vec![step(900, minute, 1)]];
        assert_eq!(found(&[going_on(60), one(3 * 24 * 60 - 30)].concat(), 3), [], "half an hour before the end");
        assert_eq!(found(&[going_on(20), one(30)].concat(), 3), [], "few others");
        let many = (900..910).map(|n| vec![step(n, 30, 1)]).collect();
        assert_eq!(found(&[going_on(60), many].concat(), 3), [], "it is an end for many");
        let mut unknown = vec![step(900, 30, 1), step(900, 40, 2)];
        unknown[1].accepted = false;
        assert_eq!(found(&[going_on(60), vec![unknown]].concat(), 3), [], "it may have gone on");
    }
}
