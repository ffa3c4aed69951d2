//! What may be true of an object: possible states, and which `once` transitions were surely taken to be in them.

use smallvec::SmallVec;

use super::automaton::{Automaton, Edge, StateSet};
use super::history::Unseen;

/// Masks beyond this many are merged into the most permissive one.
const MAX_LAYERS: usize = 64;

/// `once` transitions that were surely taken, by their numbers.
type Taken = StateSet;

/// Possible states, in layers by the `once` transitions taken. More layers only ever allow more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Belief {
    layers: SmallVec<[(Taken, StateSet); 1]>,
}

impl Belief {
    /// In one of these states, with no `once` transition surely taken.
    pub(super) fn of(automaton: &Automaton, states: StateSet) -> Self {
        let mut layers = SmallVec::new();
        layers.push((Taken::empty(automaton.once), states));
        Belief { layers }
    }

    fn nothing() -> Self {
        Belief { layers: SmallVec::new() }
    }

    /// Possible states.
    pub(super) fn states(&self, automaton: &Automaton) -> StateSet {
        let mut all = StateSet::empty(automaton.len());
        for (_, states) in &self.layers {
            all.union_with(states);
        }
        all
    }

    /// Whether nothing is possible.
    pub(super) fn is_empty(&self) -> bool {
        self.layers.iter().all(|(_, s)| s.is_empty())
    }

    /// Whether one of the edges can be taken.
    pub(super) fn enables(&self, automaton: &Automaton, edge: usize) -> bool {
        let Some(edge) = automaton.edges.get(edge) else { return false };
        self.layers.iter().any(|(taken, states)| is_left(edge, taken) && states.intersects(&edge.from))
    }

    /// Whether an edge fits but for having been taken already.
    pub(super) fn exhausts(&self, automaton: &Automaton, edge: usize) -> bool {
        let Some(edge) = automaton.edges.get(edge) else { return false };
        edge.once.is_some()
            && self.layers.iter().any(|(_, states)| states.intersects(&edge.from))
            && !self.layers.iter().any(|(taken, states)| is_left(edge, taken) && states.intersects(&edge.from))
    }

    /// The belief after taking any one of these edges; empty when none can be taken.
    pub(super) fn step(&self, automaton: &Automaton, edges: &[usize]) -> Belief {
        let mut next = Belief::nothing();
        for edge in edges.iter().filter_map(|e| automaton.edges.get(*e)) {
            for (taken, states) in &self.layers {
                if is_left(edge, taken) && states.intersects(&edge.from) {
                    next.add(&and_taken(taken, edge), &StateSet::single(automaton.len(), edge.to));
                }
            }
        }
        next
    }

    /// Everything that either allows.
    pub(super) fn or(mut self, other: &Belief) -> Belief {
        for (taken, states) in &other.layers {
            self.add(taken, states);
        }
        self
    }

    /// Widened by what may have happened unseen.
    pub(super) fn widen(&self, automaton: &Automaton, unseen: &Unseen) -> Belief {
        if unseen.is_nothing() {
            return self.clone();
        }
        let mut wide = Belief::nothing();
        for (taken, states) in &self.layers {
            wide.add(taken, &unseen.closure(automaton, states));
        }
        wide
    }

    /// Only this state, if it is possible.
    pub(super) fn narrow(&self, automaton: &Automaton, state: usize) -> Option<Belief> {
        let only = StateSet::single(automaton.len(), state);
        let mut narrowed = Belief::nothing();
        for (taken, states) in &self.layers {
            if states.contains(state) {
                narrowed.add(taken, &only);
            }
        }
        (!narrowed.layers.is_empty()).then_some(narrowed)
    }

    /// These states whatever was believed before; `once` transitions that were surely taken stay so.
    pub(super) fn reset(&self, automaton: &Automaton, states: StateSet) -> Belief {
        let common = |mut taken: Taken, (other, _): &(Taken, StateSet)| {
            taken.intersect_with(other);
            taken
        };
        let mut layers = self.layers.iter();
        let first = layers.next().map_or_else(|| Taken::empty(automaton.once), |(taken, _)| taken.clone());
        let taken = layers.fold(first, common);
        let mut layers = SmallVec::new();
        layers.push((taken, states));
        Belief { layers }
    }

    /// The same, knowing that an edge was taken at some time.
    pub(super) fn having_taken(&self, automaton: &Automaton, edge: usize) -> Belief {
        let Some(edge) = automaton.edges.get(edge) else { return self.clone() };
        let mut having = Belief::nothing();
        for (taken, states) in &self.layers {
            having.add(&and_taken(taken, edge), states);
        }
        having
    }

    fn add(&mut self, taken: &Taken, states: &StateSet) {
        let mut fresh = states.clone();
        // A layer that has taken less allows all that this one would.
        for (less, known) in &self.layers {
            if less.is_subset(taken) {
                fresh.remove_all(known);
            }
        }
        if fresh.is_empty() {
            return;
        }
        for (more, known) in &mut self.layers {
            if more != taken && taken.is_subset(more) {
                known.remove_all(&fresh);
            }
        }
        self.layers.retain(|(_, s)| !s.is_empty());
        if let Some((_, known)) = self.layers.iter_mut().find(|(t, _)| t == taken) {
            known.union_with(&fresh);
        } else if self.layers.len() < MAX_LAYERS {
            self.layers.push((taken.clone(), fresh));
            self.layers.sort_unstable();
        } else if let Some((common, known)) = self.layers.first_mut() {
            common.intersect_with(taken);
            known.union_with(&fresh);
        }
    }
}

/// Whether an edge may still be taken.
fn is_left(edge: &Edge, taken: &Taken) -> bool {
    edge.once.is_none_or(|once| !taken.contains(once))
}

/// What is taken after an edge.
fn and_taken(taken: &Taken, edge: &Edge) -> Taken {
    let mut taken = taken.clone();
    if let Some(once) = edge.once {
        taken.insert(once);
    }
    taken
}
