//! Hops: one request that an input sees on several servers, because a proxy passes it on. The outermost is the exchange.
//!
//! Anybody can send an id, so that an id alone is never believed. What has the same id and the same method, path, query,
//! body and status, from another client to another server, within the time of the other, may be a hop; it is one where
//! its client is the other's server, or where at least half of what its server is asked for lies so within what the other
//! server is asked for. Each exchange has at most one hop at a server: two requests in a race stay two.

use std::collections::{BTreeMap, BTreeSet};

use super::Call;
use super::ledger::Ledger;
use super::same::PutTogether;
use super::sight::{CLIENT, REQUEST_ID, Sight, TRACE_ID};
use crate::pipeline::PipelineError;

/// Fewest exchanges of a server that show that another passes on to it.
const LEAST: u64 = 3;
/// Most servers that one id of one call is looked for at.
const SERVERS: usize = 16;
/// Exchanges looked at for one hop.
const LOOKED_AT: usize = 512;

/// An input, the server that passes on, and the one that is passed to.
type Link = (u32, u64, u64);

/// What is known of servers that pass requests on.
pub(super) struct Hops {
    /// Exchanges that may be hops, by link.
    nested: BTreeMap<Link, u64>,
    /// Exchanges by input and server: those with an id, and of the others those that may change something.
    asked: BTreeMap<(u32, u64), u64>,
    /// Whether any comes from the very server that it would be passed on by.
    direct: bool,
}

impl Hops {
    /// Nothing yet but the exchanges without ids.
    pub(super) fn new(ledgers: &[Ledger]) -> Self {
        let mut asked = BTreeMap::new();
        for (server, count) in ledgers.iter().flat_map(|ledger| &ledger.unnamed) {
            *asked.entry(*server).or_default() += count;
        }
        Hops { nested: BTreeMap::new(), asked, direct: false }
    }

    /// Counts the sights of one call.
    pub(super) fn count(&mut self, call: Call<'_>) {
        for (_, sight) in call.iter().filter(|(_, sight)| [REQUEST_ID, TRACE_ID].iter().any(|id| sight.value(*id) != 0))
        {
            *self.asked.entry((sight.unit, sight.served)).or_default() += 1;
        }
        let mut seen = BTreeSet::new();
        each_nested(call, |link, inner, outer| {
            self.direct |= is_direct(inner.1, outer.1);
            // Both ids may show one hop.
            if seen.insert((link, inner.0)) {
                *self.nested.entry(link).or_default() += 1;
            }
        });
    }

    /// Whether there may be any.
    pub(super) fn are_seen(&self) -> bool {
        self.direct || self.nested.keys().any(|link| self.passes_on(*link))
    }

    /// Leaves out the hops of one call, and keeps the outermost of each.
    pub(super) fn collapse(&self, call: Call<'_>, put_together: &mut PutTogether<'_>) -> Result<(), PipelineError> {
        // By the inner one: how long the outer one takes, and which it is.
        let mut parents: BTreeMap<usize, (i64, usize)> = BTreeMap::new();
        each_nested(call, |link, inner, outer| {
            let (_, from, to) = link;
            let one_way = is_direct(inner.1, outer.1) && !is_direct(outer.1, inner.1);
            let believed = is_direct(inner.1, outer.1) || self.passes_on(link);
            if believed && (one_way || self.rank(link) > self.rank((link.0, to, from))) {
                let parent = (outer.1.over.saturating_sub(outer.1.time), outer.0);
                parents.entry(inner.0).and_modify(|known| *known = (*known).min(parent)).or_insert(parent);
            }
        });
        let mut hops: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for inner in parents.keys() {
            if let Some(root) = outermost(*inner, &parents) {
                hops.entry(root).or_default().push(*inner);
            }
        }
        for (kept, inner) in hops {
            let Some(kept) = call.get(kept) else { continue };
            let inner: Vec<_> = inner.into_iter().filter_map(|index| call.get(index)).collect();
            put_together.keep(kept, &inner)?;
        }
        Ok(())
    }

    /// Whether at least half of what a server is asked for is passed on by the other.
    fn passes_on(&self, link: Link) -> bool {
        let nested = self.nested.get(&link).copied().unwrap_or(0);
        let asked = self.asked.get(&(link.0, link.2)).copied().unwrap_or(0);
        nested >= LEAST && nested.saturating_mul(2) >= asked
    }

    /// Which of two servers is the outer one, where coarse clocks do not tell: it is asked for more.
    fn rank(&self, (unit, from, to): Link) -> (u64, u64, u64) {
        let nested = self.nested.get(&(unit, from, to)).copied().unwrap_or(0);
        (nested, self.asked.get(&(unit, from)).copied().unwrap_or(0), from)
    }
}

/// The exchange that nothing passed on; `None` where they pass on in a circle.
fn outermost(inner: usize, parents: &BTreeMap<usize, (i64, usize)>) -> Option<usize> {
    let mut at = inner;
    for _ in 0..SERVERS {
        let Some((_, parent)) = parents.get(&at) else { return Some(at) };
        at = *parent;
    }
    None
}

/// Whether one server's request came from the other server.
fn is_direct(inner: &Sight, outer: &Sight) -> bool {
    outer.server != 0 && inner.value(CLIENT) == outer.server
}

/// Tells of every sight that may be a hop of another, at most one at each server: the link, the inner and the outer one
/// with their places in the call.
fn each_nested(call: Call<'_>, mut tell: impl FnMut(Link, (usize, &Sight), (usize, &Sight))) {
    for place in [REQUEST_ID, TRACE_ID] {
        let mut named: BTreeMap<(u32, u64), BTreeMap<u64, Vec<usize>>> = BTreeMap::new();
        for (index, (_, sight)) in call.iter().enumerate() {
            if sight.value(place) != 0 && sight.served != 0 {
                let servers = named.entry((sight.unit, sight.value(place))).or_default();
                servers.entry(sight.served).or_default().push(index);
            }
        }
        for ((unit, _), servers) in named.into_iter().filter(|(_, servers)| (2..=SERVERS).contains(&servers.len())) {
            for (from, outer) in &servers {
                for (to, inner) in servers.iter().filter(|(to, _)| *to != from) {
                    for (inner, outer) in nest(call, inner, outer) {
                        tell((unit, *from, *to), inner, outer);
                    }
                }
            }
        }
    }
}

/// A sight of a call, and its place there.
type Placed<'a> = (usize, &'a Sight);

/// Each inner sight with the outer one that it lies in, one to one. Both come in the order of their times: of those that
/// have begun, the one that is over soonest leaves the most for what begins later.
fn nest<'a>(call: Call<'a>, inner: &[usize], outer: &[usize]) -> Vec<(Placed<'a>, Placed<'a>)> {
    let sights = |indices: &[usize]| -> Vec<Placed<'a>> {
        indices.iter().filter_map(|index| Some((*index, &call.get(*index)?.1))).collect()
    };
    let (inner, outer) = (sights(inner), sights(outer));
    let mut waiting = outer.iter().peekable();
    let mut begun: BTreeMap<(i64, usize), &'a Sight> = BTreeMap::new();
    let mut nested = Vec::new();
    for (index, hop) in inner {
        while let Some((at, sight)) =
            waiting.next_if(|(_, sight)| sight.time.saturating_sub(slack(sight, hop)) <= hop.time)
        {
            begun.insert((sight.over, *at), sight);
        }
        let from = (hop.over.saturating_sub(hop.tick.saturating_mul(2)), 0);
        let fits = begun.range(from..).take(LOOKED_AT).find(|(_, sight)| is_hop_of(hop, sight));
        if let Some((key, sight)) = fits.map(|(key, sight)| (*key, *sight)) {
            begun.remove(&key);
            nested.push(((index, hop), (key.1, sight)));
        }
    }
    nested
}

/// What a tick of the clocks may add or take.
fn slack(one: &Sight, other: &Sight) -> i64 {
    one.tick.max(other.tick)
}

/// Whether all that is known of two sights of one id speaks for it.
fn is_hop_of(inner: &Sight, outer: &Sight) -> bool {
    let slack = slack(inner, outer);
    let within = outer.time.saturating_sub(slack) <= inner.time && inner.over <= outer.over.saturating_add(slack);
    let same = |one: u64, other: u64| one == 0 || other == 0 || one == other;
    let answered = inner.status == outer.status || inner.status == 0;
    let clients = [inner, outer].map(|sight| sight.value(CLIENT));
    let apart = clients.contains(&0) || clients[0] != clients[1] || is_direct(inner, outer);
    within && apart && answered && inner.query == outer.query && same(inner.asked, outer.asked)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const EDGE: u64 = 1;
    const INNER: u64 = 2;

    fn sight(served: u64, time: i64, over: i64) -> (usize, Sight) {
        let mut sight = Sight { served, time, over, tick: 1, status: 200, ..Sight::default() };
        sight.traits[REQUEST_ID] = 7;
        (0, sight)
    }

    fn hops(call: Call<'_>) -> Vec<(usize, usize)> {
        let mut found = Vec::new();
        each_nested(call, |(_, from, _), inner, outer| found.extend((from == EDGE).then_some((inner.0, outer.0))));
        found
    }

    #[test]
    fn an_id_alone_makes_no_hop() {
        let call = |change: fn(&mut Sight)| {
            let mut call = [sight(EDGE, 0, 100), sight(INNER, 10, 90)];
            call[0].1.traits[CLIENT] = 5;
            (call[0].1.server, call[1].1.traits[CLIENT]) = (6, 6);
            (call[0].1.asked, call[1].1.asked) = (8, 8);
            change(&mut call[1].1);
            call
        };
        assert_eq!(hops(&call(|_| ())), [(1, 0)]);
        let others: [fn(&mut Sight); 9] = [
            |inner| inner.traits[REQUEST_ID] = 8,
            |inner| inner.served = EDGE,
            |inner| inner.traits[CLIENT] = 5,
            |inner| inner.over = 110,
            |inner| inner.time = -10,
            |inner| inner.query = 1,
            |inner| inner.asked = 9,
            |inner| inner.status = 409,
            |inner| inner.unit = 1,
        ];
        for other in others {
            assert_eq!(hops(&call(other)), []);
        }
    }

    #[test]
    fn one_that_comes_from_the_server_is_believed_at_once_and_others_by_their_number() {
        let pair = |client: u64| {
            let mut call = [sight(EDGE, 0, 100), sight(INNER, 10, 90)];
            call[0].1.server = 6;
            call[1].1.traits[CLIENT] = client;
            call
        };
        let seen = |calls: &[[(usize, Sight); 2]], unnamed: u64| {
            let mut hops = Hops::new(&[]);
            hops.asked.insert((0, INNER), unnamed);
            calls.iter().for_each(|call| hops.count(call));
            hops.are_seen()
        };
        assert!(seen(&[pair(6)], 100));
        assert!(!seen(&[pair(4), pair(4)], 0));
        assert!(seen(&[pair(4), pair(4), pair(4)], 3));
        assert!(!seen(&[pair(4), pair(4), pair(4)], 4));
    }

    /// The most hops, by trying everything.
    fn oracle(inner: &[(i64, i64)], outer: &[(i64, i64)], used: &mut Vec<bool>) -> usize {
        let Some(((from, to), rest)) = inner.split_first() else { return 0 };
        let mut best = oracle(rest, outer, used);
        for (index, (begin, end)) in outer.iter().enumerate() {
            if !used[index] && begin - 1 <= *from && to - 1 <= *end {
                used[index] = true;
                best = best.max(1 + oracle(rest, outer, used));
                used[index] = false;
            }
        }
        best
    }

    proptest! {
        #[test]
        fn as_many_hops_are_found_as_can_be(
            mut inner in proptest::collection::vec((0_i64..12, 1_i64..8), 0..6),
            mut outer in proptest::collection::vec((0_i64..12, 1_i64..8), 0..6),
        ) {
            for spans in [&mut inner, &mut outer] {
                spans.sort_unstable();
                spans.iter_mut().for_each(|(from, length)| *length += *from);
            }
            let at = |server: u64, spans: &[(i64, i64)]| spans.iter().map(move |(a, b)| sight(server, *a, *b)).collect::<Vec<_>>();
            let call: Vec<_> = at(EDGE, &outer).into_iter().chain(at(INNER, &inner)).collect();
            let found = hops(&call);
            prop_assert_eq!(found.len(), oracle(&inner, &outer, &mut vec![false; outer.len()]));
            let (inside, around): (BTreeSet<_>, BTreeSet<_>) = found.iter().copied().unzip();
            prop_assert!(inside.len() == found.len() && around.len() == found.len());
        }
    }
}
