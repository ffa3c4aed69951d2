//! The content of `run.json`, and the timelines that views draw: plain data, in stable order.

mod access;
mod drift;
mod flow;
mod gap;
mod judged;
mod sources;
mod timeline;
mod unmodelled;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::finding::group::GroupSummary;
use crate::finding::suppression::SuppressionSummary;

pub use access::Access;
pub use drift::{ChangeSummary, DriftSummary, MarkSummary, TooFewSummary};
pub use flow::{MapEdgeSummary, MapNodeSummary, MapSummary, VariantSummary};
pub use gap::Gap;
pub use judged::{BaselineSummary, BlindSummary, LeftOpen, MeasureSummary, ModelSummary, RuleStatus, RuleSummary};
pub use sources::{
    AsideSummary, CapturedSummary, ClockSummary, ForeignSummary, HopsSummary, InputSummary, NotReadSummary, TlsSummary,
    TwiceSummary, WebSocketSummary,
};
pub use timeline::{CaseFindings, CaseTimeline, TimelineEvent};
pub use unmodelled::{UnmodelledOperation, UnmodelledSummary};

/// Everything about a run but its findings and events. Same input, same bytes (timings live in `timings.json`).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RunSummary {
    /// Version of this schema; additions only within a major.
    pub schema_version: String,
    /// offpath's version.
    pub tool_version: String,
    /// `check`, `inspect`, `mine` ...
    pub command: String,
    /// Inputs by name.
    pub inputs: Vec<InputSummary>,
    /// Inputs or parts of them that could not be read: file, place, cause, remedy.
    pub errors: Vec<String>,
    /// First and last event's time, RFC 3339 UTC.
    pub window: Option<(String, String)>,
    /// Found among the inputs and not read: copies, other names of a file, run folders.
    #[serde(default)]
    pub aside: Vec<AsideSummary>,
    /// Exchanges that two inputs show, counted and judged once.
    #[serde(default)]
    pub twice: Vec<TwiceSummary>,
    /// Exchanges that are inner hops of others of their input, counted and judged once.
    #[serde(default)]
    pub hops: Vec<HopsSummary>,
    /// Inputs that were set to the clock of a richer one that shows the same.
    #[serde(default)]
    pub clocks: Vec<ClockSummary>,
    /// Exchanges read, each once.
    pub exchanges: u64,
    /// Exchanges that are not whole, by reason.
    pub incomplete: BTreeMap<String, u64>,
    /// Exchanges by protocol.
    pub protocols: BTreeMap<String, u64>,
    /// Calls inside their bodies, by protocol.
    #[serde(default)]
    pub calls: BTreeMap<String, u64>,
    /// What was said on WebSockets.
    #[serde(default)]
    pub websocket: WebSocketSummary,
    /// TCP connections seen, and of these with gaps.
    pub connections: (u64, u64),
    /// TCP packets read inside tags, labels and tunnels, by kind; a packet inside several counts for each.
    #[serde(default)]
    pub tunnels: BTreeMap<String, u64>,
    /// Packets that were seen before, at another tap or interface, and count once.
    #[serde(default)]
    pub seen_again: u64,
    /// Seen and not read.
    pub not_read: Vec<NotReadSummary>,
    /// Bytes that were sent on connections and are not in the capture, by cause, counted in connections.
    #[serde(default)]
    pub missing: Vec<NotReadSummary>,
    /// Connections that are no HTTP, by the protocol that they carry.
    #[serde(default)]
    pub foreign: BTreeMap<String, ForeignSummary>,
    /// The packets that were looked at.
    #[serde(default)]
    pub captured: CapturedSummary,
    /// Packets that `--bpf` held back.
    #[serde(default)]
    pub filtered: u64,
    /// TLS connections, decrypted or not.
    #[serde(default)]
    pub tls: TlsSummary,
    /// Read although it broke its format: name -> count.
    pub irregularities: BTreeMap<String, u64>,
    /// Stretches of time in which requests were not seen.
    pub blind_spots: u64,
    /// Events made from the exchanges.
    pub events: u64,
    /// Cases (root objects).
    pub cases: u64,
    /// Operations by exchanges, most first.
    pub operations: Vec<OperationSummary>,
    /// Exchanges whose path matched no operation.
    pub unmatched: u64,
    /// Paths that neither the model nor an OpenAPI document knows, most exchanges first; the first hundred.
    #[serde(default)]
    pub unmatched_paths: Vec<UnmatchedSummary>,
    /// Operations that OpenAPI documents describe, once for each base path, and of these how many were called.
    #[serde(default)]
    pub described: Option<(u64, u64)>,
    /// Exchanges that are of no operation because their request was not seen, or no client asked.
    #[serde(default)]
    pub not_asked: u64,
    /// What is no activity of the model; none without a model, or where not all events are looked at.
    #[serde(default)]
    pub unmodelled: Option<UnmodelledSummary>,
    /// Actors by evidence.
    pub actors: Vec<ActorSummary>,
    /// Exchanges by nobody who is known, by a cookie that they carry and that may be a session's.
    #[serde(default)]
    pub cookies: BTreeMap<String, u64>,
    /// Places that may tell tenants where nothing else does, without a model; nothing is judged by them.
    #[serde(default)]
    pub premises: Vec<PremiseSummary>,
    /// Spells of actors' activity.
    #[serde(default)]
    pub sessions: u64,
    /// Runs of agents, as far as what ties their calls together was seen.
    #[serde(default)]
    pub runs: u64,
    /// Object types.
    pub objects: Vec<ObjectSummary>,
    /// The model compared with.
    pub model: Option<ModelSummary>,
    /// Conformance figures.
    pub measures: Option<MeasureSummary>,
    /// Every rule, evaluated or not.
    pub rules: Vec<RuleSummary>,
    /// Events in which what a rule would tell of was tried and refused, and which are no findings, by rule; the first few.
    #[serde(default)]
    pub held: BTreeMap<String, Vec<String>>,
    /// Open findings by severity, those for review and suppressed ones apart.
    pub findings: BTreeMap<String, u64>,
    /// Open findings by cause, gravest first; the first thousand.
    #[serde(default)]
    pub groups: Vec<GroupSummary>,
    /// Groups beyond these.
    #[serde(default)]
    pub groups_left_out: u64,
    /// Suppressions, in the order of their file.
    #[serde(default)]
    pub suppressions: Vec<SuppressionSummary>,
    /// What was compared with an earlier run.
    #[serde(default)]
    pub baseline: Option<BaselineSummary>,
    /// What changed against an earlier run, where `offpath drift` asked.
    #[serde(default)]
    pub drift: Option<DriftSummary>,
    /// Process maps.
    pub maps: Vec<MapSummary>,
    /// Most frequent activity sequences.
    pub variants: Vec<VariantSummary>,
    /// What each rule of redaction caught, in the order in which they were given.
    #[serde(default)]
    pub redaction_rules: Vec<RedactionSummary>,
    /// Options that shaped the result.
    pub options: BTreeMap<String, String>,
    /// Where the model does not seem to be about this traffic, then inputs that may show the same, in plain words;
    /// nothing here changes the result.
    #[serde(default)]
    pub warnings: Vec<String>,
    /// Limits that were hit, in plain words.
    pub limits: Vec<String>,
}

/// How many exchanges have both sides, and how many one alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Halves {
    /// Exchanges with request and response.
    pub whole: u64,
    /// Requests without their response.
    pub requests: u64,
    /// Responses without their request.
    pub responses: u64,
}

impl RunSummary {
    /// Whether some of what is counted as exchanges may be halves of one: none where requests or responses are never
    /// alone.
    pub fn halves(&self) -> Option<Halves> {
        let alone = |reason: &str| self.incomplete.get(reason).copied().filter(|number| *number > 0);
        let (requests, responses) = (alone("no_response")?, alone("no_request")?);
        let whole = self.exchanges.saturating_sub(requests).saturating_sub(responses);
        Some(Halves { whole, requests, responses })
    }
}

/// One operation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct OperationSummary {
    /// Method and template.
    pub name: String,
    /// Activity of the model, if it is one.
    pub activity: Option<String>,
    /// `operationId` in the OpenAPI document that describes it.
    #[serde(default)]
    pub operation_id: Option<String>,
    /// Who says that this is an operation: `openapi`, `model` or `guess`.
    #[serde(default)]
    pub template_from: String,
    /// Exchanges.
    pub exchanges: u64,
    /// Of these, accepted.
    pub accepted: u64,
}

/// Exchanges of one path that nothing knows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct UnmatchedSummary {
    /// Method and guessed template; sort and name of a call inside a body.
    pub name: String,
    /// Exchanges.
    pub exchanges: u64,
    /// Of these, the ones of which no refusal was seen.
    pub unrefused: u64,
}

/// Actors established in one way.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ActorSummary {
    /// How, e.g. `claims`.
    pub evidence: String,
    /// Distinct principals.
    pub principals: u64,
    /// Events.
    pub events: u64,
}

/// A place that may tell tenants.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PremiseSummary {
    /// `host.label.0`, or a word of paths that it stands behind: `/orgs/*`.
    pub place: String,
    /// Values there.
    pub tenants: u64,
    /// Actors who were seen there twice or more.
    pub actors: u64,
    /// Of these, those with one value only.
    pub staying: u64,
    /// Objects that were seen there twice or more.
    pub objects: u64,
    /// Of these, those with one value only.
    pub alone: u64,
}

/// One object type.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ObjectSummary {
    /// Name.
    pub object_type: String,
    /// Distinct objects.
    pub objects: u64,
    /// Events that touch one.
    pub events: u64,
    /// Where keys come from: `path`, `query`, `request body`, `response body`, `header` -> events.
    pub key_sources: BTreeMap<String, u64>,
    /// Whether the type is offpath's guess rather than the model's word.
    pub guessed: bool,
}

/// What a rule of redaction caught.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RedactionSummary {
    /// The rule, as it was given.
    pub rule: String,
    /// Values of headers, query strings, forms and JSON that it is the one for.
    pub values: u64,
}
