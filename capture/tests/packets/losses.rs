//! Packets that the capture has not: what they cost, and what may not be paired for it.

use crate::packets_wire::Side::{Client, Server};
use crate::packets_wire::{Talk, pcap, read};
use crate::post;

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
fn an_unseen_head_request_does_not_swallow_the_next_response() {
    let mut talk = Talk::open(5000);
    talk.send(Client, "HEAD / HTTP/1.1\r\n\r\n");
    talk.send(Server, "HTTP/1.1 200 OK\r\nX-Request-Id: 1\r\nContent-Length: 500\r\n\r\n");
    talk.get(2).close().drop_side(Client);
    assert_eq!(talk.read().lines(), ["->1 no_request", "->2 no_request"]);
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
