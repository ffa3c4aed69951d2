//! Everything that may be around a packet, written by its specification and not by the reader's code.

use super::Side;

/// What a piece of a packet is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Ip,
    Frame,
}

/// A way to wrap one kind of piece into another.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wrap {
    pub(crate) name: &'static str,
    pub(crate) takes: Kind,
    pub(crate) gives: Kind,
    pub(crate) wrap: fn(&[u8], Side, u32) -> Vec<u8>,
}

fn be16(value: usize) -> [u8; 2] {
    (value as u16).to_be_bytes()
}

/// A frame with this EtherType.
pub(crate) fn frame(kind: u16, payload: &[u8], side: Side) -> Vec<u8> {
    let (one, two) = ([2, 0, 0, 0, 0, 1], [2, 0, 0, 0, 0, 2]);
    let (to, from) = if side == Side::Client { (two, one) } else { (one, two) };
    [&to[..], &from, &kind.to_be_bytes(), payload].concat()
}

fn ether_type(ip: &[u8]) -> u16 {
    if ip[0] >> 4 == 6 { 0x86dd } else { 0x0800 }
}

pub(crate) fn plain(ip: &[u8], side: Side) -> Vec<u8> {
    frame(ether_type(ip), ip, side)
}

/// IPv4 between the ends of a tunnel.
pub(crate) fn ipv4(protocol: u8, payload: &[u8], side: Side) -> Vec<u8> {
    let mut header = vec![0x45, 0];
    header.extend(be16(20 + payload.len()));
    header.extend([0x12, 0x34, 0, 0, 64, protocol, 0, 0]);
    let (one, two) = ([172, 16, 0, 1], [172, 16, 0, 2]);
    header.extend(if side == Side::Client { [one, two] } else { [two, one] }.concat());
    [header, payload.to_vec()].concat()
}

/// IPv6 between the ends of a tunnel, with options for every hop before the payload.
pub(crate) fn ipv6(protocol: u8, payload: &[u8], side: Side) -> Vec<u8> {
    let mut header = vec![0x60, 0, 0, 0];
    header.extend(be16(8 + payload.len()));
    header.extend([0, 64]);
    let end = |last| [&[0x20, 1, 0x0d, 0xb8][..], &[0; 11], &[last]].concat();
    let ends = if side == Side::Client { [end(1), end(2)] } else { [end(2), end(1)] };
    header.extend(ends.concat());
    header.extend([protocol, 0, 1, 4, 0, 0, 0, 0]);
    [header, payload.to_vec()].concat()
}

pub(crate) fn udp(port: u16, payload: &[u8], side: Side) -> Vec<u8> {
    let head = [&be16(50_000)[..], &port.to_be_bytes(), &be16(8 + payload.len()), &[0, 0]].concat();
    ipv4(17, &[head, payload.to_vec()].concat(), side)
}

fn gre(flags: u16, protocol: u16, fields: &[u8], payload: &[u8], side: Side) -> Vec<u8> {
    ipv4(47, &[&flags.to_be_bytes()[..], &protocol.to_be_bytes(), fields, payload].concat(), side)
}

pub(crate) fn vxlan(vni: u32, inner: &[u8], side: Side) -> Vec<u8> {
    udp(4789, &[&[8, 0, 0, 0][..], &(vni << 8).to_be_bytes(), inner].concat(), side)
}

fn teredo(port: u16, inner: &[u8], side: Side) -> Vec<u8> {
    let end = |low: u8| [&[0x20, 1, 0, 0][..], &[0; 11], &[low]].concat();
    let (source, destination) = if side == Side::Client { (end(1), end(2)) } else { (end(2), end(1)) };
    let next = if inner[0] >> 4 == 6 { 41 } else { 4 };
    udp(port, &[&[0x60, 0, 0, 0][..], &be16(inner.len()), &[next, 64], &source, &destination, inner].concat(), side)
}

fn label(id: u32, last: bool) -> [u8; 4] {
    ((16 + id) << 12 | u32::from(last) << 8 | 64).to_be_bytes()
}

fn ppp(ip: &[u8]) -> Vec<u8> {
    [&[0, if ip[0] >> 4 == 6 { 0x57 } else { 0x21 }][..], ip].concat()
}

/// Identifiers of one direction, for tunnels that have another in each.
fn one_way(id: u32, side: Side) -> [u8; 4] {
    (id * 2 + u32::from(side == Side::Client)).to_be_bytes()
}

const IP: Kind = Kind::Ip;
const FRAME: Kind = Kind::Frame;

/// Every tunnel, tag and label; the last argument is its identifier.
pub(crate) const WRAPS: [Wrap; 40] = [
    Wrap { name: "ethernet", takes: IP, gives: FRAME, wrap: |p, s, _| plain(p, s) },
    Wrap {
        name: "snap",
        takes: IP,
        gives: FRAME,
        wrap: |p, s, _| {
            let llc = [&[0xaa, 0xaa, 3, 0, 0, 0][..], &ether_type(p).to_be_bytes(), p].concat();
            frame(llc.len().min(1500) as u16, &llc, s)
        },
    },
    Wrap {
        name: "vlan",
        takes: FRAME,
        gives: FRAME,
        wrap: |f, _, id| [&f[..12], &[0x81, 0], &be16(1 + id as usize % 4000), &f[12..]].concat(),
    },
    Wrap {
        name: "provider vlan",
        takes: FRAME,
        gives: FRAME,
        wrap: |f, _, id| [&f[..12], &[0x88, 0xa8], &be16(1 + id as usize % 4000), &f[12..]].concat(),
    },
    Wrap {
        name: "priority tag",
        takes: FRAME,
        gives: FRAME,
        wrap: |f, _, _| [&f[..12], &[0x81, 0, 0xe0, 0], &f[12..]].concat(),
    },
    Wrap {
        name: "vn-tag",
        takes: FRAME,
        gives: FRAME,
        wrap: |f, _, _| [&f[..12], &[0x89, 0x26, 0, 1, 0, 2], &f[12..]].concat(),
    },
    Wrap {
        name: "macsec in clear",
        takes: FRAME,
        gives: FRAME,
        wrap: |f, _, _| [&f[..12], &[0x88, 0xe5, 0x20, 0, 0, 0, 0, 1], &[7; 8], &f[12..], &[0; 16]].concat(),
    },
    Wrap {
        name: "backbone",
        takes: FRAME,
        gives: FRAME,
        wrap: |f, s, id| frame(0x88e7, &[&id.to_be_bytes(), f].concat(), s),
    },
    Wrap {
        name: "mpls",
        takes: IP,
        gives: FRAME,
        wrap: |p, s, id| frame(0x8847, &[&label(9, false)[..], &label(id, true), p].concat(), s),
    },
    Wrap {
        name: "mpls one way",
        takes: IP,
        gives: FRAME,
        wrap: |p, s, id| {
            let label = label(u32::from_be_bytes(one_way(id, s)), true);
            frame(0x8847, &[&label[..], p].concat(), s)
        },
    },
    Wrap {
        name: "pseudowire",
        takes: FRAME,
        gives: FRAME,
        wrap: |f, s, id| frame(0x8847, &[&label(id, true)[..], f].concat(), s),
    },
    Wrap {
        name: "pseudowire with control word",
        takes: FRAME,
        gives: FRAME,
        wrap: |f, s, id| frame(0x8847, &[&label(id, true)[..], &[0, 0, 0, 9], f].concat(), s),
    },
    Wrap {
        name: "pppoe",
        takes: IP,
        gives: FRAME,
        wrap: |p, s, id| {
            let ppp = ppp(p);
            frame(0x8864, &[&[0x11, 0][..], &be16(id as usize & 0xffff), &be16(ppp.len()), &ppp].concat(), s)
        },
    },
    Wrap { name: "ip in ip", takes: IP, gives: IP, wrap: |p, s, _| ipv4(if p[0] >> 4 == 6 { 41 } else { 4 }, p, s) },
    Wrap { name: "ip in ipv6", takes: IP, gives: IP, wrap: |p, s, _| ipv6(if p[0] >> 4 == 6 { 41 } else { 4 }, p, s) },
    Wrap { name: "gre", takes: IP, gives: IP, wrap: |p, s, _| gre(0, ether_type(p), &[], p, s) },
    Wrap {
        name: "gre with all fields",
        takes: IP,
        gives: IP,
        wrap: |p, s, id| gre(0xb000, ether_type(p), &[&[0; 4][..], &id.to_be_bytes(), &[0, 0, 0, 5]].concat(), p, s),
    },
    Wrap {
        name: "gre with routes",
        takes: IP,
        gives: IP,
        wrap: |p, s, _| gre(0x4000, ether_type(p), &[0, 0, 0, 0, 0, 2, 0, 4, 1, 2, 3, 4, 0, 0, 0, 0], p, s),
    },
    Wrap { name: "gre bridge", takes: FRAME, gives: IP, wrap: |f, s, _| gre(0, 0x6558, &[], f, s) },
    Wrap {
        name: "nvgre",
        takes: FRAME,
        gives: IP,
        wrap: |f, s, id| gre(0x2000, 0x6558, &(id << 8 | u32::from(s == Side::Client)).to_be_bytes(), f, s),
    },
    Wrap { name: "gre mpls", takes: IP, gives: IP, wrap: |p, s, id| gre(0, 0x8847, &label(id, true), p, s) },
    Wrap {
        name: "pptp",
        takes: IP,
        gives: IP,
        wrap: |p, s, id| {
            let ppp = [&[0xff, 3][..], &ppp(p)].concat();
            let fields = [&be16(ppp.len())[..], &one_way(id, s)[2..], &[0, 0, 0, 1, 0, 0, 0, 2]].concat();
            gre(0x3081, 0x880b, &fields, &ppp, s)
        },
    },
    Wrap { name: "wccp", takes: IP, gives: IP, wrap: |p, s, _| gre(0, 0x883e, &[0, 0, 0, 0], p, s) },
    Wrap { name: "erspan i", takes: FRAME, gives: IP, wrap: |f, s, _| gre(0, 0x88be, &[], f, s) },
    Wrap {
        name: "erspan ii",
        takes: FRAME,
        gives: IP,
        wrap: |f, s, id| {
            gre(0x1000, 0x88be, &[&[0, 0, 0, 1, 0x10, 7][..], &be16(id as usize & 0x3ff), &[0; 4]].concat(), f, s)
        },
    },
    Wrap {
        name: "erspan iii",
        takes: FRAME,
        gives: IP,
        wrap: |f, s, id| {
            gre(
                0x1000,
                0x22eb,
                &[&[0, 0, 0, 1, 0x20, 7][..], &be16(id as usize & 0x3ff), &[1, 2, 3, 4, 0, 0, 0, 0]].concat(),
                f,
                s,
            )
        },
    },
    Wrap {
        name: "erspan iii of a platform",
        takes: FRAME,
        gives: IP,
        wrap: |f, s, id| {
            gre(
                0x1000,
                0x22eb,
                &[&[0, 0, 0, 1, 0x20, 7][..], &be16(id as usize & 0x3ff), &[1, 2, 3, 4, 0, 0, 0, 1], &[9; 8]].concat(),
                f,
                s,
            )
        },
    },
    Wrap { name: "vxlan", takes: FRAME, gives: IP, wrap: |f, s, id| vxlan(id, f, s) },
    Wrap {
        name: "vxlan-gpe",
        takes: IP,
        gives: IP,
        wrap: |p, s, id| {
            udp(4790, &[&[0x0c, 0, 0, if p[0] >> 4 == 6 { 2 } else { 1 }][..], &(id << 8).to_be_bytes(), p].concat(), s)
        },
    },
    Wrap {
        name: "nsh in vxlan-gpe",
        takes: IP,
        gives: IP,
        wrap: |p, s, id| {
            let nsh = [&[0x0f, 0xc6, 1, if p[0] >> 4 == 6 { 2 } else { 1 }, 0, 0, 1, 255][..], &[0; 16], p].concat();
            udp(4790, &[&[0x0c, 0, 0, 4][..], &(id << 8).to_be_bytes(), &nsh].concat(), s)
        },
    },
    Wrap {
        name: "geneve",
        takes: FRAME,
        gives: IP,
        wrap: |f, s, id| udp(6081, &[&[0, 0, 0x65, 0x58][..], &(id << 8).to_be_bytes(), f].concat(), s),
    },
    Wrap {
        name: "geneve with options",
        takes: IP,
        gives: IP,
        wrap: |p, s, id| {
            udp(
                6081,
                &[
                    &[4, 0][..],
                    &ether_type(p).to_be_bytes(),
                    &(id << 8).to_be_bytes(),
                    &[1, 2, 3, 1, 0, 0, 0, 0, 1, 2, 4, 1, 9, 9, 9, 9],
                    p,
                ]
                .concat(),
                s,
            )
        },
    },
    Wrap {
        name: "gtp",
        takes: IP,
        gives: IP,
        wrap: |p, s, id| udp(2152, &[&[0x30, 0xff][..], &be16(p.len()), &one_way(id, s), p].concat(), s),
    },
    Wrap {
        name: "gtp with extensions",
        takes: IP,
        gives: IP,
        wrap: |p, s, id| {
            udp(
                2152,
                &[
                    &[0x36, 0xff][..],
                    &be16(12 + p.len()),
                    &one_way(id, s),
                    &[0, 1, 0, 0x85, 1, 0, 9, 0xc0, 1, 0, 0, 0],
                    p,
                ]
                .concat(),
                s,
            )
        },
    },
    Wrap { name: "teredo", takes: IP, gives: IP, wrap: |p, s, _| teredo(3544, p, s) },
    Wrap {
        name: "l2tp",
        takes: IP,
        gives: IP,
        wrap: |p, s, id| {
            let ppp = [&[0xff, 3][..], &ppp(p)].concat();
            udp(
                1701,
                &[&[0x48, 2][..], &be16(12 + ppp.len()), &one_way(id, s)[2..], &[0, 7, 0, 1, 0, 0], &ppp].concat(),
                s,
            )
        },
    },
    Wrap {
        name: "l2tp v3",
        takes: FRAME,
        gives: IP,
        wrap: |f, s, id| ipv4(115, &[&(id + 1).to_be_bytes()[..], &[5; 4], f].concat(), s),
    },
    Wrap { name: "ether ip", takes: FRAME, gives: IP, wrap: |f, s, _| ipv4(97, &[&[0x30, 0][..], f].concat(), s) },
    Wrap {
        name: "mpls in udp",
        takes: IP,
        gives: IP,
        wrap: |p, s, id| udp(6635, &[&label(id, true)[..], p].concat(), s),
    },
    Wrap {
        name: "sniffer stream",
        takes: FRAME,
        gives: IP,
        wrap: |f, s, _| udp(37_008, &[&[1, 0, 0, 1, 0, 10, 1, 7, 1][..], f].concat(), s),
    },
];

/// What looks like a tunnel at a port that is none of a tunnel's.
pub(crate) const ELSEWHERE: [Wrap; 3] = [
    Wrap {
        name: "vxlan elsewhere",
        takes: FRAME,
        gives: IP,
        wrap: |f, s, id| udp(53, &[&[8, 0, 0, 0][..], &(id << 8).to_be_bytes(), f].concat(), s),
    },
    Wrap {
        name: "gtp elsewhere",
        takes: IP,
        gives: IP,
        wrap: |p, s, id| {
            udp(2153, &[&[0x32, 0xff][..], &be16(4 + p.len()), &one_way(id, s), &[0, 1, 0, 0], p].concat(), s)
        },
    },
    Wrap { name: "teredo elsewhere", takes: IP, gives: IP, wrap: |p, s, _| teredo(40_000, p, s) },
];
