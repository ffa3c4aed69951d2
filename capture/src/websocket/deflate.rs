//! Compression of messages (permessage-deflate, RFC 7692).

use flate2::{Decompress, FlushDecompress, Status};

use crate::{Headers, Limits};

/// What a sender leaves away from the end of each message.
const TAIL: [u8; 4] = [0, 0, 0xff, 0xff];
/// Bytes by which output grows.
const STEP: usize = 16 << 10;
/// Bytes that an inflater takes, its window included.
const INFLATER: usize = 48 << 10;

/// What the two sides agreed on beyond RFC 6455.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extension {
    /// Nothing.
    None,
    /// permessage-deflate; by side, the client first, whether it begins each message afresh.
    Deflate { afresh: [bool; 2] },
    /// Something that is not read, or not known, because not all fields of the answer were seen.
    Other,
}

impl Extension {
    /// What the answer to an opening request agrees to.
    pub(super) fn agreed(answer: &Headers) -> Self {
        let mut agreed = Extension::None;
        for value in answer.all("sec-websocket-extensions") {
            for extension in value.split(|&b| b == b',').filter(|extension| !extension.trim_ascii().is_empty()) {
                agreed = match agreed {
                    Extension::None => Self::parse(extension),
                    _ => Extension::Other,
                };
            }
        }
        agreed
    }

    fn parse(extension: &[u8]) -> Self {
        let mut words = extension.split(|&b| b == b';').map(<[u8]>::trim_ascii);
        if !words.next().is_some_and(|name| name.eq_ignore_ascii_case(b"permessage-deflate")) {
            return Extension::Other;
        }
        let mut afresh = [false; 2];
        for word in words {
            let name = word.split(|&b| b == b'=').next().unwrap_or(&[]).trim_ascii();
            // The size of the window says nothing to a reader that has room for the largest.
            if name.eq_ignore_ascii_case(b"client_no_context_takeover") {
                afresh[0] = true;
            } else if name.eq_ignore_ascii_case(b"server_no_context_takeover") {
                afresh[1] = true;
            }
        }
        Extension::Deflate { afresh }
    }
}

/// The payload of a message as far as it came: its first bytes, and how many there are.
#[derive(Debug, Default)]
pub(super) struct Kept {
    pub(super) bytes: Vec<u8>,
    pub(super) len: u64,
}

impl Kept {
    pub(super) fn push(&mut self, bytes: &[u8], limits: &Limits) {
        self.len += bytes.len() as u64;
        let room = limits.body_bytes.saturating_sub(self.bytes.len());
        self.bytes.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
    }
}

/// Why a message does not inflate any further.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stopped {
    /// It is no deflate, or refers to what was not seen.
    Broken,
    /// It inflates to more than the limit.
    Over,
}

/// Inflates the messages of one side, each with what earlier ones left behind.
///
/// After a message of which a part is missing, it begins afresh. Whatever inflates then is right all the same: deflate
/// only refers back, so what refers to bytes before the new beginning is refused, and all else lies within what was seen.
#[derive(Debug)]
pub(super) struct Inflater {
    stream: Box<Decompress>,
}

impl Inflater {
    pub(super) fn new() -> Self {
        Inflater { stream: Box::new(Decompress::new(false)) }
    }

    /// Bytes held.
    pub(super) fn held(&self) -> usize {
        INFLATER
    }

    /// Forgets what earlier messages left behind.
    pub(super) fn begin_afresh(&mut self) {
        self.stream.reset(false);
    }

    /// The end of a message.
    pub(super) fn finish(&mut self, kept: &mut Kept, limits: &Limits) -> Result<(), Stopped> {
        self.push(&TAIL, kept, limits)
    }

    /// More of a message.
    pub(super) fn push(&mut self, mut coded: &[u8], kept: &mut Kept, limits: &Limits) -> Result<(), Stopped> {
        let mut step = [0; STEP];
        loop {
            let (taken, given) = (self.stream.total_in(), self.stream.total_out());
            let status = self.stream.decompress(coded, &mut step, FlushDecompress::None);
            let status = status.map_err(|_| Stopped::Broken)?;
            let used = (self.stream.total_in() - taken) as usize;
            let got = (self.stream.total_out() - given) as usize;
            coded = coded.get(used..).unwrap_or(&[]);
            kept.push(step.get(..got).unwrap_or(&[]), limits);
            if kept.len > limits.inflate_bytes {
                return Err(Stopped::Over);
            }
            if status == Status::StreamEnd {
                // A sender may end the stream itself, and begin another one in the same message.
                self.begin_afresh();
                if coded.is_empty() {
                    return Ok(());
                }
            } else if used == 0 && got == 0 {
                return if coded.is_empty() { Ok(()) } else { Err(Stopped::Broken) };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agreed(values: &[&str]) -> Extension {
        let mut headers = Headers::default();
        values.iter().for_each(|value| headers.push(b"Sec-WebSocket-Extensions", value.as_bytes()));
        Extension::agreed(&headers)
    }

    #[test]
    fn extensions_are_told() {
        assert_eq!(agreed(&[]), Extension::None);
        assert_eq!(agreed(&["", " , "]), Extension::None);
        assert_eq!(agreed(&["permessage-deflate"]), Extension::Deflate { afresh: [false, false] });
        let both = "Permessage-Deflate; client_no_context_takeover ;server_max_window_bits=10";
        assert_eq!(agreed(&[both]), Extension::Deflate { afresh: [true, false] });
        assert_eq!(
            agreed(&["permessage-deflate;server_no_context_takeover"]),
            Extension::Deflate { afresh: [false, true] }
        );
        assert_eq!(agreed(&["x-webkit-deflate-frame"]), Extension::Other);
        assert_eq!(agreed(&["permessage-deflate, x-other"]), Extension::Other);
        assert_eq!(agreed(&["x-other", "permessage-deflate"]), Extension::Other);
    }

    fn inflate(inflater: &mut Inflater, parts: &[&[u8]]) -> Result<Vec<u8>, Stopped> {
        let (mut kept, limits) = (Kept::default(), Limits::default());
        for part in parts {
            inflater.push(part, &mut kept, &limits)?;
        }
        inflater.finish(&mut kept, &limits)?;
        Ok(kept.bytes)
    }

    /// The examples of RFC 7692, section 7.2.3.
    #[test]
    fn the_standards_messages() {
        let hello = |inflater: &mut Inflater, bytes: &[u8]| inflate(inflater, &[bytes]).unwrap();
        let mut inflater = Inflater::new();
        assert_eq!(hello(&mut inflater, &[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00]), b"Hello");
        // The same again, out of the window.
        assert_eq!(hello(&mut inflater, &[0xf2, 0x00, 0x11, 0x00, 0x00]), b"Hello");
        // A block that is not compressed; one that ends its stream; two blocks.
        assert_eq!(
            hello(&mut Inflater::new(), &[0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x00]),
            b"Hello"
        );
        assert_eq!(hello(&mut Inflater::new(), &[0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00]), b"Hello");
        let blocks = [0xf2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xff, 0xff, 0xca, 0xc9, 0xc9, 0x07, 0x00];
        assert_eq!(hello(&mut Inflater::new(), &blocks), b"Hello");
        assert_eq!(inflate(&mut Inflater::new(), &[&blocks[..3], &blocks[3..9], &blocks[9..]]).unwrap(), b"Hello");
    }

    #[test]
    fn what_refers_to_what_was_not_seen_is_refused() {
        let mut inflater = Inflater::new();
        assert_eq!(inflate(&mut inflater, &[&[0xf2, 0x00, 0x11, 0x00, 0x00]]), Err(Stopped::Broken));
        for _ in 0..2 {
            inflater.begin_afresh();
            assert_eq!(inflate(&mut inflater, &[&[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00]]).unwrap(), b"Hello");
            // What was there before the new beginning is forgotten.
            inflater.begin_afresh();
            assert_eq!(inflate(&mut inflater, &[&[0xf2, 0x00, 0x11, 0x00, 0x00]]), Err(Stopped::Broken));
        }
    }

    #[test]
    fn bombs_are_stopped() {
        let mut coder = flate2::Compress::new(flate2::Compression::best(), false);
        let mut bomb = Vec::with_capacity(1 << 20);
        coder.compress_vec(&vec![0; 8 << 20], &mut bomb, flate2::FlushCompress::Sync).unwrap();
        let limits = Limits { inflate_bytes: 1 << 20, body_bytes: 1 << 10, ..Limits::default() };
        let mut kept = Kept::default();
        assert_eq!(Inflater::new().push(&bomb, &mut kept, &limits), Err(Stopped::Over));
        assert!(kept.bytes.len() == 1 << 10 && kept.len < (1 << 20) + (1 << 15));
    }
}
