//! What was compared with the model: each rule's part, and the figures.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A run beside an earlier one; suppressed findings are not counted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BaselineSummary {
    /// Folder of the earlier run, as it was named.
    pub run: String,
    /// What has to be known for a finding not to be new: `finding` or `group`.
    pub by: String,
    /// Findings that it does not have.
    pub new: u64,
    /// Findings that it has with other evidence.
    pub changed: u64,
    /// Findings that it has as they are.
    pub still: u64,
    /// Its open findings that this run does not have.
    pub absent: u64,
    /// Of these, the ones whose attempt was made again and refused.
    pub fixed: u64,
}

/// The model compared with.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ModelSummary {
    /// `workflow.id`.
    pub id: String,
    /// `workflow.version`.
    pub version: String,
    /// SHA-256 of the file.
    pub hash: String,
    /// The file.
    pub file: String,
    /// Lifecycles.
    pub lifecycles: u64,
    /// Constraints.
    pub constraints: u64,
    /// Activities that a lifecycle or constraint judges (all, where there is neither), and of these how many happened.
    #[serde(default)]
    pub activities: (u64, u64),
}

/// Conformance figures with numerators and denominators.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MeasureSummary {
    /// Object lives replayed.
    pub traces: u64,
    /// Of these, fitting.
    pub fitting_traces: u64,
    /// Of these, undecided.
    pub undecided_traces: u64,
    /// Lives beside these of which no step is certain.
    #[serde(default)]
    pub uncertain_lives: u64,
    /// Distinct activity sequences.
    pub variants: u64,
    /// Skipped and extra steps.
    pub alignment_moves: u64,
    /// Their worst case.
    pub alignment_denominator: u64,
    /// 1 - moves / denominator.
    pub log_fitness: Option<f64>,
    /// Mean of the fitness of each decided life.
    #[serde(default)]
    pub average_trace_fitness: Option<f64>,
    /// Its numerator, in millionths, and the number of decided lives.
    #[serde(default)]
    pub trace_fitness: (u64, u64),
    /// Transitions of the model, and of these how many happened.
    pub transitions: (u64, u64),
    /// Events of modelled activities over all events.
    pub coverage: (u64, u64),
    /// Events of activities that were not refused and are by somebody who is known, and all such events.
    #[serde(default)]
    pub identified: (u64, u64),
    /// A budget left a life undecided, or its alignment a bound.
    pub approximate: bool,
}

/// One rule's part in the run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RuleSummary {
    /// Id.
    pub id: String,
    /// Title.
    pub title: String,
    /// What became of it.
    #[serde(default)]
    pub status: RuleStatus,
    /// Source format -> (evaluated, violated, not evaluable).
    pub by_source: BTreeMap<String, (u64, u64, u64)>,
    /// Source formats that do not carry what it needs.
    #[serde(default)]
    pub blind: BTreeMap<String, BlindSummary>,
    /// Findings.
    pub findings: u64,
    /// Times that a finding of another rule names it as also broken.
    #[serde(default)]
    pub also: u64,
    /// Why it was not evaluated at all, if so.
    pub not_evaluated: Option<String>,
    /// Steps that it had to leave undecided though it decided others, and why, where the reason is known.
    #[serde(default)]
    pub left_open: Option<LeftOpen>,
}

/// Steps that a rule left undecided for one reason.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LeftOpen {
    /// How many.
    pub count: u64,
    /// Why, in plain words.
    pub why: String,
}

impl RuleSummary {
    /// Whether some source kept it from judging at all, and it judged nothing in any other.
    pub fn is_blind(&self) -> bool {
        self.blind.values().any(|blind| !blind.partly) && !self.judged_elsewhere()
    }

    /// Whether it decided something in a source that does not keep it from judging at all.
    pub fn judged_elsewhere(&self) -> bool {
        let sees = |source: &String| self.blind.get(source).is_none_or(|blind| blind.partly);
        self.by_source.iter().any(|(source, (evaluated, ..))| *evaluated > 0 && sees(source))
    }
}

/// What became of a rule in a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RuleStatus {
    /// It decided something.
    #[default]
    Evaluated,
    /// The model asks for it, and no source carries what it needs.
    Blind,
    /// The model asks for it, and nothing happened that it judges.
    Idle,
    /// The model asks nothing of it.
    NotAsked,
    /// Left out by `--select` or `--ignore`.
    NotSelected,
    /// Nothing says what was intended.
    NeedsModel,
}

/// Why a rule is blind in one source format.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct BlindSummary {
    /// What the source lacks, or shows too seldom.
    pub why: String,
    /// It decided some of what there was to decide, so that what is wrong would have been found.
    pub partly: bool,
    /// What was decided all the same and could only be found fine: had it been wrong, that would not have been seen.
    #[serde(default)]
    pub assured: u64,
}
