//! What an exchange says: heads, bodies, codings, and what is no HTTP.

use std::io::Write;

use offpath_capture::{Body, Incomplete, Limits, Options, Place};

use crate::packets_wire::Side::{Client, Server};
use crate::packets_wire::{Talk, pcap, read, read_with};
use crate::post;

#[test]
fn a_whole_exchange_says_everything() {
    let mut talk = Talk::open(5000);
    talk.send(Client, post("{\"amount\":5}")).answer(1).close();
    let seen = talk.read();
    let exchange = seen.only();
    let (request, response) = (exchange.request.as_ref().unwrap(), exchange.response.as_ref().unwrap());
    assert_eq!((request.method.as_str(), request.target.as_str()), ("POST", "/orders"));
    assert_eq!((request.scheme.as_deref(), request.host.as_deref()), (Some("http"), Some("a.test")));
    assert_eq!(request.body.bytes(), Some(&b"{\"amount\":5}"[..]));
    assert!(request.body.is_whole() && response.body.is_whole());
    assert_eq!((response.status, response.body.bytes()), (200, Some(&b"body of 1"[..])));
    assert_eq!(exchange.client.unwrap().to_string(), "10.0.0.1:5000");
    assert_eq!(exchange.server.unwrap().to_string(), "10.0.0.2:80");
    let times: Vec<i64> = talk.segments.iter().map(|segment| segment.time).collect();
    assert_eq!((exchange.time.0, exchange.end.unwrap().0), (times[3], times[4]));
    assert_eq!((request.end.unwrap().0, response.start.unwrap().0), (times[3], times[4]));
    // Three packets of 40 bytes with 16 bytes of record header each come before.
    assert_eq!(exchange.origin.place, Place::Frames { first: 4, last: 4, offset: 24 + 3 * 56 });
    assert!(matches!(exchange.response_origin.as_ref().unwrap().place, Place::Frames { first: 5, last: 5, .. }));
    assert_eq!((seen.report.exchanges, seen.report.connections, seen.report.inputs[0].records), (1, 1, 8));
    assert!(exchange.incomplete.is_empty() && seen.blind_spots.is_empty() && seen.report.errors.is_empty());
}

#[test]
fn heads_and_statuses_decide_about_bodies() {
    let mut talk = Talk::open(5000);
    talk.send(Client, "HEAD /1 HTTP/1.1\r\nX-Request-Id: 1\r\n\r\n");
    talk.send(Server, "HTTP/1.1 200 OK\r\nX-Request-Id: 1\r\nContent-Length: 500\r\n\r\n");
    talk.send(Client, "GET /2 HTTP/1.1\r\nX-Request-Id: 2\r\n\r\n");
    talk.send(Server, "HTTP/1.1 304 Not Modified\r\nX-Request-Id: 2\r\nContent-Length: 500\r\n\r\n");
    talk.send(Client, "DELETE /3 HTTP/1.1\r\nX-Request-Id: 3\r\n\r\n");
    talk.send(Server, "HTTP/1.1 204 No Content\r\nX-Request-Id: 3\r\n\r\n");
    talk.send(Client, "PUT /4 HTTP/1.1\r\nX-Request-Id: 4\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    talk.send(Server, "HTTP/1.1 100 Continue\r\n\r\n").send(Client, "{}");
    talk.send(
        Server,
        "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nX-Request-Id: 4\r\nContent-Length: 0\r\n\r\n",
    );
    talk.get(5);
    let seen = talk.read();
    assert_eq!(seen.lines(), ["1>1", "2>2", "3>3", "4>4", "5>5"]);
    let body = |index: usize| seen.exchanges[index].response.as_ref().unwrap().body.clone();
    assert_eq!((body(0), body(1), body(2)), (Body::Absent, Body::Absent, Body::Absent));
    assert_eq!(body(3), Body::Present { bytes: vec![], wire_len: 0, decoded_len: 0, whole: true });
}

#[test]
fn chunked_bodies_keep_their_trailers() {
    let mut talk = Talk::open(5000);
    talk.send(Client, "GET / HTTP/1.1\r\nX-Request-Id: 1\r\n\r\n");
    let head = "HTTP/1.1 200 OK\r\nX-Request-Id: 1\r\nTransfer-Encoding: chunked\r\n\r\n";
    talk.send(Server, format!("{head}4;a=b\r\nwiki\r\n5\r\npedia\r\n0\r\nExpires: never\r\n\r\n")).get(2);
    let seen = talk.read();
    assert_eq!(seen.lines(), ["1>1", "2>2"]);
    let response = seen.exchanges[0].response.as_ref().unwrap();
    assert_eq!((response.body.bytes(), response.headers.text("expires")), (Some(&b"wikipedia"[..]), Some("never")));
}

#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn coded(coding: &str, body: &[u8], limits: Limits) -> offpath_capture::Exchange {
    let mut talk = Talk::open(5000);
    talk.send(Client, "GET / HTTP/1.1\r\nX-Request-Id: 1\r\n\r\n");
    let head = format!("HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\nContent-Length: {}\r\n\r\n", body.len());
    talk.send(Server, [head.as_bytes(), body].concat());
    read_with(&[&pcap(&talk.segments)], &Options { limits, ..Options::default() }).only().clone()
}

#[test]
fn content_codings_are_undone() {
    let text = b"hello".to_vec();
    let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    zlib.write_all(&text).unwrap();
    let mut raw = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
    raw.write_all(&text).unwrap();
    let zstd = ruzstd::encoding::compress_to_vec(&text[..], ruzstd::encoding::CompressionLevel::Fastest);
    for (coding, bytes) in [
        ("gzip", gzip(&text)),
        ("x-gzip", [gzip(b"hel"), gzip(b"lo")].concat()),
        ("deflate", zlib.finish().unwrap()),
        ("deflate", raw.finish().unwrap()),
        ("br", b"\x0b\x02\x80hello\x03".to_vec()),
        ("zstd", zstd),
        ("gzip, gzip", gzip(&gzip(&text))),
        ("identity", text.clone()),
    ] {
        let exchange = coded(coding, &bytes, Limits::default());
        let body = &exchange.response.unwrap().body;
        assert_eq!((body.bytes(), body.is_whole()), (Some(&text[..]), true), "{coding}");
        assert!(exchange.incomplete.is_empty(), "{coding}: {:?}", exchange.incomplete);
    }
}

#[test]
fn what_does_not_decode_is_kept_coded() {
    for coding in ["gzip", "deflate", "br", "zstd", "compress", "gzip, gzip, gzip, gzip, gzip"] {
        let exchange = coded(coding, b"\xffnot coded at all", Limits::default());
        assert_eq!(exchange.incomplete, [Incomplete::UndecodableBody], "{coding}");
        assert_eq!(exchange.response.unwrap().body.bytes(), Some(&b"\xffnot coded at all"[..]), "{coding}");
    }
}

#[test]
fn a_bomb_stops_at_its_limit() {
    let limits = Limits { body_bytes: 100, inflate_bytes: 100_000, ..Limits::default() };
    for bytes in [gzip(&vec![0; 10_000_000]), gzip(&[0; 200])] {
        let exchange = coded("gzip", &bytes, limits.clone());
        assert_eq!(exchange.incomplete, [Incomplete::OverLimit]);
        let body = exchange.response.unwrap().body;
        assert!(body.bytes().unwrap().len() == 100 && body.len().unwrap() <= 200_000 && !body.is_whole());
    }
    let exchange = coded("gzip, gzip", &gzip(&gzip(&vec![0; 10_000_000])), limits);
    assert!(exchange.incomplete.contains(&Incomplete::OverLimit), "{:?}", exchange.incomplete);
}

#[test]
fn length_fields_that_lie_are_told_and_allocate_nothing() {
    let mut talk = Talk::open(5000);
    talk.send(Client, "POST /1 HTTP/1.1\r\nX-Request-Id: 1\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}");
    talk.answer(1);
    talk.send(Client, "POST /2 HTTP/1.1\nX-Request-Id: 2\nContent-Length: 9\nTransfer-Encoding: chunked\n\n0\r\n\r\n");
    talk.answer(2);
    talk.send(Client, "POST /3 HTTP/1.1\r\nX-Request-Id: 3\r\nContent-Length: 18446744073709551615\r\n\r\n{}");
    talk.answer(3).close();
    let seen = talk.read();
    assert_eq!(seen.lines(), ["1>1", "2>2", "3>3 cut_short"]);
    assert_eq!(seen.irregularities(), ["bare_lf", "content_length_and_chunked", "content_length_conflict"]);
}

#[test]
fn an_absolute_target_names_the_host() {
    let mut talk = Talk::open(5000);
    talk.send(Client, "GET http://b.test:8080/x?y=1 HTTP/1.1\r\nHost: a.test\r\nX-Request-Id: 1\r\n\r\n").answer(1);
    let seen = talk.read();
    let request = seen.only().request.clone().unwrap();
    assert_eq!((request.host.as_deref(), request.target.as_str()), (Some("b.test:8080"), "/x?y=1"));
}

#[test]
fn what_is_not_http_is_counted() {
    let hello = [&[0x16, 3, 1, 0, 100][..], &[0; 100]].concat();
    let mut tls = Talk::open(1);
    tls.send(Client, &hello).send(Server, &hello).close();
    let mut http2 = Talk::open(2);
    http2.send(Client, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").close();
    let mut other = Talk::open(3);
    other.send(Server, "220 mail ready\r\n").send(Client, "EHLO a\r\n").close();
    let mut tunnel = Talk::open(4);
    tunnel.send(Client, "CONNECT b.test:443 HTTP/1.1\r\nX-Request-Id: 4\r\n\r\n");
    tunnel.send(Server, "HTTP/1.1 200 OK\r\nX-Request-Id: 4\r\n\r\n").send(Client, &hello).close();
    let mut socket = Talk::open(5);
    socket.send(Client, "GET /chat HTTP/1.1\r\nUpgrade: websocket\r\nX-Request-Id: 5\r\n\r\n");
    socket
        .send(Server, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\nX-Request-Id: 5\r\n\r\n\x01\x02")
        .close();
    let mut old = Talk::open(6);
    old.send(Client, "GET /index.html\r\n").send(Server, "<p>HTTP/0.9 has no head</p>").close();
    let mut joined = Talk::joined(7);
    joined.send(Server, "\x01\x02hi").send(Client, b"\x80\x82\0\0\0\0hi").close();
    let segments: Vec<_> =
        [tls, http2, other, tunnel, socket, old, joined].into_iter().flat_map(|talk| talk.segments).collect();
    let seen = read(&[&pcap(&segments)]);
    assert_eq!(seen.lines(), ["4>4", "5>5"]);
    let counts = [("http09", 1, 44), ("not_http", 1, 24), ("tls_no_data", 2, 315), ("websocket_mid_stream", 1, 12)];
    assert_eq!(seen.not_read(), counts);
}

#[test]
fn filler_pushes_no_credentials_out_of_a_head() {
    let filler: String = (0..20_000).map(|nth| format!("x{nth}:\r\n")).collect();
    let mut talk = Talk::open(5000);
    talk.send(Client, format!("GET /1 HTTP/1.1\r\nX-Request-Id: 1\r\n{filler}Authorization: Bearer a\r\n\r\n"));
    let seen = talk.answer(1).get(2).close().read();
    assert_eq!(seen.lines(), ["1>1", "2>2"]);
    let request = seen.exchanges[0].request.as_ref().unwrap();
    assert_eq!((request.headers.len(), request.headers.text("authorization")), (20_002, Some("Bearer a")));

    // A lower limit cuts them, and says so.
    let limits = Limits { header_fields: 100, ..Limits::default() };
    let seen = read_with(&[&pcap(&talk.segments)], &Options { limits, ..Options::default() });
    assert_eq!(seen.lines(), ["1>1 over_limit", "2>2"]);
}
