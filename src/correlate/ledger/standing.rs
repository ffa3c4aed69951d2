//! One id: who was given it, and who used it without having been.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::hasher::{ANY, SOME};
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
    /// When somebody else made it, where that was seen.
    pub made: Option<i64>,
}

impl Attempt {
    /// Whether it goes through the pages or years of something: a number that counts them, of nothing that anybody was
    /// seen with.
    pub(super) fn is_counting(&self) -> bool {
        self.row.counted && matches!(self.standing, Standing::Missed | Standing::Unknown | Standing::Open)
    }
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
    /// Either, and many use it, or somebody does in the open, or the server says that the user made it as well.
    Shared(EventId),
    /// Everybody's: used in the open, and nobody was seen to make it.
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

/// What somebody's use of an id that he knew says of whose it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// Nobody else was seen to make it.
    Own,
    /// Somebody else made it.
    Of(u64),
    /// Nothing: an answer gave it after he had named it, and before only as clocks may differ.
    Unsaid,
}

/// What the rules are judged by.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Judged {
    /// Uses by those whom no answer had given the id.
    pub attempts: Vec<Attempt>,
    /// Accepted uses by those who had been given it or had made it, and that they made it.
    pub learned: Vec<(Row, Whose)>,
    /// That others than the maker were given it before they named it, with the type of what he made and himself.
    pub shown: Vec<(Row, u32, u64)>,
}

impl Judged {
    /// Judges the rows of one id, folded; in time and memory of their number, whoever chose them.
    pub fn add(&mut self, rows: &[Row], people: &People) {
        let id = Id::of(rows);
        for own in rows.chunk_by(|a, b| a.actor == b.actor) {
            let named = own.iter().filter(|row| !row.open && row.deed == Deed::Asked).map(|row| row.time).min();
            let mut received: BTreeMap<u32, i64> = BTreeMap::new();
            let mut made: BTreeMap<u32, i64> = BTreeMap::new();
            for row in own.iter().filter(|row| !row.open) {
                match row.deed {
                    Deed::Given => {
                        let first = received.entry(row.kind).or_insert(row.time);
                        *first = row.time.min(*first);
                    }
                    Deed::Made | Deed::Put if row.deed == Deed::Made || id.is_maker(row) => {
                        let first = made.entry(row.kind).or_insert(row.time);
                        *first = row.time.min(*first);
                        self.learned.push((*row, Whose::Own));
                    }
                    Deed::Asked | Deed::Made | Deed::Put | Deed::Used | Deed::Missed => {}
                }
            }
            self.show(&id, own, named);
            let first = received.values().min().copied();
            for row in own.iter().filter(|row| is_use(row)) {
                // What he had named before it was given to him, he knew otherwise.
                let before = named.unwrap_or(row.time).min(row.time).saturating_add(CLOCKS);
                let given = |kind: u32| received.get(&kind).is_some_and(|time| *time <= before);
                let latest = row.time.saturating_add(CLOCKS);
                let made_it = made.get(&row.kind).is_some_and(|time| *time <= latest);
                if row.kind == SOME {
                    // What he looks for by a number, he may have been given as anything.
                    let known = first.is_some_and(|time| time <= before) || made.values().any(|time| *time <= latest);
                    if row.open || !known {
                        let standing = if row.deed == Deed::Missed { Standing::Missed } else { id.numbered(row) };
                        let answers = people.answers(row.actor, i64::MIN, row.time);
                        self.attempts.push(Attempt { row: *row, standing, answers, perhaps: false, made: None });
                    }
                    continue;
                }
                if !row.open && (made_it || given(ANY) || given(row.kind)) {
                    let then = before.saturating_sub(CLOCKS);
                    let first = |kind: u32| received.get(&kind).is_some_and(|time| *time <= then);
                    let whose = match id.maker_for(row) {
                        _ if !made_it && !first(ANY) && !first(row.kind) => Whose::Unsaid,
                        None => Whose::Own,
                        Some(maker) => Whose::Of(maker),
                    };
                    self.learned.extend((row.deed == Deed::Used).then_some((*row, whose)));
                    continue;
                }
                let (standing, since) =
                    if row.deed == Deed::Missed { (Standing::Missed, None) } else { id.standing(row) };
                let answers = people.answers(row.actor, since.unwrap_or(i64::MIN), row.time);
                let blind = since.is_some_and(|since| people.is_blind(since, row.time));
                let answers = if blind { answers.max(Answers::Some) } else { answers };
                let perhaps = first.is_some_and(|time| time <= before);
                self.attempts.push(Attempt { row: *row, standing, answers, perhaps, made: since });
            }
        }
    }
}

impl Judged {
    /// Notes that answers gave somebody the object of another.
    fn show(&mut self, id: &Id, own: &[Row], named: Option<i64>) {
        for row in own.iter().filter(|row| row.deed == Deed::Given && !row.open) {
            let unasked = named.is_none_or(|named| row.time <= named.saturating_add(CLOCKS));
            let of_kind = id.kinds.iter().filter(|(kind, _)| row.kind == ANY || row.kind == **kind);
            let made = of_kind.filter_map(|(kind, of)| Some((*kind, of.made.first()?.2)));
            self.shown.extend(
                made.filter(|(_, maker)| unasked && *maker != row.actor).map(|(kind, maker)| (*row, kind, maker)),
            );
        }
    }
}

/// Whether a deed is judged: a use, or a refusal of it.
fn is_use(row: &Row) -> bool {
    matches!(row.deed, Deed::Put | Deed::Used | Deed::Missed)
}

/// What all actors together did with one id.
#[derive(Default)]
struct Id {
    /// By type.
    kinds: BTreeMap<u32, Kind>,
}

#[derive(Default)]
struct Kind {
    /// Used, or given, in the open.
    open: bool,
    /// Who made it.
    makers: BTreeSet<u64>,
    /// The first two of them.
    made: Vec<(i64, EventId, u64)>,
    /// Who was told first that he made it, under an id that he had named.
    put: Option<(i64, EventId, u64)>,
    /// All who were told so, and since when.
    told: BTreeMap<u64, i64>,
    /// Some who used it and did not make it: enough to know that they are many.
    users: BTreeSet<u64>,
    /// The first two who were given it.
    holders: Vec<(i64, EventId, u64)>,
    /// The first two who used it.
    used: Vec<(i64, EventId, u64)>,
}

impl Id {
    fn of(rows: &[Row]) -> Id {
        let mut id = Id::default();
        // What is merely named, nobody need have used.
        for row in rows.iter().filter(|row| !row.named) {
            let kind = id.kinds.entry(row.kind).or_default();
            kind.open |= row.open && matches!(row.deed, Deed::Used | Deed::Given);
            match row.deed {
                Deed::Made => {
                    kind.makers.insert(row.actor);
                    kind.made.push((row.time, row.event, row.actor));
                    keep_two(&mut kind.made);
                }
                Deed::Put => {
                    let put = (row.time, row.event, row.actor);
                    kind.put = Some(kind.put.map_or(put, |first| first.min(put)));
                    let since = kind.told.entry(row.actor).or_insert(row.time);
                    *since = row.time.min(*since);
                }
                Deed::Given => {
                    kind.holders.push((row.time, row.event, row.actor));
                    keep_two(&mut kind.holders);
                }
                Deed::Used => {
                    kind.used.push((row.time, row.event, row.actor));
                    keep_two(&mut kind.used);
                }
                Deed::Asked | Deed::Missed => {}
            }
        }
        // Who is told that he made what somebody else was given a new id for made nothing.
        for Kind { told, made, .. } in id.kinds.values_mut() {
            told.retain(|who, since| !made.iter().any(|(time, _, maker)| maker != who && time <= since));
        }
        let put: Vec<_> =
            id.kinds.iter().filter_map(|(name, kind)| Some((*name, id.first_put(*name, kind)?))).collect();
        for (name, first) in put {
            if let Some(kind) = id.kinds.get_mut(&name) {
                kind.makers.insert(first.2);
                kind.made.push(first);
                keep_two(&mut kind.made);
            }
        }
        for row in rows.iter().filter(|row| !row.named && matches!(row.deed, Deed::Put | Deed::Used)) {
            let Some(kind) = id.kinds.get_mut(&row.kind) else { continue };
            if kind.users.len() <= SHARED && !kind.makers.contains(&row.actor) {
                kind.users.insert(row.actor);
            }
        }
        id
    }

    /// Who made it by naming it: the first, where nobody else had it or used it before.
    fn first_put(&self, name: u32, kind: &Kind) -> Option<(i64, EventId, u64)> {
        let put = kind.put?;
        let before = |time: i64, who: u64| who != put.2 && time <= put.0;
        let mut had = self.holders(name, kind).chain(&kind.made).chain(&kind.used);
        (!had.any(|(time, _, who)| before(*time, *who))).then_some(put)
    }

    /// Whether who was told that he made it did.
    fn is_maker(&self, row: &Row) -> bool {
        self.kinds.get(&row.kind).is_some_and(|kind| kind.makers.contains(&row.actor))
    }

    /// Who made what somebody else used.
    fn maker_for(&self, row: &Row) -> Option<u64> {
        let kind = self.kinds.get(&row.kind).filter(|kind| !kind.makers.contains(&row.actor))?;
        kind.made.first().map(|(_, _, maker)| *maker)
    }

    /// Who was given it, under the name of its type or any; where somebody was told that he made what was there, also who
    /// used it before.
    fn had<'i>(&'i self, name: u32, kind: &'i Kind) -> impl Iterator<Item = &'i (i64, EventId, u64)> {
        let there = kind.made.is_empty() && kind.put.is_some();
        self.holders(name, kind).chain(kind.used.iter().filter(move |_| there))
    }

    /// Who was given it, under the name of its type or any.
    fn holders<'i>(&'i self, name: u32, kind: &'i Kind) -> impl Iterator<Item = &'i (i64, EventId, u64)> {
        let anybody = self.kinds.get(&ANY).filter(|_| name != ANY).into_iter().flat_map(|any| &any.holders);
        kind.holders.iter().chain(anybody)
    }

    /// Whose anything of the number is that somebody looked for.
    fn numbered(&self, row: &Row) -> Standing {
        let many = |kind: &Kind| kind.open || kind.users.iter().filter(|user| **user != row.actor).count() >= SHARED;
        let seen = self.kinds.values().flat_map(|kind| kind.made.iter().chain(&kind.holders));
        let others = seen.filter(|(time, _, who)| *who != row.actor && *time <= row.time).min();
        match others {
            Some((_, event, _)) if self.kinds.values().any(many) => Standing::Shared(*event),
            Some((_, event, _)) => Standing::Held(*event),
            None => Standing::Unknown,
        }
    }

    /// Whose the object of an accepted use is, and since when it is.
    fn standing(&self, row: &Row) -> (Standing, Option<i64>) {
        let Some(kind) = self.kinds.get(&row.kind) else { return (Standing::Unknown, None) };
        let open = kind.open || self.kinds.get(&ANY).is_some_and(|any| any.open);
        let told = kind.told.get(&row.actor).is_some_and(|since| *since <= row.time);
        let others = kind.users.iter().filter(|user| **user != row.actor).count();
        let shared = open || told || others >= SHARED;
        let mut makers = kind.made.iter().filter(|(_, _, who)| *who != row.actor);
        let maker = makers.find(|(time, _, _)| *time <= row.time.saturating_add(CLOCKS));
        let holders = self.had(row.kind, kind).filter(|(time, _, who)| *who != row.actor && *time <= row.time);
        let holder = holders.min().map(|(_, event, _)| *event);
        match (maker, holder) {
            (Some((_, event, _)), _) if shared => (Standing::Shared(*event), None),
            // Each tenant may count its own, and the user may be of either.
            (Some((_, event, _)), _) if kind.makers.len() > 1 => (Standing::Held(*event), None),
            (Some((time, event, _)), _) => (Standing::Made(*event), Some(*time)),
            // What anybody uses and nobody was seen to make is public: that somebody was given it makes it nobody's.
            (None, _) if open => (Standing::Open, None),
            (None, Some(event)) if shared => (Standing::Shared(event), None),
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
