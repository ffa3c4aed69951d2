//! A connection of which not all was read: what was not, and what it shows all the same.

use crate::{Endpoint, NotRead, Origin, Timestamp};

/// A connection of which not all was read, at its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnreadConnection {
    /// Identity, as [`Exchange::connection`](crate::Exchange::connection) has it.
    pub connection: u64,
    /// Who asked for it: told by what was said, else by the handshake, else the end with the higher port.
    pub client: Endpoint,
    /// The other end.
    pub server: Endpoint,
    /// Its first packet.
    pub from: Timestamp,
    /// Its last packet.
    pub to: Timestamp,
    /// Payload bytes of both sides on the wire, as far as packets of them were captured.
    pub bytes: u64,
    /// What was captured and not read, by reason as in [`SourceReport::not_read`](crate::SourceReport::not_read).
    pub not_read: Vec<NotRead>,
    /// Bytes that were sent and are not in the capture: their packets are not.
    pub lost: u64,
    /// Bytes that were sent and are not in the capture: the snap length cut them.
    pub cut: u64,
    /// What it carries, where that was recognised: `http1`, `http2`, `websocket`, `tls`, `quic`, or a protocol that is not
    /// read, e.g. `ssh`.
    pub protocol: Option<&'static str>,
    /// What its hellos say, where it was encrypted with TLS and not read.
    pub tls: Option<TlsHellos>,
    /// Its first packet's place.
    pub origin: Origin,
}

/// What the hellos of an encrypted connection say in the clear.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsHellos {
    /// The name that the client asked for (SNI).
    pub server_name: Option<String>,
    /// Version agreed on, e.g. `TLS 1.3`.
    pub version: Option<&'static str>,
    /// Application protocol (ALPN) agreed on; where that is encrypted, the first that the client asked for.
    pub alpn: Option<String>,
    /// Fingerprint (JA4) of the client's hello.
    pub fingerprint: Option<String>,
}
