//! Pairs that are not handed on yet, since only what follows shows whether the count they rest on is right.
//!
//! Where the capture joins a connection, or responses were lost, the count begins again with a request that was sent
//! when exactly the bytes before a response had arrived. A client that pipelines may have sent another request at that
//! moment, which was not captured: then each response of the batch is that to the request before, and one response is
//! left over at its end. So pairs wait until the client goes on with all that it knows of answered, as a client that
//! waits for its answers does with each request; a response that is left over parts them.

use super::slot::Slot;
use super::{Connection, WAITING_BYTES};
use crate::Incomplete;
use crate::output::Output;

impl Connection {
    /// Keeps a pair until the count is confirmed.
    pub(super) fn withhold(&mut self, slot: Slot, out: &mut Output<'_>) {
        self.queue.withhold(slot);
        if self.queue.held() > WAITING_BYTES {
            self.let_go(out);
        }
    }

    /// The count was right.
    pub(super) fn confirm_pairs(&mut self, out: &mut Output<'_>) {
        for slot in self.queue.take_withheld() {
            self.emit_slot(slot, out);
        }
    }

    /// As many answers as requests came, and no more will. On a connection that the capture joined, a server that ended it
    /// without answering the last requests would leave the same picture, so what was pipelined is labelled.
    pub(super) fn end_pairs(&mut self, out: &mut Output<'_>) {
        if !self.from_start && self.queue.pipelined() {
            self.queue.label_withheld(Incomplete::MidStream);
        }
        self.confirm_pairs(out);
    }

    /// Nothing will show any more whether the count was right: a client that was not seen to pipeline is believed.
    pub(super) fn let_go(&mut self, out: &mut Output<'_>) {
        if self.queue.pipelined() { self.unpair(out) } else { self.confirm_pairs(out) }
    }

    /// The count was wrong, or may have been: requests and responses are told apart.
    pub(super) fn unpair(&mut self, out: &mut Output<'_>) {
        let withheld = self.queue.take_withheld();
        self.queue.ordered &= withheld.is_empty();
        for mut slot in withheld {
            let Some((extent, response)) = slot.answer.take() else { continue };
            let mut reasons = slot.reasons;
            if !self.from_start {
                slot.reasons.add(Incomplete::MidStream);
                reasons.add(Incomplete::MidStream);
            }
            reasons.add(Incomplete::NoRequest);
            out.blind_spot(self.server(), slot.extent.first.time, extent.first);
            self.emit_slot(slot, out);
            let position = self.position;
            self.position += 1;
            let exchange = self.exchange(position, None, Some((extent, response)), reasons, out);
            self.hand_on(exchange, out);
        }
    }
}
