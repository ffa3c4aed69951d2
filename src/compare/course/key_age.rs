//! Credentials in use for long: by the time that a token says it was issued at, and by how long a key was seen.

use std::collections::BTreeSet;

use super::DAY;
use super::door::{Door, Doors};
use super::moment::Moment;
use super::told::{Said, Told};
use crate::compare::deviation::Check;
use crate::compare::threshold::{KEY_AGE, NO_ROTATION, ROTATION_DAYS};
use crate::event::Mark;

/// 2000-01-01: what was issued before says nothing.
const EARLIEST: i64 = 946_684_800 * super::SECOND;
/// Most days that are told apart.
const MOST_DAYS: usize = 1_000;

/// Confidence of what is for review only.
const FOR_REVIEW: f32 = 0.45;
const ITSELF: &str = "the token says it itself";
const SAME: &str = "the credential is the same by its hash; that nobody changed it where it is kept does not follow";
const UNREAD: &str = "nothing shows that the operation asks for a credential: it may not have read this one";

const BESIDE: &str = "it was only shown beside another credential, by which the server may have gone";

/// Judges what one credential was used for. What an open operation is shown, it need not have read.
pub(super) fn fold(course: &[Moment], doors: &Doors, told: &mut Told) {
    let used = |m: &&Moment| m.deed.accepted && !m.deed.ends && !m.deed.spends && doors.of(m.step) != Door::Open;
    let of_program = |m: &&Moment| m.deed.service || m.deed.api_key || m.deed.agent;
    aged(course.iter().filter(used).filter(|m| of_program(m) || m.setting.life.is_none()), doors, told);
    kept(course.iter().filter(used).filter(of_program), doors, told);
}

/// A token, long after it was issued.
fn aged<'m>(uses: impl Iterator<Item = &'m Moment>, doors: &Doors, told: &mut Told) {
    let limit = told.limits.get(&KEY_AGE);
    let age = |m: &Moment| m.setting.issued.filter(|at| *at >= EARLIEST).map(|at| m.time.saturating_sub(at));
    // The last is the oldest; what stood alone is what the server took.
    let (mut alone, mut beside) = (None, None);
    for used in uses.filter_map(|m| Some((m, age(m)?))) {
        *(if used.0.setting.marks.has(Mark::Accompanied) { &mut beside } else { &mut alone }) = Some(used);
    }
    let Some((last, oldest)) = alone.or(beside) else { return };
    if oldest <= limit {
        return told.count(Check::KeyAge, last.source, Some(false));
    }
    let expected = format!("a new one after {} days", limit / DAY);
    let observed = format!("one that was issued {} days before", oldest / DAY);
    let (at_most, because) = doubt(last, doors, (0.8, ITSELF));
    told.tell(Check::KeyAge, &[last], Said::new(expected, observed, at_most, because));
}

/// A key that tells no time itself, over what was seen of it.
fn kept<'m>(uses: impl Iterator<Item = &'m Moment>, doors: &Doors, told: &mut Told) {
    let limit = told.limits.get(&NO_ROTATION);
    let (mut first, mut last, mut days) = (None::<&Moment>, None::<&Moment>, BTreeSet::new());
    for moment in uses.filter(|m| m.setting.issued.is_none()) {
        first.get_or_insert(moment);
        last = Some(moment);
        if days.len() < MOST_DAYS {
            days.insert(moment.time.div_euclid(DAY));
        }
    }
    let Some((first, last)) = first.zip(last) else { return };
    let span = last.time.saturating_sub(first.time);
    if span <= limit || days.len() < told.limits.count(&ROTATION_DAYS) {
        return told.count(Check::NotRotated, last.source, Some(false));
    }
    let expected = format!("another one after {} days", limit / DAY);
    let observed = format!("the same for {} days", span / DAY);
    let (at_most, because) = doubt(last, doors, (0.7, SAME));
    told.tell(Check::NotRotated, &[first, last], Said::new(expected, observed, at_most, because));
}

fn doubt(moment: &Moment, doors: &Doors, read: (f32, &'static str)) -> (f32, &'static str) {
    match doors.of(moment.step) {
        _ if moment.setting.marks.has(Mark::Accompanied) => (FOR_REVIEW, BESIDE),
        Door::Guarded => read,
        Door::Unknown | Door::Open => (FOR_REVIEW, UNREAD),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::course::sample;

    fn used(day: i64, change: impl FnOnce(&mut Moment)) -> Moment {
        let mut moment = sample::moment(day * 86_400);
        moment.deed.service = true;
        change(&mut moment);
        moment
    }

    fn found(course: &[Moment], guarded: bool) -> Vec<(Check, f32)> {
        let (mut doors, mut told) = (Doors::default(), Told::default());
        if guarded {
            doors.note(&Moment { status: 401, ..sample::moment(0) });
        }
        fold(course, &doors, &mut told);
        told.strays.iter().map(|stray| (stray.check, stray.doubt.unwrap().0)).collect()
    }

    #[test]
    fn a_token_is_as_old_as_it_says() {
        let issued = |at: i64, by: i64| used(by, |m| m.setting.issued = Some(at * DAY));
        let base = 20_000;
        assert_eq!(found(&[issued(base, base + 5), issued(base, base + 100)], true), [(Check::KeyAge, 0.8)]);
        assert_eq!(found(&[issued(base, base + 100)], false), [(Check::KeyAge, 0.45)]);
        assert_eq!(found(&[issued(base, base + 80)], true), []);
        assert_eq!(found(&[issued(3, base)], true), [], "no time of issue");
        let mut of_person = issued(base, base + 100);
        (of_person.deed.service, of_person.setting.life) = (false, Some(200 * DAY));
        assert_eq!(found(&[of_person], true), [], "that it lives long is its issuer's matter");
    }

    #[test]
    fn a_token_beside_another_credential_may_be_anybodys() {
        let old = |beside: bool, day: i64| {
            used(20_000 + day, |m| {
                m.setting.issued = Some(20_000 * DAY);
                m.setting.marks.add_if(beside, Mark::Accompanied);
            })
        };
        assert_eq!(found(&[old(true, 100)], true), [(Check::KeyAge, 0.45)], "the server may have gone by the other");
        assert_eq!(
            found(&[old(false, 95), old(true, 100)], true),
            [(Check::KeyAge, 0.8)],
            "it was taken alone as well"
        );
        assert_eq!(found(&[old(false, 5), old(true, 100)], true), [], "alone it was young");
    }

    #[test]
    fn a_key_is_as_old_as_it_is_seen() {
        let uses = |days: &[i64]| days.iter().map(|day| used(*day, |_| {})).collect::<Vec<_>>();
        assert_eq!(found(&uses(&[0, 20, 40, 60, 80, 95]), true), [(Check::NotRotated, 0.7)]);
        assert_eq!(found(&uses(&[0, 20, 40, 60, 80, 95]), false), [(Check::NotRotated, 0.45)]);
        assert_eq!(found(&uses(&[0, 95]), true), [], "tried twice");
        assert_eq!(found(&uses(&[0, 20, 40, 60, 80]), true), []);
    }
}
