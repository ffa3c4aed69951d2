//! Answers that come in parts: `@defer` and `@stream` as `multipart/mixed`, the same as server-sent events
//! (`graphql-sse`), and as messages of a WebSocket.
//!
//! The first part has `data`; each further one says where in it something more belongs, in one of three ways: `path`
//! beside `data` or `items`, a list `incremental` of such, or one whose elements name what an earlier part announced as
//! `pending`. A part that is an answer of its own (the next event of a subscription) is none of the first one's.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::super::json;

/// Most parts that are read.
const MOST_PARTS: usize = 1_024;

/// The part that a server-sent event holds. The protocol's single connection mode wraps it with the operation's id.
pub(super) fn of_event(data: &str) -> Option<String> {
    let data = data.trim();
    data.starts_with('{').then_some(())?;
    let picked = json::pick(data, ["id", "payload", "data", "errors"])?.values;
    match picked {
        [Some(_), Some(payload), None, None] => Some(payload.get().to_owned()),
        _ => Some(data.to_owned()),
    }
}

/// The parts of a `multipart/mixed` answer, up to the first that is cut.
pub(super) fn multipart<'a>(text: &'a str, boundary: &str) -> Vec<Cow<'a, str>> {
    if boundary.is_empty() || boundary.len() > 70 {
        return Vec::new();
    }
    let delimiter = format!("--{boundary}");
    let mut parts = Vec::new();
    for part in text.split(delimiter.as_str()).skip(1).take(MOST_PARTS) {
        if part.starts_with("--") {
            break;
        }
        let part = part.trim_start_matches(['\r', '\n']);
        let body = part.split_once("\r\n\r\n").or_else(|| part.split_once("\n\n")).map(|(_, body)| body.trim());
        parts.extend(body.filter(|body| body.starts_with('{')).map(Cow::Borrowed));
    }
    parts
}

/// Whether nothing more comes after these parts.
pub(super) fn is_over(parts: &[Cow<'_, str>]) -> bool {
    let more = |part: &Cow<'_, str>| {
        let [next] = json::pick(part, ["hasNext"])?.values;
        next.map(|next| next.get() == "true")
    };
    !parts.is_empty() && !parts.iter().filter_map(more).next_back().unwrap_or(false)
}

/// The parts as one answer.
pub(super) fn joined<'a>(parts: Vec<Cow<'a, str>>) -> Option<Cow<'a, str>> {
    let mut parts = parts.into_iter().take(MOST_PARTS);
    let first = parts.next()?;
    // Most answers have one part, or are events of which the first tells how the call went: nothing is rewritten then.
    let rest: Vec<_> = parts.filter(|part| is_patch(part)).collect();
    if rest.is_empty() {
        return Some(first);
    }
    let Ok(Value::Object(mut whole)) = serde_json::from_str(&first) else { return Some(first) };
    let mut pending = BTreeMap::new();
    announced(&whole, &mut pending);
    for part in rest {
        let Ok(Value::Object(part)) = serde_json::from_str::<Value>(&part) else { continue };
        announced(&part, &mut pending);
        let listed = part.get("incremental").and_then(Value::as_array).cloned().unwrap_or_default();
        for patch in listed.iter().filter_map(Value::as_object).chain(std::iter::once(&part)) {
            apply(patch, &pending, &mut whole);
        }
        for done in part.get("completed").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object) {
            fail(done, place(done, &pending).unwrap_or_default(), &mut whole);
        }
    }
    Some(Cow::Owned(Value::Object(whole).to_string()))
}

/// Whether a part adds to the first one.
fn is_patch(part: &str) -> bool {
    let picked = json::pick(part, ["path", "incremental", "completed", "pending"]);
    picked.is_some_and(|picked| picked.values.iter().any(Option::is_some))
}

/// What a part says will come, by its id: where it belongs.
fn announced(part: &Map<String, Value>, pending: &mut BTreeMap<String, Vec<Value>>) {
    for one in part.get("pending").and_then(Value::as_array).into_iter().flatten().take(MOST_PARTS) {
        let path = one.get("path").and_then(Value::as_array);
        if let Some((id, path)) = one.get("id").and_then(Value::as_str).zip(path) {
            pending.insert(id.to_owned(), path.clone());
        }
    }
}

/// Where a patch belongs.
fn place(patch: &Map<String, Value>, pending: &BTreeMap<String, Vec<Value>>) -> Option<Vec<Value>> {
    if let Some(path) = patch.get("path").and_then(Value::as_array) {
        return Some(path.clone());
    }
    let path = pending.get(patch.get("id").and_then(Value::as_str)?)?;
    let below = patch.get("subPath").and_then(Value::as_array).into_iter().flatten();
    Some(path.iter().chain(below).cloned().collect())
}

/// Adds what a patch holds.
fn apply(patch: &Map<String, Value>, pending: &BTreeMap<String, Vec<Value>>, whole: &mut Map<String, Value>) {
    let Some(path) = place(patch, pending) else { return };
    let items = patch.get("items").and_then(Value::as_array);
    // Where items begin, the older way says with the last word of the path.
    let list = match path.split_last() {
        Some((Value::Number(_), list)) if items.is_some() => list,
        _ => path.as_slice(),
    };
    let at = whole.get_mut("data").and_then(|data| walk(data, list));
    match (at, items, patch.get("data")) {
        (Some(Value::Array(list)), Some(items), _) => list.extend(items.iter().cloned()),
        (Some(Value::Object(object)), None, Some(Value::Object(more))) => merge(object, more),
        _ => {}
    }
    fail(patch, path, whole);
}

/// Notes a patch's errors. One without a place of its own is in what the patch would have brought, and not in the field
/// that was run for it.
fn fail(patch: &Map<String, Value>, path: Vec<Value>, whole: &mut Map<String, Value>) {
    let Some(errors) = patch.get("errors").and_then(Value::as_array) else { return };
    let told = errors.iter().map(|error| {
        let mut error = error.clone();
        if let Some(error) = error.as_object_mut().filter(|_| !path.is_empty()) {
            error.entry("path").or_insert_with(|| Value::Array(path.clone()));
        }
        error
    });
    let told: Vec<Value> = told.collect();
    if let Value::Array(all) = whole.entry("errors").or_insert_with(|| Value::Array(Vec::new())) {
        all.extend(told);
    }
}

/// The value at a path.
fn walk<'v>(value: &'v mut Value, path: &[Value]) -> Option<&'v mut Value> {
    path.iter().try_fold(value, |value, step| match step {
        Value::String(name) => value.get_mut(name.as_str()),
        Value::Number(index) => value.get_mut(usize::try_from(index.as_u64()?).ok()?),
        _ => None,
    })
}

/// Adds the members of one object to another, objects within them too; both are as deep as a parser lets them be.
fn merge(object: &mut Map<String, Value>, more: &Map<String, Value>) {
    for (name, value) in more {
        match (object.get_mut(name), value) {
            (Some(Value::Object(own)), Value::Object(value)) => merge(own, value),
            _ => {
                object.insert(name.clone(), value.clone());
            }
        }
    }
}
