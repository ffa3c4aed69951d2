//! What becomes of a side whose bytes are missing, or do not make sense.

use super::Connection;
use super::frame::{Frame, Kind, LAST_STREAM};
use super::side::{Block, State};
use super::stream::Stream;
use crate::conversation::gap_reason;
use crate::output::Output;
use crate::tcp::{Cause, Gap, Seen};
use crate::{Incomplete, Timestamp};

impl Connection {
    /// Bytes that will not come. A gap within a frame costs that frame; where it goes on, nobody can tell which frames
    /// were lost.
    pub(super) fn lose(&mut self, side: usize, gap: Gap, out: &mut Output<'_>) {
        // What may be its first settings can be later ones now.
        self.greeting &= self.client != Some(side);
        let own = self.side(side);
        if own.state == State::Payload {
            let within = gap.len.min(u64::from(own.left)) as u32;
            self.lose_payload(side, within, gap.cause, out);
            if u64::from(within) == gap.len {
                return;
            }
        }
        let cut = gap_reason(gap.cause, self.client == Some(side));
        self.cut_block(side, cut, out);
        self.lose_sync(side, gap.cause, gap.from, gap.shown, out);
    }

    /// Bytes of the frame being read are missing.
    fn lose_payload(&mut self, side: usize, len: u32, cause: Cause, out: &mut Output<'_>) {
        let request = self.client == Some(side);
        let own = self.side(side);
        let (frame, padding) = (own.frame, own.padding);
        own.left -= len;
        let over = own.left == 0;
        if frame.carries_block() {
            self.cut_block(side, gap_reason(cause, request), out);
            // What is left of it says nothing more.
            self.side(side).frame.kind = Kind::Other;
        } else if frame.kind == Kind::GoAway && own.payload.len() < LAST_STREAM {
            // What follows is not the stream's number, which stands first.
            own.frame.kind = Kind::Other;
        } else if frame.kind == Kind::Data {
            // Where the length of the padding is among what is missing, all of it counts as body.
            let body = len.saturating_sub(padding.unwrap_or(0).saturating_sub(own.left));
            own.padding.get_or_insert(0);
            // How much of it is padding must be known.
            let exact = padding.is_some() && self.channel.is_exact();
            self.streams.change(frame.stream, |stream| {
                if let Some(socket) = &mut stream.socket {
                    match exact {
                        true => socket.gap(request, u64::from(body), cause, out),
                        false => socket.lose(request, cause, out),
                    }
                    return;
                }
                let message = if request { &mut stream.request } else { &mut stream.response };
                if let Some(message) = message {
                    message.skip(u64::from(body), cause, request);
                }
            });
        }
        let own = self.side(side);
        own.over = true;
        if !over {
            return;
        }
        own.state = State::Header;
        let (frame, extent) = (own.frame, own.extent);
        let gathered = std::mem::take(&mut own.payload);
        match frame.kind {
            Kind::Data if frame.ends_stream() => self.end_message(request, frame.stream, extent, out),
            Kind::ResetStream => self.reset(side, frame.stream, out),
            Kind::GoAway => self.go_away(side, &gathered, out),
            _ => {}
        }
    }

    /// A header block of which the rest will not come: the fields before are kept, and the request or response is known
    /// to have been there.
    pub(super) fn cut_block(&mut self, side: usize, cut: Incomplete, out: &mut Output<'_>) {
        let limit = out.limits.head_bytes;
        let own = self.side(side);
        let reading = own.state == State::Payload && own.frame.carries_block();
        let continuing = own.frame.kind == Kind::Continuation;
        let frame = own.frame;
        let over = (reading && own.over).then_some(Incomplete::OverLimit);
        let fresh = Block { frame, promised: 0, bytes: Vec::new(), extent: own.extent, lost: over };
        let begun = own.block.take().or_else(|| (reading && !continuing).then_some(fresh));
        // A block that began in a later frame was told already, or says nothing.
        if let Some(mut block) = begun.filter(|block| block.lost.is_none() || block.frame.kind != Kind::Continuation) {
            if reading && !own.over && block.lost.is_none() {
                let (promised, part) = frame.cut_block(&own.payload);
                block.promised |= promised;
                let room = limit.saturating_sub(block.bytes.len());
                block.bytes.extend_from_slice(part.get(..room).unwrap_or(part));
            }
            block.lost.get_or_insert(cut);
            self.block_done(side, block, out);
        } else if !reading {
            return;
        }
        let cause = if cut == Incomplete::SnapLength { Cause::SnapLength } else { Cause::Lost };
        let own = self.side(side);
        own.forget(cause);
        if reading && !frame.ends_headers() {
            // Its later frames are passed over.
            let frame = Frame { kind: Kind::Continuation, ..frame };
            own.block = Some(Block { frame, promised: 0, bytes: Vec::new(), extent: own.extent, lost: Some(cut) });
        }
    }

    /// The place in a side's frames is lost: which were sent from here on is unknown until one is recognised.
    pub(super) fn lose_sync(&mut self, side: usize, cause: Cause, from: Timestamp, shown: Seen, out: &mut Output<'_>) {
        let own = self.side(side);
        own.state = State::Seek;
        own.have = 0;
        own.block = None;
        own.clean = false;
        own.payload.clear();
        own.forget(cause);
        if self.client.is_none_or(|client| client == side) {
            self.told = true;
            out.blind_between(self.ends(), from, shown);
        }
        if let Some(client) = self.client {
            self.doubt(client == side, cause, out);
        }
    }

    /// Frames of any message that a side had not ended may be lost.
    fn doubt(&mut self, request: bool, cause: Cause, out: &mut Output<'_>) {
        self.lose_sockets(request, cause, out);
        for id in self.streams.doubt(request, cause) {
            self.emit_if_over(id, out);
        }
    }
}

impl Stream {
    /// Frames of the request or the response may be lost. Tells whether it is whole all the same.
    pub(super) fn doubt(&mut self, request: bool, cause: Cause) -> bool {
        if self.socket.is_some() {
            return false;
        }
        let message = if request { &mut self.request } else { &mut self.response };
        match message {
            Some(message) => message.doubt(cause),
            None => {
                if !request {
                    self.response_gap = Some(cause);
                }
                false
            }
        }
    }
}
