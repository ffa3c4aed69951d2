//! Views of one run: terminal, Markdown, HTML. Nothing here computes a new fact, reads a file or knows the time.

mod figure;
mod html;
pub mod layout;
mod markdown;
mod reason;
pub mod sarif;
pub mod summary;
pub mod terminal;
mod verdict;
mod visible;

pub use html::html;
use html::verdict_name;
pub use markdown::markdown;
pub use summary::{
    ActorSummary, BlindSummary, CaseTimeline, InputSummary, LeftOpen, MapEdgeSummary, MapNodeSummary, MapSummary,
    MeasureSummary, ModelSummary, NotReadSummary, ObjectSummary, OperationSummary, RuleStatus, RuleSummary, RunSummary,
    TimelineEvent, TlsSummary, VariantSummary,
};
pub use verdict::{SeverityCounts, severity_rank, verdict};
pub use visible::visible;
