//! Message heads: the first line, the fields, and what they say about the body.

use std::mem::MaybeUninit;

use crate::Headers;
use crate::coding::{self, Coding};

/// Fields for which there is room on the stack.
const FIELDS: usize = 96;

/// A head that was read.
#[derive(Debug, Default)]
pub(super) struct Head {
    pub(super) line: Line,
    pub(super) headers: Headers,
    pub(super) framing: Framing,
    /// Names of what broke the format.
    pub(super) irregularities: Vec<&'static str>,
    /// The first line names a version.
    pub(super) versioned: bool,
    /// The limit on fields cut it.
    pub(super) over: bool,
}

/// The first line of a message.
#[derive(Debug, Default)]
pub(super) enum Line {
    #[default]
    None,
    Request {
        method: String,
        target: String,
    },
    Status(u16),
}

/// What the fields say about the body.
#[derive(Debug, Default)]
pub(super) struct Framing {
    pub(super) content_length: Option<u64>,
    pub(super) chunked: bool,
    /// A transfer coding of which the last is not chunked.
    pub(super) unframed: bool,
    /// Codings to undo, in the order applied: content codings, then transfer codings.
    pub(super) codings: Vec<Coding>,
    transfer_codings: Vec<Coding>,
    pub(super) expect: bool,
    pub(super) upgrade: bool,
    /// Index of the `Host` field.
    host: Option<u32>,
}

/// Where a head ends: the length with its empty line, and whether lines end without CR.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct HeadEnd {
    pub(super) len: usize,
    pub(super) bare_lf: bool,
}

/// Finds the empty line. `scanned` bytes were looked at before and hold none; it is moved on for the next call.
pub(super) fn find_end(bytes: &[u8], scanned: &mut usize) -> Option<HeadEnd> {
    let from = scanned.saturating_sub(3).min(bytes.len());
    for at in memchr::memchr_iter(b'\n', bytes.get(from..)?) {
        let after = bytes.get(from + at + 1..)?;
        let len = match after {
            [b'\n', ..] => 1,
            [b'\r', b'\n', ..] => 2,
            _ => continue,
        };
        let end = from + at + 1 + len;
        let bare_lf = len == 1 || (from + at).checked_sub(1).and_then(|i| bytes.get(i)) != Some(&b'\r');
        return Some(HeadEnd { len: end, bare_lf });
    }
    *scanned = bytes.len();
    None
}

/// Reads a request's head.
pub(super) fn request(bytes: &[u8], limit: usize) -> Option<Head> {
    let mut fields = [const { MaybeUninit::uninit() }; FIELDS];
    let mut request = httparse::Request::new(&mut []);
    match request.parse_with_uninit_headers(bytes, &mut fields) {
        Ok(httparse::Status::Complete(_)) if request.headers.len() <= limit => {
            let line = Line::Request {
                method: request.method.unwrap_or_default().to_owned(),
                target: request.path.unwrap_or_default().to_owned(),
            };
            let mut head = Head::new(line, Headers::with_capacity(bytes.len(), request.headers.len()));
            request.headers.iter().for_each(|h| head.field(h.name.as_bytes(), h.value));
            head.finish();
            Some(head)
        }
        _ => lenient(bytes, limit, request_line),
    }
}

/// Reads a response's head.
pub(super) fn response(bytes: &[u8], limit: usize) -> Option<Head> {
    let mut fields = [const { MaybeUninit::uninit() }; FIELDS];
    let mut response = httparse::Response::new(&mut []);
    let config = httparse::ParserConfig::default();
    match config.parse_response_with_uninit_headers(&mut response, bytes, &mut fields) {
        Ok(httparse::Status::Complete(_)) if response.headers.len() <= limit => {
            let line = Line::Status(response.code.unwrap_or_default());
            let mut head = Head::new(line, Headers::with_capacity(bytes.len(), response.headers.len()));
            response.headers.iter().for_each(|h| head.field(h.name.as_bytes(), h.value));
            head.finish();
            Some(head)
        }
        _ => lenient(bytes, limit, status_line),
    }
}

/// Reads what a strict parser refuses, and the whole lines of a head whose end is missing.
fn lenient(bytes: &[u8], limit: usize, first: fn(&[u8]) -> Option<(Line, bool)>) -> Option<Head> {
    let mut lines = bytes.split_inclusive(|&b| b == b'\n').filter(|l| l.ends_with(b"\n")).map(without_line_end);
    let (line, regular) = first(lines.next()?)?;
    let mut head = Head::new(line, Headers::with_capacity(bytes.len(), FIELDS));
    head.versioned = regular;
    if !regular {
        head.irregularity("first_line");
    }
    let mut lines = lines.take_while(|line| !line.is_empty()).peekable();
    while let Some(line) = lines.next() {
        if head.headers.len() >= limit {
            head.over = true;
            break;
        }
        let mut folded = None;
        while let Some(more) = lines.next_if(|next| matches!(next, [b' ' | b'\t', ..])) {
            let whole: &mut Vec<u8> = folded.get_or_insert_with(|| line.to_vec());
            whole.push(b' ');
            whole.extend_from_slice(more.trim_ascii());
            head.irregularity("folded_field");
        }
        head.field_line(folded.as_deref().unwrap_or(line));
    }
    head.finish();
    Some(head)
}

fn without_line_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// Method, target and version; says whether the line is as it should be but for its characters.
fn request_line(line: &[u8]) -> Option<(Line, bool)> {
    let line = line.trim_ascii();
    let (method, rest) = line.split_at(line.iter().position(u8::is_ascii_whitespace)?);
    let rest = rest.trim_ascii();
    let (target, version) = match rest.iter().rposition(u8::is_ascii_whitespace) {
        Some(at) if rest.len() - at == 9 => rest.split_at(at),
        _ => (rest, &[][..]),
    };
    let regular = version.trim_ascii_start().starts_with(b"HTTP/1.");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Some((Line::Request { method: text(method), target: text(target.trim_ascii_end()) }, regular))
}

fn status_line(line: &[u8]) -> Option<(Line, bool)> {
    let mut words = line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    let version = words.next()?;
    let status = std::str::from_utf8(words.next()?).ok()?.parse().ok().filter(|s| (100..1000).contains(s))?;
    version.starts_with(b"HTTP/").then_some((Line::Status(status), version.starts_with(b"HTTP/1.")))
}

impl Head {
    fn new(line: Line, headers: Headers) -> Self {
        Head { line, headers, versioned: true, ..Head::default() }
    }

    fn irregularity(&mut self, name: &'static str) {
        if !self.irregularities.contains(&name) {
            self.irregularities.push(name);
        }
    }

    fn field_line(&mut self, line: &[u8]) {
        let Some(colon) = memchr::memchr(b':', line) else {
            self.irregularity("field_without_colon");
            return;
        };
        let (name, value) = line.split_at(colon);
        let trimmed = name.trim_ascii();
        if trimmed.len() != name.len() {
            self.irregularity("space_around_field_name");
        }
        if trimmed.is_empty() || !trimmed.iter().all(|&b| b.is_ascii_graphic()) {
            self.irregularity("field_name");
        }
        self.field(trimmed, value.get(1..).unwrap_or(&[]).trim_ascii());
    }

    /// Keeps one field, and what it says about the body.
    fn field(&mut self, name: &[u8], value: &[u8]) {
        match name.len() {
            4 if name.eq_ignore_ascii_case(b"host") => {
                if self.framing.host.is_some() {
                    self.irregularity("duplicate_host");
                }
                self.framing.host.get_or_insert(self.headers.len() as u32);
            }
            6 if name.eq_ignore_ascii_case(b"expect") => self.framing.expect = true,
            7 if name.eq_ignore_ascii_case(b"upgrade") => self.framing.upgrade = true,
            14 if name.eq_ignore_ascii_case(b"content-length") => self.content_length(value),
            16 if name.eq_ignore_ascii_case(b"content-encoding") => {
                self.framing.codings.extend(coding::parse(std::iter::once(value)));
            }
            17 if name.eq_ignore_ascii_case(b"transfer-encoding") => self.transfer_encoding(value),
            _ => {}
        }
        self.headers.push(name, value);
    }

    fn content_length(&mut self, value: &[u8]) {
        for text in value.split(|&b| b == b',') {
            let text = text.trim_ascii();
            let digits = !text.is_empty() && text.iter().all(u8::is_ascii_digit);
            let length = std::str::from_utf8(text).ok().filter(|_| digits).and_then(|t| t.parse::<u64>().ok());
            match (length, self.framing.content_length) {
                (None, _) => self.irregularity("content_length_invalid"),
                (Some(new), Some(old)) if new == old => self.irregularity("content_length_repeated"),
                (Some(_), Some(_)) => self.irregularity("content_length_conflict"),
                (Some(new), None) => self.framing.content_length = Some(new),
            }
        }
    }

    fn transfer_encoding(&mut self, value: &[u8]) {
        let last = value.rsplit(|&b| b == b',').next().unwrap_or(&[]).trim_ascii();
        if last.eq_ignore_ascii_case(b"chunked") {
            self.framing.chunked = true;
            self.framing.unframed = false;
        } else if !last.is_empty() && !last.eq_ignore_ascii_case(b"identity") {
            self.irregularity("transfer_coding_not_chunked");
            self.framing.unframed = !self.framing.chunked;
        }
        self.framing.transfer_codings.extend(coding::parse(std::iter::once(value)));
    }

    fn finish(&mut self) {
        self.framing.codings.append(&mut self.framing.transfer_codings);
        if self.framing.chunked && self.framing.content_length.is_some() {
            self.irregularity("content_length_and_chunked");
        }
    }

    /// Whether a response agrees to go on in another protocol, e.g. `h2c` or `websocket`.
    pub(super) fn upgrades_to(&self, protocol: &str) -> bool {
        let mut protocols = self.headers.all("upgrade").flat_map(|value| value.split(|&b| b == b','));
        protocols.any(|named| named.trim_ascii().eq_ignore_ascii_case(protocol.as_bytes()))
    }

    /// Value of the `Host` field.
    pub(super) fn host(&self) -> Option<String> {
        let (_, value) = self.headers.iter().nth(self.framing.host? as usize)?;
        Some(String::from_utf8_lossy(value).into_owned())
    }
}

/// Splits an absolute-form target into authority and origin form.
pub(super) fn split_target(target: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = target.split_once("://")?;
    let known = scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https");
    if !known {
        return None;
    }
    let at = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at_checked(at)?;
    Some((authority, if path.is_empty() { "/" } else { path }))
}
