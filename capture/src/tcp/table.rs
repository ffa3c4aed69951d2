//! The connections that are open, within bounds.

use std::collections::VecDeque;

use hashbrown::HashMap;
use hashbrown::hash_map::Entry;

use super::Segment;
use super::connection::Connection;
use crate::output::{Output, StableHash};
use crate::{Endpoint, Limits, Timestamp};

/// Capture time for which a closed connection is kept, so that late copies of its packets open no new one.
const LINGER: i64 = 30_000_000;

/// The two ends of a connection, the lower first.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Ends {
    low: (u128, u16),
    high: (u128, u16),
    v6: bool,
    /// Set for a connection that shares its ends with another in a different VLAN.
    vlan: Option<u32>,
}

impl Ends {
    /// The key of a packet's connection, and which side (0 or 1) sent the packet.
    pub(crate) fn of(v6: bool, source: (u128, u16), destination: (u128, u16)) -> (Self, usize) {
        if source <= destination {
            (Ends { low: source, high: destination, v6, vlan: None }, 0)
        } else {
            (Ends { low: destination, high: source, v6, vlan: None }, 1)
        }
    }

    fn endpoints(&self) -> [Endpoint; 2] {
        [self.endpoint(self.low), self.endpoint(self.high)]
    }

    fn endpoint(&self, (ip, port): (u128, u16)) -> Endpoint {
        let ip = if self.v6 {
            std::net::Ipv6Addr::from_bits(ip).into()
        } else {
            std::net::Ipv4Addr::from_bits(ip as u32).into()
        };
        Endpoint { ip, port: Some(port) }
    }
}

/// The open connections.
pub(crate) struct Table {
    index: HashMap<Ends, u32, foldhash::fast::RandomState>,
    slots: Vec<Option<Tracked>>,
    free: Vec<u32>,
    /// Connections to look at when they may have gone idle, oldest look first.
    idle: VecDeque<Look>,
    /// Closed connections, in closing order.
    closed: VecDeque<Look>,
    created: u64,
    held: usize,
    now: Timestamp,
}

struct Tracked {
    ends: Ends,
    created: u64,
    lingering: bool,
    /// VLAN in which it began.
    vlan: u32,
    connection: Connection,
}

#[derive(Clone, Copy)]
struct Look {
    time: Timestamp,
    slot: u32,
    created: u64,
}

impl Table {
    pub(crate) fn new() -> Self {
        Table {
            index: HashMap::default(),
            slots: Vec::new(),
            free: Vec::new(),
            idle: VecDeque::new(),
            closed: VecDeque::new(),
            created: 0,
            held: 0,
            now: Timestamp(i64::MIN),
        }
    }

    /// Takes one segment.
    pub(crate) fn segment(&mut self, ends: Ends, side: usize, segment: &Segment<'_>, out: &mut Output<'_>) {
        self.now = self.now.max(segment.seen.time);
        self.sweep(out);
        let mut slot = self.find(ends, side, segment, out);
        let mut ends = ends;
        // Networks that use the same addresses are told apart by VLAN, but one packet seen in two VLANs is one packet.
        if self.tracked(slot).is_some_and(|t| t.vlan != segment.vlan && t.connection.strange(side, segment)) {
            ends.vlan = Some(segment.vlan);
            slot = self.find(ends, side, segment, out);
        }
        if self.tracked(slot).is_some_and(|t| t.connection.succeeded_by(side, segment)) {
            self.close(slot, out);
            slot = self.find(ends, side, segment, out);
        }
        let Some(Some(tracked)) = self.slots.get_mut(slot as usize) else { return };
        let before = tracked.connection.held();
        tracked.connection.segment(side, segment, out);
        self.held = (self.held + tracked.connection.held()).saturating_sub(before);
        if !tracked.lingering && tracked.connection.closed() {
            tracked.lingering = true;
            self.closed.push_back(Look { time: self.now, slot, created: tracked.created });
        }
        if self.held > out.limits.total_bytes {
            self.bound(out);
        }
    }

    fn tracked(&self, slot: u32) -> Option<&Tracked> {
        self.slots.get(slot as usize).and_then(Option::as_ref)
    }

    fn find(&mut self, ends: Ends, side: usize, segment: &Segment<'_>, out: &mut Output<'_>) -> u32 {
        let entry = match self.index.entry(ends) {
            Entry::Occupied(entry) => return *entry.get(),
            Entry::Vacant(entry) => entry,
        };
        let slot = self.free.pop().unwrap_or(u32::try_from(self.slots.len()).unwrap_or(u32::MAX));
        entry.insert(slot);
        self.created += 1;
        let endpoints = ends.endpoints();
        let [low, high] = &endpoints;
        let id = StableHash::new()
            .endpoint(low)
            .endpoint(high)
            .word(u64::from(segment.seq) << 1 | side as u64)
            .word(segment.seen.time.0 as u64)
            .finish();
        let connection = Connection::new(endpoints, id, segment.seen);
        let tracked = Tracked { ends, created: self.created, lingering: false, vlan: segment.vlan, connection };
        match self.slots.get_mut(slot as usize) {
            Some(place) => *place = Some(tracked),
            None => self.slots.push(Some(tracked)),
        }
        self.idle.push_back(Look { time: self.now, slot, created: self.created });
        self.bound(out);
        slot
    }

    /// Closes what has been idle or closed for long enough.
    fn sweep(&mut self, out: &mut Output<'_>) {
        let idle = out.limits.idle_seconds.saturating_mul(1_000_000);
        while let Some(&look) = self.closed.front() {
            if self.now.0.saturating_sub(look.time.0) <= LINGER {
                break;
            }
            self.closed.pop_front();
            if self.current(look).is_some() {
                self.close(look.slot, out);
            }
        }
        while let Some(&look) = self.idle.front() {
            if self.now.0.saturating_sub(look.time.0) <= idle {
                break;
            }
            self.look(idle, out);
        }
    }

    /// Looks at the connection that was not looked at for longest: closes it if it was silent since.
    fn look(&mut self, idle: i64, out: &mut Output<'_>) {
        let Some(look) = self.idle.pop_front() else { return };
        let Some(last) = self.current(look) else { return };
        if self.now.0.saturating_sub(last.0) > idle || last <= look.time {
            self.close(look.slot, out);
        } else {
            self.idle.push_back(Look { time: last, ..look });
        }
    }

    /// Time of the latest packet of the connection meant, if it is still there.
    fn current(&self, look: Look) -> Option<Timestamp> {
        self.tracked(look.slot).filter(|t| t.created == look.created).map(|t| t.connection.last)
    }

    /// Closes the idlest connections while there are too many, or too many bytes held.
    fn bound(&mut self, out: &mut Output<'_>) {
        let Limits { connections, total_bytes, idle_seconds, .. } = *out.limits;
        // The connection just made is the last looked at and stays.
        while self.idle.len() > 1 && (self.index.len() > connections.max(1) || self.held > total_bytes) {
            self.look(idle_seconds.saturating_mul(1_000_000), out);
        }
    }

    fn close(&mut self, slot: u32, out: &mut Output<'_>) {
        let Some(mut tracked) = self.slots.get_mut(slot as usize).and_then(Option::take) else { return };
        self.held = self.held.saturating_sub(tracked.connection.held());
        tracked.connection.finish(out);
        self.index.remove(&tracked.ends);
        self.free.push(slot);
    }

    /// Closes all, in the order they began.
    pub(crate) fn finish(&mut self, out: &mut Output<'_>) {
        let mut open: Vec<(u64, u32)> =
            (0u32..).zip(&self.slots).filter_map(|(slot, t)| t.as_ref().map(|t| (t.created, slot))).collect();
        open.sort_unstable();
        for (_, slot) in open {
            self.close(slot, out);
        }
    }
}
