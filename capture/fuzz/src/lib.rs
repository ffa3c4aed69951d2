//! What all fuzz targets do: read bytes as one input and check what holds for any.

use std::ops::ControlFlow;

use offpath_capture::{BlindSpot, Body, Exchange, Limits, Options, Sink, Source, calls};

/// Counts exchanges and checks each.
struct Checked {
    exchanges: u64,
    body_bytes: usize,
}

impl Sink for Checked {
    fn exchange(&mut self, exchange: Exchange) -> ControlFlow<()> {
        self.exchanges += 1;
        assert!(exchange.request.is_some() || exchange.response.is_some());
        assert!(exchange.end.is_none_or(|end| end >= exchange.time));
        let found = calls(&exchange);
        let kept = found.calls.iter().flat_map(|call| [&call.arguments, &call.result]).flatten();
        assert!(found.calls.len() <= 256 && kept.map(String::len).sum::<usize>() <= 4 << 20);
        let bodies = [exchange.request.map(|request| request.body), exchange.response.map(|response| response.body)];
        for body in bodies.into_iter().flatten() {
            if let Body::Present { bytes, .. } = body {
                assert!(bytes.len() <= self.body_bytes);
            }
        }
        ControlFlow::Continue(())
    }

    fn blind_spot(&mut self, spot: BlindSpot) -> ControlFlow<()> {
        assert!(spot.from <= spot.to);
        ControlFlow::Continue(())
    }

    fn progress(&mut self, _bytes: u64) {}
}

/// Reads `bytes` to the end; panics where something does not hold.
pub fn read(bytes: Vec<u8>) {
    let limits = Limits { body_bytes: 4 << 10, inflate_bytes: 1 << 20, entry_bytes: 1 << 16, ..Limits::default() };
    let options = Options { limits, ..Options::default() };
    let length = bytes.len() as u64;
    let Ok(source) = Source::in_memory("fuzz", bytes) else { return };
    let mut checked = Checked { exchanges: 0, body_bytes: options.limits.body_bytes };
    let report = source.read(&options, &mut checked);
    assert_eq!(report.exchanges, checked.exchanges);
    assert_eq!(report.inputs[0].bytes, length);
}

/// A pcap file of one TCP connection: each line `\xff` of the input hands over to the other side.
pub fn conversation(bytes: &[u8]) -> Vec<u8> {
    let mut file = Vec::new();
    for word in [0xa1b2_c3d4_u32, 0x0004_0002, 0, 0, 1 << 18, 101] {
        file.extend(word.to_le_bytes());
    }
    let mut next = [1u32, 1];
    for (nth, said) in bytes.split(|byte| *byte == 0xff).enumerate() {
        let (own, peer) = (nth % 2, 1 - nth % 2);
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
