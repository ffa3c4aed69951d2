//! The readers of this module beside independent ones, on captures that others wrote.

use std::path::{Path, PathBuf};

use pcap_parser::{Block, PcapBlockOwned, PcapError};

use super::link::Layer;
use super::part::Part;
use super::record::RecordReader;
use super::{ethernet, link, network};
use crate::tls::Secrets;

/// Every capture of the corpus that is not compressed; none where there is no corpus.
fn captures() -> Vec<PathBuf> {
    let Ok(corpus) = std::env::var("OFFPATH_CORPUS") else {
        eprintln!("skipped: OFFPATH_CORPUS is not set");
        return Vec::new();
    };
    let mut folders = vec![Path::new(&corpus).join("captures")];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.extension().and_then(|extension| extension.to_str()) {
                _ if path.is_dir() => folders.push(path),
                Some("pcap" | "pcapng") => files.push(path),
                _ => {}
            }
        }
    }
    files.sort();
    assert!(!files.is_empty());
    files
}

/// Length on the wire and captured bytes of every packet, by pcap-parser.
fn by_pcap_parser(bytes: &[u8]) -> Option<Vec<(u32, Vec<u8>)>> {
    let mut reader = pcap_parser::create_reader(1 << 20, bytes).ok()?;
    let mut packets = Vec::new();
    loop {
        match reader.next() {
            Ok((taken, block)) => {
                match block {
                    PcapBlockOwned::Legacy(b) => packets.push((b.origlen, b.data.to_vec())),
                    PcapBlockOwned::NG(Block::EnhancedPacket(b)) => {
                        packets.push((b.origlen, b.data.get(..b.caplen as usize)?.to_vec()));
                    }
                    PcapBlockOwned::NG(Block::SimplePacket(_)) => return None,
                    _ => {}
                }
                reader.consume(taken);
            }
            Err(PcapError::Eof) => return Some(packets),
            Err(PcapError::Incomplete(_)) => {
                reader.refill().ok()?;
            }
            Err(_) => return None,
        }
    }
}

#[test]
fn records_agree_with_pcap_parser() {
    let mut compared = 0;
    let files = captures();
    for file in &files {
        let bytes = std::fs::read(file).unwrap();
        let Some(expected) = by_pcap_parser(&bytes) else { continue };
        let mut reader = RecordReader::new(Box::new(std::io::Cursor::new(bytes)));
        for (wire_len, data) in &expected {
            assert!(reader.advance(&mut Secrets::new(&[], 0)).is_ok_and(|more| more), "{}", file.display());
            assert_eq!((reader.data(), reader.record().wire_len), (&data[..], (*wire_len).max(data.len() as u32)));
        }
        compared += expected.len();
    }
    assert!(files.is_empty() || compared > 10_000, "{compared}");
}

/// The first IP header of a frame.
fn outer_ip(link: u16, frame: Part<'_>) -> Option<Part<'_>> {
    let (mut layer, mut part) = link::strip(link, frame).ok()?;
    while let Layer::Ether(kind) = layer {
        (layer, part) = ethernet::strip(kind, part, &mut super::path::Path::default()).ok()?;
    }
    (layer == Layer::Ip).then_some(part)
}

#[test]
fn datagrams_agree_with_etherparse() {
    let mut compared = 0;
    let files = captures();
    for file in &files {
        let mut reader = RecordReader::new(Box::new(std::fs::File::open(file).unwrap()));
        while reader.advance(&mut Secrets::new(&[], 0)).is_ok_and(|more| more) {
            let record = *reader.record();
            let Some(ip) = outer_ip(record.link, Part::new(reader.data(), record.wire_len as usize)) else { continue };
            let Ok(datagram) = network::parse(ip) else { continue };
            let Ok((slice, None)) = etherparse::LaxIpSlice::from_slice(ip.bytes) else { continue };
            let payload = slice.payload();
            if payload.incomplete || datagram.wire_len > datagram.bytes.len() {
                continue;
            }
            let frame = || format!("{} frame {}", file.display(), record.number);
            assert_eq!(datagram.fragment.is_some(), payload.fragmented, "{}", frame());
            assert_eq!(datagram.protocol, payload.ip_number.0, "{}", frame());
            assert_eq!(datagram.bytes, payload.payload, "{}", frame());
            compared += 1;
        }
    }
    assert!(files.is_empty() || compared > 10_000, "{compared}");
}
