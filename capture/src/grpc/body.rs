//! The bodies of calls: messages with a prefix each, in gRPC-Web perhaps as base64, and with the trailers at the end.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::Headers;

/// In gRPC-Web, the first byte of what holds the trailers.
const TRAILERS: u8 = 0x80;
const COMPRESSED: u8 = 0x01;

/// How messages are put into a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// gRPC over HTTP/2.
    Plain,
    /// gRPC-Web, whose body ends with the trailers.
    Web,
    /// The same in base64.
    WebText,
}

/// What a message is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Codec {
    Protobuf,
    Json,
}

impl Kind {
    /// What the content type says; none for another one, or one whose messages are not read.
    pub(super) fn of(headers: &Headers) -> Option<(Self, Codec)> {
        let text = headers.text("content-type").filter(|text| begins_like(text, "application/grpc"))?;
        let kind = text.split(';').next()?.trim().to_ascii_lowercase();
        let (base, codec) = kind.split_once('+').unwrap_or((&kind, "proto"));
        let kind = match base {
            "application/grpc" => Kind::Plain,
            "application/grpc-web" => Kind::Web,
            "application/grpc-web-text" => Kind::WebText,
            _ => return None,
        };
        let codec = match codec {
            "proto" => Codec::Protobuf,
            "json" => Codec::Json,
            _ => return None,
        };
        Some((kind, codec))
    }

    /// The body's bytes without base64.
    pub(super) fn plain(self, body: &[u8]) -> Cow<'_, [u8]> {
        if self == Kind::WebText { Cow::Owned(from_base64(body)) } else { Cow::Borrowed(body) }
    }
}

fn begins_like(text: &str, word: &str) -> bool {
    text.get(..word.len()).is_some_and(|beginning| beginning.eq_ignore_ascii_case(word))
}

/// Decodes base64 that was written piece by piece, each with padding of its own, as far as it is base64.
fn from_base64(text: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(text.len() / 4 * 3);
    let mut rest = text;
    while !rest.is_empty() {
        let padding = memchr::memchr(b'=', rest).unwrap_or(rest.len());
        let after = rest.get(padding..).unwrap_or(&[]).iter().take_while(|&&b| b == b'=').count();
        let (piece, behind) = rest.split_at(padding + after);
        rest = behind;
        // What was cut off decodes as far as it is whole.
        let whole = piece.get(..piece.len() / 4 * 4).unwrap_or(piece);
        match STANDARD.decode(whole) {
            Ok(bytes) if whole.len() == piece.len() => decoded.extend(bytes),
            Ok(bytes) => {
                decoded.extend(bytes);
                return decoded;
            }
            Err(_) => return decoded,
        }
    }
    decoded
}

/// A part of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part<'a> {
    Message {
        compressed: bool,
        bytes: &'a [u8],
    },
    /// Header fields as text, of gRPC-Web.
    Trailers(&'a [u8]),
    /// The body ends before the part does.
    Cut,
}

/// The parts of a body.
pub(super) fn parts(body: &[u8]) -> impl Iterator<Item = Part<'_>> {
    let mut rest = body;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let part = rest.split_first_chunk::<5>().and_then(|(&[flags, a, b, c, d], behind)| {
            let len = usize::try_from(u32::from_be_bytes([a, b, c, d])).ok()?;
            let (bytes, after) = behind.split_at_checked(len)?;
            rest = after;
            Some(match flags & TRAILERS {
                0 => Part::Message { compressed: flags & COMPRESSED != 0, bytes },
                _ => Part::Trailers(bytes),
            })
        });
        if part.is_none() {
            rest = &[];
        }
        Some(part.unwrap_or(Part::Cut))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn kind(text: &str) -> Option<(Kind, Codec)> {
        let mut headers = Headers::default();
        headers.push(b"Content-Type", text.as_bytes());
        Kind::of(&headers)
    }

    #[test]
    fn content_types() {
        assert_eq!(kind("application/grpc"), Some((Kind::Plain, Codec::Protobuf)));
        assert_eq!(kind("Application/gRPC+proto; charset=x"), Some((Kind::Plain, Codec::Protobuf)));
        assert_eq!(kind("application/grpc+json"), Some((Kind::Plain, Codec::Json)));
        assert_eq!(kind("application/grpc-web+proto"), Some((Kind::Web, Codec::Protobuf)));
        assert_eq!(kind("application/grpc-web-text"), Some((Kind::WebText, Codec::Protobuf)));
        for other in ["application/grpc+thrift", "application/json", "application/grpcx", ""] {
            assert_eq!(kind(other), None, "{other}");
        }
    }

    #[test]
    fn bodies_are_taken_apart() {
        let body = b"\0\0\0\0\x02ab\x01\0\0\0\0\x80\0\0\0\x01x\0\0\0\0\x09short";
        let expected = [
            Part::Message { compressed: false, bytes: b"ab" },
            Part::Message { compressed: true, bytes: b"" },
            Part::Trailers(b"x"),
            Part::Cut,
        ];
        assert_eq!(parts(body).collect::<Vec<_>>(), expected);
        assert_eq!(parts(b"\0\0").collect::<Vec<_>>(), [Part::Cut]);
    }

    #[test]
    fn what_is_no_base64_ends_it() {
        assert_eq!(from_base64(b"QUJD?UJD"), b"");
        assert_eq!(from_base64(b"QUI=?UJD"), b"AB");
        assert_eq!(from_base64(b"QUJDQU"), b"ABC");
    }

    proptest! {
        /// Wherever the pieces of a body end.
        #[test]
        fn base64_in_pieces_is_that_of_the_whole(pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..20), 0..8)) {
            let text: String = pieces.iter().map(|piece| STANDARD.encode(piece)).collect();
            prop_assert_eq!(from_base64(text.as_bytes()), pieces.concat());
        }

        #[test]
        fn any_bytes_are_taken_apart(body in prop::collection::vec(any::<u8>(), 0..60)) {
            let read: usize = parts(&body).map(|part| match part {
                Part::Message { bytes, .. } | Part::Trailers(bytes) => 5 + bytes.len(),
                Part::Cut => 0,
            }).sum();
            prop_assert!(read <= body.len());
        }
    }
}
