//! Views of one run: terminal, JSON, SARIF, HTML. Nothing here computes a new fact.

pub mod summary;

pub use summary::{
    ActorSummary, CaseTimeline, InputSummary, MapEdgeSummary, MapNodeSummary, MapSummary, MeasureSummary, ModelSummary,
    NotReadSummary, ObjectSummary, OperationSummary, RuleSummary, RunSummary, TimelineEvent, VariantSummary,
};
