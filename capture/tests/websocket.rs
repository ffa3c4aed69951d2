//! WebSockets: what a writer of frames says is what the reader says was said, however it is cut and whatever is lost.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[expect(dead_code, reason = "each test file uses its own part of the writer")]
mod http2_wire;
mod packets_wire;
mod websocket_wire;

use http2_wire::{DATA, END_STREAM, Frames, HEADERS};
use offpath_capture::{Limits, Message, MessageKind, Options, Sender};
use packets_wire::Side::{Client, Server};
use packets_wire::{Seen, Side, Talk, pcap, read_with};
use proptest::prelude::*;
use websocket_wire::{Script, Sent, Writer, frame, handshake};

/// `client text Hello`, with reasons behind; bytes that are no text as their number.
fn line(message: &Message) -> String {
    let text = match message.payload.bytes() {
        Some(bytes) => std::str::from_utf8(bytes).map_or(format!("{} bytes", bytes.len()), str::to_owned),
        None => "?".to_owned(),
    };
    let reasons: Vec<_> = message.incomplete.iter().map(|reason| reason.as_str()).collect();
    let whole = if message.payload.is_whole() { "" } else { "not whole" };
    format!("{} {} {text} {whole} {}", message.sender.as_str(), message.kind.as_str(), reasons.join(" "))
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}

fn lines(seen: &Seen) -> Vec<String> {
    seen.messages.iter().map(line).collect()
}

/// A WebSocket without extensions.
fn open(extensions: &str) -> Talk {
    let mut talk = Talk::open(5000);
    handshake(&mut talk, extensions);
    talk
}

#[test]
fn the_standards_examples_are_read() {
    let mut talk = open("");
    talk.send(Client, [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58]);
    talk.send(Server, [0x81, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f]);
    talk.send(Server, [0x01, 0x03, 0x48, 0x65, 0x6c]);
    talk.send(Server, [0x89, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f]);
    talk.send(Client, [0x8a, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58]);
    talk.send(Server, [0x80, 0x02, 0x6c, 0x6f]);
    talk.send(Server, [&[0x82, 0x7e, 0x01, 0x00][..], &[0xee; 256]].concat());
    talk.send(Server, [&[0x82, 0x7f, 0, 0, 0, 0, 0, 1, 0, 0][..], &[0xee; 65_536]].concat());
    talk.send(Server, [0x88, 0x02, 0x03, 0xe8]).send(Client, [0x88, 0x80, 1, 2, 3, 4]).close();
    let seen = talk.read();
    let expected = [
        "client text Hello",
        "server text Hello",
        "server ping Hello",
        "client pong Hello",
        "server text Hello",
        "server binary 256 bytes",
        "server binary 65536 bytes",
        "server close 2 bytes",
        "client close",
    ];
    assert_eq!(lines(&seen), expected);
    let fragmented = &seen.messages[4];
    assert_eq!((fragmented.frames, fragmented.number, fragmented.sender), (2, 2, Sender::Server));
    assert!(fragmented.time < seen.messages[2].time && fragmented.end > seen.messages[3].end);
    assert_eq!(seen.messages[7].close_code(), Some(1000));
    assert_eq!((seen.messages[0].close_code(), seen.messages[8].close_code()), (None, None));
    assert!(seen.messages[0].payload.sha256().is_some());

    let exchange = seen.only();
    let socket = exchange.web_socket.unwrap();
    assert_eq!((socket.sent, socket.received, socket.frames, socket.unread_bytes), (1, 4, 10, 0));
    assert_eq!((exchange.response.as_ref().unwrap().status, exchange.incomplete.len()), (101, 0));
    assert!(seen.messages.iter().all(|message| message.exchange.key == exchange.key));
    let counts = seen.report.websocket;
    assert_eq!((counts.connections, counts.messages, counts.frames), (1, 5, 10));
    assert_eq!((seen.not_read(), seen.irregularities()), (vec![], vec![]));
}

#[test]
fn compressed_examples_of_the_standard_are_read() {
    let mut talk = open("permessage-deflate");
    // A message in two frames, the same again out of the window, one that is not compressed.
    talk.send(Server, [0x41, 0x03, 0xf2, 0x48, 0xcd]).send(Server, [0x80, 0x04, 0xc9, 0xc9, 0x07, 0x00]);
    talk.send(Server, [0xc1, 0x05, 0xf2, 0x00, 0x11, 0x00, 0x00]);
    talk.send(Server, [0x81, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f]);
    let seen = talk.close().read();
    assert_eq!(lines(&seen), ["server text Hello"; 3]);
    assert_eq!(seen.messages.iter().map(|message| message.compressed).collect::<Vec<_>>(), [true, true, false]);
}

#[test]
fn a_side_that_begins_afresh_does_not_refer_back() {
    let mut talk = open("permessage-deflate; server_no_context_takeover");
    talk.send(Server, [0xc1, 0x07, 0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00]);
    talk.send(Server, [0xc1, 0x05, 0xf2, 0x00, 0x11, 0x00, 0x00]);
    let seen = talk.close().read();
    assert_eq!(lines(&seen), ["server text Hello", "server text ? not whole undecodable_body"]);
}

#[test]
fn compression_that_nobody_agreed_on_is_not_undone() {
    for (extensions, irregular) in [("", true), ("x-webkit-deflate-frame", false)] {
        let mut talk = open(extensions);
        talk.send(Server, [0xc1, 0x07, 0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00]);
        talk.send(Server, [0x81, 0x02, 0x68, 0x69]);
        let seen = talk.close().read();
        assert_eq!(lines(&seen), ["server text ? not whole undecodable_body", "server text hi"]);
        assert_eq!(seen.irregularities() == ["websocket_reserved_bit"], irregular);
    }
}

#[test]
fn missing_bytes_of_a_payload_cost_that_message() {
    let mut talk = open("");
    talk.mss = 10;
    talk.send(Server, frame(0x81, None, b"a message of three segments"));
    talk.send(Server, frame(0x81, None, b"next"));
    let at = talk.find("e of three");
    let seen = talk.close().drop_segment(at).read();
    assert_eq!(lines(&seen), ["server text a messag not whole response_gap", "server text next"]);
    assert_eq!(seen.only().web_socket.unwrap().received, 2);
}

#[test]
fn where_a_header_may_be_lost_the_rest_of_the_side_is_not_read() {
    let mut talk = open("");
    talk.send(Server, frame(0x81, None, b"one"));
    talk.send(Server, frame(0x81, None, b"two"));
    talk.send(Server, frame(0x81, None, b"three"));
    talk.send(Client, frame(0x81, Some([9, 8, 7, 6]), b"four"));
    let at = talk.find("two");
    let seen = talk.close().drop_segment(at).read();
    assert_eq!(lines(&seen), ["server text one", "client text four"]);
    assert_eq!(seen.not_read(), [("websocket_lost", 1, 7)]);
    assert_eq!(seen.only().web_socket.unwrap().unread_bytes, 7);
}

#[test]
fn nonsense_ends_the_reading_of_a_side() {
    let mut talk = open("");
    talk.send(Server, b"\x83\x00nonsense").send(Client, frame(0x89, Some([0; 4]), b"")).close();
    let seen = talk.read();
    assert_eq!(lines(&seen), ["client ping"]);
    assert_eq!(seen.irregularities(), ["malformed_websocket_frame"]);
    assert_eq!(seen.not_read(), [("websocket_lost", 1, 10)]);
}

#[test]
fn a_broken_order_of_frames_is_named() {
    let mut talk = open("");
    talk.send(Server, frame(0x80, None, b"no beginning"));
    talk.send(Server, frame(0x01, None, b"no end")).send(Server, frame(0x81, Some([1, 2, 3, 4]), b"masked"));
    let seen = talk.close().read();
    assert_eq!(lines(&seen), ["server text no end not whole cut_short", "server text masked"]);
    assert_eq!(seen.irregularities(), ["websocket_continuation", "websocket_mask"]);
}

#[test]
fn limits_hold() {
    let mut talk = open("permessage-deflate");
    let mut writer = Writer::new([true, false]);
    let zeros = Sent { kind: 2, payload: vec![0; 100_000], parts: 1, compressed: true };
    let short = Sent { kind: 1, payload: b"short".to_vec(), parts: 1, compressed: true };
    let big = Sent { kind: 2, payload: vec![1; 100_000], parts: 3, compressed: false };
    for sent in [&zeros, &short, &big, &short] {
        talk.send(Server, writer.frames(Server, sent));
    }
    talk.close();
    let limits = Limits { body_bytes: 10, inflate_bytes: 50_000, ..Limits::default() };
    let seen = read_with(&[&pcap(&talk.segments)], &Options { limits, ..Options::default() });
    let kept: Vec<_> = seen.messages.iter().map(|m| m.payload.bytes().map_or(0, <[u8]>::len)).collect();
    let first = "server binary \0\0\0\0\0\0\0\0\0\0 not whole over_limit";
    assert_eq!(lines(&seen)[0], first);
    // The window may be lost with the bomb; what inflates is right.
    assert!(lines(&seen)[1] == "server text short" || lines(&seen)[1].ends_with("undecodable_body"));
    assert_eq!((kept[0], kept[2]), (10, 10));
    assert_eq!(seen.messages[2].payload.len(), Some(100_000));
}

#[test]
fn frames_behind_the_answer_in_its_segment_and_before_it_was_captured_are_read() {
    let mut talk = Talk::open(5000);
    talk.mss = 4096;
    let (request, answer) = websocket_wire::heads("");
    talk.send(Client, request);
    talk.send(Server, [answer.into_bytes(), frame(0x81, None, b"welcome")].concat());
    talk.send(Client, frame(0x81, Some([0x41; 4]), b"thanks")).close();
    let expected = ["client text thanks", "server text welcome"];
    let sorted = |seen: &Seen| {
        let mut lines = lines(seen);
        lines.sort();
        lines
    };
    assert_eq!(sorted(&talk.read()), expected);
    // The client's frame was captured before the answer that it follows.
    let at = talk.find("101 Switching");
    talk.segments.swap(at, at + 1);
    assert_eq!(sorted(&talk.read()), expected);
}

/// Who does not wait for the answer may have said anything before it.
#[test]
fn what_a_client_says_too_early_ends_the_reading_of_its_side() {
    let mut talk = Talk::open(5000);
    let (request, answer) = websocket_wire::heads("");
    talk.send(Client, request).send(Client, &frame(0x82, Some([0; 4]), &[7; 20])[..10]).send(Server, answer);
    talk.send(Client, frame(0x81, Some([0; 4]), b"later")).send(Server, frame(0x81, None, b"hi")).close();
    let seen = talk.read();
    assert_eq!(lines(&seen), ["server text hi"]);
    assert_eq!(seen.not_read(), [("between_messages", 1, 10), ("websocket_lost", 1, 11)]);
}

#[test]
fn a_refused_upgrade_is_no_websocket() {
    let mut talk = Talk::open(5000);
    let (request, _) = websocket_wire::heads("");
    talk.send(Client, request).send(Server, "HTTP/1.1 400 Bad Request\r\nContent-Length: 2\r\n\r\nno");
    talk.get(2).close();
    let seen = talk.read();
    assert_eq!((seen.exchanges.len(), seen.messages.len()), (2, 0));
    assert!(seen.exchanges.iter().all(|exchange| exchange.web_socket.is_none()));
}

#[test]
fn an_answer_without_its_request_opens_one_all_the_same() {
    let mut talk = open("");
    let request = talk.find("GET /chat");
    talk.send(Server, frame(0x81, None, b"hi")).send(Client, frame(0x81, Some([0; 4]), b"where?"));
    let seen = talk.close().drop_segment(request).read();
    // Where the lost request ended, nobody can tell: only that what came behind it was said on a WebSocket.
    assert_eq!(lines(&seen), ["server text hi"]);
    assert_eq!(seen.not_read(), [("websocket_lost", 1, 12)]);
    assert_eq!(seen.only().incomplete.iter().map(|reason| reason.as_str()).collect::<Vec<_>>(), ["no_request"]);
}

/// `CONNECT` with a protocol on stream 1 of HTTP/2.
fn open_on_http2(status: &str) -> Frames<'static> {
    let mut frames = Frames::open(5000);
    let asked = [
        (":method", "CONNECT"),
        (":protocol", "websocket"),
        (":scheme", "https"),
        (":path", "/chat"),
        (":authority", "a.test"),
        ("sec-websocket-extensions", "permessage-deflate"),
    ];
    let block = frames.block(Client, &asked);
    frames.send(Client, HEADERS, http2_wire::END_HEADERS, 1, &block);
    let agreed = [(":status", status), ("sec-websocket-extensions", "permessage-deflate")];
    let block = frames.block(Server, &agreed);
    frames.send(Server, HEADERS, http2_wire::END_HEADERS, 1, &block);
    frames
}

#[test]
fn a_stream_of_http2_carries_one() {
    let mut frames = open_on_http2("200");
    frames.send(Client, DATA, 0, 1, &frame(0x81, Some([1, 2, 3, 4]), b"hello"));
    frames.get(3).answer(3);
    // In two frames of HTTP/2, the second of them padded.
    let hello = [0xc1, 0x07, 0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];
    frames.send(Server, DATA, 0, 1, &hello[..4]);
    frames.send(Server, DATA, http2_wire::PADDED, 1, &[&[3][..], &hello[4..], &[0; 3]].concat());
    frames.send(Server, DATA, END_STREAM, 1, &frame(0x88, None, &[3, 0xe8]));
    frames.send(Client, DATA, END_STREAM, 1, b"").talk.close();
    let seen = frames.talk.read();
    assert_eq!(lines(&seen), ["client text hello", "server text Hello", "server close 2 bytes"]);
    let opened = seen.exchanges.iter().find(|exchange| exchange.stream == 1).unwrap();
    assert_eq!(opened.request.as_ref().unwrap().target, "/chat");
    let socket = opened.web_socket.unwrap();
    assert_eq!((socket.sent, socket.received, socket.frames), (1, 1, 3));
    assert!(seen.messages.iter().all(|message| message.exchange.key == opened.key) && opened.incomplete.is_empty());
    assert_eq!(seen.not_read(), []);
}

#[test]
fn a_stream_that_http2_refused_is_no_websocket() {
    let mut frames = open_on_http2("403");
    frames.send(Server, DATA, END_STREAM, 1, b"no").talk.close();
    let seen = frames.talk.read();
    assert!(seen.messages.is_empty() && seen.only().web_socket.is_none());
    assert_eq!(seen.only().response.as_ref().unwrap().body.bytes(), Some(&b"no"[..]));
}

#[test]
fn lost_frames_of_http2_end_the_reading_of_that_side() {
    let mut frames = open_on_http2("200");
    for text in ["first", "second", "third"] {
        frames.send(Server, DATA, 0, 1, &frame(0x81, None, text.as_bytes()));
    }
    frames.send(Client, DATA, 0, 1, &frame(0x81, Some([0; 4]), b"fourth")).talk.close();
    let at = frames.talk.find("second");
    let seen = frames.talk.drop_segment(at).read();
    assert_eq!(lines(&seen), ["server text first", "client text fourth"]);
    assert_eq!(seen.only().web_socket.unwrap().unread_bytes, 7);
}

/// What a script says, by side.
fn truth(script: &Script) -> Vec<(Side, u8, Vec<u8>)> {
    script.sent.iter().map(|(side, sent)| (*side, sent.kind, sent.payload.clone())).collect()
}

fn said(messages: &[Message], side: Side) -> Vec<(u8, Vec<u8>)> {
    let sender = if side == Client { Sender::Client } else { Sender::Server };
    let opcode = |kind| match kind {
        MessageKind::Text => 1,
        MessageKind::Binary => 2,
        MessageKind::Close => 8,
        MessageKind::Ping => 9,
        MessageKind::Pong => 10,
    };
    let whole = messages.iter().filter(|message| message.sender == sender && message.payload.is_whole());
    whole.map(|message| (opcode(message.kind), message.payload.bytes().unwrap().to_vec())).collect()
}

/// Whether the elements of one list are among those of another, in this order.
fn among<T: PartialEq>(few: &[T], all: &[T]) -> bool {
    let mut all = all.iter();
    few.iter().all(|one| all.any(|other| other == one))
}

/// The script in segments of a size.
fn talk_of(script: &Script, mss: usize) -> Talk {
    let mut talk = open(&script.extensions());
    talk.mss = mss;
    for (side, bytes) in script.frames() {
        talk.send(side, bytes);
    }
    talk.close();
    talk
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn any_split_gives_the_same_messages(script in websocket_wire::script(), mss in 1..200usize) {
        let seen = talk_of(&script, mss).read();
        for side in [Client, Server] {
            let sent: Vec<_> =
                truth(&script).into_iter().filter(|(s, ..)| *s == side).map(|(_, kind, bytes)| (kind, bytes)).collect();
            let mut read = said(&seen.messages, side);
            // A control message between the parts of another is over before it.
            let (mut sent_sorted, mut read_sorted) = (sent.clone(), read.clone());
            sent_sorted.sort();
            read_sorted.sort();
            prop_assert_eq!(sent_sorted, read_sorted);
            read.retain(|(kind, _)| *kind < 8);
            prop_assert_eq!(read, sent.into_iter().filter(|(kind, _)| *kind < 8).collect::<Vec<_>>());
        }
        prop_assert!(seen.messages.iter().all(|message| message.incomplete.is_empty()));
        prop_assert_eq!(seen.only().web_socket.unwrap().frames, script.frame_count());
        prop_assert!(seen.report.not_read.is_empty() && seen.report.irregularities.is_empty());
    }

    #[test]
    fn a_loss_never_gives_a_wrong_message(
        script in websocket_wire::script(), mss in 1..200usize, losses in prop::collection::vec(any::<prop::sample::Index>(), 1..4),
    ) {
        let mut talk = talk_of(&script, mss);
        let opening = talk.find("101 Switching") + 1;
        for loss in losses {
            let behind = talk.segments.len() - opening;
            if behind > 0 {
                talk.drop_segment(opening + loss.index(behind));
            }
        }
        let seen = talk.read();
        for side in [Client, Server] {
            let of_side = truth(&script).into_iter().filter(|(s, ..)| *s == side);
            let (control, data): (Vec<_>, Vec<_>) =
                of_side.map(|(_, kind, bytes)| (kind, bytes)).partition(|(kind, _)| *kind >= 8);
            let (said_control, said_data): (Vec<_>, Vec<_>) =
                said(&seen.messages, side).into_iter().partition(|(kind, _)| *kind >= 8);
            prop_assert!(among(&said_control, &control) && among(&said_data, &data), "{:?}", lines(&seen));
        }
    }

    #[test]
    fn any_bytes_are_read_to_their_end(client in prop::collection::vec(any::<u8>(), 0..300), server in prop::collection::vec(any::<u8>(), 0..300), mss in 1..50usize) {
        let mut talk = open("permessage-deflate");
        talk.mss = mss;
        talk.send(Client, &client).send(Server, &server).close();
        let seen = talk.read();
        let socket = seen.only().web_socket.unwrap();
        prop_assert!(socket.unread_bytes <= (client.len() + server.len()) as u64);
        prop_assert_eq!(seen.report.websocket.frames, socket.frames);
    }
}
