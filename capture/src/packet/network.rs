//! IPv4 and IPv6: from the IP header to the transport header.

use super::part::Part;
use super::pcap::{read_u16, read_u32};

/// IPv6 extension headers that are followed.
const EXTENSIONS: usize = 16;

/// The two addresses of a packet; IPv4 addresses are in the low 32 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Addresses {
    pub(crate) v6: bool,
    pub(crate) source: u128,
    pub(crate) destination: u128,
}

/// A transport header and what follows, whole or a fragment of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Datagram<'a> {
    pub(super) addresses: Addresses,
    /// IP protocol number.
    pub(super) protocol: u8,
    /// IPv4's identification, 0 where there is none.
    pub(super) number: u16,
    /// Captured bytes.
    pub(super) bytes: &'a [u8],
    /// Bytes on the wire; more than `bytes` when the snap length cut them.
    pub(super) wire_len: usize,
    /// Set when this is a part only.
    pub(super) fragment: Option<Fragment>,
}

impl<'a> Datagram<'a> {
    /// The datagram that fragments made whole. IPv6 may have further extension headers in it.
    pub(super) fn whole(addresses: Addresses, protocol: u8, number: u16, bytes: &'a [u8]) -> Self {
        let (protocol, at, fragment) = if addresses.v6 { extensions(bytes, protocol, 0) } else { (protocol, 0, None) };
        let bytes = bytes.get(at..).unwrap_or(&[]);
        Datagram { addresses, protocol, number, bytes, wire_len: bytes.len(), fragment }
    }

    /// What is behind the IP header.
    pub(super) fn part(&self) -> Part<'a> {
        Part::new(self.bytes, self.wire_len)
    }
}

/// Where a fragment belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fragment {
    pub(super) id: u32,
    pub(super) offset: u32,
    pub(super) more: bool,
}

/// Reads the IP header at the start of a part.
pub(super) fn parse(part: Part<'_>) -> Result<Datagram<'_>, &'static str> {
    match part.bytes.first().map(|b| b >> 4) {
        Some(4) => ipv4(part),
        Some(6) => ipv6(part),
        Some(_) => Err("not_ip"),
        None => Err(part.short()),
    }
}

fn ipv4(part: Part<'_>) -> Result<Datagram<'_>, &'static str> {
    let Part { bytes, wire_len } = part;
    let header = usize::from(bytes.first().unwrap_or(&0) & 0x0f) * 4;
    let (Some(&protocol), true) = (bytes.get(9), header >= 20 && bytes.len() >= header) else {
        return Err(if header < 20 { "malformed_packet" } else { part.short() });
    };
    // Segmentation offload leaves the length 0: then the frame's own length counts.
    let total = match usize::from(read_u16(bytes, 2, true)) {
        0 => wire_len,
        total => total,
    };
    let flags = read_u16(bytes, 6, true);
    let fragment = (flags & 0x3fff != 0).then(|| Fragment {
        id: u32::from(read_u16(bytes, 4, true)),
        offset: u32::from(flags & 0x1fff) * 8,
        more: flags & 0x2000 != 0,
    });
    let mut protocol = protocol;
    let mut at = header;
    // An authentication header leaves what follows readable.
    if protocol == 51 && fragment.is_none() && bytes.len() >= header + 2 {
        protocol = bytes.get(header).copied().unwrap_or(protocol);
        at += (usize::from(bytes.get(header + 1).copied().unwrap_or(0)) + 2) * 4;
    }
    if total < at || bytes.len() < at {
        return Err(if total < at { "malformed_packet" } else { part.short() });
    }
    Ok(Datagram {
        addresses: Addresses {
            v6: false,
            source: u128::from(read_u32(bytes, 12, true)),
            destination: u128::from(read_u32(bytes, 16, true)),
        },
        protocol,
        number: read_u16(bytes, 4, true),
        bytes: bytes.get(at..total.min(bytes.len())).unwrap_or(&[]),
        wire_len: total - at,
        fragment,
    })
}

fn ipv6(part: Part<'_>) -> Result<Datagram<'_>, &'static str> {
    let Part { bytes, wire_len } = part;
    let address =
        |at: usize| bytes.get(at..at + 16).and_then(|b| <[u8; 16]>::try_from(b).ok()).map(u128::from_be_bytes);
    let (Some(source), Some(destination)) = (address(8), address(24)) else { return Err(part.short()) };
    // Jumbograms and segmentation offload leave the length 0.
    let total = match usize::from(read_u16(bytes, 4, true)) {
        0 => wire_len,
        payload => 40 + payload,
    };
    let (protocol, at, fragment) = extensions(bytes, bytes.get(6).copied().unwrap_or(59), 40);
    if total < at || bytes.len() < at {
        return Err(if total < at { "malformed_packet" } else { part.short() });
    }
    Ok(Datagram {
        addresses: Addresses { v6: true, source, destination },
        protocol,
        number: 0,
        bytes: bytes.get(at..total.min(bytes.len())).unwrap_or(&[]),
        wire_len: total - at,
        fragment,
    })
}

/// Follows IPv6's extension headers from the one of type `next` at `at`: to the protocol behind them and where it begins,
/// or to a fragment. What is behind a fragment header is one piece, and read only once it is whole: its first part alone
/// holds the headers that all of it has.
fn extensions(bytes: &[u8], mut next: u8, mut at: usize) -> (u8, usize, Option<Fragment>) {
    let mut fragment = None;
    for _ in 0..EXTENSIONS {
        let following = bytes.get(at).copied().unwrap_or(59);
        let size = usize::from(bytes.get(at + 1).copied().unwrap_or(0));
        let len = match next {
            0 | 43 | 60 | 135 | 139 | 140 => (size + 1) * 8,
            51 => (size + 2) * 4,
            44 => {
                let place = read_u16(bytes, at + 2, true);
                // An atomic fragment (offset 0, none to follow) is whole.
                if place & 0xfff9 != 0 {
                    let id = read_u32(bytes, at + 4, true);
                    fragment = Some(Fragment { id, offset: u32::from(place & 0xfff8), more: place & 1 != 0 });
                }
                8
            }
            _ => break,
        };
        next = following;
        at += len;
        if fragment.is_some() {
            break;
        }
    }
    (next, at, fragment)
}
