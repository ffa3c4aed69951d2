//! One id under several names is one thing, and numbers that meet by chance are not.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::{Value, json};

use crate::seen::{Seen, events};
use crate::support::{archive, code, offpath, stderr, token};

/// One exchange of JSON by somebody.
pub(crate) fn entry(
    at: u64,
    who: &str,
    method: &str,
    path: &str,
    sent: Option<Value>,
    status: u16,
    told: &Value,
) -> Value {
    let time = jiff::Timestamp::from_second(1_790_000_000 + at as i64).unwrap();
    let bearer = format!("Bearer {}", token(&format!(r#"{{"iss":"https://id.example","sub":"{who}"}}"#)));
    let kind = json!({"name": "Content-Type", "value": "application/json"});
    let mut request = json!({
        "method": method, "url": format!("https://shop.example{path}"), "httpVersion": "HTTP/1.1",
        "headers": [{"name": "Authorization", "value": bearer}, kind], "queryString": [], "cookies": [],
        "headersSize": -1, "bodySize": -1,
    });
    if let Some(sent) = sent {
        request["postData"] = json!({"mimeType": "application/json", "text": sent.to_string()});
    }
    let text = told.to_string();
    json!({
        "startedDateTime": time.to_string(), "time": 5, "request": request, "cache": {},
        "response": {"status": status, "statusText": "", "httpVersion": "HTTP/1.1", "headers": [kind], "cookies": [],
            "content": {"size": text.len(), "mimeType": "application/json", "text": text},
            "redirectURL": "", "headersSize": -1, "bodySize": -1},
        "timings": {"send": 0, "wait": 5, "receive": 0},
    })
}

/// A shop that calls an order a purchase, a reference and a document: `many` of them, with ids of a shape, by some people.
fn shop(many: u64, people: u64, id: impl Fn(u64) -> String) -> Vec<Value> {
    let mut entries = Vec::new();
    for n in 0..many {
        let (id, who, at) = (id(n), format!("u{}", n % people), n * 10);
        let purchase = json!({"purchase": {"uid": id, "items": 3, "page": 1, "open": true}});
        entries.push(entry(at, &who, "POST", "/checkout", Some(json!({"cart": 3})), 201, &purchase));
        let sent = json!({"purchaseRef": id, "method": "card", "attempt": 1});
        let paid = json!({"paymentId": format!("pm-{n:05}"), "status": "done"});
        entries.push(entry(at + 1, &who, "POST", "/payments", Some(sent), 201, &paid));
        let read = json!({"uid": id, "state": "paid"});
        entries.push(entry(at + 2, &who, "GET", &format!("/orders/{id}"), None, 200, &read));
        let found = json!({"pages": 2});
        entries.push(entry(at + 3, &who, "GET", &format!("/archive?document={id}&page=2"), None, 200, &found));
    }
    entries
}

pub(crate) fn told(entries: &[Value]) -> Vec<Seen> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("flow.har");
    archive::write(&file, entries);
    events(Path::new(&file), None)
}

/// Objects by method and path without values, of all events together: types, and how many keys each has.
fn types(events: &[Seen]) -> BTreeMap<String, BTreeMap<String, usize>> {
    let mut keys: BTreeMap<String, BTreeMap<String, BTreeSet<String>>> = BTreeMap::new();
    for event in events {
        let of_operation = keys.entry(event.operation.clone()).or_default();
        for (name, key) in event.objects.iter().filter_map(|object| object.split_once(':')) {
            of_operation.entry(name.to_owned()).or_default().insert(key.to_owned());
        }
    }
    let count = |types: BTreeMap<String, BTreeSet<String>>| types.into_iter().map(|(name, keys)| (name, keys.len()));
    keys.into_iter().map(|(operation, types)| (operation, count(types).collect())).collect()
}

fn of(types: &BTreeMap<String, BTreeMap<String, usize>>, operation: &str) -> Vec<(String, usize)> {
    types[operation].iter().map(|(name, count)| (name.clone(), *count)).collect()
}

#[test]
fn one_id_under_several_names_is_one_object() {
    let events = told(&shop(30, 4, |n| format!("PX-{n:05}")));
    let types = types(&events);
    let order = || ("order".to_owned(), 30);
    assert_eq!(of(&types, "POST /checkout"), [order()]);
    assert_eq!(of(&types, "POST /payments"), [order(), ("payment".to_owned(), 30)]);
    assert_eq!(of(&types, "GET /orders/{order}"), [order()]);
    assert_eq!(of(&types, "GET /archive"), [order()]);
    let made = events.iter().filter(|event| event.operation == "POST /checkout");
    assert!(made.into_iter().all(|event| event.case == event.objects.first().cloned()), "what is made is the case");
}

#[test]
fn few_values_numbers_and_one_of_many_actors_join_nothing() {
    let alone = |types: &BTreeMap<String, BTreeMap<String, usize>>| of(types, "POST /checkout").is_empty();
    assert!(alone(&types(&told(&shop(4, 2, |n| format!("PX-{n:05}"))))), "four are too few");
    assert!(!alone(&types(&told(&shop(5, 2, |n| format!("PX-{n:05}"))))), "five are enough");
    assert!(alone(&types(&told(&shop(30, 4, |n| (1_000 + n).to_string())))), "numbers meet by chance");
    assert!(!alone(&types(&told(&shop(30, 1, |n| format!("PX-{n:05}"))))), "nobody else is there to be misled");
}

#[test]
fn who_sends_others_ids_under_a_name_of_their_own_joins_no_types() {
    let mut entries = shop(30, 4, |n| format!("PX-{n:05}"));
    let member = |n: u64| format!("mem-{n:05}");
    for n in 0..30 {
        let path = format!("/members/{}", member(n));
        entries.push(entry(1_000 + n, &format!("u{}", n % 4), "GET", &path, None, 200, &json!({"since": 2020})));
        // The same ids again, as orders, by one who has a name.
        let sent = json!({"orderId": member(n), "note": member(n)});
        entries.push(entry(2_000 + n, "mallory", "POST", "/feedback", Some(sent), 200, &json!({"ok": true})));
    }
    let types = types(&told(&entries));
    assert_eq!(of(&types, "GET /members/{member}"), [("member".to_owned(), 30)]);
    assert_eq!(of(&types, "GET /orders/{order}"), [("order".to_owned(), 30)]);
    assert_eq!(of(&types, "POST /feedback"), [("order".to_owned(), 30)], "what mallory calls them they are called");
}

#[test]
fn small_numbers_of_two_types_stay_two() {
    let mut entries = Vec::new();
    for n in 1..40 {
        let who = format!("u{}", n % 4);
        let order = json!({"id": n, "memberId": n, "count": n});
        entries.push(entry(n * 10, &who, "GET", &format!("/orders/{n}"), None, 200, &order));
        let member = json!({"memberId": n, "page": n, "active": true});
        entries.push(entry(n * 10 + 1, &who, "GET", &format!("/members/{n}"), None, 200, &member));
    }
    let types = types(&told(&entries));
    assert_eq!(of(&types, "GET /members/{member}"), [("member".to_owned(), 39)]);
    assert_eq!(of(&types, "GET /orders/{order}"), [("member".to_owned(), 39), ("order".to_owned(), 39)]);
}

#[test]
fn a_draft_names_what_values_tell_and_where_they_come_from() {
    let folder = tempfile::tempdir().unwrap();
    let (file, draft) = (folder.path().join("flow.har"), folder.path().join("draft.model.yaml"));
    archive::write(&file, &shop(30, 4, |n| format!("PX-{n:05}")));
    let output = offpath(&["mine", "-q", file.to_str().unwrap(), "-o", draft.to_str().unwrap()]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let draft = std::fs::read_to_string(draft).unwrap();
    for told in [
        r#"{http: "POST /checkout", object: {order: res.purchase.uid}}"#,
        "value flow: res.purchase.uid of POST /checkout is req.purchaseRef of POST /payments, 30 values",
        "value flow: res.purchase.uid of POST /checkout is path of GET /orders/{order}, 30 values",
    ] {
        assert!(draft.contains(told), "{told}:\n{draft}");
    }
}
