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
    /// First and last sight of connections of QUIC, by server; and how many that are.
    quic: BTreeMap<Endpoint, Vec<(Timestamp, Seen)>>,
    quic_doubts: usize,
}

/// What was not read of a connection so far.
#[derive(Default)]
struct Open {
    not_read: Vec<NotRead>,
    tls: Option<TlsHellos>,
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

/// Servers and doubtful gaps remembered; beyond it a doubtful gap counts as a blind spot at once.
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
            quic: BTreeMap::new(),
            quic_doubts: 0,
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
        if self.stopped {
            return;
        }
        let origin = self.origin(shown.frame, shown.frame.number);
        let spot = BlindSpot { from: from.min(shown.time), to: shown.time, server, origin };
        self.stopped = self.sink.blind_spot(spot) == ControlFlow::Break(());
    }

    /// Notes an end that answered HTTP.
    pub(crate) fn serves_http(&mut self, server: Endpoint) {
        if self.servers.len() < REMEMBERED {
            self.servers.insert(server);
        }
    }

    /// Notes a gap of a connection between two ends that showed nothing of what it carried.
    pub(crate) fn doubtful(&mut self, ends: [Endpoint; 2], from: Timestamp, shown: Seen) {
        if self.doubtful.len() < REMEMBERED {
            self.doubtful.push((ends, from, shown));
        } else {
            self.blind_spot(None, from, shown);
        }
    }

    /// At the end of all input: a doubtful gap is a blind spot where one of its ends answers HTTP elsewhere.
    pub(crate) fn settle_doubts(&mut self) {
        for (server, spots) in std::mem::take(&mut self.quic) {
            if self.servers.contains(&server) {
                spots.into_iter().for_each(|(from, shown)| self.blind_spot(Some(server), from, shown));
            }
        }
        for (ends, from, shown) in std::mem::take(&mut self.doubtful) {
            let server = ends.into_iter().find(|end| self.servers.contains(end));
            if server.is_some() || self.servers.len() >= REMEMBERED {
                self.blind_spot(server, from, shown);
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
        if not_read.is_empty() && over.lost + over.cut == 0 || self.stopped {
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
        let Over { id, ends: [client, server], first, bytes, protocol, .. } = over;
        let doubts = self.quic.entry(server).or_default();
        match doubts.last_mut().filter(|_| self.quic_doubts >= REMEMBERED) {
            Some((_, until)) => *until = if last.time > until.time { last } else { *until },
            None => {
                self.quic_doubts += 1;
                doubts.push((first.time, last));
            }
        }
        if self.stopped {
            return;
        }
        let origin = self.origin(first.frame, first.frame.number);
        let not_read = vec![NotRead { reason: "quic", count: packets, bytes }];
        let (connection, from, to) = (id, first.time, last.time);
        let (lost, cut, tls) = (0, 0, hellos);
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
        Origin {
            input,
            place: Place::Frames { first: first.number, last: last.max(first.number), offset: first.offset },
        }
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
