//! What was opened, on its way to the conversation inside.

use std::ops::Range;

use super::Connection;
use super::epoch::Skipped;
use super::record::Record;
use super::side::Lost;
use crate::output::Output;
use crate::tcp::Chunk;

impl Connection {
    /// Tells of what was not opened before a record that begins at `at`.
    pub(super) fn tell_lost(&mut self, side: usize, at: u64, skipped: Skipped, out: &mut Output<'_>) {
        let Some(lost) = self.side(side).lost.take() else { return };
        let len = match skipped {
            Skipped::None => return,
            Skipped::Whole { records, overhead } => {
                Some(at.saturating_sub(lost.at).saturating_sub(records.saturating_mul(overhead)))
            }
            Skipped::Some => None,
        };
        self.hand_on_gap(side, lost, len, out);
    }

    /// Hands on the plaintext of a record, packet by packet.
    pub(super) fn deliver(&mut self, side: usize, record: &Record, plain: Range<usize>, out: &mut Output<'_>) {
        let mut from = 0;
        for piece in &record.pieces {
            let (start, end) = (plain.start.max(from), plain.end.min(from + piece.len));
            from += piece.len;
            let Some(part) = record.bytes.get(start..end).filter(|part| !part.is_empty()) else { continue };
            let own = self.side(side);
            let at = own.plain.at;
            own.plain.at += part.len() as u64;
            if own.over {
                continue;
            }
            let ack = self.side(1 - side).plain.received(piece.ack);
            let aligned = start == plain.start;
            self.let_go_on(side, out);
            self.inner.data(side, Chunk { data: part, at, ack, peer_known: true, aligned, seen: piece.seen }, out);
        }
    }

    /// Lets the reader of the plaintext go on with what it held back of a side: records are opened only once the other
    /// side is known as far as their sender had received it.
    fn let_go_on(&mut self, side: usize, out: &mut Output<'_>) {
        if self.inner.stalled(side) {
            self.inner.resume(side, out);
        }
    }

    /// Tells that bytes of the plaintext are missing, `len` of them if that is known.
    fn hand_on_gap(&mut self, side: usize, lost: Lost, len: Option<u64>, out: &mut Output<'_>) {
        let (at, gap) = self.side(side).lost_plain(lost, len);
        self.let_go_on(side, out);
        self.inner.gap(side, at, gap, out);
    }

    /// Hands on all that was said of a side, though more may have been lost.
    pub(super) fn flush(&mut self, side: usize, out: &mut Output<'_>) {
        self.let_go_on(side, out);
        if let Some(lost) = self.side(side).lost.take() {
            self.hand_on_gap(side, lost, None, out);
        }
    }

    /// A side says no more.
    pub(super) fn close(&mut self, side: usize, out: &mut Output<'_>) {
        self.flush(side, out);
        if !std::mem::replace(&mut self.side(side).over, true) {
            self.inner.end(side, out);
        }
    }
}
