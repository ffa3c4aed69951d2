//! Laws: how bytes were cut into packets, and what arrived twice or late, changes nothing; no bytes do harm.

mod packets_wire;

use packets_wire::Side::{self, Client, Server};
use packets_wire::disorder::{Wire, turn, wire};
use packets_wire::{Talk, pcap, read};
use proptest::prelude::*;

/// Pieces that begin, continue or end a head.
const PIECES: [&str; 9] =
    ["GET", " / HTTP/1.1", "HTTP/0.1", "HTTP/1.1 2", "200 OK", "\r\n", "\r\n\r\n", "Content-Length: 2", "PROXY TCP4 "];

/// Messages of every framing, as both sides say them by turns.
fn script() -> Vec<(Side, Vec<u8>)> {
    let long = "x".repeat(700);
    [
        (Client, "GET /1 HTTP/1.1\r\nHost: a.test\r\nX-Request-Id: 1\r\n\r\n".to_owned()),
        (Server, "HTTP/1.1 200 OK\r\nX-Request-Id: 1\r\nContent-Length: 9\r\n\r\nbody of 1".to_owned()),
        (Client, format!("POST /2 HTTP/1.1\r\nX-Request-Id: 2\r\nContent-Length: 700\r\n\r\n{long}")),
        (
            Server,
            "HTTP/1.1 201 Created\r\nX-Request-Id: 2\r\nTransfer-Encoding: chunked\r\n\r\n\
             4;a=b\r\nwiki\r\n5\r\npedia\r\n0\r\nExpires: never\r\n\r\n"
                .to_owned(),
        ),
        (
            Client,
            "HEAD /3 HTTP/1.1\r\nX-Request-Id: 3\r\n\r\nGET /4 HTTP/1.1\r\nX-Request-Id: 4\r\n\r\n\
             POST /5 HTTP/1.1\r\nX-Request-Id: 5\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"
                .to_owned(),
        ),
        (
            Server,
            "HTTP/1.1 200 OK\r\nX-Request-Id: 3\r\nContent-Length: 44\r\n\r\n\
             HTTP/1.1 304 Not Modified\r\nX-Request-Id: 4\r\n\r\n\
             HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nX-Request-Id: 5\r\n\r\nuntil the end"
                .to_owned(),
        ),
    ]
    .into_iter()
    .map(|(side, text)| (side, text.into_bytes()))
    .collect()
}

#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
fn exchanges(wire: &Wire) -> (Vec<String>, Vec<&'static str>) {
    let mut talk = Talk::open_at(5000, wire.seq);
    for (side, bytes) in script() {
        turn(&mut talk, side, &bytes, wire);
    }
    talk.close();
    let seen = read(&[&pcap(&talk.segments)]);
    let facts = seen.exchanges.iter().map(|e| {
        let (request, response) = (e.request.as_ref().unwrap(), e.response.as_ref().unwrap());
        let headers =
            |h: &offpath_capture::Headers| h.iter().map(|(n, v)| (n.to_vec(), v.to_vec())).collect::<Vec<_>>();
        let messages = (&request.method, &request.target, headers(&request.headers), &request.body);
        let answer = (response.status, headers(&response.headers), &response.body);
        format!("{} {messages:?} {answer:?} {:?}", e.stream, e.incomplete)
    });
    (facts.collect(), seen.report.irregularities.iter().map(|i| i.name).collect())
}

/// Requests with another's beginning inside their first line: who cuts them there must not make two of one.
const NESTED: [&str; 4] = [
    "XGET /a HTTP/1.1\r\nX-Request-Id: 1\r\n\r\n",
    "GET /PUT /b HTTP/1.1\r\nX-Request-Id: 1\r\n\r\n",
    "PUT /HTTP/1.1 200 OK HTTP/1.1\r\nHost: a\r\n\r\n",
    "G-PRI * HTTP/2.0\r\nPOST /x HTTP/1.1\r\n\r\n",
];

/// What is read of a connection whose first bytes come in parts that end at these places.
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
fn begun(request: &str, ends: &[usize]) -> Vec<(String, String, u64)> {
    let mut talk = Talk::open(5000);
    let mut from = 0;
    for end in ends.iter().copied().chain([request.len()]) {
        talk.send(Client, &request[from..end]);
        from = end;
    }
    talk.answer(1).close();
    let seen = read(&[&pcap(&talk.segments)]);
    let called = seen.exchanges.iter().map(|e| {
        let request = e.request.as_ref().unwrap();
        (request.method.clone(), request.target.clone(), e.stream)
    });
    called.collect()
}

#[test]
fn no_cut_of_the_first_bytes_makes_another_message_of_them() {
    for request in NESTED {
        let whole = begun(request, &[]);
        for first in 1..request.len() {
            assert_eq!(begun(request, &[first]), whole, "{request:?} cut at {first}");
            for second in first + 1..request.len() {
                assert_eq!(begun(request, &[first, second]), whole, "{request:?} cut at {first} and {second}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn segmentation_order_copies_and_overlaps_change_nothing(wire in wire()) {
        let plain = Wire { sizes: vec![10_000], copies: vec![None], late: vec![0], seq: [1, 2] };
        let expected = exchanges(&plain);
        prop_assert_eq!(expected.0.len(), 5);
        prop_assert!(expected.1.is_empty());
        prop_assert_eq!(exchanges(&wire), expected);
    }

    #[test]
    fn pieces_of_heads_in_any_order_do_no_harm(
        pieces in prop::collection::vec((any::<bool>(), 0usize..PIECES.len(), any::<bool>()), 1..12),
    ) {
        let mut talk = Talk::open_at(5000, [1, 1]);
        for (client, piece, spaced) in pieces {
            let end = if spaced { " \r\n\n\n" } else { "" };
            talk.send(if client { Client } else { Server }, format!("{}{end}", PIECES[piece]).as_bytes());
        }
        prop_assert!(read(&[&pcap(&talk.segments)]).report.errors.is_empty());
    }

    #[test]
    fn lost_segments_make_no_wrong_pair(wire in wire(), lost in prop::collection::btree_set(0usize..40, 1..6)) {
        let mut talk = Talk::open_at(5000, wire.seq);
        for id in 1..=8 {
            talk.mss = wire.sizes[id as usize % wire.sizes.len()].max(40);
            talk.get(id);
        }
        let mut index = 0;
        talk.segments.retain(|_| { index += 1; !lost.contains(&(index - 1)) });
        for line in read(&[&pcap(&talk.segments)]).lines() {
            let (pair, reasons) = line.split_once(' ').unwrap_or((&line, ""));
            let (request, response) = pair.split_once('>').unwrap();
            let known = |id: &str| id != "-" && id != "?";
            prop_assert!(request == response || !known(request) || !known(response), "{}", line);
            prop_assert!(request == response || !reasons.is_empty(), "{}", line);
        }
    }

    #[test]
    fn random_files_do_no_harm(head in 0usize..4, bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        let heads: [&[u8]; 4] = [
            &[],
            &[0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 0, 0, 101, 0, 0, 0],
            &[0x0a, 0x0d, 0x0d, 0x0a, 28, 0, 0, 0, 0x4d, 0x3c, 0x2b, 0x1a, 1, 0, 0, 0],
            &[0x0a, 0x0d, 0x0d, 0x0a],
        ];
        read(&[&[heads[head], &bytes].concat()]);
    }

    #[test]
    fn random_packets_do_no_harm(link in prop::sample::select(vec![0u32, 1, 7, 9, 12, 50, 51, 101, 104, 105, 107, 109, 113, 117, 119, 127, 129, 163, 166, 192, 204, 206, 239, 258, 274, 276]),
                                 packets in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..120), 0..12)) {
        let frames = packets.into_iter().enumerate().map(|(time, packet)| (time as i64, packet));
        read(&[&packets_wire::pcap_of(link, frames, u32::MAX)]);
    }

    #[test]
    fn random_flips_do_no_harm(flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..30)) {
        let mut talk = Talk::open(5000);
        for (side, bytes) in script() {
            talk.send(side, bytes);
        }
        let mut file = pcap(&talk.segments);
        for (at, value) in flips {
            let at = at.index(file.len());
            file[at] = value;
        }
        read(&[&file]);
    }

    #[test]
    fn random_streams_do_no_harm(says in prop::collection::vec((any::<bool>(), "(GET / |HTTP/1.1 200 |\r\n|a: b\r\n|content-length: 3\r\n|transfer-encoding: chunked\r\n|[0-9a-f]{1,3}\r\n|[ -~]{0,9}){0,12}"), 0..8)) {
        let mut talk = Talk::open(5000);
        for (client, text) in says {
            talk.send(if client { Client } else { Server }, text);
        }
        talk.close().read();
    }
}

/// GETs of 50 bytes by turns whole and cut; segment 10 is the last byte of request 3 alone.
fn gets_cut_before_the_last_byte() -> Talk {
    let mut talk = Talk::open_at(5000, [0, 0]);
    for id in 1..=8 {
        talk.mss = [49usize, 1, 64][id as usize % 3].max(40);
        talk.get(id);
    }
    assert_eq!(talk.segments[10].payload, b"\n");
    talk
}

#[test]
fn a_head_whose_last_byte_is_lost_takes_no_later_response() {
    let lines = gets_cut_before_the_last_byte().drop_segment(10).close().read().lines();
    assert_eq!(lines, ["1>1", "2>2", "3>3 request_gap", "4>4", "5>5", "6>6", "7>7", "8>8"]);
}

#[test]
fn a_head_whose_last_byte_is_captured_after_the_response_has_it() {
    for late in 11..=15 {
        let mut talk = gets_cut_before_the_last_byte();
        talk.segments[10..=late].rotate_left(1);
        assert_eq!(talk.read().lines(), ["1>1", "2>2", "3>3", "4>4", "5>5", "6>6", "7>7", "8>8"], "{late}");
    }
}

#[test]
fn a_response_before_its_request_is_whole_leaves_no_count() {
    let mut talk = Talk::open(5000);
    talk.send(Client, "GET /1 HTTP/1.1\r\nX-Request-Id: 1\r\n").answer(1).send(Client, "\r\n");
    talk.get(2).get(3).close();
    assert_eq!(talk.read().lines(), ["1>- no_response", "->1 no_request", "2>2", "3>3"]);
}

#[test]
fn a_file_cut_anywhere_keeps_what_came_before() {
    let mut talk = Talk::open(5000);
    talk.get(1).get(2).close();
    let file = pcap(&talk.segments);
    let mut before = 0;
    for end in 0..file.len() {
        let seen = read(&[&file[..end]]);
        let whole = seen.exchanges.iter().filter(|exchange| exchange.incomplete.is_empty()).count();
        assert!(whole >= before, "{end}");
        before = whole;
    }
    assert_eq!(before, 2);
}
