//! Views of one run: terminal, Markdown, HTML. Nothing here computes a new fact, reads a file or knows the time.

mod access;
pub mod change;
pub mod event_log;
pub mod evidence;
mod explanation;
mod figure;
mod html;
pub mod intended;
mod junit;
pub mod layout;
mod markdown;
mod ocsf;
mod place;
mod reason;
pub mod reproduction;
pub mod sarif;
mod sheet;
mod spread;
pub mod summary;
pub mod terminal;
mod timeline;
mod twice;
mod unidentified;
mod unmodelled;
mod verdict;
pub mod verification;
mod visible;

pub use explanation::{
    ActorExplanation, CredentialExplanation, EvidenceCount, Explanation, IdActor, IdExplanation, IdName, IdObject,
    PathExplanation, SegmentExplanation,
};
pub use html::html;
use html::verdict_name;
pub use junit::junit;
pub use markdown::markdown;
pub use ocsf::ocsf;
pub use sheet::Sheet;
pub use summary::{
    Access, ActorSummary, AsideSummary, BaselineSummary, BlindSummary, CapturedSummary, CaseFindings, CaseTimeline,
    ChangeSummary, ClockSummary, DriftSummary, ForeignSummary, Gap, HopsSummary, InputSummary, LeftOpen,
    MapEdgeSummary, MapNodeSummary, MapSummary, MarkSummary, MeasureSummary, ModelSummary, NotReadSummary,
    ObjectSummary, OperationSummary, PremiseSummary, RedactionSummary, RuleStatus, RuleSummary, RunSummary,
    TimelineEvent, TlsSummary, TooFewSummary, TwiceSummary, UnmatchedSummary, UnmodelledOperation, UnmodelledSummary,
    VariantSummary, WebSocketSummary,
};
pub use timeline::cases_with_findings;
pub use verdict::{SeverityCounts, severity_rank, verdict};
pub use visible::visible;
