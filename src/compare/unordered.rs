//! Steps without a known order: every order that is left of them, tried by sets of steps taken.
//!
//! Steps that do the same to every belief, and of which one neither begins nor ends after the other, are taken as they
//! came: whatever order has them the other way round has a twin that has not. So a set is a count for each such chain;
//! twenty equal calls at once make twenty-one sets, and a slow call beside seventy in a row no more than twice seventy.

use std::collections::BTreeSet;
use std::collections::btree_map::{BTreeMap, Entry};

use super::belief::Belief;
use super::history::{History, Unseen};
use super::replay::Run;
use super::step::Step;
use crate::event::Event;

/// Sets of one size that are tried within one run; beyond, nothing is decided by their order.
const MOST_SETS: usize = 1024;
/// Steps tried within one run, and as many for each step of it.
const MOST_TRIED: (usize, usize) = (65_536, 32);
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
    let chains = Chains::of(run.history, steps, &excused)?;
    let mut tree = vec![Node { parent: 0, place: 0, faults: (0, 0), belief: belief.clone() }];
    let mut layer = vec![chains.nothing()];
    let mut tried = 0;
    for _ in 0..steps.len() {
        let mut next: BTreeMap<Taken, Node> = BTreeMap::new();
        let begin = tree.len() - layer.len();
        for (taken, parent) in layer.iter().zip(begin..) {
            let from = tree.get(parent)?;
            let before = from.belief.widen(run.automaton, unseen);
            for (place, with) in chains.open(taken) {
                tried += 1;
                let most = MOST_TRIED.0 + MOST_TRIED.1 * steps.len();
                if tried > most || next.len() > MOST_SETS || !run.history.afford(LOOKS) {
                    return None;
                }
                let stepped = run.step(&before, steps.get(place)?, excused.get(place).copied().unwrap_or(false));
                let wrong = u64::from(stepped.fault.is_some());
                let faults = (from.faults.0 + wrong, from.faults.1 + wrong * place as u64);
                let found = Node { parent, place, faults, belief: stepped.belief };
                match next.entry(with) {
                    Entry::Vacant(slot) => {
                        slot.insert(found);
                    }
                    Entry::Occupied(mut known) => known.get_mut().meet(found),
                }
            }
        }
        // Nodes of one layer lie in the order of their trails, so that of equal ones the first in the given order wins.
        let mut reached: Vec<(Taken, Node)> = next.into_iter().collect();
        reached.sort_by_key(|(_, node)| (node.parent, node.place));
        layer.clear();
        for (taken, node) in reached {
            layer.push(taken);
            tree.push(node);
        }
    }
    let last = tree.last().filter(|_| layer.len() == 1)?;
    let mut trail = Vec::with_capacity(steps.len());
    let mut at = last;
    while trail.len() < steps.len() {
        let place = at.place;
        at = tree.get(at.parent)?;
        trail.push((place, at.belief.widen(run.automaton, unseen)));
    }
    trail.reverse();
    Some(Path { trail, belief: last.belief.clone() })
}

/// The best way found to take a set of steps.
struct Node {
    /// The set without its last step.
    parent: usize,
    /// The last step.
    place: usize,
    /// How many steps are misplaced, and the sum of their places.
    faults: (u64, u64),
    belief: Belief,
}

impl Node {
    /// Takes another way to the same set into account, whose trail comes later.
    fn meet(&mut self, other: Node) {
        let (few, others) = (self.faults.0, other.faults.0);
        if others > few {
            return;
        }
        let joined = (others == few).then(|| other.belief.clone().or(&self.belief));
        if others < few || other.faults.1 > self.faults.1 {
            *self = other;
        }
        self.belief = joined.unwrap_or_else(|| self.belief.clone());
    }
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
    fn of(history: &History<'_>, steps: &[Step], excused: &[bool]) -> Option<Self> {
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
    use crate::compare::builder::{empty, event, id, transition};
    use crate::compare::plan::Plan;
    use crate::compare::replay::of_life;
    use crate::model::Model;

    /// Every order, by sets of the steps themselves: how many are misplaced in the best one, and what is believed then.
    fn by_sets(run: &Run<'_, '_>, steps: &[Step]) -> (u64, Belief) {
        let precedence = run.history.precedence();
        let of = |place: usize| run.history.event(steps[place].event).unwrap();
        let mut layer = BTreeMap::from([(0_u64, (0, run.start()))]);
        for _ in 0..steps.len() {
            let mut next: BTreeMap<u64, (u64, Belief)> = BTreeMap::new();
            for (set, (count, belief)) in &layer {
                let left = |place: &usize| set & 1 << place == 0;
                let places = (0..steps.len()).filter(left);
                for place in places.filter(|p| (0..steps.len()).filter(left).all(|q| !precedence.before(of(q), of(*p))))
                {
                    let stepped = run.step(belief, &steps[place], false);
                    let wrong = u64::from(stepped.fault.is_some());
                    let count = count + wrong;
                    let found = match next.remove(&(set | 1 << place)) {
                        Some(known) if known.0 < count => known,
                        Some(known) if known.0 == count => (count, stepped.belief.or(&known.1)),
                        _ => (count, stepped.belief),
                    };
                    next.insert(set | 1 << place, found);
                }
            }
            layer = next;
        }
        layer.into_values().next().unwrap()
    }

    /// A lifecycle of four states and three activities, with edges as `(activity, from, to, once)`.
    fn model(edges: &[(u16, usize, usize, bool)]) -> Model {
        let made = |(activity, from, to, once): &(u16, usize, usize, bool)| crate::model::Transition {
            once: *once,
            ..transition(*activity, &[*from], *to)
        };
        let model = empty().object("order", None).steps("order", &["a", "b", "c"]);
        model.lifecycle("order", &["s0", "s1", "s2", "s3."], edges.iter().map(made).collect())
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
            let mut model = model(&edges);
            model.check.ties_commute = ties_commute;
            let plan = Plan::new(Arc::new(model));
            let mut events: Vec<Event> = (1..).zip(&steps).map(|(n, (activity, from, length, unanswered))| {
                let made = event(n, 0, ["a", "b"][usize::from(*activity)]).on("order:1");
                let made = if *unanswered { made.unanswered() } else { made };
                made.with(|e| (e.time, e.end) = (*from, from + length)).done()
            }).collect();
            events.sort_by_key(Event::order_key);
            let order = id("order:1");
            let blindness = Blindness::default();
            let history = History::new(&plan, Some(&order), &events, &blindness);
            let (run, steps) = of_life(&history, 0).unwrap();
            let path = explore(&run, &run.start(), &steps, &Unseen::default(), &BTreeSet::new()).unwrap();
            let wrong = path.trail.iter().filter(|(place, before)| run.step(before, &steps[*place], false).fault.is_some());
            let (count, belief) = by_sets(&run, &steps);
            prop_assert_eq!(wrong.count() as u64, count);
            prop_assert_eq!(path.belief.states(run.automaton), belief.states(run.automaton));
        }
    }
}
