//! How a file holds its entries where the document around them is missing: as programs and scripts cut them out.

use serde::Deserialize;
use serde::de::IgnoredAny;

/// Bytes of a beginning that are looked at.
pub(super) const BEGINNING: usize = 64 << 10;

/// First keys that only entries have: `startedDateTime` and `pageref` by the specification, the others by browsers.
const ENTRY_KEYS: [&[u8]; 7] =
    [b"startedDateTime", b"pageref", b"request", b"_initiator", b"_connectionId", b"serverIPAddress", b"_request_id"];

/// What stands where a document begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// An object: with `log` in it, or what else it may be.
    Document,
    /// A list of entries.
    List,
    /// Entries, one after the other.
    Entries,
}

/// The shape of what begins so, without white space before it.
pub(super) fn of(beginning: &[u8]) -> Shape {
    match beginning {
        [b'[', rest @ ..] if is_entry(rest.trim_ascii_start()) => Shape::List,
        [b'{', ..] if is_entry(beginning) => Shape::Entries,
        _ => Shape::Document,
    }
}

/// Whether an entry stands there: with the members that all entries have and no record of a log has together. Of one
/// that is cut off, as much as is there must be one.
pub(super) fn is_entry(beginning: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Entry {
        #[serde(rename = "startedDateTime")]
        started: Option<IgnoredAny>,
        request: Option<Request>,
    }
    #[derive(Deserialize)]
    struct Request {
        method: Option<IgnoredAny>,
        url: Option<IgnoredAny>,
    }
    if !beginning.starts_with(b"{") {
        return false;
    }
    let mut values = serde_json::Deserializer::from_slice(beginning).into_iter::<Entry>();
    match values.next() {
        Some(Ok(Entry { started: Some(_), request: Some(request) })) => request.method.and(request.url).is_some(),
        Some(Err(error)) if error.is_eof() => {
            let names = [&b"\"startedDateTime\""[..], b"\"request\""];
            starts_entry(beginning) && names.iter().all(|name| memchr::memmem::find(beginning, name).is_some())
        }
        _ => false,
    }
}

/// Whether the bytes start an object whose first key is one that entries have.
pub(super) fn starts_entry(bytes: &[u8]) -> bool {
    let Some(bytes) = bytes.strip_prefix(b"{").map(<[u8]>::trim_ascii_start) else { return false };
    let key = bytes.strip_prefix(b"\"").and_then(|rest| rest.split(|byte| *byte == b'"').next());
    key.is_some_and(|key| ENTRY_KEYS.contains(&key))
}
