//! Use of an object after its deletion, where no lifecycle says what may follow what.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::deviation::{CaseResult, Check, Doubt};
use super::effect::Found;
use super::history::History;
use crate::event::{Event, ObjectId, Outcome};

/// Confidence at most of a mere read: an archive, a trash can or an audit page may show what was deleted.
const ONLY_READ: f32 = 0.4;
/// Actors of one use that are told apart; habit asks for fewer.
const MOST_ACTORS: usize = 8;

/// Words of a path behind which everybody has things of their own: `/me/devices/3` is another device for another person.
const PERSONAL: [&str; 20] = [
    "me",
    "my",
    "mine",
    "self",
    "current",
    "cart",
    "basket",
    "bag",
    "wishlist",
    "watchlist",
    "favourites",
    "favorites",
    "favourite",
    "favorite",
    "likes",
    "bookmarks",
    "saved",
    "stars",
    "starred",
    "drafts",
];

/// Words by which an operation says that it brings back what was deleted.
const REVIVING: [&str; 9] =
    ["restore", "undelete", "recover", "reopen", "undo", "reactivate", "unarchive", "reinstate", "untrash"];

/// How often objects were used after a deletion, over all cases; sums commute.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AfterDeletion {
    /// Deletions by their operation.
    pub deleted: BTreeMap<Arc<str>, u64>,
    /// By the operations of deletion and of a later use that the server accepted.
    pub used: BTreeMap<(Arc<str>, Arc<str>), Used>,
}

/// How often one operation was used after another had deleted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Used {
    /// Deletions after which it was.
    pub objects: u64,
    /// Who did so, as far as they are told apart.
    pub actors: BTreeSet<Arc<str>>,
}

impl AfterDeletion {
    /// Adds another's counts.
    pub fn add(&mut self, other: AfterDeletion) {
        for (operation, count) in other.deleted {
            *self.deleted.entry(operation).or_default() += count;
        }
        for (pair, used) in other.used {
            let mine = self.used.entry(pair).or_default();
            mine.objects += used.objects;
            let room = MOST_ACTORS.saturating_sub(mine.actors.len());
            mine.actors.extend(used.actors.into_iter().take(room));
        }
    }

    /// Whether the use after that deletion is how the API works: of what is deleted so, at least half is used so, by
    /// at least three actors on at least three objects.
    pub fn is_habit(&self, deletion: &str, used: &str) -> bool {
        const FEWEST: u64 = 3;
        let Some(used) = self.used.get(&(deletion.into(), used.into())) else { return false };
        let deleted = self.deleted.get(deletion).copied().unwrap_or(0);
        used.objects >= FEWEST && used.actors.len() as u64 >= FEWEST && used.objects.saturating_mul(2) >= deleted
    }
}

/// An object that was deleted, and whose it is where everybody has one of that name.
type Deleted<'a> = (&'a ObjectId, Option<&'a str>);

/// A deletion, and what followed.
struct Deletion {
    at: usize,
    /// The server took it on and has not shown that it is done.
    pending: bool,
    uses: Vec<usize>,
}

/// Accepted use of an object after its accepted `DELETE`.
pub(super) fn orphans(history: &History<'_>, result: &mut CaseResult) -> Vec<Found> {
    let mut open: BTreeMap<Deleted<'_>, Deletion> = BTreeMap::new();
    let mut done = Vec::new();
    for (index, event) in history.events.iter().enumerate() {
        let Some(object) = event.objects.first() else { continue };
        let governed = history.plan.object_type(&object.id.object_type).and_then(|t| history.plan.automaton(t));
        if governed.is_some() {
            continue;
        }
        let personal = is_personal(event);
        let owner = whose(event).filter(|_| personal);
        let deleted = (&object.id, owner);
        if matches!(event.status, Some(404 | 410)) {
            open.entry(deleted).and_modify(|deletion| deletion.pending = false);
        }
        if !succeeded(event) || personal && owner.is_none() {
            continue;
        }
        if &*event.method == "DELETE" && names_it(event) {
            let operation = event.operation.clone().unwrap_or_default();
            open.entry(deleted).or_insert_with(|| {
                *result.after_deletion.deleted.entry(operation).or_default() += 1;
                Deletion { at: index, pending: event.status == Some(202), uses: Vec::new() }
            });
        } else if let Some(deletion) = open.get_mut(&deleted) {
            if history.event(deletion.at).is_some_and(|first| revives(first, event)) {
                done.extend(open.remove(&deleted));
                continue;
            }
            let verdict = used(history, deletion, event);
            result.tallies.count(Check::Orphan, event.source, verdict);
            if verdict == Some(true) {
                deletion.uses.push(index);
            }
        } else {
            result.tallies.count_fine(Check::Orphan, event.source);
        }
    }
    done.extend(open.into_values());
    done.sort_by_key(|deletion| deletion.at);
    done.iter().flat_map(|deletion| tell(history, deletion, result)).collect()
}

/// Whether an event uses what was deleted; `None` where it may not.
fn used(history: &History<'_>, deletion: &Deletion, event: &Event) -> Option<bool> {
    let first = history.event(deletion.at)?;
    if event.read && event.answer.gone {
        return Some(false);
    }
    let certain = history.precedence().before(first, event) && !deletion.pending && !event.answer.cached;
    certain.then_some(true)
}

/// One finding an operation that changed what was gone, at its gravest use: somebody else's before the deleter's own, then
/// the first. Of what was only read, one in all.
fn tell(history: &History<'_>, deletion: &Deletion, result: &mut CaseResult) -> Vec<Found> {
    let Some(first) = history.event(deletion.at) else { return Vec::new() };
    let own = |at: &usize| history.event(*at).is_some_and(|e| whose(e) == whose(first));
    let mut gravest: BTreeMap<Option<&str>, usize> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    let changes = |at: &usize| history.event(*at).is_some_and(|e| !e.read);
    let changed = deletion.uses.iter().any(changes);
    for at in &deletion.uses {
        let Some(event) = history.event(*at) else { continue };
        let operation = event.operation.clone().unwrap_or_default();
        let pair = (first.operation.clone().unwrap_or_default(), operation.clone());
        let count = result.after_deletion.used.entry(pair).or_default();
        count.objects += u64::from(seen.insert(operation));
        if count.actors.len() < MOST_ACTORS {
            count.actors.extend(whose(event).map(Arc::from));
        }
        if changed == changes(at) {
            let kind = event.operation.as_deref().filter(|_| changed);
            let known = gravest.entry(kind).or_insert(*at);
            if own(known) && !own(at) {
                *known = *at;
            }
        }
    }
    let found = gravest.into_values().map(|at| {
        let mut orphan =
            Found::new(Check::Orphan, at, history.event(at).and_then(|e| history.life_of(&e.objects.first()?.id)));
        orphan.evidence = vec![deletion.at];
        orphan.evidence.extend(deletion.uses.iter().filter(|other| **other < at));
        orphan.expected = vec!["deleted".into()];
        let using = history.event(at).and_then(|e| e.operation.as_ref());
        orphan.observed = [first.operation.as_ref(), using].into_iter().flatten().cloned().collect();
        orphan.doubt = (!changed).then(|| Doubt::new(ONLY_READ, "what is only read may be a copy or an archive"));
        orphan
    });
    found.collect()
}

fn succeeded(event: &Event) -> bool {
    event.outcome == Outcome::Accepted && event.status.is_some_and(|s| (200..300).contains(&s))
}

/// Whether the path ends with the object.
fn names_it(event: &Event) -> bool {
    event.operation.as_deref().is_some_and(|o| o.ends_with('}'))
}

/// Whether everybody has an object of that name. Where the path says whose (`/users/{userId}/drafts/{draftId}`), nobody
/// else has.
fn is_personal(event: &Event) -> bool {
    let path = event.operation.as_deref().and_then(|o| o.split_once(' ')).map(|(_, path)| path);
    let words = path.into_iter().flat_map(|path| path.split('/').take_while(|word| !word.starts_with('{')));
    words.into_iter().any(|word| PERSONAL.contains(&word.to_ascii_lowercase().as_str()))
}

/// Who acts: by name, else by what they showed, else from where.
fn whose(event: &Event) -> Option<&str> {
    let actor = &event.actor;
    actor.principal.as_deref().or(actor.credential.as_deref()).or(actor.client.as_deref())
}

/// Whether the call may bring back what another deleted: it puts something in its place, makes one in its collection, or
/// says so.
fn revives(deletion: &Event, event: &Event) -> bool {
    let words = event.operation.as_deref().unwrap_or_default().to_ascii_lowercase();
    let path = |event: &Event| event.operation.as_deref().and_then(|o| o.split_once(' ')).map(|(_, p)| p.to_owned());
    let (gone, here) = (path(deletion).unwrap_or_default(), path(event).unwrap_or_default());
    let collection = gone.rsplit_once('/').map(|(collection, _)| collection.to_owned());
    let at_its_place = here == gone || Some(here) == collection;
    matches!(&*event.method, "PUT" | "POST") && at_its_place
        || &*event.method == "PUT" && names_it(event)
        || REVIVING.iter().any(|word| words.contains(word))
}
