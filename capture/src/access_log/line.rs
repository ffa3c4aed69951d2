//! Logs of one record a line.

use std::io::Read;
use std::ops::ControlFlow;

use super::fault::{Fault, Spot};
use super::formats::Found;
use super::lines::{Line, Lines};
use super::reading::Log;
use super::refusal::Refusal;
use crate::{InputFormat, Place, Sink};

/// Methods by which a line tells of a request; `TRACE` is a level of logs as well.
pub(super) const METHODS: [&str; 8] = ["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "PATCH"];

/// Reads all lines.
pub(super) fn read(log: &mut Log<'_>, reader: impl Read, sink: &mut dyn Sink) {
    let mut lines = Lines::new(reader, log.limits.line_bytes);
    loop {
        match lines.next() {
            Ok(Some(line)) => {
                if read_line(log, &line, sink).is_break() {
                    return;
                }
            }
            Ok(None) => return,
            Err(error) => return log.stop(error, lines.offset()),
        }
    }
}

fn read_line(log: &mut Log<'_>, line: &Line<'_>, sink: &mut dyn Sink) -> ControlFlow<()> {
    let origin = log.origin(Place::Line { number: line.number, offset: line.offset });
    let spot = Spot::Line(line.number);
    let Some(text) = line.text else {
        log.records += 1;
        let what = format!("{spot} is {} bytes long, more than {}", line.length, log.limits.line_bytes);
        let remedy = "the other lines were analysed; check that this is a log".to_owned();
        log.unparsed("line_too_long", line.ended, origin, line.length, Fault { what, remedy });
        return ControlFlow::Continue(());
    };
    let text = log.plain(text, &origin);
    if text.is_empty() {
        return ControlFlow::Continue(());
    }
    log.records += 1;
    let layers = log.formats.opened(&text);
    match log.formats.line(&layers, spot) {
        Found::Record(format, record) => {
            // An object of JSON is whole where it ends, whether a line's end follows it or not.
            let object = format == InputFormat::JsonLog && !matches!(record, Err(Refusal::NotJson(_)));
            return log.emit(record, (spot, line.ended || object), origin, line.length, sink);
        }
        Found::Heading => log.records -= 1,
        Found::Other => log.tally.not_read("other_log", 1, line.length),
        Found::Unknown(fault) if log.mixed && !names_method(&text) => log.other(origin, line.length, fault, false),
        Found::Unknown(fault) => log.unparsed("unparsed_line", line.ended, origin, line.length, fault),
    }
    ControlFlow::Continue(())
}

/// Whether a text holds the name of a method as a word of its own: what is left of a line that tells of a request does.
fn names_method(text: &str) -> bool {
    let mut words = text.split(|c: char| !c.is_ascii_alphanumeric());
    words.any(|word| METHODS.contains(&word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_method_is_a_word_of_its_own() {
        for line in ["10.0.0.7:50123 - \"POST /orders", "method=GET path=/", "{GET}"] {
            assert!(names_method(line), "{line}");
        }
        for line in ["Started server process [1]", "TRACE: deep", "POSTGRES is up", "getting a GETTER", ""] {
            assert!(!names_method(line), "{line}");
        }
    }
}
