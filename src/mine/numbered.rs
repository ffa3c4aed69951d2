//! Small numbers behind another value: whether they are told apart by themselves, or begin anew behind each.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::event::least::{add_least, keep_least_keys};
use crate::event::partition::stable_hash;

/// Numbers of one type that are looked at, by the least hashes.
const NUMBERS: usize = 64;
/// Values told apart that one number stands behind.
const BEHIND: usize = 2;
/// Numbers from which on they say something.
const SUPPORT: usize = 8;

/// Numbers of one type, with the least few of the values that they stand behind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Numbered(BTreeMap<u64, BTreeSet<u64>>);

impl Numbered {
    /// Adds a key: one of a number behind a value is looked at.
    pub(super) fn add(&mut self, key: &str) {
        let Some((behind, number)) = parts(key) else { return };
        let hash = |text: &str| stable_hash([text.as_bytes()]);
        add_least(self.0.entry(hash(number)).or_default(), [hash(behind)], BEHIND);
        keep_least_keys(&mut self.0, NUMBERS);
    }

    /// Adds another part's numbers.
    pub(super) fn merge(&mut self, other: Numbered) {
        for (number, behind) in other.0 {
            add_least(self.0.entry(number).or_default(), behind, BEHIND);
        }
        keep_least_keys(&mut self.0, NUMBERS);
    }

    /// Whether no number begins anew: many stand behind several values, and hardly one behind two.
    pub(super) fn is_one_count(&self) -> bool {
        let twice = self.0.values().filter(|behind| behind.len() >= BEHIND).count();
        let behind: BTreeSet<&u64> = self.0.values().flatten().collect();
        self.0.len() >= SUPPORT && behind.len() >= BEHIND && twice * 20 <= self.0.len()
    }
}

/// The number of a key that is one behind a value, and the value: `4` and `17` of `4/17`.
pub(super) fn parts(key: &str) -> Option<(&str, &str)> {
    let (behind, number) = key.rsplit_once('/')?;
    let small = (1..=3).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_digit());
    small.then_some((behind, number))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_one_count(keys: impl Iterator<Item = String> + Clone) -> bool {
        let (mut whole, mut left, mut right) = (Numbered::default(), Numbered::default(), Numbered::default());
        for (at, key) in keys.enumerate() {
            whole.add(&key);
            if at % 2 == 0 { &mut left } else { &mut right }.add(&key);
        }
        left.merge(right);
        assert_eq!(left, whole, "in any parts");
        whole.is_one_count()
    }

    #[test]
    fn numbers_that_never_begin_anew_are_one_count() {
        assert!(is_one_count((1..300).map(|n| format!("{}/{n}", n % 7))));
        assert!(!is_one_count((1..300).map(|n| format!("{}/{}", n % 7, n / 7 + 1))), "each list has its own");
        assert!(!is_one_count((1..300).map(|n| format!("{n}/1"))), "each order has one");
        assert!(!is_one_count((1..300).map(|n| format!("main/{n}"))), "there is no other list");
        assert!(!is_one_count((1..6).map(|n| format!("{}/{n}", n % 2))), "too few to say");
        assert!(!is_one_count((1..300).map(|n| format!("{}/x{n}", n % 7))));
    }
}
