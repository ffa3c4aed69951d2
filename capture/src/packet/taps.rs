//! Taps: which ends each interface of a capture shows, so that what one of them dropped hides no more than it shows.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::pcapng::Loss;
use crate::output::Output;
use crate::tcp::{Ends, Frame, Seen};
use crate::{Endpoint, Timestamp};

/// Most ends that are remembered of all interfaces. Beyond, what any of them dropped may be anything.
const ENDS: usize = 1 << 16;
/// Most stretches of one interface that are told apart, and most servers whose requests may be among what was dropped.
const STRETCHES: usize = 256;
const SERVERS: usize = 64;

/// An interface: the capture, and its number there.
pub(super) type Tap = (usize, u32);

/// The interfaces of captures that tell them.
#[derive(Default)]
pub(super) struct Taps {
    /// Whose packet is taken apart.
    pub(super) current: Option<Tap>,
    seen: BTreeMap<Tap, HashSet<Endpoint>>,
    ends: usize,
    dropped: BTreeMap<Tap, Vec<(Timestamp, Timestamp)>>,
}

impl Taps {
    /// Notes between whom a packet goes.
    pub(super) fn add(&mut self, ends: &Ends) {
        let Some(tap) = self.current.filter(|_| self.ends < ENDS) else { return };
        let seen = self.seen.entry(tap).or_default();
        let before = seen.len();
        seen.extend(ends.endpoints());
        self.ends += seen.len() - before;
    }

    /// Notes when an interface dropped packets.
    pub(super) fn dropped(&mut self, input: usize, loss: &Loss) {
        let stretches = self.dropped.entry((input, loss.number)).or_default();
        if stretches.len() < STRETCHES {
            stretches.push((loss.from, loss.to));
        } else if let Some((from, to)) = stretches.last_mut() {
            (*from, *to) = (loss.from.min(*from), loss.to.max(*to));
        }
    }

    /// Hands on what may have been dropped: requests to the servers that the interface shows, where others of the capture
    /// that dropped nothing show the rest; else to any.
    pub(super) fn finish(self, out: &mut Output<'_>) {
        for ((input, number), stretches) in &self.dropped {
            // They may have been anywhere in that time.
            let frame = Frame { input: *input as u32, number: 1, offset: 0 };
            let servers = self.servers((*input, *number), out);
            for (from, to) in stretches {
                for server in &servers {
                    out.blind_spot(*server, *from, Seen { time: *to, frame });
                }
            }
        }
    }

    fn servers(&self, tap: Tap, out: &Output<'_>) -> BTreeSet<Option<Endpoint>> {
        let seen = self.seen.get(&tap).filter(|_| self.ends < ENDS);
        let servers = seen.into_iter().flatten().filter(|end| out.is_server(**end) == Some(true));
        let servers: BTreeSet<Option<Endpoint>> = servers.map(|end| Some(*end)).collect();
        let known = (1..=SERVERS).contains(&servers.len()) && self.are_whole_elsewhere(tap, out);
        if known { servers } else { BTreeSet::from([None]) }
    }

    /// Whether all servers that a tap does not show, of which there are some, are shown by taps of its capture that dropped
    /// nothing. The files of a rotation are captures of one tap: another file shows nothing of it.
    fn are_whole_elsewhere(&self, tap: Tap, out: &Output<'_>) -> bool {
        let own = self.seen.get(&tap);
        let is_whole = |other: &&Tap| other.0 == tap.0 && !self.dropped.contains_key(other);
        let whole: HashSet<Endpoint> =
            self.seen.iter().filter(|(other, _)| is_whole(other)).flat_map(|(_, seen)| seen).copied().collect();
        let is_rest =
            |end: &&Endpoint| out.is_server(**end) != Some(false) && !own.is_some_and(|own| own.contains(*end));
        let mut rest = self.seen.values().flatten().filter(is_rest).peekable();
        rest.peek().is_some() && rest.all(|end| whole.contains(end))
    }
}
