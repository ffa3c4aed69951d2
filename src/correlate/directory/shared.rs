//! API keys that many people's sessions stand beside: keys of a page or an app, which name the client and nobody else.
//!
//! A key in a page is sent by everybody who opens it. What tells them apart is the session beside it; whose that is, no
//! login says, or it would have named them already.

use std::collections::{BTreeMap, BTreeSet};

use super::{Held, Map, hash_of};
use crate::correlate::credential::Hash;
use crate::correlate::identity::pseudonym;

/// Sessions at one time of which some are at different addresses or programs: a service has its few at one.
const APART: usize = 3;
/// Sessions at one time whatever they come from.
const ALIKE: usize = 8;
/// Most stretches of sessions that are remembered of one key, the least by their sessions: what is shared shows early.
const MOST: usize = 256;

/// How the name of a key begins.
const KEY: &str = "key:";

/// The sessions beside each key.
#[derive(Default)]
pub(super) struct Beside(BTreeMap<u64, BTreeSet<(Hash, i64, i64, u64)>>);

/// The session beside an API key, where that names its holder.
pub(super) fn session(name: &str, mut credentials: impl Iterator<Item = Hash>) -> Option<Hash> {
    name.starts_with(KEY).then_some(())?;
    credentials.find(|hash| *pseudonym("key", *hash) != *name)
}

impl Beside {
    /// Notes a stretch of activity under a name.
    pub(super) fn add(&mut self, held: Held<'_>, strand: u64, from: i64, to: i64, served: &Map<Hash, i64>) {
        let Some(name) = held.name.filter(|_| held.token.is_none() && held.issuer.is_none()) else { return };
        let Some(session) = session(name, held.credentials.iter().map(|hash| Hash::of(*hash))) else { return };
        // What never served anybody anyone may have made up.
        if served.contains_key(&session) {
            let stretches = self.0.entry(hash_of(name)).or_default();
            stretches.insert((session, from, to, strand));
            if stretches.len() > MOST {
                stretches.pop_last();
            }
        }
    }

    /// Hashes of the names of keys that are shared.
    pub(super) fn shared(self) -> Map<u64, ()> {
        self.0.into_iter().filter(|(_, stretches)| are_several(stretches)).map(|(name, _)| (name, ())).collect()
    }
}

/// Whether so many sessions go on at one time that they are several people's.
fn are_several(stretches: &BTreeSet<(Hash, i64, i64, u64)>) -> bool {
    let mut spans: BTreeMap<Hash, (i64, i64, u64)> = BTreeMap::new();
    for (session, from, to, strand) in stretches {
        let span = spans.entry(*session).or_insert((*from, *to, *strand));
        (span.0, span.1) = (span.0.min(*from), span.1.max(*to));
    }
    // One that is seen once goes on at no other's time.
    spans.values().filter(|span| span.0 < span.1).any(|(at, ..)| {
        let going_on: Vec<u64> = spans.values().filter(|s| s.0 <= *at && *at < s.1).map(|s| s.2).collect();
        let apart = going_on.iter().any(|strand| going_on.first() != Some(strand));
        going_on.len() >= if apart { APART } else { ALIKE }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(n: u8) -> Hash {
        Hash::of([n; 16])
    }

    fn is_shared(stretches: &[(u8, i64, i64, u64)]) -> bool {
        are_several(&stretches.iter().map(|(n, from, to, strand)| (hash(*n), *from, *to, *strand)).collect())
    }

    #[test]
    fn a_key_is_shared_where_sessions_of_several_go_on_at_one_time() {
        assert!(is_shared(&[(1, 0, 9, 1), (2, 1, 5, 2), (3, 4, 8, 1)]));
        assert!(!is_shared(&[(1, 0, 9, 1), (2, 1, 5, 1), (3, 4, 8, 1)]), "a service's few at one place");
        assert!(!is_shared(&[(1, 0, 2, 1), (2, 3, 5, 2), (3, 6, 8, 3)]), "one after the other");
        assert!(!is_shared(&[(1, 0, 9, 1), (2, 4, 4, 2), (3, 4, 4, 3)]), "another one each time");
        assert!(is_shared(&(0..8).map(|n| (n, 0, 9, 1)).collect::<Vec<_>>()), "so many no service has");
        assert!(is_shared(&[(1, 0, 1, 1), (1, 8, 9, 1), (2, 1, 5, 2), (3, 4, 8, 1)]), "with silence in between");
    }

    #[test]
    fn the_session_beside_a_key_is_no_key() {
        let name = pseudonym("key", hash(1));
        assert_eq!(session(&name, [hash(1)].into_iter()), None);
        assert_eq!(session(&name, [hash(1), hash(2)].into_iter()), Some(hash(2)));
        assert_eq!(session("mia", [hash(2)].into_iter()), None);
    }
}
