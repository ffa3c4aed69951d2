//! Packets that were seen before: at a second tap, on a second interface, in a mirror of both directions.

use std::hash::{BuildHasher, Hasher};

use foldhash::fast::FixedState;

use super::network::{Addresses, Datagram};
use crate::Timestamp;
use crate::tcp::Network;

/// Packets remembered; a power of two.
const REMEMBERED: usize = 1 << 14;
/// Capture time within which two taps see one packet. A retransmission is no sighting whatever its time: it has an
/// identification of its own, or other options.
const APART: i64 = 2_000_000;

/// The latest packets, each in the one place where it can be.
pub(super) struct Sightings {
    latest: Vec<Sighting>,
}

#[derive(Clone, Copy, Default)]
struct Sighting {
    packet: u64,
    time: Timestamp,
    tenant: u64,
}

impl Sightings {
    pub(super) fn new() -> Self {
        Sightings { latest: vec![Sighting::default(); REMEMBERED] }
    }

    /// Notes a packet by its fingerprint; says whether it was seen before. One that was seen in tunnels of two tenants
    /// is two packets.
    #[inline]
    pub(super) fn again(&mut self, packet: u64, time: Timestamp, network: Network) -> bool {
        let Some(slot) = self.latest.get_mut(packet as usize & (REMEMBERED - 1)) else { return false };
        let same_tenant = slot.tenant == network.tenant || slot.tenant == 0 || network.tenant == 0;
        let again = slot.packet == packet && same_tenant && time.0.abs_diff(slot.time.0) <= APART as u64;
        if !again {
            *slot = Sighting { packet, time, tenant: network.tenant };
        }
        again
    }
}

/// What makes a packet the packet it is: addresses, the datagram's number and length, and words of what it carries. The
/// time to live and the checksum may differ from tap to tap, and so may what was around the packet.
#[inline]
pub(super) fn fingerprint(datagram: &Datagram<'_>, words: impl IntoIterator<Item = u64>) -> u64 {
    let mut hasher = FixedState::default().build_hasher();
    let fold = |address: u128| (address >> 64) as u64 ^ address as u64;
    let Addresses { source, destination, .. } = datagram.addresses;
    hasher.write_u64(fold(source).rotate_left(32) ^ fold(destination));
    hasher.write_u64(u64::from(datagram.number) << 32 | datagram.bytes.len() as u64);
    for word in words {
        hasher.write_u64(word);
    }
    hasher.finish()
}

/// The hash of all that a packet carries, for packets that are rare.
pub(super) fn digest(bytes: &[u8]) -> u64 {
    FixedState::default().hash_one(bytes)
}
