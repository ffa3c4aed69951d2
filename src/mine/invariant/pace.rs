//! How many things of a type one actor makes in a minute.

use std::collections::BTreeMap;

use super::{Invariants, SUPPORT, Seen};
use crate::mine::proposal::id;

const MINUTE: i64 = 60_000_000;
/// Actors from which on it is known how fast they are.
const ACTORS: usize = 5;
/// Fewer in a minute are no reason to look.
const LEAST: usize = 5;

/// Proposes a pace with half of the fastest to spare. Only where all lives are known: who is seldom in a sample seems slow.
pub(super) fn propose(seen: &Seen<'_>, found: &mut Invariants) {
    let name = &seen.object.name;
    for making in seen.sketch.activities.iter().filter(|a| a.object == *name && a.creates && seen.all) {
        let mut by_actor: BTreeMap<u64, Vec<i64>> = BTreeMap::new();
        for deed in seen.lives.iter().flat_map(|life| &life.0) {
            if let Some(actor) = deed.actor.filter(|_| deed.child.is_none() && deed.step == making.name) {
                by_actor.entry(actor).or_default().push(deed.time.0);
            }
        }
        let made: usize = by_actor.values().map(Vec::len).sum();
        if by_actor.len() < ACTORS || made < SUPPORT {
            continue;
        }
        let most = by_actor.into_values().map(most_in_a_minute).max().unwrap_or(0);
        let max = (most + most.div_ceil(2)).max(LEAST);
        let id = id(&[&making.name, "pace"]);
        let constraint = format!("{{id: {id}, activity: {}, by: actor, window: 1m, max: {max}}}", making.name);
        found.constraints.push((constraint, format!("at most {most} in a minute by one actor, of {made}")));
    }
}

fn most_in_a_minute(mut times: Vec<i64>) -> usize {
    times.sort_unstable();
    let mut from = 0;
    let mut most = 0;
    for (at, time) in times.iter().enumerate() {
        while times.get(from).is_some_and(|first| time.saturating_sub(*first) > MINUTE) {
            from += 1;
        }
        most = most.max(at + 1 - from);
    }
    most
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_is_found_wherever_it_begins() {
        for seed in 0..50_i64 {
            let times: Vec<i64> = (1..30).map(|n| (n * n * (seed + 7)) % 97 * 5_000_000).collect();
            let brute = |from: &i64| times.iter().filter(|time| (*from..=from + MINUTE).contains(time)).count();
            assert_eq!(most_in_a_minute(times.clone()), times.iter().map(brute).max().unwrap());
        }
    }
}
