//! The least few of a union: what is kept does not depend on how the whole was split, nor on the order of the parts.

use std::collections::{BTreeMap, BTreeSet};

/// Forgets all but the least `most` of a set.
pub(crate) fn keep_least<T: Ord>(all: &mut BTreeSet<T>, most: usize) {
    while all.len() > most {
        all.pop_last();
    }
}

/// Forgets all but the entries of the least `most` keys. A key that leaves is greater than all that stay, so an entry
/// that stays was never left out of anything.
pub(crate) fn keep_least_keys<K: Ord, V>(all: &mut BTreeMap<K, V>, most: usize) {
    while all.len() > most {
        all.pop_last();
    }
}

/// Adds one to a set, and forgets all but its least `most`.
pub(crate) fn insert_least<T: Ord>(all: &mut BTreeSet<T>, one: T, most: usize) {
    all.insert(one);
    keep_least(all, most);
}

/// Adds to a set, and forgets all but its least `most`.
pub(crate) fn add_least<T: Ord>(all: &mut BTreeSet<T>, more: impl IntoIterator<Item = T>, most: usize) {
    all.extend(more);
    keep_least(all, most);
}
