//! Hops that no id shows: a request that was passed on as it came, answered as it was passed back.
//!
//! Anybody can send the same request twice, so that sameness alone is never believed either. What a proxy passes on goes to
//! it before it goes on, and comes back to the client after it came back: [`is_passed_on`] asks that of the first and last
//! byte of both messages, and that the request comes from where the proxy is. A machine that is neither the client's nor
//! the server's proves that at once. Where all are one machine the proxy must be seen to pass on half of what it takes.
//! Each exchange has at most one hop at a server: who sends a request past the proxy while the same is passed on sent two.

use std::collections::{BTreeMap, BTreeSet};

use super::Call;
use super::hop::{Link, Nested, SERVERS, is_without_answer};
use super::ledger::Ledger;
use super::nest::{Looks, nest, nest_outlasting, slack};
use super::sight::{NOBODY, REQUEST_ID, Sight, TRACE_ID, USER};
use super::streams::Streams;

/// Fewest exchanges that show that a server passes on what is the same in all.
const LEAST: u64 = 3;
/// Most links whose exchanges are counted; what a proxy does to paths is told of few.
const MOST_ROUTES: usize = 1 << 12;

/// A link, and what the paths begin with before and behind it, where that differs.
type Route = (Link, [u64; 2]);

/// What is known of servers that pass requests on without ids.
#[derive(Default)]
pub(super) struct Passed {
    /// Exchanges that may be hops, by route.
    nested: BTreeMap<Route, u64>,
    /// Exchanges that have such a hop, by stream, server and whether they may change something.
    passed_on: BTreeMap<(u32, u64, bool), u64>,
    /// All that were not refused.
    taken: BTreeMap<(u32, u64, bool), u64>,
}

impl Passed {
    /// Nothing but how much each server took.
    pub(super) fn new(ledgers: &[Ledger], streams: &Streams) -> Self {
        let mut passed = Passed::default();
        for ((unit, served, changes), count) in ledgers.iter().flat_map(|ledger| &ledger.taken) {
            *passed.taken.entry((streams.of_unit(*unit), *served, *changes)).or_default() += count;
        }
        passed
    }

    /// Counts what may be a hop among the sights of one call.
    pub(super) fn count(&mut self, call: Call<'_>, nested: &[Nested]) {
        let mut outer = BTreeSet::new();
        for found in nested {
            let Some((_, sight)) = call.get(found.outer) else { continue };
            let Some(route) = route(call, found) else { continue };
            if self.nested.len() < MOST_ROUTES || self.nested.contains_key(&route) {
                *self.nested.entry(route).or_default() += 1;
            }
            if sight.status < 400 && outer.insert(found.outer) {
                *self.passed_on.entry((sight.stream, sight.served, sight.changes)).or_default() += 1;
            }
        }
    }

    /// Whether there may be any.
    pub(super) fn are_seen(&self) -> bool {
        !self.nested.is_empty()
    }

    /// Whether one that may be a hop is believed to be.
    pub(super) fn believes(&self, call: Call<'_>, found: &Nested) -> bool {
        let [Some((_, inner)), Some((_, outer))] = [found.inner, found.outer].map(|index| call.get(index)) else {
            return false;
        };
        let Some(route) = route(call, found) else { return false };
        let often = self.nested.get(&route).is_some_and(|count| *count >= LEAST);
        let as_it_is = inner.prefix == outer.prefix;
        let between = inner.peer == outer.server && outer.peer != outer.server;
        if between {
            return as_it_is || often;
        }
        let (unit, from, to) = found.link;
        often && self.passes_on(unit, from) && self.between((unit, from, to)) > self.between((unit, to, from))
    }

    /// Whether a server is seen to pass on half of what may change something; of what may not, if it takes nothing else.
    fn passes_on(&self, unit: u32, from: u64) -> bool {
        let of = |changes: bool| {
            let count = |counts: &BTreeMap<_, u64>| counts.get(&(unit, from, changes)).copied().unwrap_or(0);
            (count(&self.passed_on), count(&self.taken))
        };
        let (passed_on, taken) = if of(true).1 > 0 { of(true) } else { of(false) };
        passed_on.saturating_mul(2) >= taken
    }

    fn between(&self, link: Link) -> u64 {
        let routes = self.nested.range((link, [0; 2])..=(link, [u64::MAX; 2]));
        routes.map(|(_, count)| count).sum()
    }
}

fn route(call: Call<'_>, found: &Nested) -> Option<Route> {
    Some((found.link, [call.get(found.outer)?.1.prefix, call.get(found.inner)?.1.prefix]))
}

/// Sights that may be hops of others by what they are, one to one between two servers, but for those that an id tells.
pub(super) fn alike(call: Call<'_>, named: &[Nested]) -> Vec<Nested> {
    let mut contents: BTreeMap<(u32, u64), BTreeMap<u64, Vec<usize>>> = BTreeMap::new();
    for (index, (_, sight)) in call.iter().enumerate().filter(|(_, (_, sight))| sight.content != 0 && sight.served != 0)
    {
        let servers = contents.entry((sight.stream, sight.content)).or_default();
        servers.entry(sight.served).or_default().push(index);
    }
    let have: BTreeSet<(u64, usize)> = named.iter().map(|found| (found.link.2, found.outer)).collect();
    let are: BTreeSet<(u64, usize)> = named.iter().map(|found| (found.link.1, found.inner)).collect();
    let mut nested = Vec::new();
    for ((unit, _), servers) in contents.into_iter().filter(|(_, servers)| (2..=SERVERS).contains(&servers.len())) {
        let mut looks = Looks::among(servers.values());
        for (from, outer) in &servers {
            for (to, inner) in servers.iter().filter(|(to, _)| *to != from) {
                let outer: Vec<usize> = outer.iter().copied().filter(|index| !have.contains(&(*to, *index))).collect();
                let inner: Vec<usize> = inner.iter().copied().filter(|index| !are.contains(&(*from, *index))).collect();
                // Who asked is part of the content.
                let pairs = nest(call, [&inner, &outer], &mut looks, |_| NOBODY, is_passed_on);
                let link = (unit, *from, *to);
                nested.extend(pairs.into_iter().map(|(inner, outer)| Nested { link, inner, outer }));
            }
        }
    }
    nested
}

/// Outer sights that gave up, with what their server had asked for by then; those among `nested` are taken.
pub(super) fn given_up(call: Call<'_>, nested: &[&[Nested]]) -> Vec<Nested> {
    let taken = || nested.iter().copied().flatten();
    let have: BTreeSet<(u64, usize)> = taken().map(|found| (found.link.2, found.outer)).collect();
    let are: BTreeSet<usize> = taken().map(|found| found.inner).collect();
    let mut asked: BTreeMap<(u32, u64), Vec<usize>> = BTreeMap::new();
    let gave_up = |sight: &Sight| is_without_answer(sight) && sight.asks != 0 && sight.served != 0;
    for (index, (_, sight)) in call.iter().enumerate().filter(|(_, (_, sight))| gave_up(sight)) {
        asked.entry((sight.stream, sight.asks)).or_default().push(index);
    }
    let mut alike: BTreeMap<(u32, u64), BTreeMap<u64, Vec<usize>>> = BTreeMap::new();
    for (index, (_, sight)) in call.iter().enumerate().filter(|(index, _)| !are.contains(index)) {
        if sight.served != 0 && asked.contains_key(&(sight.stream, sight.asks)) {
            let servers = alike.entry((sight.stream, sight.asks)).or_default();
            servers.entry(sight.served).or_default().push(index);
        }
    }
    let mut found = Vec::new();
    for ((stream, asks), servers) in alike.into_iter().filter(|(_, servers)| servers.len() <= SERVERS) {
        let outer = asked.get(&(stream, asks)).map_or(&[][..], Vec::as_slice);
        let mut looks = Looks::among(servers.values());
        for (to, inner) in &servers {
            let mut by_server: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
            for index in outer.iter().filter(|index| !have.contains(&(*to, **index))) {
                let served = call.get(*index).map_or(0, |(_, sight)| sight.served);
                by_server.entry(served).or_default().push(*index);
            }
            for (from, outer) in by_server.into_iter().filter(|(from, _)| from != to) {
                let pairs = nest_outlasting(call, [inner, &outer], &mut looks, |_| NOBODY, outlasts);
                found.extend(pairs.into_iter().map(|(inner, outer)| Nested {
                    link: (stream, from, *to),
                    inner,
                    outer,
                }));
            }
        }
    }
    found
}

/// Whether one sight may be what the server of another passed on.
pub(super) fn is_passed_on(inner: &Sight, outer: &Sight) -> bool {
    let answered =
        is_before(inner.answered, outer.answered, [inner, outer]) && is_before(inner.over, outer.over, [inner, outer]);
    inner.content != 0 && inner.content == outer.content && answered && may_come_from(inner, outer)
}

/// Whether all speaks for it but that the server of the outer one gave up before it was answered, if it was.
pub(super) fn outlasts(inner: &Sight, outer: &Sight) -> bool {
    let both = [inner, outer];
    // Of what nobody answered, only what was answered behind it says more.
    let answered = match inner.status {
        0 => outer.status != 0,
        status => status != outer.status && is_before(outer.answered, inner.over, both),
    };
    let alike = inner.asks != 0 && inner.asks == outer.asks;
    let waited_for = is_before(inner.time, outer.waits_until(), both);
    is_without_answer(outer) && alike && waited_for && answered && may_come_from(inner, outer)
}

/// Whether one instant is before another, as far as the clocks of two sights tell.
fn is_before(one: i64, other: i64, [inner, outer]: [&Sight; 2]) -> bool {
    one.saturating_sub(slack(inner, outer)) <= other
}

/// Whether a request may come from the server of another, which had all of that when it sent all of this.
fn may_come_from(inner: &Sight, outer: &Sight) -> bool {
    let both = [inner, outer];
    let sent = is_before(outer.time, inner.time, both) && is_before(outer.sent, inner.sent, both);
    let same = |place: usize| {
        let (one, other) = (inner.value(place), outer.value(place));
        one == 0 || other == 0 || one == other
    };
    // A machine that is seen to speak to itself is the one that captures, and goes by its other addresses too.
    let from_there = outer.server != 0 && (inner.peer == outer.server || inner.local);
    let elsewhere = inner.served != 0 && outer.served != 0 && inner.served != outer.served;
    let otherwise = inner.prefix != outer.prefix || inner.prefix == 0;
    elsewhere && from_there && otherwise && sent && [REQUEST_ID, TRACE_ID, USER].into_iter().all(same)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const EDGE: u64 = 1;
    const INNER: u64 = 2;
    const CLIENT_MACHINE: u64 = 5;
    const PROXY: u64 = 6;

    /// What comes in at `time` and is over at `over`; its request is sent in two instants, and so is the answer.
    fn sight(served: u64, time: i64, over: i64) -> (usize, Sight) {
        let (server, peer) = if served == EDGE { (PROXY, CLIENT_MACHINE) } else { (PROXY + 1, PROXY) };
        let (sent, answered) = (time + 2, over - 2);
        let (content, status, tick) = (9, 200, 1);
        let sight =
            Sight { served, server, peer, time, over, sent, answered, content, status, tick, ..Sight::default() };
        (0, sight)
    }

    fn pairs(call: Call<'_>) -> Vec<(usize, usize)> {
        let from_edge = alike(call, &[]).into_iter().filter(|found| found.link.1 == EDGE);
        from_edge.map(|found| (found.inner, found.outer)).collect()
    }

    #[test]
    fn sameness_alone_makes_no_hop() {
        let call = |change: fn(&mut Sight)| {
            let mut call = [sight(EDGE, 0, 100), sight(INNER, 10, 90)];
            change(&mut call[1].1);
            call
        };
        assert_eq!(pairs(&call(|_| ())), [(1, 0)]);
        // On the machine that captures, whatever it calls itself.
        assert_eq!(pairs(&call(|inner| (inner.peer, inner.local) = (8, true))), [(1, 0)]);
        let others: [fn(&mut Sight); 9] = [
            |inner| inner.content = 8,
            |inner| inner.content = 0,
            |inner| inner.peer = CLIENT_MACHINE,
            |inner| inner.served = EDGE,
            |inner| inner.stream = 1,
            |inner| inner.time = -5,
            |inner| inner.over = 110,
            // Before the proxy has all of the request, and after it has begun to answer.
            |inner| (inner.time, inner.sent) = (0, 0),
            |inner| inner.answered = 100,
        ];
        for other in others {
            assert_eq!(pairs(&call(other)), []);
        }
    }

    #[test]
    fn what_an_id_tells_is_not_given_to_another() {
        // The request with the id was passed on as the second; the first, without one, was sent past the proxy.
        let call = [sight(EDGE, 0, 100), sight(INNER, 10, 80), sight(INNER, 20, 90)];
        assert_eq!(pairs(&call), [(1, 0)]);
        let named = Nested { link: (0, EDGE, INNER), inner: 2, outer: 0 };
        assert_eq!(alike(&call, &[named]), []);
    }

    #[test]
    fn one_machine_must_be_seen_to_pass_on() {
        let local = |served: u64, time: i64, over: i64| {
            let (thread, sight) = sight(served, time, over);
            (thread, Sight { server: PROXY, peer: PROXY, changes: true, ..sight })
        };
        let call = [local(EDGE, 0, 100), local(INNER, 10, 90)];
        let believed = |times: u64, taken: u64, back: u64| {
            let mut passed = Passed::default();
            passed.taken.insert((0, EDGE, true), taken);
            let found = alike(&call, &[]);
            (0..times).for_each(|_| passed.count(&call, &found));
            passed.nested.insert(((0, INNER, EDGE), [0; 2]), back);
            passed.believes(&call, &found[0])
        };
        assert!(believed(3, 6, 2));
        assert!(!believed(2, 2, 0), "too few");
        assert!(!believed(3, 7, 0), "more is not passed on");
        assert!(!believed(3, 6, 3), "as much goes the other way");
    }

    /// The most pairs, by trying everything.
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
        fn as_many_pairs_are_found_as_can_be(
            mut inner in proptest::collection::vec((0_i64..12, 4_i64..12), 0..6),
            mut outer in proptest::collection::vec((0_i64..12, 4_i64..12), 0..6),
        ) {
            for spans in [&mut inner, &mut outer] {
                spans.sort_unstable();
                spans.iter_mut().for_each(|(from, length)| *length += *from);
            }
            let at = |served: u64, spans: &[(i64, i64)]| spans.iter().map(|(a, b)| sight(served, *a, *b)).collect::<Vec<_>>();
            let call: Vec<_> = at(EDGE, &outer).into_iter().chain(at(INNER, &inner)).collect();
            let found = pairs(&call);
            prop_assert_eq!(found.len(), oracle(&inner, &outer, &mut vec![false; outer.len()]));
            let (inside, around): (BTreeSet<_>, BTreeSet<_>) = found.iter().copied().unzip();
            prop_assert!(inside.len() == found.len() && around.len() == found.len());
            prop_assert!(found.iter().all(|(inner, outer)| is_passed_on(&call[*inner].1, &call[*outer].1)));
        }

        /// However a proxy's requests and those sent past it overlap, as many stay as were sent.
        #[test]
        fn no_request_is_hidden_and_none_counts_twice(
            sent in proptest::collection::vec((0_i64..200, 0_i64..6, 10_i64..40, 0_i64..6), 0..12),
            past in proptest::collection::vec((0_i64..200, 5_i64..60), 0..6),
        ) {
            let mut call = Vec::new();
            for (from, before, took, after) in &sent {
                let (begin, end) = (from + before, from + before + took);
                call.extend([sight(EDGE, *from, end + after), sight(INNER, begin, end)]);
            }
            call.extend(past.iter().map(|(from, took)| sight(INNER, *from, from + took)));
            call.sort_by_key(|(_, sight)| (sight.time, sight.served, sight.over));
            let found = pairs(&call);
            prop_assert_eq!(call.len() - found.len(), sent.len() + past.len());
        }
    }
}
