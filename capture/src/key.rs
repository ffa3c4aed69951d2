//! Stable identities of exchanges that come from a HAR entry or a log line.

use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::Timestamp;

/// Derives keys from a file's name without its folder, the number of the entry or line, and its time: the same
/// whatever the working folder or the order of the inputs. The time tells apart equally named logs of several days.
#[derive(Clone, Copy)]
pub(crate) struct KeySeed(u64);

impl KeySeed {
    pub(crate) fn new(input: &Arc<str>) -> Self {
        let name = input.rsplit(['/', '\\']).next().unwrap_or(input);
        let digest = Sha256::digest(name.as_bytes());
        let first = digest.first_chunk::<8>().copied().unwrap_or_default();
        KeySeed(u64::from_le_bytes(first))
    }

    /// The key of one exchange.
    pub(crate) fn key(self, number: u64, time: Timestamp) -> u64 {
        mix(mix(self.0 ^ mix(number)) ^ time.0.cast_unsigned())
    }
}

/// The finaliser of SplitMix64: a bijection in which every input bit moves every output bit.
fn mix(mut x: u64) -> u64 {
    x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_does_not_matter_and_everything_else_does() {
        let key = |name: &str, number, time| KeySeed::new(&Arc::from(name)).key(number, Timestamp(time));
        assert_eq!(key("a/b/access.log", 7, 1), key("access.log", 7, 1));
        assert_ne!(key("a/b/access.log", 7, 1), key("a/b/access2.log", 7, 1));
        assert_ne!(key("access.log", 7, 1), key("access.log", 8, 1));
        assert_ne!(key("access.log", 7, 1), key("access.log", 7, 2));
    }
}
