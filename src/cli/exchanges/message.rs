//! One line of `offpath exchanges --messages`.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanBuilder, ListBuilder, RecordBatch, StringBuilder, UInt16Builder, UInt64Builder};
use arrow::error::ArrowError;
use offpath_capture::Message;
use serde::Serialize;

use super::record::Record;
use super::writer::Row;
use crate::correlate::Redactor;
use crate::event::rfc3339;
use crate::finding::csv::harmless;

/// One message of a WebSocket: who sent what, when and how much of it, never what it says.
#[derive(Clone, Debug, Serialize)]
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
pub(in crate::cli) const COLUMNS: [&str; 19] = [
    "time",
    "end",
    "client",
    "server",
    "connection",
    "stream",
    "host",
    "target",
    "number",
    "sender",
    "kind",
    "bytes",
    "sha256",
    "close_code",
    "frames",
    "compressed",
    "incomplete",
    "origin",
    "exchange",
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

impl Row for MessageRecord {
    const COLUMNS: &'static [&'static str] = &COLUMNS;

    fn cells(self) -> Vec<String> {
        let number = |n: Option<u64>| n.map(|n| n.to_string()).unwrap_or_default();
        vec![
            self.time,
            self.end,
            self.client.unwrap_or_default(),
            self.server.unwrap_or_default(),
            self.connection.unwrap_or_default(),
            self.stream.to_string(),
            harmless(&self.host.unwrap_or_default()),
            harmless(&self.target.unwrap_or_default()),
            self.number.to_string(),
            self.sender.to_owned(),
            self.kind.to_owned(),
            number(self.bytes),
            self.sha256.unwrap_or_default(),
            number(self.close_code.map(u64::from)),
            self.frames.to_string(),
            self.compressed.to_string(),
            self.incomplete.join(" "),
            harmless(&self.origin),
            harmless(&self.exchange),
        ]
    }

    fn table(rows: &[Self]) -> Result<RecordBatch, ArrowError> {
        let text = |field: fn(&Self) -> Option<&str>| {
            let mut builder = StringBuilder::new();
            rows.iter().for_each(|row| builder.append_option(field(row)));
            Arc::new(builder.finish()) as ArrayRef
        };
        let number = |field: fn(&Self) -> Option<u64>| {
            let mut builder = UInt64Builder::new();
            rows.iter().for_each(|row| builder.append_option(field(row)));
            Arc::new(builder.finish()) as ArrayRef
        };
        let (mut close_code, mut compressed) = (UInt16Builder::new(), BooleanBuilder::new());
        let mut incomplete = ListBuilder::new(StringBuilder::new());
        for row in rows {
            close_code.append_option(row.close_code);
            compressed.append_value(row.compressed);
            row.incomplete.iter().for_each(|reason| incomplete.values().append_value(reason));
            incomplete.append(true);
        }
        let columns: [ArrayRef; 19] = [
            text(|r| Some(&r.time)),
            text(|r| Some(&r.end)),
            text(|r| r.client.as_deref()),
            text(|r| r.server.as_deref()),
            text(|r| r.connection.as_deref()),
            number(|r| Some(r.stream)),
            text(|r| r.host.as_deref()),
            text(|r| r.target.as_deref()),
            number(|r| Some(r.number)),
            text(|r| Some(r.sender)),
            text(|r| Some(r.kind)),
            number(|r| r.bytes),
            text(|r| r.sha256.as_deref()),
            Arc::new(close_code.finish()),
            number(|r| Some(r.frames)),
            Arc::new(compressed.finish()),
            Arc::new(incomplete.finish()),
            text(|r| Some(&r.origin)),
            text(|r| Some(&r.exchange)),
        ];
        RecordBatch::try_from_iter_with_nullable(
            COLUMNS.into_iter().zip(columns).map(|(name, column)| (name, column, true)),
        )
    }
}
