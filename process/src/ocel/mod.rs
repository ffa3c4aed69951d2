//! Object-centric event logs: OCEL 2.0 as JSON, XML and SQLite, and OCEL 1 as JSON.

mod builder;
mod element;
mod flatten;
mod json;
mod log;

mod sqlite;
mod traces;
mod writer;
mod xml;

use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;

use crate::problem::{LogError, Problem};

pub use log::{Change, Kind as ValueKind, Object, ObjectEvent, ObjectLog, Relation, Types, Value};
pub use traces::{ObjectTrace, write_traces_csv, write_traces_xes};
pub use writer::{WriteError, write_ocel_json, write_ocel_sqlite, write_ocel_xml};

/// What the first bytes of an SQLite database are.
pub const SQLITE_MAGIC: &[u8] = b"SQLite format 3\0";

/// How much of an object-centric log is read.
#[derive(Clone, Copy, Debug)]
pub struct OcelLimits {
    /// Events.
    pub events: usize,
    /// Objects, with those that are only named.
    pub objects: usize,
    /// Relations of events and objects with objects.
    pub relations: usize,
    /// Values and declarations of attributes.
    pub values: usize,
    /// Bytes of distinct names and ids and of all values.
    pub bytes: usize,
    /// Bytes of one element: an event or object with all that belongs to it; of a value in a database.
    pub element: usize,
}

impl Default for OcelLimits {
    fn default() -> Self {
        OcelLimits {
            events: 1 << 24,
            objects: 1 << 24,
            relations: 1 << 26,
            values: 1 << 26,
            bytes: 1 << 29,
            element: 1 << 24,
        }
    }
}

/// Reads a log as JSON (OCEL 2.0 or 1) or as XML (OCEL 2.0), plain or gzip; which one is told by the first character.
/// Where the file breaks off, what comes before is kept.
///
/// # Errors
/// When there is neither an event nor an object.
pub fn read_ocel(file: &str, input: impl Read, limits: &OcelLimits) -> Result<(ObjectLog, Vec<Problem>), LogError> {
    let mut input = BufReader::with_capacity(1 << 16, input);
    if input.fill_buf().is_ok_and(|bytes| bytes.starts_with(&[0x1f, 0x8b])) {
        plain(file, BufReader::with_capacity(1 << 17, MultiGzDecoder::new(input)), limits)
    } else {
        plain(file, input, limits)
    }
}

fn plain(file: &str, mut input: impl BufRead, limits: &OcelLimits) -> Result<(ObjectLog, Vec<Problem>), LogError> {
    let fail = |cause: String| LogError { file: file.to_owned(), line: 0, cause };
    let bytes = input.fill_buf().map_err(|error| fail(error.to_string()))?;
    if bytes.starts_with(SQLITE_MAGIC) {
        return Err(fail("it is a database, and those are read from a file that is not compressed".to_owned()));
    }
    let mark = if bytes.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    let first = bytes.iter().skip(mark).find(|byte| !byte.is_ascii_whitespace()).copied();
    input.consume(mark);
    if first == Some(b'<') { xml::read(file, input, limits) } else { json::read(file, input, limits) }
}

/// Reads an OCEL 2.0 log from an SQLite database, which is not written to.
///
/// # Errors
/// When the file is no such database, or there is neither an event nor an object.
pub fn read_ocel_sqlite(path: &Path, limits: &OcelLimits) -> Result<(ObjectLog, Vec<Problem>), LogError> {
    sqlite::read(path, limits)
}
