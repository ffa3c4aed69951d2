//! BPF filters on capture files: the same exchanges as of the packets that were picked by hand.
#![cfg(feature = "live")]

mod packets_wire;

use offpath_capture::{Options, Place, check_filter};
use packets_wire::{Segment, Talk, ethernet, ip, pcap, pcap_of, read, read_with};

fn three_talks() -> Vec<Segment> {
    let mut segments = Vec::new();
    for (port, requests) in [(5000, 3), (5001, 1), (5002, 2)] {
        let mut talk = Talk::open(port);
        for id in 0..requests {
            talk.get(id);
        }
        talk.close();
        segments.append(&mut talk.segments);
    }
    segments.sort_by_key(|segment| segment.time);
    segments
}

fn with(bpf: &str) -> Options {
    Options { bpf: Some(bpf.to_owned()), ..Options::default() }
}

#[test]
fn a_filter_leaves_what_picking_by_hand_leaves() {
    let all = three_talks();
    for (filter, ports) in [
        ("tcp port 5000", &[5000][..]),
        ("tcp port 5000 or tcp port 5002", &[5000, 5002]),
        ("host 10.0.0.1 and not port 5001", &[5000, 5002]),
        ("tcp", &[5000, 5001, 5002]),
        ("udp", &[]),
    ] {
        let (kept, held_back): (Vec<Segment>, Vec<Segment>) =
            all.iter().cloned().partition(|segment| ports.contains(&segment.port));
        let by_hand = read(&[&pcap(&kept)]);
        let filtered = read_with(&[&pcap(&all)], &with(filter));
        let requests = |seen: &packets_wire::Seen| -> Vec<_> {
            seen.exchanges.iter().map(|e| (e.time, e.client, e.request.as_ref().unwrap().target.clone())).collect()
        };
        assert_eq!(requests(&filtered), requests(&by_hand), "{filter}");
        assert_eq!(filtered.report.filtered, held_back.len() as u64, "{filter}");
        assert_eq!(filtered.report.inputs[0].records, all.len() as u64, "{filter}");
        assert_eq!(filtered.report.connections, ports.len() as u64, "{filter}");
        assert!(filtered.report.errors.is_empty() && filtered.not_read().is_empty(), "{filter}");
    }
}

#[test]
fn a_filter_is_compiled_for_each_link_type() {
    let all = three_talks();
    for (link, head) in [(113, &[&[0; 14][..], &[8, 0]].concat()[..]), (0, &[2, 0, 0, 0]), (101, &[]), (228, &[])] {
        let frames = all.iter().map(|segment| (segment.time, [head, &ip(segment)].concat()));
        let on_link = pcap_of(link, frames, u32::MAX);
        let ethernet = pcap_of(1, all.iter().map(|segment| (segment.time, ethernet(&ip(segment)))), u32::MAX);
        let seen = read_with(&[&on_link, &ethernet], &with("tcp port 5001"));
        let kept = all.iter().filter(|segment| segment.port == 5001).count();
        assert_eq!(seen.report.filtered, 2 * (all.len() - kept) as u64, "link type {link}");
        assert!(seen.report.errors.is_empty(), "link type {link}");
        assert!(seen.exchanges.iter().all(|exchange| exchange.client.unwrap().port == Some(5001)));
    }
}

#[test]
fn a_link_type_that_the_filter_does_not_fit_is_said_once_and_counted() {
    let all = three_talks();
    let raw = pcap_of(101, all.iter().map(|segment| (segment.time, ip(segment))), u32::MAX);
    let seen = read_with(&[&raw], &with("ether host 02:00:00:00:00:01"));
    assert!(seen.exchanges.is_empty());
    assert_eq!(seen.not_read()[0].0, "filter_misfit");
    assert_eq!(seen.not_read()[0].1, all.len() as u64);
    assert_eq!((seen.report.errors.len(), seen.report.filtered), (1, 0));
    let error = &seen.report.errors[0];
    assert!(matches!(error.origin.as_ref().unwrap().place, Place::Frames { first: 1, .. }));
    assert!(error.to_string().contains("the filter cannot be applied"), "{error}");
}

#[test]
fn wrong_expressions_are_told_before_anything_is_read() {
    for right in ["tcp port 80", "vlan and tcp port 80", "portrange 8000-8999 and net 10.0.0.0/8", ""] {
        assert_eq!(check_filter(right), Ok(()), "{right}");
    }
    for wrong in ["tcp prot 80", "port 99999999", "(tcp", "tcp\0"] {
        assert!(!check_filter(wrong).unwrap_err().is_empty(), "{wrong}");
    }
}
