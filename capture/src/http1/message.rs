//! Reading one message: its head, what the head says about the body, and the body.

use super::body::{Incoming, StatusLine, Taken};
use super::framing::{Framed, request_end, response_end};
use super::head::{self, Head, Line};
use super::reader::{Message, Stall, State, Whose};
use super::slot::{Candidate, Method, Pairing, Slot};
use super::{Connection, Following, Kind, WAITING, WAITING_BYTES};
use crate::output::Output;
use crate::tcp::Chunk;
use crate::url;
use crate::{Body, Incomplete, Request, Response};

/// Whether a response is not the last to its request.
fn is_interim(status: u16) -> bool {
    (100..200).contains(&status) && status != 101
}

/// Whether a response is one that servers send of their own accord before they end a connection on which nothing came.
fn is_farewell(status: u16, head: &Head) -> bool {
    let closes = |value: &str| value.split(',').any(|word| word.trim().eq_ignore_ascii_case("close"));
    status == 408 && head.headers.text("connection").is_some_and(closes)
}

impl Connection {
    /// Reads a head, across segments where it must.
    pub(super) fn head(&mut self, side: usize, chunk: &Chunk<'_>, out: &mut Output<'_>) -> usize {
        let limit = out.limits.head_bytes;
        let reader = self.reader(side);
        reader.extent.extend(chunk.seen);
        if reader.buffer.is_empty() {
            let Some(end) = head::find_end(chunk.data, &mut reader.scanned) else {
                return self.gather(side, chunk, limit, out);
            };
            let bytes = chunk.data.get(..end.len).unwrap_or(&[]);
            return match self.head_read(side, bytes, end.bare_lf, chunk, out) {
                true => end.len,
                false => self.stall(side, chunk, 0),
            };
        }
        let before = reader.buffer.len();
        reader.buffer.extend_from_slice(chunk.data);
        let mut buffer = std::mem::take(&mut reader.buffer);
        let Some(end) = head::find_end(&buffer, &mut reader.scanned) else {
            reader.buffer = buffer;
            return self.gather(side, &Chunk { data: &[], ..*chunk }, limit, out) + chunk.data.len();
        };
        let bytes = buffer.get(..end.len).unwrap_or(&[]);
        if !self.head_read(side, bytes, end.bare_lf, chunk, out) {
            buffer.truncate(before);
            self.reader(side).buffer = buffer;
            return self.stall(side, chunk, before);
        }
        // What was gathered before this chunk holds no empty line.
        end.len.saturating_sub(before)
    }

    /// Keeps the bytes of a head that is not whole, up to the limit.
    fn gather(&mut self, side: usize, chunk: &Chunk<'_>, limit: usize, out: &mut Output<'_>) -> usize {
        let reader = self.reader(side);
        reader.buffer.extend_from_slice(chunk.data);
        if reader.buffer.len() > limit {
            self.cut_head(side, Incomplete::OverLimit, out);
            self.reader(side).state = State::Seek;
            if self.client.is(side) {
                self.lose_requests(false, chunk.seen.time, chunk.seen, out);
            } else {
                self.lose_count(out);
            }
        }
        chunk.data.len()
    }

    /// Keeps what must wait for the other side (a response's head for its request) and what follows it in its segment.
    pub(super) fn stall(&mut self, side: usize, chunk: &Chunk<'_>, before: usize) -> usize {
        let reader = self.reader(side);
        reader.buffer.extend_from_slice(chunk.data);
        reader.scanned = 0;
        let at = chunk.at - before as u64;
        reader.stalled = Some(Box::new(Stall { ack: reader.ack_first, at, seen: chunk.seen }));
        chunk.data.len()
    }

    /// Takes in a whole head. False when it must wait.
    fn head_read(&mut self, side: usize, bytes: &[u8], bare_lf: bool, chunk: &Chunk<'_>, out: &mut Output<'_>) -> bool {
        let frame = self.reader(side).extent.first.frame;
        let taken = if self.client.is(side) {
            self.request_head(side, bytes, chunk, out);
            true
        } else {
            self.response_head(side, bytes, chunk, out)
        };
        if taken && bare_lf {
            out.irregular("bare_lf", frame);
        }
        taken
    }

    fn request_head(&mut self, side: usize, bytes: &[u8], chunk: &Chunk<'_>, out: &mut Output<'_>) {
        let Some(head) = head::request(bytes, out.limits.header_fields) else {
            return self.malformed_head(side, chunk, out);
        };
        if !head.versioned && !self.is_whole(side) {
            return self.malformed_head(side, chunk, out);
        }
        self.confirm(out);
        self.count_irregularities(side, &head, out);
        let end = match request_end(&head.framing) {
            Framed::Body(end) => end,
            framed => {
                let id = self.push_request(side, head, chunk, framed.body(), out);
                self.reader(side).state = State::Start;
                self.request_done(id, chunk, out);
                return;
            }
        };
        let mut head = head;
        let codings = std::mem::take(&mut head.framing.codings);
        let id = self.push_request(side, head, chunk, Body::Absent, out);
        let reader = self.reader(side);
        reader.state = State::Body;
        reader.message = Some(Box::new(Message { body: Incoming::new(end, codings, false), kind: Whose::Request(id) }));
    }

    /// Queues a request whose head was read.
    pub(super) fn push_request(
        &mut self,
        side: usize,
        head: Head,
        chunk: &Chunk<'_>,
        body: Body,
        out: &mut Output<'_>,
    ) -> u64 {
        while self.queue.len() >= WAITING || self.queue.held() > WAITING_BYTES && self.queue.len() > 1 {
            self.crowded = true;
            self.lose_count(out);
            self.emit_front(out);
        }
        let (host, scheme) = (head.host(), self.channel.scheme());
        let Line::Request { method, target } = head.line else { return 0 };
        let kind = match method.as_str() {
            "HEAD" => Method::Head,
            "CONNECT" => Method::Connect,
            _ => Method::Other,
        };
        let (host, target) = match head::split_target(&target) {
            Some((authority, path)) => (Some(authority.to_owned()), path.to_owned()),
            None => (host, target),
        };
        let host = host.map(|host| url::host(&host, Some(scheme)).to_owned());
        let reader = self.reader(side);
        let (extent, ack_first, mut reasons) = (reader.extent, reader.ack_first, reader.reasons);
        if head.over {
            reasons.add(Incomplete::OverLimit);
        }
        self.settle_tail(side, ack_first, extent.first, out);
        self.queue.note_pipelining(ack_first);
        self.queue.note_request(ack_first);
        self.look_at_pairs(out);
        let (id, position) = (self.next_id, self.position);
        self.next_id += 1;
        self.position += 1;
        self.queue.push(Slot {
            id,
            lost: None,
            doubtful: self.queue.may_be_answered(ack_first),
            extent,
            ack_first,
            ack_last: chunk.ack,
            position,
            request: Request {
                method,
                scheme: Some(scheme.to_owned()),
                host,
                target,
                headers: head.headers,
                body,
                end: Some(chunk.seen.time),
            },
            done: false,
            method: kind,
            answer: None,
            reasons,
        });
        id
    }

    /// A request is over.
    pub(super) fn request_done(&mut self, id: u64, chunk: &Chunk<'_>, out: &mut Output<'_>) {
        self.known_until = self.known_until.max(chunk.seen.time);
        let done = |slot: &mut Slot| {
            slot.done = true;
            slot.answer.is_some()
        };
        if self.queue.change(id, done) == Some(true) {
            self.emit(id, out);
        }
    }

    /// Reads a response's head once its request is known. False while it is not.
    fn response_head(&mut self, side: usize, bytes: &[u8], chunk: &Chunk<'_>, out: &mut Output<'_>) -> bool {
        let Some(head) = head::response(bytes, out.limits.header_fields) else {
            self.malformed_head(side, chunk, out);
            return true;
        };
        let Line::Status(status) = head.line else { return true };
        let at = self.reader(side).extent.at;
        let candidate = self.candidate(side, chunk.peer_known);
        self.queue.note_next(candidate.at);
        self.look_at_pairs(out);
        let unasked = self.queue.len() == 0 && is_farewell(status, &head);
        let pairing = self.queue.pair(candidate);
        if pairing == Pairing::Wait {
            return false;
        }
        let (slot, told) = self.note_pairing(side, status, unasked, candidate, pairing, out);
        self.confirm(out);
        self.count_irregularities(side, &head, out);
        if let Some(id) = slot {
            self.drop_before(id, out);
        }
        if is_interim(status) {
            self.interim.get_or_insert(at);
            self.reader(side).state = State::Start;
            return true;
        }
        self.interim = None;
        self.response_framed(side, status, head, slot, told, chunk, out);
        true
    }

    /// Which request a response answers, if one that was captured, and what that shows of the count; whether a blind spot
    /// covers the request that it answers.
    pub(super) fn note_pairing(
        &mut self,
        side: usize,
        status: u16,
        unasked: bool,
        candidate: Candidate,
        pairing: Pairing,
        out: &mut Output<'_>,
    ) -> (Option<u64>, bool) {
        if !is_interim(status) && !unasked {
            self.queue.pace().note_response(candidate.ack);
            self.answer_tail(side, candidate.ack);
        }
        match pairing {
            Pairing::Slot(id) => (Some(id), true),
            Pairing::Lost(id) => {
                if !is_interim(status) {
                    self.queue.answer_lost(id);
                }
                (None, true)
            }
            Pairing::Orphan { told, .. } if unasked => (None, told),
            Pairing::Orphan { told, left_over: true } => {
                self.part_pairs(out);
                (None, told)
            }
            Pairing::Orphan { told, left_over: false } => {
                self.break_count(out);
                (None, told)
            }
            Pairing::Wait => {
                self.break_count(out);
                (None, false)
            }
        }
    }

    #[expect(clippy::too_many_arguments, reason = "the facts of one head, used at once")]
    fn response_framed(
        &mut self,
        side: usize,
        status: u16,
        head: Head,
        slot: Option<u64>,
        told: bool,
        chunk: &Chunk<'_>,
        out: &mut Output<'_>,
    ) {
        let method = slot.and_then(|id| self.queue.get(id)).map(|slot| slot.method);
        if status == 101 && head.upgrades_to("h2c") {
            return self.upgrade(slot, out);
        }
        let websocket = status == 101 && head.upgrades_to("websocket");
        if websocket {
            self.kind = Kind::Next(Following::WebSocket);
        }
        let upgraded = status == 101 || method == Some(Method::Connect) && (200..300).contains(&status);
        let framed = if upgraded || method == Some(Method::Head) || matches!(status, 204 | 304) {
            Framed::None
        } else {
            response_end(&head.framing)
        };
        let reader = self.reader(side);
        if head.over {
            reader.reasons.add(Incomplete::OverLimit);
        }
        let start = Some(reader.extent.first.time);
        let Head { headers, framing, .. } = head;
        match framed {
            Framed::Body(end) => {
                let response = Response { status, headers, body: Body::Absent, start };
                let body = Incoming::new(end, framing.codings, slot.is_none());
                reader.state = State::Body;
                reader.message = Some(Box::new(Message { body, kind: Whose::Response { response, slot, told } }));
            }
            framed => {
                reader.state = State::Start;
                let response = Response { status, headers, body: framed.body(), start };
                self.response_done(side, response, slot, told, chunk.seen.time, out);
            }
        }
        if websocket {
            self.release(out);
        }
        if upgraded && !(websocket && self.opening.is_some()) {
            self.kind = Kind::Upgraded { bytes: 0 };
        }
    }

    /// Lets go of the requests that wait: nothing more is answered in HTTP/1.x.
    fn release(&mut self, out: &mut Output<'_>) {
        self.settle_pairs(out);
        while self.queue.len() > 0 {
            self.emit_front(out);
        }
    }

    /// The server goes on in HTTP/2, beginning with the response to the request that asked for it.
    fn upgrade(&mut self, slot: Option<u64>, out: &mut Output<'_>) {
        self.kind = Kind::Next(Following::Http2);
        let slot = slot.and_then(|id| self.queue.remove(id));
        self.upgrading = slot.map(|slot| Box::new((slot.extent, slot.request, slot.reasons)));
        self.release(out);
    }

    fn malformed_head(&mut self, side: usize, chunk: &Chunk<'_>, out: &mut Output<'_>) {
        let reader = self.reader(side);
        reader.state = State::Seek;
        let (frame, from) = (reader.extent.first.frame, reader.extent.first.time);
        out.irregular("malformed_head", frame);
        if self.client.is(side) {
            self.lose_requests(true, from, chunk.seen, out);
        } else {
            self.part_pairs(out);
            self.lose_count(out);
        }
    }

    fn count_irregularities(&mut self, side: usize, head: &Head, out: &mut Output<'_>) {
        let frame = self.reader(side).extent.first.frame;
        head.irregularities.iter().for_each(|name| out.irregular(name, frame));
    }

    /// Reads body bytes.
    pub(super) fn body(&mut self, side: usize, chunk: &Chunk<'_>, out: &mut Output<'_>) -> usize {
        let reader = self.reader(side);
        let Some(message) = &mut reader.message else {
            reader.state = State::Start;
            return 0;
        };
        if message.body.untouched() && super::recognise(chunk.data) == super::Looks::Response {
            let line = message.body.status_line(chunk.data);
            let ends_with_connection = message.body.ends_with_connection();
            if self.answers_head(side) && (line == StatusLine::Response || ends_with_connection) {
                self.take_back(side, out);
                if ends_with_connection {
                    // The request's own answer may be this one, or the next.
                    self.lose_answer(out);
                }
            }
            let doubtful = self.reader(side).message.as_ref().is_some_and(|message| message.body.doubtful);
            if doubtful && line != StatusLine::Body {
                self.bodiless(side, true, out);
                return 0;
            }
        }
        if !self.client.is(side) {
            self.queue.pace().note_body(chunk.ack);
        }
        let reader = self.reader(side);
        let Some(message) = &mut reader.message else { return 0 };
        reader.extent.extend(chunk.seen);
        match message.body.take(chunk.data, out.limits) {
            Taken::More(used) => used,
            Taken::Done(used) => {
                self.finish_message(side, true, chunk, out);
                self.reader(side).state = State::Start;
                used
            }
            Taken::Broken(used) => {
                let frame = chunk.seen.frame;
                out.irregular("malformed_chunked", frame);
                reader.reasons.add(Incomplete::UndecodableBody);
                self.finish_message(side, false, chunk, out);
                self.reader(side).state = State::Seek;
                if self.client.is(side) {
                    self.lose_requests(false, chunk.seen.time, chunk.seen, out);
                } else {
                    self.part_pairs(out);
                    self.lose_count(out);
                }
                used.max(1).min(chunk.data.len())
            }
        }
    }

    /// Whether the response being read is counted as an answer to a request that was not HEAD, by a count that may be wrong:
    /// what is not like its body would show that it is.
    pub(super) fn answers_head(&mut self, side: usize) -> bool {
        let Some(Whose::Response { slot: Some(id), .. }) =
            self.reader(side).message.as_ref().map(|message| &message.kind)
        else {
            return false;
        };
        let id = *id;
        self.queue.in_doubt() && self.queue.get(id).is_none_or(|slot| slot.method != Method::Head)
    }

    /// The response being read answers a HEAD that nobody saw, so the request that it was counted with waits on.
    pub(super) fn take_back(&mut self, side: usize, out: &mut Output<'_>) {
        if let Some(Message { body, kind: Whose::Response { slot, told, .. } }) =
            self.reader(side).message.as_deref_mut()
        {
            (*slot, *told, body.doubtful) = (None, false, true);
        }
        self.part_pairs(out);
    }

    /// Nobody can tell any more which response answers the request that waits longest.
    fn lose_answer(&mut self, out: &mut Output<'_>) {
        self.lose_count(out);
        if self.queue.front().is_some_and(|slot| slot.done && slot.answer.is_none()) {
            self.emit_front(out);
        }
    }

    /// A body was announced and nothing of it came. Where the next response `followed` at once, the unknown request
    /// was HEAD; else it may have been.
    pub(super) fn bodiless(&mut self, side: usize, followed: bool, out: &mut Output<'_>) {
        let reader = self.reader(side);
        reader.state = State::Start;
        let Some(message) = reader.message.take() else { return };
        let time = reader.extent.last.time;
        if let Whose::Response { mut response, slot, told } = message.kind {
            response.body = if followed { Body::Absent } else { message.body.unknown() };
            self.response_done(side, response, slot, told, time, out);
        }
    }

    /// The message whose body was read is over.
    pub(super) fn finish_message(&mut self, side: usize, ended: bool, chunk: &Chunk<'_>, out: &mut Output<'_>) {
        let counted = self.answers_head(side);
        let reader = self.reader(side);
        let Some(message) = reader.message.take() else { return };
        let Message { body, kind } = *message;
        let (frame, last) = (reader.extent.first.frame, reader.extent.last);
        let mut reasons = reader.reasons;
        match kind {
            Whose::Request(id) => {
                let extent = reader.extent;
                self.queue.change(id, |slot| {
                    slot.extent = extent;
                    slot.ack_last = chunk.ack.max(slot.ack_last);
                    slot.request.end = Some(last.time);
                    slot.request.body = body.finish(ended, &mut slot.request.headers, &mut reasons, frame, out);
                    slot.reasons.merge(reasons);
                });
                self.request_done(id, chunk, out);
            }
            Whose::Response { mut response, mut slot, mut told } => {
                self.reader(side).imitated = counted && body.imitates_response();
                if counted && body.begins_like_response(ended) {
                    (slot, told) = (None, false);
                    self.part_pairs(out);
                }
                response.body = body.finish(ended, &mut response.headers, &mut reasons, frame, out);
                self.reader(side).reasons = reasons;
                self.response_done(side, response, slot, told, last.time, out);
            }
        }
    }
}
