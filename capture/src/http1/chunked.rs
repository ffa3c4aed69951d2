//! The chunked transfer coding, decoded as it comes.

/// Hex digits of a chunk size: more would not fit 64 bits.
const DIGITS: u8 = 16;
/// Bytes of one chunk's framing: its size line with extensions, and the line end after its data.
const LINE_BYTES: u32 = 64 << 10;

/// Where a chunked body stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Chunked {
    state: State,
    size: u64,
    /// Digits of the size that count.
    digits: u8,
    /// The chunk's size line has a digit.
    sized: bool,
    /// Bytes of the chunk's framing so far.
    framing: u32,
    /// A line ended without its CR.
    pub(super) bare_lf: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Size,
    Extension,
    SizeEnd,
    Data,
    DataEnd,
    DataLf,
    Trailer,
}

/// What the next bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// `used` bytes of framing, nothing of the body.
    Framing { used: usize },
    /// The first `len` bytes belong to the body.
    Data { len: usize },
    /// `used` bytes of framing; then trailers or the empty line follow.
    Trailers { used: usize },
    /// These bytes are no chunked coding.
    Broken,
}

impl Chunked {
    /// Looks at the next bytes, which are not empty.
    pub(super) fn next(&mut self, bytes: &[u8]) -> Part {
        if self.state == State::Data {
            let len = usize::try_from(self.size).unwrap_or(usize::MAX).min(bytes.len());
            self.size -= len as u64;
            if self.size == 0 {
                self.state = State::DataEnd;
            }
            return Part::Data { len };
        }
        for (index, &byte) in bytes.iter().enumerate() {
            if !self.step(byte) {
                return Part::Broken;
            }
            match self.state {
                State::Data => return Part::Framing { used: index + 1 },
                State::Trailer => return Part::Trailers { used: index + 1 },
                _ => {}
            }
        }
        Part::Framing { used: bytes.len() }
    }

    fn step(&mut self, byte: u8) -> bool {
        match (self.state, byte) {
            (State::Size, _) if byte.is_ascii_hexdigit() => {
                let value = (byte as char).to_digit(16).unwrap_or(0);
                self.size = self.size << 4 | u64::from(value);
                self.digits += u8::from(self.size > 0);
                self.sized = true;
                return self.digits <= DIGITS && self.framed();
            }
            (State::Size | State::Extension | State::SizeEnd, b'\n') if self.sized => {
                self.bare_lf |= self.state != State::SizeEnd;
                self.state = if self.size == 0 { State::Trailer } else { State::Data };
                self.digits = 0;
            }
            (State::Size, b';' | b' ' | b'\t') if self.sized => self.state = State::Extension,
            (State::Size, b' ' | b'\t') => {}
            (State::Size | State::Extension, b'\r') if self.sized => self.state = State::SizeEnd,
            (State::Extension, _) => {}
            (State::DataEnd, b'\r') => self.state = State::DataLf,
            (State::DataEnd | State::DataLf, b'\n') => {
                self.bare_lf |= self.state == State::DataEnd;
                self.state = State::Size;
                (self.sized, self.framing) = (false, 0);
            }
            _ => return false,
        }
        self.framed()
    }

    /// Counts a byte of framing; false when one chunk has too many.
    fn framed(&mut self) -> bool {
        self.framing += 1;
        self.framing <= LINE_BYTES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(pieces: &[&[u8]]) -> Option<(Vec<u8>, usize)> {
        let mut chunked = Chunked::default();
        let (mut body, mut taken) = (Vec::new(), 0);
        for piece in pieces {
            let mut rest = *piece;
            while !rest.is_empty() {
                match chunked.next(rest) {
                    Part::Framing { used } => (taken, rest) = (taken + used, &rest[used..]),
                    Part::Data { len } => {
                        body.extend_from_slice(&rest[..len]);
                        (taken, rest) = (taken + len, &rest[len..]);
                    }
                    Part::Trailers { used } => return Some((body, taken + used)),
                    Part::Broken => return None,
                }
            }
        }
        None
    }

    #[test]
    fn any_split_decodes_to_the_same_body() {
        let coded = b"4;a=b\r\nwiki\r\n05 \r\npedia\r\nB\n in chunks.\r\n000\r\n\r\n";
        for first in 0..coded.len() {
            for second in first..coded.len() {
                let pieces = [&coded[..first], &coded[first..second], &coded[second..]];
                assert_eq!(decode(&pieces), Some((b"wikipedia in chunks.".to_vec(), coded.len() - 2)));
            }
        }
    }

    #[test]
    fn framing_is_bounded_by_chunk_and_not_by_body() {
        let chunks = 400_000;
        let coded = [b"1\r\na\r\n".repeat(chunks), b"0\r\n".to_vec()].concat();
        assert_eq!(decode(&[&coded]), Some((vec![b'a'; chunks], coded.len())));
        for (first, rest) in [("0", "0"), ("1;", "x"), (" ", " "), ("1", " ")] {
            let endless = [first.as_bytes(), &rest.as_bytes().repeat(LINE_BYTES as usize), b"\r\n"].concat();
            assert_eq!(decode(&[&endless]), None, "{first}{rest}...");
        }
        let long = [b"1\r\na\r\n1;", &b"x".repeat(LINE_BYTES as usize / 2)[..], b"\r\na\r\n0\r\n"].concat();
        assert_eq!(decode(&[&long]), Some((b"aa".to_vec(), long.len())));
    }

    #[test]
    fn what_is_no_chunk_is_refused() {
        for coded in [&b"x\r\n"[..], b"\r\n", b";\n", b"1ffffffffffffffff\r\n", b"1\r\nab\r\n", b"-1\r\n"] {
            assert_eq!(decode(&[coded]), None, "{coded:?}");
        }
    }
}
