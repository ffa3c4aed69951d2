//! The reading of one file: elements become traces and events.

use std::io::BufRead;

use crate::log::{Event, EventLog};
use crate::names::Names;
use crate::problem::{LogError, Problem};
use crate::time;
use crate::xml::{Document, Tag, Token};

use super::attribute::{Field, Meaning, Text, attribute};
use super::{LogLimits, NAME, XesReader};

/// Where in the file the reader is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Outside,
    Log,
    Trace,
    Event,
    /// In something that is passed over, so many elements deep.
    Passed {
        within: Within,
        depth: usize,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Within {
    Outside,
    Log,
    Trace,
    Event,
}

/// The reading of one file.
pub(super) struct Session<'a> {
    reader: &'a XesReader,
    file: &'a str,
    log: &'a mut EventLog,
    place: Place,
    seen_log: bool,
    case: Option<String>,
    events: Vec<Event>,
    /// The event being read.
    event: Event,
    /// Values of the classifier's keys; the first one stands for itself.
    parts: Vec<Option<String>>,
    named: bool,
    case_bytes: usize,
    problems: Vec<Problem>,
}

const NO_EVENT: Event = Event { activity: 0, time: None, resource: None, transition: None };

impl<'a> Session<'a> {
    pub(super) fn new(reader: &'a XesReader, file: &'a str, log: &'a mut EventLog) -> Self {
        let parts = vec![None; reader.classifier.len()];
        let case_bytes = log.traces().filter_map(|trace| trace.case).map(str::len).sum();
        Session {
            reader,
            file,
            log,
            place: Place::Outside,
            seen_log: false,
            case: None,
            events: Vec::new(),
            event: NO_EVENT,
            parts,
            named: false,
            case_bytes,
            problems: Vec::new(),
        }
    }

    pub(super) fn read<R: BufRead>(mut self, mut document: Document<R>) -> Result<Vec<Problem>, LogError> {
        loop {
            let line = document.line();
            let step = match document.next() {
                Ok(Token::Open(tag)) => self.open(&tag, true),
                Ok(Token::Empty(tag)) => self.open(&tag, false),
                Ok(Token::Close) => self.close(),
                Ok(Token::Text(_) | Token::Unknown(_) | Token::Other) => Ok(()),
                Ok(Token::End) => break,
                Err(cause) => {
                    self.broken(document.line(), &cause);
                    break;
                }
            };
            match step {
                Ok(()) => {}
                Err(Doubt::Kept(cause, help)) => self.note(line, cause, help, false),
                Err(Doubt::Lost(cause, help)) => self.note(line, cause, help, true),
                Err(Doubt::Full(what)) => {
                    let help = "what follows is left out; split the log";
                    self.note(line, &format!("more than {what}"), help, true);
                    break;
                }
            }
        }
        if self.seen_log {
            return Ok(self.problems);
        }
        let cause = self.problems.first().map_or_else(
            || "there is no <log> element; is it an XES event log?".to_owned(),
            |problem| format!("{}; is it an XES event log?", problem.cause),
        );
        Err(LogError { file: self.file.to_owned(), line: document.line(), cause })
    }

    /// The file cannot be read any further.
    fn broken(&mut self, line: u64, cause: &str) {
        let open = match self.place {
            Place::Trace | Place::Event => true,
            Place::Passed { within, .. } => matches!(within, Within::Trace | Within::Event),
            Place::Outside | Place::Log => false,
        };
        let help = if open {
            "the whole traces before it are kept, the broken one and what follows are not; export the log again"
        } else {
            "what comes before is kept; export the log again"
        };
        self.note(line, cause, help, true);
    }

    fn note(&mut self, line: u64, cause: &str, help: &str, lost: bool) {
        if let Some(known) = self.problems.iter_mut().find(|problem| problem.cause == cause) {
            known.count += 1;
            return;
        }
        let (cause, help) = (cause.to_owned(), help.to_owned());
        self.problems.push(Problem { file: self.file.to_owned(), line, count: 1, cause, help, lost });
    }

    fn open(&mut self, tag: &Tag<'_>, has_content: bool) -> Result<(), Doubt> {
        let (within, next) = match (self.place, tag.name()) {
            (Place::Passed { within, depth }, _) => {
                if has_content {
                    self.place = Place::Passed { within, depth: depth + 1 };
                }
                return Ok(());
            }
            (Place::Outside, b"log") => {
                self.seen_log = true;
                (Within::Outside, Some(Place::Log))
            }
            (Place::Outside, _) => (Within::Outside, None),
            (Place::Log, b"trace") => {
                self.begin_trace();
                (Within::Log, Some(Place::Trace))
            }
            (Place::Log, _) => (Within::Log, None),
            (Place::Trace, b"event") => {
                self.begin_event();
                (Within::Trace, Some(Place::Event))
            }
            (Place::Trace, _) => (Within::Trace, None),
            (Place::Event, _) => (Within::Event, None),
        };
        let result = match (within, next) {
            (Within::Trace, None) => self.trace_attribute(tag),
            (Within::Event, None) => self.event_attribute(tag),
            (Within::Log, None) if tag.name() == b"event" => {
                Err(Doubt::Lost("an event is in no trace", "it is left out; put it into the trace of its case"))
            }
            _ => Ok(()),
        };
        match next {
            Some(place) => {
                self.place = place;
                if !has_content {
                    return self.close();
                }
            }
            None if has_content => self.place = Place::Passed { within, depth: 1 },
            None => {}
        }
        result
    }

    fn close(&mut self) -> Result<(), Doubt> {
        match self.place {
            Place::Passed { within, depth: 1 } => {
                self.place = match within {
                    Within::Outside => Place::Outside,
                    Within::Log => Place::Log,
                    Within::Trace => Place::Trace,
                    Within::Event => Place::Event,
                };
                Ok(())
            }
            Place::Passed { within, depth } => {
                self.place = Place::Passed { within, depth: depth.saturating_sub(1) };
                Ok(())
            }
            Place::Event => {
                self.place = Place::Trace;
                self.end_event()
            }
            Place::Trace => {
                self.place = Place::Log;
                self.end_trace()
            }
            Place::Log | Place::Outside => {
                self.place = Place::Outside;
                Ok(())
            }
        }
    }

    fn begin_trace(&mut self) {
        self.case = None;
        self.events.clear();
    }

    fn end_trace(&mut self) -> Result<(), Doubt> {
        if self.log.len() >= self.reader.limits.traces {
            return Err(Doubt::Full("traces than are read"));
        }
        self.case_bytes += self.case.as_ref().map_or(0, String::len);
        if self.case_bytes > self.reader.limits.name_bytes {
            return Err(Doubt::Full("bytes of case ids than are read"));
        }
        self.log.push(self.case.as_deref(), self.events.drain(..));
        Ok(())
    }

    fn begin_event(&mut self) {
        self.event = NO_EVENT;
        self.named = false;
        self.parts.fill(None);
    }

    fn end_event(&mut self) -> Result<(), Doubt> {
        if self.log.events().len() + self.events.len() >= self.reader.limits.events {
            return Err(Doubt::Full("events than are read"));
        }
        let mut doubt = Ok(());
        if !self.named {
            if self.parts.iter().any(Option::is_none) {
                doubt = Err(Doubt::Kept(
                    "an event lacks what names its activity",
                    "it is kept under what name it has; see --classifier",
                ));
            }
            let parts: Vec<&str> = self.parts.iter().map(|part| part.as_deref().unwrap_or_default()).collect();
            self.event.activity = known(&mut self.log.activities, &parts.join("+"), &self.reader.limits)?;
        }
        self.events.push(self.event);
        doubt
    }

    fn trace_attribute(&mut self, tag: &Tag<'_>) -> Result<(), Doubt> {
        let Some(((), text)) = attribute(tag, |key| (key == NAME).then_some(())) else { return Ok(()) };
        self.within_limit(&text)?;
        let doubt = whole(&text);
        self.case = Some(text.value);
        doubt
    }

    /// Refuses a name that is too long to be one.
    fn within_limit(&self, text: &Text) -> Result<(), Doubt> {
        if text.value.len() <= self.reader.limits.longest_name {
            return Ok(());
        }
        Err(Doubt::Lost("a name is longer than is kept", "what it names is kept without it; shorten it"))
    }

    fn event_attribute(&mut self, tag: &Tag<'_>) -> Result<(), Doubt> {
        let reader = self.reader;
        let Some((meaning, text)) = attribute(tag, |key| Meaning::of(key, &reader.classifier)) else { return Ok(()) };
        self.within_limit(&text)?;
        let doubt = whole(&text);
        let value = text.value;
        if let Some(at) = meaning.part {
            self.part(at, &value)?;
        }
        match meaning.field {
            Field::Time => {
                self.event.time = time::micros(&value);
                if self.event.time.is_none() {
                    let help = "the event is kept without a time; times are like 2026-03-01T10:00:00.000+01:00";
                    return Err(Doubt::Kept("a timestamp is no time", help));
                }
            }
            Field::Resource => self.event.resource = Some(known(&mut self.log.resources, &value, &reader.limits)?),
            Field::Transition => {
                self.event.transition = Some(known(&mut self.log.transitions, &value, &reader.limits)?);
            }
            Field::None => {}
        }
        doubt
    }

    /// Takes the value of one of the classifier's keys.
    fn part(&mut self, at: usize, value: &str) -> Result<(), Doubt> {
        if self.parts.len() == 1 {
            self.event.activity = known(&mut self.log.activities, value, &self.reader.limits)?;
            self.named = true;
        } else if let Some(part) = self.parts.get_mut(at) {
            *part = Some(value.to_owned());
        }
        Ok(())
    }
}

/// Why a step of reading did not end well.
enum Doubt {
    /// The step was taken; a cause and what came of it.
    Kept(&'static str, &'static str),
    /// The step was taken without what its element holds; a cause and what came of it.
    Lost(&'static str, &'static str),
    /// A limit was reached: what of.
    Full(&'static str),
}

/// Doubts a value in which a reference stands for something that is not known.
fn whole(text: &Text) -> Result<(), Doubt> {
    if text.whole {
        return Ok(());
    }
    let help = "it stands in the name as it is; entities of a DTD are not read, write their text";
    Err(Doubt::Kept("a reference (&name;) is not known", help))
}

/// The number of a name, within the limits.
fn known(names: &mut Names, name: &str, limits: &LogLimits) -> Result<u32, Doubt> {
    if let Some(number) = names.number(name) {
        return Ok(number);
    }
    if names.len() >= limits.names || names.bytes() + name.len() > limits.name_bytes {
        return Err(Doubt::Full("distinct names than are kept"));
    }
    Ok(names.intern(name))
}
