//! Answers that come in parts: `@defer` and `@stream` as `multipart/mixed`, the same as server-sent events
//! (`graphql-sse`), and as messages of a WebSocket.
//!
//! The first part has `data`; each further one says where in it something more belongs, in one of three ways: `path`
//! beside `data` or `items`, a list `incremental` of such, or one whose elements name what an earlier part announced as
//! `pending`. A part that is an answer of its own (the next event of a subscription) is none of the first one's.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::super::{LONGEST_NAME, json};

/// Most parts that are read.
const MOST_PARTS: usize = 1_024;
/// Longest path into an answer.
const LONGEST_PATH: usize = 64;

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
        // The line of the delimiter ends before the head, which may be empty.
        let body = ["\r\n\r\n", "\n\n"].iter().find_map(|end| part.split_once(end)).map(|(_, body)| body.trim());
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
        for patch in objects(part.get("incremental")).chain(std::iter::once(&part)) {
            apply(patch, &pending, &mut whole);
        }
        for done in objects(part.get("completed")) {
            fail(done, &place(done, &pending).unwrap_or_default(), &mut whole);
        }
    }
    Some(Cow::Owned(Value::Object(whole).to_string()))
}

/// The objects of a list.
fn objects(list: Option<&Value>) -> impl Iterator<Item = &Map<String, Value>> {
    list.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object)
}

/// Whether a part adds to the first one.
fn is_patch(part: &str) -> bool {
    let picked = json::pick(part, ["path", "incremental", "completed", "pending"]);
    picked.is_some_and(|picked| picked.values.iter().any(Option::is_some))
}

/// What a part says will come, by its id: where it belongs.
fn announced(part: &Map<String, Value>, pending: &mut BTreeMap<String, Vec<Value>>) {
    for one in objects(part.get("pending")).take(MOST_PARTS) {
        let path = one.get("path").and_then(Value::as_array).filter(|path| path.len() <= LONGEST_PATH);
        if let Some((id, path)) = one.get("id").and_then(Value::as_str).zip(path) {
            pending.insert(id.to_owned(), path.clone());
        }
    }
}

/// Where a patch belongs.
fn place<'v>(patch: &'v Map<String, Value>, pending: &'v BTreeMap<String, Vec<Value>>) -> Option<Vec<&'v Value>> {
    let own = patch.get("path").and_then(Value::as_array);
    let path = own.or_else(|| pending.get(patch.get("id").and_then(Value::as_str)?))?;
    let below = patch.get("subPath").and_then(Value::as_array).into_iter().flatten().filter(|_| own.is_none());
    Some(path.iter().chain(below).take(LONGEST_PATH).collect())
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
    fail(patch, &path, whole);
}

/// Notes a patch's errors. One without a place of its own is somewhere in what the patch would have brought.
fn fail(patch: &Map<String, Value>, path: &[&Value], whole: &mut Map<String, Value>) {
    let Some(errors) = patch.get("errors").and_then(Value::as_array) else { return };
    let told = errors.iter().map(|error| {
        let mut error = error.clone();
        if let Some(error) = error.as_object_mut().filter(|_| !path.is_empty()) {
            // Which field it is below is all that anybody asks.
            error.entry("path").or_insert_with(|| path.iter().take(2).map(|step| short(step)).collect());
        }
        error
    });
    let told: Vec<Value> = told.collect();
    if let Value::Array(all) = whole.entry("errors").or_insert_with(|| Value::Array(Vec::new())) {
        all.extend(told);
    }
}

/// A step of a path; none is as long as what a field may be called.
fn short(step: &Value) -> Value {
    match step {
        Value::String(name) if name.len() <= LONGEST_NAME => Value::String(name.clone()),
        Value::Number(index) => Value::Number(index.clone()),
        _ => Value::Null,
    }
}

/// The value at a path.
fn walk<'v>(value: &'v mut Value, path: &[&Value]) -> Option<&'v mut Value> {
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn told(parts: &[Value]) -> (Value, bool) {
        let texts: Vec<Cow<'_, str>> = parts.iter().map(|part| Cow::Owned(part.to_string())).collect();
        let over = is_over(&texts);
        (serde_json::from_str(&joined(texts).unwrap()).unwrap(), over)
    }

    #[test]
    fn each_of_the_ways_to_send_the_rest_adds_to_the_first_part() {
        let whole = json!({"order": {"id": "o1", "lines": [1, 2, 3], "total": 7}});
        let first = || {
            json!({"data": {"order": {"id": "o1", "lines": [1]}}, "hasNext": true,
            "pending": [{"id": "0", "path": ["order"]}, {"id": "1", "path": ["order", "lines"]}]})
        };
        for rest in [
            vec![
                json!({"path": ["order"], "data": {"total": 7}, "hasNext": true}),
                json!({"path": ["order", "lines", 1], "items": [2, 3], "hasNext": false}),
            ],
            vec![
                json!({"incremental": [{"path": ["order"], "data": {"total": 7}}, {"path": ["order", "lines", 1], "items": [2, 3]}], "hasNext": false}),
            ],
            vec![
                json!({"incremental": [{"id": "0", "data": {"total": 7}}, {"id": "1", "items": [2]}], "hasNext": true}),
                json!({"incremental": [{"id": "1", "items": [3]}], "completed": [{"id": "0"}, {"id": "1"}], "hasNext": false}),
            ],
        ] {
            let parts: Vec<Value> = std::iter::once(first()).chain(rest).collect();
            let (answer, over) = told(&parts);
            assert_eq!((&answer["data"], over), (&whole, true), "{parts:?}");
            assert!(!told(&parts[..parts.len() - 1]).1, "more would have come");
        }
    }

    #[test]
    fn what_fails_late_is_said_of_the_field_it_is_below() {
        let first = json!({"data": {"order": {"id": 1}}, "pending": [{"id": "0", "path": ["order", "lines"]}], "hasNext": true});
        let (answer, _) =
            told(&[first, json!({"completed": [{"id": "0", "errors": [{"message": "no"}]}], "hasNext": false})]);
        assert_eq!(answer["errors"], json!([{"message": "no", "path": ["order", "lines"]}]));
    }

    #[test]
    fn a_place_that_is_not_there_takes_nothing() {
        let first = json!({"data": {"a": 1}, "hasNext": true});
        for patch in [
            json!({"path": ["b", 9], "data": {"x": 1}}),
            json!({"path": ["a"], "data": {"x": 1}}),
            json!({"path": [null], "items": [1]}),
            json!({"incremental": [{"id": "unknown", "data": {"x": 1}}, 7], "pending": 3, "completed": {}}),
        ] {
            assert_eq!(told(&[first.clone(), patch]).0["data"], json!({"a": 1}));
        }
    }

    #[test]
    fn parts_end_where_the_delimiter_says() {
        let text = "preamble\r\n--gc0y\r\nContent-Type: application/json\r\n\r\n{\"data\":{}}\r\n--gc0y\r\n\r\n{\"hasNext\":false}\r\n--gc0y--\r\n{\"data\":1}";
        assert_eq!(multipart(text, "gc0y"), ["{\"data\":{}}", "{\"hasNext\":false}"]);
        assert!(multipart(text, "").is_empty() && multipart(text, "other").is_empty());
    }

    fn tree() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![any::<i32>().prop_map(Value::from), "[a-z]{0,3}".prop_map(Value::from)];
        leaf.prop_recursive(3, 16, 3, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                proptest::collection::btree_map("[a-c]", inner, 0..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    /// Takes something out of a value, to be sent later: where it was, as a patch.
    fn defer(
        value: &mut Value,
        path: &mut Vec<Value>,
        patches: &mut Vec<Value>,
        choices: &mut impl Iterator<Item = bool>,
    ) {
        match value {
            Value::Object(object) => {
                let mut late = Map::new();
                for name in object.keys().cloned().collect::<Vec<_>>() {
                    if choices.next().unwrap_or(false) {
                        late.extend(object.remove(&name).map(|value| (name, value)));
                    }
                }
                if !late.is_empty() {
                    patches.push(json!({"path": path, "data": late}));
                }
                for (name, inner) in object.iter_mut() {
                    path.push(Value::from(name.as_str()));
                    defer(inner, path, patches, choices);
                    path.pop();
                }
            }
            Value::Array(list) if choices.next().unwrap_or(false) => {
                let late = list.split_off(list.len() / 2);
                let at = path.iter().cloned().chain([Value::from(list.len())]).collect::<Vec<_>>();
                patches.push(json!({"path": at, "items": late}));
            }
            _ => {}
        }
    }

    proptest! {
        #[test]
        fn a_value_sent_in_parts_is_the_value(value in tree(), choices in proptest::collection::vec(any::<bool>(), 12)) {
            let value = json!({"root": value});
            let (mut first, mut patches) = (value.clone(), Vec::new());
            defer(&mut first, &mut Vec::new(), &mut patches, &mut choices.into_iter());
            let mut parts = vec![json!({"data": first, "hasNext": true})];
            parts.extend(patches.into_iter().map(|patch| json!({"incremental": [patch], "hasNext": true})));
            parts.push(json!({"hasNext": false}));
            let (answer, over) = told(&parts);
            prop_assert_eq!((&answer["data"], over), (&value, true));
        }
    }
}
