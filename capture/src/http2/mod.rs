//! HTTP/2 (RFC 9113) on a connection: frames read from both sides, header blocks decoded, streams put together.
//!
//! Nothing here depends on ports, nor on the connection's beginning: where the capture joins in the middle, or after a
//! gap, reading goes on at the next bytes that look like frames. What header compression said before is then unknown
//! (see [`hpack`]): a request without a known method and target, or a response without a known status, is as good as
//! not seen.

mod block;
mod emit;
mod frame;
mod grpc;
mod head;
mod hpack;
mod message;
mod recover;
mod side;
mod socket;
mod stream;

use std::collections::BTreeSet;

use frame::{Chain, Frame, HEADER, Kind, LAST_STREAM, chain};
use side::{PREFACE, Side, State};
use stream::{Stream, Streams};

use crate::conversation::{self, Channel, Extent, Handover, Next, Unread};
use crate::output::Output;
use crate::tcp::{Cause, Chunk, Gap, Seen};
use crate::{Incomplete, Timestamp, http1};

/// What the first bytes of a segment look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Looks {
    Frames,
    /// Too few bytes to tell.
    Unsure,
    Other,
}

/// Looks at the first bytes of a segment for frames; the client's preface is a request line.
pub(crate) fn recognise(segment: &[u8]) -> Looks {
    match (chain(segment), segment) {
        (Chain::Certain, _) => Looks::Frames,
        // What a server says first, cut by its sender.
        (Chain::Possible(Frame { kind: Kind::Settings, .. }), _) => Looks::Unsure,
        (_, [0] | [0, 0..=0x40] | [0, 0..=0x40, _] | [0, 0..=0x40, _, 0..=9, ..]) if segment.len() < HEADER => {
            Looks::Unsure
        }
        _ => Looks::Other,
    }
}

/// HTTP/2 on one connection.
pub(crate) struct Connection {
    channel: Channel,
    /// Side that sends requests, once known.
    client: Option<usize>,
    sides: [Side; 2],
    streams: Streams,
    /// Last stream that the server looks at, as far as it said.
    last: u32,
    /// Whether the capture joined the connection in the middle.
    midstream: bool,
    /// Time up to which everything that was sent is accounted for.
    known_until: Timestamp,
    /// A blind spot of which was not told yet, because it was not clear that this is HTTP.
    unconfirmed: Option<(Timestamp, Seen)>,
    /// Whether a blind spot was told of, so that a request may be missing.
    told: bool,
    /// Whether a gRPC call was seen.
    grpc: bool,
    /// The client's preface was read, and not the settings behind it.
    greeting: bool,
    /// What the client says in HTTP/1.x where its preface should be: before its latest segment, and in it.
    refused: Option<[Unread; 2]>,
    /// Bytes passed over.
    skipped: u64,
    /// Bytes of tunnels.
    tunnelled: u64,
    /// By side, the server first: streams with a WebSocket that the side may still be read of.
    sockets: [BTreeSet<u32>; 2],
}

impl Connection {
    /// Goes on where the reader of HTTP/1.x saw HTTP/2 begin.
    pub(crate) fn take_over(handover: Handover, out: &mut Output<'_>) -> Self {
        let Handover { channel, sides: unread, midstream, request, known_until, unconfirmed, skipped, .. } = handover;
        let client = handover.client.or(handover.opener);
        let agreed = request.is_some();
        let preface = client.is_some_and(|client| unread.get(client).is_some_and(|u| u.bytes.starts_with(b"PRI")));
        let side = |side: usize| {
            let beginning = agreed || unread.get(side).is_some_and(|u| u.beginning) && (preface || !midstream);
            let mut own = Side::new(State::Seek, beginning);
            if client == Some(side) && (beginning || preface) {
                own.state = State::Preface(0);
            } else if beginning && client.is_some() {
                own.state = State::Header;
                own.hpack = hpack::Decoder::from_start();
            }
            own
        };
        let mut connection = Connection {
            channel,
            client,
            sides: [side(0), side(1)],
            streams: Streams::default(),
            last: u32::MAX,
            midstream,
            known_until,
            unconfirmed,
            told: false,
            grpc: false,
            greeting: false,
            refused: None,
            skipped,
            tunnelled: 0,
            sockets: Default::default(),
        };
        if let Some((extent, request, reasons)) = request.map(|request| *request) {
            connection.streams.open(1, Stream { upgraded: Some((extent, request)), reasons, ..Stream::default() });
        }
        let first = client.unwrap_or(0);
        for side in [first, 1 - first] {
            if let Some(unread) = unread.get(side) {
                connection.read(side, unread.chunk(), out);
            }
        }
        connection
    }

    fn side(&mut self, side: usize) -> &mut Side {
        let [first, second] = &mut self.sides;
        if side == 0 { first } else { second }
    }

    fn read(&mut self, side: usize, mut chunk: Chunk<'_>, out: &mut Output<'_>) {
        while !chunk.data.is_empty() {
            let used = match self.side(side).state {
                State::Preface(seen) => self.preface(side, seen, &chunk, out),
                State::Seek => self.seek(side, &chunk),
                State::Header => self.header(side, &chunk, out),
                State::Payload => self.payload(side, &chunk, out),
            };
            chunk.at += used as u64;
            chunk.data = chunk.data.get(used..).unwrap_or(&[]);
            chunk.aligned &= used == 0;
        }
    }

    /// The first bytes of a client.
    fn preface(&mut self, side: usize, seen: usize, chunk: &Chunk<'_>, out: &mut Output<'_>) -> usize {
        let rest = PREFACE.get(seen..).unwrap_or(&[]);
        let len = rest.len().min(chunk.data.len());
        if seen == 0 {
            self.side(side).extent = Extent::begin(chunk.at, chunk.seen);
        }
        if chunk.data.get(..len) != rest.get(..len) {
            if self.refuse(side, seen, chunk) {
                return chunk.data.len();
            }
            out.irregular("malformed_preface", chunk.seen.frame);
            let own = self.side(side);
            own.state = State::Seek;
            own.clean = false;
            return 0;
        }
        if len < rest.len() {
            self.side(side).state = State::Preface(seen + len);
            return len;
        }
        self.client = Some(side);
        self.greeting = true;
        let own = self.side(side);
        own.state = State::Header;
        own.hpack = hpack::Decoder::from_start();
        // A server cannot have sent a header block before it.
        let fresh = self.streams.is_empty();
        let server = self.side(1 - side);
        if fresh && server.clean && server.lost.is_none() {
            server.hpack = hpack::Decoder::from_start();
        }
        len
    }

    /// Gives a client back that asks in HTTP/1.x, as one does that would have the connection upgraded, or knows nothing of
    /// HTTP/2; `seen` bytes of it were those of the preface.
    fn refuse(&mut self, side: usize, seen: usize, chunk: &Chunk<'_>) -> bool {
        let before = PREFACE.get(..seen).unwrap_or(&[]);
        if !self.streams.is_empty() || !http1::may_begin_request(&[before, chunk.data].concat()) {
            return false;
        }
        let Extent { at, first, .. } = self.side(side).extent;
        let latest = Unread::of(chunk, true);
        self.refused = Some([Unread { bytes: before.to_vec(), at, seen: first, ..latest.clone() }, latest]);
        true
    }

    /// Looks for the beginning of a frame; bytes before it are passed over.
    fn seek(&mut self, side: usize, chunk: &Chunk<'_>) -> usize {
        let greets = chunk.data.iter().zip(PREFACE).all(|(seen, known)| seen == known);
        if chunk.aligned && greets && self.client != Some(1 - side) {
            self.side(side).state = State::Preface(0);
            return 0;
        }
        let begins = |&at: &usize| match chain(chunk.data.get(at..).unwrap_or(&[])) {
            Chain::Certain => true,
            // A stream that is open tells a frame whose end is not in the segment.
            Chain::Possible(frame) => frame.kind == Kind::Data && self.streams.contains(frame.stream),
            Chain::None => false,
        };
        // A frame begins with the high byte of its length, which is zero.
        let found = memchr::memchr_iter(0, chunk.data).find(begins);
        let own = self.side(side);
        if found.is_some() {
            own.state = State::Header;
            own.have = 0;
        }
        let passed = found.unwrap_or(chunk.data.len());
        own.clean &= passed == 0;
        self.skipped += passed as u64;
        passed
    }

    /// A frame's header.
    fn header(&mut self, side: usize, chunk: &Chunk<'_>, out: &mut Output<'_>) -> usize {
        let own = self.side(side);
        let (len, whole) = own.gather_header(chunk);
        if !whole {
            return len;
        }
        let frame = Frame::read(&own.header);
        own.frame = frame;
        let interrupted = own
            .block
            .as_ref()
            .is_some_and(|block| frame.kind != Kind::Continuation || frame.stream != block.frame.stream);
        let begun = own.extent.first;
        if !frame.is_sound() || interrupted {
            out.irregular("malformed_frame", begun.frame);
            self.cut_block(side, Incomplete::CutShort, out);
        }
        if !frame.is_sound() {
            self.lose_sync(side, Cause::Lost, begun.time, begun, out);
            return len;
        }
        // What the other side waits for may be what was just read, and this may answer what it has to say.
        let waited = self.side(1 - side).stalled.as_ref().is_some_and(|stall| stall.ack <= chunk.at);
        if waited {
            self.go_on(1 - side, out);
        }
        let rest = Chunk { data: chunk.data.get(len..).unwrap_or(&[]), at: chunk.at + len as u64, ..*chunk };
        if !chunk.peer_known && self.must_wait(side, &frame) {
            self.side(side).stalled = Some(Unread::of(&rest, false));
            return chunk.data.len();
        }
        self.begin_frame(side, out);
        len
    }

    /// Whether a frame can only be understood once the other side is known as far as its sender had received it: the
    /// response to a request that was not handed on yet, what is said on a WebSocket before it is known whether there is
    /// one, and the end of a stream on which more may have been said.
    fn must_wait(&self, side: usize, frame: &Frame) -> bool {
        match frame.kind {
            Kind::Headers => self.client != Some(side) && !self.streams.contains(frame.stream),
            Kind::Data => {
                self.client == Some(side) && self.streams.get(frame.stream).is_some_and(Stream::awaits_socket)
            }
            Kind::ResetStream => self.client == Some(1 - side) && self.streams.contains(frame.stream),
            _ => false,
        }
    }

    /// A stalled side goes on.
    fn go_on(&mut self, side: usize, out: &mut Output<'_>) {
        let Some(stall) = self.side(side).stalled.take() else { return };
        self.begin_frame(side, out);
        self.read(side, stall.resumed(), out);
    }

    fn begin_frame(&mut self, side: usize, out: &mut Output<'_>) {
        let own = self.side(side);
        own.begin_payload();
        if own.left == 0 {
            self.end_frame(side, &[], out);
        }
    }

    /// Bytes of a frame's payload.
    fn payload(&mut self, side: usize, chunk: &Chunk<'_>, out: &mut Output<'_>) -> usize {
        let own = self.side(side);
        own.extent.extend(chunk.seen);
        let len = chunk.data.len().min(own.left as usize);
        let part = chunk.data.get(..len).unwrap_or(&[]);
        let kind = own.frame.kind;
        if kind == Kind::Data {
            self.body(side, &Chunk { data: part, ..*chunk }, out);
        }
        let greets = kind == Kind::Settings && self.is_greeting(side);
        let own = self.side(side);
        own.left -= len as u32;
        let gathered = own.frame.carries_block() || kind == Kind::GoAway || greets;
        if own.left == 0 && own.payload.is_empty() {
            self.end_frame(side, part, out);
            return len;
        }
        if gathered && own.payload.len() + len <= out.limits.head_bytes {
            own.payload.extend_from_slice(part);
        } else {
            own.over |= gathered;
        }
        if own.left == 0 {
            let payload = std::mem::take(&mut own.payload);
            self.end_frame(side, &payload, out);
            self.side(side).payload = payload;
        }
        len
    }

    /// Bytes of a `DATA` frame, padding and its length included.
    fn body(&mut self, side: usize, chunk: &Chunk<'_>, out: &mut Output<'_>) {
        let (client, seen, mut part) = (self.client, chunk.seen, chunk.data);
        let own = self.side(side);
        let mut left = own.left;
        let padding = *own.padding.get_or_insert_with(|| {
            let (&length, rest) = part.split_first().unwrap_or((&0, &[]));
            part = rest;
            left -= 1;
            u32::from(length)
        });
        let (id, frame) = (own.frame.stream, own.extent.first.frame);
        if padding > left && own.left == own.frame.len {
            out.irregular("malformed_frame", frame);
        }
        let data = part.get(..left.saturating_sub(padding) as usize).unwrap_or(part);
        let (limits, room) = (out.limits, self.streams.room());
        let tunnelled = self.streams.change(id, |stream| {
            let tunnel = stream.is_tunnel(client == Some(side));
            let message = if client == Some(side) { &mut stream.request } else { &mut stream.response };
            let message = message.as_mut()?;
            message.extent.extend(seen);
            if let Some(socket) = &mut stream.socket {
                socket.data(client == Some(side), &Chunk { data, ..*chunk }, out);
                return Some(false);
            }
            stream.too_early |= tunnel && client == Some(side);
            if !tunnel {
                message.take(data, room, limits);
            }
            Some(tunnel)
        });
        match tunnelled.flatten() {
            Some(true) => self.tunnelled += data.len() as u64,
            Some(false) => {}
            None => self.skipped += data.len() as u64,
        }
    }

    /// A frame is over. `payload` is what was gathered of it.
    fn end_frame(&mut self, side: usize, payload: &[u8], out: &mut Output<'_>) {
        let own = self.side(side);
        own.state = State::Header;
        let (frame, extent) = (own.frame, own.extent);
        match frame.kind {
            Kind::Headers | Kind::PushPromise | Kind::Continuation => self.block_part(side, payload, out),
            Kind::Data if frame.ends_stream() => {
                self.end_message(self.client == Some(side), frame.stream, extent, out);
            }
            Kind::ResetStream => self.reset(side, frame.stream, out),
            Kind::GoAway => self.go_away(side, payload, out),
            Kind::Settings if self.is_greeting(side) => self.greet(side, payload),
            _ => {}
        }
    }

    /// Whether the client's first settings come next, by which its program is known where no TLS hello tells more.
    fn is_greeting(&self, side: usize) -> bool {
        self.greeting && self.client == Some(side)
    }

    fn greet(&mut self, side: usize, payload: &[u8]) {
        self.greeting = false;
        let lost = std::mem::take(&mut self.side(side).over);
        if !lost && !self.channel.is_told_by_print() {
            self.channel.print = frame::print(payload);
        }
    }

    /// A side gives a stream up. What the server had sent by then may still come.
    pub(super) fn reset(&mut self, side: usize, id: u32, out: &mut Output<'_>) {
        if !self.streams.contains(id) {
            return;
        }
        if self.client != Some(side) {
            self.streams.change(id, |stream| stream.reset = true);
            self.streams.give_up(id);
            self.emit(id, out);
        } else if self.streams.change(id, |stream| std::mem::replace(&mut stream.reset, true)) == Some(false) {
            if let Some(oldest) = self.streams.linger(id) {
                self.emit(oldest, out);
            }
            self.emit_if_over(id, out);
        }
    }

    /// A server names the last stream that it looks at. It may do so again and name an earlier one, but not a later one
    /// (RFC 9113, section 6.8): the streams after the one it named before need no second look.
    pub(super) fn go_away(&mut self, side: usize, payload: &[u8], out: &mut Output<'_>) {
        let Some(&[a, b, c, d]) = payload.first_chunk::<LAST_STREAM>() else { return };
        let last = u32::from_be_bytes([a & 0x7f, b, c, d]);
        if self.client != Some(1 - side) {
            return;
        }
        for id in self.streams.untouched(last, self.last) {
            self.reset(side, id, out);
        }
        self.last = self.last.min(last);
    }
}

impl conversation::Reader for Connection {
    fn opened(&mut self, opener: usize) {
        self.client.get_or_insert(opener);
    }

    fn held(&self) -> usize {
        let [first, second] = &self.sides;
        size_of::<Self>() + first.held() + second.held() + self.streams.held()
    }

    fn waits_for(&self, side: usize) -> Option<u64> {
        let [first, second] = &self.sides;
        (if side == 0 { first } else { second }).stalled.as_ref().map(|stall| stall.ack)
    }

    fn data(&mut self, side: usize, chunk: Chunk<'_>, out: &mut Output<'_>) {
        self.read(side, chunk, out);
    }

    fn gap(&mut self, side: usize, _at: u64, gap: Gap, out: &mut Output<'_>) {
        self.lose(side, gap, out);
    }

    fn resume(&mut self, side: usize, out: &mut Output<'_>) {
        self.go_on(side, out);
    }

    fn end(&mut self, _side: usize, _out: &mut Output<'_>) {
        // What is open may still be answered; a cut frame is told at the end.
    }

    fn finish(&mut self, out: &mut Output<'_>) {
        self.close(out);
    }

    fn client(&self) -> Option<usize> {
        self.client
    }

    fn protocol(&self) -> Option<&'static str> {
        Some("http2")
    }

    fn handover(&mut self) -> Option<(Next, Box<Handover>)> {
        let [before, latest] = self.refused.take()?;
        let client = self.client?;
        let server = Unread { beginning: self.side(1 - client).is_between_frames(), ..Unread::default() };
        let handover = Handover {
            channel: self.channel,
            client: Some(client),
            opener: Some(client),
            sides: if client == 0 { [before, server] } else { [server, before] },
            midstream: self.midstream,
            request: None,
            known_until: self.known_until,
            unconfirmed: self.unconfirmed.take(),
            skipped: self.skipped,
        };
        Some((Next::Http1(latest), Box::new(handover)))
    }
}
