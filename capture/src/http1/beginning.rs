//! Where messages begin: what passes by before one does, and what tells that one does.

use super::preamble::Preamble;
use super::reader::State;
use super::recognise::{Looks, begins_anew, begins_with_method, recognise, recognise_any};
use super::{Connection, FIRST_LINE, Following, Kind};
use crate::conversation::KnownSide;
use crate::output::Output;
use crate::tcp::Chunk;

impl Connection {
    /// Looks for the beginning of a message; bytes before it are passed over.
    pub(super) fn seek(&mut self, side: usize, chunk: &Chunk<'_>, out: &mut Output<'_>) -> usize {
        // Where nothing was passed over, what stands before the first message may be what servers pass over too.
        let before = match self.reader(side).passed_over || !chunk.aligned {
            true => Preamble::default(),
            false => Preamble::of(chunk.data),
        };
        let rest = chunk.data.get(before.len..).unwrap_or(&[]);
        let looks = match self.kind {
            _ if !chunk.aligned => Looks::Other,
            _ if rest.is_empty() && !chunk.data.is_empty() => return before.told(chunk, out),
            Kind::Unknown => recognise_any(rest),
            _ => recognise(rest),
        };
        let begun = Chunk { data: rest, at: chunk.at + before.len as u64, ..*chunk };
        match looks {
            Looks::Unsure => {
                self.reader(side).state = State::Probe;
                self.reader(side).begin(&begun);
                before.told(chunk, out)
            }
            looks if looks != Looks::Other && self.settle_looks(side, looks, &begun) => before.told(chunk, out),
            _ => {
                if self.kind == Kind::Unknown && chunk.aligned {
                    let first = self.skipped == 0 && self.opener.is(side);
                    self.hints().note(side, chunk.data, first);
                }
                self.pass_over(side, chunk.data.len());
                chunk.data.len()
            }
        }
    }

    pub(super) fn pass_over(&mut self, side: usize, bytes: usize) {
        self.skipped += bytes as u64;
        self.reader(side).passed_over = true;
    }

    /// Acts on what a stretch begins with. False when that is no beginning here: the other side's kind of message, or
    /// TLS on a connection that speaks HTTP.
    pub(super) fn settle_looks(&mut self, side: usize, looks: Looks, chunk: &Chunk<'_>) -> bool {
        let sender = match looks {
            Looks::Request => side,
            Looks::Response => 1 - side,
            Looks::Tls if self.kind == Kind::Http1 && self.queue.tunnel_asked() => {
                self.kind = Kind::Upgraded { bytes: 0 };
                return true;
            }
            Looks::Tls if self.kind == Kind::Unknown => {
                self.kind = Kind::Next(Following::Tls);
                return true;
            }
            Looks::Http2 if self.client.get().is_none_or(|client| client == side) => {
                self.client = side.into();
                self.kind = Kind::Next(Following::Http2);
                return true;
            }
            Looks::Http2Frames if self.kind == Kind::Unknown => {
                self.kind = Kind::Next(Following::Http2);
                return true;
            }
            _ => return false,
        };
        if self.client == KnownSide::Unknown {
            self.client = sender.into();
        }
        if !self.client.is(sender) {
            return false;
        }
        self.kind = Kind::Http1;
        let reader = self.reader(side);
        if reader.state == State::Seek {
            reader.begin(chunk);
        }
        reader.state = State::Head;
        true
    }

    /// Gathers bytes until it is clear whether a message begins.
    pub(super) fn probe(&mut self, side: usize, chunk: &Chunk<'_>, out: &mut Output<'_>) -> usize {
        let limit = FIRST_LINE.min(out.limits.head_bytes);
        // A connection's first bytes are the rest of nothing else, wherever their sender cut them.
        let rest = !self.from_start || self.reader(side).passed_over;
        let reader = self.reader(side);
        if rest && chunk.aligned && !reader.buffer.is_empty() && begins_anew(chunk.data) {
            // What was gathered was the rest of something else.
            let gathered = std::mem::take(&mut reader.buffer);
            reader.state = State::Seek;
            self.pass_over(side, gathered.len());
            return 0;
        }
        reader.buffer.extend_from_slice(chunk.data);
        reader.extent.extend(chunk.seen);
        let mut looks = recognise_any(&reader.buffer);
        if looks == Looks::Unsure && reader.buffer.len() < limit {
            return chunk.data.len();
        }
        if looks == Looks::Unsure {
            looks = Looks::Other;
        }
        let gathered = std::mem::take(&mut reader.buffer);
        let begun = Chunk {
            data: &gathered,
            at: reader.extent.at,
            ack: reader.ack_first,
            seen: reader.extent.first,
            aligned: true,
            peer_known: chunk.peer_known,
        };
        if !self.settle_looks(side, looks, &begun) {
            self.hints().recognise(side, &gathered);
            self.pass_over(side, gathered.len());
            self.reader(side).state = State::Seek;
            return chunk.data.len();
        }
        if matches!(self.kind, Kind::Next(_)) {
            self.leave(side, &begun, out);
        }
        let reader = self.reader(side);
        if reader.state == State::Head {
            // What was gathered before this chunk belongs to the head; the chunk itself is read again.
            let before = gathered.len() - chunk.data.len();
            reader.buffer = gathered;
            reader.buffer.truncate(before);
            return 0;
        }
        chunk.data.len()
    }

    /// Between two messages: empty lines are passed over.
    pub(super) fn start(&mut self, side: usize, chunk: &Chunk<'_>, out: &mut Output<'_>) -> usize {
        let blank = chunk.data.iter().take_while(|&&b| b == b'\r' || b == b'\n').count();
        if blank > 0 {
            return blank;
        }
        let request = self.client.is(side);
        if request && !chunk.peer_known && self.queue.upgrade_asked() {
            // What follows is told by the answer, which was not handed on yet.
            self.reader(side).begin(chunk);
            return self.stall(side, chunk, 0);
        }
        match recognise(chunk.data) {
            Looks::Request if request => {}
            Looks::Response if !request => {}
            Looks::Unsure => {}
            Looks::Http2 | Looks::Tls if request && !chunk.peer_known => {
                // The answer that agrees to the upgrade or tunnel was not handed on yet.
                self.reader(side).begin(chunk);
                return self.stall(side, chunk, 0);
            }
            looks @ (Looks::Http2 | Looks::Tls) if self.settle_looks(side, looks, chunk) => return 0,
            Looks::Other if request && begins_with_method(chunk.data) => {}
            _ => {
                // Nobody can tell whose bytes these are, so the next response is paired by its position.
                out.irregular("bytes_after_message", chunk.seen.frame);
                if !request {
                    self.lose_count(out);
                }
                self.skipped += chunk.data.len() as u64;
                self.reader(side).state = State::Seek;
                return chunk.data.len();
            }
        }
        let reader = self.reader(side);
        reader.begin(chunk);
        reader.state = State::Head;
        0
    }
}
