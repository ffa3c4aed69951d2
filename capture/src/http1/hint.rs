//! What a connection that is not read seems to carry, so that it is counted under a name.

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
}

impl Hints {
    /// Notes a segment; `first` where the connection begins with it.
    pub(super) fn note(&mut self, side: usize, segment: &[u8], first: bool) {
        self.simple |= first && is_simple_request(segment);
        let Some(known) = self.masked.get_mut(side) else { return };
        match websocket::whole_frames(segment) {
            Some(masked) if known.is_none_or(|known| known == masked) => *known = Some(masked),
            _ => self.other = true,
        }
    }

    /// The name under which it is counted.
    pub(super) fn name(&self) -> &'static str {
        // Clients mask and servers do not (RFC 6455, section 5.1).
        let frames = matches!(self.masked, [Some(one), Some(other)] if one != other);
        match (self.simple, frames && !self.other) {
            (true, _) => "http09",
            (_, true) => "websocket_mid_stream",
            _ => "not_http",
        }
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

    fn name(segments: &[(usize, &[u8])]) -> &'static str {
        let mut hints = Hints::default();
        segments.iter().enumerate().for_each(|(nth, (side, segment))| hints.note(*side, segment, nth == 0));
        hints.name()
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
}
