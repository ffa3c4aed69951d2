//! Which things belong to which by what calls about them say: `POST /refunds` answers `{"id": 7, "orderId": "ord_1"}`.
//!
//! A thing belongs to another where all that is said of it names one and the same, which was there before. What many
//! people's things name is a catalogue or a setting that they share: an order of a product is not part of its life.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::flows::{Flows, SUPPORT};
use super::sample::Sample;
use crate::event::least::{add_least, keep_least_keys};
use crate::event::partition::stable_hash;
use crate::event::{Event, ObjectId};

/// Objects that are looked at.
const OBJECTS: usize = 1 << 14;
/// Types of which one object names others.
const TYPES: usize = 16;
/// Makers of what belongs to one object, from which on it is shared.
const SHARED: usize = 3;

/// Words before a type that say that a thing only has to do with another: `related_order_id`, `previous_id`.
const ASIDE: [&str; 14] = [
    "related",
    "linked",
    "previous",
    "prev",
    "next",
    "last",
    "similar",
    "other",
    "another",
    "alternative",
    "duplicate",
    "copied",
    "replaced",
    "compared",
];

/// Whether a type's name says that what names it is no part of it.
pub(super) fn is_aside(object_type: &str) -> bool {
    ASIDE.contains(&object_type.split('_').next().unwrap_or_default())
}

/// To which types things belong, by type, with what was seen of it.
pub(super) type Parents = BTreeMap<Arc<str>, (Arc<str>, Seen)>;
/// How near a type is to those that belong to it, which it is, and what was seen of it.
type Nearest<'t> = ((usize, i128), &'t Arc<str>, Seen);

/// What was seen of things that name those of another type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    /// In words.
    pub(super) told: String,
    /// Nearly each has one of its own: what many name (an address of the customer's) may be none that they are a part of.
    pub(super) own: bool,
}

/// What calls say of objects, by type and key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Ties(Sample<Tied, OBJECTS>);

/// What calls say of one object.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Tied {
    object_type: Arc<str>,
    /// When a call was first about it, and by whom.
    first: Option<(i64, u64, Option<u64>)>,
    /// The keys that were named beside it, by type: the least one, and whether there are others.
    named: BTreeMap<Arc<str>, (Arc<str>, bool)>,
}

impl Tied {
    fn name(&mut self, object_type: Arc<str>, key: Arc<str>, several: bool) {
        let (least, others) = self.named.entry(object_type).or_insert_with(|| (Arc::clone(&key), several));
        *others |= several || *least != key;
        if key < *least {
            *least = key;
        }
    }

    fn merge(&mut self, more: Tied) {
        self.object_type = more.object_type;
        self.first = self.first.into_iter().chain(more.first).min();
        more.named.into_iter().for_each(|(name, (key, several))| self.name(name, key, several));
        keep_least_keys(&mut self.named, TYPES);
    }
}

/// The name of an object among all.
fn name(object_type: &str, key: &str) -> String {
    format!("{object_type}\0{key}")
}

impl Ties {
    /// Adds an accepted call that is about an object; `beside` are others that it names.
    pub(super) fn add<'e>(&mut self, event: &Event, about: &ObjectId, beside: impl Iterator<Item = &'e ObjectId>) {
        let Some(known) = self.0.entry(&name(&about.object_type, &about.key)) else { return };
        // Who stands behind a session is not known yet.
        let actor = event.actor.principal.as_deref().or(event.actor.credential.as_deref());
        let actor = actor.map(|name| stable_hash([name.as_bytes()]));
        let first = Some((event.time, event.id.0, actor));
        let mut tied = Tied { object_type: Arc::clone(&about.object_type), first, named: BTreeMap::new() };
        for other in beside.filter(|other| other.object_type != about.object_type) {
            tied.name(Arc::clone(&other.object_type), Arc::clone(&other.key), false);
        }
        known.merge(tied);
    }

    /// Adds what another part saw.
    pub(super) fn merge(&mut self, other: Ties) {
        self.0.merge(other.0, Tied::merge);
    }

    /// To which other types things belong, by type, with what was seen of it; `flows` tells what types are called.
    pub(super) fn parents(&self, flows: &Flows, may_own: impl Fn(&Arc<str>) -> bool) -> Parents {
        let full = self.0.iter().count() >= OBJECTS;
        let mut counts: BTreeMap<(&Arc<str>, &Arc<str>), Count<'_>> = BTreeMap::new();
        let mut objects: BTreeMap<&Arc<str>, usize> = BTreeMap::new();
        for (_, tied) in self.0.iter() {
            let own = flows.object_type(&tied.object_type);
            *objects.entry(own).or_default() += 1;
            for (raw, (key, several)) in &tied.named {
                let other = flows.object_type(raw);
                if own != other && !is_aside(raw) && may_own(other) {
                    // Its own calls may call its type by another name.
                    let names = [raw, other].map(|raw| name(raw, key));
                    let parent = names.iter().find_map(|name| self.0.get(name)?.first);
                    counts.entry((own, other)).or_default().add(tied, (key, *several), parent);
                }
            }
        }
        let mut nearest: BTreeMap<&Arc<str>, Nearest<'_>> = BTreeMap::new();
        for ((child, parent), count) in counts {
            let all = objects.get(child).copied().unwrap_or_default();
            // Of several the one that tells most of the things apart is the nearest, then the one that came last.
            let near = (count.makers.len(), count.since / count.known.max(1) as i128);
            if count.belong(all, full) && nearest.get(child).is_none_or(|(known, ..)| *known < near) {
                let told = format!("{} of {all} say which, and it was there before", count.before);
                nearest.insert(child, (near, parent, Seen { told, own: count.makers.len() * 5 >= count.one * 4 }));
            }
        }
        let above = |at: &&Arc<str>| nearest.get(*at).map(|(_, parent, _)| *parent);
        let in_ring = |child: &Arc<str>| {
            std::iter::successors(above(&child), |at| above(at)).take(nearest.len()).any(|at| at == child)
        };
        let found = nearest.iter().filter(|(child, _)| !in_ring(child));
        found.map(|(child, (_, parent, seen))| (Arc::clone(child), (Arc::clone(parent), seen.clone()))).collect()
    }
}

/// How things of one type name those of another.
#[derive(Default)]
struct Count<'t> {
    /// Things that name one.
    one: usize,
    /// Of these, things whose one is known.
    known: usize,
    /// Of these, things whose one was there before.
    before: usize,
    /// When those ones were first seen, in sum.
    since: i128,
    /// Who made things that name it, by its key.
    makers: BTreeMap<&'t str, BTreeSet<u64>>,
}

impl<'t> Count<'t> {
    fn add(&mut self, tied: &Tied, (key, several): (&'t str, bool), parent: Option<(i64, u64, Option<u64>)>) {
        if several {
            return;
        }
        self.one += 1;
        self.known += usize::from(parent.is_some());
        self.since += parent.map_or(0, |(first, ..)| i128::from(first));
        self.before += usize::from(parent.is_some_and(|parent| tied.first.is_some_and(|own| parent < own)));
        add_least(self.makers.entry(key).or_default(), tied.first.and_then(|(.., actor)| actor), SHARED);
    }

    /// Whether that makes them part of these; of a `full` sample, what is not known may have been left out of it.
    fn belong(&self, all: usize, full: bool) -> bool {
        let shared = self.makers.values().filter(|makers| makers.len() >= SHARED).count();
        let most = |part: usize, whole: usize| part * 5 >= whole * 4;
        let there = most(self.before, if full { self.known } else { self.one });
        self.before >= SUPPORT
            && most(self.one, all)
            && there
            && self.makers.len() > 1
            && shared * 5 <= self.makers.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::sample::rich_event;

    /// A call at a time by somebody about a thing, with others that it names.
    type Call<'c> = (i64, &'c str, &'c str, &'c [&'c str]);

    fn id(text: &str) -> ObjectId {
        let (object_type, key) = text.split_once(':').unwrap();
        ObjectId { object_type: object_type.into(), key: key.into() }
    }

    fn parents(calls: &[Call<'_>]) -> Vec<(String, String)> {
        let add = |ties: &mut Ties, (time, by, about, beside): &Call<'_>| {
            let mut event = rich_event(1);
            (event.time, event.actor.principal) = (*time, Some((*by).into()));
            let beside: Vec<ObjectId> = beside.iter().map(|text| id(text)).collect();
            ties.add(&event, &id(about), beside.iter());
        };
        let (mut whole, mut parts) = (Ties::default(), Ties::default());
        for call in calls {
            add(&mut whole, call);
        }
        for call in calls.iter().rev() {
            let mut part = Ties::default();
            add(&mut part, call);
            parts.merge(part);
        }
        assert_eq!(whole, parts, "in any order and parts");
        let found = whole.parents(&Flows::default(), |_| true);
        found.into_iter().map(|(child, (parent, _))| (child.to_string(), parent.to_string())).collect()
    }

    /// Orders of some people, each with a refund that names it, and what else both name.
    fn refunds(orders: usize, beside: impl Fn(usize) -> String, late: bool) -> Vec<(String, String)> {
        let names: Vec<[String; 4]> = (0..orders)
            .map(|n| [format!("p{}", n % 3), format!("order:o{n}"), format!("refund:r{n}"), beside(n)])
            .collect();
        let lists: Vec<[&str; 2]> = names.iter().map(|[_, order, _, more]| [order.as_str(), more.as_str()]).collect();
        let mut calls: Vec<Call<'_>> = Vec::new();
        for (n, ([who, order, refund, more], named)) in (0..).zip(names.iter().zip(&lists)) {
            let (first, second) = if late { (10 + n, n) } else { (n, 10 + n) };
            calls.push((-1, "boss", more, &[]));
            calls.push((first, who, order, &named[1..]));
            calls.push((second, who, refund, &named[..]));
        }
        parents(&calls)
    }

    #[test]
    fn things_belong_to_what_each_of_them_names() {
        let tied = |child: &str, parent: &str| (child.to_owned(), parent.to_owned());
        let product = |n: usize| format!("product:{}", n % 2);
        assert_eq!(refunds(9, product, false), [tied("refund", "order")], "what many order is no order's whole");
        assert_eq!(refunds(4, product, false), [], "too few");
        assert_eq!(refunds(9, product, true), [], "what comes later owns nothing");
        let basket = |n: usize| format!("basket:b{n}");
        let chain = [tied("order", "basket"), tied("refund", "order")];
        assert_eq!(refunds(9, basket, false), chain, "of several the one that came last is the nearest");
    }

    #[test]
    fn what_many_of_one_person_name_is_perhaps_no_whole() {
        let own = |share: usize| {
            let mut ties = Ties::default();
            let mut add = |time: i64, by: &str, about: ObjectId, beside: &[ObjectId]| {
                let mut event = rich_event(1);
                (event.time, event.actor.principal) = (time, Some(by.into()));
                ties.add(&event, &about, beside.iter());
            };
            for n in 0..12 {
                let (who, address) = (format!("p{}", n / share), id(&format!("address:a{}", n / share)));
                add(0, &who, address.clone(), &[]);
                add(1, &who, id(&format!("order:o{n}")), &[address]);
            }
            ties.parents(&Flows::default(), |_| true).values().map(|(_, seen)| seen.own).collect::<Vec<_>>()
        };
        assert_eq!((own(1), own(3)), (vec![true], vec![false]));
    }

    #[test]
    fn what_names_several_belongs_to_none() {
        let names: Vec<(String, String)> = (0..9).map(|n| (format!("refund:r{n}"), format!("order:o{n}"))).collect();
        let lists: Vec<[&str; 1]> = names.iter().map(|(_, order)| [order.as_str()]).collect();
        let mut calls: Vec<Call<'_>> = names.iter().map(|(_, order)| (0, "ann", order.as_str(), &[][..])).collect();
        for (at, (refund, _)) in names.iter().enumerate() {
            calls.push((1, "ann", refund, &lists[at]));
        }
        assert_eq!(parents(&calls).len(), 1);
        for (at, (refund, _)) in names.iter().enumerate() {
            calls.push((2, "ann", refund, &lists[(at + 1) % lists.len()]));
        }
        assert_eq!(parents(&calls), []);
    }
}
