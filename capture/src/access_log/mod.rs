//! Access logs, streamed line by line: [`combined`] lines and [`json`] records, also mixed in one file, and in the
//! [`envelope`] of a container runtime or of syslog.

mod combined;
mod convention;
mod envelope;
mod header;
mod json;
mod lines;
mod meaning;
mod name;
mod record;
mod target;
mod unit;

use std::borrow::Cow;
use std::io::{self, Read};
use std::ops::ControlFlow;
use std::sync::Arc;

use self::combined::Parsed;
use self::envelope::Opened;
use self::json::Refusal;
use self::lines::{Line, Lines};
use self::meaning::Table;
use self::record::Record;
pub(crate) use self::target::check as check_field;
use crate::key::KeySeed;
use crate::tally::Tally;
use crate::{InputError, InputErrorKind, InputFormat, Limits, Options, Origin, Place, Sink, SourceReport};

/// The format that a line fits, if any.
pub(crate) fn line_format(line: &[u8]) -> Option<InputFormat> {
    let line = String::from_utf8_lossy(line);
    let line = envelope::open(&line).line;
    if line.starts_with('{') {
        let object = serde_json::from_str::<serde::de::IgnoredAny>(&line);
        return object.is_ok().then_some(InputFormat::JsonLog);
    }
    match combined::parse(&line) {
        Parsed::Record(_) | Parsed::NoRequest => Some(InputFormat::CombinedLog),
        Parsed::NoLine(_) => None,
    }
}

/// Reads one log. Fills `records` and `bytes_lost` of the report's only input, and everything else of the report.
pub(crate) fn read(
    (name, seed): (&Arc<str>, KeySeed),
    reader: impl Read,
    options: &Options,
    sink: &mut dyn Sink,
    report: &mut SourceReport,
) {
    let mut log = Log {
        name,
        seed,
        table: Table::new(&options.log_fields),
        limits: &options.limits,
        tally: Tally::default(),
        records: 0,
        lost: 0,
        errors: Vec::new(),
    };
    let mut lines = Lines::new(reader, options.limits.line_bytes);
    loop {
        match lines.next() {
            Ok(Some(line)) => {
                if log.line(&line, sink).is_break() {
                    break;
                }
            }
            Ok(None) => break,
            Err(error) => {
                log.stop(error, lines.offset());
                break;
            }
        }
    }
    log.tally.finish(report);
    report.errors.append(&mut log.errors);
    if let Some(input) = report.inputs.first_mut() {
        input.records = log.records;
        input.bytes_lost += log.lost;
    }
}

struct Log<'a> {
    name: &'a Arc<str>,
    seed: KeySeed,
    table: Table,
    limits: &'a Limits,
    tally: Tally,
    records: u64,
    lost: u64,
    errors: Vec<InputError>,
}

/// What is wrong with a line, and what to do.
struct Fault {
    what: String,
    remedy: String,
}

impl Log<'_> {
    fn line(&mut self, line: &Line<'_>, sink: &mut dyn Sink) -> ControlFlow<()> {
        let origin =
            Origin { input: Arc::clone(self.name), place: Place::Line { number: line.number, offset: line.offset } };
        let Some(text) = line.text else {
            self.records += 1;
            let what =
                format!("line {} is {} bytes long, more than {}", line.number, line.length, self.limits.line_bytes);
            let remedy = "the other lines were analysed; check that this is a log".to_owned();
            self.unparsed("line_too_long", line, origin, Fault { what, remedy });
            return ControlFlow::Continue(());
        };
        let text = self.plain(text, &origin);
        if text.is_empty() {
            return ControlFlow::Continue(());
        }
        self.records += 1;
        let opened = envelope::open(&text);
        match self.record(&opened, line) {
            Ok(Some(record)) => match record.into_exchange(self.seed, origin) {
                Some(exchange) => self.tally.emit(exchange, sink),
                None => {
                    self.tally.not_read("not_http_url", 1, line.length);
                    ControlFlow::Continue(())
                }
            },
            Ok(None) => {
                self.tally.not_read("malformed_request", 1, line.length);
                ControlFlow::Continue(())
            }
            Err(fault) => {
                self.unparsed("unparsed_line", line, origin, fault);
                ControlFlow::Continue(())
            }
        }
    }

    /// Cleans a line of what is around its text: white space, a byte order mark, the zeros that rotation by copy and
    /// truncate leaves, and bytes that are not UTF-8.
    fn plain<'l>(&mut self, bytes: &'l [u8], origin: &Origin) -> Cow<'l, str> {
        let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
        if zeros > 0 {
            self.tally.irregularity("zero_bytes_in_log", origin);
        }
        let bytes = bytes.get(zeros..).unwrap_or_default();
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii();
        match std::str::from_utf8(bytes) {
            Ok(text) => Cow::Borrowed(text),
            Err(_) => {
                self.tally.irregularity("not_utf8", origin);
                String::from_utf8_lossy(bytes)
            }
        }
    }

    /// Reads a line by its format; none for a request that cannot be read as one.
    fn record<'l>(&self, opened: &'l Opened<'_>, line: &Line<'_>) -> Result<Option<Box<Record<'l>>>, Fault> {
        let text = &*opened.line;
        if text.starts_with('{') {
            return match json::parse(text, opened.time, &self.table, self.limits) {
                Ok(record) => Ok(Some(Box::new(record))),
                Err(Refusal::NoRequest) => Ok(None),
                Err(Refusal::NotJson(error)) => Err(not_json(&error, line)),
                Err(Refusal::Missing(what, names)) => Err(missing(what, &names, line)),
                Err(Refusal::NoTime(name, value)) => Err(no_time(&name, &value, line)),
            };
        }
        match combined::parse(text) {
            Parsed::Record(record) => Ok(Some(record)),
            Parsed::NoRequest => Ok(None),
            Parsed::NoLine(why) => Err(Fault {
                what: format!("line {} is neither a combined log line ({why}) nor a JSON object", line.number),
                remedy: "the other lines were analysed; log in the combined format, or as JSON with fields named by \
                         `--log-field`"
                    .to_owned(),
            }),
        }
    }

    /// Counts a line that was not read; the first one is also an error with its place.
    fn unparsed(&mut self, reason: &'static str, line: &Line<'_>, origin: Origin, fault: Fault) {
        self.tally.not_read(reason, 1, line.length);
        self.lost += line.length;
        if !self.errors.is_empty() {
            return;
        }
        let kind = if line.ended {
            InputErrorKind::Malformed { what: fault.what, remedy: fault.remedy }
        } else {
            InputErrorKind::Truncated { what: format!("{}, and the file ends in it", fault.what) }
        };
        self.errors.push(InputError { input: self.name.to_string(), origin: Some(origin), kind });
    }

    fn stop(&mut self, error: io::Error, offset: u64) {
        let kind = match error.kind() {
            io::ErrorKind::UnexpectedEof => {
                InputErrorKind::Truncated { what: format!("the compressed file ends at byte {offset} of its content") }
            }
            io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => InputErrorKind::Malformed {
                what: format!("the compressed file is damaged after byte {offset} of its content ({error})"),
                remedy: "everything before was analysed, copy or compress the file again to get the rest".to_owned(),
            },
            _ => InputErrorKind::Io(error),
        };
        self.errors.push(InputError { input: self.name.to_string(), origin: None, kind });
    }
}

fn not_json(error: &serde_json::Error, line: &Line<'_>) -> Fault {
    let text = error.to_string();
    let why = text.split(" at line ").next().unwrap_or_default();
    Fault {
        what: format!("line {}, column {} is not valid JSON: {why}", line.number, error.column()),
        remedy: "the other lines were analysed; write one whole JSON object a line".to_owned(),
    }
}

fn missing(what: &str, names: &[String], line: &Line<'_>) -> Fault {
    Fault {
        what: format!("line {} has no known field for the {what} (its fields: {})", line.number, names.join(", ")),
        remedy: format!("name it with `--log-field {what}=FIELD`"),
    }
}

fn no_time(name: &str, value: &str, line: &Line<'_>) -> Fault {
    Fault {
        what: format!("line {}: the field for the time, {name}, holds {value}, which is no time", line.number),
        remedy: "write RFC 3339 or an epoch in s, ms, µs or ns, or name another field with `--log-field time=FIELD`"
            .to_owned(),
    }
}
