//! A net compiled into what traces are compared with.

use crate::automaton::{Automaton as _, Dfa};
use crate::determinise::{SubsetLimits, determinise};
use crate::marking::MarkingGraph;
use crate::minimise::minimise;
use crate::net::Net;

/// How large a model may become.
#[derive(Clone, Copy, Debug)]
pub struct ModelLimits {
    /// Markings that are explored to build an automaton.
    pub markings: usize,
    /// Edges between them.
    pub edges: usize,
    /// States of the deterministic automaton, before it is made smallest.
    pub states: usize,
    /// Members of all its subsets together.
    pub members: usize,
    /// Markings kept where no automaton is built.
    pub lazy_markings: usize,
    /// Edges between them.
    pub lazy_edges: usize,
}

impl Default for ModelLimits {
    fn default() -> Self {
        ModelLimits {
            markings: 200_000,
            edges: 4_000_000,
            states: 50_000,
            members: 8_000_000,
            lazy_markings: 2_000_000,
            lazy_edges: 16_000_000,
        }
    }
}

/// Why a net cannot be a model.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ModelError {
    /// A place collects tokens without end.
    #[error(
        "place {0:?} grows without end: the net has infinitely many states; bound it, for example by an arc back to where its tokens come from"
    )]
    Unbounded(String),
    /// A place collects more tokens than are counted.
    #[error(
        "place {0:?} holds more than 65,535 tokens, and more are not counted; write the net with fewer, or smaller weights"
    )]
    TooManyTokens(String),
    /// No run ends.
    #[error(
        "its final marking cannot be reached from the initial one, so no trace can fit; is the final marking the right one?"
    )]
    NoEnd,
}

/// What traces are compared with, and its alphabet.
#[derive(Clone, Debug)]
pub struct Model {
    /// Labels, sorted: a label's number is its place here.
    pub labels: Vec<String>,
    /// The states.
    pub compiled: Compiled,
    /// Reachable markings that were found.
    pub markings: usize,
}

/// States of a model.
#[derive(Clone, Debug)]
pub enum Compiled {
    /// The smallest automaton.
    Automaton(Dfa),
    /// Markings that are found as they are needed, where the automaton would be too large. `fullest` is the place with
    /// the most tokens in what was explored.
    Markings {
        /// The markings.
        graph: Box<MarkingGraph>,
        /// Name of a place.
        fullest: Option<String>,
    },
}

impl Model {
    /// Compiles a net: markings, without silent moves, deterministic, smallest. Where that passes the limits, markings
    /// are searched as they are.
    ///
    /// # Errors
    /// When a place grows without end or beyond what is counted, or no run ends.
    pub fn new(net: &Net, limits: ModelLimits) -> Result<Model, ModelError> {
        let labels = net.labels().to_vec();
        let name = |place: usize| net.places().get(place).map(|place| place.name.clone());
        let mut graph = MarkingGraph::new(net, limits.markings, limits.edges);
        let explored = graph.explore();
        if explored.is_err() {
            if let Some(place) = graph.growing_place() {
                return Err(ModelError::Unbounded(name(place).unwrap_or_default()));
            }
            if let Some(place) = graph.overfull_place() {
                return Err(ModelError::TooManyTokens(name(place).unwrap_or_default()));
            }
        }
        let markings = graph.states();
        let subsets = SubsetLimits { states: limits.states, edges: limits.edges, members: limits.members };
        let dfa = explored.and_then(|()| determinise(&mut graph, subsets));
        let compiled = match dfa {
            Ok(dfa) if dfa.is_empty() => return Err(ModelError::NoEnd),
            Ok(dfa) => Compiled::Automaton(minimise(&dfa)),
            Err(_) => {
                let fullest = graph.fullest_place().and_then(name);
                let graph = Box::new(MarkingGraph::new(net, limits.lazy_markings, limits.lazy_edges));
                Compiled::Markings { graph, fullest }
            }
        };
        Ok(Model { labels, compiled, markings })
    }

    /// A model that is an automaton already; labels are sorted.
    pub fn from_dfa(labels: Vec<String>, dfa: Dfa) -> Model {
        let markings = dfa.len();
        Model { labels, compiled: Compiled::Automaton(dfa), markings }
    }

    /// The number of a label.
    pub fn label(&self, name: &str) -> Option<u32> {
        let at = self.labels.binary_search_by(|label| label.as_str().cmp(name)).ok()?;
        u32::try_from(at).ok()
    }

    /// States of the automaton; `None` where markings are searched instead.
    pub fn states(&self) -> Option<usize> {
        match &self.compiled {
            Compiled::Automaton(dfa) => Some(dfa.len()),
            Compiled::Markings { .. } => None,
        }
    }
}
