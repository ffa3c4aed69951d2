//! One direction of a connection: what is in order, what waits, what is missing.

use std::collections::BTreeMap;
use std::hash::BuildHasher;
use std::num::NonZeroU64;

use super::{Seen, Segment};
use crate::Timestamp;

/// Positions start here, so that bytes before the first one seen have a position too.
const EPOCH: u64 = 1 << 40;
/// A jump of sequence numbers that no window explains.
pub(super) const FOREIGN: u64 = 1 << 26;
/// A distance of sequence numbers that is no chance.
const NEAR: u64 = 1 << 22;
/// Book-keeping bytes that a held segment costs beside its payload.
const HELD_OVERHEAD: usize = 128;
/// Segments whose digests are kept to recognise a retransmission with other content.
const RECENT: usize = 4;
/// A hole that the peer has acknowledged is waited for this long: an ACK may be captured before its data.
const ACKED_PATIENCE: i64 = 1_000_000;
/// A hole that nobody acknowledged may still be retransmitted.
const UNACKED_PATIENCE: i64 = 30_000_000;
/// Where the stream is joined in the middle, an overtaken first segment comes soon or not at all.
const EARLY_PATIENCE: i64 = 100_000;
/// How far an overtaken segment may lie back.
const EARLY_REACH: u32 = 1 << 16;

/// One direction of a connection.
pub(super) struct Direction {
    start: Start,
    /// Whether the first byte of the stream is known: a SYN or the answer to it was seen.
    pub(super) from_start: bool,
    /// Whether the end was reached and handed on.
    pub(super) ended: bool,
    recent_next: u8,
    /// Sequence number of the first byte known.
    pub(super) first: u32,
    /// Position of the next byte in order.
    pub(super) next: u64,
    /// How far the peer says it has received.
    pub(super) acked: u64,
    /// Position of the FIN; as positions begin at [`EPOCH`], it is never 0.
    pub(super) fin: Option<NonZeroU64>,
    /// Segments that wait for an earlier one.
    pub(super) pending: BTreeMap<u64, Held>,
    /// Cost of `pending`.
    pub(super) held: usize,
    /// Set while bytes are missing: what showed it first. Few have one, so it stands apart.
    pub(super) hole: Option<Box<Seen>>,
    /// Time of the last byte in order.
    pub(super) last_time: Timestamp,
    recent: [Digest; RECENT],
}

/// How the position of the first byte is known.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Start {
    Unknown,
    /// From the peer's ACK only: earlier bytes may still come.
    Guessed,
    /// The capture joined the stream, perhaps with a segment that overtook others: all is held until it is clear which is
    /// the first. Even one that begins a message may have overtaken another.
    Early,
    Known,
}

/// A segment that waits.
pub(super) struct Held {
    pub(super) data: Box<[u8]>,
    pub(super) len: u32,
    pub(super) ack: u64,
    pub(super) aligned: bool,
    pub(super) seen: Seen,
}

#[derive(Clone, Copy, Default)]
struct Digest {
    seq: u32,
    len: u32,
    hash: u32,
}

/// Where a new segment stands.
pub(super) enum Arrival {
    /// Nothing new in it.
    Old,
    /// The next bytes, after leaving out the first `skip` of them.
    InOrder { skip: u32 },
    /// Later than the next byte.
    Early,
}

impl Direction {
    pub(super) fn new(time: Timestamp) -> Self {
        Direction {
            start: Start::Unknown,
            from_start: false,
            ended: false,
            recent_next: 0,
            first: 0,
            next: EPOCH,
            acked: 0,
            fin: None,
            pending: BTreeMap::new(),
            held: 0,
            hole: None,
            last_time: time,
            recent: [Digest::default(); RECENT],
        }
    }

    /// Whether the stream is known up to where the peer says it has received it; see [`Direction::received`].
    pub(super) fn known_to(&self, ack: u64, within_head: bool) -> bool {
        self.next >= self.received(ack, within_head)
    }

    /// How far the stream's bytes go that an ACK is for. A FIN counts one, and may itself not have been captured: one
    /// more than is known is taken for that, but not within a head, which nobody ends there.
    fn received(&self, ack: u64, within_head: bool) -> u64 {
        let counts_fin = match self.fin {
            Some(fin) => ack == fin.get() + 1,
            None => !within_head && ack == self.next + 1,
        };
        ack - u64::from(counts_fin)
    }

    /// Whether nothing is missing and nothing waits.
    pub(super) fn quiet(&self, within_head: bool) -> bool {
        self.pending.is_empty()
            && self.known_to(self.acked, within_head)
            && (self.fin.is_none() || self.ended)
            && self.hole.is_none()
    }

    /// Whether bytes of this direction were seen (or its SYN).
    pub(super) fn seen_itself(&self) -> bool {
        matches!(self.start, Start::Known | Start::Early)
    }

    /// Position of a sequence number: the one nearest to the next byte.
    pub(super) fn position(&self, seq: u32) -> u64 {
        let ahead = seq.wrapping_sub(self.next as u32) as i32;
        self.next.wrapping_add_signed(i64::from(ahead))
    }

    /// Whether positions mean anything yet.
    pub(super) fn is_placed(&self) -> bool {
        self.start != Start::Unknown
    }

    /// Whether a sequence number is one that a window or a few around the next byte could hold, if that is known.
    pub(super) fn near(&self, seq: u32) -> Option<bool> {
        self.is_placed().then(|| self.position(seq).abs_diff(self.next) < NEAR)
    }

    fn begin(&mut self, seq: u32, start: Start) {
        self.next = EPOCH | u64::from(seq);
        self.first = seq;
        self.start = start;
    }

    /// A SYN: its payload, if any, begins one after its sequence number.
    pub(super) fn syn(&mut self, seq: u32) {
        match self.start {
            Start::Known => return,
            // What is held keeps its positions.
            Start::Early => {
                self.first = seq.wrapping_add(1);
                self.next = self.position(self.first);
                self.start = Start::Known;
                self.hole = None;
            }
            Start::Unknown | Start::Guessed => self.begin(seq.wrapping_add(1), Start::Known),
        }
        self.from_start = true;
    }

    /// Whether the stream's first byte is known to have this sequence number.
    pub(super) fn begins_at(&self, seq: u32) -> bool {
        self.from_start && self.first == seq
    }

    /// Whether a SYN belongs to another connection than this one.
    pub(super) fn contradicts_syn(&self, seq: u32) -> bool {
        let first = seq.wrapping_add(1);
        match self.start {
            Start::Unknown => false,
            Start::Guessed => self.position(first) != self.next,
            // Where the SYN is late, the data in between is near; another connection's numbers are anywhere.
            Start::Known if self.from_start => self.first != first,
            Start::Early => {
                let (at, held) = (self.position(first), self.pending.first_key_value().map(|(&at, _)| at));
                held.is_some_and(|held| at > held || held - at > u64::from(EARLY_REACH))
            }
            Start::Known => {
                self.position(first) > self.next || self.next - self.position(first) > u64::from(EARLY_REACH)
            }
        }
    }

    /// The peer acknowledges up to `ack`; `exact` when that is the first byte's position (a SYN's answer).
    pub(super) fn acknowledged(&mut self, ack: u32, exact: bool) -> u64 {
        if self.start == Start::Unknown {
            self.begin(ack, if exact { Start::Known } else { Start::Guessed });
            self.from_start = exact;
        }
        let position = self.position(ack);
        if position > self.acked && position.saturating_sub(self.next) < 1 << 30 {
            self.acked = position;
        }
        position
    }

    fn untouched(&self) -> bool {
        self.from_start && self.next as u32 == self.first && self.pending.is_empty()
    }

    /// Places a segment's payload, which begins at sequence number `seq`.
    pub(super) fn arrival(&mut self, seq: u32, len: u32) -> (u64, Arrival) {
        match self.start {
            Start::Unknown if len == 0 => self.begin(seq, Start::Known),
            Start::Unknown => self.begin(seq.wrapping_sub(EARLY_REACH), Start::Early),
            Start::Guessed | Start::Early => self.reach_back(seq, len),
            // A SYN that was not the one agreed on.
            Start::Known if self.untouched() && self.position(seq).abs_diff(self.next) > FOREIGN => {
                self.begin(seq, Start::Known);
            }
            Start::Known => {}
        }
        let at = self.position(seq);
        let end = at + u64::from(len);
        let arrival = if end <= self.next {
            Arrival::Old
        } else if at <= self.next {
            Arrival::InOrder { skip: (self.next - at) as u32 }
        } else {
            Arrival::Early
        };
        (at, arrival)
    }

    /// Makes room before a segment that may be the stream's first as far as captured. What lies beyond that which the
    /// peer had received when the capture began is no beginning: bytes before it are missing.
    fn reach_back(&mut self, seq: u32, len: u32) {
        let at = self.position(seq);
        let reach = u64::from(EARLY_REACH);
        if self.start == Start::Guessed {
            self.start = if at <= self.next && len > 0 { Start::Early } else { Start::Known };
        }
        let overtaken = self.start == Start::Early && at <= self.next;
        if overtaken && (self.pending.is_empty() || self.next - at < reach) {
            self.next = at.saturating_sub(reach);
        }
    }

    /// Keeps a segment that is early. The first byte seen wins; says whether the overlap differed.
    pub(super) fn hold(&mut self, at: u64, ack: u64, segment: &Segment<'_>) -> bool {
        let end = at + u64::from(segment.len);
        let mut from = at.max(self.next);
        let mut conflict = false;
        if let Some((&start, held)) = self.pending.range(..=from).next_back() {
            conflict |= differs(start, &held.data, at, segment.payload);
            from = from.max(start + u64::from(held.len));
        }
        while from < end {
            let following = self.pending.range(from..).next().map(|(&start, held)| {
                conflict |= differs(start, &held.data, at, segment.payload);
                (start, start + u64::from(held.len))
            });
            let to = following.map_or(end, |(start, _)| start.min(end));
            if from < to {
                self.keep(from, to, at, ack, segment);
            }
            match following {
                Some((start, stop)) if start < end => from = stop,
                _ => break,
            }
        }
        conflict
    }

    fn keep(&mut self, from: u64, to: u64, at: u64, ack: u64, segment: &Segment<'_>) {
        let captured = segment.payload.len();
        let (first, last) = (((from - at) as usize).min(captured), ((to - at) as usize).min(captured));
        let data: Box<[u8]> = segment.payload.get(first..last).unwrap_or(&[]).into();
        self.held += data.len() + HELD_OVERHEAD;
        let held = Held { data, len: (to - from) as u32, ack, aligned: from == at, seen: segment.seen };
        self.pending.insert(from, held);
    }

    /// When and where the waiting segment that is next in order was seen, if it is there.
    pub(super) fn next_seen(&self) -> Option<(Timestamp, u32, u64)> {
        let (_, held) = self.pending.first_key_value().filter(|(at, _)| **at <= self.next)?;
        Some((held.seen.time, held.seen.frame.input, held.seen.frame.number))
    }

    /// The waiting segment that is next in order, if it is there.
    pub(super) fn take_next(&mut self) -> Option<(u64, Held)> {
        let entry = self.pending.first_entry()?;
        if *entry.key() > self.next {
            return None;
        }
        let (at, held) = entry.remove_entry();
        self.held -= held.data.len() + HELD_OVERHEAD;
        Some((at, held))
    }

    /// Begins with the first segment held, where it was not clear which that is. False where it is clear.
    pub(super) fn begin_with_held(&mut self) -> bool {
        if self.start != Start::Early {
            return false;
        }
        if let Some((&first, _)) = self.pending.first_key_value() {
            self.next = first;
            self.first = first as u32;
        }
        self.hole = None;
        self.start = Start::Known;
        true
    }

    /// Position up to which bytes are missing, when any are.
    pub(super) fn hole_end(&self, within_head: bool) -> Option<u64> {
        let received = self.received(self.acked, within_head);
        let missing = match self.pending.first_key_value() {
            Some((&start, _)) if received > self.next => start.min(received),
            Some((&start, _)) => start,
            None => received,
        };
        (missing > self.next && self.fin.is_none_or(|fin| self.next < fin.get())).then_some(missing)
    }

    /// Whether the hole has been waited for long enough.
    pub(super) fn overdue(&self, now: Timestamp) -> bool {
        let patience = match self.start {
            Start::Early => EARLY_PATIENCE,
            _ if self.acked > self.next => ACKED_PATIENCE,
            _ => UNACKED_PATIENCE,
        };
        self.hole.as_deref().is_some_and(|hole| now.0.saturating_sub(hole.time.0) > patience)
    }

    /// Notes what was handed on, to recognise it when it comes again.
    pub(super) fn remember(&mut self, at: u64, data: &[u8]) {
        let digest = Digest { seq: at as u32, len: data.len() as u32, hash: hash(data) };
        if let Some(slot) = self.recent.get_mut(usize::from(self.recent_next)) {
            *slot = digest;
        }
        self.recent_next = (self.recent_next + 1) % RECENT as u8;
    }

    /// Whether bytes that come again differ from those that came first. Told only for a recent segment that comes
    /// again from its first byte to its last or beyond: other bytes are gone.
    pub(super) fn conflicts(&self, at: u64, data: &[u8]) -> bool {
        // A keep-alive repeats one byte, which may be anything.
        self.recent.iter().filter(|d| d.seq == at as u32 && d.len > 1).any(|d| {
            let again = data.get(..d.len as usize);
            again.is_some_and(|again| hash(again) != d.hash)
        })
    }
}

fn hash(data: &[u8]) -> u32 {
    foldhash::fast::FixedState::default().hash_one(data) as u32
}

/// Whether two stretches of one stream differ where they overlap.
fn differs(a_at: u64, a: &[u8], b_at: u64, b: &[u8]) -> bool {
    let from = a_at.max(b_at);
    let to = (a_at + a.len() as u64).min(b_at + b.len() as u64);
    if from >= to {
        return false;
    }
    part(a, a_at, from, to) != part(b, b_at, from, to)
}

fn part(bytes: &[u8], at: u64, from: u64, to: u64) -> &[u8] {
    bytes.get((from - at) as usize..(to - at) as usize).unwrap_or(&[])
}
