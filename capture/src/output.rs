//! What reading packets yields: exchanges and blind spots to the sink, counts to the report.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::Arc;

use crate::coding::Inflater;
use crate::tcp::{Frame, Seen};
use crate::tls::{Secrets, Tally};
use crate::{
    BlindSpot, Endpoint, Exchange, Irregularity, Limits, Message, NotRead, Origin, Place, Sink, SourceReport,
    Timestamp, WebSocketCounts,
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
}

/// Servers and doubtful gaps remembered; beyond it a doubtful gap counts as a blind spot at once.
const REMEMBERED: usize = 65_536;

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
            through: BTreeMap::new(),
            seen_again: 0,
            websocket: WebSocketCounts::default(),
            irregular: BTreeMap::new(),
            servers: BTreeSet::new(),
            doubtful: Vec::new(),
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

    /// Hands on a stretch in which requests may have been lost.
    pub(crate) fn blind_spot(&mut self, from: Timestamp, shown: Seen) {
        if self.stopped {
            return;
        }
        let origin = self.origin(shown.frame, shown.frame.number);
        let spot = BlindSpot { from: from.min(shown.time), to: shown.time, origin };
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
            self.blind_spot(from, shown);
        }
    }

    /// At the end of all input: a doubtful gap is a blind spot where one of its ends answers HTTP elsewhere.
    pub(crate) fn settle_doubts(&mut self) {
        for (ends, from, shown) in std::mem::take(&mut self.doubtful) {
            if self.servers.len() >= REMEMBERED || ends.iter().any(|end| self.servers.contains(end)) {
                self.blind_spot(from, shown);
            }
        }
    }

    /// Counts a connection at its end.
    pub(crate) fn connection(&mut self, gaps: bool) {
        self.connections += 1;
        self.connections_with_gaps += u64::from(gaps);
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
