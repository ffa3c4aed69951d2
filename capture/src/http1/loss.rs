//! What the capture has not: requests, responses, and the rest of a head or a body.

use super::head::{self, Line};
use super::reader::{Reader, State};
use super::slot::{Lost, Method, Slot};
use super::{Connection, Kind};
use crate::conversation::Reasons;
use crate::output::Output;
use crate::tcp::{Cause, Chunk, Gap, Seen};
use crate::{Body, Endpoint, Headers, Incomplete, Request, Response, Timestamp};

impl Connection {
    /// From here on nobody can tell by counting which request the next response answers.
    pub(super) fn lose_count(&mut self, out: &mut Output<'_>) {
        self.break_count(out);
        self.queue.ordered = false;
        self.interim = None;
    }

    /// Notes that requests may be missing here.
    pub(super) fn lose_requests(&mut self, certain: bool, from: Timestamp, shown: Seen, out: &mut Output<'_>) {
        self.push_lost(certain);
        if self.kind == Kind::Http1 {
            out.blind_between(self.ends(), from, shown);
        } else {
            let earlier = self.unconfirmed.as_ref().map_or(from, |spot| spot.0);
            self.unconfirmed = Some(Box::new((earlier, shown)));
        }
    }

    /// A request begins that was sent when the client had received so much. Bytes before it that were passed over, and were
    /// sent when it had received no more, are the end of a request that still waits for its answer.
    pub(super) fn settle_tail(&mut self, side: usize, ack: u64, shown: Seen, out: &mut Output<'_>) {
        if self.tails.is_none() {
            return;
        }
        let Some(tail) = self.tail(side).take().filter(|tail| tail.certain && tail.ack == ack) else { return };
        if self.queue.waits() {
            return;
        }
        self.queue.pace().pipelined = true;
        let alone = self.queue.len() == 0;
        self.lose_requests(true, tail.seen.time, shown, out);
        if let Some(Slot { lost: Some(lost), .. }) = self.queue.back_mut() {
            lost.single = alone;
        }
    }

    /// A response came that the server sent when it had received so much. It answers no request whose end had not arrived.
    pub(super) fn answer_tail(&mut self, side: usize, ack: u64) {
        if self.tails.is_none() || self.queue.waits() {
            return;
        }
        let Some(tail) = self.tail(1 - side).as_mut().filter(|tail| tail.certain) else { return };
        if tail.end <= ack {
            tail.certain = false;
        } else {
            self.miss_requests();
        }
    }

    /// Requests passed by that were not read, beside others that were not answered: nobody knows how many.
    pub(super) fn miss_requests(&mut self) {
        self.queue.pace().slide();
    }

    /// Tells of the blind spot before the connection was known to be HTTP.
    pub(super) fn confirm(&mut self, out: &mut Output<'_>) {
        if let Some(spot) = self.unconfirmed.take() {
            let (from, shown) = *spot;
            out.blind_between(self.ends(), from, shown);
        }
    }

    /// The end that asks and the one that answers, once known.
    pub(super) fn ends(&self) -> Option<[Endpoint; 2]> {
        self.client.get().map(|client| [client, 1 - client].map(|side| self.channel.end(side)))
    }

    /// Notes that responses are missing, and lets go of requests whose response cannot come any more.
    pub(super) fn lose_responses(&mut self, from: u64, to: u64, cause: Cause, out: &mut Output<'_>) {
        self.response_gap = Some(Box::new((to, cause)));
        while self.queue.front_answered_within(from, to) {
            self.lose_count(out);
            self.emit_front(out);
        }
    }

    /// Missing bytes within a body: how many lie beyond it, or None when that cannot be told.
    pub(super) fn gap_in_body(&mut self, side: usize, gap: &Gap, out: &mut Output<'_>) -> Option<u64> {
        let request = self.client.is(side);
        let reader = self.reader(side);
        let Some(message) = &mut reader.message else { return Some(gap.len) };
        reader.reasons.add_gap(gap.cause, request);
        let seen = reader.extent.last;
        let doubtful = message.body.doubtful && message.body.untouched();
        let skipped = if doubtful { None } else { message.body.skip(gap.len) };
        let chunk = Chunk { data: &[], at: 0, ack: 0, peer_known: false, aligned: false, seen };
        match skipped {
            Some((left, false)) => Some(left),
            Some((left, true)) => {
                self.finish_message(side, true, &chunk, out);
                self.reader(side).state = State::Start;
                Some(left)
            }
            None => {
                self.finish_message(side, false, &chunk, out);
                None
            }
        }
    }

    /// The connection ended within a body.
    pub(super) fn body_cut_short(&mut self, side: usize, orderly: bool, out: &mut Output<'_>) {
        let reader = self.reader(side);
        let seen = reader.extent.last;
        let Some(message) = &reader.message else { return };
        if message.body.untouched() && !message.body.ends_with_connection() {
            // A server that ended the connection here announced what HEAD would not bring.
            if orderly && self.answers_head(side) {
                self.take_back(side, out);
            }
            if self.reader(side).message.as_ref().is_some_and(|message| message.body.doubtful) {
                self.bodiless(side, false, out);
                return;
            }
        }
        let reader = self.reader(side);
        let Some(message) = &reader.message else { return };
        let ended = orderly && message.body.ends_with_connection();
        if !ended {
            reader.reasons.add(Incomplete::CutShort);
        }
        let chunk = Chunk { data: &[], at: 0, ack: 0, peer_known: false, aligned: false, seen };
        self.finish_message(side, ended, &chunk, out);
        self.reader(side).state = State::Start;
    }

    /// A head whose end is missing: what its whole lines tell is kept.
    pub(super) fn cut_head(&mut self, side: usize, reason: Incomplete, out: &mut Output<'_>) {
        let request = self.client.is(side);
        let reader = self.reader(side);
        reader.state = State::Seek;
        let buffer = std::mem::take(&mut reader.buffer);
        reader.reasons.add(reason);
        let last = reader.extent.last;
        let chunk = Chunk { data: &[], at: 0, ack: reader.ack_first, peer_known: true, aligned: false, seen: last };
        let limit = out.limits.header_fields;
        if request {
            let whole = self.is_whole(side);
            let Some(head) = head::request(&buffer, limit).filter(|head| head.versioned || whole) else { return };
            self.confirm(out);
            let size = head.framing.content_length;
            let id = self.push_request(side, head, &chunk, Body::Unknown { size }, out);
            return self.request_done(id, &chunk, out);
        }
        let Some(head) = head::response(&buffer, limit) else {
            // It began, so it was left over where no request waits.
            if !buffer.is_empty() && self.queue.len() == 0 {
                self.part_pairs(out);
            }
            return;
        };
        let Line::Status(status) = head.line else { return };
        let candidate = self.candidate(side, true);
        let pairing = self.queue.pair(candidate);
        let (slot, told) = self.note_pairing(side, status, false, candidate, pairing, out);
        if let Some(id) = slot {
            self.drop_before(id, out);
        }
        self.confirm(out);
        let body = Body::Unknown { size: head.framing.content_length };
        let start = Some(self.reader(side).extent.first.time);
        let response = Response { status, headers: head.headers, body, start };
        self.response_done(side, response, slot, told, last.time, out);
    }

    /// Notes that requests of unknown number are missing.
    pub(super) fn push_lost(&mut self, certain: bool) {
        if let Some(Slot { lost: Some(lost), .. }) = self.queue.back_mut() {
            lost.certain |= certain;
            lost.single = false;
            return;
        }
        let id = self.next_id;
        self.next_id += 1;
        self.queue.push(Slot {
            id,
            lost: Some(Lost { certain, answered: false, single: false }),
            doubtful: false,
            extent: Reader::new().extent,
            ack_first: 0,
            ack_last: 0,
            position: 0,
            request: Request {
                method: String::new(),
                scheme: None,
                host: None,
                target: String::new(),
                headers: Headers::default(),
                body: Body::Absent,
                end: None,
            },
            done: true,
            method: Method::Other,
            answer: None,
            reasons: Reasons::default(),
        });
    }
}
