//! The lifecycle as an automaton: states as bits, transitions by activity.

use std::collections::BTreeMap;
use std::sync::Arc;

use smallvec::{SmallVec, smallvec};

use crate::model::{ActivityId, Lifecycle, Model, ObjectTypeId, State};

/// Largest lifecycle that is compiled; a larger one leaves its objects undecided.
pub const MAX_STATES: usize = 4096;

/// A set of states of one automaton, or of its `once` transitions: one bit each.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StateSet {
    words: SmallVec<[u64; 1]>,
}

impl StateSet {
    /// The empty set over `states` states.
    pub fn empty(states: usize) -> Self {
        StateSet { words: smallvec![0; states.div_ceil(64).max(1)] }
    }

    /// All states below `states`.
    pub fn all(states: usize) -> Self {
        let mut set = Self::empty(states);
        for state in 0..states {
            set.insert(state);
        }
        set
    }

    /// The set of one state.
    pub fn single(states: usize, state: usize) -> Self {
        let mut set = Self::empty(states);
        set.insert(state);
        set
    }

    /// Adds a state; one beyond the automaton is ignored.
    pub fn insert(&mut self, state: usize) {
        if let Some(word) = self.words.get_mut(state / 64) {
            *word |= 1 << (state % 64);
        }
    }

    /// Whether a state is in the set.
    pub fn contains(&self, state: usize) -> bool {
        self.words.get(state / 64).is_some_and(|word| word & (1 << (state % 64)) != 0)
    }

    /// Adds another set; says whether that changed anything.
    pub fn union_with(&mut self, other: &StateSet) -> bool {
        let mut changed = false;
        for (word, more) in self.words.iter_mut().zip(&other.words) {
            changed |= *more & !*word != 0;
            *word |= more;
        }
        changed
    }

    /// Removes another set's states.
    pub fn remove_all(&mut self, other: &StateSet) {
        for (word, less) in self.words.iter_mut().zip(&other.words) {
            *word &= !less;
        }
    }

    /// Keeps only states that are in both.
    pub fn intersect_with(&mut self, other: &StateSet) {
        for (word, keep) in self.words.iter_mut().zip(&other.words) {
            *word &= keep;
        }
    }

    /// Whether the two have a state in common.
    pub fn intersects(&self, other: &StateSet) -> bool {
        self.words.iter().zip(&other.words).any(|(a, b)| a & b != 0)
    }

    /// Whether every state is also in the other.
    pub fn is_subset(&self, other: &StateSet) -> bool {
        self.words.iter().zip(&other.words).all(|(a, b)| a & !b == 0)
    }

    /// Whether no state is in the set.
    pub fn is_empty(&self) -> bool {
        self.words.iter().all(|w| *w == 0)
    }

    /// Number of states in the set.
    pub fn len(&self) -> usize {
        self.words.iter().map(|w| w.count_ones() as usize).sum()
    }

    /// The states, ascending.
    pub fn iter(&self) -> impl Iterator<Item = usize> {
        self.words.iter().enumerate().flat_map(|(i, &word)| {
            std::iter::successors((word != 0).then_some(word), |w| {
                let rest = w & (w - 1);
                (rest != 0).then_some(rest)
            })
            .map(move |w| i * 64 + w.trailing_zeros() as usize)
        })
    }

    /// The only state, if there is exactly one.
    pub fn only(&self) -> Option<usize> {
        let mut states = self.iter();
        let first = states.next()?;
        states.next().is_none().then_some(first)
    }
}

/// One transition, compiled.
#[derive(Clone, Debug)]
pub struct Edge {
    /// Step that makes it.
    pub activity: ActivityId,
    /// States it may start from.
    pub from: StateSet,
    /// State it leads to.
    pub to: usize,
    /// Number of this transition among the `once` ones; `None` when it may be taken again.
    pub once: Option<usize>,
}

/// One step that nobody saw, on a shortest path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// The step.
    pub activity: ActivityId,
    /// State it leads to.
    pub to: usize,
}

/// The automaton of one object type. Edges keep the order of the model's transitions.
#[derive(Clone, Debug)]
pub struct Automaton {
    /// The object type.
    pub object_type: ObjectTypeId,
    /// Names of the states.
    pub names: Vec<Arc<str>>,
    /// Number of the state before the object exists.
    pub initial: usize,
    /// States after which nothing is expected.
    pub finals: StateSet,
    /// States that are graver to reach by a wrong way.
    pub restricted: StateSet,
    /// Transitions.
    pub edges: Vec<Edge>,
    /// Whether no transition leads back to the initial state: seeing a creation then proves that life began there.
    pub birth_is_unique: bool,
    /// Number of transitions that may be taken only once.
    pub once: usize,
    by_activity: BTreeMap<ActivityId, Vec<usize>>,
    /// Further names by which servers declare states.
    also: Vec<(Arc<str>, usize)>,
    /// Activity names, for lexicographic choices.
    labels: Vec<Arc<str>>,
}

impl Automaton {
    /// Compiles a lifecycle; `None` when it has more than [`MAX_STATES`] states or none, or names a state it does not have.
    pub fn compile(model: &Model, lifecycle: &Lifecycle) -> Option<Self> {
        let states = lifecycle.states.len();
        if states == 0 || states > MAX_STATES || lifecycle.initial >= states {
            return None;
        }
        let mut finals = StateSet::empty(states);
        let mut restricted = StateSet::empty(states);
        for (number, state) in lifecycle.states.iter().enumerate() {
            if state.final_state {
                finals.insert(number);
            }
            if state.restricted {
                restricted.insert(number);
            }
        }
        let mut edges = Vec::with_capacity(lifecycle.transitions.len());
        let mut by_activity: BTreeMap<ActivityId, Vec<usize>> = BTreeMap::new();
        let mut next_once = 0;
        for transition in &lifecycle.transitions {
            if transition.to >= states || transition.from.iter().any(|from| *from >= states) {
                return None;
            }
            let mut from = StateSet::empty(states);
            for state in &transition.from {
                from.insert(*state);
            }
            let once = transition.once.then_some(next_once);
            next_once += usize::from(transition.once);
            by_activity.entry(transition.activity).or_default().push(edges.len());
            edges.push(Edge { activity: transition.activity, from, to: transition.to, once });
        }
        Some(Automaton {
            object_type: lifecycle.object_type,
            names: lifecycle.states.iter().map(|s| s.name.clone()).collect(),
            initial: lifecycle.initial,
            finals,
            restricted,
            birth_is_unique: edges.iter().all(|e| e.to != lifecycle.initial),
            edges,
            once: next_once,
            by_activity,
            also: also(lifecycle),
            labels: model.activities.iter().map(|a| a.name.clone()).collect(),
        })
    }

    /// Number of states.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether there is no state; never true of a compiled automaton.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// Transitions that an activity makes, as indices into `edges`.
    pub fn on(&self, activity: ActivityId) -> &[usize] {
        self.by_activity.get(&activity).map_or(&[], Vec::as_slice)
    }

    /// Whether an activity can only begin a life.
    pub fn creates(&self, activity: ActivityId) -> bool {
        let edges = self.on(activity);
        self.birth_is_unique
            && !edges.is_empty()
            && edges.iter().filter_map(|e| self.edges.get(*e)).all(|e| e.from.only() == Some(self.initial))
    }

    /// Whether an activity may follow itself, as often as it likes.
    pub fn repeats(&self, activity: ActivityId) -> bool {
        let edges = || self.on(activity).iter().filter_map(|e| self.edges.get(*e));
        let targets = self.targets(activity);
        edges().all(|edge| edge.once.is_none()) && edges().any(|edge| edge.from.intersects(&targets))
    }

    /// Ends of a life that are not restricted, such as that of a cancellation.
    pub fn harmless_ends(&self) -> StateSet {
        let mut harmless = self.finals.clone();
        harmless.remove_all(&self.restricted);
        harmless
    }

    /// States that an activity leads to.
    pub fn targets(&self, activity: ActivityId) -> StateSet {
        let mut set = StateSet::empty(self.len());
        for edge in self.on(activity).iter().filter_map(|e| self.edges.get(*e)) {
            set.insert(edge.to);
        }
        set
    }

    /// States that an activity may start from.
    pub fn sources(&self, activity: ActivityId) -> StateSet {
        let mut set = StateSet::empty(self.len());
        for edge in self.on(activity).iter().filter_map(|e| self.edges.get(*e)) {
            set.union_with(&edge.from);
        }
        set
    }

    /// The number of a state that a server declares; names compare without case.
    pub fn state(&self, name: &str) -> Option<usize> {
        let own = self.names.iter().position(|n| n.eq_ignore_ascii_case(name));
        own.or_else(|| self.also.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, state)| *state))
    }

    /// Everything that can be reached from a set by any number of steps, itself included.
    pub fn closure(&self, from: &StateSet) -> StateSet {
        self.closure_by(from, |_| true)
    }

    /// Everything that can be reached from a set by any number of some steps, itself included.
    pub fn closure_by(&self, from: &StateSet, step: impl Fn(ActivityId) -> bool) -> StateSet {
        let mut reached = from.clone();
        loop {
            let mut changed = false;
            for edge in &self.edges {
                if !reached.contains(edge.to) && edge.from.intersects(&reached) && step(edge.activity) {
                    reached.insert(edge.to);
                    changed = true;
                }
            }
            if !changed {
                return reached;
            }
        }
    }

    /// Of the states `to`, those that a life in one of `from` may yet come to. Where no life gets to `from` but through
    /// `to`, that part of it is over: what is left are the very states that it had to pass, should it come back to them.
    pub fn ahead(&self, from: &StateSet, to: &StateSet) -> StateSet {
        let mut ahead = to.clone();
        if self.is_past(from, to) {
            for state in to.iter().filter(|state| !self.is_past(from, &StateSet::single(self.len(), *state))) {
                ahead.remove_all(&StateSet::single(self.len(), state));
            }
        }
        ahead
    }

    /// Whether every life that comes to one of `from` has been in one of `through` before.
    fn is_past(&self, from: &StateSet, through: &StateSet) -> bool {
        let start = StateSet::single(self.len(), self.initial);
        let mut around = start.clone();
        around.remove_all(through);
        let mut changed = true;
        while changed {
            changed = false;
            for edge in &self.edges {
                let fresh = !around.contains(edge.to) && !through.contains(edge.to);
                if fresh && edge.from.intersects(&around) {
                    around.insert(edge.to);
                    changed = true;
                }
            }
        }
        !around.intersects(from) && self.closure(&start).intersects(from)
    }

    /// Shortest way from a set to a set: the steps on it; `None` when there is none. Among the shortest, preferred
    /// steps come first, then the least name. A start that already lies in `to` gives no steps.
    pub fn path(&self, from: &StateSet, to: &StateSet, preferred: &dyn Fn(ActivityId) -> bool) -> Option<Vec<Missing>> {
        // Distances backwards from the goal, then a walk forwards.
        let mut distance: Vec<Option<usize>> = vec![None; self.len()];
        let mut layer = to.clone();
        let mut depth = 0;
        loop {
            for state in layer.iter() {
                if let Some(slot) = distance.get_mut(state) {
                    slot.get_or_insert(depth);
                }
            }
            if layer.intersects(from) {
                break;
            }
            let mut next = StateSet::empty(self.len());
            for edge in self.edges.iter().filter(|e| layer.contains(e.to)) {
                for state in edge.from.iter().filter(|s| distance.get(*s).is_some_and(Option::is_none)) {
                    next.insert(state);
                }
            }
            if next.is_empty() {
                return None;
            }
            layer = next;
            depth += 1;
        }
        let mut here = layer.iter().find(|s| from.contains(*s))?;
        let mut steps = Vec::with_capacity(depth);
        for left in (0..depth).rev() {
            let edge = self
                .edges
                .iter()
                .filter(|e| e.from.contains(here) && distance.get(e.to).copied().flatten() == Some(left))
                .min_by_key(|e| (!preferred(e.activity), self.label(e.activity), e.to))?;
            steps.push(Missing { activity: edge.activity, to: edge.to });
            here = edge.to;
        }
        Some(steps)
    }

    /// The name of an activity.
    pub fn label(&self, activity: ActivityId) -> &str {
        self.labels.get(usize::from(activity.0)).map_or("", |l| l)
    }

    /// Names of a set of states, in the model's order.
    pub fn state_names(&self, set: &StateSet) -> Vec<Arc<str>> {
        set.iter().filter_map(|s| self.names.get(s).cloned()).collect()
    }
}

/// Further names of states, with their numbers.
fn also(lifecycle: &Lifecycle) -> Vec<(Arc<str>, usize)> {
    let named = |(number, state): (usize, &State)| state.also.iter().map(move |name| (name.clone(), number)).collect();
    lifecycle.states.iter().enumerate().flat_map::<Vec<_>, _>(named).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_holds_what_was_put_in() {
        let mut set = StateSet::empty(130);
        for state in [0, 63, 64, 129] {
            set.insert(state);
        }
        assert_eq!(set.iter().collect::<Vec<_>>(), [0, 63, 64, 129]);
        assert_eq!(set.len(), 4);
        assert_eq!(set.only(), None);
        assert_eq!(StateSet::single(130, 129).only(), Some(129));
        let mut rest = StateSet::all(130);
        rest.remove_all(&set);
        assert_eq!(rest.len(), 126);
        assert!(!rest.intersects(&set));
        assert!(set.is_subset(&StateSet::all(130)));
    }
}
