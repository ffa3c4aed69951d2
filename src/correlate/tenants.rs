//! Requests that name two tenants: by a claim one, by the host, the path, a header or an argument another.
//!
//! Places may call one tenant by different names (a vanity domain, a number in the token), so that names are compared
//! through what usually goes together. What one client does, however often, is not usual: principals are counted.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::event::least::{keep_least, keep_least_keys};
use crate::event::partition::stable_hash;
use crate::event::{Event, Outcome};

/// Pairs of names that are looked at of two places; of more, those with the least hashes.
const MOST_PAIRS: usize = 4_096;
/// Pairs of places that are looked at.
const MOST_PLACES: usize = 64;
/// Principals told apart of one pair.
const MOST_PRINCIPALS: usize = 16;
/// Tenants that two places must call by one name each, before their names are taken for the same.
const SHARED_NAMES: usize = 2;

/// A name at one place, and the name at another beside it.
type Pair = (Arc<str>, Arc<str>);

/// Which names of tenants requests show together. Adding and merging commute.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Named(BTreeMap<Pair, BTreeMap<(u64, Pair), Shown>>);

/// Who showed a pair of names, and how often.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Shown {
    principals: BTreeSet<u64>,
    events: u64,
}

impl Shown {
    fn weight(&self, faithful: &BTreeSet<u64>) -> Weight {
        let own = self.principals.iter().filter(|principal| faithful.contains(principal)).count();
        (own, self.principals.len(), self.events)
    }
}

impl Named {
    /// Notes what an accepted event shows, before it is resolved.
    pub(super) fn add(&mut self, event: &Event) {
        if event.outcome != Outcome::Accepted {
            return;
        }
        let principal = stable_hash([event.actor.principal.as_deref().unwrap_or_default().as_bytes()]);
        for (places, names) in pairs(event) {
            if let Some(shown) = self.entry(places, names) {
                shown.principals.insert(principal);
                shown.events += 1;
                keep_least(&mut shown.principals, MOST_PRINCIPALS);
            }
        }
    }

    /// The entry of a pair, unless it has no place in the sample.
    fn entry(&mut self, places: Pair, names: Pair) -> Option<&mut Shown> {
        if self.0.len() >= MOST_PLACES && !self.0.contains_key(&places) {
            return None;
        }
        let all = self.0.entry(places).or_default();
        let key = (stable_hash([names.0.as_bytes(), names.1.as_bytes()]), names);
        if all.len() >= MOST_PAIRS && !all.contains_key(&key) {
            all.last_key_value().filter(|(last, _)| **last > key)?;
            all.pop_last();
        }
        Some(all.entry(key).or_default())
    }

    /// Adds what another part of the input shows.
    pub(super) fn merge(&mut self, other: Named) {
        for (places, more) in other.0 {
            let all = self.0.entry(places).or_default();
            for (key, shown) in more {
                let own = all.entry(key).or_default();
                own.principals.extend(shown.principals);
                own.events += shown.events;
                keep_least(&mut own.principals, MOST_PRINCIPALS);
            }
            keep_least_keys(all, MOST_PAIRS);
        }
    }

    /// What usually goes together.
    pub(super) fn usual(&self) -> Tenants {
        Tenants(self.0.iter().map(|(places, pairs)| (places.clone(), Together::of(pairs))).collect())
    }
}

/// Which names of two places are those of one tenant.
#[derive(Clone, Debug, Default)]
pub struct Tenants(BTreeMap<Pair, Together>);

#[derive(Clone, Debug, Default)]
struct Together {
    /// Names that both places have for one tenant.
    shared: BTreeSet<Arc<str>>,
    /// The other place's name beside a name, that most principals show.
    second: BTreeMap<Arc<str>, Arc<str>>,
    first: BTreeMap<Arc<str>, Arc<str>>,
}

impl Together {
    fn of(pairs: &BTreeMap<(u64, Pair), Shown>) -> Together {
        let shared: BTreeSet<Arc<str>> =
            pairs.keys().filter(|(_, (a, b))| a == b).map(|(_, (a, _))| a.clone()).collect();
        let mut faithful: BTreeMap<u64, bool> = BTreeMap::new();
        for principal in pairs.values().flat_map(|shown| &shown.principals) {
            faithful.entry(*principal).and_modify(|only| *only = false).or_insert(true);
        }
        let faithful = faithful.into_iter().filter_map(|(principal, only)| only.then_some(principal)).collect();
        let (second, first) = borne_out(pairs, &faithful);
        // Of a tenant whose people all mix, its own name is the one that is no other's.
        let taken =
            |(a, b): &Pair| second.get(a).is_some_and(|own| *own != b) || first.get(b).is_some_and(|own| *own != a);
        let open = |((_, names), shown): &(&(u64, Pair), &Shown)| shown.weight(&faithful).0 > 0 || !taken(names);
        let side =
            |turn: Turn| usual(pairs.iter().filter(open).map(|((_, names), shown)| (turn(names), shown)), &faithful);
        Together { shared, second: side(|(a, b)| (a, b)), first: side(|(a, b)| (b, a)) }
    }

    /// Whether two names are surely those of two tenants: each is usually shown with another.
    fn differ(&self, (a, b): &Pair) -> bool {
        if a == b {
            return false;
        }
        if self.shared.len() >= SHARED_NAMES {
            // A name that is no tenant's elsewhere may be that of the staff.
            return self.shared.contains(a) && self.shared.contains(b);
        }
        let (second, first) = (self.second.get(a), self.first.get(b));
        second.is_some_and(|second| second != b) && first.is_some_and(|first| first != a)
    }
}

impl Tenants {
    /// Leaves of an event's tenants the first two that differ; none where all are one tenant's names.
    pub fn settle(&self, event: &mut Event) {
        let differing =
            pairs(event).find(|(places, names)| self.0.get(places).is_some_and(|known| known.differ(names)));
        event.tenants = match differing {
            Some(((first, second), (a, b))) => vec![(first, a), (second, b)],
            None => Vec::new(),
        };
    }
}

/// One name beside another.
type Beside<'n> = BTreeMap<&'n Arc<str>, &'n Arc<str>>;

/// Of which names people who show one pair alone bear out that each is the other's, and no other pair with either: the
/// second by the first, and the first by the second.
fn borne_out<'n>(pairs: &'n BTreeMap<(u64, Pair), Shown>, faithful: &BTreeSet<u64>) -> (Beside<'n>, Beside<'n>) {
    let own = || pairs.iter().filter(|(_, shown)| shown.weight(faithful).0 > 0).map(|((_, names), _)| names);
    let mut firsts: BTreeMap<&Arc<str>, u64> = BTreeMap::new();
    let mut seconds: BTreeMap<&Arc<str>, u64> = BTreeMap::new();
    for (a, b) in own() {
        *firsts.entry(a).or_default() += 1;
        *seconds.entry(b).or_default() += 1;
    }
    let single = || own().filter(|(a, b)| firsts.get(a) == Some(&1) && seconds.get(b) == Some(&1));
    (single().map(|(a, b)| (a, b)).collect(), single().map(|(a, b)| (b, a)).collect())
}

/// The side of a pair that is asked for, and the other.
type Turn = fn(&Pair) -> (&Arc<str>, &Arc<str>);

/// The name beside each name that most principals show with it: first those who show one pair alone, since who mixes
/// tenants bears nothing out, then all of them, then events. Of two that are alike nobody knows which
/// is usual.
fn usual<'a>(
    shown: impl Iterator<Item = ((&'a Arc<str>, &'a Arc<str>), &'a Shown)>,
    faithful: &BTreeSet<u64>,
) -> BTreeMap<Arc<str>, Arc<str>> {
    let mut most: BTreeMap<&Arc<str>, (Weight, Option<&Arc<str>>)> = BTreeMap::new();
    for ((own, other), shown) in shown {
        let weight = shown.weight(faithful);
        let known = most.entry(own).or_insert((weight, Some(other)));
        if weight > known.0 {
            *known = (weight, Some(other));
        } else if weight == known.0 && known.1 != Some(other) {
            known.1 = None;
        }
    }
    most.into_iter().filter_map(|(own, (_, other))| Some((own.clone(), other?.clone()))).collect()
}

/// Principals who show one pair alone, all principals, and events.
type Weight = (usize, usize, u64);

/// Pairs of the places of an event with their names.
fn pairs(event: &Event) -> impl Iterator<Item = (Pair, Pair)> {
    let named = &event.tenants;
    let rest = (0..named.len()).map(move |at| named.iter().skip(at + 1));
    named.iter().zip(rest).flat_map(|((first, a), rest)| {
        rest.map(move |(second, b)| ((first.clone(), second.clone()), (a.clone(), b.clone())))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::sample::rich_event;

    /// An accepted call by somebody under a claim and a host or header.
    fn call(who: &str, claim: &str, other: &str) -> Event {
        let mut event = rich_event(1);
        event.actor.principal = Some(who.into());
        event.tenants = vec![("jwt.tid".into(), claim.into()), ("host.label.0".into(), other.into())];
        event
    }

    fn differing(all: &[(&str, &str, &str)]) -> Vec<usize> {
        let mut named = Named::default();
        all.iter().for_each(|(who, claim, other)| named.add(&call(who, claim, other)));
        let mut parts = Named::default();
        all.iter().rev().for_each(|(who, claim, other)| {
            let mut part = Named::default();
            part.add(&call(who, claim, other));
            parts.merge(part);
        });
        assert_eq!(named, parts, "in any order and parts");
        let usual = named.usual();
        let settled = |(who, claim, other): &(&str, &str, &str)| {
            let mut event = call(who, claim, other);
            usual.settle(&mut event);
            !event.tenants.is_empty()
        };
        (0..).zip(all).filter(|(_, one)| settled(one)).map(|(at, _)| at).collect()
    }

    #[test]
    fn a_request_under_another_tenant_differs_however_often_it_is_made() {
        let mut all = vec![("ann", "acme", "acme"), ("bo", "globex", "globex")];
        all.extend([("mal", "globex", "acme"); 20]);
        assert_eq!(differing(&all), (2..22).collect::<Vec<_>>());
    }

    #[test]
    fn vanity_domains_are_names_of_one_tenant() {
        let ordinary = [
            ("ann", "t1", "acme"),
            ("abe", "t1", "acme"),
            ("bo", "t2", "globex"),
            ("ben", "t2", "globex"),
            ("cy", "t3", "initech"),
        ];
        assert_eq!(differing(&ordinary), [0; 0]);
        let mut all = ordinary.to_vec();
        all.extend([("ben", "t2", "acme"); 50]);
        assert_eq!(differing(&all), (5..55).collect::<Vec<_>>());
        // One person of the other tenant is enough: who mixes them outweighs nobody, however often he asks.
        let mut all = vec![("ann", "t1", "acme"), ("bo", "t2", "globex"), ("ben", "t2", "globex")];
        all.extend([("ben", "t2", "acme"); 50]);
        assert_eq!(differing(&all), (3..53).collect::<Vec<_>>());
        // A second domain of one tenant is nobody else's.
        let mut all = ordinary.to_vec();
        all.push(("abe", "t1", "acme-shop"));
        assert_eq!(differing(&all), [0; 0]);
    }

    #[test]
    fn one_person_of_each_tenant_is_enough() {
        let mut all = vec![("ann", "t1", "acme"), ("bo", "t2", "globex")];
        all.extend([("bo", "t2", "acme"); 20]);
        assert_eq!(differing(&all), (2..22).collect::<Vec<_>>());
        // Who is seen under the hosts of others alone is staff.
        let staff = [("ann", "t1", "acme"), ("bo", "t2", "globex"), ("eve", "p", "acme"), ("eve", "p", "globex")];
        assert_eq!(differing(&staff), [0; 0]);
        // A second domain is nobody else's.
        assert_eq!(differing(&[("ann", "t1", "acme"), ("bo", "t2", "globex"), ("bo", "t2", "globex-shop")]), [0; 0]);
    }

    #[test]
    fn staff_are_no_tenant() {
        let all = [
            ("ann", "acme", "acme"),
            ("bo", "globex", "globex"),
            ("eve", "platform", "acme"),
            ("eve", "platform", "globex"),
            ("eve", "platform", "globex"),
        ];
        assert_eq!(differing(&all), [0; 0]);
    }

    #[test]
    fn what_nobody_bears_out_is_not_told() {
        assert_eq!(differing(&[("ann", "t1", "acme"), ("ann", "t1", "globex")]), [0; 0]);
        assert_eq!(differing(&[]), [0; 0]);
    }
}
