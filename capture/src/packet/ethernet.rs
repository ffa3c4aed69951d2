//! EtherTypes: tags, labels and encapsulations that Ethernet carries, down to IP.

use super::link::{ETHERNET, Layer, Step};
use super::part::Part;
use super::path::{Path, Tunnel};

/// An EtherType; below 0x600, the length of an LLC frame.
pub(super) type EtherType = u16;

/// Takes one header off the payload of an EtherType.
pub(super) fn strip<'a>(kind: EtherType, part: Part<'a>, path: &mut Path) -> Step<'a> {
    match kind {
        0x0800 | 0x86dd => Ok((Layer::Ip, part)),
        0x8100 | 0x88a8 | 0x9100 | 0x9200 | 0x9300 => {
            part.head(4)?;
            // VLAN 0 is a priority without a VLAN.
            match part.word(0) & 0x0fff {
                0 => {}
                vlan => path.through(Tunnel::Vlan, vlan.into()),
            }
            Ok((Layer::Ether(part.word(2)), part.after(4)?))
        }
        0..0x0600 => llc(part),
        0x8847 | 0x8848 => Ok((Layer::Mpls, part)),
        0x8864 => {
            part.head(6)?;
            path.through(Tunnel::Pppoe, part.word(2).into());
            Ok((Layer::Ppp, part.after(6)?))
        }
        0x880b => Ok((Layer::Ppp, part)),
        0x6558 => Ok((Layer::Link(ETHERNET), part)),
        0x894f => Ok((Layer::Nsh, part)),
        // Cisco's VN-Tag, and its metadata, before the EtherType.
        0x8926 => Ok((Layer::Ether(part.word(4)), part.after(6)?)),
        0x8909 => {
            let len = usize::from(part.byte(1)).max(1) * 4 + 2;
            Ok((Layer::Ether(part.word(len)), part.after(len + 2)?))
        }
        // A provider's backbone: the service identifier, then the customer's frame.
        0x88e7 => {
            part.head(4)?;
            path.tenant(Tunnel::Other, (part.long(0) & 0x00ff_ffff).into());
            Ok((Layer::Link(ETHERNET), part.after(4)?))
        }
        // MACsec that only signs leaves the EtherType readable.
        0x88e5 if part.byte(0) & 0x08 != 0 => Err("macsec"),
        0x88e5 => {
            let tag = if part.byte(0) & 0x20 != 0 { 14 } else { 6 };
            Ok((Layer::Ether(part.word(tag)), part.after(tag + 2)?))
        }
        _ => Err("not_ip"),
    }
}

/// LLC carries IP behind a SNAP header, rarely directly.
pub(super) fn llc(part: Part<'_>) -> Step<'_> {
    match part.bytes {
        [0xaa, 0xaa, 3, 0, 0, 0 | 0xf8, ..] => Ok((Layer::Ether(part.word(6)), part.after(8)?)),
        [6, 6, 3, ..] => Ok((Layer::Ip, part.after(3)?)),
        _ => Err("not_ip"),
    }
}

/// Takes one label off; behind the last one nothing says what follows, so it is told by its looks.
pub(super) fn mpls<'a>(part: Part<'a>, path: &mut Path) -> Step<'a> {
    let entry = part.head(4).map(|_| part.long(0))?;
    path.through(Tunnel::Mpls, (entry >> 12).into());
    let rest = part.after(4)?;
    if entry & 0x100 == 0 {
        return Ok((Layer::Mpls, rest));
    }
    if is_ip(rest) {
        return Ok((Layer::Ip, rest));
    }
    // A pseudowire's control word begins with four zero bits.
    let controlled = rest.after(4).ok().filter(|_| rest.byte(0) >> 4 == 0);
    match controlled {
        Some(inner) if is_ethernet(inner) => Ok((Layer::Link(ETHERNET), inner)),
        Some(inner) if is_ip(inner) && !is_ethernet(rest) => Ok((Layer::Ip, inner)),
        _ if is_ethernet(rest) => Ok((Layer::Link(ETHERNET), rest)),
        _ => Err("not_ip"),
    }
}

/// Takes a Network Service Header off.
pub(super) fn service<'a>(part: Part<'a>, path: &mut Path) -> Step<'a> {
    part.head(8)?;
    path.through(Tunnel::Other, part.long(4).into());
    let inner = part.after(usize::from(part.word(0) & 0x3f).max(2) * 4)?;
    match part.byte(3) {
        1 | 2 => Ok((Layer::Ip, inner)),
        3 => Ok((Layer::Link(ETHERNET), inner)),
        4 => Ok((Layer::Nsh, inner)),
        5 => Ok((Layer::Mpls, inner)),
        _ => Err("not_ip"),
    }
}

/// Whether a part looks like an IP header whose length fits.
pub(super) fn is_ip(part: Part<'_>) -> bool {
    match part.byte(0) >> 4 {
        4 => {
            let total = usize::from(part.word(2));
            part.bytes.len() >= 20 && part.byte(0) & 0x0f >= 5 && (total == 0 || (20..=part.wire_len).contains(&total))
        }
        6 => part.bytes.len() >= 40 && usize::from(part.word(4)) + 40 <= part.wire_len,
        _ => false,
    }
}

/// Whether a part looks like an Ethernet frame of a protocol that may lead to IP.
pub(super) fn is_ethernet(part: Part<'_>) -> bool {
    let payload = |at| part.after(at).is_ok_and(is_ip);
    match part.word(12) {
        0x0800 | 0x86dd => payload(14),
        0x8100 | 0x88a8 | 0x9100 | 0x8847 | 0x8848 | 0x8864 | 0x88e5 | 0x88e7 | 0x8909 | 0x8926 | 0x894f => {
            part.bytes.len() > 18
        }
        0..0x0600 => part.bytes.get(14..17) == Some(&[0xaa, 0xaa, 3]),
        0x0806 => part.bytes.len() >= 42,
        _ => false,
    }
}
