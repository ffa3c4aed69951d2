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

/// One exchange of an archive.
struct Asked<'a> {
    host: &'a str,
    /// Millisecond of its start, and how many it took.
    at: u64,
    took: u64,
    path: String,
    headers: Vec<(&'a str, String)>,
    body: &'a str,
}

impl Asked<'_> {
    fn entry(&self) -> Value {
        let header = |(name, value): &(&str, String)| json!({"name": name, "value": value});
        json!({
            "startedDateTime": time(self.at),
            "time": self.took,
            "request": {
                "method": "POST", "url": format!("http://{}{}", self.host, self.path), "httpVersion": "HTTP/1.1",
                "headers": self.headers.iter().map(header).collect::<Vec<_>>(), "queryString": [], "cookies": [],
                "headersSize": -1, "bodySize": -1,
                "postData": {"mimeType": "application/json", "text": self.body},
            },
            "response": {
                "status": 200, "statusText": "", "httpVersion": "HTTP/1.1", "headers": [], "cookies": [],
                "content": {"size": 2, "mimeType": "application/json", "text": "{}"}, "redirectURL": "",
                "headersSize": -1, "bodySize": -1,
            },
            "cache": {}, "timings": {"send": 1, "wait": 1, "receive": 1},
        })
    }
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
                headers.push(("Authorization", format!("Bearer {}", token(r#"{"iss":"i","sub":"u"}"#))));
            }
            all.push(Asked {
                host,
                at: step * 1000 + hop * 2,
                took: 40 - hop * 10,
                path: path.clone(),
                headers,
                body: "{}",
            });
        }
    }
    all
}

fn archive<'a>(asked: impl IntoIterator<Item = &'a Asked<'a>>) -> String {
    support::archive::har(&asked.into_iter().map(Asked::entry).collect::<Vec<_>>())
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
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, content: &str| -> PathBuf {
            let path = folder.path().join(name);
            fs::write(&path, content).unwrap();
            path
        };
        let model = write("model.yaml", MODEL);
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
            headers: vec![
                ("X-Request-Id", format!("rid-{n}")),
                ("Authorization", format!("Bearer {}", token(r#"{"iss":"i","sub":"u"}"#))),
            ],
            body: "{}",
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
