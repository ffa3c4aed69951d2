//! Captures that others wrote, counted by an independent tool. Skipped without `OFFPATH_CORPUS`.

mod packets_wire;

use std::collections::BTreeMap;
use std::path::Path;

use offpath_capture::Options;
use packets_wire::Seen;
use serde_json::Value;

/// HTTP/0.9, whose requests have neither version nor headers, is not read.
const HTTP_0_9: &str = "zeek/testing__btest__Traces__mixed-vlan-mpls.pcap";

/// Captures for which the two tools are known to differ, with the reason in `docs/capture-differences.md`.
fn explained(name: &str, facts: &Value, seen: &Seen) -> bool {
    let unread = |reason: &str| reason == "udp" || reason.starts_with("tls_");
    let elsewhere = seen.report.not_read.iter().any(|not_read| unread(not_read.reason));
    let damaged = ["lost_segments", "malformed", "out_of_order", "truncated_packets"];
    name == HTTP_0_9 || elsewhere || damaged.iter().any(|fact| facts.get(*fact).is_some())
}

#[test]
fn corpus_captures_agree_with_the_oracle() {
    let Ok(corpus) = std::env::var("OFFPATH_CORPUS") else {
        eprintln!("skipped: OFFPATH_CORPUS is not set");
        return;
    };
    let folder = Path::new(&corpus).join("captures");
    let oracle = std::fs::read(folder.join("oracle.json")).unwrap();
    let oracle: BTreeMap<String, Value> = serde_json::from_slice(&oracle).unwrap();
    let mut fewer = Vec::new();
    let mut compared = 0;
    for (name, facts) in &oracle {
        if name.ends_with(".gz") || name.ends_with(".zst") {
            continue;
        }
        let file = std::fs::read(folder.join(name)).unwrap();
        let seen = packets_wire::read(&[&file]);
        let count = |fact: &str| facts.get(fact).and_then(Value::as_u64).unwrap_or(0);
        if facts.get("packets").is_some() && seen.report.errors.is_empty() {
            assert_eq!(seen.report.inputs[0].records, count("packets"), "{name}");
        }
        let requests = seen.exchanges.iter().filter(|e| e.request.is_some()).count() as u64;
        let responses = seen.exchanges.iter().filter(|e| e.response.is_some()).count() as u64;
        compared += 1;
        // Interim responses are not kept, so one response of a pair may be missing here.
        let short = requests < count("http1_requests") || responses + 1 < count("http1_responses");
        if short && !explained(name, facts, &seen) {
            fewer.push(format!("{name}: {requests}/{responses}"));
        }
    }
    assert!(compared > 0 && fewer.is_empty(), "fewer messages than the oracle: {fewer:#?}");
}

#[test]
fn captures_whose_secrets_are_there_are_read() {
    let Ok(corpus) = std::env::var("OFFPATH_CORPUS") else {
        eprintln!("skipped: OFFPATH_CORPUS is not set");
        return;
    };
    let folder = Path::new(&corpus).join("captures");
    let oracle: BTreeMap<String, Value> =
        serde_json::from_slice(&std::fs::read(folder.join("oracle.json")).unwrap()).unwrap();
    let mut read = 0;
    for (name, facts) in &oracle {
        let key_logs: Vec<_> = facts["keylog"].as_str().map(|name| folder.join(name)).into_iter().collect();
        let with_secrets =
            !key_logs.is_empty() || facts["format"].as_str().is_some_and(|format| format.ends_with("+dsb"));
        if !with_secrets || facts["tcp_streams"] == 0 || name.ends_with(".gz") {
            continue;
        }
        let options = Options { key_logs, ..Options::default() };
        let seen = packets_wire::read_with(&[&std::fs::read(folder.join(name)).unwrap()], &options);
        let kinds: Vec<_> = seen.report.tls.iter().map(|kind| kind.unread).collect();
        // A draft of TLS 1.3 is none of the versions that are read.
        assert!(kinds.iter().all(|unread| matches!(unread, None | Some("tls_version"))), "{name}: {kinds:?}");
        let count = |fact: &str| facts.get(fact).and_then(Value::as_u64).unwrap_or(0);
        let requests = seen.exchanges.iter().filter(|exchange| exchange.request.is_some()).count() as u64;
        assert!(requests >= count("http1_requests") + count("http2_requests"), "{name}: {requests}");
        read += u64::from(requests > 0);
    }
    assert!(read >= 4, "only {read} captures were decrypted");
}
