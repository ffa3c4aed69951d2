//! Records: what TCP's bytes are cut into, before and after protection.

use crate::tcp::{Chunk, Seen};

/// Bytes of a record's header: type, version, length.
pub(super) const HEADER: usize = 5;
/// Most bytes after the header that any version allows.
const LONGEST: usize = (1 << 14) + 2048;

/// What a record holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    ChangeCipherSpec,
    Alert,
    Handshake,
    ApplicationData,
}

impl Kind {
    pub(super) fn of(byte: u8) -> Option<Self> {
        Some(match byte {
            20 => Kind::ChangeCipherSpec,
            21 => Kind::Alert,
            22 => Kind::Handshake,
            23 => Kind::ApplicationData,
            _ => return None,
        })
    }
}

/// A record as it was sent.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) kind: Kind,
    /// Header and content.
    pub(super) bytes: Vec<u8>,
    /// The packets that its bytes are in.
    pub(super) pieces: Vec<Piece>,
    /// Whether it may be no record at all: it was found by looking for one.
    pub(super) trial: bool,
}

/// A stretch of a record that came in one packet.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece {
    pub(super) len: usize,
    /// Position in the direction's stream.
    pub(super) at: u64,
    /// How far the sender had received the other direction.
    pub(super) ack: u64,
    pub(super) seen: Seen,
}

impl Record {
    /// Position of the first byte.
    pub(super) fn at(&self) -> u64 {
        self.pieces.first().map_or(0, |piece| piece.at)
    }

    /// Position after the last byte.
    pub(super) fn end(&self) -> u64 {
        self.pieces.last().map_or(0, |piece| piece.at + piece.len as u64)
    }

    /// How far its sender had received the other direction when it began to send it.
    pub(super) fn ack(&self) -> u64 {
        self.pieces.first().map_or(0, |piece| piece.ack)
    }

    /// Bytes held, its own included.
    pub(super) fn held(&self) -> usize {
        size_of::<Self>() + self.bytes.capacity() + self.pieces.capacity() * size_of::<Piece>()
    }

    pub(super) fn seen(&self) -> Seen {
        self.pieces.first().map_or_else(Seen::default, |piece| piece.seen)
    }

    /// The content, as sent.
    pub(super) fn content(&self) -> &[u8] {
        self.bytes.get(HEADER..).unwrap_or(&[])
    }
}

/// Gathers the bytes of one record.
#[derive(Debug, Default)]
pub(super) struct Gathering {
    bytes: Vec<u8>,
    pieces: Vec<Piece>,
}

/// Why a record is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Short {
    /// More bytes are needed.
    More,
    /// The bytes begin no record.
    Malformed,
}

impl Gathering {
    /// Takes as much of a chunk as belongs to the record, and says how much that is.
    pub(super) fn take(&mut self, chunk: &Chunk<'_>) -> (usize, Result<Record, Short>) {
        let mut used = 0;
        loop {
            let wanted = match length(&self.bytes) {
                _ if self.bytes.len() < HEADER => HEADER,
                Some(length) => HEADER + length,
                None => return (used, Err(Short::Malformed)),
            };
            let missing = wanted.saturating_sub(self.bytes.len());
            if missing == 0 && wanted > HEADER {
                return (used, self.finish(false).ok_or(Short::Malformed));
            }
            let rest = chunk.data.get(used..).unwrap_or(&[]);
            let part = rest.get(..missing).unwrap_or(rest);
            if part.is_empty() {
                return (used, Err(Short::More));
            }
            self.push(part, chunk, used);
            used += part.len();
        }
    }

    fn push(&mut self, part: &[u8], chunk: &Chunk<'_>, used: usize) {
        self.bytes.extend_from_slice(part);
        match self.pieces.last_mut() {
            Some(last) if used > 0 => last.len += part.len(),
            _ => self.pieces.push(Piece { len: part.len(), at: chunk.at, ack: chunk.ack, seen: chunk.seen }),
        }
    }

    fn finish(&mut self, trial: bool) -> Option<Record> {
        let kind = Kind::of(*self.bytes.first()?)?;
        Some(Record { kind, bytes: std::mem::take(&mut self.bytes), pieces: std::mem::take(&mut self.pieces), trial })
    }

    /// Position of the record's first byte, if it has begun.
    pub(super) fn begun(&self) -> Option<u64> {
        self.pieces.first().map(|piece| piece.at)
    }

    /// Bytes that the record still needs, once its length is known.
    pub(super) fn missing(&self) -> Option<u64> {
        let length = length(&self.bytes)?;
        Some((HEADER + length).saturating_sub(self.bytes.len()) as u64)
    }

    /// Lets go of the record.
    pub(super) fn clear(&mut self) {
        *self = Gathering::default();
    }

    pub(super) fn held(&self) -> usize {
        self.bytes.capacity() + self.pieces.capacity() * size_of::<Piece>()
    }
}

/// Length of the content that a header announces; none where it is no header or not all there.
fn length(bytes: &[u8]) -> Option<usize> {
    let &[kind, major, minor, high, low] = bytes.first_chunk::<HEADER>()?;
    let length = usize::from(u16::from_be_bytes([high, low]));
    let sound = Kind::of(kind).is_some() && major == 3 && minor <= 4 && (1..=LONGEST).contains(&length);
    sound.then_some(length)
}

/// Where protected records may begin in bytes of which nothing is known: the first place whose header is sound, and
/// that of the record after it, if it is there.
pub(super) fn seek(bytes: &[u8]) -> Option<usize> {
    memchr::memchr_iter(3, bytes).filter_map(|version| version.checked_sub(1)).find(|&at| {
        let Some(length) = bytes.get(at..).and_then(length) else { return false };
        match bytes.get(at + HEADER + length..) {
            Some(next) if next.len() >= HEADER => self::length(next).is_some(),
            _ => true,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(data: &[u8], at: u64) -> Chunk<'_> {
        Chunk { data, at, ack: 7, peer_known: true, aligned: true, seen: Seen::default() }
    }

    #[test]
    fn a_record_is_gathered_however_it_is_cut() {
        let record = [&[23, 3, 3, 0, 4][..], b"abcd"].concat();
        for first in 0..record.len() {
            for second in first..record.len() {
                let mut gathering = Gathering::default();
                for (from, to) in [(0, first), (first, second)] {
                    let (used, outcome) = gathering.take(&chunk(&record[from..to], from as u64));
                    assert_eq!((used, outcome.err()), (to - from, Some(Short::More)));
                }
                let rest = [&record[second..], b"next"].concat();
                let (used, outcome) = gathering.take(&chunk(&rest, second as u64));
                let whole = outcome.unwrap();
                assert_eq!(used, record.len() - second);
                assert_eq!((whole.content(), whole.at(), whole.end()), (&b"abcd"[..], 0, 9));
                assert_eq!(whole.pieces.iter().map(|piece| piece.len).sum::<usize>(), 9);
            }
        }
    }

    #[test]
    fn what_no_version_allows_is_no_record() {
        for bytes in [[19, 3, 3, 0, 4], [23, 2, 3, 0, 4], [23, 3, 5, 0, 4], [23, 3, 3, 0, 0], [23, 3, 3, 0x48, 1]] {
            let (_, outcome) = Gathering::default().take(&chunk(&bytes, 0));
            assert_eq!(outcome.err(), Some(Short::Malformed), "{bytes:?}");
        }
    }

    #[test]
    fn a_record_is_found_in_the_middle() {
        let bytes = [b"\x03\x17\x03\x03\x00\x02zz", &[23, 3, 3, 0, 2][..], b"ab", &[23, 3, 3, 0, 9], b"cd"].concat();
        assert_eq!(seek(&bytes), Some(1));
        assert_eq!(seek(&bytes[2..]), Some(6));
        assert_eq!(seek(b"\x17\x03\x03\x00\x02abcdefgh"), None, "nothing sound follows");
        assert_eq!(seek(b"no header in here\x03"), None);
    }
}
