//! Messages of gRPC under a schema: the first two bytes say how long the set of descriptors is, and what follows it is one
//! message, asked and answered with. What is made of it is JSON, within the limit.
#![no_main]

use std::ops::ControlFlow;

use libfuzzer_sys::fuzz_target;
use offpath_capture::{BlindSpot, Exchange, Schema, Sink, Source, grpc_as_json};
use offpath_capture_fuzz::{small, talk};
use serde::de::IgnoredAny;

/// Most bytes of JSON, and the brackets of a side that streams.
const MOST: usize = (4 << 20) + 2;

struct Decoded<'s>(&'s Schema);

impl Sink for Decoded<'_> {
    fn exchange(&mut self, exchange: Exchange) -> ControlFlow<()> {
        let Some(decoded) = grpc_as_json(&exchange, Some(self.0)) else { return ControlFlow::Continue(()) };
        assert_eq!(decoded.key, exchange.key);
        let asked = decoded.request.map(|request| request.body);
        for body in [asked, decoded.response.map(|response| response.body)].into_iter().flatten() {
            let Some(bytes) = body.bytes().filter(|_| body.is_whole()) else { continue };
            assert!(bytes.len() <= MOST);
            let message = exchange.request.as_ref().and_then(|request| request.body.bytes());
            assert!(bytes.is_empty() || Some(bytes) == message || serde_json::from_slice::<IgnoredAny>(bytes).is_ok());
        }
        ControlFlow::Continue(())
    }

    fn blind_spot(&mut self, _: BlindSpot) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn progress(&mut self, _: u64) {}
}

fuzz_target!(|bytes: &[u8]| {
    let (&length, rest) = bytes.split_first_chunk().unwrap_or((&[0; 2], &[]));
    let Some((descriptors, message)) = rest.split_at_checked(usize::from(u16::from_be_bytes(length))) else { return };
    let mut schema = Schema::default();
    if schema.add(descriptors).is_err() || schema.methods() == 0 {
        return;
    }
    let body = [&[0][..], &(message.len() as u32).to_be_bytes(), message].concat();
    let head = format!("Content-Type: application/grpc-web+proto\r\nContent-Length: {}\r\n\r\n", body.len());
    let said = |first: &str| [first.as_bytes(), head.as_bytes(), &body].concat();
    let turns = [(0, said("POST /s.S/M HTTP/1.1\r\n")), (1, said("HTTP/1.1 200 OK\r\n"))];
    if let Ok(source) = Source::in_memory("fuzz", talk(turns.into_iter())) {
        source.read(&small(), &mut Decoded(&schema));
    }
});
