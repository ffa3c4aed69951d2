//! Hops of which one shows what the other does not.

use super::*;

/// The same workflow, of which each request names the order in its body.
const BODY_MODEL: &str = r#"
offpath: 1
workflow: {id: shop, version: 1}
objects: {order: {key: [req.order]}}
activities:
  create: {http: "POST /create", object: order}
  pay:    {http: "POST /pay", object: order}
  ship:   {http: "POST /ship", object: order}
lifecycles:
  order:
    states: {none: initial, new: {}, paid: {}, shipped: final}
    transitions:
      - {activity: create, from: none, to: new}
      - {activity: pay, from: new, to: paid}
      - {activity: ship, from: paid, to: shipped}
"#;
const BODIES: [&str; 8] = [
    r#"{"order":"a"}"#,
    r#"{"order":"b"}"#,
    r#"{"order":"c"}"#,
    r#"{"order":"d"}"#,
    r#"{"order":"e"}"#,
    r#"{"order":"f"}"#,
    r#"{"order":"g"}"#,
    r#"{"order":"h"}"#,
];
const BODY_STEPS: [&str; 3] = ["/create", "/pay", "/ship"];

/// Orders by their bodies, of which some are not paid.
fn in_bodies(count: u64, unpaid: &[u64]) -> Vec<Asked<'static>> {
    let steps = (0..count).flat_map(|n| (0..3_u64).map(move |step| (n, step)));
    steps
        .filter(|(n, step)| *step != 1 || !unpaid.contains(n))
        .map(|(n, step)| Asked {
            host: "edge.example",
            at: 600_000 + n * 5000 + step * 1000,
            took: 40,
            path: BODY_STEPS[usize::try_from(step).unwrap()].to_owned(),
            headers: vec![("X-Request-Id", format!("rid-{n}-{step}")), credential("u")],
            body: BODIES[usize::try_from(n).unwrap()],
            status: 200,
        })
        .collect()
}

#[test]
fn a_body_that_only_an_inner_hop_shows_is_judged_for_who_asked_at_the_edge() {
    let shown = |edge: bool| {
        let mut archived = Vec::new();
        for outer in in_bodies(4, &[0, 1, 2, 3]) {
            let mut inner = Asked { host: "orders.internal", at: outer.at + 5, took: 20, ..outer.clone() };
            inner.headers.truncate(1);
            let mut entry = outer.entry();
            if !edge {
                entry["request"].as_object_mut().unwrap().remove("postData");
                entry["request"]["bodySize"] = 13.into();
                entry["request"]["headers"]
                    .as_array_mut()
                    .unwrap()
                    .push(json!({"name": "Content-Length", "value": "13"}));
            }
            archived.extend([entry, inner.entry()]);
        }
        Checked::by(BODY_MODEL, &[("a.har", entries(archived))], &[])
    };
    let (whole, bodiless) = (shown(true), shown(false));
    for checked in [&whole, &bodiless] {
        assert_eq!((checked.hops(), checked.rules()), (8, vec!["SEQ-SKIP"; 4]));
    }
    for (one, other) in whole.findings.iter().zip(&bodiless.findings) {
        assert_eq!((&one["time"], &one["object"]), (&other["time"], &other["object"]));
        assert_eq!(one["actor"]["principal"], other["actor"]["principal"]);
    }
    assert_eq!(whole.run["window"], bodiless.run["window"], "by the edge's time");
    assert_eq!(whole.run["actors"], bodiless.run["actors"]);
}

#[test]
fn who_drops_the_connection_does_not_hide_what_was_asked() {
    let asked = in_bodies(8, &[3]);
    let line = |asked: &Asked| {
        json!({
            "time": time(asked.at), "remote_addr": "10.0.0.7", "user": "u", "method": "POST", "path": asked.path,
            "status": 200, "request_id": asked.headers[0].1, "duration_ms": 40,
        })
        .to_string()
    };
    let log: Vec<String> = asked.iter().map(line).collect();
    for status in [200, 0] {
        let answered = |asked: &Asked| {
            let mut entry = asked.entry();
            if asked.path == "/ship" && asked.body == BODIES[3] {
                entry["response"]["status"] = status.into();
            }
            entry
        };
        let archived = entries(asked.iter().map(answered).collect());
        let checked = Checked::by(BODY_MODEL, &[("a.har", archived), ("b.jsonl", log.join("\n"))], &[]);
        assert_eq!(checked.run["twice"][0]["exchanges"], 23, "{status}");
        assert_eq!(checked.rules(), ["SEQ-SKIP"], "{status}");
        // What the log alone saw of it.
        let evidence = checked.findings[0]["evidence"].as_array().unwrap();
        assert_eq!(evidence.last().unwrap()["status"], 200, "{status}");
        assert_eq!(checked.findings[0]["verdict"], "accepted", "{status}");
    }
}
