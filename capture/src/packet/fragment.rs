//! IP fragments, put together again within bounds.

use std::collections::{BTreeMap, VecDeque};

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

/// Datagrams that wait for fragments.
#[derive(Default)]
pub(super) struct Fragments {
    waiting: BTreeMap<Key, Waiting>,
    /// Keys in the order they came, each with the time that tells a reused identification apart.
    order: VecDeque<(Timestamp, Key)>,
    held: usize,
}

struct Waiting {
    since: Timestamp,
    first: Option<Frame>,
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
        datagram.fragment.is_some_and(|place| {
            self.waiting.contains_key(&(network.tenant, datagram.addresses, datagram.protocol, place.id))
        })
    }

    /// Takes one fragment; returns the payload of the datagram that it completes and the frame with its first byte.
    pub(super) fn push(
        &mut self,
        datagram: &Datagram<'_>,
        network: Network,
        Seen { time, frame }: Seen,
        given_up: &mut GivenUp,
    ) -> Option<(Vec<u8>, Frame)> {
        let place = datagram.fragment?;
        self.expire(time, given_up);
        let end = place.offset + u32::try_from(datagram.bytes.len()).unwrap_or(DATAGRAM_LIMIT);
        if end > DATAGRAM_LIMIT || datagram.bytes.len() < datagram.wire_len {
            given_up.packets += 1;
            given_up.bytes += datagram.bytes.len() as u64;
            return None;
        }
        let key = (network.tenant, datagram.addresses, datagram.protocol, place.id);
        let order = &mut self.order;
        let waiting = self.waiting.entry(key).or_insert_with(|| {
            order.push_back((time, key));
            Waiting { since: time, first: None, total: None, have: 0, parts: BTreeMap::new(), packets: 0 }
        });
        waiting.packets += 1;
        if place.offset == 0 && waiting.first.is_none() {
            waiting.first = Some(frame);
        }
        if !place.more && waiting.total.is_none() {
            waiting.total = Some(end);
        }
        let added = waiting.insert(place.offset, datagram.bytes);
        self.held += added;
        if waiting.total != Some(waiting.have) {
            return None;
        }
        let done = self.waiting.remove(&key)?;
        self.held -= done.have as usize;
        let whole = done.parts.into_values().collect::<Vec<_>>().concat();
        Some((whole, done.first.unwrap_or(frame)))
    }

    /// Gives up what waited too long or is too much.
    fn expire(&mut self, now: Timestamp, given_up: &mut GivenUp) {
        while let Some(&(since, key)) = self.order.front() {
            let late = now.0.saturating_sub(since.0) > PATIENCE;
            let full = self.waiting.len() >= WAITING || self.held > HELD;
            let stale = self.waiting.get(&key).is_none_or(|w| w.since != since);
            if !(late || full || stale) {
                break;
            }
            self.order.pop_front();
            if !stale && let Some(waiting) = self.waiting.remove(&key) {
                self.held -= waiting.have as usize;
                given_up.packets += waiting.packets;
                given_up.bytes += u64::from(waiting.have);
            }
        }
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
