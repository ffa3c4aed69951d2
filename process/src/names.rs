//! Names as small numbers.

use std::hash::BuildHasher as _;

use foldhash::fast::RandomState;
use hashbrown::HashTable;

/// Distinct names, numbered from 0 in the order in which they came.
#[derive(Clone, Debug, Default)]
pub struct Names {
    list: Vec<Box<str>>,
    index: HashTable<u32>,
    hasher: RandomState,
    bytes: usize,
}

impl Names {
    /// The number of a name, which is added if it is new.
    pub fn intern(&mut self, name: &str) -> u32 {
        if let Some(number) = self.number(name) {
            return number;
        }
        let number = u32::try_from(self.list.len()).unwrap_or(u32::MAX);
        self.list.push(name.into());
        self.bytes += name.len();
        let (list, hasher) = (&self.list, &self.hasher);
        let rehash = |number: &u32| hasher.hash_one(list.get(*number as usize).map(|name| &**name).unwrap_or_default());
        self.index.insert_unique(hasher.hash_one(name), number, rehash);
        number
    }

    /// The number of a name that is known.
    pub fn number(&self, name: &str) -> Option<u32> {
        let same = |number: &u32| self.list.get(*number as usize).is_some_and(|known| **known == *name);
        self.index.find(self.hasher.hash_one(name), same).copied()
    }

    /// The name of a number; empty for one that was never given.
    pub fn name(&self, number: u32) -> &str {
        self.list.get(number as usize).map(|name| &**name).unwrap_or_default()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Bytes of all names together.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The names in the order of their numbers.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.list.iter().map(|name| &**name)
    }
}
