//! One side of a connection, as far as it was read.

use super::frame::{Frame, HEADER};
use super::hpack::Decoder;
use crate::Incomplete;
use crate::conversation::{Extent, Unread};
use crate::tcp::{Cause, Chunk};

/// What a client says first (RFC 9113, section 3.4).
pub(super) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// What a side's next bytes are taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// The client's preface, of which so many bytes came.
    Preface(usize),
    /// Anything: looking for the beginning of a frame.
    Seek,
    /// A frame's header.
    Header,
    /// The payload of the frame whose header was read.
    Payload,
}

/// One side.
#[derive(Debug)]
pub(super) struct Side {
    pub(super) state: State,
    /// Bytes of a header that is not whole.
    pub(super) header: [u8; HEADER],
    pub(super) have: usize,
    /// The frame being read.
    pub(super) frame: Frame,
    pub(super) extent: Extent,
    /// Bytes of its payload that did not come yet.
    pub(super) left: u32,
    /// Padding at its end, once known.
    pub(super) padding: Option<u32>,
    /// What came of a payload that is read as a whole.
    pub(super) payload: Vec<u8>,
    /// Whether that passed the limit.
    pub(super) over: bool,
    /// A header block whose end is in a later frame.
    pub(super) block: Option<Block>,
    pub(super) hpack: Decoder,
    /// Nothing of this side was lost or passed over.
    pub(super) clean: bool,
    /// What header compression lost: none where the capture only joined too late.
    pub(super) lost: Option<Cause>,
    /// Bytes that wait for the other side.
    pub(super) stalled: Option<Unread>,
}

/// A header block that goes on in `CONTINUATION` frames.
#[derive(Debug)]
pub(super) struct Block {
    /// The frame that it began in.
    pub(super) frame: Frame,
    pub(super) promised: u32,
    pub(super) bytes: Vec<u8>,
    pub(super) extent: Extent,
    /// Why a part of it is missing; then the rest is passed over.
    pub(super) lost: Option<Incomplete>,
}

impl Side {
    pub(super) fn new(state: State, clean: bool) -> Self {
        Side {
            state,
            header: [0; HEADER],
            have: 0,
            frame: Frame::read(&[0; HEADER]),
            extent: Extent::default(),
            left: 0,
            padding: None,
            payload: Vec::new(),
            over: false,
            block: None,
            hpack: Decoder::joined(),
            clean,
            lost: None,
            stalled: None,
        }
    }

    pub(super) fn held(&self) -> usize {
        let block = self.block.as_ref().map_or(0, |block| block.bytes.capacity());
        let stalled = self.stalled.as_ref().map_or(0, Unread::held);
        self.payload.capacity() + block + stalled + self.hpack.held()
    }

    /// Whether all its bytes were frames, the latest whole.
    pub(super) fn is_between_frames(&self) -> bool {
        self.clean && self.state == State::Header && self.have == 0
    }

    /// What header compression said before is lost.
    pub(super) fn forget(&mut self, cause: Cause) {
        self.hpack.forget();
        self.lost.get_or_insert(cause);
    }

    /// Bytes of a frame's header; tells how many belong to it, and whether it is whole.
    pub(super) fn gather_header(&mut self, chunk: &Chunk<'_>) -> (usize, bool) {
        if self.have == 0 {
            self.extent = Extent::begin(chunk.at, chunk.seen);
        } else {
            self.extent.extend(chunk.seen);
        }
        let room = self.header.get_mut(self.have..).unwrap_or_default();
        let len = room.len().min(chunk.data.len());
        room.iter_mut().zip(chunk.data).for_each(|(to, from)| *to = *from);
        self.have += len;
        (len, self.have == HEADER)
    }

    /// A frame begins whose header is whole.
    pub(super) fn begin_payload(&mut self) {
        self.state = State::Payload;
        self.have = 0;
        self.left = self.frame.len;
        self.padding = (!self.frame.is_padded()).then_some(0);
        self.payload.clear();
        self.over = false;
    }
}
