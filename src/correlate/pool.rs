//! Distinct byte strings, each kept once and told by its number: a tenth of what a map of shared texts takes.

use std::hash::BuildHasher as _;

use foldhash::fast::FixedState;
use hashbrown::HashTable;

/// Strings in one piece of memory: per string its bytes, and some 16 bytes to find it.
#[derive(Clone, Debug, Default)]
pub(super) struct Pool {
    bytes: Vec<u8>,
    /// Where each string ends.
    ends: Vec<usize>,
    numbers: HashTable<u32>,
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
        let Pool { bytes, ends, numbers } = self;
        numbers.insert_unique(hash(string), number, |other| hash(slice(bytes, ends, *other)));
        Some(number)
    }

    /// Number of a string, if it was kept.
    pub(super) fn find(&self, string: &[u8]) -> Option<u32> {
        self.numbers.find(hash(string), |number| self.get(*number) == string).copied()
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

fn hash(string: &[u8]) -> u64 {
    FixedState::default().hash_one(string)
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
    }
}
