//! How much each actor is sent by a host in a day, against others of the kind and against itself.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::route::ActorKind;
use super::told::Told;
use super::{Class, DAY};
use crate::compare::Stray;
use crate::compare::deviation::Check;
use crate::compare::threshold::{VOLUME_ACTORS, VOLUME_MEGABYTES, VOLUME_TIMES};
use crate::event::{Event, EventId, Evidence, Outcome};

/// Bytes of what a threshold counts.
const MEGABYTE: u64 = 1_000_000;
/// Other days on which an actor was seen, without which nothing is usual for it.
const OWN_DAYS: usize = 5;

const BOTH: (f32, &str) = (0.55, "an export or a move to another system looks the same");
const ONE: (f32, &str) = (0.45, "it may be its work: either no others are known to compare it with, or no other days");
const UNKNOWN: (f32, &str) = (0.4, "several may be behind one address");

/// What one host sent one actor in a day; of one size, so that it can wait on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Amount {
    /// Hash of the host.
    pub host: u64,
    /// Hash of who it was.
    pub actor: u64,
    /// Which day.
    pub day: i64,
    /// A person, a service or an agent.
    pub kind: ActorKind,
    /// It is told who it is, by more than an address.
    pub known: bool,
    /// Bytes of bodies.
    pub bytes: u64,
    /// Answers.
    pub answers: u64,
    /// The largest of them, the first of its size.
    pub largest: (u64, std::cmp::Reverse<EventId>),
    /// Number of the source's format.
    pub source: u8,
}

impl Amount {
    /// What an answer that was given adds; nothing where its size is not known. `actor` and `host` are hashes.
    pub fn of(event: &Event, (host, actor): (u64, u64), class: Class, source: u8) -> Option<Amount> {
        let bytes = event.answer.size.filter(|_| event.outcome == Outcome::Accepted && actor != 0)?;
        Some(Amount {
            host,
            actor,
            day: event.time.div_euclid(DAY),
            kind: class.kind,
            known: event.actor.evidence > Evidence::Unproved,
            bytes,
            answers: 1,
            largest: (bytes, std::cmp::Reverse(event.id)),
            source,
        })
    }

    /// Makes one of all that are of one host, actor and day.
    pub fn fold(amounts: &mut Vec<Amount>) {
        let key = |one: &Amount| (one.host, one.actor, one.day);
        amounts.sort_unstable();
        amounts.dedup_by(|next, kept| {
            let same = key(next) == key(kept);
            if same {
                kept.bytes = kept.bytes.saturating_add(next.bytes);
                kept.answers += next.answers;
                kept.largest = kept.largest.max(next.largest);
                (kept.kind, kept.known) = (kept.kind.max(next.kind), kept.known && next.known);
                kept.source = kept.source.min(next.source);
            }
            same
        });
    }
}

/// Judges one host: its amounts, folded.
pub fn volumes(host: &[Amount], told: &mut Told) {
    let actors: Vec<&[Amount]> = host.chunk_by(|a, b| a.actor == b.actor).collect();
    let most = |days: &[Amount]| days.iter().map(|day| day.bytes).max().unwrap_or(0);
    let mut by_kind: BTreeMap<ActorKind, Vec<u64>> = BTreeMap::new();
    for days in &actors {
        let kind = days.first().map(|day| day.kind).unwrap_or_default();
        by_kind.entry(kind).or_default().push(most(days));
    }
    by_kind.values_mut().for_each(|most| most.sort_unstable());
    for days in actors {
        let Some(worst) = days.iter().max_by_key(|day| (day.bytes, std::cmp::Reverse(day.day))) else { continue };
        let others = by_kind.get(&worst.kind).map_or(&[][..], |most| most);
        let own: Vec<u64> = days.iter().filter(|day| day.day != worst.day).map(|day| day.bytes).collect();
        let usual = [of_others(others, worst.bytes, told), of_itself(&own)];
        let Some(level) = usual.into_iter().flatten().max() else { continue };
        let times = u64::try_from(told.limits.get(&VOLUME_TIMES)).unwrap_or(u64::MAX);
        let least = u64::try_from(told.limits.get(&VOLUME_MEGABYTES)).unwrap_or(u64::MAX).saturating_mul(MEGABYTE);
        if worst.bytes < least.max(level.saturating_mul(times)) {
            told.count(Check::Volumes, worst.source, Some(false));
            continue;
        }
        let doubt = match (worst.known, usual) {
            (false, _) => UNKNOWN,
            (true, [Some(_), Some(_)]) => BOTH,
            (true, _) => ONE,
        };
        let stray = Stray {
            check: Check::Volumes,
            at: worst.largest.1.0,
            events: vec![worst.largest.1.0],
            expected: vec![format!("at most {} in a day", size(level)).into()],
            observed: vec![format!("{} in {}", size(worst.bytes), answers(worst.answers)).into()],
            doubt: Some(doubt),
        };
        told.stray(stray, worst.source);
    }
}

/// What all but one in twenty others were sent at most in a day; nothing where they are few.
fn of_others(most: &[u64], own: u64, told: &Told) -> Option<u64> {
    let others = most.len().checked_sub(1).filter(|others| *others >= told.limits.count(&VOLUME_ACTORS))?;
    let at = (others - 1) * 95 / 100;
    // The place moves by one where the actor itself is below it.
    let at = if most.get(at).is_some_and(|level| *level >= own) { at + 1 } else { at };
    most.get(at).copied()
}

/// What an actor was sent at most on other days; nothing where they are few.
fn of_itself(other_days: &[u64]) -> Option<u64> {
    other_days.iter().copied().max().filter(|_| other_days.len() >= OWN_DAYS)
}

fn answers(count: u64) -> String {
    if count == 1 { "1 answer".to_owned() } else { format!("{count} answers") }
}

/// So many bytes, in words.
fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..MEGABYTE => format!("{} kB", bytes / 1_000),
        _ => format!("{} MB", bytes / MEGABYTE),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sent(actor: u64, day: i64, bytes: u64) -> Amount {
        let largest = (bytes, std::cmp::Reverse(EventId(actor * 1_000 + day.unsigned_abs())));
        let kind = ActorKind::Other;
        Amount { host: 1, actor, day, kind, known: true, bytes, answers: 1, largest, source: 0 }
    }

    fn found(amounts: &[Amount]) -> Vec<(EventId, String, f32)> {
        let mut amounts = amounts.to_vec();
        Amount::fold(&mut amounts);
        let mut told = Told::default();
        volumes(&amounts, &mut told);
        told.strays.iter().map(|s| (s.at, s.observed[0].to_string(), s.doubt.unwrap().0)).collect()
    }

    fn others(count: u64, bytes: u64) -> Vec<Amount> {
        (1..=count).map(|actor| sent(actor, 0, bytes)).collect()
    }

    const MUCH: u64 = 200 * MEGABYTE;

    #[test]
    fn far_more_than_others_and_than_ever_is_told() {
        let one = |days: std::ops::Range<i64>| days.map(|day| sent(99, day, MEGABYTE)).collect::<Vec<_>>();
        let eve = vec![sent(99, 9, MUCH)];
        let told = |most| vec![(EventId(99_009), "200 MB in 1 answer".to_owned(), most)];
        assert_eq!(found(&[others(20, MEGABYTE), eve.clone()].concat()), told(0.45));
        assert_eq!(found(&[others(20, MEGABYTE), eve.clone(), one(0..6)].concat()), told(0.55));
        assert_eq!(found(&[eve.clone(), one(0..6)].concat()), told(0.45), "nobody else");
        assert_eq!(found(&[eve.clone(), one(0..3)].concat()), [], "nothing is usual");
        assert_eq!(found(&[others(20, 30 * MEGABYTE), eve.clone()].concat()), [], "not so much more");
        assert_eq!(
            found(&[others(20, MEGABYTE), eve.clone(), vec![sent(99, 3, MUCH)], one(4..9)].concat()),
            [],
            "as before"
        );
        assert_eq!(found(&[others(20, 1_000), vec![sent(99, 9, 20 * MEGABYTE)]].concat()), [], "little, however rare");
        let backup = Amount { kind: ActorKind::Service, ..sent(99, 9, MUCH) };
        assert_eq!(found(&[others(20, MEGABYTE), vec![backup]].concat()), [], "a service is compared with services");
        let nobody = Amount { known: false, ..sent(99, 9, MUCH) };
        assert_eq!(found(&[others(20, MEGABYTE), vec![nobody]].concat()), told(0.4));
    }

    proptest! {
        #[test]
        fn the_level_of_others_is_that_of_a_list_without_the_actor(
            most in proptest::collection::vec(0..50_u64, 12..40), own in any::<prop::sample::Index>(),
        ) {
            let mut most = most;
            most.sort_unstable();
            let own = own.index(most.len());
            let mut without = most.clone();
            let bytes = without.remove(own);
            prop_assert_eq!(of_others(&most, bytes, &Told::default()), Some(without[(without.len() - 1) * 95 / 100]));
        }
    }
}
