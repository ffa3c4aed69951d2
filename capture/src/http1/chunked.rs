//! The chunked transfer coding, decoded as it comes.

/// Hex digits of a chunk size: more would not fit 64 bits.
const DIGITS: u8 = 16;

/// Where a chunked body stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Chunked {
    state: State,
    size: u64,
    digits: u8,
    /// Bytes of chunk extensions and line ends so far, to bound them.
    overhead: u32,
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
                self.overhead |= 1 << 31;
                return self.digits <= DIGITS;
            }
            // The top bit remembers that there was a digit at all.
            (State::Size | State::Extension | State::SizeEnd, b'\n') if self.overhead >> 31 == 1 => {
                self.bare_lf |= self.state != State::SizeEnd;
                self.state = if self.size == 0 { State::Trailer } else { State::Data };
                self.digits = 0;
            }
            (State::Size, b';' | b' ' | b'\t') if self.overhead >> 31 == 1 => self.state = State::Extension,
            (State::Size, b' ' | b'\t') => {}
            (State::Size | State::Extension, b'\r') if self.overhead >> 31 == 1 => self.state = State::SizeEnd,
            (State::Extension, _) => {}
            (State::DataEnd, b'\r') => self.state = State::DataLf,
            (State::DataEnd | State::DataLf, b'\n') => {
                self.bare_lf |= self.state == State::DataEnd;
                self.state = State::Size;
                self.overhead &= (1 << 31) - 1;
            }
            _ => return false,
        }
        self.overhead += 1;
        self.overhead & ((1 << 31) - 1) < 1 << 20
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
    fn what_is_no_chunk_is_refused() {
        for coded in [&b"x\r\n"[..], b"\r\n", b";\n", b"1ffffffffffffffff\r\n", b"1\r\nab\r\n", b"-1\r\n"] {
            assert_eq!(decode(&[coded]), None, "{coded:?}");
        }
    }
}
