//! Short conversations, message by message, on connections that the capture joined or lost bytes of: which pairs are told.

mod packets_wire;

use packets_wire::Side::{Client, Server};
use packets_wire::{ACK, FIN, Talk};

fn send(talk: &mut Talk, side: packets_wire::Side, bytes: &str, lost: bool) {
    let before = talk.segments.len();
    talk.send(side, bytes);
    talk.segments.truncate(if lost { before } else { usize::MAX });
}

/// A request whose target is `id`, and an answer whose status is.
fn numbered(method: &str, id: u32) -> String {
    format!("{method} /{id} HTTP/1.1\r\nHost: a.test\r\n\r\n")
}

fn status(id: u32) -> String {
    format!("HTTP/1.1 {id} X\r\nContent-Length: 3\r\n\r\nabc")
}

/// Reads what both sides said in turn.
fn told(open: bool, parts: &[(packets_wire::Side, &str)], close: bool) -> Vec<String> {
    let mut talk = if open { Talk::open(2000) } else { Talk::joined(2000) };
    for (side, bytes) in parts {
        send(&mut talk, *side, bytes.trim_start_matches("LOST"), bytes.starts_with("LOST"));
    }
    if close {
        talk.close();
    }
    lines(&talk)
}

/// Of each exchange method, target, status and reasons.
fn lines(talk: &Talk) -> Vec<String> {
    let name = |exchange: &offpath_capture::Exchange| {
        let asked = exchange.request.as_ref().map_or("-".to_owned(), |r| format!("{} {}", r.method, r.target));
        let answered = exchange.response.as_ref().map_or(0, |r| r.status);
        let reasons: Vec<_> = exchange.incomplete.iter().map(|reason| format!("{reason:?}")).collect();
        format!("{asked} > {answered} {}", reasons.join(" ")).trim_end().to_owned()
    };
    talk.read().exchanges.iter().map(name).collect()
}

/// No pair of another number, but with a label where `labelled`; no method that is the rest of one.
#[track_caller]
fn no_other_number(lines: &[String]) {
    for line in lines {
        let words: Vec<&str> = line.split([' ', '/']).collect();
        let [method, .., asked, ">", answered] = words[..words.len().min(5)] else { continue };
        assert!(["GET", "POST", "-", "HEAD"].contains(&method), "{lines:?}");
        assert!(asked == answered || answered == "0" || asked == "-", "{lines:?}");
    }
}

#[test]
fn a_method_that_its_sender_cut_is_no_method() {
    let [x, p] = [&"x".repeat(60), &format!("{}P", "x".repeat(60))];
    let rest = "OST /201 HTTP/1.1\r\nHost: a.test\r\nContent-Length: 0\r\n\r\n";
    let (get, last) = (&numbered("GET", 203), &numbered("GET", 204));
    let [first, second, third] = [&status(201), &status(203), &status(204)];
    let after = [(Server, &**first), (Client, get), (Server, second), (Client, last), (Server, third)];
    let cut: [(&[(packets_wire::Side, &str)], bool); 4] = [
        (&[(Client, p), (Client, rest)], false),
        (&[(Client, "LOSTGET /200 HTTP/1.1\r\n\r\nP"), (Client, rest)], true),
        (&[(Client, rest)], false),
        (&[(Client, x), (Server, "HTTP/1.1 200 X\r\n\r\n"), (Client, "abcPO"), (Client, &rest[1..])], false),
    ];
    for (begin, open) in cut {
        for close in [true, false] {
            let lines = told(open, &[begin, &after[..]].concat(), close);
            no_other_number(&lines);
            assert!(lines.iter().any(|line| line.starts_with("- > 201 NoRequest")), "{lines:?}");
        }
    }
    // A method that is not registered is one, and the answer shows that it begins behind the word before it.
    for word in ["a=b", "abc"] {
        let parts = [(Client, word), (Server, first), (Client, &numbered("PURGE", 7)), (Server, second)];
        let lines = told(false, &parts, true);
        assert!(lines[1].starts_with("PURGE /7 > 203"), "{lines:?}");
    }
    for word in ["ET", "UT", "ELETE", "ATCH", "EAD", "et"] {
        let lines =
            told(false, &[(Client, &numbered(word, 201)), (Server, first), (Client, get), (Server, second)], true);
        assert_eq!(lines, ["- > 201 NoRequest MidStream", "GET /203 > 203"], "{word}");
    }
}

/// The capture joins within the body of a request, and the next one is sent before its answer.
#[test]
fn a_request_beside_the_rest_of_another_is_not_given_its_answer() {
    let x = &"x".repeat(60);
    let gets: Vec<String> = (201..210).map(|id| numbered("GET", id)).collect();
    let answers: Vec<String> = (200..210).map(status).collect();
    let one = format!("{x}{}", gets[0]);
    let cut = [format!("{x}G"), gets[0][1..].to_owned()];
    let begins: [Vec<&str>; 5] =
        [vec![x, &gets[0]], vec![x, x, &gets[0]], vec![x, &one], vec![&cut[0], &cut[1]], vec!["abc", &gets[0]]];
    for begin in begins {
        for (count, close) in [(2, true), (2, false), (4, false), (8, true)] {
            let mut parts: Vec<(packets_wire::Side, &str)> = begin.iter().map(|part| (Client, *part)).collect();
            for at in 0..count {
                parts.extend([(Server, &*answers[at]), (Client, &*gets[at + 1])]);
            }
            parts.push((Server, &answers[count]));
            let lines = told(false, &parts, close);
            for line in &lines {
                let numbers: Vec<&str> = line.split([' ', '/']).collect();
                let paired = line.starts_with("GET") && numbers[4] != "0";
                assert!(!paired || numbers[2] == numbers[4], "{begin:?} {count} {close} {lines:?}");
            }
        }
    }
}

/// Who waits for answers is told whole, whatever its last body ended with.
#[test]
fn who_asks_behind_the_answer_to_a_body_is_told() {
    for body in ["x", "abc", "a=b", &"x".repeat(60), "{}", "}"] {
        let mut parts = vec![(Client, body.to_owned()), (Server, status(200))];
        for id in 201..204 {
            parts.extend([(Client, numbered("GET", id)), (Server, status(id))]);
        }
        let parts: Vec<_> = parts.iter().map(|(side, bytes)| (*side, &**bytes)).collect();
        let lines = told(false, &parts, true);
        assert_eq!(lines[1..], ["GET /201 > 201", "GET /202 > 202", "GET /203 > 203"], "{body}");
    }
    // A keep-alive probe, as some systems send them, is no request.
    let lines = told(false, &[(Client, "\0"), (Client, &numbered("GET", 201)), (Server, &status(201))], true);
    assert_eq!(lines, ["GET /201 > 201"]);
}

/// A HEAD's answer announces a length that ends within the heads behind it; what is left of them is an empty line.
#[test]
fn an_empty_line_ends_no_body_that_looks_like_an_answer() {
    let head = |id: u32, rest: &str| format!("HTTP/1.1 {id} X\r\n{rest}\r\n");
    let heads = [head(205, "Content-Length: 55\r\n"), head(206, "Content-Length: 906\r\n"), head(207, "")];
    assert_eq!(heads[1].len() + heads[2].len(), 57);
    let together = heads.concat();
    let (get, last) = (&numbered("GET", 207), &numbered("GET", 208));
    let answer = &status(208);
    let [first, second, third] = [&*heads[0], &*heads[1], &*heads[2]];
    let (start, end) = third.split_at(third.len() - 2);
    let apart: [&[&str]; 4] =
        [&[&together], &[first, second, third], &[first, second, start, end], &[&together, &heads[2]]];
    for answers in apart {
        for close in [true, false] {
            let mut parts = vec![(Client, &**get)];
            parts.extend(answers.iter().map(|bytes| (Server, *bytes)));
            for _ in 0..3 {
                parts.extend([(Client, &**last), (Server, &**answer)]);
            }
            no_other_number(&told(false, &parts, close));
        }
    }
}

/// Where the capture joined or lost bytes, what has no version is no request.
#[test]
fn garbage_takes_no_answer() {
    let (get, last) = (&numbered("GET", 201), &numbered("GET", 202));
    let (first, second) = (&status(201), &status(202));
    let lost = "LOSTGET /200 HTTP/1.1\r\n\r\n";
    for garbage in ["HT. TEE1T// \r\n\r\n", "ab cd\r\nHost: a.test\r\n\r\n"] {
        for (open, begin) in [(false, vec![]), (true, vec![(Client, lost)])] {
            let rest: &[(packets_wire::Side, &str)] = &[
                (Client, get),
                (Server, first),
                (Client, garbage),
                (Server, second),
                (Client, last),
                (Server, second),
            ];
            let lines = told(open, &[&begin, rest].concat(), true);
            assert!(lines.iter().all(|line| line.starts_with(['G', '-'])), "{lines:?}");
        }
    }
}

/// One pair is all that is seen of a connection that the capture joined: nothing shows what waited before.
#[test]
fn a_single_pair_that_nothing_proves_is_labelled() {
    let parts =
        [(Client, &*numbered("GET", 201)), (Server, &*status(201))].map(|(side, bytes)| (side, bytes.to_owned()));
    let parts: Vec<_> = parts.iter().map(|(side, bytes)| (*side, &**bytes)).collect();
    assert_eq!(told(false, &parts, false), ["GET /201 > 201 MidStream"]);
    assert_eq!(told(false, &parts, true), ["GET /201 > 201"]);
    let behind = [(Server, &*status(200)), parts[0], parts[1]];
    assert_eq!(told(false, &behind, false)[1..], ["GET /201 > 201 MidStream"]);
    assert_eq!(told(true, &parts, false), ["GET /201 > 201"]);
}

/// The first request seen is of a method that is not registered and ends like one that is: it may be that, or the request
/// behind the rest of a body, in which case every answer is to the request before.
fn odd_beginning(word: &str, beside: bool, ends: &[packets_wire::Side]) -> Vec<String> {
    let mut talk = Talk::joined(2000);
    talk.send(Client, numbered(word, 401));
    let first = if beside { 400 } else { 401 };
    for id in 0..40 {
        talk.send(Server, status(first + id)).send(Client, numbered("GET", 402 + id));
    }
    talk.send(Server, status(first + 40));
    for &side in ends {
        talk.segment(side, FIN | ACK, b"");
    }
    lines(&talk)
}

#[test]
fn an_odd_method_behind_a_join_costs_only_its_own_pair() {
    for word in ["xGET", "MGET", "mPOST", "xyzDELETE"] {
        for ends in [&[][..], &[Client, Server], &[Server, Client], &[Server]] {
            let pairs = (402..=441).map(|id| format!("GET /{id} > {id} MidStream"));
            let all: Vec<_> = std::iter::once("- > 401 NoRequest MidStream".to_owned()).chain(pairs).collect();
            assert_eq!(odd_beginning(word, false, ends), all, "{word} {ends:?}");
            let wrong = odd_beginning(word, true, ends);
            assert!(wrong.iter().all(|line| line.ends_with("MidStream")), "{word} {ends:?} {wrong:?}");
        }
    }
}

#[test]
fn what_may_be_the_end_of_a_longer_method_is_labelled_behind_a_join() {
    for (word, label) in [("PATCH", " MidStream"), ("DELETE", " MidStream"), ("SEARCH", " MidStream"), ("GET", "")] {
        let parts = [
            (Client, &*numbered(word, 201)),
            (Server, &*status(201)),
            (Client, &*numbered(word, 202)),
            (Server, &*status(202)),
        ]
        .map(|(side, bytes)| (side, bytes.to_owned()));
        let parts: Vec<_> = parts.iter().map(|(side, bytes)| (*side, &**bytes)).collect();
        let all = |label: &str| vec![format!("{word} /201 > 201{label}"), format!("{word} /202 > 202")];
        assert_eq!(told(false, &parts, true), all(label), "{word}");
        assert_eq!(told(true, &parts, true), all(""), "{word}");
    }
}
