//! Exchanges on their way out.

use super::slot::Slot;
use super::{Connection, Following, Kind};
use crate::conversation::{CARRIES, Extent, Pair, Reasons};
use crate::output::Output;
use crate::{Exchange, Incomplete, Protocol, Request, Response, Timestamp};

impl Connection {
    /// A response is over: it goes to its request, or out alone.
    pub(super) fn response_done(
        &mut self,
        side: usize,
        response: Response,
        slot: Option<u64>,
        told: bool,
        time: Timestamp,
        out: &mut Output<'_>,
    ) {
        let reader = self.reader(side);
        let (extent, mut reasons) = (reader.extent, reader.reasons);
        let joined = std::mem::take(&mut self.midstream);
        let before = std::mem::replace(&mut self.known_until, time.max(extent.first.time));
        self.queue.note_served(slot);
        let queued = slot.filter(|&id| self.queue.get(id).is_some());
        if let Some(id) = queued {
            let answered = |slot: &mut Slot| {
                slot.answer = Some((extent, response));
                slot.reasons.merge(reasons);
                slot.done
            };
            if self.queue.change(id, answered) == Some(true) {
                self.emit(id, out);
            }
            return;
        }
        if !told {
            out.blind_between(self.ends(), before, extent.first);
        }
        reasons.add(Incomplete::NoRequest);
        if joined {
            reasons.add(Incomplete::MidStream);
        }
        if self.crowded {
            reasons.add(Incomplete::OverLimit);
        }
        let position = self.position;
        self.position += 1;
        let exchange = self.exchange(position, None, Some((extent, response)), reasons, out);
        self.hand_on(exchange, out);
    }

    /// Emits the requests before that of slot `id`: their responses were lost.
    pub(super) fn drop_before(&mut self, id: u64, out: &mut Output<'_>) {
        while self.queue.front().is_some_and(|slot| slot.id != id && slot.answer.is_none()) {
            self.emit_front(out);
        }
    }

    pub(super) fn emit_front(&mut self, out: &mut Output<'_>) {
        if let Some(slot) = self.queue.pop_front() {
            self.emit_slot(*slot, out);
        }
    }

    pub(super) fn emit(&mut self, id: u64, out: &mut Output<'_>) {
        let Some(slot) = self.queue.remove(id) else { return };
        if self.queue.in_doubt() && !self.dead() && slot.answer.is_some() {
            self.withhold(*slot, out);
        } else {
            self.emit_slot(*slot, out);
        }
    }

    pub(super) fn emit_slot(&mut self, slot: Slot, out: &mut Output<'_>) {
        if slot.lost.is_some() {
            return;
        }
        let mut reasons = slot.reasons;
        if slot.answer.is_none() {
            reasons.add(Incomplete::NoResponse);
            if self.crowded {
                reasons.add(Incomplete::OverLimit);
            }
        }
        // What is missing between a request and a final response that is there was an interim one, unless it was the
        // response to an earlier request.
        let until = match &slot.answer {
            None => u64::MAX,
            Some(_) if self.queue.pipelined() => 0,
            Some((extent, _)) => extent.at,
        };
        if let Some(&(_, cause)) = self.response_gap.as_deref().filter(|(to, _)| *to > slot.ack_first && *to <= until) {
            reasons.add_gap(cause, false);
        }
        let exchange = self.exchange(slot.position, Some((slot.extent, slot.request)), slot.answer, reasons, out);
        self.hand_on(exchange, out);
    }

    /// Hands on an exchange; the one that opened a WebSocket waits for its end.
    pub(super) fn hand_on(&mut self, exchange: Exchange, out: &mut Output<'_>) {
        let opens = |response: &Response| response.status == 101;
        let opening = self.kind == Kind::Next(Following::WebSocket) && self.opening.is_none();
        if opening && exchange.response.as_ref().is_some_and(opens) {
            self.opening = Some(Box::new(exchange));
        } else {
            out.exchange(exchange);
        }
    }

    pub(super) fn exchange(
        &self,
        position: u64,
        request: Option<(Extent, Request)>,
        response: Option<(Extent, Response)>,
        reasons: Reasons,
        out: &Output<'_>,
    ) -> Exchange {
        let pair = Pair {
            protocol: Protocol::Http1,
            stream: position,
            request,
            response,
            pushed: false,
            grpc: None,
            carries: CARRIES,
            reasons,
        };
        self.channel.exchange(usize::from(self.client.is(1)), pair, out)
    }
}
