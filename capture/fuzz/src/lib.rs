//! What all fuzz targets do: read bytes as one input and check what holds for any.

mod checked;
mod files;
mod quic;
#[path = "../../tests/tls_wire/mod.rs"]
mod tls_wire;

use std::path::PathBuf;
use std::sync::OnceLock;

use offpath_capture::{Limits, Options, Source};
use tls_wire::{ALERT, DATA, HANDSHAKE, Tls};

pub use checked::{Told, read_source};
pub use files::{Input, gzip, read_file, read_files};
pub use quic::{datagrams, initial};

/// Reads `bytes` to the end; panics where something does not hold.
pub fn read(bytes: Vec<u8>) {
    read_as(bytes, Vec::new());
}

/// The same with a key log for the connections of [`sealed`] and [`unsealed`].
pub fn read_with_secrets(bytes: Vec<u8>) {
    static KEY_LOG: OnceLock<PathBuf> = OnceLock::new();
    let key_log = KEY_LOG.get_or_init(|| {
        let path = std::env::temp_dir().join(format!("offpath-fuzz-{}.log", std::process::id()));
        let master = format!("CLIENT_RANDOM {} {}\n", "01".repeat(32), "5a".repeat(48));
        std::fs::write(&path, Tls::new(1).key_log() + &master).unwrap();
        path
    });
    read_as(bytes, vec![key_log.clone()]);
}

fn read_as(bytes: Vec<u8>, key_logs: Vec<PathBuf>) {
    let options = Options { key_logs, ..small() };
    let length = bytes.len() as u64;
    if let Ok(source) = Source::in_memory("fuzz", bytes) {
        read_source(source, length, &options);
    }
}

/// Options whose limits are within reach of the longest input.
pub fn small() -> Options {
    let limits = Limits { body_bytes: 4 << 10, inflate_bytes: 1 << 20, entry_bytes: 1 << 16, ..Limits::default() };
    Options { limits, ..Options::default() }
}

/// A pcap file of one TCP connection: each byte `\xff` of the input hands over to the other side.
pub fn conversation(bytes: &[u8]) -> Vec<u8> {
    talk(turns(bytes).map(|(side, said)| (side, said.to_vec())))
}

/// The same behind the hellos of TLS whose suite and version the input names.
pub fn unsealed(bytes: &[u8]) -> Vec<u8> {
    let (&[version, high, low], rest) = bytes.split_first_chunk().unwrap_or((&[0; 3], &[]));
    let tls = Tls::new(1);
    let mut answer = tls.hello(1);
    answer[44..46].copy_from_slice(&[high, low]);
    let mut said = vec![(0, tls.hello(0))];
    if version % 2 == 0 {
        // An extension of another number leaves TLS 1.2, where a change of keys is announced.
        answer[49..51].copy_from_slice(&[0xfa, version & 22]);
        answer.extend([20, 3, 3, 0, 1, 1]);
        said.push((0, vec![20, 3, 3, 0, 1, 1]));
    }
    said.push((1, answer));
    talk(said.into_iter().chain(turns(rest).map(|(side, said)| (side, said.to_vec()))))
}

/// The same in records of TLS that open; the first byte of each turn says what is done to its record.
pub fn sealed(bytes: &[u8]) -> Vec<u8> {
    let mut tls = Tls::new(1);
    let hellos = [(0, tls.hello(0)), (1, tls.hello(1))];
    let records = turns(bytes).map(|(side, said)| {
        let (&how, content) = said.split_first().unwrap_or((&0, &[]));
        if how & 4 != 0 {
            tls.skip(side);
        }
        let kind = [DATA, DATA, HANDSHAKE, ALERT][usize::from(how & 3)];
        let mut record = tls.seal(side, kind, content.get(..16_000).unwrap_or(content));
        if how & 8 != 0 {
            let at = usize::from(how >> 4) * record.len() / 16;
            record[at] ^= 1;
        }
        (side, record)
    });
    talk(hellos.into_iter().chain(records))
}

/// A pcapng file whose block of secrets holds this text, and then one connection of TLS: the key log's random is that of
/// its hellos where the text says so.
pub fn with_secrets(text: &[u8]) -> Vec<u8> {
    let block = |kind: u32, body: &[u8]| {
        let padded = body.len().next_multiple_of(4);
        let length = (12 + padded as u32).to_le_bytes();
        let padding = vec![0; padded - body.len()];
        [&kind.to_le_bytes()[..], &length, body, &padding, &length].concat()
    };
    let words = |words: &[u32]| words.iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<u8>>();
    let mut file = block(0x0a0d_0d0a, &words(&[0x1a2b_3c4d, 1, u32::MAX, u32::MAX]));
    file.extend(block(1, &words(&[101, 0])));
    file.extend(block(10, &[&words(&[0x544c_534b, text.len() as u32])[..], text].concat()));
    let mut packets = sealed(b"\0GET / HTTP/1.1\r\n\r\n\xff\0HTTP/1.1 204 No Content\r\n\r\n").split_off(24);
    while packets.len() >= 16 {
        let length = u32::from_le_bytes([packets[8], packets[9], packets[10], packets[11]]);
        let rest = packets.split_off(16 + length as usize);
        file.extend(block(6, &[&words(&[0, 0, 0, length, length])[..], &packets[16..]].concat()));
        packets = rest;
    }
    file
}

/// What the sides say by turns.
fn turns(bytes: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    bytes.split(|byte| *byte == 0xff).enumerate().map(|(nth, said)| (nth % 2, said))
}

/// A pcap file of one TCP connection, a second a turn; side 0 is the client.
pub fn talk(turns: impl Iterator<Item = (usize, Vec<u8>)>) -> Vec<u8> {
    let mut file = Vec::new();
    for word in [0xa1b2_c3d4_u32, 0x0004_0002, 0, 0, 1 << 18, 101] {
        file.extend(word.to_le_bytes());
    }
    let mut next = [1u32, 1];
    for (nth, (own, said)) in turns.enumerate() {
        let peer = 1 - own;
        for part in said.chunks(1400) {
            let length = (40 + part.len()) as u32;
            for word in [nth as u32, 0, length, length] {
                file.extend(word.to_le_bytes());
            }
            file.extend([0x45, 0]);
            file.extend((length as u16).to_be_bytes());
            file.extend([0, 0, 0x40, 0, 64, 6, 0, 0, 10, 0, 0, own as u8, 10, 0, 0, peer as u8]);
            for port in if own == 0 { [4000u16, 80] } else { [80, 4000] } {
                file.extend(port.to_be_bytes());
            }
            file.extend(next[own].to_be_bytes());
            file.extend(next[peer].to_be_bytes());
            file.extend([0x50, 16, 0xff, 0xff, 0, 0, 0, 0]);
            file.extend(part);
            next[own] = next[own].wrapping_add(part.len() as u32);
        }
    }
    file
}

/// A pcap file of the link type that the first two bytes name; each packet behind has its length in a byte before it,
/// and half of them were longer on the wire.
pub fn frames(bytes: &[u8]) -> Vec<u8> {
    let (link, mut rest) = bytes.split_at_checked(2).unwrap_or((&[1, 0], bytes));
    let mut file = Vec::new();
    for word in [0xa1b2_c3d4_u32, 0x0004_0002, 0, 0, 1 << 18] {
        file.extend(word.to_le_bytes());
    }
    file.extend([link[0], link[1], 0, 0]);
    let mut time = 0u32;
    while let Some((&length, behind)) = rest.split_first() {
        let (frame, behind) = behind.split_at(usize::from(length).min(behind.len()));
        let captured = frame.len() as u32;
        time += 1;
        for word in [time, 0, captured, captured + time % 2 * 100] {
            file.extend(word.to_le_bytes());
        }
        file.extend(frame);
        rest = behind;
    }
    file
}

/// A pcap file of one exchange over HTTP/1: request line, content type and bodies as the input says.
pub fn request_and_answer(bytes: &[u8]) -> Vec<u8> {
    let mut lines = bytes.splitn(3, |byte| *byte == b'\n');
    let [line, kind, bodies] = [(); 3].map(|()| lines.next().unwrap_or_default());
    let mut bodies = bodies.splitn(2, |byte| *byte == 0xff);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).replace(['\n', '\r', '\0'], " ");
    let message = |first: &str, body: &[u8]| {
        let head = format!("{first}\r\nContent-Type: {}\r\nContent-Length: {}\r\n\r\n", text(kind), body.len());
        // What hands over to the other side must not stand in a body.
        head.into_bytes().into_iter().chain(body.iter().map(|byte| byte.min(&0xfe)).copied()).collect::<Vec<u8>>()
    };
    let request = message(&format!("{} HTTP/1.1", text(line)), bodies.next().unwrap_or_default());
    let answer = message("HTTP/1.1 200 OK", bodies.next().unwrap_or_default());
    conversation(&[request, answer].join(&0xff))
}

/// A pcap file of a WebSocket: each turn of the input is a message of text.
pub fn said(bytes: &[u8]) -> Vec<u8> {
    let head = "Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n";
    let opening = [
        (0, format!("GET /live HTTP/1.1\r\nHost: a\r\n{head}").into_bytes()),
        (1, format!("HTTP/1.1 101 Switching Protocols\r\n{head}").into_bytes()),
    ];
    let messages = turns(bytes).map(|(side, said)| {
        let masked: u8 = if side == 0 { 0x80 } else { 0 };
        let mut frame = vec![0x81, masked | 126];
        let said = said.get(..said.len().min(usize::from(u16::MAX))).unwrap_or_default();
        frame.extend((said.len() as u16).to_be_bytes());
        // A mask of zeros leaves what it masks as it is.
        frame.extend(if side == 0 { &[0; 4][..] } else { &[] });
        frame.extend(said);
        (side, frame)
    });
    talk(opening.into_iter().chain(messages))
}
