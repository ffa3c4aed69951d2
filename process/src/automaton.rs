//! Automata as the search sees them: states, edges, ends.

/// Label of an edge that does nothing visible.
pub const SILENT: u32 = u32::MAX;

/// An edge: to `target` by `label`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Edge {
    /// Number of the label, or [`SILENT`].
    pub label: u32,
    /// The state that it leads to.
    pub target: u32,
}

/// More states than the budget holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the model has more states than the budget holds")]
pub struct Exhausted;

/// A labelled transition system whose states come to be known as they are asked for.
pub trait Automaton {
    /// The first state.
    fn start(&self) -> u32;

    /// Edges from a state, sorted by label and target, silent ones last.
    ///
    /// # Errors
    /// When finding them would pass the budget.
    fn successors(&mut self, state: u32) -> Result<&[Edge], Exhausted>;

    /// Whether a run may end in a state.
    fn is_final(&self, state: u32) -> bool;

    /// States that are known now.
    fn states(&self) -> usize;
}

/// A deterministic automaton in which every state can be reached and can reach an end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dfa {
    pub(crate) edges: Vec<Edge>,
    /// Edges of state `s` are those from `offsets[s]` to `offsets[s + 1]`.
    pub(crate) offsets: Vec<u32>,
    pub(crate) finals: Vec<bool>,
}

impl Dfa {
    /// Edges from a state, sorted by label.
    pub fn edges(&self, state: u32) -> &[Edge] {
        let bound = |at: usize| self.offsets.get(at).map_or(0, |offset| *offset as usize);
        self.edges.get(bound(state as usize)..bound(state as usize + 1)).unwrap_or_default()
    }

    /// How many states there are; the first one is 0.
    pub fn len(&self) -> usize {
        self.finals.len()
    }

    /// Whether there is no state: nothing is allowed, not even to do nothing.
    pub fn is_empty(&self) -> bool {
        self.finals.is_empty()
    }

    /// The state after a label.
    pub fn step(&self, state: u32, label: u32) -> Option<u32> {
        let edges = self.edges(state);
        let at = edges.binary_search_by_key(&label, |edge| edge.label).ok()?;
        edges.get(at).map(|edge| edge.target)
    }
}

impl Automaton for Dfa {
    fn start(&self) -> u32 {
        0
    }

    fn successors(&mut self, state: u32) -> Result<&[Edge], Exhausted> {
        Ok(self.edges(state))
    }

    fn is_final(&self, state: u32) -> bool {
        self.finals.get(state as usize).copied().unwrap_or(false)
    }

    fn states(&self) -> usize {
        self.len()
    }
}
