//! Pairs that are not handed on yet, since only what follows shows whether the count they rest on is right.
//!
//! **What proves a pair.** Responses come in the order of the requests, so a pair is as sure as the count. Where every byte
//! since the beginning was seen, the count is sure. Where the capture joins a connection, or lost some of it, some number
//! `d` of requests may be on their way that nobody saw: then each response answers the request `d` before the one that it
//! is counted with. No packet shows that `d` is 0 (all that acknowledgements give are lower bounds of it), but one above 0
//! shows as soon as the client has all its answers, since `d` responses come then that nobody is seen to have asked for:
//!
//! - One comes while no request waits, it begins before the request arrived, or it is told by what it lacks: the body that
//!   is announced to HEAD begins with a status line, and its length ends at nothing that may follow it. Such a *response
//!   left over* parts all pairs made since the count began. Whoever stores a body chooses its bytes, so a status line in one
//!   tells nothing by itself, and never that a client pipelines.
//! - Two come without a request between them: the server sent the second when it had received no more than at the end of the
//!   first. Whoever waits for answers asks between any two, so this shows a *pipeline*, also where a gap in the requests
//!   would take in what is left over.
//! - Bytes of the server are missing behind a response, and no request is known, or known to be lost, that asked for them.
//! - What follows a response is no response, or it is broken: then it was read by the wrong request's rules.
//!
//! So a count is right when it began before a moment at which the client had all its answers, no response was left over up
//! to then, and none passed by uncounted. That moment is not to be seen either: a client with a window of requests on
//! their way seems to catch up with each. It does so only while it keeps in step, one request to one answer. Hence:
//!
//! - A client that **rests** has all its answers (see [`super::doubt`]): this proves the count, whatever the client did before.
//! - A client that **was not seen to pipeline** is believed to wait, at the end of its connection or of the capture, until
//!   then its pairs wait, also past a gap; or once it has caught up often (`OFTEN`) since the latest loss. What no rest
//!   proves then is labelled `mid_stream`, or parted where both halves name different ids. Only one that stays in step for
//!   so long can be told wrongly without a label, and nobody can tell it from one that waits.
//! - One that pipelines **in batches**, each sent after all answers to the one before, is believed in the same way; where its
//!   connection has no end in order, up to the last batch before which it had caught up. Where a gap may have taken in a
//!   response left over, its pairs are parted.
//! - One that **slides a window** is never believed before its end. Where its server ended the connection and nothing was left
//!   over, that may still be one that ended without answering the last requests, so without a rest its pairs are labelled,
//!   and on a connection that the capture joined parted but where both halves name the same id; in all other ends its pairs
//!   are parted.
//!
//! Bytes of the client that belong to no message are the end of a request. Where the next one was sent before anything came
//! in answer, that request waits before it: the client pipelines, and the first answer is not to the request that was read.
//! Where they hold another request's first line, or the server answered before they had arrived, more wait than are seen,
//! and the client is taken for one that slides a window.
//!
//! A first word that ends like a method (`xGET`), where nothing before it was seen, is a method that nobody knows or the rest
//! of a body and a request beside it: one request that is lost, or two. Of a client that is not seen to pipeline the pairs
//! behind it are labelled, whatever end it has: one that slid a window may have left before its answers.

use super::slot::Slot;
use super::{Connection, WAITING_BYTES};
use crate::Incomplete;
use crate::output::Output;

/// Bytes of pairs that a client may have waiting which is not seen to pipeline: the oldest go on first.
const WITHHELD_BYTES: usize = 256 << 10;

/// How sure a count is that began where the capture joined, or lost some.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Count {
    Proven,
    Likely,
    Unlikely,
}

impl Connection {
    /// Keeps a pair until the count is confirmed.
    pub(super) fn withhold(&mut self, slot: Slot, out: &mut Output<'_>) {
        self.queue.withhold(slot);
        if self.queue.pipelined() {
            if self.queue.held() > WAITING_BYTES {
                self.settle_pairs(out);
            }
            return;
        }
        while self.queue.held() > WITHHELD_BYTES
            && let proven = self.queue.proven() > 0
            && let Some(slot) = self.queue.take_oldest()
        {
            let count = if proven { Count::Proven } else { self.count(false) };
            self.emit_counted(slot, count, out);
        }
    }

    /// Whether the count was confirmed meanwhile.
    pub(super) fn look_at_pairs(&mut self, out: &mut Output<'_>) {
        if self.queue.is_believed() {
            self.confirm_pairs(out);
            self.queue.end_doubt();
        }
    }

    fn confirm_pairs(&mut self, out: &mut Output<'_>) {
        for slot in self.queue.take_withheld() {
            self.emit_slot(slot, out);
        }
    }

    /// As many answers as requests came, and no more will: the server ended the connection.
    pub(super) fn end_pairs(&mut self, out: &mut Output<'_>) {
        if self.queue.pipelined() && !self.queue.is_counted() {
            return self.part_pairs(out);
        }
        let (count, proven) = (self.count(true), self.queue.proven());
        for (nth, slot) in self.queue.take_withheld().into_iter().enumerate() {
            self.emit_counted(slot, if nth < proven { Count::Proven } else { count }, out);
        }
    }

    /// Nothing more will show whether the count was right: a client that was not seen to pipeline is believed, one that
    /// sends batches up to the last.
    pub(super) fn settle_pairs(&mut self, out: &mut Output<'_>) {
        let sure = match self.queue.pipelined() {
            false => usize::MAX,
            true if self.queue.in_batches() => self.queue.before_batch(),
            true => 0,
        };
        let (count, proven) = (self.count(false), self.queue.proven());
        let mut withheld = self.queue.take_withheld();
        let rest = withheld.split_off(sure.min(withheld.len()));
        for (nth, slot) in withheld.into_iter().enumerate() {
            self.emit_counted(slot, if nth < proven { Count::Proven } else { count }, out);
        }
        self.part(rest, out);
    }

    /// How sure the count is, where the connection `ended` up to its end.
    fn count(&self, ended: bool) -> Count {
        // Of one that slides a window a server that ends after a rest may leave what it was asked.
        let ended = ended && !self.queue.sliding();
        if self.queue.is_rested(ended) && !self.queue.may_pipeline() {
            return Count::Proven;
        }
        match self.from_start || self.queue.asks_in_turn() || self.queue.in_batches() {
            true => Count::Likely,
            false => Count::Unlikely,
        }
    }

    /// A pair is handed on, labelled or parted; ids that both halves name tell more than a count that nothing proves.
    fn emit_counted(&mut self, mut slot: Slot, count: Count, out: &mut Output<'_>) {
        if count == Count::Proven {
            return self.emit_slot(slot, out);
        }
        if !slot.names_its_answer().unwrap_or(count == Count::Likely) {
            return self.part([slot], out);
        }
        slot.reasons.add(Incomplete::MidStream);
        self.emit_slot(slot, out);
    }

    /// A response that was left over would not show from here on: what rests on that is settled, the rest waits on.
    pub(super) fn break_count(&mut self, out: &mut Output<'_>) {
        if self.queue.pipelined() {
            self.settle_pairs(out);
        }
        self.queue.break_count();
    }

    /// The count was wrong, or may have been: requests and responses are told apart.
    pub(super) fn part_pairs(&mut self, out: &mut Output<'_>) {
        let withheld = self.queue.take_withheld();
        self.part(withheld, out);
    }

    fn part(&mut self, withheld: impl IntoIterator<Item = Slot>, out: &mut Output<'_>) {
        for mut slot in withheld {
            let Some((extent, response)) = slot.answer.take() else { continue };
            self.queue.ordered = false;
            let mut reasons = slot.reasons;
            if !self.from_start {
                slot.reasons.add(Incomplete::MidStream);
                reasons.add(Incomplete::MidStream);
            }
            reasons.add(Incomplete::NoRequest);
            if self.crowded {
                reasons.add(Incomplete::OverLimit);
            }
            out.blind_between(self.ends(), slot.extent.first.time, extent.first);
            self.emit_slot(slot, out);
            let position = self.position;
            self.position += 1;
            let exchange = self.exchange(position, None, Some((extent, response)), reasons, out);
            self.hand_on(exchange, out);
        }
    }
}
