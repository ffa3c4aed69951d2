//! Ids that a request names outside of its path and of JSON: in its query, in a form, in headers.

use std::borrow::Cow;

use offpath_capture::Request;

use super::fields::{Leaf, MOST_LISTED};
use super::is_container;
use super::named::owner_of;
use crate::correlate::body::is_form;
use crate::correlate::credential::is_secret_parameter;
use crate::correlate::object::KeySource;
use crate::correlate::secret_segment::is_secret_segment;
use crate::correlate::target::{Target, asked, pairs};
use crate::event::{Value, names_one};

/// Longest id.
const LONGEST: usize = 128;
/// What headers that end in `id` are about where they name no business object: the software that sends them, and the
/// way of a message.
const SENDING: [&str; 23] = [
    "access",
    "app",
    "application",
    "auth",
    "build",
    "call",
    "conversation",
    "credential",
    "event",
    "flow",
    "installation",
    "instance",
    "message",
    "node",
    "operation",
    "page",
    "parent",
    "process",
    "site",
    "thread",
    "transaction",
    "utm",
    "version",
];

/// The same of parameters and forms, which seldom trace.
const TRACKED: [&str; 5] = ["access", "auth", "credential", "flow", "utm"];

/// Who headers say that a request is made for, or from where, beside those who own things.
const CALLERS: [&str; 16] = [
    "agent",
    "branch",
    "broker",
    "caller",
    "channel",
    "employee",
    "operator",
    "owner",
    "partner",
    "person",
    "publisher",
    "sender",
    "subscriber",
    "supplier",
    "terminal",
    "vendor",
];

/// Ids named by the query and a form, with their places; `collection` is what a bare `id` is one of.
pub(super) fn named(request: &Request, collection: Option<&str>) -> Vec<(Leaf, KeySource)> {
    let mut found = Vec::new();
    let target = Target::parse(&request.target);
    for (name, value) in target.query.iter().filter_map(|(name, value)| Some((name, asked(value)?))) {
        add(name, value, collection, ("query", KeySource::Query), &mut found);
    }
    let form = request.body.bytes().filter(|_| is_form(&request.headers)).and_then(|b| std::str::from_utf8(b).ok());
    for (name, value) in form.into_iter().flat_map(pairs) {
        add(&name, &value, collection, ("req", KeySource::RequestBody), &mut found);
    }
    found
}

/// Values of the query and a form that can hardly name two things, under names that do not say that they are ids.
pub(super) fn unsaid(request: &Request) -> Vec<Leaf> {
    let target = Target::parse(&request.target);
    let form = request.body.bytes().filter(|_| is_form(&request.headers)).and_then(|b| std::str::from_utf8(b).ok());
    let query = target.query.iter().map(|(name, value)| ("query", name.clone(), value.clone()));
    let form = form.into_iter().flat_map(pairs).map(|(name, value)| ("req", name, value));
    let plain =
        |name: &str| name.len() <= LONGEST && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    let found = query.chain(form).filter(|(_, name, value)| {
        plain(name) && names_one(value) && owner_of(name, None).is_none() && !is_secret_parameter(name, value)
    });
    let leaf = |(root, name, value): (&str, _, Cow<'_, str>)| Leaf {
        owner: None,
        path: format!("{root}.{name}"),
        value: Value::Text(value.as_ref().into()),
    };
    found.map(leaf).take(MOST_LISTED).collect()
}

/// Ids named by headers.
pub(super) fn in_headers(request: &Request) -> Vec<(Leaf, KeySource)> {
    let mut found = Vec::new();
    for (name, value) in request.headers.iter() {
        let (Ok(name), Ok(value)) = (std::str::from_utf8(name), std::str::from_utf8(value)) else { continue };
        add_header(&name.to_ascii_lowercase(), value, &mut found);
    }
    found
}

/// `X-Order-Id`: one word between, so that the ids of proxies and tracers (`x-amz-request-id`) are none.
fn add_header(name: &str, value: &str, found: &mut Vec<(Leaf, KeySource)>) {
    let Some(word) = name.strip_prefix("x-").unwrap_or(name).strip_suffix("-id") else { return };
    let plain = !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase());
    // Headers tell in whose name a request is made; that is no object that it touches.
    if plain && !is_container(word) && !CALLERS.contains(&word) && !SENDING.contains(&word) {
        let key = format!("{word}_id");
        let place = format!("header.{name}");
        push(owner_of(&key, None).flatten(), place, value, KeySource::Header, found);
    }
}

/// `order_id=7`, `id=7`, `ids=7,8` and `ids[]=7`.
fn add(
    name: &str,
    value: &str,
    collection: Option<&str>,
    (root, source): (&str, KeySource),
    found: &mut Vec<(Leaf, KeySource)>,
) {
    let bare = name.strip_suffix("[]").unwrap_or(name);
    let one = ["ids", "Ids", "IDs"].iter().find_map(|end| bare.strip_suffix(end).zip(end.get(..2)));
    let key = one.map_or_else(|| bare.to_owned(), |(stem, id)| format!("{stem}{id}"));
    let owner = owner_of(&key, collection).flatten().filter(|owner| !TRACKED.contains(&owner.as_str()));
    if one.is_some() {
        // A model cannot take a text apart: the place is one that it has no word for.
        let place = format!("{root}.{bare}[]");
        value.split(',').for_each(|value| push(owner.clone(), place.clone(), value, source, found));
    } else if bare == name {
        push(owner, format!("{root}.{bare}"), value, source, found);
    }
}

fn push(owner: Option<String>, path: String, value: &str, source: KeySource, found: &mut Vec<(Leaf, KeySource)>) {
    let value = value.trim();
    let fits = (1..=LONGEST).contains(&value.len()) && !value.contains(char::is_whitespace);
    let Some(owner) = owner.filter(|owner| fits && !is_secret_segment(value, owner)) else { return };
    if found.len() < MOST_LISTED {
        found.push((Leaf { owner: Some(owner), path, value: Value::Text(value.into()) }, source));
    }
}

#[cfg(test)]
mod tests {
    use offpath_capture::{Body, Headers};

    use super::*;

    fn ids(target: &str, headers: &[(&str, &str)], form: &str) -> Vec<String> {
        let mut all = Headers::default();
        headers.iter().for_each(|(name, value)| all.push(name.as_bytes(), value.as_bytes()));
        let length = form.len() as u64;
        let body = Body::Present { bytes: form.into(), wire_len: length, decoded_len: length, whole: true };
        let request = Request {
            method: "POST".into(),
            scheme: None,
            host: None,
            target: target.into(),
            headers: all,
            body,
            end: None,
        };
        let found: Vec<_> = named(&request, Some("order")).into_iter().chain(in_headers(&request)).collect();
        let said = |(leaf, _): &(Leaf, KeySource)| match &leaf.value {
            Value::Text(text) => format!("{}:{text} {}", leaf.owner.as_deref().unwrap_or_default(), leaf.path),
            _ => String::new(),
        };
        found.iter().map(said).collect()
    }

    #[test]
    fn ids_have_names_wherever_they_stand() {
        assert_eq!(ids("/pay?order_id=ord_1&page=2", &[], ""), ["order:ord_1 query.order_id"]);
        assert_eq!(ids("/orders?id=7", &[], ""), ["order:7 query.id"]);
        assert_eq!(ids("/orders?id=eq.7&refund_id=gt.5", &[], ""), ["order:7 query.id"]);
        assert_eq!(ids("/orders?ids=a,b", &[], ""), ["order:a query.ids[]", "order:b query.ids[]"]);
        assert_eq!(ids("/x?refundIds%5B%5D=1&refundIds%5B%5D=2", &[], "").len(), 2);
        assert_eq!(ids("/pay", &[("X-Order-Id", "ord_1")], ""), ["order:ord_1 header.x-order-id"]);
        assert_eq!(ids("/refund?transaction_id=tx_7", &[], ""), ["transaction:tx_7 query.transaction_id"]);
        let form = [("Content-Type", "application/x-www-form-urlencoded")];
        assert_eq!(ids("/send", &form, "message_id=m_1"), ["message:m_1 req.message_id"]);
        assert_eq!(ids("/pay", &form, "order_id=ord_1&note=x"), ["order:ord_1 req.order_id"]);
    }

    #[test]
    fn names_that_only_look_like_it_name_nothing() {
        for query in [
            "request_id=7",
            "client_id=7",
            "session_id=7",
            "secret_id=7",
            "token_id=7",
            "utm_id=7",
            "auth_id=7",
            "anna.smith@example.com_id=7",
            "valid=7",
            "grid=7",
            "order_id=",
            "paid=1",
        ] {
            assert!(ids(&format!("/orders?{query}"), &[], "").is_empty(), "{query}");
        }
        for name in [
            "X-Request-Id",
            "X-Amz-Request-Id",
            "X-Tenant-Id",
            "X-User-Id",
            "X-Partner-Id",
            "X-Secret-Id",
            "X-Datadog-Trace-Id",
            "X-Transaction-Id",
            "X-Message-Id",
            "X-Id",
            "Order",
        ] {
            assert!(ids("/orders", &[(name, "ord_1")], "").is_empty(), "{name}");
        }
        assert!(ids("/orders", &[], "order_id=ord_1").is_empty(), "a body that is no form");
    }
}
