//! What the calls of one operation are about.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::evidence::add_bounded;
use crate::event::least::add_least;
use crate::event::partition::stable_hash;

/// Keys of one type told apart at one operation, by the least hashes, which tell how many there are.
const KEYS: usize = 16;

/// Calls that repeat a key from which on they all do.
const REPEATED: u64 = 20;

/// The object that calls of an operation are about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Subject {
    pub(super) calls: u64,
    /// Of these, calls in which the key is only unique under another object.
    pub(super) scoped: u64,
    /// Places of the key.
    pub(super) keys: BTreeMap<Option<Arc<str>>, u64>,
    /// Places in the request's body that repeat the key of its path.
    pub(super) again: BTreeMap<Arc<str>, u64>,
    /// The least few keys, by hash.
    pub(super) values: BTreeSet<u64>,
    /// Other objects of the same calls: type and place of their keys.
    pub(super) others: BTreeMap<(Arc<str>, Option<Arc<str>>), u64>,
    /// What bodies name by the word for it alone: the word and the place.
    pub(super) worded: BTreeMap<(Arc<str>, Arc<str>), u64>,
}

impl Subject {
    /// Adds a call about the object of a key, which stood at a place.
    pub(super) fn add(&mut self, key: &str, place: Option<Arc<str>>) {
        self.calls += 1;
        self.scoped += u64::from(key.contains('/'));
        add_least(&mut self.values, [stable_hash([key.as_bytes()])], KEYS);
        add_bounded(&mut self.keys, [(place, 1)]);
    }

    /// The place in the request's body that repeats the key of its path in all calls that show it, often and of many
    /// objects.
    pub(super) fn repeated(&self, object_type: &Arc<str>) -> Option<&Arc<str>> {
        let other = |place: &Arc<str>| self.others.contains_key(&(Arc::clone(object_type), Some(Arc::clone(place))));
        let often = self.again.iter().filter(|(place, count)| **count >= REPEATED && !other(place));
        let most = often.max_by(|a, b| a.1.cmp(b.1).then(b.0.cmp(a.0)));
        most.map(|(place, _)| place).filter(|_| self.values.len() >= KEYS)
    }

    /// Adds another part's sums.
    pub(super) fn merge(&mut self, other: Subject) {
        self.calls += other.calls;
        self.scoped += other.scoped;
        add_least(&mut self.values, other.values, KEYS);
        add_bounded(&mut self.keys, other.keys);
        add_bounded(&mut self.again, other.again);
        add_bounded(&mut self.others, other.others);
        add_bounded(&mut self.worded, other.worded);
    }

    /// About how many keys there are.
    pub(super) fn distinct(&self) -> u64 {
        match self.values.last() {
            // Hashes lie evenly: so many fit into the whole as these few do up to the last one.
            Some(last) if self.values.len() >= KEYS => (u64::MAX / (*last / KEYS as u64).max(1)).max(KEYS as u64),
            _ => self.values.len() as u64,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_counted_up_to_a_few_and_estimated_beyond() {
        for many in [1, 7, 15, 40, 400, 40_000] {
            let mut whole = Subject::default();
            let mut parts = [Subject::default(), Subject::default()];
            for n in 0..3 * many {
                let key = format!("k{}", n % many);
                whole.add(&key, None);
                parts[n % 2].add(&key, None);
            }
            let [mut one, two] = parts;
            one.merge(two);
            assert_eq!(one, whole);
            let (many, said) = (many as u64, whole.distinct());
            let exact = many < KEYS as u64;
            assert!(if exact { said == many } else { (many / 2..many * 2).contains(&said) }, "{said} for {many}");
        }
    }
}
