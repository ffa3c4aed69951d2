//! Logs that are JSON documents: exports of clouds, and spans.

use std::io::Read;
use std::ops::ControlFlow;

use super::document::{Element, Elements};
use super::fault::{Fault, Spot};
use super::otlp::{ResourceSpans, Role};
use super::reading::Log;
use super::refusal::Refusal;
use crate::{Place, Sink};

/// Reads all records.
pub(super) fn read(log: &mut Log<'_>, reader: impl Read, sink: &mut dyn Sink) {
    let mut elements = Elements::new(reader, log.limits.entry_bytes);
    loop {
        let flow = match elements.next() {
            Ok(Some(element)) if element.spans => spans(log, &element, sink),
            Ok(Some(element)) => record(log, &element, sink),
            Ok(None) => return,
            Err(error) => return log.stop(error, elements.offset()),
        };
        if flow.is_break() {
            return;
        }
    }
}

fn record(log: &mut Log<'_>, element: &Element<'_>, sink: &mut dyn Sink) -> ControlFlow<()> {
    let Some(bytes) = held(log, element) else { return ControlFlow::Continue(()) };
    let (index, origin) = (log.records, log.origin(place(log.records, element)));
    log.records += 1;
    let text = log.plain(bytes, &origin);
    let record = log.formats.json(&text, None);
    log.emit(record, (Spot::Record(index, element.line), element.whole), origin, element.length, sink)
}

fn spans(log: &mut Log<'_>, element: &Element<'_>, sink: &mut dyn Sink) -> ControlFlow<()> {
    let Some(bytes) = held(log, element) else { return ControlFlow::Continue(()) };
    let resource = match serde_json::from_slice::<ResourceSpans<'_>>(bytes) {
        Ok(resource) => resource,
        Err(error) => {
            let (spot, origin) = (Spot::Record(log.records, element.line), log.origin(place(log.records, element)));
            log.records += 1;
            return log.emit(Err(Refusal::NotJson(error)), (spot, element.whole), origin, element.length, sink);
        }
    };
    // The bytes of spans that are not read, each taken for as long as the others.
    let each = element.length / (resource.spans().count() as u64).max(1);
    for span in resource.spans() {
        let (spot, origin) = (Spot::Record(log.records, element.line), log.origin(place(log.records, element)));
        log.records += 1;
        match span.role() {
            Role::Client => log.tally.not_read("client_span", 1, each),
            Role::Other => log.tally.not_read("span_without_request", 1, each),
            Role::Request | Role::Tool => {
                let record = resource.record(span, &log.formats.table, log.limits).map(Box::new);
                log.emit(record, (spot, true), origin, each, sink)?;
            }
        }
    }
    ControlFlow::Continue(())
}

fn place(index: u64, element: &Element<'_>) -> Place {
    Place::Entry { index, offset: element.offset }
}

/// The bytes of a record, unless they were too many.
fn held<'e>(log: &mut Log<'_>, element: &Element<'e>) -> Option<&'e [u8]> {
    if element.text.is_none() {
        let spot = Spot::Record(log.records, element.line);
        let origin = log.origin(place(log.records, element));
        let what = format!("{spot} is {} bytes long, more than {}", element.length, log.limits.entry_bytes);
        let remedy = "the other records were analysed".to_owned();
        log.records += 1;
        log.unparsed("line_too_long", element.whole, origin, element.length, Fault { what, remedy });
    }
    element.text
}
