//! Captures written packet by packet: each names what is wrong with it and what must come out.

mod packets_wire;

use std::io::Write;

use offpath_capture::{Body, Incomplete, InputErrorKind, Limits, Options, Place};
use packets_wire::Side::{Client, Server};
use packets_wire::{ACK, FIN, RST, Segment, Talk, ethernet, ip, ip_header, pcap, pcap_of, read, read_with, tcp};

fn post(body: &str) -> String {
    format!("POST /orders HTTP/1.1\r\nHost: a.test\r\nX-Request-Id: 1\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

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
fn every_link_layer_leads_to_the_same_exchange() {
    let mut talk = Talk::open(5000);
    talk.get(1).close();
    let with = |link: u32, head: &[u8]| {
        let frames = talk.segments.iter().map(|segment| (segment.time, [head, &ip(segment)].concat()));
        read(&[&pcap_of(link, frames, u32::MAX)]).lines()
    };
    let mac = [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2];
    let vlan = [&mac[..], &[0x81, 0, 0, 5, 8, 0]].concat();
    let stacked = [&mac[..], &[0x88, 0xa8, 0, 9, 0x81, 0, 0, 5, 8, 0]].concat();
    let sll2 = [&[8, 0][..], &[0; 18]].concat();
    let sll = [&[0; 14][..], &[8, 0]].concat();
    for (link, head) in [
        (1, &[&mac[..], &[8, 0]].concat()[..]),
        (1, &vlan),
        (1, &stacked),
        (113, &sll),
        (276, &sll2),
        (0, &[2, 0, 0, 0]),
        (0, &[0, 0, 0, 2]),
        (108, &[0, 0, 0, 2]),
        (12, &[]),
        (14, &[]),
        (101, &[]),
        (228, &[]),
    ] {
        assert_eq!(with(link, head), ["1>1"], "link type {link}");
    }
    assert_eq!(with(147, &[]), [""; 0]);
}

#[test]
fn vlans_tell_networks_with_the_same_addresses_apart() {
    let mut first = Talk::open(5000);
    first.get(1).get(2).close();
    let mut second = Talk::open_at(5000, [700_000_000, 900_000_000]);
    second.get(3).get(4).close();
    let read_in = |vlans: [u8; 2], talks: [&Talk; 2]| {
        let frame = |vlan: u8, segment: &Segment| {
            let head = [&[2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x81, 0, 0, vlan, 8, 0][..], &ip(segment)].concat();
            (segment.time, head)
        };
        let pairs = talks[0].segments.iter().zip(&talks[1].segments);
        let frames = pairs.flat_map(|(a, b)| [frame(vlans[0], a), frame(vlans[1], b)]);
        let mut lines = read(&[&pcap_of(1, frames, u32::MAX)]).lines();
        lines.sort();
        lines
    };
    assert_eq!(read_in([5, 6], [&first, &second]), ["1>1", "2>2", "3>3", "4>4"]);
    // The same packets seen in two VLANs are the same packets.
    assert_eq!(read_in([5, 6], [&first, &first]), ["1>1", "2>2"]);
}

#[test]
fn ethernet_padding_is_not_payload() {
    let mut talk = Talk::open(5000);
    talk.get(1).get(2).close();
    let frames = talk.segments.iter().map(|segment| {
        let mut frame = ethernet(&ip(segment));
        frame.resize(frame.len().max(60) + 3, 0xee);
        (segment.time, frame)
    });
    assert_eq!(read(&[&pcap_of(1, frames, u32::MAX)]).lines(), ["1>1", "2>2"]);
}

#[test]
fn heads_that_wait_for_answers_are_bounded_by_their_bytes() {
    let mut talk = Talk::open(5000);
    talk.mss = 30_000;
    let long = "a".repeat(60_000);
    for id in 1..=200 {
        talk.send(Client, format!("GET /{id} HTTP/1.1\r\nX-Request-Id: {id}\r\nX-Long: {long}\r\n\r\n"));
    }
    for id in 1..=200 {
        talk.answer(id);
    }
    let lines = talk.close().read().lines();
    // Of 12 MB some 8 may wait; those before were let go without the answers that came later.
    let unanswered = lines.iter().filter(|line| line.ends_with(">- no_response")).count();
    assert!((50..100).contains(&unanswered) && lines[0] == "1>- no_response", "{unanswered}: {:?}", lines[0]);

    // Over many connections, the limit on all of them holds.
    let mut segments = Vec::new();
    for port in 5000..5020 {
        let mut talk = Talk::open(port);
        talk.time += i64::from(port) * 1000;
        talk.mss = 30_000;
        for id in 1..=4 {
            talk.send(Client, format!("GET /{id} HTTP/1.1\r\nX-Request-Id: {id}\r\nX-Long: {long}\r\n\r\n"));
        }
        segments.extend(talk.segments);
    }
    segments.sort_by_key(|segment| segment.time);
    let limits = Limits { total_bytes: 2 << 20, ..Limits::default() };
    let seen = read_with(&[&pcap(&segments)], &Options { limits, ..Options::default() });
    assert!(seen.report.connections > 20, "{}", seen.report.connections);
}

#[test]
fn a_lost_request_costs_one_pair_and_leaves_a_blind_spot() {
    let mut talk = Talk::open(5000);
    talk.get(1).get(2).get(3).close();
    let lost = talk.find("GET /2");
    let before = talk.segments[lost - 1].time;
    let after = talk.segments[lost + 1].time;
    talk.drop_segment(lost);
    let seen = talk.read();
    assert_eq!(seen.lines(), ["1>1", "->2 no_request", "3>3"]);
    assert_eq!(seen.blind_spots.len(), 1);
    let spot = &seen.blind_spots[0];
    assert!(spot.from.0 <= before && spot.to.0 == after, "{spot:?} around {before}..{after}");
    assert_eq!(seen.report.connections_with_gaps, 1);
}

#[test]
fn a_connection_of_which_only_acks_are_left_is_blind_where_its_server_speaks_http() {
    let mut known = Talk::open(5000);
    known.get(1).close();
    let mut lost = Talk::open(5001);
    lost.get(2).close();
    lost.segments.retain(|segment| segment.payload.is_empty());
    assert!(lost.read().blind_spots.is_empty(), "nothing says that it is HTTP");
    let both: Vec<_> = known.segments.iter().chain(&lost.segments).cloned().collect();
    let seen = read(&[&pcap(&both)]);
    assert_eq!(seen.lines(), ["1>1"]);
    assert_eq!(seen.blind_spots.len(), 1);
}

#[test]
fn a_lost_response_is_no_blind_spot() {
    let mut talk = Talk::open(5000);
    talk.get(1).get(2).get(3).close();
    talk.drop_segment(talk.find("body of 2"));
    let seen = talk.read();
    assert_eq!(seen.lines(), ["1>1", "2>- no_response response_gap", "3>3"]);
    assert!(seen.blind_spots.is_empty());
}

#[test]
fn the_rest_of_a_body_that_reads_like_a_first_line_swallows_no_message() {
    // After the lost head, `word word` could be the beginning of a request or a method with its target.
    for rest in ["3f4a980dd d248150 b1dd157a af4ae2333", "GET /3", "deadbeef"] {
        let mut talk = Talk::open(5000);
        talk.get(1).send(Client, "GET /2 HTTP/1.1\r\nX-Request-Id: 2\r\n\r\n");
        talk.send(Server, "HTTP/1.1 200 OK\r\nX-Request-Id: 2\r\nContent-Length: 99\r\n\r\n").send(Server, rest);
        talk.get(3).get(4).close();
        talk.drop_segment(talk.find("Content-Length: 99"));
        assert_eq!(talk.read().lines(), ["1>1", "2>- no_response response_gap", "3>3", "4>4"], "{rest}");

        let mut talk = Talk::open(5000);
        talk.get(1).send(Client, "POST /2 HTTP/1.1\r\nX-Request-Id: 2\r\nContent-Length: 99\r\n\r\n");
        talk.send(Client, rest).answer(2).get(3).get(4).close();
        talk.drop_segment(talk.find("POST /2"));
        assert_eq!(talk.read().lines(), ["1>1", "->2 no_request", "3>3", "4>4"], "{rest}");
    }
}

#[test]
fn an_interim_response_after_lost_ones_does_not_bring_the_count_back() {
    let mut talk = Talk::open(5000);
    talk.get(1).get(2).get(3);
    talk.send(Client, "POST /4 HTTP/1.1\r\nX-Request-Id: 4\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    talk.send(Server, "HTTP/1.1 100 Continue\r\n\r\n").send(Client, "{}").answer(4).get(5).close();
    // All of the second response is lost, and so much of the third that its head is.
    talk.drop_segment(talk.find("body of 2"));
    let third = talk.find("body of 3");
    talk.segments[third].payload.drain(..20);
    talk.segments[third].seq += 20;
    let lines = talk.read().lines();
    assert_eq!(lines, ["1>1", "2>- no_response response_gap", "3>- no_response response_gap", "4>4", "5>5"]);
}

#[test]
fn a_gap_inside_a_body_of_known_length_is_swallowed() {
    let mut talk = Talk::open(5000);
    talk.send(Client, post(&"x".repeat(3500))).answer(1).get(2).close();
    talk.drop_segment(4);
    let seen = talk.read();
    assert_eq!(seen.lines(), ["1>1 request_gap", "2>2"]);
    let body = &seen.exchanges[0].request.as_ref().unwrap().body;
    assert!(!body.is_whole() && body.len() == Some(3500));
    assert!(seen.blind_spots.is_empty());
}

#[test]
fn lost_requests_of_a_pipeline_make_no_wrong_pair() {
    for lost in 1..=4 {
        let mut talk = Talk::open(5000);
        for id in 1..=4 {
            talk.send(Client, format!("GET /{id} HTTP/1.1\r\nX-Request-Id: {id}\r\n\r\n"));
        }
        for id in 1..=4 {
            talk.answer(id);
        }
        talk.get(5).get(6).close();
        talk.drop_segment(talk.find(&format!("GET /{lost} ")));
        let lines = talk.read().lines();
        assert!(lines.contains(&"6>6".to_owned()), "{lines:?}");
        for line in &lines {
            let (request, response) = line.split(' ').next().unwrap().split_once('>').unwrap();
            assert!(request == response || request == "-" || response == "-", "lost {lost}: {lines:?}");
        }
    }
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let mut talk = Talk::open(5000);
    talk.send(Client, "GET /1 HTTP/1.1\r\nX-Request-Id: 1\r\n\r\nGET /2 HTTP/1.1\r\nX-Request-Id: 2\r\n\r\n");
    talk.answer(1).answer(2).close();
    assert_eq!(talk.read().lines(), ["1>1", "2>2"]);
}

#[test]
fn a_response_captured_before_its_request_waits_for_it() {
    let mut talk = Talk::open(5000);
    talk.get(1).get(2).close();
    let at = talk.find("GET /2");
    talk.segments.swap(at, at + 1);
    assert_eq!(talk.read().lines(), ["1>1", "2>2"]);
}

#[test]
fn sequence_numbers_may_wrap() {
    let mut talk = Talk::open_at(5000, [u32::MAX - 20, u32::MAX - 30]);
    talk.get(1).get(2).close();
    assert_eq!(talk.read().lines(), ["1>1", "2>2"]);
}

#[test]
fn one_direction_alone_is_read() {
    let mut talk = Talk::open(5000);
    talk.get(1).send(Client, post("{}")).answer(1).get(3).close();
    let mut server = talk.clone();
    let requests = talk.drop_side(Server).read();
    assert_eq!(requests.lines().len(), 3);
    assert!(requests.exchanges.iter().all(|e| e.incomplete.contains(&Incomplete::NoResponse)));
    let responses = server.drop_side(Client).read();
    assert_eq!(responses.lines().len(), 3);
    assert!(responses.exchanges.iter().all(|e| e.incomplete.contains(&Incomplete::NoRequest)));
    assert!(!responses.blind_spots.is_empty());
}

#[test]
fn an_unseen_head_request_does_not_swallow_the_next_response() {
    let mut talk = Talk::open(5000);
    talk.send(Client, "HEAD / HTTP/1.1\r\n\r\n");
    talk.send(Server, "HTTP/1.1 200 OK\r\nX-Request-Id: 1\r\nContent-Length: 500\r\n\r\n");
    talk.get(2).close().drop_side(Client);
    assert_eq!(talk.read().lines(), ["->1 no_request", "->2 no_request"]);
}

#[test]
fn a_connection_joined_in_the_middle_is_read() {
    let mut talk = Talk::joined(5000);
    talk.get(1).get(2).close();
    assert_eq!(talk.read().lines(), ["1>1", "2>2"]);
    let mut talk = Talk::joined(5000);
    talk.send(Client, post(&"x".repeat(2500))).answer(1).get(2);
    talk.segments.swap(0, 1);
    assert_eq!(talk.read().lines(), ["1>1", "2>2"]);
    talk.drop_segment(talk.find("POST"));
    assert_eq!(talk.read().lines(), ["->1 no_request mid_stream", "2>2"]);
}

#[test]
fn a_port_used_again_is_a_new_connection() {
    let mut talk = Talk::open(5000);
    talk.get(1).close();
    let mut again = Talk::open_at(5000, [70_000_000, 90_000_000]);
    again.segments.iter_mut().for_each(|segment| segment.time += 1_000_000);
    again.get(2);
    talk.segments.extend(again.segments);
    let seen = talk.read();
    assert_eq!((seen.lines(), seen.report.connections), (vec!["1>1".to_owned(), "2>2".to_owned()], 2));
    assert_ne!(seen.exchanges[0].connection, seen.exchanges[1].connection);
    assert_ne!(seen.exchanges[0].key, seen.exchanges[1].key);
}

#[test]
fn keep_alives_resets_and_late_copies_change_nothing() {
    let mut talk = Talk::open(5000);
    talk.get(1);
    let copy = talk.segments[3].clone();
    let mut probe = copy.clone();
    (probe.seq, probe.payload) = (talk.seq[0] - 1, vec![0]);
    talk.segments.push(probe);
    talk.get(2).segment(Server, RST | ACK, b"");
    talk.segments.push(copy);
    let seen = talk.read();
    assert_eq!(seen.lines(), ["1>1", "2>2"]);
    assert!(seen.irregularities().is_empty());
}

#[test]
fn a_fin_may_come_before_its_data() {
    let mut talk = Talk::open(5000);
    talk.send(Client, "GET / HTTP/1.0\r\nX-Request-Id: 1\r\n\r\n");
    talk.send(Server, "HTTP/1.0 200 OK\r\nX-Request-Id: 1\r\n\r\nuntil the end").close();
    let fin = talk.segments.iter().position(|s| s.side == Server && s.flags & FIN != 0).unwrap();
    let data = talk.find("until the end");
    talk.segments.swap(fin, data);
    let seen = talk.read();
    assert_eq!(seen.lines(), ["1>1"]);
    assert!(seen.only().response.as_ref().unwrap().body.is_whole());
}

#[test]
fn a_body_cut_by_the_end_of_the_connection_is_cut_short() {
    let mut talk = Talk::open(5000);
    talk.send(Client, "GET / HTTP/1.1\r\nX-Request-Id: 1\r\n\r\n");
    talk.send(Server, "HTTP/1.1 200 OK\r\nX-Request-Id: 1\r\nContent-Length: 99\r\n\r\nshort").close();
    let seen = talk.read();
    assert_eq!(seen.lines(), ["1>1 cut_short"]);
    assert!(!seen.only().response.as_ref().unwrap().body.is_whole());
}

#[test]
fn a_retransmission_with_other_content_is_told_and_the_first_wins() {
    let mut talk = Talk::open(5000);
    talk.get(1);
    let mut other = talk.segments[3].clone();
    other.payload.iter_mut().for_each(|byte| *byte ^= 1);
    talk.segments.push(other);
    let seen = talk.read();
    assert_eq!((seen.lines(), seen.irregularities()), (vec!["1>1".to_owned()], vec!["conflicting_retransmission"]));
}

#[test]
fn the_snap_length_cuts_bytes_but_no_pair() {
    let mut talk = Talk::open(5000);
    talk.send(Client, post(&"x".repeat(700))).answer(1).get(2).close();
    let frames = talk.segments.iter().map(|segment| (segment.time, ip(segment)));
    let seen = read(&[&pcap_of(101, frames, 200)]);
    assert_eq!(seen.lines(), ["1>1 snap_length", "2>2"]);
}

#[test]
fn fragments_are_put_together_in_any_order() {
    let mut talk = Talk::open(5000);
    talk.get(1).close();
    let cut = |segment: &Segment, id: u16| {
        let whole = tcp(segment);
        let mut parts: Vec<Vec<u8>> = Vec::new();
        for (index, part) in whole.chunks(24).enumerate() {
            let more = if (index + 1) * 24 < whole.len() { 0x2000 } else { 0 };
            parts.push([ip_header(segment.side, part.len(), id, more | (index * 3) as u16), part.to_vec()].concat());
        }
        parts.reverse();
        parts
    };
    let frames: Vec<(i64, Vec<u8>)> = (0u16..)
        .zip(&talk.segments)
        .flat_map(|(id, segment)| cut(segment, id).into_iter().map(|part| (segment.time, part)))
        .collect();
    let seen = read(&[&pcap_of(101, frames.clone().into_iter(), u32::MAX)]);
    assert_eq!(seen.lines(), ["1>1"]);
    let seen = read(&[&pcap_of(
        101,
        frames.into_iter().enumerate().filter(|&(index, _)| index != 3).map(|(_, frame)| frame),
        u32::MAX,
    )]);
    assert_eq!(seen.lines(), ["->1 no_request"]);
    assert_eq!(seen.not_read(), [("ip_fragment", 2, 48)]);
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
fn gzip(bytes: &[u8]) -> Vec<u8> {
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
fn split_and_shuffled_files_read_as_one() {
    let mut talk = Talk::open(5000);
    for id in 1..=6 {
        talk.get(id);
    }
    talk.close();
    let facts = |files: &[&[u8]]| {
        let seen = read(files);
        seen.exchanges.iter().map(|e| (e.key, e.connection, e.stream, e.time, e.end)).collect::<Vec<_>>()
    };
    let whole = facts(&[&pcap(&talk.segments)]);
    assert_eq!(whole.len(), 6);
    for at in 1..talk.segments.len() {
        let (first, second) = talk.segments.split_at(at);
        assert_eq!(facts(&[&pcap(first), &pcap(second)]), whole);
        assert_eq!(facts(&[&pcap(second), &pcap(first)]), whole);
    }
    let (client, server): (Vec<_>, Vec<_>) = talk.segments.iter().cloned().partition(|s| s.side == Client);
    assert_eq!(facts(&[&pcap(&client), &pcap(&server)]), whole);
}

/// Counts, at every exchange, the files of a folder that this process holds open.
#[cfg(target_os = "linux")]
struct OpenFiles<'a> {
    folder: &'a std::path::Path,
    exchanges: Vec<String>,
    most: usize,
    progress: u64,
}

#[cfg(target_os = "linux")]
impl offpath_capture::Sink for OpenFiles<'_> {
    fn exchange(&mut self, exchange: offpath_capture::Exchange) -> std::ops::ControlFlow<()> {
        let descriptors = std::fs::read_dir("/proc/self/fd").into_iter().flatten();
        let files = descriptors.filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok());
        self.most = self.most.max(files.filter(|file| file.starts_with(self.folder)).count());
        self.exchanges.push(format!("{:?} {} {:?}", exchange.time, exchange.key, exchange.request.map(|r| r.target)));
        std::ops::ControlFlow::Continue(())
    }

    fn blind_spot(&mut self, _: offpath_capture::BlindSpot) -> std::ops::ControlFlow<()> {
        std::ops::ControlFlow::Continue(())
    }

    fn progress(&mut self, bytes: u64) {
        self.progress += bytes;
    }
}

#[cfg(target_os = "linux")]
#[test]
fn files_of_a_rotation_are_open_only_in_their_turn() {
    let mut talk = Talk::open(5000);
    for id in 0..80 {
        talk.get(id);
    }
    talk.close();
    let read_split = |per_file: usize| {
        let folder = tempfile::tempdir().unwrap();
        let mut size = 0;
        for (index, part) in talk.segments.chunks(per_file).enumerate() {
            let mut file = pcap(part);
            match index % 4 {
                1 => file = gzip(&file),
                // Damaged: not to be held open for it.
                2 => file = [gzip(&file), b"no gzip".repeat(20_000)].concat(),
                _ => {}
            }
            size += file.len() as u64;
            std::fs::write(folder.path().join(format!("{index:03}")), file).unwrap();
        }
        let options = Options::default();
        let mut plan = offpath_capture::plan(&[folder.path().to_str().unwrap().to_owned()], &options);
        let mut seen = OpenFiles { folder: folder.path(), exchanges: Vec::new(), most: 0, progress: 0 };
        let report = plan.sources.remove(0).read(&options, &mut seen);
        assert_eq!((seen.progress, report.inputs.iter().map(|input| input.bytes).sum()), (size, size));
        assert_eq!(report.inputs.iter().map(|input| input.records).sum::<u64>(), talk.segments.len() as u64);
        (seen.exchanges, seen.most, report.inputs.len())
    };
    let (whole, ..) = read_split(usize::MAX);
    let (split, most, files) = read_split(2);
    assert_eq!((whole.len(), files), (80, 83));
    assert_eq!(split, whole);
    assert_eq!(most, 1, "files open at once");
}

#[test]
fn a_truncated_file_says_where_and_keeps_what_came_before() {
    let mut talk = Talk::open(5000);
    talk.get(1).get(2);
    let file = pcap(&talk.segments);
    let seen = read(&[&file[..file.len() - 5], &file]);
    let error = &seen.report.errors[0];
    assert!(matches!(error.kind, InputErrorKind::Truncated { .. }), "{error}");
    assert!(error.to_string().contains("#frame=7"), "{error}");
    assert_eq!(seen.report.inputs[0].records, 6);
    let last = 16 + 20 + 20 + talk.segments[6].payload.len() as u64;
    assert_eq!(seen.report.inputs[0].bytes_lost, last - 5);
    assert_eq!(seen.report.inputs[1].records, 7);
}

#[test]
fn a_damaged_record_costs_itself_and_is_placed() {
    let mut talk = Talk::open(5000);
    talk.get(1).get(2).get(3).close();
    let lost = talk.find("body of 2");
    let records: Vec<usize> = talk.segments.iter().map(|segment| 16 + ip(segment).len()).collect();
    let at = 24 + records[..lost].iter().sum::<usize>();
    for claim in [u32::MAX, 1 << 20] {
        let mut file = pcap(&talk.segments);
        file[at + 8..at + 12].copy_from_slice(&claim.to_le_bytes());
        let seen = read(&[&file]);
        assert_eq!(seen.lines(), ["1>1", "2>- no_response response_gap", "3>3"]);
        let error = seen.report.errors[0].to_string();
        assert!(error.contains(&format!("byte {at}")) && error.contains(&format!("#frame={}", lost + 1)), "{error}");
        assert_eq!(seen.report.inputs[0].bytes_lost, records[lost] as u64);
    }
    // Bytes of no record, as of a disk that failed.
    let mut file = pcap(&talk.segments);
    file.splice(at..at, [0xff; 5_000]);
    let seen = read(&[&file]);
    assert_eq!(seen.lines(), ["1>1", "2>2", "3>3"]);
    assert_eq!((seen.report.inputs[0].bytes_lost, seen.report.errors.len()), (5_000, 1));
}

#[test]
fn files_of_both_byte_orders_resolutions_and_header_lengths_are_one_stream() {
    let mut talk = Talk::open(5000);
    talk.get(1).get(2).get(3).get(4).get(5).close();
    let file = |magic: u32, big_endian: bool, segments: &[Segment]| {
        let word = |word: u32| if big_endian { word.to_be_bytes() } else { word.to_le_bytes() };
        let mut file: Vec<u8> = [magic, if big_endian { 0x0002_0004 } else { 0x0004_0002 }, 0, 0, 65_535, 101]
            .into_iter()
            .flat_map(word)
            .collect();
        for segment in segments {
            let packet = ip(segment);
            let micros = (segment.time % 1_000_000) as u32;
            let fraction = if magic == 0xa1b2_3c4d { micros * 1000 + 999 } else { micros };
            let header = [(segment.time / 1_000_000) as u32, fraction, packet.len() as u32, packet.len() as u32];
            file.extend(header.into_iter().flat_map(word));
            if magic == 0xa1b2_cd34 {
                file.extend([0; 8]);
            }
            file.extend(packet);
        }
        file
    };
    let kinds = [0xa1b2_c3d4, 0xa1b2_3c4d, 0xa1b2_cd34].into_iter().flat_map(|magic| [(magic, false), (magic, true)]);
    let parts = talk.segments.chunks(talk.segments.len().div_ceil(6));
    let files: Vec<_> = kinds.zip(parts).map(|((magic, big), part)| file(magic, big, part)).collect();
    assert_eq!(files.len(), 6);
    let mut names: Vec<&[u8]> = files.iter().map(Vec::as_slice).collect();
    // A rotation in any order is one stream.
    for turn in 0..files.len() {
        names.rotate_left(1);
        if turn == 3 {
            names.reverse();
        }
        let seen = read(&names);
        assert_eq!((seen.lines(), seen.report.connections), (talk.read().lines(), 1));
    }
}

mod pcapng {
    use super::*;

    fn block(kind: u32, body: &[u8]) -> Vec<u8> {
        let padded = body.len().next_multiple_of(4);
        let mut block = Vec::new();
        block.extend(kind.to_le_bytes());
        block.extend((12 + padded as u32).to_le_bytes());
        block.extend(body);
        block.resize(8 + padded, 0);
        block.extend((12 + padded as u32).to_le_bytes());
        block
    }

    fn section() -> Vec<u8> {
        block(0x0a0d_0d0a, &[0x4d, 0x3c, 0x2b, 0x1a, 1, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255])
    }

    fn interface(link: u8, options: &[u8]) -> Vec<u8> {
        block(1, &[&[link, 0, 0, 0, 0, 0, 0, 0], options].concat())
    }

    fn packet(interface: u32, ticks: u64, data: &[u8]) -> Vec<u8> {
        let words = [interface, (ticks >> 32) as u32, ticks as u32, data.len() as u32, data.len() as u32];
        let mut body: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        body.extend(data);
        block(6, &body)
    }

    #[test]
    fn sections_interfaces_and_clocks_are_followed() {
        let mut talk = Talk::open(5000);
        talk.get(1).get(2).close();
        // Nanoseconds with an offset of 1,000 s, and 2^-20 s; unknown blocks lie between.
        let offset = [14, 0, 8, 0, 0xe8, 3, 0, 0, 0, 0, 0, 0];
        let options = [&[9, 0, 1, 0, 9, 0, 0, 0][..], &offset, &[0; 4]].concat();
        let mut file = [section(), interface(1, &options), interface(101, &[9, 0, 1, 0, 0x94, 0, 0, 0])].concat();
        for (index, segment) in talk.segments.iter().enumerate() {
            let micros = segment.time as u64;
            if index == 5 {
                file.extend([section(), interface(1, &options), interface(101, &[9, 0, 1, 0, 0x94, 0, 0, 0])].concat());
            }
            file.extend(block(0x0bad, b"whatever"));
            file.extend(match index % 2 {
                0 => packet(0, (micros - 1_000_000_000) * 1000, &ethernet(&ip(segment))),
                _ => packet(1, (u128::from(micros) << 20).div_ceil(1_000_000) as u64, &ip(segment)),
            });
        }
        let seen = read(&[&file]);
        assert_eq!(seen.lines(), ["1>1", "2>2"]);
        let plain = talk.read();
        assert!(seen.exchanges.iter().zip(&plain.exchanges).all(|(a, b)| (a.key, a.time) == (b.key, b.time)));
        assert_eq!(seen.report.inputs[0].records, talk.segments.len() as u64);
    }

    #[test]
    fn clocks_set_to_any_time_do_no_harm() {
        let request = Segment { payload: post("{}").into_bytes(), ..Talk::open(5000).segments[2].clone() };
        let whole = [ip(&request), ip(&request)];
        let cut = |offset: u16, part: &[u8]| [ip_header(Client, part.len(), 7, offset), part.to_vec()].concat();
        let bytes = tcp(&request);
        let fragments = [cut(0x2000, &bytes[..64]), cut(8, &bytes[64..])];
        let far = i64::MAX / 1_000_000;
        for offsets in [[-far, far], [far, -far], [i64::MIN, i64::MAX], [i64::MAX, i64::MIN]] {
            let clocks = offsets.map(|offset| [&[14, 0, 8, 0][..], &offset.to_le_bytes(), &[0; 4]].concat());
            let head = [section(), interface(101, &clocks[0]), interface(101, &clocks[1])].concat();
            for [one, two] in [&whole, &fragments] {
                let seen = read(&[&[&head[..], &packet(0, 0, one), &packet(1, u64::MAX, two)].concat()]);
                // From 1970 to the year 9999.
                let times = seen.exchanges.iter().map(|exchange| exchange.time.0);
                assert!(times.clone().all(|time| (0..253_402_300_800_000_000).contains(&time)), "{offsets:?}");
                assert!(times.count() + seen.report.not_read.len() >= 1, "{offsets:?}");
            }
        }
    }

    #[test]
    fn packets_that_were_lost_while_capturing_are_counted_and_blind() {
        let mut talk = Talk::open(5000);
        talk.get(1).get(2).close();
        let mut file = [section(), interface(101, &[])].concat();
        for (index, segment) in talk.segments.iter().enumerate() {
            let mut packet = packet(0, segment.time as u64, &ip(segment));
            if index == 3 {
                // A comment, then that 7 packets were lost before this one.
                let length = packet.len();
                let mut body = packet[8..length - 4].to_vec();
                body.extend([1, 0, 3, 0, b'a', b'b', b'c', 0, 4, 0, 8, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
                packet = block(6, &body);
            }
            file.extend(packet);
        }
        let seen = read(&[&file]);
        assert_eq!(seen.lines(), ["1>1", "2>2"]);
        let lost: Vec<_> = seen.report.not_read.iter().map(|part| (part.reason, part.count)).collect();
        assert_eq!(lost, [("dropped_while_capturing", 7)]);
        let (spot, time) = (&seen.blind_spots[0], talk.segments[3].time);
        assert_eq!(seen.blind_spots.len(), 1);
        assert_eq!((spot.from.0, spot.to.0), (time - 2_000_000, time + 2_000_000));
        assert!(spot.origin.to_string().contains("frame=4"), "{}", spot.origin);
    }

    /// A conversation as packets of an interface that is not the first, and its blocks' offsets.
    fn blocks(talk: &Talk) -> (Vec<Vec<u8>>, Vec<u64>) {
        let mut blocks = vec![section(), interface(147, &[]), interface(101, &[])];
        blocks.extend(talk.segments.iter().map(|segment| packet(1, segment.time as u64, &ip(segment))));
        let offsets = blocks.iter().scan(0, |at, block| {
            let here = *at;
            *at += block.len() as u64;
            Some(here)
        });
        let offsets = offsets.collect();
        (blocks, offsets)
    }

    #[test]
    fn a_damaged_block_costs_itself_and_is_placed() {
        let mut talk = Talk::open(5000);
        talk.get(1).get(2).get(3).close();
        let (blocks, offsets) = blocks(&talk);
        let lost = 3 + talk.find("body of 2");
        // Its length, its trailer, its interface, the length of its packet, its kind and length at once.
        let len = blocks[lost].len();
        for (at, bytes) in
            [(4, &[0xff; 4][..]), (4, &[0x33]), (len - 4, &[1]), (8, &[9]), (20, &[0xff; 4]), (0, &[0xee; 8])]
        {
            let mut file = blocks.clone();
            file[lost][at..at + bytes.len()].copy_from_slice(bytes);
            let seen = read(&[&file.concat()]);
            assert_eq!(seen.lines(), ["1>1", "2>- no_response response_gap", "3>3"], "{at} {bytes:?}");
            assert_eq!(seen.report.errors.len(), 1);
            let error = seen.report.errors[0].to_string();
            assert!(error.contains(&format!("byte {}", offsets[lost])), "{error}");
            assert!(error.contains(&format!("#frame={}", lost - 2)), "{error}");
            assert_eq!(seen.report.inputs[0].bytes_lost, len as u64);
            assert_eq!(seen.report.inputs[0].records, talk.segments.len() as u64 - 1);
        }
    }

    #[test]
    fn several_damaged_places_are_counted_in_one_message() {
        let mut talk = Talk::open(5000);
        talk.get(1).get(2).get(3).get(4).close();
        let (mut blocks, _) = blocks(&talk);
        let lost = ["body of 2", "body of 4"].map(|text| 3 + talk.find(text));
        let mut bytes = 0;
        for place in lost {
            blocks[place][4] ^= 1;
            bytes += blocks[place].len() as u64;
        }
        // Bytes that are no blocks at all, of any number.
        let junk = b"0123456789";
        blocks.insert(lost[0], junk.to_vec());
        let seen = read(&[&blocks.concat()]);
        let error = seen.report.errors[0].to_string();
        assert!(seen.report.errors.len() == 1 && error.contains("the first of 2 such places"), "{error}");
        assert_eq!(seen.report.inputs[0].bytes_lost, bytes + junk.len() as u64);
        assert_eq!(seen.lines().iter().filter(|line| !line.contains(' ')).count(), 2, "{:?}", seen.lines());
    }

    #[test]
    fn a_lost_interface_description_leaves_the_others_their_numbers() {
        let mut talk = Talk::open(5000);
        talk.get(1).close();
        let (mut blocks, _) = blocks(&talk);
        *blocks[1].last_mut().unwrap() = 7;
        let seen = read(&[&blocks.concat()]);
        assert_eq!((seen.lines(), seen.report.errors.len()), (vec!["1>1".to_owned()], 1));
    }

    #[test]
    fn a_damaged_section_is_left_until_the_next() {
        let mut talk = Talk::open(5000);
        talk.get(1).close();
        let (other, _) = blocks(&talk);
        let mut bad = other.clone();
        bad[0][8] = 0;
        let first = pcap_section(&Talk::open(6000).get(7).segments);
        let seen = read(&[&[first, bad.concat(), other.concat()].concat()]);
        assert_eq!(seen.lines(), ["7>7", "1>1"]);
        assert_eq!(seen.report.inputs[0].bytes_lost, bad.concat().len() as u64);
    }

    fn pcap_section(segments: &[Segment]) -> Vec<u8> {
        let packets = segments.iter().map(|segment| packet(0, segment.time as u64, &ip(segment)));
        [section(), interface(101, &[])].into_iter().chain(packets).collect::<Vec<_>>().concat()
    }

    #[test]
    fn a_block_that_nothing_follows_ends_its_file_only() {
        let mut talk = Talk::open(5000);
        talk.get(1);
        let mut file = [section(), interface(101, &[])].concat();
        for segment in &talk.segments {
            file.extend(packet(0, segment.time as u64, &ip(segment)));
        }
        let at = file.len();
        file.extend([6, 0, 0, 0, 33, 0, 0, 0]);
        file.extend([0; 100]);
        let other = pcap(&Talk::open(6000).get(2).segments);
        let seen = read(&[&file, &other]);
        assert_eq!(seen.lines(), ["1>1", "2>2"]);
        let error = &seen.report.errors[0];
        assert!(matches!(&error.kind, InputErrorKind::Malformed { .. }));
        let text = error.to_string();
        assert!(
            text.contains("#frame=6") && text.contains(&format!("byte {at}")) && text.contains("33 bytes"),
            "{text}"
        );
        assert_eq!(seen.report.inputs[0].bytes_lost, 108);
    }
}
