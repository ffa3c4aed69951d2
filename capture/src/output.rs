//! What reading packets yields: exchanges and blind spots to the sink, counts to the report.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::ControlFlow;
use std::sync::Arc;

use crate::coding::Inflater;
use crate::tcp::{Frame, Seen};
use crate::tls::{Secrets, Tally};
use crate::{
    BlindSpot, Captured, Endpoint, Exchange, ForeignConnections, Irregularity, Limits, Message, NotRead, Origin, Place,
    Sink, SourceReport, Timestamp, TlsHellos, UnreadConnection, WebSocketCounts,
};

/// Where reading packets puts what it finds.
pub(crate) struct Output<'a> {
    pub(crate) limits: &'a Limits,
    pub(crate) inflater: Inflater,
    /// Secrets of TLS connections.
    pub(crate) secrets: Secrets,
    /// TLS connections by kind.
    pub(crate) tls: Tally,
    sink: &'a mut dyn Sink,
    names: &'a [Arc<str>],
    stopped: bool,
    exchanges: u64,
    connections: u64,
    connections_with_gaps: u64,
    incomplete: BTreeMap<&'static str, u64>,
    not_read: BTreeMap<&'static str, (u64, u64)>,
    /// What was not read of connections that are still open.
    open: HashMap<u64, Open>,
    /// Connections with missing bytes, and these, by cause.
    missing: BTreeMap<&'static str, (u64, u64)>,
    /// Connections that are no HTTP, and their bytes, by protocol.
    foreign: BTreeMap<&'static str, (u64, u64)>,
    /// Packets, and their bytes on the wire.
    pub(crate) captured: Captured,
    through: BTreeMap<&'static str, u64>,
    /// Packets that were seen before.
    pub(crate) seen_again: u64,
    /// What was said on WebSockets.
    pub(crate) websocket: WebSocketCounts,
    irregular: BTreeMap<&'static str, (u64, Frame)>,
    /// Ends that answered HTTP on some connection.
    servers: BTreeSet<Endpoint>,
    /// Gaps of connections of which nothing was captured that tells what they carried.
    doubtful: Vec<([Endpoint; 2], Timestamp, Seen)>,
    /// First and last sight of connections of QUIC.
    quic: QuicDoubts,
}

/// What was not read of a connection so far.
#[derive(Default)]
struct Open {
    not_read: Vec<NotRead>,
    tls: Option<TlsHellos>,
}

/// When servers were spoken to over QUIC, as far as there is room.
#[derive(Default)]
struct QuicDoubts {
    by_server: BTreeMap<Endpoint, Vec<(Timestamp, Seen)>>,
    /// How many that are.
    count: usize,
    /// One stretch for all servers for which there was no room.
    others: Option<(Timestamp, Seen)>,
}

impl QuicDoubts {
    /// Notes a connection's first and last sight; beyond `most` it widens what is there.
    fn add(&mut self, server: Endpoint, from: Timestamp, last: Seen, most: usize) {
        if self.count < most {
            self.count += 1;
            self.by_server.entry(server).or_default().push((from, last));
            return;
        }
        let own = self.by_server.get_mut(&server).and_then(|doubts| doubts.last_mut());
        let (begin, until) = own.unwrap_or_else(|| self.others.get_or_insert((from, last)));
        *begin = from.min(*begin);
        *until = if last.time > until.time { last } else { *until };
    }
}

/// A connection at its end.
pub(crate) struct Over {
    pub(crate) id: u64,
    /// Client and server.
    pub(crate) ends: [Endpoint; 2],
    pub(crate) first: Seen,
    pub(crate) last: Timestamp,
    pub(crate) bytes: u64,
    /// Missing bytes: lost, and cut by the snap length.
    pub(crate) lost: u64,
    pub(crate) cut: u64,
    pub(crate) protocol: Option<&'static str>,
}

/// Servers, doubtful gaps and connections of QUIC remembered; beyond it a doubtful gap counts as a blind spot at once, and
/// connections of QUIC are one stretch.
const REMEMBERED: usize = 65_536;
/// The reason of connections that carry nothing that is read.
const NOT_HTTP: &str = "not_http";

impl<'a> Output<'a> {
    pub(crate) fn new(limits: &'a Limits, names: &'a [Arc<str>], secrets: Secrets, sink: &'a mut dyn Sink) -> Self {
        Output {
            limits,
            inflater: Inflater::default(),
            secrets,
            tls: Tally::default(),
            sink,
            names,
            stopped: false,
            exchanges: 0,
            connections: 0,
            connections_with_gaps: 0,
            incomplete: BTreeMap::new(),
            not_read: BTreeMap::new(),
            open: HashMap::new(),
            missing: BTreeMap::new(),
            foreign: BTreeMap::new(),
            captured: Captured::default(),
            through: BTreeMap::new(),
            seen_again: 0,
            websocket: WebSocketCounts::default(),
            irregular: BTreeMap::new(),
            servers: BTreeSet::new(),
            doubtful: Vec::new(),
            quic: QuicDoubts::default(),
        }
    }

    /// Whether the sink wants no more.
    pub(crate) fn stopped(&self) -> bool {
        self.stopped
    }

    /// Hands on an exchange.
    pub(crate) fn exchange(&mut self, exchange: Exchange) {
        if self.stopped {
            return;
        }
        self.exchanges += 1;
        for reason in &exchange.incomplete {
            *self.incomplete.entry(reason.as_str()).or_default() += 1;
        }
        self.stopped = self.sink.exchange(exchange) == ControlFlow::Break(());
    }

    /// Hands on a message of a WebSocket.
    pub(crate) fn message(&mut self, message: Message) {
        if self.stopped {
            return;
        }
        self.websocket.add(&message);
        self.stopped = self.sink.message(message) == ControlFlow::Break(());
    }

    /// Hands on what was called on a WebSocket.
    pub(crate) fn said(&mut self, exchange: Exchange) {
        if !self.stopped {
            self.stopped = self.sink.said(exchange) == ControlFlow::Break(());
        }
    }

    /// Hands on a stretch in which requests may have been lost; to this server alone, if there is one.
    pub(crate) fn blind_spot(&mut self, server: Option<Endpoint>, from: Timestamp, shown: Seen) {
        self.blind(server, None, from, shown);
    }

    /// Hands on a stretch in which requests of one connection may have been lost, from its client to its server where
    /// these are known.
    pub(crate) fn blind_between(&mut self, ends: Option<[Endpoint; 2]>, from: Timestamp, shown: Seen) {
        let [client, server] = ends.map_or([None; 2], |ends| ends.map(Some));
        self.blind(server, client, from, shown);
    }

    fn blind(&mut self, server: Option<Endpoint>, client: Option<Endpoint>, from: Timestamp, shown: Seen) {
        if self.stopped {
            return;
        }
        let origin = self.origin(shown.frame, shown.frame.number);
        let spot = BlindSpot { from: from.min(shown.time), to: shown.time, server, client, origin };
        self.stopped = self.sink.blind_spot(spot) == ControlFlow::Break(());
    }

    /// Notes an end that answered HTTP.
    pub(crate) fn serves_http(&mut self, server: Endpoint) {
        if self.servers.len() < REMEMBERED {
            self.servers.insert(server);
        }
    }

    /// Whether an end answered HTTP; none where not all that did are remembered.
    pub(crate) fn is_server(&self, end: Endpoint) -> Option<bool> {
        (self.servers.len() < REMEMBERED).then(|| self.servers.contains(&end))
    }

    /// Notes a gap of a connection between two ends that showed nothing of what it carried.
    pub(crate) fn doubtful(&mut self, ends: [Endpoint; 2], from: Timestamp, shown: Seen) {
        if self.doubtful.len() < REMEMBERED {
            self.doubtful.push((ends, from, shown));
        } else {
            self.blind_spot(None, from, shown);
        }
    }

    /// At the end of all input: a doubtful gap is a blind spot where one of its ends answers HTTP elsewhere, or may do so
    /// because not all that do are remembered.
    pub(crate) fn settle_doubts(&mut self) {
        let quic = std::mem::take(&mut self.quic);
        if let Some((from, shown)) = quic.others {
            self.blind_spot(None, from, shown);
        }
        let full = self.servers.len() >= REMEMBERED;
        for (server, spots) in quic.by_server {
            if full || self.servers.contains(&server) {
                spots.into_iter().for_each(|(from, shown)| self.blind_spot(Some(server), from, shown));
            }
        }
        for (ends, from, shown) in std::mem::take(&mut self.doubtful) {
            let [one, other] = ends;
            let known = [[other, one], [one, other]].into_iter().find(|[_, server]| self.servers.contains(server));
            if known.is_some() || full {
                self.blind_between(known, from, shown);
            }
        }
    }

    /// Counts a connection at its end, and hands on what was not seen of it.
    pub(crate) fn connection(&mut self, over: Over) {
        self.connections += 1;
        self.connections_with_gaps += u64::from(over.lost + over.cut > 0);
        for (cause, bytes) in [("lost", over.lost), ("snap_length", over.cut)].into_iter().filter(|(_, b)| *b > 0) {
            let entry = self.missing.entry(cause).or_default();
            entry.0 += 1;
            entry.1 += bytes;
        }
        let Open { not_read, tls } = self.open.remove(&over.id).unwrap_or_default();
        if not_read.iter().any(|part| part.reason == NOT_HTTP) {
            let entry = self.foreign.entry(over.protocol.unwrap_or("unknown")).or_default();
            entry.0 += 1;
            entry.1 += over.bytes;
        }
        if !not_read.is_empty() || over.lost + over.cut > 0 {
            self.unread(over, not_read, tls);
        }
    }

    /// Hands on what was not seen of a connection.
    fn unread(&mut self, over: Over, not_read: Vec<NotRead>, tls: Option<TlsHellos>) {
        if self.stopped {
            return;
        }
        let Over { id, ends: [client, server], first, last, bytes, lost, cut, protocol } = over;
        let origin = self.origin(first.frame, first.frame.number);
        let (connection, from, to) = (id, first.time, last.max(first.time));
        let unread = UnreadConnection {
            connection,
            client,
            server,
            from,
            to,
            bytes,
            not_read,
            lost,
            cut,
            protocol,
            tls,
            origin,
        };
        self.stopped = self.sink.unread(unread) == ControlFlow::Break(());
    }

    /// Hands on a connection of QUIC, which is not read; its packets were counted. Where the server answers HTTP over TCP
    /// as well, requests may have been made here that are missed there.
    pub(crate) fn quic(&mut self, over: Over, packets: u64, hellos: Option<TlsHellos>, last: Seen) {
        let [_, server] = over.ends;
        self.quic.add(server, over.first.time, last, REMEMBERED);
        let not_read = vec![NotRead { reason: "quic", count: packets, bytes: over.bytes }];
        self.unread(Over { last: last.time, lost: 0, cut: 0, ..over }, not_read, hellos);
    }

    /// Counts what was seen on a connection and not read.
    pub(crate) fn not_read_on(&mut self, connection: u64, reason: &'static str, bytes: u64) {
        self.not_read(reason, 1, bytes);
        let not_read = &mut self.open.entry(connection).or_default().not_read;
        match not_read.iter_mut().find(|part| part.reason == reason) {
            Some(part) => (part.count, part.bytes) = (part.count + 1, part.bytes + bytes),
            None => not_read.push(NotRead { reason, count: 1, bytes }),
        }
    }

    /// Notes what the hellos of a connection say that is not read.
    pub(crate) fn hellos(&mut self, connection: u64, hellos: TlsHellos) {
        self.open.entry(connection).or_default().tls.get_or_insert(hellos);
    }

    /// Counts what was seen and not read.
    pub(crate) fn not_read(&mut self, reason: &'static str, count: u64, bytes: u64) {
        let entry = self.not_read.entry(reason).or_default();
        entry.0 += count;
        entry.1 += bytes;
    }

    /// Counts a packet that was read inside a tunnel of this kind.
    pub(crate) fn through(&mut self, tunnel: &'static str) {
        *self.through.entry(tunnel).or_default() += 1;
    }

    /// Counts what broke its format and was read all the same.
    pub(crate) fn irregular(&mut self, name: &'static str, frame: Frame) {
        self.irregular.entry(name).or_insert((0, frame)).0 += 1;
    }

    /// The place of a message whose first byte is in `first` and last in frame number `last` of the same input.
    pub(crate) fn origin(&self, first: Frame, last: u64) -> Origin {
        let input = self.names.get(first.input as usize).cloned().unwrap_or_else(|| Arc::from(""));
        Origin::new(input, Place::Frames { first: first.number, last: last.max(first.number), offset: first.offset })
    }

    /// Adds what was counted to the report.
    pub(crate) fn report(self, report: &mut SourceReport) {
        report.exchanges += self.exchanges;
        report.connections += self.connections;
        report.connections_with_gaps += self.connections_with_gaps;
        report.seen_again += self.seen_again;
        report.websocket = self.websocket;
        for (&tunnel, count) in &self.through {
            *report.tunnels.entry(tunnel).or_default() += count;
        }
        for (&reason, count) in &self.incomplete {
            *report.incomplete.entry(reason).or_default() += count;
        }
        for (&reason, &(count, bytes)) in &self.not_read {
            report.not_read.push(NotRead { reason, count, bytes });
        }
        if self.secrets.others() > 0 {
            report.not_read.push(NotRead { reason: "other_secrets", count: self.secrets.others(), bytes: 0 });
        }
        for (&reason, &(count, bytes)) in &self.missing {
            report.missing.push(NotRead { reason, count, bytes });
        }
        for (&protocol, &(connections, bytes)) in &self.foreign {
            report.foreign.push(ForeignConnections { protocol, connections, bytes });
        }
        report.captured.packets += self.captured.packets;
        report.captured.bytes += self.captured.bytes;
        for (&name, &(count, frame)) in &self.irregular {
            report.irregularities.push(Irregularity { name, count, first: self.origin(frame, frame.number) });
        }
        report.tls.extend(self.tls.into_rows());
        report.errors.extend(self.secrets.into_errors());
    }
}

/// A hash that is the same on every machine and in every version: FNV-1a over words, mixed at the end.
#[derive(Clone, Copy)]
pub(crate) struct StableHash(u64);

impl StableHash {
    pub(crate) fn new() -> Self {
        StableHash(0xcbf2_9ce4_8422_2325)
    }

    pub(crate) fn word(self, word: u64) -> Self {
        let mixed = (self.0 ^ word).wrapping_mul(0x0000_0100_0000_01b3);
        StableHash(mixed ^ mixed.rotate_right(29).wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    pub(crate) fn endpoint(self, endpoint: &Endpoint) -> Self {
        let (bits, family) = match endpoint.ip {
            std::net::IpAddr::V4(ip) => (u128::from(ip.to_bits()), 4),
            std::net::IpAddr::V6(ip) => (ip.to_bits(), 6),
        };
        self.word((bits >> 64) as u64).word(bits as u64).word(u64::from(endpoint.port.unwrap_or(0)) << 8 | family)
    }

    pub(crate) fn finish(self) -> u64 {
        let mut hash = self.0;
        hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        hash ^ (hash >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(number: usize) -> Endpoint {
        Endpoint { ip: std::net::Ipv4Addr::from_bits(number as u32).into(), port: Some(443) }
    }

    fn seen(time: i64) -> Seen {
        Seen { time: Timestamp(time), ..Seen::default() }
    }

    #[derive(Default)]
    struct Spots(Vec<BlindSpot>);

    impl Sink for Spots {
        fn exchange(&mut self, _: Exchange) -> ControlFlow<()> {
            ControlFlow::Continue(())
        }

        fn blind_spot(&mut self, spot: BlindSpot) -> ControlFlow<()> {
            self.0.push(spot);
            ControlFlow::Continue(())
        }

        fn progress(&mut self, _: u64) {}
    }

    #[test]
    fn however_many_servers_are_spoken_to_over_quic_few_are_remembered_and_none_is_forgotten() {
        let mut doubts = QuicDoubts::default();
        for number in 0..40 {
            doubts.add(end(number), Timestamp(number as i64), seen(100 + number as i64), 10);
        }
        doubts.add(end(3), Timestamp(1), seen(500), 10);
        assert_eq!((doubts.by_server.len(), doubts.count), (10, 10));
        let widened = doubts.by_server.get(&end(3)).and_then(|spots| spots.first()).unwrap();
        assert_eq!((widened.0, widened.1.time), (Timestamp(1), Timestamp(500)));
        let (from, last) = doubts.others.unwrap();
        assert_eq!((from, last.time), (Timestamp(10), Timestamp(139)));
    }

    #[test]
    fn where_not_all_servers_of_http_are_remembered_quic_to_any_is_a_blind_spot() {
        let limits = Limits::default();
        for (servers, expected) in [(10, 1), (REMEMBERED, 2)] {
            let mut spots = Spots::default();
            let mut out = Output::new(&limits, &[], Secrets::new(&[], 0), &mut spots);
            (0..servers).for_each(|number| out.serves_http(end(number)));
            for server in [end(5), end(1 << 30)] {
                out.quic.add(server, Timestamp(1), seen(2), REMEMBERED);
            }
            out.settle_doubts();
            drop(out);
            assert_eq!(spots.0.len(), expected, "{servers}");
        }
    }
}
