//! A capture of both sides of a proxy that writes no id counts each request once; who sends the same request twice, through
//! the proxy or past it, sent two.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

#[path = "../capture/tests/http2_wire/mod.rs"]
#[expect(dead_code, reason = "each test file uses its own part of the writer")]
mod http2_wire;
#[path = "../capture/tests/packets_wire/mod.rs"]
mod packets_wire;
mod support;

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use http2_wire::{DATA, END_STREAM, Frames};
use packets_wire::Side::{Client, Server};
use packets_wire::{Segment, Talk, pcap_of};
use serde_json::{Value, json};
use support::{code, lines, offpath, stderr, text, token};

const MODEL: &str = r#"
offpath: 1
workflow: {id: shop, version: 1}
objects: {order: {key: [path.order]}}
activities:
  create: {http: "POST /orders/{order}", object: order}
  pay:    {http: "POST /orders/{order}/pay", object: order}
  ship:   {http: "POST /orders/{order}/ship", object: order}
lifecycles:
  order:
    states: {none: initial, new: {}, paid: {}, shipped: final}
    transitions:
      - {activity: create, from: none, to: new}
      - {activity: pay, from: new, to: paid}
      - {activity: ship, from: paid, to: shipped}
"#;
const STEPS: [&str; 3] = ["", "/pay", "/ship"];
const ORDERS: u64 = 10;

/// Who asks, and whom.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Ends {
    client: [u8; 4],
    server: ([u8; 4], u16),
}

/// Before the proxy and behind it.
type Proxy = [Ends; 2];

const HOME: [u8; 4] = [127, 0, 0, 1];
/// Three machines; all on one; a proxy and what is behind it on one.
const APART: Proxy = [
    Ends { client: [10, 0, 0, 9], server: ([10, 0, 0, 1], 80) },
    Ends { client: [10, 0, 0, 1], server: ([10, 0, 0, 2], 8080) },
];
const ONE: Proxy = [Ends { client: HOME, server: (HOME, 80) }, Ends { client: HOME, server: (HOME, 8080) }];
const BEHIND: Proxy =
    [Ends { client: [10, 0, 0, 9], server: ([10, 0, 0, 1], 80) }, Ends { client: HOME, server: (HOME, 8080) }];
const ALL: [Proxy; 3] = [APART, ONE, BEHIND];

/// A request that is on its way at a millisecond, for so many.
#[derive(Clone, Debug)]
struct Asked {
    ends: Ends,
    at: u64,
    took: u64,
    path: String,
    body: &'static str,
    /// How it is written.
    wire: Wire,
    ends_as: End,
}

/// How an exchange ends.
#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    Answered,
    /// The proxy waited no longer.
    GivenUp,
    /// Nobody listens any more: in the answer, and before it.
    CutShort,
    Unanswered,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Wire {
    /// HTTP/1.1 with lengths.
    Plain,
    /// As nginx passes on: HTTP/1.0, another host, the answer in chunks.
    Passed,
    /// With the client's address.
    Forwarded,
    /// The answer compressed.
    Packed,
    Http2,
}

impl Asked {
    fn packets(&self, port: u16) -> Vec<(i64, Vec<u8>)> {
        let start = 1_772_366_400_000_000 + self.at as i64 * 1_000;
        let end = start + self.took as i64 * 1_000;
        let bearer = format!("Bearer {}", token(r#"{"iss":"i","sub":"u"}"#));
        let answer = format!("{{\"path\":\"{}\"}}", self.path.trim_start_matches("/api"));
        let opened = |port: u16| {
            let mut talk = Talk::open(port);
            talk.segments.iter_mut().for_each(|segment| segment.time = start - 100);
            talk.time = start;
            talk
        };
        let mut talk = match self.wire {
            Wire::Http2 => {
                let mut frames = Frames::greeted(opened(port));
                frames.talk.segments.iter_mut().for_each(|segment| segment.time = start - 50);
                frames.talk.time = start;
                let fields = [
                    (":method", "POST"),
                    (":scheme", "http"),
                    (":path", &self.path),
                    (":authority", "shop.test"),
                    ("authorization", &bearer),
                    ("cookie", "a=1"),
                    ("cookie", "b=2"),
                ];
                frames.headers(Client, 0, 1, &fields).send(Client, DATA, END_STREAM, 1, self.body.as_bytes());
                // Both frames of the request in one millisecond.
                let last = frames.talk.segments.len() - 1;
                frames.talk.segments[last].time = start + 1;
                frames.talk.time = end - 1;
                frames.headers(Server, 0, 1, &[(":status", "200")]);
                frames.talk.time = end;
                frames.send(Server, DATA, END_STREAM, 1, answer.as_bytes());
                frames.talk
            }
            wire => {
                let (version, host) = if wire == Wire::Passed { ("1.0", "app") } else { ("1.1", "shop.test") };
                let forwarded = if wire == Wire::Forwarded { "X-Forwarded-For: 203.0.113.7\r\n" } else { "" };
                let mut talk = opened(port);
                talk.send(
                    Client,
                    format!(
                        "POST {} HTTP/{version}\r\nHost: {host}\r\n{forwarded}Cookie: a=1; b=2\r\nAuthorization: {bearer}\r\nContent-Length: {}\r\n\r\n{}",
                        self.path,
                        self.body.len(),
                        self.body
                    ),
                );
                let (fields, answer) = match wire {
                    Wire::Passed => (
                        "Transfer-Encoding: chunked",
                        format!("{:x}\r\n{answer}\r\n0\r\n\r\n", answer.len()).into_bytes(),
                    ),
                    Wire::Packed => ("Content-Encoding: gzip", gzip(answer.as_bytes())),
                    Wire::Plain | Wire::Forwarded | Wire::Http2 => ("X-Powered-By: x", answer.into_bytes()),
                };
                let length =
                    if wire == Wire::Passed { String::new() } else { format!("Content-Length: {}\r\n", answer.len()) };
                talk.time = end;
                let head = format!("HTTP/1.1 200 OK\r\n{fields}\r\n{length}\r\n");
                match self.ends_as {
                    End::Answered => _ = talk.send(Server, [head.as_bytes(), &answer].concat()),
                    End::GivenUp => _ = talk.send(Server, "HTTP/1.1 504 Gateway Time-out\r\nContent-Length: 0\r\n\r\n"),
                    End::CutShort => _ = talk.send(Server, "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{\"path\":"),
                    End::Unanswered => {}
                }
                talk
            }
        };
        talk.close();
        talk.segments.iter().map(|segment| (segment.time, self.ends.packet(segment))).collect()
    }
}

impl Ends {
    /// The segment as an IPv4 packet between these.
    fn packet(&self, segment: &Segment) -> Vec<u8> {
        let mut packet = packets_wire::ip(segment);
        let (address, port) = self.server;
        let (client, server, at) =
            if segment.side == Client { (12..16, 16..20, 22..24) } else { (16..20, 12..16, 20..22) };
        packet[client].copy_from_slice(&self.client);
        packet[server].copy_from_slice(&address);
        packet[at].copy_from_slice(&port.to_be_bytes());
        packet
    }
}

/// A pcapng file of two interfaces, whose statistics say that one of them dropped packets.
fn pcapng(packets: &[(i64, u32, Vec<u8>)], dropped: u32) -> Vec<u8> {
    let words = |words: &[u32]| -> Vec<u8> { words.iter().flat_map(|word| word.to_le_bytes()).collect() };
    let block = |kind: u32, mut body: Vec<u8>| {
        body.resize(body.len().next_multiple_of(4), 0);
        let length = body.len() as u32 + 12;
        [words(&[kind, length]), body, words(&[length])].concat()
    };
    let clock = |time: i64| [(time >> 32) as u32, time as u32];
    let interface = || block(1, words(&[101, 0]));
    let mut file =
        [block(0x0a0d_0d0a, words(&[0x1a2b_3c4d, 1, u32::MAX, u32::MAX])), interface(), interface()].concat();
    for (time, interface, packet) in packets {
        let ([high, low], length) = (clock(*time), packet.len() as u32);
        file.extend(block(6, [words(&[*interface, high, low, length, length]), packet.clone()].concat()));
    }
    let [high, low] = clock(packets.last().unwrap().0);
    file.extend(block(5, words(&[dropped, high, low, 5 | 8 << 16, 41, 0, 0])));
    file
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

/// Orders that go their way through a proxy.
fn orders([outside, inside]: Proxy, wire: Wire, prefix: &str) -> Vec<Asked> {
    let mut all = Vec::new();
    for step in 0..ORDERS * 3 {
        let path = format!("/orders/{}{}", 7000 + step / 3, STEPS[usize::try_from(step % 3).unwrap()]);
        let (at, body) = (step * 1000 + 500, "{}");
        let ends_as = End::Answered;
        all.push(Asked { ends: outside, at, took: 40, path: format!("{prefix}{path}"), body, wire, ends_as });
        all.push(Asked { ends: inside, at: at + 4, took: 30, path, body, wire: Wire::Passed, ends_as });
    }
    all
}

/// What pays, `after` so many milliseconds, again; in as many as it takes.
fn paid_again(asked: &[Asked], ends: Ends, after: u64, took: u64) -> Vec<Asked> {
    let paid = asked.iter().filter(|asked| asked.path.ends_with("/pay") && asked.ends == ends);
    paid.map(|paid| Asked { at: paid.at + after, took, ..paid.clone() }).collect()
}

struct Checked {
    folder: tempfile::TempDir,
    findings: Vec<Value>,
    run: Value,
}

impl Checked {
    fn of(asked: &[Asked]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Checked::capture(asked, folder.path());
        Checked::read(folder, &[])
    }

    /// What comes of the capture, and of more files of it.
    fn read(folder: tempfile::TempDir, more: &[&str]) -> Self {
        let run = Checked::check(folder.path(), "run", more);
        let findings = lines(&run.join("findings.jsonl"));
        let run = serde_json::from_str(&fs::read_to_string(run.join("run.json")).unwrap()).unwrap();
        Checked { folder, findings, run }
    }

    /// The same of a capture on two interfaces, before the proxy and behind it, one of which dropped packets.
    fn dropping(asked: &[Asked], outside: Ends, dropped: u32) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Checked::capture(asked, folder.path());
        let tagged = |(port, asked): (u16, &Asked)| {
            let interface = u32::from(asked.ends != outside);
            asked.packets(port).into_iter().map(move |(time, packet)| (time, interface, packet)).collect::<Vec<_>>()
        };
        let mut packets: Vec<_> = (10_000..).zip(asked).flat_map(tagged).collect();
        packets.sort_by_key(|(time, ..)| *time);
        fs::write(folder.path().join("a.pcap"), pcapng(&packets, dropped)).unwrap();
        Checked::read(folder, &[])
    }

    /// The same of a capture that begins a new file after so many packets.
    fn rotated(asked: &[Asked], packets: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Checked::capture(asked, folder.path());
        let all = Checked::packets(asked);
        let name = |n: usize| folder.path().join(if n == 0 { "a.pcap".to_owned() } else { format!("a.pcap{n}") });
        let files: Vec<PathBuf> = (0..)
            .zip(all.chunks(packets))
            .map(|(n, part)| {
                fs::write(name(n), pcap_of(101, part.iter().cloned(), u32::MAX)).unwrap();
                name(n)
            })
            .collect();
        let rest: Vec<&str> = files.iter().skip(1).map(|path| path.to_str().unwrap()).collect();
        Checked::read(folder, &rest)
    }

    /// All packets, in the order written where they come at one time.
    fn packets(asked: &[Asked]) -> Vec<(i64, Vec<u8>)> {
        let mut packets: Vec<_> = (10_000..).zip(asked).flat_map(|(port, asked)| asked.packets(port)).collect();
        packets.sort_by_key(|(time, _)| *time);
        packets
    }

    /// Writes the capture and the model.
    fn capture(asked: &[Asked], folder: &Path) {
        let packets = Checked::packets(asked);
        fs::write(folder.join("a.pcap"), pcap_of(101, packets.into_iter(), u32::MAX)).unwrap();
        fs::write(folder.join("model.yaml"), MODEL).unwrap();
    }

    fn check(folder: &Path, run: &str, extra: &[&str]) -> PathBuf {
        let [model, input, run] = ["model.yaml", "a.pcap", run].map(|name| folder.join(name));
        let paths = [&model, &run, &input].map(|path| path.to_str().unwrap());
        let args = ["check", "--exit-zero", "-q", "--model", paths[0], "-o", paths[1], paths[2]];
        let output = offpath(&[&args[..], extra].concat());
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        run
    }

    fn hops(&self) -> u64 {
        self.run["hops"].as_array().unwrap().iter().map(|hops| hops["exchanges"].as_u64().unwrap()).sum()
    }

    fn rules(&self) -> Vec<&str> {
        self.findings.iter().map(|finding| text(finding, "rule")).collect()
    }

    /// How many orders a rule finds something about.
    fn orders(&self, rule: &str) -> usize {
        let of = self.findings.iter().filter(|finding| text(finding, "rule") == rule);
        of.map(|finding| text(&finding["object"], "id")).collect::<BTreeSet<_>>().len()
    }

    fn draft(&self) -> String {
        let [input, draft] = ["a.pcap", "draft.yaml"].map(|name| self.folder.path().join(name));
        let output = offpath(&["mine", input.to_str().unwrap(), "-o", draft.to_str().unwrap()]);
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        let draft = fs::read_to_string(draft).unwrap();
        // Which file it was is told by its content.
        draft.lines().filter(|line| !line.starts_with("# input")).collect::<Vec<_>>().join("\n")
    }
}

#[test]
fn what_a_balancer_asks_of_a_second_server_as_well_happened_twice() {
    let second = Ends { server: ([10, 0, 0, 3], 8080), ..APART[1] };
    let asked = orders(APART, Wire::Plain, "");
    let at_second = |after: u64| -> Vec<Asked> {
        let paid = paid_again(&asked, APART[1], after, 15);
        paid.into_iter().map(|paid| Asked { ends: second, ..paid }).collect()
    };
    let hedged = Checked::of(&[asked.clone(), at_second(10)].concat());
    assert_eq!(hedged.hops(), ORDERS * 3);
    assert_eq!(hedged.orders("TX-RACE") as u64, ORDERS);
    // A service may know the second for the first.
    assert!(hedged.findings.iter().all(|finding| finding["confidence"].as_f64().unwrap() < 0.5));
    let mirrored = Checked::of(&[asked.clone(), at_second(0)].concat());
    assert_eq!((mirrored.hops(), mirrored.rules()), (ORDERS * 4, Vec::<&str>::new()));
}

#[test]
fn what_a_proxy_passes_on_without_an_id_counts_once() {
    for proxy in ALL {
        for wire in [Wire::Plain, Wire::Packed, Wire::Http2] {
            let checked = Checked::of(&orders(proxy, wire, ""));
            assert_eq!((checked.rules(), checked.hops()), (vec![], 3 * ORDERS), "{proxy:?} {wire:?}");
            assert_eq!(checked.run["exchanges"].as_u64(), Some(3 * ORDERS), "{proxy:?} {wire:?}");
        }
    }
}

#[test]
fn the_files_of_a_rotation_are_one_capture() {
    for proxy in ALL {
        let mut asked = orders(proxy, Wire::Plain, "");
        for packets in [7, 50, 101] {
            let checked = Checked::rotated(&asked, packets);
            assert_eq!((checked.rules(), checked.hops()), (vec![], 3 * ORDERS), "{proxy:?} {packets}");
            assert_eq!(checked.run["exchanges"].as_u64(), Some(3 * ORDERS), "{proxy:?} {packets}");
        }
        // Two requests at one time through the proxy stay two, wherever a file ends.
        asked.extend(paid_again(&asked, proxy[0], 1, 39));
        asked.extend(paid_again(&asked[..asked.len() - 10], proxy[1], 1, 29));
        let whole = Checked::of(&asked);
        let rotated = Checked::rotated(&asked, 40);
        assert_eq!((whole.orders("TX-RACE"), whole.hops()), (10, 4 * ORDERS), "{proxy:?}");
        assert_eq!((rotated.orders("TX-RACE"), rotated.hops()), (10, 4 * ORDERS), "{proxy:?}");
    }
}

#[test]
fn what_a_proxy_gave_up_is_one_exchange_that_was_asked_again() {
    for proxy in ALL {
        for (ends_as, open) in [(End::CutShort, true), (End::Answered, true), (End::Unanswered, false)] {
            let mut asked = orders(proxy, Wire::Plain, "");
            let paid = asked.iter().position(|asked| asked.path.ends_with("7003/pay")).unwrap();
            asked[paid].ends_as = End::GivenUp;
            (asked[paid + 1].took, asked[paid + 1].ends_as) = (300, ends_as);
            for (place, took) in [(paid, 20), (paid + 1, 10)] {
                let at = asked[place].at + 100;
                asked.push(Asked { at, took, ends_as: End::Answered, ..asked[place].clone() });
            }
            let checked = Checked::of(&asked);
            assert_eq!((checked.rules(), checked.hops()), (vec![], 3 * ORDERS + 1), "{proxy:?} {ends_as:?}");
            assert_eq!(checked.run["exchanges"].as_u64(), Some(3 * ORDERS + 1), "{proxy:?} {ends_as:?}");
            let told = checked.run["warnings"].to_string().contains("answered inside, given up outside");
            assert_eq!(told, open, "{proxy:?} {ends_as:?}");
            // One that begins when the proxy had given up is somebody's own.
            asked[paid + 1].at += 45;
            let checked = Checked::of(&asked);
            assert_eq!(checked.hops(), 3 * ORDERS, "{proxy:?} {ends_as:?}");
        }
    }
}

#[test]
fn what_a_client_gave_up_and_the_server_took_is_one_exchange() {
    for proxy in ALL {
        let mut asked = orders(proxy, Wire::Plain, "");
        let paid = asked.iter().position(|asked| asked.path.ends_with("7003/pay")).unwrap();
        asked[paid].ends_as = End::Unanswered;
        let checked = Checked::of(&asked);
        assert_eq!((checked.rules(), checked.hops()), (vec![], 3 * ORDERS), "{proxy:?}");
        assert_eq!(checked.run["exchanges"].as_u64(), Some(3 * ORDERS), "{proxy:?}");
        assert!(checked.run["warnings"].to_string().contains("answered inside, given up outside"), "{proxy:?}");
        // What was sent two seconds later is somebody's own.
        asked[paid + 1].at += 2_000;
        assert_eq!(Checked::of(&asked).hops(), 3 * ORDERS - 1, "{proxy:?}");
    }
}

#[test]
fn what_one_side_dropped_and_the_other_shows_is_not_missing() {
    let proxy = APART;
    let mut asked = orders(proxy, Wire::Plain, "");
    asked.retain(|asked| !asked.path.ends_with("7003/pay"));
    let behind = Checked::dropping(&asked, proxy[0], 1);
    assert_eq!((behind.rules(), behind.hops()), (vec!["SEQ-SKIP"], 3 * ORDERS - 1), "{proxy:?}");
    assert_eq!(behind.run["blind_spots"], json!(0), "{proxy:?}");
    // What the proxy was asked may be among what was dropped there, and why nothing is found is said.
    let before = Checked::dropping(&asked, proxy[0], 0);
    assert_eq!((before.rules(), &before.run["blind_spots"]), (vec![], &json!(1)), "{proxy:?}");
    let rules = before.run["rules"].as_array().unwrap();
    let skip = rules.iter().find(|rule| rule["id"] == "SEQ-SKIP").unwrap();
    assert!(skip["blind"].to_string().contains("not all seen"), "{skip}");
}

#[test]
fn what_was_asked_past_the_proxy_unseen_may_have_been_any_step() {
    let mut asked = orders(APART, Wire::Plain, "");
    asked.retain(|asked| !asked.path.ends_with("7003/pay"));
    let straight = Ends { client: [10, 9, 9, 9], ..APART[1] };
    let path = "/orders/7003/pay".to_owned();
    let paid = asked.iter().find(|asked| asked.path.ends_with("/pay") && asked.ends == APART[1]).unwrap().clone();
    let past = Asked { ends: straight, at: 10_700, path, ..paid };
    // The proxy's own payments of another order, or of that one by somebody else: what asks is lost, and not what answers.
    let lost = |asked: &[Asked], from: [u8; 4], order: u32| {
        let line = format!("/orders/{order}/pay HTTP/1.");
        let folder = tempfile::tempdir().unwrap();
        Checked::capture(asked, folder.path());
        let mut packets = Checked::packets(asked);
        let before = packets.len();
        packets.retain(|(_, packet)| {
            packet[12..16] != from || !packet.windows(line.len()).any(|part| part == line.as_bytes())
        });
        assert_eq!(packets.len() + 1, before);
        fs::write(folder.path().join("a.pcap"), pcap_of(101, packets.into_iter(), u32::MAX)).unwrap();
        let checked = Checked::read(folder, &[]);
        checked.findings.iter().map(|finding| finding["rule"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(lost(&asked, APART[1].client, 7005), ["SEQ-SKIP"]);
    asked.push(past);
    assert_eq!(lost(&asked, straight.client, 7003), [""; 0]);
}

#[test]
fn what_is_learnt_from_both_sides_is_what_one_side_teaches() {
    let both = orders(ONE, Wire::Plain, "");
    let outside: Vec<Asked> = both.iter().filter(|asked| asked.ends == ONE[0]).cloned().collect();
    assert_eq!(Checked::of(&both).draft(), Checked::of(&outside).draft());
}

#[test]
fn one_request_between_three_machines_is_proof_enough() {
    let one = |proxy: Proxy| Checked::of(&orders(proxy, Wire::Plain, "")[..2]).hops();
    assert_eq!((one(APART), one(ONE)), (1, 0));
}

#[test]
fn neither_threads_nor_memory_change_what_was_passed_on() {
    let mut asked = orders(ONE, Wire::Plain, "");
    asked.extend(paid_again(&asked, ONE[1], 3, 20));
    let checked = Checked::of(&asked);
    for extra in [&["--threads", "1"][..], &["--threads", "5"], &["--threads", "3", "--memory", "64K"]] {
        let again = Checked::check(checked.folder.path(), "again", &[&["--force"], extra].concat());
        for name in ["run.json", "findings.jsonl", "events/part-000.parquet"] {
            let first = fs::read(checked.folder.path().join("run").join(name)).unwrap();
            assert!(first == fs::read(again.join(name)).unwrap(), "{name} {extra:?}");
        }
    }
}

#[test]
fn a_race_through_the_proxy_is_one_of_two() {
    for proxy in ALL {
        let mut asked = orders(proxy, Wire::Plain, "");
        asked.extend(paid_again(&asked, proxy[0], 2, 40).into_iter().chain(paid_again(&asked, proxy[1], 2, 30)));
        let checked = Checked::of(&asked);
        assert_eq!(checked.hops(), 4 * ORDERS, "{proxy:?}");
        let races: Vec<_> = checked.findings.iter().filter(|finding| text(finding, "rule") == "TX-RACE").collect();
        assert_eq!((races.len() as u64, checked.orders("TX-RACE") as u64), (ORDERS, ORDERS), "{:?}", checked.rules());
    }
}

#[test]
fn who_replays_past_the_proxy_is_found() {
    for proxy in ALL {
        let [outside, inside] = proxy;
        let past = Ends { client: outside.client, ..inside };
        // Before what the proxy passes on, after it, within it, and around it: (after, took).
        for (after, took) in [(3, 10), (5, 32), (8, 10), (1, 35), (300, 10)] {
            let mut asked = orders(proxy, Wire::Plain, "");
            let again = paid_again(&asked, outside, after, took);
            asked.extend(again.into_iter().map(|again| Asked { ends: past, ..again }));
            let checked = Checked::of(&asked);
            assert_eq!(checked.hops(), 3 * ORDERS, "{proxy:?} {after}");
            let rule = if after < 100 { "TX-RACE" } else { "SEQ-REPEAT" };
            assert_eq!(checked.orders(rule) as u64, ORDERS, "{proxy:?} {after}: {:?}", checked.rules());
        }
    }
}

#[test]
fn two_servers_of_one_machine_are_no_proxy_because_they_are_asked_the_same() {
    let orders: Vec<Asked> = orders(ONE, Wire::Plain, "").into_iter().filter(|asked| asked.ends == ONE[0]).collect();
    let again = paid_again(&orders, ONE[0], 5, 20).into_iter().map(|again| Asked { ends: ONE[1], ..again });
    let checked = Checked::of(&orders.iter().cloned().chain(again).collect::<Vec<_>>());
    assert_eq!((checked.hops(), checked.orders("TX-RACE") as u64), (0, ORDERS), "{:?}", checked.rules());
}

#[test]
fn what_differs_was_not_passed_on() {
    let inside = |change: fn(&mut Asked)| {
        let mut asked = orders(APART, Wire::Plain, "");
        asked.iter_mut().filter(|asked| asked.ends == APART[1]).for_each(change);
        Checked::of(&asked).hops()
    };
    assert_eq!(inside(|_| ()), 3 * ORDERS);
    let changes: [fn(&mut Asked); 5] = [
        |asked| asked.body = "{\"n\":2}",
        |asked| asked.ends.client = [10, 0, 0, 3],
        |asked| asked.took = 100,
        |asked| asked.at -= 8,
        |asked| asked.path.push_str("?n=2"),
    ];
    for change in changes {
        assert_eq!(inside(change), 0);
    }
}

#[test]
fn a_prefix_that_the_proxy_takes_off_hides_nothing() {
    for proxy in ALL {
        let checked = Checked::of(&orders(proxy, Wire::Plain, "/api"));
        assert_eq!((checked.rules(), checked.hops()), (vec![], 3 * ORDERS), "{proxy:?}");
        // The model tells the paths behind it.
        assert_eq!(checked.run["unmatched"], 0);
        let mut asked = orders(proxy, Wire::Plain, "/api");
        asked.extend(paid_again(&asked, proxy[1], 3, 20));
        let checked = Checked::of(&asked);
        assert_eq!((checked.hops(), checked.orders("TX-RACE") as u64), (3 * ORDERS, ORDERS), "{proxy:?}");
    }
}

#[test]
fn a_log_of_the_edge_shows_the_clients_that_a_trusted_proxy_names() {
    let folder = tempfile::tempdir().unwrap();
    // Too few for clients that differ to be no matter.
    let all = orders(APART, Wire::Forwarded, "");
    let asked: Vec<Asked> = all[..30]
        .iter()
        .filter(|asked| asked.ends == APART[0])
        .map(|asked| Asked { ends: APART[1], ..asked.clone() })
        .collect();
    Checked::capture(&asked, folder.path());
    let line = |asked: &Asked| {
        let time = jiff::Timestamp::from_millisecond(1_772_366_400_000 + asked.at as i64 - 1).unwrap();
        json!({"time": format!("{time:.3}"), "remote_addr": "203.0.113.7", "method": "POST", "path": asked.path,
            "status": 200, "duration_ms": asked.took + 2})
        .to_string()
    };
    let log = folder.path().join("edge.jsonl");
    fs::write(&log, asked.iter().map(line).collect::<Vec<_>>().join("\n")).unwrap();
    let twice = |extra: &[&str]| {
        let args = [&["--force", log.to_str().unwrap()], extra].concat();
        let run = Checked::check(folder.path(), "run", &args).join("run.json");
        let run: Value = serde_json::from_str(&fs::read_to_string(run).unwrap()).unwrap();
        run["twice"].as_array().unwrap().iter().map(|twice| twice["exchanges"].as_u64().unwrap()).sum::<u64>()
    };
    assert_eq!(twice(&[]), 0, "they may be other people's");
    assert_eq!(twice(&["--trusted-proxy", "10.0.0.1"]), asked.len() as u64);
}
