//! Guards and conditions over what a source carries or hides.

use serde_json::json;

use crate::support::archive::har;
use crate::support::text;
use crate::{Run, entry, line};

/// Fines are raised and paid in full, but for one.
fn fines(raised: bool) -> String {
    let mut entries = Vec::new();
    for id in 1..=4u32 {
        let call = |step: &str| format!("POST f.example/fines/{id}{step}");
        if raised {
            entries.push(entry(id * 10, &[], &call(""), json!({"amount": 9}), 201, &[], json!({})));
        }
        let paid = if id == 3 { 1 } else { 9 };
        entries.push(entry(id * 10 + 5, &[], &call("/pay"), json!({"amount": paid}), 200, &[], json!({})));
    }
    har(&entries)
}

#[test]
fn a_guard_sees_an_object_as_it_was_before_the_request_that_it_judges() {
    let model = r#"offpath: 1
workflow: {id: fines, version: 1}
objects: {fine: {key: [path.id], attrs: {amount: "money(req.amount, 'EUR')"}}}
activities:
  raise: {http: "POST /fines/{id}", object: fine}
  pay: {http: "POST /fines/{id}/pay", object: fine, attrs: {amount: "money(req.amount, 'EUR')"}}
lifecycles:
  fine:
    states: {none: initial, open: {}, paid: final}
    transitions:
      - {activity: raise, from: none, to: open, when: "fine.amount > money('5 EUR')"}
      - {activity: pay, from: open, to: paid, when: "event.amount == fine.amount"}
"#;
    let run = Run::of("fines.har", &fines(true), model);
    assert_eq!(run.found(), ["TX-MISMATCH fine:3"]);
    assert!(text(&run.findings[0], "title").contains("seen 1 EUR and 9 EUR"), "{}", run.findings[0]["title"]);
    let unraised = Run::of("fines.har", &fines(false), model);
    assert_eq!(unraised.found(), Vec::<String>::new(), "of what the fine was nothing is known");
}

/// Shipments that a check comes before, but for cheap orders; what an order costs stands in the answer to its making.
fn parcels(total: &str) -> String {
    format!(
        r#"
offpath: 1
workflow: {{id: parcels, version: 1}}
objects: {{order: {{key: [path.order, req.orderId], attrs: {{total: "{total}"}}}}}}
activities:
  create: {{http: "POST /orders/{{order}}", object: order}}
  verify: {{http: "POST /orders/{{order}}/check", object: order}}
  ship:   {{http: "POST /orders/{{order}}/shipment", object: order}}
lifecycles:
  order:
    states: {{none: initial, new: {{}}, checked: {{}}, shipped: final}}
    transitions:
      - {{activity: create, from: none, to: new}}
      - {{activity: verify, from: new, to: checked}}
      - {{activity: ship, from: checked, to: shipped}}
      - {{activity: ship, from: new, to: shipped, when: "order.total <= 100"}}
"#
    )
}

/// Orders of that cost which are shipped unchecked, as an archive.
fn parcel_archive(orders: u32, total: u32) -> String {
    let entry = |n: u32, second: u32, call: &str, answer: &str| {
        json!({
            "startedDateTime": format!("2026-03-01T10:{n:02}:{second:02}.000Z"), "time": 5,
            "request": {
                "method": "POST", "url": format!("http://shop.example/orders/o{n}{call}"), "httpVersion": "HTTP/1.1",
                "headers": [], "queryString": [], "cookies": [], "headersSize": -1, "bodySize": 0
            },
            "response": {
                "status": 200, "statusText": "OK", "httpVersion": "HTTP/1.1", "cookies": [], "headers": [],
                "content": {"size": answer.len(), "mimeType": "application/json", "text": answer},
                "redirectURL": "", "headersSize": -1, "bodySize": answer.len()
            },
            "cache": {}, "timings": {"send": 1, "wait": 3, "receive": 1}
        })
    };
    let answer = format!("{{\"total\":{total}}}");
    let entries = (0..orders).flat_map(|n| [entry(n, 0, "", &answer), entry(n, 9, "/shipment", "{}")]);
    json!({"log": {"version": "1.2", "creator": {"name": "x", "version": "1"}, "entries": entries.collect::<Vec<_>>()}})
        .to_string()
}

#[test]
fn a_step_that_only_a_hidden_condition_allows_is_not_called_taken() {
    let counts = |run: &Run, rule: &str, source: &str| {
        let rules = run.summary["rules"].as_array().unwrap();
        let rule = rules.iter().find(|one| one["id"] == rule).unwrap();
        serde_json::from_value::<[u64; 3]>(rule["by_source"][source].clone()).unwrap()
    };
    let steps = (0..4).flat_map(|n| {
        let call =
            |second: u32, step: &str| line("", n * 10 + second, "anna", &format!("POST /orders/o{n}{step}"), 200);
        [call(0, ""), call(1, "/shipment")]
    });
    let log = Run::of("a.log", &steps.collect::<String>(), &parcels("res.total"));
    assert_eq!(
        counts(&log, "SEQ-SKIP", "combined"),
        [4, 0, 4],
        "whether the four went unchecked hangs on their totals"
    );
    assert_eq!(log.why("SEQ-SKIP"), "no bodies");
    assert_eq!(log.why("TX-MISMATCH"), "no bodies");
    // What the source shows decides.
    for (total, skipped) in [(50, 0), (500, 4)] {
        let archive = Run::of("a.har", &parcel_archive(4, total), &parcels("res.total"));
        assert_eq!(counts(&archive, "SEQ-SKIP", "har"), [8, skipped, 0], "{total}");
        assert_eq!((archive.why("SEQ-SKIP").as_str(), archive.found().len() as u64), ("", skipped));
    }
}

#[test]
fn a_misspelt_path_is_told_from_a_source_that_shows_nothing() {
    let run = Run::of("a.har", &parcel_archive(4, 500), &parcels("res.totl"));
    assert!(run.found().is_empty());
    assert!(run.warnings().contains("no `total` of order was seen at `res.totl` in 8 exchanges"), "{}", run.warnings());
    assert_eq!(run.why("SEQ-SKIP"), "order.total is not where the model looks for it");
    let right = Run::of("a.har", &parcel_archive(4, 500), &parcels("res.total"));
    assert_eq!((right.found().len(), right.warnings().as_str()), (4, "[]"));
}

#[test]
fn requests_whose_fields_have_other_names_are_not_passed_over_in_silence() {
    let model = r#"offpath: 1
workflow: {id: shop, version: 1}
objects: {order: {key: [path.order]}}
activities:
  create: {http: "POST /orders/{order}", object: order}
  ship:   {http: "POST /orders/{order}/ship", object: order}
lifecycles:
  order:
    states: {none: initial, new: {}, shipped: final}
    transitions: [{activity: create, from: none, to: new}, {activity: ship, from: new, to: shipped}]
"#;
    let one = |minute: u32, path: &str| json!({"time": format!("2026-03-01T10:{minute:02}:00Z"), "method": "POST", "path": path, "status": 200, "user": "u"});
    let read = [one(0, "/orders/1"), one(1, "/orders/1/ship")].map(|line| line.to_string()).join("\n") + "\n";
    let renamed = json!({"ts": "2026-03-01T10:02:00Z", "op_kind": "POST", "where": "/orders/2/ship", "rslt": "ok"});
    assert_eq!(Run::of("t.jsonl", &read, model).warnings(), "[]");
    let run = Run::of("t.jsonl", &format!("{read}{renamed}\n"), model);
    let told = run.warnings();
    for part in [
        "1 of 3 records",
        "1 of which hold a method: line 3",
        "op_kind",
        "--log-field method=op_kind --log-field path=where",
    ] {
        assert!(told.contains(part), "{told}");
    }
}
