//! One side of an exchange as text: what its body says it is, and its bytes as far as they are UTF-8.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use crate::{Body, Headers, Request, Response};

/// A message's body with what its headers say of it.
pub(super) struct Message<'a> {
    pub(super) headers: &'a Headers,
    /// The body, without a byte order mark and the space around it; up to the first byte that is not UTF-8.
    pub(super) text: Option<&'a str>,
    /// `text` is all there is.
    pub(super) whole: bool,
    /// Status, of a response.
    pub(super) status: Option<u16>,
    /// Content type without its parameters.
    pub(super) kind: &'a str,
}

impl<'a> Message<'a> {
    pub(super) fn of_request(request: &'a Request) -> Message<'a> {
        Message::of(&request.headers, &request.body, None)
    }

    pub(super) fn of_response(response: &'a Response) -> Message<'a> {
        Message::of(&response.headers, &response.body, Some(response.status))
    }

    fn of(headers: &'a Headers, body: &'a Body, status: Option<u16>) -> Message<'a> {
        let bytes = body.bytes().map(|bytes| bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes));
        let text = bytes.map(|bytes| match std::str::from_utf8(bytes) {
            Ok(text) => (text.trim(), true),
            Err(error) => {
                let valid = bytes.get(..error.valid_up_to()).unwrap_or_default();
                (std::str::from_utf8(valid).unwrap_or_default().trim(), false)
            }
        });
        let whole = body.is_whole() && text.is_none_or(|(_, whole)| whole);
        let kind = headers.text("content-type").unwrap_or_default().split(';').next().unwrap_or_default().trim();
        Message { headers, text: text.map(|(text, _)| text).filter(|text| !text.is_empty()), whole, status, kind }
    }

    /// The body where it looks like JSON.
    pub(super) fn json(&self) -> Option<&'a str> {
        self.text.filter(|text| text.starts_with(['{', '[']) && !self.is("text/event-stream"))
    }

    /// Whether the content type is this one, parameters aside.
    pub(super) fn is(&self, kind: &str) -> bool {
        self.kind.eq_ignore_ascii_case(kind)
    }

    /// A parameter of the content type.
    pub(super) fn parameter(&self, name: &str) -> Option<&'a str> {
        let value = self.headers.text("content-type")?;
        value.split(';').skip(1).find_map(|part| {
            let (own, value) = part.split_once('=')?;
            own.trim().eq_ignore_ascii_case(name).then(|| value.trim().trim_matches('"'))
        })
    }

    /// The status as the code of a failure, where it is one.
    pub(super) fn refusal(&self) -> Option<String> {
        self.status.filter(|status| *status >= 400).map(|status| status.to_string())
    }
}

/// What texts are searched for, prepared once: most bodies are too short to prepare it for each.
pub(super) type Needle = LazyLock<Finder<'static>>;

/// How an escaped letter begins.
static ESCAPE: Needle = Needle::new(|| Finder::new("\\u00"));

/// Whether a JSON text may have a member of this name, given in its quotes: it stands there, or characters are escaped
/// that need not be.
pub(super) fn names(text: &str, name: &Needle) -> bool {
    let bytes = text.as_bytes();
    let letter = |at: usize| bytes.get(at + 4).is_some_and(|digit| matches!(digit, b'2'..=b'7'));
    holds(text, name) || ESCAPE.find_iter(bytes).any(letter)
}

/// Whether a text holds another; linear.
pub(super) fn holds(text: &str, needle: &Needle) -> bool {
    needle.find(text.as_bytes()).is_some()
}
