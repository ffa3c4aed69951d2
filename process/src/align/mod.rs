//! Optimal alignments: the cheapest way to read a trace as a run of the model.
//!
//! A log move passes over an event, a model move takes a visible step that the trace does not have; both cost what
//! [`Weights`] say. A synchronous move takes both at once and costs nothing, and so does a silent step. Runs end in a
//! final state.

mod column;
mod moves;
mod search;

pub use moves::{Explainer, Move};
pub use search::costs;

/// What moves cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weights {
    /// Of a log move; 0 counts as 1.
    pub log: u32,
    /// Of a visible model move; 0 counts as 1.
    pub model: u32,
}

impl Default for Weights {
    fn default() -> Self {
        Weights { log: 1, model: 1 }
    }
}

impl Weights {
    /// Moves without cost would let a run go in circles for nothing.
    fn positive(self) -> Weights {
        Weights { log: self.log.max(1), model: self.model.max(1) }
    }
}

/// How much a search may do. Work is counted in cells (a state at a position of a trace) and edges looked at.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    /// Work on one variant, over all rounds.
    pub variant: u64,
    /// Work on all variants together.
    pub total: u64,
    /// Cells kept at one time.
    pub cells: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Budget { variant: 1 << 28, total: 1 << 34, cells: 1 << 24 }
    }
}

/// What is known of a trace's cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// The cost of an optimal alignment.
    Optimal(u64),
    /// The budget ended before an alignment was found; it costs at least this much.
    AtLeast(u64),
}
