//! Hops of one request count once, and requests that only look like hops never do; what one of two views shows alone is
//! told by the clock of both.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod support;

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};
use support::{code, lines, offpath, stderr, stdout, text, token};

const MODEL: &str = r#"
offpath: 1
workflow: {id: shop, version: 1}
objects: {order: {key: [path.order]}}
activities:
  create: {http: "POST /orders/{order}", object: order}
  pay:    {http: "POST /orders/{order}/pay", object: order}
  ship:   {http: "POST /orders/{order}/ship", object: order}
lifecycles:
  order:
    states: {none: initial, new: {}, paid: {}, shipped: final}
    transitions:
      - {activity: create, from: none, to: new}
      - {activity: pay, from: new, to: paid}
      - {activity: ship, from: paid, to: shipped}
"#;
const STEPS: [&str; 3] = ["", "/pay", "/ship"];

fn time(millis: u64) -> String {
    let start: jiff::Timestamp = "2026-03-01T10:00:00Z".parse().unwrap();
    // As many digits everywhere: they give the clock's tick.
    format!("{:.3}", start + jiff::SignedDuration::from_millis(i64::try_from(millis).unwrap()))
}

/// The address of a server, where an archive tells it.
fn address(host: &str) -> Option<&'static str> {
    match host {
        "edge.example" => Some("198.51.100.1"),
        "gateway.internal" => Some("10.0.0.2"),
        "orders.internal" => Some("10.0.0.3"),
        "other.example" => Some("198.51.100.4"),
        "a.example" => Some("198.51.100.5"),
        "b.example" => Some("198.51.100.6"),
        _ => None,
    }
}

/// One exchange of an archive.
#[derive(Clone)]
struct Asked<'a> {
    host: &'a str,
    /// Millisecond of its start, and how many it took.
    at: u64,
    took: u64,
    path: String,
    headers: Vec<(&'a str, String)>,
    body: &'a str,
    status: u16,
}

impl Asked<'_> {
    fn entry(&self) -> Value {
        let header = |(name, value): &(&str, String)| json!({"name": name, "value": value});
        let mut entry = json!({
            "startedDateTime": time(self.at),
            "time": self.took,
            "request": {
                "method": "POST", "url": format!("http://{}{}", self.host, self.path), "httpVersion": "HTTP/1.1",
                "headers": self.headers.iter().map(header).collect::<Vec<_>>(), "queryString": [], "cookies": [],
                "headersSize": -1, "bodySize": -1,
                "postData": {"mimeType": "application/json", "text": self.body},
            },
            "response": {
                "status": self.status, "statusText": "", "httpVersion": "HTTP/1.1", "headers": [], "cookies": [],
                "content": {"size": 2, "mimeType": "application/json", "text": "{}"}, "redirectURL": "",
                "headersSize": -1, "bodySize": -1,
            },
            "cache": {}, "timings": {"send": 1, "wait": 1, "receive": 1},
        });
        if let Some(address) = address(self.host) {
            entry["serverIPAddress"] = address.into();
        }
        entry
    }

    /// The same by a user.
    fn by(mut self, user: &str) -> Self {
        self.headers.retain(|(name, _)| *name != "Authorization");
        self.headers.push(credential(user));
        self
    }
}

fn credential(user: &str) -> (&'static str, String) {
    ("Authorization", format!("Bearer {}", token(&json!({"iss": "i", "sub": user}).to_string())))
}

/// Orders that go their way; each request is seen on these hosts, the outer one first, under one id.
fn orders<'a>(count: u64, hosts: &[&'a str], id: &'a str) -> Vec<Asked<'a>> {
    let mut all = Vec::new();
    for step in 0..count * 3 {
        let path = format!("/orders/{}{}", 7000 + step / 3, STEPS[usize::try_from(step % 3).unwrap()]);
        for (hop, host) in (0..).zip(hosts) {
            let value = match id {
                "traceparent" => format!("00-{:032x}-{:016x}-01", step + 1, step * 10 + hop + 1),
                _ => format!("request-{step}"),
            };
            let mut headers = vec![(id, value)];
            // Who asks is shown at the edge.
            if hop == 0 {
                headers.push(credential("u"));
            }
            all.push(Asked {
                host,
                at: step * 1000 + hop * 2,
                took: 40 - hop * 10,
                path: path.clone(),
                headers,
                body: "{}",
                status: 200,
            });
        }
    }
    all
}

fn archive<'a>(asked: impl IntoIterator<Item = &'a Asked<'a>>) -> String {
    entries(asked.into_iter().map(Asked::entry).collect())
}

fn entries(entries: Vec<Value>) -> String {
    support::archive::har(&entries)
}

/// What is found, and the record of the run.
struct Checked {
    folder: tempfile::TempDir,
    findings: Vec<Value>,
    run: Value,
    shown: String,
}

impl Checked {
    fn of(inputs: &[(&str, String)], extra: &[&str]) -> Self {
        Checked::by(MODEL, inputs, extra)
    }

    fn by(model: &str, inputs: &[(&str, String)], extra: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, content: &str| -> PathBuf {
            let path = folder.path().join(name);
            fs::write(&path, content).unwrap();
            path
        };
        let model = write("model.yaml", model);
        let inputs: Vec<PathBuf> = inputs.iter().map(|(name, content)| write(name, content)).collect();
        let run = folder.path().join("run");
        let mut args = vec!["check", "--exit-zero", "--model", model.to_str().unwrap(), "-o", run.to_str().unwrap()];
        args.extend(inputs.iter().map(|path| path.to_str().unwrap()));
        args.extend(extra);
        let output = offpath(&args);
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        let findings = lines(&run.join("findings.jsonl"));
        let record = serde_json::from_str(&fs::read_to_string(run.join("run.json")).unwrap()).unwrap();
        let shown = stdout(&output).split_whitespace().collect::<Vec<_>>().join(" ");
        Checked { findings, run: record, shown, folder }
    }

    /// Whether the same inputs come to the same events otherwise.
    fn is_same(&self, extra: &[&str]) -> bool {
        let path = |name: &str| self.folder.path().join(name).display().to_string();
        let (model, input, run) = (path("model.yaml"), path("a.har"), path("again"));
        let mut args = vec!["check", "--exit-zero", "--force", "-q", "--model", &model, "-o", &run, &input];
        args.extend(extra);
        let output = offpath(&args);
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        ["run.json", "findings.jsonl", "events/part-000.parquet"].into_iter().all(|name| {
            fs::read(path(&format!("run/{name}"))).unwrap() == fs::read(path(&format!("again/{name}"))).unwrap()
        })
    }

    fn archive<'a>(asked: impl IntoIterator<Item = &'a Asked<'a>>) -> Self {
        Checked::of(&[("a.har", archive(asked))], &[])
    }

    fn rules(&self) -> Vec<&str> {
        self.findings.iter().map(|finding| text(finding, "rule")).collect()
    }

    fn count(&self, rule: &str) -> usize {
        self.rules().into_iter().filter(|found| *found == rule).count()
    }

    fn warns(&self, of: &str) -> bool {
        self.run["warnings"].as_array().unwrap().iter().any(|warning| warning.as_str().unwrap().contains(of))
    }

    fn hops(&self) -> u64 {
        self.run["hops"].as_array().unwrap().iter().map(|hops| hops["exchanges"].as_u64().unwrap()).sum()
    }
}

#[test]
fn hops_of_one_request_are_one_exchange() {
    for id in ["traceparent", "X-Request-Id"] {
        for hosts in
            [&["edge.example", "orders.internal"][..], &["edge.example", "gateway.internal", "orders.internal"]]
        {
            let checked = Checked::archive(&orders(10, hosts, id));
            assert_eq!(checked.rules(), [""; 0], "{id} {hosts:?}");
            let inner = 30 * (hosts.len() as u64 - 1);
            assert_eq!((checked.hops(), checked.run["exchanges"].as_u64()), (inner, Some(30)), "{id}");
            assert!(checked.shown.contains(&format!("{inner} exchanges of")), "{}", checked.shown);
            assert!(checked.shown.contains("are inner hops of others: counted once"), "{}", checked.shown);
        }
    }
}

#[test]
fn neither_order_nor_threads_nor_memory_change_what_hops_are() {
    let in_turn = orders(10, &["edge.example", "orders.internal"], "traceparent");
    let mut apart: Vec<&Asked> = in_turn.iter().collect();
    apart.sort_by_key(|asked| (asked.host != "orders.internal", asked.at));
    let alone = Checked::archive(in_turn.iter().filter(|asked| asked.host == "edge.example"));
    let checked = Checked::archive(apart.iter().copied());
    assert_eq!((checked.rules(), checked.hops()), (alone.rules(), 30), "inner hops first");
    assert_eq!(checked.run["measures"], alone.run["measures"]);
    for extra in [&["--threads", "1"][..], &["--threads", "5"], &["--threads", "3", "--memory", "64K"]] {
        assert!(checked.is_same(extra), "{extra:?}");
    }
}

#[test]
fn who_is_told_only_behind_the_proxy_is_carried_out() {
    let mut asked = orders(10, &["edge.example", "orders.internal"], "traceparent");
    for pair in asked.chunks_mut(2) {
        let credential = pair[0].headers.pop().unwrap();
        pair[1].headers.push(credential);
    }
    let checked = Checked::archive(&asked);
    assert_eq!((checked.rules(), checked.hops()), (vec![], 30));
    let users = checked.run["actors"].to_string();
    assert!(!users.contains("addr:"), "{users}");
}

/// Orders of which the gateway gave up one payment, which the server behind it took: `late` milliseconds after that, or
/// before.
fn timed_out(late: i64) -> Vec<Asked<'static>> {
    let mut asked = orders(10, &["edge.example", "orders.internal"], "X-Request-Id");
    let paid = asked.iter().position(|asked| asked.path.ends_with("7003/pay")).unwrap();
    asked[paid].status = 504;
    asked[paid + 1].took = (38 + late).unsigned_abs();
    asked
}

#[test]
fn what_a_gateway_gave_up_and_the_server_took_is_one_exchange_that_is_left_open() {
    for late in [-5, 200] {
        let asked = timed_out(late);
        let checked = Checked::archive(&asked);
        assert_eq!((checked.rules(), checked.hops()), (vec![], 30), "{late}");
        assert_eq!(checked.run["exchanges"].as_u64(), Some(30));
        assert!(checked.warns("1 exchange of"), "{}", checked.run["warnings"]);
        assert!(checked.warns("answered inside, timed out outside"), "{}", checked.run["warnings"]);
        assert!(checked.is_same(&["--threads", "1"]) && checked.is_same(&["--threads", "3", "--memory", "64K"]));
        // The client asks again, under an id of that request.
        let paid = asked.iter().position(|asked| asked.status == 504).unwrap();
        let again = asked[paid..paid + 2].iter().map(|first| {
            let mut again = Asked { at: first.at + 300, took: 30 - (first.at % 10), status: 200, ..first.clone() };
            again
                .headers
                .iter_mut()
                .filter(|(name, _)| *name == "X-Request-Id")
                .for_each(|(_, id)| id.push_str("-again"));
            again
        });
        let retried: Vec<Asked> = asked.iter().cloned().chain(again).collect();
        let checked = Checked::archive(&retried);
        assert_eq!((checked.rules(), checked.hops()), (vec![], 31), "{late}");
    }
}

#[test]
fn what_begins_after_a_gateway_gave_up_is_another_exchange() {
    let mut asked = timed_out(0);
    let paid = asked.iter().position(|asked| asked.status == 504).unwrap();
    asked[paid + 1].at += 100;
    let checked = Checked::archive(&asked);
    assert_eq!((checked.hops(), checked.run["exchanges"].as_u64()), (29, Some(31)));
    assert!(!checked.warns("timed out outside"));
}

#[test]
fn a_replay_or_race_under_one_id_stays_two() {
    let hosts = ["edge.example", "orders.internal"];
    let again = |at: u64, host: &'static str, body: &'static str| {
        let mut asked = orders(10, &[host], "X-Request-Id");
        asked.retain(|asked| asked.path.ends_with("/pay"));
        asked.iter_mut().for_each(|asked| (asked.at, asked.took, asked.body) = (asked.at + at, 20, body));
        asked
    };
    let harmless = || orders(10, &hosts, "X-Request-Id");
    // (What else is sent, and what is found of it in each of ten orders.)
    for (more, rule) in [
        // One after the other, and at one time, at the edge.
        (again(300, "edge.example", "{}"), "SEQ-REPEAT"),
        (again(5, "edge.example", "{}"), "TX-RACE"),
        // Past the proxy, after the request that it passed on.
        (again(300, "orders.internal", "{}"), "SEQ-REPEAT"),
        // At another name of the edge, which is asked for other things too, and with other content.
        (again(5, "other.example", "{\"n\":2}"), "TX-RACE"),
    ] {
        let mut asked = harmless();
        asked.extend(more);
        let checked = Checked::archive(&asked);
        assert_eq!(checked.hops(), 30, "{rule}");
        let found: std::collections::BTreeSet<&str> =
            checked.findings.iter().map(|f| text(&f["object"], "id")).collect();
        assert_eq!(found.len(), 10, "{:?}", checked.rules());
        assert!(checked.rules().contains(&rule), "{rule}: {:?}", checked.rules());
    }
}

#[test]
fn another_name_of_a_server_is_no_proxy_because_of_an_id() {
    let mut asked = orders(10, &["a.example"], "X-Request-Id");
    let mut others = orders(30, &["b.example"], "X-Request-Id");
    for (n, other) in others.iter_mut().enumerate() {
        if n < 30 && other.path.ends_with("/pay") {
            other.at += 5;
            other.took = 20;
        } else {
            // What b.example is asked for else, without ids or with its own.
            other.path = other.path.replace("/orders/7", "/orders/8");
            other.headers.retain(|(name, _)| n % 2 == 0 || *name != "X-Request-Id");
            other.headers.iter_mut().filter(|(name, _)| *name == "X-Request-Id").for_each(|(_, id)| id.push('b'));
        }
    }
    asked.extend(others);
    let checked = Checked::archive(&asked);
    assert_eq!(checked.hops(), 0);
    assert_eq!(checked.rules().iter().filter(|rule| **rule == "TX-RACE").count(), 10, "{:?}", checked.rules());
}

/// Orders that go their way at one host, and what is paid again at the same time at another, under the same id.
fn races<'a>(count: u64, host: &'a str, other: &'a str, user: &str) -> Vec<Asked<'a>> {
    let mut all = orders(count, &[host], "X-Request-Id");
    let again = orders(count, &[other], "X-Request-Id").into_iter().filter(|asked| asked.path.ends_with("/pay"));
    all.extend(again.map(|asked| Asked { at: asked.at + 5, took: 20, ..asked.by(user) }));
    all
}

#[test]
fn a_host_that_a_client_chooses_hides_no_race() {
    for user in ["u", "bob"] {
        let control = Checked::archive(&races(10, "www.example", "www.example", user));
        assert_eq!((control.count("TX-RACE"), control.hops()), (10, 0));
        let checked = Checked::archive(&races(10, "www.example", "evil.example", user));
        assert_eq!((checked.count("TX-RACE"), checked.hops()), (10, 0), "{user}");
        let said = if user == "u" { "hosts alone do not prove" } else { "but for another user" };
        assert!(checked.warns(said), "{}", checked.run["warnings"]);
        assert!(checked.findings.iter().all(|finding| finding["confidence"] == 1.0), "most is asked of one host only");
    }
}

#[test]
fn what_only_hosts_tell_is_for_review() {
    let checked = Checked::archive(&orders(10, &["shop.example", "orders.example"], "X-Request-Id"));
    assert_eq!((checked.hops(), checked.count("TX-RACE")), (0, 30));
    assert!(checked.findings.iter().all(|finding| finding["confidence"] == 0.4), "{:?}", checked.findings[0]["terms"]);
    // Another step that is wrong is as sure as ever.
    let mut unpaid = orders(10, &["shop.example", "orders.example"], "X-Request-Id");
    unpaid.retain(|asked| asked.path != "/orders/7004/pay");
    let checked = Checked::archive(&unpaid);
    let skipped: Vec<&Value> = checked.findings.iter().filter(|finding| finding["rule"] == "SEQ-SKIP").collect();
    assert!(!skipped.is_empty() && skipped.iter().all(|finding| finding["confidence"] == 1.0), "{skipped:?}");
}

/// Spans of a shop's gateway, of its calls, and of the service that these reach, in a collector's form.
fn spans(local: bool, child: impl Fn(u64) -> u64) -> String {
    let attribute = |(key, value): (&str, Value)| json!({"key": key, "value": value});
    let mut groups = [Vec::new(), Vec::new()];
    for step in 0..30_u64 {
        let path = format!("/orders/{}{}", 7000 + step / 3, STEPS[usize::try_from(step % 3).unwrap()]);
        let span = |kind: u64, [id, parent]: [u64; 2], after: u64, took: u64, host: &str, address: &str| {
            let at = (1_772_359_200_000 + step * 1000 + after) * 1_000_000;
            let mut attributes = vec![
                attribute(("http.request.method", json!({"stringValue": "POST"}))),
                attribute(("url.path", json!({"stringValue": path}))),
                attribute(("http.response.status_code", json!({"intValue": "200"}))),
                attribute(("server.address", json!({"stringValue": host}))),
                attribute(("server.port", json!({"intValue": "8080"}))),
            ];
            if local {
                attributes.push(attribute(("network.local.address", json!({"stringValue": address}))));
            }
            json!({
                "traceId": format!("{:032x}", step + 1), "spanId": format!("{id:016x}"),
                "parentSpanId": if parent == 0 { String::new() } else { format!("{parent:016x}") },
                "kind": kind, "startTimeUnixNano": at.to_string(),
                "endTimeUnixNano": (at + took * 1_000_000).to_string(), "attributes": attributes,
            })
        };
        let [server, client] = [1000 + step, 2000 + step];
        groups[0].push(span(3, [client, server], 1, 36, "orders", "10.0.0.2"));
        groups[0].push(span(2, [server, 0], 0, 40, "shop.example", "10.0.0.2"));
        groups[1].push(span(2, [3000 + step, child(client)], 2, 30, "orders", "10.0.0.3"));
    }
    let group = |spans: Vec<Value>| json!({"resource": {"attributes": []}, "scopeSpans": [{"spans": spans}]});
    json!({"resourceSpans": groups.map(group)}).to_string()
}

#[test]
fn spans_that_lie_in_each_other_are_hops() {
    let checked = |local: bool, child: fn(u64) -> u64| Checked::of(&[("a.json", spans(local, child))], &[]);
    let linked = checked(false, |client| client);
    assert_eq!((linked.rules(), linked.hops()), (vec![], 30), "by the chain of their parents");
    let addressed = checked(true, |_| 0);
    assert_eq!((addressed.rules(), addressed.hops()), (vec![], 30), "by the addresses of the servers");
    let apart = checked(false, |_| 7);
    assert_eq!((apart.count("TX-RACE"), apart.hops()), (30, 0));
    assert!(apart.findings.iter().all(|finding| finding["confidence"] == 0.4), "by nothing but hosts");
}

/// A header that shows a user's credential.
type Shown = fn(&str) -> (&'static str, String);

#[test]
fn credentials_that_name_nobody_tell_users_apart_too() {
    let shown: [Shown; 3] = [
        |user| ("Cookie", format!("sid={user}FFFFEEEEDDDDCCCC1AA")),
        |user| ("Authorization", format!("Bearer {user}FFFFEEEEDDDDCCCC1AA99")),
        |user| ("X-Api-Key", format!("{user}FFFFEEEEDDDDCCCC1AA99")),
    ];
    for show in shown {
        let check = |user: &str| {
            let mut all = races(10, "a.example", "b.example", user);
            all.retain(|asked| asked.path.ends_with("/pay"));
            for asked in &mut all {
                asked.headers.retain(|(name, _)| *name != "Authorization");
                asked.headers.push(show(if asked.host == "a.example" { "u" } else { user }));
            }
            Checked::archive(&all)
        };
        let (one, two) = (check("u"), check("bob"));
        assert_eq!((one.count("TX-RACE"), one.hops()), (0, 10), "a proxy that passes them on");
        assert_eq!((two.count("TX-RACE"), two.hops()), (10, 0), "{:?}", show("bob").0);
        assert!(two.warns("but for another user"), "{}", two.run["warnings"]);
    }
}

#[test]
fn a_proxy_passes_a_request_on_to_one_server() {
    // What the edge passes on is paid again at a server that nobody else asks.
    let mut asked = orders(20, &["edge.example", "orders.internal"], "X-Request-Id");
    let again = orders(8, &["other.example"], "X-Request-Id").into_iter().filter(|asked| asked.path.ends_with("/pay"));
    asked.extend(again.map(|asked| Asked { at: asked.at + 5, took: 20, ..asked }));
    let checked = Checked::archive(&asked);
    assert_eq!((checked.count("TX-RACE"), checked.hops()), (8, 60), "{:?}", checked.rules());
    assert!(checked.findings.iter().all(|finding| finding["confidence"] == 1.0));
}

/// Refunds that one person asks for and another approves, or the same one does.
const REFUND_MODEL: &str = r#"
offpath: 1
workflow: {id: refunds, version: 1}
objects: {refund: {key: [path.refund]}}
activities:
  request: {http: "POST /refunds/{refund}", object: refund}
  approve: {http: "POST /refunds/{refund}/approve", object: refund}
constraints:
  - {id: four-eyes, distinct_persons: [request, approve], per: refund}
"#;

#[test]
fn the_account_of_a_gateway_stands_for_no_session() {
    let cookie = |user: &str| ("Cookie", format!("sid={user}FFFFEEEEDDDDCCCC1"));
    let check = |approves: &str, inner: Option<(&'static str, String)>, bodied: bool| {
        let mut archived = Vec::new();
        for (n, user) in (0..).zip(["anna", "bert"]) {
            let login = Asked {
                host: "edge.example",
                at: n * 500,
                took: 10,
                path: "/api/login".to_owned(),
                headers: Vec::new(),
                status: 200,
                body: if user == "anna" {
                    r#"{"username":"anna","password":"x"}"#
                } else {
                    r#"{"username":"bert","password":"x"}"#
                },
            };
            let mut entry = login.entry();
            entry["response"]["content"]["text"] = json!({"user": {"id": user}}).to_string().into();
            entry["response"]["headers"] = json!([{"name": "Set-Cookie", "value": cookie(user).1}]);
            archived.push(entry);
        }
        for n in 0..20_u64 {
            let (step, user) = if n % 2 == 0 { ("", "anna") } else { ("/approve", approves) };
            let (at, path) = (2000 + n * 1000, format!("/refunds/{}{step}", 70 + n / 2));
            let headers = vec![("X-Request-Id", format!("r{n}")), cookie(user)];
            let outer = Asked { host: "edge.example", at, took: 40, path, headers, body: "{}", status: 200 };
            let mut entry = outer.entry();
            if !bodied {
                entry["request"].as_object_mut().unwrap().remove("postData");
                entry["request"]["bodySize"] = 2.into();
            }
            archived.push(entry);
            if let Some(credential) = &inner {
                let mut inner = Asked { host: "orders.internal", at: at + 2, took: 30, ..outer };
                inner.headers[1] = credential.clone();
                archived.push(inner.entry());
            }
        }
        Checked::by(REFUND_MODEL, &[("a.har", entries(archived))], &[])
    };
    assert_eq!(check("anna", None, true).count("SOD"), 10);
    let key = ("X-Api-Key", "gatewayFFFFEEEEDDDDCCCC1AA99".to_owned());
    for account in [credential("gateway"), key] {
        // Which of the two is kept makes no difference.
        for bodied in [true, false] {
            let own = check("anna", Some(account.clone()), bodied);
            assert_eq!((own.count("SOD"), own.hops()), (10, 20), "{} {bodied}", account.0);
            assert!(own.findings.iter().all(|finding| finding["actor"]["principal"] == "anna"));
            assert_eq!(check("bert", Some(account.clone()), bodied).count("SOD"), 0, "{} {bodied}", account.0);
        }
    }
}

#[test]
fn another_user_is_another_request_at_any_server() {
    // Nobody else asks either server, and each request of the one lies in one of the other.
    let all = orders(10, &["a.example"], "X-Request-Id").into_iter();
    let outer: Vec<Asked> = all.filter(|asked| asked.path.ends_with("/pay")).collect();
    let inner = |user: &str| -> Vec<Asked> {
        let inside = |asked: Asked<'static>| Asked { host: "b.example", at: asked.at + 5, took: 20, ..asked.by(user) };
        orders(10, &["b.example"], "X-Request-Id")
            .into_iter()
            .filter(|a| a.path.ends_with("/pay"))
            .map(inside)
            .collect()
    };
    let check = |user: &str| Checked::archive(outer.iter().chain(&inner(user)));
    assert_eq!((check("u").hops(), check("u").count("TX-RACE")), (10, 0), "a proxy that passes the user on");
    let checked = check("bob");
    assert_eq!((checked.hops(), checked.count("TX-RACE")), (0, 10), "{:?}", checked.rules());
    assert!(checked.warns("10 exchanges of"), "{}", checked.run["warnings"]);
}

#[test]
fn what_a_second_user_did_under_the_ids_of_others_is_told() {
    let mut asked = orders(10, &["a.example"], "X-Request-Id");
    let again = orders(10, &["b.example"], "X-Request-Id").into_iter().filter(|asked| asked.path.ends_with("/ship"));
    asked.extend(again.map(|asked| Asked { at: asked.at + 5, took: 20, ..asked.by("bob") }));
    let checked = Checked::archive(&asked);
    assert_eq!((checked.hops(), checked.count("TX-RACE")), (0, 10));
    let told = serde_json::to_string(&checked.findings).unwrap();
    assert!(told.contains("bob"), "{told}");
}

#[test]
fn the_account_of_a_gateway_is_no_second_user() {
    let gateway = |users: u64| {
        let mut asked = orders(10, &["edge.example", "orders.internal"], "X-Request-Id");
        for (n, pair) in (0..).zip(asked.chunks_mut(2)) {
            pair[0] = pair[0].clone().by(&format!("u{}", n / 3 % users));
            pair[1] = pair[1].clone().by("gateway");
        }
        Checked::archive(&asked)
    };
    let checked = gateway(10);
    assert_eq!((checked.rules(), checked.hops()), (vec![], 30));
    assert_eq!(checked.run["actors"][0]["principals"], 10, "{}", checked.run["actors"]);
    assert!(checked.warns("name another user than the outermost"), "{}", checked.run["warnings"]);
    assert_eq!(gateway(2).hops(), 0, "one user inside for two outside proves nothing");
}

#[test]
fn what_a_server_is_asked_without_ids_counts() {
    let mut asked = races(10, "a.example", "b.example", "u");
    asked.retain(|asked| asked.path.ends_with("/pay"));
    assert_eq!(Checked::archive(&asked).hops(), 10);
    let mut archived: Vec<Value> = asked.iter().map(Asked::entry).collect();
    for n in 0..11 {
        let read = Asked { at: 50_000 + n * 100, headers: vec![credential("carl")], ..asked[10].clone() };
        assert_eq!(read.host, "b.example");
        let mut entry = read.entry();
        entry["request"]["method"] = "GET".into();
        archived.push(entry);
    }
    let checked = Checked::of(&[("a.har", entries(archived))], &[]);
    assert_eq!((checked.hops(), checked.count("TX-RACE")), (0, 10), "{:?}", checked.rules());
}

/// A line of a log that tells the server's address, of an order's step.
fn logged(at: u64, took: u64, order: u64, step: &str, client: &str, server: &str, id: &str) -> String {
    json!({
        "time": time(at), "duration_ms": took, "method": "POST", "path": format!("/orders/{order}{step}"), "status": 200,
        "host": "shop.example", "remote_addr": client, "user": "u", "request_id": id, "server_ip": server,
        "server_port": 80,
    })
    .to_string()
}

#[test]
fn an_address_that_a_client_writes_is_no_proxy() {
    // Two replicas share the traffic; the log takes the client's address from X-Forwarded-For.
    let replicas = ["10.0.0.2", "10.0.0.3"];
    let raced = |client: &str| {
        let mut log = Vec::new();
        for n in 0..30_u64 {
            for (place, step) in (0..).zip(STEPS) {
                let server = replicas[usize::try_from((n + place) % 2).unwrap()];
                log.push(logged(n * 5000 + place * 1000, 40, n, step, "203.0.113.8", server, &format!("{n}-{place}")));
            }
        }
        for (place, step) in (0..).zip(STEPS) {
            let at = 200_000 + place * 1000;
            log.push(logged(at, 40, 99, step, "203.0.113.8", replicas[0], &format!("q{place}")));
            if step == "/pay" {
                log.push(logged(at + 5, 20, 99, step, client, replicas[1], &format!("q{place}")));
            }
        }
        Checked::of(&[("a.jsonl", log.join("\n"))], &[])
    };
    for client in ["203.0.113.9", replicas[0]] {
        let checked = raced(client);
        assert_eq!((checked.hops(), checked.rules()), (0, vec!["TX-RACE"]), "{client}");
    }
}

#[test]
fn where_nothing_tells_which_is_the_outer_one_both_stay_under_any_key() {
    let log: Vec<String> = (0..10_u64)
        .flat_map(|n| ["10.0.0.2", "10.0.0.3"].map(|server| (n, server)))
        .flat_map(|(n, server)| ["", "/ship"].map(|step| (n, server, step)))
        .map(|(n, server, step)| {
            let at = n * 5000 + if step.is_empty() { 0 } else { 2000 };
            let mut line: Value =
                serde_json::from_str(&logged(at, 0, n, step, "203.0.113.8", server, &format!("{n}{step}"))).unwrap();
            // Whole seconds, and no durations.
            line["time"] = text(&line, "time").replace(".000Z", "Z").into();
            line.as_object_mut().unwrap().remove("duration_ms");
            line.to_string()
        })
        .collect();
    let keys = tempfile::tempdir().unwrap();
    for n in 0..6_u8 {
        let key = keys.path().join(format!("key{n}"));
        fs::write(&key, format!("{n}").repeat(64)).unwrap();
        let checked = Checked::of(&[("a.jsonl", log.join("\n"))], &["--hash-key", key.to_str().unwrap()]);
        assert_eq!((checked.hops(), checked.run["exchanges"].as_u64()), (0, Some(40)), "{n}");
    }
}

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

#[test]
fn a_state_that_only_one_view_has_is_no_less_proof() {
    let model = MODEL.replace("{key: [path.order]}", "{key: [path.order], state: res.state}");
    let asked = without(&orders(12, &["shop.example"], "X-Request-Id"), "/orders/7005/pay");
    let state = |asked: &Asked| match asked.path.split('/').nth(3) {
        Some("pay") => json!({"state": "paid"}),
        Some(_) => json!({"state": "shipped"}),
        None => json!({"state": "new"}),
    };
    let line = |asked: &Asked| {
        json!({
            "time": time(asked.at), "remote_addr": "10.0.0.7", "user": "u", "method": "POST", "path": asked.path,
            "status": 200, "request_id": asked.headers[0].1, "duration_ms": 40, "response_body": state(asked),
        })
        .to_string()
    };
    let log = asked.iter().map(line).collect::<Vec<_>>().join("\n");
    let found = [true, false].map(|answered| {
        let entry = |asked: &Asked| {
            let mut entry = asked.entry();
            entry["response"]["content"]["text"] = state(asked).to_string().into();
            if !answered && asked.path == "/orders/7005/ship" {
                entry["response"]["status"] = 0.into();
                entry["response"]["content"] = json!({"size": 0});
            }
            entry
        };
        let archived = entries(asked.iter().map(entry).collect());
        let checked = Checked::by(&model, &[("a.har", archived), ("b.jsonl", log.clone())], &[]);
        assert_eq!(checked.rules(), ["SEQ-SKIP"], "{answered}");
        ["severity", "verdict", "confidence"].map(|name| checked.findings[0][name].clone())
    });
    assert_eq!(found[0], found[1]);
    assert_eq!(found[0][1], "proven");
}

/// All but one step.
fn without<'a>(asked: &[Asked<'a>], path: &str) -> Vec<Asked<'a>> {
    asked.iter().filter(|asked| asked.path != path).cloned().collect()
}

/// A log's line of the `n`th step, by a clock that is behind.
fn line(n: u64, behind: u64) -> String {
    let step = usize::try_from(n % 3).unwrap();
    json!({
        "time": time(n * 5000 + 600_000 - behind), "remote_addr": "10.0.0.7", "user": "u", "method": "POST",
        "path": format!("/orders/{}{}", 7000 + n / 3, STEPS[step]), "status": 200, "request_id": format!("rid-{n}"),
        "duration_ms": 5,
    })
    .to_string()
}

/// The steps of an archive that does not show that orders are paid.
fn without_payments(count: u64, behind: u64) -> [(&'static str, String); 2] {
    let shown = |n: &u64| n % 3 != 1;
    let asked: Vec<Asked> = (0..count)
        .filter(shown)
        .map(|n| Asked {
            host: "shop.example",
            at: n * 5000 + 600_000,
            took: 5,
            path: format!("/orders/{}{}", 7000 + n / 3, STEPS[usize::try_from(n % 3).unwrap()]),
            headers: vec![("X-Request-Id", format!("rid-{n}")), credential("u")],
            body: "{}",
            status: 200,
        })
        .collect();
    let log: Vec<String> = (0..count).map(|n| line(n, behind)).collect();
    [("a.har", archive(&asked)), ("b.jsonl", log.join("\n"))]
}

#[test]
fn what_only_the_poorer_view_shows_is_told_by_the_clock_of_the_richer() {
    let right = Checked::of(&without_payments(90, 0), &[]);
    assert_eq!(right.rules(), [""; 0]);
    assert_eq!(right.run["clocks"], json!([]), "a clock that is right stays");
    assert!(!right.shown.contains("Clocks"), "{}", right.shown);

    let behind = Checked::of(&without_payments(90, 60_000), &[]);
    assert_eq!(behind.rules(), [""; 0]);
    let clock = &behind.run["clocks"][0];
    assert_eq!(behind.run["clocks"].as_array().unwrap().len(), 1);
    let moved = clock["moved_us"].as_i64().unwrap();
    assert!((moved - 60_000_000).abs() < 100_000, "{moved}");
    assert_eq!(clock["shown_by"], 60);
    assert!(clock["input"].as_str().unwrap().ends_with("b.jsonl") && clock["of"].as_str().unwrap().ends_with("a.har"));
    assert!(behind.shown.contains("behind"), "{}", behind.shown);
    // The period is that of the clock that counts.
    let late = Checked::of(&without_payments(90, 60_000), &["--from", "2026-03-01T10:10:00Z"]);
    assert_eq!(late.run["events"], behind.run["events"]);
}

#[test]
fn a_payment_that_comes_late_by_the_clock_of_both_is_found() {
    // The log is right about it: orders are paid after they are shipped.
    let [har, (name, log)] = without_payments(90, 60_000);
    let late = |line: &str| {
        let mut line: Value = serde_json::from_str(line).unwrap();
        if text(&line, "path").ends_with("/pay") {
            let time: jiff::Timestamp = text(&line, "time").parse().unwrap();
            line["time"] = format!("{:.3}", time + jiff::SignedDuration::from_secs(12)).into();
        }
        line.to_string()
    };
    let log: Vec<String> = log.lines().map(late).collect();
    let checked = Checked::of(&[har, (name, log.join("\n"))], &[]);
    assert!(checked.findings.len() >= 30, "{:?}", checked.rules());
}

#[test]
fn inputs_that_are_no_views_keep_their_clocks() {
    let [har, (name, log)] = without_payments(90, 60_000);
    let other = log.replace("rid-", "other-");
    let checked = Checked::of(&[har, (name, other)], &[]);
    assert_eq!(checked.run["clocks"], json!([]));
}
