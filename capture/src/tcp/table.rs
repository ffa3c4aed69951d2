//! The connections that are open, within bounds.

use std::collections::{BTreeMap, VecDeque};

use hashbrown::HashMap;

use super::connection::Connection;
use super::{Network, Segment};
use crate::output::{Output, StableHash};
use crate::{Endpoint, Limits, Timestamp};

/// Capture time for which a closed connection is kept, so that late copies of its packets open no new one.
const LINGER: i64 = 30_000_000;

/// Networks in which the packets of one connection may be seen.
const ALIASES: usize = 16;

/// Connections of different networks between the same ends that a packet from yet another network is compared with.
const FAMILY: usize = 32;

/// The two ends of a connection, the lower first. Each connection has it three times: addresses are in halves, since whole
/// ones would be placed at multiples of 16 bytes.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Ends {
    addresses: [[u64; 2]; 2],
    ports: [u16; 2],
    v6: bool,
    /// 0 for the first connection between these ends; the network's path, never 0, for one of another network.
    network: u64,
}

impl Ends {
    /// The key of a packet's connection, and which side (0 or 1) sent the packet.
    pub(crate) fn of(v6: bool, source: (u128, u16), destination: (u128, u16)) -> (Self, usize) {
        let (low, high, side) = if source <= destination { (source, destination, 0) } else { (destination, source, 1) };
        let halves = |address: u128| [(address >> 64) as u64, address as u64];
        let addresses = [halves(low.0), halves(high.0)];
        (Ends { addresses, ports: [low.1, high.1], v6, network: 0 }, side)
    }

    /// The key of a connection that another network has between the same addresses.
    fn within(self, network: Network) -> Self {
        Ends { network: network.path.max(1), ..self }
    }

    pub(crate) fn endpoints(&self) -> [Endpoint; 2] {
        let ([low, high], [low_port, high_port]) = (self.addresses, self.ports);
        [self.endpoint(low, low_port), self.endpoint(high, high_port)]
    }

    fn endpoint(&self, [upper, lower]: [u64; 2], port: u16) -> Endpoint {
        let ip = if self.v6 {
            std::net::Ipv6Addr::from_bits(u128::from(upper) << 64 | u128::from(lower)).into()
        } else {
            std::net::Ipv4Addr::from_bits(lower as u32).into()
        };
        Endpoint { ip, port: Some(port) }
    }
}

/// The open connections.
pub(crate) struct Table {
    index: HashMap<Ends, u32, foldhash::fast::RandomState>,
    /// Slots of the connections whose keys name a network, by their ends and in the order they began.
    families: HashMap<Ends, BTreeMap<u64, u32>, foldhash::fast::RandomState>,
    /// Each apart: one is some hundred bytes, and a table of many would move them all as it grows.
    slots: Vec<Option<Box<Tracked>>>,
    free: Vec<u32>,
    /// Connections to look at when they may have gone idle, oldest look first.
    idle: VecDeque<Look>,
    /// Closed connections, in closing order.
    closed: VecDeque<Look>,
    created: u64,
    /// Keys of the index that name a network.
    divided: usize,
    held: usize,
    now: Timestamp,
}

struct Tracked {
    created: u64,
    lingering: bool,
    /// Where its packets were seen, unless in no tagged network and no tunnel. Few have it, so it stands apart.
    networks: Option<Box<Networks>>,
    connection: Connection,
}

/// The networks in which a connection's packets were seen.
#[derive(Default)]
struct Networks {
    /// That in which it began.
    first: Network,
    /// Tenant of each side's packets, as far as their tunnels tell.
    tenants: [u64; 2],
    /// Keys of others in which its packets were seen too.
    aliases: Vec<Ends>,
}

impl Tracked {
    /// Whether a segment from another network than this connection's is one of its own all the same. The two directions
    /// of a tunnel may have different tenants' identifiers, but one direction has one.
    fn adopts(&self, side: usize, segment: &Segment<'_>) -> bool {
        let tenant = self.tenants().get(side).copied().unwrap_or(0);
        let strange = tenant != 0 && segment.network.tenant != 0 && tenant != segment.network.tenant;
        !strange && self.aliases().len() < ALIASES && self.connection.continues(side, segment)
    }

    /// Path of the network in which it began.
    fn path(&self) -> u64 {
        self.networks.as_deref().map_or(0, |networks| networks.first.path)
    }

    fn tenants(&self) -> [u64; 2] {
        self.networks.as_deref().map_or([0; 2], |networks| networks.tenants)
    }

    fn aliases(&self) -> &[Ends] {
        self.networks.as_deref().map_or(&[], |networks| &networks.aliases)
    }

    /// Remembers of which tenant a side's packets are.
    fn note_tenant(&mut self, side: usize, segment: &Segment<'_>) {
        if segment.network.tenant != 0
            && let Some(tenant @ 0) = self.networks.get_or_insert_default().tenants.get_mut(side)
        {
            *tenant = segment.network.tenant;
        }
    }
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
            families: HashMap::default(),
            slots: Vec::new(),
            free: Vec::new(),
            idle: VecDeque::new(),
            closed: VecDeque::new(),
            created: 0,
            divided: 0,
            held: 0,
            now: Timestamp(i64::MIN),
        }
    }

    /// Takes one segment.
    pub(crate) fn segment(&mut self, ends: Ends, side: usize, segment: &Segment<'_>, out: &mut Output<'_>) {
        self.now = self.now.max(segment.seen.time);
        self.sweep(out);
        let mut slot = self.find(ends, side, segment, out);
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
        self.slots.get(slot as usize).and_then(Option::as_deref)
    }

    /// The connection of a segment. Networks that use the same addresses are told apart by what is around their packets;
    /// but one packet may be seen in two of them, before and behind a router or a tunnel's end, and then its numbers say
    /// so.
    fn find(&mut self, ends: Ends, side: usize, segment: &Segment<'_>, out: &mut Output<'_>) -> u32 {
        let first = self.index.get(&ends).copied();
        if let Some(slot) = first
            && let Some(Some(tracked)) = self.slots.get_mut(slot as usize)
            && tracked.path() == segment.network.path
        {
            tracked.note_tenant(side, segment);
            return slot;
        }
        let divided = ends.within(segment.network);
        if self.divided > 0
            && let Some(&slot) = self.index.get(&divided)
        {
            return slot;
        }
        if let Some(slot) = self.adopter(ends, first, side, segment) {
            if let Some(Some(tracked)) = self.slots.get_mut(slot as usize) {
                tracked.note_tenant(side, segment);
                tracked.networks.get_or_insert_default().aliases.push(divided);
            }
            self.index.insert(divided, slot);
            self.divided += 1;
            return slot;
        }
        if first.is_none() {
            return self.create(ends, side, segment, out);
        }
        let slot = self.create(divided, side, segment, out);
        self.families.entry(ends).or_default().insert(self.created, slot);
        slot
    }

    /// The connection between these ends that a segment from a network unknown to all of them belongs to; one that has
    /// the same tenant comes first.
    fn adopter(&self, ends: Ends, first: Option<u32>, side: usize, segment: &Segment<'_>) -> Option<u32> {
        let family = self.families.get(&ends);
        let latest = || family.into_iter().flat_map(|family| family.values().rev().take(FAMILY).copied());
        let candidates = || first.into_iter().chain(latest());
        let adopts = |slot: u32| self.tracked(slot).is_some_and(|tracked| tracked.adopts(side, segment));
        let tenant = segment.network.tenant;
        let related = |slot: u32| self.tracked(slot).is_some_and(|t| tenant != 0 && t.tenants().contains(&tenant));
        candidates().find(|&slot| related(slot) && adopts(slot)).or_else(|| candidates().find(|&slot| adopts(slot)))
    }

    fn create(&mut self, ends: Ends, side: usize, segment: &Segment<'_>, out: &mut Output<'_>) -> u32 {
        let slot = self.free.pop().unwrap_or(u32::try_from(self.slots.len()).unwrap_or(u32::MAX));
        self.index.insert(ends, slot);
        self.divided += usize::from(ends.network != 0);
        self.created += 1;
        let endpoints = ends.endpoints();
        let [low, high] = &endpoints;
        let id = StableHash::new()
            .endpoint(low)
            .endpoint(high)
            .word(u64::from(segment.seq) << 1 | side as u64)
            .word(segment.seen.time.0 as u64);
        let id = if ends.network == 0 { id } else { id.word(ends.network) };
        let connection = Connection::new(ends, id.finish(), segment.seen);
        let networks = (segment.network != Network::default())
            .then(|| Box::new(Networks { first: segment.network, ..Networks::default() }));
        let mut tracked = Box::new(Tracked { created: self.created, lingering: false, networks, connection });
        tracked.note_tenant(side, segment);
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
        let ends = tracked.connection.ends;
        for key in tracked.aliases().iter().chain([&ends]) {
            self.index.remove(key);
            self.divided -= usize::from(key.network != 0);
        }
        if ends.network != 0 {
            self.leave_family(Ends { network: 0, ..ends }, tracked.created);
        }
        self.free.push(slot);
    }

    fn leave_family(&mut self, ends: Ends, created: u64) {
        if let Some(family) = self.families.get_mut(&ends) {
            family.remove(&created);
            if family.is_empty() {
                self.families.remove(&ends);
            }
        }
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

#[cfg(test)]
mod tests {
    use super::Tracked;

    /// Tens of thousands may be open at once, and the next size that allocators give is a quarter larger.
    #[test]
    #[cfg(target_pointer_width = "64")]
    fn an_open_connection_takes_at_most_a_kilobyte() {
        assert!(size_of::<Tracked>() <= 1024, "{} bytes", size_of::<Tracked>());
    }
}
