//! The lookout: holds the exchanges of a capture until it is known whether one may be a hop, so that only those wait until
//! all is read which may.
//!
//! Exchanges come when they are over, the inner hop shortly before or after the outer one. What neither holds nor lies in
//! another that is over within [`HORIZON`] goes on at once. That only saves work: what is a hop is decided when all is
//! read, by [`super::hop`] and [`super::passed`].

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use offpath_capture::{Exchange, Place, Response};

use super::hop::{is_hop_of, is_without_answer, outlasts};
use super::passed::{self, is_passed_on};
use super::sight::{REQUEST_ID, Sight, Sighter, TRACE_ID, decoded_path};

/// What an outer exchange may last longer than its hop, in microseconds.
const HORIZON: i64 = 10_000_000;
/// Exchanges of other servers with the same id or content that are looked at for one.
const LOOKED_AT: usize = 512;
/// Most exchanges that are remembered, held or not.
const MOST: usize = 1 << 16;
/// Most prefixes of one path without which it is the same as others.
const MOST_PREFIXES: usize = 4;

/// Whether an exchange may be a hop, or have one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::pipeline) enum Prospect {
    /// Nobody looked: it may where it has an id.
    #[default]
    Unknown,
    /// Nothing that was near it fits.
    No,
    /// It may, by its path and by what is left of its path without so many first bytes.
    May(Vec<usize>),
}

/// Exchanges of one source that are over but a while.
pub(in crate::pipeline) struct Lookout<'a> {
    sighter: &'a Sighter,
    budget: usize,
    bytes: usize,
    /// Latest end so far.
    clock: i64,
    seen: VecDeque<Seen>,
    /// Number of the first of them, and of the first that is still held.
    first: u64,
    held: u64,
    /// Numbers by what must be the same of two hops, and by the server, which must not.
    alike: HashMap<u64, BTreeMap<u64, VecDeque<u64>>>,
    /// Addresses of all servers so far.
    servers: HashSet<u64>,
}

struct Seen {
    /// Until it goes on.
    exchange: Option<Exchange>,
    bytes: usize,
    /// The latest end when it came, and as much more as it is held.
    until: i64,
    sight: Sight,
    path: Box<str>,
    /// One for each id, one for the content, and one for what it asks and whether it gave up; 0 is none.
    keys: [u64; 4],
    prospect: Prospect,
}

/// An exchange that goes on.
pub(in crate::pipeline) type Looked = (Exchange, Prospect);

impl<'a> Lookout<'a> {
    /// Holds about `budget` bytes of exchanges; beyond, the oldest go on as ones that may be hops where they have an id or
    /// come from a server.
    pub(in crate::pipeline) fn new(sighter: &'a Sighter, budget: usize) -> Self {
        Lookout {
            sighter,
            budget,
            bytes: 0,
            clock: i64::MIN,
            seen: VecDeque::new(),
            first: 0,
            held: 0,
            alike: HashMap::new(),
            servers: HashSet::new(),
        }
    }

    /// What is known of an exchange that was looked at and not found to be one that may be a hop.
    pub(in crate::pipeline) fn of_unmarked(exchange: &Exchange) -> Prospect {
        if is_watched(exchange) { Prospect::No } else { Prospect::Unknown }
    }

    /// What is known of an exchange of which nobody knows any more what was found.
    pub(in crate::pipeline) fn of_missed(exchange: &Exchange) -> Prospect {
        if is_watched(exchange) { Prospect::May(Vec::new()) } else { Prospect::Unknown }
    }

    /// Takes the next exchange, and returns those that go on.
    pub(in crate::pipeline) fn take(&mut self, exchange: Exchange) -> Vec<Looked> {
        let sight = is_watched(&exchange).then(|| self.sighter.sight(&exchange, None, 0, 0)).flatten();
        let (Some(sight), Some(request)) = (sight, &exchange.request) else {
            return vec![(exchange, Prospect::Unknown)];
        };
        self.clock = self.clock.max(sight.over);
        let path = decoded_path(request).into();
        let id = |place: usize| match sight.value(place) {
            0 => 0,
            id => self.sighter.both(id, sight.call),
        };
        // What was given up is looked for among what was not, and the other way round.
        let asks = |given_up: bool| if sight.asks == 0 { 0 } else { self.sighter.both(sight.asks, given_up.into()) };
        let gave_up = is_without_answer(&sight);
        let keys = [id(REQUEST_ID), id(TRACE_ID), sight.content, asks(gave_up)];
        let partners = [keys[0], keys[1], keys[2], asks(!gave_up)];
        let bytes = request.held() + exchange.response.as_ref().map_or(0, Response::held) + size_of::<Seen>();
        let until = self.clock.saturating_add(HORIZON);
        let prospect = Prospect::No;
        let mut seen = Seen { exchange: Some(exchange), bytes, until, sight, path, keys, prospect };
        self.compare(&mut seen, partners);
        let number = self.first + self.seen.len() as u64;
        for key in keys.into_iter().filter(|key| *key != 0) {
            self.alike.entry(key).or_default().entry(seen.sight.served).or_default().push_back(number);
        }
        if self.servers.len() < MOST {
            self.servers.insert(seen.sight.server);
        }
        self.bytes += seen.bytes;
        self.seen.push_back(seen);
        self.hand_on()
    }

    /// The exchanges that are still held.
    pub(in crate::pipeline) fn finish(&mut self) -> Vec<Looked> {
        self.alike.clear();
        std::mem::take(&mut self.seen).into_iter().filter_map(|seen| Some((seen.exchange?, seen.prospect))).collect()
    }

    /// Marks the exchange and those that it may be a hop of, or that may be hops of it: the last of each other server, as
    /// long as they were not over when it began.
    fn compare(&mut self, new: &mut Seen, partners: [u64; 4]) {
        let begun = new.sight.time.saturating_sub(new.sight.tick).saturating_add(HORIZON);
        let own = new.sight.served;
        for servers in partners.into_iter().filter_map(|key| self.alike.get(&key)) {
            let mut looked_at = 0;
            'servers: for (_, numbers) in servers.iter().filter(|(served, _)| **served != own) {
                for number in numbers.iter().rev() {
                    let place = usize::try_from(number.saturating_sub(self.first)).unwrap_or(usize::MAX);
                    looked_at += 1;
                    if looked_at > LOOKED_AT {
                        new.mark(0);
                        break 'servers;
                    }
                    let Some(old) = self.seen.get_mut(place).filter(|old| old.until >= begun) else { break };
                    if let Some([mine, other]) = new.prefixes(old) {
                        new.mark(mine);
                        old.mark(other);
                    }
                }
            }
        }
    }

    fn hand_on(&mut self) -> Vec<Looked> {
        let mut free = Vec::new();
        while self.seen.front().is_some_and(|seen| seen.until < self.clock) || self.seen.len() > MOST {
            let Some(seen) = self.seen.pop_front() else { break };
            seen.keys.iter().for_each(|key| self.forget(*key, seen.sight.served));
            self.first += 1;
            let early = seen.is_open() || seen.until >= self.clock && self.may_be_passed_on(&seen);
            free.extend(self.let_go(seen.exchange, seen.bytes, seen.prospect, early));
        }
        self.held = self.held.max(self.first);
        while self.bytes > self.budget {
            let place = usize::try_from(self.held.saturating_sub(self.first)).unwrap_or(usize::MAX);
            let Some(early) = self.seen.get(place).map(|seen| self.may_be_passed_on(seen)) else { break };
            let Some(seen) = self.seen.get_mut(place) else { break };
            let (exchange, bytes, prospect) = (seen.exchange.take(), seen.bytes, std::mem::take(&mut seen.prospect));
            free.extend(self.let_go(exchange, bytes, prospect, early));
            self.held += 1;
        }
        free
    }

    /// Forgets the oldest number of a key and server.
    fn forget(&mut self, key: u64, served: u64) {
        let Some(servers) = self.alike.get_mut(&key) else { return };
        if let Some(numbers) = servers.get_mut(&served) {
            numbers.pop_front();
            if numbers.is_empty() {
                servers.remove(&served);
            }
        }
        if servers.is_empty() {
            self.alike.remove(&key);
        }
    }

    /// Whether an exchange may be a hop of one that comes later. What may be a hop of it came before.
    fn may_be_passed_on(&self, seen: &Seen) -> bool {
        let [id, trace, ..] = seen.keys;
        let from_server = seen.sight.local || self.servers.len() >= MOST || self.servers.contains(&seen.sight.peer);
        id != 0 || trace != 0 || from_server
    }

    /// `early`: before it is known what it may be a hop of.
    fn let_go(&mut self, exchange: Option<Exchange>, bytes: usize, prospect: Prospect, early: bool) -> Option<Looked> {
        let exchange = exchange?;
        self.bytes = self.bytes.saturating_sub(bytes);
        let prospect = if early && prospect == Prospect::No { Prospect::May(Vec::new()) } else { prospect };
        Some((exchange, prospect))
    }
}

impl Seen {
    /// Whether its hop, or what it is a hop of, may be over at any other time: what was given up goes on, and what takes
    /// long may have been given up.
    fn is_open(&self) -> bool {
        let took = self.sight.over.saturating_sub(self.sight.time);
        self.sight.asks != 0 && (is_without_answer(&self.sight) || took > HORIZON)
    }

    /// What the paths of two begin with beside what is the same, if one may be a hop of the other.
    fn prefixes(&self, other: &Seen) -> Option<[usize; 2]> {
        let (one, two) = (&self.sight, &other.sight);
        let id = |place: usize| one.value(place) != 0 && one.value(place) == two.value(place);
        let named = (id(REQUEST_ID) || id(TRACE_ID)) && one.call == two.call && one.served != two.served;
        let hop = |inner: &Sight, outer: &Sight| is_hop_of(inner, outer) || outlasts(inner, outer);
        if named && (hop(one, two) || hop(two, one)) {
            return Some([0, 0]);
        }
        let passed = |inner: &Sight, outer: &Sight| is_passed_on(inner, outer) || passed::outlasts(inner, outer);
        if passed(one, two) || passed(two, one) { same_end(&self.path, &other.path) } else { None }
    }

    /// It may be a hop by its path without `prefix` bytes.
    fn mark(&mut self, prefix: usize) {
        if self.prospect == Prospect::No {
            self.prospect = Prospect::May(Vec::new());
        }
        if let Prospect::May(prefixes) = &mut self.prospect
            && prefix > 0
            && prefixes.len() < MOST_PREFIXES
            && !prefixes.contains(&prefix)
        {
            prefixes.push(prefix);
        }
    }
}

/// Whether packets show the exchange and between whom it was.
fn is_watched(exchange: &Exchange) -> bool {
    let packets = matches!(exchange.origin.place, Place::Frames { .. });
    packets && exchange.client.is_some() && exchange.server.is_some() && exchange.request.is_some()
}

/// How many bytes two paths begin with beside the last segments that both have; `None` where those are none.
fn same_end(one: &str, other: &str) -> Option<[usize; 2]> {
    if one == other {
        return Some([0, 0]);
    }
    let same = one.bytes().rev().zip(other.bytes().rev()).take_while(|(a, b)| a == b).count();
    let end = one.as_bytes().get(one.len() - same..)?;
    let length = same - end.iter().position(|byte| *byte == b'/')?;
    (length > 1).then_some([one.len() - length, other.len() - length])
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};
    use std::sync::Arc;

    use offpath_capture::{Body, Carries, Endpoint, Headers, LogFacts, Origin, Protocol, Request, Timestamp};
    use proptest::prelude::*;

    use super::*;
    use crate::correlate::{HashKey, Proxies};

    fn sighter() -> Sighter {
        Sighter::new(&HashKey::new(b"a key of sixteen"), Proxies::default())
    }

    fn end(machine: u8, port: u16) -> Endpoint {
        Endpoint { ip: IpAddr::V4(Ipv4Addr::new(10, 0, 0, machine)), port: Some(port) }
    }

    /// An exchange of a capture from one machine to another.
    fn asked(key: u64, (client, server): (u8, u8), path: &str, (from, to): (i64, i64)) -> Exchange {
        let bytes = format!("{{\"is\":\"{}\"}}", path.len() % 2).into_bytes();
        let length = bytes.len() as u64;
        let body = Body::Present { bytes, wire_len: length, decoded_len: length, whole: true };
        Exchange {
            key,
            protocol: Protocol::Http1,
            connection: None,
            stream: 0,
            client: Some(end(client, 5_000)),
            server: Some(end(server, 80)),
            print: None,
            time: Timestamp(from),
            end: Some(Timestamp(to)),
            tick: 1,
            request: Some(Request {
                method: "POST".into(),
                scheme: None,
                host: None,
                target: path.into(),
                headers: Headers::default(),
                body: Body::Absent,
                end: Some(Timestamp(from)),
            }),
            response: Some(Response { status: 200, headers: Headers::default(), body, start: Some(Timestamp(to)) }),
            pushed: false,
            grpc: None,
            web_socket: None,
            elsewhere: None,
            log: LogFacts::default(),
            carries: Carries { request_bodies: true, response_bodies: true, ..Carries::default() },
            incomplete: Vec::new(),
            origin: Origin::new(Arc::from("a.pcap"), Place::Frames { first: key, last: key, offset: 0 }),
            response_origin: None,
        }
    }

    /// All that goes on, by its key, and how many did before the end.
    fn looked(budget: usize, exchanges: Vec<Exchange>) -> (Vec<(u64, Prospect)>, usize) {
        let sighter = sighter();
        let mut lookout = Lookout::new(&sighter, budget);
        let mut all: Vec<Looked> = exchanges.into_iter().flat_map(|exchange| lookout.take(exchange)).collect();
        let early = all.len();
        all.extend(lookout.finish());
        let mut all: Vec<_> = all.into_iter().map(|(exchange, prospect)| (exchange.key, prospect)).collect();
        all.sort_by_key(|(key, _)| *key);
        (all, early)
    }

    const SECOND: i64 = 1_000_000;

    #[test]
    fn what_is_over_for_long_goes_on_and_waits_for_nobody() {
        let later = |n: u64| (n as i64 * SECOND, n as i64 * SECOND + 10);
        let all: Vec<_> = (0..100).map(|n| asked(n, (9, 1), &format!("/{n}"), later(n))).collect();
        let (all, early) = looked(1 << 20, all);
        assert!(all.iter().all(|(_, prospect)| *prospect == Prospect::No));
        assert!((85..95).contains(&early), "{early}");
    }

    #[test]
    fn a_hop_and_what_holds_it_are_marked_with_what_their_paths_share() {
        let (all, _) = looked(
            1 << 20,
            vec![
                asked(0, (1, 2), "/x/1", (10, 20)),
                asked(1, (9, 1), "/api/x/1", (5, 30)),
                asked(2, (1, 2), "/x/22", (40, 50)),
                asked(3, (9, 1), "/x/22", (35, 60)),
                // From another machine, and not within it.
                asked(4, (3, 2), "/x/1", (12, 18)),
                asked(5, (1, 2), "/x/1", (25, 70)),
            ],
        );
        let may = |prefixes: &[usize]| Prospect::May(prefixes.to_vec());
        let expected = [may(&[]), may(&[4]), may(&[]), may(&[]), Prospect::No, Prospect::No];
        assert_eq!(all.into_iter().map(|(_, prospect)| prospect).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn without_room_what_goes_on_early_may_be_one_if_it_comes_from_a_server() {
        let other = asked(0, (9, 1), "/y", (1, 2));
        let (all, early) =
            looked(0, vec![other, asked(1, (1, 2), "/x/1", (10, 20)), asked(2, (9, 1), "/x/1", (5, 30))]);
        let may = Prospect::May(Vec::new());
        assert_eq!((early, all), (3, vec![(0, Prospect::No), (1, may.clone()), (2, may)]));
    }

    #[test]
    fn of_the_same_at_very_many_servers_some_are_looked_at() {
        let one = |n: u64| asked(n, (250, u8::try_from(n % 200).unwrap()), "/x", (n as i64, n as i64 + 1_000));
        let (all, _) = looked(64 << 20, (0..800).map(one).collect());
        let may =
            |from: usize, to: usize| all[from..to].iter().filter(|(_, prospect)| *prospect != Prospect::No).count();
        assert_eq!((may(0, 500), may(520, 800)), (0, 280));
    }

    #[test]
    fn paths_share_whole_segments() {
        assert_eq!(same_end("/a/b", "/a/b"), Some([0, 0]));
        assert_eq!(same_end("/api/a/b", "/a/b"), Some([4, 0]));
        assert_eq!(same_end("/v1/orders/7", "/v2/orders/7"), Some([3, 3]));
        assert_eq!(same_end("/orders/17", "/orders/7"), None);
        assert_eq!(same_end("/a/", "/b/"), None);
        assert_eq!(same_end("", "/b"), None);
        assert_eq!(same_end("/é/x", "/è/x"), Some([3, 3]));
    }

    proptest! {
        /// Against all pairs of all exchanges.
        #[test]
        fn none_that_may_be_a_hop_goes_on_as_if_it_were_not(
            raw in proptest::collection::vec((0_u8..3, 0_i64..40, 1_i64..12, 0_usize..3), 0..20),
        ) {
            const PATHS: [&str; 3] = ["/x", "/y", "/api/x"];
            let mut exchanges: Vec<_> = (0..)
                .zip(&raw)
                .map(|(key, (way, from, took, path))| {
                    let ends = [(9, 1), (1, 2), (9, 2)][usize::from(*way)];
                    asked(key, ends, PATHS[*path], (from * SECOND, (from + took) * SECOND))
                })
                .collect();
            exchanges.sort_by_key(|exchange| (exchange.end, exchange.key));
            let sighter = sighter();
            let path = |sight: &Sight| PATHS[raw[usize::try_from(sight.key).unwrap()].3];
            let sights: Vec<_> = exchanges.iter().filter_map(|one| sighter.sight(one, None, 0, 0)).collect();
            let may = |inner: &Sight, outer: &Sight| {
                let near = outer.over - inner.over <= HORIZON && same_end(path(inner), path(outer)).is_some();
                near && is_passed_on(inner, outer)
            };
            let mut expected: Vec<u64> = Vec::new();
            for inner in &sights {
                let within = sights.iter().filter(|outer| may(inner, outer));
                expected.extend(within.flat_map(|outer| [inner.key, outer.key]));
            }
            let (all, _) = looked(1 << 20, exchanges);
            prop_assert_eq!(all.len(), raw.len());
            for (key, prospect) in all {
                prop_assert!(prospect != Prospect::No || !expected.contains(&key), "{} {:?}", key, raw);
            }
        }
    }
}
