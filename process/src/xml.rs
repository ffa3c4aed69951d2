//! XML as a stream with bounds: of a token's size and of the depth.

use std::borrow::Cow;
use std::io::{self, BufRead, Read};

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

/// Reads a document token by token and knows the line it is at.
pub(crate) struct Document<R> {
    reader: Reader<Metered<R>>,
    buffer: Vec<u8>,
    depth: usize,
    latin: bool,
}

/// Deepest nesting that is followed.
const DEPTH: usize = 256;

/// What a document is made of.
pub(crate) enum Token<'a> {
    /// A start tag.
    Open(Tag<'a>),
    /// A tag without content.
    Empty(Tag<'a>),
    /// An end tag.
    Close,
    /// Text, decoded; one text may come in pieces.
    Text(String),
    /// A reference in text that nobody knows, as it stands.
    Unknown(String),
    /// Comments, declarations and instructions.
    Other,
    /// The end of the document.
    End,
}

/// A start tag.
pub(crate) struct Tag<'a> {
    start: BytesStart<'a>,
    latin: bool,
}

impl Tag<'_> {
    /// Its name without a prefix.
    pub(crate) fn name(&self) -> &[u8] {
        self.start.local_name().into_inner()
    }

    /// Hands each attribute, undecoded, to `visit` until that has enough; damaged ones are passed over.
    pub(crate) fn attributes(&self, mut visit: impl FnMut(&[u8], &[u8]) -> bool) {
        for attribute in self.start.attributes().with_checks(false).flatten() {
            if !visit(attribute.key.local_name().into_inner(), &attribute.value) {
                break;
            }
        }
    }

    /// An attribute's value.
    pub(crate) fn attribute(&self, name: &str) -> Option<String> {
        let mut found = None;
        self.attributes(|key, value| {
            if key == name.as_bytes() {
                found = Some(self.decode(value).into_owned());
            }
            found.is_none()
        });
        found
    }

    /// Whether all references in a raw value are known; others stay as they stand.
    pub(crate) fn resolves(&self, value: &[u8]) -> bool {
        !value.contains(&b'&') || quick_xml::escape::unescape(&plain(value, self.latin)).is_ok()
    }

    /// A raw value as text.
    pub(crate) fn decode<'v>(&self, value: &'v [u8]) -> Cow<'v, str> {
        decode(value, self.latin)
    }
}

/// Bytes as text; what is no UTF-8 is replaced.
fn plain(bytes: &[u8], latin: bool) -> Cow<'_, str> {
    if latin {
        Cow::Owned(bytes.iter().map(|byte| char::from(*byte)).collect())
    } else {
        String::from_utf8_lossy(bytes)
    }
}

/// As [`plain`], with references resolved where they are known.
fn decode(bytes: &[u8], latin: bool) -> Cow<'_, str> {
    let text = plain(bytes, latin);
    if !bytes.contains(&b'&') {
        return text;
    }
    match quick_xml::escape::unescape(&text) {
        Ok(plain) => Cow::Owned(plain.into_owned()),
        Err(_) => text,
    }
}

impl<R: BufRead> Document<R> {
    /// Begins to read; no token may be longer than `token` bytes.
    pub(crate) fn new(input: R, token: usize) -> Self {
        let reader = Reader::from_reader(Metered { input, line: 1, used: 0, limit: token });
        Document { reader, buffer: Vec::new(), depth: 0, latin: false }
    }

    /// The line that was read up to.
    pub(crate) fn line(&self) -> u64 {
        self.reader.get_ref().line
    }

    /// The next token, or why there is none.
    pub(crate) fn next(&mut self) -> Result<Token<'_>, String> {
        self.buffer.clear();
        self.reader.get_mut().used = 0;
        let event = self.reader.read_event_into(&mut self.buffer).map_err(|error| error.to_string())?;
        let latin = self.latin;
        Ok(match event {
            Event::Start(start) => {
                self.depth += 1;
                if self.depth > DEPTH {
                    return Err(format!("elements are nested more than {DEPTH} deep"));
                }
                Token::Open(Tag { start, latin })
            }
            Event::Empty(start) => Token::Empty(Tag { start, latin }),
            Event::End(_) => {
                self.depth = self.depth.saturating_sub(1);
                Token::Close
            }
            Event::Text(text) => Token::Text(decode(&text, latin).into_owned()),
            Event::CData(text) => Token::Text(plain(&text, latin).into_owned()),
            Event::GeneralRef(name) => resolve(&plain(&name, latin)),
            Event::Decl(declaration) => {
                self.latin = is_latin(declaration.encoding().and_then(Result::ok).as_deref())?;
                Token::Other
            }
            Event::Comment(_) | Event::PI(_) | Event::DocType(_) => Token::Other,
            Event::Eof if self.depth > 0 => {
                return Err("the file ends within an element: it is cut off".to_owned());
            }
            Event::Eof => Token::End,
        })
    }
}

/// Whether bytes are characters; an error for what is neither that nor UTF-8.
fn is_latin(encoding: Option<&[u8]>) -> Result<bool, String> {
    let name = String::from_utf8_lossy(encoding.unwrap_or(b"utf-8")).to_ascii_lowercase();
    match name.as_str() {
        "utf-8" | "utf8" | "us-ascii" | "ascii" => Ok(false),
        "iso-8859-1" | "latin1" | "windows-1252" | "cp1252" => Ok(true),
        _ => Err(format!("its encoding {name:?} is not read; save it as UTF-8")),
    }
}

/// What a reference in text stands for.
fn resolve<'a>(name: &str) -> Token<'a> {
    let whole = format!("&{name};");
    match quick_xml::escape::unescape(&whole) {
        Ok(text) => Token::Text(text.into_owned()),
        Err(_) => Token::Unknown(whole),
    }
}

/// Counts lines and refuses to hand out more than `limit` bytes for one token.
struct Metered<R> {
    input: R,
    line: u64,
    used: usize,
    limit: usize,
}

impl<R: BufRead> Read for Metered<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.input.read(into)?;
        self.used = self.used.saturating_add(count);
        Ok(count)
    }
}

impl<R: BufRead> BufRead for Metered<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.used > self.limit {
            let what = format!("a tag or text is longer than {} bytes", self.limit);
            return Err(io::Error::new(io::ErrorKind::InvalidData, what));
        }
        self.input.fill_buf()
    }

    fn consume(&mut self, count: usize) {
        // Buffers are filled anew rarely, so counting here sees each byte once.
        if let Ok(bytes) = self.input.fill_buf() {
            let lines = bytes.iter().take(count).filter(|byte| **byte == b'\n').count();
            self.line += lines as u64;
        }
        self.used = self.used.saturating_add(count);
        self.input.consume(count);
    }
}

/// A text as it stands in a document, in an attribute too: white space other than a blank would be read as a blank.
pub(crate) fn escaped(text: &str) -> Cow<'_, str> {
    let plain = |c: char| !matches!(c, '&' | '<' | '>' | '"' | '\'' | '\u{fffe}' | '\u{ffff}') && !c.is_ascii_control();
    if text.chars().all(plain) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            '\t' => out.push_str("&#9;"),
            '\n' => out.push_str("&#10;"),
            '\r' => out.push_str("&#13;"),
            '\u{7f}' => out.push(c),
            c if plain(c) => out.push(c),
            _ => out.push('\u{fffd}'),
        }
    }
    Cow::Owned(out)
}
