//! Laws of reading HTTP/2, tried on random conversations, segments and losses.

#[expect(dead_code, reason = "each test file uses its own part of the writer")]
mod http2_wire;
mod packets_wire;

use http2_wire::{DATA, END_HEADERS, END_STREAM, Frames, HEADERS, PADDED, frame};
use offpath_capture::{Exchange, Headers, Incomplete};
use packets_wire::Side::{Client, Server};
use packets_wire::disorder::{Wire, turn, wire};
use packets_wire::{ACK, Segment, Side, Talk, pcap, read};
use proptest::prelude::*;

/// One exchange of a random conversation.
#[derive(Clone, Debug)]
struct Spoken {
    body: Vec<u8>,
    fields: Vec<(usize, usize)>,
    answer: Vec<Vec<u8>>,
    status: usize,
    trailers: bool,
    padded: bool,
    cut_block: Option<usize>,
    /// How many exchanges begin before it is answered.
    later: usize,
}

const NAMES: [&str; 5] = ["accept", "cookie", "authorization", "x-tenant", "x-other"];
const VALUES: [&str; 6] = ["a", "b", "application/json", "Bearer 0123456789abcdef", "", "tenant-7"];
const STATUSES: [&str; 4] = ["200", "201", "404", "503"];

fn bytes(most: usize) -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..most)
}

fn spoken() -> impl Strategy<Value = Spoken> {
    let fields = prop::collection::vec((0..NAMES.len(), 0..VALUES.len()), 0..5);
    (
        bytes(300),
        fields,
        prop::collection::vec(bytes(700), 0..4),
        0..STATUSES.len(),
        any::<bool>(),
        any::<bool>(),
        prop::option::weighted(0.3, 0usize..30),
        0usize..3,
    )
        .prop_map(|(body, fields, answer, status, trailers, padded, cut_block, later)| Spoken {
            body,
            fields,
            answer,
            status,
            trailers,
            padded,
            cut_block,
            later,
        })
}

fn conversation() -> impl Strategy<Value = Vec<Spoken>> {
    prop::collection::vec(spoken(), 1..12)
}

fn stream(nth: usize) -> u32 {
    1 + 2 * nth as u32
}

/// A header block in one or two frames.
fn list(frames: &mut Frames<'_>, side: Side, flags: u8, nth: usize, fields: &[(&str, &str)], cut: Option<usize>) {
    let block = frames.block(side, fields);
    match cut.filter(|cut| *cut < block.len()) {
        None => frames.send(side, HEADERS, flags | END_HEADERS, stream(nth), &block),
        Some(cut) => {
            let (first, rest) = block.split_at(cut);
            let both = [
                frame(HEADERS, flags, stream(nth), first),
                frame(http2_wire::CONTINUATION, END_HEADERS, stream(nth), rest),
            ];
            frames.talk.send(side, both.concat());
            frames
        }
    };
}

fn ask(frames: &mut Frames<'_>, nth: usize, spoken: &Spoken) {
    let path = format!("/{nth}");
    let method = if spoken.body.is_empty() { "GET" } else { "POST" };
    let mut fields = vec![(":method", method), (":scheme", "http"), (":path", &*path), (":authority", "a.test")];
    fields.extend(spoken.fields.iter().map(|(name, value)| (NAMES[*name], VALUES[*value])));
    let id = nth.to_string();
    fields.push(("x-request-id", &id));
    let end = if spoken.body.is_empty() { END_STREAM } else { 0 };
    list(frames, Client, end, nth, &fields, spoken.cut_block);
    if spoken.padded && !spoken.body.is_empty() {
        let padded = [&[9][..], &spoken.body, &[0; 9]].concat();
        frames.send(Client, DATA, END_STREAM | PADDED, stream(nth), &padded);
    } else if !spoken.body.is_empty() {
        frames.send(Client, DATA, END_STREAM, stream(nth), &spoken.body);
    }
}

fn answer(frames: &mut Frames<'_>, nth: usize, spoken: &Spoken) {
    let id = nth.to_string();
    let fields = [(":status", STATUSES[spoken.status]), ("server", "a test"), ("x-request-id", &id)];
    list(frames, Server, 0, nth, &fields, spoken.cut_block);
    for part in &spoken.answer {
        frames.send(Server, DATA, 0, stream(nth), part);
    }
    if spoken.trailers {
        list(frames, Server, END_STREAM, nth, &[("x-sum", &id)], None);
    } else {
        frames.send(Server, DATA, END_STREAM, stream(nth), b"");
    }
}

/// The conversation as who says what, in order.
fn said(conversation: &[Spoken]) -> Vec<(Side, Vec<u8>)> {
    let mut talk = Talk::joined(5000);
    talk.mss = usize::MAX;
    let mut frames = Frames::greeted(talk);
    let mut waiting = Vec::new();
    for (nth, spoken) in conversation.iter().enumerate() {
        ask(&mut frames, nth, spoken);
        waiting.push((nth, spoken.later));
        waiting.iter_mut().for_each(|(_, later)| *later = later.saturating_sub(1));
        while let Some(ready) = waiting.iter().position(|(_, later)| *later == 0) {
            let (nth, _) = waiting.remove(ready);
            answer(&mut frames, nth, &conversation[nth]);
        }
    }
    for (nth, _) in waiting {
        answer(&mut frames, nth, &conversation[nth]);
    }
    frames.talk.segments.into_iter().map(|segment| (segment.side, segment.payload)).collect()
}

fn fields(headers: &Headers) -> Vec<(String, String)> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    headers.iter().map(|(name, value)| (text(name), text(value))).collect()
}

/// What the request's fields must be: cookies joined, at the end.
fn true_fields(nth: usize, spoken: &Spoken) -> Vec<(String, String)> {
    let all = spoken.fields.iter().map(|(name, value)| (NAMES[*name].to_owned(), VALUES[*value].to_owned()));
    let (cookies, mut others): (Vec<_>, Vec<_>) = all.partition(|(name, _)| name == "cookie");
    others.push(("x-request-id".to_owned(), nth.to_string()));
    if !cookies.is_empty() {
        let joined: Vec<_> = cookies.into_iter().map(|(_, value)| value).collect();
        others.push(("cookie".to_owned(), joined.join("; ")));
    }
    others
}

fn is_subsequence<T: PartialEq>(part: &[T], whole: &[T]) -> bool {
    let mut rest = whole.iter();
    part.iter().all(|one| rest.any(|other| other == one))
}

/// Compares an exchange with the truth. Whole ones say everything; others nothing that is not so.
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
fn check(exchange: &Exchange, conversation: &[Spoken]) -> Result<(), TestCaseError> {
    let nth = (exchange.stream as usize - 1) / 2;
    let spoken = &conversation[nth];
    let whole = exchange.incomplete.is_empty();
    prop_assert!(!whole || exchange.request.is_some() && exchange.response.is_some());
    if let Some(request) = &exchange.request {
        prop_assert_eq!(&request.target, &format!("/{nth}"));
        prop_assert_eq!(&*request.method, if spoken.body.is_empty() { "GET" } else { "POST" });
        prop_assert!(request.host.as_deref().is_none_or(|host| host == "a.test"));
        let (seen, truth) = (fields(&request.headers), true_fields(nth, spoken));
        if exchange.carries.request_headers {
            prop_assert_eq!(&seen, &truth);
        } else {
            let known: Vec<_> = seen.iter().filter(|(name, _)| name != "cookie").cloned().collect();
            prop_assert!(is_subsequence(&known, &truth), "{:?} of {:?}", seen, truth);
            prop_assert!(!whole);
        }
        if let (true, Some(body)) = (request.body.is_whole(), request.body.bytes()) {
            prop_assert_eq!(body, &spoken.body);
        }
    }
    if let Some(response) = &exchange.response {
        prop_assert_eq!(response.status.to_string(), STATUSES[spoken.status]);
        let mut truth = vec![("server".to_owned(), "a test".to_owned()), ("x-request-id".to_owned(), nth.to_string())];
        if spoken.trailers {
            truth.push(("x-sum".to_owned(), nth.to_string()));
        }
        prop_assert!(is_subsequence(&fields(&response.headers), &truth));
        prop_assert!(!whole || fields(&response.headers) == truth);
        if response.body.is_whole() {
            prop_assert_eq!(response.body.bytes().unwrap(), spoken.answer.concat());
        }
    }
    Ok(())
}

fn disordered(conversation: &[Spoken], wire: &Wire) -> Talk {
    let mut talk = Talk::open_at(5000, wire.seq);
    for (side, bytes) in said(conversation) {
        turn(&mut talk, side, &bytes, wire);
    }
    talk
}

/// Each side's whole bytes in plain segments.
fn plain(conversation: &[Spoken], mss: usize) -> Talk {
    let mut talk = Talk::open(5000);
    talk.mss = mss;
    for (side, bytes) in said(conversation) {
        talk.send(side, bytes);
    }
    talk
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn segmentation_order_and_copies_change_nothing(conversation in conversation(), wire in wire()) {
        let seen = read(&[&pcap(&disordered(&conversation, &wire).segments)]);
        prop_assert_eq!(seen.exchanges.len(), conversation.len());
        for exchange in &seen.exchanges {
            prop_assert!(exchange.incomplete.is_empty(), "{:?}", exchange);
            check(exchange, &conversation)?;
        }
        prop_assert_eq!(seen.not_read(), vec![]);
        prop_assert!(seen.irregularities().is_empty() && seen.blind_spots.is_empty());
    }

    #[test]
    fn lost_segments_make_nothing_wrong(
        conversation in conversation(),
        mss in 20usize..600,
        lost in prop::collection::vec(any::<prop::sample::Index>(), 1..6),
        joined in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let mut segments = plain(&conversation, mss).segments;
        if let Some(joined) = joined {
            segments.drain(..joined.index(segments.len()));
        }
        for index in lost {
            if !segments.is_empty() {
                segments.remove(index.index(segments.len()));
            }
        }
        let seen = read(&[&pcap(&segments)]);
        for exchange in &seen.exchanges {
            check(exchange, &conversation)?;
            prop_assert!(!exchange.incomplete.contains(&Incomplete::OverLimit), "{:?}", exchange);
        }
        let mut streams: Vec<_> = seen.exchanges.iter().map(|exchange| exchange.stream).collect();
        streams.sort_unstable();
        streams.dedup();
        prop_assert_eq!(streams.len(), seen.exchanges.len(), "a stream came out twice");
    }

    #[test]
    fn random_frames_do_no_harm(
        greeted in any::<bool>(),
        says in prop::collection::vec((any::<bool>(), 0u8..12, any::<u8>(), 0u32..6, bytes(60)), 0..30),
        cut in any::<prop::sample::Index>(),
    ) {
        let talk = Talk::open(5000);
        let mut frames = if greeted { Frames::greeted(talk) } else { Frames::on(talk) };
        for (client, kind, flags, stream, payload) in says {
            frames.send(if client { Client } else { Server }, kind, flags, stream, &payload);
        }
        let segments = &frames.talk.segments;
        let kept: Vec<Segment> = segments.iter().enumerate().filter(|(nth, _)| *nth != cut.index(segments.len())).map(|(_, s)| s.clone()).collect();
        let seen = read(&[&pcap(&kept)]);
        prop_assert!(seen.exchanges.iter().all(|e| e.request.is_some() || e.response.is_some()));
    }

    #[test]
    fn random_bytes_after_a_greeting_do_no_harm(says in prop::collection::vec((any::<bool>(), bytes(200)), 0..10)) {
        let mut frames = Frames::open(5000);
        for (client, bytes) in says {
            frames.talk.segment(if client { Client } else { Server }, ACK, &bytes);
        }
        frames.talk.close().read();
    }
}
