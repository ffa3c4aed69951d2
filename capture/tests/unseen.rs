//! What was not seen is told by connection: what it was, how much of it, and what its hellos say all the same.

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

/// A block of a pcapng file: a packet (interface, frame, packets lost before it), or an interface's statistics (interface,
/// packets dropped by it, and by the kernel).
type Block = Result<(u32, Vec<u8>, u64), [u64; 3]>;

/// A pcapng file of two interfaces.
fn pcapng(blocks: &[Block]) -> Vec<u8> {
    let block = |kind: u32, body: &[u8]| {
        let mut body = body.to_vec();
        body.resize(body.len().next_multiple_of(4), 0);
        let length = (body.len() as u32 + 12).to_le_bytes();
        [&kind.to_le_bytes()[..], &length, &body, &length].concat()
    };
    let option = |code: u16, value: &[u8]| {
        let mut option = [code.to_le_bytes(), (value.len() as u16).to_le_bytes()].concat();
        option.extend(value);
        option.resize(option.len().next_multiple_of(4), 0);
        option
    };
    let section = [&0x1a2b_3c4d_u32.to_le_bytes()[..], &[1, 0, 0, 0], &[0xff; 8]].concat();
    let mut file = block(0x0a0d_0d0a, &section);
    file.extend(block(1, &[&[101, 0, 0, 0, 0, 0, 0, 0][..], &option(2, b"eth0"), &option(0, b"")].concat()));
    file.extend(block(1, &[101, 0, 0, 0, 0, 0, 0, 0]));
    for (nth, one) in blocks.iter().enumerate() {
        let ticks = 1_700_000_000_000_000 + nth as u64 * 1_000;
        let time = [(ticks >> 32) as u32, ticks as u32].map(u32::to_le_bytes).concat();
        file.extend(match one {
            Ok((interface, frame, lost)) => {
                let mut body = [&interface.to_le_bytes()[..], &time].concat();
                body.extend([frame.len() as u32; 2].map(u32::to_le_bytes).concat());
                body.extend(frame);
                body.resize(body.len().next_multiple_of(4), 0);
                body.extend(option(4, &lost.to_le_bytes()));
                block(6, &body)
            }
            Err([interface, by_interface, by_kernel]) => {
                let dropped = [option(5, &by_interface.to_le_bytes()), option(7, &by_kernel.to_le_bytes())].concat();
                block(5, &[&(*interface as u32).to_le_bytes()[..], &time, &dropped, &option(0, b"")].concat())
            }
        });
    }
    file
}

#[test]
fn what_a_captures_statistics_say_was_lost_is_counted_by_interface() {
    let talk = Talk::open(5000).get(1).get(2).close().clone();
    let packets: Vec<_> = talk.segments.iter().map(|segment| Ok((0, ip(segment), 0))).collect();
    let with = |blocks: &[Block]| {
        let seen = read(&[&pcapng(&[&packets[..], blocks].concat())]);
        let dropped: Vec<_> = seen.report.dropped.iter().map(|d| (d.interface.clone(), d.packets)).collect();
        let spots: Vec<_> = seen.blind_spots.iter().map(|s| (s.from.0 - 1_700_000_000_000_000, s.server)).collect();
        let not_read = seen.report.not_read.iter().map(|part| (part.reason, part.count)).collect::<Vec<_>>();
        (dropped, spots, not_read)
    };
    assert_eq!(with(&[Err([0, 0, 0]), Err([1, u64::MAX, 0])]), (vec![], vec![], vec![]));
    let (dropped, spots, not_read) = with(&[Err([0, 2, 3]), Err([1, 0, 4])]);
    assert_eq!(dropped, [("eth0".to_owned(), 5), ("interface 1".to_owned(), 4)]);
    // Nobody says when: it may have been at any time of the file, and of any server where no whole tap shows another.
    assert_eq!((spots, not_read), (vec![(0, None), (0, None)], vec![("dropped_while_capturing", 9)]));
    // A later count begins with the one before, and what packets told of is no news.
    let (dropped, spots, not_read) = with(&[Err([0, 5, 0]), Ok((0, packets[1].clone().unwrap().1, 2)), Err([0, 8, 0])]);
    assert_eq!(dropped, [("eth0".to_owned(), 5), ("eth0".to_owned(), 1)]);
    assert_eq!((spots.len(), not_read), (3, vec![("dropped_while_capturing", 8)]));
    // Of an interface that was never described nothing is told.
    assert_eq!(with(&[Err([7, 5, 0])]).2, []);
}

#[test]
fn what_one_interface_dropped_was_asked_of_the_servers_that_it_shows() {
    let talk = Talk::open(5000).get(1).get(2).close().clone();
    // The same of another server, whose address differs.
    let other = |segment: &Segment| {
        let mut packet = ip(segment);
        let address = if segment.side == Client { 19 } else { 15 };
        packet[address] ^= 0x55;
        packet
    };
    let shown = |tap: u32, packet: &dyn Fn(&Segment) -> Vec<u8>| -> Vec<Block> {
        talk.segments.iter().map(|segment| Ok((tap, packet(segment), 0))).collect()
    };
    let [second, first] = [shown(1, &|segment| ip(segment)), shown(0, &other)];
    let servers = |blocks: &[&[Block]]| {
        let seen = read(&[&pcapng(&blocks.concat())]);
        (seen.blind_spots.iter().map(|spot| spot.server).collect::<Vec<_>>(), seen.exchanges[0].server)
    };
    let (spots, server) = servers(&[&second, &first, &[Err([1, 3, 0])]]);
    assert!(server.is_some() && !spots.is_empty() && spots.iter().all(|spot| *spot == server), "{spots:?}");
    // What nothing else shows, or one that dropped packets too, may have been of any.
    assert!(servers(&[&second, &[Err([1, 3, 0])]]).0.contains(&None));
    assert!(servers(&[&second, &first, &[Err([1, 3, 0]), Err([0, 3, 0])]]).0.iter().all(Option::is_none));
    assert!(servers(&[&second, &[Err([0, 3, 0])]]).0.contains(&None));
}

/// A datagram of UDP from 10.0.0.1 to 10.0.0.2.
fn datagram(from: u16, to: u16, payload: &[u8]) -> Vec<u8> {
    let mut packet = packets_wire::ip_header(Client, 8 + payload.len(), 0, 0x4000);
    packet[9] = 17;
    packet.extend([from.to_be_bytes(), to.to_be_bytes(), (8 + payload.len() as u16).to_be_bytes(), [0; 2]].concat());
    packet.extend(payload);
    packet
}

#[test]
fn quic_is_a_blind_spot_of_servers_that_answer_http_all_the_same() {
    let quic = |to: u16| {
        let packets = [0, 40].map(|second| datagram(5_000, to, &[&[0xc3, 0, 0, 0, 1][..], &[second; 60]].concat()));
        let mut talk = Talk::open(5001);
        talk.get(1).close();
        let mut frames: Vec<(i64, Vec<u8>)> = talk.segments.iter().map(|segment| (segment.time, ip(segment))).collect();
        frames
            .extend(packets.into_iter().zip([0, 5]).map(|(p, second)| (1_700_000_000_000_000 + second * 1_000_000, p)));
        frames.sort();
        read(&[&pcap_of(101, frames.into_iter(), u32::MAX)])
    };
    let seen = quic(80);
    let [unread] = &seen.unread[..] else { panic!("{:?}", seen.unread) };
    assert_eq!((line(unread).as_str(), unread.server.port), ("quic quic=186", Some(80)));
    assert_eq!(unread.not_read[0].count, 2);
    let [spot] = &seen.blind_spots[..] else { panic!("{:?}", seen.blind_spots) };
    assert_eq!((spot.to.0 - spot.from.0, spot.server), (5_000_000, Some(unread.server)));
    // Of another server nothing else is read, so nothing of it is missed.
    let seen = quic(443);
    assert!(seen.unread.len() == 1 && seen.blind_spots.is_empty());
}

#[test]
fn quic_that_two_taps_saw_counts_once() {
    let first = datagram(5_000, 443, &[&[0xc3, 0, 0, 0, 1][..], &[7; 60]].concat());
    let other = datagram(5_000, 443, &[&[0xc3, 0, 0, 0, 1][..], &[8; 60]].concat());
    let frames = [(1, first.clone()), (2, first), (3, other)];
    let seen = read(&[&pcap_of(101, frames.into_iter(), u32::MAX)]);
    assert_eq!((seen.unread[0].not_read[0].count, seen.report.seen_again), (2, 1));
    assert_eq!(seen.not_read(), [("quic", 2, 186)]);
}

#[test]
fn quic_in_fragments_is_quic() {
    let whole = datagram(5_000, 443, &[&[0xc3, 0, 0, 0, 1][..], &[7; 59]].concat());
    let part = |range: std::ops::Range<usize>, more: u16| {
        let offset = (range.start - 20) as u16 / 8;
        let mut packet = packets_wire::ip_header(Client, range.len(), 7, more << 13 | offset);
        packet[9] = 17;
        packet.extend(&whole[range]);
        packet
    };
    let frames = [(1, part(20..60, 1)), (2, part(60..92, 0))];
    let seen = read(&[&pcap_of(101, frames.into_iter(), u32::MAX)]);
    let [unread] = &seen.unread[..] else { panic!("{:?}", seen.unread) };
    assert_eq!((line(unread).as_str(), unread.server.port), ("quic quic=72", Some(443)));
}

/// The names that clients of QUIC asked for in captures of others, as tshark 4.0.17 has them.
#[test]
fn hellos_of_quic_are_read_in_captures_of_others() {
    let Ok(corpus) = std::env::var("OFFPATH_CORPUS") else {
        return eprintln!("skipped: OFFPATH_CORPUS is not set");
    };
    for (capture, name) in [
        ("nDPI/tests__cfgs__default__pcap__quic-27.pcap", "play.google.com"),
        ("nDPI/tests__cfgs__default__pcap__quic-28.pcap", "www.wireshark.org"),
        ("nDPI/tests__cfgs__default__pcap__quic-v2.pcapng", "test"),
        ("zeek/testing__btest__Traces__ppp__quic-interop-retry.pcap", "server4:443"),
        ("zeek/testing__btest__Traces__quic__chromium-115.0.5790.110-google-de-fragmented.pcap", "www.google.de"),
        ("zeek/testing__btest__Traces__quic__curl-8.1.2-dev-http3-www-google-de.pcap", "www.google.de"),
        ("zeek/testing__btest__Traces__quic__quic-39264-rand.pcap", "tr6.snapchat.com"),
        ("zeek/testing__btest__Traces__quic__quic-decrypt-fail-google-de-51833.pcap", "www.google.de"),
        (
            "zeek/testing__btest__Traces__quic__quic-multiple-initial-fragmented-crypto-only-initial.pcap",
            "googleads.g.doubleclick.net",
        ),
        (
            "zeek/testing__btest__Traces__quic__quic-multiple-initial-fragmented-crypto.pcap",
            "googleads.g.doubleclick.net",
        ),
        ("zeek/testing__btest__Traces__quic__quic_win11_firefox_google.pcap", "www.google.com"),
        ("zeek/testing__btest__Traces__quic__quicv2-echo-443.pcap", "localhost"),
        ("zeek/testing__btest__Traces__quic__quicv2-echo-dpd-custom-port-4433.pcap", "localhost"),
        ("retina/traces__quic_xargs.pcap", "example.ulfheim.net"),
        ("arkime/tests__pcap__quicietf.pcap", "ssl.gstatic.com"),
        ("arkime/tests__pcap__quicietfooo.pcap", "ssl.gstatic.com"),
    ] {
        let file = std::fs::read(std::path::Path::new(&corpus).join("captures").join(capture)).unwrap();
        let seen = read(&[&file]);
        let quic = seen.unread.iter().filter(|unread| unread.protocol == Some("quic"));
        let mut names: Vec<String> = quic.filter_map(|unread| unread.tls.clone()?.server_name).collect();
        names.dedup();
        assert_eq!(names, [name], "{capture}");
    }
}
