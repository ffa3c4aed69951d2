//! HTTP/1.x on a connection: requests and responses read from both directions and paired.
//!
//! Every conversation begins here, whatever it is: where another reader's protocol begins, the rest is left to that.
//!
//! Nothing here depends on ports. A direction is read once a segment begins like a message; after a gap it is read
//! again from the next segment that does. Who answers whom is told by order and by TCP acknowledgements (see
//! [`slot::Queue::pair`]).

mod beginning;
mod body;
mod chunked;
mod doubt;
mod emit;
mod foreign;
mod framing;
mod head;
mod hint;
mod loss;
mod message;
mod pace;
mod preamble;
mod reader;
mod recognise;
mod slot;
mod withheld;

use hint::Hints;
use reader::{Reader, State, Tail};
pub(crate) use recognise::may_begin_request;
use recognise::{Looks, recognise};
use slot::{Candidate, Queue};

use crate::conversation::{self, Channel, Extent, Handover, KnownSide, Next, Reasons, Unread, gap_reason};
use crate::output::Output;
use crate::tcp::{Cause, Chunk, Gap, Seen};
use crate::{Exchange, Incomplete, Request, Timestamp};

/// Requests that may wait for responses on one connection, and bytes of their heads and bodies.
const WAITING: usize = 4096;
const WAITING_BYTES: usize = 8 << 20;
/// Bytes that may be looked at before a first line is whole.
const FIRST_LINE: usize = 64 << 10;

/// HTTP on one connection. Tens of thousands may be open at once: what few of them have is boxed.
pub(crate) struct Connection {
    channel: Channel,
    /// Side that sends requests, once known.
    client: KnownSide,
    /// Side that opened the connection, as a rule the client.
    opener: KnownSide,
    kind: Kind,
    readers: [Reader; 2],
    queue: Queue,
    next_id: u64,
    position: u64,
    /// Bytes of both directions.
    bytes: u64,
    /// Bytes passed over while no message began.
    skipped: u64,
    /// Time up to which everything that was sent is accounted for.
    known_until: Timestamp,
    /// A blind spot of a connection of which it is not known yet whether it is HTTP.
    unconfirmed: Option<Box<(Timestamp, Seen)>>,
    /// Position up to which the response direction has gaps, and why.
    response_gap: Option<Box<(u64, Cause)>>,
    /// Where the interim response began that is followed by the final one.
    interim: Option<u64>,
    /// Whether the capture joined the connection in the middle and no response was read yet.
    midstream: bool,
    /// More requests waited for their answers than are kept: from there on nobody can count.
    crowded: bool,
    /// The capture shows the connection from its first byte.
    from_start: bool,
    /// The request that HTTP/2 will answer.
    upgrading: Option<Box<(Extent, Request, Reasons)>>,
    /// The exchange that opened a WebSocket.
    opening: Option<Box<Exchange>>,
    /// Of each side, bytes of no message that were passed over since the latest one.
    tails: Option<Box<[Option<Tail>; 2]>>,
    /// What it seems to carry where that is nothing that is read.
    hints: Option<Box<Hints>>,
}

/// What a connection carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Unknown,
    Http1,
    /// From here on another reader's.
    Next(Following),
    /// HTTP/1.x until an upgrade or CONNECT: the bytes that follow.
    Upgraded {
        bytes: u64,
    },
}

/// The protocol that follows, of which another reader knows more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Following {
    Http2,
    Tls,
    WebSocket,
}

impl Connection {
    pub(crate) fn new(channel: Channel, seen: Seen) -> Self {
        Connection {
            channel,
            client: KnownSide::Unknown,
            opener: KnownSide::Unknown,
            kind: Kind::Unknown,
            readers: [Reader::new(), Reader::new()],
            queue: Queue::default(),
            next_id: 0,
            position: 0,
            bytes: 0,
            skipped: 0,
            known_until: seen.time,
            unconfirmed: None,
            response_gap: None,
            interim: None,
            midstream: true,
            crowded: false,
            from_start: false,
            upgrading: None,
            opening: None,
            tails: None,
            hints: None,
        }
    }

    /// Goes on where the reader of HTTP/2 saw a request in HTTP/1.x instead of the client's preface.
    pub(crate) fn begin_again(handover: Handover, latest: &Unread, out: &mut Output<'_>) -> Self {
        let Handover { channel, client, sides, known_until, unconfirmed, skipped, .. } = handover;
        let client = client.unwrap_or(0);
        let mut connection = Connection::new(channel, latest.seen);
        conversation::Reader::opened(&mut connection, client);
        // Frames do not begin again: see `settle_looks`.
        connection.client = client.into();
        (connection.known_until, connection.skipped) = (known_until, skipped);
        connection.unconfirmed = unconfirmed.map(Box::new);
        let server = connection.reader(1 - client);
        server.fresh = false;
        server.passed_over = sides.get(1 - client).is_none_or(|server| !server.beginning);
        for unread in sides.get(client).into_iter().chain([latest]) {
            conversation::Reader::data(&mut connection, client, unread.chunk(), out);
        }
        connection
    }

    fn reader(&mut self, side: usize) -> &mut Reader {
        let [first, second] = &mut self.readers;
        if side == 0 { first } else { second }
    }

    fn tail(&mut self, side: usize) -> &mut Option<Tail> {
        let [first, second] = &mut **self.tails.get_or_insert_default();
        if side == 0 { first } else { second }
    }

    fn hints(&mut self) -> &mut Hints {
        self.hints.get_or_insert_default()
    }

    fn dead(&self) -> bool {
        !matches!(self.kind, Kind::Unknown | Kind::Http1)
    }

    fn read(&mut self, side: usize, mut chunk: Chunk<'_>, out: &mut Output<'_>) {
        while !chunk.data.is_empty() {
            if matches!(self.kind, Kind::Upgraded { bytes: 0 }) && recognise(chunk.data) == Looks::Tls {
                self.kind = Kind::Next(Following::Tls);
            }
            match &mut self.kind {
                Kind::Upgraded { bytes } => *bytes += chunk.data.len() as u64,
                Kind::Next(_) => self.leave(side, &chunk, out),
                Kind::Unknown | Kind::Http1 => {}
            }
            if self.dead() {
                return;
            }
            let before = self.reader(side).state;
            let used = match before {
                State::Seek => self.seek(side, &chunk, out),
                State::Probe => self.probe(side, &chunk, out),
                State::Start => self.start(side, &chunk, out),
                State::Head => self.head(side, &chunk, out),
                State::Body => self.body(side, &chunk, out),
            };
            chunk.at += used as u64;
            chunk.data = chunk.data.get(used..).unwrap_or(&[]);
            // Pipelined requests may begin anywhere; elsewhere a line in a body could be taken for one.
            chunk.aligned &= used == 0;
            if !self.client.is(side) && self.reader(side).state == State::Start {
                match before {
                    State::Start => self.queue.pace().answered_to(chunk.at),
                    _ => self.queue.ended_at(chunk.at),
                }
            }
        }
    }

    /// Keeps bytes for the reader that follows.
    fn leave(&mut self, side: usize, chunk: &Chunk<'_>, out: &mut Output<'_>) {
        self.settle_pairs(out);
        while self.queue.len() > 0 {
            self.emit_front(out);
        }
        let reader = self.reader(side);
        reader.unread = Some(Box::new(Unread::of(chunk, !reader.passed_over)));
    }

    fn close_side(&mut self, side: usize, orderly: bool, out: &mut Output<'_>) {
        if self.dead() {
            return;
        }
        match self.reader(side).state {
            State::Body => self.body_cut_short(side, orderly, out),
            State::Head => self.cut_head(side, Incomplete::CutShort, out),
            State::Probe => {
                let gathered = std::mem::take(&mut self.reader(side).buffer);
                self.hints().recognise(side, &gathered);
                self.pass_over(side, gathered.len());
                self.reader(side).state = State::Seek;
            }
            State::Start | State::Seek => {}
        }
    }

    /// What the next reader begins with. A WebSocket begins where a side's last message ended, whatever came before.
    fn unread(&mut self, side: usize, following: Following) -> Unread {
        let reader = self.reader(side);
        let between = reader.state == State::Start;
        let unread = reader.hand_over();
        match following {
            Following::WebSocket => Unread { beginning: between, ..unread },
            Following::Http2 | Following::Tls => unread,
        }
    }

    fn candidate(&mut self, side: usize, peer_known: bool) -> Candidate {
        let reader = self.reader(side);
        let (at, ack) = (reader.extent.at, reader.ack_first);
        Candidate { at: self.interim.unwrap_or(at), itself: at, ack, peer_known }
    }
}

impl conversation::Reader for Connection {
    fn opened(&mut self, opener: usize) {
        self.opener = opener.into();
        if self.bytes == 0 {
            self.midstream = false;
            self.from_start = true;
            self.queue.ordered = true;
        }
    }

    fn held(&self) -> usize {
        let [first, second] = &self.readers;
        first.held() + second.held() + self.queue.held() + self.hints.as_ref().map_or(0, |hints| hints.held())
    }

    fn waits_for(&self, side: usize) -> Option<u64> {
        let [first, second] = &self.readers;
        (if side == 0 { first } else { second }).stalled.as_ref().map(|stall| stall.ack)
    }

    fn within_head(&self, side: usize) -> bool {
        let [first, second] = &self.readers;
        !self.dead() && matches!(if side == 0 { first } else { second }.state, State::Head | State::Probe)
    }

    fn data(&mut self, side: usize, chunk: Chunk<'_>, out: &mut Output<'_>) {
        self.bytes += chunk.data.len() as u64;
        self.reader(side).fresh = false;
        self.read(side, chunk, out);
    }

    fn gap(&mut self, side: usize, at: u64, gap: Gap, out: &mut Output<'_>) {
        if self.dead() {
            return;
        }
        let likely = self.client.get().or(self.opener.get());
        let client = likely.is_none_or(|client| client == side);
        if !client && self.reader(side).state == State::Start {
            self.queue.note_gap(at);
        }
        if likely != Some(side) {
            self.lose_responses(at, at + gap.len, gap.cause, out);
        }
        let left = match self.reader(side).state {
            State::Body => self.gap_in_body(side, &gap, out),
            State::Head => {
                self.cut_head(side, gap_reason(gap.cause, client), out);
                None
            }
            State::Probe => {
                let reader = self.reader(side);
                reader.state = State::Seek;
                let gathered = std::mem::take(&mut reader.buffer);
                let end = reader.extent.at + gathered.len() as u64;
                self.pass_over_gathered(side, &gathered, end, out);
                None
            }
            State::Start | State::Seek => Some(gap.len),
        };
        if left == Some(0) {
            if !client && self.reader(side).state == State::Start {
                self.queue.ended_at(at + gap.len);
            }
            return;
        }
        self.reader(side).passed_over = true;
        // A connection begins with a message.
        let beginning = std::mem::take(&mut self.reader(side).fresh) && !self.midstream;
        let certain = left.is_some() && (beginning || self.reader(side).state == State::Start);
        self.reader(side).state = State::Seek;
        if client {
            self.lose_requests(certain, gap.from, gap.shown, out);
        }
        if likely != Some(side) {
            self.lose_count(out);
        }
    }

    fn resume(&mut self, side: usize, out: &mut Output<'_>) {
        let reader = self.reader(side);
        let Some(stall) = reader.stalled.take() else { return };
        let bytes = std::mem::take(&mut reader.buffer);
        let chunk =
            Chunk { data: &bytes, at: stall.at, ack: stall.ack, peer_known: true, aligned: false, seen: stall.seen };
        self.read(side, chunk, out);
    }

    fn ends_at(&mut self, time: Timestamp) {
        self.queue.pace().ends_at = Some(time);
    }

    fn end(&mut self, side: usize, out: &mut Output<'_>) {
        self.close_side(side, true, out);
        if self.client.is(1 - side) && self.queue.len() == 0 && self.reader(side).state == State::Start {
            self.end_pairs(out);
        }
    }

    fn finish(&mut self, out: &mut Output<'_>) {
        let client = self.client.get().unwrap_or(0);
        self.close_side(client, false, out);
        self.close_side(1 - client, false, out);
        self.queue.note_end();
        self.settle_pairs(out);
        while self.queue.len() > 0 {
            self.emit_front(out);
        }
        if let (Kind::Http1, Some(client)) = (self.kind, self.client.get()) {
            out.serves_http(self.channel.end(1 - client));
        } else if let (Kind::Unknown, Some(spot)) = (self.kind, &self.unconfirmed) {
            let (from, shown) = **spot;
            out.doubtful(self.channel.ends, from, shown);
        }
        let id = self.channel.id;
        match self.kind {
            Kind::Upgraded { bytes } if bytes > 0 => out.not_read_on(id, "upgraded", bytes),
            Kind::Unknown if self.bytes > 0 => out.not_read_on(id, self.hints().name(), self.bytes),
            Kind::Http1 if self.skipped > 0 => out.not_read_on(id, "between_messages", self.skipped),
            _ => {}
        }
    }

    fn client(&self) -> Option<usize> {
        self.client.get()
    }

    fn protocol(&self) -> Option<&'static str> {
        if self.kind == Kind::Unknown { self.hints.as_ref()?.protocol() } else { Some("http1") }
    }

    fn handover(&mut self) -> Option<(Next, Box<Handover>)> {
        let Kind::Next(following) = self.kind else { return None };
        let next = match following {
            Following::Http2 => Next::Http2,
            Following::Tls => Next::Tls,
            Following::WebSocket => Next::WebSocket(self.opening.take()?),
        };
        let handover = Handover {
            channel: self.channel,
            client: self.client.get(),
            opener: self.opener.get(),
            sides: [0, 1].map(|side| self.unread(side, following)),
            midstream: self.midstream,
            request: self.upgrading.take(),
            known_until: self.known_until,
            unconfirmed: self.unconfirmed.take().map(|spot| *spot),
            skipped: self.skipped,
        };
        Some((next, Box::new(handover)))
    }
}
