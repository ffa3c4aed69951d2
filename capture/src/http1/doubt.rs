//! What is kept while a count may be wrong, and the rests of a client, which prove it: by then it has all its answers.
//!
//! Were a request on its way that nobody saw, the server would work on it during the rest, and end soon after the next
//! request arrived, whenever that is. One such chance is likely enough, two with rests of different lengths are not.

use std::collections::VecDeque;

use super::slot::Slot;
use crate::Timestamp;

/// A rest is as many times as long as the exchange behind it, or before it, and so many microseconds.
const TIMES: i64 = 6;
const SHORTEST: i64 = 1_000;

/// What is withheld while the count may be wrong.
#[derive(Debug, Default)]
pub(super) struct Doubt {
    /// The pairs made since it began, in order.
    pub(super) withheld: VecDeque<Slot>,
    /// How many of them were made before the client was last seen to have caught up, and how often it was.
    pub(super) before: usize,
    pub(super) caught_up: u32,
    /// How many of them rests proved before the count began again.
    pub(super) proven: usize,
    /// Whether responses may have passed by since that nobody counted.
    pub(super) broken: bool,
    pub(super) rests: Rests,
}

/// What rests a client was seen to take since its count began.
#[derive(Debug, Default)]
pub(super) struct Rests {
    /// Where the latest answer ended, and how long its exchange took.
    latest: Option<(Timestamp, i64)>,
    /// The first rest, in microseconds.
    first: Option<i64>,
    /// Two of different lengths were seen.
    two: bool,
}

impl Rests {
    /// Notes a pair, the one after the latest.
    pub(super) fn note(&mut self, pair: &Slot) {
        let Some((answer, _)) = &pair.answer else { return };
        let asked = pair.extent.earliest;
        let took = answer.latest.0.saturating_sub(asked.0).max(0);
        let before = self.latest.replace((answer.latest, took));
        let Some(rest) = before.map(|(end, _)| asked.0.saturating_sub(end.0)).filter(|rest| is_rest(*rest, took))
        else {
            return;
        };
        let first = *self.first.get_or_insert(rest);
        // Half as long again, so that no fixed delay of the network or the server makes both.
        self.two |= rest.max(first) / 3 >= rest.min(first) / 2;
    }

    /// Whether they prove the count.
    pub(super) fn prove(&self) -> bool {
        self.two
    }

    /// Whether the client rested from its latest answer until the connection ended.
    pub(super) fn last_until(&self, end: Timestamp) -> bool {
        self.latest.is_some_and(|(answer, took)| is_rest(end.0.saturating_sub(answer.0), took))
    }
}

fn is_rest(length: i64, took: i64) -> bool {
    length >= took.saturating_mul(TIMES).max(SHORTEST)
}
