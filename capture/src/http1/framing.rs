//! How a head says that its body ends.

use super::body::End;
use super::chunked::Chunked;
use super::head::Framing;
use crate::Body;

/// How a head says that its body ends.
pub(super) enum Framed {
    /// There is none.
    None,
    /// It has no bytes.
    Empty,
    Body(End),
}

impl Framed {
    pub(super) fn body(self) -> Body {
        match self {
            Framed::Empty => Body::Present { bytes: Vec::new(), wire_len: 0, decoded_len: 0, whole: true },
            Framed::None | Framed::Body(_) => Body::Absent,
        }
    }
}

/// RFC 9112 section 6.3, for requests.
pub(super) fn request_end(framing: &Framing) -> Framed {
    match framing.content_length {
        _ if framing.chunked => Framed::Body(End::Chunked(Chunked::default())),
        Some(0) => Framed::Empty,
        Some(len) => Framed::Body(End::Length(len)),
        None => Framed::None,
    }
}

/// RFC 9112 section 6.3, for responses that may have a body.
pub(super) fn response_end(framing: &Framing) -> Framed {
    match request_end(framing) {
        Framed::None => Framed::Body(End::Close),
        _ if framing.unframed => Framed::Body(End::Close),
        framed => framed,
    }
}
