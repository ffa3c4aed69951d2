//! A step that lies where the capture was blind is not called skipped; one that cannot have lain there is.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod support;

use std::fs;

use serde_json::{Value, json};
use support::{code, lines, object, offpath, stderr, stdout, text};

const MODEL: &str = r#"
offpath: 1
workflow: {id: shop, version: 1}
objects:
  order: {key: [path.orderId, res.id]}
activities:
  create: {http: POST /orders, object: order}
  pay:    {http: "POST /orders/{orderId}/pay", object: order}
  ship:   {http: "POST /orders/{orderId}/ship", object: order}
lifecycles:
  order:
    states: {new: {initial: true}, open: {}, paid: {}, shipped: {final: true, restricted: true}}
    transitions:
      - {activity: create, from: new, to: open}
      - {activity: pay, from: open, to: paid}
      - {activity: ship, from: paid, to: shipped}
"#;

/// Server of the shop, another one of its own, and one of something else: last byte of the address, port, host.
const SHOP: (u8, u16, &str) = (2, 8080, "shop.test");
const TWIN: (u8, u16, &str) = (3, 8080, "shop.test");
const METRICS: (u8, u16, &str) = (4, 9090, "metrics.test");

/// What happens to the packet of a request.
#[derive(Clone, Copy, PartialEq)]
enum Fate {
    Captured,
    Lost,
}
use Fate::{Captured, Lost};

/// A capture of calls, each on a connection of its own.
#[derive(Default)]
struct Capture {
    packets: Vec<(i64, Vec<u8>)>,
    calls: u16,
}

impl Capture {
    /// A call at a second: its request may not have been captured, its answer was.
    fn call(&mut self, second: i64, server: (u8, u16, &str), request: &str, fate: Fate) -> &mut Self {
        let (address, port, host) = server;
        let client = 20_000 + self.calls;
        self.calls += 1;
        let body = match request.strip_prefix("POST /orders ") {
            Some(id) => format!("{{\"id\": \"{id}\"}}"),
            None => "{}".to_owned(),
        };
        let request = request.split_whitespace().take(2).collect::<Vec<_>>().join(" ");
        let ask = format!("{request} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 0\r\n\r\n");
        let answer = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let (asked, answered) = (101 + ask.len() as u32, 901 + answer.len() as u32);
        let mut packet = |micros: i64, sent: bool, flags: u8, seq: u32, ack: u32, text: &str| {
            let ends = if sent { ((1, client), (address, port)) } else { ((address, port), (1, client)) };
            self.packets.push((second * 1_000_000 + micros, segment(ends, flags, seq, ack, text.as_bytes())));
        };
        packet(0, true, 2, 100, 0, "");
        packet(100, false, 18, 900, 101, "");
        packet(200, true, 16, 101, 901, "");
        if fate == Captured {
            packet(300, true, 24, 101, 901, &ask);
        }
        packet(400, false, 24, 901, asked, &answer);
        packet(500, true, 17, asked, answered, "");
        packet(600, false, 17, answered, asked + 1, "");
        packet(700, true, 16, asked + 1, answered + 1, "");
        self
    }

    /// A request on a connection of its own whose answer the capture does not hold.
    fn unanswered(&mut self, second: i64, server: (u8, u16, &str)) -> &mut Self {
        let held = self.packets.len();
        self.call(second, server, "GET /orders/o9", Captured);
        let from = |packet: &[u8]| u16::from_be_bytes([packet[20], packet[21]]);
        let answer = |packet: &[u8]| from(packet) == server.1 && packet.len() > 40;
        let kept = self.packets.split_off(held).into_iter().filter(|(_, packet)| !answer(packet));
        self.packets.extend(kept.collect::<Vec<_>>());
        self
    }

    /// An order that is created and shipped with nothing in between.
    fn skipped(&mut self, second: i64, id: &str) -> &mut Self {
        self.call(second, SHOP, &format!("POST /orders {id}"), Captured);
        self.call(second + 4, SHOP, &format!("POST /orders/{id}/ship"), Captured)
    }

    fn check(&self) -> Run {
        self.check_by(MODEL)
    }

    fn check_by(&self, text: &str) -> Run {
        let mut packets = self.packets.clone();
        packets.sort();
        let mut file: Vec<u8> = [0xa1b2_c3d4, 0x0004_0002, 0, 0, 65_535, 101].map(u32::to_le_bytes).concat();
        for (micros, packet) in packets {
            let (second, micros) = (1_772_366_400 + micros / 1_000_000, micros % 1_000_000);
            let words = [second as u32, micros as u32, packet.len() as u32, packet.len() as u32];
            file.extend(words.map(u32::to_le_bytes).concat());
            file.extend(packet);
        }
        let folder = tempfile::tempdir().unwrap();
        let [input, model, out] = ["a.pcap", "model.yaml", "run"].map(|name| folder.path().join(name));
        fs::write(&input, file).unwrap();
        fs::write(&model, text).unwrap();
        let [input, model, run] = [&input, &model, &out].map(|path| path.to_str().unwrap());
        let output = offpath(&["check", input, "--model", model, "-o", run, "--exit-zero"]);
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        let inspected = offpath(&["inspect", input]);
        Run {
            findings: lines(&out.join("findings.jsonl")),
            summary: serde_json::from_str(&fs::read_to_string(out.join("run.json")).unwrap()).unwrap(),
            gaps: lines(&out.join("gaps.jsonl")),
            shown: stdout(&offpath(&["show", "gaps", "--run", run])),
            seen: stdout(&inspected) + &stderr(&inspected),
        }
    }
}

fn segment(ends: ((u8, u16), (u8, u16)), flags: u8, seq: u32, ack: u32, payload: &[u8]) -> Vec<u8> {
    let ((source, from), (destination, to)) = ends;
    let [high, low] = (40 + payload.len() as u16).to_be_bytes();
    let mut packet = vec![0x45, 0, high, low, 0, 0, 0x40, 0, 64, 6, 0, 0, 10, 0, 0, source, 10, 0, 0, destination];
    packet.extend([from.to_be_bytes(), to.to_be_bytes()].concat());
    packet.extend([seq.to_be_bytes(), ack.to_be_bytes()].concat());
    packet.extend([0x50, flags, 255, 255, 0, 0, 0, 0]);
    packet.extend(payload);
    packet
}

struct Run {
    findings: Vec<Value>,
    summary: Value,
    gaps: Vec<Value>,
    shown: String,
    /// What `inspect` writes, its last line too.
    seen: String,
}

impl Run {
    fn found(&self) -> Vec<String> {
        let mut found: Vec<String> =
            self.findings.iter().map(|one| format!("{} {}", text(one, "rule"), object(one))).collect();
        found.sort();
        found
    }

    fn undecided(&self) -> u64 {
        self.summary["measures"]["undecided_traces"].as_u64().unwrap()
    }
}

/// The shop is seen to take every step once, so that it is known who takes which.
fn shop() -> Capture {
    let mut capture = Capture::default();
    capture.call(0, SHOP, "POST /orders o0", Captured).call(1, SHOP, "POST /orders/o0/pay", Captured);
    capture.call(2, SHOP, "POST /orders/o0/ship", Captured).call(3, METRICS, "GET /metrics", Captured);
    capture
}

#[test]
fn a_step_that_was_taken_and_not_captured_is_not_called_skipped() {
    let run = shop()
        .call(10, SHOP, "POST /orders o1", Captured)
        .call(12, SHOP, "POST /orders/o1/pay", Lost)
        .call(14, SHOP, "POST /orders/o1/ship", Captured)
        .check();
    assert_eq!((run.found(), run.undecided()), (vec![], 1));
    let spot = run.gaps.iter().find(|gap| gap["kind"] == "blind_spot").unwrap();
    assert_eq!(text(spot, "server"), "10.0.0.2:8080");
    assert!(run.gaps.iter().any(|gap| gap["kind"] == "missing" && gap["connection"] != Value::Null));
    assert!(run.shown.contains("with bytes that were not captured"), "{}", run.shown);
}

#[test]
fn a_step_that_was_skipped_is_found_whatever_is_lost_elsewhere_or_at_another_time() {
    let alone = shop().skipped(10, "o1").check();
    assert_eq!((alone.found(), alone.undecided()), (vec!["SEQ-SKIP order:o1".to_owned()], 0));
    let confidence = alone.findings[0]["confidence"].as_f64();
    // Lost by a server that takes no step of the model.
    let run = shop().skipped(10, "o1").call(12, METRICS, "GET /metrics", Lost).check();
    assert_eq!((run.found(), run.undecided()), (alone.found(), 0));
    assert_eq!(run.findings[0]["confidence"].as_f64(), confidence);
    assert_eq!(run.summary["blind_spots"], 1, "it is told all the same");
    // Lost by the shop when the order was shipped already.
    let run = shop().skipped(10, "o1").call(30, SHOP, "POST /orders/o9/pay", Lost).check();
    assert_eq!((run.found(), run.findings[0]["confidence"].as_f64()), (alone.found(), confidence));
}

#[test]
fn a_server_that_may_be_one_of_the_shops_is_not_ruled_out() {
    let seen = || {
        let mut capture = shop();
        capture.skipped(10, "o1").call(5, TWIN, "GET /health", Captured);
        capture
    };
    assert_eq!(seen().check().found(), ["SEQ-SKIP order:o1"]);
    // It goes by the shop's name, though it was never seen to take a payment.
    let run = seen().call(12, TWIN, "POST /orders/o1/pay", Lost).check();
    assert_eq!((run.found(), run.undecided()), (vec![], 1));
}

#[test]
fn a_step_that_was_seen_nowhere_may_have_been_taken_anywhere() {
    let mut capture = Capture::default();
    capture.call(3, METRICS, "GET /metrics", Captured).skipped(10, "o1");
    assert_eq!(capture.check().found(), ["SEQ-SKIP order:o1"]);
    let run = capture.call(12, METRICS, "GET /metrics", Lost).check();
    assert_eq!((run.found(), run.undecided()), (vec![], 1));
}

#[test]
fn a_payment_that_may_not_have_been_captured_is_no_matter_of_when_its_order_was_first_seen() {
    let model = format!("{MODEL}constraints:\n  - {{id: paid, require: pay, before: ship, per: order}}\n");
    let run = shop()
        .call(10, SHOP, "POST /orders o1", Captured)
        .call(12, SHOP, "POST /orders/o1/pay", Lost)
        .call(14, SHOP, "POST /orders/o1/ship", Captured)
        .check_by(&model);
    let rules = run.summary["rules"].as_array().unwrap();
    let missing = rules.iter().find(|rule| rule["id"] == "AP-MISSING").unwrap();
    let blind = &missing["blind"]["pcap"];
    assert_eq!(text(blind, "why"), "what came before was not all seen: `offpath show gaps`", "{missing}");
    // The first order's payment was seen, and would have been missed: that is a judgement.
    assert_eq!((&missing["by_source"]["pcap"], &blind["partly"]), (&json!([1, 0, 1]), &json!(true)), "{missing}");
    // What was called and what nobody saw being asked for are counted apart.
    assert_eq!((&run.summary["unmatched"], &run.summary["not_asked"]), (&json!(1), &json!(1)));
    let unmodelled = &run.summary["unmodelled"];
    assert_eq!((&unmodelled["events"], unmodelled["operations"].as_array().unwrap().len()), (&json!(1), 1));
    assert_eq!(
        (text(&unmodelled["operations"][0], "name"), text(&unmodelled["operations"][0], "why")),
        ("GET /metrics", "not_named")
    );
}

#[test]
fn halves_are_told_from_exchanges_and_the_blind_spots_of_a_server_are_one_line() {
    let mut capture = shop();
    let before = capture.check();
    assert!(!before.seen.contains("both sides"), "{}", before.seen);
    for second in 12..20 {
        capture.call(second, SHOP, "POST /orders/o9/pay", Lost);
        capture.call(second + 20, METRICS, "GET /metrics", Lost);
    }
    // Responses without a request alone are each an exchange of their own.
    assert!(!capture.check().seen.contains("both sides"));
    let whole = capture.calls - 16;
    capture.unanswered(42, SHOP).unanswered(44, SHOP);
    let run = capture.check();
    let said = format!("{} exchanges ({whole} with both sides; 2 requests and 16 responses alone,", whole + 18);
    let unbroken = run.seen.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(unbroken.contains(&said), "{said}: {}", run.seen);
    assert!(
        unbroken.contains(&format!("{} exchanges read, {whole} of them with both sides", whole + 18)),
        "{unbroken}"
    );
    let (table, places) = run.shown.split_once("\n\n").unwrap();
    assert!(table.contains("blind spots, in which"), "{table}");
    let spots: Vec<&str> = places.lines().filter(|line| line.contains("blind spot")).collect();
    let [shop, metrics] = ["10.0.0.2:8080", "10.0.0.4:9090"]
        .map(|server| spots.iter().filter(|line| line.contains(server)).copied().collect::<Vec<_>>());
    let listed =
        |server: &str| run.gaps.iter().filter(|gap| gap["kind"] == "blind_spot" && gap["server"] == server).count();
    for (lines, server) in [(shop, "10.0.0.2:8080"), (metrics, "10.0.0.4:9090")] {
        let [line] = *lines else { panic!("{server}: {lines:?}") };
        assert!(listed(server) >= 8 && line.trim_start().starts_with(&format!("{} ", listed(server))), "{line}");
    }
}

#[test]
fn stretches_that_overlap_are_listed_apart_and_said_to_be_one() {
    let run = shop().call(12, SHOP, "POST /orders/o9/pay", Lost).call(12, METRICS, "GET /metrics", Lost).check();
    let spots = run.gaps.iter().filter(|gap| gap["kind"] == "blind_spot");
    let listed: u64 = spots.map(|gap| gap["count"].as_u64().unwrap()).sum();
    assert_eq!((listed, &run.summary["blind_spots"]), (2, &json!(1)));
    let head = run.shown.lines().find(|line| line.contains("blind spot,")).unwrap();
    assert!(head.trim_start().starts_with("1 ") && head.contains("(of 2 that overlap)"), "{head}");
    let whole = shop().check();
    assert!(
        !whole.shown.contains("blind spot") && whole.shown.contains("connections with gaps, of"),
        "{}",
        whole.shown
    );
}
