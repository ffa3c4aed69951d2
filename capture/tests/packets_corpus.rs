//! Captures that others wrote, counted by an independent tool. Skipped without `OFFPATH_CORPUS`.

mod packets_wire;

use std::collections::BTreeMap;
use std::path::Path;

use etherparse::{SlicedPacket, TransportSlice};
use offpath_capture::Options;
use pcap_parser::{Block, PcapBlockOwned, PcapError};
use serde_json::Value;

/// Captures of which the oracle counts more, with the reason in `docs/capture-differences.md`: a request of HTTP/0.9, and
/// one connection seen in two networks.
const EXPLAINED: [&str; 2] =
    ["zeek/testing__btest__Traces__mixed-vlan-mpls.pcap", "zeek/testing__btest__Traces__vlan-collisions.pcap"];

/// Requests and responses of HTTP in datagrams of UDP (SSDP), which the oracle counts with those over TCP.
fn over_udp(file: &[u8]) -> (u64, u64) {
    let (mut requests, mut responses) = (0, 0);
    let Ok(mut reader) = pcap_parser::create_reader(1 << 20, file) else { return (0, 0) };
    let mut link = 1;
    loop {
        match reader.next() {
            Ok((taken, block)) => {
                let data = match &block {
                    PcapBlockOwned::LegacyHeader(header) => {
                        link = header.network.0;
                        &[][..]
                    }
                    PcapBlockOwned::Legacy(packet) => packet.data,
                    PcapBlockOwned::NG(Block::InterfaceDescription(interface)) => {
                        link = interface.linktype.0;
                        &[][..]
                    }
                    PcapBlockOwned::NG(Block::EnhancedPacket(packet)) => packet.data,
                    _ => &[],
                };
                match datagram(link, data) {
                    Some(payload) if payload.starts_with(b"HTTP/1.") => responses += 1,
                    Some(payload) => {
                        let line = payload.split(|byte| *byte == b'\r').next().unwrap_or(&[]);
                        requests += u64::from(line.ends_with(b" HTTP/1.1") || line.ends_with(b" HTTP/1.0"));
                    }
                    None => {}
                }
                reader.consume(taken);
            }
            Err(PcapError::Incomplete(_)) => {
                if reader.refill().is_err() {
                    return (requests, responses);
                }
            }
            Err(_) => return (requests, responses),
        }
    }
}

/// What a datagram of UDP carries.
fn datagram(link: i32, frame: &[u8]) -> Option<&[u8]> {
    let packet = match link {
        1 => SlicedPacket::from_ethernet(frame),
        113 => SlicedPacket::from_linux_sll(frame),
        _ => SlicedPacket::from_ip(frame),
    };
    match packet.ok()?.transport? {
        TransportSlice::Udp(datagram) => Some(datagram.payload()),
        _ => None,
    }
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
        let (asked, answered) = over_udp(&file);
        let (asked, answered) =
            (count("http1_requests").saturating_sub(asked), count("http1_responses").saturating_sub(answered));
        let short = requests < asked || responses + 1 < answered;
        if short && !EXPLAINED.contains(&name.as_str()) {
            fewer.push(format!("{name}: {requests}/{responses} of {asked}/{answered}"));
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
