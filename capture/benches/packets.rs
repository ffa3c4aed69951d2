//! Packets to exchanges: one generated capture of keep-alive connections, read from a file.

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

fn capture() -> Vec<u8> {
    let mut file = Vec::new();
    [0xa1b2_c3d4_u32, 0x0004_0002, 0, 0, 65_535, 101].iter().for_each(|word| file.extend(word.to_le_bytes()));
    let body = "x".repeat(1000);
    let request = format!("POST /orders HTTP/1.1\r\nHost: a.test\r\nContent-Length: 1000\r\n\r\n{body}");
    let response = format!("HTTP/1.1 201 Created\r\nContent-Length: 1000\r\n\r\n{body}");
    let mut micros = 0;
    for exchange in 0..EXCHANGES {
        let at = [1 + (exchange * request.len()) as u32, 1 + (exchange * response.len()) as u32];
        for client in 0..CONNECTIONS {
            micros += 20;
            record(&mut file, micros, 1024 + client, true, at, request.as_bytes());
            record(
                &mut file,
                micros + 9,
                1024 + client,
                false,
                [at[1], at[0] + request.len() as u32],
                response.as_bytes(),
            );
        }
    }
    file
}

#[divan::bench]
#[expect(clippy::unwrap_used, reason = "a bench without its file measures nothing")]
fn exchanges(bencher: divan::Bencher<'_, '_>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bench.pcap");
    let file = capture();
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
