//! What really happened: process maps, variants and lifecycles, as folds with mergeable partial sums.

use std::sync::Arc;

/// Process map of one object type: what followed what, and whether the model allows it.
#[derive(Clone, Debug, PartialEq)]
pub struct ProcessMap {
    /// Object type.
    pub object_type: Arc<str>,
    /// Objects of this type seen.
    pub objects: u64,
    /// States (with a model) or activities (without), in order of first appearance in the model, else by name.
    pub nodes: Vec<MapNode>,
    /// Edges sorted by (from, to, label).
    pub edges: Vec<MapEdge>,
}

/// A node of a process map.
#[derive(Clone, Debug, PartialEq)]
pub struct MapNode {
    /// State or activity.
    pub name: Arc<str>,
    /// The life begins here.
    pub initial: bool,
    /// The life ends here.
    pub end: bool,
    /// Marked restricted by the model.
    pub restricted: bool,
    /// Events that reached it.
    pub count: u64,
}

/// An edge of a process map.
#[derive(Clone, Debug, PartialEq)]
pub struct MapEdge {
    /// Index of the node it leaves.
    pub from: usize,
    /// Index of the node it reaches.
    pub to: usize,
    /// Activity that made the step (empty on activity maps).
    pub label: Arc<str>,
    /// How often it was seen.
    pub count: u64,
    /// The model allows it (`None` without a model).
    pub allowed: Option<bool>,
}

/// A sequence of activities with the number of objects that lived it.
#[derive(Clone, Debug, PartialEq)]
pub struct Variant {
    /// Object type.
    pub object_type: Arc<str>,
    /// Activities in order.
    pub activities: Vec<Arc<str>>,
    /// Objects.
    pub count: u64,
    /// Whether it fits the model (`None` without a model or when undecided).
    pub fits: Option<bool>,
}
