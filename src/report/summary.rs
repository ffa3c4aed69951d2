//! The content of `run.json`, and the timelines that views draw: plain data, in stable order.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

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
    /// Actors by evidence.
    pub actors: Vec<ActorSummary>,
    /// Object types.
    pub objects: Vec<ObjectSummary>,
    /// The model compared with.
    pub model: Option<ModelSummary>,
    /// Conformance figures.
    pub measures: Option<MeasureSummary>,
    /// Every rule, evaluated or not.
    pub rules: Vec<RuleSummary>,
    /// Findings by severity, suppressed ones apart.
    pub findings: BTreeMap<String, u64>,
    /// Process maps.
    pub maps: Vec<MapSummary>,
    /// Most frequent activity sequences.
    pub variants: Vec<VariantSummary>,
    /// Options that shaped the result.
    pub options: BTreeMap<String, String>,
    /// Where the model does not seem to be about this traffic, then inputs that may show the same, in plain words;
    /// nothing here changes the result.
    #[serde(default)]
    pub warnings: Vec<String>,
    /// Limits that were hit, in plain words.
    pub limits: Vec<String>,
}

/// What was said on WebSockets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebSocketSummary {
    /// WebSockets.
    pub connections: u64,
    /// Text and binary messages.
    pub messages: u64,
    /// Frames, control frames included, where the input shows them.
    pub frames: u64,
    /// Bytes of the messages, decompressed.
    pub bytes: u64,
    /// Messages of clients that hold calls.
    #[serde(default)]
    pub calls: u64,
    /// Messages that are no calls, answer none and are nothing that a protocol of calls needs beside.
    #[serde(default)]
    pub without_call: u64,
}

/// One input.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct InputSummary {
    /// As the user named it.
    pub name: String,
    /// Format found.
    pub format: String,
    /// Bytes on disk.
    pub bytes: u64,
    /// SHA-256 of the file, hex.
    pub sha256: String,
    /// Packets, entries or lines.
    pub records: u64,
}

/// Something found among the inputs and not read.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AsideSummary {
    /// File or folder.
    pub input: String,
    /// `copy`, `same_file` or `run_folder`.
    pub reason: String,
    /// The input that is read instead.
    pub of: Option<String>,
}

/// Exchanges of one input that another shows better.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TwiceSummary {
    /// The input whose exchanges were left out.
    pub input: String,
    /// The input whose exchanges were kept.
    pub of: String,
    /// How many.
    pub exchanges: u64,
}

/// Inner hops of requests that a proxy passed on, in one input.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct HopsSummary {
    /// The input.
    pub input: String,
    /// How many were left out.
    pub exchanges: u64,
}

/// An input whose clock differs from that of a richer one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ClockSummary {
    /// The input.
    pub input: String,
    /// The input whose clock counts.
    pub of: String,
    /// What was added to its times, in microseconds.
    pub moved_us: i64,
    /// Exchanges of both that show the difference.
    pub shown_by: u64,
}

/// Something seen and not read.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct NotReadSummary {
    /// Reason.
    pub reason: String,
    /// Connections, packets, entries or lines.
    pub count: u64,
    /// Bytes.
    pub bytes: u64,
    /// These as a share of the bytes of all packets, 0 to 1, where packets were read.
    #[serde(default)]
    pub share: Option<f64>,
}

/// The packets that were looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CapturedSummary {
    /// How many.
    pub packets: u64,
    /// Bytes of them on the wire, all headers included.
    pub bytes: u64,
}

/// Connections of one protocol that is not read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForeignSummary {
    /// How many.
    pub connections: u64,
    /// Payload bytes of them.
    pub bytes: u64,
}

/// TLS connections, counted by what their hellos say.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TlsSummary {
    /// Name asked for, else address -> `decrypted` or the reason why not -> connections.
    pub servers: BTreeMap<String, BTreeMap<String, u64>>,
    /// Connections by version agreed on.
    pub versions: BTreeMap<String, u64>,
    /// Connections by cipher suite agreed on, as IANA numbers it (`0x1301`).
    pub suites: BTreeMap<String, u64>,
    /// Connections by application protocol agreed on, where that was seen.
    pub protocols: BTreeMap<String, u64>,
    /// Connections by fingerprint (JA4) of the client.
    pub fingerprints: BTreeMap<String, u64>,
}

impl TlsSummary {
    /// Servers whose connections have an outcome, with their number, most first.
    pub fn with(&self, outcome: &str) -> Vec<(&str, u64)> {
        let mut servers: Vec<(&str, u64)> = self
            .servers
            .iter()
            .filter_map(|(server, outcomes)| Some((server.as_str(), *outcomes.get(outcome)?)))
            .collect();
        servers.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
        servers
    }
}

/// One operation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct OperationSummary {
    /// Method and template.
    pub name: String,
    /// Activity of the model, if it is one.
    pub activity: Option<String>,
    /// Exchanges.
    pub exchanges: u64,
    /// Of these, accepted.
    pub accepted: u64,
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
    /// Events (not reads) of modelled activities over all events.
    pub coverage: (u64, u64),
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
    /// Whether some source kept it from judging at all.
    pub fn is_blind(&self) -> bool {
        self.blind.values().any(|blind| !blind.partly)
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
    /// It decided some of what there was to decide.
    pub partly: bool,
}

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

/// A case that findings are about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseFindings {
    /// Root object, `type:key`.
    pub case: String,
    /// Worst severity among its findings.
    pub severity: String,
    /// Findings.
    pub findings: u64,
    /// Rules that they break.
    pub rules: Vec<String>,
    /// Time of the first, RFC 3339 UTC.
    pub first: String,
}

/// Something that was not seen, or not wholly: one line of `gaps.jsonl`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Gap {
    /// Input, as the user named it.
    pub input: String,
    /// Connection, 16 hex digits, where it is known.
    pub connection: Option<String>,
    /// Address of its client.
    pub client: Option<String>,
    /// Address of its server.
    pub server: Option<String>,
    /// `not_read`, `missing`, `incomplete`, `blind_spot`, `irregularity`, `error`, or `left_out`: gaps without a line of their own.
    pub kind: String,
    /// Why, e.g. `tls`, `no_response`.
    pub reason: String,
    /// How often.
    pub count: u64,
    /// Bytes not read, 0 if unknown.
    pub bytes: u64,
    /// These as a share of the bytes of all packets of its source, 0 to 1.
    #[serde(default)]
    pub share: Option<f64>,
    /// What its connection carries, where that was recognised.
    #[serde(default)]
    pub protocol: Option<String>,
    /// Name that the client of an encrypted connection asked for (SNI).
    #[serde(default)]
    pub server_name: Option<String>,
    /// Version of TLS agreed on.
    #[serde(default)]
    pub tls_version: Option<String>,
    /// Application protocol (ALPN) agreed on; where that is encrypted, the first that the client asked for.
    #[serde(default)]
    pub alpn: Option<String>,
    /// Fingerprint (JA4) of the client of an encrypted connection.
    #[serde(default)]
    pub fingerprint: Option<String>,
    /// Begin of the first, RFC 3339 UTC.
    pub from: Option<String>,
    /// End of the last, RFC 3339 UTC.
    pub to: Option<String>,
    /// Place of the first.
    pub origin: Option<String>,
}

/// All events of one case, for drawing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CaseTimeline {
    /// Root object, `type:key`.
    pub case: String,
    /// Events in time order.
    pub events: Vec<TimelineEvent>,
}

/// One event of a timeline.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TimelineEvent {
    /// Event id.
    pub id: String,
    /// RFC 3339, UTC.
    pub time: String,
    /// Microseconds since the Unix epoch.
    pub micros: i64,
    /// Microseconds it took.
    pub duration: i64,
    /// Principal, agent and client.
    pub principal: Option<String>,
    /// Agent.
    pub agent: Option<String>,
    /// Activity, else operation.
    pub activity: String,
    /// Method and masked path.
    pub request: String,
    /// Status.
    pub status: Option<u16>,
    /// `accepted`, `rejected`, `unknown`.
    pub outcome: String,
    /// Objects, `type:key`.
    pub objects: Vec<String>,
    /// States before it.
    pub before: Vec<String>,
    /// States after it.
    pub state: Vec<String>,
    /// Origin as text.
    pub origin: String,
}
