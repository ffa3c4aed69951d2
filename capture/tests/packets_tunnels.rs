//! Laws of what may be around packets: whatever it is, in any stack, the same exchanges come out; networks stay apart,
//! and one packet seen twice stays one.

mod packets_wire;

use offpath_capture::Options;
use packets_wire::Side::{self, Client, Server};
use packets_wire::tunnel::{ELSEWHERE, Kind, WRAPS, Wrap, frame, plain, vxlan};
use packets_wire::{Seen, Segment, Talk, ip, ip_numbered, pcap_of, read, read_with, tcp};
use proptest::prelude::*;

/// One conversation with bodies of several segments.
fn conversation() -> Talk {
    let mut talk = Talk::open(5000);
    talk.mss = 300;
    let body = "x".repeat(700);
    talk.get(1);
    talk.send(Client, format!("POST /2 HTTP/1.1\r\nX-Request-Id: 2\r\nContent-Length: 700\r\n\r\n{body}")).answer(2);
    talk.get(3).close();
    talk
}

/// A packet in a stack of wraps, the first innermost, down to a frame of Ethernet.
fn wrapped(packet: &[u8], side: Side, stack: &[&Wrap], id: u32) -> Vec<u8> {
    let (mut piece, mut kind) = (packet.to_vec(), Kind::Ip);
    for wrap in stack {
        if wrap.takes != kind {
            piece = bridged(&piece, kind, side);
        }
        piece = (wrap.wrap)(&piece, side, id);
        kind = wrap.gives;
    }
    if kind == Kind::Ip { plain(&piece, side) } else { piece }
}

/// A frame for what takes frames, a tunnel of frames for what takes packets.
fn bridged(piece: &[u8], kind: Kind, side: Side) -> Vec<u8> {
    if kind == Kind::Ip { plain(piece, side) } else { vxlan(77, piece, side) }
}

fn frames(segments: &[Segment], stack: &[&Wrap], id: u32) -> Vec<(i64, Vec<u8>)> {
    segments.iter().map(|segment| (segment.time, wrapped(&ip(segment), segment.side, stack, id))).collect()
}

fn read_frames(mut frames: Vec<(i64, Vec<u8>)>) -> Seen {
    frames.sort_by_key(|(time, _)| *time);
    read(&[&pcap_of(1, frames.into_iter(), u32::MAX)])
}

/// What must not depend on what is around a packet; places in the file do.
fn facts(seen: &Seen) -> Vec<String> {
    let facts = seen.exchanges.iter().map(|e| {
        let body = |body: &offpath_capture::Body| body.bytes().map(<[u8]>::to_vec);
        let request = e.request.as_ref().map(|r| (r.method.clone(), r.target.clone(), body(&r.body)));
        let response = e.response.as_ref().map(|r| (r.status, body(&r.body)));
        format!("{} {:?} {:?} {:?} {request:?} {response:?} {:?}", e.time.0, e.end, e.client, e.server, e.incomplete)
    });
    facts.collect()
}

#[test]
fn every_tunnel_leads_to_the_same_exchanges_and_is_counted() {
    let talk = conversation();
    let expected = facts(&talk.read());
    assert_eq!(expected.len(), 3);
    for wrap in &WRAPS {
        let seen = read_frames(frames(&talk.segments, &[wrap], 7));
        assert_eq!(facts(&seen), expected, "{}", wrap.name);
        assert!(seen.not_read().is_empty(), "{}: {:?}", wrap.name, seen.not_read());
        let plain = ["ethernet", "snap", "priority tag", "vn-tag", "macsec in clear"].contains(&wrap.name);
        assert_eq!(seen.report.tunnels.is_empty(), plain, "{}: {:?}", wrap.name, seen.report.tunnels);
        assert!(seen.report.tunnels.values().all(|&count| count == talk.segments.len() as u64), "{}", wrap.name);
        assert_eq!((seen.report.connections, seen.report.seen_again), (1, 0), "{}", wrap.name);
    }
}

#[test]
fn a_tunnel_is_not_read_at_a_port_that_is_not_its_own() {
    let talk = conversation();
    for wrap in &ELSEWHERE {
        let seen = read_frames(frames(&talk.segments, &[wrap], 7));
        assert!(seen.exchanges.is_empty() && seen.report.connections == 0, "{}", wrap.name);
        let [(reason, count, _)] = seen.not_read()[..] else { panic!("{}: {:?}", wrap.name, seen.not_read()) };
        assert_eq!((reason, count), ("tunnel_at_other_port", talk.segments.len() as u64), "{}", wrap.name);
    }
}

#[test]
fn a_tunnel_is_read_at_a_port_that_is_told() {
    let talk = conversation();
    let expected = facts(&talk.read());
    for (wrap, told) in ELSEWHERE.iter().zip(["vxlan=53", "gtp=2153", "teredo=40000"]) {
        let tunnels = vec![told.parse().unwrap_or_else(|why| panic!("{why}"))];
        let mut frames = frames(&talk.segments, &[wrap], 7);
        frames.sort();
        let file = pcap_of(1, frames.into_iter(), u32::MAX);
        let options = Options { tunnels, ..Options::default() };
        let seen = read_with(&[&file], &options);
        assert_eq!(facts(&seen), expected, "{told}");
        assert_eq!(seen.not_read(), [], "{told}");
    }
}

#[test]
fn a_snap_length_inside_a_tunnel_is_told_as_such() {
    let talk = conversation();
    for wrap in &WRAPS {
        let frames = frames(&talk.segments, &[wrap], 7);
        let shortest = frames.iter().map(|(_, frame)| frame.len()).min().unwrap_or(0);
        let seen = read(&[&pcap_of(1, frames.clone().into_iter(), shortest as u32 - 1)]);
        let told: Vec<_> = seen.not_read().iter().map(|(reason, ..)| *reason).collect();
        // The trailers of MACsec, and padding, may be cut without loss; and without its end nothing says what a label has behind it.
        assert!(
            told.iter().all(|reason| ["snap_length", "not_http", "between_messages", "not_ip", "udp", "l2tp"].contains(reason)),
            "{}: {told:?}",
            wrap.name
        );
    }
}

/// The same addresses, ports, first sequence numbers and times for two tenants who say other things.
fn twins() -> [Talk; 2] {
    let mut one = Talk::open(5000);
    one.get(1).get(2).close();
    let mut two = Talk::open(5000);
    two.get(3).get(4).close();
    [one, two]
}

#[test]
fn tenants_with_the_same_addresses_ports_and_numbers_never_mix() {
    let tenants = ["nvgre", "gre with all fields", "vxlan", "vxlan-gpe", "geneve", "backbone"];
    let [one, two] = twins();
    for wrap in WRAPS.iter().filter(|wrap| tenants.contains(&wrap.name)) {
        let both = [frames(&one.segments, &[wrap], 7), frames(&two.segments, &[wrap], 8)].concat();
        let seen = read_frames(both);
        let mut lines = seen.lines();
        lines.sort();
        assert_eq!(lines, ["1>1", "2>2", "3>3", "4>4"], "{}", wrap.name);
        assert_eq!((seen.report.connections, seen.report.seen_again), (2, 0), "{}", wrap.name);
        // They are different connections for everything behind, too.
        let ids: std::collections::BTreeSet<_> = seen.exchanges.iter().map(|e| e.connection).collect();
        assert_eq!(ids.len(), 2, "{}", wrap.name);
    }
}

#[test]
fn networks_with_the_same_addresses_are_apart_in_any_tunnel() {
    let mut one = Talk::open(5000);
    one.get(1).get(2).close();
    let mut two = Talk::open_at(5000, [700_000_000, 900_000_000]);
    two.get(3).get(4).close();
    let names =
        ["vlan", "mpls", "mpls one way", "pppoe", "pptp", "l2tp", "l2tp v3", "erspan ii", "gtp", "pseudowire", "vxlan"];
    for wrap in WRAPS.iter().filter(|wrap| names.contains(&wrap.name)) {
        let both = [frames(&one.segments, &[wrap], 70), frames(&two.segments, &[wrap], 80)].concat();
        let mut lines = read_frames(both).lines();
        lines.sort();
        assert_eq!(lines, ["1>1", "2>2", "3>3", "4>4"], "{}", wrap.name);
    }
}

#[test]
fn a_tenant_goes_on_when_the_other_has_ended() {
    let mut one = Talk::open(5000);
    one.get(1).close();
    let mut two = Talk::open(5000);
    two.get(2);
    // Longer than a closed connection is kept.
    two.time += 60_000_000;
    two.get(3).close();
    let wrap = WRAPS.iter().find(|wrap| wrap.name == "vxlan");
    let stack: Vec<&Wrap> = wrap.into_iter().collect();
    let seen = read_frames([frames(&one.segments, &stack, 7), frames(&two.segments, &stack, 8)].concat());
    let mut lines = seen.lines();
    lines.sort();
    assert_eq!((lines, seen.report.connections), (vec!["1>1".into(), "2>2".into(), "3>3".into()], 2));
}

#[test]
fn each_direction_may_have_an_identifier_of_its_own() {
    // Routers between two virtual networks put a packet into the network of its receiver.
    let talk = conversation();
    let id = |side| if side == Client { 7 } else { 8 };
    let frames =
        talk.segments.iter().map(|s| (s.time, plain(&vxlan(id(s.side), &plain(&ip(s), s.side), s.side), s.side)));
    let seen = read_frames(frames.collect());
    assert_eq!((facts(&seen), seen.report.connections), (facts(&talk.read()), 1));
}

/// A packet behind a router: one hop further, between other hardware addresses.
fn routed(packet: &[u8]) -> Vec<u8> {
    let mut packet = packet.to_vec();
    packet[8] -= 1;
    packet
}

#[test]
fn a_packet_at_two_taps_is_one_packet() {
    let talk = conversation();
    let expected = facts(&talk.read());
    let numbered = |(id, s): (u16, &Segment)| (s.time, s.side, ip_numbered(s, id + 1));
    let packets: Vec<_> = (0..).zip(&talk.segments).map(numbered).collect();
    let acks = talk.segments.iter().filter(|s| s.payload.is_empty() && s.flags == packets_wire::ACK).count();
    for wrap in &WRAPS {
        for (lag, outside_first) in [(0, false), (37, false), (2_500, true), (150_000, true), (0, true)] {
            let inside = packets.iter().map(|(t, side, p)| (*t, plain(p, *side)));
            let outside = packets.iter().map(|(t, side, p)| (t + lag, wrapped(&routed(p), *side, &[wrap], 7)));
            let both = if outside_first { outside.chain(inside).collect() } else { inside.chain(outside).collect() };
            let seen = read_frames(both);
            let at = format!("{} {lag} {outside_first}", wrap.name);
            assert_eq!(facts(&seen), expected, "{at}");
            assert_eq!((seen.report.connections, seen.report.connections_with_gaps), (1, 0), "{at}");
            assert_eq!(seen.report.seen_again, (packets.len() - acks) as u64, "{at}");
            assert!(seen.irregularities().is_empty() && seen.blind_spots.is_empty(), "{at}");
        }
    }
}

#[test]
fn two_taps_make_good_what_one_of_them_lost() {
    let talk = conversation();
    let expected = facts(&talk.read());
    let packets: Vec<_> = (1..).zip(&talk.segments).map(|(id, s)| (id, s.time, s.side, ip_numbered(s, id))).collect();
    let stack: Vec<&Wrap> = WRAPS.iter().filter(|wrap| wrap.name == "vxlan").collect();
    let inside = packets.iter().filter(|(id, ..)| id % 3 != 0).map(|(_, t, side, p)| (*t, plain(p, *side)));
    let outside = packets.iter().filter(|(id, ..)| id % 3 != 1);
    let outside = outside.map(|(_, t, side, p)| (t + 20, wrapped(&routed(p), *side, &stack, 7)));
    let seen = read_frames(inside.chain(outside).collect());
    assert_eq!((facts(&seen).len(), seen.report.connections_with_gaps), (expected.len(), 0));
    assert!(seen.lines().iter().all(|line| !line.contains(' ')), "{:?}", seen.lines());
}

#[test]
fn a_retransmission_is_no_second_sighting() {
    let talk = conversation();
    let mut id = 0;
    let mut frames = Vec::new();
    for segment in &talk.segments {
        for lag in [0, 40] {
            id += 1;
            frames.push((segment.time + lag, plain(&ip_numbered(segment, id), segment.side)));
        }
    }
    let seen = read_frames(frames);
    assert_eq!((facts(&seen), seen.report.seen_again), (facts(&talk.read()), 0));
}

/// Fragments of an IPv4 packet, with `keep` bytes of payload each.
fn fragments(packet: &[u8], keep: usize, number: u16) -> Vec<Vec<u8>> {
    let (header, payload) = packet.split_at(20);
    let count = payload.len().div_ceil(keep);
    let cut = |(index, part): (usize, &[u8])| {
        let mut header = header.to_vec();
        header[2..4].copy_from_slice(&((20 + part.len()) as u16).to_be_bytes());
        header[4..6].copy_from_slice(&number.to_be_bytes());
        let more = if index + 1 < count { 0x2000 } else { 0 };
        header[6..8].copy_from_slice(&(more | (index * keep / 8) as u16).to_be_bytes());
        [&header, part].concat()
    };
    payload.chunks(keep).enumerate().map(cut).collect()
}

#[test]
fn fragments_inside_and_outside_of_tunnels_are_put_together() {
    let talk = conversation();
    let expected = facts(&talk.read());
    let cut = |s: &Segment, nth: usize| -> Vec<Vec<u8>> {
        let inner = fragments(&ip(s), 64, nth as u16);
        // Each inner fragment is carried by a packet that is cut again, last part first.
        let outer = inner.iter().enumerate().flat_map(|(index, part)| {
            let carrier = vxlan(7, &frame(0x0800, part, s.side), s.side);
            let mut parts = fragments(&carrier, 48, (nth * 16 + index) as u16);
            parts.reverse();
            parts
        });
        outer.map(|part| plain(&part, s.side)).collect()
    };
    let pieces = talk.segments.iter().enumerate().flat_map(|(nth, s)| cut(s, nth).into_iter().map(|f| (s.time, f)));
    let pieces: Vec<_> = pieces.collect();
    let seen = read_frames(pieces.clone());
    assert_eq!(facts(&seen), expected);
    assert_eq!((seen.report.seen_again, seen.not_read()), (0, vec![]));
    // Seen at two taps, they are no other packets, and none of them is left over.
    let twice = pieces.iter().flat_map(|(time, piece)| [(*time, piece.clone()), (*time, piece.clone())]).collect();
    let seen = read_frames(twice);
    assert_eq!((facts(&seen), seen.not_read()), (expected, vec![]));
    assert!(seen.report.seen_again >= pieces.len() as u64);
}

#[test]
fn segmentation_offload_leaves_lengths_empty_inside_a_tunnel_too() {
    let talk = conversation();
    let packet = |s: &Segment| {
        let mut packet = ip(s);
        packet[2..4].copy_from_slice(&[0, 0]);
        packet
    };
    let frames = talk.segments.iter().map(|s| (s.time, plain(&vxlan(7, &plain(&packet(s), s.side), s.side), s.side)));
    assert_eq!(facts(&read_frames(frames.collect())), facts(&talk.read()));
}

#[test]
fn other_link_types_are_stripped() {
    let talk = conversation();
    let expected = facts(&talk.read());
    let nflog = |packet: &[u8]| {
        let len = (packet.len() as u16 + 4).to_le_bytes();
        [&[2, 0, 0, 0, 8, 0, 1, 0, 8, 0, 1, 0, 5, 0, 10, 0, 0, 0, 0, 0][..], &len, &[9, 0], packet].concat()
    };
    let wifi = |side| match side {
        Client => [&[0x88, 1, 0, 0][..], &[3; 18], &[0, 0, 0, 0], &[0xaa, 0xaa, 3, 0, 0, 0, 8, 0]].concat(),
        Server => [&[0x08, 2, 0, 0][..], &[3; 18], &[0, 0], &[0xaa, 0xaa, 3, 0, 0, 0, 8, 0]].concat(),
    };
    // Time stamp and flags are there, the second says that the header is padded.
    let radiotap = [&[0, 0, 17, 0, 3, 0, 0, 0][..], &[0; 8], &[0x20]].concat();
    let padded = |side| {
        let mut header = wifi(side);
        if side == Client {
            header.splice(26..26, [0, 0]);
        }
        header
    };
    let head = |link: u32, side: Side| -> Vec<u8> {
        match link {
            9 => vec![0, 0x21],
            50 => vec![0xff, 3, 0, 0x21],
            204 => vec![1, 0x21],
            166 => vec![1, 3, 0, 0x21],
            104 => vec![0x0f, 0, 8, 0],
            107 => vec![0x18, 0x41, 3, 0xcc],
            206 => vec![1, 0x18, 0x41, 3, 0xcc],
            119 => [&[0x44, 0, 0, 0, 144, 0, 0, 0][..], &[0; 136], &wifi(side)].concat(),
            51 => vec![0x11, 0, 0, 7, 0, 0, 0, 0x21],
            7 => vec![1, 2, 0xf0],
            129 => vec![1, 2, 0, 0, 0xd4, 0, 0, 1],
            109 => vec![2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
            117 => [&[61, 2][..], &[0; 62]].concat(),
            105 => wifi(side),
            127 => [radiotap.clone(), padded(side)].concat(),
            163 => [&[0x80, 0x21, 0x10, 1, 0, 0, 0, 12, 0, 0, 0, 0][..], &wifi(side)].concat(),
            192 => vec![0, 0, 8, 0, 12, 0, 0, 0],
            149 | 258 => [&[20, 0, 0, 0, 1, 0, 0, 0, 12, 0, 0, 0][..], &[0; 8]].concat(),
            274 => [&[0x55; 7][..], &[0xd5, 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0]].concat(),
            _ => Vec::new(),
        }
    };
    for link in [9, 50, 51, 204, 166, 104, 107, 206, 7, 129, 109, 117, 105, 119, 127, 149, 163, 192, 258, 274] {
        let frames = talk.segments.iter().map(|s| (s.time, [head(link, s.side), ip(s)].concat()));
        assert_eq!(facts(&read(&[&pcap_of(link, frames, u32::MAX)])), expected, "link type {link}");
    }
    let frames = talk.segments.iter().map(|s| (s.time, nflog(&ip(s))));
    assert_eq!(facts(&read(&[&pcap_of(239, frames, u32::MAX)])), expected, "nflog");
}

#[test]
fn what_is_nested_without_end_is_given_up() {
    let talk = conversation();
    let label = [&[0, 1, 0, 64][..]; 200].concat();
    let frames = talk.segments.iter().map(|s| (s.time, frame(0x8847, &[label.clone(), tcp(s)].concat(), s.side)));
    let seen = read_frames(frames.collect());
    assert_eq!(seen.not_read()[0].0, "nested_too_deep");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn any_stack_of_tunnels_leads_to_the_same_exchanges(
        stack in prop::collection::vec(prop::sample::select(WRAPS.iter().collect::<Vec<_>>()), 0..6),
        id in 0u32..500,
    ) {
        let talk = conversation();
        let seen = read_frames(frames(&talk.segments, &stack, id));
        prop_assert_eq!(facts(&seen), facts(&talk.read()));
        prop_assert_eq!(seen.report.connections, 1);
    }

    #[test]
    fn damaged_tunnels_do_no_harm(
        stack in prop::collection::vec(prop::sample::select(WRAPS.iter().collect::<Vec<_>>()), 1..5),
        damage in prop::collection::vec((any::<prop::sample::Index>(), 0usize..120, any::<u8>()), 1..40),
        keep in 20u32..400,
    ) {
        let talk = conversation();
        let mut frames = frames(&talk.segments, &stack, 7);
        for (frame, at, value) in damage {
            let index = frame.index(frames.len());
            if let Some(byte) = frames[index].1.get_mut(at) {
                *byte = value;
            }
        }
        read(&[&pcap_of(1, frames.into_iter(), keep)]);
    }
}
