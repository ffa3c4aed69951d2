//! Hops: one request that an input sees on several servers, because a proxy passes it on. The outermost is the exchange.
//!
//! Anybody can send an id, so that an id alone is never believed. What has the same id and the same method, path, query,
//! body and status, from another client to another server, within the time of the other, may be a hop; it is one where
//! its client is the other's server, or where at least half of what its server is asked for lies so within what the other
//! server is asked for. Each exchange has at most one hop at a server: two requests in a race stay two. What has no id is
//! looked at in [`passed`](super::passed).

use std::collections::{BTreeMap, BTreeSet};

use super::Call;
use super::ledger::Ledger;
use super::passed::{Passed, alike};
use super::same::PutTogether;
use super::sight::{REQUEST_ID, Sight, TRACE_ID};
use crate::pipeline::PipelineError;

/// Fewest exchanges of a server that show that another passes on to it.
pub(super) const LEAST: u64 = 3;
/// Most servers that one id of one call is looked for at.
pub(super) const SERVERS: usize = 16;
/// Exchanges looked at for one hop.
const LOOKED_AT: usize = 512;

/// An input, the server that passes on, and the one that is passed to.
pub(super) type Link = (u32, u64, u64);

/// A sight that may be a hop of another, by their places in the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Nested {
    pub(super) link: Link,
    pub(super) inner: usize,
    pub(super) outer: usize,
}

/// What is known of servers that pass requests on.
pub(super) struct Hops {
    /// Exchanges of one id that may be hops, by link.
    nested: BTreeMap<Link, u64>,
    /// Exchanges by input and server: those with an id, and of the others those that may change something.
    asked: BTreeMap<(u32, u64), u64>,
    /// Whether any comes from the very server that it would be passed on by.
    direct: bool,
    /// What is known of those without ids.
    passed: Passed,
}

impl Hops {
    /// Nothing yet but how much each server is asked.
    pub(super) fn new(ledgers: &[Ledger]) -> Self {
        let mut asked = BTreeMap::new();
        for (server, count) in ledgers.iter().flat_map(|ledger| &ledger.asked) {
            *asked.entry(*server).or_default() += count;
        }
        Hops { nested: BTreeMap::new(), asked, direct: false, passed: Passed::new(ledgers) }
    }

    /// Counts the sights of one call.
    pub(super) fn count(&mut self, call: Call<'_>) {
        let named = named(call);
        for found in &named {
            self.direct |= is_direct(call, found);
            *self.nested.entry(found.link).or_default() += 1;
        }
        self.passed.count(call, &alike(call, &named));
    }

    /// Whether there may be any.
    pub(super) fn are_seen(&self) -> bool {
        self.direct || self.passed.are_seen() || self.nested.keys().any(|link| self.passes_on(*link))
    }

    /// Leaves out the hops of one call, and keeps the outermost of each.
    pub(super) fn collapse(&self, call: Call<'_>, put_together: &mut PutTogether<'_>) -> Result<(), PipelineError> {
        let named = named(call);
        let mut hops = alike(call, &named);
        hops.retain(|found| self.passed.believes(call, found));
        hops.extend(named.into_iter().filter(|found| self.believes(call, found)));
        // By the inner one: how long the outer one takes, and which it is.
        let mut parents: BTreeMap<usize, (i64, usize)> = BTreeMap::new();
        for found in next_hops(&hops) {
            let Some((_, outer)) = call.get(found.outer) else { continue };
            let parent = (outer.over.saturating_sub(outer.time), found.outer);
            parents.entry(found.inner).and_modify(|known| *known = (*known).min(parent)).or_insert(parent);
        }
        let mut hops: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for inner in parents.keys() {
            if let Some(root) = outermost(*inner, &parents) {
                hops.entry(root).or_insert_with(|| vec![root]).push(*inner);
            }
        }
        for hops in hops.into_values() {
            let mut rest: Vec<_> = hops.into_iter().filter_map(|index| call.get(index)).collect();
            // The outermost, but where a proxy changes paths, one of which is known what it calls.
            let kept = rest.iter().position(|(_, sight)| sight.known).unwrap_or(0);
            if kept < rest.len() {
                put_together.keep(rest.remove(kept), &rest)?;
            }
        }
        Ok(())
    }

    /// Whether one that may be a hop by its id is believed to be.
    fn believes(&self, call: Call<'_>, found: &Nested) -> bool {
        let direct = is_direct(call, found);
        let back = Nested { inner: found.outer, outer: found.inner, ..*found };
        let one_way = direct && !is_direct(call, &back);
        let (unit, from, to) = found.link;
        (direct || self.passes_on(found.link)) && (one_way || self.rank(found.link) > self.rank((unit, to, from)))
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

/// Hops but those that their own hop at another server did not come to: each was given one at every server, and of two
/// alike the one that came there past the server between is somebody's own request.
fn next_hops(hops: &[Nested]) -> impl Iterator<Item = &Nested> {
    let mut by_outer: BTreeMap<usize, BTreeMap<u64, usize>> = BTreeMap::new();
    for found in hops {
        by_outer.entry(found.outer).or_default().insert(found.link.2, found.inner);
    }
    hops.iter().filter(move |found| {
        let to = found.link.2;
        let mut between = by_outer.get(&found.outer).into_iter().flatten().filter(|(server, _)| **server != to);
        let others =
            |hop: &usize| by_outer.get(hop).and_then(|own| own.get(&to)).is_some_and(|own| *own != found.inner);
        !between.any(|(_, hop)| others(hop))
    })
}

/// Whether one server's request came from the other server.
fn is_direct(call: Call<'_>, found: &Nested) -> bool {
    let [inner, outer] = [found.inner, found.outer].map(|index| call.get(index).map(|(_, sight)| sight));
    inner.zip(outer).is_some_and(|(inner, outer)| comes_from(inner, outer))
}

fn comes_from(inner: &Sight, outer: &Sight) -> bool {
    outer.server != 0 && inner.peer == outer.server
}

/// Every sight that may be a hop of another by its id, once for each other server and at most one at each.
fn named(call: Call<'_>) -> Vec<Nested> {
    let (mut found, mut seen) = (Vec::new(), BTreeSet::new());
    for place in [REQUEST_ID, TRACE_ID] {
        let mut named: BTreeMap<(u32, u64), BTreeMap<u64, Vec<usize>>> = BTreeMap::new();
        for (index, (_, sight)) in call.iter().enumerate().filter(|(_, (_, sight))| sight.prefix == 0) {
            if sight.value(place) != 0 && sight.served != 0 {
                let servers = named.entry((sight.unit, sight.value(place))).or_default();
                servers.entry(sight.served).or_default().push(index);
            }
        }
        for ((unit, _), servers) in named.into_iter().filter(|(_, servers)| (2..=SERVERS).contains(&servers.len())) {
            for (from, outer) in &servers {
                for (to, inner) in servers.iter().filter(|(to, _)| *to != from) {
                    let link = (unit, *from, *to);
                    let pairs = nest(call, inner, outer, is_hop_of).into_iter();
                    let nested = pairs.map(|(inner, outer)| Nested { link, inner, outer });
                    // Both ids may show one hop.
                    found.extend(nested.filter(|found| seen.insert((found.link, found.inner))));
                }
            }
        }
    }
    found
}

/// A sight of a call, and its place there.
type Placed<'a> = (usize, &'a Sight);

/// Each inner sight with the outer one that it lies in and that fits, one to one. Both come in the order of their times: of
/// those that have begun, the one that is over soonest leaves the most for what begins later.
pub(super) fn nest<'a>(
    call: Call<'a>,
    inner: &[usize],
    outer: &[usize],
    is_hop_of: impl Fn(&Sight, &Sight) -> bool,
) -> Vec<(usize, usize)> {
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
        if let Some(key) = fits.map(|(key, _)| *key) {
            begun.remove(&key);
            nested.push((index, key.1));
        }
    }
    nested
}

/// What a tick of the clocks may add or take.
pub(super) fn slack(one: &Sight, other: &Sight) -> i64 {
    one.tick.max(other.tick)
}

/// Whether all that is known of two sights of one id speaks for it.
pub(super) fn is_hop_of(inner: &Sight, outer: &Sight) -> bool {
    let slack = slack(inner, outer);
    let within = outer.time.saturating_sub(slack) <= inner.time && inner.over <= outer.over.saturating_add(slack);
    let same = |one: u64, other: u64| one == 0 || other == 0 || one == other;
    let answered = inner.status == outer.status || inner.status == 0;
    let apart = inner.peer == 0 || outer.peer == 0 || inner.peer != outer.peer || comes_from(inner, outer);
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
        found.extend(named(call).iter().filter(|found| found.link.1 == EDGE).map(|found| (found.inner, found.outer)));
        found
    }

    #[test]
    fn an_id_alone_makes_no_hop() {
        let call = |change: fn(&mut Sight)| {
            let mut call = [sight(EDGE, 0, 100), sight(INNER, 10, 90)];
            call[0].1.peer = 5;
            (call[0].1.server, call[1].1.peer) = (6, 6);
            (call[0].1.asked, call[1].1.asked) = (8, 8);
            change(&mut call[1].1);
            call
        };
        assert_eq!(hops(&call(|_| ())), [(1, 0)]);
        let others: [fn(&mut Sight); 9] = [
            |inner| inner.traits[REQUEST_ID] = 8,
            |inner| inner.served = EDGE,
            |inner| inner.peer = 5,
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
            call[1].1.peer = client;
            call
        };
        let seen = |calls: &[[(usize, Sight); 2]], unnamed: u64| {
            let mut hops = Hops::new(&[]);
            hops.asked.insert((0, INNER), unnamed + calls.len() as u64);
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
