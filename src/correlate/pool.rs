//! Distinct byte strings, each kept once and told by its number: a tenth of what a map of shared texts takes.

use std::hash::BuildHasher as _;

use foldhash::fast::RandomState;
use hashbrown::HashTable;

/// Strings in one piece of memory: per string its bytes, and some 16 bytes to find it.
#[derive(Clone, Debug, Default)]
pub(super) struct Pool {
    bytes: Vec<u8>,
    /// Where each string ends.
    ends: Vec<usize>,
    numbers: HashTable<u32>,
    /// Keyed anew for each pool: senders choose the strings, and with a known key could choose such as fall together.
    /// Numbers are given in the order of keeping, so that nothing that comes out depends on it.
    state: RandomState,
}

impl Pool {
    /// Number of the string, kept from now on; `None` when there are more than 2^32 of them.
    pub(super) fn keep(&mut self, string: &[u8]) -> Option<u32> {
        if let Some(number) = self.find(string) {
            return Some(number);
        }
        let number = u32::try_from(self.ends.len()).ok()?;
        self.bytes.extend(string);
        self.ends.push(self.bytes.len());
        let Pool { bytes, ends, numbers, state } = self;
        let hash = |string: &[u8]| state.hash_one(string);
        numbers.insert_unique(hash(string), number, |other| hash(slice(bytes, ends, *other)));
        Some(number)
    }

    /// Number of a string, if it was kept.
    pub(super) fn find(&self, string: &[u8]) -> Option<u32> {
        self.numbers.find(self.state.hash_one(string), |number| self.get(*number) == string).copied()
    }

    /// The string of a number; empty for a number that was never given.
    pub(super) fn get(&self, number: u32) -> &[u8] {
        slice(&self.bytes, &self.ends, number)
    }

    /// Number of strings.
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }
}

fn slice<'a>(bytes: &'a [u8], ends: &[usize], number: u32) -> &'a [u8] {
    let number = number as usize;
    let start = number.checked_sub(1).and_then(|before| ends.get(before)).copied().unwrap_or(0);
    ends.get(number).and_then(|end| bytes.get(start..*end)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn each_string_has_one_number(strings in proptest::collection::vec(proptest::collection::vec(0..3_u8, 0..4), 0..60)) {
            let mut pool = Pool::default();
            let mut numbers = BTreeMap::new();
            for string in &strings {
                let number = pool.keep(string).unwrap();
                prop_assert_eq!(*numbers.entry(string.clone()).or_insert(number), number);
            }
            prop_assert_eq!(pool.len(), numbers.len());
            for (string, number) in numbers {
                prop_assert_eq!(pool.get(number), string.as_slice());
                prop_assert_eq!(pool.find(&string), Some(number));
            }
            prop_assert_eq!(pool.find(&[9]), None);
        }

        #[test]
        fn numbers_do_not_depend_on_the_key(strings in proptest::collection::vec(proptest::collection::vec(0..9_u8, 0..4), 0..200)) {
            let numbers = |mut pool: Pool| strings.iter().map(|string| pool.keep(string)).collect::<Vec<_>>();
            let other = Pool { state: RandomState::default(), ..Pool::default() };
            prop_assert_eq!(numbers(other), numbers(Pool::default()));
        }
    }
}
