//! pcapng files: any number of sections and interfaces; blocks that hold no packet are skipped.

use super::pcap::{read_u16, read_u32};
use super::record::{RECORD_LIMIT, Record, Stop};
use super::window::Window;
use crate::Timestamp;
use crate::tls::Secrets;

const SECTION_HEADER: u32 = 0x0a0d_0d0a;
const INTERFACE: u32 = 1;
const OBSOLETE_PACKET: u32 = 2;
const SIMPLE_PACKET: u32 = 3;
const STATISTICS: u32 = 5;
const ENHANCED_PACKET: u32 = 6;
const DECRYPTION_SECRETS: u32 = 10;
/// Type of secrets that are the text of a TLS key log.
const TLS_KEY_LOG: u32 = 0x544c_534b;
/// Option of an enhanced packet block.
const LOST_BEFORE: u16 = 4;
/// Options of a statistics block: packets dropped by the interface, and by the operating system.
const DROPPED: [u16; 2] = [5, 7];
/// Option of an interface block.
const NAME: u16 = 2;
/// Link type of packets whose interface cannot be known.
const UNKNOWN_LINK: u16 = u16::MAX;
/// Longest name of an interface that is kept.
const LONGEST_NAME: usize = 64;
/// Blocks at which reading may go on after damage: those above, name resolution, statistics, journal, custom.
const KINDS: [u32; 10] = [
    INTERFACE,
    OBSOLETE_PACKET,
    SIMPLE_PACKET,
    4,
    STATISTICS,
    ENHANCED_PACKET,
    9,
    DECRYPTION_SECRETS,
    0x0000_0bad,
    0x4000_0bad,
];
/// Interfaces of one section that are kept.
const INTERFACES: usize = 1 << 16;

/// The last microsecond of the year 9999. An offset may move a clock anywhere, and nothing behind reckons with times
/// that no calendar has.
const LATEST: i64 = 253_402_300_800_000_000 - 1;

/// The section being read.
#[derive(Default)]
pub(super) struct Section {
    started: bool,
    big_endian: bool,
    interfaces: Vec<Interface>,
    last_time: Timestamp,
    /// Time of the section's first packet.
    first_time: Option<Timestamp>,
    /// What statistics told of losses, and was not taken yet.
    pub(super) losses: Vec<Loss>,
}

/// Packets that were lost while capturing, as a statistics block tells, without saying when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Loss {
    /// The interface: its name, else its number.
    pub(super) interface: String,
    /// Its number in the section.
    pub(super) number: u32,
    /// How many, but for those that packets tell of.
    pub(super) packets: u64,
    /// When it may have been.
    pub(super) from: Timestamp,
    pub(super) to: Timestamp,
}

struct Interface {
    link: u16,
    snap_len: u32,
    resolution: Resolution,
    offset_seconds: i64,
    name: Option<String>,
    /// Packets known to be lost: told by packets, then by statistics too, which count both.
    lost: u64,
    /// Time of its latest statistics.
    counted: Option<Timestamp>,
}

/// What one tick of an interface's clock is.
#[derive(Clone, Copy)]
enum Resolution {
    /// Ticks per second is a divisor or multiple that fits.
    PerSecond(u64),
    /// A power that no clock has; the time of such packets is unknown.
    Absurd,
}

impl Section {
    /// The next packet; every other block on the way is taken in or skipped.
    pub(super) fn next(&mut self, window: &mut Window, secrets: &mut Secrets) -> Result<Record, Stop> {
        loop {
            if !window.fill(12) {
                return Err(if window.bytes().is_empty() { Stop::End } else { Stop::Truncated("last block") });
            }
            let bytes = window.bytes();
            let kind = read_u32(bytes, 0, self.big_endian);
            if kind == SECTION_HEADER {
                self.begin(bytes)?;
            } else if !self.started {
                return Err(Stop::Damaged("no section header".to_owned()));
            }
            let len = read_u32(bytes, 4, self.big_endian);
            if len < 12 || !len.is_multiple_of(4) {
                return Err(Stop::Damaged(format!("a block claims {len} bytes")));
            }
            match kind {
                SECTION_HEADER | INTERFACE | OBSOLETE_PACKET | SIMPLE_PACKET | ENHANCED_PACKET => {
                    if let Some(record) = self.block(window, kind, len, secrets)? {
                        return Ok(record);
                    }
                }
                // A length that would end the file is not believed before it is looked at.
                _ if len > RECORD_LIMIT => return Err(Stop::Damaged(format!("a block claims {len} bytes"))),
                _ if !window.fill(len as usize) => return Err(Stop::Truncated("last block")),
                DECRYPTION_SECRETS | STATISTICS => {
                    self.block(window, kind, len, secrets)?;
                }
                _ => {}
            }
            window.skip(u64::from(len));
        }
    }

    /// Moves behind a block that cannot be read, to the next that can; false if there is none.
    pub(super) fn resume(&mut self, window: &mut Window) -> bool {
        // An interface counts even when its description is lost, or those after it would be taken for others.
        match read_u32(window.bytes(), 0, self.big_endian) {
            INTERFACE if self.started && self.interfaces.len() < INTERFACES => {
                self.interfaces.push(Interface::unknown());
            }
            SECTION_HEADER => self.started = false,
            _ => {}
        }
        window.skip(4);
        loop {
            if !window.fill(12) {
                window.skip(u64::MAX);
                return false;
            }
            let bytes = window.bytes();
            let last = bytes.len() - 12;
            let Some(at) = (0..=last).find(|&at| self.may_begin(bytes.get(at..).unwrap_or(&[]))) else {
                window.skip(last as u64 + 1);
                continue;
            };
            window.skip(at as u64);
            if self.is_whole(window) {
                return true;
            }
            window.skip(1);
        }
    }

    /// Whether bytes may be the first of a block.
    fn may_begin(&self, bytes: &[u8]) -> bool {
        let kind = read_u32(bytes, 0, self.big_endian);
        if kind == SECTION_HEADER {
            return matches!(read_u32(bytes, 8, true), 0x1a2b_3c4d | 0x4d3c_2b1a);
        }
        let len = read_u32(bytes, 4, self.big_endian);
        self.started && KINDS.contains(&kind) && (12..=RECORD_LIMIT).contains(&len) && len.is_multiple_of(4)
    }

    /// Whether the bytes at hand are a block that ends as it begins and has a block, or nothing, behind it. The end alone
    /// proves little: an interface's number and the upper half of a time look like a block's kind and length, and the
    /// times of later packets like its end.
    fn is_whole(&self, window: &mut Window) -> bool {
        let bytes = window.bytes();
        // A section's magic numbers prove more, and another section may have the other byte order.
        let section = read_u32(bytes, 0, true) == SECTION_HEADER;
        let big_endian = if section { read_u32(bytes, 8, true) == 0x1a2b_3c4d } else { self.big_endian };
        let len = read_u32(bytes, 4, big_endian);
        (12..=RECORD_LIMIT).contains(&len)
            && window.fill(len as usize)
            && read_u32(window.bytes(), len as usize - 4, big_endian) == len
            && (section
                || !window.fill(len as usize + 12)
                || self.may_begin(window.bytes().get(len as usize..).unwrap_or(&[])))
    }

    fn begin(&mut self, bytes: &[u8]) -> Result<(), Stop> {
        self.big_endian = match read_u32(bytes, 8, true) {
            0x1a2b_3c4d => true,
            0x4d3c_2b1a => false,
            other => return Err(Stop::Damaged(format!("{other:#010x} is no byte-order magic"))),
        };
        self.started = true;
        self.interfaces.clear();
        self.first_time = None;
        Ok(())
    }

    /// Takes in one block that matters, which stays in the window.
    fn block(
        &mut self,
        window: &mut Window,
        kind: u32,
        len: u32,
        secrets: &mut Secrets,
    ) -> Result<Option<Record>, Stop> {
        if len > RECORD_LIMIT {
            return Err(Stop::Damaged(format!("a block claims {len} bytes")));
        }
        let size = len as usize;
        if !window.fill(size) {
            return Err(Stop::Truncated("last block"));
        }
        let offset = window.offset();
        let block = window.bytes().get(..size).unwrap_or(&[]);
        let trailer = read_u32(block, size - 4, self.big_endian);
        if trailer != len {
            return Err(Stop::Damaged(format!("a block of {len} bytes ends by claiming {trailer}")));
        }
        let body = block.get(8..size - 4).unwrap_or(&[]);
        let record = match kind {
            INTERFACE => {
                self.interface(body)?;
                return Ok(None);
            }
            DECRYPTION_SECRETS => {
                self.secrets(body, secrets);
                return Ok(None);
            }
            STATISTICS => {
                self.statistics(body);
                return Ok(None);
            }
            ENHANCED_PACKET => {
                let interface = read_u32(body, 0, self.big_endian);
                let packet = self.packet(body, interface)?;
                let lost_before = self.lost_before(body.get(packet.data.1.next_multiple_of(4)..));
                if let Some(interface) = self.interfaces.get_mut(interface as usize).filter(|_| lost_before > 0) {
                    interface.lost = interface.lost.saturating_add(lost_before);
                }
                Record { lost_before, ..packet }
            }
            OBSOLETE_PACKET => self.packet(body, u32::from(read_u16(body, 0, self.big_endian)))?,
            SIMPLE_PACKET => self.simple_packet(body)?,
            _ => return Ok(None),
        };
        self.last_time = record.time;
        self.first_time.get_or_insert(record.time);
        let (start, end) = record.data;
        Ok(Some(Record { offset, data: (8 + start, 8 + end), record_len: u64::from(len), ..record }))
    }

    /// Secrets of one type; those of other protocols open nothing that is read.
    fn secrets(&self, body: &[u8], secrets: &mut Secrets) {
        let length = read_u32(body, 4, self.big_endian) as usize;
        let Some(text) = body.get(8..).map(|rest| rest.get(..length).unwrap_or(rest)) else { return };
        if read_u32(body, 0, self.big_endian) == TLS_KEY_LOG {
            secrets.add(text);
        } else {
            secrets.count_other();
        }
    }

    fn interface(&mut self, body: &[u8]) -> Result<(), Stop> {
        if body.len() < 8 {
            return Err(Stop::Damaged("an interface block is too short".to_owned()));
        }
        if self.interfaces.len() >= INTERFACES {
            return Err(Stop::Damaged("more interfaces than any machine has".to_owned()));
        }
        let mut interface = Interface {
            link: read_u16(body, 0, self.big_endian),
            snap_len: read_u32(body, 4, self.big_endian),
            resolution: Resolution::PerSecond(1_000_000),
            offset_seconds: 0,
            name: None,
            lost: 0,
            counted: None,
        };
        let mut options = body.get(8..).unwrap_or(&[]);
        while options.len() >= 4 {
            let code = read_u16(options, 0, self.big_endian);
            let len = usize::from(read_u16(options, 2, self.big_endian));
            let value = options.get(4..4 + len).unwrap_or(&[]);
            match (code, value.len()) {
                (0, _) => break,
                (9, 1) => interface.resolution = Resolution::from_option(value.first().copied().unwrap_or(6)),
                (NAME, 1..=LONGEST_NAME) => interface.name = Some(String::from_utf8_lossy(value).into_owned()),
                (14, 8) => interface.offset_seconds = self.read_i64(value),
                _ => {}
            }
            options = options.get(4 + len.next_multiple_of(4)..).unwrap_or(&[]);
        }
        self.interfaces.push(interface);
        Ok(())
    }

    fn read_i64(&self, value: &[u8]) -> i64 {
        let (first, second) = (read_u32(value, 0, self.big_endian), read_u32(value, 4, self.big_endian));
        let (high, low) = if self.big_endian { (first, second) } else { (second, first) };
        (i64::from(high as i32) << 32) | i64::from(low)
    }

    /// Enhanced and obsolete packet blocks differ only in the width of the interface number. One that names an interface
    /// that was not described is whole all the same: it counts as a packet of no known link type, and since nothing tells
    /// its clock, the packet before lends its time.
    fn packet(&self, body: &[u8], number: u32) -> Result<Record, Stop> {
        let interface = self.interfaces.get(number as usize);
        let ticks =
            (u64::from(read_u32(body, 4, self.big_endian)) << 32) | u64::from(read_u32(body, 8, self.big_endian));
        let captured = read_u32(body, 12, self.big_endian);
        let end = 20 + captured as usize;
        if end > body.len() {
            return Err(Stop::Damaged(format!("a packet claims {captured} bytes, more than its block holds")));
        }
        Ok(Record {
            time: interface.map_or(self.last_time, |interface| interface.time(ticks)),
            link: interface.map_or(UNKNOWN_LINK, |interface| interface.link),
            wire_len: read_u32(body, 16, self.big_endian).max(captured),
            data: (20, end),
            interface: Some(number),
            ..Record::default()
        })
    }

    /// Takes in how many packets an interface lost since the capture began. What packets told of is no news.
    fn statistics(&mut self, body: &[u8]) {
        let number = read_u32(body, 0, self.big_endian);
        let ticks =
            (u64::from(read_u32(body, 4, self.big_endian)) << 32) | u64::from(read_u32(body, 8, self.big_endian));
        let dropped = self.dropped(body.get(12..).unwrap_or(&[]));
        let (first, last) = (self.first_time.unwrap_or(self.last_time), self.last_time);
        let Some(interface) = self.interfaces.get_mut(number as usize) else { return };
        let from = interface.counted.unwrap_or(first);
        // Some programs write no time; then it is that of the packet before.
        let to = interface.time(ticks).max(last);
        interface.counted = Some(to);
        let packets = dropped.saturating_sub(interface.lost);
        if packets > 0 {
            interface.lost = dropped;
            let interface = interface.name.clone().unwrap_or_else(|| format!("interface {number}"));
            self.losses.push(Loss { interface, number, packets, from: from.min(to), to });
        }
    }

    /// What the options of a statistics block add up to.
    fn dropped(&self, mut options: &[u8]) -> u64 {
        let mut dropped: u64 = 0;
        while options.len() >= 4 {
            let (code, len) =
                (read_u16(options, 0, self.big_endian), usize::from(read_u16(options, 2, self.big_endian)));
            let value = options.get(4..4 + len).unwrap_or(&[]);
            match (DROPPED.contains(&code), value.len()) {
                _ if code == 0 => break,
                // A counter that its writer does not have is all ones.
                (true, 8) => dropped = dropped.saturating_add(self.read_i64(value).max(0) as u64),
                _ => {}
            }
            options = options.get(4 + len.next_multiple_of(4)..).unwrap_or(&[]);
        }
        dropped
    }

    /// Packets lost between this one and the one before, among the options of an enhanced packet block.
    fn lost_before(&self, options: Option<&[u8]>) -> u64 {
        let mut options = options.unwrap_or(&[]);
        while options.len() >= 4 {
            let len = usize::from(read_u16(options, 2, self.big_endian));
            let value = options.get(4..4 + len).unwrap_or(&[]);
            match (read_u16(options, 0, self.big_endian), value.len()) {
                (0, _) => break,
                (LOST_BEFORE, 8) => return self.read_i64(value).max(0) as u64,
                _ => options = options.get(4 + len.next_multiple_of(4)..).unwrap_or(&[]),
            }
        }
        0
    }

    /// Carries no time: the packet before lends its own.
    fn simple_packet(&self, body: &[u8]) -> Result<Record, Stop> {
        let Some(interface) = self.interfaces.first() else {
            return Err(Stop::Damaged("a packet comes before any interface".to_owned()));
        };
        if body.len() < 4 {
            return Err(Stop::Damaged("a simple packet block is too short".to_owned()));
        }
        let wire_len = read_u32(body, 0, self.big_endian);
        let snap_len = if interface.snap_len == 0 { u32::MAX } else { interface.snap_len };
        let captured = (wire_len.min(snap_len) as usize).min(body.len() - 4);
        Ok(Record {
            time: self.last_time,
            link: interface.link,
            wire_len,
            data: (4, 4 + captured),
            interface: Some(0),
            ..Record::default()
        })
    }
}

impl Resolution {
    fn from_option(value: u8) -> Self {
        let exponent = u32::from(value & 0x7f);
        let base: u64 = if value & 0x80 == 0 { 10 } else { 2 };
        base.checked_pow(exponent).map_or(Resolution::Absurd, Resolution::PerSecond)
    }
}

impl Interface {
    /// One whose description cannot be read: its packets are of no link type.
    fn unknown() -> Self {
        Interface {
            link: UNKNOWN_LINK,
            snap_len: 0,
            resolution: Resolution::PerSecond(1_000_000),
            offset_seconds: 0,
            name: None,
            lost: 0,
            counted: None,
        }
    }

    fn time(&self, ticks: u64) -> Timestamp {
        let micros = match self.resolution {
            Resolution::PerSecond(1_000_000) => ticks,
            Resolution::PerSecond(1_000_000_000) => ticks / 1000,
            Resolution::PerSecond(rate) => {
                u64::try_from(u128::from(ticks) * 1_000_000 / u128::from(rate.max(1))).unwrap_or(u64::MAX)
            }
            Resolution::Absurd => 0,
        };
        let micros = i64::try_from(micros).unwrap_or(i64::MAX);
        Timestamp(micros.saturating_add(self.offset_seconds.saturating_mul(1_000_000)).clamp(0, LATEST))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_keeps_no_more_interfaces_than_its_limit_whatever_is_damaged() {
        let mut file = [&[0x0a, 0x0d, 0x0d, 0x0a][..], &28u32.to_le_bytes(), &[0x4d, 0x3c, 0x2b, 0x1a]].concat();
        file.extend([[1, 0, 0, 0], [0xff; 4], [0xff; 4], 28u32.to_le_bytes()].concat());
        // By turns one that is read and one whose end is damaged.
        for nth in 0..INTERFACES as u32 + 100 {
            file.extend([1u32, 20, 101, 0, 20 + nth % 2].map(u32::to_le_bytes).concat());
        }
        let mut window = Window::new(Box::new(std::io::Cursor::new(file)));
        let (mut section, mut secrets) = (Section::default(), Secrets::new(&[], 0));
        loop {
            match section.next(&mut window, &mut secrets) {
                Ok(_) => panic!("there is no packet"),
                Err(Stop::End) => break,
                Err(_) => {
                    section.resume(&mut window);
                }
            }
        }
        assert_eq!(section.interfaces.len(), INTERFACES);
    }
}
