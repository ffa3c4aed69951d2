//! What was read, and what was seen and not read.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

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
