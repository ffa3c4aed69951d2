//! Packet records of a capture file, whatever its format.

use std::io::{self, Read};

use super::pcap::PcapHeader;
use super::pcapng::{Loss, Section};
use super::window::Window;
use crate::tls::Secrets;
use crate::{InputErrorKind, Timestamp};

/// Bytes of one record that are believed: far above any snap length, far below what would hurt.
pub(super) const RECORD_LIMIT: u32 = 16 << 20;

/// One packet's record: where it is and what its header says. The bytes are [`RecordReader::data`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Record {
    /// Capture time.
    pub(super) time: Timestamp,
    /// `LINKTYPE_` number.
    pub(super) link: u16,
    /// Length of the packet on the wire.
    pub(super) wire_len: u32,
    /// The interface that saw it, by its number in a section that has several.
    pub(super) interface: Option<u32>,
    /// Packets that were lost before it, as the program that captured says.
    pub(super) lost_before: u64,
    /// Number in the file, from 1.
    pub(super) number: u64,
    /// Byte offset of the record (pcap) or block (pcapng) in the file.
    pub(super) offset: u64,
    /// Where the packet's bytes are, from the start of the window.
    pub(super) data: (usize, usize),
    /// Bytes of the whole record.
    pub(super) record_len: u64,
}

/// Why no further record can be read.
#[derive(Debug)]
pub(super) enum Stop {
    /// The file ends between two records.
    End,
    /// The file ends inside a record.
    Truncated(&'static str),
    /// The record cannot be believed.
    Damaged(String),
}

/// Reads the records of one file in order.
pub(super) struct RecordReader {
    window: Window,
    format: Format,
    current: Record,
    numbered: u64,
    /// What could not be read on the way.
    damage: Option<Damage>,
    /// Places at which that was.
    places: u64,
    /// Losses told at the end.
    losses: Vec<Loss>,
}

enum Format {
    Unopened,
    Pcap(PcapHeader),
    Pcapng(Section),
    Over,
}

/// What of a file could not be read.
pub(super) struct Damage {
    pub(super) kind: InputErrorKind,
    /// Frame that would have been next where it begins.
    pub(super) frame: u64,
    /// Offset of the first byte not read.
    pub(super) offset: u64,
    /// Bytes not read, there and later.
    pub(super) bytes_lost: u64,
}

impl RecordReader {
    pub(super) fn new(reader: Box<dyn Read + Send>) -> Self {
        RecordReader {
            window: Window::new(reader),
            format: Format::Unopened,
            current: Record::default(),
            numbered: 0,
            damage: None,
            places: 0,
            losses: Vec::new(),
        }
    }

    /// Moves to the next packet, past whatever cannot be read, adding the secrets on the way. False at the end of the
    /// file; what was passed over is told instead of it.
    pub(super) fn advance(&mut self, secrets: &mut Secrets) -> Result<bool, Damage> {
        self.window.skip(self.current.record_len);
        self.current.record_len = 0;
        if matches!(self.format, Format::Unopened)
            && let Err(stop) = self.open()
        {
            return self.stop(stop);
        }
        loop {
            let found = match &mut self.format {
                Format::Pcap(header) => header.next(&mut self.window),
                Format::Pcapng(section) => section.next(&mut self.window, secrets),
                Format::Unopened | Format::Over => Err(Stop::End),
            };
            match found {
                Ok(record) => {
                    self.numbered += 1;
                    self.current = Record { number: self.numbered, ..record };
                    return Ok(true);
                }
                Err(Stop::End) => return self.stop(Stop::End),
                Err(stop) if self.window.failure.is_some() => return self.stop(stop),
                Err(stop) => {
                    if !self.pass(stop) {
                        return self.stop(Stop::End);
                    }
                }
            }
        }
    }

    /// Notes what cannot be read and looks for the next record that can be believed; false if there is none.
    fn pass(&mut self, stop: Stop) -> bool {
        let from = self.window.offset();
        let kind = damaged(stop, from);
        let found = match &mut self.format {
            Format::Pcap(header) => header.resume(&mut self.window),
            Format::Pcapng(section) => section.resume(&mut self.window),
            Format::Unopened | Format::Over => false,
        };
        let lost = self.window.offset() - from;
        self.places += 1;
        match &mut self.damage {
            Some(damage) => damage.bytes_lost += lost,
            None => self.damage = Some(Damage { kind, frame: self.numbered + 1, offset: from, bytes_lost: lost }),
        }
        found
    }

    fn open(&mut self) -> Result<(), Stop> {
        if !self.window.fill(4) {
            return Err(if self.window.bytes().is_empty() { Stop::End } else { Stop::Truncated("file header") });
        }
        self.format = if self.window.bytes().starts_with(&[0x0a, 0x0d, 0x0d, 0x0a]) {
            Format::Pcapng(Section::default())
        } else {
            Format::Pcap(PcapHeader::read(&mut self.window)?)
        };
        Ok(())
    }

    /// What the file told of packets that were lost while capturing, since this was asked last.
    pub(super) fn take_losses(&mut self) -> Vec<Loss> {
        match &mut self.format {
            Format::Pcapng(section) if !section.losses.is_empty() => std::mem::take(&mut section.losses),
            _ => std::mem::take(&mut self.losses),
        }
    }

    /// Whether no packet was read yet.
    pub(super) fn is_unread(&self) -> bool {
        self.numbered == 0
    }

    /// The current packet.
    pub(super) fn record(&self) -> &Record {
        &self.current
    }

    /// The bytes of the current packet that were captured.
    pub(super) fn data(&self) -> &[u8] {
        let (start, end) = self.current.data;
        self.window.bytes().get(start..end).unwrap_or(&[])
    }

    fn stop(&mut self, stop: Stop) -> Result<bool, Damage> {
        let losses = self.take_losses();
        self.losses.extend(losses);
        self.format = Format::Over;
        let offset = self.window.offset();
        let kind = match (self.window.failure.take(), stop) {
            (Some(e), _) => Some(failed_read(e)),
            (None, Stop::End) => None,
            (None, stop) => Some(damaged(stop, offset)),
        };
        let bytes_lost = self.window.skip(u64::MAX);
        self.window = Window::new(Box::new(io::empty()));
        match (self.damage.take(), kind) {
            (None, None) => Ok(false),
            (None, Some(kind)) => Err(Damage { kind, frame: self.numbered + 1, offset, bytes_lost }),
            (Some(damage), kind) => {
                let kind = kind.unwrap_or(several(damage.kind, self.places));
                Err(Damage { kind, bytes_lost: damage.bytes_lost + bytes_lost, ..damage })
            }
        }
    }
}

/// What is wrong at an offset.
fn damaged(stop: Stop, offset: u64) -> InputErrorKind {
    match stop {
        Stop::Truncated(what) => {
            InputErrorKind::Truncated { what: format!("the {what} at byte {offset} is cut short") }
        }
        Stop::Damaged(what) => InputErrorKind::Malformed {
            what: format!("damaged at byte {offset}: {what}"),
            remedy: "what could be read before and behind was analysed; capture or copy the file again".to_owned(),
        },
        Stop::End => InputErrorKind::Truncated { what: format!("nothing follows byte {offset}") },
    }
}

/// The first damage of a file, and how often there was more.
fn several(first: InputErrorKind, places: u64) -> InputErrorKind {
    match first {
        InputErrorKind::Malformed { what, remedy } if places > 1 => {
            InputErrorKind::Malformed { what: format!("{what} (the first of {places} such places)"), remedy }
        }
        InputErrorKind::Truncated { what } if places > 1 => {
            InputErrorKind::Truncated { what: format!("{what} (the first of {places} such places)") }
        }
        other => other,
    }
}

/// A decompressor says through `io::Error` that its file is cut or corrupt.
fn failed_read(error: io::Error) -> InputErrorKind {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => InputErrorKind::Truncated { what: "the compressed data end early".to_owned() },
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => InputErrorKind::Malformed {
            what: format!("the compressed data are damaged ({error})"),
            remedy: "everything before was analysed; copy or compress the file again".to_owned(),
        },
        _ => error.into(),
    }
}
