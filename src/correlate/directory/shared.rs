//! API keys that many people's sessions stand beside: keys of a page or an app, which name the client and nobody else.
//!
//! A key in a page is sent by everybody who opens it. What tells them apart is the session beside it.

use std::collections::{BTreeMap, BTreeSet};

use super::{Credentials, Held, Map, hash_of};
use crate::correlate::credential::Hash;
use crate::correlate::identity::pseudonym;

/// People at one time of whom some are at different addresses or programs: a service has its few sessions at one.
const APART: usize = 3;
/// People at one time whatever they come from; of sessions that nobody was seen to give out, so many at places of their own.
const ALIKE: usize = 8;
/// Most stretches of sessions that are remembered of one key, the proven ones first: what is shared shows early.
const MOST: usize = 256;

/// How the name of a key begins.
const KEY: &str = "key:";

/// The sessions beside each key.
pub(super) struct Beside<'d> {
    served: &'d Map<Hash, i64>,
    given: &'d Map<Hash, ()>,
    credentials: &'d Credentials,
    stretches: BTreeMap<u64, BTreeSet<Stretch>>,
}

/// A stretch of somebody's activity.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Stretch {
    /// Nothing but who sends it says that the session is one.
    claimed: bool,
    person: u64,
    from: i64,
    to: i64,
    strand: u64,
}

/// The session beside an API key, where that names its holder.
pub(super) fn session(name: &str, mut credentials: impl Iterator<Item = Hash>) -> Option<Hash> {
    name.starts_with(KEY).then_some(())?;
    credentials.find(|hash| *pseudonym("key", *hash) != *name)
}

impl<'d> Beside<'d> {
    /// None yet. `served` has the credentials by which anybody was served, `given` those that answers gave to who showed
    /// no key.
    pub(super) fn of(served: &'d Map<Hash, i64>, given: &'d Map<Hash, ()>, credentials: &'d Credentials) -> Self {
        Beside { served, given, credentials, stretches: BTreeMap::new() }
    }

    /// Notes a stretch of activity under a name.
    pub(super) fn add(&mut self, held: Held<'_>, strand: u64, from: i64, to: i64) {
        let Some(name) = held.name.filter(|_| held.token.is_none() && held.issuer.is_none()) else { return };
        let Some(session) = session(name, held.credentials.iter().map(|hash| Hash::of(*hash))) else { return };
        // What never served anybody anyone may have made up.
        if self.served.contains_key(&session) {
            let known = self.credentials.person(session, from);
            let claimed = known.is_none() && !self.given.contains_key(&session);
            let person = known.unwrap_or(session.to_u64());
            let stretches = self.stretches.entry(hash_of(name)).or_default();
            stretches.insert(Stretch { claimed, person, from, to, strand });
            if stretches.len() > MOST {
                stretches.pop_last();
            }
        }
    }

    /// Hashes of the names of keys that are shared.
    pub(super) fn shared(self) -> Map<u64, ()> {
        self.stretches.into_iter().filter(|(_, stretches)| are_several(stretches)).map(|(name, _)| (name, ())).collect()
    }
}

/// Whether so many sessions go on at one time that they are several people's. A server that does not look at cookies serves
/// whoever invents some beside his key: sessions that nobody was seen to give out count only as a crowd, each at a place of
/// its own.
fn are_several(stretches: &BTreeSet<Stretch>) -> bool {
    let mut spans: BTreeMap<u64, Stretch> = BTreeMap::new();
    for stretch in stretches {
        let span = spans.entry(stretch.person).or_insert(*stretch);
        (span.from, span.to) = (span.from.min(stretch.from), span.to.max(stretch.to));
    }
    // One that is seen once goes on at no other's time.
    spans.values().filter(|span| span.from < span.to).any(|Stretch { from: at, .. }| {
        let going_on = || spans.values().filter(|s| s.from <= *at && *at < s.to);
        let proven = going_on().filter(|s| !s.claimed).count();
        let places = |all: &mut dyn Iterator<Item = &Stretch>| all.map(|s| s.strand).collect::<BTreeSet<u64>>().len();
        let apart = places(&mut going_on().filter(|s| !s.claimed)) > 1;
        proven >= if apart { APART } else { ALIKE } || places(&mut going_on()) >= ALIKE
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(n: u8) -> Hash {
        Hash::of([n; 16])
    }

    fn are(claimed: bool, stretches: &[(u64, i64, i64, u64)]) -> bool {
        let stretch = |(person, from, to, strand): &(u64, i64, i64, u64)| Stretch {
            claimed,
            person: *person,
            from: *from,
            to: *to,
            strand: *strand,
        };
        are_several(&stretches.iter().map(stretch).collect())
    }

    #[test]
    fn a_key_is_shared_where_sessions_of_several_go_on_at_one_time() {
        let is_shared = |stretches: &[_]| are(false, stretches);
        assert!(is_shared(&[(1, 0, 9, 1), (2, 1, 5, 2), (3, 4, 8, 1)]));
        assert!(!is_shared(&[(1, 0, 9, 1), (2, 1, 5, 1), (3, 4, 8, 1)]), "a service's few at one place");
        assert!(!is_shared(&[(1, 0, 2, 1), (2, 3, 5, 2), (3, 6, 8, 3)]), "one after the other");
        assert!(!is_shared(&[(1, 0, 9, 1), (2, 4, 4, 2), (3, 4, 4, 3)]), "another one each time");
        assert!(is_shared(&(0..8).map(|n| (n, 0, 9, 1)).collect::<Vec<_>>()), "so many no service has");
        assert!(is_shared(&[(1, 0, 1, 1), (1, 8, 9, 1), (2, 1, 5, 2), (3, 4, 8, 1)]), "with silence in between");
    }

    #[test]
    fn sessions_that_nobody_was_seen_to_give_out_count_as_a_crowd_only() {
        assert!(!are(true, &[(1, 0, 9, 1), (2, 1, 5, 2), (3, 4, 8, 3)]));
        assert!(!are(true, &(0..50).map(|n| (n, 0, 9, n % 7)).collect::<Vec<_>>()), "many at few places");
        assert!(
            are(true, &(0..8).map(|n| (n, 0, 9, n)).collect::<Vec<_>>()),
            "users whose logins are not in the capture"
        );
    }

    #[test]
    fn the_session_beside_a_key_is_no_key() {
        let name = pseudonym("key", hash(1));
        assert_eq!(session(&name, [hash(1)].into_iter()), None);
        assert_eq!(session(&name, [hash(1), hash(2)].into_iter()), Some(hash(2)));
        assert_eq!(session("mia", [hash(2)].into_iter()), None);
    }
}
