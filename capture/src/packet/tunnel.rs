//! Tunnels over IP: what a datagram carries when it is not TCP.

use std::collections::BTreeMap;

use super::ethernet::{is_ethernet, is_ip};
use super::link::{ETHERNET, Layer, Step};
use super::network::Datagram;
use super::part::Part;
use super::path::{Path, Tunnel};
use crate::tcp::Ends;
use crate::tunnel_port::UdpTunnel;

/// 802.11 without any header before it.
const WIRELESS: Layer = Layer::Link(105);
const FRAME: Layer = Layer::Link(ETHERNET);
/// Bytes of UDP's header.
const UDP_HEADER: usize = 8;
/// Why datagrams of QUIC are not read.
pub(super) const QUIC: &str = "quic";

/// Tunnels by port, besides those at their own.
pub(super) type Ports = BTreeMap<u16, UdpTunnel>;

/// The ends of a datagram of UDP, and which of them sent it.
pub(super) fn ends(datagram: &Datagram<'_>) -> (Ends, usize) {
    let (part, addresses) = (datagram.part(), datagram.addresses);
    Ends::of(addresses.v6, (addresses.source, part.word(0)), (addresses.destination, part.word(2)))
}

/// What a datagram of UDP carries.
pub(super) fn payload<'a>(datagram: &Datagram<'a>) -> &'a [u8] {
    datagram.bytes.get(UDP_HEADER..).unwrap_or(&[])
}

/// The packet inside a datagram, or the reason why nothing in it is read.
pub(super) fn inside<'a>(datagram: &Datagram<'a>, path: &mut Path, ports: &Ports) -> Step<'a> {
    let part = datagram.part();
    let mut inner = *path;
    let ends = datagram.addresses.source ^ datagram.addresses.destination;
    let ends = (ends >> 64) as u64 ^ ends as u64;
    let step = match datagram.protocol {
        4 | 41 | 94 => {
            inner.through(Tunnel::IpInIp, ends);
            Ok((Layer::Ip, part))
        }
        47 => gre(part, ends, &mut inner),
        // EtherIP.
        97 => {
            inner.through(Tunnel::Other, ends);
            Ok((FRAME, part.after(2)?))
        }
        137 => Ok((Layer::Mpls, part)),
        115 => l2tp3(part, ends, &mut inner),
        17 => udp(part, ends, &mut inner, ports),
        1 | 58 => Err("icmp"),
        132 => Err("sctp"),
        _ => Err("ip_protocol"),
    };
    if step.is_ok() {
        *path = inner;
    }
    step
}

fn gre<'a>(part: Part<'a>, ends: u64, path: &mut Path) -> Step<'a> {
    part.head(4)?;
    let (flags, protocol) = (part.word(0), part.word(2));
    let has = |bit: u16| usize::from(flags & bit != 0);
    let at_key = 4 + 4 * (has(0x8000) | has(0x4000));
    // PPTP's: the key is a length and a number that differs by direction, and an acknowledgement may follow.
    if flags & 7 == 1 {
        let header = 8 + 4 * has(0x1000) + 4 * has(0x0080);
        path.through(Tunnel::Gre, ends);
        path.through(Tunnel::Gre, part.word(6).into());
        return if part.wire_len > header { Ok((Layer::Ppp, part.after(header)?)) } else { Err("not_ip") };
    }
    let mut header = at_key + 4 * has(0x2000) + 4 * has(0x1000);
    // Source routes, until one of length 0.
    while has(0x4000) != 0 && header < part.bytes.len() {
        let len = usize::from(part.byte(header + 3));
        header += 4 + len;
        if len == 0 {
            break;
        }
    }
    let inner = part.after(header)?;
    match (flags & 0x2000 != 0).then(|| part.long(at_key)) {
        None => path.through(Tunnel::Gre, ends),
        Some(key) => path.tenant(Tunnel::Gre, key.into()),
    }
    match protocol {
        0x88be => erspan(inner, flags & 0x1000 != 0, path),
        0x22eb => erspan(inner, true, path),
        // Cisco's redirection puts a header of its own before the packet, in its second version.
        0x883e if part.byte(header) >> 4 == 4 => Ok((Layer::Ip, inner)),
        0x883e => Ok((Layer::Ip, inner.after(4)?)),
        // Access points by Aruba, one number for each of their ports.
        0x8200..0x8400 | 0x9000 => Ok((WIRELESS, inner)),
        0 => Err("not_ip"),
        protocol => Ok((Layer::Ether(protocol), inner)),
    }
}

/// Mirrored frames: type I has no header, II and III tell themselves apart by their version.
fn erspan<'a>(part: Part<'a>, headed: bool, path: &mut Path) -> Step<'a> {
    let version = part.byte(0) >> 4;
    if !headed {
        path.through(Tunnel::Erspan, 0);
        return Ok((FRAME, part));
    }
    path.through(Tunnel::Erspan, (part.word(2) & 0x03ff).into());
    match version {
        2 => {
            part.head(12)?;
            let platform = 8 * usize::from(part.byte(11) & 1);
            let inner = part.after(12 + platform)?;
            Ok((if part.word(10) >> 10 & 0x1f == 2 { Layer::Ip } else { FRAME }, inner))
        }
        _ => Ok((FRAME, part.after(8)?)),
    }
}

fn udp<'a>(part: Part<'a>, ends: u64, path: &mut Path, told: &Ports) -> Step<'a> {
    part.head(8)?;
    let ports = [part.word(0), part.word(2)];
    let body = part.after(8)?;
    // Most tunnels send to their port, but these two from it as well.
    let either = || told.get(&ports[0]).filter(|kind| matches!(kind, UdpTunnel::L2tp | UdpTunnel::Teredo));
    if let Some(kind) = told.get(&ports[1]).or_else(either) {
        return match kind {
            UdpTunnel::Vxlan => vxlan(body, path),
            UdpTunnel::Geneve => geneve(body, path),
            UdpTunnel::Gtp => gtp(body, path),
            UdpTunnel::Mpls => Ok((Layer::Mpls, body)),
            UdpTunnel::L2tp => l2tp2(body, ends, path),
            UdpTunnel::Teredo => teredo(body, path),
        };
    }
    match ports[1] {
        4789 | 4790 | 8472 => return vxlan(body, path),
        6081 => return geneve(body, path),
        2152 => return gtp(body, path),
        6635 => return Ok((Layer::Mpls, body)),
        37008 if body.byte(0) == 1 => return sniffed(body, path),
        _ => {}
    }
    if ports.contains(&1701) {
        return l2tp2(body, ends, path);
    }
    if ports.contains(&3544) {
        return teredo(body, path);
    }
    // No looks prove a tunnel: whoever may send a datagram to any port would write what anybody says.
    if carries_teredo(body) || looks_like_vxlan(body) || looks_like_gtp(body) {
        return Err("tunnel_at_other_port");
    }
    Err(if is_quic(body, ports) { QUIC } else { "udp" })
}

fn vxlan<'a>(part: Part<'a>, path: &mut Path) -> Step<'a> {
    part.head(8)?;
    let flags = part.byte(0);
    if flags & 0x08 != 0 {
        path.tenant(Tunnel::Vxlan, (part.long(4) >> 8).into());
    } else {
        path.through(Tunnel::Vxlan, 0);
    }
    let inner = part.after(8)?;
    // The generic extension says what follows.
    match (flags & 0x04 != 0).then(|| part.byte(3)) {
        None | Some(3) => Ok((FRAME, inner)),
        Some(1 | 2) => Ok((Layer::Ip, inner)),
        Some(4) => Ok((Layer::Nsh, inner)),
        Some(5) => Ok((Layer::Mpls, inner)),
        Some(_) => Err("vxlan"),
    }
}

fn looks_like_vxlan(part: Part<'_>) -> bool {
    matches!(part.bytes, [8, 0, 0, 0, _, _, _, 0, ..]) && part.after(8).is_ok_and(is_ethernet)
}

fn geneve<'a>(part: Part<'a>, path: &mut Path) -> Step<'a> {
    part.head(8)?;
    if part.byte(0) >> 6 != 0 {
        return Err("geneve");
    }
    path.tenant(Tunnel::Geneve, (part.long(4) >> 8).into());
    let inner = part.after(8 + 4 * usize::from(part.byte(0) & 0x3f))?;
    Ok((Layer::Ether(part.word(2)), inner))
}

/// User data of mobile networks; the tunnel's number differs by direction.
fn gtp<'a>(part: Part<'a>, path: &mut Path) -> Step<'a> {
    part.head(8)?;
    let flags = part.byte(0);
    if flags >> 5 != 1 || part.byte(1) != 0xff {
        return Err("gtp");
    }
    path.through(Tunnel::Gtp, part.long(4).into());
    let mut header = 8;
    if flags & 7 != 0 {
        let mut next = part.head(12).map(|_| part.byte(11))?;
        header = 12;
        while flags & 4 != 0 && next != 0 {
            let len = 4 * usize::from(part.byte(header)).max(1);
            next = part.head(header + len).map(|_| part.byte(header + len - 1))?;
            header += len;
        }
    }
    let inner = part.after(header)?;
    Ok((if !is_ip(inner) && is_ethernet(inner) { FRAME } else { Layer::Ip }, inner))
}

fn looks_like_gtp(part: Part<'_>) -> bool {
    let flags = part.byte(0);
    let exact = usize::from(part.word(2)) + 8 == part.wire_len;
    let header = if flags & 7 == 0 { 8 } else { 12 };
    // With extension headers nothing is sure at once.
    flags & 0xf0 == 0x30 && part.byte(1) == 0xff && exact && (flags & 4 != 0 || part.after(header).is_ok_and(is_ip))
}

/// IPv6 behind address translation, perhaps behind an authentication and where the packet came from.
fn teredo<'a>(part: Part<'a>, path: &mut Path) -> Step<'a> {
    let mut rest = part;
    if rest.bytes.starts_with(&[0, 1]) {
        rest = rest.after(13 + usize::from(rest.byte(2)) + usize::from(rest.byte(3)))?;
    }
    if rest.bytes.starts_with(&[0, 0]) {
        rest = rest.after(8)?;
    }
    if rest.byte(0) >> 4 != 6 {
        return Err("teredo");
    }
    path.through(Tunnel::Teredo, 0);
    Ok((Layer::Ip, rest))
}

/// Whether a payload is exactly an IPv6 packet between addresses of which one is Teredo's.
fn carries_teredo(part: Part<'_>) -> bool {
    is_ip(part)
        && part.byte(0) >> 4 == 6
        && usize::from(part.word(4)) + 40 == part.wire_len
        && (part.long(8) == 0x2001_0000 || part.long(24) == 0x2001_0000)
}

fn l2tp2<'a>(part: Part<'a>, ends: u64, path: &mut Path) -> Step<'a> {
    part.head(6)?;
    let flags = part.word(0);
    let has = |bit: u16| usize::from(flags & bit != 0);
    if flags & 0x8000 != 0 {
        return Err("l2tp");
    }
    if flags & 0x000f == 3 {
        return l2tp3(part.after(4)?, ends, path);
    }
    // Tunnel and session have another number in each direction.
    path.through(Tunnel::L2tp, ends);
    path.through(Tunnel::L2tp, part.long(2 + 2 * has(0x4000)).into());
    let mut header = 6 + 2 * has(0x4000) + 4 * has(0x0800);
    if has(0x0200) != 0 {
        header += 2 + usize::from(part.word(header));
    }
    Ok((Layer::Ppp, part.after(header)?))
}

/// Frames behind a session's number; only its ends know how long the cookie is that follows, so it is told by the looks
/// of what is behind.
fn l2tp3<'a>(part: Part<'a>, ends: u64, path: &mut Path) -> Step<'a> {
    part.head(4)?;
    if part.long(0) == 0 {
        return Err("l2tp");
    }
    path.through(Tunnel::L2tp, ends);
    path.through(Tunnel::L2tp, part.long(0).into());
    for header in [4, 8, 12, 16] {
        let inner = part.after(header)?;
        if is_ethernet(inner) {
            return Ok((FRAME, inner));
        }
        if is_ip(inner) {
            return Ok((Layer::Ip, inner));
        }
    }
    Err("l2tp")
}

/// What a MikroTik router's sniffer streams: tags until the last one, then the frame.
fn sniffed<'a>(part: Part<'a>, path: &mut Path) -> Step<'a> {
    let mut at = 4;
    while part.byte(at) != 1 {
        part.head(at + 2)?;
        at += if part.byte(at) == 0 { 1 } else { 2 + usize::from(part.byte(at + 1)) };
    }
    path.through(Tunnel::Other, 0);
    let inner = part.after(at + 1)?;
    match part.word(2) {
        1 => Ok((FRAME, inner)),
        18 => Ok((WIRELESS, inner)),
        _ => Err("not_ip"),
    }
}

/// A long header names its version; a short one is recognisable only by the port that HTTP/3 uses.
fn is_quic(part: Part<'_>, ports: [u16; 2]) -> bool {
    let (first, version) = (part.byte(0), part.long(1));
    let known = matches!(version, 0 | 1 | 0x6b33_43cf) || matches!(version >> 24, 0x51 | 0x54 | 0xfa | 0xff);
    let long = first & 0x80 != 0 && part.bytes.len() >= 7 && known && first & 0x40 != 0;
    let short = first & 0xc0 == 0x40 && !part.bytes.is_empty() && ports.contains(&443);
    long || short
}
