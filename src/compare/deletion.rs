//! Use of an object after its deletion, where no lifecycle says what may follow what.

use std::collections::BTreeMap;

use super::deviation::{CaseResult, Check, Doubt};
use super::effect::Found;
use super::history::History;
use crate::event::{Event, ObjectId, Outcome};

/// Confidence at most of a mere read: an archive, a trash can or an audit page may show what was deleted.
const ONLY_READ: f32 = 0.4;
/// Confidence at most of a use by which, or after which, somebody else may have put a new object in the place.
const PUT_THERE: f32 = 0.6;

/// Words of a path behind which everybody has things of their own: `/me/devices/3` is another device for another person.
const PERSONAL: [&str; 10] =
    ["me", "my", "mine", "self", "cart", "basket", "favourites", "favorites", "favourite", "favorite"];

/// Words by which an operation says that it brings back what was deleted.
const REVIVING: [&str; 9] =
    ["restore", "undelete", "recover", "reopen", "undo", "reactivate", "unarchive", "reinstate", "untrash"];

/// An object that was deleted, and whose it is where everybody has one of that name.
type Deleted<'a> = (&'a ObjectId, Option<&'a str>);

/// A deletion, and what followed.
struct Deletion {
    at: usize,
    /// The server took it on and has not shown that it is done.
    pending: bool,
    uses: Vec<usize>,
    /// The first accepted `PUT` of somebody else, which may have put another object there.
    put: Option<usize>,
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
            let pending = event.status == Some(202);
            open.entry(deleted).or_insert(Deletion { at: index, pending, uses: Vec::new(), put: None });
        } else if let Some(deletion) = open.get_mut(&deleted) {
            if history.event(deletion.at).is_some_and(|first| revives(first, event)) {
                done.extend(open.remove(&deleted));
                continue;
            }
            let verdict = used(history, deletion, event);
            result.tallies.count(Check::Orphan, event.source, verdict);
            if verdict == Some(true) {
                deletion.uses.push(index);
                deletion.put = deletion.put.or_else(|| puts(event).then_some(index));
            }
        } else {
            result.tallies.count_fine(Check::Orphan, event.source);
        }
    }
    done.extend(open.into_values());
    done.sort_by_key(|deletion| deletion.at);
    done.iter().flat_map(|deletion| tell(history, deletion)).collect()
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
fn tell(history: &History<'_>, deletion: &Deletion) -> Vec<Found> {
    let Some(first) = history.event(deletion.at) else { return Vec::new() };
    let own = |at: &usize| history.event(*at).is_some_and(|e| whose(e) == whose(first));
    let mut gravest: BTreeMap<Option<&str>, usize> = BTreeMap::new();
    let changes = |at: &usize| history.event(*at).is_some_and(|e| !e.read);
    let changed = deletion.uses.iter().any(changes);
    for at in &deletion.uses {
        let Some(event) = history.event(*at) else { continue };
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
        let put = deletion.put.is_some_and(|put| put <= at);
        let put = put.then(|| Doubt::new(PUT_THERE, "a PUT of somebody else may have put a new object in its place"));
        let read = (!changed).then(|| Doubt::new(ONLY_READ, "what is only read may be a copy or an archive"));
        orphan.doubt = Doubt::graver(read, put);
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

/// Whether it puts something at a place that its path names.
fn puts(event: &Event) -> bool {
    &*event.method == "PUT" && names_it(event)
}

/// Whether the call brings back what was deleted: it makes something in its place or its collection, the deleter puts it
/// there again, or it says so. Somebody else's `PUT` does where the server answers that it made something.
fn revives(deletion: &Event, event: &Event) -> bool {
    let path = |event: &Event| event.operation.as_deref().and_then(|o| o.split_once(' ')).map(|(_, p)| p.to_owned());
    let (gone, here) = (path(deletion).unwrap_or_default(), path(event).unwrap_or_default());
    let collection = gone.rsplit_once('/').map(|(collection, _)| collection.to_owned());
    let at_its_place = here == gone || Some(here) == collection;
    let own = whose(event).is_some() && whose(event) == whose(deletion);
    match &*event.method {
        "POST" if at_its_place => return true,
        "PUT" if at_its_place || puts(event) => return event.status == Some(201) || own,
        _ => {}
    }
    event.operation.as_deref().is_some_and(says_that_it_revives)
}

/// Whether the last word of an operation, in one or in parts (`restore`, `undo-delete`, `{id}:undelete`, `reopenCase`), is
/// one by which things come back.
fn says_that_it_revives(operation: &str) -> bool {
    let literal = |segment: &&str| !segment.is_empty() && !segment.ends_with('}');
    let Some(word) = operation.rsplit(['/', ' ']).find(literal) else { return false };
    let own = word.rsplit_once('}').map_or(word, |(_, own)| own);
    let mut parts: Vec<String> = vec![String::new()];
    let mut small = false;
    for letter in own.chars() {
        let begins = letter.is_uppercase() && small;
        let parted = matches!(letter, '-' | '_' | ':' | '.');
        if begins || parted {
            parts.push(String::new());
        }
        if let Some(part) = parts.last_mut().filter(|_| !parted) {
            part.extend(letter.to_lowercase());
        }
        small = letter.is_lowercase();
    }
    parts.iter().any(|part| REVIVING.contains(&part.as_str()))
}
