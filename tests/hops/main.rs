//! Hops of one request count once, and requests that only look like hops never do; what one of two views shows alone is
//! told by the clock of both.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

#[path = "../support/mod.rs"]
mod support;

mod bodies;
mod given_up;
mod users;
mod views;

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
                "b3" => format!("{:016x}-{:016x}-1", step + 1, step * 10 + hop + 1),
                "X-B3-TraceId" => format!("{:032x}", step + 1),
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
    for id in ["traceparent", "b3", "X-B3-TraceId", "X-Request-Id"] {
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
fn a_trace_that_changes_its_header_on_the_way_is_one_and_one_of_two_users_or_contents_is_not() {
    let hosts = ["edge.example", "orders.internal"];
    let mixed = |change: fn(usize, &mut Asked<'_>)| {
        let mut asked = orders(10, &hosts, "traceparent");
        for (n, pair) in asked.chunks_mut(2).enumerate() {
            // A mesh that writes B3 behind an edge that writes the W3C's.
            pair[1].headers[0] = ("b3", format!("{:016x}-{:016x}-1", n + 1, n * 10 + 7));
            change(n, &mut pair[1]);
        }
        Checked::archive(&asked).hops()
    };
    assert_eq!(mixed(|_, _| ()), 30);
    assert_eq!(mixed(|_, inner| inner.headers.push(credential("another"))), 0, "whoever chose that trace");
    assert_eq!(mixed(|_, inner| inner.body = "{\"amount\":1}"), 0);
    assert_eq!(mixed(|n, inner| inner.headers[0].1 = format!("{:016x}-{:016x}-1", n + 900, 7)), 0);
}

#[test]
fn a_trace_that_only_an_mcp_call_tells_is_one() {
    const META: &str = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"pay","arguments":{},"_meta":{"traceparent":"00-TRACE-00f067aa0ba902b7-01"}}}"#;
    let bodies: Vec<String> = (1..=30).map(|n| META.replace("TRACE", &format!("{n:032x}"))).collect();
    let mut asked = orders(10, &["edge.example", "orders.internal"], "X-Other");
    for (pair, body) in asked.chunks_mut(2).zip(&bodies) {
        pair.iter_mut().for_each(|asked| asked.body = body);
        pair[1].headers.clear();
    }
    assert_eq!(Checked::archive(&asked).hops(), 30);
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
fn a_proxy_passes_a_request_on_to_one_server() {
    // What the edge passes on is paid again at a server that nobody else asks.
    let mut asked = orders(20, &["edge.example", "orders.internal"], "X-Request-Id");
    let again = orders(8, &["other.example"], "X-Request-Id").into_iter().filter(|asked| asked.path.ends_with("/pay"));
    asked.extend(again.map(|asked| Asked { at: asked.at + 5, took: 20, ..asked }));
    let checked = Checked::archive(&asked);
    assert_eq!((checked.count("TX-RACE"), checked.hops()), (8, 60), "{:?}", checked.rules());
    assert!(checked.findings.iter().all(|finding| finding["confidence"] == 1.0));
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
