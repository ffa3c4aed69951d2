//! Of more than can be kept, a sample that nobody can choose: who was accepted before who never was.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Access, MOST};

/// A keyed hash of the name, and the name.
pub(super) type Key = (u64, Arc<str>);

/// What was accepted and what was not, each by itself: were they one list, tokens that are made up would take the places of
/// those that are in use, and were accepted ones to push others out, it would matter which came first.
#[derive(Clone, Debug, Default)]
pub(super) struct Sample {
    accepted: BTreeMap<Key, Access>,
    other: BTreeMap<Key, Access>,
}

impl Sample {
    /// Notes one request of `key`; where it has a place, `note` is told to write it there.
    pub(super) fn note(
        &mut self,
        key: Key,
        accepted: bool,
        new: impl FnOnce() -> Access,
        note: impl FnOnce(&mut Access),
    ) {
        let list = if accepted { &mut self.accepted } else { &mut self.other };
        let full = list.len() >= MOST && list.last_key_value().is_some_and(|(last, _)| *last < key);
        if !full {
            note(list.entry(key).or_insert_with(new));
            bound(list);
        }
    }

    /// Adds what another noted.
    pub(super) fn merge(&mut self, other: Sample) {
        for (list, more) in [(&mut self.accepted, other.accepted), (&mut self.other, other.other)] {
            more.into_iter().for_each(|(key, access)| add(list, key, access));
            bound(list);
        }
    }

    /// All that is known of each: of those who were accepted, and of others as far as there is room.
    pub(super) fn whole(self) -> BTreeMap<Key, Access> {
        let Sample { accepted: mut whole, other } = self;
        for (key, access) in other {
            if whole.len() < MOST || whole.contains_key(&key) {
                add(&mut whole, key, access);
            }
        }
        whole
    }
}

fn add(list: &mut BTreeMap<Key, Access>, key: Key, access: Access) {
    match list.get_mut(&key) {
        Some(known) => known.add(access),
        None => {
            list.insert(key, access);
        }
    }
}

/// The least stay.
fn bound(list: &mut BTreeMap<Key, Access>) {
    while list.len() > MOST {
        list.pop_last();
    }
}
