//! What was not seen is told by connection: what it was, how much of it, and what its hellos say all the same.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod packets_wire;
#[expect(dead_code, reason = "each test file uses its own part of the writer")]
mod tls_wire;

use offpath_capture::{BlindSpot, UnreadConnection};
use packets_wire::Side::{Client, Server};
use packets_wire::{ACK, Segment, Talk, ethernet, ip, pcap, pcap_of, read};
use tls_wire::{DATA, Tls};

/// `protocol reason=bytes ... lost=n cut=n`.
fn line(unread: &UnreadConnection) -> String {
    let parts: String = unread.not_read.iter().map(|part| format!(" {}={}", part.reason, part.bytes)).collect();
    let missing = [("lost", unread.lost), ("cut", unread.cut)].into_iter().filter(|(_, bytes)| *bytes > 0);
    let missing: String = missing.map(|(name, bytes)| format!(" {name}={bytes}")).collect();
    format!("{}{parts}{missing}", unread.protocol.unwrap_or("unknown"))
}

fn all(talks: &[&Talk]) -> Vec<Segment> {
    let mut segments: Vec<Segment> = talks.iter().flat_map(|talk| talk.segments.clone()).collect();
    segments.sort_by_key(|segment| segment.time);
    segments
}

#[test]
fn what_is_wholly_read_is_not_listed() {
    let seen = Talk::open(5000).get(1).get(2).close().read();
    assert!(seen.unread.is_empty() && seen.report.missing.is_empty() && seen.report.foreign.is_empty());
    assert_eq!(seen.report.captured.packets, 10);
    assert!(seen.report.captured.bytes > 400);
}

#[test]
fn an_encrypted_connection_tells_what_its_hellos_say() {
    let mut tls = Tls::new(1);
    let mut talk = Talk::open(5000);
    talk.send(Client, tls.hello(0)).send(Server, tls.hello(1));
    talk.send(Client, tls.seal(0, DATA, b"GET / HTTP/1.1\r\n\r\n"))
        .send(Server, tls.seal(1, DATA, b"HTTP/1.1 204\r\n\r\n"));
    let bytes: usize = talk.close().segments.iter().map(|segment| segment.payload.len()).sum();
    let seen = talk.read();
    let [unread] = &seen.unread[..] else { panic!("{:?}", seen.unread) };
    assert_eq!(line(unread), format!("tls tls_no_key={bytes}"));
    assert_eq!((unread.bytes, unread.client.port, unread.server.port), (bytes as u64, Some(5000), Some(80)));
    assert_eq!((unread.from.0, unread.to.0), (1_700_000_000_000_000, talk.time - 2_000));
    let hellos = unread.tls.clone().unwrap();
    assert_eq!((hellos.server_name.as_deref(), hellos.version), (Some("a.test"), Some("TLS 1.3")));
    assert!(hellos.fingerprint.unwrap().starts_with("t13d01"));
    assert_eq!(unread.origin.to_string().rsplit_once('#').unwrap().1, "frame=1");
}

#[test]
fn other_protocols_are_told_by_name_and_counted_with_their_bytes() {
    let mut ssh = Talk::open(5001);
    ssh.send(Server, b"SSH-2.0-OpenSSH_9.2\r\n").send(Client, b"SSH-2.0-x\r\n").close();
    let mut mail = Talk::open(5002);
    mail.send(Server, b"220 mail.test\r\n").send(Client, b"EHLO a.test\r\n").send(Server, b"250 ok\r\n").close();
    let mut strange = Talk::open(5003);
    strange.send(Client, [7; 30]).close();
    let seen = read(&[&pcap(&all(&[&ssh, &mail, &strange]))]);
    let mut lines: Vec<String> = seen.unread.iter().map(line).collect();
    lines.sort_unstable();
    assert_eq!(lines, ["smtp not_http=36", "ssh not_http=32", "unknown not_http=30"]);
    let foreign: Vec<_> = seen.report.foreign.iter().map(|f| (f.protocol, f.connections, f.bytes)).collect();
    assert_eq!(foreign, [("smtp", 1, 36), ("ssh", 1, 32), ("unknown", 1, 30)]);
    assert_eq!(seen.not_read(), [("not_http", 3, 98)]);
}

#[test]
fn missing_bytes_are_told_by_connection_and_cause() {
    let mut lost = Talk::open(5001);
    lost.get(1).get(2).get(3).close();
    let gone = lost.find("GET /2");
    let length = lost.segments[gone].payload.len() as u64;
    lost.drop_segment(gone);
    let mut whole = Talk::open(5002);
    whole.get(4).close();
    let seen = read(&[&pcap(&all(&[&lost, &whole]))]);
    assert_eq!(seen.unread.iter().map(line).collect::<Vec<_>>(), [format!("http1 lost={length}")]);
    assert_eq!(
        seen.report.missing.iter().map(|m| (m.reason, m.count, m.bytes)).collect::<Vec<_>>(),
        [("lost", 1, length)]
    );

    let mut talk = Talk::open(5003);
    talk.get(5).close();
    let frames = talk.segments.iter().map(|segment| (segment.time, ethernet(&ip(segment))));
    let seen = read(&[&pcap_of(1, frames, 90)]);
    let [unread] = &seen.unread[..] else { panic!("{:?}", seen.unread) };
    let cut: usize = talk.segments.iter().map(|segment| (54 + segment.payload.len()).saturating_sub(90)).sum();
    assert_eq!((unread.lost, unread.cut), (0, cut as u64));
}

#[test]
fn a_blind_spot_names_the_server_whose_requests_it_hides() {
    let mut talk = Talk::open(5001);
    talk.get(1).get(2).get(3).close();
    talk.drop_segment(talk.find("GET /2"));
    let seen = talk.read();
    let servers: Vec<_> =
        seen.blind_spots.iter().map(|spot: &BlindSpot| spot.server.and_then(|end| end.port)).collect();
    assert_eq!(servers, [Some(80)]);
}

#[test]
fn the_client_is_told_by_the_handshake_before_its_port() {
    let mut talk = Talk::open(79);
    talk.segment(Client, ACK, &[7; 30]).close();
    let seen = talk.read();
    assert_eq!(seen.unread.iter().map(|u| u.client.port).collect::<Vec<_>>(), [Some(79)]);
    // Joined in the middle, the lower port is taken for the server's.
    let mut talk = Talk::joined(79);
    talk.segment(Client, ACK, &[7; 30]);
    let seen = talk.read();
    assert_eq!(seen.unread.iter().map(|u| u.client.port).collect::<Vec<_>>(), [Some(80)]);
}
