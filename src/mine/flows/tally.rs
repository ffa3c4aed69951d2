//! Counts of shared values, and what they decide.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{ACTORS, Edge, Flows, PATH, Port, SUPPORT};
use crate::event::least::add_least;

/// Name of values that no word names: what has it is of no kind.
const NO_KIND: &str = "id";

/// What holds values: a type under its name wherever it stands, or a place whose name says no type.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Holder {
    Type(Arc<str>),
    Place(Arc<str>, Arc<str>),
}

/// Values of one holder, or of two.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Count {
    values: usize,
    /// The least few who used them, by the first holder and by the second.
    actors: [BTreeSet<u64>; 2],
    /// Somebody sent one of them: the server did not just give them.
    sent: bool,
}

/// An operation and a place of it.
type Spot = (Arc<str>, Arc<str>);

/// Sums over values.
#[derive(Default)]
pub(super) struct Tally {
    holders: BTreeMap<Holder, Count>,
    pairs: BTreeMap<(Holder, Holder), Count>,
    /// Types that stand in paths.
    in_paths: BTreeSet<Arc<str>>,
    edges: BTreeMap<[Spot; 2], u64>,
}

impl Tally {
    /// Adds one value with its ports, of which there are few.
    pub(super) fn add<'a>(&mut self, ports: impl Iterator<Item = (Port, &'a BTreeSet<u64>)>) {
        let mut holders: BTreeMap<Holder, (BTreeSet<u64>, bool)> = BTreeMap::new();
        let (mut given, mut taken) = (BTreeSet::new(), BTreeSet::new());
        for (port, actors) in ports {
            let answers = port.place.starts_with("res.") || port.place.starts_with("res_header.");
            if answers { &mut given } else { &mut taken }.insert((port.operation.clone(), port.place.clone()));
            let holder = match port.object_type {
                Some(name) if &*name == NO_KIND => continue,
                Some(name) => {
                    if &*port.place == PATH {
                        self.in_paths.insert(Arc::clone(&name));
                    }
                    Holder::Type(name)
                }
                None => Holder::Place(port.operation, port.place),
            };
            let (users, sent) = holders.entry(holder).or_default();
            users.extend(actors);
            *sent |= !answers;
        }
        for from in &given {
            for to in taken.iter().filter(|to| to.0 != from.0) {
                *self.edges.entry([from.clone(), to.clone()]).or_default() += 1;
            }
        }
        let all: Vec<(&Holder, &(BTreeSet<u64>, bool))> = holders.iter().collect();
        for (at, (holder, (actors, sent))) in all.iter().enumerate() {
            self.holders.entry((*holder).clone()).or_default().add(actors, actors, *sent);
            for (other, (others, also)) in all.iter().skip(at + 1) {
                let pair = ((*holder).clone(), (*other).clone());
                self.pairs.entry(pair).or_default().add(actors, others, *sent || *also);
            }
        }
    }
}

impl Count {
    fn add(&mut self, first: &BTreeSet<u64>, second: &BTreeSet<u64>, sent: bool) {
        self.values += 1;
        self.sent |= sent;
        let [one, two] = &mut self.actors;
        add_least(one, first.iter().copied(), ACTORS);
        add_least(two, second.iter().copied(), ACTORS);
    }
}

/// Whether holders with these counts hold the same: enough values, nearly all of those of the smaller one, or of a place
/// all along. What one actor does says nothing of names that others use too: anybody may send any id under any name. What
/// only answers name is named by the server, whoever asked.
fn are_one(pair: &(Holder, Holder), shared: &Count, counts: &BTreeMap<Holder, Count>) -> bool {
    let (Some(first), Some(second)) = (counts.get(&pair.0), counts.get(&pair.1)) else { return false };
    let whole = match pair {
        (Holder::Type(_), Holder::Type(_)) => first.values.min(second.values),
        (Holder::Type(_), Holder::Place(..)) => second.values,
        _ => return false,
    };
    let [one, two] = &shared.actors;
    let many = |users: &BTreeSet<u64>, of: &Count| !of.sent || users.len() >= ACTORS;
    let several = many(one, first) && many(two, second);
    let alone = |count: &Count| count.actors[0].len() < ACTORS;
    let own = || alone(first) && (first.actors[0] == second.actors[0] || !second.sent);
    let others = || alone(second) && !first.sent;
    shared.values >= SUPPORT && shared.values * 5 >= whole * 4 && (several || own() || others())
}

/// What the counts say is one.
pub(super) fn decide(tally: Tally) -> Flows {
    let Tally { holders, pairs, in_paths, edges } = tally;
    let mut alike: Vec<(&(Holder, Holder), &Count)> =
        pairs.iter().filter(|(pair, shared)| are_one(pair, shared, &holders)).collect();
    alike.sort_by(|a, b| b.1.values.cmp(&a.1.values).then_with(|| a.0.cmp(b.0)));
    let mut flows = Flows::default();
    let mut types: BTreeMap<Arc<str>, Arc<str>> = BTreeMap::new();
    for (pair, _) in &alike {
        if let (Holder::Type(one), Holder::Type(two)) = pair {
            let (one, two) = (root(&types, one), root(&types, two));
            let rank = |name: &Arc<str>| {
                let values = holders.get(&Holder::Type(Arc::clone(name))).map_or(0, |count| count.values);
                (!in_paths.contains(name), std::cmp::Reverse(values), Arc::clone(name))
            };
            let (best, other) = if rank(&one) <= rank(&two) { (one, two) } else { (two, one) };
            // Two that stand in paths are two, whatever they share: what belongs to a thing may have its id.
            if best != other && !in_paths.contains(&other) {
                types.insert(other, best);
            }
        }
    }
    for (pair, _) in &alike {
        if let (Holder::Type(name), Holder::Place(operation, place)) = pair {
            let of_operation = flows.places.entry(Arc::clone(operation)).or_default();
            of_operation.entry(Arc::clone(place)).or_insert_with(|| root(&types, name));
        }
    }
    flows.types = types.keys().map(|name| (Arc::clone(name), root(&types, name))).collect();
    let edges = edges.into_iter().filter(|(_, values)| *values >= SUPPORT as u64);
    flows.edges = edges.map(|([from, to], values)| Edge { from, to, values }).collect();
    flows
}

/// The type that a type is in the end; each step is to one of a better rank.
fn root(types: &BTreeMap<Arc<str>, Arc<str>>, name: &Arc<str>) -> Arc<str> {
    let mut at = name;
    while let Some(next) = types.get(at) {
        at = next;
    }
    Arc::clone(at)
}
