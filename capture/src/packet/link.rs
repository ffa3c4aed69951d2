//! Link types of capture files: from a captured frame to the protocol that it carries.

use super::ethernet::EtherType;
use super::part::Part;
use super::pcap::{read_u16, read_u32};
use super::{ppp, wireless};

/// What a part of a packet is to be read as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layer {
    /// A frame of this `LINKTYPE_`.
    Link(u16),
    /// The payload of an EtherType.
    Ether(EtherType),
    /// A PPP frame, with or without address and control.
    Ppp,
    /// MPLS labels.
    Mpls,
    /// A Network Service Header.
    Nsh,
    /// An IP header of either version.
    Ip,
}

/// A part with what it is to be read as, or the reason why it is not read.
pub(super) type Step<'a> = Result<(Layer, Part<'a>), &'static str>;

pub(super) const ETHERNET: u16 = 1;

/// Takes the link layer's header off.
#[inline]
pub(super) fn strip(link: u16, frame: Part<'_>) -> Step<'_> {
    match link {
        ETHERNET => {
            frame.head(14)?;
            Ok((Layer::Ether(frame.word(12)), frame.after(14)?))
        }
        // NULL is in the byte order of the capturing host, LOOP in network order.
        0 | 108 => loopback(frame, 4),
        // OpenBSD's enc: the address family, then the security association.
        109 => loopback(frame, 12),
        12 | 14 | 101 | 228 | 229 => Ok((Layer::Ip, frame)),
        // Linux cooked: the protocol is the last field of 16 bytes, or the first of 20.
        113 => Ok((Layer::Ether(frame.word(14)), frame.after(16)?)),
        276 => Ok((Layer::Ether(frame.word(0)), frame.after(20)?)),
        9 | 50 => ppp::serial(frame),
        // pppd writes the direction where the address was; another type writes it before.
        166 | 204 => Ok((Layer::Ppp, frame.after(if frame.byte(1) == 3 && link == 166 { 2 } else { 1 })?)),
        51 => Ok((Layer::Ether(0x8864), frame)),
        104 => Ok((Layer::Ether(frame.word(2)), frame.after(4)?)),
        107 => frame_relay(frame),
        206 => frame_relay(frame.after(1)?),
        7 => arcnet(frame, 2),
        129 => arcnet(frame, 4),
        105 | 119 | 127 | 163 => wireless::strip(link, frame),
        117 => packet_filter(frame),
        // Apple's and the per-packet header say how long they are and what follows.
        149 | 258 => nested(frame, read_u32(frame.bytes, 0, false), read_u32(frame.bytes, 8, false)),
        192 => nested(frame, read_u16(frame.bytes, 2, false).into(), read_u32(frame.bytes, 4, false)),
        239 => nflog(frame),
        // A frame with its preamble.
        274 if frame.byte(7) == 0xd5 => Ok((Layer::Link(ETHERNET), frame.after(8)?)),
        _ => Err("link_type"),
    }
}

/// A link-type number within a header: as in files, but for two that libpcap's calls number otherwise.
fn nested(frame: Part<'_>, len: u32, link: u32) -> Step<'_> {
    let link = match link {
        11 => 100,
        12 => 101,
        other => u16::try_from(other).map_err(|_| "link_type")?,
    };
    let len = len.max(8) as usize;
    Ok((Layer::Link(link), frame.after(len)?))
}

fn loopback(frame: Part<'_>, header: usize) -> Step<'_> {
    frame.head(4)?;
    // Address families: 2 is IPv4 everywhere; IPv6 is 10, 24, 28 or 30 by operating system.
    match (read_u32(frame.bytes, 0, true), read_u32(frame.bytes, 0, false)) {
        (2 | 10 | 24 | 28 | 30, _) | (_, 2 | 10 | 24 | 28 | 30) => Ok((Layer::Ip, frame.after(header)?)),
        _ => Err("not_ip"),
    }
}

/// RFC 2427, or Cisco's own, which puts an EtherType behind the address.
fn frame_relay(frame: Part<'_>) -> Step<'_> {
    let address = (1..4).find(|&at| frame.byte(at) & 1 != 0).ok_or("malformed_packet")? + 1;
    let rest = frame.after(address)?;
    if rest.byte(0) != 3 {
        return Ok((Layer::Ether(rest.word(0)), rest.after(2)?));
    }
    let pad = usize::from(rest.byte(1) == 0);
    match rest.byte(1 + pad) {
        0xcc | 0x8e => Ok((Layer::Ip, rest.after(2 + pad)?)),
        0x80 => {
            let protocol = rest.word(5 + pad);
            let inner = rest.after(7 + pad)?;
            match (rest.bytes.get(2 + pad..5 + pad), protocol) {
                (Some([0, 0, 0]), _) => Ok((Layer::Ether(protocol), inner)),
                (Some([0, 0x80, 0xc2]), 1 | 7) => Ok((Layer::Link(ETHERNET), inner)),
                _ => Err("not_ip"),
            }
        }
        _ => Err("not_ip"),
    }
}

/// ARCNET by RFC 1051 or RFC 1201; Linux writes two bytes more before the protocol.
fn arcnet(frame: Part<'_>, at: usize) -> Step<'_> {
    match (frame.byte(at), frame.byte(at + 1)) {
        (0xf0, _) => Ok((Layer::Ip, frame.after(at + 1)?)),
        (0xd4 | 0xc4, 0) => Ok((Layer::Ip, frame.after(at + 4)?)),
        // A number marks the pieces of a packet that was too long for a frame.
        (0xd4 | 0xc4, _) => Err("arcnet_fragment"),
        _ => Err("not_ip"),
    }
}

/// What BSD's packet filter logged: its header says its length, without padding.
fn packet_filter(frame: Part<'_>) -> Step<'_> {
    Ok((Layer::Ip, frame.after(usize::from(frame.byte(0)).next_multiple_of(4).max(4))?))
}

/// Attributes in the byte order of the capturing host; one of them is the packet.
fn nflog(frame: Part<'_>) -> Step<'_> {
    let mut rest = frame.after(4)?;
    while rest.wire_len >= 4 {
        rest.head(4)?;
        let [len, kind] = [0, 2].map(|at| {
            let little = read_u16(rest.bytes, at, false);
            // Lengths and types are small: in the other order they are not.
            if kind_known(read_u16(rest.bytes, 2, false)) { little } else { little.swap_bytes() }
        });
        let len = usize::from(len).max(4);
        if kind == 9 {
            let inner = rest.after(4)?;
            let wire_len = inner.wire_len.min(len - 4);
            return Ok((Layer::Ip, Part { bytes: inner.bytes.get(..wire_len).unwrap_or(inner.bytes), wire_len }));
        }
        rest = rest.after(len.next_multiple_of(4))?;
    }
    Err("not_ip")
}

/// Whether a number is that of an attribute of NFLOG.
fn kind_known(kind: u16) -> bool {
    kind < 0x100
}
