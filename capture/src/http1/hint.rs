//! What a connection that is not read seems to carry, so that it is counted under a name.

use super::foreign;
use crate::websocket;

/// What the segments of a connection looked like that began like nothing that is read.
#[derive(Debug, Default)]
pub(super) struct Hints {
    /// Its client began with a request of HTTP/0.9.
    simple: bool,
    /// By side, whether its frames of a WebSocket are masked.
    masked: [Option<bool>; 2],
    /// Some segment was no row of such frames.
    other: bool,
    /// By side, how its first segment begins.
    begins: [Vec<u8>; 2],
    /// The protocol that this tells.
    protocol: Option<&'static str>,
}

/// Bytes kept of a side's first segment: what the greetings of protocols take.
const GREETING: usize = 128;

impl Hints {
    /// Notes a segment; `first` where the connection begins with it.
    pub(super) fn note(&mut self, side: usize, segment: &[u8], first: bool) {
        self.simple |= first && is_simple_request(segment);
        self.recognise(side, segment);
        let Some(known) = self.masked.get_mut(side) else { return };
        match websocket::whole_frames(segment) {
            Some(masked) if known.is_none_or(|known| known == masked) => *known = Some(masked),
            _ => self.other = true,
        }
    }

    /// Compares a side's first segment with the greetings of other protocols.
    pub(super) fn recognise(&mut self, side: usize, segment: &[u8]) {
        let (Some(own), None) = (self.begins.get_mut(side), self.protocol) else { return };
        if !own.is_empty() {
            return;
        }
        own.extend_from_slice(segment.get(..GREETING).unwrap_or(segment));
        let other = self.begins.get(1 - side).map_or(&[][..], Vec::as_slice);
        self.protocol = foreign::of(segment).or_else(|| foreign::of_both(segment, other));
    }

    /// Bytes held outside of itself.
    pub(super) fn held(&self) -> usize {
        self.begins.iter().map(Vec::capacity).sum()
    }

    /// The name under which it is counted.
    pub(super) fn name(&self) -> &'static str {
        match (self.simple, self.is_websocket()) {
            (true, _) => "http09",
            (_, true) => "websocket_mid_stream",
            _ => "not_http",
        }
    }

    /// What it carries, where that was recognised.
    pub(super) fn protocol(&self) -> Option<&'static str> {
        match (self.simple, self.is_websocket()) {
            (true, _) => Some("http09"),
            (_, true) => Some("websocket"),
            _ => self.protocol,
        }
    }

    fn is_websocket(&self) -> bool {
        // Clients mask and servers do not (RFC 6455, section 5.1).
        !self.other && matches!(self.masked, [Some(one), Some(other)] if one != other)
    }
}

/// Whether a segment is `GET`, a path and nothing else.
fn is_simple_request(segment: &[u8]) -> bool {
    let line = segment.strip_suffix(b"\n").map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let target = line.and_then(|line| line.strip_prefix(b"GET ")).map(<[u8]>::trim_ascii);
    target.is_some_and(|target| target.first() == Some(&b'/') && target.iter().all(u8::is_ascii_graphic))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hints(segments: &[(usize, &[u8])]) -> Hints {
        let mut hints = Hints::default();
        segments.iter().enumerate().for_each(|(nth, (side, segment))| hints.note(*side, segment, nth == 0));
        hints
    }

    fn name(segments: &[(usize, &[u8])]) -> &'static str {
        hints(segments).name()
    }

    #[test]
    fn connections_are_named_by_their_segments() {
        let (client, server) = (&[0x81, 0x82, 0, 0, 0, 0, b'h', b'i'][..], &[0x81, 2, b'h', b'i', 0x89, 0][..]);
        assert_eq!(name(&[(0, client), (1, server), (0, client)]), "websocket_mid_stream");
        assert_eq!(name(&[(0, client)]), "not_http");
        assert_eq!(name(&[(0, server), (1, server)]), "not_http");
        assert_eq!(name(&[(0, client), (1, server), (1, b"\x81\x05no")]), "not_http");
        assert_eq!(name(&[(0, b"GET /\r\n"), (1, b"<html>")]), "http09");
        assert_eq!(name(&[(0, b"GET /a b\r\n")]), "not_http");
        assert_eq!(name(&[(1, b"+OK"), (0, b"GET /\r\n")]), "not_http");
        assert_eq!(name(&[]), "not_http");
    }

    #[test]
    fn only_how_a_side_begins_tells_its_protocol() {
        assert_eq!(hints(&[(1, b"220 mail.test ESMTP\r\n"), (0, b"EHLO a\r\n")]).protocol(), Some("smtp"));
        assert_eq!(hints(&[(0, b"EHLO a\r\n"), (1, b"220 mail.test\r\n")]).protocol(), Some("smtp"));
        assert_eq!(hints(&[(0, b"something else"), (0, b"SSH-2.0-x\r\n")]).protocol(), None);
        assert_eq!(hints(&[(0, b"\x01"), (1, b"SSH-2.0-x\r\n")]).protocol(), Some("ssh"));
    }
}
