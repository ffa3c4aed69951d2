//! Packets to exchanges: one generated capture of keep-alive connections for each protocol, read from a file.

use std::ops::ControlFlow;

use divan::counter::{BytesCount, ItemsCount};
use offpath_capture::{BlindSpot, Exchange, Options, Sink, plan};

const CONNECTIONS: u16 = 500;
const EXCHANGES: usize = 20;

struct Discard;

impl Sink for Discard {
    fn exchange(&mut self, _exchange: Exchange) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn blind_spot(&mut self, _spot: BlindSpot) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn progress(&mut self, _bytes: u64) {}
}

/// One record of a raw IP capture.
fn record(file: &mut Vec<u8>, micros: u32, client: u16, up: bool, numbers: [u32; 2], payload: &[u8]) {
    let len = 40 + payload.len();
    [1_700_000_000 + micros / 1_000_000, micros % 1_000_000, len as u32, len as u32]
        .iter()
        .for_each(|word| file.extend(word.to_le_bytes()));
    file.extend([0x45, 0]);
    file.extend((len as u16).to_be_bytes());
    file.extend([0, 0, 0x40, 0, 64, 6, 0, 0]);
    let hosts = if up { [[10, 0, 0, 1], [10, 0, 0, 2]] } else { [[10, 0, 0, 2], [10, 0, 0, 1]] };
    hosts.iter().for_each(|host| file.extend(host));
    let ports = if up { [client, 80] } else { [80, client] };
    ports.iter().for_each(|port| file.extend(port.to_be_bytes()));
    numbers.iter().for_each(|number| file.extend(number.to_be_bytes()));
    file.extend([0x50, 0x18, 0xff, 0xff, 0, 0, 0, 0]);
    file.extend(payload);
}

/// A capture of connections that take turns: what each side says first, then in each exchange.
fn capture(first: [&[u8]; 2], said: impl Fn(usize) -> [Vec<u8>; 2]) -> Vec<u8> {
    let mut file = Vec::new();
    [0xa1b2_c3d4_u32, 0x0004_0002, 0, 0, 65_535, 101].iter().for_each(|word| file.extend(word.to_le_bytes()));
    let mut micros = 0;
    let mut at = [1u32, 1];
    let mut turn = |said: [&[u8]; 2]| {
        for client in 1024..1024 + CONNECTIONS {
            micros += 20;
            record(&mut file, micros, client, true, at, said[0]);
            record(&mut file, micros + 9, client, false, [at[1], at[0] + said[0].len() as u32], said[1]);
        }
        at = [at[0] + said[0].len() as u32, at[1] + said[1].len() as u32];
    };
    if !first[0].is_empty() {
        turn(first);
    }
    for exchange in 0..EXCHANGES {
        let [request, response] = said(exchange);
        turn([&request, &response]);
    }
    file
}

fn http1() -> Vec<u8> {
    let body = "x".repeat(1000);
    let request = format!("POST /orders HTTP/1.1\r\nHost: a.test\r\nContent-Length: 1000\r\n\r\n{body}");
    let response = format!("HTTP/1.1 201 Created\r\nContent-Length: 1000\r\n\r\n{body}");
    capture([b"", b""], |_| [request.clone().into_bytes(), response.clone().into_bytes()])
}

/// The same exchanges in HTTP/2; each exchange but the first refers to fields of the one before.
fn http2() -> Vec<u8> {
    let frame = |kind: u8, flags: u8, stream: u32, payload: &[u8]| {
        let length = (payload.len() as u32).to_be_bytes();
        [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
    };
    let settings = frame(4, 0, 0, b"");
    let greeting = [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", &*settings].concat();
    capture([&greeting, &settings], |nth| {
        let stream = 1 + 2 * nth as u32;
        // POST, http, then path, authority and length: literals that are kept, later by their index.
        let literals = [&b"\x83\x86\x44\x07/orders\x41\x06a.test"[..], b"\x5c\x041000"].concat();
        let request = if nth == 0 { literals } else { b"\x83\x86\xc0\xbf\xbe".to_vec() };
        let response = if nth == 0 { b"\x48\x03201\x5c\x041000".to_vec() } else { b"\xbf\xbe".to_vec() };
        [request, response].map(|block| [frame(1, 4, stream, &block), frame(0, 1, stream, &[b'x'; 1000])].concat())
    })
}

#[divan::bench(args = ["http1", "http2"])]
#[expect(clippy::unwrap_used, reason = "a bench without its file measures nothing")]
fn exchanges(bencher: divan::Bencher<'_, '_>, protocol: &str) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bench.pcap");
    let file = if protocol == "http2" { http2() } else { http1() };
    std::fs::write(&path, &file).unwrap();
    let names = [path.to_str().unwrap().to_owned()];
    bencher.counter(BytesCount::new(file.len())).counter(ItemsCount::new(usize::from(CONNECTIONS) * EXCHANGES)).bench(
        || {
            let options = Options::default();
            plan(&names, &options).sources.into_iter().map(|s| s.read(&options, &mut Discard).exchanges).sum::<u64>()
        },
    );
}

fn main() {
    divan::main();
}
