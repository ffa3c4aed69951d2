//! What is said on a channel: two ordered byte streams, whatever carries them, told apart by content and read into
//! exchanges.
//!
//! This is the seam between what puts bytes in order and what understands them. Below it is TCP, or whatever takes an
//! envelope off: all it needs to give is a [`Chunk`] for the next bytes of a side (with their position, their time and
//! frame, and how far their sender had received the other side) and a [`Gap`] for bytes that will not come. Above it are
//! the readers of application protocols, each a [`Reader`]. No port number passes.
//!
//! A conversation begins with the reader of HTTP/1.x, which passes over what it does not know. Where that recognises
//! another protocol's bytes it hands over: the reader that follows gets what both sides said from there on. Only HTTP/2
//! may give back, once, where a server greeted in it and the client asks in HTTP/1.x. A reader that takes off an envelope
//! (TLS) holds a conversation of its own and feeds it what was inside.

mod channel;
mod extent;
mod reasons;
mod received;
mod side;

pub(crate) use channel::{CARRIES, Channel, Pair, Print, print_of};
pub(crate) use extent::Extent;
pub(crate) use reasons::{Reasons, gap_reason};
pub(crate) use received::Received;
pub(crate) use side::KnownSide;

use crate::output::Output;
use crate::tcp::{Chunk, Gap, Seen};
use crate::{Exchange, Request, Timestamp, http1, http2, tls, websocket};

/// Reads the two sides of a channel. Sides are numbered 0 and 1.
///
/// A side's calls come in the order of its bytes: `data` and `gap` follow each other without a break, then `end`.
/// Between the sides there is no order but this: [`Chunk::peer_known`] tells whether the other side was handed on as
/// far as the chunk's sender had received it. A reader that must know it stalls the side with `waits_for`; nothing
/// more comes from it until `resume`.
pub(crate) trait Reader {
    /// The channel's beginning was seen, and which side asked for it.
    fn opened(&mut self, opener: usize);

    /// Bytes held for messages that are not over.
    fn held(&self) -> usize;

    /// Position in the other side's stream that a stalled side waits for.
    fn waits_for(&self, side: usize) -> Option<u64>;

    /// Whether what a side said so far ends within a head, where its sender does not close.
    fn within_head(&self, _side: usize) -> bool {
        false
    }

    /// Takes the next bytes of a side that is not stalled.
    fn data(&mut self, side: usize, chunk: Chunk<'_>, out: &mut Output<'_>);

    /// Bytes of a side, from position `at` on, that will not come.
    fn gap(&mut self, side: usize, at: u64, gap: Gap, out: &mut Output<'_>);

    /// A stalled side goes on: what it waited for is known, or never will be.
    fn resume(&mut self, side: usize, out: &mut Output<'_>);

    /// A side said when that it will end, before the other did: told when it is seen, not in the order of its bytes.
    fn ends_at(&mut self, _time: Timestamp) {}

    /// A side ended in order.
    fn end(&mut self, side: usize, out: &mut Output<'_>);

    /// Nothing more comes on this channel.
    fn finish(&mut self, out: &mut Output<'_>);

    /// Side that sends requests, once known.
    fn client(&self) -> Option<usize>;

    /// What the channel carries, once known.
    fn protocol(&self) -> Option<&'static str>;

    /// What this reader gives to another one, if it has just seen that protocol begin.
    fn handover(&mut self) -> Option<(Next, Box<Handover>)> {
        None
    }
}

/// The protocol that another one gives way to.
#[derive(Debug)]
pub(crate) enum Next {
    /// HTTP/1.x after all, with the client's latest segment.
    Http1(Unread),
    Http2,
    Tls,
    /// WebSocket, with the exchange that opened it.
    WebSocket(Box<Exchange>),
}

/// What a reader tells the one that follows.
#[derive(Debug)]
pub(crate) struct Handover {
    pub(crate) channel: Channel,
    /// Side that sends requests, if known.
    pub(crate) client: Option<usize>,
    /// Side that opened the channel, if known.
    pub(crate) opener: Option<usize>,
    /// What each side said that was not read yet.
    pub(crate) sides: [Unread; 2],
    /// Whether the capture joined the channel in the middle.
    pub(crate) midstream: bool,
    /// The request that asked for the upgrade, which stream 1 answers.
    pub(crate) request: Option<Box<(Extent, Request, Reasons)>>,
    /// Time up to which everything that was sent is accounted for.
    pub(crate) known_until: Timestamp,
    /// A gap of the client's from before it was known what the channel carries.
    pub(crate) unconfirmed: Option<(Timestamp, Seen)>,
    /// Bytes that were passed over.
    pub(crate) skipped: u64,
}

/// A stretch of one side's stream that waits: for another reader, or for what the other side says.
#[derive(Clone, Debug, Default)]
pub(crate) struct Unread {
    /// Whether it is where the protocol begins on this side: nothing before it was lost or passed over.
    pub(crate) beginning: bool,
    pub(crate) bytes: Vec<u8>,
    /// Position of the first byte.
    pub(crate) at: u64,
    pub(crate) ack: u64,
    pub(crate) peer_known: bool,
    pub(crate) seen: Seen,
}

impl Unread {
    /// The rest of a chunk.
    pub(crate) fn of(chunk: &Chunk<'_>, beginning: bool) -> Self {
        let Chunk { data, at, ack, peer_known, seen, .. } = *chunk;
        Unread { beginning, bytes: data.to_vec(), at, ack, peer_known, seen }
    }

    /// The same, to be read.
    pub(crate) fn chunk(&self) -> Chunk<'_> {
        let Unread { bytes, at, ack, peer_known, seen, .. } = self;
        Chunk { data: bytes, at: *at, ack: *ack, peer_known: *peer_known, aligned: true, seen: *seen }
    }

    /// The same, to be read where its reader stopped: the other side is now known as far as it will be.
    pub(crate) fn resumed(&self) -> Chunk<'_> {
        Chunk { peer_known: true, aligned: false, ..self.chunk() }
    }

    /// Bytes held outside of itself.
    pub(crate) fn held(&self) -> usize {
        self.bytes.capacity()
    }
}

/// A channel with the reader of what it carries.
#[expect(clippy::large_enum_variant, reason = "every connection begins as HTTP/1.x, and most stay")]
pub(crate) enum Conversation {
    /// HTTP/1.x, or nothing known yet.
    Http1(http1::Connection),
    /// HTTP/2.
    Http2(Box<http2::Connection>),
    /// TLS, with another conversation inside.
    Tls(Box<tls::Connection>),
    /// WebSocket.
    WebSocket(Box<websocket::Connection>),
}

impl Conversation {
    /// Nothing was said yet; `seen` is what showed the channel first.
    pub(crate) fn new(channel: Channel, seen: Seen) -> Self {
        Conversation::Http1(http1::Connection::new(channel, seen))
    }

    fn reader(&mut self) -> &mut dyn Reader {
        match self {
            Conversation::Http1(reader) => reader,
            Conversation::Http2(reader) => &mut **reader,
            Conversation::Tls(reader) => &mut **reader,
            Conversation::WebSocket(reader) => &mut **reader,
        }
    }

    fn reading(&self) -> &dyn Reader {
        match self {
            Conversation::Http1(reader) => reader,
            Conversation::Http2(reader) => &**reader,
            Conversation::Tls(reader) => &**reader,
            Conversation::WebSocket(reader) => &**reader,
        }
    }

    /// See [`Reader::client`].
    pub(crate) fn client(&self) -> Option<usize> {
        self.reading().client()
    }

    /// See [`Reader::protocol`].
    pub(crate) fn protocol(&self) -> Option<&'static str> {
        self.reading().protocol()
    }

    /// Position in the other direction that a stalled side waits for.
    pub(crate) fn waits_for(&self, side: usize) -> Option<u64> {
        match self {
            Conversation::Http1(reader) => reader.waits_for(side),
            Conversation::Http2(reader) => reader.waits_for(side),
            Conversation::Tls(reader) => reader.waits_for(side),
            Conversation::WebSocket(reader) => reader.waits_for(side),
        }
    }

    /// See [`Reader::within_head`].
    pub(crate) fn within_head(&self, side: usize) -> bool {
        match self {
            Conversation::Http1(reader) => reader.within_head(side),
            Conversation::Http2(reader) => reader.within_head(side),
            Conversation::Tls(reader) => reader.within_head(side),
            Conversation::WebSocket(reader) => reader.within_head(side),
        }
    }

    /// Whether a side waits for the other before it can go on.
    pub(crate) fn stalled(&self, side: usize) -> bool {
        self.waits_for(side).is_some()
    }

    /// See [`Reader::held`].
    pub(crate) fn held(&self) -> usize {
        match self {
            Conversation::Http1(reader) => reader.held(),
            Conversation::Http2(reader) => reader.held(),
            Conversation::Tls(reader) => reader.held(),
            Conversation::WebSocket(reader) => reader.held(),
        }
    }

    /// See [`Reader::opened`].
    pub(crate) fn opened(&mut self, opener: usize) {
        self.reader().opened(opener);
    }

    /// See [`Reader::data`].
    pub(crate) fn data(&mut self, side: usize, chunk: Chunk<'_>, out: &mut Output<'_>) {
        self.reader().data(side, chunk, out);
        self.hand_over(out);
    }

    /// See [`Reader::gap`].
    pub(crate) fn gap(&mut self, side: usize, at: u64, gap: Gap, out: &mut Output<'_>) {
        self.reader().gap(side, at, gap, out);
    }

    /// See [`Reader::resume`].
    pub(crate) fn resume(&mut self, side: usize, out: &mut Output<'_>) {
        self.reader().resume(side, out);
        self.hand_over(out);
    }

    /// See [`Reader::ends_at`].
    pub(crate) fn ends_at(&mut self, time: Timestamp) {
        self.reader().ends_at(time);
    }

    /// See [`Reader::end`].
    pub(crate) fn end(&mut self, side: usize, out: &mut Output<'_>) {
        self.reader().end(side, out);
    }

    /// See [`Reader::finish`].
    pub(crate) fn finish(&mut self, out: &mut Output<'_>) {
        self.reader().finish(out);
    }

    /// Lets the next reader go on where this one saw its protocol begin.
    fn hand_over(&mut self, out: &mut Output<'_>) {
        while let Some((next, handover)) = self.reader().handover() {
            *self = match next {
                Next::Http1(latest) => Conversation::Http1(http1::Connection::begin_again(*handover, &latest, out)),
                Next::Http2 => Conversation::Http2(Box::new(http2::Connection::take_over(*handover, out))),
                Next::Tls => Conversation::Tls(Box::new(tls::Connection::take_over(*handover, out))),
                Next::WebSocket(opening) => {
                    Conversation::WebSocket(Box::new(websocket::Connection::take_over(*handover, *opening, out)))
                }
            };
        }
    }
}
