//! One write that is sent again and again, without a pause that grows; and a write that is sent again after no answer,
//! without a key by which the server could know.

use std::collections::BTreeMap;

use super::moment::Moment;
use super::told::{Said, Told};
use super::{MINUTE, SECOND};
use crate::compare::deviation::Check;
use crate::event::is_given_up;

/// Failures of one request in a row.
const STORM: usize = 20;
/// Within what time they are.
const WITHIN: i64 = MINUTE;
/// How long after no answer the same write is a retry.
const SOON: i64 = 2 * MINUTE;

const BECAUSE: &str = "one client may have many things to do that look the same";
const ONCE: &str = "somebody may have asked for the same thing twice on purpose";

/// What a request asks for.
type Asked = (u64, u64, u64);

/// Requests for one thing that failed one after the other, by the latest.
#[derive(Default)]
struct Row<'m> {
    failed: Vec<&'m Moment>,
}

pub(super) fn fold(course: &[Moment], told: &mut Told) {
    let mut rows: BTreeMap<Asked, Row<'_>> = BTreeMap::new();
    let (mut storm, mut again) = (None, None);
    for moment in course.iter().filter(|m| m.body != 0 && !m.deed.read) {
        let asked = (moment.step, moment.object, moment.body);
        let failed = matches!(moment.status, 0 | 429 | 500..=599) || is_given_up(moment.status);
        if !failed {
            let row = rows.remove(&asked).unwrap_or_default();
            again = again.or_else(|| repeated(&row, moment));
            continue;
        }
        let row = rows.entry(asked).or_default();
        row.failed.push(moment);
        if row.failed.len() > STORM {
            row.failed.remove(0);
        }
        if storm.is_none() && is_storm(&row.failed) {
            storm = Some(row.failed.clone());
        }
    }
    match (storm, again) {
        (Some(row), _) => {
            let observed = format!("{} times in {}s", row.len(), span(&row) / SECOND);
            let said = Said::new("fewer retries, with longer pauses", observed, 0.6, BECAUSE);
            told.tell(Check::RetryStorm, &row, said);
        }
        (None, Some(pair)) => {
            let said = Said::new("a key that marks the retry", "none, after no answer", 0.45, ONCE);
            told.tell(Check::RetryStorm, &pair, said);
        }
        (None, None) => course.iter().take(1).for_each(|m| told.count(Check::RetryStorm, m.source, Some(false))),
    }
}

/// A write whose answer nobody knows, and that was then taken without a key.
fn repeated<'m>(row: &Row<'m>, taken: &'m Moment) -> Option<[&'m Moment; 2]> {
    let first = *row.failed.last()?;
    let unknown = first.status == 0 || is_given_up(first.status);
    let soon = taken.time.saturating_sub(first.time) <= SOON && taken.is_after(first);
    let bare = !first.deed.keyed && !taken.deed.keyed;
    (unknown && soon && bare && taken.deed.accepted && taken.status == 201).then_some([first, taken])
}

fn is_storm(row: &[&Moment]) -> bool {
    let (early, late) = row.split_at(row.len() / 2);
    let fine = row.iter().all(|m| m.tick.saturating_mul(i64::try_from(STORM).unwrap_or(1)) <= WITHIN);
    // Who waits longer each time does what is to be done.
    row.len() >= STORM && fine && span(row) <= WITHIN && span(late) <= span(early).saturating_mul(2)
}

fn span(row: &[&Moment]) -> i64 {
    match (row.first(), row.last()) {
        (Some(first), Some(last)) => last.time.saturating_sub(first.time),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::course::sample;

    fn sent(millis: i64, status: u16, body: u64) -> Moment {
        let mut moment = Moment { status, body, ..sample::moment(1) };
        moment.time = millis * 1_000;
        moment.deed.accepted = status < 300 && status > 0;
        moment
    }

    fn confidence(course: &[Moment]) -> Option<f32> {
        let mut told = Told::default();
        fold(course, &mut told);
        told.strays.first().and_then(|stray| stray.doubt).map(|doubt| doubt.0)
    }

    #[test]
    fn retries_without_a_pause_are_a_storm() {
        let steady: Vec<Moment> = (0..25).map(|n| sent(n * 500, 503, 7)).collect();
        assert_eq!(confidence(&steady), Some(0.6));
        let backing: Vec<Moment> = (0..25).map(|n| sent(n * n * 90, 503, 7)).collect();
        assert_eq!(confidence(&backing), None, "each pause is longer");
        let others: Vec<Moment> = (0..25).map(|n| sent(n * 500, 503, u64::try_from(n).unwrap() + 1)).collect();
        assert_eq!(confidence(&others), None, "other requests");
        let few: Vec<Moment> = (0..10).map(|n| sent(n * 500, 503, 7)).collect();
        assert_eq!(confidence(&few), None);
    }

    #[test]
    fn a_write_after_no_answer_needs_a_key() {
        assert_eq!(confidence(&[sent(0, 504, 7), sent(3_000, 201, 7)]), Some(0.45));
        assert_eq!(confidence(&[sent(0, 503, 7), sent(3_000, 201, 7)]), None, "the server said that it did nothing");
        let mut keyed = [sent(0, 504, 7), sent(3_000, 201, 7)];
        keyed.iter_mut().for_each(|m| m.deed.keyed = true);
        assert_eq!(confidence(&keyed), None);
    }
}
