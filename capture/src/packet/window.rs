//! A sliding window over a reader: the next bytes of a file in one piece, never the whole file.

use std::io::{self, ErrorKind, Read};

/// Bytes asked of the reader at a time.
const CHUNK: usize = 256 << 10;

/// The next bytes of a capture file.
pub(super) struct Window {
    reader: Box<dyn Read + Send>,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    offset: u64,
    ended: bool,
    /// Why reading stopped before the end of the file.
    pub(super) failure: Option<io::Error>,
}

impl Window {
    pub(super) fn new(reader: Box<dyn Read + Send>) -> Self {
        Window { reader, buffer: Vec::new(), start: 0, end: 0, offset: 0, ended: false, failure: None }
    }

    /// Offset in the file of the first byte of [`Window::bytes`].
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// The bytes at hand.
    pub(super) fn bytes(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or(&[])
    }

    /// Reads until `wanted` bytes are at hand or the file ends; says whether they are.
    pub(super) fn fill(&mut self, wanted: usize) -> bool {
        while self.end - self.start < wanted && !self.ended {
            self.make_room();
            let Some(room) = self.buffer.get_mut(self.end..) else { break };
            match self.reader.read(room) {
                Ok(0) => self.ended = true,
                Ok(n) => self.end += n.min(room.len()),
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) => {
                    self.ended = true;
                    self.failure = Some(e);
                }
            }
        }
        self.end - self.start >= wanted
    }

    /// Moves what is left to the front; grows only when that fills the buffer, so a length that a file merely
    /// claims allocates nothing.
    fn make_room(&mut self) {
        if self.buffer.len() - self.end >= CHUNK / 2 {
            return;
        }
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        if self.buffer.len() - self.end < CHUNK / 2 {
            self.buffer.resize((self.buffer.len() * 2).max(CHUNK), 0);
        }
    }

    /// Moves past `count` bytes, reading as needed; returns how many there were.
    pub(super) fn skip(&mut self, count: u64) -> u64 {
        let mut left = count;
        while left > 0 {
            if self.start == self.end && !self.fill(1) {
                break;
            }
            let step = usize::try_from(left).unwrap_or(usize::MAX).min(self.end - self.start);
            self.start += step;
            self.offset += step as u64;
            left -= step as u64;
        }
        count - left
    }
}
