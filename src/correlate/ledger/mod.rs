//! The ledger: who was given which id, and who used one that nobody had given him.
//!
//! [`Ledger::note`] writes down each event as [`Row`]s: ids that its request names, ids that its answer gives, objects that
//! it made and used. Rows of one id are judged together ([`Judged`]); of equal deeds the first counts, so that rows may be
//! folded in any order. They are small and go to disk beyond a budget, so that the ledger is exact however many ids there
//! are: nothing has to be forgotten, and nothing is only probably known.
//!
//! What comes of it is told by [`Unlearned`], for ids that are somebody else's, and by [`Walk`], for ids that were tried.

mod handed;
mod hasher;
mod people;
mod row;
mod standing;
#[cfg(test)]
mod tests;
mod unlearned;
mod walk;

use std::collections::BTreeMap;

use offpath_capture::{InputFormat, percent_decoded};

pub(super) use handed::handed;
pub use hasher::IdHasher;
use hasher::{ANY, SOME};
pub use people::People;
pub use row::{Deed, Row, fold};
pub use standing::{Answers, Attempt, Judged, Standing};
pub use unlearned::{Unlearned, UnlearnedDoubt, UseCounts, Users};
pub use walk::{LEAST, WINDOW, Walk, WalkDoubt, Walks, temper};

use crate::event::parcel::Parcel;
use crate::event::{Actor, Event, EventId, Evidence, HandedId, ObjectRef, Outcome, SoughtId, path};

/// Digits of a number that can be guessed.
const GUESSED_DIGITS: usize = 12;
/// Letters around it.
const GUESSED_LETTERS: usize = 8;
/// Tenants at the beginning of paths whose numbers are judged: what is given outside of them may be each one's.
const MOST_TENANTS: usize = 16;
/// Words of a path behind which a number says which part of something is asked for.
const COUNTING: [&str; 22] = [
    "page", "offset", "skip", "start", "from", "limit", "size", "year", "years", "quarter", "quarters", "month",
    "months", "week", "weeks", "day", "days", "hour", "hours", "version", "versions", "v",
];

impl Parcel for Row {
    const COLUMN: &'static str = "deed";
}

impl Parcel for Attempt {
    const COLUMN: &'static str = "attempt";
}

impl Parcel for People {
    const COLUMN: &'static str = "people";
}

impl Parcel for Users {
    const COLUMN: &'static str = "users";
}

/// Writes down what events did with ids.
#[derive(Clone, Debug)]
pub struct Ledger {
    ids: IdHasher,
    /// Hashes of the tenants that begin paths: the numbers of each are its own.
    tenants: BTreeMap<String, u64>,
    /// Actors whose answers were and were not seen.
    pub people: People,
}

impl Ledger {
    /// An empty ledger.
    pub fn new(ids: IdHasher) -> Ledger {
        Ledger { ids, tenants: BTreeMap::new(), people: People::default() }
    }

    /// The same, where these words begin paths and are tenants. Of more than a few nothing is judged by numbers.
    #[must_use]
    pub fn with_tenants<'t>(self, tenants: impl IntoIterator<Item = &'t String>) -> Ledger {
        let tenants = tenants.into_iter().map(|word| (word.clone(), self.ids.value(word))).collect();
        Ledger { tenants, ..self }
    }

    /// Takes the ids that went over out of a resolved event, and hands the event's rows to `push`. Nothing is written down
    /// of an event by nobody at all.
    pub fn note<E>(&mut self, event: &mut Event, mut push: impl FnMut(Row) -> Result<(), E>) -> Result<(), E> {
        let handed = event.handed.take();
        let Some(principal) = &event.actor.principal else { return Ok(()) };
        let row = Row {
            value: 0,
            actor: self.ids.value(principal),
            deed: Deed::Asked,
            kind: ANY,
            open: event.actor.evidence <= Evidence::Unproved,
            step: 0,
            named: false,
            time: event.time.saturating_add(event.tick.max(1) - 1),
            event: event.id,
            source: source(event.source),
            number: None,
            guessable: false,
            counted: false,
            class: self.class(&event.actor),
            service: is_service(&event.actor),
        };
        // In a coarse clock's tick the answer may have come at once.
        let answered = event.end.max(event.time).saturating_sub(event.tick.max(1) - 1);
        if let Some(handed) = &handed {
            self.people.add(row.actor, answered, !handed.unread);
            for id in &handed.asked {
                self.values(event, *id, true).try_for_each(|value| push(Row { value, ..row }))?;
            }
            for id in &handed.given {
                let given = Row { kind: id.kind, deed: Deed::Given, time: answered, ..row };
                self.values(event, *id, false).try_for_each(|value| push(Row { value, ..given }))?;
            }
            self.note_sought(event, &handed.sought, row, &mut push)?;
        }
        let asked = handed.as_deref().map_or(&[][..], |handed| &handed.asked);
        self.note_objects(event, row, (answered, asked), &mut push)
    }

    /// What somebody is, where that is more than what everybody is.
    fn class(&self, actor: &Actor) -> u64 {
        if !actor.roles.is_empty() && !actor.roles_defaulted {
            let mut roles: Vec<&str> = actor.roles.iter().map(|role| &**role).collect();
            roles.sort_unstable();
            return self.ids.value(&roles.join("\0")).max(1);
        }
        let told = actor.kind_known && !actor.kind.is_empty() && &*actor.kind != "human";
        if told { self.ids.value(&actor.kind).max(1) } else { 0 }
    }

    /// Numbers that were looked for by a word of the query: whatever they number.
    fn note_sought<E>(
        &self,
        event: &Event,
        sought: &[SoughtId],
        row: Row,
        push: &mut impl FnMut(Row) -> Result<(), E>,
    ) -> Result<(), E> {
        let deed = match event.outcome {
            Outcome::Accepted => Deed::Used,
            Outcome::Rejected if is_miss(event) => Deed::Missed,
            Outcome::Rejected | Outcome::Unknown => return Ok(()),
        };
        let Some(step) = event.operation.as_deref().or(event.activity.as_deref()) else { return Ok(()) };
        let step = self.ids.value(step);
        for SoughtId { word, value, number } in sought {
            let number = Some((*word, *number));
            let step = self.ids.pair(step, u64::from(*word));
            push(Row { value: *value, kind: SOME, deed, step, number, guessable: true, ..row })?;
        }
        Ok(())
    }

    fn note_objects<E>(
        &self,
        event: &Event,
        row: Row,
        (answered, asked): (i64, &[HandedId]),
        push: &mut impl FnMut(Row) -> Result<(), E>,
    ) -> Result<(), E> {
        let Some(step) = event.operation.as_deref().or(event.activity.as_deref()) else { return Ok(()) };
        let is_used = |object: &ObjectRef| is_about(object) && !self.own_key(event, object).contains('/');
        let about = event.objects.iter().any(is_used);
        let said = |object: &ObjectRef| !about && self.is_named(event, object, asked);
        for (at, object) in event.objects.iter().enumerate().filter(|(_, object)| is_used(object) || said(object)) {
            let key = self.own_key(event, object);
            let kind = self.ids.kind(&object.id.object_type);
            let own = self.ids.value(key);
            let Some(value) = self.value_at(event, object, own) else { continue };
            let row = Row { value, kind, named: !about, ..row };
            let deed = match event.outcome {
                Outcome::Accepted if row.named => Deed::Used,
                Outcome::Accepted if at == 0 && !event.read => {
                    // A number by the name of another type is not this thing's.
                    let named = |id: &HandedId| id.value == own && (matches!(id.kind, ANY | SOME) || id.kind == kind);
                    changed(event, key, asked.iter().any(named))
                }
                Outcome::Accepted => Deed::Used,
                Outcome::Rejected if is_miss(event) => Deed::Missed,
                Outcome::Rejected | Outcome::Unknown => continue,
            };
            if deed == Deed::Made {
                push(Row { deed, time: answered, ..row })?;
                continue;
            }
            push(Row { deed: Deed::Asked, kind: ANY, ..row })?;
            let step = self.ids.value(&format!("{step} {}", object.id.object_type));
            let number = number(key).map(|(around, number)| (self.ids.kind(&around), number));
            let (guessable, counted) = (is_guessable(key), is_counted(&event.path, key));
            push(Row { deed, step, number, guessable, counted, ..row })?;
        }
        Ok(())
    }
}

impl Ledger {
    /// Under which hashes an id goes that went over: a number under a tenant's beginning of the path is that tenant's, and
    /// what is given elsewhere may be any tenant's. Of what is `asked`, nobody says whether it is a number.
    fn values(&self, event: &Event, id: HandedId, asked: bool) -> impl Iterator<Item = u64> {
        let number = asked || id.kind != ANY;
        let at = self.tenant(event).map(|(_, hash)| hash).filter(|_| number);
        let elsewhere = at.is_none() && number && !asked && self.tenants.len() <= MOST_TENANTS;
        let all = self.tenants.values().filter(move |_| elsewhere);
        let plain = (at.is_none() || asked).then_some(id.value);
        plain.into_iter().chain(at.into_iter().chain(all).map(move |tenant| self.ids.pair(*tenant, id.value)))
    }

    /// The tenant that begins an event's path, and its hash.
    fn tenant<'e>(&self, event: &'e Event) -> Option<(&'e str, &u64)> {
        let root = path::root(&event.path)?;
        Some((root, self.tenants.get(root)?))
    }

    /// The key of an object within the tenant that begins the path; what is unique under another parent only keeps it.
    fn own_key<'e>(&self, event: &Event, object: &'e ObjectRef) -> &'e str {
        let key = &*object.id.key;
        let own = self.tenant(event).and_then(|(tenant, _)| key.strip_prefix(tenant)?.strip_prefix('/'));
        own.unwrap_or(key)
    }

    /// The hash of an object's id, of which `own` is that of its key within its tenant; none where tenants are too many.
    fn value_at(&self, event: &Event, object: &ObjectRef, own: u64) -> Option<u64> {
        let tenant = self.tenant(event).filter(|_| self.own_key(event, object).len() < object.id.key.len());
        match tenant {
            Some((_, tenant)) => (self.tenants.len() <= MOST_TENANTS).then(|| self.ids.pair(*tenant, own)),
            None => Some(own),
        }
    }

    /// Whether a request names an object, and no other of its type: `POST /lookup {"account_id": 17}`.
    fn is_named(&self, event: &Event, object: &ObjectRef, asked: &[HandedId]) -> bool {
        let is_asked = |object: &&ObjectRef| {
            let value = self.ids.value(&object.id.key);
            &*object.qualifier == "mentioned" && asked.iter().any(|id| id.value == value)
        };
        let of_type = event.objects.iter().filter(|other| other.id.object_type == object.id.object_type);
        is_asked(&object) && of_type.filter(is_asked).count() == 1
    }
}

/// Whether it is known that somebody is a service, and no agent acts.
fn is_service(actor: &Actor) -> bool {
    actor.kind_known && &*actor.kind == "service" && actor.agent.is_none()
}

/// The object of an event whose type has this hash.
pub fn object_of<'e>(event: &'e Event, kind: u32, ids: &IdHasher) -> Option<&'e ObjectRef> {
    event.objects.iter().find(|object| is_about(object) && ids.kind(&object.id.object_type) == kind)
}

/// What a write that was accepted did with its object. Who named the id himself, wherever, may have named one that was
/// there.
fn changed(event: &Event, key: &str, named: bool) -> Deed {
    match event.status {
        _ if event.answer.made && !named => Deed::Made,
        Some(200 | 201) if event.answer.made => Deed::Put,
        Some(201) if !is_passed(&event.path, key) => Deed::Put,
        _ => Deed::Used,
    }
}

/// Whether a path goes on behind a key, or does something to its object: what `POST /orders/42/refund` makes is no order.
fn is_passed(path: &str, key: &str) -> bool {
    let mut segments = path.rsplit('/').filter(|segment| !segment.is_empty()).map(|raw| percent_decoded(raw, false));
    let names = |segment: &str| segment.split(['(', ')', ':', '\'']).any(|part| part == key);
    let verb = segments.next().is_some_and(|last| last != key && last.contains(':') && names(&last));
    verb || segments.any(|segment| segment == key || names(&segment))
}

/// Whether a path counts parts of something by a key: `/archive/page/7`, `/stats/years/2024`.
fn is_counted(path: &str, key: &str) -> bool {
    let mut segments = path.split('/').filter(|segment| !segment.is_empty());
    let mut before = None;
    segments.any(|segment| {
        let word: Option<&str> = before.replace(segment);
        let counts = |word: &str| COUNTING.iter().any(|known| word.eq_ignore_ascii_case(known));
        segment == key && key.bytes().all(|b| b.is_ascii_digit()) && word.is_some_and(counts)
    })
}

/// Whether an event is about an object, which it does not merely mention.
fn is_about(object: &ObjectRef) -> bool {
    matches!(&*object.qualifier, "target" | "parent")
}

/// Whether a refusal says that there is no such thing, or not for him. A call inside a body is refused by an answer of 200
/// that says so.
fn is_miss(event: &Event) -> bool {
    match event.status {
        None | Some(200..=299) => true,
        Some(status) => (400..500).contains(&status) && !matches!(status, 408 | 409 | 429),
    }
}

/// The last number of a key, and what stands before and after it.
fn number(key: &str) -> Option<(String, u64)> {
    let end = key.rfind(|c: char| c.is_ascii_digit())? + 1;
    let head = key.get(..end)?;
    let start = head.rfind(|c: char| !c.is_ascii_digit()).map_or(0, |at| at + head.get(at..).map_or(1, first_len));
    let number = head.get(start..)?.parse().ok()?;
    Some((format!("{}#{}", head.get(..start)?, key.get(end..)?), number))
}

fn first_len(text: &str) -> usize {
    text.chars().next().map_or(1, char::len_utf8)
}

/// Whether who knows one id knows others: a number that is not long, with a word before or after it at most.
fn is_guessable(key: &str) -> bool {
    let digits = key.bytes().filter(u8::is_ascii_digit).count();
    let runs = key.split(|c: char| !c.is_ascii_digit()).filter(|run| !run.is_empty()).count();
    runs == 1 && digits <= GUESSED_DIGITS && key.len() - digits <= GUESSED_LETTERS
}

/// Number of a source's format.
pub fn source(name: &str) -> u8 {
    let place = InputFormat::ALL.iter().position(|format| format.as_str() == name);
    place.and_then(|place| u8::try_from(place).ok()).unwrap_or(u8::MAX)
}

/// The format of such a number.
pub fn source_name(number: u8) -> &'static str {
    InputFormat::ALL.get(usize::from(number)).map_or("json", |format| format.as_str())
}

/// The events that show something: the first of each, spread over all.
fn spread(events: impl ExactSizeIterator<Item = EventId>, most: usize) -> Vec<EventId> {
    let count = events.len();
    let every = count.div_ceil(most.max(1)).max(1);
    events.step_by(every).collect()
}
