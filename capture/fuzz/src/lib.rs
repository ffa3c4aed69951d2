//! What all fuzz targets do: read bytes as one input and check what holds for any.

use std::ops::ControlFlow;

use offpath_capture::{BlindSpot, Body, Exchange, Limits, Message, Options, Sink, Source, grpc_as_json};

/// Counts exchanges and checks each.
struct Checked {
    exchanges: u64,
    messages: u64,
    body_bytes: usize,
}

impl Checked {
    fn body(&self, body: &Body) {
        if let Body::Present { bytes, .. } = body {
            assert!(bytes.len() <= self.body_bytes);
        }
    }
}

impl Sink for Checked {
    fn exchange(&mut self, exchange: Exchange) -> ControlFlow<()> {
        self.exchanges += 1;
        assert!(exchange.request.is_some() || exchange.response.is_some());
        assert!(exchange.end.is_none_or(|end| end >= exchange.time));
        if let Some(decoded) = grpc_as_json(&exchange, None) {
            assert_eq!(decoded.key, exchange.key);
            assert_eq!(decoded.response.is_some(), exchange.response.is_some());
        }
        let bodies = [exchange.request.map(|request| request.body), exchange.response.map(|response| response.body)];
        bodies.iter().flatten().for_each(|body| self.body(body));
        ControlFlow::Continue(())
    }

    fn message(&mut self, message: Message) -> ControlFlow<()> {
        self.messages += u64::from(message.kind.is_data());
        assert!(message.end >= message.time);
        assert!(!message.payload.is_whole() || message.incomplete.is_empty());
        self.body(&message.payload);
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
    let mut checked = Checked { exchanges: 0, messages: 0, body_bytes: options.limits.body_bytes };
    let report = source.read(&options, &mut checked);
    assert_eq!(report.exchanges, checked.exchanges);
    assert_eq!(report.websocket.messages, checked.messages);
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
