//! Logs that are JSON documents: exports of clouds, and spans.

use std::io::Read;
use std::ops::ControlFlow;

use super::document::{Element, Elements, Kind, Most};
use super::envelope;
use super::fault::{Fault, Spot};
use super::formats::Found;
use super::otlp::{Resource, Role, Span};
use super::reading::Log;
use super::refusal::Refusal;
use super::tool_calls::ToolCalls;
use crate::lenient::Maybe;
use crate::{Origin, Place, Sink};

/// Reads all records.
pub(super) fn read(log: &mut Log<'_>, reader: impl Read, sink: &mut dyn Sink) {
    let mut elements = Elements::new(reader, most(log));
    let mut group = Group::default();
    let mut calls = ToolCalls::default();
    loop {
        let flow = match elements.next() {
            Ok(Some(element)) => match element.kind {
                Kind::Record => record(log, &element, sink),
                Kind::Span => span(log, &element, (&mut group, &mut calls), sink),
                Kind::Resource => resource(log, &element, (&mut group, &mut calls), sink),
                Kind::Group => std::mem::take(&mut group).finish(log, &mut calls, sink),
            },
            Ok(None) => {
                let _ = group.finish(log, &mut calls, sink);
                return;
            }
            Err(error) => {
                let _ = group.finish(log, &mut calls, sink);
                return log.stop(error, elements.offset());
            }
        };
        if flow.is_break() {
            return;
        }
    }
}

fn most(log: &Log<'_>) -> Most {
    Most { record: log.limits.entry_bytes, span: log.limits.line_bytes }
}

/// The group of spans that is being read. Its resource may stand behind the spans, as in JSON nothing has an order: these
/// are held until it comes, up to the bytes of one record.
#[derive(Default)]
struct Group {
    resource: Option<Resource>,
    held: Vec<Held>,
    bytes: usize,
    /// Too much was held: what has no resource yet will have none.
    full: bool,
    /// Calls of tools, which wait for all spans of the group: the outermost of those that tell of one call is it.
    tools: Vec<Held>,
    tool_bytes: usize,
}

/// A span that waits for its resource.
struct Held {
    text: Vec<u8>,
    whole: bool,
    spot: Spot,
    origin: Origin,
}

impl Group {
    fn hold(&mut self, held: Held, most: usize) {
        // What a span takes besides its text counts too.
        self.bytes += held.text.len() + size_of::<Held>();
        self.held.push(held);
        self.full |= self.bytes > most;
    }

    /// Reads the spans that are held, but for the calls of tools.
    fn release(&mut self, log: &mut Log<'_>, calls: &mut ToolCalls, sink: &mut dyn Sink) -> ControlFlow<()> {
        self.bytes = 0;
        for span in std::mem::take(&mut self.held) {
            if let Some(tool) = read_span(log, span, self.resource.as_ref(), calls, sink)? {
                self.tool_bytes += tool.text.len() + size_of::<Held>();
                self.tools.push(tool);
            }
        }
        if self.tool_bytes > log.limits.entry_bytes { self.release_tools(log, calls, sink) } else { CONTINUE }
    }

    fn release_tools(&mut self, log: &mut Log<'_>, calls: &mut ToolCalls, sink: &mut dyn Sink) -> ControlFlow<()> {
        self.tool_bytes = 0;
        let tools = std::mem::take(&mut self.tools);
        tools.into_iter().try_for_each(|tool| read_tool(log, tool, self.resource.as_ref(), calls, sink))
    }

    /// Reads all that is held.
    fn finish(mut self, log: &mut Log<'_>, calls: &mut ToolCalls, sink: &mut dyn Sink) -> ControlFlow<()> {
        self.release(log, calls, sink)?;
        self.release_tools(log, calls, sink)
    }
}

const CONTINUE: ControlFlow<()> = ControlFlow::Continue(());

fn record(log: &mut Log<'_>, element: &Element<'_>, sink: &mut dyn Sink) -> ControlFlow<()> {
    let Some(bytes) = held(log, element) else { return ControlFlow::Continue(()) };
    let (index, origin) = (log.records, log.origin(place(log.records, element)));
    log.records += 1;
    let text = log.plain(bytes, &origin);
    let object = envelope::open(&text);
    if let Some(shipped) = log.formats.shipped(&object)
        && let Found::Record(_, record) = log.formats.line(&[shipped], Spot::Record(index, element.line))
    {
        return log.emit(record, (Spot::Record(index, element.line), true), origin, element.length, sink);
    }
    let record = log.formats.json(&text, None);
    log.emit(record, (Spot::Record(index, element.line), element.whole), origin, element.length, sink)
}

fn resource(
    log: &mut Log<'_>,
    element: &Element<'_>,
    (group, calls): (&mut Group, &mut ToolCalls),
    sink: &mut dyn Sink,
) -> ControlFlow<()> {
    let origin = log.origin(place(log.records, element));
    if group.full {
        log.tally.irregularity("resource_after_spans", &origin);
    }
    let read = element.text.and_then(|text| serde_json::from_slice::<Maybe<Resource>>(text).ok()?.0);
    match read {
        Some(resource) => group.resource = Some(resource),
        None => log.tally.irregularity("unreadable_resource", &origin),
    }
    group.release(log, calls, sink)
}

fn span(
    log: &mut Log<'_>,
    element: &Element<'_>,
    (group, calls): (&mut Group, &mut ToolCalls),
    sink: &mut dyn Sink,
) -> ControlFlow<()> {
    let Some(bytes) = held(log, element) else { return ControlFlow::Continue(()) };
    let (spot, origin) = (Spot::Record(log.records, element.line), log.origin(place(log.records, element)));
    log.records += 1;
    let span = Held { text: bytes.to_vec(), whole: element.whole, spot, origin };
    group.hold(span, log.limits.entry_bytes);
    if group.resource.is_some() || group.full { group.release(log, calls, sink) } else { CONTINUE }
}

/// Reads a span; gives it back where it is a tool's call.
fn read_span(
    log: &mut Log<'_>,
    held: Held,
    resource: Option<&Resource>,
    calls: &mut ToolCalls,
    sink: &mut dyn Sink,
) -> ControlFlow<(), Option<Held>> {
    let length = held.text.len() as u64;
    let span = match serde_json::from_slice::<Span<'_>>(&held.text) {
        Ok(span) => span,
        Err(error) => {
            log.emit(Err(Refusal::NotJson(error)), (held.spot, held.whole), held.origin, length, sink)?;
            return ControlFlow::Continue(None);
        }
    };
    span.join(calls);
    let role = span.role();
    if matches!(role, Role::Client | Role::LikeTool | Role::Other) {
        span.remember(&mut log.ancestry);
    }
    match role {
        Role::Client => log.calls_out.client(span.key(), length),
        Role::LikeTool => log.tally.not_read("span_like_tool", 1, length),
        Role::Other => log.tally.not_read("span_without_request", 1, length),
        Role::Tool => return ControlFlow::Continue(Some(held)),
        Role::Request => {
            span.parent().into_iter().for_each(|parent| log.calls_out.server(parent));
            let record = span.record(resource, &log.ancestry, &log.formats.table, log.limits).map(Box::new);
            log.emit(record, (held.spot, true), held.origin, length, sink)?;
        }
    }
    ControlFlow::Continue(None)
}

/// Reads a tool's call, unless another span tells of it.
fn read_tool(
    log: &mut Log<'_>,
    held: Held,
    resource: Option<&Resource>,
    calls: &mut ToolCalls,
    sink: &mut dyn Sink,
) -> ControlFlow<()> {
    let length = held.text.len() as u64;
    // It was read before.
    let Ok(span) = serde_json::from_slice::<Span<'_>>(&held.text) else { return CONTINUE };
    if span.key().is_some_and(|key| calls.repeats(&key)) {
        span.remember(&mut log.ancestry);
        log.tally.not_read("tool_span_again", 1, length);
        return CONTINUE;
    }
    let record = span.record(resource, &log.ancestry, &log.formats.table, log.limits).map(Box::new);
    log.emit(record, (held.spot, true), held.origin, length, sink)
}

fn place(index: u64, element: &Element<'_>) -> Place {
    Place::Entry { index, offset: element.offset }
}

/// The bytes of a record, unless they were too many.
fn held<'e>(log: &mut Log<'_>, element: &Element<'e>) -> Option<&'e [u8]> {
    if element.text.is_none() {
        let spot = Spot::Record(log.records, element.line);
        let origin = log.origin(place(log.records, element));
        let what = format!("{spot} is {} bytes long, more than {}", element.length, most(log).of(element.kind));
        let remedy = "the other records were analysed".to_owned();
        log.records += 1;
        log.unparsed("line_too_long", element.whole, origin, element.length, Fault { what, remedy });
    }
    element.text
}
