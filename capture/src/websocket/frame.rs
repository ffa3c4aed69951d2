//! Frame headers (RFC 6455, section 5.2).

/// Bytes of the longest header.
pub(super) const LONGEST: usize = 14;
/// Most bytes of a control frame's payload.
const CONTROL: u64 = 125;

/// A frame's header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    /// It is the last one of its message.
    pub(super) last: bool,
    /// The first reserved bit: with permessage-deflate, its message is compressed.
    pub(super) compressed: bool,
    /// One of the reserved bits that no extension read here gives a meaning to.
    pub(super) reserved: bool,
    pub(super) opcode: u8,
    pub(super) mask: Option<[u8; 4]>,
    /// Bytes of its payload.
    pub(super) len: u64,
}

/// What the first bytes of a frame are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Read {
    /// A header, in so many bytes.
    Whole(Frame, usize),
    /// So many bytes are needed to know more.
    Short(usize),
    /// No frame begins like this.
    Malformed,
}

/// Reads the header that `bytes` begin with.
pub(super) fn read(bytes: &[u8]) -> Read {
    let &[first, second, ref rest @ ..] = bytes else { return Read::Short(2) };
    let extended = match second & 0x7f {
        126 => 2,
        127 => 8,
        _ => 0,
    };
    let masked = second & 0x80 != 0;
    let needed = 2 + extended + if masked { 4 } else { 0 };
    let (Some(length), Some(_)) = (rest.get(..extended), bytes.get(..needed)) else { return Read::Short(needed) };
    let len = match extended {
        0 => u64::from(second & 0x7f),
        _ => length.iter().fold(0, |len, &byte| len << 8 | u64::from(byte)),
    };
    let mask = rest.get(extended..).and_then(|rest| rest.first_chunk().copied()).filter(|_| masked);
    let (last, opcode) = (first & 0x80 != 0, first & 0x0f);
    let frame = Frame { last, compressed: first & 0x40 != 0, reserved: first & 0x30 != 0, opcode, mask, len };
    if frame.is_sound() { Read::Whole(frame, needed) } else { Read::Malformed }
}

impl Frame {
    /// Whether it is a control frame.
    pub(super) fn is_control(&self) -> bool {
        self.opcode & 0x8 != 0
    }

    /// Whether a frame may be like this. An opcode that nothing defines ends a WebSocket, as does a control frame that is
    /// long or in parts.
    fn is_sound(&self) -> bool {
        let control = !self.is_control() || self.last && self.len <= CONTROL;
        matches!(self.opcode, 0..=2 | 8..=10) && control && self.len >> 63 == 0
    }
}

/// Takes the mask off bytes that lie `at` bytes after the beginning of a payload.
pub(super) fn unmask(bytes: &mut [u8], mask: [u8; 4], at: u64) {
    let mut mask = mask;
    mask.rotate_left((at % 4) as usize);
    bytes.iter_mut().zip(mask.iter().cycle()).for_each(|(byte, mask)| *byte ^= mask);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(bytes: &[u8]) -> (Frame, usize) {
        match read(bytes) {
            Read::Whole(frame, len) => (frame, len),
            other => panic!("{other:?}"),
        }
    }

    /// The examples of RFC 6455, section 5.7.
    #[test]
    fn the_standards_frames() {
        let hello = [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];
        let (frame, len) = whole(&hello);
        assert_eq!((frame.last, frame.opcode, frame.len, len), (true, 1, 5, 6));
        let mut payload = hello[len..].to_vec();
        unmask(&mut payload, frame.mask.unwrap(), 0);
        assert_eq!(payload, b"Hello");
        let mut rest = hello[len + 3..].to_vec();
        unmask(&mut rest, frame.mask.unwrap(), 3);
        assert_eq!(rest, b"lo");

        let (frame, len) = whole(&[0x81, 0x05, 0x48]);
        assert_eq!((frame.mask, frame.len, len), (None, 5, 2));
        assert!(!whole(&[0x01, 0x03]).0.last);
        assert_eq!(whole(&[0x80, 0x02]).0.opcode, 0);
        assert!(whole(&[0x89, 0x05]).0.is_control());
        assert_eq!((whole(&[0x82, 0x7e, 1, 0]).0.len, whole(&[0x82, 0x7e, 1, 0]).1), (256, 4));
        let long = whole(&[0x82, 0x7f, 0, 0, 0, 0, 0, 1, 0, 0]);
        assert_eq!((long.0.len, long.1), (65_536, 10));
    }

    #[test]
    fn a_header_is_waited_for_and_nonsense_is_none() {
        let long = [0x82, 0xff, 0, 0, 0, 0, 0, 1, 0, 0, 1, 2, 3, 4];
        for len in 0..long.len() {
            assert!(matches!(read(&long[..len]), Read::Short(needed) if needed > len && needed <= LONGEST), "{len}");
        }
        assert_eq!(whole(&long).0.mask, Some([1, 2, 3, 4]));
        // An opcode that is not defined, a long ping, a close in parts, a length of 64 bits.
        for bad in [&[0x83, 0][..], &[0x89, 126, 0, 126], &[0x08, 0], &[0x82, 127, 0x80, 0, 0, 0, 0, 0, 0, 0]] {
            assert_eq!(read(bad), Read::Malformed);
        }
    }
}
