//! The lines of `gaps.jsonl`.

use serde::{Deserialize, Serialize};

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
