//! TLS written record by record with known keys: what is inside comes out the same, however it is cut.

#[expect(dead_code, reason = "each test file uses its own part of the writer")]
mod http2_wire;
mod packets_wire;
mod tls_wire;

use http2_wire::Frames;
use offpath_capture::Options;
use packets_wire::Side::{self, Client, Server};
use packets_wire::{Seen, Talk, pcap, read_with};
use proptest::prelude::*;
use tls_wire::{ALERT, DATA, HANDSHAKE, Tls};

/// What both sides say by turns.
type Script = Vec<(Side, Vec<u8>)>;

fn http1() -> Script {
    let mut talk = Talk::joined(5000);
    talk.get(1).get(2).get(3);
    talk.segments.into_iter().map(|segment| (segment.side, segment.payload)).collect()
}

fn http2() -> Script {
    let mut frames = Frames::on(Talk::joined(5000));
    frames.greet().get(1).get(3).answer(3).answer(1).post(5, b"{}").answer(5);
    frames.talk.segments.into_iter().map(|segment| (segment.side, segment.payload)).collect()
}

/// A script inside of TLS; each turn is cut into records of these sizes in turn.
fn sealed(tls: &mut Tls, script: &Script, sizes: &[usize]) -> Script {
    let mut out = vec![(Client, tls.hello(0)), (Server, tls.hello(1))];
    let mut sizes = sizes.iter().cycle();
    for (side, bytes) in script {
        let mut rest = &bytes[..];
        let mut records = Vec::new();
        while !rest.is_empty() {
            let size = sizes.next().map_or(rest.len(), |size| rest.len().min(*size));
            records.extend(tls.seal(usize::from(*side == Server), DATA, &rest[..size]));
            rest = &rest[size..];
        }
        out.push((*side, records));
    }
    out
}

/// A script inside of a tunnel that a client asks for.
fn connected(script: Script) -> Script {
    let ask = b"CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\nX-Request-Id: 9\r\n\r\n".to_vec();
    let agree = b"HTTP/1.1 200 OK\r\nX-Request-Id: 9\r\n\r\n".to_vec();
    [vec![(Client, ask), (Server, agree)], script].concat()
}

/// What is read of a script in packets of these sizes, with the key logs of both connections.
fn read(script: &Script, mss: usize) -> Seen {
    let mut talk = Talk::open(5000);
    talk.mss = mss;
    for (side, bytes) in script {
        talk.send(*side, bytes);
    }
    read_talk(talk.close())
}

#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
fn read_talk(talk: &Talk) -> Seen {
    let folder = tempfile::tempdir().unwrap();
    let keys = folder.path().join("keys.log");
    std::fs::write(&keys, [Tls::new(1), Tls::new(2)].map(|tls| tls.key_log()).concat()).unwrap();
    read_with(&[&pcap(&talk.segments)], &Options { key_logs: vec![keys], ..Options::default() })
}

#[test]
fn keys_of_another_run_are_said_to_open_nothing() {
    let mut tls = Tls::new(1);
    let script = sealed(&mut tls, &http1(), &[4000]);
    let folder = tempfile::tempdir().unwrap();
    let keys = folder.path().join("keys.log");
    let line =
        |line: &str| line.rsplit_once(' ').map(|(who, secret)| format!("{who} {}\n", "ab".repeat(secret.len() / 2)));
    std::fs::write(&keys, tls.key_log().lines().filter_map(line).collect::<String>()).unwrap();
    let mut talk = Talk::open(5000);
    script.iter().for_each(|(side, bytes)| {
        talk.send(*side, bytes);
    });
    let options = Options { key_logs: vec![keys], ..Options::default() };
    let seen = read_with(&[&pcap(&talk.close().segments)], &options);
    assert_eq!(seen.report.tls.iter().map(|kind| kind.unread).collect::<Vec<_>>(), [Some("tls_wrong_key")]);
}

#[track_caller]
fn whole(seen: &Seen, lines: &[&str], connections: u64) {
    assert_eq!(seen.lines(), lines);
    assert!(seen.blind_spots.is_empty() && seen.irregularities().is_empty(), "{:#?}", seen.report);
    assert_eq!(
        seen.report.tls.iter().map(|kind| (kind.unread, kind.connections)).collect::<Vec<_>>(),
        [(None, connections)]
    );
}

#[test]
fn a_program_is_known_by_its_hello_or_else_by_how_it_begins_http2() {
    let prints = |seen: &Seen| {
        assert!(!seen.exchanges.is_empty());
        seen.exchanges.iter().map(|exchange| exchange.print).collect::<std::collections::BTreeSet<_>>()
    };
    let sealed = |script: Script, random: u8| prints(&read(&sealed(&mut Tls::new(random), &script, &[40]), 700));
    let hello = sealed(http1(), 1);
    assert!(hello.len() == 1 && hello.iter().all(Option::is_some));
    assert_eq!(sealed(http2(), 2), hello, "one program, whatever it speaks and asks");
    let clear = |script: Script| prints(&read(&script, 700));
    assert_eq!(clear(http1()), [None].into());
    let settings = clear(http2());
    assert!(settings.len() == 1 && settings.iter().all(Option::is_some) && settings != hello);
    for mss in [1, 3, 7] {
        assert_eq!(prints(&read(&http2(), mss)), settings, "in pieces");
    }
}

#[test]
fn tls_inside_a_tunnel_inside_tls_is_read() {
    let script = connected(sealed(&mut Tls::new(2), &http1(), &[1000]));
    whole(&read(&sealed(&mut Tls::new(1), &script, &[1000]), 1000), &["9>9", "1>1", "2>2", "3>3"], 2);
}

#[test]
fn one_hello_that_is_missing_is_told_from_both() {
    let whole = sealed(&mut Tls::new(1), &http1(), &[1000]);
    let without = |missing: &[usize]| {
        let script: Script =
            whole.iter().enumerate().filter(|(at, _)| !missing.contains(at)).map(|(_, turn)| turn.clone()).collect();
        let mut talk = Talk::joined(5000);
        script.iter().for_each(|(side, bytes)| {
            talk.send(*side, bytes);
        });
        let seen = read_talk(&talk);
        assert!(seen.exchanges.is_empty());
        seen.not_read().iter().map(|(reason, ..)| (*reason).to_owned()).collect::<Vec<String>>()
    };
    assert_eq!(without(&[0]), ["tls_one_hello"]);
    assert_eq!(without(&[1]), ["tls_one_hello"]);
    assert_eq!(without(&[0, 1]), ["tls_mid_connection"]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn how_records_and_packets_are_cut_changes_nothing(
        sizes in prop::collection::vec(1usize..80, 1..6),
        mss in 1usize..200,
    ) {
        whole(&read(&sealed(&mut Tls::new(1), &http1(), &sizes), mss), &["1>1", "2>2", "3>3"], 1);
        whole(&read(&sealed(&mut Tls::new(1), &http2(), &sizes), mss), &["1>1", "3>3", "5>5"], 1);
    }

    /// The first bytes in a tunnel say what it carries, so they come together.
    #[test]
    fn how_records_inside_of_records_are_cut_changes_nothing(
        inner in prop::collection::vec(1usize..80, 1..6),
        outer in prop::collection::vec(11usize..80, 1..6),
    ) {
        let tunnel = connected(sealed(&mut Tls::new(2), &http1(), &inner));
        whole(&read(&sealed(&mut Tls::new(1), &tunnel, &outer), 1000), &["9>9", "1>1", "2>2", "3>3"], 2);
    }

    #[test]
    fn whatever_stands_in_records_that_open_does_no_harm(
        said in prop::collection::vec((any::<bool>(), 0u8..4, prop::collection::vec(any::<u8>(), 0..60), any::<u8>()), 0..12),
    ) {
        let mut tls = Tls::new(1);
        let mut script = vec![(Client, tls.hello(0)), (Server, tls.hello(1))];
        for (server, kind, content, how) in said {
            let side = usize::from(server);
            if how % 5 == 0 {
                tls.skip(side);
            }
            let mut record = tls.seal(side, [DATA, HANDSHAKE, ALERT, 0][usize::from(kind)], &content);
            if how % 7 == 0 {
                let at = usize::from(how) % record.len();
                record[at] ^= how | 1;
            }
            script.push((if server { Server } else { Client }, record));
        }
        let seen = read(&script, 1000);
        prop_assert!(seen.report.connections == 1);
    }

    #[test]
    fn lost_records_make_no_wrong_pair(sizes in prop::collection::vec(5usize..80, 1..4), lost in prop::collection::btree_set(5usize..80, 1..5)) {
        let script = sealed(&mut Tls::new(1), &http1(), &sizes);
        let mut talk = Talk::open(5000);
        talk.mss = 60;
        for (side, bytes) in &script {
            talk.send(*side, bytes);
        }
        let mut index = 0;
        talk.segments.retain(|_| { index += 1; !lost.contains(&(index - 1)) });
        for line in read_talk(&talk).lines() {
            let (pair, reasons) = line.split_once(' ').unwrap_or((&line, ""));
            let (request, response) = pair.split_once('>').unwrap_or((pair, ""));
            let known = |id: &str| id != "-" && id != "?";
            prop_assert!(request == response || !known(request) || !known(response), "{}", line);
            prop_assert!(request == response || !reasons.is_empty(), "{}", line);
        }
    }

    /// What is lost of either side costs what it costs on a connection in the clear: here each message is one record in
    /// one packet.
    #[test]
    fn lost_records_cost_what_lost_packets_cost(lost in prop::collection::btree_set(12usize..56, 1..14)) {
        let mut talk = Talk::joined(5000);
        (1..=30).for_each(|id| _ = talk.get(id));
        let script: Script = talk.segments.into_iter().map(|segment| (segment.side, segment.payload)).collect();
        let told = [script.clone(), sealed(&mut Tls::new(1), &script, &[4000])].map(|script| {
            let mut talk = Talk::open(5000);
            let hellos = script.len() - 60;
            for (side, bytes) in &script {
                talk.send(*side, bytes);
            }
            // The handshake of TCP stands before.
            let first = talk.segments.len() - 60;
            prop_assert_eq!(first, 3 + hellos);
            talk.close();
            lost.iter().rev().for_each(|index| _ = talk.drop_segment(first + index));
            Ok(read_talk(&talk).lines())
        });
        let [clear, inside] = told;
        prop_assert_eq!(clear?, inside?);
    }
}
