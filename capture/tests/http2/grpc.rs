//! gRPC calls: their messages and the status in their trailers.

use offpath_capture::{Grpc, Protocol};

use crate::http2_wire::{DATA, END_HEADERS, END_STREAM, Frames, HEADERS, PING};
use crate::packets_wire::Side::{Client, Server};

fn call(frames: &mut Frames<'_>, stream: u32, messages: &[&[u8]]) {
    let id = stream.to_string();
    let fields = [
        (":method", "POST"),
        (":scheme", "http"),
        (":path", "/shop.Orders/Place"),
        (":authority", "a.test"),
        ("content-type", "application/grpc+proto"),
        ("x-request-id", &id),
    ];
    frames.headers(Client, 0, stream, &fields);
    for message in messages {
        let prefixed = [&[0][..], &(message.len() as u32).to_be_bytes(), message].concat();
        frames.send(Client, DATA, 0, stream, &prefixed);
    }
    frames.send(Client, DATA, END_STREAM, stream, b"");
}

#[test]
fn a_grpc_call_has_its_status_and_messages() {
    let mut frames = Frames::open(5000);
    call(&mut frames, 1, &[b"one", b"", b"three"]);
    frames.headers(Server, 0, 1, &[(":status", "200"), ("content-type", "application/grpc")]);
    frames.send(Server, DATA, 0, 1, &[0, 0, 0, 0, 2, 8, 1]);
    frames.headers(Server, END_STREAM, 1, &[("grpc-status", "0")]);
    call(&mut frames, 3, &[b"one"]);
    // A refusal is a single head.
    let refused =
        [(":status", "200"), ("content-type", "application/grpc"), ("grpc-status", "7"), ("grpc-message", "no")];
    frames.headers(Server, END_STREAM, 3, &refused);
    call(&mut frames, 5, &[b"one"]);
    frames.headers(Server, 0, 5, &[(":status", "200"), ("content-type", "application/grpc")]).talk.close();
    let seen = frames.talk.read();
    let facts: Vec<_> = seen.exchanges.iter().map(|e| (e.protocol, e.stream, e.grpc.unwrap())).collect();
    let grpc = |status, request, response| Grpc { status, request_messages: request, response_messages: response };
    let expected = [
        (Protocol::Grpc, 1, grpc(Some(0), Some(3), Some(1))),
        (Protocol::Grpc, 3, grpc(Some(7), Some(1), Some(0))),
        (Protocol::Grpc, 5, grpc(None, Some(1), None)),
    ];
    assert_eq!(facts, expected);
    assert_eq!(seen.exchanges[0].request.as_ref().unwrap().target, "/shop.Orders/Place");
}

#[test]
fn a_call_whose_content_type_is_unknown_is_no_success_for_that() {
    let mut frames = Frames::open(5000);
    for stream in [1, 3] {
        call(&mut frames, stream, &[b"one"]);
        frames.headers(Server, 0, stream, &[(":status", "200"), ("content-type", "application/grpc")]);
        let trailers = [("grpc-status", "7"), ("grpc-message", "no")];
        frames.headers(Server, END_STREAM, stream, &trailers);
    }
    frames.talk.close();
    // The first response's head is lost, and with it what later ones refer to.
    let lost =
        frames.talk.segments.iter().position(|s| s.side == Server && s.payload.get(3) == Some(&HEADERS)).unwrap();
    frames.talk.drop_segment(lost);
    let seen = frames.talk.read();
    let facts: Vec<_> =
        seen.exchanges.iter().map(|e| (e.stream, e.grpc.map(|g| g.status), e.outcome_status())).collect();
    assert_eq!(facts, [(1, Some(None), None), (3, Some(Some(7)), Some(403))]);
    // Without anything that says gRPC but an earlier call.
    let mut frames = Frames::open(5000);
    call(&mut frames, 1, &[b"one"]);
    frames.headers(Server, 0, 1, &[(":status", "200"), ("content-type", "application/grpc")]);
    frames.headers(Server, END_STREAM, 1, &[("grpc-status", "0")]);
    frames.get(3).send(Server, PING, 0, 0, &[0; 8]);
    let block = frames.block(Server, &[(":status", "200"), ("content-type", "application/grpc"), ("grpc-status", "0")]);
    frames.send(Server, HEADERS, END_HEADERS | END_STREAM, 3, &block).talk.close();
    let ping = frames.talk.segments.iter().position(|s| s.payload.get(3) == Some(&PING)).unwrap();
    frames.talk.drop_segment(ping);
    let seen = frames.talk.read();
    let facts: Vec<_> = seen.exchanges.iter().map(|e| (e.stream, e.protocol, e.outcome_status())).collect();
    assert_eq!(facts, [(1, Protocol::Grpc, Some(200)), (3, Protocol::Grpc, None)]);
}
