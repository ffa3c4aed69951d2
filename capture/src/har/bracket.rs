//! Matches brackets and quotes of one JSON value that arrives in pieces.
//!
//! This is no parser: it finds where a value ends, in one pass, in constant space, at any depth. It notices values whose
//! quotes or brackets cannot be right early, because outside of strings JSON has only a small alphabet.

use std::fmt;

/// Why a value has no sensible end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The input ends inside the value.
    End,
    /// A closing bracket of the wrong kind.
    Mismatch,
    /// A byte that JSON has only inside strings: a quote is missing or too many.
    Stray(u8),
    /// A line ends inside a string.
    OpenString,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::End => f.write_str("the file ends inside it"),
            Fault::Mismatch => f.write_str("a closing bracket does not match the open one"),
            Fault::Stray(byte) => write!(f, "unexpected `{}` outside of a string", byte.escape_ascii()),
            Fault::OpenString => f.write_str("a string does not end on its line"),
        }
    }
}

/// How far one piece of input went.
#[derive(Debug)]
pub(super) enum Progress {
    /// The value ends after so many bytes of the piece.
    Done(usize),
    /// The whole piece belongs to the value.
    More,
    /// At so many bytes the value stopped making sense.
    Fault(usize, Fault),
}

/// The state between pieces. Kinds of the outermost 128 levels are checked, deeper ones only counted.
#[derive(Debug, Default)]
pub(super) struct Nesting {
    objects: u128,
    depth: usize,
    within: Within,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Within {
    #[default]
    Start,
    Container,
    Scalar,
    String,
    Escape,
}

/// One bit a level: whether it is an object.
const CHECKED_LEVELS: usize = 128;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Plain,
    Quote,
    Open,
    Close,
    Stray,
}

/// Bytes of a string that are looked at before the vector search.
const SHORT_STRING: usize = 64;

const CLASSES: [Class; 256] = classes();

const fn classes() -> [Class; 256] {
    let mut table = [Class::Stray; 256];
    let plain = b" \t\r\n:,+-.0123456789truefalsenullEINaity";
    let mut i = 0;
    while i < plain.len() {
        table[plain[i] as usize] = Class::Plain;
        i += 1;
    }
    table[b'"' as usize] = Class::Quote;
    table[b'{' as usize] = Class::Open;
    table[b'[' as usize] = Class::Open;
    table[b'}' as usize] = Class::Close;
    table[b']' as usize] = Class::Close;
    table
}

impl Nesting {
    /// Whether the input may end here: a number or literal has no end mark.
    pub(super) fn may_end_here(&self) -> bool {
        self.within == Within::Scalar
    }

    /// Walks over one piece.
    pub(super) fn advance(&mut self, piece: &[u8]) -> Progress {
        let mut at = 0;
        while let Some(&byte) = piece.get(at) {
            match self.within {
                Within::String => match self.string(piece, at) {
                    Ok(next) => at = next,
                    Err(progress) => return progress,
                },
                Within::Escape => {
                    self.within = Within::String;
                    at += 1;
                }
                Within::Scalar if b",]} \t\r\n".contains(&byte) => return Progress::Done(at),
                Within::Start | Within::Container | Within::Scalar => {
                    if let Some(progress) = self.outside(byte, at) {
                        return progress;
                    }
                    at += 1;
                }
            }
        }
        Progress::More
    }

    /// Walks to behind the end of the string, or of the piece.
    fn string(&mut self, piece: &[u8], mut at: usize) -> Result<usize, Progress> {
        while let Some(found) = special(piece, at) {
            at = found + 1;
            match piece.get(found) {
                Some(b'"') if self.depth == 0 => return Err(Progress::Done(at)),
                Some(b'"') => {
                    self.within = Within::Container;
                    return Ok(at);
                }
                Some(b'\\') if at < piece.len() => at += 1,
                Some(b'\\') => {
                    self.within = Within::Escape;
                    return Ok(at);
                }
                _ => return Err(Progress::Fault(found, Fault::OpenString)),
            }
        }
        Ok(piece.len())
    }

    fn outside(&mut self, byte: u8, at: usize) -> Option<Progress> {
        match CLASSES.get(usize::from(byte)).copied().unwrap_or(Class::Stray) {
            Class::Plain if self.within == Within::Start => self.within = Within::Scalar,
            Class::Plain => {}
            Class::Quote => self.within = Within::String,
            Class::Open => {
                if self.depth < CHECKED_LEVELS {
                    self.objects = self.objects << 1 | u128::from(byte == b'{');
                }
                self.depth += 1;
                self.within = Within::Container;
            }
            Class::Close => {
                if self.depth <= CHECKED_LEVELS {
                    if self.depth == 0 || (self.objects & 1 == 1) != (byte == b'}') {
                        return Some(Progress::Fault(at, Fault::Mismatch));
                    }
                    self.objects >>= 1;
                }
                self.depth -= 1;
                if self.depth == 0 {
                    return Some(Progress::Done(at + 1));
                }
            }
            Class::Stray => return Some(Progress::Fault(at, Fault::Stray(byte))),
        }
        None
    }
}

/// The next quote, backslash or line end. Most strings are short: eight bytes are compared at once, and the vector search,
/// which costs more to start, begins only after some of them.
fn special(piece: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    while let Some(word) = piece.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        let word = u64::from_le_bytes(*word);
        let hits = zero_bytes(word ^ QUOTES) | zero_bytes(word ^ BACKSLASHES) | zero_bytes(word ^ LINE_ENDS);
        if hits != 0 {
            return Some(at + hits.trailing_zeros() as usize / 8);
        }
        at += 8;
        if at - from >= SHORT_STRING {
            break;
        }
    }
    memchr::memchr3(b'"', b'\\', b'\n', piece.get(at..)?).map(|found| at + found)
}

const QUOTES: u64 = u64::from_le_bytes([b'"'; 8]);
const BACKSLASHES: u64 = u64::from_le_bytes([b'\\'; 8]);
const LINE_ENDS: u64 = u64::from_le_bytes([b'\n'; 8]);

/// Sets the top bit of each byte that is zero; above the lowest such byte others may be set too.
fn zero_bytes(word: u64) -> u64 {
    word.wrapping_sub(u64::from_le_bytes([0x01; 8])) & !word & u64::from_le_bytes([0x80; 8])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds the text in pieces of `size` and returns where the value ends.
    fn end(text: &[u8], size: usize) -> Result<usize, Fault> {
        let mut nesting = Nesting::default();
        for (number, piece) in text.chunks(size).enumerate() {
            match nesting.advance(piece) {
                Progress::Done(at) => return Ok(number * size + at),
                Progress::Fault(_, fault) => return Err(fault),
                Progress::More => {}
            }
        }
        if nesting.may_end_here() { Ok(text.len()) } else { Err(Fault::End) }
    }

    #[test]
    fn the_end_of_a_value_is_found_whatever_the_pieces() {
        let strange =
            "{\"a\\\\\": [\"}\", \"\\\"]\", {\"b\": -1.5e3}, null, \"long enough to leave the first bytes \\\\\"]}";
        for value in [strange, "[]", "\"a\\\"b\"", "{}", "[[[[{}]]]]"] {
            let text = format!("{value}, {{\"next\": 1}}");
            for size in 1..text.len() {
                assert_eq!(end(text.as_bytes(), size), Ok(value.len()), "{value} by {size}");
            }
        }
        assert_eq!(end(b"12, 3", 2), Ok(2));
        assert_eq!(end(b"null", 2), Ok(4));
    }

    #[test]
    fn nonsense_is_noticed() {
        assert_eq!(end(b"{\"a\": [1, 2}", 3), Err(Fault::Mismatch));
        assert_eq!(end(b"{\"a\": \"b\"c\": 1}", 3), Err(Fault::Stray(b'c')));
        assert_eq!(end(b"{\"a\": \"b\n\", 1}", 3), Err(Fault::OpenString));
        assert_eq!(end(b"{\"a\": [1", 3), Err(Fault::End));
    }

    #[test]
    fn depth_is_counted_without_a_stack() {
        let deep = [vec![b'['; 200_000], vec![b']'; 200_000]].concat();
        let mut nesting = Nesting::default();
        assert!(matches!(nesting.advance(&deep), Progress::Done(400_000)));
        let mixed = format!("{{\"a\": {}{}}}", "[".repeat(300), "]".repeat(300));
        assert_eq!(end(mixed.as_bytes(), 7), Ok(mixed.len()));
    }

    proptest::proptest! {
        #[test]
        fn special_bytes_are_found_as_one_by_one(bytes in proptest::collection::vec(proptest::sample::select(&b"\"\\\n\x0b\x23\x21\x5d\x80\xa2abc"[..]), 0..40), plain in 0usize..100) {
            let text = [vec![b'a'; plain], bytes].concat();
            let naive = text.iter().position(|byte| b"\"\\\n".contains(byte));
            proptest::prop_assert_eq!(special(&text, 0), naive);
        }

        #[test]
        fn agrees_with_serde_on_valid_json(keys in proptest::collection::vec("\\PC{0,30}", 0..8), size in 1usize..50) {
            let value = serde_json::json!({"list": keys, "nested": {"again": [keys, 1.5, null, true]}});
            let text = value.to_string();
            proptest::prop_assert_eq!(end(format!("{text} ]").as_bytes(), size), Ok(text.len()));
        }
    }
}
