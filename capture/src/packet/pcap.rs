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
    /// Captured bytes of one packet that are believed.
    longest: u32,
    /// Second of the last packet.
    second: u32,
}

/// Records that must follow one another to be believed after damage.
const CHAIN: usize = 3;
/// The largest snap length in use: files of a smaller one may hold longer packets all the same.
const LONGEST: u32 = 1 << 18;
/// Seconds between packets that are believed after damage.
const PAUSE: u32 = 7 * 86_400;

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
        let longest = read_u32(bytes, 16, big_endian).clamp(LONGEST, RECORD_LIMIT);
        window.skip(24);
        Ok(PcapHeader { big_endian, nanoseconds, record_header, link, longest, second: 0 })
    }

    pub(super) fn next(&mut self, window: &mut Window) -> Result<Record, Stop> {
        while window.fill(24) && is_file_header(window.bytes()) {
            *self = Self::read(window)?;
        }
        if !window.fill(self.record_header) {
            return Err(if window.bytes().is_empty() { Stop::End } else { Stop::Truncated("record header") });
        }
        let bytes = window.bytes();
        let second = read_u32(bytes, 0, self.big_endian);
        let fraction = i64::from(read_u32(bytes, 4, self.big_endian));
        let captured = read_u32(bytes, 8, self.big_endian);
        let wire_len = read_u32(bytes, 12, self.big_endian);
        if captured > self.longest {
            return Err(Stop::Damaged(format!("a packet claims {captured} captured bytes")));
        }
        let end = self.record_header + captured as usize;
        let offset = window.offset();
        if !window.fill(end) {
            return Err(Stop::Truncated("last packet"));
        }
        self.second = second;
        let micros = if self.nanoseconds { fraction / 1000 } else { fraction };
        Ok(Record {
            time: Timestamp(i64::from(second) * 1_000_000 + micros),
            link: self.link,
            interface: None,
            lost_before: 0,
            wire_len: wire_len.max(captured),
            number: 0,
            offset,
            data: (self.record_header, end),
            record_len: end as u64,
        })
    }
}

impl PcapHeader {
    /// Moves behind a record that cannot be read, to where several follow one another again; false if nowhere.
    pub(super) fn resume(&self, window: &mut Window) -> bool {
        window.skip(1);
        loop {
            if !window.fill(self.record_header) {
                window.skip(u64::MAX);
                return false;
            }
            let bytes = window.bytes();
            let last = bytes.len() - self.record_header;
            let Some(at) = (0..=last).find(|&at| self.follower(bytes, at).is_some()) else {
                window.skip(last as u64 + 1);
                continue;
            };
            window.skip(at as u64);
            if self.is_chain(window) {
                return true;
            }
            window.skip(1);
        }
    }

    /// Where the record behind the one at `at` begins, if that can be believed.
    fn follower(&self, bytes: &[u8], at: usize) -> Option<usize> {
        let header = bytes.get(at..at + self.record_header)?;
        let [second, fraction, captured, wire_len] = [0, 4, 8, 12].map(|at| read_u32(header, at, self.big_endian));
        let whole = if self.nanoseconds { 1_000_000_000 } else { 1_000_000 };
        let near = self.second == 0 || second.abs_diff(self.second) <= PAUSE;
        if is_file_header(bytes.get(at..).unwrap_or(&[])) {
            return Some(at + 24);
        }
        (near && fraction < whole && (1..=self.longest.min(wire_len)).contains(&captured))
            .then_some(at + self.record_header + captured as usize)
    }

    /// Whether several records follow one another from the first byte at hand, or fewer up to the end of the file.
    fn is_chain(&self, window: &mut Window) -> bool {
        let mut at = 0;
        for _ in 0..CHAIN {
            if at > 0 && !window.fill(at + 1) {
                return window.bytes().len() == at;
            }
            window.fill(at + self.record_header);
            match self.follower(window.bytes(), at) {
                Some(next) => at = next,
                None => return false,
            }
        }
        true
    }
}

/// Whether a file header begins here: magic, version 2.4, and two fields that are 0 in all files. Files that were joined by
/// `cat` have one between their records. As a record it would be of no byte at one microsecond of a certain year.
fn is_file_header(bytes: &[u8]) -> bool {
    let Some((magic, rest)) = bytes.get(..24).and_then(|header| header.split_first_chunk::<4>()) else { return false };
    let big_endian = match u32::from_be_bytes(*magic) {
        0xa1b2_c3d4 | 0xa1b2_3c4d | 0xa1b2_cd34 => true,
        0xd4c3_b2a1 | 0x4d3c_b2a1 | 0x34cd_b2a1 => false,
        _ => return false,
    };
    let version = (read_u16(rest, 0, big_endian), read_u16(rest, 2, big_endian));
    version == (2, 4) && rest.get(4..12) == Some(&[0; 8])
}

/// The four bytes at `at`, or 0 where the slice is shorter.
#[inline]
pub(super) fn read_u32(bytes: &[u8], at: usize, big_endian: bool) -> u32 {
    match bytes.get(at..at + 4).and_then(|b| <[u8; 4]>::try_from(b).ok()) {
        Some(b) if big_endian => u32::from_be_bytes(b),
        Some(b) => u32::from_le_bytes(b),
        None => 0,
    }
}

/// The two bytes at `at`, or 0 where the slice is shorter.
#[inline]
pub(super) fn read_u16(bytes: &[u8], at: usize, big_endian: bool) -> u16 {
    match bytes.get(at..at + 2).and_then(|b| <[u8; 2]>::try_from(b).ok()) {
        Some(b) if big_endian => u16::from_be_bytes(b),
        Some(b) => u16::from_le_bytes(b),
        None => 0,
    }
}
