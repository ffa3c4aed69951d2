//! One interface's packets as a pcapng file: what is lost is written beside what is kept.

use std::io::{self, Write};

use offpath_capture::{TapCounts, TappedPacket, Timestamp};

const SECTION_HEADER: u32 = 0x0a0d_0d0a;
const INTERFACE: u32 = 1;
const STATISTICS: u32 = 5;
const ENHANCED_PACKET: u32 = 6;
/// Bytes of a block that are no body: type, and the length at both ends.
const FRAME: usize = 12;
/// Longest text of an option.
const TEXT: usize = 4096;

/// What all files of one capture begin with.
#[derive(Clone, Debug)]
pub(super) struct Described {
    /// The interface's name.
    pub(super) interface: String,
    /// Its filter.
    pub(super) filter: Option<String>,
    /// `LINKTYPE_` number.
    pub(super) link: u16,
    /// Longest packet taken whole.
    pub(super) snap_length: u32,
}

/// Writes one file.
pub(super) struct Writer<W> {
    out: W,
    written: u64,
    block: Vec<u8>,
}

impl<W: Write> Writer<W> {
    /// Writes the file's beginning.
    pub(super) fn new(out: W, about: &Described) -> io::Result<Self> {
        let mut writer = Writer { out, written: 0, block: Vec::new() };
        let program = concat!("offpath ", env!("CARGO_PKG_VERSION"));
        writer.block(SECTION_HEADER, |body| {
            body.extend(0x1a2b_3c4d_u32.to_le_bytes());
            body.extend([1, 0, 0, 0]);
            body.extend(u64::MAX.to_le_bytes());
            option(body, 4, program.as_bytes());
        })?;
        writer.block(INTERFACE, |body| {
            body.extend(about.link.to_le_bytes());
            body.extend([0, 0]);
            body.extend(about.snap_length.to_le_bytes());
            option(body, 2, about.interface.as_bytes());
            if let Some(filter) = &about.filter {
                option(body, 11, &[&[0], filter.as_bytes()].concat());
            }
        })?;
        Ok(writer)
    }

    /// Appends a packet; `dropped` were lost between the one before and this one.
    pub(super) fn packet(&mut self, packet: &TappedPacket<'_>, dropped: u64) -> io::Result<()> {
        self.block(ENHANCED_PACKET, |body| {
            body.extend(0_u32.to_le_bytes());
            time(body, packet.time);
            body.extend((packet.data.len() as u32).to_le_bytes());
            body.extend(packet.wire_len.to_le_bytes());
            body.extend(packet.data);
            body.resize(body.len().next_multiple_of(4), 0);
            if dropped > 0 {
                option(body, 4, &dropped.to_le_bytes());
            }
        })
    }

    /// Appends what was counted from one time to another, and hands everything on.
    pub(super) fn finish(mut self, from: Timestamp, to: Timestamp, counted: TapCounts) -> io::Result<W> {
        self.block(STATISTICS, |body| {
            body.extend(0_u32.to_le_bytes());
            time(body, to);
            for (code, at) in [(2, from), (3, to)] {
                let mut ticks = Vec::new();
                time(&mut ticks, at);
                option(body, code, &ticks);
            }
            let counts = [(4, counted.received), (5, counted.dropped_by_interface), (7, counted.dropped)];
            for (code, count) in counts {
                option(body, code, &count.to_le_bytes());
            }
        })?;
        self.flush()?;
        Ok(self.out)
    }

    /// Hands on what is written so far.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    /// Bytes written so far.
    pub(super) fn written(&self) -> u64 {
        self.written
    }

    /// Writes a block, with the end of its options where it has any.
    fn block(&mut self, kind: u32, fill: impl FnOnce(&mut Vec<u8>)) -> io::Result<()> {
        self.block.clear();
        fill(&mut self.block);
        let length = (FRAME + self.block.len()) as u32;
        for part in [&kind.to_le_bytes()[..], &length.to_le_bytes(), &self.block, &length.to_le_bytes()] {
            self.out.write_all(part)?;
        }
        self.written += u64::from(length);
        Ok(())
    }
}

/// Bytes that a packet's block takes at most.
pub(super) fn packet_bytes(packet: &TappedPacket<'_>) -> u64 {
    (FRAME + 20 + 12 + packet.data.len().next_multiple_of(4)) as u64
}

/// Bytes of the block that ends a file: interface, time, and five options of eight bytes.
pub(super) const LAST_BYTES: u64 = (FRAME + 12 + 5 * 12) as u64;

/// A time in microseconds, high half first.
fn time(body: &mut Vec<u8>, time: Timestamp) {
    let ticks = u64::try_from(time.0).unwrap_or(0);
    body.extend(((ticks >> 32) as u32).to_le_bytes());
    body.extend((ticks as u32).to_le_bytes());
}

/// An option; the end of a block ends its options too.
fn option(body: &mut Vec<u8>, code: u16, value: &[u8]) {
    let value = value.get(..TEXT).unwrap_or(value);
    body.extend(code.to_le_bytes());
    body.extend((value.len() as u16).to_le_bytes());
    body.extend(value);
    body.resize(body.len().next_multiple_of(4), 0);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn described() -> Described {
        let filter = Some("tcp port 80".to_owned());
        Described { interface: "lo".to_owned(), filter, link: 1, snap_length: 65_535 }
    }

    proptest::proptest! {
        #[test]
        fn blocks_are_whole_and_as_long_as_they_say(lengths in proptest::collection::vec(0..70_usize, 0..9), dropped in 0..2_u64) {
            let mut writer = Writer::new(Vec::new(), &described()).unwrap();
            let data = [7; 70];
            for length in &lengths {
                let packet = TappedPacket { time: Timestamp(5), wire_len: 99, data: &data[..*length] };
                let before = writer.written();
                writer.packet(&packet, dropped).unwrap();
                proptest::prop_assert!(writer.written() - before <= packet_bytes(&packet));
            }
            let written = writer.written();
            let file = writer.finish(Timestamp(1), Timestamp(9), TapCounts::default()).unwrap();
            proptest::prop_assert_eq!(file.len() as u64, written + LAST_BYTES);
            let mut rest = &file[..];
            let mut kinds = Vec::new();
            while !rest.is_empty() {
                let word = |at: usize| u32::from_le_bytes(rest[at..at + 4].try_into().unwrap());
                let length = word(4) as usize;
                proptest::prop_assert_eq!(word(length - 4) as usize, length);
                proptest::prop_assert_eq!(length % 4, 0);
                kinds.push(word(0));
                rest = &rest[length..];
            }
            let mut expected = vec![SECTION_HEADER, INTERFACE];
            expected.extend(lengths.iter().map(|_| ENHANCED_PACKET));
            expected.push(STATISTICS);
            proptest::prop_assert_eq!(kinds, expected);
            proptest::prop_assert!(written < file.len() as u64);
        }
    }
}
