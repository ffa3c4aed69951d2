//! What hostile frames may cost.

use offpath_capture::{Limits, Options};

use crate::http2_wire::{CONTINUATION, DATA, END_HEADERS, END_STREAM, Frames, HEADERS, PING};
use crate::packets_wire::Side::{Client, Server};
use crate::packets_wire::{pcap, read_with};

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
fn a_block_above_the_limit_whose_end_is_not_there_is_told() {
    let limits = Limits { head_bytes: 2000, ..Limits::default() };
    let options = Options { limits, ..Options::default() };
    let filler = [&[0, 1, b'f', 0x7f, 0xe9, 0x06][..], &[b'f'; 1000]].concat();
    let begun = |rest: &[&[u8]]| {
        let mut frames = Frames::open(5000);
        let fields = [(":method", "GET"), (":scheme", "http"), (":path", "/1"), (":authority", "a")];
        let block = frames.block(Client, &fields);
        frames.send(Client, HEADERS, END_STREAM, 1, &block);
        rest.iter().for_each(|part| _ = frames.send(Client, CONTINUATION, 0, 1, part));
        read_with(&[&pcap(&frames.talk.close().segments)], &options)
    };
    // The twin, below the limit, is only cut short.
    assert_eq!(begun(&[&filler]).lines(), ["?>- no_response cut_short"]);
    let seen = begun(&[&filler, &filler]);
    assert_eq!(seen.lines(), ["?>- no_response over_limit"]);
    // A short field behind the part that was too long is not joined to the part before it.
    let names = |seen: &crate::packets_wire::Seen| seen.exchanges[0].request.as_ref().unwrap().headers.len();
    assert_eq!(names(&begun(&[&filler, &filler, b"\x00\x01z\x01z"])), names(&seen));

    // One frame that is itself above the limit, and cut.
    let mut frames = Frames::open(5000);
    let mut cut = crate::http2_wire::frame(HEADERS, END_STREAM | END_HEADERS, 1, &[b'f'; 9000]);
    cut.truncate(5000);
    frames.talk.send(Client, &cut);
    let seen = read_with(&[&pcap(&frames.talk.close().segments)], &options);
    assert_eq!((seen.exchanges.len(), seen.blind_spots.is_empty()), (0, false));
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
