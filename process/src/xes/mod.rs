//! XES event logs (IEEE 1849): read as a stream, plain or gzip, and written.

mod attribute;
mod session;
mod writer;

use std::io::{BufRead as _, BufReader, Read};

use flate2::bufread::MultiGzDecoder;

use crate::log::EventLog;
use crate::problem::{LogError, Problem};
use crate::xml::Document;

use session::Session;
pub(crate) use writer::HEAD;
pub use writer::write_xes;

/// Key of activities, and of cases.
const NAME: &str = "concept:name";

/// How much of a log is read.
#[derive(Clone, Copy, Debug)]
pub struct LogLimits {
    /// Events, of all files together.
    pub events: usize,
    /// Traces, of all files together.
    pub traces: usize,
    /// Distinct names of one kind.
    pub names: usize,
    /// Bytes of distinct names and case ids.
    pub name_bytes: usize,
    /// Bytes of one name or case id.
    pub longest_name: usize,
    /// Bytes of one tag or text.
    pub token: usize,
}

impl Default for LogLimits {
    fn default() -> Self {
        LogLimits {
            events: 1 << 24,
            traces: 1 << 24,
            names: 1 << 20,
            name_bytes: 1 << 28,
            longest_name: 1 << 16,
            token: 1 << 24,
        }
    }
}

/// Reads logs into one [`EventLog`].
#[derive(Clone, Debug)]
pub struct XesReader {
    /// Keys whose values, joined by `+`, name an event's activity.
    pub classifier: Vec<String>,
    /// Limits.
    pub limits: LogLimits,
}

impl Default for XesReader {
    fn default() -> Self {
        XesReader { classifier: vec![NAME.to_owned()], limits: LogLimits::default() }
    }
}

impl XesReader {
    /// Adds the traces of a file, plain or gzip, to a log. Where the file breaks off, all whole traces before are kept.
    ///
    /// # Errors
    /// When the file is no XES at all: it has no `log` element.
    pub fn read(&self, file: &str, input: impl Read, log: &mut EventLog) -> Result<Vec<Problem>, LogError> {
        let mut input = BufReader::with_capacity(1 << 16, input);
        let gzip = input.fill_buf().is_ok_and(|bytes| bytes.starts_with(&[0x1f, 0x8b]));
        if gzip {
            let plain = BufReader::with_capacity(1 << 17, MultiGzDecoder::new(input));
            Session::new(self, file, log).read(Document::new(plain, self.limits.token))
        } else {
            Session::new(self, file, log).read(Document::new(input, self.limits.token))
        }
    }
}
