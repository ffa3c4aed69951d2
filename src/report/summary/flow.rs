//! What happened in which order: process maps and sequences.

use serde::{Deserialize, Serialize};

/// A process map: see `mine::ProcessMap`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MapSummary {
    /// Object type.
    pub object_type: String,
    /// Objects seen.
    pub objects: u64,
    /// Nodes: name, initial, end, restricted, count.
    pub nodes: Vec<MapNodeSummary>,
    /// Edges: from, to (node indices), label, count, allowed.
    pub edges: Vec<MapEdgeSummary>,
}

/// Node of a process map.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MapNodeSummary {
    /// State or activity.
    pub name: String,
    /// Life begins here.
    pub initial: bool,
    /// Life ends here.
    pub end: bool,
    /// Restricted by the model.
    pub restricted: bool,
    /// Events that reached it.
    pub count: u64,
}

/// Edge of a process map.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MapEdgeSummary {
    /// Index of the node it leaves.
    pub from: usize,
    /// Index of the node it reaches.
    pub to: usize,
    /// Activity.
    pub label: String,
    /// How often; 0 for a declared step never seen.
    pub count: u64,
    /// Allowed by the model.
    pub allowed: Option<bool>,
    /// Perhaps a retry that moved nothing.
    #[serde(default)]
    pub perhaps: bool,
}

/// One activity sequence.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct VariantSummary {
    /// Object type.
    pub object_type: String,
    /// Activities.
    pub activities: Vec<String>,
    /// Objects.
    pub count: u64,
    /// Fits the model.
    pub fits: Option<bool>,
}
