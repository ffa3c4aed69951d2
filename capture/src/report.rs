//! What a source says of itself when it was read: how much, and what not.

use std::collections::BTreeMap;

use crate::{InputError, InputFormat, Origin, WebSocketCounts};

/// A message that broke its format and was read all the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Irregularity {
    /// Stable snake-case name, e.g. `content_length_and_chunked`.
    pub name: &'static str,
    /// How often.
    pub count: u64,
    /// The first one.
    pub first: Origin,
}

/// Something seen and not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotRead {
    /// Stable snake-case reason, e.g. `tls`, `upgraded`, `not_http`, `link_type`, `udp`.
    pub reason: &'static str,
    /// Connections, packets, entries or lines, as the reason says.
    pub count: u64,
    /// Bytes of them.
    pub bytes: u64,
}

/// Connections of one protocol that is not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeignConnections {
    /// The protocol's name, e.g. `ssh`; `unknown` where nothing tells.
    pub protocol: &'static str,
    /// How many.
    pub connections: u64,
    /// Payload bytes of them.
    pub bytes: u64,
}

/// Packets that were lost while capturing, as the capture's own statistics tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DroppedPackets {
    /// The input.
    pub input: String,
    /// The interface: its name, else its number.
    pub interface: String,
    /// How many, but for those that single packets tell of.
    pub packets: u64,
}

/// What captures held (packets only): what shares of what was not read are taken of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Captured {
    /// Packets that were looked at.
    pub packets: u64,
    /// Bytes of them on the wire, all headers included.
    pub bytes: u64,
}

/// TLS connections of one kind, whether they were read or not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsConnections {
    /// The name that the client asked for, else the server's address and port; `others` where more kinds came than are
    /// told apart.
    pub server: String,
    /// Why they were not read, as [`NotRead::reason`] has it; none where they were decrypted.
    pub unread: Option<&'static str>,
    /// Version agreed on, e.g. `TLS 1.3`.
    pub version: Option<&'static str>,
    /// Cipher suite agreed on, as IANA numbers it.
    pub suite: Option<u16>,
    /// Application protocol (ALPN) agreed on, where it was seen; TLS 1.3 encrypts it.
    pub alpn: Option<String>,
    /// Fingerprint (JA4) of the client's hello.
    pub fingerprint: Option<String>,
    /// How many.
    pub connections: u64,
    /// Bytes of both sides, as on the wire.
    pub bytes: u64,
}

/// One input of a source, at its end.
#[derive(Debug)]
pub struct InputReport {
    /// The input as the user named it.
    pub name: String,
    /// Its format.
    pub format: InputFormat,
    /// Size on disk.
    pub bytes: u64,
    /// SHA-256 of the file as it is on disk, in hex; empty where [`Options::unhashed`](crate::Options::unhashed) says so.
    pub sha256: String,
    /// Records: packets, entries or lines.
    pub records: u64,
    /// Bytes of records that could not be read at all.
    pub bytes_lost: u64,
}

impl InputReport {
    /// Nothing read yet.
    pub(crate) fn new(name: String, format: InputFormat) -> Self {
        InputReport { name, format, bytes: 0, sha256: String::new(), records: 0, bytes_lost: 0 }
    }
}

/// What a source says at its end.
#[derive(Debug, Default)]
pub struct SourceReport {
    /// The inputs that made up the source.
    pub inputs: Vec<InputReport>,
    /// Exchanges handed to the sink.
    pub exchanges: u64,
    /// What was said on WebSockets.
    pub websocket: WebSocketCounts,
    /// Of these, by reason, those not whole.
    pub incomplete: BTreeMap<&'static str, u64>,
    /// Connections seen (packets only).
    pub connections: u64,
    /// Connections with at least one gap.
    pub connections_with_gaps: u64,
    /// Bytes that were sent on connections and are not in the capture: `lost`, or cut by the `snap_length`; counted in
    /// connections.
    pub missing: Vec<NotRead>,
    /// Packets lost while capturing, by interface; in `not_read` they are counted too.
    pub dropped: Vec<DroppedPackets>,
    /// What the packets were, all of them.
    pub captured: Captured,
    /// TCP packets read inside a tag, label or tunnel, by its kind.
    pub tunnels: BTreeMap<&'static str, u64>,
    /// Packets that were seen before, at another tap or interface, and count once.
    pub seen_again: u64,
    /// What was seen and not read.
    pub not_read: Vec<NotRead>,
    /// Connections that are counted as `not_http`, by what they carry.
    pub foreign: Vec<ForeignConnections>,
    /// TLS connections (packets only), in a stable order.
    pub tls: Vec<TlsConnections>,
    /// Packets that the filter held back.
    pub filtered: u64,
    /// What broke its format and was read all the same.
    pub irregularities: Vec<Irregularity>,
    /// Records that were left out as another log's and may be requests, at most one row an input.
    pub unlike: Vec<UnlikeRecords>,
    /// Parts that could not be read, at most one an input and cause.
    pub errors: Vec<InputError>,
}

/// Records of a log, read between requests, of which no field's name tells of a request: a program's own log as a rule,
/// or requests whose fields have names that are not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnlikeRecords {
    /// The log.
    pub input: String,
    /// How many they are.
    pub records: u64,
    /// Of these, the ones that hold a method and so look like requests.
    pub alike: u64,
    /// Records of the log that are requests.
    pub requests: u64,
    /// One of them and what it lacks: `line 4 has no known field for the method (its fields: ts, op_kind, where)`.
    pub what: String,
    /// What to do if they are requests: ``name it with `--log-field method=FIELD` ``.
    pub remedy: String,
}
