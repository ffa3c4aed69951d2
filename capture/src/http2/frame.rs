//! Frame headers (RFC 9113, section 4.1), and what can be said of a frame from its header alone.

use sha2::{Digest, Sha256};

use crate::conversation::{Print, print_of};

/// Bytes of a frame header.
pub(super) const HEADER: usize = 9;
/// What a receiver must take without having said otherwise; senders rarely use more.
const USUAL_MOST: u32 = 1 << 14;

/// The types that are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Data,
    Headers,
    Priority,
    ResetStream,
    Settings,
    PushPromise,
    Ping,
    GoAway,
    WindowUpdate,
    Continuation,
    /// An extension, which receivers ignore.
    Other,
}

/// A frame's header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    /// Bytes that follow the header.
    pub(super) len: u32,
    pub(super) kind: Kind,
    pub(super) flags: u8,
    pub(super) stream: u32,
}

/// Bytes at the beginning of a `GOAWAY` that name the last stream.
pub(super) const LAST_STREAM: usize = 4;

/// Digest of settings (RFC 9113, section 6.5.1), without those that clients make up.
pub(super) fn print(settings: &[u8]) -> Print {
    let known = settings
        .chunks_exact(6)
        .filter(|setting| !matches!(setting, [high, low, ..] if high == low && low & 0xf == 0xa));
    let digest = known.fold(Sha256::new(), |digest, setting| digest.chain_update(setting)).finalize();
    print_of(&digest)
}

const END_STREAM: u8 = 0x1;
const END_HEADERS: u8 = 0x4;
const PADDED: u8 = 0x8;
const PRIORITY: u8 = 0x20;

impl Frame {
    /// Reads a header; the reserved bit is ignored, as receivers must.
    pub(super) fn read(bytes: &[u8; HEADER]) -> Self {
        let &[a, b, c, kind, flags, d, e, f, g] = bytes;
        let kind = match kind {
            0 => Kind::Data,
            1 => Kind::Headers,
            2 => Kind::Priority,
            3 => Kind::ResetStream,
            4 => Kind::Settings,
            5 => Kind::PushPromise,
            6 => Kind::Ping,
            7 => Kind::GoAway,
            8 => Kind::WindowUpdate,
            9 => Kind::Continuation,
            _ => Kind::Other,
        };
        Frame { len: u32::from_be_bytes([0, a, b, c]), kind, flags, stream: u32::from_be_bytes([d & 0x7f, e, f, g]) }
    }

    /// Whether it is the last of its side's frames on the stream that carry a message.
    pub(super) fn ends_stream(&self) -> bool {
        matches!(self.kind, Kind::Data | Kind::Headers) && self.flags & END_STREAM != 0
    }

    pub(super) fn ends_headers(&self) -> bool {
        self.flags & END_HEADERS != 0
    }

    pub(super) fn is_padded(&self) -> bool {
        matches!(self.kind, Kind::Data | Kind::Headers | Kind::PushPromise) && self.flags & PADDED != 0
    }

    /// Whether it carries part of a header block.
    pub(super) fn carries_block(&self) -> bool {
        matches!(self.kind, Kind::Headers | Kind::PushPromise | Kind::Continuation)
    }

    /// Bytes of its payload that come before the header block, padding aside.
    fn before_block(&self) -> usize {
        match self.kind {
            Kind::Headers if self.flags & PRIORITY != 0 => 5,
            Kind::PushPromise => 4,
            _ => 0,
        }
    }

    /// Whether stream and length are such as the type allows.
    pub(super) fn is_sound(&self) -> bool {
        let on_stream = self.stream != 0;
        match self.kind {
            Kind::Data | Kind::Headers | Kind::PushPromise | Kind::Continuation => {
                let least = self.before_block() + usize::from(self.is_padded());
                on_stream && self.len as usize >= least
            }
            Kind::Priority => on_stream && self.len == 5,
            Kind::ResetStream => on_stream && self.len == 4,
            Kind::Settings => !on_stream && self.len.is_multiple_of(6) && (self.flags & 1 == 0 || self.len == 0),
            Kind::Ping => !on_stream && self.len == 8,
            Kind::GoAway => !on_stream && self.len >= 8,
            Kind::WindowUpdate => self.len == 4,
            Kind::Other => true,
        }
    }

    /// Whether bytes that may be anything look like this header: a known type with its own flags only, of a usual length,
    /// with the reserved bit unset.
    pub(super) fn is_likely(bytes: &[u8; HEADER]) -> bool {
        let frame = Frame::read(bytes);
        let flags = match frame.kind {
            Kind::Data => END_STREAM | PADDED,
            Kind::Headers => END_STREAM | END_HEADERS | PADDED | PRIORITY,
            Kind::PushPromise => END_HEADERS | PADDED,
            Kind::Continuation => END_HEADERS,
            Kind::Settings | Kind::Ping => 1,
            Kind::Priority | Kind::ResetStream | Kind::GoAway | Kind::WindowUpdate => 0,
            Kind::Other => return false,
        };
        let reserved = bytes.get(5).is_some_and(|byte| byte & 0x80 != 0);
        frame.is_sound() && frame.len <= USUAL_MOST && frame.flags & !flags == 0 && !reserved
    }

    /// What a payload holds of a header block: the promised stream, and the fragment. None where the padding is longer
    /// than the payload.
    pub(super) fn block<'a>(&self, payload: &'a [u8]) -> Option<(u32, &'a [u8])> {
        let mut rest = payload;
        let mut padding = 0;
        if self.is_padded() {
            let (&length, after) = rest.split_first()?;
            (padding, rest) = (usize::from(length), after);
        }
        let (before, rest) = rest.split_at_checked(self.before_block())?;
        let promised = match (self.kind, before.first_chunk::<4>()) {
            (Kind::PushPromise, Some(&[a, b, c, d])) => u32::from_be_bytes([a & 0x7f, b, c, d]),
            _ => 0,
        };
        let len = rest.len().checked_sub(padding)?;
        Some((promised, rest.get(..len)?))
    }

    /// The same of a payload whose end is missing: as much of the fragment as came.
    pub(super) fn cut_block<'a>(&self, payload: &'a [u8]) -> (u32, &'a [u8]) {
        let padding = payload.first().filter(|_| self.is_padded()).map_or(0, |&length| usize::from(length));
        let start = usize::from(self.is_padded()) + self.before_block();
        let promised = payload.get(start.saturating_sub(4)..start).and_then(|bytes| bytes.first_chunk::<4>());
        let promised = promised.filter(|_| self.kind == Kind::PushPromise).map_or(0, |&id| u32::from_be_bytes(id));
        let end = payload.len().min((self.len as usize).saturating_sub(padding));
        (promised & 0x7fff_ffff, payload.get(start..end).unwrap_or(&[]))
    }
}

/// What a chain of frame headers at the beginning of a segment tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Chain {
    /// These are frames: they fill the segment exactly, or there is more than one.
    Certain,
    /// The segment may be the beginning of this frame.
    Possible(Frame),
    /// Not a frame.
    None,
}

/// Follows the frame headers from the beginning of a segment.
pub(super) fn chain(segment: &[u8]) -> Chain {
    let mut rest = segment;
    let mut first = None;
    loop {
        let Some(header) = rest.first_chunk::<HEADER>() else {
            return match first {
                Some(_) if rest.is_empty() => Chain::Certain,
                Some(frame) => Chain::Possible(frame),
                None => Chain::None,
            };
        };
        if !Frame::is_likely(header) {
            return Chain::None;
        }
        if first.is_some() {
            return Chain::Certain;
        }
        let frame = Frame::read(header);
        first = Some(frame);
        match rest.get(HEADER + frame.len as usize..) {
            Some(after) => rest = after,
            None => return Chain::Possible(frame),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTINGS: [u8; 15] = [0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 100];

    #[test]
    fn a_header_is_read() {
        let frame = Frame::read(&[0, 1, 2, 1, 0x25, 0x80, 0, 0, 7]);
        assert_eq!(frame, Frame { len: 258, kind: Kind::Headers, flags: 0x25, stream: 7 });
        assert!(frame.ends_stream() && frame.ends_headers() && !frame.is_padded());
    }

    #[test]
    fn padding_and_priority_are_no_part_of_the_block() {
        let frame = |flags| Frame { len: 0, kind: Kind::Headers, flags, stream: 1 };
        assert_eq!(frame(0).block(b"abc"), Some((0, &b"abc"[..])));
        assert_eq!(frame(PADDED).block(b"\x02abcxx"), Some((0, &b"abc"[..])));
        assert_eq!(frame(PRIORITY).block(b"12345abc"), Some((0, &b"abc"[..])));
        assert_eq!(frame(PADDED | PRIORITY).block(b"\x0112345abcx"), Some((0, &b"abc"[..])));
        assert_eq!(frame(PADDED).block(b"\x05abc"), None);
        assert_eq!(frame(PRIORITY).block(b"1234"), None);
        let promise = Frame { kind: Kind::PushPromise, ..frame(0) };
        assert_eq!(promise.block(&[0x80, 0, 0, 2, b'a']), Some((2, &b"a"[..])));
        let cut = Frame { len: 14, ..frame(PADDED | PRIORITY) };
        for (payload, expected) in
            [(&b"\x04123"[..], &b""[..]), (b"\x0412345ab", b"ab"), (b"\x0412345abcd\0\0", b"abcd")]
        {
            assert_eq!(cut.cut_block(payload), (0, expected));
        }
        assert_eq!(Frame { len: 9, ..promise }.cut_block(&[0x80, 0, 0, 2, b'a']), (2, &b"a"[..]));
        assert_eq!(Frame { len: 9, ..promise }.cut_block(&[0, 0]), (0, &b""[..]));
    }

    #[test]
    fn frames_are_told_by_their_chain() {
        assert_eq!(chain(&SETTINGS), Chain::Certain);
        assert_eq!(chain(&[&SETTINGS[..], &SETTINGS[..9]].concat()), Chain::Certain);
        assert!(matches!(chain(&SETTINGS[..12]), Chain::Possible(_)));
        for other in [
            &b"GET / HTTP/1.1\r\n"[..],
            &[],
            &SETTINGS[..8],
            // A TLS record, PostgreSQL's request for TLS, a DNS message with its length, a MySQL greeting.
            &[0x16, 3, 1, 0, 2, 1, 0, 0, 0, 0, 0],
            &[0, 0, 0, 8, 4, 0xd2, 0x16, 0x2f, 0, 0],
            &[0, 0x1d, 0xab, 0xcd, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0],
            &[0x4a, 0, 0, 0, 10, b'8', b'.', b'0', b'.', b'3'],
        ] {
            assert_eq!(chain(other), Chain::None, "{other:02x?}");
        }
    }
}
