//! Ways in which one conversation can be cut into segments, copied and shuffled.

use proptest::prelude::*;

use super::Side::Server;
use super::{ACK, Segment, Side, Talk};

/// One way to put a conversation on the wire.
#[derive(Clone, Debug)]
pub(crate) struct Wire {
    /// Segment sizes, used by turns.
    pub(crate) sizes: Vec<usize>,
    /// For each segment: how far back its copy reaches and how many places later it comes.
    pub(crate) copies: Vec<Option<(usize, usize)>>,
    /// For each segment: by how many places it is late among those of its turn.
    pub(crate) late: Vec<usize>,
    pub(crate) seq: [u32; 2],
}

pub(crate) fn wire() -> impl Strategy<Value = Wire> {
    (
        prop::collection::vec(1usize..400, 1..8),
        prop::collection::vec(prop::option::weighted(0.3, (0usize..60, 0usize..4)), 1..12),
        prop::collection::vec(prop_oneof![3 => Just(0usize), 1 => 1usize..5], 1..12),
        [any::<u32>(), any::<u32>()],
    )
        .prop_map(|(sizes, copies, late, seq)| Wire { sizes, copies, late, seq })
}

/// The segments of one turn, cut, copied and shuffled.
pub(crate) fn turn(talk: &mut Talk, side: Side, bytes: &[u8], wire: &Wire) {
    let own = usize::from(side == Server);
    let first = talk.seq[own];
    let from = talk.segments.len();
    let mut at = 0;
    while at < bytes.len() {
        let nth = talk.segments.len();
        let end = bytes.len().min(at + wire.sizes[nth % wire.sizes.len()]);
        talk.segment(side, ACK, &bytes[at..end]);
        at = end;
    }
    let mut cut: Vec<(usize, Segment)> = talk.segments.drain(from..).enumerate().collect();
    for nth in 0..cut.len() {
        let (place, segment) = cut[nth].clone();
        cut[nth].0 = place + wire.late[nth % wire.late.len()];
        if let Some((back, later)) = wire.copies[nth % wire.copies.len()] {
            let start = segment.seq.wrapping_sub(first) as usize;
            let begin = start.saturating_sub(back);
            let payload = bytes[begin..start + segment.payload.len()].to_vec();
            let copy = Segment { seq: first.wrapping_add(begin as u32), payload, ..segment };
            cut.push((place + later, copy));
        }
    }
    cut.sort_by_key(|(place, _)| *place);
    let time = cut.iter().map(|(_, segment)| segment.time).min().unwrap_or(talk.time);
    for (index, (_, mut segment)) in cut.into_iter().enumerate() {
        segment.time = time + index as i64;
        talk.segments.push(segment);
    }
}
