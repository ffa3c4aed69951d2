//! One line of `offpath exchanges --messages`.

use offpath_capture::Message;

use super::column::Column;
use super::record::Record;
use crate::correlate::Redactor;
use crate::event::rfc3339;

/// One message of a WebSocket: who sent what, when and how much of it, never what it says.
#[derive(Clone, Debug)]
pub(in crate::cli) struct MessageRecord {
    /// First byte, RFC 3339 UTC.
    time: String,
    /// Last byte.
    end: String,
    client: Option<String>,
    server: Option<String>,
    connection: Option<String>,
    stream: u64,
    host: Option<String>,
    /// Path and query of the exchange that opened the WebSocket, masked.
    target: Option<String>,
    /// Place among those of its sender.
    number: u64,
    /// `client` or `server`.
    sender: &'static str,
    /// `text`, `binary`, `close`, `ping`, `pong`.
    kind: &'static str,
    /// Length of the payload, decompressed.
    bytes: Option<u64>,
    /// SHA-256 of the payload, hex, when it was seen whole.
    sha256: Option<String>,
    /// Status of a close message.
    close_code: Option<u16>,
    /// Frames that it came in.
    frames: u64,
    compressed: bool,
    incomplete: Vec<&'static str>,
    origin: String,
    /// Where the exchange that opened the WebSocket is.
    exchange: String,
}

/// Columns of the listing.
pub(in crate::cli) static COLUMNS: [Column<MessageRecord>; 19] = [
    Column::text("time", |r| Some(&r.time)),
    Column::text("end", |r| Some(&r.end)),
    Column::text("client", |r| r.client.as_deref()),
    Column::text("server", |r| r.server.as_deref()),
    Column::text("connection", |r| r.connection.as_deref()),
    Column::number("stream", |r| Some(r.stream)),
    Column::text("host", |r| r.host.as_deref()),
    Column::text("target", |r| r.target.as_deref()),
    Column::number("number", |r| Some(r.number)),
    Column::text("sender", |r| Some(r.sender)),
    Column::text("kind", |r| Some(r.kind)),
    Column::number("bytes", |r| r.bytes),
    Column::text("sha256", |r| r.sha256.as_deref()),
    Column::code("close_code", |r| r.close_code),
    Column::number("frames", |r| Some(r.frames)),
    Column::flag("compressed", |r| r.compressed),
    Column::words("incomplete", |r| &r.incomplete),
    Column::text("origin", |r| Some(&r.origin)),
    Column::text("exchange", |r| Some(&r.exchange)),
];

impl MessageRecord {
    /// The line of a message; `opening` is that of the exchange that opened its WebSocket.
    pub(super) fn new(message: &Message, opening: Record, redactor: &Redactor) -> Self {
        MessageRecord {
            time: rfc3339(message.time.0),
            end: rfc3339(message.end.0),
            client: opening.client,
            server: opening.server,
            connection: opening.connection,
            stream: opening.stream,
            host: opening.host,
            target: opening.target,
            number: message.number,
            sender: message.sender.as_str(),
            kind: message.kind.as_str(),
            bytes: message.payload.len(),
            sha256: message.payload.sha256().map(|digest| redactor.digest(&digest)),
            close_code: message.close_code(),
            frames: message.frames,
            compressed: message.compressed,
            incomplete: message.incomplete.iter().map(|reason| reason.as_str()).collect(),
            origin: message.origin.to_string(),
            exchange: opening.origin,
        }
    }
}
