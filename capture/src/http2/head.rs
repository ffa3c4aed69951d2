//! Header lists: what the fields of a block say (RFC 9113, section 8.3).

use super::grpc;
use super::hpack::{Broken, Decoder, Field};
use crate::coding::{self, Coding};
use crate::{Headers, Limits};

/// A header list, as far as it is known.
#[derive(Clone, Debug, Default)]
pub(super) struct Head {
    pub(super) method: Option<String>,
    pub(super) scheme: Option<String>,
    pub(super) authority: Option<String>,
    pub(super) path: Option<String>,
    pub(super) status: Option<u16>,
    pub(super) headers: Headers,
    pub(super) content_length: Option<u64>,
    pub(super) codings: Vec<Coding>,
    /// Whether the content type is gRPC's, where there is one.
    pub(super) grpc: Option<bool>,
    /// It asks for a WebSocket (RFC 8441).
    pub(super) websocket: bool,
    /// It has fields of gRPC's; gRPC-Web has the same.
    pub(super) grpc_fields: bool,
    /// Some fields are not known: they refer to what was not seen, or their bytes are missing.
    pub(super) unknown: bool,
    /// Its block broke the format.
    pub(super) broken: bool,
    /// A limit cut it.
    pub(super) over: bool,
    /// Names of what broke the format.
    pub(super) irregularities: Vec<&'static str>,
    /// Whose list it is, by its pseudo fields.
    pub(super) whose: Option<Whose>,
    /// Values of `cookie` fields, which may be sent one by one.
    cookie: Option<Vec<u8>>,
    bytes: usize,
}

/// Who sends a list with these pseudo fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whose {
    Client,
    Server,
}

impl Head {
    /// Decodes a block; `cut` when its end is missing.
    pub(super) fn read(decoder: &mut Decoder, block: &[u8], cut: bool, limits: &Limits) -> Self {
        let mut head = Head::default();
        let decoded = decoder.decode(block, &mut |field| head.field(field, limits));
        if cut {
            head.unknown = true;
            decoder.forget();
        } else if decoded == Err(Broken) {
            head.unknown = true;
            head.broken = true;
            head.irregularity("malformed_header_block");
        }
        if let Some(cookie) = head.cookie.take() {
            head.headers.push(b"cookie", &cookie);
        }
        head
    }

    /// Bytes held outside of itself: names and values, and where each of them lies.
    pub(super) fn held(&self) -> usize {
        let fields = self.headers.len() * size_of::<[u32; 3]>() + self.codings.capacity() * size_of::<Coding>();
        self.bytes + fields + self.irregularities.capacity() * size_of::<&str>()
    }

    /// The request's target: its path, or the authority that `CONNECT` names.
    pub(super) fn target(&self) -> Option<&String> {
        let connect = self.method.as_deref() == Some("CONNECT");
        self.path.as_ref().or_else(|| self.authority.as_ref().filter(|_| connect))
    }

    /// Adds the fields of trailers.
    pub(super) fn append(&mut self, trailers: &Head, limits: &Limits) {
        for (name, value) in trailers.headers.iter() {
            self.keep(name, value, limits);
        }
        self.grpc_fields |= trailers.grpc_fields;
        self.unknown |= trailers.unknown;
        self.over |= trailers.over;
    }

    fn irregularity(&mut self, name: &'static str) {
        if !self.irregularities.contains(&name) {
            self.irregularities.push(name);
        }
    }

    fn field(&mut self, (name, value): Field<'_>, limits: &Limits) {
        let (Some(name), Some(value)) = (name, value) else {
            self.unknown = true;
            return;
        };
        if name.first() == Some(&b':') {
            return self.pseudo(name, value, limits);
        }
        if name == b"cookie" {
            return self.crumb(value, limits);
        }
        // What is not kept is not looked at: one byte of a block can stand for thousands.
        if !self.keep(name, value, limits) {
            if name == b"content-encoding" && self.codings.last() != Some(&Coding::Unknown) {
                self.codings.push(Coding::Unknown);
            }
            return;
        }
        match name {
            b"content-length" => self.length(value),
            b"content-encoding" => self.codings.extend(coding::parse(std::iter::once(value))),
            b"content-type" => self.grpc = Some(grpc::is_content_type(value)),
            _ if name.starts_with(b"grpc-") => self.grpc_fields = true,
            _ if name.is_empty() || name.iter().any(|b| !b.is_ascii_graphic() || b.is_ascii_uppercase()) => {
                self.irregularity("field_name");
            }
            _ => {}
        }
    }

    fn pseudo(&mut self, name: &[u8], value: &[u8], limits: &Limits) {
        if !self.room(name.len() + value.len(), limits) {
            return;
        }
        if !self.headers.is_empty() || self.cookie.is_some() {
            self.irregularity("pseudo_field_after_others");
        }
        let (whose, slot) = match name {
            b":method" => (Whose::Client, &mut self.method),
            b":scheme" => (Whose::Client, &mut self.scheme),
            b":authority" => (Whose::Client, &mut self.authority),
            b":path" => (Whose::Client, &mut self.path),
            b":status" => {
                self.whose.get_or_insert(Whose::Server);
                let status = std::str::from_utf8(value).ok().and_then(|text| text.parse().ok());
                match status.filter(|status| (100..1000).contains(status)) {
                    Some(status) if self.status.is_none() => self.status = Some(status),
                    _ => self.irregularity("pseudo_field"),
                }
                return;
            }
            b":protocol" => return self.websocket = value.eq_ignore_ascii_case(b"websocket"),
            _ => return self.irregularity("pseudo_field"),
        };
        self.whose.get_or_insert(whose);
        if slot.is_none() {
            *slot = Some(String::from_utf8_lossy(value).into_owned());
        } else {
            self.irregularity("pseudo_field");
        }
    }

    /// One of several `cookie` fields, which together are one (RFC 9113, section 8.2.3).
    fn crumb(&mut self, value: &[u8], limits: &Limits) {
        if !self.room(value.len() + 2, limits) {
            return;
        }
        match &mut self.cookie {
            Some(cookie) => {
                cookie.extend_from_slice(b"; ");
                cookie.extend_from_slice(value);
            }
            None => self.cookie = Some(value.to_vec()),
        }
    }

    fn length(&mut self, value: &[u8]) {
        let digits = !value.is_empty() && value.iter().all(u8::is_ascii_digit);
        let length = std::str::from_utf8(value).ok().filter(|_| digits).and_then(|text| text.parse().ok());
        match (length, self.content_length) {
            (None, _) => self.irregularity("content_length_invalid"),
            (Some(new), Some(old)) if new == old => self.irregularity("content_length_repeated"),
            (Some(_), Some(_)) => self.irregularity("content_length_conflict"),
            (Some(new), None) => self.content_length = Some(new),
        }
    }

    /// Keeps a field; false where there is no room for it.
    fn keep(&mut self, name: &[u8], value: &[u8], limits: &Limits) -> bool {
        if self.headers.len() >= limits.header_fields {
            self.over = true;
            return false;
        }
        let fits = self.room(name.len() + value.len(), limits);
        if fits {
            self.headers.push(name, value);
        }
        fits
    }

    /// Counts bytes to be kept; false where they are too many.
    fn room(&mut self, bytes: usize, limits: &Limits) -> bool {
        let fits = self.bytes + bytes <= limits.head_bytes;
        if fits {
            self.bytes += bytes;
        }
        self.over |= !fits;
        fits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_beyond_the_limits_is_not_looked_at() {
        // A name and a length that break the format, inserted by a literal each, then said again by an index each.
        let mut block = [&b"\x40\x06a-NAME\x01x"[..], b"\x40\x0econtent-length\x04nine"].concat();
        block.resize(block.len() + 1000, 0xbe);
        let irregular = |limits: &Limits| {
            let head = Head::read(&mut Decoder::from_start(), &block, false, limits);
            (head.irregularities.len(), head.headers.len(), head.over)
        };
        assert_eq!(irregular(&Limits::default()), (2, 1002, false));
        assert_eq!(irregular(&Limits { header_fields: 512, ..Limits::default() }), (2, 512, true));
        assert_eq!(irregular(&Limits { header_fields: 1, ..Limits::default() }), (1, 1, true));
        assert_eq!(irregular(&Limits { header_fields: 0, ..Limits::default() }), (0, 0, true));
        assert_eq!(irregular(&Limits { head_bytes: 0, ..Limits::default() }), (0, 0, true));
    }
}
