//! Header blocks: put together from their frames, decoded, and given to their stream.

use super::Connection;
use super::frame::{Frame, Kind};
use super::head::{Head, Whose};
use super::message::Message;
use super::side::Block;
use super::stream::Stream;
use crate::Incomplete;
use crate::conversation::{Extent, Reasons, gap_reason};
use crate::output::Output;
use crate::tcp::Cause;

/// A header list with where it was and what it was in.
pub(super) struct List {
    pub(super) head: Head,
    pub(super) extent: Extent,
    pub(super) frame: Frame,
    pub(super) promised: u32,
    /// Why fields of it may be unknown.
    pub(super) doubt: Incomplete,
}

impl List {
    /// The reasons that a message with this head is not whole.
    fn reasons(&self) -> Reasons {
        let mut reasons = Reasons::default();
        if self.head.unknown {
            reasons.add(self.doubt);
        }
        if self.head.over {
            reasons.add(Incomplete::OverLimit);
        }
        reasons
    }
}

impl Connection {
    /// A frame that carries part of a header block is over.
    pub(super) fn block_part(&mut self, side: usize, payload: &[u8], out: &mut Output<'_>) {
        let own = self.side(side);
        let (frame, extent, over) = (own.frame, own.extent, own.over);
        let part = frame.block(payload).filter(|_| !over);
        // Without the frame that began it, a block says nothing.
        let lost = (frame.kind == Kind::Continuation).then_some(Incomplete::MidStream);
        let fresh = Block { frame, promised: 0, bytes: Vec::new(), extent, lost };
        let mut block = own.block.take().unwrap_or(fresh);
        block.extent.join(extent);
        match part {
            None if !over => {
                out.irregular("malformed_frame", extent.first.frame);
                block.lost.get_or_insert(Incomplete::CutShort);
            }
            // What comes after a part that was too long does not join what came before it.
            Some((promised, bytes))
                if block.lost != Some(Incomplete::OverLimit)
                    && block.bytes.len() + bytes.len() <= out.limits.head_bytes =>
            {
                block.promised |= promised;
                block.bytes.extend_from_slice(bytes);
            }
            _ => block.lost = Some(Incomplete::OverLimit),
        }
        if frame.ends_headers() {
            self.block_done(side, block, out);
        } else {
            own.block = Some(block);
        }
    }

    /// All that will come of a header block is there.
    pub(super) fn block_done(&mut self, side: usize, block: Block, out: &mut Output<'_>) {
        let Block { frame, promised, bytes, extent, lost } = block;
        let client = self.client;
        let own = self.side(side);
        let head = Head::read(&mut own.hpack, &bytes, lost.is_some(), out.limits);
        if lost.is_some() || head.broken {
            own.lost.get_or_insert(Cause::Lost);
        }
        let request = client == Some(side) || head.whose == Some(Whose::Client);
        let since = own.lost.map_or(Incomplete::MidStream, |cause| gap_reason(cause, request));
        head.irregularities.iter().for_each(|name| out.irregular(name, extent.first.frame));
        let list = List { head, extent, frame, promised, doubt: lost.unwrap_or(since) };
        if client.is_none() {
            self.client = match (frame.kind, list.head.whose) {
                (Kind::PushPromise, _) | (_, Some(Whose::Server)) => Some(1 - side),
                (_, Some(Whose::Client)) => Some(side),
                _ => None,
            };
        }
        match self.client {
            Some(_) if frame.kind == Kind::Continuation => {}
            Some(client) if frame.kind == Kind::PushPromise && client != side => self.promise(list, out),
            Some(_) if frame.kind == Kind::PushPromise => {}
            Some(client) if client == side => self.request_list(list, out),
            Some(_) => self.response_list(list, out),
            None => self.skipped += bytes.len() as u64,
        }
    }

    /// A header list that the client sent.
    fn request_list(&mut self, list: List, out: &mut Output<'_>) {
        self.confirm(out);
        let (id, extent, ends) = (list.frame.stream, list.extent, list.frame.ends_stream());
        if self.streams.is_given_up(id) {
            return;
        }
        if self.streams.contains(id) {
            self.trailers(&list, true, out);
        } else {
            self.begin_request(id, list, Stream::default(), out);
        }
        if ends {
            self.end_message(true, id, extent, out);
        }
    }

    /// Opens a stream with its request, or without where the list does not say what was asked for.
    fn begin_request(&mut self, id: u32, list: List, stream: Stream, out: &mut Output<'_>) {
        self.make_room(out);
        let reasons = list.reasons();
        let List { head, extent, frame, .. } = list;
        let pushed = stream.pushed;
        self.streams.open(id, stream);
        if head.method.is_none() || head.target().is_none() {
            if !head.unknown && !head.over {
                out.irregular("pseudo_field", extent.first.frame);
            }
            if !pushed {
                out.blind_between(self.ends(), self.known_until, extent.last);
            }
            self.streams.change(id, |stream| stream.reasons.merge(reasons));
            return;
        }
        let mut message = Message::new(extent, head, reasons);
        message.ended = frame.kind == Kind::PushPromise;
        self.streams.change(id, |stream| stream.request = Some(message));
    }

    /// The server says what it will answer unasked.
    fn promise(&mut self, list: List, out: &mut Output<'_>) {
        let id = list.promised;
        if id != 0 && !self.streams.contains(id) && !self.streams.is_given_up(id) {
            self.begin_request(id, list, Stream { pushed: true, ..Stream::default() }, out);
        }
    }

    /// A header list that the server sent.
    fn response_list(&mut self, list: List, out: &mut Output<'_>) {
        self.confirm(out);
        let (id, extent, ends) = (list.frame.stream, list.extent, list.frame.ends_stream());
        if self.streams.is_given_up(id) {
            return;
        }
        if !self.streams.contains(id) {
            self.orphan(id, &list, out);
        }
        let answered = self.streams.get(id).is_some_and(|stream| stream.response.is_some());
        match list.head.status {
            Some(100..=199) if !ends => return,
            Some(_) if !answered => {
                let reasons = list.reasons();
                let message = Message::new(list.extent, list.head, reasons);
                self.streams.change(id, |stream| {
                    stream.response = Some(message);
                    stream.response_gap = None;
                });
                self.open_socket(id, out);
            }
            _ if answered => self.trailers(&list, false, out),
            // Trailers of a response whose head was not seen, or a head of which the status is not known.
            _ => {
                let reasons = list.reasons();
                self.streams.change(id, |stream| stream.reasons.merge(reasons));
            }
        }
        if ends {
            self.end_message(false, id, extent, out);
        }
    }

    /// A response to a request that was not seen.
    fn orphan(&mut self, id: u32, list: &List, out: &mut Output<'_>) {
        self.make_room(out);
        let mut stream = Stream { pushed: id.is_multiple_of(2), ..Stream::default() };
        if self.midstream && !self.told {
            stream.reasons.add(Incomplete::MidStream);
        }
        if !self.told && !stream.pushed {
            out.blind_between(self.ends(), self.known_until, list.extent.first);
        }
        self.streams.open(id, stream);
    }

    /// More fields for a message of which the head was read.
    fn trailers(&mut self, list: &List, request: bool, out: &mut Output<'_>) {
        if list.head.whose.is_some() {
            out.irregular("second_head", list.extent.first.frame);
            return;
        }
        let (reasons, limits) = (list.reasons(), out.limits);
        self.streams.change(list.frame.stream, |stream| {
            let message = if request { &mut stream.request } else { &mut stream.response };
            if let Some(message) = message {
                message.extent.join(list.extent);
                message.head.append(&list.head, limits);
                message.reasons.merge(reasons);
            }
        });
    }
}
