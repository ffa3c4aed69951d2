//! Connections that the capture joins: nobody saw their beginning, so counting alone proves no pair.

use crate::packets_wire::Side::{Client, Server};
use crate::packets_wire::Talk;

fn request(id: u32) -> String {
    format!("GET /{id} HTTP/1.1\r\nX-Request-Id: {id}\r\n\r\n")
}

/// Batches of requests that do not wait for answers; the answers follow.
fn batches(talk: &mut Talk, batches: &[&[u32]]) {
    for batch in batches {
        for &id in *batch {
            talk.send(Client, request(id));
        }
        for &id in *batch {
            talk.answer(id);
        }
    }
}

#[test]
fn a_first_request_that_was_overtaken_is_read() {
    for (batch, swap) in [(&[1, 2][..], (0, 1)), (&[1, 2, 3], (0, 1)), (&[1, 2, 3], (0, 2)), (&[1, 2, 3], (1, 2))] {
        let mut talk = Talk::joined(5000);
        batches(&mut talk, &[batch, &[7], &[8]]);
        talk.segments.swap(swap.0, swap.1);
        let pairs: Vec<String> = batch.iter().chain(&[7, 8]).map(|id| format!("{id}>{id}")).collect();
        assert_eq!(talk.close().read().lines(), pairs, "{batch:?} {swap:?}");
    }
}

#[test]
fn an_answer_left_over_parts_the_pairs_of_its_batch() {
    let mut talk = Talk::joined(5000);
    batches(&mut talk, &[&[1, 2, 3], &[4, 5]]);
    talk.drop_segment(0);
    let lines = talk.close().read().lines();
    let parted = ["2>- no_response mid_stream", "3>- no_response mid_stream", "->3 no_request"];
    assert!(parted.iter().all(|part| lines.iter().any(|line| line == part)), "{lines:?}");
    // No request comes after the next batch, but its server ended in order: at once, or after a rest.
    assert_eq!(lines[5..], ["4>4", "5>5"]);
    talk.segments.iter_mut().rev().take(3).for_each(|end| end.time -= 1_000_000);
    assert_eq!(talk.read().lines()[5..], ["4>4 mid_stream", "5>5 mid_stream"]);
}

#[test]
fn a_pipeline_that_nothing_confirms_is_parted() {
    // The capture ends before the answer that would be left over.
    let mut talk = Talk::joined(5000);
    batches(&mut talk, &[&[1, 2, 3]]);
    talk.drop_segment(0);
    let last = talk.find("body of 3");
    talk.drop_segment(last);
    let lines = talk.read().lines();
    assert!(lines.iter().all(|line| line.contains('-')), "{lines:?}");
}

#[test]
fn a_response_answers_no_request_that_had_not_arrived() {
    // The lost request was sent before, but its answer says that it came alone.
    let mut talk = Talk::joined(5000);
    talk.send(Client, request(1)).send(Client, request(2)).answer(1).answer(2);
    let second = talk.segments[1].seq;
    let answer = talk.find("body of 1");
    talk.segments[answer].ack = second;
    talk.get(3).get(4);
    talk.drop_segment(0);
    let lines = talk.close().read().lines();
    let expected = ["2>- no_response", "->1 no_request mid_stream", "->2 no_request", "3>3", "4>4"];
    assert_eq!(lines, expected);
}

#[test]
fn a_syn_that_was_overtaken_begins_its_connection() {
    let mut talk = Talk::open(5000);
    talk.get(1).get(2).close();
    // The client's request before its SYN.
    let syn = talk.segments.remove(0);
    let at = talk.find("GET /1");
    talk.segments.insert(at + 1, syn);
    let seen = talk.read();
    assert_eq!((seen.lines(), seen.report.connections), (vec!["1>1".to_owned(), "2>2".to_owned()], 1));
    assert!(seen.blind_spots.is_empty());
}

#[test]
fn what_servers_pass_over_before_a_request_hides_none() {
    let v2 = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\x0a\0\0\x01\x0a\0\0\x02\0\x01\0\x02";
    let before: [&[u8]; 6] =
        [b"\r\n", b"\n", b"\r\n\r\n", b"PROXY TCP4 10.0.0.1 10.0.0.2 1 2\r\n", v2, b"PROXY UNKNOWN\r\n\r\n"];
    for talk in [Talk::open(5000), Talk::joined(5000)] {
        for before in before {
            for apart in [false, true] {
                let mut talk = talk.clone();
                if apart {
                    talk.send(Client, before).send(Client, request(1));
                } else {
                    talk.send(Client, [before, request(1).as_bytes()].concat());
                }
                talk.answer(1).get(2).close();
                let seen = talk.read();
                assert_eq!(seen.lines(), ["1>1", "2>2"], "{before:?} {apart}");
                let proxied = seen.irregularities().contains(&"proxy_protocol");
                assert_eq!(proxied, before.len() > 4, "{before:?} {apart}");
            }
        }
    }
    // Empty lines before the response too.
    let mut talk = Talk::open(5000);
    talk.send(Client, format!("\r\n{}", request(1)));
    talk.send(Server, "\r\nHTTP/1.1 200 OK\r\nX-Request-Id: 1\r\nContent-Length: 0\r\n\r\n").get(2).close();
    assert_eq!(talk.read().lines(), ["1>1", "2>2"]);
}

fn head_only(talk: &mut Talk, id: u32, len: usize) {
    talk.send(Server, format!("HTTP/1.1 200 OK\r\nX-Request-Id: {id}\r\nContent-Length: {len}\r\n\r\n"));
}

#[test]
fn an_answer_to_head_asked_before_the_capture_is_none_to_the_next_request() {
    for together in [false, true] {
        let mut talk = Talk::joined(5000);
        talk.send(Client, request(2));
        head_only(&mut talk, 1, 30);
        talk.answer(2);
        if together {
            let second = talk.segments.remove(2);
            talk.segments[1].payload.extend(second.payload);
        }
        talk.get(3).close();
        let lines = talk.read().lines();
        assert!(lines.contains(&"->1 no_request mid_stream".to_owned()), "{lines:?}");
        assert!(lines.iter().any(|line| line.starts_with("2>2")), "its own answer is not swallowed: {lines:?}");
    }
}

#[test]
fn a_lost_request_of_a_pipeline_takes_in_no_answer_that_would_part_others() {
    let mut talk = Talk::joined(5000);
    talk.send(Client, request(2)).send(Client, request(3)).answer(1).answer(2).answer(3).get(4).close();
    talk.drop_segment(1);
    let lines = talk.read().lines();
    assert!(lines.iter().any(|line| line.starts_with("2>- ")), "{lines:?}");
    assert!(!lines.iter().any(|line| line.starts_with("2>1")), "{lines:?}");
}

#[test]
fn a_window_in_step_is_parted_by_the_answer_left_over() {
    let mut talk = Talk::joined(5000);
    for id in 2..5 {
        talk.send(Client, request(id)).answer(id - 1);
    }
    talk.answer(4).close();
    let lines = talk.read().lines();
    assert_eq!(lines.len(), 7, "{lines:?}");
    assert!(lines.iter().all(|line| line.contains('-')), "{lines:?}");
}

#[test]
fn a_server_that_gives_up_an_idle_connection_parts_nothing() {
    let mut talk = Talk::joined(5000);
    talk.get(1);
    talk.send(Server, "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n").close();
    assert_eq!(talk.read().lines(), ["1>1", "->? no_request"]);
}

#[test]
fn a_header_of_a_proxy_may_be_cut_anywhere() {
    let v2 = &b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c0123456789ab"[..];
    for header in [&b"PROXY TCP4 10.0.0.1 10.0.0.2 1 2\r\n"[..], v2] {
        for cut in 1..header.len() {
            let (first, rest) = header.split_at(cut);
            let mut talk = Talk::open(5000);
            talk.send(Client, first).send(Client, [rest, request(1).as_bytes()].concat()).answer(1).get(2).close();
            let seen = talk.read();
            assert_eq!(seen.lines(), ["1>1", "2>2"], "{header:?} {cut}");
            assert_eq!(seen.irregularities(), ["proxy_protocol"], "{header:?} {cut}");
        }
    }
}

#[test]
fn the_rest_of_an_upload_is_no_method() {
    let token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJib2IifQ.c2VjcmV0c2VjcmV0";
    for rest in [token.to_owned(), "x".repeat(300)] {
        let mut talk = Talk::joined(5000);
        talk.send(Client, format!("{rest}{}", request(2))).answer(1).answer(2).get(3).close();
        let seen = talk.read();
        let methods: Vec<_> = seen.exchanges.iter().filter_map(|exchange| exchange.request.as_ref()).collect();
        assert!(methods.iter().all(|request| request.method == "GET"), "{methods:?}");
    }
}

#[test]
fn any_token_is_a_method() {
    let long = "A".repeat(8_000);
    for method in ["A~B", "A*B", "A'B", "A|B", "#%&", "PUT`^", "PURGE_EVERYTHING_BELOW_THIS_PATH", &long] {
        for split in [0, 3] {
            let mut talk = Talk::open(5000);
            let line = format!("{method} /1 HTTP/1.1\r\nX-Request-Id: 1\r\n\r\n");
            let (first, rest) = line.split_at(split);
            talk.send(Client, first).send(Client, rest).answer(1).get(2).close();
            let seen = talk.read();
            assert_eq!(seen.lines(), ["1>1", "2>2"], "{method} {split}");
            assert_eq!(seen.exchanges[0].request.as_ref().unwrap().method, method);
        }
    }
}
