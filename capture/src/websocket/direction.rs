//! What one side says on a WebSocket: frames read, and put together to messages.

use super::deflate::{Extension, Inflater, Kept, Stopped};
use super::frame::{self, Frame, LONGEST, Read, unmask};
use crate::conversation::{Extent, Reasons};
use crate::tcp::{Cause, Chunk, Seen};
use crate::{Body, Incomplete, Limits, MessageKind};

/// One side.
#[derive(Debug)]
pub(super) struct Direction {
    /// The client sends on it.
    client: bool,
    state: State,
    /// Bytes of a frame's header that is not whole.
    header: [u8; LONGEST],
    have: usize,
    /// Where the frame being read began.
    extent: Extent,
    /// A message of which the last frame did not come yet.
    message: Option<Box<Partial>>,
    /// A control frame being read; it may lie between the frames of a message.
    control: Option<Box<Partial>>,
    extension: Extension,
    inflater: Option<Inflater>,
    /// Bytes of which nobody can tell what they are.
    pub(super) unread: u64,
}

/// What the next bytes are.
#[derive(Clone, Copy, Debug)]
enum State {
    /// A frame's header.
    Header,
    /// The payload of a frame, of which so many bytes are left.
    Payload { frame: Frame, left: u64 },
    /// The place in the frames is lost.
    Lost,
}

/// A message as it comes in.
#[derive(Debug)]
struct Partial {
    kind: MessageKind,
    extent: Extent,
    frames: u64,
    compressed: bool,
    payload: Kept,
    /// Bytes of the payload on the wire, those that are missing included.
    wire_len: u64,
    /// Nothing more is kept of it: what follows would not follow what is kept.
    stopped: bool,
    /// A limit stopped it.
    over: bool,
    reasons: Reasons,
}

/// A message that is over.
pub(super) struct Whole {
    pub(super) kind: MessageKind,
    pub(super) extent: Extent,
    pub(super) frames: u64,
    pub(super) compressed: bool,
    pub(super) payload: Body,
    pub(super) reasons: Reasons,
}

/// What a direction found.
#[derive(Default)]
pub(super) struct Found {
    pub(super) messages: Vec<Whole>,
    /// What broke the format, and where.
    pub(super) irregular: Vec<(&'static str, Seen)>,
}

impl Direction {
    pub(super) fn new(client: bool, extension: Extension) -> Self {
        Direction {
            client,
            state: State::Header,
            header: [0; LONGEST],
            have: 0,
            extent: Extent::default(),
            message: None,
            control: None,
            extension,
            inflater: None,
            unread: 0,
        }
    }

    /// Bytes held.
    pub(super) fn held(&self) -> usize {
        let partial = |partial: &Option<Box<Partial>>| {
            partial.as_ref().map_or(0, |partial| size_of::<Partial>() + partial.payload.bytes.capacity())
        };
        partial(&self.message) + partial(&self.control) + self.inflater.as_ref().map_or(0, Inflater::held)
    }

    /// Whether the place in the frames is lost.
    pub(super) fn is_lost(&self) -> bool {
        matches!(self.state, State::Lost)
    }

    /// Takes the next bytes.
    pub(super) fn data(&mut self, chunk: &Chunk<'_>, limits: &Limits) -> Found {
        let mut found = Found::default();
        let mut chunk = *chunk;
        while !chunk.data.is_empty() {
            let used = match self.state {
                State::Header => self.header(&chunk, limits, &mut found),
                State::Payload { frame, left } => self.payload(frame, left, &chunk, limits, &mut found),
                State::Lost => {
                    self.unread += chunk.data.len() as u64;
                    chunk.data.len()
                }
            };
            chunk.at += used as u64;
            chunk.data = chunk.data.get(used..).unwrap_or(&[]);
        }
        found
    }

    /// Bytes that will not come. Within a payload they cost that message; where they end beyond it, nobody can tell where
    /// the next frame begins.
    pub(super) fn gap(&mut self, len: u64, cause: Cause, limits: &Limits) -> Found {
        let mut found = Found::default();
        match self.state {
            State::Payload { frame, left } if len <= left => {
                let client = self.client;
                if let Some(partial) = self.partial(&frame) {
                    partial.miss(len, cause, client);
                }
                self.advance(frame, left - len, limits, &mut found);
            }
            _ => self.lose(cause, &mut found, limits),
        }
        found
    }

    /// The place in the frames is lost for good: only a frame's length tells where the next one begins.
    pub(super) fn lose(&mut self, cause: Cause, found: &mut Found, limits: &Limits) {
        let client = self.client;
        for mut partial in [self.control.take(), self.message.take()].into_iter().flatten() {
            partial.miss(0, cause, client);
            self.close(*partial, false, limits, found);
        }
        self.state = State::Lost;
        self.inflater = None;
    }

    /// Nothing more comes.
    pub(super) fn finish(&mut self, limits: &Limits) -> Found {
        let mut found = Found::default();
        for mut partial in [self.control.take(), self.message.take()].into_iter().flatten() {
            partial.reasons.add(Incomplete::CutShort);
            self.close(*partial, false, limits, &mut found);
        }
        self.inflater = None;
        found
    }

    fn header(&mut self, chunk: &Chunk<'_>, limits: &Limits, found: &mut Found) -> usize {
        if self.have == 0 {
            self.extent = Extent::begin(chunk.at, chunk.seen);
        } else {
            self.extent.extend(chunk.seen);
        }
        let mut used = 0;
        loop {
            let known = self.header.get(..self.have).unwrap_or(&[]);
            let needed = match frame::read(known) {
                Read::Whole(frame, _) => {
                    self.have = 0;
                    self.begin(frame, limits, found);
                    return used;
                }
                Read::Malformed => {
                    found.irregular.push(("malformed_websocket_frame", chunk.seen));
                    self.unread += self.have as u64;
                    self.lose(Cause::Lost, found, limits);
                    return used;
                }
                Read::Short(needed) => needed,
            };
            let rest = chunk.data.get(used..).unwrap_or(&[]);
            let room = self.header.get_mut(self.have..needed).unwrap_or_default();
            if rest.is_empty() || room.is_empty() {
                return used;
            }
            let len = room.len().min(rest.len());
            room.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
            self.have += len;
            used += len;
        }
    }

    /// A frame begins whose header is whole.
    fn begin(&mut self, frame: Frame, limits: &Limits, found: &mut Found) {
        let seen = self.extent.first;
        if frame.mask.is_some() != self.client {
            found.irregular.push(("websocket_mask", seen));
        }
        if frame.opcode == 0 {
            match &mut self.message {
                Some(message) => {
                    message.frames += 1;
                    message.extent.join(self.extent);
                }
                None => found.irregular.push(("websocket_continuation", seen)),
            }
        } else if let Some(kind) = MessageKind::of(frame.opcode) {
            let mut partial = Box::new(Partial::new(kind, self.extent, frame.compressed));
            let readable = !frame.compressed || kind.is_data() && matches!(self.extension, Extension::Deflate { .. });
            if frame.reserved || !readable {
                if self.extension != Extension::Other {
                    found.irregular.push(("websocket_reserved_bit", seen));
                }
                partial.stop(Incomplete::UndecodableBody);
            }
            if kind.is_data() {
                if let Some(unfinished) = self.message.replace(partial) {
                    found.irregular.push(("websocket_continuation", seen));
                    self.cut(*unfinished, limits, found);
                }
            } else {
                self.control = Some(partial);
            }
        }
        self.advance(frame, frame.len, limits, found);
    }

    /// Another message began before one was over.
    fn cut(&mut self, mut partial: Partial, limits: &Limits, found: &mut Found) {
        partial.reasons.add(Incomplete::CutShort);
        self.close(partial, false, limits, found);
    }

    /// The message that a frame belongs to.
    fn partial(&mut self, frame: &Frame) -> Option<&mut Partial> {
        if frame.is_control() { self.control.as_deref_mut() } else { self.message.as_deref_mut() }
    }

    /// Bytes of a frame's payload.
    fn payload(&mut self, frame: Frame, left: u64, chunk: &Chunk<'_>, limits: &Limits, found: &mut Found) -> usize {
        let len = usize::try_from(left).unwrap_or(usize::MAX).min(chunk.data.len());
        let part = chunk.data.get(..len).unwrap_or(&[]);
        let mut unmasked;
        let part = match frame.mask {
            Some(mask) => {
                unmasked = part.to_vec();
                unmask(&mut unmasked, mask, frame.len - left);
                unmasked.as_slice()
            }
            None => part,
        };
        let mut inflater = self.inflater.take();
        if let Some(partial) = self.partial(&frame) {
            partial.extent.extend(chunk.seen);
            partial.take(part, &mut inflater, limits);
        }
        self.inflater = inflater;
        self.advance(frame, left - len as u64, limits, found);
        len
    }

    /// Goes on with a frame of whose payload so much is left.
    fn advance(&mut self, frame: Frame, left: u64, limits: &Limits, found: &mut Found) {
        if left > 0 {
            self.state = State::Payload { frame, left };
            return;
        }
        self.state = State::Header;
        let over = if frame.is_control() {
            self.control.take()
        } else if frame.last {
            self.message.take()
        } else {
            None
        };
        if let Some(partial) = over {
            self.close(*partial, true, limits, found);
        }
    }

    /// A message is over; `ended` when its last byte was seen.
    fn close(&mut self, mut partial: Partial, ended: bool, limits: &Limits, found: &mut Found) {
        if partial.compressed
            && let Extension::Deflate { afresh: [client, server] } = self.extension
        {
            if ended && !partial.stopped {
                let inflater = self.inflater.get_or_insert_with(Inflater::new);
                let done = inflater.finish(&mut partial.payload, limits);
                partial.note(done);
            }
            let afresh = if self.client { client } else { server };
            if let Some(inflater) = &mut self.inflater
                && (afresh || partial.stopped || !ended)
            {
                inflater.begin_afresh();
            }
        }
        found.messages.push(partial.finish(ended));
    }
}

impl Partial {
    fn new(kind: MessageKind, extent: Extent, compressed: bool) -> Self {
        Partial {
            kind,
            extent,
            frames: 1,
            compressed,
            payload: Kept::default(),
            wire_len: 0,
            stopped: false,
            over: false,
            reasons: Reasons::default(),
        }
    }

    /// Takes unmasked bytes of the payload.
    fn take(&mut self, part: &[u8], inflater: &mut Option<Inflater>, limits: &Limits) {
        self.wire_len += part.len() as u64;
        if self.stopped {
            return;
        }
        if !self.compressed {
            self.payload.push(part, limits);
            return;
        }
        let inflater = inflater.get_or_insert_with(Inflater::new);
        let done = inflater.push(part, &mut self.payload, limits);
        self.note(done);
    }

    fn note(&mut self, done: Result<(), Stopped>) {
        match done {
            Ok(()) => {}
            Err(Stopped::Over) => self.stop(Incomplete::OverLimit),
            Err(Stopped::Broken) => self.stop(Incomplete::UndecodableBody),
        }
    }

    fn stop(&mut self, reason: Incomplete) {
        self.reasons.add(reason);
        self.stopped = true;
        self.over |= reason == Incomplete::OverLimit;
    }

    /// Bytes of it will not come.
    fn miss(&mut self, len: u64, cause: Cause, client: bool) {
        self.wire_len += len;
        self.reasons.add_gap(cause, client);
        self.stopped = true;
    }

    fn finish(self, ended: bool) -> Whole {
        let Partial { kind, extent, frames, compressed, payload, wire_len, stopped, over, mut reasons } = self;
        if compressed && !over && (stopped || !ended) {
            // How much it would be inflated is not known.
            let payload = Body::Unknown { size: None };
            return Whole { kind, extent, frames, compressed, payload, reasons };
        }
        let Kept { bytes, len } = payload;
        let kept = bytes.len() as u64 == len;
        if !kept {
            reasons.add(Incomplete::OverLimit);
        }
        let decoded_len = if compressed { len } else { wire_len };
        let whole = ended && kept && !stopped;
        let payload = Body::Present { bytes, wire_len, decoded_len, whole };
        Whole { kind, extent, frames, compressed, payload, reasons }
    }
}
