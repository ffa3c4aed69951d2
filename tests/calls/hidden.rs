//! What a source or a document hides of calls is neither a step that was skipped nor a way to hide one.

use std::fs;

use serde_json::{Value, json};

use crate::support::archive::{check, told};
use crate::support::{code, counts, lines, offpath, text};
use crate::{AGENTS, Archive, SHOP, create, ship};

#[test]
fn a_log_without_bodies_decides_nothing_about_calls() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("access.log");
    let line = |n: u32| {
        format!("10.0.0.1 - anna [01/Sep/2026:08:00:{n:02} +0000] \"POST /shop-api HTTP/1.1\" 200 5 \"-\" \"x\"\n")
    };
    fs::write(&log, (0..9).map(line).collect::<String>()).unwrap();
    let (findings, summary, said) = check(folder.path(), SHOP, &[log.to_str().unwrap()]);
    assert!(findings.is_empty());
    for rule in ["SEQ-SKIP", "SOD"] {
        let status = summary["rules"].as_array().unwrap().iter().find(|r| r["id"] == rule).unwrap();
        assert!(text(status, "not_evaluated").contains("no bodies, which hold the calls"), "{status} {said}");
    }
}

#[test]
fn a_hidden_body_may_have_been_the_missing_step() {
    const MIXED: &str = r#"offpath: 1
workflow: {id: mixed, version: 1}
objects:
  order: {key: [path.order, args.orderId]}
activities:
  create: {http: "PUT /orders/{order}", object: order}
  pay:    {graphql: {mutation: pay}, object: order}
  ship:   {http: "POST /orders/{order}/ship", object: order}
lifecycles:
  order:
    states: {none: initial, new: {}, paid: {}, shipped: final}
    transitions:
      - {activity: create, from: none, to: new}
      - {activity: pay, from: new, to: paid}
      - {activity: ship, from: paid, to: shipped}
"#;
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("access.log");
    let written = |between: &str| {
        let calls = ["PUT /orders/ord_1", between, "POST /orders/ord_1/ship"];
        let lines = (0..).zip(calls).map(|(n, call)| {
            format!("10.0.0.1 - anna [01/Sep/2026:08:0{n}:00 +0000] \"{call} HTTP/1.1\" 200 5 \"-\" \"x\"\n")
        });
        fs::write(&log, lines.collect::<String>()).unwrap();
        check(folder.path(), MIXED, &[log.to_str().unwrap()])
    };
    let (findings, _, said) = written("GET /health");
    assert_eq!(told(&findings), ["SEQ-SKIP order:ord_1"], "{said}");
    let (findings, summary, said) = written("POST /graphql");
    assert_eq!(told(&findings), Vec::<String>::new(), "{said}");
    let rule = summary["rules"].as_array().unwrap().iter().find(|r| r["id"] == "SEQ-SKIP").unwrap();
    assert!(rule.to_string().contains("no bodies, which hold the calls"), "{rule}");
}

#[test]
fn what_is_too_much_for_one_exchange_is_said() {
    let run = |fields: usize| {
        let folder = tempfile::tempdir().unwrap();
        let mut shop = Archive::default();
        create(&mut shop, "anna", "o1");
        let fields: String = (0..fields).map(|n| format!("a{n}: ping ")).collect();
        shop.graphql("anna", &format!("mutation Op {{ {fields} }}"), json!({}), json!({"data": {"a0": true}}));
        ship(&mut shop, "o1", true);
        let traffic = shop.write(&folder.path().join("t.har"));
        let model = folder.path().join("model.yaml");
        fs::write(&model, SHOP).unwrap();
        let out = folder.path().join("run");
        let [model, out_name] = [&model, &out].map(|path| path.to_str().unwrap());
        let output = offpath(&["check", &traffic, "--model", model, "-o", out_name, "--exit-zero"]);
        let summary: Value = serde_json::from_str(&fs::read_to_string(out.join("run.json")).unwrap()).unwrap();
        (code(&output), told(&lines(&out.join("findings.jsonl"))), summary["limits"].to_string())
    };
    assert_eq!(run(200), (0, vec!["SEQ-SKIP order:o1".to_owned()], "[]".to_owned()));
    let (code, found, limits) = run(300);
    assert_eq!((code, found), (3, Vec::new()), "the payment may be among what was not read");
    assert!(limits.contains("1 exchange asks for more calls or elements"), "{limits}");
}

#[test]
fn much_that_a_server_tells_leaves_the_rules_judging() {
    let found = |notices: usize, on: &str| {
        let folder = tempfile::tempdir().unwrap();
        let mut desk = Archive::default();
        let mut tool = |name: &str, arguments: Value, result: Value| {
            let id = desk.0.len();
            let sent = json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": {"name": name, "arguments": arguments}});
            let told = json!({"jsonrpc": "2.0", "method": "notifications/progress", "params": {"progress": 1}});
            let notices = if name == on { notices } else { 0 };
            let answer = json!({"jsonrpc": "2.0", "id": id, "result": {"structuredContent": result}});
            let stream: String =
                vec![told; notices].iter().chain([&answer]).map(|e| format!("data: {e}\n\n")).collect();
            desk.add("anna", "/mcp", &sent, 200, "text/event-stream", &stream);
        };
        tool("request_refund", json!({"amount": 90}), json!({"refund_id": "r1"}));
        tool("search_orders", json!({"q": "x"}), json!({}));
        tool("execute_refund", json!({"refund_id": "r1"}), json!({}));
        let traffic = desk.write(&folder.path().join("t.har"));
        let findings = check(folder.path(), AGENTS, &[&traffic]).0;
        told(&findings.into_iter().filter(counts).collect::<Vec<_>>())
    };
    for (notices, on) in [(3, "search_orders"), (300, "search_orders"), (1100, "execute_refund")] {
        assert_eq!(found(notices, on), ["AP-MISSING refund:r1"], "{notices} {on}");
    }
}

/// An order that is made and shipped, with one request between.
fn between(path: &str, sent: &Value, answer: &Value, ships: bool) -> (Vec<String>, String) {
    let folder = tempfile::tempdir().unwrap();
    let mut shop = Archive::default();
    create(&mut shop, "anna", "o1");
    shop.add("anna", path, sent, 200, "application/json", &answer.to_string());
    if ships {
        ship(&mut shop, "o1", true);
    }
    let traffic = shop.write(&folder.path().join("t.har"));
    let (findings, summary, _) = check(folder.path(), SHOP, &[&traffic]);
    let rule = summary["rules"].as_array().unwrap().iter().find(|r| r["id"] == "SEQ-SKIP").unwrap();
    (told(&findings), rule.to_string())
}

#[test]
fn a_document_that_nobody_could_read_may_have_been_the_missing_step() {
    for path in ["/graphql", "/shop-api"] {
        let sent = |query: &str| json!({"operationName": "Op", "query": query, "variables": {}});
        let data = json!({"data": {"ping": true}});
        let (found, _) = between(path, &sent("mutation Op { ping }"), &data, true);
        assert_eq!(found, ["SEQ-SKIP order:o1"]);
        let (found, rule) = between(path, &sent("mutation Op { ping(x: %) }"), &data, true);
        assert!(found.is_empty() && rule.contains("bodies, which hold the calls"), "{found:?} {rule}");
    }
}

#[test]
fn a_query_that_goes_by_its_hash_alone_may_have_been_the_missing_step() {
    let hash = |member: &str| json!({"variables": {}, "extensions": {"persistedQuery": {member: "5d41402abc4b2a76b9719d911017c592"}}});
    let done = json!({"data": {"addPaymentToOrder": {"id": "o1"}}});
    // The client may call the field what it likes.
    for done in [&done, &json!({"data": {"done": {"id": "o1"}}}), &json!({"data": {"products": [{"id": "o1"}]}})] {
        let (found, rule) = between("/graphql", &hash("sha256Hash"), done, true);
        assert!(found.is_empty() && rule.contains("bodies, which hold the calls"), "{done} {found:?} {rule}");
    }
    for none in [json!({"data": {"products": []}}), json!({"data": null}), json!({})] {
        let (found, rule) = between("/graphql", &hash("sha256Hash"), &none, true);
        assert_eq!(found, ["SEQ-SKIP order:o1"], "{none} is the answer of no step: {rule}");
    }
    // The server does not know it either: nothing was done.
    let unknown = json!({"errors": [{"message": "PersistedQueryNotFound"}]});
    assert_eq!(between("/graphql", &hash("sha256Hash"), &unknown, true).0, ["SEQ-SKIP order:o1"]);
    assert_eq!(between("/graphql", &hash("other"), &done, true).0, ["SEQ-SKIP order:o1"], "no query");
}

#[test]
fn a_step_is_found_however_it_is_wrapped() {
    let ships = r#"transitionOrderToState(orderId: "o1", state: "Shipped")"#;
    let answer = json!({"data": {"transitionOrderToState": {"id": "o1", "state": "Shipped"}}});
    let deep = format!("{}1{}", "[".repeat(40), "]".repeat(40));
    let chain: String = (0..40).map(|n| format!("fragment A{n} on M {{ ...A{} }} ", n + 1)).collect();
    let queries = [
        format!("mutation Op {{ {ships} }}"),
        format!("mutation Op {{ ...A0 }} {chain} fragment A40 on M {{ {ships} }}"),
        format!(r#""what it does" mutation Op {{ {ships} }}"#),
        format!("mutation Op {{ {}, m: {deep}) }}", ships.trim_end_matches(')')),
    ];
    for query in queries {
        let sent = json!({"operationName": "Op", "query": query, "variables": {}});
        assert_eq!(between("/shop-api", &sent, &answer, false).0, ["SEQ-SKIP order:o1"], "{query}");
    }
    let encoded = ships.replace(' ', "%20").replace('"', "%22");
    let path = format!("/shop-api?query=mutation%7B{encoded}%7D");
    assert_eq!(between(&path, &json!({}), &answer, false).0, ["SEQ-SKIP order:o1"]);
    let (found, _) = between("/shop-api", &json!({"query": "{ ping }", "variables": {}}), &json!({"data": {}}), false);
    assert_eq!(found, [""; 0]);
}
