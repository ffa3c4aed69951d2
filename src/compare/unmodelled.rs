//! One idempotency key with two bodies, which needs no model.

use std::collections::BTreeMap;

use super::classify::{is_replay, replay_doubt};
use super::deviation::{CaseResult, Check, Tallies};
use super::effect::Found;
use super::history::History;
use crate::event::{Event, Outcome};

/// Later calls that carry an earlier call's idempotency key with another body, both accepted.
pub(super) fn replays(history: &History<'_>, tallies: &mut Tallies) -> Vec<Found> {
    let pairs = replayed(history.events, tallies);
    pairs
        .into_iter()
        .map(|(first, again)| {
            let life = history.event(again).and_then(|e| e.objects.first()).and_then(|o| history.life_of(&o.id));
            let mut found = Found::new(Check::Replay, again, life);
            found.evidence = vec![first];
            let events = history.event(first).zip(history.event(again));
            let modelled = history.activity(again).is_some();
            found.doubt = events.and_then(|(first, again)| replay_doubt(first, again, modelled));
            found.observed = vec!["one idempotency key, two request bodies".into()];
            found.expected = vec!["one idempotency key, one request body".into()];
            found
        })
        .collect()
}

/// Pairs `(first, again)` of events in one slice.
pub(super) fn replayed(events: &[Event], tallies: &mut Tallies) -> Vec<(usize, usize)> {
    let mut by_key: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
    let mut pairs = Vec::new();
    for (index, event) in events.iter().enumerate() {
        let Some(key) = event.idempotency.filter(|_| !event.read && event.outcome == Outcome::Accepted) else {
            continue;
        };
        let known = by_key.entry(key).or_default();
        let mut verdict = Some(false);
        for first in known.iter() {
            match events.get(*first).map(|f| is_replay(f, event)) {
                Some(Some(true)) => {
                    pairs.push((*first, index));
                    verdict = Some(true);
                    break;
                }
                Some(None) => verdict = None,
                _ => {}
            }
        }
        tallies.count(Check::Replay, event.source, verdict);
        // The first few uses of a key are enough to compare later ones with.
        if known.len() < 8 {
            known.push(index);
        }
    }
    pairs
}

/// Counts the steps that may carry an idempotency key where the source does not show it. Without a model any write may.
pub(super) fn count_hidden_keys(history: &History<'_>, result: &mut CaseResult) {
    let model = &history.plan.model;
    for (at, event) in history.events.iter().enumerate() {
        let declares = |a| history.plan.activity_of(a).is_some_and(|a| a.idempotency.is_some());
        let may_carry = model.activities.is_empty() || history.activity(at).is_some_and(declares);
        let hidden = event.idempotency.is_none() && !event.shows.headers;
        if may_carry && hidden && !event.read && event.outcome == Outcome::Accepted {
            result.tallies.count(Check::Replay, event.source, None);
            if !model.activities.is_empty() {
                *result.hidden_keys.entry(Check::Replay).or_default() += 1;
            }
        }
    }
}
