//! What was opened, on its way to the conversation inside, in the order in which it was said.
//!
//! How much a lost record carried shows only when a later one of its side opens. What the peer says meanwhile having
//! received the lost one waits for that: handed on at once, an answer would stand before the request that it answers.

use std::collections::VecDeque;
use std::ops::Range;

use super::Connection;
use super::epoch::Skipped;
use super::record::Record;
use super::side::{Lost, Side};
use crate::Timestamp;
use crate::output::Output;
use crate::tcp::{Chunk, Gap, Seen};

/// Bytes that wait for lost records of a connection; with more, they are handed on as they came.
const BYTES: usize = 256 << 10;

/// What a side said and is not handed on yet: the other is not known as far as its sender had received it.
#[derive(Default)]
pub(super) struct Held {
    items: VecDeque<Item>,
    bytes: usize,
}

struct Item {
    /// Position in the direction's stream.
    at: u64,
    time: Timestamp,
    what: What,
}

enum What {
    Data(Data),
    /// A gap, and where it begins in the plaintext.
    Gap(u64, Gap),
    End,
}

/// A stretch of plaintext from one packet.
struct Data {
    bytes: Vec<u8>,
    /// Position in the plaintext.
    plain: u64,
    /// How far its sender had received the other direction's records.
    ack: u64,
    aligned: bool,
    seen: Seen,
}

impl Held {
    /// Bytes held.
    pub(super) fn held(&self) -> usize {
        self.bytes
    }

    pub(super) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Position of the first that waits.
    pub(super) fn at(&self) -> Option<u64> {
        self.items.front().map(|item| item.at)
    }

    fn push(&mut self, at: u64, time: Timestamp, what: What) {
        let item = Item { at, time, what };
        self.bytes += item.held();
        self.items.push_back(item);
    }

    fn pop(&mut self) -> Option<What> {
        let item = self.items.pop_front()?;
        self.bytes -= item.held();
        Some(item.what)
    }
}

impl Item {
    fn held(&self) -> usize {
        size_of::<Self>() + if let What::Data(data) = &self.what { data.bytes.capacity() } else { 0 }
    }

    /// How far its sender had received the other direction's records.
    fn ack(&self) -> u64 {
        if let What::Data(data) = &self.what { data.ack } else { 0 }
    }
}

impl Connection {
    /// Notes what was not opened before a record that begins at `at`.
    pub(super) fn note_lost(&mut self, side: usize, at: u64, skipped: Skipped) {
        let own = self.side(side);
        let Some(lost) = own.lost.take() else { return };
        match skipped {
            Skipped::None => {}
            Skipped::Whole { records, overhead } => {
                let overheads = records.saturating_mul(overhead);
                own.hold_gap(lost, Some(at.saturating_sub(lost.at).saturating_sub(overheads)));
            }
            Skipped::Some => own.hold_gap(lost, None),
        }
        own.plain.mark(at, true);
    }

    /// Takes the plaintext of a record, packet by packet.
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
            let aligned = start == plain.start;
            if own.held.is_empty() && self.side(1 - side).is_told(piece.ack) {
                self.hand_on(side, part, (at, piece.ack), aligned, piece.seen, out);
            } else {
                let data = Data { bytes: part.to_vec(), plain: at, ack: piece.ack, aligned, seen: piece.seen };
                self.side(side).held.push(piece.at, piece.seen.time, What::Data(data));
            }
        }
    }

    /// Hands on what waits for nothing more.
    pub(super) fn hand_on_ready(&mut self, out: &mut Output<'_>) {
        while let Some(side) = self.earliest(|item, peer| peer.is_told(item.ack())) {
            self.hand_on_first(side, out);
        }
        while self.sides.iter().map(|side| side.held.held()).sum::<usize>() > BYTES {
            let Some(side) = self.earliest(|_, _| true) else { return };
            self.hand_on_first(side, out);
        }
    }

    /// Hands on all that waits, in the order in which it came where nothing says another.
    pub(super) fn hand_on_all(&mut self, out: &mut Output<'_>) {
        self.hand_on_ready(out);
        while let Some(side) = self.earliest(|_, _| true) {
            self.hand_on_first(side, out);
            self.hand_on_ready(out);
        }
    }

    /// Of the sides whose first that waits may be handed on, given what is known of the other, the one that said it
    /// first.
    fn earliest(&self, may: impl Fn(&Item, &Side) -> bool) -> Option<usize> {
        let [first, second] = &self.sides;
        [(0, first, second), (1, second, first)]
            .into_iter()
            .filter_map(|(side, own, peer)| Some((side, own.held.items.front().filter(|item| may(item, peer))?)))
            .min_by_key(|(_, item)| item.time)
            .map(|(side, _)| side)
    }

    fn hand_on_first(&mut self, side: usize, out: &mut Output<'_>) {
        match self.side(side).held.pop() {
            Some(What::Data(Data { bytes, plain, ack, aligned, seen })) => {
                self.hand_on(side, &bytes, (plain, ack), aligned, seen, out);
            }
            Some(What::Gap(at, gap)) => {
                self.let_go_on(side, out);
                self.inner.gap(side, at, gap, out);
            }
            Some(What::End) => {
                self.let_go_on(side, out);
                self.inner.end(side, out);
            }
            None => {}
        }
    }

    /// Hands on a stretch of plaintext: where it stands in it, and how far its sender had received the other's records.
    fn hand_on(
        &mut self,
        side: usize,
        data: &[u8],
        (at, ack): (u64, u64),
        aligned: bool,
        seen: Seen,
        out: &mut Output<'_>,
    ) {
        let ack = self.side(1 - side).plain.received(ack);
        self.let_go_on(side, out);
        self.inner.data(side, Chunk { data, at, ack, peer_known: true, aligned, seen }, out);
    }

    /// Lets the reader of the plaintext go on with what it held back of a side: no more than what was handed on is known
    /// of the other.
    fn let_go_on(&mut self, side: usize, out: &mut Output<'_>) {
        if self.inner.stalled(side) {
            self.inner.resume(side, out);
        }
    }

    /// Notes what was lost of a side: no record will open behind it.
    pub(super) fn flush(&mut self, side: usize) {
        let own = self.side(side);
        if let Some(lost) = own.lost.take() {
            own.hold_gap(lost, None);
            own.plain.mark(lost.at + 1, true);
        }
    }

    /// A side says no more.
    pub(super) fn close(&mut self, side: usize, out: &mut Output<'_>) {
        self.flush(side);
        let own = self.side(side);
        if !std::mem::replace(&mut own.over, true) {
            own.held.push(u64::MAX, Timestamp(i64::MAX), What::End);
        }
        self.hand_on_ready(out);
    }
}

impl Side {
    /// Whether all of its records before a position were opened and handed on, or are known to be lost.
    fn is_told(&self, until: u64) -> bool {
        self.lost.is_none_or(|lost| lost.at >= until) && self.held.at().is_none_or(|at| at >= until)
    }

    /// Holds what was lost as a gap of the plaintext, `len` bytes long if that is known.
    fn hold_gap(&mut self, lost: Lost, len: Option<u64>) {
        let (at, gap) = self.lost_plain(lost, len);
        self.held.push(lost.at, gap.from, What::Gap(at, gap));
    }
}
