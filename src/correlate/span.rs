//! Where a request stands among the calls of its trace: by headers that tell both its own span and the one that it lies
//! in (B3), or by a log's fields. `traceparent` tells the caller's span alone; who was called has its own by its log.

use offpath_capture::trace_of;

use super::ledger::IdHasher;
use super::reading::Reading;
use super::run::in_full;
use crate::event::Span;

/// Longest id of a span: 64 bits in hex are 16, some write numbers in decimals.
const LONGEST: usize = 32;

/// A request's place in its trace, where its own span is told.
pub(super) fn of(reading: &Reading<'_>, ids: &IdHasher) -> Option<Span> {
    let header = || reading.exchange.request.as_ref().and_then(|request| trace_of(&request.headers));
    let logged = || reading.exchange.log.trace_id.as_deref().map(in_full);
    let trace = logged().or_else(header)?;
    let text = |name: &str| reading.header(name).and_then(|value| std::str::from_utf8(value).ok());
    let part = |name: &str, place: usize| text(name).and_then(|value| value.trim().split('-').nth(place));
    let id = reading.log_field(&["span_id"]).or_else(|| part("b3", 1)).or_else(|| text("x-b3-spanid"));
    let parent = reading
        .log_field(&["parent_request_span_id", "parent_span_id", "parent_id"])
        .or_else(|| part("b3", 3))
        .or_else(|| text("x-b3-parentspanid"))
        .or_else(|| part("traceparent", 2));
    let id = id.and_then(span_id)?;
    // Client and server of one call share the span where the parent is its own.
    let parent = parent.and_then(span_id).filter(|parent| *parent != id);
    let hash = |text: &str| ids.value(text).max(1);
    Some(Span { trace: hash(&trace), id: hash(&id), parent: parent.map_or(0, |parent| hash(&parent)) })
}

/// A span's id as all sources tell it; none for what is empty, all zeros or too long.
fn span_id(text: &str) -> Option<String> {
    let text = text.trim();
    let told = !text.is_empty() && text.len() <= LONGEST && text.bytes().any(|byte| !matches!(byte, b'0' | b'-'));
    told.then(|| text.to_ascii_lowercase())
}
