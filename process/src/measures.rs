//! Measures of conformance, with numerator and denominator.

use crate::precision::Precision;

/// How well a log fits a model. Undecided traces count in no sum and no mean.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Measures {
    /// Traces.
    pub traces: u64,
    /// Their events.
    pub events: u64,
    /// Distinct sequences of activities.
    pub variants: u64,
    /// Cost of the optimal alignments of all decided traces together.
    pub alignment_moves: u64,
    /// Cost if nothing fitted: every event a log move, and in each decided trace the cheapest run of the model. `None`
    /// where that run could not be found.
    pub alignment_denominator: Option<u64>,
    /// Cost of the cheapest run of the model without any event; with unit weights the length of its shortest run.
    pub shortest_model_path: Option<u64>,
    /// Mean of `1 - cost / (events + shortest model path)` over the decided traces.
    pub average_trace_fitness: Option<f64>,
    /// Decided traces that cost nothing.
    pub fitting_traces: u64,
    /// Traces whose cost the budget did not let be found.
    pub undecided_traces: u64,
    /// What those cost at least, together.
    pub undecided_at_least: u64,
    /// Events whose activity the model has.
    pub covered_events: u64,
    /// What the model allows where the runs go on that decided traces are aligned with; `None` where the model is no
    /// automaton, or the runs are more than are held. Traces whose alignment took more than the budget have no run.
    pub precision: Option<Precision>,
}

impl Measures {
    /// `1 - alignment_moves / alignment_denominator`; `None` where no trace was decided.
    pub fn log_fitness(&self) -> Option<f64> {
        if self.undecided_traces == self.traces {
            return None;
        }
        Some(fitness(self.alignment_moves, self.alignment_denominator?))
    }

    /// Share of the events whose activity the model has; `None` without events.
    pub fn coverage(&self) -> Option<f64> {
        (self.events > 0).then(|| self.covered_events as f64 / self.events as f64)
    }
}

/// `1 - cost / worst`; an empty trace of a model that may do nothing fits.
pub(crate) fn fitness(cost: u64, worst: u64) -> f64 {
    if worst == 0 { 1.0 } else { 1.0 - cost as f64 / worst as f64 }
}
