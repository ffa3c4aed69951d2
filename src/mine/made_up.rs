//! What somebody made up: operations and object types that nothing bears out but the requests of one or two.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::evidence::{ACTORS, Evidence, OperationEvidence};
use super::templates::Templates;

/// Types that only requests of the same one or two actors name beyond which they are taken for made up: more than
/// clients have.
const MADE_UP_TYPES: u64 = 64;
/// Operations of the same one or two actors alone beyond which those that nothing bears out are taken for one: more than
/// clients have.
const MADE_UP: usize = 256;
/// Calls from which on an operation is one that somebody uses: more than a few who try paths together make.
const USED: u64 = 20;

impl Evidence {
    /// The object types that nobody made up, where somebody did: who names a type in requests alone may name any. A type
    /// counts that a path or an answer shows, that many actors name, or that is one of few that its actors name.
    pub(super) fn known_types(&self) -> Option<BTreeSet<Arc<str>>> {
        let mut by: BTreeMap<&BTreeSet<u64>, u64> = BTreeMap::new();
        for (_, actors) in self.asked.iter().filter(|(name, _)| self.types.get(name).is_none()) {
            *by.entry(actors).or_default() += 1;
        }
        by.retain(|actors, types| actors.len() < ACTORS && *types > MADE_UP_TYPES);
        if by.is_empty() {
            return None;
        }
        let asked = self.asked.iter().filter(|(_, actors)| !by.contains_key(actors)).map(|(name, _)| name);
        Some(self.types.iter().map(|(name, _)| name).chain(asked).cloned().collect())
    }

    /// Operations about one thing in their paths that one or two actors alone call now and then, and no answer names, of
    /// actors with too many such: who tries paths at a server that accepts them all makes up kinds of things. One address
    /// may stand for all clients, who name several things of a kind and call again.
    pub(super) fn made_up(&self) -> BTreeSet<Arc<str>> {
        let mut by: BTreeMap<&BTreeSet<u64>, Vec<&Arc<str>>> = BTreeMap::new();
        let few = |seen: &OperationEvidence| (1..ACTORS).contains(&seen.actors.len());
        // Who tries random paths meets a template of nothing but numbers again by chance.
        let tried = |name: &str, seen: &OperationEvidence| few(seen) && (!seen.is_used() || is_of_no_kind(name));
        for (name, seen) in self.accepted.iter().filter(|(name, seen)| tried(name, seen)) {
            // Numbers meet by chance; that an answer to the very call names one says more.
            let flows = |key: &str| !key.bytes().all(|b| b.is_ascii_digit()) && self.names(key);
            if seen.named || seen.key.as_deref().is_none_or(flows) {
                continue;
            }
            by.entry(&seen.actors).or_default().push(name);
        }
        let many = |actors: &BTreeSet<u64>| by.get(actors).is_some_and(|names| names.len() > MADE_UP);
        // What two of those meet at who try paths each for themselves is made up too.
        let tries = |actors: &BTreeSet<u64>| many(actors) || actors.iter().all(|actor| many(&BTreeSet::from([*actor])));
        by.iter()
            .filter(|(actors, _)| tries(actors))
            .flat_map(|(_, names)| names)
            .map(|name| Arc::clone(name))
            .collect()
    }

    /// Accepted calls of operations that somebody made up, by what they are counted as.
    pub(super) fn made_up_calls(&self, learnt: &Templates) -> BTreeMap<Arc<str>, u64> {
        let mut sums = BTreeMap::new();
        for (operation, seen) in self.operations() {
            if let Some(rest) = learnt.rest(operation) {
                *sums.entry(rest).or_default() += seen.accepted;
            }
        }
        sums
    }
}

/// Whether a template has values and no word says of what: `GET /{id}/{id}`.
pub(super) fn is_of_no_kind(operation: &str) -> bool {
    let mut variables = operation.split('/').filter(|part| part.contains('{')).peekable();
    variables.peek().is_some() && variables.all(|part| part == "{id}")
}

impl OperationEvidence {
    /// Whether somebody works with it rather than tries it.
    fn is_used(&self) -> bool {
        self.several || self.accepted >= USED
    }
}
