//! tshark reads the same WebSockets: as many frames of each kind and side, in captures of ours and of others.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::packets_wire::Side::{Client, Server};
use crate::packets_wire::{Talk, pcap};
use crate::process::peer;
use crate::reading::read;

/// Frames by opcode, continuations aside, and bytes of payload on the wire, as a reader counts them.
#[derive(Debug, Default, PartialEq, Eq)]
struct Counted {
    kinds: BTreeMap<String, u64>,
    frames: u64,
}

fn theirs(tshark: &Path, capture: &Path) -> Counted {
    let settings = tempfile::tempdir().unwrap();
    let mut command = Command::new(tshark);
    command.args(["-n", "-Y", "websocket", "-T", "fields", "-e", "websocket.opcode", "-E", "aggregator=,", "-r"]);
    command.arg(capture).env("WIRESHARK_CONFIG_DIR", settings.path()).env("XDG_CONFIG_HOME", settings.path());
    let output = command.output().unwrap();
    assert!(output.status.success(), "tshark: {}", String::from_utf8_lossy(&output.stderr));
    let mut counted = Counted::default();
    for opcode in String::from_utf8(output.stdout).unwrap().split([',', '\n']).filter(|opcode| !opcode.is_empty()) {
        counted.frames += 1;
        let kind = match opcode {
            "1" => "text",
            "2" => "binary",
            "8" => "close",
            "9" => "ping",
            "10" => "pong",
            _ => continue,
        };
        *counted.kinds.entry(kind.to_owned()).or_default() += 1;
    }
    counted
}

fn ours(capture: &Path) -> Counted {
    let outcome = read(capture);
    let frames = outcome.reports.iter().map(|report| report.websocket.frames).sum();
    let mut counted = Counted { frames, ..Counted::default() };
    for message in &outcome.messages {
        *counted.kinds.entry(message.kind.as_str().to_owned()).or_default() += 1;
    }
    counted
}

#[test]
fn a_capture_of_every_kind_of_frame_reads_as_in_tshark() {
    let Some(tshark) = peer("tshark") else { return };
    let mut talk = Talk::open(5000);
    let asks = "Connection: Upgrade\r\nUpgrade: websocket\r\n";
    talk.send(Client, format!("GET /chat HTTP/1.1\r\nHost: a.test\r\n{asks}Sec-WebSocket-Version: 13\r\n\r\n"));
    talk.send(Server, format!("HTTP/1.1 101 Switching Protocols\r\n{asks}\r\n"));
    talk.send(Client, [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58]);
    talk.send(Server, [0x01, 0x03, 0x48, 0x65, 0x6c])
        .send(Server, [0x89, 0x01, 0x48])
        .send(Server, [0x80, 0x02, 0x6c, 0x6f]);
    talk.send(Client, [0x8a, 0x81, 0, 0, 0, 0, 0x48]);
    // Of several segments, and several in one.
    talk.send(Server, [&[0x82, 0x7e, 0x0b, 0xb8][..], &[7; 3000]].concat());
    talk.send(Server, [0x82, 0x01, 7, 0x82, 0x01, 8, 0x88, 0x02, 0x03, 0xe8]).close();
    let folder = tempfile::tempdir().unwrap();
    let capture = folder.path().join("websocket.pcap");
    fs::write(&capture, pcap(&talk.segments)).unwrap();
    assert_eq!(ours(&capture), theirs(&tshark, &capture));
    assert_eq!(ours(&capture).frames, 9);
}

#[test]
fn captures_of_others_read_as_in_tshark() {
    let (Some(tshark), Some(corpus)) = (peer("tshark"), std::env::var_os("OFFPATH_CORPUS")) else { return };
    let folder = PathBuf::from(corpus).join("captures");
    let oracle = fs::read(folder.join("oracle.json")).unwrap();
    let oracle: BTreeMap<String, serde_json::Value> = serde_json::from_slice(&oracle).unwrap();
    let mut compared = 0;
    for (name, facts) in oracle.iter().filter(|(_, facts)| facts["websocket_frames"].as_u64().is_some()) {
        let (ours, theirs) = (ours(&folder.join(name)), theirs(&tshark, &folder.join(name)));
        // The oracle is a newer tshark, which knows more about what lies below.
        if theirs.frames == facts["websocket_frames"].as_u64().unwrap() {
            assert_eq!(ours, theirs, "{name} (left: offpath, right: tshark)");
            compared += 1;
        }
    }
    assert!(compared > 5, "only {compared} captures were compared");
}
