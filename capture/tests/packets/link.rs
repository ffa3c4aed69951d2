//! Packets under the conversation: link layers, networks, padding, snapped packets and fragments.

use crate::packets_wire::Side::Client;
use crate::packets_wire::{Segment, Talk, ethernet, ip, ip_header, pcap_of, read, tcp};
use crate::post;

#[test]
fn every_link_layer_leads_to_the_same_exchange() {
    let mut talk = Talk::open(5000);
    talk.get(1).close();
    let with = |link: u32, head: &[u8]| {
        let frames = talk.segments.iter().map(|segment| (segment.time, [head, &ip(segment)].concat()));
        read(&[&pcap_of(link, frames, u32::MAX)]).lines()
    };
    let mac = [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2];
    let vlan = [&mac[..], &[0x81, 0, 0, 5, 8, 0]].concat();
    let stacked = [&mac[..], &[0x88, 0xa8, 0, 9, 0x81, 0, 0, 5, 8, 0]].concat();
    let sll2 = [&[8, 0][..], &[0; 18]].concat();
    let sll = [&[0; 14][..], &[8, 0]].concat();
    for (link, head) in [
        (1, &[&mac[..], &[8, 0]].concat()[..]),
        (1, &vlan),
        (1, &stacked),
        (113, &sll),
        (276, &sll2),
        (0, &[2, 0, 0, 0]),
        (0, &[0, 0, 0, 2]),
        (108, &[0, 0, 0, 2]),
        (12, &[]),
        (14, &[]),
        (101, &[]),
        (228, &[]),
    ] {
        assert_eq!(with(link, head), ["1>1"], "link type {link}");
    }
    assert_eq!(with(147, &[]), [""; 0]);
}

#[test]
fn vlans_tell_networks_with_the_same_addresses_apart() {
    let mut first = Talk::open(5000);
    first.get(1).get(2).close();
    let mut second = Talk::open_at(5000, [700_000_000, 900_000_000]);
    second.get(3).get(4).close();
    let read_in = |vlans: [u8; 2], talks: [&Talk; 2]| {
        let frame = |vlan: u8, segment: &Segment| {
            let head = [&[2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x81, 0, 0, vlan, 8, 0][..], &ip(segment)].concat();
            (segment.time, head)
        };
        let pairs = talks[0].segments.iter().zip(&talks[1].segments);
        let frames = pairs.flat_map(|(a, b)| [frame(vlans[0], a), frame(vlans[1], b)]);
        let mut lines = read(&[&pcap_of(1, frames, u32::MAX)]).lines();
        lines.sort();
        lines
    };
    assert_eq!(read_in([5, 6], [&first, &second]), ["1>1", "2>2", "3>3", "4>4"]);
    // The same packets seen in two VLANs are the same packets.
    assert_eq!(read_in([5, 6], [&first, &first]), ["1>1", "2>2"]);
}

#[test]
fn ethernet_padding_is_not_payload() {
    let mut talk = Talk::open(5000);
    talk.get(1).get(2).close();
    let frames = talk.segments.iter().map(|segment| {
        let mut frame = ethernet(&ip(segment));
        frame.resize(frame.len().max(60) + 3, 0xee);
        (segment.time, frame)
    });
    assert_eq!(read(&[&pcap_of(1, frames, u32::MAX)]).lines(), ["1>1", "2>2"]);
}

#[test]
fn the_snap_length_cuts_bytes_but_no_pair() {
    let mut talk = Talk::open(5000);
    talk.send(Client, post(&"x".repeat(700))).answer(1).get(2).close();
    let frames = talk.segments.iter().map(|segment| (segment.time, ip(segment)));
    let seen = read(&[&pcap_of(101, frames, 200)]);
    assert_eq!(seen.lines(), ["1>1 snap_length", "2>2"]);
}

#[test]
fn fragments_are_put_together_in_any_order() {
    let mut talk = Talk::open(5000);
    talk.get(1).close();
    let cut = |segment: &Segment, id: u16| {
        let whole = tcp(segment);
        let mut parts: Vec<Vec<u8>> = Vec::new();
        for (index, part) in whole.chunks(24).enumerate() {
            let more = if (index + 1) * 24 < whole.len() { 0x2000 } else { 0 };
            parts.push([ip_header(segment.side, part.len(), id, more | (index * 3) as u16), part.to_vec()].concat());
        }
        parts.reverse();
        parts
    };
    let frames: Vec<(i64, Vec<u8>)> = (0u16..)
        .zip(&talk.segments)
        .flat_map(|(id, segment)| cut(segment, id).into_iter().map(|part| (segment.time, part)))
        .collect();
    let seen = read(&[&pcap_of(101, frames.clone().into_iter(), u32::MAX)]);
    assert_eq!(seen.lines(), ["1>1"]);
    let seen = read(&[&pcap_of(
        101,
        frames.into_iter().enumerate().filter(|&(index, _)| index != 3).map(|(_, frame)| frame),
        u32::MAX,
    )]);
    assert_eq!(seen.lines(), ["->1 no_request"]);
    assert_eq!(seen.not_read(), [("ip_fragment", 2, 48)]);
}
