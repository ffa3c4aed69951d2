//! Moves between states, and how they were made.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Item;
use crate::mine::evidence::add;

/// Actors told apart at one move.
const MOVERS: usize = 2;

/// Distinct steps of one life that are remembered.
const PASSED: usize = 32;

/// Where an object is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::mine) enum Node {
    /// In a state that the server declared, in lower case: names of states compare without case.
    Declared(Arc<str>),
    /// Behind a step.
    After(Arc<str>),
}

/// Moves with how often they were made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::mine) struct Walks {
    /// First moves of which nothing before was seen.
    pub(in crate::mine) starts: BTreeMap<(Arc<str>, Node), u64>,
    pub(in crate::mine) moves: BTreeMap<(Node, Arc<str>, Node), u64>,
    /// First moves from a state that was shown before any step: counted among `moves` too.
    pub(in crate::mine) shown: BTreeMap<(Arc<str>, Node), u64>,
    /// What was met of children, by where the object was.
    pub(in crate::mine) met: BTreeMap<Node, Met>,
    /// Who made a move, and after which steps; first moves start nowhere.
    pub(in crate::mine) ways: BTreeMap<(Option<Node>, Arc<str>, Node), Way>,
}

/// What was met of an object's children while it was somewhere.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::mine) struct Met {
    /// Objects that stayed there to the end.
    pub(in crate::mine) stayed: u64,
    /// Of these, objects with a step on a child at any time, by activity.
    pub(in crate::mine) with: BTreeMap<Arc<str>, u64>,
    /// Steps on children while objects were there, by activity.
    pub(in crate::mine) steps: BTreeMap<Arc<str>, u64>,
}

impl Met {
    pub(in crate::mine) fn merge(&mut self, other: Met) {
        self.stayed += other.stayed;
        add(&mut self.with, other.with);
        add(&mut self.steps, other.steps);
    }
}

impl Walks {
    /// Adds a life by its last steps alone.
    pub(super) fn walk(&mut self, items: &[Item]) {
        let mut at: Option<Node> = None;
        let mut passed = BTreeSet::new();
        for item in items {
            let Some(activity) = &item.activity else {
                self.meet(at.as_ref(), item);
                continue;
            };
            let to = Node::After(Arc::clone(activity));
            self.add(at.take(), activity, to.clone(), item.actor, &passed);
            at = Some(to);
            pass(&mut passed, activity);
        }
        self.stay(at, items);
    }

    /// Notes the step on a child that an item is.
    pub(super) fn meet(&mut self, at: Option<&Node>, item: &Item) {
        if let Some((at, step)) = at.zip(item.beside.as_ref()) {
            *self.met.entry(at.clone()).or_default().steps.entry(Arc::clone(step)).or_default() += 1;
        }
    }

    /// Notes where an object stayed.
    pub(super) fn stay(&mut self, at: Option<Node>, items: &[Item]) {
        let Some(at) = at else { return };
        let met = self.met.entry(at).or_default();
        met.stayed += 1;
        for step in items.iter().filter_map(|item| item.beside.as_ref()).collect::<BTreeSet<_>>() {
            *met.with.entry(Arc::clone(step)).or_default() += 1;
        }
    }

    pub(super) fn add(
        &mut self,
        from: Option<Node>,
        activity: &Arc<str>,
        to: Node,
        actor: Option<u64>,
        passed: &BTreeSet<Arc<str>>,
    ) {
        let way = Way {
            count: 1,
            unknown: u64::from(actor.is_none()),
            actors: actor.into_iter().collect(),
            passed: passed.iter().map(|step| (Arc::clone(step), 1)).collect(),
        };
        self.ways.entry((from.clone(), Arc::clone(activity), to.clone())).or_default().merge(way);
        let count = match from {
            Some(from) => self.moves.entry((from, Arc::clone(activity), to)).or_default(),
            None => self.starts.entry((Arc::clone(activity), to)).or_default(),
        };
        *count += 1;
    }

    pub(super) fn merge(&mut self, other: Walks) {
        add(&mut self.starts, other.starts);
        add(&mut self.moves, other.moves);
        add(&mut self.shown, other.shown);
        for (node, met) in other.met {
            self.met.entry(node).or_default().merge(met);
        }
        for (key, way) in other.ways {
            self.ways.entry(key).or_default().merge(way);
        }
    }
}

/// How a move was made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::mine) struct Way {
    /// Moves.
    pub(in crate::mine) count: u64,
    /// Moves by an actor who is not known.
    pub(in crate::mine) unknown: u64,
    /// The least few of the known actors, by hash.
    pub(in crate::mine) actors: BTreeSet<u64>,
    /// Moves by what their object had gone through before.
    pub(in crate::mine) passed: BTreeMap<Arc<str>, u64>,
}

impl Way {
    pub(in crate::mine) fn merge(&mut self, other: Way) {
        self.count += other.count;
        self.unknown += other.unknown;
        self.actors.extend(other.actors);
        least(&mut self.actors, MOVERS);
        add(&mut self.passed, other.passed);
    }
}

/// Keeps the least few of a union, which do not depend on how it was made.
fn least(actors: &mut BTreeSet<u64>, most: usize) {
    while actors.len() > most {
        actors.pop_last();
    }
}

/// Remembers a step; of lives with very many different ones, the first.
pub(super) fn pass(passed: &mut BTreeSet<Arc<str>>, activity: &Arc<str>) {
    if passed.len() < PASSED {
        passed.insert(Arc::clone(activity));
    }
}
