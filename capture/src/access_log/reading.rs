//! What reading one log keeps and counts, whatever its format.

use std::borrow::Cow;
use std::io;
use std::ops::ControlFlow;
use std::sync::Arc;

use super::fault::{self, Fault, Spot};
use super::formats::Formats;
use super::otlp::{Ancestry, CallsOut};
use super::record::Record;
use super::refusal::Refusal;
use crate::key::KeySeed;
use crate::tally::Tally;
use crate::{
    InputError, InputErrorKind, InputFormat, Limits, Options, Origin, Place, Sink, SourceReport, UnlikeRecords,
};

/// One log being read.
pub(super) struct Log<'a> {
    name: &'a Arc<str>,
    seed: KeySeed,
    pub(super) formats: Formats<'a>,
    pub(super) limits: &'a Limits,
    /// Programs write these lines between others.
    pub(super) mixed: bool,
    pub(super) tally: Tally,
    pub(super) records: u64,
    /// Spans between requests.
    pub(super) ancestry: Ancestry,
    pub(super) calls_out: CallsOut,
    /// Records that fit a format.
    read: u64,
    lost: u64,
    /// Lines of other logs.
    others: Option<Others>,
    errors: Vec<InputError>,
}

/// Lines of other logs, which stand between those of requests where a program writes both to one place.
struct Others {
    /// The first, or the first that looks like a request: an error where nothing fits a format.
    origin: Origin,
    fault: Fault,
    count: u64,
    bytes: u64,
    /// How many look like requests whose fields have names that are not known.
    alike: u64,
}

impl<'a> Log<'a> {
    pub(super) fn new((name, seed): (&'a Arc<str>, KeySeed), format: InputFormat, options: &'a Options) -> Self {
        Log {
            name,
            seed,
            formats: Formats::new(options),
            limits: &options.limits,
            mixed: matches!(format, InputFormat::Uvicorn | InputFormat::Gin | InputFormat::Logfmt),
            tally: Tally::default(),
            records: 0,
            ancestry: Ancestry::default(),
            calls_out: CallsOut::default(),
            read: 0,
            lost: 0,
            others: None,
            errors: Vec::new(),
        }
    }

    pub(super) fn origin(&self, place: Place) -> Origin {
        Origin::new(Arc::clone(self.name), place)
    }

    /// Hands on what came of a record of `length` bytes.
    pub(super) fn emit(
        &mut self,
        record: Result<Box<Record<'_>>, Refusal>,
        (spot, ended): (Spot, bool),
        origin: Origin,
        length: u64,
        sink: &mut dyn Sink,
    ) -> ControlFlow<()> {
        match record {
            Ok(record) => {
                self.read += 1;
                record.irregularities.iter().for_each(|name| self.tally.irregularity(name, &origin));
                match record.into_exchange(self.seed, origin) {
                    Some(exchange) => return self.tally.emit(exchange, sink),
                    None => self.tally.not_read("not_http_url", 1, length),
                }
            }
            Err(refusal) => {
                let other = if let Refusal::OfNoRequest(_, alike) = &refusal { Some(*alike) } else { None };
                match (other, fault::of_refusal(refusal, spot)) {
                    (Some(alike), Some(fault)) => self.other(origin, length, fault, alike),
                    (None, Some(fault)) => self.unparsed("unparsed_line", ended, origin, length, fault),
                    (_, None) => self.tally.not_read("malformed_request", 1, length),
                }
            }
        }
        ControlFlow::Continue(())
    }

    /// Counts a line of another log; `alike`: it looks like a request.
    pub(super) fn other(&mut self, origin: Origin, length: u64, fault: Fault, alike: bool) {
        self.tally.not_read("other_log", 1, length);
        let known = match self.others.take() {
            Some(known) if known.alike > 0 || !alike => known,
            Some(known) => Others { origin, fault, ..known },
            None => Others { origin, fault, count: 0, bytes: 0, alike: 0 },
        };
        let (count, bytes) = (known.count + 1, known.bytes + length);
        self.others = Some(Others { count, bytes, alike: known.alike + u64::from(alike), ..known });
    }

    /// Counts a record that was not read; the first one is also an error with its place. The last line of a log that is
    /// still being written may be half there: that is no error, and nothing is lost.
    pub(super) fn unparsed(&mut self, reason: &'static str, ended: bool, origin: Origin, length: u64, fault: Fault) {
        let half = !ended && reason == "unparsed_line" && matches!(origin.place, Place::Line { .. });
        if half && self.read > 0 {
            return self.tally.not_read("unfinished_line", 1, length);
        }
        self.tally.not_read(reason, 1, length);
        self.lost += length;
        if !self.errors.is_empty() {
            return;
        }
        let kind = if ended {
            InputErrorKind::Malformed { what: fault.what, remedy: fault.remedy }
        } else {
            InputErrorKind::Truncated { what: format!("{}, and the file ends in it", fault.what) }
        };
        self.errors.push(InputError { input: self.name.to_string(), origin: Some(origin), kind });
    }

    /// Cleans a line of what is around its text: white space, a byte order mark, the zeros that rotation by copy and
    /// truncate leaves, and bytes that are not UTF-8.
    pub(super) fn plain<'l>(&mut self, bytes: &'l [u8], origin: &Origin) -> Cow<'l, str> {
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

    /// Says why reading stopped before the end.
    pub(super) fn stop(&mut self, error: io::Error, offset: u64) {
        let kind = match error.kind() {
            io::ErrorKind::UnexpectedEof => {
                InputErrorKind::Truncated { what: format!("the compressed file ends at byte {offset} of its content") }
            }
            io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => InputErrorKind::Malformed {
                what: format!("the compressed file is damaged after byte {offset} of its content ({error})"),
                remedy: "everything before was analysed, copy or compress the file again to get the rest".to_owned(),
            },
            _ => error.into(),
        };
        self.errors.push(InputError { input: self.name.to_string(), origin: None, kind });
    }

    /// What speaks against the lines of other logs being that: some look like requests, or they are more than all requests.
    fn unlike(&self, others: &Others) -> Option<UnlikeRecords> {
        (self.read > 0 && (others.alike > 0 || others.count > self.read)).then(|| UnlikeRecords {
            input: self.name.to_string(),
            records: others.count,
            alike: others.alike,
            requests: self.read,
            what: others.fault.what.clone(),
            remedy: others.fault.remedy.clone(),
        })
    }

    /// Writes the counts into the report.
    pub(super) fn finish(mut self, report: &mut SourceReport) {
        // Where no line tells of a request, the fields have names that are not known.
        let others = self.others.take();
        report.unlike.extend(others.as_ref().and_then(|others| self.unlike(others)));
        if let Some(Others { origin, fault: Fault { what, remedy }, bytes, .. }) = others.filter(|_| self.read == 0) {
            self.lost += bytes;
            // One record that was not read is named.
            if self.errors.iter().all(|error| error.origin.is_none()) {
                let kind = InputErrorKind::Malformed { what, remedy };
                self.errors.push(InputError { input: self.name.to_string(), origin: Some(origin), kind });
            }
        }
        for (reason, (count, bytes)) in ["client_span", "client_span_alone"].into_iter().zip(self.calls_out.finish()) {
            if count > 0 {
                self.tally.not_read(reason, count, bytes);
            }
        }
        self.tally.finish(report);
        report.errors.append(&mut self.errors);
        if let Some(input) = report.inputs.first_mut() {
            input.records = self.records;
            input.bytes_lost += self.lost;
        }
    }
}
