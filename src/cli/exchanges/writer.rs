//! Formats of `offpath exchanges`.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, ListBuilder, RecordBatch, StringBuilder, UInt16Builder, UInt64Builder};
use arrow::error::ArrowError;
use parquet::arrow::ArrowWriter;
use serde::Serialize;

use super::record::{CallRecord, Record};
use crate::cli::Exit;
use crate::cli::args::ExchangeFormat;
use crate::finding::csv::harmless;

/// Bytes that are written at once.
const BUFFER: usize = 64 << 10;
/// Rows of one Parquet batch.
const BATCH: usize = 8192;

/// One line of an output.
pub(super) trait Row: Serialize + Clone {
    /// Names of its columns.
    const COLUMNS: &'static [&'static str];

    /// Appends it as a JSON object.
    fn json(&self, line: &mut Vec<u8>) -> io::Result<()> {
        serde_json::to_writer(line, self).map_err(io::Error::from)
    }

    /// Its cells in CSV, none of which a spreadsheet would run.
    fn cells(self) -> Vec<String>;

    /// Rows as a table.
    fn table(rows: &[Self]) -> Result<RecordBatch, ArrowError>;
}

/// An open output of rows.
pub(super) enum Writer<R> {
    /// One JSON object a line.
    Jsonl(Lines),
    /// Comma-separated, with a header; cells that a spreadsheet would run are defused.
    Csv(Box<csv::Writer<Box<dyn Write>>>),
    /// A table.
    Parquet(Box<ParquetOutput<R>>),
}

/// JSON objects, each put together before it is handed on: it has some hundred pieces.
pub(super) struct Lines {
    out: Box<dyn Write>,
    line: Vec<u8>,
}

impl Lines {
    fn write(&mut self, row: &impl Row) -> io::Result<()> {
        self.line.clear();
        row.json(&mut self.line)?;
        self.line.push(b'\n');
        self.out.write_all(&self.line)
    }
}

impl<R: Row> Writer<R> {
    /// Opens the file, else standard output.
    pub(super) fn open(format: ExchangeFormat, path: Option<&Path>) -> Result<Self, Exit> {
        let fail = |path: &Path, e: &dyn std::fmt::Display| Exit::CannotStart(format!("{}: {e}", path.display()));
        let out: Box<dyn Write> = match path {
            Some(path) if format == ExchangeFormat::Parquet => {
                let file = File::create(path).map_err(|e| fail(path, &e))?;
                return Ok(Writer::Parquet(Box::new(ParquetOutput {
                    file: Some(file),
                    writer: None,
                    rows: Vec::new(),
                })));
            }
            Some(path) => Box::new(BufWriter::with_capacity(BUFFER, File::create(path).map_err(|e| fail(path, &e))?)),
            None => Box::new(BufWriter::with_capacity(BUFFER, io::stdout())),
        };
        Ok(match format {
            ExchangeFormat::Csv => {
                let mut csv = csv::Writer::from_writer(out);
                csv.write_record(R::COLUMNS).map_err(|e| Exit::Incomplete(format!("writing exchanges: {e}")))?;
                Writer::Csv(Box::new(csv))
            }
            ExchangeFormat::Jsonl | ExchangeFormat::Parquet => Writer::Jsonl(Lines { out, line: Vec::new() }),
        })
    }

    /// Hands on what is written so far, for those who watch; a Parquet file is only whole at its end.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        match self {
            Writer::Jsonl(lines) => lines.out.flush(),
            Writer::Csv(csv) => csv.flush(),
            Writer::Parquet(_) => Ok(()),
        }
    }

    /// Appends one row.
    pub(super) fn write(&mut self, row: &R) -> io::Result<()> {
        match self {
            Writer::Jsonl(lines) => lines.write(row),
            Writer::Csv(csv) => csv.write_record(row.clone().cells()).map_err(io::Error::other),
            Writer::Parquet(parquet) => parquet.write(row.clone()),
        }
    }

    /// Flushes, and writes Parquet's footer.
    pub(super) fn finish(self) -> io::Result<()> {
        match self {
            Writer::Jsonl(mut lines) => lines.out.flush(),
            Writer::Csv(mut csv) => csv.flush(),
            Writer::Parquet(parquet) => parquet.finish(),
        }
    }
}

pub(in crate::cli) const COLUMNS: [&str; 23] = [
    "time",
    "end",
    "client",
    "server",
    "protocol",
    "connection",
    "stream",
    "method",
    "scheme",
    "host",
    "target",
    "status",
    "request_bytes",
    "response_bytes",
    "request_sha256",
    "response_sha256",
    "messages_sent",
    "messages_received",
    "incomplete",
    "origin",
    "calls",
    "calls_unseen",
    "operation",
];

/// Calls as a JSON array; none where there are none.
fn json(calls: &[CallRecord]) -> Option<String> {
    if calls.is_empty() { None } else { serde_json::to_string(calls).ok() }
}

fn cells(r: Record) -> [String; 23] {
    let number = |n: Option<u64>| n.map(|n| n.to_string()).unwrap_or_default();
    [
        r.time,
        r.end.unwrap_or_default(),
        r.client.unwrap_or_default(),
        r.server.unwrap_or_default(),
        r.protocol.to_owned(),
        r.connection.unwrap_or_default(),
        r.stream.to_string(),
        harmless(&r.method.unwrap_or_default()),
        harmless(&r.scheme.unwrap_or_default()),
        harmless(&r.host.unwrap_or_default()),
        harmless(&r.target.unwrap_or_default()),
        number(r.status.map(u64::from)),
        number(r.request_bytes),
        number(r.response_bytes),
        r.request_sha256.unwrap_or_default(),
        r.response_sha256.unwrap_or_default(),
        number(r.messages_sent),
        number(r.messages_received),
        r.incomplete.join(" "),
        harmless(&r.origin),
        json(&r.calls).unwrap_or_default(),
        r.calls_unseen.join(" "),
        harmless(r.operation.as_deref().unwrap_or_default()),
    ]
}

impl Row for Record {
    const COLUMNS: &'static [&'static str] = &COLUMNS;

    fn json(&self, line: &mut Vec<u8>) -> io::Result<()> {
        self.write_json(line)
    }

    fn cells(self) -> Vec<String> {
        cells(self).into()
    }

    fn table(rows: &[Self]) -> Result<RecordBatch, ArrowError> {
        table(rows)
    }
}

/// Collects rows and writes them as Parquet batches.
pub(super) struct ParquetOutput<R> {
    file: Option<File>,
    writer: Option<ArrowWriter<File>>,
    rows: Vec<R>,
}

impl<R: Row> ParquetOutput<R> {
    fn write(&mut self, row: R) -> io::Result<()> {
        self.rows.push(row);
        if self.rows.len() >= BATCH { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        let rows = R::table(&std::mem::take(&mut self.rows)).map_err(io::Error::other)?;
        if let Some(file) = self.file.take() {
            self.writer = Some(ArrowWriter::try_new(file, rows.schema(), None).map_err(io::Error::other)?);
        }
        self.writer.as_mut().map_or(Ok(()), |writer| writer.write(&rows)).map_err(io::Error::other)
    }

    fn finish(mut self) -> io::Result<()> {
        self.flush()?;
        self.writer.map_or(Ok(()), |writer| writer.close().map(drop)).map_err(io::Error::other)
    }
}

fn table(records: &[Record]) -> Result<RecordBatch, ArrowError> {
    let text = |field: fn(&Record) -> Option<&str>| {
        let mut builder = StringBuilder::new();
        records.iter().for_each(|r| builder.append_option(field(r)));
        Arc::new(builder.finish()) as ArrayRef
    };
    let number = |field: fn(&Record) -> Option<u64>| {
        let mut builder = UInt64Builder::new();
        records.iter().for_each(|r| builder.append_option(field(r)));
        Arc::new(builder.finish()) as ArrayRef
    };
    let mut status = UInt16Builder::new();
    let mut calls = StringBuilder::new();
    for record in records {
        status.append_option(record.status);
        calls.append_option(json(&record.calls));
    }
    let reasons = |field: fn(&Record) -> &[&'static str]| {
        let mut builder = ListBuilder::new(StringBuilder::new());
        for record in records {
            field(record).iter().for_each(|reason| builder.values().append_value(reason));
            builder.append(true);
        }
        Arc::new(builder.finish()) as ArrayRef
    };
    let columns: [ArrayRef; 23] = [
        text(|r| Some(&r.time)),
        text(|r| r.end.as_deref()),
        text(|r| r.client.as_deref()),
        text(|r| r.server.as_deref()),
        text(|r| Some(r.protocol)),
        text(|r| r.connection.as_deref()),
        number(|r| Some(r.stream)),
        text(|r| r.method.as_deref()),
        text(|r| r.scheme.as_deref()),
        text(|r| r.host.as_deref()),
        text(|r| r.target.as_deref()),
        Arc::new(status.finish()),
        number(|r| r.request_bytes),
        number(|r| r.response_bytes),
        text(|r| r.request_sha256.as_deref()),
        text(|r| r.response_sha256.as_deref()),
        number(|r| r.messages_sent),
        number(|r| r.messages_received),
        reasons(|r| &r.incomplete),
        text(|r| Some(&r.origin)),
        Arc::new(calls.finish()),
        reasons(|r| &r.calls_unseen),
        text(|r| r.operation.as_deref()),
    ];
    RecordBatch::try_from_iter_with_nullable(
        COLUMNS.into_iter().zip(columns).map(|(name, column)| (name, column, true)),
    )
}
