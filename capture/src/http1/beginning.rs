//! Where messages begin: what passes by before one does, and what tells that one does.

use super::preamble::Preamble;
use super::reader::{State, Tail};
use super::recognise::{
    Hides, Looks, Place, begins_anew, begins_with_method, hides_request, is_method_byte, is_rest_of_request,
    may_end_longer_method, recognise_any, recognise_at, recognise_response,
};
use super::{Connection, FIRST_LINE, Following, Kind};
use crate::Incomplete;
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
        if chunk.aligned && !self.reader(side).passed_over && before.is_cut(chunk.data) {
            let reader = self.reader(side);
            reader.state = State::Probe;
            reader.begin(chunk);
            reader.buffer.extend_from_slice(chunk.data);
            return chunk.data.len();
        }
        let rest = chunk.data.get(before.len..).unwrap_or(&[]);
        let place = self.place(side);
        let looks = match self.kind {
            _ if !chunk.aligned => Looks::Other,
            _ if rest.is_empty() && !chunk.data.is_empty() => return before.told(chunk, out),
            Kind::Unknown => recognise_any(place, rest),
            _ => recognise_at(place, rest),
        };
        let begun = Chunk { data: rest, at: chunk.at + before.len as u64, ..*chunk };
        match looks {
            Looks::Request | Looks::Unsure if place == Place::Anywhere && self.is_within_word(side, &begun) => {
                self.pass_over_chunk(side, chunk, out);
                chunk.data.len()
            }
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
                self.pass_over_chunk(side, chunk, out);
                chunk.data.len()
            }
        }
    }

    /// Whether a message must begin where a side begins to be read.
    fn place(&mut self, side: usize) -> Place {
        // A connection's first bytes are the rest of nothing else, wherever their sender cut them.
        match self.is_whole(side) {
            true => Place::Beginning,
            false => Place::Anywhere,
        }
    }

    /// Whether every byte of a side was seen and belonged to a message, so that no line is the rest of something else.
    pub(super) fn is_whole(&mut self, side: usize) -> bool {
        self.from_start && !self.reader(side).passed_over
    }

    pub(super) fn pass_over(&mut self, side: usize, bytes: usize) {
        self.skipped += bytes as u64;
        self.reader(side).passed_over = true;
    }

    /// Whether the chunk begins within a word whose beginning was passed over, as a method that its sender cut.
    fn is_within_word(&mut self, side: usize, chunk: &Chunk<'_>) -> bool {
        let within = self.tails.is_some() && self.tail(side).is_some_and(|tail| tail.goes_on_in(chunk));
        let begins = chunk.data.first().is_some_and(|&b| is_method_byte(b));
        within && begins && !self.client.is(1 - side) && recognise_response(chunk.data) == Looks::Other
    }

    /// Passes over bytes that begin no message, and notes what they show of requests that are not read: they are the rest of
    /// one, and may hold others.
    fn pass_over_chunk(&mut self, side: usize, chunk: &Chunk<'_>, out: &mut Output<'_>) {
        self.pass_over(side, chunk.data.len());
        let Some(&last) = chunk.data.last() else { return };
        let asks = !self.client.is(1 - side);
        let before = self.tail(side).take();
        let goes_on = before.filter(|tail| tail.end == chunk.at && tail.ack == chunk.ack);
        let lines = goes_on.is_some_and(|tail| tail.lines);
        let certain = goes_on.is_some_and(|tail| tail.certain);
        if asks && chunk.aligned && is_rest_of_request(chunk.data) {
            self.lose_requests(true, chunk.seen.time, chunk.seen, out);
            if certain {
                self.miss_requests();
            }
        }
        match hides_request(chunk.data, lines) {
            Hides::Perhaps if asks && chunk.aligned && !certain => self.queue.pace().may_pipeline = true,
            Hides::Perhaps | Hides::Requests if asks => self.miss_requests(),
            _ => {}
        }
        *self.tail(side) = Some(Tail {
            end: chunk.at + chunk.data.len() as u64,
            ack: chunk.ack,
            seen: chunk.seen,
            certain: certain || goes_on.is_some() || chunk.data.len() > 1,
            in_word: is_method_byte(last),
            lines: lines || chunk.data.contains(&b'\n'),
        });
    }

    /// The same for what was gathered up to the end of `chunk`, or before it.
    pub(super) fn pass_over_gathered(&mut self, side: usize, gathered: &[u8], end: u64, out: &mut Output<'_>) {
        let reader = self.reader(side);
        let at = end - gathered.len() as u64;
        let (ack, seen) = (reader.ack_first, reader.extent.last);
        self.pass_over_chunk(side, &Chunk { data: gathered, at, ack, peer_known: false, aligned: true, seen }, out);
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
            // Where the client is known and nothing else, frames were followed by a request that is none of HTTP/2.
            Looks::Http2Frames if self.kind == Kind::Unknown && self.client == KnownSide::Unknown => {
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
        let torn = looks == Looks::Request && self.may_be_torn(side, chunk);
        let reader = self.reader(side);
        if reader.state == State::Seek {
            reader.begin(chunk);
        }
        if torn {
            reader.reasons.add(Incomplete::MidStream);
        }
        reader.state = State::Head;
        true
    }

    /// Whether the method that a request begins with may be the end of one whose beginning came before the capture.
    fn may_be_torn(&mut self, side: usize, chunk: &Chunk<'_>) -> bool {
        let joined = !self.from_start && may_end_longer_method(chunk.data);
        joined && (self.tails.is_none() || self.tail(side).is_none_or(|tail| tail.end != chunk.at))
    }

    /// Gathers bytes until it is clear whether a message begins.
    pub(super) fn probe(&mut self, side: usize, chunk: &Chunk<'_>, out: &mut Output<'_>) -> usize {
        let limit = FIRST_LINE.min(out.limits.head_bytes);
        if let Some(used) = self.probe_preamble(side, chunk, limit, out) {
            return used;
        }
        let place = self.place(side);
        let reader = self.reader(side);
        // A word behind which its sender received something ends there.
        let apart = chunk.ack != reader.ack_first && reader.buffer.iter().all(|&b| is_method_byte(b));
        if place == Place::Anywhere && chunk.aligned && !reader.buffer.is_empty() && (begins_anew(chunk.data) || apart)
        {
            // What was gathered was the rest of something else.
            let gathered = std::mem::take(&mut reader.buffer);
            reader.state = State::Seek;
            self.pass_over_gathered(side, &gathered, chunk.at, out);
            return 0;
        }
        reader.buffer.extend_from_slice(chunk.data);
        reader.extent.extend(chunk.seen);
        let mut looks = recognise_any(place, &reader.buffer);
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
            self.reader(side).state = State::Seek;
            let before = gathered.len() - chunk.data.len();
            // A connection's first line that is none of HTTP does not hide the request behind it.
            let line = memchr::memchr(b'\n', &gathered).map_or(gathered.len(), |end| end + 1);
            let behind = gathered.get(line..).filter(|behind| !behind.is_empty() && line > before);
            if place == Place::Beginning && behind.is_some_and(begins_anew) {
                self.pass_over(side, line);
                return self.seek_behind(side, line - before, chunk, out);
            }
            self.pass_over_gathered(side, &gathered, chunk.at + chunk.data.len() as u64, out);
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

    /// Gathers a proxy's header that its sender cut, and what may be one. None where the bytes gathered are to be looked at
    /// with this chunk, as what may be a message.
    fn probe_preamble(&mut self, side: usize, chunk: &Chunk<'_>, limit: usize, out: &mut Output<'_>) -> Option<usize> {
        let reader = self.reader(side);
        if reader.passed_over {
            return None;
        }
        let gathered = reader.buffer.len();
        reader.buffer.extend_from_slice(chunk.data);
        let before = Preamble::of(&reader.buffer);
        if before.is_cut(&reader.buffer) && reader.buffer.len() < limit {
            reader.extent.extend(chunk.seen);
            return Some(chunk.data.len());
        }
        reader.buffer.truncate(gathered);
        before.told(chunk, out);
        if before.len > 0 && before.len >= gathered {
            reader.buffer.clear();
            reader.state = State::Seek;
            return Some(self.seek_behind(side, before.len - gathered, chunk, out));
        }
        reader.buffer.drain(..before.len.min(gathered));
        reader.extent.at += before.len as u64;
        None
    }

    /// Looks for a message behind the first bytes of a chunk, where one may begin.
    fn seek_behind(&mut self, side: usize, used: usize, chunk: &Chunk<'_>, out: &mut Output<'_>) -> usize {
        let rest = chunk.data.get(used..).unwrap_or(&[]);
        if rest.is_empty() {
            return used;
        }
        used + self.seek(side, &Chunk { data: rest, at: chunk.at + used as u64, ..*chunk }, out)
    }

    /// Between two messages: empty lines are passed over.
    pub(super) fn start(&mut self, side: usize, chunk: &Chunk<'_>, out: &mut Output<'_>) -> usize {
        let blank = chunk.data.iter().take_while(|&&b| b == b'\r' || b == b'\n').count();
        if blank > 0 {
            if std::mem::take(&mut self.reader(side).imitated) {
                // The empty line ends a head that was taken for a part of a body.
                self.part_pairs(out);
                self.lose_count(out);
            }
            return blank;
        }
        let request = self.client.is(side);
        if request && !chunk.peer_known && self.queue.upgrade_asked() {
            // What follows is told by the answer, which was not handed on yet.
            self.reader(side).begin(chunk);
            return self.stall(side, chunk, 0);
        }
        match recognise_at(Place::Beginning, chunk.data) {
            Looks::Request if request => {}
            Looks::Response if !request => {}
            Looks::Unsure if request || recognise_response(chunk.data) == Looks::Unsure => {}
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
                    self.part_pairs(out);
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
