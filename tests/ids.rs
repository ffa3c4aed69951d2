//! Who was given which id, without a model: every story of the help desk is found where its source shows it, and no twin.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod support;

use std::path::{Path, PathBuf};

use offpath_fixtures::desk::{self, Desk};
use serde_json::{Value, json};
use support::{code, counts, lines, offpath, stderr, text};

const RULES: [&str; 2] = ["UNLEARNED", "ENUM"];

fn written(change: impl FnOnce(&mut Desk)) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("desk");
    let mut desk = Desk { out: out.clone(), customers: 12, seed: 1, benign: false };
    change(&mut desk);
    desk::write(&desk).unwrap();
    (folder, out)
}

/// Findings of the two rules, and the run's record.
fn check(inputs: &[&Path], extra: &[&str]) -> (Vec<Value>, Value) {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let mut args = vec!["check", "-o", run.to_str().unwrap(), "--exit-zero", "-q"];
    args.extend(inputs.iter().map(|path| path.to_str().unwrap()));
    args.extend(extra);
    let output = offpath(&args);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let mut findings = lines(&run.join("findings.jsonl"));
    findings.retain(|finding| RULES.contains(&text(finding, "rule")));
    (findings, serde_json::from_str(&std::fs::read_to_string(run.join("run.json")).unwrap()).unwrap())
}

/// Rule and actor of what counts, sorted.
fn told(findings: &[Value]) -> Vec<(String, String)> {
    let one = |f: &Value| (text(f, "rule").to_owned(), text(&f["actor"], "principal").to_owned());
    let mut told: Vec<_> = findings.iter().filter(|f| counts(f)).map(one).collect();
    told.sort();
    told
}

/// Rule and actor of the abuse that a source shows, sorted.
fn abuse(out: &Path, source: &str) -> Vec<(String, String)> {
    let stories = lines(&out.join("truth.jsonl"));
    let shown = stories.iter().filter(|story| story["twin"] == false && story["sources"][source] == true);
    let mut abuse: Vec<_> = shown.map(|s| (text(s, "rule").to_owned(), text(s, "actor").to_owned())).collect();
    abuse.sort();
    abuse
}

#[test]
fn bodies_show_who_was_given_what_and_nobody_else_is_named() {
    for seed in [1, 2, 3] {
        let (_folder, out) = written(|desk| desk.seed = seed);
        let (findings, _) = check(&[&out.join("capture.har")], &[]);
        assert_eq!(told(&findings), abuse(&out, "har"), "seed {seed}: {findings:#?}");
    }
}

#[test]
fn a_log_shows_what_it_can_and_no_more() {
    let (_folder, out) = written(|_| {});
    let (findings, run) = check(&[&out.join("access.jsonl")], &[]);
    assert_eq!(told(&findings), abuse(&out, "json"), "{findings:#?}");
    let rule = run["rules"].as_array().unwrap().iter().find(|rule| rule["id"] == "UNLEARNED").unwrap();
    assert!(rule["by_source"]["json"][2].as_u64().unwrap() > 0, "what it cannot decide it says: {rule}");
}

#[test]
fn an_honest_desk_is_silent() {
    let (_folder, out) = written(|desk| (desk.benign, desk.customers) = (true, 30));
    for file in ["capture.har", "access.jsonl"] {
        let (findings, _) = check(&[&out.join(file)], &[]);
        assert_eq!(told(&findings), [], "{file}: {findings:#?}");
    }
}

/// The archive without the entries that `keep` does not want.
fn part(out: &Path, name: &str, keep: impl Fn(usize) -> bool) -> PathBuf {
    let mut archive: Value = serde_json::from_str(&std::fs::read_to_string(out.join("capture.har")).unwrap()).unwrap();
    let entries = archive["log"]["entries"].as_array_mut().unwrap();
    let mut place = 0..;
    entries.retain(|_| keep(place.next().unwrap()));
    let path = out.join(name);
    std::fs::write(&path, archive.to_string()).unwrap();
    path
}

#[test]
fn a_capture_that_begins_late_or_has_gaps_names_nobody_wrongly() {
    let (_folder, out) = written(|desk| desk.benign = true);
    for begin in [40, 90, 150, 220] {
        let late = part(&out, "late.har", |place| place >= begin);
        assert_eq!(told(&check(&[&late], &[]).0), [], "from entry {begin}");
    }
}

#[test]
fn threads_memory_and_the_order_of_files_change_nothing() {
    // Enough that the least memory does not hold all rows.
    let (_folder, out) = written(|desk| desk.customers = 40);
    let (first, second) = (part(&out, "a.har", |place| place % 2 == 0), part(&out, "b.har", |place| place % 2 == 1));
    let (whole, _) = check(&[&first, &second], &["--threads", "1"]);
    assert!(!whole.is_empty());
    for extra in [["--threads", "3", "--memory", "1GiB"], ["--threads", "2", "--memory", "16MiB"]] {
        assert_eq!(check(&[&second, &first], &extra).0, whole, "{extra:?}");
    }
}

#[test]
fn who_had_an_id_first_is_told() {
    let (_folder, out) = written(|_| {});
    let har = out.join("capture.har");
    let output = offpath(&["inspect", har.to_str().unwrap(), "--explain", "ticket:4101", "--format", "json"]);
    let answer: Value = serde_json::from_str(&support::stdout(&output)).unwrap();
    let actors = answer["id"]["actors"].as_array().unwrap();
    let of = |name: &str| actors.iter().find(|actor| actor["actor"] == name).unwrap();
    assert_eq!(text(&actors[0], "actor"), "customer01", "{actors:#?}");
    assert!(text(&actors[0], "first_given").contains("by POST /tickets"), "{actors:#?}");
    assert_eq!((&of("customer01")["learned"], &of("mallory")["learned"]), (&Value::Bool(true), &Value::Bool(false)));
    let output = offpath(&["inspect", har.to_str().unwrap(), "--explain", "ticket:4101"]);
    let shown = support::stdout(&output);
    assert!(shown.contains("Given to   customer01 in "), "{shown}");
    assert!(shown.contains("Named by   mallory in 1 request, never given, first "), "{shown}");
}

/// One entry of an archive: who asked, what and how it was answered, so many seconds after the beginning.
fn entry(second: u64, who: &str, (method, path): (&str, &str), sent: &Value, (status, answer): (u16, &Value)) -> Value {
    let time = format!("2026-11-18T{:02}:{:02}:{:02}.000Z", 7 + second / 3_600, second / 60 % 60, second % 60);
    let json = json!({"name": "Content-Type", "value": "application/json"});
    let bearer = support::token(&format!("{{\"sub\":\"{who}\",\"iat\":1795000000,\"exp\":1795003600}}"));
    let mut request = json!({
        "method": method, "url": format!("https://shop.example{path}"), "httpVersion": "HTTP/1.1", "cookies": [],
        "headers": [json, {"name": "Authorization", "value": format!("Bearer {bearer}")}],
        "queryString": [], "headersSize": -1, "bodySize": -1,
    });
    if !sent.is_null() {
        request["postData"] = json!({"mimeType": "application/json", "text": sent.to_string()});
    }
    json!({
        "startedDateTime": time, "time": 20, "request": request, "cache": {},
        "timings": {"send": 1, "wait": 18, "receive": 1},
        "response": {
            "status": status, "statusText": "", "httpVersion": "HTTP/1.1", "headers": [json], "cookies": [],
            "content": {"size": 1, "mimeType": "application/json", "text": answer.to_string()},
            "redirectURL": "", "headersSize": -1, "bodySize": -1,
        },
    })
}

const CUSTOMERS: [&str; 6] = ["ann", "bob", "cid", "dora", "ed", "flo"];
/// The first of the orders that they make, and how many.
const FIRST: u64 = 4_100;
const ORDERS: u64 = 60;
const NOTHING: Value = Value::Null;

/// Six customers who make ten orders each, and look at them.
fn shop() -> Vec<Value> {
    let mut entries = Vec::new();
    for (order, who) in (0..ORDERS).zip(CUSTOMERS.iter().cycle()) {
        let made = json!({"id": FIRST + order, "customer": who});
        entries.push(entry(order * 10, who, ("POST", "/api/orders"), &json!({"item": "a"}), (201, &made)));
        let path = format!("/api/orders/{}", FIRST + order);
        entries.push(entry(order * 10 + 3, who, ("GET", &path), &NOTHING, (200, &made)));
    }
    entries
}

/// The rules told of somebody in the shop who does something with each of so many orders, with their confidences.
fn told_of(each: impl Fn(u64, u64) -> Value) -> Vec<(String, f64)> {
    told_of_all(1, each, &[])
}

fn told_of_all(people: u64, each: impl Fn(u64, u64) -> Value, extra: &[&str]) -> Vec<(String, f64)> {
    let folder = tempfile::tempdir().unwrap();
    let mut entries = shop();
    for person in 0..people {
        let begin = 1_000 + person * 1_000;
        entries.extend((0..40).map(|at| each(begin + at * 2, at + person * 1_000_000)));
    }
    let file = folder.path().join("shop.har");
    support::archive::write(&file, &entries);
    let (findings, _) = check(&[&file], extra);
    let mut told: Vec<_> =
        findings.iter().map(|f| (text(f, "rule").to_owned(), f["confidence"].as_f64().unwrap())).collect();
    told.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
    told
}

fn counting(told: &[(String, f64)]) -> Vec<&str> {
    told.iter().filter(|(_, confidence)| *confidence >= 0.5).map(|(rule, _)| rule.as_str()).collect()
}

/// A call of a tool, and its answer.
fn call(second: u64, who: &str, order: u64, answer: &Value) -> Value {
    let ask = json!({"jsonrpc": "2.0", "id": second, "method": "tools/call",
        "params": {"name": "get_order", "arguments": {"order_id": order}}});
    let mut message = json!({"jsonrpc": "2.0", "id": second});
    message.as_object_mut().unwrap().extend(answer.as_object().unwrap().clone());
    entry(second, who, ("POST", "/mcp"), &ask, (200, &message))
}

#[test]
fn calls_in_bodies_are_walked_over_as_paths_are() {
    let refused = json!({"result": {"content": [{"type": "text", "text": "no such order"}], "isError": true}});
    let failed = json!({"error": {"code": -32001, "message": "forbidden"}});
    for answer in [&refused, &failed] {
        // Far from each other: that they are refused is all that tells.
        let told = told_of(|second, at| call(second, "mal", FIRST + at * 17, answer));
        assert_eq!(counting(&told), ["ENUM"], "{answer}: {told:?}");
    }
    let answer = json!({"result": {"content": [{"type": "text", "text": "{\"total\": \"9.00\"}"}]}});
    let told = told_of(|second, at| call(second, "mal", 800 + at * 17, &answer));
    assert_eq!(told, [], "served, and nobody else's");
}

#[test]
fn what_is_looked_for_by_a_word_of_the_query_is_walked_over_as_well() {
    let search = |second: u64, what: &str| {
        entry(second, "mal", ("GET", &format!("/api/search?{what}")), &NOTHING, (200, &json!({"items": []})))
    };
    let told = told_of(|second, at| search(second, &format!("q={}", FIRST + at)));
    assert_eq!(counting(&told), ["ENUM"], "the orders of others: {told:?}");
    let told = told_of(|second, at| search(second, &format!("phone=%2B4917012{}", 34_500 + at)));
    assert_eq!((counting(&told).len(), told.len()), (0, 1), "for review: nobody was seen with them: {told:?}");
    for twin in ["page=", "since=17950000", "customer_note=rev%20", "w=", "_=17950000"] {
        let told = told_of(|second, at| search(second, &format!("{twin}{}", 1_000 + at)));
        assert_eq!(told, [], "{twin}");
    }
    let told = told_of(|second, at| search(second, &format!("phone=%2B4917012{}", 34_500 + at * 977)));
    assert_eq!(told, [], "no number next to another");
}

#[test]
fn ids_in_bodies_are_walked_over_as_those_of_paths_are() {
    let lookup = |second: u64, order: u64, (status, answer): (u16, &Value)| {
        entry(second, "mal", ("POST", "/api/lookup"), &json!({"order_id": order}), (status, answer))
    };
    for answer in [|order: u64| json!({"id": order, "total": 9}), |_| json!({"total": 9})] {
        let told = told_of(|second, at| lookup(second, FIRST + at, (200, &answer(FIRST + at))));
        assert_eq!(counting(&told), ["ENUM"], "one next to the other, and others': {told:?}");
    }
    let told = told_of(|second, at| lookup(second, 700_000 + at * 977, (404, &json!({"error": "none"}))));
    assert_eq!(counting(&told), ["ENUM"], "none of them is there: {told:?}");
    // Who has a list of them looks up what he was given.
    let list = json!({"items": (0..ORDERS).map(|at| json!({"orderId": FIRST + at})).collect::<Vec<_>>()});
    let told = told_of(|second, at| match at {
        0 => entry(second, "mal", ("GET", "/api/orders"), &NOTHING, (200, &list)),
        _ => lookup(second, FIRST + at, (200, &json!({"total": 9}))),
    });
    assert_eq!(told, [], "he was given them");
    // A transfer to somebody names what is not his, and several at once are a batch.
    let transfer = |second: u64, to: u64| {
        let sent = json!({"to_account_id": to, "amount": 5});
        entry(second, "mal", ("POST", "/api/transfers"), &sent, (201, &json!({"id": 90_000 + second})))
    };
    assert_eq!(told_of(|second, at| transfer(second, FIRST + at * 977)), [], "to whom he pays is no walk");
    let told = told_of(|second, at| {
        let sent = json!({"order_id": 700_000 + at * 977, "rating": 3});
        entry(second, "mal", ("POST", "/api/ratings"), &sent, (200, &json!({"ok": true})))
    });
    assert_eq!(told, [], "served, apart from each other, and nobody else's");
}

#[test]
fn what_the_server_handed_out_is_no_walk() {
    let view = |second: u64, order: u64, answer: &Value| {
        entry(second, "mal", ("GET", &format!("/api/orders/{order}")), &NOTHING, (200, answer))
    };
    let told = told_of(|second, at| view(second, FIRST + at, &json!({"id": FIRST + at})));
    assert_eq!(counting(&told), ["ENUM"], "{told:?}");
    let told = told_of(|second, at| match at {
        0 => entry(second, "mal", ("GET", "/api/orders/latest"), &NOTHING, (200, &json!({"orderId": FIRST + 1}))),
        _ => view(second, FIRST + at, &json!({"id": FIRST + at, "nextId": FIRST + at + 1})),
    });
    assert_eq!(told, [], "each answer gave the next one");
    let list = json!({"items": (0..ORDERS).map(|at| json!({"id": FIRST + at})).collect::<Vec<_>>()});
    let told = told_of(|second, at| match at {
        0 => entry(second, "mal", ("GET", "/api/orders"), &NOTHING, (200, &list)),
        _ => view(second, FIRST + at, &json!({"id": FIRST + at})),
    });
    assert_eq!(told, []);
    let found = json!({"found": (0..ORDERS).map(|at| format!("{}", FIRST + at)).collect::<Vec<_>>()});
    let told = told_of(|second, at| match at {
        0 => entry(second, "mal", ("GET", "/api/queue"), &NOTHING, (200, &found)),
        _ => entry(second, "mal", ("GET", &format!("/api/search?q={}", FIRST + at)), &NOTHING, (200, &json!({}))),
    });
    assert_eq!(told, [], "looked for what he was given");
}

#[test]
fn services_that_read_what_is_there_each_night_are_for_review() {
    const NIGHTLY: [&str; 3] = ["copy-a", "copy-b", "copy-c"];
    let view = |second: u64, at: u64| {
        let (who, order) = (NIGHTLY[(at / 1_000_000) as usize], FIRST + at % 1_000_000);
        entry(second, who, ("GET", &format!("/api/copy/orders/{order}")), &NOTHING, (200, &json!({"id": order})))
    };
    let told = told_of_all(1, view, &[]);
    assert_eq!(counting(&told), ["ENUM"], "one alone: {told:?}");
    let told = told_of_all(3, view, &[]);
    assert_eq!((counting(&told).len(), told.len()), (0, 3), "its peers do likewise: {told:?}");
    let refused = |second: u64, at: u64| {
        let path = format!("/api/copy/orders/{}", FIRST + at % 1_000_000);
        entry(second, NIGHTLY[(at / 1_000_000) as usize], ("GET", &path), &NOTHING, (404, &json!({})))
    };
    assert_eq!(counting(&told_of_all(3, refused, &[])).len(), 3, "who comes to nothing is told of nothing");
}

/// A model of the shop, with an owner of orders or without.
fn model(owner: &str) -> String {
    format!(
        "offpath: 1
workflow: {{id: shop, version: 1}}
actors: {{identify: [jwt.sub]}}
objects:
  order: {{key: [path.order, res.id]{owner}}}
activities:
  make: {{http: POST /api/orders, object: order}}
  view: {{http: 'GET /api/orders/{{order}}', object: order, read: true}}
lifecycles:
  order:
    states: {{none: initial, open: {{}}}}
    transitions:
      - {{activity: make, from: none, to: open}}
"
    )
}

#[test]
fn a_model_silences_neither_rule() {
    let folder = tempfile::tempdir().unwrap();
    let walk = |second: u64, at: u64| {
        let path = format!("/api/orders/{}", FIRST + at);
        entry(second, "mal", ("GET", &path), &NOTHING, (200, &json!({"id": FIRST + at})))
    };
    let file = folder.path().join("model.yaml");
    for owner in ["", ", owner: res.customer"] {
        std::fs::write(&file, model(owner)).unwrap();
        let told = told_of_all(1, walk, &["--model", file.to_str().unwrap()]);
        assert!(told.iter().any(|(rule, sure)| rule == "ENUM" && *sure >= 0.5), "{owner}: {told:?}");
    }
    // One order of somebody else, of whom the model does not say whose it is.
    let mut entries = shop();
    let view = ("GET", "/api/orders/4101");
    entries.push(entry(1_000, "ann", view, &NOTHING, (200, &json!({"id": 4_101}))));
    let har = folder.path().join("one.har");
    support::archive::write(&har, &entries);
    let model_name = file.to_str().unwrap();
    std::fs::write(&file, model("")).unwrap();
    let (findings, _) = check(&[&har], &["--model", model_name]);
    assert_eq!(told(&findings), [("UNLEARNED".to_owned(), "ann".to_owned())]);
    std::fs::write(&file, model(", owner: res.customer")).unwrap();
    let (findings, run) = check(&[&har], &["--model", model_name]);
    assert_eq!(told(&findings), [], "OWN decides");
    let rule = run["rules"].as_array().unwrap().iter().find(|rule| rule["id"] == "UNLEARNED").unwrap();
    assert!(text(rule, "not_evaluated").contains("OWN decides"), "{rule}");
}
