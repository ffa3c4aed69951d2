//! One direction of a connection, as far as it was read.

use super::body::Incoming;
use crate::Response;
use crate::conversation::{Extent, Reasons, Unread};
use crate::tcp::{Chunk, Seen};

/// What a direction's next bytes are taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Anything: looking for the beginning of a message.
    Seek,
    /// Perhaps the first line of a message.
    Probe,
    /// The beginning of a message.
    Start,
    /// A message's head.
    Head,
    /// A message's body.
    Body,
}

/// One direction.
pub(super) struct Reader {
    pub(super) state: State,
    /// Bytes of a head that is not whole, or that waits.
    pub(super) buffer: Vec<u8>,
    /// Bytes of `buffer` that hold no empty line.
    pub(super) scanned: usize,
    /// The message being read.
    pub(super) extent: Extent,
    pub(super) ack_first: u64,
    pub(super) reasons: Reasons,
    pub(super) message: Option<Box<Message>>,
    pub(super) stalled: Option<Box<Stall>>,
    /// The latest message's body began like a response, and it is not sure whose it was.
    pub(super) imitated: bool,
    /// Nothing came yet, neither bytes nor a gap.
    pub(super) fresh: bool,
    /// Some bytes were lost, or belonged to no message.
    pub(super) passed_over: bool,
    /// What the next reader begins with.
    pub(super) unread: Option<Box<Unread>>,
}

/// A message whose head was read.
pub(super) struct Message {
    pub(super) body: Incoming,
    pub(super) kind: Whose,
}

impl Message {
    fn held(&self) -> usize {
        let head = if let Whose::Response { response, .. } = &self.kind { response.held() } else { 0 };
        size_of::<Self>() + head + self.body.held()
    }
}

/// Where a message goes at its end.
pub(super) enum Whose {
    /// Into the request of this slot.
    Request(u64),
    /// Into the slot's answer, or alone; `told` when a blind spot covers the lost request.
    Response { response: Response, slot: Option<u64>, told: bool },
}

/// A response's head that waits for its request; the buffer holds it and what follows in its segment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stall {
    /// Position in the request direction that is waited for.
    pub(super) ack: u64,
    /// Position of the buffer's first byte.
    pub(super) at: u64,
    pub(super) seen: Seen,
}

/// The end of what was passed over: as a rule the rest of a message that began before the capture, or in a gap.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tail {
    /// Position behind it.
    pub(super) end: u64,
    /// How much its sender had received.
    pub(super) ack: u64,
    pub(super) seen: Seen,
    /// More than one byte, which may be a keep-alive probe.
    pub(super) certain: bool,
    /// It ends with a byte that may stand in a method.
    pub(super) in_word: bool,
    /// A line ended in it.
    pub(super) lines: bool,
}

impl Tail {
    /// Whether what the chunk begins with may be the rest of a word: the sender had received nothing since its beginning.
    pub(super) fn goes_on_in(&self, chunk: &Chunk<'_>) -> bool {
        self.in_word && self.end == chunk.at && self.ack == chunk.ack
    }
}

impl Reader {
    pub(super) fn new() -> Self {
        Reader {
            state: State::Seek,
            buffer: Vec::new(),
            scanned: 0,
            extent: Extent::default(),
            ack_first: 0,
            reasons: Reasons::default(),
            message: None,
            stalled: None,
            imitated: false,
            fresh: true,
            passed_over: false,
            unread: None,
        }
    }

    /// What another reader of this side must know: bytes that were not read, and whether there were others before.
    pub(super) fn hand_over(&mut self) -> Unread {
        let beginning = !self.passed_over;
        let bytes = std::mem::take(&mut self.buffer);
        let (at, seen) =
            self.stalled.take().map_or((self.extent.at, self.extent.first), |stall| (stall.at, stall.seen));
        let gathered = Unread { beginning, bytes, at, ack: self.ack_first, peer_known: false, seen };
        self.unread.take().map_or(gathered, |unread| *unread)
    }

    /// A message begins with the chunk's first byte.
    pub(super) fn begin(&mut self, chunk: &Chunk<'_>) {
        self.extent = Extent::begin(chunk.at, chunk.seen);
        self.ack_first = chunk.ack;
        self.reasons = Reasons::default();
        self.imitated = false;
        self.scanned = 0;
    }

    pub(super) fn held(&self) -> usize {
        let unread = self.unread.as_ref().map_or(0, |unread| unread.held());
        self.buffer.capacity() + self.message.as_ref().map_or(0, |message| message.held()) + unread
    }
}
