//! libpcap files: both byte orders, microseconds and nanoseconds, and Kuznetzov's longer record header.

use super::record::{RECORD_LIMIT, Record, Stop};
use super::window::Window;
use crate::Timestamp;

/// What the file header says about the records.
pub(super) struct PcapHeader {
    big_endian: bool,
    nanoseconds: bool,
    record_header: usize,
    link: u16,
}

impl PcapHeader {
    pub(super) fn read(window: &mut Window) -> Result<Self, Stop> {
        if !window.fill(24) {
            return Err(Stop::Truncated("file header"));
        }
        let bytes = window.bytes();
        let magic = read_u32(bytes, 0, true);
        let (big_endian, nanoseconds, record_header) = match magic {
            0xa1b2_c3d4 => (true, false, 16),
            0xd4c3_b2a1 => (false, false, 16),
            0xa1b2_3c4d => (true, true, 16),
            0x4d3c_b2a1 => (false, true, 16),
            0xa1b2_cd34 => (true, false, 24),
            0x34cd_b2a1 => (false, false, 24),
            _ => return Err(Stop::Damaged(format!("{magic:#010x} is no pcap magic number"))),
        };
        // The upper half of the field holds the length of the frame check sequence, not the link type.
        let link = (read_u32(bytes, 20, big_endian) & 0xffff) as u16;
        window.skip(24);
        Ok(PcapHeader { big_endian, nanoseconds, record_header, link })
    }

    pub(super) fn next(&mut self, window: &mut Window) -> Result<Record, Stop> {
        if !window.fill(self.record_header) {
            return Err(if window.bytes().is_empty() { Stop::End } else { Stop::Truncated("record header") });
        }
        let bytes = window.bytes();
        let seconds = i64::from(read_u32(bytes, 0, self.big_endian));
        let fraction = i64::from(read_u32(bytes, 4, self.big_endian));
        let captured = read_u32(bytes, 8, self.big_endian);
        let wire_len = read_u32(bytes, 12, self.big_endian);
        if captured > RECORD_LIMIT {
            return Err(Stop::Damaged(format!("a packet claims {captured} captured bytes")));
        }
        let end = self.record_header + captured as usize;
        let offset = window.offset();
        if !window.fill(end) {
            return Err(Stop::Truncated("last packet"));
        }
        let micros = if self.nanoseconds { fraction / 1000 } else { fraction };
        Ok(Record {
            time: Timestamp(seconds * 1_000_000 + micros),
            link: self.link,
            wire_len: wire_len.max(captured),
            number: 0,
            offset,
            data: (self.record_header, end),
            record_len: end as u64,
        })
    }
}

/// The four bytes at `at`, or 0 where the slice is shorter.
pub(super) fn read_u32(bytes: &[u8], at: usize, big_endian: bool) -> u32 {
    match bytes.get(at..at + 4).and_then(|b| <[u8; 4]>::try_from(b).ok()) {
        Some(b) if big_endian => u32::from_be_bytes(b),
        Some(b) => u32::from_le_bytes(b),
        None => 0,
    }
}

/// The two bytes at `at`, or 0 where the slice is shorter.
pub(super) fn read_u16(bytes: &[u8], at: usize, big_endian: bool) -> u16 {
    match bytes.get(at..at + 2).and_then(|b| <[u8; 2]>::try_from(b).ok()) {
        Some(b) if big_endian => u16::from_be_bytes(b),
        Some(b) => u16::from_le_bytes(b),
        None => 0,
    }
}
