//! Connections that begin in other ways than with a preface and a request.

use offpath_capture::{Place, Protocol};

use crate::http2_wire::{END_STREAM, Frames, GOAWAY, PING, PREFACE, SETTINGS, WINDOW_UPDATE, frame};
use crate::packets_wire::Side::{Client, Server};
use crate::packets_wire::{ACK, Talk, pcap, read};

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
        assert_eq!(read(&[&pcap(&segments)]).lines(), ["0>0", "1>1", "3>3"], "{together}");
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

/// However its sender cuts what it says first, and whatever frames it says with it.
#[test]
fn what_a_server_says_first_may_come_in_pieces() {
    let settings = frame(SETTINGS, 0, 0, &[0, 3, 0, 0, 0, 100, 0, 4, 0, 1, 0, 0]);
    let greetings = [
        frame(SETTINGS, 0, 0, b""),
        settings.clone(),
        [settings, frame(WINDOW_UPDATE, 0, 0, &[0, 15, 0, 1]), frame(PING, 0, 0, &[7; 8])].concat(),
    ];
    for greeting in greetings {
        for cut in 1..greeting.len() {
            for talk in [Talk::open(5000), Talk::joined(5000)] {
                let mut frames = Frames::on(talk);
                frames.talk.send(Server, &greeting[..cut]).send(Server, &greeting[cut..]);
                frames.talk.send(Client, [PREFACE, &frame(SETTINGS, 0, 0, b"")].concat());
                frames.get(1).answer(1).get(3).answer(3).talk.close();
                let seen = frames.talk.read();
                assert_eq!(seen.lines(), ["1>1", "3>3"], "{cut} of {}", greeting.len());
                assert_eq!((seen.not_read(), seen.irregularities()), (vec![], vec![]), "{cut}");
            }
        }
    }
}

/// As nghttpd greets a client that would have the connection upgraded, or speaks HTTP/1.1 alone.
#[test]
fn a_request_in_http1_after_a_servers_settings_is_one() {
    let upgrade = "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n";
    let agreed = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n";
    let settings = frame(SETTINGS, 0, 0, &[0, 3, 0, 0, 0, 100]);
    // Methods that begin like the preface among them, and any cut.
    for method in ["GET", "POST", "PROPFIND"] {
        for headers in [upgrade, ""] {
            let request = format!("{method} /1 HTTP/1.1\r\nHost: a.test\r\nX-Request-Id: 1\r\n{headers}\r\n");
            for cut in 0..12 {
                let mut talk = Talk::open(5000);
                talk.send(Server, &settings).send(Client, &request[..cut]).send(Client, &request[cut..]);
                let unanswered = talk.clone().close().read();
                assert_eq!(unanswered.lines(), ["1>- no_response"], "{method} {cut}");
                let only = unanswered.only();
                assert_eq!((only.protocol, only.request.as_ref().unwrap().method.as_str()), (Protocol::Http1, method));
                let last = if cut == 0 { 5 } else { 6 };
                assert!(matches!(only.origin.place, Place::Frames { first: 5, last: l, .. } if l == last), "{cut}");
                assert_eq!((unanswered.not_read(), unanswered.irregularities()), (vec![], vec![]));
                // What the server says in frames to that answers nothing.
                let mut refused = talk.clone();
                refused.send(Server, frame(GOAWAY, 0, 0, &[0, 0, 0, 0, 0, 0, 0, 1])).close();
                assert_eq!(refused.read().lines(), ["1>- no_response"], "{method} {cut}");
                let answered = talk.clone().answer(1).get(2).close().read();
                assert_eq!(answered.lines(), ["1>1", "2>2"], "{method} {cut}");
                if headers.is_empty() {
                    continue;
                }
                talk.send(Server, agreed).send(Client, [PREFACE, &settings].concat());
                let mut frames = Frames::on(talk);
                frames.answer(1).get(3).answer(3).talk.close();
                assert_eq!(frames.talk.read().lines(), ["1>1", "3>3"], "{method} {cut}");
            }
        }
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
