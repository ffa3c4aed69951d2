//! Packets that the capture has not: nothing is paired that does not belong together.

use offpath_capture::Body;

use crate::http2_wire::{DATA, END_STREAM, Frames, HEADERS, PING};
use crate::packets_wire::Side::{Client, Server};
use crate::packets_wire::{Seen, Talk, ethernet, ip, pcap, pcap_of, read};

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
        let seen = read(&[&pcap(segments)]);
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
    let seen = read(&[&pcap_of(1, packets, 200)]);
    assert_eq!(seen.lines(), ["1>1 snap_length", "3>3 snap_length", "5>5 snap_length"]);
}
