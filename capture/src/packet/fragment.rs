//! IP fragments, put together again within bounds.

use std::collections::BTreeMap;

use super::network::{Addresses, Datagram};
use crate::Timestamp;
use crate::tcp::{Frame, Network, Seen};

/// Bytes of the largest IP datagram.
const DATAGRAM_LIMIT: u32 = 65_535;
/// Datagrams waiting for fragments at once.
const WAITING: usize = 4_096;
/// Fragments of one datagram.
const PARTS: usize = 1_024;
/// Bytes held over all datagrams.
const HELD: usize = 16 << 20;
/// Capture time after which a fragment's fellows no longer come (RFC 8200 says 60 s, Linux 30 s).
const PATIENCE: i64 = 30_000_000;

/// Tenants of tunnels may have the same addresses and numbers.
type Key = (u64, Addresses, u8, u32);

/// What the fragments of one datagram have in common. Under IPv6 they need not name the same protocol: that of the first
/// counts (RFC 8200, section 4.5).
fn key(datagram: &Datagram<'_>, id: u32, network: Network) -> Key {
    let protocol = if datagram.addresses.v6 { 0 } else { datagram.protocol };
    (network.tenant, datagram.addresses, protocol, id)
}

/// Datagrams that wait for fragments.
#[derive(Default)]
pub(super) struct Fragments {
    waiting: BTreeMap<Key, Waiting>,
    /// Keys of those that wait, in the order they came.
    order: BTreeMap<u64, Key>,
    came: u64,
    held: usize,
}

struct Waiting {
    /// Place in the order.
    nth: u64,
    since: Timestamp,
    /// Frame of the first part, and the protocol it names.
    first: Option<(Frame, u8)>,
    total: Option<u32>,
    have: u32,
    /// Disjoint parts by offset; the first byte seen wins.
    parts: BTreeMap<u32, Vec<u8>>,
    packets: u64,
}

/// Fragments given up: packets and bytes.
#[derive(Clone, Copy, Default)]
pub(super) struct GivenUp {
    pub(super) packets: u64,
    pub(super) bytes: u64,
}

impl Fragments {
    /// Whether other fragments of the same datagram wait.
    pub(super) fn expect(&self, datagram: &Datagram<'_>, network: Network) -> bool {
        datagram.fragment.is_some_and(|place| self.waiting.contains_key(&key(datagram, place.id, network)))
    }

    /// Takes one fragment; returns the payload of the datagram that it completes, the frame with its first byte, and
    /// the protocol that this frame names.
    pub(super) fn push(
        &mut self,
        datagram: &Datagram<'_>,
        network: Network,
        Seen { time, frame }: Seen,
        given_up: &mut GivenUp,
    ) -> Option<(Vec<u8>, Frame, u8)> {
        let place = datagram.fragment?;
        self.expire(time, given_up);
        let end = place.offset + u32::try_from(datagram.bytes.len()).unwrap_or(DATAGRAM_LIMIT);
        if end > DATAGRAM_LIMIT || datagram.bytes.len() < datagram.wire_len {
            given_up.packets += 1;
            given_up.bytes += datagram.bytes.len() as u64;
            return None;
        }
        let key = key(datagram, place.id, network);
        let (order, came) = (&mut self.order, &mut self.came);
        let waiting = self.waiting.entry(key).or_insert_with(|| {
            *came += 1;
            order.insert(*came, key);
            Waiting { nth: *came, since: time, first: None, total: None, have: 0, parts: BTreeMap::new(), packets: 0 }
        });
        waiting.packets += 1;
        if place.offset == 0 && waiting.first.is_none() {
            waiting.first = Some((frame, datagram.protocol));
        }
        if !place.more && waiting.total.is_none() {
            waiting.total = Some(end);
        }
        let added = waiting.insert(place.offset, datagram.bytes);
        self.held += added;
        if waiting.total != Some(waiting.have) {
            return None;
        }
        let done = self.remove(&key)?;
        let whole = done.parts.into_values().collect::<Vec<_>>().concat();
        let (first, protocol) = done.first.unwrap_or((frame, datagram.protocol));
        Some((whole, first, protocol))
    }

    /// Gives up what waited too long or is too much.
    fn expire(&mut self, now: Timestamp, given_up: &mut GivenUp) {
        while let Some((_, &key)) = self.order.first_key_value() {
            let full = self.waiting.len() >= WAITING || self.held > HELD;
            let late = self.waiting.get(&key).is_none_or(|w| now.0.saturating_sub(w.since.0) > PATIENCE);
            if !(late || full) {
                break;
            }
            let Some(waiting) = self.remove(&key) else { break };
            given_up.packets += waiting.packets;
            given_up.bytes += u64::from(waiting.have);
        }
    }

    /// Takes one out of those that wait.
    fn remove(&mut self, key: &Key) -> Option<Waiting> {
        let waiting = self.waiting.remove(key)?;
        self.order.remove(&waiting.nth);
        self.held -= waiting.have as usize;
        Some(waiting)
    }

    /// Gives up everything: the input is over.
    pub(super) fn finish(&mut self) -> GivenUp {
        let mut given_up = GivenUp::default();
        for waiting in std::mem::take(&mut self.waiting).into_values() {
            given_up.packets += waiting.packets;
            given_up.bytes += u64::from(waiting.have);
        }
        self.order.clear();
        self.held = 0;
        given_up
    }
}

impl Waiting {
    /// Keeps the bytes that no earlier fragment brought; returns how many.
    fn insert(&mut self, offset: u32, bytes: &[u8]) -> usize {
        if self.parts.len() >= PARTS {
            return 0;
        }
        let before = self.have;
        let mut at = offset;
        let mut rest = bytes;
        if let Some((&start, part)) = self.parts.range(..=offset).next_back() {
            let covered = (start + part.len() as u32).saturating_sub(offset) as usize;
            rest = rest.get(covered..).unwrap_or(&[]);
            at += covered as u32;
        }
        while !rest.is_empty() {
            let next = self.parts.range(at..).next().map(|(&start, part)| (start, part.len() as u32));
            let room = next.map_or(rest.len(), |(start, _)| rest.len().min((start - at) as usize));
            let (fresh, later) = rest.split_at(room);
            if !fresh.is_empty() {
                self.parts.insert(at, fresh.to_vec());
                self.have += room as u32;
            }
            let Some((start, len)) = next else { break };
            rest = later.get(len as usize..).unwrap_or(&[]);
            at = start + len;
        }
        (self.have - before) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packet::network;
    use crate::packet::part::Part;

    /// Takes a fragment of an IPv4 packet at a time that never changes.
    fn push(fragments: &mut Fragments, id: u16, offset: u16, more: bool) -> bool {
        let place = (offset / 8) | if more { 0x2000 } else { 0 };
        let header = [&[0x45, 0, 0, 28][..], &id.to_be_bytes(), &place.to_be_bytes(), &[64, 6, 0, 0]].concat();
        let packet = [&header[..], &[10, 0, 0, 1, 10, 0, 0, 2], &[7; 8]].concat();
        let datagram = network::parse(Part::new(&packet, packet.len())).unwrap();
        fragments.push(&datagram, Network::default(), Seen::default(), &mut GivenUp::default()).is_some()
    }

    #[test]
    fn nothing_is_kept_of_what_was_made_whole_however_long_the_first_waits() {
        let mut fragments = Fragments::default();
        assert!(!push(&mut fragments, 0, 0, true));
        for id in 1..=10_000 {
            assert!(!push(&mut fragments, id, 8, false) && push(&mut fragments, id, 0, true));
        }
        assert_eq!((fragments.waiting.len(), fragments.order.len(), fragments.held), (1, 1, 8));
        for id in 0..10_000 {
            push(&mut fragments, id, 0, true);
        }
        assert_eq!((fragments.waiting.len(), fragments.order.len(), fragments.held), (WAITING, WAITING, 8 * WAITING));
    }
}
