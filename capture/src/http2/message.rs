//! One message of a stream: its head, and its body as it comes in.

use super::grpc::Messages;
use super::head::Head;
use crate::conversation::{Extent, Reasons, Received};
use crate::output::Output;
use crate::tcp::Cause;
use crate::{Body, Limits};

/// A request or a response being read.
#[derive(Clone, Debug)]
pub(super) struct Message {
    pub(super) extent: Extent,
    pub(super) head: Head,
    pub(super) ended: bool,
    pub(super) reasons: Reasons,
    /// Frames of it may be among those that a gap swallowed.
    doubt: Option<Cause>,
    body: Received,
    /// Counts gRPC's messages, where the head says that they are.
    messages: Option<Messages>,
}

impl Message {
    pub(super) fn new(extent: Extent, head: Head, reasons: Reasons) -> Self {
        let (body, messages) = (Received::default(), head.grpc.unwrap_or(head.grpc_fields).then(Messages::default));
        Message { extent, head, ended: false, reasons, doubt: None, body, messages }
    }

    /// Bytes held.
    pub(super) fn held(&self) -> usize {
        self.head.held() + self.body.bytes.capacity()
    }

    /// Takes bytes of the body, and keeps at most `room` of them.
    pub(super) fn take(&mut self, data: &[u8], room: usize, limits: &Limits) {
        self.body.wire_len += data.len() as u64;
        let room = room.min(limits.body_bytes.saturating_sub(self.body.bytes.len()));
        self.body.bytes.extend_from_slice(data.get(..room).unwrap_or(data));
        if let Some(messages) = &mut self.messages {
            messages.take(data);
        }
    }

    /// Bytes of the body that will not come.
    pub(super) fn skip(&mut self, len: u64, cause: Cause, request: bool) {
        self.body.wire_len += len;
        self.body.gap |= len > 0;
        self.reasons.add_gap(cause, request);
    }

    /// Frames are missing; some may be of this message. Tells whether it is whole all the same.
    pub(super) fn doubt(&mut self, cause: Cause) -> bool {
        if self.ended {
            return false;
        }
        self.ended = self.has_its_length();
        if !self.ended {
            self.doubt = Some(cause);
        }
        self.ended
    }

    fn has_its_length(&self) -> bool {
        !self.body.gap && self.head.content_length == Some(self.body.wire_len)
    }

    /// gRPC messages in the body, where all of it was seen.
    pub(super) fn grpc_messages(&self) -> Option<u64> {
        let seen = self.ended && !self.body.gap && self.doubt.is_none();
        self.messages.as_ref().filter(|_| seen)?.count()
    }

    /// Turns what came of the body into one; `empty` is what no byte at all stands for. Says whether the length is other
    /// than announced.
    pub(super) fn finish(&mut self, request: bool, empty: Body, out: &mut Output<'_>) -> (Body, bool) {
        if let Some(cause) = self.doubt.filter(|_| !self.has_its_length()) {
            self.reasons.add_gap(cause, request);
            self.body.gap = true;
        }
        let body = std::mem::take(&mut self.body);
        let announced = self.head.content_length;
        let other = self.ended && !body.gap && announced.is_some_and(|length| length != body.wire_len);
        if body.wire_len == 0 && !body.gap && self.ended {
            let other = other && empty != Body::Absent;
            return (empty, other);
        }
        (body.finish(self.ended, &self.head.codings, &mut self.reasons, out), other)
    }
}
