//! One TCP connection: both directions, and what they show about each other.

use std::num::NonZeroU64;

use super::direction::{Arrival, Direction, FOREIGN};
use super::{Cause, Chunk, Ends, Gap, Seen, Segment};
use crate::Timestamp;
use crate::conversation::{Channel, Conversation, KnownSide, Print};
use crate::output::{Output, Over};

/// One TCP connection.
pub(super) struct Connection {
    directions: [Direction; 2],
    conversation: Conversation,
    pub(super) ends: Ends,
    id: u64,
    /// Side that asked for it, where that was seen.
    opener: KnownSide,
    /// What showed it first.
    first: Seen,
    /// Time of its latest packet.
    pub(super) last: Timestamp,
    latest: Seen,
    reset: bool,
    finished: bool,
    /// Payload bytes on the wire, each once.
    bytes: u64,
    /// Bytes that are missing: lost, and cut by the snap length.
    lost: u64,
    cut: u64,
}

impl Connection {
    pub(super) fn new(ends: Ends, id: u64, seen: Seen) -> Self {
        Connection {
            directions: [Direction::new(seen.time), Direction::new(seen.time)],
            conversation: Conversation::new(
                Channel { ends: ends.endpoints(), id, encrypted: false, print: Print::default() },
                seen,
            ),
            ends,
            id,
            opener: KnownSide::Unknown,
            first: seen,
            last: seen.time,
            latest: seen,
            reset: false,
            finished: false,
            bytes: 0,
            lost: 0,
            cut: 0,
        }
    }

    fn direction(&self, side: usize) -> &Direction {
        let [first, second] = &self.directions;
        if side == 0 { first } else { second }
    }

    fn direction_mut(&mut self, side: usize) -> &mut Direction {
        let [first, second] = &mut self.directions;
        if side == 0 { first } else { second }
    }

    /// Bytes held for later.
    pub(super) fn held(&self) -> usize {
        self.direction(0).held + self.direction(1).held + self.conversation.held()
    }

    /// Whether nothing more is expected on it.
    pub(super) fn closed(&self) -> bool {
        self.reset || self.finished
    }

    /// Whether a segment belongs to a later connection between the same endpoints.
    pub(super) fn succeeded_by(&self, side: usize, segment: &Segment<'_>) -> bool {
        let direction = self.direction(side);
        if segment.syn {
            // Two answers to one SYN: the client's choice shows in its data.
            let same = segment.ack.is_some_and(|ack| self.direction(1 - side).begins_at(ack));
            return !same && direction.contradicts_syn(segment.seq);
        }
        if segment.len == 0 || !direction.seen_itself() {
            return false;
        }
        let at = direction.position(segment.seq);
        let distance = at.abs_diff(direction.next);
        let quiet = segment.seen.time.0.saturating_sub(self.last.0) > 1_000_000;
        (self.closed() && (distance > FOREIGN || direction.fin.is_some_and(|fin| at > fin.get())))
            || (quiet && distance > FOREIGN)
    }

    /// Whether a segment's numbers show that it is this connection's: those that can be compared are near, and there is
    /// one.
    pub(super) fn continues(&self, side: usize, segment: &Segment<'_>) -> bool {
        let own = self.direction(side);
        let sent = match segment.syn {
            true if own.is_placed() => Some(!own.contradicts_syn(segment.seq)),
            _ => own.near(segment.seq),
        };
        let received = segment.ack.and_then(|ack| self.direction(1 - side).near(ack));
        sent != Some(false) && received != Some(false) && (sent.is_some() || received.is_some())
    }

    /// Takes one segment from side 0 or 1.
    pub(super) fn segment(&mut self, side: usize, segment: &Segment<'_>, out: &mut Output<'_>) {
        self.last = self.last.max(segment.seen.time);
        self.latest = segment.seen;
        if self.finished {
            return;
        }
        let ack = match segment.ack {
            Some(ack) => self.direction_mut(1 - side).acknowledged(ack, segment.syn),
            None => self.direction(1 - side).next,
        };
        let mut seq = segment.seq;
        if segment.syn {
            self.direction_mut(side).syn(seq);
            let opener = if segment.ack.is_some() { 1 - side } else { side };
            self.opener = opener.into();
            self.conversation.opened(opener);
            seq = seq.wrapping_add(1);
        }
        self.reset |= segment.rst;
        // A reset may carry a text for people, which is no part of the stream.
        if !segment.rst && (segment.len > 0 || segment.fin) {
            self.payload(side, seq, ack, segment, out);
        }
        self.settle(out, false);
        self.check_closed(out);
    }

    fn payload(&mut self, side: usize, seq: u32, ack: u64, segment: &Segment<'_>, out: &mut Output<'_>) {
        let stalled = self.conversation.stalled(side);
        let direction = self.direction_mut(side);
        let (at, arrival) = direction.arrival(seq, segment.len);
        if segment.fin && direction.fin.is_none() {
            direction.fin = NonZeroU64::new(at + u64::from(segment.len));
            if self.direction(1 - side).fin.is_none() {
                self.conversation.ends_at(segment.seen.time);
            }
        }
        let direction = self.direction_mut(side);
        if segment.len == 0 {
            return;
        }
        let conflict = match arrival {
            Arrival::Old => direction.conflicts(at, segment.payload),
            Arrival::InOrder { skip } if direction.pending.is_empty() && !stalled => {
                let conflict = skip > 0 && direction.conflicts(at, segment.payload);
                let chunk = Chunk {
                    data: segment.payload.get(skip as usize..).unwrap_or(&[]),
                    at: at + u64::from(skip),
                    ack,
                    peer_known: false,
                    aligned: skip == 0,
                    seen: segment.seen,
                };
                self.deliver(side, segment.len - skip, chunk, out);
                conflict
            }
            Arrival::InOrder { .. } | Arrival::Early => direction.hold(at, ack, segment),
        };
        if conflict {
            out.irregular("conflicting_retransmission", segment.seen.frame);
        }
    }

    /// Hands on the next `len` bytes, of which `chunk` holds those that were captured.
    fn deliver(&mut self, side: usize, len: u32, chunk: Chunk<'_>, out: &mut Output<'_>) {
        let peer_known = self.known_to(1 - side, chunk.ack);
        self.bytes += u64::from(len);
        let direction = self.direction_mut(side);
        direction.next = chunk.at + u64::from(len);
        direction.last_time = chunk.seen.time;
        direction.hole = None;
        direction.remember(chunk.at, chunk.data);
        self.conversation.data(side, Chunk { peer_known, ..chunk }, out);
        let cut = u64::from(len).saturating_sub(chunk.data.len() as u64);
        if cut > 0 {
            let gap = Gap { len: cut, cause: Cause::SnapLength, from: chunk.seen.time, shown: chunk.seen };
            let at = chunk.at + chunk.data.len() as u64;
            self.gap(side, at, gap, out);
        }
    }

    fn gap(&mut self, side: usize, at: u64, gap: Gap, out: &mut Output<'_>) {
        match gap.cause {
            Cause::Lost => self.lost += gap.len,
            Cause::SnapLength => self.cut += gap.len,
        }
        self.conversation.gap(side, at, gap, out);
    }

    /// Whether there is nothing but the next packet to wait for.
    fn quiet(&self) -> bool {
        [0, 1].into_iter().all(|side| {
            self.direction(side).quiet(self.conversation.within_head(side)) && !self.conversation.stalled(side)
        })
    }

    /// Whether a side's bytes were handed on as far as an ACK says that the other received them.
    fn known_to(&self, side: usize, ack: u64) -> bool {
        self.direction(side).known_to(ack, self.conversation.within_head(side))
    }

    /// Moves on everything that can move; gives up holes that were waited for long enough, or all of them when
    /// `last`.
    fn settle(&mut self, out: &mut Output<'_>, last: bool) {
        if last {
            self.directions.iter_mut().for_each(|direction| _ = direction.begin_with_held());
        }
        while !self.quiet() {
            // What waits on both sides goes on as it was sent: a protocol may change with either side's bytes.
            let first = usize::from(self.comes_before(1));
            let moved = self.advance(first, out) | self.advance(1 - first, out);
            if moved {
                continue;
            }
            if self.give_up(0, out, last) || self.give_up(1, out, last) {
                continue;
            }
            if !(last && (self.force(0, out) || self.force(1, out))) {
                break;
            }
        }
    }

    /// Whether the next bytes of a side were seen before the other side's, where both are there.
    fn comes_before(&self, side: usize) -> bool {
        let [own, other] = [side, 1 - side].map(|side| self.direction(side).next_seen());
        own.zip(other).is_some_and(|(own, other)| own < other)
    }

    fn advance(&mut self, side: usize, out: &mut Output<'_>) -> bool {
        let mut moved = false;
        if let Some(wanted) = self.conversation.waits_for(side) {
            if !self.known_to(1 - side, wanted) {
                return false;
            }
            self.conversation.resume(side, out);
            moved = true;
        }
        while !(self.conversation.stalled(side) || moved && self.comes_before(1 - side)) {
            let direction = self.direction_mut(side);
            let Some((at, held)) = direction.take_next() else { break };
            moved = true;
            let skip = direction.next - at;
            if skip >= u64::from(held.len) {
                continue;
            }
            let chunk = Chunk {
                data: held.data.get(skip as usize..).unwrap_or(&[]),
                at: at + skip,
                ack: held.ack,
                peer_known: false,
                aligned: held.aligned && skip == 0,
                seen: held.seen,
            };
            self.deliver(side, held.len - skip as u32, chunk, out);
        }
        let stalled = self.conversation.stalled(side);
        let direction = self.direction_mut(side);
        if !direction.ended && !stalled && direction.fin.is_some_and(|fin| direction.next >= fin.get()) {
            direction.ended = true;
            self.conversation.end(side, out);
            moved = true;
        }
        moved
    }

    /// Declares the bytes up to the next known one missing, where that is due.
    fn give_up(&mut self, side: usize, out: &mut Output<'_>, last: bool) -> bool {
        if self.conversation.stalled(side) {
            return false;
        }
        let peer_waits = self.conversation.stalled(1 - side);
        let full = self.direction(side).held + if peer_waits { self.direction(1 - side).held } else { 0 }
            > out.limits.reorder_bytes;
        let latest = self.latest;
        let now = self.last;
        let within_head = self.conversation.within_head(side);
        let direction = self.direction_mut(side);
        let Some(to) = direction.hole_end(within_head) else {
            direction.hole = None;
            return false;
        };
        let shown = **direction.hole.get_or_insert_with(|| Box::new(latest));
        if !(last || full || direction.overdue(now)) {
            return false;
        }
        if direction.begin_with_held() {
            return true;
        }
        let gap = Gap { len: to - direction.next, cause: Cause::Lost, from: direction.last_time, shown };
        let at = direction.next;
        direction.next = to;
        direction.hole = None;
        direction.last_time = shown.time;
        self.gap(side, at, gap, out);
        true
    }

    /// Lets a response go on whose request will never be known.
    fn force(&mut self, side: usize, out: &mut Output<'_>) -> bool {
        let stalled = self.conversation.stalled(side);
        if stalled {
            self.conversation.resume(side, out);
        }
        stalled
    }

    fn check_closed(&mut self, out: &mut Output<'_>) {
        if self.directions.iter().all(|d| d.ended) && self.directions.iter().all(|d| d.pending.is_empty()) {
            self.finish(out);
        }
    }

    /// Nothing more comes: hands on what waits and closes what is open.
    pub(super) fn finish(&mut self, out: &mut Output<'_>) {
        if self.finished {
            return;
        }
        self.settle(out, true);
        self.finished = true;
        self.conversation.finish(out);
        let (client, protocol) = (self.conversation.client().or(self.opener.get()), self.conversation.protocol());
        let [low, high] = self.ends.endpoints();
        // Where nothing tells, the lower port is the server's.
        let first_asked = client.map_or(low.port > high.port, |client| client == 0);
        out.connection(Over {
            id: self.id,
            ends: if first_asked { [low, high] } else { [high, low] },
            first: self.first,
            last: self.last,
            bytes: self.bytes,
            lost: self.lost,
            cut: self.cut,
            protocol,
        });
    }
}
