//! Runs: what an agent does in one go. Calls of one actor are of one run where they share a session of MCP's, a state
//! that one was given and the next hands back, a trace or a conversation.
//!
//! A client chooses its trace and may hand on what others were given, so that nothing ties the calls of two actors.

use offpath_capture::{CallProtocol, trace_in_full, trace_of};
use serde::{Deserialize, Serialize};

use super::credential::{Hash, HashKey};
use super::directory::Map;
use super::reading::Reading;
use crate::event::{Actor, Evidence};

/// What one call shows of its run: calls that share a mark are of one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Marks(Vec<Hash>);

impl Marks {
    /// The marks of a call of an agent's protocol, or of anything else that an agent does; others have none.
    pub(super) fn of(reading: &Reading<'_>, actor: &Actor, key: &HashKey) -> Marks {
        let spoken = |call: &&offpath_capture::Call| matches!(call.protocol, CallProtocol::Mcp | CallProtocol::A2a);
        let call = reading.call.filter(spoken);
        if call.is_none() && actor.agent.is_none() {
            return Marks::default();
        }
        let Some(who) = who(actor) else { return Marks::default() };
        let mut marks = Marks::default();
        let mut add = |kind: &str, value: Option<&[u8]>| {
            let value = value.filter(|value| !value.is_empty());
            marks.0.extend(value.map(|value| key.hash("run", &[kind.as_bytes(), who.as_bytes(), value])));
        };
        let response = reading.exchange.response.as_ref();
        let answered = response.and_then(|response| response.headers.get("mcp-session-id"));
        add("session", answered.or_else(|| reading.header("mcp-session-id")));
        let header = || reading.exchange.request.as_ref().and_then(|request| trace_of(&request.headers));
        let logged = || reading.exchange.log.trace_id.as_deref().map(in_full);
        let links = call.map(|call| &call.links);
        let own = links.and_then(|links| links.trace.as_deref()).map(in_full);
        add("trace", own.or_else(header).or_else(logged).as_deref().map(str::as_bytes));
        if let Some(links) = links {
            add("state", links.taken.as_deref().map(str::as_bytes));
            add("state", links.given.as_deref().map(str::as_bytes));
            add("conversation", links.conversation.as_deref().map(str::as_bytes));
        }
        marks
    }

    /// The mark by which the run is asked for.
    pub(super) fn first(&self) -> Option<Hash> {
        self.0.first().copied()
    }

    /// Number of marks.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

/// A trace id as all sources tell it.
pub(super) fn in_full(id: &str) -> String {
    trace_in_full(id).unwrap_or_else(|| id.to_ascii_lowercase())
}

/// By what an actor's marks are told from another's: the name that a token gives, which outlives the token, else what was
/// shown. Of whom only an address is known nobody knows which calls are one agent's.
fn who(actor: &Actor) -> Option<String> {
    let issuer = actor.issuer.as_deref().unwrap_or_default();
    let name = actor.principal.as_deref().filter(|_| actor.evidence > Evidence::Device);
    let named = || name.map(|name| format!("n{issuer} {name}"));
    let shown = || actor.credential.as_deref().map(|credential| format!("c{credential}"));
    if actor.evidence >= Evidence::Claims { named().or_else(shown) } else { shown().or_else(named) }
}

/// Marks that are of one run each, as far as was added. Adding and merging commute: the least mark of a run names it.
#[derive(Clone, Debug, Default)]
pub(super) struct Runs(Map<Hash, Hash>);

impl Runs {
    /// Adds the marks of one call.
    pub(super) fn add(&mut self, marks: &Marks) {
        let Some(first) = marks.first() else { return };
        marks.0.iter().for_each(|mark| self.join(first, *mark));
    }

    /// Adds all of another part.
    pub(super) fn merge(&mut self, other: Runs) {
        other.0.into_iter().for_each(|(mark, nearer)| self.join(mark, nearer));
    }

    fn join(&mut self, one: Hash, other: Hash) {
        let (one, other) = (self.least(one), self.least(other));
        let (least, more) = if one <= other { (one, other) } else { (other, one) };
        self.0.insert(more, least);
        self.0.insert(least, least);
    }

    /// The least mark of the run that a mark is of. Each look halves the way for the next one.
    fn least(&mut self, mark: Hash) -> Hash {
        let mut at = mark;
        while let Some(nearer) = self.0.get(&at).copied().filter(|nearer| *nearer != at) {
            let Some(next) = self.0.get(&nearer).copied() else { return nearer };
            self.0.insert(at, next);
            at = next;
        }
        at
    }

    /// The same, when nothing is added any more: every mark with the least of its run.
    pub(super) fn settled(mut self) -> Runs {
        let marks: Vec<Hash> = self.0.keys().copied().collect();
        for mark in marks {
            let least = self.least(mark);
            self.0.insert(mark, least);
        }
        self
    }

    /// The name of the run of a mark, once settled.
    pub(super) fn name(&self, mark: Hash) -> Option<String> {
        self.0.get(&mark).map(|least| format!("r{:016x}", least.to_u64()))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn hash(n: u8) -> Hash {
        // Spread, so that the order of marks is not that of their making.
        Hash::of([n.wrapping_mul(97), n, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
    }

    fn marks(all: &[u8]) -> Marks {
        Marks(all.iter().map(|n| hash(*n)).collect())
    }

    /// Joins sets that meet until none do: slow and plainly right.
    fn oracle(calls: &[Vec<u8>]) -> Vec<BTreeSet<u8>> {
        let mut sets: Vec<BTreeSet<u8>> = Vec::new();
        for call in calls.iter().filter(|call| !call.is_empty()) {
            let mut whole: BTreeSet<u8> = call.iter().copied().collect();
            sets.retain(|set| {
                let apart = set.is_disjoint(&whole);
                if !apart {
                    whole.extend(set);
                }
                apart
            });
            sets.push(whole);
        }
        sets
    }

    proptest! {
        #[test]
        fn runs_are_what_marks_join_in_any_order_and_parts(
            calls in prop::collection::vec(prop::collection::vec(0_u8..24, 0..4), 0..20), cut in 0_usize..20,
        ) {
            let (mut whole, mut first, mut second) = (Runs::default(), Runs::default(), Runs::default());
            calls.iter().for_each(|call| whole.add(&marks(call)));
            let (a, b) = calls.split_at(cut.min(calls.len()));
            b.iter().rev().for_each(|call| first.add(&marks(call)));
            a.iter().for_each(|call| second.add(&marks(call)));
            first.merge(second);
            let (whole, parts) = (whole.settled(), first.settled());
            let sets = oracle(&calls);
            for mark in 0..24 {
                prop_assert_eq!(whole.name(hash(mark)), parts.name(hash(mark)));
                let set = sets.iter().find(|set| set.contains(&mark));
                prop_assert_eq!(set.is_some(), whole.name(hash(mark)).is_some());
                for other in 0..24 {
                    let together = set.is_some_and(|set| set.contains(&other));
                    let same = whole.name(hash(mark)).is_some() && whole.name(hash(mark)) == whole.name(hash(other));
                    prop_assert_eq!(together, same);
                }
            }
        }
    }

    #[test]
    fn a_long_chain_is_one_run() {
        let mut runs = Runs::default();
        let mark = |n: u32| Hash::of(u128::from(u32::MAX - n).to_be_bytes());
        (0..50_000).for_each(|n| runs.add(&Marks([mark(n), mark(n + 1)].into_iter().collect())));
        let runs = runs.settled();
        assert_eq!(runs.name(mark(0)), runs.name(mark(50_000)));
    }
}
