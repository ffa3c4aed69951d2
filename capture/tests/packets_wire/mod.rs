//! A small packet writer: two sides talk, tests take the segments apart, and the rest becomes a capture file.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(dead_code, reason = "each test file uses its own part of the writer")]

pub(crate) mod disorder;
pub(crate) mod tunnel;

use std::ops::ControlFlow;

use offpath_capture::{BlindSpot, Exchange, Message, Options, Sink, SourceReport, UnreadConnection, plan};

pub(crate) const SYN: u8 = 2;
pub(crate) const FIN: u8 = 1;
pub(crate) const RST: u8 = 4;
pub(crate) const ACK: u8 = 16;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Client,
    Server,
}

use Side::{Client, Server};

#[derive(Clone, Debug)]
pub(crate) struct Segment {
    pub(crate) time: i64,
    pub(crate) side: Side,
    pub(crate) port: u16,
    pub(crate) seq: u32,
    pub(crate) ack: u32,
    pub(crate) flags: u8,
    pub(crate) payload: Vec<u8>,
}

/// A conversation on one connection, segment by segment.
#[derive(Clone)]
pub(crate) struct Talk {
    pub(crate) port: u16,
    pub(crate) seq: [u32; 2],
    pub(crate) time: i64,
    pub(crate) mss: usize,
    pub(crate) segments: Vec<Segment>,
}

impl Talk {
    /// A connection that the capture joins in the middle.
    pub(crate) fn joined(port: u16) -> Self {
        Talk { port, seq: [1_000, 9_000], time: 1_700_000_000_000_000, mss: 1_000, segments: Vec::new() }
    }

    /// A connection with its handshake.
    pub(crate) fn open(port: u16) -> Self {
        Self::open_at(port, [1_000, 9_000])
    }

    pub(crate) fn open_at(port: u16, seq: [u32; 2]) -> Self {
        let mut talk = Talk { seq, ..Self::joined(port) };
        talk.segment(Client, SYN, b"");
        talk.seq[0] = talk.seq[0].wrapping_add(1);
        talk.segment(Server, SYN | ACK, b"");
        talk.seq[1] = talk.seq[1].wrapping_add(1);
        talk.segment(Client, ACK, b"");
        talk
    }

    pub(crate) fn segment(&mut self, side: Side, flags: u8, payload: &[u8]) -> &mut Self {
        let (own, peer) = if side == Client { (0, 1) } else { (1, 0) };
        let ack = if flags & ACK != 0 { self.seq[peer] } else { 0 };
        let (time, port, seq) = (self.time, self.port, self.seq[own]);
        self.segments.push(Segment { time, side, port, seq, ack, flags, payload: payload.to_vec() });
        self.seq[own] = seq.wrapping_add(payload.len() as u32);
        self.time += 1_000;
        self
    }

    pub(crate) fn send(&mut self, side: Side, bytes: impl AsRef<[u8]>) -> &mut Self {
        for part in bytes.as_ref().chunks(self.mss) {
            self.segment(side, ACK, part);
        }
        self
    }

    /// A GET and its answer, both naming `id`.
    pub(crate) fn get(&mut self, id: u32) -> &mut Self {
        self.send(Client, format!("GET /{id} HTTP/1.1\r\nHost: a.test\r\nX-Request-Id: {id}\r\n\r\n"));
        self.answer(id)
    }

    pub(crate) fn answer(&mut self, id: u32) -> &mut Self {
        let body = format!("body of {id}");
        let len = body.len();
        self.send(Server, format!("HTTP/1.1 200 OK\r\nX-Request-Id: {id}\r\nContent-Length: {len}\r\n\r\n{body}"))
    }

    /// Both sides end in order, a second after what they said.
    pub(crate) fn close(&mut self) -> &mut Self {
        self.time += 1_000_000;
        for side in [Client, Server] {
            self.segment(side, FIN | ACK, b"");
            let own = usize::from(side == Server);
            self.seq[own] = self.seq[own].wrapping_add(1);
        }
        self.segment(Client, ACK, b"")
    }

    pub(crate) fn drop_segment(&mut self, index: usize) -> &mut Self {
        self.segments.remove(index);
        self
    }

    pub(crate) fn drop_side(&mut self, side: Side) -> &mut Self {
        self.segments.retain(|segment| segment.side != side);
        self
    }

    /// Index of the segment that carries `text`.
    pub(crate) fn find(&self, text: &str) -> usize {
        let text = text.as_bytes();
        self.segments.iter().position(|s| s.payload.windows(text.len()).any(|w| w == text)).unwrap()
    }

    pub(crate) fn read(&self) -> Seen {
        read(&[&pcap(&self.segments)])
    }
}

/// IPv4 packet of a segment.
pub(crate) fn ip(segment: &Segment) -> Vec<u8> {
    let tcp = tcp(segment);
    let mut packet = ip_header(segment.side, tcp.len(), 0, 0x4000);
    packet.extend(tcp);
    packet
}

/// IPv4 packet of a segment with a datagram's number, as senders count them.
pub(crate) fn ip_numbered(segment: &Segment, id: u16) -> Vec<u8> {
    let tcp = tcp(segment);
    [ip_header(segment.side, tcp.len(), id, 0x4000), tcp].concat()
}

pub(crate) fn ip_header(side: Side, payload: usize, id: u16, flags: u16) -> Vec<u8> {
    let mut header = vec![0x45, 0];
    header.extend(((20 + payload) as u16).to_be_bytes());
    header.extend(id.to_be_bytes());
    header.extend(flags.to_be_bytes());
    header.extend([64, 6, 0, 0]);
    let (client, server) = ([10, 0, 0, 1], [10, 0, 0, 2]);
    let (source, destination) = if side == Client { (client, server) } else { (server, client) };
    header.extend(source);
    header.extend(destination);
    header
}

pub(crate) fn tcp(segment: &Segment) -> Vec<u8> {
    let (source, destination) = if segment.side == Client { (segment.port, 80) } else { (80, segment.port) };
    let mut bytes = Vec::new();
    bytes.extend(source.to_be_bytes());
    bytes.extend(destination.to_be_bytes());
    bytes.extend(segment.seq.to_be_bytes());
    bytes.extend(segment.ack.to_be_bytes());
    bytes.extend([0x50, segment.flags, 0xff, 0xff, 0, 0, 0, 0]);
    bytes.extend(&segment.payload);
    bytes
}

pub(crate) fn ethernet(packet: &[u8]) -> Vec<u8> {
    let mut frame = vec![2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0];
    frame.extend(packet);
    frame
}

/// A pcap file of raw IP packets.
pub(crate) fn pcap(segments: &[Segment]) -> Vec<u8> {
    pcap_of(101, segments.iter().map(|segment| (segment.time, ip(segment))), u32::MAX)
}

pub(crate) fn pcap_of(link: u32, frames: impl Iterator<Item = (i64, Vec<u8>)>, snap_len: u32) -> Vec<u8> {
    let mut file = Vec::new();
    for word in [0xa1b2_c3d4, 0x0004_0002, 0, 0, snap_len, link] {
        file.extend(u32::to_le_bytes(word));
    }
    for (time, frame) in frames {
        let kept = frame.len().min(snap_len as usize);
        for word in [(time / 1_000_000) as u32, (time % 1_000_000) as u32, kept as u32, frame.len() as u32] {
            file.extend(word.to_le_bytes());
        }
        file.extend(&frame[..kept]);
    }
    file
}

/// What reading gave.
#[derive(Default)]
pub(crate) struct Seen {
    pub(crate) exchanges: Vec<Exchange>,
    pub(crate) messages: Vec<Message>,
    pub(crate) said: Vec<Exchange>,
    pub(crate) blind_spots: Vec<BlindSpot>,
    pub(crate) unread: Vec<UnreadConnection>,
    pub(crate) report: SourceReport,
}

impl Sink for Seen {
    fn exchange(&mut self, exchange: Exchange) -> ControlFlow<()> {
        self.exchanges.push(exchange);
        ControlFlow::Continue(())
    }

    fn message(&mut self, message: Message) -> ControlFlow<()> {
        self.messages.push(message);
        ControlFlow::Continue(())
    }

    fn said(&mut self, exchange: Exchange) -> ControlFlow<()> {
        self.said.push(exchange);
        ControlFlow::Continue(())
    }

    fn blind_spot(&mut self, spot: BlindSpot) -> ControlFlow<()> {
        self.blind_spots.push(spot);
        ControlFlow::Continue(())
    }

    fn unread(&mut self, connection: UnreadConnection) -> ControlFlow<()> {
        self.unread.push(connection);
        ControlFlow::Continue(())
    }

    fn progress(&mut self, _bytes: u64) {}
}

impl Seen {
    /// `request id > response id reasons` of each exchange, by time.
    pub(crate) fn lines(&self) -> Vec<String> {
        let mut exchanges: Vec<_> = self.exchanges.iter().collect();
        exchanges.sort_by_key(|exchange| exchange.time);
        let id = |headers: &offpath_capture::Headers| headers.text("x-request-id").unwrap_or("?").to_owned();
        let line = |exchange: &&Exchange| {
            let request = exchange.request.as_ref().map_or("-".to_owned(), |request| id(&request.headers));
            let response = exchange.response.as_ref().map_or("-".to_owned(), |response| id(&response.headers));
            let reasons: Vec<_> = exchange.incomplete.iter().map(|reason| reason.as_str()).collect();
            format!("{request}>{response} {}", reasons.join(" ")).trim().to_owned()
        };
        exchanges.iter().map(line).collect()
    }

    pub(crate) fn irregularities(&self) -> Vec<&str> {
        self.report.irregularities.iter().map(|irregularity| irregularity.name).collect()
    }

    pub(crate) fn not_read(&self) -> Vec<(&str, u64, u64)> {
        self.report.not_read.iter().map(|not_read| (not_read.reason, not_read.count, not_read.bytes)).collect()
    }

    pub(crate) fn only(&self) -> &Exchange {
        assert_eq!(self.exchanges.len(), 1, "{:?}", self.lines());
        &self.exchanges[0]
    }
}

/// Reads files as one packet stream.
pub(crate) fn read(files: &[&[u8]]) -> Seen {
    read_with(files, &Options::default())
}

pub(crate) fn read_with(files: &[&[u8]], options: &Options) -> Seen {
    let folder = tempfile::tempdir().unwrap();
    let names: Vec<String> = (0..files.len())
        .map(|index| folder.path().join(format!("{index}.pcap")).to_str().unwrap().to_owned())
        .collect();
    for (name, bytes) in names.iter().zip(files) {
        std::fs::write(name, bytes).unwrap();
    }
    let plan = plan(&names, options);
    let mut seen = Seen::default();
    for source in plan.sources {
        let report = source.read(options, &mut seen);
        seen.report = report;
    }
    seen
}
