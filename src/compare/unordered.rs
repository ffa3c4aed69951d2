//! Steps without a known order: every order that is left of them, tried by sets of steps taken.
//!
//! Steps that do the same to every belief, and of which one neither begins nor ends after the other, are taken as they
//! came: whatever order has them the other way round has a twin that has not. So a set is a count for each such chain;
//! twenty equal calls at once make twenty-one sets, and a slow call beside seventy in a row no more than twice seventy.
//! What a set leads to depends on the order: it is kept for each belief that some order of it ends with.

use std::collections::{BTreeMap, BTreeSet};

use super::belief::Belief;
use super::history::Unseen;
use super::replay::Run;
use super::step::Step;
use crate::event::Event;

/// Sets of one size that are tried within one run; beyond, nothing is decided by their order.
const MOST_SETS: usize = 1024;
/// Steps tried within one run, and as many for each step of it.
const MOST_TRIED: (usize, usize) = (65_536, 32);
/// Beliefs after one set of steps that are told apart; beyond, the cheapest way to each set stands for all.
const MOST_BELIEFS: usize = 16;
/// Chains of steps alike within one run.
const MOST_CHAINS: usize = 256;
/// What trying one step costs of the case's looks at single events.
const LOOKS: usize = 64;

/// The best order found of a run's steps.
pub(super) struct Path {
    /// Places of the steps in the run, each with the belief before it: what any order of the steps before that has as few
    /// faults leads to.
    pub(super) trail: Vec<(usize, Belief)>,
    /// Belief after the last.
    pub(super) belief: Belief,
}

/// Steps without order to a judged one that are taken to come after it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pending<'p> {
    order: &'p [(usize, usize)],
    taken: usize,
}

impl<'p> Pending<'p> {
    /// None at all.
    pub(super) fn none() -> Self {
        Pending { order: &[], taken: 0 }
    }

    /// The events of a trail, sorted, each with when it is taken.
    pub(super) fn order<'s>(trail: impl Iterator<Item = &'s Step>) -> Vec<(usize, usize)> {
        let mut order: Vec<(usize, usize)> = trail.enumerate().map(|(taken, step)| (step.event, taken)).collect();
        order.sort_unstable();
        order
    }

    /// Those of an order after the step that is taken as the given one, counted from 0.
    pub(super) fn after(order: &'p [(usize, usize)], taken: usize) -> Self {
        Pending { order, taken }
    }

    /// Whether an event is among them.
    pub(super) fn contains(&self, event: usize) -> bool {
        let place = self.order.binary_search_by_key(&event, |(event, _)| *event).ok();
        place.and_then(|place| self.order.get(place)).is_some_and(|(_, taken)| *taken > self.taken)
    }
}

/// The best order that the known precedence allows, one with the fewest faults: of equally good ones that with the faults
/// latest in the given order, but all of them are believed. `None` when there are too many.
pub(super) fn explore(
    run: &Run<'_, '_>,
    belief: &Belief,
    steps: &[Step],
    unseen: &Unseen,
    excused: &BTreeSet<usize>,
) -> Option<Path> {
    let excused: Vec<bool> = steps.iter().map(|step| excused.contains(&step.event)).collect();
    let chains = Chains::of(run, steps, &excused)?;
    let search = Search { run, steps, unseen, excused: &excused, chains: &chains };
    search
        .best(belief, MOST_BELIEFS)
        .or_else(|stop| match stop {
            Stop::Beliefs => search.best(belief, 1),
            Stop::Work => Err(Stop::Work),
        })
        .ok()
}

/// Why no best order was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stop {
    /// There were more beliefs to tell apart than were allowed.
    Beliefs,
    /// There was too much to try, however few beliefs are told apart.
    Work,
}

/// What is tried.
struct Search<'s, 'r, 'a> {
    run: &'s Run<'r, 'a>,
    steps: &'s [Step],
    unseen: &'s Unseen,
    excused: &'s [bool],
    chains: &'s Chains,
}

impl Search<'_, '_, '_> {
    /// The best order, with so many beliefs told apart after each set of steps. What a fault leads to allows more than what
    /// none leads to, so that the fewest faults of a set may be those of no best order: each belief is gone on from. With
    /// one belief alone the cheapest beginning of each set stands for all.
    fn best(&self, belief: &Belief, most: usize) -> Result<Path, Stop> {
        let mut layers = vec![vec![Node { parent: 0, place: 0, set: 0, faults: (0, 0), belief: belief.clone() }]];
        let mut sets = vec![self.chains.nothing()];
        let mut tried = 0;
        for _ in 0..self.steps.len() {
            let mut next: BTreeMap<Taken, Vec<Node>> = BTreeMap::new();
            for (parent, from) in layers.last().ok_or(Stop::Work)?.iter().enumerate() {
                let before = from.belief.widen(self.run.automaton, self.unseen);
                for (place, with) in self.chains.open(sets.get(from.set).ok_or(Stop::Work)?) {
                    tried += 1;
                    let bound = MOST_TRIED.0 + MOST_TRIED.1 * self.steps.len();
                    if tried > bound || next.len() > MOST_SETS || !self.run.history.afford(LOOKS) {
                        return Err(Stop::Work);
                    }
                    let (belief, wrong) = self.step(&before, place).ok_or(Stop::Work)?;
                    let faults = (from.faults.0 + u64::from(wrong), from.faults.1 + u64::from(wrong) * place as u64);
                    let found = Node { parent, place, set: 0, faults, belief };
                    let known = next.entry(with).or_default();
                    meet(known, found, most == 1);
                    if known.len() > most {
                        return Err(Stop::Beliefs);
                    }
                }
            }
            sets.clear();
            let mut reached = Vec::with_capacity(next.len());
            for (taken, nodes) in next {
                reached.extend(nodes.into_iter().map(|node| Node { set: sets.len(), ..node }));
                sets.push(taken);
            }
            // Nodes of one layer lie in the order of their trails, so that of equal ones the first in the given order wins.
            reached.sort_by_key(|node| (node.parent, node.place));
            layers.push(reached);
        }
        if sets.len() == 1 { self.path(&layers).ok_or(Stop::Work) } else { Err(Stop::Work) }
    }

    /// What one step makes of a belief, and whether it is misplaced.
    fn step(&self, before: &Belief, place: usize) -> Option<(Belief, bool)> {
        let excused = self.excused.get(place).copied().unwrap_or(false);
        let stepped = self.run.step(before, self.steps.get(place)?, excused);
        Some((stepped.belief, stepped.fault.is_some()))
    }

    /// The best of the ways that were found, from its end.
    fn path(&self, layers: &[Vec<Node>]) -> Option<Path> {
        let (ends, before) = layers.split_last()?;
        let mut at = ends.iter().min_by_key(|node| (node.faults.0, std::cmp::Reverse(node.faults.1)))?;
        let equals = ends.iter().filter(|node| node.faults.0 == at.faults.0);
        let belief = equals.fold(at.belief.clone(), |belief, node| belief.or(&node.belief));
        let mut trail = Vec::with_capacity(self.steps.len());
        for layer in before.iter().rev() {
            let from = layer.get(at.parent)?;
            trail.push((at.place, self.before(layer, from, at)?));
            at = from;
        }
        trail.reverse();
        Some(Path { trail, belief })
    }

    /// What is believed before a step: what any way to the set of steps before it leads to that has as few faults, and
    /// from which the step is as well placed.
    fn before(&self, layer: &[Node], from: &Node, to: &Node) -> Option<Belief> {
        let widened = |node: &Node| node.belief.widen(self.run.automaton, self.unseen);
        let wrong = |belief: &Belief| self.step(belief, to.place).map(|(_, wrong)| wrong);
        let own = widened(from);
        let is_wrong = wrong(&own)?;
        let equals = layer.iter().filter(|node| node.set == from.set && node.faults.0 == from.faults.0).map(widened);
        let joined = equals.filter(|b| wrong(b) == Some(is_wrong)).fold(own.clone(), |belief, other| belief.or(&other));
        Some(if wrong(&joined)? == is_wrong { joined } else { own })
    }
}

/// The best way found to take a set of steps and believe what it leads to.
struct Node {
    /// The set without its last step, by its place in the layer before.
    parent: usize,
    /// The last step.
    place: usize,
    /// The set, by its place among those of the layer.
    set: usize,
    /// How many steps are misplaced, and the sum of their places.
    faults: (u64, u64),
    belief: Belief,
}

/// Takes another way to a set into account, whose trail comes later. Those to one belief are one; `joined`: so are all.
fn meet(known: &mut Vec<Node>, other: Node, joined: bool) {
    let Some(node) = known.iter_mut().find(|node| joined || node.belief == other.belief) else {
        known.push(other);
        return;
    };
    let (few, others) = (node.faults.0, other.faults.0);
    if others > few {
        return;
    }
    let belief = if others < few { other.belief.clone() } else { other.belief.clone().or(&node.belief) };
    if others < few || other.faults.1 > node.faults.1 {
        *node = other;
    }
    node.belief = belief;
}

/// How many steps of each chain are taken.
type Taken = Box<[u32]>;

/// A run's steps in chains of such as are alike.
struct Chains {
    /// Places of the steps of each.
    chains: Vec<Vec<usize>>,
    /// By place, how many steps of each chain surely come before.
    needs: Vec<Box<[u32]>>,
}

impl Chains {
    fn of(run: &Run<'_, '_>, steps: &[Step], excused: &[bool]) -> Option<Self> {
        let history = run.history;
        let events: Vec<&Event> = steps.iter().map(|step| history.event(step.event)).collect::<Option<_>>()?;
        let precedence = history.precedence();
        let mut chains: Vec<Vec<usize>> = Vec::new();
        for (place, (step, event)) in steps.iter().zip(&events).enumerate() {
            let follows = |last: usize| {
                let (Some(before), Some(first)) = (steps.get(last), events.get(last)) else { return false };
                let turns = (first.turn.map(|t| t.request), first.turn.map(|t| t.number))
                    <= (event.turn.map(|t| t.request), event.turn.map(|t| t.number));
                before.is_like(step)
                    && excused.get(last) == excused.get(place)
                    && first.sensor == event.sensor
                    && first.turn.map(|t| t.request) == event.turn.map(|t| t.request)
                    && turns
                    && precedence.latest_start(first) <= precedence.latest_start(event)
                    && first.order_key() <= event.order_key()
                    && run.errs_alike(before, step)
            };
            if let Some(chain) = chains.iter_mut().find(|chain| chain.last().is_some_and(|last| follows(*last))) {
                chain.push(place);
            } else if chains.len() < MOST_CHAINS {
                chains.push(vec![place]);
            } else {
                return None;
            }
        }
        let surely = |event: &Event, chain: &Vec<usize>| {
            let before = |place: &usize| events.get(*place).is_some_and(|first| precedence.before(first, event));
            u32::try_from(chain.partition_point(before)).unwrap_or(u32::MAX)
        };
        let needs = events.iter().map(|event| chains.iter().map(|chain| surely(event, chain)).collect()).collect();
        Some(Chains { chains, needs })
    }

    fn nothing(&self) -> Taken {
        vec![0; self.chains.len()].into()
    }

    /// Steps that may come next, in the given order, each with what is taken then.
    fn open(&self, taken: &Taken) -> Vec<(usize, Taken)> {
        let next = |(chain, count): (usize, &u32)| {
            let place = *self.chains.get(chain)?.get(*count as usize)?;
            let ready = self.needs.get(place)?.iter().zip(taken).all(|(need, have)| need <= have);
            let mut with = taken.clone();
            *with.get_mut(chain)? += 1;
            ready.then_some((place, with))
        };
        let mut open: Vec<(usize, Taken)> = taken.iter().enumerate().filter_map(next).collect();
        open.sort_unstable_by_key(|(place, _)| *place);
        open
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;
    use crate::compare::Blindness;
    use crate::compare::automaton::StateSet;
    use crate::compare::builder::{empty, event, id, transition};
    use crate::compare::history::History;
    use crate::compare::plan::Plan;
    use crate::compare::replay::of_life;
    use crate::model::Model;

    /// Every order, one after the other: how many steps are misplaced in the best ones, and the states believed then.
    fn by_orders(run: &Run<'_, '_>, steps: &[Step], taken: &mut Vec<usize>, at: (u64, Belief)) -> (u64, StateSet) {
        let precedence = run.history.precedence();
        let of = |place: usize| run.history.event(steps[place].event).unwrap();
        let left: Vec<usize> = (0..steps.len()).filter(|place| !taken.contains(place)).collect();
        let mut best: Option<(u64, StateSet)> = None;
        for place in left.iter().copied().filter(|p| left.iter().all(|q| !precedence.before(of(*q), of(*p)))) {
            let stepped = run.step(&at.1, &steps[place], false);
            taken.push(place);
            let (count, states) =
                by_orders(run, steps, taken, (at.0 + u64::from(stepped.fault.is_some()), stepped.belief));
            taken.pop();
            match &mut best {
                Some((known, _)) if *known < count => {}
                Some((known, all)) if *known == count => {
                    all.union_with(&states);
                }
                best => *best = Some((count, states)),
            }
        }
        best.unwrap_or_else(|| (at.0, at.1.states(run.automaton)))
    }

    /// A lifecycle of four states and three activities, with edges as `(activity, from, to, once)`.
    fn model(edges: &[Edge]) -> Model {
        let made = |(activity, from, to, once): &Edge| crate::model::Transition {
            once: *once,
            ..transition(*activity, &[*from], *to)
        };
        let model = empty().object("order", None).steps("order", &["a", "b", "c"]);
        model.lifecycle("order", &["s0", "s1", "s2", "s3."], edges.iter().map(made).collect())
    }

    /// `(activity, from, to, once)`.
    type Edge = (u16, usize, usize, bool);
    /// `(activity, from, length, unanswered)`.
    type Done = (u16, i64, i64, bool);

    /// What is found of steps on one object, beside what all orders say: how many are misplaced, and the states then.
    fn both(edges: &[Edge], steps: &[Done], ties_commute: bool) -> [(u64, StateSet); 2] {
        let mut model = model(edges);
        model.check.ties_commute = ties_commute;
        let plan = Plan::new(Arc::new(model));
        let made = |(n, (activity, from, length, unanswered)): (u64, &Done)| {
            let made = event(n, 0, ["a", "b"][usize::from(*activity)]).on("order:1");
            let made = if *unanswered { made.unanswered() } else { made };
            made.with(|e| (e.time, e.end) = (*from, from + length)).done()
        };
        let mut events: Vec<Event> = (1..).zip(steps).map(made).collect();
        events.sort_by_key(Event::order_key);
        let order = id("order:1");
        let blindness = Blindness::default();
        let history = History::new(&plan, Some(&order), &events, &blindness);
        let (run, steps) = of_life(&history, 0).unwrap();
        let path = explore(&run, &run.start(), &steps, &Unseen::default(), &BTreeSet::new()).unwrap();
        let wrong = path.trail.iter().filter(|(place, before)| run.step(before, &steps[*place], false).fault.is_some());
        let found = (wrong.count() as u64, path.belief.states(run.automaton));
        [found, by_orders(&run, &steps, &mut Vec::new(), (0, run.start()))]
    }

    #[test]
    fn what_was_seen_between_tells_steps_apart() {
        let edges = [(1, 1, 0, true), (1, 3, 3, false), (1, 0, 1, false), (0, 0, 2, false)];
        let (slow, quick) = ((0, 0, 5, false), (1, 0, 0, false));
        let [found, expected] = both(&edges, &[slow, quick, slow, quick, quick, quick], false);
        assert_eq!(found, expected);
    }

    #[test]
    fn a_dearer_beginning_may_end_better() {
        let edges = [(0, 3, 0, false), (0, 0, 3, true), (1, 3, 1, false)];
        let steps = [(0, 0, 2, false), (0, 2, 0, false), (0, 2, 0, false), (1, 0, 0, false)];
        let [found, expected] = both(&edges, &steps, true);
        assert_eq!(found, expected);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        /// Steps alike need not change places, and no other order is lost.
        #[test]
        fn chains_find_what_all_orders_find(
            edges in prop::collection::vec((0..3_u16, 0..4_usize, 0..4_usize, prop::bool::weighted(0.3)), 1..7),
            steps in prop::collection::vec((0..2_u16, 0..6_i64, 0..6_i64, prop::bool::weighted(0.15)), 2..7),
            ties_commute: bool,
        ) {
            let [found, expected] = both(&edges, &steps, ties_commute);
            prop_assert_eq!(found, expected);
        }
    }
}
