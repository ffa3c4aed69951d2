//! A call of gRPC-Web: the first byte says in which form, the others are the body of the answer.
#![no_main]

use libfuzzer_sys::fuzz_target;
use offpath_capture_fuzz::{conversation, read};

const KINDS: [&str; 4] =
    ["application/grpc-web", "application/grpc-web-text", "application/grpc-web+json", "application/grpc"];

fuzz_target!(|bytes: &[u8]| {
    let (first, body) = bytes.split_first().unwrap_or((&0, &[]));
    let kind = KINDS[usize::from(*first) % KINDS.len()];
    let request = b"POST /shop.Orders/View HTTP/1.1\r\n\r\n\xff".to_vec();
    let answer = format!("HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nGrpc-Encoding: gzip\r\n\r\n");
    read(conversation(&[request, answer.into_bytes(), body.to_vec()].concat()));
});
