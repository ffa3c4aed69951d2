//! Samples of bounded size whose content does not depend on how the whole was split.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::event::partition::stable_hash;

/// The entries of the names with the least hashes, at most `MOST` of them.
///
/// A name that is among the least of the whole is among the least of each part that holds it, so nothing of it is ever
/// dropped: what the sample says of its names is exact, in whichever order parts are added up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sample<V, const MOST: usize>(BTreeMap<(u64, Arc<str>), V>);

impl<V, const MOST: usize> Default for Sample<V, MOST> {
    fn default() -> Self {
        Sample(BTreeMap::new())
    }
}

impl<V: Default, const MOST: usize> Sample<V, MOST> {
    /// The entry of a name, made where it is new; `None` where the name is not in the sample.
    pub(super) fn entry(&mut self, name: &str) -> Option<&mut V> {
        let hash = stable_hash([name.as_bytes()]);
        if self.0.len() >= MOST
            && self.0.last_key_value().is_some_and(|((last, word), _)| (*last, &**word) < (hash, name))
        {
            return None;
        }
        let key = (hash, Arc::from(name));
        if !self.0.contains_key(&key) {
            if self.0.len() >= MOST {
                self.0.pop_last();
            }
            self.0.insert(key.clone(), V::default());
        }
        self.0.get_mut(&key)
    }

    /// The entry of a name in the sample.
    pub(super) fn get(&self, name: &str) -> Option<&V> {
        self.0.get(&(stable_hash([name.as_bytes()]), Arc::from(name)))
    }

    /// Names with their entries, in an order of their own.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&Arc<str>, &V)> {
        self.0.iter().map(|((_, name), value)| (name, value))
    }

    /// Forgets the names of which the predicate says no.
    pub(super) fn retain(&mut self, wanted: impl Fn(&Arc<str>) -> bool) {
        self.0.retain(|(_, name), _| wanted(name));
    }

    /// Adds another part's entries, joined by `join`.
    pub(super) fn merge(&mut self, other: Sample<V, MOST>, join: impl Fn(&mut V, V)) {
        for ((_, name), value) in other.0 {
            if let Some(own) = self.entry(&name) {
                join(own, value);
            }
        }
    }
}

impl<V: Serialize, const MOST: usize> Serialize for Sample<V, MOST> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|((_, name), value)| (name, value)))
    }
}

/// Whatever was written, what is read is a sample: its names are hashed anew, and of too many the least stay.
impl<'de, V: Deserialize<'de> + Default, const MOST: usize> Deserialize<'de> for Sample<V, MOST> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut sample = Sample::default();
        for (name, value) in Vec::<(Arc<str>, V)>::deserialize(deserializer)? {
            if let Some(entry) = sample.entry(&name) {
                *entry = value;
            }
        }
        Ok(sample)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(names: &[u8]) -> Sample<u64, 7> {
        let mut sample = Sample::default();
        for name in names {
            if let Some(count) = sample.entry(&name.to_string()) {
                *count += 1;
            }
        }
        sample
    }

    proptest! {
        #[test]
        fn a_sample_is_exact_for_its_names_however_the_whole_is_split(
            names in proptest::collection::vec(0_u8..40, 0..200),
            at in 0_usize..200,
        ) {
            let whole = of(&names);
            let (left, right) = names.split_at(at.min(names.len()));
            let mut sum = of(right);
            sum.merge(of(left), |own, more| *own += more);
            prop_assert_eq!(&sum, &whole);
            let distinct: std::collections::BTreeSet<&u8> = names.iter().collect();
            prop_assert_eq!(whole.iter().count(), distinct.len().min(7));
            for (name, count) in whole.iter() {
                let seen = names.iter().filter(|n| n.to_string() == **name).count() as u64;
                prop_assert_eq!(*count, seen);
            }
        }
    }
}
