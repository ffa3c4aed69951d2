//! Streams that are given up: by a reset, by an early response, by a server that goes away.

use crate::http2_wire::{DATA, END_STREAM, Frames, GOAWAY, frame};
use crate::packets_wire::Side::{Client, Server};

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
