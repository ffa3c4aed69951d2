//! Access logs: streamed line by line ([`mod@line`]), or record by record where they are whole JSON documents
//! ([`records`]).
//!
//! Each format takes a record apart into fields under the names that its writer gave them; [`name`] knows what the names
//! mean and [`fields`] makes one exchange of them, so that a format is only a way to find names and values. The common
//! and [`combined`] formats, which have no names, are read directly.

mod apache_time;
mod cloudtrail;
mod combined;
mod convention;
mod document;
mod envelope;
mod fault;
mod fields;
mod formats;
mod gin;
mod guess;
mod header;
mod heading;
mod json;
mod json_escape;
mod layout;
mod line;
mod lines;
mod log_format;
mod logfmt;
mod mapping;
mod meaning;
mod name;
mod otlp;
mod path_template;
mod proposal;
mod reading;
mod record;
mod records;
mod refusal;
mod sniff;
mod squid;
mod target;
mod template;
mod time_format;
mod times;
mod tool_calls;
mod unit;
mod uvicorn;

use std::io::Read;
use std::sync::Arc;

pub use self::log_format::LogFormat;
pub use self::mapping::Mapping;
pub(crate) use self::proposal::propose;
use self::reading::Log;
pub(crate) use self::sniff::Sniffer;
pub(crate) use self::target::check as check_field;
use crate::key::KeySeed;
use crate::{InputFormat, Options, Sink, SourceReport};

/// Reads one log. Fills `records` and `bytes_lost` of the report's only input, and everything else of the report.
pub(crate) fn read(
    (name, seed): (&Arc<str>, KeySeed),
    format: InputFormat,
    reader: impl Read,
    options: &Options,
    sink: &mut dyn Sink,
    report: &mut SourceReport,
) {
    let mut log = Log::new((name, seed), format, options);
    match format {
        InputFormat::JsonDocument | InputFormat::Otlp => records::read(&mut log, reader, sink),
        _ => line::read(&mut log, reader, sink),
    }
    log.finish(report);
}
