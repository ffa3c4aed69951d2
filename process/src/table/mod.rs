//! Event logs as tables: CSV with a row an event.

mod columns;
mod instant;

use std::borrow::Cow;
use std::io::{BufRead, BufReader, Read};

use csv::ByteRecord;
use flate2::bufread::MultiGzDecoder;

use crate::log::{Event, EventLog};
use crate::metered::{Meter, Metered};
use crate::names::Names;
use crate::problem::{LogError, Notes, Problem};
use crate::xes::LogLimits;

use columns::Places;
pub use columns::{ColumnNames, Columns};
use instant::Instant;

/// What may stand between cells.
const SEPARATORS: [u8; 4] = *b",;\t|";
/// Bytes of the header that are looked at for what stands between cells.
const HEAD: usize = 1 << 16;

/// Reads tables into an [`EventLog`].
#[derive(Clone, Debug, Default)]
pub struct CsvReader {
    /// Columns that are said; others are found by their usual names.
    pub columns: ColumnNames,
    /// Limits.
    pub limits: LogLimits,
}

/// The columns of a table that begins so, if they are those of an event log.
pub fn csv_columns(head: &[u8]) -> Option<Columns> {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let line = head.split(|byte| *byte == b'\n').next()?;
    let mut reader = csv::ReaderBuilder::new().delimiter(separator(line)).has_headers(false).from_reader(line);
    let mut record = ByteRecord::new();
    reader.read_byte_record(&mut record).ok().filter(|read| *read)?;
    columns::find(&header(&record), &ColumnNames::default()).ok().map(|(_, columns)| columns)
}

fn header(record: &ByteRecord) -> Vec<String> {
    record.iter().map(|name| String::from_utf8_lossy(name).trim().to_owned()).collect()
}

/// What stands most often between the cells of a line.
fn separator(line: &[u8]) -> u8 {
    let mut counts = [0_usize; SEPARATORS.len()];
    let mut quoted = false;
    for byte in line {
        quoted ^= *byte == b'"';
        let at = SEPARATORS.iter().position(|separator| separator == byte).filter(|_| !quoted);
        if let Some(count) = at.and_then(|at| counts.get_mut(at)) {
            *count += 1;
        }
    }
    let most = counts.iter().max().copied().unwrap_or(0);
    SEPARATORS.into_iter().zip(counts).find(|(_, count)| *count == most).map_or(b',', |(separator, _)| separator)
}

impl CsvReader {
    /// Adds the cases of a table, plain or gzip, to a log: their events in the order of time, where each of them has one,
    /// else of the file. Returns which columns they are from.
    ///
    /// # Errors
    /// When columns are missing, or there is no header.
    pub fn read(&self, file: &str, input: impl Read, log: &mut EventLog) -> Result<(Columns, Vec<Problem>), LogError> {
        let mut input = BufReader::with_capacity(HEAD, input);
        if input.fill_buf().is_ok_and(|bytes| bytes.starts_with(&[0x1f, 0x8b])) {
            self.plain(file, BufReader::with_capacity(HEAD, MultiGzDecoder::new(input)), log)
        } else {
            self.plain(file, input, log)
        }
    }

    fn plain(
        &self,
        file: &str,
        mut input: impl BufRead,
        log: &mut EventLog,
    ) -> Result<(Columns, Vec<Problem>), LogError> {
        let fail = |line: u64, cause: String| LogError { file: file.to_owned(), line, cause };
        let separator = begin(&mut input).map_err(|cause| fail(1, cause))?;
        let (input, meter) = Metered::new(input, self.limits.token);
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(separator)
            .has_headers(false)
            .flexible(true)
            .buffer_capacity(HEAD)
            .from_reader(input);
        let mut record = ByteRecord::new();
        if !reader.read_byte_record(&mut record).map_err(|error| fail(1, error.to_string()))? {
            return Err(fail(1, "there is no header; is it a table of events?".to_owned()));
        }
        meter.begin();
        let header = header(&record);
        let (places, columns) = columns::find(&header, &self.columns).map_err(|cause| fail(1, cause))?;
        let notes = Notes::new(file);
        let mut session = Session {
            reader: self,
            places,
            width: header.len(),
            log,
            cases: Names::default(),
            notes,
            rows: Vec::new(),
        };
        session.read(&mut reader, &mut record, &meter);
        session.finish();
        Ok((columns, session.notes.into_list()))
    }
}

/// Passes over what stands before the header; returns what stands between cells.
fn begin(input: &mut impl BufRead) -> Result<u8, String> {
    let bytes = input.fill_buf().map_err(|error| error.to_string())?;
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return Err("it is UTF-16; save it as UTF-8".to_owned());
    }
    if bytes.starts_with(b"\xef\xbb\xbf") {
        input.consume(3);
    }
    let bytes = input.fill_buf().map_err(|error| error.to_string())?;
    let end = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
    let line = bytes.get(..end).unwrap_or_default();
    // Spreadsheets write what they separate with before the header.
    let said = line.strip_prefix(b"sep=").and_then(|rest| rest.first().copied()).filter(|_| line.len() <= 6);
    let separator = said.unwrap_or_else(|| separator(line));
    if said.is_some() {
        let used = (end + 1).min(bytes.len());
        input.consume(used);
    }
    Ok(separator)
}

/// An event as its row has it.
struct Row {
    case: u32,
    event: Event,
    /// Its time, if the month comes before the day.
    month_first: Option<i64>,
}

struct Session<'a> {
    reader: &'a CsvReader,
    places: Places,
    width: usize,
    log: &'a mut EventLog,
    cases: Names,
    notes: Notes,
    rows: Vec<Row>,
}

/// A limit was reached: what of.
struct Full(&'static str);

impl Session<'_> {
    fn read<R: Read>(&mut self, reader: &mut csv::Reader<R>, record: &mut ByteRecord, meter: &Meter) {
        loop {
            self.notes.line = reader.position().line();
            match reader.read_byte_record(record) {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => {
                    let cause = match error.kind() {
                        csv::ErrorKind::Io(error) => format!("{error}; is a quote never closed?"),
                        _ => error.to_string(),
                    };
                    self.notes.note(&cause, "what comes before is kept; export the log again", true);
                    break;
                }
            }
            meter.begin();
            self.notes.line = record.position().map_or(self.notes.line, csv::Position::line);
            if let Err(Full(what)) = self.row(record) {
                let cause = format!("more {what} than are read");
                self.notes.note(&cause, "what follows is left out; split the log", true);
                break;
            }
        }
        self.notes.line = 0;
    }

    fn row(&mut self, record: &ByteRecord) -> Result<(), Full> {
        let limits = self.reader.limits;
        if self.log.events().len() + self.rows.len() >= limits.events {
            return Err(Full("events"));
        }
        if record.iter().skip(self.width).any(|cell| !cell.is_empty()) {
            let help = "it is left out: which cell is which is not known; put quotes around cells with separators";
            self.notes.note("a row has more cells than the header", help, true);
            return Ok(());
        }
        let case = self.cell(record, Some(self.places.case));
        if case.is_empty() {
            self.notes.note("a row has no case", "it is left out; write its case", true);
            return Ok(());
        }
        let name = self.cell(record, Some(self.places.activity));
        if name.is_empty() {
            self.notes.note("a row has no activity", "it is kept as one without a name", false);
        }
        if [&case, &name].iter().any(|text| text.len() > limits.longest_name) {
            self.notes.note("a name is longer than is kept", "its row is left out; shorten it", true);
            return Ok(());
        }
        let instant = self.time(record);
        let case = known(&mut self.cases, &case, limits.traces, &limits)?;
        let activity = known(&mut self.log.activities, &name, limits.names, &limits)?;
        let (resource, transition) =
            (self.cell(record, self.places.resource), self.cell(record, self.places.transition));
        let optional = |names: &mut Names, text: &str| {
            let wanted = !text.is_empty() && text.len() <= limits.longest_name;
            wanted.then(|| known(names, text, limits.names, &limits)).transpose()
        };
        let event = Event {
            activity,
            time: instant.and_then(|one| one.day_first),
            resource: optional(&mut self.log.resources, &resource)?,
            transition: optional(&mut self.log.transitions, &transition)?,
        };
        self.rows.push(Row { case, event, month_first: instant.and_then(|one| one.month_first) });
        Ok(())
    }

    /// A cell as text; empty where there is none.
    fn cell(&mut self, record: &ByteRecord, at: Option<usize>) -> String {
        let bytes = at.and_then(|at| record.get(at)).unwrap_or_default();
        let text = String::from_utf8_lossy(bytes);
        if matches!(text, Cow::Owned(_)) {
            self.notes.note("a cell is no UTF-8", "what is none stands as \u{fffd}; save the table as UTF-8", false);
        }
        text.into_owned()
    }

    fn time(&mut self, record: &ByteRecord) -> Option<Instant> {
        self.places.time?;
        let text = self.cell(record, self.places.time);
        let instant = Instant::read(&text);
        if instant.is_none() {
            let help = "its event is kept without one, and the events of its case in the order of the file; times are \
                like 2026-03-01T10:00:00Z";
            self.notes.note("a time is no time", help, false);
        }
        instant
    }

    /// Decides whether days or months come first, and makes traces of the rows.
    fn finish(&mut self) {
        let (mut day, mut month, mut either) = (false, false, false);
        for row in &self.rows {
            match (row.event.time, row.month_first) {
                (Some(_), None) => day = true,
                (None, Some(_)) => month = true,
                (one, other) => either |= one != other,
            }
        }
        if either && day == month {
            let help = "the day is taken to come first; write times like 2026-03-01T10:00:00Z";
            self.notes.note("dates do not say whether the day or the month comes first", help, false);
        }
        for row in &mut self.rows {
            let (one, other) =
                if month && !day { (row.month_first, row.event.time) } else { (row.event.time, row.month_first) };
            row.event.time = one.or(other);
        }
        // Rows of one case need not stand together.
        self.rows.sort_by_key(|row| row.case);
        let (log, cases) = (&mut *self.log, &self.cases);
        for rows in self.rows.chunk_by_mut(|one, other| one.case == other.case) {
            if rows.iter().all(|row| row.event.time.is_some()) {
                rows.sort_by_key(|row| row.event.time);
            }
            let Some(first) = rows.first() else { continue };
            log.push(Some(cases.name(first.case)), rows.iter().map(|row| row.event));
        }
    }
}

/// The number of a name, within the limits.
fn known(names: &mut Names, name: &str, most: usize, limits: &LogLimits) -> Result<u32, Full> {
    if let Some(number) = names.number(name) {
        return Ok(number);
    }
    if names.len() >= most || names.bytes() + name.len() > limits.name_bytes {
        return Err(Full("distinct names and cases"));
    }
    Ok(names.intern(name))
}
