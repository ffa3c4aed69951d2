//! 802.11: data frames that are not encrypted, with or without a header of the receiver.

use super::ethernet;
use super::link::Step;
use super::part::Part;
use super::pcap::{read_u16, read_u32};

/// Takes the receiver's header and the frame's own off.
pub(super) fn strip(link: u16, frame: Part<'_>) -> Step<'_> {
    let (header, padded) = match link {
        127 => (usize::from(read_u16(frame.bytes, 2, false)).max(8), radiotap_pads(frame)),
        163 => (frame.long(4) as usize, false),
        119 if frame.long(0) & 0xffff_f000 == 0x8021_1000 => (frame.long(4) as usize, false),
        119 => (prism(frame), false),
        _ => (0, false),
    };
    data(frame.after(header)?, padded)
}

fn prism(frame: Part<'_>) -> usize {
    let little = read_u32(frame.bytes, 4, false);
    little.min(little.swap_bytes()) as usize
}

/// Whether radiotap's flags say that the frame's header is padded to four bytes.
fn radiotap_pads(frame: Part<'_>) -> bool {
    let present = read_u32(frame.bytes, 4, false);
    let mut at = 8;
    let mut more = present;
    while more & 0x8000_0000 != 0 && at < 64 {
        more = read_u32(frame.bytes, at, false);
        at += 4;
    }
    if present & 1 != 0 {
        at = at.next_multiple_of(8) + 8;
    }
    present & 2 != 0 && frame.byte(at) & 0x20 != 0
}

fn data(frame: Part<'_>, padded: bool) -> Step<'_> {
    let (kind, flags) = (frame.byte(0), frame.byte(1));
    // Data frames that carry something.
    if kind & 0x0f != 0x08 || kind & 0x40 != 0 {
        return Err("not_ip");
    }
    if flags & 0x40 != 0 {
        return Err("wifi_encrypted");
    }
    let mut header = if flags & 3 == 3 { 30 } else { 24 };
    if kind & 0x80 != 0 {
        // Several packets in one frame.
        if frame.byte(header) & 0x80 != 0 {
            return Err("wifi_aggregate");
        }
        header += if flags & 0x80 != 0 { 6 } else { 2 };
    }
    if padded {
        header = header.next_multiple_of(4);
    }
    ethernet::llc(frame.after(header)?)
}
