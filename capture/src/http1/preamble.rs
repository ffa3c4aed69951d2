//! What may stand before the first message of a connection: empty lines (RFC 9112, section 2.2), and the headers in which
//! a proxy says for whom it connects (the PROXY protocol of HAProxy, versions 1 and 2).
//!
//! The addresses in such a header are not taken for the client's: whoever connects can send one, and whether the server
//! trusts it stands in its settings, not in the capture.

use crate::output::Output;
use crate::tcp::Chunk;

/// The longest header of version 1, its CR LF included.
const LINE: usize = 107;
/// How a header of version 2 begins.
const SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";

/// The bytes before a first message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Preamble {
    pub(super) len: usize,
    /// Whether a proxy's header is among them.
    proxied: bool,
}

impl Preamble {
    /// What `bytes` begin with. A header that is not whole is none (see [`Preamble::is_cut`]).
    pub(super) fn of(bytes: &[u8]) -> Self {
        let mut preamble = Preamble::default();
        while let Some(rest) = bytes.get(preamble.len..) {
            let header = version_2(rest).or_else(|| version_1(rest));
            let len = header.or_else(|| empty_lines(rest));
            let Some(len) = len else { break };
            preamble.len += len;
            preamble.proxied |= header.is_some();
        }
        preamble
    }

    /// Whether more bytes may make a proxy's header of what stands behind this in `bytes`: its sender chooses where to cut it.
    pub(super) fn is_cut(self, bytes: &[u8]) -> bool {
        // The signature begins with empty lines.
        let mut from = self.len;
        while from > 0 && matches!(bytes.get(from - 1), Some(b'\r' | b'\n')) {
            from -= 1;
        }
        let begun = |rest: &[u8]| begins_version_2(rest);
        let signed = (from..=self.len).any(|at| bytes.get(at..).is_some_and(|rest| !rest.is_empty() && begun(rest)));
        signed || bytes.get(self.len..).is_some_and(begins_version_1)
    }

    /// Its length; a proxy's header is counted.
    pub(super) fn told(self, chunk: &Chunk<'_>, out: &mut Output<'_>) -> usize {
        if self.proxied {
            out.irregular("proxy_protocol", chunk.seen.frame);
        }
        self.len
    }
}

fn empty_lines(bytes: &[u8]) -> Option<usize> {
    let len = bytes.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
    (len > 0).then_some(len)
}

fn version_1(bytes: &[u8]) -> Option<usize> {
    let line = bytes.strip_prefix(b"PROXY ")?;
    let line = line.get(..line.len().min(LINE - 6))?;
    let end = memchr::memchr(b'\n', line)?;
    let words = line.get(..end)?.strip_suffix(b"\r")?;
    let known = [&b"TCP4 "[..], b"TCP6 ", b"UNKNOWN"].iter().any(|family| words.starts_with(family));
    known.then_some(6 + end + 1)
}

/// Whether `bytes` are the beginning of a header of version 1, and not all of it.
fn begins_version_1(bytes: &[u8]) -> bool {
    let families = [&b"PROXY TCP4 "[..], b"PROXY TCP6 ", b"PROXY UNKNOWN"];
    let like = |family: &&[u8]| bytes.iter().zip(*family).all(|(a, b)| a == b);
    !bytes.is_empty() && bytes.len() < LINE && families.iter().any(like) && memchr::memchr(b'\n', bytes).is_none()
}

/// Whether `bytes` are the beginning of a header of version 2, and not all of it: its signature, and what follows.
fn begins_version_2(bytes: &[u8]) -> bool {
    if bytes.len() <= SIGNATURE.len() {
        return SIGNATURE.starts_with(bytes);
    }
    let whole = match bytes.get(12..16) {
        Some(&[_, _, high, low]) => 16 + usize::from(u16::from_be_bytes([high, low])),
        _ => usize::MAX,
    };
    bytes.starts_with(SIGNATURE) && matches!(bytes.get(12), Some(0x20 | 0x21)) && bytes.len() < whole
}

fn version_2(bytes: &[u8]) -> Option<usize> {
    let &[command, _, high, low, ref rest @ ..] = bytes.strip_prefix(SIGNATURE)? else { return None };
    let len = usize::from(u16::from_be_bytes([high, low]));
    (matches!(command, 0x20 | 0x21) && rest.len() >= len).then_some(SIGNATURE.len() + 4 + len)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn len(bytes: &[u8]) -> (usize, bool) {
        let preamble = Preamble::of(bytes);
        (preamble.len, preamble.proxied)
    }

    #[test]
    fn empty_lines_and_headers_of_proxies_stand_before_a_message() {
        assert_eq!(len(b"GET / HTTP/1.1\r\n"), (0, false));
        assert_eq!(len(b"\r\n\nGET / HTTP/1.1\r\n"), (3, false));
        assert_eq!(len(b"PROXY TCP4 10.0.0.1 10.0.0.2 1 2\r\nGET /"), (34, true));
        assert_eq!(len(b"PROXY UNKNOWN\r\nPROXY TCP6 ::1 ::2 1 2\r\n\r\nGET /"), (41, true));
        assert_eq!(len(b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c0123456789abGET /"), (28, true));
        assert_eq!(len(b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0"), (16, true));
    }

    #[test]
    fn what_is_no_whole_header_is_none() {
        assert_eq!(len(b""), (0, false));
        assert_eq!(len(b"PROXY TCP4 10.0.0.1"), (0, false));
        assert_eq!(len(b"PROXY /a HTTP/1.1\r\n"), (0, false));
        assert_eq!(len(b"PROXY TCP4 1\nGET /"), (0, false));
        let long = [&b"PROXY UNKNOWN "[..], &[b'x'; LINE], b"\r\n"].concat();
        assert_eq!(len(&long), (0, false));
        assert_eq!(len(b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c01"), (4, false));
        assert_eq!(len(b"\r\n\r\n\0\r\nQUIT\n\x31\x11\0\0"), (4, false));
    }
}
