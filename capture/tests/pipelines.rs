//! Clients that wait for answers, send batches, or keep a window of requests on their way, in captures that join late and
//! lose packets, acknowledgements and order: no pair of a request and another one's answer is told.
//!
//! `OFFPATH_PIPELINE_SEEDS` is how many histories each row is tried with (4), of 40 connections each.
#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "a test fails by panicking and says what it saw")]

mod packets_wire;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use packets_wire::Side::{Client, Server};
use packets_wire::{FIN, SYN, Segment, Talk, pcap, read};

/// SplitMix64.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound
    }

    /// With a probability in thousandths.
    fn rarely(&mut self, thousandths: u64) -> bool {
        self.below(1000) < thousandths
    }
}

/// How a client goes about its answers.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Waits,
    Batches,
    /// It asks again when an answer came, before it has the others.
    Slides,
    /// The same, with as many requests on their way at any time.
    InStep,
    /// It waits for longer than it takes to be believed, then slides a window.
    Turns,
}

/// What happens to a capture.
#[derive(Clone, Copy, Default)]
struct Harm {
    joined: bool,
    /// In thousandths.
    loss: u64,
    swapped: u64,
    /// Packets in a row that are lost.
    burst: u64,
    /// Acknowledgements without data are missing.
    no_acks: bool,
    /// The capture ends before the connection does.
    cut: bool,
    /// Some answers have no body whatever their fields say, or a body that looks like an answer.
    odd: bool,
}

struct Person {
    talk: Talk,
    dice: Dice,
    next: u32,
    waiting: VecDeque<(u32, &'static str)>,
    /// Of each segment, whose message it carries: the id, and its side.
    carries: Vec<Option<(u32, bool)>>,
    /// Whether some answers have no body, or one that looks like an answer.
    odd: bool,
}

impl Person {
    fn say(&mut self, client: bool, id: u32, bytes: &[u8]) {
        self.talk.mss = [200, 536, 1400][self.dice.below(3) as usize];
        self.talk.send(if client { Client } else { Server }, bytes);
        self.carries.resize(self.talk.segments.len(), Some((id, client)));
        if self.dice.rarely(300) {
            self.talk.segment(if client { Server } else { Client }, packets_wire::ACK, b"");
            self.carries.push(None);
        }
        self.talk.time += [500, 2_000, 20_000][self.dice.below(3) as usize];
    }

    fn request(&mut self) -> Vec<u8> {
        let id = self.next;
        self.next += 1;
        let head = |method: &str| format!("{method} /{id} HTTP/1.1\r\nX-Request-Id: {id}\r\n");
        let (method, bytes) = match self.dice.below(10) {
            0..7 => ("GET", format!("{}\r\n", head("GET"))),
            7 => ("HEAD", format!("{}\r\n", head("HEAD"))),
            _ => {
                let len = [5, 700, 3000][self.dice.below(3) as usize];
                ("POST", format!("{}Content-Length: {len}\r\n\r\n{}", head("POST"), "x".repeat(len)))
            }
        };
        self.waiting.push_back((id, method));
        bytes.into_bytes()
    }

    fn ask(&mut self, number: u64) {
        let mut all = Vec::new();
        let together = self.dice.rarely(500);
        for _ in 0..number {
            let (id, bytes) = (self.next, self.request());
            match together {
                true => all.extend(bytes),
                false => self.say(true, id, &bytes),
            }
        }
        if together {
            // Several messages in one segment: a loss hurts them all.
            let id = self.next - 1;
            self.say(true, id, &all);
        }
    }

    fn answer(&mut self, number: u64) {
        for _ in 0..number {
            let Some((id, method)) = self.waiting.pop_front() else { return };
            let len = 3 + self.dice.below(900) as usize;
            let body = if method == "HEAD" { String::new() } else { "y".repeat(len) };
            let head = format!("HTTP/1.1 200 OK\r\nX-Request-Id: {id}\r\n");
            let interim = if method == "POST" && self.dice.rarely(300) { "HTTP/1.1 100 Continue\r\n\r\n" } else { "" };
            if self.odd && self.dice.rarely(300) {
                let answer = self.odd_answer(id, method);
                self.say(false, id, answer.as_bytes());
                continue;
            }
            let answer = match self.dice.rarely(300) {
                true if method != "HEAD" => {
                    format!("{interim}{head}Transfer-Encoding: chunked\r\n\r\n{len:x}\r\n{body}\r\n0\r\n\r\n")
                }
                _ => format!("{interim}{head}Content-Length: {len}\r\n\r\n{body}"),
            };
            self.say(false, id, answer.as_bytes());
        }
    }

    /// An answer that tells its end otherwise than others, or whose body looks like another answer.
    fn odd_answer(&mut self, id: u32, method: &str) -> String {
        let head = |status: &str| format!("HTTP/1.1 {status}\r\nX-Request-Id: {id}\r\n");
        match self.dice.below(4) {
            0 => format!("{}\r\n", head("204 No Content")),
            1 => format!("{}Content-Length: 700\r\n\r\n", head("304 Not Modified")),
            _ if method == "HEAD" => format!("{}\r\n", head("200 OK")),
            _ => {
                let inner = format!("HTTP/1.1 500 Oops\r\nX-Request-Id: body-of-{id}\r\nContent-Length: 400\r\n\r\nno");
                format!("{}Content-Length: {}\r\n\r\n{inner}", head("200 OK"), inner.len())
            }
        }
    }

    /// A connection's whole history.
    fn live(port: u16, seed: u64, way: Way, odd: bool) -> Person {
        let mut dice = Dice(seed);
        let talk = Talk::open_at(port, [dice.below(1 << 32) as u32, dice.below(1 << 32) as u32]);
        let carries = vec![None; talk.segments.len()];
        let mut own = Person { talk, dice, next: 1, waiting: VecDeque::new(), carries, odd };
        own.talk.time += own.dice.below(5_000_000) as i64;
        let window = 2 + own.dice.below(3);
        if way == Way::InStep {
            own.ask(window);
        }
        if way == Way::Turns {
            for _ in 0..34 {
                own.ask(1);
                own.answer(1);
            }
        }
        for _ in 0..4 + own.dice.below(8) {
            match way {
                Way::Waits => own.ask(1),
                Way::Batches => {
                    let number = 1 + own.dice.below(4);
                    own.ask(number);
                }
                Way::InStep => {
                    own.answer(1);
                    own.ask(1);
                    continue;
                }
                Way::Slides | Way::Turns => {
                    let number = 2 + own.dice.below(3);
                    own.ask(number);
                    let first = 1 + own.dice.below(number - 1);
                    own.answer(first);
                    own.ask(1);
                }
            }
            own.answer(u64::MAX);
        }
        own.answer(u64::MAX);
        own.talk.close();
        own.carries.resize(own.talk.segments.len(), None);
        own
    }

    /// What the capture has of it, and the ids of which nothing is missing.
    fn captured(mut self, harm: Harm) -> (Vec<Segment>, BTreeSet<u32>) {
        let number = self.talk.segments.len() as u64;
        let cut = if harm.joined { 3 + self.dice.below((number / 2).max(4) - 3) } else { 0 };
        let end = if harm.cut { number / 2 + self.dice.below(number / 2) } else { number };
        let burst = 3 + self.dice.below(number);
        let burst = burst..if harm.burst > 0 { burst + 1 + self.dice.below(harm.burst) } else { burst };
        let mut hurt = BTreeSet::new();
        let mut kept: Vec<Segment> = Vec::new();
        let mut last = 0;
        for ((nth, segment), carries) in (0..).zip(&self.talk.segments).zip(&self.carries) {
            let bare = segment.payload.is_empty() && segment.flags & (SYN | FIN) == 0;
            let lost = nth < cut
                || nth >= end
                || burst.contains(&nth)
                || segment.payload.len() > 1 && self.dice.rarely(harm.loss);
            last = carries.map_or(last, |(id, _)| id.max(last));
            match carries {
                Some((id, _)) if lost => hurt.extend(id.saturating_sub(6)..=*id),
                _ if lost || bare && harm.no_acks => {}
                _ => kept.push(segment.clone()),
            }
        }
        for at in 1..kept.len() {
            if self.dice.rarely(harm.swapped) {
                let (before, after) = (kept[at - 1].time, kept[at].time);
                (kept[at - 1].time, kept[at].time) = (after, before);
                kept.swap(at - 1, at);
            }
        }
        (kept, (1..self.next).filter(|id| !hurt.contains(id)).collect())
    }
}

/// Reads histories, asserts that no pair is wrong, and gives how many of each hundred exchanges that the capture has whole
/// are told in pairs, and in pairs without a label.
#[track_caller]
fn no_wrong_pair(row: &str, way: Way, harm: Harm) -> (usize, usize) {
    let seeds = std::env::var("OFFPATH_PIPELINE_SEEDS").ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(4u64);
    let (mut whole, mut paired, mut plain, mut wrong) = (0, 0, 0, Vec::new());
    for seed in 0..seeds {
        let mut segments = Vec::new();
        let mut intact = BTreeMap::new();
        for number in 0..40 {
            let port = 2000 + number;
            let person = Person::live(port, seed * 1_000 + u64::from(number), way, harm.odd);
            let (kept, ids) = person.captured(harm);
            segments.extend(kept);
            intact.insert(port, ids);
        }
        segments.sort_by_key(|segment| segment.time);
        whole += intact.values().map(BTreeSet::len).sum::<usize>();
        for exchange in read(&[&pcap(&segments)]).exchanges {
            let (Some(request), Some(response)) = (&exchange.request, &exchange.response) else { continue };
            let id = |headers: &offpath_capture::Headers| headers.text("x-request-id").map(ToOwned::to_owned);
            // A head that lacks bytes may lack its id.
            let (Some(asked), Some(answered)) = (id(&request.headers), id(&response.headers)) else { continue };
            let port = exchange.client.unwrap().port.unwrap();
            if asked != answered {
                wrong.push(format!("seed {seed} port {port}: {asked}>{answered} {:?}", exchange.incomplete));
            } else if intact[&port].contains(&asked.parse().unwrap()) {
                paired += 1;
                plain += usize::from(exchange.incomplete.is_empty());
            }
        }
    }
    let share = |number: usize| number * 100 / whole.max(1);
    eprintln!("{row}: {whole} whole, {}% in pairs, {}% unlabelled, wrong {wrong:?}", share(paired), share(plain));
    assert_eq!(wrong, Vec::<String>::new(), "{row}");
    (share(paired), share(plain))
}

const NONE: Harm = Harm { joined: false, loss: 0, swapped: 0, burst: 0, no_acks: false, cut: false, odd: false };

const HARMS: [(&str, Harm); 7] = [
    ("lost", Harm { joined: false, loss: 30, swapped: 0, burst: 0, no_acks: false, ..NONE }),
    ("burst without acks", Harm { joined: false, loss: 10, swapped: 0, burst: 12, no_acks: true, ..NONE }),
    ("joined", Harm { joined: true, loss: 0, swapped: 0, burst: 0, no_acks: false, ..NONE }),
    ("joined, lost", Harm { joined: true, loss: 20, swapped: 0, burst: 0, no_acks: false, ..NONE }),
    ("joined, burst", Harm { joined: true, loss: 0, swapped: 0, burst: 12, no_acks: false, ..NONE }),
    ("joined without acks, lost", Harm { joined: true, loss: 10, swapped: 0, burst: 0, no_acks: true, ..NONE }),
    ("joined out of order", Harm { joined: true, loss: 0, swapped: 50, burst: 0, no_acks: false, ..NONE }),
];

/// In each row at least so many of a hundred exchanges are told in pairs.
#[track_caller]
fn rows(name: &str, way: Way, floors: [usize; 7]) {
    for ((harm, floor), nth) in HARMS.into_iter().zip(floors).zip(0..) {
        let (paired, _) = no_wrong_pair(&format!("{name}, {}", harm.0), way, harm.1);
        assert!(paired >= floor, "{name}, {} ({nth}): {paired}% in pairs", harm.0);
    }
}

#[test]
fn who_waits_is_told_whole() {
    rows("waits", Way::Waits, [98; 7]);
}

#[test]
fn batches_make_no_wrong_pair() {
    rows("batches", Way::Batches, [70, 70, 90, 55, 55, 65, 90]);
}

#[test]
fn windows_that_slide_make_no_wrong_pair() {
    rows("slides", Way::Slides, [60, 60, 85, 45, 45, 60, 85]);
}

/// Answers without a body and such as bodies may imitate: a line in a body that somebody chose is no answer.
#[test]
fn answers_that_look_like_others_make_no_wrong_pair() {
    for (name, harm) in HARMS {
        for (way, asks) in [(Way::Waits, "waits"), (Way::Batches, "batches"), (Way::Slides, "slides")] {
            no_wrong_pair(&format!("odd, {asks}, {name}"), way, Harm { odd: true, ..harm });
        }
    }
}

/// Who was believed for long is not believed past a loss.
#[test]
fn a_change_of_way_makes_no_wrong_pair() {
    let losses = [Harm { burst: 12, ..NONE }, Harm { joined: true, burst: 12, ..NONE }, Harm { loss: 10, ..NONE }];
    for (harm, nth) in losses.into_iter().zip(0..) {
        no_wrong_pair(&format!("turns ({nth})"), Way::Turns, harm);
    }
}

/// A capture that ends within histories.
#[test]
fn histories_that_are_cut_make_no_wrong_pair_without_a_label() {
    for (way, asks) in [(Way::Waits, "waits"), (Way::Batches, "batches"), (Way::Slides, "slides")] {
        for loss in [0, 20] {
            let harm = Harm { joined: true, cut: true, loss, ..NONE };
            no_wrong_pair(&format!("cut, {asks}, loss {loss}"), way, harm);
        }
    }
}

/// Until its end such a client looks like one that waits: that the answers left over there are lost as well is not asked.
#[test]
fn windows_in_step_make_no_wrong_pair() {
    for (name, harm) in HARMS.into_iter().filter(|(_, harm)| harm.loss + harm.burst == 0) {
        no_wrong_pair(&format!("in step, {name}"), Way::InStep, harm);
    }
}

/// A request without a body, of which nothing is seen where it is `lost`.
fn asks(talk: &mut Talk, method: &str, id: &str, lost: bool) {
    send(talk, Client, &format!("{method} /{id} HTTP/1.1\r\nX-Request-Id: {id}\r\n\r\n"), lost);
}

fn send(talk: &mut Talk, side: packets_wire::Side, bytes: &str, lost: bool) {
    let before = talk.segments.len();
    talk.send(side, bytes);
    talk.segments.truncate(if lost { before } else { usize::MAX });
}

fn answers(talk: &mut Talk, id: &str) {
    send(talk, Server, &format!("HTTP/1.1 200 OK\r\nX-Request-Id: {id}\r\nContent-Length: 2\r\n\r\nok"), false);
}

#[test]
fn a_client_that_was_believed_is_doubted_after_a_loss() {
    let mut talk = Talk::open(2000);
    for id in 0..40 {
        talk.get(id);
    }
    asks(&mut talk, "GET", "x", true);
    asks(&mut talk, "GET", "y", true);
    answers(&mut talk, "x");
    asks(&mut talk, "GET", "z", false);
    answers(&mut talk, "y");
    answers(&mut talk, "z");
    talk.close();
    let lines = talk.read().lines();
    assert_eq!(lines.len(), 44, "{lines:?}");
    assert!(lines[40..].iter().all(|line| line.contains("no_re")), "{lines:?}");
}

#[test]
fn a_body_that_looks_like_an_answer_is_a_body() {
    let inner = "HTTP/1.1 500 Oops\r\nX-Request-Id: forged\r\nContent-Length: 9000\r\n\r\n";
    let head = format!("HTTP/1.1 200 OK\r\nX-Request-Id: b\r\nContent-Length: {}\r\n\r\n", inner.len());
    for together in [true, false] {
        let mut talk = Talk::open(2000);
        talk.get(1);
        asks(&mut talk, "GET", "l", true);
        send(&mut talk, Server, "HTTP/1.1 200 OK\r\nX-Request-Id: l\r\nContent-Length: 0\r\n\r\n", true);
        asks(&mut talk, "GET", "b", false);
        match together {
            true => send(&mut talk, Server, &format!("{head}{inner}"), false),
            false => [&head, inner].iter().for_each(|part| send(&mut talk, Server, part, false)),
        }
        talk.get(3).close();
        assert_eq!(talk.read().lines(), ["1>1", "b>b", "3>3"], "{together}");
    }
}

/// Nothing tells here whether it is the body or the answer to another request.
#[test]
fn a_body_up_to_the_end_that_looks_like_an_answer_gives_no_pair() {
    let mut talk = Talk::joined(2000);
    asks(&mut talk, "GET", "b", false);
    send(&mut talk, Server, "HTTP/1.1 200 OK\r\nX-Request-Id: h\r\n\r\n", false);
    answers(&mut talk, "b");
    talk.close();
    let lines = talk.read().lines();
    assert!(lines.iter().all(|line| line.contains("no_re")), "{lines:?}");
}

#[test]
fn text_behind_the_answer_to_head_parts_the_pair() {
    let mut talk = Talk::joined(2000);
    asks(&mut talk, "HEAD", "h", false);
    send(&mut talk, Server, "HTTP/1.1 200 OK\r\nX-Request-Id: a\r\nContent-Length: 600\r\n\r\n", false);
    send(&mut talk, Server, &"y".repeat(600), false);
    assert_eq!(
        talk.read().lines(),
        ["h>- no_response mid_stream", "?>a no_request mid_stream"].map(|line| line.replace("?>", "->"))
    );
}

#[test]
fn acknowledged_bytes_that_nobody_asked_for_part_the_pair() {
    let mut talk = Talk::joined(2000);
    asks(&mut talk, "GET", "b", false);
    send(&mut talk, Server, "HTTP/1.1 204 No Content\r\nX-Request-Id: a\r\n\r\n", false);
    send(&mut talk, Server, "HTTP/1.1 204 No Content\r\nX-Request-Id: b\r\n\r\n", true);
    asks(&mut talk, "GET", "c", false);
    let lines = talk.read().lines();
    assert!(lines.len() == 3 && lines.iter().all(|line| line.contains("no_re")), "{lines:?}");
}

#[test]
fn a_pair_is_labelled_until_rests_of_the_client_prove_the_count() {
    let mut talk = Talk::joined(2000);
    talk.get(1);
    assert_eq!(talk.read().lines(), ["1>1 mid_stream"]);
    talk.get(2);
    assert_eq!(talk.read().lines(), ["1>1 mid_stream", "2>2 mid_stream"]);
    // Two rests of different lengths tell that nothing was on its way.
    for (id, rest) in [(3, 20_000), (4, 50_000)] {
        talk.time += rest;
        talk.get(id);
    }
    assert_eq!(talk.read().lines(), ["1>1", "2>2", "3>3", "4>4"]);
}
