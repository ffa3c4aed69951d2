//! Hops: one request that a stream sees on several servers, because a proxy passes it on. The outermost is the exchange.
//!
//! Anybody can send an id, a host and, past a careless proxy, an address, so that none of them is believed alone. What has
//! the same id and the same method, path, query, body and status, from another client to another server, within the time
//! of the other, may be a hop. It is one where packets show that its client is the other's server, or where servers that
//! are told by their addresses, or spans that lie in each other, are seen to pass on: several times, half of what the outer
//! one takes and half of what the inner one is asked for. Two users, or two credentials of one kind, are two requests,
//! unless the inner one is the account of a gateway ([`Accounts`]). Each exchange has at most one hop at a server, and
//! those at several servers lie in each other: two requests in a race stay two. What only hosts tell stays two as well,
//! and for review ([`Likely`]), as does what a proxy asked of a second server after a first, by whatever that is told. What has no id is looked at in [`passed`](super::passed).

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::Call;
use super::account::Accounts;
use super::ledger::Ledger;
use super::likely::Likely;
use super::nest::{Looks, nest, nest_outlasting, slack};
use super::passed::{Passed, alike, given_up};
use super::same::PutTogether;
use super::sight::{NOBODY, REQUEST_ID, Sight, TRACE_ID, Who};
use super::streams::Streams;
use crate::event::is_given_up;
use crate::pipeline::PipelineError;

/// Fewest exchanges of one id that show that a server passes on to another.
const LEAST: u64 = 8;
/// Most servers that one id of one call is looked for at.
pub(super) const SERVERS: usize = 16;
/// Longest time between two requests that are sent at once, in microseconds.
const AT_ONCE: i64 = 5_000;
/// Packets do not prove a hop, how often its server passes on to the other, and its place: what is believed first.
type Standing = (bool, Reverse<u64>, usize);

/// A stream, the server that passes on, and the one that is passed to.
pub(super) type Link = (u32, u64, u64);

/// A sight that may be a hop of another, by their places in the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Nested {
    pub(super) link: Link,
    pub(super) inner: usize,
    pub(super) outer: usize,
}

/// What is known of servers that pass requests on.
#[derive(Default)]
pub(super) struct Hops {
    /// Exchanges of one id that may be hops and do not name two users, by link.
    nested: BTreeMap<Link, u64>,
    /// Those that do.
    accounts: Accounts,
    /// Exchanges that have what may be a hop, by stream, server and whether they may change something.
    passed_on: BTreeMap<(u32, u64, bool), u64>,
    /// All that were not refused.
    open: BTreeMap<(u32, u64, bool), u64>,
    /// All, by stream and server.
    asked: BTreeMap<(u32, u64), u64>,
    /// Whether packets show one that comes from the very server that it would be passed on by.
    direct: bool,
    /// What looks like hops of hosts whose addresses are not known, by stream.
    hosts_only: BTreeMap<u32, u64>,
    /// Hops that name another user than the outermost, by stream.
    joined: BTreeMap<u32, u64>,
    /// What would be hops if hosts told servers.
    likely: Likely,
    /// What is known of those without ids.
    passed: Passed,
}

impl Hops {
    /// Nothing yet but how much each server is asked.
    pub(super) fn new(ledgers: &[Ledger], streams: &Streams) -> Self {
        let mut hops = Hops { passed: Passed::new(ledgers, streams), ..Hops::default() };
        for ((unit, served), count) in ledgers.iter().flat_map(|ledger| &ledger.asked) {
            *hops.asked.entry((streams.of_unit(*unit), *served)).or_default() += count;
        }
        for ((unit, served, changes), count) in ledgers.iter().flat_map(|ledger| &ledger.open) {
            *hops.open.entry((streams.of_unit(*unit), *served, *changes)).or_default() += count;
        }
        hops
    }

    /// Counts the sights of one call.
    pub(super) fn count(&mut self, call: Call<'_>) {
        let named = named(call);
        let (mut outer, mut hosts_only) = (BTreeSet::new(), BTreeSet::new());
        for found in &named {
            let Some([inner_sight, outer_sight]) = sights(call, found) else { continue };
            self.direct |= is_proven_by_packets(inner_sight, outer_sight);
            let users = users(inner_sight, outer_sight);
            match users {
                Some(users) => self.accounts.count(found.link, users, (1..400).contains(&outer_sight.status)),
                None => *self.nested.entry(found.link).or_default() += 1,
            }
            if outer_sight.status < 400 && outer.insert(found.outer) {
                *self.passed_on.entry((outer_sight.stream, outer_sight.served, outer_sight.changes)).or_default() += 1;
            }
            let pair = (found.inner.min(found.outer), found.inner.max(found.outer));
            if users.is_none() && !may_be_counted(inner_sight, outer_sight) && hosts_only.insert(pair) {
                *self.hosts_only.entry(inner_sight.stream).or_default() += 1;
            }
        }
        self.passed.count(call, &alike(call, &named));
    }

    /// Whether there may be any.
    pub(super) fn are_seen(&self) -> bool {
        let mut links = self.nested.keys().chain(self.accounts.links());
        self.direct || self.passed.are_seen() || links.any(|link| self.passes_on(*link))
    }

    /// Leaves out the hops of one call, and keeps the outermost of each.
    pub(super) fn collapse(&mut self, call: Call<'_>, put_together: &mut PutTogether<'_>) -> Result<(), PipelineError> {
        let named = named(call);
        self.note_likely(call, &named);
        let mut hops = alike(call, &named);
        let given_up = given_up(call, &[&named, &hops]);
        for found in given_up.iter().filter(|found| !self.passed.believes(call, found)) {
            if let Some([inner, _]) = sights(call, found) {
                self.likely.add_given_up(inner.event);
            }
        }
        hops.extend(given_up);
        hops.retain(|found| self.passed.believes(call, found));
        hops.extend(self.believed(call, named));
        let again = sent_again(call, &hops);
        hops.retain(|found| !again.contains_key(&[found.outer, found.inner]));
        // By the inner one: how long the outer one takes, and which it is.
        let mut parents: BTreeMap<usize, (i64, usize)> = BTreeMap::new();
        for found in next_hops(&hops) {
            let Some((_, outer)) = call.get(found.outer) else { continue };
            let parent = (outer.over.saturating_sub(outer.time), found.outer);
            parents.entry(found.inner).and_modify(|known| *known = (*known).min(parent)).or_insert(parent);
        }
        for ([outer, inner], _) in again.iter().filter(|(_, asked)| **asked) {
            let edge = outermost(*outer, &parents).and_then(|edge| call.get(edge));
            if let (Some((_, inner)), Some((_, edge))) = (call.get(*inner), edge) {
                self.likely.add(inner.event, edge.event);
            }
        }
        let mut hops: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for inner in parents.keys() {
            if let Some(root) = outermost(*inner, &parents) {
                hops.entry(root).or_insert_with(|| vec![root]).push(*inner);
            }
        }
        for hops in hops.into_values() {
            let mut rest: Vec<_> = hops.into_iter().filter_map(|index| call.get(index)).collect();
            let Some((_, edge)) = rest.first().copied() else { continue };
            // Where the hop between them names nobody, each fits it.
            rest.retain(|(_, inner)| self.may_act_for(inner, edge));
            let joined = rest.iter().filter(|(_, inner)| users(inner, edge).is_some()).count() as u64;
            if joined > 0 {
                *self.joined.entry(edge.stream).or_default() += joined;
            }
            put_together.keep_outermost(rest)?;
        }
        Ok(())
    }

    /// Notes what numbers would prove, did clients not choose the hosts.
    fn note_likely(&mut self, call: Call<'_>, named: &[Nested]) {
        for found in named {
            let Some([inner, outer]) = sights(call, found) else { continue };
            let hosts_only = users(inner, outer).is_none() && !may_be_counted(inner, outer);
            if hosts_only && self.passes_on(found.link) {
                self.likely.add(inner.event, outer.event);
            }
        }
    }

    /// What would be hops if hosts told servers.
    pub(super) fn into_likely(self) -> Likely {
        self.likely
    }

    /// Whether the users of both are one, or not both known, or the inner one is an account.
    fn may_act_for(&self, inner: &Sight, outer: &Sight) -> bool {
        let link = (outer.stream, outer.served, inner.served);
        let by_packets = inner.packets && outer.packets;
        users(inner, outer).is_none_or(|[own, _]| self.accounts.is_one(link, own, by_packets))
    }

    /// What is said of those that name two users, and of those that only hosts tell.
    pub(super) fn warnings(&self, name: impl Fn(u32) -> String) -> Vec<String> {
        let joined = self.joined.iter().map(|(unit, hops)| {
            format!(
                "{hops} inner hops of {} name another user than the outermost, as those of a gateway with an account of its \
                 own do: each is its outermost's, whose user acted",
                name(*unit)
            )
        });
        let refused = self.accounts.by_unit().into_iter().filter_map(|(unit, pairs)| {
            let refused = pairs.saturating_sub(self.joined.get(&unit).copied().unwrap_or(0));
            (refused > 0).then(|| {
                format!(
                    "{refused} exchanges of {} are like inner hops of others but for another user: all are judged",
                    name(unit)
                )
            })
        });
        let hosts_only = self.hosts_only.iter().map(|(unit, pairs)| {
            format!(
                "{pairs} exchanges of {} are like inner hops of others, which hosts alone do not prove, since clients choose \
                 them: all are judged; if a proxy passes them on, log the server's address too",
                name(*unit)
            )
        });
        joined.chain(refused).chain(hosts_only).collect()
    }

    /// Those by their ids that are believed to be hops. Who passes a request on sends it to one server, so that of those of
    /// one outer exchange only such count as lie in each other, beside what packets prove: the other servers were asked by
    /// somebody else.
    fn believed(&self, call: Call<'_>, named: Vec<Nested>) -> Vec<Nested> {
        // By how long the outer one takes: what lies in a hop is told before the hop is.
        let mut by_outer: BTreeMap<(i64, usize), Vec<(Standing, &Nested)>> = BTreeMap::new();
        for found in &named {
            let Some([inner, outer]) = sights(call, found).filter(|_| self.is_proven(call, found)) else { continue };
            let standing = (!is_proven_by_packets(inner, outer), Reverse(self.often(found.link)), found.inner);
            let took = outer.over.saturating_sub(outer.time);
            by_outer.entry((took, found.outer)).or_default().push((standing, found));
        }
        let mut kept: BTreeSet<[usize; 2]> = BTreeSet::new();
        for hops in by_outer.values_mut() {
            hops.sort_unstable_by_key(|(standing, _)| *standing);
            let mut chain: Vec<usize> = Vec::new();
            for ((counted, ..), found) in hops.iter() {
                let nests = |hop: &usize| kept.contains(&[*hop, found.inner]) || kept.contains(&[found.inner, *hop]);
                if !counted || chain.iter().all(nests) {
                    kept.insert([found.outer, found.inner]);
                    chain.push(found.inner);
                }
            }
        }
        let is_hop = |found: &Nested| kept.contains(&[found.outer, found.inner]) && self.leads_inward(call, found);
        named.into_iter().filter(is_hop).collect()
    }

    /// Whether packets or numbers show that one of two servers passes on to the other, and nothing that two users asked.
    fn is_proven(&self, call: Call<'_>, found: &Nested) -> bool {
        let Some([inner, outer]) = sights(call, found) else { return false };
        let counted = || may_be_counted(inner, outer) && self.passes_on(found.link);
        (is_proven_by_packets(inner, outer) || counted()) && self.may_act_for(inner, outer)
    }

    /// Whether it is told which of the two is the outer one, and this is it.
    fn leads_inward(&self, call: Call<'_>, found: &Nested) -> bool {
        let Some([inner, outer]) = sights(call, found) else { return false };
        let (unit, from, to) = found.link;
        let one_way = |told: fn(&Sight, &Sight) -> bool| told(inner, outer) && !told(outer, inner);
        one_way(comes_from) || one_way(is_child_of) || self.rank(found.link) > self.rank((unit, to, from))
    }

    /// Whether a server is seen to pass on half of what may change something (of what may not, if it takes nothing else),
    /// and to the other half of what that one is asked for.
    fn passes_on(&self, link: Link) -> bool {
        let (unit, from, to) = link;
        let of = |changes: bool| {
            let count = |counts: &BTreeMap<_, u64>| counts.get(&(unit, from, changes)).copied().unwrap_or(0);
            (count(&self.passed_on), count(&self.open))
        };
        let (passed_on, open) = if of(true).1 > 0 { of(true) } else { of(false) };
        let asked = self.asked.get(&(unit, to)).copied().unwrap_or(0);
        let often = self.often(link);
        often >= LEAST && often.saturating_mul(2) >= asked && passed_on.saturating_mul(2) >= open
    }

    /// Exchanges that may be hops, but for those of users that are no accounts.
    fn often(&self, link: Link) -> u64 {
        self.nested.get(&link).copied().unwrap_or(0).saturating_add(self.accounts.often(link))
    }

    /// Which of two servers is the outer one, where addresses do not tell: more lies within what it is asked, or with
    /// coarse clocks it is asked for more. Of two alike neither is.
    fn rank(&self, (unit, from, to): Link) -> (u64, u64) {
        (self.often((unit, from, to)), self.asked.get(&(unit, from)).copied().unwrap_or(0))
    }
}

/// The inner and the outer sight.
fn sights<'a>(call: Call<'a>, found: &Nested) -> Option<[&'a Sight; 2]> {
    Some([&call.get(found.inner)?.1, &call.get(found.outer)?.1])
}

/// Who asked in both, where one kind of proof tells it of both and they differ.
fn users(inner: &Sight, outer: &Sight) -> Option<[u64; 2]> {
    let [(kind, own), (other_kind, other)] = [inner, outer].map(Sight::who_asked);
    (kind != 0 && kind == other_kind && own != other && !inner.shares_credential(outer)).then_some([own, other])
}

/// Whether the packets of one came from the machine that packets of the other went to, and those did not.
fn is_proven_by_packets(inner: &Sight, outer: &Sight) -> bool {
    inner.packets && outer.packets && comes_from(inner, outer) && outer.peer != outer.server
}

/// Whether the number of such may prove them: clients choose the hosts that they ask, and neither the addresses of servers
/// nor the spans of what these send on.
fn may_be_counted(inner: &Sight, outer: &Sight) -> bool {
    let addressed = inner.server != 0 && outer.server != 0;
    addressed || comes_from(inner, outer) || is_child_of(inner, outer)
}

/// Whether the span of one lies in that of the other.
fn is_child_of(inner: &Sight, outer: &Sight) -> bool {
    outer.span != 0 && inner.parent == outer.span && inner.value(TRACE_ID) == outer.value(TRACE_ID)
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

/// What a proxy asked of a second server after a first, which changed something at both, by the outer and the inner sight,
/// and what that one passed on (`false`): a hedged or repeated request happened twice. What begins at once is a mirror, or one
/// request before and after its address was translated.
fn sent_again(call: Call<'_>, hops: &[Nested]) -> BTreeMap<[usize; 2], bool> {
    let pairs: BTreeSet<[usize; 2]> = hops.iter().map(|found| [found.outer, found.inner]).collect();
    let changed = |index: usize| {
        call.get(index).map(|(_, sight)| sight).filter(|sight| sight.changes && (200..400).contains(&sight.status))
    };
    let mut again = BTreeMap::new();
    for of_one in pairs.iter().copied().collect::<Vec<_>>().chunk_by(|[one, _], [other, _]| one == other) {
        let inner = || of_one.iter().map(|[_, inner]| *inner);
        let asked = |hop: &usize| !inner().any(|between| pairs.contains(&[between, *hop]));
        let mut asked: Vec<(i64, usize)> =
            inner().filter(asked).filter_map(|hop| Some((changed(hop)?.time, hop))).collect();
        asked.sort_unstable();
        let (Some((first, kept)), Some([outer, _])) = (asked.first().copied(), of_one.first()) else { continue };
        let later = |(time, _): &&(i64, usize)| time.saturating_sub(first) > AT_ONCE;
        for (_, hop) in asked.iter().filter(later) {
            again.insert([*outer, *hop], true);
            let behind = |one: &usize| pairs.contains(&[*hop, *one]) && !pairs.contains(&[kept, *one]);
            again.extend(inner().filter(behind).map(|one| ([*outer, one], false)));
        }
    }
    again
}

/// Whether one server's request says to come from the other server.
fn comes_from(inner: &Sight, outer: &Sight) -> bool {
    outer.server != 0 && inner.peer == outer.server
}

/// Every sight that may be a hop of another by its id, once for each other server and at most one at each.
fn named(call: Call<'_>) -> Vec<Nested> {
    let mut found = Found::default();
    for place in [REQUEST_ID, TRACE_ID] {
        let mut named: BTreeMap<(u32, u64), BTreeMap<u64, Vec<usize>>> = BTreeMap::new();
        for (index, (_, sight)) in call.iter().enumerate().filter(|(_, (_, sight))| sight.prefix == 0) {
            if sight.value(place) != 0 && sight.served != 0 {
                let servers = named.entry((sight.stream, sight.value(place))).or_default();
                servers.entry(sight.served).or_default().push(index);
            }
        }
        for ((unit, _), servers) in named.into_iter().filter(|(_, servers)| (2..=SERVERS).contains(&servers.len())) {
            let mut looks = Looks::among(servers.values());
            for (from, outer) in &servers {
                for (to, inner) in servers.iter().filter(|(to, _)| *to != from) {
                    // Of several, a user's own request comes before another's.
                    found.add(call, (unit, *from, *to), [inner, outer], &mut looks, Sight::who_asked);
                    found.add(call, (unit, *from, *to), [inner, outer], &mut looks, |_| NOBODY);
                }
            }
        }
    }
    found.nested
}

/// What may be hops: both ids may show one, and none has two at one server.
#[derive(Default)]
struct Found {
    nested: Vec<Nested>,
    /// Inner and outer ones, by link.
    taken: [BTreeSet<(Link, usize)>; 2],
}

impl Found {
    /// Adds those among the inner and outer sights of one id that are not taken and that fit.
    fn add(
        &mut self,
        call: Call<'_>,
        link: Link,
        sights: [&[usize]; 2],
        looks: &mut Looks,
        who: impl Fn(&Sight) -> Who,
    ) {
        let [inside, around] = &mut self.taken;
        let open = |all: &[usize], taken: &BTreeSet<(Link, usize)>| -> Vec<usize> {
            all.iter().copied().filter(|index| !taken.contains(&(link, *index))).collect()
        };
        let mut take = |pairs: Vec<(usize, usize)>, inside: &mut BTreeSet<_>, around: &mut BTreeSet<_>| {
            for (inner, outer) in pairs {
                inside.insert((link, inner));
                around.insert((link, outer));
                self.nested.push(Nested { link, inner, outer });
            }
        };
        let [inner, outer] = [open(sights[0], inside), open(sights[1], around)];
        let within = nest(call, [&inner, &outer], looks, &who, is_hop_of);
        take(within, inside, around);
        let gave_up = |index: &usize| call.get(*index).is_some_and(|(_, sight)| is_without_answer(sight));
        let outer: Vec<usize> = open(&outer, around).into_iter().filter(gave_up).collect();
        if !outer.is_empty() {
            let outlasting = nest_outlasting(call, [&open(&inner, inside), &outer], looks, &who, outlasts);
            take(outlasting, inside, around);
        }
    }
}

/// Whether all that is known of two sights of one id speaks for it.
pub(super) fn is_hop_of(inner: &Sight, outer: &Sight) -> bool {
    let slack = slack(inner, outer);
    let within = outer.time.saturating_sub(slack) <= inner.time && inner.over <= outer.over.saturating_add(slack);
    let answered = inner.status == outer.status || inner.status == 0;
    within && answered && asks_the_same(inner, outer)
}

/// Whether all speaks for it but that the outer one gave up, and the inner one was answered all the same: perhaps later.
pub(super) fn outlasts(inner: &Sight, outer: &Sight) -> bool {
    let slack = slack(inner, outer);
    let begins_within =
        outer.time.saturating_sub(slack) <= inner.time && inner.time <= outer.waits_until().saturating_add(slack);
    let answered = inner.status != 0 && inner.status != outer.status;
    // A client may ask the server by himself what he has a gateway refuse at the same time.
    let reached = inner.peer == 0 || outer.server == 0 || comes_from(inner, outer) || is_child_of(inner, outer);
    is_without_answer(outer) && begins_within && answered && reached && asks_the_same(inner, outer)
}

/// Whether who passed it on says that he, or his client, gave up before the server's answer came.
pub(super) fn has_given_up(sight: &Sight) -> bool {
    is_given_up(sight.status)
}

/// The same of one hop of several: a client that goes away leaves no answer to be seen.
pub(super) fn is_without_answer(sight: &Sight) -> bool {
    sight.status == 0 || has_given_up(sight)
}

fn asks_the_same(inner: &Sight, outer: &Sight) -> bool {
    let same = |one: u64, other: u64| one == 0 || other == 0 || one == other;
    let apart = inner.peer == 0 || outer.peer == 0 || inner.peer != outer.peer || comes_from(inner, outer);
    apart && inner.query == outer.query && same(inner.asked, outer.asked)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::pipeline::views::sight::USER;

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
            |inner| inner.stream = 1,
        ];
        for other in others {
            assert_eq!(hops(&call(other)), []);
        }
    }

    #[test]
    fn what_a_gateway_gave_up_is_what_came_from_it() {
        let pair = |change: fn(&mut Sight, &mut Sight)| {
            let [(_, mut outer), (_, mut inner)] = [sight(EDGE, 0, 100), sight(INNER, 10, 150)];
            (outer.status, outer.server, inner.peer) = (504, 6, 6);
            change(&mut outer, &mut inner);
            outlasts(&inner, &outer)
        };
        assert!(pair(|_, _| ()) && pair(|outer, _| outer.status = 502) && pair(|_, inner| inner.peer = 0));
        assert!(!pair(|_, inner| inner.peer = 5), "somebody else asked the server");
        assert!(!pair(|outer, _| outer.status = 503), "it passed nothing on");
        assert!(!pair(|_, inner| inner.time = 102), "it begins later");
    }

    #[test]
    fn two_ids_of_one_request_are_no_two_hops() {
        let mut call = [sight(EDGE, 0, 100), sight(INNER, 10, 80), sight(INNER, 20, 90)];
        call[0].1.traits[TRACE_ID] = 9;
        call[1].1.traits[TRACE_ID] = 9;
        (call[1].1.traits[REQUEST_ID], call[2].1.traits[REQUEST_ID]) = (0, 7);
        assert_eq!(hops(&call), [(2, 0)]);
    }

    #[test]
    fn of_two_that_fit_the_users_own_is_the_hop() {
        let mut call = [sight(EDGE, 0, 100), sight(INNER, 10, 80), sight(INNER, 20, 90)];
        (call[0].1.traits[USER], call[1].1.traits[USER], call[2].1.traits[USER]) = (1, 2, 1);
        assert_eq!(hops(&call), [(2, 0)]);
    }

    #[test]
    fn one_that_comes_from_the_server_is_believed_at_once_and_others_by_their_number() {
        let pair = |client: u64| {
            let mut call = [sight(EDGE, 0, 100), sight(INNER, 10, 90)];
            call[0].1.server = 6;
            call[1].1.peer = client;
            call[1].1.server = 7;
            call
        };
        let believed = |call: &[(usize, Sight)], times: u64, (others, elsewhere): (u64, u64)| {
            let mut hops = Hops::default();
            hops.asked.insert((0, INNER), others + times);
            hops.open.insert((0, EDGE, false), elsewhere + times);
            (0..times).for_each(|_| hops.count(call));
            let named = named(call);
            let believed = !hops.believed(call, named).is_empty();
            assert!(hops.are_seen() || !believed);
            believed
        };
        let with = |call: [(usize, Sight); 2], change: fn(&mut Sight, &mut Sight)| {
            let [(_, mut outer), (_, mut inner)] = call;
            change(&mut outer, &mut inner);
            [(0, outer), (0, inner)]
        };
        let by_packets = |call| with(call, |outer, inner| (outer.packets, inner.packets) = (true, true));
        assert!(believed(&by_packets(pair(6)), 1, (100, 100)));
        // A client on the proxy's own machine has its address too.
        assert!(!believed(&with(by_packets(pair(6)), |outer, _| outer.peer = 6), 1, (100, 100)));
        for client in [4, 6] {
            assert!(!believed(&pair(client), 7, (0, 0)), "too few");
            assert!(believed(&pair(client), 8, (8, 8)));
            assert!(!believed(&pair(client), 8, (9, 0)), "others ask the inner one");
            assert!(!believed(&pair(client), 8, (0, 9)), "more is not passed on");
            let users = with(pair(client), |outer, inner| (outer.traits[USER], inner.traits[USER]) = (1, 2));
            assert!(!believed(&users, 8, (0, 0)), "two users");
        }
        // Hosts are the clients' choice.
        assert!(!believed(&with(pair(4), |outer, inner| (outer.server, inner.server) = (0, 0)), 100, (0, 0)));
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
