//! Rules end to end on small archives: each abuse beside the legitimate traffic that it resembles.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod support;

use std::fs;

use serde_json::{Value, json};
use support::{code, counts, lines, offpath, stderr, text, token};

const MODEL: &str = "offpath: 1
workflow: {id: shop, version: 1}
actors: {identify: [jwt.sub], roles: {from: jwt.roles, default: customer}}
objects:
  order: {key: [path.order, res.id], state: res.state}
activities:
  create: {http: POST /orders, object: order}
  pay:    {http: \"POST /orders/{order}/pay\", object: order, attrs: {amount: req.amount}}
  ship:   {http: \"POST /orders/{order}/ship\", object: order}
  cancel: {http: \"POST /orders/{order}/cancel\", object: order}
  view:   {http: \"GET /orders/{order}\", object: order, read: true}
lifecycles:
  order:
    states: {none: initial, new: {}, paid: {}, shipped: {final: true, restricted: true}, cancelled: final}
    transitions:
      - {activity: create, from: none, to: new}
      - {activity: pay, from: new, to: paid, once: true}
      - {activity: ship, from: paid, to: shipped}
      - {activity: cancel, from: [new, paid], to: cancelled}
";

/// One exchange: second, who, method, path, status, what the answer says, and its headers.
struct Call(u32, &'static str, &'static str, &'static str, u16, Value, &'static [(&'static str, &'static str)]);

fn call(second: u32, who: &'static str, what: &'static str, status: u16, answer: Value) -> Call {
    let (method, path) = what.split_once(' ').unwrap();
    Call(second, who, method, path, status, answer, &[])
}

fn entry(Call(second, who, method, path, status, answer, headers): &Call) -> Value {
    let header = |name: &str, value: &str| json!({"name": name, "value": value});
    let bearer = format!("Bearer {}", token(&format!(r#"{{"sub":"{who}"}}"#)));
    let mut request = json!({
        "method": method, "url": format!("https://api.shop.example{path}"), "httpVersion": "HTTP/1.1",
        "headers": [header("Host", "api.shop.example"), header("Authorization", &bearer)],
        "queryString": [], "cookies": [], "headersSize": -1, "bodySize": 0,
    });
    if *method == "POST" {
        request["postData"] = json!({"mimeType": "application/json", "text": "{}"});
    }
    let shown = headers.iter().map(|(name, value)| header(name, value));
    let shown: Vec<Value> = shown.chain([header("Content-Type", "application/json")]).collect();
    let content = if answer.is_null() { String::new() } else { answer.to_string() };
    json!({
        "startedDateTime": format!("2026-09-01T10:{:02}:{:02}.100Z", second / 60, second % 60), "time": 50,
        "request": request,
        "response": {
            "status": status, "statusText": "", "httpVersion": "HTTP/1.1", "headers": shown, "cookies": [],
            "content": {"size": content.len(), "mimeType": "application/json", "text": content},
            "redirectURL": "", "headersSize": -1, "bodySize": -1,
        },
        "cache": {}, "timings": {"send": 0, "wait": 50, "receive": 0},
    })
}

/// What is found with the model of the shop or without any.
fn found(modelled: bool, calls: &[Call]) -> Vec<(String, String, bool)> {
    found_by(modelled.then_some(MODEL), calls)
}

/// Rule, actor, and whether it counts, of what is found.
fn found_by(intended: Option<&str>, calls: &[Call]) -> Vec<(String, String, bool)> {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let entries: Vec<Value> = calls.iter().map(entry).collect();
    let log = json!({"log": {"version": "1.2", "creator": {"name": "test", "version": "1"}, "entries": entries}});
    fs::write(path("a.har"), log.to_string()).unwrap();
    fs::write(path("model.yaml"), intended.unwrap_or_default()).unwrap();
    fs::write(path("old.yaml"), OLD).unwrap();
    let (archive, out, model) = (path("a.har"), path("run"), path("model.yaml"));
    let mut args = vec!["check", &archive, "-o", &out, "--exit-zero", "-q"];
    if intended.is_some() {
        args.extend(["--model", &model]);
    }
    let output = offpath(&args);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let findings = lines(&folder.path().join("run/findings.jsonl"));
    let told = |f: &Value| (text(f, "rule").to_owned(), text(&f["actor"], "principal").to_owned(), counts(f));
    findings.iter().map(told).collect()
}

fn one(rule: &str, who: &str, counts: bool) -> Vec<(String, String, bool)> {
    vec![(rule.to_owned(), who.to_owned(), counts)]
}

fn order(state: &str) -> Value {
    json!({"id": "ord_1a1a1a", "state": state})
}

fn created() -> Call {
    call(0, "anna", "POST /orders", 201, order("new"))
}

fn shipped(second: u32) -> Call {
    call(second, "wh", "POST /orders/ord_1a1a1a/ship", 200, order("shipped"))
}

#[test]
fn a_state_reached_by_a_way_that_the_model_does_not_know_is_told_of_who_took_it() {
    let patched = call(10, "adm", "PATCH /admin/orders/ord_1a1a1a", 200, order("paid"));
    assert_eq!(found(true, &[created(), patched, shipped(20)]), one("PROC-ALT", "adm", true));
    let old = || call(10, "eve", "POST /v0/orders/ord_1a1a1a/ship", 200, order("shipped"));
    assert_eq!(found(true, &[created(), old()]), one("PROC-ALT", "eve", false), "nobody ships by the model's way");
    let other = |second, what, state| call(second, "wh", what, 200, json!({"id": "ord_2b2b2b", "state": state}));
    let usual = [
        other(1, "POST /orders", "new"),
        other(2, "POST /orders/ord_2b2b2b/pay", "paid"),
        other(3, "POST /orders/ord_2b2b2b/ship", "shipped"),
    ];
    let calls: Vec<Call> = usual.into_iter().chain([created(), old()]).collect();
    assert_eq!(found(true, &calls), one("PROC-ALT", "eve", true));
    let noted = call(10, "adm", "POST /orders/ord_1a1a1a/notes", 201, json!({"id": "n_77aa", "state": "paid"}));
    assert_eq!(found(true, &[created(), noted]), [], "the state of a note is not the order's");
    let refused = call(10, "eve", "POST /v0/orders/ord_1a1a1a/ship", 404, Value::Null);
    assert_eq!(found(true, &[created(), refused]), []);
    assert_eq!(found(true, &[created(), shipped(20)]), one("SEQ-SKIP", "wh", true));
}

/// A document of ways that the model does not have, with a name of its own for an order's key.
const OLD: &str = "openapi: 3.1.0
info: {title: old, version: '1'}
paths:
  /v0/orders/{id}/ship: {post: {responses: {}}}
  /v0/orders/{id}/notes: {post: {responses: {}}}
";

#[test]
fn a_way_that_a_document_describes_is_one_that_the_model_does_not_know() {
    let described = MODEL.replace("workflow:", "imports: {openapi: [old.yaml]}\nworkflow:");
    let found = |calls: &[Call]| found_by(Some(&described), calls);
    let old = call(10, "eve", "POST /v0/orders/ord_1a1a1a/ship", 200, order("shipped"));
    assert_eq!(found(&[created(), old]), one("PROC-ALT", "eve", false), "nobody ships by the model's way");
    let noted = call(10, "adm", "POST /v0/orders/ord_1a1a1a/notes", 201, json!({"id": "n_77aa", "state": "paid"}));
    assert_eq!(found(&[created(), noted]), [], "the state of a note is not the order's");
}

/// Orders and tickets are both told by `{id}`.
const ALIKE: &str = "offpath: 1
workflow: {id: desk, version: 1}
actors: {identify: [jwt.sub]}
objects:
  order:  {key: [path.id, res.id], state: res.state}
  ticket: {key: [path.id, res.id], state: res.state}
activities:
  create: {http: POST /orders, object: order}
  close:  {http: \"POST /orders/{id}/close\", object: order}
  open:   {http: POST /tickets, object: ticket}
  solve:  {http: \"POST /tickets/{id}/solve\", object: ticket}
lifecycles:
  order:  {states: {none: initial, new: {}, closed: final}, transitions: [{activity: create, from: none, to: new}, {activity: close, from: new, to: closed}]}
  ticket: {states: {none: initial, new: {}, closed: final}, transitions: [{activity: open, from: none, to: new}, {activity: solve, from: new, to: closed}]}
";

#[test]
fn a_path_names_what_its_word_says() {
    let of = |state: &str| json!({"id": "7001", "state": state});
    let calls = [
        call(0, "anna", "POST /orders", 201, of("new")),
        call(1, "anna", "POST /tickets", 201, of("new")),
        call(10, "adm", "PATCH /admin/tickets/7001", 200, of("closed")),
        call(20, "anna", "POST /orders/7001/close", 200, of("closed")),
        call(30, "anna", "POST /tickets/8001/solve", 200, json!({"id": "8001", "state": "closed"})),
    ];
    assert_eq!(found_by(Some(ALIKE), &calls), one("PROC-ALT", "adm", true));
}

#[test]
fn a_lagging_or_cached_answer_is_no_divergence() {
    let paid = || call(5, "anna", "POST /orders/ord_1a1a1a/pay", 200, order("paid"));
    let view = |second, state: &str| call(second, "anna", "GET /orders/ord_1a1a1a", 200, order(state));
    assert_eq!(found(true, &[created(), paid(), view(6, "new"), view(9, "paid")]), []);
    let headers = &[("Age", "55"), ("X-Cache", "HIT")];
    let cached = Call(60, "anna", "GET", "/orders/ord_1a1a1a", 200, order("new"), headers);
    assert_eq!(found(true, &[created(), paid(), cached]), []);
    assert_eq!(found(true, &[created(), paid(), view(60, "new"), view(70, "paid")]), one("ST-DIVERGE", "anna", true));
}

#[test]
fn without_a_model_what_is_benign_after_a_deletion_stays_silent_or_for_review() {
    let doc = |gone: bool| json!({"id": "doc_1aaaa111", "deleted": gone});
    let deleted = || call(0, "anna", "DELETE /docs/doc_1aaaa111", 204, Value::Null);
    let read = |gone| call(10, "anna", "GET /docs/doc_1aaaa111", 200, doc(gone));
    assert_eq!(found(false, &[deleted(), read(true)]), []);
    assert_eq!(found(false, &[deleted(), read(false)]), one("ST-ORPHAN", "anna", false));
    let taken = || call(20, "mallory", "POST /docs/doc_1aaaa111/transfer", 200, json!({"ok": 1}));
    assert_eq!(found(false, &[deleted(), read(false), taken()]), one("ST-ORPHAN", "mallory", true));
    let device = |second, who, what| call(second, who, what, 200, json!({}));
    let mine = [device(0, "anna", "DELETE /me/devices/3"), device(10, "bert", "PATCH /me/devices/3")];
    assert_eq!(found(false, &mine), []);
    let lock = |second, what| call(second, "svc", what, 200, json!({}));
    let again = [lock(0, "DELETE /locks/77"), lock(10, "POST /locks/77"), lock(20, "PATCH /locks/77")];
    assert_eq!(found(false, &again), []);
    let ended = [lock(0, "DELETE /locks/77"), lock(20, "PATCH /locks/77")];
    assert_eq!(found(false, &ended), one("ST-ORPHAN", "svc", true));
}

#[test]
fn a_cancellation_undoes_the_misplaced_step() {
    let cancelled = || call(30, "wh", "POST /orders/ord_1a1a1a/cancel", 200, order("cancelled"));
    let both = [one("SEQ-SKIP", "wh", true), one("ST-ORPHAN", "wh", true)].concat();
    assert_eq!(found(true, &[created(), shipped(20), cancelled()]), both, "what was shipped is gone");
    let free = MODEL.replace(", restricted: true", "");
    assert_eq!(found_by(Some(&free), &[created(), shipped(20), cancelled()]), one("SEQ-SKIP", "wh", true));
}
