//! PPP: over serial lines, PPPoE, PPTP and L2TP.

use super::link::{Layer, Step};
use super::part::Part;

/// A frame of a serial line, which may as well be Cisco's HDLC.
pub(super) fn serial(frame: Part<'_>) -> Step<'_> {
    match frame.bytes {
        [0x0f | 0x8f, 0, ..] => Ok((Layer::Ether(frame.word(2)), frame.after(4)?)),
        _ => Ok((Layer::Ppp, frame)),
    }
}

/// Takes address, control and protocol off; the first two may be left out, and the last be one byte.
pub(super) fn strip(part: Part<'_>) -> Step<'_> {
    let rest = if part.bytes.starts_with(&[0xff, 3]) { part.after(2)? } else { part };
    rest.head(1)?;
    let (protocol, inner) = match rest.byte(0) {
        short if short & 1 != 0 => (u16::from(short), rest.after(1)?),
        _ => (rest.word(0), rest.after(2)?),
    };
    match protocol {
        0x0021 | 0x0057 => Ok((Layer::Ip, inner)),
        0x0281 | 0x0283 => Ok((Layer::Mpls, inner)),
        0x002d | 0x002f | 0x003d | 0x0053 | 0x00fb | 0x00fd => Err("ppp_compressed"),
        _ => Err("not_ip"),
    }
}
