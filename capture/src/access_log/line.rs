//! Logs of one record a line.

use std::io::Read;
use std::ops::ControlFlow;

use super::fault::{Fault, Spot};
use super::formats::Found;
use super::lines::{Line, Lines};
use super::reading::Log;
use crate::{Place, Sink};

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
        Found::Record(_, record) => return log.emit(record, (spot, line.ended), origin, line.length, sink),
        Found::Heading => log.records -= 1,
        Found::Other => log.tally.not_read("other_log", 1, line.length),
        Found::Unknown(fault) => log.unparsed("unparsed_line", line.ended, origin, line.length, fault),
    }
    ControlFlow::Continue(())
}
