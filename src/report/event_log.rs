//! What a check of an event log against a net found, as plain data.

use serde::{Deserialize, Serialize};

use super::summary::InputSummary;

/// What tells runs over event logs from those over traffic.
pub const EVENT_LOG: &str = "event-log";

/// One check of event logs: `run.json` of such a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct EventLogSummary {
    /// Version of this schema; additions only within a major.
    pub schema_version: String,
    /// offpath's version.
    pub tool_version: String,
    /// `check`.
    pub command: String,
    /// [`EVENT_LOG`].
    pub kind: String,
    /// Logs by name.
    pub inputs: Vec<InputSummary>,
    /// What could not be read: file, line, cause, remedy.
    pub errors: Vec<String>,
    /// What looks doubtful.
    pub warnings: Vec<String>,
    /// First and last event's time, RFC 3339 UTC.
    pub window: Option<(String, String)>,
    /// The net.
    pub model: NetSummary,
    /// The log in figures.
    pub measures: EventLogMeasures,
    /// Equal deviations together, those of most traces first.
    pub deviations: Vec<DeviationSummary>,
    /// Kinds of deviations that are not listed, because there are more than are kept.
    pub deviations_left_out: u64,
    /// Redaction applied.
    pub redaction: String,
}

/// A net as a model.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct NetSummary {
    /// Its file.
    pub file: String,
    /// SHA-256 of the file, hex.
    pub sha256: String,
    /// Places.
    pub places: u64,
    /// Transitions, silent ones among them.
    pub transitions: u64,
    /// Distinct labels.
    pub labels: u64,
    /// Markings that were explored.
    pub markings: u64,
    /// States of the smallest automaton; null where markings were searched instead.
    pub states: Option<u64>,
}

/// Measures of a log against a net.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct EventLogMeasures {
    /// Traces.
    pub traces: u64,
    /// Their events.
    pub events: u64,
    /// Distinct sequences of activities.
    pub variants: u64,
    /// Moves of the optimal alignments of all decided traces.
    pub alignment_moves: u64,
    /// Their worst case.
    pub alignment_denominator: Option<u64>,
    /// Length of the model's shortest run.
    pub shortest_model_path: Option<u64>,
    /// 1 - moves / denominator.
    pub log_fitness: Option<f64>,
    /// Mean of the fitness of each decided trace.
    pub average_trace_fitness: Option<f64>,
    /// Traces that fit.
    pub fitting_traces: u64,
    /// Traces that the budget left undecided; they count in no sum and no mean.
    pub undecided_traces: u64,
    /// Moves that those have at least, together.
    pub undecided_at_least: u64,
    /// Deviating traces whose deviations were too many to name; their moves are exact.
    pub unexplained_traces: u64,
    /// Events whose activity is a label of the net, and all events.
    pub coverage: (u64, u64),
    /// 1 - escaping / enabled edges; null where the net is too large for an automaton, or no trace has a run.
    pub precision: Option<f64>,
    /// Edges that the net allows where an aligned trace goes on and by which none does, summed over all steps.
    pub escaping_edges: Option<u64>,
    /// All edges that the net allows there.
    pub enabled_edges: Option<u64>,
}

/// Equal deviations of several traces.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DeviationSummary {
    /// `foreign`, `skipped`, `reordered`, `repeated` or `extra`.
    pub kind: String,
    /// The activity.
    pub label: String,
    /// The step that the model had taken last; null at the beginning.
    pub after: Option<String>,
    /// Traces with it.
    pub traces: u64,
    /// How often it was met.
    pub occurrences: u64,
    /// Case ids of the first few.
    pub examples: Vec<String>,
}
