//! HTTP/2 without TLS as nghttp2 writes it (many streams at a time, pushes, padding, trailers, small tables), and streams
//! of our own writer: tshark and this crate tell the same exchanges, field by field.

use std::collections::BTreeMap;
use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;

use offpath_capture::{Body, Exchange, Headers, Protocol};
use serde_json::Value;

use crate::http2_wire::{DATA, END_STREAM, Frames, PREFACE, SETTINGS, frame};
use crate::packets_wire::Side::{Client, Server};
use crate::packets_wire::{Talk, pcap};
use crate::process::{Process, peer};
use crate::reading::{Outcome, read};
use crate::recording::start_tcpdump;

/// Client's port and stream.
type Key = (u16, u64);

/// A message's fields, sorted; pseudo fields among them.
type Fields = Vec<(String, String)>;

/// Request and response; either may be in HTTP/1.1 or not there.
type Exchanges = BTreeMap<Key, [Fields; 2]>;

#[test]
fn nghttp2_is_read_as_by_tshark() {
    let (Some(server), Some(client), Some(load), Some(tcpdump), Some(tshark)) =
        (peer("nghttpd"), peer("nghttp"), peer("h2load"), peer("tcpdump"), peer("tshark"))
    else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let files = path("files");
    fs::create_dir(&files).unwrap();
    let long: String = (0..4_000).map(|nth| format!("line {nth}\n")).collect();
    fs::write(files.join("long.txt"), &long).unwrap();
    fs::write(files.join("small.txt"), "small\n").unwrap();
    let body = "x".repeat(40_000);
    fs::write(path("body"), &body).unwrap();
    let (_server, port) = start_server(&server, folder.path());
    let Some(mut dump) = start_tcpdump(&tcpdump, folder.path(), port) else { return };

    let url = |target: &str| format!("http://127.0.0.1:{port}{target}");
    let run = |program: &Path, options: &[&str], targets: &[&str]| {
        let mut command = Command::new(program);
        command.current_dir(folder.path()).args(options).args(targets.iter().map(|target| url(target)));
        Process::start("client", &mut command, folder.path(), &path("client.out")).succeed();
    };
    run(&client, &["-n", "-H", "cookie: a=1", "-H", "x-tenant: 7"], &["/small.txt?1", "/long.txt?2", "/none?3"]);
    run(&client, &["-n", "-d", "body", "-b", "30", "--trailer", "x-up: 1"], &["/long.txt?4", "/long.txt?5"]);
    run(&client, &["-n", "--expect-continue", "-d", "body"], &["/long.txt?6"]);
    run(&load, &["-n", "150", "-c", "3", "-m", "20", "-H", "x-id: 9"], &["/small.txt?8", "/long.txt?9", "/none?10"]);
    // A table so small that most entries are evicted; tshark 4.0 loses its responses.
    run(&client, &["-n", "-c", "256"], &["/long.txt?tiny", "/long.txt?11", "/long.txt?12"]);
    run(&client, &["-n"], &["/end"]);
    let capture = path("capture.pcap");
    dump.until("last exchange in the capture", || ended(&read(&capture)).then_some(()))
        .unwrap_or_else(|| panic!("tcpdump ended"));
    let said = dump.interrupt();
    assert!(said.contains("\n0 packets dropped by kernel"), "packets were lost: {said}");

    let outcome = read(&capture);
    outcome.is_clean();
    for exchange in &outcome.exchanges {
        assert!(exchange.protocol == Protocol::Http2 && exchange.incomplete.is_empty(), "{exchange:#?}");
        assert!(exchange.carries.request_headers && exchange.carries.response_headers);
        let (request, response) = (exchange.request.as_ref().unwrap(), exchange.response.as_ref().unwrap());
        assert_eq!(request.host.as_deref(), Some(&*format!("127.0.0.1:{port}")));
        let sent = if request.method == "POST" { Some(body.as_bytes()) } else { None };
        assert_eq!(request.body.bytes(), sent);
        let file = request.target.split('?').next().unwrap();
        match file {
            "/long.txt" => assert_eq!(response.body.bytes(), Some(long.as_bytes())),
            "/small.txt" => assert_eq!(response.body.bytes(), Some(&b"small\n"[..])),
            _ => assert_eq!(response.status, 404),
        }
        assert!(response.body.is_whole() && response.body != Body::Absent);
        assert!(exchange.pushed == exchange.stream.is_multiple_of(2) && (!exchange.pushed || file == "/long.txt"));
    }
    let pushed = outcome.exchanges.iter().filter(|exchange| exchange.pushed).count();
    assert!(pushed > 0, "the server pushed nothing");
    assert_eq!(outcome.exchanges.len(), 3 + 2 + 1 + 150 + 3 + 1 + pushed);
    let (mut ours, mut theirs) = (ours(&outcome), theirs(&tshark, &capture, port));
    let is_tiny = |e: &&Exchange| e.request.as_ref().is_some_and(|r| r.target.ends_with("tiny"));
    let tiny = outcome.exchanges.iter().find(is_tiny).unwrap().client.unwrap().port.unwrap();
    ours.retain(|(port, _), _| *port != tiny);
    theirs.retain(|(port, _), _| *port != tiny);
    same(&ours, &theirs);
}

#[test]
fn streams_side_by_side_are_read_as_by_tshark() {
    let Some(tshark) = peer("tshark") else { return };
    let folder = tempfile::tempdir().unwrap();
    let capture = folder.path().join("capture.pcap");
    let mut talk = Talk::open(5000);
    talk.send(Client, "GET /1 HTTP/1.1\r\nHost: a.test\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n");
    talk.send(Server, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n");
    let upgraded = talk.segments.len();
    let mut frames = Frames::on(talk);
    let settings = frame(SETTINGS, 0, 0, b"");
    frames.talk.send(Server, &settings).send(Client, [PREFACE, &settings].concat());
    frames.answer(1);
    for first in (3..200).step_by(8) {
        let streams = [first, first + 2, first + 4, first + 6];
        for stream in streams {
            if stream % 3 == 0 {
                frames.post(stream, b"12345")
            } else {
                frames.get(stream)
            };
        }
        for stream in streams.into_iter().rev() {
            frames.status(stream, 0, ["200", "201", "404"][stream as usize % 3]);
        }
        for part in [b"one", b"two"] {
            for stream in streams {
                frames.send(Server, DATA, 0, stream, part);
            }
        }
        for stream in streams {
            frames.headers(Server, END_STREAM, stream, &[("x-sum", &stream.to_string())]);
        }
    }
    frames.talk.close();
    // Several frames a segment, and frames across segments.
    let mut talk = Talk::open(5000);
    talk.mss = 777;
    for segment in &frames.talk.segments[3..upgraded] {
        talk.send(segment.side, &segment.payload);
    }
    for turn in frames.talk.segments[upgraded..].chunk_by(|a, b| a.side == b.side) {
        talk.send(turn[0].side, turn.iter().flat_map(|segment| segment.payload.clone()).collect::<Vec<_>>());
    }
    fs::write(&capture, pcap(&talk.segments)).unwrap();
    let outcome = read(&capture);
    outcome.is_clean();
    let mut ours = ours(&outcome);
    assert_eq!(ours.len(), 101);
    // tshark leaves the first request in HTTP/1.1.
    ours.get_mut(&(5000, 1)).unwrap()[0].clear();
    same(&ours, &theirs(&tshark, &capture, 80));
}

#[track_caller]
fn same(ours: &Exchanges, theirs: &Exchanges) {
    for (key, exchange) in theirs {
        assert_eq!(ours.get(key), Some(exchange), "{key:?} (left: offpath, right: tshark)");
    }
    assert_eq!(ours.len(), theirs.len(), "more than tshark sees");
}

/// Starts nghttp2's server on a free port; it pushes a file with another.
fn start_server(nghttpd: &Path, folder: &Path) -> (Process, u16) {
    for _ in 0..10 {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = Command::new(nghttpd);
        command.args(["--no-tls", "-a", "127.0.0.1", "-b", "10", "--trailer", "x-sum: 7"]);
        command.args(["-p", "/small.txt=/long.txt", "-d"]).arg(folder.join("files")).arg(port.to_string());
        let mut server = Process::start("nghttpd", &mut command, folder, &folder.join("nghttpd.out"));
        if server.until("open port", || TcpStream::connect(("127.0.0.1", port)).ok()).is_some() {
            return (server, port);
        }
    }
    panic!("no free port for nghttpd");
}

fn ended(outcome: &Outcome) -> bool {
    let end = outcome.exchanges.iter().find(|e| e.request.as_ref().is_some_and(|r| r.target == "/end"));
    end.is_some_and(|exchange| exchange.incomplete.is_empty())
}

/// Exchanges as this crate reads them.
fn ours(outcome: &Outcome) -> Exchanges {
    let listed = |exchange: &Exchange| {
        let (request, response) = (exchange.request.as_ref().unwrap(), exchange.response.as_ref().unwrap());
        let mut asked = fields(&request.headers);
        asked.push((":method".to_owned(), request.method.clone()));
        asked.push((":path".to_owned(), request.target.clone()));
        asked.push((":scheme".to_owned(), request.scheme.clone().unwrap()));
        asked.push((":authority".to_owned(), request.host.clone().unwrap()));
        let mut answered = fields(&response.headers);
        answered.push((":status".to_owned(), response.status.to_string()));
        asked.sort();
        answered.sort();
        ((exchange.client.unwrap().port.unwrap(), exchange.stream), [asked, answered])
    };
    outcome.exchanges.iter().map(listed).collect()
}

fn fields(headers: &Headers) -> Fields {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    headers.iter().map(|(name, value)| (text(name), text(value))).collect()
}

/// The same as tshark reads them.
fn theirs(tshark: &Path, capture: &Path, port: u16) -> Exchanges {
    let settings = tempfile::tempdir().unwrap();
    let mut command = Command::new(tshark);
    command.args(["-n", "-d", &format!("tcp.port=={port},http2"), "-Y", "http2.headers", "-T", "json"]);
    if port == 80 {
        // The connection begins in HTTP/1.1; tshark follows the upgrade by itself.
        command.args(["-d", "tcp.port==80,http"]);
    }
    command.args(["--no-duplicate-keys", "-J", "tcp http2", "-r"]).arg(capture);
    command.env("WIRESHARK_CONFIG_DIR", settings.path()).env("XDG_CONFIG_HOME", settings.path());
    let output = command.output().unwrap();
    assert!(output.status.success(), "tshark: {}", String::from_utf8_lossy(&output.stderr));
    let packets: Value = serde_json::from_slice(&output.stdout).unwrap();
    let mut exchanges = Exchanges::new();
    for packet in packets.as_array().unwrap() {
        let layers = &packet["_source"]["layers"];
        let number = |value: &Value| value.as_str().and_then(|text| text.parse::<u64>().ok());
        let ports = ["tcp.srcport", "tcp.dstport"].map(|name| number(&layers["tcp"][name]).unwrap() as u16);
        let client = ports.into_iter().find(|p| *p != port).unwrap();
        let mut frames = Vec::new();
        streams(&layers["http2"], &mut frames);
        for frame in frames.into_iter().filter(|frame| !frame["http2.header"].is_null()) {
            let promised = number(&frame["http2.push_promise.promised_stream_id"]);
            let stream = promised.or_else(|| number(&frame["http2.streamid"])).unwrap();
            let [asked, answered] = exchanges.entry((client, stream)).or_default();
            let from_client = ports[0] == client || promised.is_some();
            let list = list(&frame["http2.header"]);
            // An interim response is none.
            if list.first().is_some_and(|(name, value)| name == ":status" && value.starts_with('1')) {
                continue;
            }
            let side = if from_client { asked } else { answered };
            side.extend(list);
            side.sort();
        }
    }
    exchanges
}

fn list(fields: &Value) -> Fields {
    let one = std::slice::from_ref(fields);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let fields = fields.as_array().map_or(one, Vec::as_slice);
    fields.iter().map(|field| (text(&field["http2.header.name"]), text(&field["http2.header.value"]))).collect()
}

/// The frames in tshark's tree, which nests them as it likes.
fn streams<'a>(value: &'a Value, frames: &mut Vec<&'a Value>) {
    match value {
        Value::Array(values) => values.iter().for_each(|value| streams(value, frames)),
        Value::Object(map) => match map.get("http2.stream") {
            Some(inner) => streams(inner, frames),
            None => frames.push(value),
        },
        _ => {}
    }
}
