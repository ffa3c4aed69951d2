//! Keyed hashes of ids: senders choose most texts, and nobody may choose two that are one to the ledger.

use std::hash::BuildHasher as _;

use foldhash::quality::FixedState;

use crate::correlate::credential::HashKey;
use crate::correlate::template::in_one_case;

/// The kind of a text that is an id of whatever it is one of.
pub(super) const ANY: u32 = 0;
/// The kind of a number of which it is not known what it counts.
pub(super) const SOME: u32 = u32::MAX;

/// Hashes ids by the installation's key. The hashes never leave a run: outputs do not depend on the key.
#[derive(Clone, Debug)]
pub struct IdHasher(FixedState);

impl IdHasher {
    /// The hasher of a key.
    pub fn new(key: &HashKey) -> IdHasher {
        IdHasher(FixedState::with_seed(key.seed("ids handed over")))
    }

    /// Hash of an id's text.
    pub fn value(&self, text: &str) -> u64 {
        self.0.hash_one(in_one_case(text).as_ref())
    }

    /// Hash of two hashes, in their order.
    pub fn pair(&self, first: u64, second: u64) -> u64 {
        self.0.hash_one((first, second))
    }

    /// Hash of a type's name; neither that of any type nor that of none.
    pub fn kind(&self, name: &str) -> u32 {
        ((self.0.hash_one(name) >> 32) as u32).clamp(ANY + 1, SOME - 1)
    }
}
