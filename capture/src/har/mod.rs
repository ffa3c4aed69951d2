//! HTTP Archive 1.1 to 1.3, streamed entry by entry.
//!
//! [`scan`] finds the entries, [`entry`] is one as writers write it, [`message`] turns it into an exchange.

mod body;
mod bracket;
mod entry;
mod message;
mod scan;
mod shape;
mod websocket;

use std::io::{Cursor, Read};
use std::ops::ControlFlow;
use std::sync::Arc;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Deserializer;

use self::message::Reading;
use self::scan::{Element, Position, Scanner, Stop};
use self::websocket::Spoken;
use crate::json_error;
use crate::key::KeySeed;
use crate::lenient::Maybe;
use crate::tally::Tally;
use crate::websocket::Dialogue;
use crate::{Exchange, InputError, InputErrorKind, Limits, Options, Origin, Place, Sink, SourceReport};

/// Reads one HAR file. Fills `records` and `bytes_lost` of the report's only input, and everything else of the report.
pub(crate) fn read(
    (name, seed): (&Arc<str>, KeySeed),
    reader: impl Read,
    options: &Options,
    sink: &mut dyn Sink,
    report: &mut SourceReport,
) {
    let limits = &options.limits;
    let mut file = File {
        scanner: Scanner::new(reader, limits.entry_bytes),
        name,
        seed,
        limits,
        tally: Tally::default(),
        index: 0,
        lost: 0,
        errors: Vec::new(),
    };
    while let ControlFlow::Continue(()) = file.step(sink) {}
    file.tally.finish(report);
    report.errors.append(&mut file.errors);
    if let Some(input) = report.inputs.first_mut() {
        input.records = file.index;
        input.bytes_lost += file.lost;
    }
}

/// Whether one whole JSON object is a HAR: another `log` member, such as ECS has, does not make it one.
pub(crate) fn is_har(object: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Document {
        log: Log,
    }
    #[derive(Deserialize)]
    struct Log {
        entries: Option<IgnoredAny>,
        creator: Option<IgnoredAny>,
        pages: Option<IgnoredAny>,
    }
    let log = serde_json::from_slice::<Document>(object).map(|document| document.log);
    log.is_ok_and(|log| log.entries.is_some() || log.creator.is_some() || log.pages.is_some())
}

/// Whether the first bytes of a file are a HAR's entries without the document around them: one after the other, in a
/// list, or in what else is called `log`.
pub(crate) fn is_bare(beginning: &[u8]) -> bool {
    let mut scanner = Scanner::new(Cursor::new(beginning), 0);
    let _ = scanner.next();
    scanner.found_bare_entries()
}

/// Whether the first bytes of a file announce a HAR: an object, perhaps in a JSONP wrapper, with a member `log`, or the
/// entries of one.
pub(crate) fn announces(beginning: &[u8]) -> bool {
    let mut scanner = Scanner::new(Cursor::new(beginning), 0);
    match scanner.next() {
        Err(Stop::Malformed { what, .. }) if what == scan::LOG_IS_NO_OBJECT => true,
        _ => scanner.found_log() || scanner.found_bare_entries(),
    }
}

struct File<'a, R> {
    scanner: Scanner<R>,
    name: &'a Arc<str>,
    seed: KeySeed,
    limits: &'a Limits,
    tally: Tally,
    /// Index of the next entry.
    index: u64,
    lost: u64,
    errors: Vec<InputError>,
}

impl<R: Read> File<'_, R> {
    fn step(&mut self, sink: &mut dyn Sink) -> ControlFlow<()> {
        let element = match self.scanner.next() {
            Ok(Some(Element::Start { offset })) => match self.short_entry(offset, sink) {
                Some(flow) => return flow,
                None => self.scanner.walk_over().map(Some),
            },
            other => other,
        };
        match element {
            Ok(Some(Element::Whole { offset })) => self.entry(offset, sink),
            Ok(Some(Element::Broken { offset, position, why, bytes, between })) => {
                self.broken(offset, position, &why, bytes);
                self.index += u64::from(!between);
                ControlFlow::Continue(())
            }
            Ok(Some(Element::Start { .. })) => ControlFlow::Continue(()),
            Ok(None) => ControlFlow::Break(()),
            Err(stop) => {
                self.stop(stop);
                ControlFlow::Break(())
            }
        }
    }

    /// Reads an entry that is whole in the buffer and right, which most are, in one pass: the parser finds its end.
    fn short_entry(&mut self, offset: u64, sink: &mut dyn Sink) -> Option<ControlFlow<()>> {
        let origin = self.origin(offset);
        let mut entries = Deserializer::from_str(self.scanner.window()).into_iter::<Maybe<entry::Entry<'_>>>();
        let entry = entries.next()?.ok()?.0?;
        let length = entries.byte_offset();
        if length > self.limits.entry_bytes {
            return None;
        }
        let reading = message::read(entry, (self.seed, self.index), origin, self.limits, &mut self.tally);
        self.scanner.step_over(length);
        Some(self.finish_entry(reading, offset, length as u64, sink))
    }

    fn origin(&self, offset: u64) -> Origin {
        Origin::new(Arc::clone(self.name), Place::Entry { index: self.index, offset })
    }

    fn entry(&mut self, offset: u64, sink: &mut dyn Sink) -> ControlFlow<()> {
        let origin = self.origin(offset);
        let bytes = self.scanner.bytes();
        let length = bytes.len() as u64;
        let outcome = match serde_json::from_slice::<Maybe<entry::Entry<'_>>>(bytes) {
            Ok(Maybe(Some(entry))) => {
                message::read(entry, (self.seed, self.index), origin, self.limits, &mut self.tally)
            }
            Ok(Maybe(None)) => Reading::Refused("is not an object"),
            Err(error) => {
                let position = within(self.scanner.element_position(), error.line(), error.column());
                self.broken(offset, position, json_error::words(&error), length);
                self.index += 1;
                return ControlFlow::Continue(());
            }
        };
        self.finish_entry(outcome, offset, length, sink)
    }

    fn finish_entry(&mut self, outcome: Reading, offset: u64, length: u64, sink: &mut dyn Sink) -> ControlFlow<()> {
        let flow = match outcome {
            Reading::Exchange(exchange, spoken) => self.emit(*exchange, spoken, sink),
            Reading::NotHttp => {
                self.tally.not_read("not_http_url", 1, length);
                ControlFlow::Continue(())
            }
            Reading::Refused(why) => {
                let position = self.scanner.element_position();
                self.broken(offset, position, why, length);
                ControlFlow::Continue(())
            }
        };
        self.index += 1;
        flow
    }

    /// Hands on an exchange, after what was said, and called, on the WebSocket that it opened.
    fn emit(&mut self, exchange: Exchange, spoken: Vec<Spoken>, sink: &mut dyn Sink) -> ControlFlow<()> {
        if spoken.is_empty() {
            return self.tally.emit(exchange, sink);
        }
        let (messages, counts) = websocket::messages(&exchange, spoken);
        let mut dialogue = Dialogue::new(&exchange);
        for message in messages {
            let said = dialogue.take(&message);
            self.tally.message(message, sink)?;
            self.tally.said(said, sink)?;
        }
        self.tally.said(dialogue.finish(), sink)?;
        self.tally.called(dialogue.calls(), dialogue.without_call());
        if dialogue.is_anybody() {
            self.tally.not_read("websocket_identity", 1, 0);
        }
        self.tally.emit(Exchange { web_socket: Some(counts), ..exchange }, sink)
    }

    /// Counts an entry that cannot be read; the first one is also an error with its place.
    fn broken(&mut self, offset: u64, position: Position, why: &str, bytes: u64) {
        self.tally.not_read("broken_entry", 1, bytes);
        self.lost += bytes;
        if self.errors.is_empty() {
            let kind = InputErrorKind::Malformed {
                what: format!("entry #{} at line {}, column {}: {why}", self.index, position.line, position.column),
                remedy: "the other entries were analysed, export the file again to get this one".to_owned(),
            };
            self.errors.push(InputError { input: self.name.to_string(), origin: Some(self.origin(offset)), kind });
        }
    }

    fn stop(&mut self, stop: Stop) {
        let before = match self.index {
            0 => "no entry was read before it".to_owned(),
            1 => "the entry before it was analysed".to_owned(),
            count => format!("the {count} entries before it were analysed"),
        };
        let kind = match stop {
            Stop::Io(error) => error.into(),
            Stop::Truncated { inside } => InputErrorKind::Truncated {
                what: format!("the file ends at byte {} inside {inside} ({before})", self.scanner.offset()),
            },
            Stop::Malformed { position, what } => InputErrorKind::Malformed {
                what: format!("not a readable HAR at line {}, column {}: {what}", position.line, position.column),
                remedy: format!("{before}; export the file again"),
            },
        };
        self.errors.push(InputError { input: self.name.to_string(), origin: None, kind });
    }
}

/// Turns a place within an entry into one in the file.
fn within(start: Position, line: usize, column: usize) -> Position {
    let (line, column) = (line as u64, column as u64);
    match line {
        0 => start,
        1 => Position { line: start.line, column: start.column + column.saturating_sub(1) },
        _ => Position { line: start.line + line - 1, column },
    }
}
