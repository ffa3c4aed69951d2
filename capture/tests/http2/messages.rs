//! What an exchange says: fields, bodies, interim responses, pushes and tunnels.

use offpath_capture::{Body, Place, Protocol};

use crate::http2_wire::{
    CONTINUATION, DATA, END_HEADERS, END_STREAM, Frames, HEADERS, PADDED, PING, PRIORITY, PUSH_PROMISE, WINDOW_UPDATE,
    WITH_PRIORITY,
};
use crate::packets_wire::Side::{Client, Server};
use crate::packets_wire::Talk;

fn nothing() -> Body {
    Body::Present { bytes: Vec::new(), wire_len: 0, decoded_len: 0, whole: true }
}

#[test]
fn a_whole_exchange_says_everything() {
    let mut frames = Frames::open(5000);
    frames.post(1, b"{\"amount\":5}").answer(1).talk.close();
    let seen = frames.talk.read();
    let exchange = seen.only();
    let (request, response) = (exchange.request.as_ref().unwrap(), exchange.response.as_ref().unwrap());
    assert_eq!((exchange.protocol, exchange.stream, exchange.pushed, exchange.grpc), (Protocol::Http2, 1, false, None));
    assert_eq!((request.method.as_str(), request.target.as_str()), ("POST", "/1"));
    assert_eq!((request.scheme.as_deref(), request.host.as_deref()), (Some("http"), Some("a.test")));
    let names: Vec<_> = request.headers.iter().map(|(name, _)| String::from_utf8_lossy(name).into_owned()).collect();
    assert_eq!(names, ["content-length", "x-request-id"]);
    assert_eq!(request.body.bytes(), Some(&b"{\"amount\":5}"[..]));
    assert!(request.body.is_whole() && response.body.is_whole());
    assert_eq!((response.status, response.body.bytes()), (200, Some(&b"body of 1"[..])));
    assert_eq!(exchange.client.unwrap().to_string(), "10.0.0.1:5000");
    assert_eq!(exchange.server.unwrap().to_string(), "10.0.0.2:80");
    // Three packets of the handshake and four of the greeting come before.
    let times: Vec<i64> = frames.talk.segments[7..11].iter().map(|segment| segment.time).collect();
    assert_eq!((exchange.time.0, request.end.unwrap().0), (times[0], times[1]));
    assert_eq!((response.start.unwrap().0, exchange.end.unwrap().0), (times[2], times[3]));
    assert!(matches!(exchange.origin.place, Place::Frames { first: 8, last: 9, .. }));
    assert!(matches!(exchange.response_origin.as_ref().unwrap().place, Place::Frames { first: 10, last: 11, .. }));
    assert!(exchange.incomplete.is_empty() && seen.blind_spots.is_empty());
    assert_eq!((seen.not_read(), seen.irregularities()), (vec![], vec![]));
}

#[test]
fn streams_may_be_interleaved_and_answered_in_any_order() {
    let mut frames = Frames::open(5000);
    frames.get(1).get(3).get(5).status(5, 0, "200").status(1, 0, "200");
    frames.send(Server, DATA, 0, 1, b"on").send(Server, DATA, END_STREAM, 5, b"five").send(Server, PING, 0, 0, &[7; 8]);
    frames.answer(3).send(Server, DATA, END_STREAM, 1, b"e").talk.close();
    let seen = frames.talk.read();
    assert_eq!(seen.lines(), ["1>1", "3>3", "5>5"]);
    let bodies: Vec<_> = seen.exchanges.iter().map(|e| (e.stream, e.response.as_ref().unwrap().body.bytes())).collect();
    assert_eq!(bodies, [(5, Some(&b"five"[..])), (3, Some(b"body of 3")), (1, Some(b"one"))]);
}

#[test]
fn padding_priority_and_continuations_are_no_part_of_the_message() {
    let mut frames = Frames::open(5000);
    let fields =
        [(":method", "PUT"), (":scheme", "http"), (":path", "/1"), (":authority", "a.test"), ("x-request-id", "1")];
    let block = frames.block(Client, &fields);
    let (first, rest) = block.split_at(5);
    let (second, third) = rest.split_at(1);
    let padded = [&[3][..], &[0, 0, 0, 0, 200], first, &[0; 3]].concat();
    frames.send(Client, HEADERS, PADDED | WITH_PRIORITY, 1, &padded);
    frames.send(Client, CONTINUATION, 0, 1, second).send(Client, CONTINUATION, 0, 1, b"");
    frames.send(Client, CONTINUATION, END_HEADERS, 1, third).send(Client, PRIORITY, 0, 1, &[0, 0, 0, 0, 9]);
    frames.send(Client, DATA, PADDED, 1, b"\x04body\0\0\0\0").send(Client, DATA, PADDED | END_STREAM, 1, b"\x00!");
    frames.send(Server, WINDOW_UPDATE, 0, 1, &[0, 0, 1, 0]).send(Server, 0xf0, 0xff, 77, b"an extension");
    frames.answer(1).talk.close();
    for mss in [1, 2, 7, 1000] {
        let mut talk = Talk::open(5000);
        talk.mss = mss;
        for segment in &frames.talk.segments[3..] {
            talk.send(segment.side, &segment.payload);
        }
        let seen = talk.read();
        assert_eq!(seen.lines(), ["1>1"], "{mss}");
        let request = seen.only().request.as_ref().unwrap();
        assert_eq!((request.method.as_str(), request.body.bytes()), ("PUT", Some(&b"body!"[..])));
        assert_eq!((seen.not_read(), seen.irregularities()), (vec![], vec![]));
    }
}

#[test]
fn interim_responses_are_passed_over_and_trailers_are_fields() {
    let mut frames = Frames::open(5000);
    frames.post(1, b"x").status(1, 0, "100").status(1, 0, "103").status(1, 0, "201").send(Server, DATA, 0, 1, b"y");
    frames.headers(Server, END_STREAM, 1, &[("x-sum", "7")]).talk.close();
    let seen = frames.talk.read();
    let response = seen.only().response.as_ref().unwrap();
    assert_eq!((response.status, response.headers.text("x-sum")), (201, Some("7")));
    assert_eq!((response.body.bytes(), response.body.is_whole()), (Some(&b"y"[..]), true));
    assert!(seen.only().incomplete.is_empty());
}

#[test]
fn absent_and_empty_bodies_are_told_apart() {
    let mut frames = Frames::open(5000);
    let head = |method: &'static str| {
        [(":method", method), (":scheme", "http"), (":path", "/"), (":authority", "a.test"), ("x-request-id", "?")]
    };
    frames.headers(Client, END_STREAM, 1, &head("HEAD"));
    frames.headers(Server, END_STREAM, 1, &[(":status", "200"), ("content-length", "500")]);
    frames.get(3).status(3, END_STREAM, "204").get(5);
    frames.headers(Server, END_STREAM, 5, &[(":status", "304"), ("content-length", "500")]);
    frames.get(7).status(7, END_STREAM, "200").post(9, b"").status(9, 0, "200").send(Server, DATA, END_STREAM, 9, b"");
    let seen = frames.talk.close().read();
    let bodies: Vec<_> = seen
        .exchanges
        .iter()
        .map(|e| (e.request.as_ref().unwrap().body.clone(), e.response.as_ref().unwrap().body.clone()))
        .collect();
    let expected = [
        (Body::Absent, Body::Absent),
        (Body::Absent, Body::Absent),
        (Body::Absent, Body::Absent),
        (Body::Absent, nothing()),
        (nothing(), nothing()),
    ];
    assert_eq!(bodies, expected);
    assert!(seen.irregularities().is_empty() && seen.report.incomplete.is_empty());
}

#[test]
fn a_length_other_than_announced_is_told() {
    let mut frames = Frames::open(5000);
    frames.get(1).headers(Server, 0, 1, &[(":status", "200"), ("content-length", "9")]);
    frames.send(Server, DATA, END_STREAM, 1, b"four").talk.close();
    let seen = frames.talk.read();
    assert_eq!(seen.irregularities(), ["content_length_mismatch"]);
    assert!(seen.only().response.as_ref().unwrap().body.is_whole());
}

#[test]
fn cookies_sent_one_by_one_are_one_field() {
    let mut frames = Frames::open(5000);
    let fields = [
        (":method", "GET"),
        (":scheme", "https"),
        (":path", "/"),
        (":authority", "a.test"),
        ("cookie", "a=1"),
        ("x", "y"),
        ("cookie", "b=2"),
    ];
    frames.headers(Client, END_STREAM, 1, &fields).answer(1).talk.close();
    let seen = frames.talk.read();
    let request = seen.only().request.as_ref().unwrap();
    assert_eq!((request.headers.text("cookie"), request.scheme.as_deref()), (Some("a=1; b=2"), Some("https")));
}

#[test]
fn coded_bodies_are_decoded() {
    let coded = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0x4b, 0xce, 0x4f, 0x49, 5, 0, 0x92, 0xd3, 0x2a, 0x34, 4, 0, 0, 0];
    let mut frames = Frames::open(5000);
    frames.get(1).headers(Server, 0, 1, &[(":status", "200"), ("content-encoding", "gzip")]);
    frames.send(Server, DATA, 0, 1, &coded[..9]).send(Server, DATA, END_STREAM, 1, &coded[9..]).talk.close();
    let seen = frames.talk.read();
    let body = &seen.only().response.as_ref().unwrap().body;
    assert_eq!((body.bytes(), body.is_whole()), (Some(&b"code"[..]), true), "{:?}", seen.only().incomplete);
}

#[test]
fn a_pushed_exchange_says_so() {
    let mut frames = Frames::open(5000);
    frames.get(1);
    let fields =
        [(":method", "GET"), (":scheme", "http"), (":path", "/style"), (":authority", "a.test"), ("x-request-id", "2")];
    let promise = [&[0, 0, 0, 2][..], &frames.block(Server, &fields)].concat();
    frames.send(Server, PUSH_PROMISE, END_HEADERS, 1, &promise).answer(1).answer(2).talk.close();
    let seen = frames.talk.read();
    let facts: Vec<_> =
        seen.exchanges.iter().map(|e| (e.stream, e.pushed, e.request.as_ref().unwrap().target.as_str())).collect();
    assert_eq!(facts, [(1, false, "/1"), (2, true, "/style")]);
    assert_eq!(seen.lines(), ["1>1", "2>2"]);
    let pushed = seen.exchanges[1].client.unwrap();
    assert_eq!(pushed.to_string(), "10.0.0.1:5000");
}

#[test]
fn tunnels_are_counted_and_not_kept() {
    let mut frames = Frames::open(5000);
    let connect = [(":method", "CONNECT"), (":authority", "b.test:443"), ("x-request-id", "1")];
    frames.headers(Client, 0, 1, &connect).status(1, 0, "200").send(Client, DATA, 0, 1, b"hello");
    frames.send(Server, DATA, END_STREAM, 1, b"you").send(Client, DATA, END_STREAM, 1, b"").talk.close();
    let seen = frames.talk.read();
    let exchange = seen.only();
    let (request, response) = (exchange.request.as_ref().unwrap(), exchange.response.as_ref().unwrap());
    assert_eq!((request.method.as_str(), request.target.as_str()), ("CONNECT", "b.test:443"));
    assert_eq!((&request.body, &response.body), (&Body::Absent, &Body::Absent));
    assert_eq!((seen.not_read(), exchange.incomplete.len()), (vec![("upgraded", 1, 8)], 0));
}
