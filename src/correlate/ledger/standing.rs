//! One id: who was given it, and who used it without having been.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::hasher::ANY;
use super::people::People;
use super::row::{Deed, Row};
use crate::event::EventId;

/// Others who use an object without having made it, from which on it is shared.
pub(super) const SHARED: usize = 3;
/// How far clocks may be apart, in microseconds: an answer so much later than the request counts as before it.
pub(super) const CLOCKS: i64 = 1_000_000;

/// One actor's use of one id that no answer had given him.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Attempt {
    /// The use, or the refusal of it.
    pub row: Row,
    /// Whose the object is, as far as known.
    pub standing: Standing,
    /// Whether the answers that he got before were seen.
    pub answers: Answers,
    /// A number that he was given may be this id, or another thing's.
    pub perhaps: bool,
}

/// Whose an object is, as far as the ledger knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Standing {
    /// It was refused, or there is none.
    Missed,
    /// Made by somebody else, in an event of the traffic.
    Made(EventId),
    /// Given to somebody else before, in an event; it was there before the traffic.
    Held(EventId),
    /// The same, and many use it.
    Shared(EventId),
    /// Everybody's: used in the open; or several objects have the id, as where each tenant counts its own.
    Open,
    /// Nobody else was seen with it.
    Unknown,
}

/// Whether the answers that an actor got were seen, of those that may have given an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Answers {
    /// All of them.
    Seen,
    /// Some.
    Some,
    /// None at all.
    None,
}

/// What the rules are judged by.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Judged {
    /// Uses by those whom no answer had given the id.
    pub attempts: Vec<Attempt>,
    /// Accepted uses by those who had been given it or had made it, and that they made it.
    pub learned: Vec<Row>,
}

impl Judged {
    /// Judges the rows of one id, folded; in time and memory of their number, whoever chose them.
    pub fn add(&mut self, rows: &[Row], people: &People) {
        let id = Id::of(rows);
        for own in rows.chunk_by(|a, b| a.actor == b.actor) {
            let named = own.iter().filter(|row| !row.open && row.deed == Deed::Asked).map(|row| row.time).min();
            let mut received: BTreeMap<u32, i64> = BTreeMap::new();
            let mut made: BTreeSet<u32> = BTreeSet::new();
            for row in own.iter().filter(|row| !row.open) {
                match row.deed {
                    Deed::Given => {
                        let first = received.entry(row.kind).or_insert(row.time);
                        *first = row.time.min(*first);
                    }
                    Deed::Made => {
                        made.insert(row.kind);
                        self.learned.push(*row);
                    }
                    Deed::Asked | Deed::Used | Deed::Missed => {}
                }
            }
            let first = received.values().min().copied();
            for row in own.iter().filter(|row| matches!(row.deed, Deed::Used | Deed::Missed)) {
                // What he had named before it was given to him, he knew otherwise.
                let before = named.unwrap_or(row.time).min(row.time).saturating_add(CLOCKS);
                let given = |kind: u32| received.get(&kind).is_some_and(|time| *time <= before);
                if !row.open && (made.contains(&row.kind) || given(ANY) || given(row.kind)) {
                    self.learned.extend((row.deed == Deed::Used).then_some(*row));
                    continue;
                }
                let (standing, since) =
                    if row.deed == Deed::Missed { (Standing::Missed, None) } else { id.standing(row) };
                let answers = people.answers(row.actor, since.unwrap_or(i64::MIN), row.time);
                let blind = since.is_some_and(|since| people.is_blind(since, row.time));
                let answers = if blind { answers.max(Answers::Some) } else { answers };
                let perhaps = first.is_some_and(|time| time <= before);
                self.attempts.push(Attempt { row: *row, standing, answers, perhaps });
            }
        }
    }
}

/// What all actors together did with one id.
#[derive(Default)]
struct Id {
    open: bool,
    /// By type.
    kinds: BTreeMap<u32, Kind>,
}

#[derive(Default)]
struct Kind {
    /// The first two who made it, by name.
    makers: BTreeMap<u64, (i64, EventId)>,
    /// Some who used it: enough to know that they are many.
    users: BTreeSet<u64>,
    /// The first two who were given it.
    holders: Vec<(i64, EventId, u64)>,
}

impl Id {
    fn of(rows: &[Row]) -> Id {
        let mut id = Id::default();
        for row in rows {
            id.open |= row.open && matches!(row.deed, Deed::Used | Deed::Given);
            let kind = id.kinds.entry(row.kind).or_default();
            match row.deed {
                Deed::Made if kind.makers.len() < 2 || kind.makers.contains_key(&row.actor) => {
                    let first = kind.makers.entry(row.actor).or_insert((row.time, row.event));
                    *first = (row.time, row.event).min(*first);
                }
                Deed::Used if kind.users.len() < SHARED + 3 => _ = kind.users.insert(row.actor),
                Deed::Given => {
                    kind.holders.push((row.time, row.event, row.actor));
                    keep_two(&mut kind.holders);
                }
                Deed::Made | Deed::Used | Deed::Asked | Deed::Missed => {}
            }
        }
        id
    }

    /// Whose the object of an accepted use is, and since when it is.
    fn standing(&self, row: &Row) -> (Standing, Option<i64>) {
        let Some(kind) = self.kinds.get(&row.kind).filter(|kind| !self.open && kind.makers.len() < 2) else {
            return (Standing::Open, None);
        };
        let others = kind.users.iter().filter(|user| **user != row.actor && !kind.makers.contains_key(user)).count();
        let maker = kind.makers.values().next().filter(|(time, _)| *time <= row.time.saturating_add(CLOCKS));
        let anybody = self.kinds.get(&ANY).filter(|_| row.kind != ANY).into_iter().flat_map(|any| &any.holders);
        let holders =
            kind.holders.iter().chain(anybody).filter(|(time, _, who)| *who != row.actor && *time <= row.time);
        let holder = holders.min().map(|(_, event, _)| *event);
        match (maker, holder) {
            (Some((_, event)), _) if others >= SHARED => (Standing::Shared(*event), None),
            (Some((time, event)), _) => (Standing::Made(*event), Some(*time)),
            (None, Some(event)) if others >= SHARED => (Standing::Shared(event), None),
            (None, Some(event)) => (Standing::Held(event), None),
            (None, None) => (Standing::Unknown, None),
        }
    }
}

/// Keeps the first two of different actors.
fn keep_two(holders: &mut Vec<(i64, EventId, u64)>) {
    holders.sort_unstable();
    let mut seen = BTreeSet::new();
    holders.retain(|(_, _, who)| seen.insert(*who));
    holders.truncate(2);
}
