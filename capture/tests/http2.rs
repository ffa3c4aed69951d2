//! HTTP/2 written frame by frame: each test names what is said and what must come out.

mod http2_wire;
mod packets_wire;

use http2_wire::{
    CONTINUATION, DATA, END_HEADERS, END_STREAM, Frames, GOAWAY, HEADERS, PADDED, PING, PREFACE, PRIORITY,
    PUSH_PROMISE, SETTINGS, WINDOW_UPDATE, WITH_PRIORITY, frame,
};
use offpath_capture::{Body, Grpc, Limits, Options, Place, Protocol};
use packets_wire::Side::{Client, Server};
use packets_wire::{ACK, Seen, Talk, ethernet, ip, pcap, pcap_of, read_with};

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
fn an_upgraded_connection_answers_its_request_on_stream_1() {
    let request = "GET /1 HTTP/1.1\r\nHost: a.test\r\nX-Request-Id: 1\r\nConnection: Upgrade, HTTP2-Settings\r\n\
                   Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n";
    let agreed = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n";
    for together in [false, true] {
        let mut talk = Talk::open(5000);
        talk.get(0).send(Client, request);
        let settings = frame(SETTINGS, 0, 0, b"");
        if together {
            talk.send(Server, [agreed.as_bytes(), &settings].concat());
        } else {
            talk.send(Server, agreed).send(Server, &settings);
        }
        talk.send(Client, [PREFACE, &settings].concat());
        let mut frames = Frames::on(talk);
        frames.answer(1).get(3).answer(3).talk.close();
        let seen = frames.talk.read();
        assert_eq!(seen.lines(), ["0>0", "1>1", "3>3"], "{together}");
        let facts: Vec<_> = seen.exchanges.iter().map(|e| (e.protocol, e.stream, e.incomplete.len())).collect();
        assert_eq!(facts, [(Protocol::Http1, 0, 0), (Protocol::Http2, 1, 0), (Protocol::Http2, 3, 0)]);
        assert_eq!((seen.not_read(), seen.irregularities()), (vec![], vec![]));
        // The preface may be captured before the answer that it follows.
        let agreed_at = frames.talk.find("101 Switching");
        let preface_at = frames.talk.find("PRI *");
        let mut segments = frames.talk.segments.clone();
        let preface = segments.remove(preface_at);
        segments.insert(agreed_at, preface);
        for (nth, segment) in segments.iter_mut().enumerate() {
            segment.time = frames.talk.segments[nth].time;
        }
        assert_eq!(packets_wire::read(&[&pcap(&segments)]).lines(), ["0>0", "1>1", "3>3"], "{together}");
    }
}

#[test]
fn a_server_may_speak_first() {
    let settings = frame(SETTINGS, 0, 0, &[0, 3, 0, 0, 0, 100]);
    for talk in [Talk::open(5000), Talk::joined(5000)] {
        let mut frames = Frames::on(talk);
        frames.talk.send(Server, &settings).send(Client, [PREFACE, &settings].concat());
        frames.get(1).answer(1).get(3).answer(3).talk.close();
        let seen = frames.talk.read();
        assert_eq!(seen.lines(), ["1>1", "3>3"]);
        assert!(seen.exchanges.iter().all(|e| e.carries.request_headers && e.carries.response_headers));
    }
}

#[test]
fn a_response_captured_before_its_request_is_its_response() {
    for talk in [Talk::open(5000), Talk::joined(5000)] {
        let mut frames = Frames::on(talk);
        frames.get(1).answer(1);
        let before = frames.talk.segments.len();
        frames.get(3).status(3, END_STREAM, "200").get(5).answer(5).talk.close();
        let segments = &mut frames.talk.segments;
        segments.swap(before, before + 1);
        let (first, second) = (segments[before + 1].time, segments[before].time);
        (segments[before].time, segments[before + 1].time) = (first, second);
        assert_eq!(frames.talk.read().lines(), ["1>1", "3>3", "5>5"]);
    }
}

#[test]
fn one_direction_is_enough() {
    let mut frames = Frames::open(5000);
    frames.get(1).answer(1).get(3).answer(3).talk.close();
    let mut requests = frames.talk.clone();
    requests.drop_side(Server);
    assert_eq!(requests.read().lines(), ["1>- no_response response_gap", "3>- no_response response_gap"]);
    let mut responses = frames.talk.clone();
    responses.drop_side(Client);
    let seen = responses.read();
    assert_eq!(seen.lines(), ["->1 no_request", "->3 no_request"]);
    assert!(!seen.blind_spots.is_empty());
}

#[test]
fn a_stream_given_up_is_labelled() {
    let mut frames = Frames::open(5000);
    frames.get(1).reset(Client, 1).get(3).status(3, 0, "200").send(Server, DATA, 0, 3, b"par").reset(Client, 3);
    frames.get(5).reset(Server, 5).get(7).answer(7).reset(Client, 7).talk.close();
    let lines = frames.talk.read().lines();
    assert_eq!(lines, ["1>- no_response reset", "3>3 cut_short reset", "5>- no_response reset", "7>7"]);
}

#[test]
fn a_response_that_was_on_its_way_is_still_the_response() {
    let mut frames = Frames::open(5000);
    frames.get(1).reset(Client, 1).answer(1).get(3).answer(3).talk.close();
    assert_eq!(frames.talk.read().lines(), ["1>1", "3>3"]);
}

#[test]
fn an_early_response_leaves_the_rest_of_the_request_unsaid() {
    let mut frames = Frames::open(5000);
    let fields = [(":method", "POST"), (":scheme", "http"), (":path", "/"), (":authority", "a"), ("x-request-id", "1")];
    frames.headers(Client, 0, 1, &fields).send(Client, DATA, 0, 1, b"begin").status(1, END_STREAM, "413");
    frames.reset(Server, 1).send(Client, DATA, END_STREAM, 1, b"in flight").get(3).answer(3).talk.close();
    let seen = frames.talk.read();
    assert_eq!(seen.lines(), ["1>1 cut_short", "3>3"]);
}

#[test]
fn streams_that_a_server_did_not_look_at_are_given_up() {
    let mut frames = Frames::open(5000);
    frames.get(1).get(3).send(Server, GOAWAY, 0, 0, &[0, 0, 0, 1, 0, 0, 0, 0]).answer(1).talk.close();
    assert_eq!(frames.talk.read().lines(), ["1>1", "3>- no_response reset"]);
}

#[test]
fn a_server_may_name_an_earlier_last_stream_but_not_a_later_one() {
    let goaway = |last: u8| [0, 0, 0, last, 0, 0, 0, 0];
    let mut frames = Frames::open(5000);
    frames.get(1).get(3).get(5).get(7).send(Server, GOAWAY, 0, 0, &[0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 0]);
    frames.send(Server, GOAWAY, 0, 0, &goaway(5)).send(Server, GOAWAY, 0, 0, &goaway(9));
    frames.send(Server, GOAWAY, 0, 0, &goaway(5)).answer(5).send(Server, GOAWAY, 0, 0, &goaway(1)).answer(1);
    let seen = frames.talk.close().read();
    assert_eq!(seen.lines(), ["1>1", "3>- no_response reset", "5>5", "7>- no_response reset"]);
}

#[test]
fn the_last_stream_is_not_read_from_bytes_behind_a_gap() {
    // The server looks at all streams and explains itself at length; zeros at the end would say: at none.
    let said = frame(GOAWAY, 0, 0, &[&[0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 2][..], &[0; 92]].concat());
    for from in 0..24 {
        for to in [from + 1, from + 4, 60, said.len()] {
            let mut frames = Frames::open(5000);
            frames.get(1);
            for part in [&said[..from], &said[from..to], &said[to..]] {
                frames.talk.send(Server, part);
            }
            let lost = frames.talk.segments.len() - 1 - usize::from(to < said.len());
            frames.talk.drop_segment(lost);
            let lines = frames.answer(1).talk.close().read().lines();
            assert!(["1>1", "1>1 response_gap"].contains(&&*lines[0]), "{from}..{to}: {lines:?}");
        }
    }
}

#[test]
fn the_last_stream_is_known_though_the_rest_is_lost() {
    let said = frame(GOAWAY, 0, 0, &[&[0, 0, 0, 1, 0, 0, 0, 2][..], &[0; 92]].concat());
    for (from, to) in [(13, 14), (13, said.len()), (40, 60), (60, said.len())] {
        let mut frames = Frames::open(5000);
        frames.get(1).get(3);
        for part in [&said[..from], &said[from..to], &said[to..]] {
            frames.talk.send(Server, part);
        }
        let lost = frames.talk.segments.len() - 1 - usize::from(to < said.len());
        frames.talk.drop_segment(lost);
        assert_eq!(frames.answer(1).talk.close().read().lines(), ["1>1", "3>- no_response reset"], "{from}..{to}");
    }
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

/// Requests that differ in what header compression makes of them.
fn many(streams: u32) -> Frames<'static> {
    let mut frames = Frames::open(5000);
    for stream in (1..streams).step_by(4) {
        frames.get(stream).post(stream + 2, b"12345").answer(stream + 2).answer(stream);
    }
    frames
}

/// What must hold of an exchange whatever was lost: nothing is paired that does not belong together, no value is wrong,
/// and what is not whole says so.
#[track_caller]
fn nothing_is_wrong(seen: &Seen) {
    for exchange in &seen.exchanges {
        let id = exchange.stream.to_string();
        if let Some(request) = &exchange.request {
            assert_eq!(request.target, format!("/{id}"));
            assert!(["GET", "POST"].contains(&&*request.method));
            assert!(request.host.as_deref().is_none_or(|host| host == "a.test"));
            let complete = exchange.incomplete.is_empty() && exchange.carries.request_headers;
            assert!(request.headers.text("x-request-id").map_or(!complete, |told| told == id), "{exchange:?}");
            assert!(!request.body.is_whole() || request.body.bytes().is_none_or(|body| body == b"12345"));
        }
        if let Some(response) = &exchange.response {
            assert_eq!(response.status, 200);
            let complete = exchange.incomplete.is_empty() && exchange.carries.response_headers;
            assert!(response.headers.text("x-request-id").map_or(!complete, |told| told == id), "{exchange:?}");
            assert!(response.headers.text("server").is_none_or(|server| server == "a test"));
            let body = format!("body of {id}");
            assert!(!response.body.is_whole() || response.body.bytes() == Some(body.as_bytes()), "{exchange:?}");
        }
        let whole = exchange.request.is_some() && exchange.response.is_some();
        assert!(whole || !exchange.incomplete.is_empty());
    }
}

#[test]
fn a_capture_that_joins_in_the_middle_reads_what_follows() {
    let frames = many(40);
    for cut in 1..frames.talk.segments.len() {
        let segments = &frames.talk.segments[cut..];
        let seen = packets_wire::read(&[&pcap(segments)]);
        nothing_is_wrong(&seen);
        // Requests wholly inside and answered inside: their targets are sent in full each time.
        let first = segments.iter().find(|s| s.side == Client && s.payload.get(3) == Some(&HEADERS));
        let Some(first) = first.map(|s| u32::from(s.payload[8])) else { continue };
        let inside: Vec<u32> = (first..40).step_by(2).collect();
        let found: Vec<u32> = seen
            .exchanges
            .iter()
            .filter(|e| e.request.is_some() && e.response.is_some())
            .map(|e| e.stream as u32)
            .collect();
        assert!(inside.iter().all(|id| found.contains(id)), "{cut}: {inside:?} in {found:?}");
    }
}

#[test]
fn any_one_packet_may_be_lost() {
    let frames = many(40);
    let all: Vec<u32> = (1..40).step_by(2).collect();
    for lost in 3..frames.talk.segments.len() {
        let mut talk = frames.talk.clone();
        let gone = talk.segments.remove(lost);
        let seen = talk.read();
        nothing_is_wrong(&seen);
        // Costs the message that it was of, and no other.
        let hit = gone.payload.get(8).copied().map_or(0, u32::from);
        let pairs: Vec<u32> = seen
            .exchanges
            .iter()
            .filter(|e| e.request.is_some() && e.response.is_some())
            .map(|e| e.stream as u32)
            .collect();
        let missing: Vec<_> = all.iter().filter(|id| !pairs.contains(id)).collect();
        assert!(missing.iter().all(|id| **id == hit), "{lost}: {missing:?}, lost of {hit}: {:?}", seen.lines());
    }
}

#[test]
fn both_sides_may_wait_for_each_other_after_a_loss() {
    let mut frames = Frames::on(Talk::joined(5000));
    // What tells the sides apart is behind the loss.
    frames.send(Server, PING, 0, 0, &[7; 8]).send(Server, DATA, 0, 9, b"lost").status(1, END_STREAM, "200");
    frames.get(3).answer(3).get(5).answer(5).talk.close();
    frames.talk.drop_segment(1);
    let seen = frames.talk.read();
    let mut streams: Vec<_> =
        seen.exchanges.iter().map(|e| (e.stream, e.request.is_some(), e.response.is_some())).collect();
    streams.sort_unstable();
    assert_eq!(streams, [(1, false, true), (3, true, true), (5, true, true)]);
}

#[test]
fn a_gap_within_a_data_frame_costs_no_other_stream() {
    let mut frames = Frames::open(5000);
    frames.get(1).get(3).status(1, 0, "200").send(Server, DATA, END_STREAM, 1, &[b'x'; 5000]).answer(3).talk.close();
    let big = frames.talk.find("xxxx");
    frames.talk.drop_segment(big + 2);
    let seen = frames.talk.read();
    assert_eq!(seen.lines(), ["1>1 response_gap", "3>3"]);
    assert!(seen.blind_spots.is_empty());
    let body = &seen.exchanges.iter().find(|e| e.stream == 1).unwrap().response.as_ref().unwrap().body;
    assert!(matches!(body, Body::Present { wire_len: 5000, whole: false, .. }), "{body:?}");
}

#[test]
fn a_length_reached_before_a_gap_proves_the_body_whole() {
    let mut frames = Frames::open(5000);
    frames.get(1).headers(Server, 0, 1, &[(":status", "200"), ("content-length", "4"), ("x-request-id", "1")]);
    frames.send(Server, DATA, 0, 1, b"four").send(Server, DATA, END_STREAM, 1, b"").get(3).answer(3).talk.close();
    let last = frames.talk.find("four") + 1;
    frames.talk.drop_segment(last);
    // The other's fields may refer to what was in the gap.
    assert_eq!(frames.talk.read().lines(), ["1>1", "3>? response_gap"]);
}

#[test]
fn snapped_packets_keep_what_they_hold() {
    let mut frames = Frames::open(5000);
    for stream in [1, 3, 5] {
        frames.get(stream).status(stream, 0, "200").send(Server, DATA, END_STREAM, stream, &[b'x'; 900]);
    }
    frames.talk.close();
    let packets = frames.talk.segments.iter().map(|segment| (segment.time, ethernet(&ip(segment))));
    let seen = packets_wire::read(&[&pcap_of(1, packets, 200)]);
    assert_eq!(seen.lines(), ["1>1 snap_length", "3>3 snap_length", "5>5 snap_length"]);
}

#[test]
fn a_header_list_larger_than_its_bytes_stops_at_the_limit() {
    let mut frames = Frames::open(5000);
    let long = "v".repeat(3000);
    frames.get(1);
    let mut block = frames.block(Client, &[(":method", "GET"), (":path", "/3"), ("x-long", &long)]);
    // Each further byte stands for 3000.
    block.extend([0xbe; 900]);
    frames.send(Client, HEADERS, END_HEADERS | END_STREAM, 3, &block).get(5).talk.close();
    let seen = frames.talk.read();
    let request = seen.exchanges.iter().find(|e| e.stream == 3).unwrap().request.as_ref().unwrap();
    assert!(request.headers.len() < 100, "{}", request.headers.len());
    assert_eq!(seen.lines(), ["1>- no_response", "?>- no_response over_limit", "5>- no_response"]);
}

#[test]
fn blocks_bodies_and_streams_have_limits() {
    let limits = Limits { body_bytes: 10, head_bytes: 2000, ..Limits::default() };
    let options = Options { limits, ..Options::default() };
    let mut frames = Frames::open(5000);
    frames.post(1, &[b'b'; 50]).answer(1);
    let fields = [(":method", "GET"), (":scheme", "http"), (":path", "/3"), (":authority", "a")];
    let block = frames.block(Client, &fields);
    frames.send(Client, HEADERS, END_STREAM, 3, &block);
    let filler = [&[0, 1, b'f', 0x7f, 0xe9, 0x06][..], &[b'f'; 1000]].concat();
    for _ in 0..3 {
        frames.send(Client, CONTINUATION, 0, 3, &filler);
    }
    frames.send(Client, CONTINUATION, END_HEADERS, 3, b"").answer(3).talk.close();
    let seen = read_with(&[&pcap(&frames.talk.segments)], &options);
    assert_eq!(seen.lines(), ["1>1 over_limit", "?>3 over_limit"]);

    let mut frames = Frames::open(5000);
    (0..5000).for_each(|nth| {
        frames.get(1 + 2 * nth);
    });
    let seen = frames.talk.read();
    assert_eq!((seen.exchanges.len(), seen.report.incomplete["over_limit"]), (5000, 904));
}

#[test]
fn streams_of_few_bytes_count_towards_the_total() {
    let (connections, streams) = (40, 50);
    let (mut asked, mut answered) = (Vec::new(), Vec::new());
    for port in 0..connections {
        let mut frames = Frames::open(5000 + port);
        // Three fields of the static table, and an authority of one byte: ten bytes to be kept.
        let block = [0x82, 0x86, 0x84, 0x01, 0x01, b'a'];
        for nth in 0..streams {
            frames.send(Client, HEADERS, END_HEADERS | END_STREAM, 1 + 2 * nth, &block);
        }
        asked.append(&mut frames.talk.segments);
        for nth in 0..streams {
            frames.send(Server, HEADERS, END_HEADERS | END_STREAM, 1 + 2 * nth, &[0x88]);
        }
        answered.push(frames.talk.segments);
    }
    // The latest to ask are answered first.
    asked.extend(answered.into_iter().rev().flatten());
    asked.iter_mut().zip(0..).for_each(|(segment, nth)| segment.time = nth);
    let capture = pcap(&asked);
    let paired = |total_bytes: usize| {
        let limits = Limits { total_bytes, ..Limits::default() };
        let seen = read_with(&[&capture], &Options { limits, ..Options::default() });
        assert_eq!(seen.exchanges.iter().filter(|e| e.request.is_some()).count(), 2000);
        seen.exchanges.iter().filter(|e| e.request.is_some() && e.response.is_some()).count()
    };
    assert_eq!(paired(256 << 20), 2000);
    // A stream takes more than half a kilobyte, and the connections that asked first had to go.
    let total = 512 << 10;
    let paired = paired(total);
    assert!(paired > 0 && paired <= total / 512, "{paired}");
}

#[test]
fn what_breaks_the_format_is_counted_and_reading_goes_on() {
    let mut frames = Frames::open(5000);
    frames.get(1).answer(1);
    // A frame on stream 0 that may not be there; the next segment begins with a frame.
    frames.send(Client, DATA, 0, 0, b"abc").get(3).answer(3).send(Client, PING, 0, 0, b"12345678").get(5).answer(5);
    let seen = frames.talk.close().read();
    assert_eq!(seen.lines()[0], "1>1");
    assert_eq!(seen.irregularities(), ["malformed_frame"]);
    let paired = seen.exchanges.iter().filter(|e| e.request.is_some() && e.response.is_some()).count();
    assert_eq!(paired, 3, "{:?}", seen.lines());
}

#[test]
fn a_preface_that_is_none_ends() {
    let mut frames = Frames::on(Talk::open(5000));
    frames.talk.send(Client, "PRI * HTTP/2.0\r\n\r\nsm\r\n\r\n");
    frames.get(1).answer(1).talk.close();
    let seen = frames.talk.read();
    assert_eq!((seen.lines(), seen.irregularities()), (vec!["1>1".to_owned()], vec!["malformed_preface"]));
}

#[test]
fn a_connection_of_one_kind_is_not_taken_for_the_other() {
    let mut talk = Talk::open(5000);
    // A length and a type that frames could have, in a protocol that is none.
    talk.segment(Client, ACK, &[0, 0, 40, 1, 4, 0, 0, 0, 1, 9, 9]).segment(
        Server,
        ACK,
        &[0, 0, 40, 0, 0, 0, 0, 0, 2, 9],
    );
    assert_eq!(talk.close().read().not_read(), [("not_http", 1, 21)]);
}
