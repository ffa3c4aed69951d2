//! Stable identities of exchanges that come from a HAR entry or a log line.

use crate::Timestamp;

/// Derives keys from how a file's content begins, the number of the entry or line, and its time: the same whatever the
/// file's name, folder or compression, or the order of the inputs. Files of one run that begin alike are numbered by what
/// follows, so that the key of what one of them holds may change with the others that are given.
#[derive(Clone, Copy)]
pub(crate) struct KeySeed(u64);

impl KeySeed {
    /// The seed of an input with this head, before which `alike` inputs of the run have the same.
    pub(crate) fn new(head: u64, alike: u64) -> Self {
        KeySeed(if alike == 0 { head } else { mix(head ^ mix(alike)) })
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
    fn everything_that_tells_exchanges_apart_matters() {
        let key = |head, alike, number, time| KeySeed::new(head, alike).key(number, Timestamp(time));
        let keys =
            [key(1, 0, 7, 1), key(2, 0, 7, 1), key(1, 1, 7, 1), key(1, 2, 7, 1), key(1, 0, 8, 1), key(1, 0, 7, 2)];
        assert_eq!(keys.iter().collect::<std::collections::BTreeSet<_>>().len(), keys.len());
    }
}
