//! Blocks of pcapng: sections, interfaces, clocks, and what damage to one costs.

use offpath_capture::InputErrorKind;

use crate::packets_wire::Side::Client;
use crate::packets_wire::{Segment, Talk, ethernet, ip, ip_header, pcap, read, tcp};
use crate::post;

fn block(kind: u32, body: &[u8]) -> Vec<u8> {
    let padded = body.len().next_multiple_of(4);
    let mut block = Vec::new();
    block.extend(kind.to_le_bytes());
    block.extend((12 + padded as u32).to_le_bytes());
    block.extend(body);
    block.resize(8 + padded, 0);
    block.extend((12 + padded as u32).to_le_bytes());
    block
}

fn section() -> Vec<u8> {
    block(0x0a0d_0d0a, &[0x4d, 0x3c, 0x2b, 0x1a, 1, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255])
}

fn interface(link: u8, options: &[u8]) -> Vec<u8> {
    block(1, &[&[link, 0, 0, 0, 0, 0, 0, 0], options].concat())
}

fn packet(interface: u32, ticks: u64, data: &[u8]) -> Vec<u8> {
    let words = [interface, (ticks >> 32) as u32, ticks as u32, data.len() as u32, data.len() as u32];
    let mut body: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    body.extend(data);
    block(6, &body)
}

#[test]
fn packets_that_say_no_time_are_counted() {
    let mut talk = Talk::open(5000);
    talk.get(1).get(2).close();
    let simple = |segment: &Segment| {
        let data = ip(segment);
        block(3, &[&(data.len() as u32).to_le_bytes()[..], &data].concat())
    };
    let mut file = [section(), interface(101, &[])].concat();
    file.extend(talk.segments.iter().flat_map(simple));
    let seen = read(&[&file]);
    assert_eq!(
        (seen.lines(), seen.irregularities()),
        (vec!["1>1".to_owned(), "2>2".to_owned()], vec!["no_start_time"])
    );

    // One that comes behind a packet with a time has that.
    let mut file = [section(), interface(101, &[])].concat();
    file.extend(packet(0, talk.segments[0].time as u64, &ip(&talk.segments[0])));
    file.extend(talk.segments[1..].iter().flat_map(simple));
    let seen = read(&[&file]);
    assert_eq!((seen.lines().len(), seen.irregularities().len()), (2, 0));
}

#[test]
fn packets_of_an_interface_that_was_not_described_cost_themselves_alone() {
    let mut talk = Talk::open(5000);
    for id in 1..=50 {
        talk.get(id);
    }
    talk.close();
    let mut file = [section(), interface(1, &[])].concat();
    for segment in &talk.segments {
        file.extend(packet(1, segment.time as u64, &ethernet(&ip(segment))));
        file.extend(packet(0, segment.time as u64, &ethernet(&ip(segment))));
    }
    let seen = read(&[&file]);
    let packets = talk.segments.len() as u64;
    assert_eq!(seen.lines(), (1..=50).map(|id| format!("{id}>{id}")).collect::<Vec<_>>());
    assert_eq!((seen.report.inputs[0].records, seen.report.inputs[0].bytes_lost), (2 * packets, 0));
    assert_eq!(seen.report.not_read.iter().map(|reason| reason.count).sum::<u64>(), packets);
}

#[test]
fn sections_interfaces_and_clocks_are_followed() {
    let mut talk = Talk::open(5000);
    talk.get(1).get(2).close();
    // Nanoseconds with an offset of 1,000 s, and 2^-20 s; unknown blocks lie between.
    let offset = [14, 0, 8, 0, 0xe8, 3, 0, 0, 0, 0, 0, 0];
    let options = [&[9, 0, 1, 0, 9, 0, 0, 0][..], &offset, &[0; 4]].concat();
    let mut file = [section(), interface(1, &options), interface(101, &[9, 0, 1, 0, 0x94, 0, 0, 0])].concat();
    for (index, segment) in talk.segments.iter().enumerate() {
        let micros = segment.time as u64;
        if index == 5 {
            file.extend([section(), interface(1, &options), interface(101, &[9, 0, 1, 0, 0x94, 0, 0, 0])].concat());
        }
        file.extend(block(0x0bad, b"whatever"));
        file.extend(match index % 2 {
            0 => packet(0, (micros - 1_000_000_000) * 1000, &ethernet(&ip(segment))),
            _ => packet(1, (u128::from(micros) << 20).div_ceil(1_000_000) as u64, &ip(segment)),
        });
    }
    let seen = read(&[&file]);
    assert_eq!(seen.lines(), ["1>1", "2>2"]);
    let plain = talk.read();
    assert!(seen.exchanges.iter().zip(&plain.exchanges).all(|(a, b)| (a.key, a.time) == (b.key, b.time)));
    assert_eq!(seen.report.inputs[0].records, talk.segments.len() as u64);
}

#[test]
fn clocks_set_to_any_time_do_no_harm() {
    let request = Segment { payload: post("{}").into_bytes(), ..Talk::open(5000).segments[2].clone() };
    let whole = [ip(&request), ip(&request)];
    let cut = |offset: u16, part: &[u8]| [ip_header(Client, part.len(), 7, offset), part.to_vec()].concat();
    let bytes = tcp(&request);
    let fragments = [cut(0x2000, &bytes[..64]), cut(8, &bytes[64..])];
    let far = i64::MAX / 1_000_000;
    for offsets in [[-far, far], [far, -far], [i64::MIN, i64::MAX], [i64::MAX, i64::MIN]] {
        let clocks = offsets.map(|offset| [&[14, 0, 8, 0][..], &offset.to_le_bytes(), &[0; 4]].concat());
        let head = [section(), interface(101, &clocks[0]), interface(101, &clocks[1])].concat();
        for [one, two] in [&whole, &fragments] {
            let seen = read(&[&[&head[..], &packet(0, 0, one), &packet(1, u64::MAX, two)].concat()]);
            // From 1970 to the year 9999.
            let times = seen.exchanges.iter().map(|exchange| exchange.time.0);
            assert!(times.clone().all(|time| (0..253_402_300_800_000_000).contains(&time)), "{offsets:?}");
            assert!(times.count() + seen.report.not_read.len() >= 1, "{offsets:?}");
        }
    }
}

#[test]
fn packets_that_were_lost_while_capturing_are_counted_and_blind() {
    let mut talk = Talk::open(5000);
    talk.get(1).get(2).close();
    let mut file = [section(), interface(101, &[])].concat();
    for (index, segment) in talk.segments.iter().enumerate() {
        let mut packet = packet(0, segment.time as u64, &ip(segment));
        if index == 3 {
            // A comment, then that 7 packets were lost before this one.
            let length = packet.len();
            let mut body = packet[8..length - 4].to_vec();
            body.extend([1, 0, 3, 0, b'a', b'b', b'c', 0, 4, 0, 8, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
            packet = block(6, &body);
        }
        file.extend(packet);
    }
    let seen = read(&[&file]);
    assert_eq!(seen.lines(), ["1>1", "2>2"]);
    let lost: Vec<_> = seen.report.not_read.iter().map(|part| (part.reason, part.count)).collect();
    assert_eq!(lost, [("dropped_while_capturing", 7)]);
    let (spot, time) = (&seen.blind_spots[0], talk.segments[3].time);
    assert_eq!(seen.blind_spots.len(), 1);
    assert_eq!((spot.from.0, spot.to.0), (time - 2_000_000, time + 2_000_000));
    assert!(spot.origin.to_string().contains("frame=4"), "{}", spot.origin);
}

/// A conversation as packets of an interface that is not the first, and its blocks' offsets.
fn blocks(talk: &Talk) -> (Vec<Vec<u8>>, Vec<u64>) {
    let mut blocks = vec![section(), interface(147, &[]), interface(101, &[])];
    blocks.extend(talk.segments.iter().map(|segment| packet(1, segment.time as u64, &ip(segment))));
    let offsets = blocks.iter().scan(0, |at, block| {
        let here = *at;
        *at += block.len() as u64;
        Some(here)
    });
    let offsets = offsets.collect();
    (blocks, offsets)
}

#[test]
fn a_damaged_block_costs_itself_and_is_placed() {
    let mut talk = Talk::open(5000);
    talk.get(1).get(2).get(3).close();
    let (blocks, offsets) = blocks(&talk);
    let lost = 3 + talk.find("body of 2");
    // Its length, its trailer, the length of its packet, its kind and length at once.
    let len = blocks[lost].len();
    for (at, bytes) in [(4, &[0xff; 4][..]), (4, &[0x33]), (len - 4, &[1]), (20, &[0xff; 4]), (0, &[0xee; 8])] {
        let mut file = blocks.clone();
        file[lost][at..at + bytes.len()].copy_from_slice(bytes);
        let seen = read(&[&file.concat()]);
        assert_eq!(seen.lines(), ["1>1", "2>- no_response response_gap", "3>3"], "{at} {bytes:?}");
        assert_eq!(seen.report.errors.len(), 1);
        let error = seen.report.errors[0].to_string();
        assert!(error.contains(&format!("byte {}", offsets[lost])), "{error}");
        assert!(error.contains(&format!("#frame={}", lost - 2)), "{error}");
        assert_eq!(seen.report.inputs[0].bytes_lost, len as u64);
        assert_eq!(seen.report.inputs[0].records, talk.segments.len() as u64 - 1);
    }
}

#[test]
fn what_looks_like_a_block_inside_of_a_damaged_one_swallows_nothing() {
    // Interface 1 and the upper half of a time look like an interface's kind and length, and where a later time's upper
    // half lies that many bytes on, like its end.
    let mut talk = Talk::open(5000);
    for id in 1..=2_000 {
        talk.get(id);
    }
    talk.close();
    let (mut blocks, offsets) = blocks(&talk);
    let high = (talk.segments[0].time as u64 >> 32) & !3;
    let damaged = offsets.iter().position(|&at| at > 1_000).unwrap();
    let end = offsets[damaged] + 8 + high - 4;
    let inside = offsets.iter().rposition(|&at| at <= end).unwrap();
    blocks[damaged][12..16].copy_from_slice(&(high as u32).to_le_bytes());
    blocks[damaged][4] ^= 1;
    let mut file = blocks.concat();
    file[end as usize..][..4].copy_from_slice(&(high as u32).to_le_bytes());
    let seen = read(&[&file]);
    assert!(inside > damaged + 1_000, "{inside}");
    let records = seen.report.inputs[0].records as usize;
    assert!(records + 2 >= talk.segments.len(), "{records} of {}", talk.segments.len());
}

#[test]
fn several_damaged_places_are_counted_in_one_message() {
    let mut talk = Talk::open(5000);
    talk.get(1).get(2).get(3).get(4).close();
    let (mut blocks, _) = blocks(&talk);
    let lost = ["body of 2", "body of 4"].map(|text| 3 + talk.find(text));
    let mut bytes = 0;
    for place in lost {
        blocks[place][4] ^= 1;
        bytes += blocks[place].len() as u64;
    }
    // Bytes that are no blocks at all, of any number.
    let junk = b"0123456789";
    blocks.insert(lost[0], junk.to_vec());
    let seen = read(&[&blocks.concat()]);
    let error = seen.report.errors[0].to_string();
    assert!(seen.report.errors.len() == 1 && error.contains("the first of 2 such places"), "{error}");
    assert_eq!(seen.report.inputs[0].bytes_lost, bytes + junk.len() as u64);
    let paired = |line: &&String| !line.contains("no_response");
    assert_eq!(seen.lines().iter().filter(paired).count(), 2, "{:?}", seen.lines());
}

#[test]
fn a_lost_interface_description_leaves_the_others_their_numbers() {
    let mut talk = Talk::open(5000);
    talk.get(1).close();
    let (mut blocks, _) = blocks(&talk);
    *blocks[1].last_mut().unwrap() = 7;
    let seen = read(&[&blocks.concat()]);
    assert_eq!((seen.lines(), seen.report.errors.len()), (vec!["1>1".to_owned()], 1));
}

#[test]
fn a_damaged_section_is_left_until_the_next() {
    let mut talk = Talk::open(5000);
    talk.get(1).close();
    let (other, _) = blocks(&talk);
    let mut bad = other.clone();
    bad[0][8] = 0;
    let first = pcap_section(&Talk::open(6000).get(7).segments);
    let seen = read(&[&[first, bad.concat(), other.concat()].concat()]);
    assert_eq!(seen.lines(), ["7>7", "1>1"]);
    assert_eq!(seen.report.inputs[0].bytes_lost, bad.concat().len() as u64);
}

fn pcap_section(segments: &[Segment]) -> Vec<u8> {
    let packets = segments.iter().map(|segment| packet(0, segment.time as u64, &ip(segment)));
    [section(), interface(101, &[])].into_iter().chain(packets).collect::<Vec<_>>().concat()
}

#[test]
fn a_block_that_nothing_follows_ends_its_file_only() {
    let mut talk = Talk::open(5000);
    talk.get(1);
    let mut file = [section(), interface(101, &[])].concat();
    for segment in &talk.segments {
        file.extend(packet(0, segment.time as u64, &ip(segment)));
    }
    let at = file.len();
    file.extend([6, 0, 0, 0, 33, 0, 0, 0]);
    file.extend([0; 100]);
    let other = pcap(&Talk::open(6000).get(2).segments);
    let seen = read(&[&file, &other]);
    assert_eq!(seen.lines(), ["1>1", "2>2"]);
    let error = &seen.report.errors[0];
    assert!(matches!(&error.kind, InputErrorKind::Malformed { .. }));
    let text = error.to_string();
    assert!(text.contains("#frame=6") && text.contains(&format!("byte {at}")) && text.contains("33 bytes"), "{text}");
    assert_eq!(seen.report.inputs[0].bytes_lost, 108);
}
