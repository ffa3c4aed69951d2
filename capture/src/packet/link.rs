//! Link layers: from a captured frame down to its IP header.

use super::pcap::{read_u16, read_u32};

/// Tags that one frame may stack before it is not believed.
const TAGS: usize = 8;

/// Where a frame's IP header is, and in which VLANs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct IpPlace {
    pub(super) at: usize,
    /// The identifiers of the innermost two tags, 0 without any.
    pub(super) vlan: u32,
}

/// Finds the IP header, or the reason there is none.
pub(super) fn ip_place(link: u16, frame: &[u8]) -> Result<IpPlace, &'static str> {
    match link {
        1 => ethernet(frame),
        // Linux cooked: the protocol is the last field of 16 bytes, or the first of 20.
        113 => payload(frame, read_u16(frame, 14, true), 16),
        276 => payload(frame, read_u16(frame, 0, true), 20),
        // NULL is in the byte order of the capturing host, LOOP in network order.
        0 | 108 => loopback(frame),
        12 | 14 | 101 | 228 | 229 => Ok(IpPlace { at: 0, vlan: 0 }),
        _ => Err("link_type"),
    }
}

fn ethernet(frame: &[u8]) -> Result<IpPlace, &'static str> {
    if frame.len() < 14 {
        return Err("malformed_packet");
    }
    payload(frame, read_u16(frame, 12, true), 14)
}

fn loopback(frame: &[u8]) -> Result<IpPlace, &'static str> {
    if frame.len() < 4 {
        return Err("malformed_packet");
    }
    // Address families: 2 is IPv4 everywhere; IPv6 is 10, 24, 28 or 30 by operating system.
    match (read_u32(frame, 0, true), read_u32(frame, 0, false)) {
        (2 | 10 | 24 | 28 | 30, _) | (_, 2 | 10 | 24 | 28 | 30) => Ok(IpPlace { at: 4, vlan: 0 }),
        _ => Err("not_ip"),
    }
}

/// Follows VLAN tags and the SNAP header from an EtherType whose payload starts at `at`.
fn payload(frame: &[u8], mut ether_type: u16, mut at: usize) -> Result<IpPlace, &'static str> {
    let mut vlan = 0;
    for _ in 0..TAGS {
        match ether_type {
            0x0800 | 0x86dd => return Ok(IpPlace { at, vlan }),
            0x8100 | 0x88a8 | 0x9100 | 0x9200 => {
                vlan = vlan << 16 | u32::from(read_u16(frame, at, true) & 0x0fff);
                ether_type = read_u16(frame, at + 2, true);
                at += 4;
            }
            // A length instead of a type: LLC, which carries IP only behind a SNAP header.
            0..0x0600 if frame.get(at..at + 6) == Some(&[0xaa, 0xaa, 3, 0, 0, 0]) => {
                ether_type = read_u16(frame, at + 6, true);
                at += 8;
            }
            0x8847 | 0x8848 => return Err("mpls"),
            0x8863 | 0x8864 => return Err("pppoe"),
            _ => return Err("not_ip"),
        }
    }
    Err("malformed_packet")
}
