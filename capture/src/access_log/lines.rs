//! Lines of a log, with a bound on how much of one is held.

use std::io::{self, Read};
use std::ops::Range;

const CHUNK: usize = 64 << 10;

/// One line, without its end.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line<'a> {
    /// Counted from 1.
    pub(super) number: u64,
    /// Of its first byte in the plain content.
    pub(super) offset: u64,
    /// Its bytes; `None` when there were too many to hold.
    pub(super) text: Option<&'a [u8]>,
    /// How many there were.
    pub(super) length: u64,
    /// Whether a line end follows: only the last line of a file may lack one.
    pub(super) ended: bool,
}

/// Splits a stream into lines.
pub(super) struct Lines<R> {
    reader: R,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    /// Offset of `buffer[start]`.
    offset: u64,
    number: u64,
    limit: usize,
}

impl<R: Read> Lines<R> {
    /// Lines of more than `limit` bytes are counted and not held.
    pub(super) fn new(reader: R, limit: usize) -> Self {
        Lines { reader, buffer: vec![0; CHUNK], start: 0, end: 0, offset: 0, number: 0, limit }
    }

    /// Bytes that were handed out.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// The next line, or the end of the file.
    pub(super) fn next(&mut self) -> io::Result<Option<Line<'_>>> {
        let mut searched = 0;
        let mut dropped = 0;
        loop {
            let window = self.buffer.get(self.start + searched..self.end).unwrap_or_default();
            if let Some(at) = memchr::memchr(b'\n', window) {
                let length = searched + at;
                return Ok(Some(self.take(length, 1, dropped)));
            }
            searched += window.len();
            if searched > self.limit {
                dropped += searched as u64;
                self.start = self.end;
                searched = 0;
            }
            if !self.fill()? {
                let some = searched > 0 || dropped > 0;
                return Ok(some.then(|| self.take(searched, 0, dropped)));
            }
        }
    }

    fn take(&mut self, length: usize, line_end: usize, dropped: u64) -> Line<'_> {
        let whole = dropped + length as u64;
        let (offset, range) = (self.offset, self.start..self.start + length);
        self.start += length + line_end;
        self.offset += whole + line_end as u64;
        self.number += 1;
        let held = dropped == 0 && length <= self.limit;
        let text = held.then(|| self.text(range));
        Line { number: self.number, offset, text, length: whole, ended: line_end > 0 }
    }

    fn text(&self, range: Range<usize>) -> &[u8] {
        let text = self.buffer.get(range).unwrap_or_default();
        text.strip_suffix(b"\r").unwrap_or(text)
    }

    fn fill(&mut self) -> io::Result<bool> {
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        if self.end == self.buffer.len() {
            self.buffer.resize(self.buffer.len() * 2, 0);
        }
        loop {
            match self.reader.read(self.buffer.get_mut(self.end..).unwrap_or_default()) {
                Ok(count) => {
                    self.end += count;
                    return Ok(count > 0);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads one byte at a time, the hardest way to cut lines.
    struct Drip<'a>(&'a [u8]);

    impl Read for Drip<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.0.read(&mut buffer[..1])
        }
    }

    #[test]
    fn lines_know_their_place() {
        let mut lines = Lines::new(Drip(b"one\r\n\ntoo long a line\nlast"), 10);
        let mut seen = Vec::new();
        while let Some(line) = lines.next().unwrap() {
            seen.push((line.number, line.offset, line.text.map(<[u8]>::to_vec), line.ended));
        }
        let expected = [
            (1, 0, Some(b"one".to_vec()), true),
            (2, 5, Some(b"".to_vec()), true),
            (3, 6, None, true),
            (4, 22, Some(b"last".to_vec()), false),
        ];
        assert_eq!(seen, expected);
    }

    proptest::proptest! {
        #[test]
        fn nothing_is_lost(text in "[a\n]{0,60}") {
            let mut lines = Lines::new(Drip(text.as_bytes()), 1000);
            let mut joined = String::new();
            while let Some(line) = lines.next().unwrap() {
                joined.push_str(std::str::from_utf8(line.text.unwrap()).unwrap());
                if line.ended { joined.push('\n'); }
            }
            proptest::prop_assert_eq!(joined, text);
        }
    }
}
