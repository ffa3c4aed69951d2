//! Damaged files, made from whole ones: whatever is changed, reading ends, keeps its bounds and says what it saw.
//!
//! The same readers can be driven by libFuzzer, see `capture/fuzz`. With `OFFPATH_CORPUS` the captures and HAR files of others
//! are damaged as well.
#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "a test fails by panicking and says when it is skipped")]

#[expect(dead_code, reason = "each test file uses its own part of the writer")]
mod http2_wire;
mod packets_wire;

use std::io::Write;
use std::path::{Path, PathBuf};

use http2_wire::{CONTINUATION, END_HEADERS, END_STREAM, Frames, HEADERS, PUSH_PROMISE};
use offpath_capture::{Body, Exchange, Joins, Limits, Options, Source, calls};
use packets_wire::Side::{Client, Server};
use packets_wire::{Seen, Talk, ethernet, ip, pcap};
use proptest::prelude::*;
use proptest::strategy::ValueTree;

const HAR: &str = r#"{"log": {"version": "1.2", "creator": {"name": "test", "version": "1"}, "pages": [], "entries": [
  {"startedDateTime": "2026-09-07T06:00:00.000+02:00", "time": 12.5, "serverIPAddress": "10.0.0.2", "connection": "443",
   "request": {"method": "POST", "url": "https://api.example/orders?x=1", "httpVersion": "h2",
     "headers": [{"name": "Content-Type", "value": "application/json"}], "cookies": [{"name": "sid", "value": "1"}],
     "postData": {"mimeType": "application/json", "text": "{\"a\": [1, 2]}"}},
   "response": {"status": 201, "headers": [{"name": "Location", "value": "/orders/1"}],
     "content": {"size": 8, "mimeType": "text/plain", "text": "b3JkZXIgMQ==", "encoding": "base64"}},
   "timings": {"send": 1, "wait": 10, "receive": 1.5}},
  {"startedDateTime": "2026-09-07T06:00:01.0000000Z", "time": -1,
   "request": {"method": "GET", "url": "wss://api.example/live"}, "response": {"status": 0},
   "_webSocketMessages": [{"type": "send", "time": 1, "opcode": 1, "data": "{}"},
     {"type": "send", "time": 2, "opcode": 1, "data": "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"pay\"}"},
     {"type": "receive", "time": 3, "opcode": 1, "data": "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}"},
     {"type": "send", "time": 4, "opcode": 1, "data": "{\"type\":\"order.pay\",\"requestId\":\"r\"}"}]}
]}}"#;

const COMBINED: &str = r#"10.0.0.9 - - [17/May/2026:08:05:32 +0000] "POST /orders HTTP/2.0" 201 532 "-" "curl/8.0" 120 0.012 [shop] [] 10.0.0.4:8080
api.example:443 ::1 - bob [17/May/2026:08:05:33 +0000] "GET /a\"b\x20c HTTP/1.1" 200 2 "https://a.example/" "A \"B\""
Sep  7 12:00:00 host nginx[7]: 10.0.0.9 - - [17/May/2026:08:05:34 +0000] "\x16\x03\x01" 400 157 "-" "-"
2026-05-17T08:05:32.2Z stdout F 10.0.0.9 - - [17/May/2026:08:05:34 +0000] "GET / HTTP/1.1" 200 -
<134>1 2026-05-17T08:05:32Z host nginx 7 - [a@1 k="]"] 10.0.0.9 - - [17/May/2026:08:05:34 +0000] "GET / HTTP/1.1" 200 -
"#;

const JSON: &str = r#"{"time_iso8601":"2026-05-17T08:05:32+00:00","remote_addr":"10.0.0.9","request":"GET /o/1 HTTP/1.1","status":"200","request_time":"0.012"}
{"ts":1779005132.5,"request":{"remote_ip":"::1","method":"GET","host":"a","uri":"/o/3","headers":{"Accept":["*/*"]}},"duration":0.0009,"size":10,"status":200,"resp_headers":{"Server":["Caddy"]}}
{"StartUTC":"2026-05-17T08:05:32.123456789Z","RequestMethod":"POST","RequestPath":"/o","DownstreamStatus":201,"Duration":11234567,"request_User-Agent":"curl"}
{"log":"{\"method\":\"GET\",\"path\":\"/a\",\"status\":200,\"request_body\":{\"a\":[{}]}}\n","stream":"stdout","time":"2026-05-17T08:05:32.2Z"}
"#;

fn talk() -> Talk {
    let mut talk = Talk::open(4000);
    talk.mss = 60;
    talk.get(1);
    let body = gzip(b"{\"order\": \"ord_1\", \"lines\": [1, 2, 3]}");
    talk.send(Client, "POST /2 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\n{}\r\n0\r\nT: 1\r\n\r\n");
    talk.send(
        Server,
        format!("HTTP/1.1 201 Created\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n", body.len()),
    );
    talk.send(Server, body);
    talk.send(Client, "GET /3 HTTP/1.1\r\n\r\nHEAD /4 HTTP/1.1\r\n\r\n");
    talk.send(
        Server,
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
    );
    talk.send(Client, "GET /live HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n");
    talk.send(
        Server,
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n\x01\x02hi",
    );
    talk.close();
    talk
}

/// An upgrade, then streams of every shape.
fn frames() -> Talk {
    let mut talk = Talk::open(4000);
    talk.mss = 70;
    talk.send(Client, "GET /1 HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n");
    talk.send(Server, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n");
    let mut frames = Frames::greeted(talk);
    frames.answer(1).post(3, b"{}").get(5).answer(5).status(3, 0, "103").answer(3).get(7).reset(Client, 7);
    let fields = [(":method", "GET"), (":scheme", "http"), (":path", "/2"), (":authority", "a.test")];
    let promise = [&[0, 0, 0, 2][..], &frames.block(Server, &fields)].concat();
    frames.get(9).send(Server, PUSH_PROMISE, END_HEADERS, 9, &promise).answer(2);
    let block = frames.block(Server, &[(":status", "200"), ("content-type", "application/grpc")]);
    frames.send(Server, HEADERS, 0, 9, &block[..3]).send(Server, CONTINUATION, END_HEADERS, 9, &block[3..]);
    frames.send(Server, http2_wire::DATA, 0, 9, &[0, 0, 0, 0, 2, 8, 1]);
    frames.headers(Server, END_STREAM, 9, &[("grpc-status", "0")]).talk.close();
    frames.talk
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// The talk in a pcapng file: section, interface with a time resolution, packets, and a block that nobody knows.
fn pcapng(talk: &Talk) -> Vec<u8> {
    let mut file = Vec::new();
    let mut block = |kind: u32, body: &[u8]| {
        let padding = body.len().next_multiple_of(4) - body.len();
        let length = (body.len() + padding + 12) as u32;
        file.extend(kind.to_le_bytes());
        file.extend(length.to_le_bytes());
        file.extend(body);
        file.extend(vec![0; padding]);
        file.extend(length.to_le_bytes());
    };
    block(0x0a0d_0d0a, &[&[0x4d, 0x3c, 0x2b, 0x1a, 1, 0, 0, 0][..], &[0xff; 8]].concat());
    block(1, &[1, 0, 0, 0, 0, 0, 4, 0, 9, 0, 1, 0, 6, 0, 0, 0, 0, 0, 0, 0]);
    block(0x0bad, b"what");
    for segment in &talk.segments {
        let frame = ethernet(&ip(segment));
        let length = (frame.len() as u32).to_le_bytes();
        let time = segment.time as u64;
        let (high, low) = (((time >> 32) as u32).to_le_bytes(), (time as u32).to_le_bytes());
        block(6, &[&[0; 4][..], &high, &low, &length, &length, &frame].concat());
    }
    file
}

fn whole_files() -> Vec<Vec<u8>> {
    let talk = talk();
    let capture = pcap(&talk.segments);
    vec![
        gzip(&capture),
        capture,
        pcapng(&talk),
        pcap(&frames().segments),
        HAR.as_bytes().to_vec(),
        COMBINED.as_bytes().to_vec(),
        JSON.as_bytes().to_vec(),
        gzip(JSON.as_bytes()),
    ]
}

/// One change; places are fractions of the file, so that they fit any.
#[derive(Clone, Debug)]
enum Change {
    Flip(u16, u8),
    Cut(u16),
    Remove(u16, u8),
    Repeat(u16, u16),
    Splice(u16, u16),
    /// A number of 1, 2, 4 or 8 bytes.
    Length(u16, u8, u64, bool),
    /// A number in digits, at the next digit.
    Digits(u16, &'static str),
    Insert(u16, Vec<u8>),
}

fn change() -> impl Strategy<Value = Change> {
    let number = prop_oneof![
        prop::sample::select(vec![0, 1, 3, 0x7f, 0xff, 0xffff, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, u64::MAX]),
        any::<u64>()
    ];
    let digits =
        prop::sample::select(vec!["", "-1", "0", "10737418240", "18446744073709551616", "9e999", "ffffffffffffffff"]);
    prop_oneof![
        3 => (any::<u16>(), 0u8..8).prop_map(|(at, bit)| Change::Flip(at, bit)),
        1 => any::<u16>().prop_map(Change::Cut),
        1 => (any::<u16>(), any::<u8>()).prop_map(|(at, count)| Change::Remove(at, count)),
        1 => (any::<u16>(), any::<u16>()).prop_map(|(from, to)| Change::Repeat(from, to)),
        1 => (any::<u16>(), any::<u16>()).prop_map(|(from, to)| Change::Splice(from, to)),
        3 => (any::<u16>(), 0u8..4, number, any::<bool>())
            .prop_map(|(at, width, number, big)| Change::Length(at, 1 << width, number, big)),
        2 => (any::<u16>(), digits).prop_map(|(at, digits)| Change::Digits(at, digits)),
        1 => (any::<u16>(), prop::collection::vec(any::<u8>(), 1..20)).prop_map(|(at, bytes)| Change::Insert(at, bytes)),
    ]
}

impl Change {
    fn apply(&self, file: &mut Vec<u8>) {
        let place = |fraction: u16| usize::from(fraction) * file.len() / (usize::from(u16::MAX) + 1);
        match *self {
            Change::Flip(at, bit) => {
                let at = place(at);
                if let Some(byte) = file.get_mut(at) {
                    *byte ^= 1 << bit;
                }
            }
            Change::Cut(at) => file.truncate(place(at)),
            Change::Remove(at, count) => {
                let at = place(at);
                file.drain(at..file.len().min(at + usize::from(count)));
            }
            Change::Repeat(from, to) => {
                let (from, to) = (place(from.min(to)), place(from.max(to)));
                let part = file[from..to].to_vec();
                file.splice(to..to, part);
            }
            Change::Splice(from, to) => {
                let (from, to) = (place(from), place(to));
                let tail = file[to..].to_vec();
                file.truncate(from);
                file.extend(tail);
            }
            Change::Length(at, width, number, big) => {
                let at = place(at);
                let bytes = if big { number.to_be_bytes() } else { number.to_le_bytes() };
                let bytes = if big { &bytes[8 - usize::from(width)..] } else { &bytes[..usize::from(width)] };
                for (old, new) in file[at..].iter_mut().zip(bytes) {
                    *old = *new;
                }
            }
            Change::Digits(at, digits) => {
                let at = place(at);
                let Some(from) = file[at..].iter().position(u8::is_ascii_digit).map(|skip| at + skip) else { return };
                let count = file[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
                file.splice(from..from + count, digits.bytes());
            }
            Change::Insert(at, ref bytes) => {
                let at = place(at);
                file.splice(at..at, bytes.iter().copied());
            }
        }
    }
}

fn small() -> Options {
    let limits = Limits { body_bytes: 4 << 10, inflate_bytes: 1 << 20, entry_bytes: 1 << 20, ..Limits::default() };
    Options { limits, ..Options::default() }
}

fn kept_bytes(exchange: &Exchange) -> usize {
    let bodies = [
        exchange.request.as_ref().map(|request| &request.body),
        exchange.response.as_ref().map(|response| &response.body),
    ];
    let kept = bodies.into_iter().flatten().map(|body| match body {
        Body::Present { bytes, .. } => bytes.len(),
        _ => 0,
    });
    kept.max().unwrap_or(0)
}

/// Reads a file that may be damaged in any way, and checks what holds for each.
fn read(file: Vec<u8>) -> Seen {
    let options = small();
    let length = file.len() as u64;
    let mut seen = Seen::default();
    let source = match Source::in_memory("damaged", file) {
        Ok(source) => source,
        Err(error) => {
            assert!(error.to_string().starts_with("damaged: "), "{error}");
            return seen;
        }
    };
    seen.report = source.read(&options, &mut seen);
    let report = &seen.report;
    assert_eq!(report.exchanges, seen.exchanges.len() as u64);
    let input = &report.inputs[0];
    assert_eq!(input.bytes, length);
    let said = report.exchanges + report.connections + report.not_read.iter().map(|n| n.count).sum::<u64>();
    assert!(input.records == 0 || said > 0 || !report.errors.is_empty(), "{} records and not a word", input.records);
    assert!(report.errors.len() <= 2, "{:?}", report.errors);
    assert!(report.errors.iter().all(|error| error.to_string().starts_with("damaged")), "{:?}", report.errors);
    for exchange in &seen.said {
        assert!(exchange.request.is_some() && exchange.end.is_some_and(|end| end >= exchange.time), "{exchange:?}");
        assert!(calls(exchange).calls.len() <= 256);
    }
    assert!(report.websocket.calls + report.websocket.without_call <= report.websocket.messages);
    let mut joins = Joins::new(1 << 10);
    let free =
        seen.exchanges.iter().chain(&seen.said).map(|exchange| joins.take(exchange.clone()).len()).sum::<usize>();
    let (waited, _) = Joins::settle(vec![joins.finish()]);
    assert_eq!(free + waited.len(), seen.exchanges.len() + seen.said.len(), "each goes on");
    for exchange in &seen.exchanges {
        assert!(exchange.request.is_some() || exchange.response.is_some());
        assert!(kept_bytes(exchange) <= options.limits.body_bytes);
        assert!(exchange.end.is_none_or(|end| end >= exchange.time), "{exchange:?}");
    }
    seen
}

#[test]
fn whole_files_are_read() {
    let counts: Vec<_> = whole_files().into_iter().map(|file| read(file).exchanges.len()).collect();
    assert_eq!(counts, [5, 5, 5, 6, 2, 4, 4, 4]);
}

#[test]
fn cut_at_any_byte_what_came_before_is_kept() {
    for file in whole_files() {
        let whole = read(file.clone()).exchanges.len();
        let mut before = 0;
        for at in 0..file.len() {
            let seen = read(file[..at].to_vec()).exchanges.len();
            // One more while a message is half there; compressed files give what their decoder can.
            assert!(seen + 1 >= before && seen <= whole + 1, "{seen} of {whole} at {at}");
            before = before.max(seen);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn damaged_files_are_read_to_their_end(
        nth in any::<prop::sample::Index>(),
        changes in prop::collection::vec(change(), 1..6),
    ) {
        let mut files = whole_files();
        let mut file = files.swap_remove(nth.index(files.len()));
        for change in &changes {
            change.apply(&mut file);
        }
        let first = read(file.clone());
        let again = read(file);
        prop_assert_eq!(format!("{:?}", first.exchanges), format!("{:?}", again.exchanges));
        prop_assert_eq!(first.report.not_read, again.report.not_read);
    }
}

/// Damaged files of others that are read; `OFFPATH_MUTATIONS` sets another number.
const MUTATIONS: usize = 1_000;

/// Small files of the corpus, with their paths.
fn files_of_others() -> Option<Vec<(PathBuf, Vec<u8>)>> {
    let Ok(corpus) = std::env::var("OFFPATH_CORPUS") else {
        eprintln!("skipped: OFFPATH_CORPUS is not set");
        return None;
    };
    let mut folders = vec![Path::new(&corpus).join("captures"), Path::new(&corpus).join("har")];
    let mut paths = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            match entry.file_type().unwrap().is_dir() {
                true => folders.push(entry.path()),
                false => paths.push(entry.path()),
            }
        }
    }
    paths.sort();
    let files = paths.into_iter().filter_map(|path| std::fs::read(&path).ok().map(|file| (path, file)));
    Some(files.filter(|(_, file)| file.len() < 64 << 10).collect())
}

#[test]
fn damaged_files_of_others_are_read_to_their_end() {
    let Some(files) = files_of_others() else { return };
    let count = std::env::var("OFFPATH_MUTATIONS").map_or(MUTATIONS, |count| count.parse().unwrap());
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    // Steps of a size that shares no divisor with the number of files: a few mutations reach files of every kind.
    let step = (files.len() / 3 + 1..).find(|step| gcd(*step, files.len()) == 1).unwrap();
    for nth in 0..count {
        let (path, file) = &files[nth * step % files.len()];
        let changes = prop::collection::vec(change(), 1..8).new_tree(&mut runner).unwrap().current();
        let mut damaged = file.clone();
        for change in &changes {
            change.apply(&mut damaged);
        }
        // Shown where this one fails.
        eprintln!("{}: {changes:?}", path.display());
        read(damaged);
    }
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}
