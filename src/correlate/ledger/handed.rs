//! What an exchange hands over: the ids that its request names, and those that its answer gives.
//!
//! Which texts are ids is told generously, wherever they stand: that somebody was given an id speaks for him. What he sent
//! is read in the same way, so that nobody is given an id by having it echoed.

mod json;
mod sought;

use std::borrow::Cow;
use std::collections::BTreeSet;

use offpath_capture::{Body, Call, Exchange, Headers, Incomplete, Protocol};

use super::hasher::{ANY, IdHasher, SOME};
use crate::correlate::body::{is_form, is_json};
use crate::correlate::guess::owner_of;
use crate::correlate::redact::Masker;
use crate::correlate::target::{self, Target, is_whole, pairs};
use crate::correlate::template::{is_variable, singular, word_and_value};
use crate::event::{Handed, HandedId};

/// Ids that are kept of one message; one that names more may name any.
const MOST: usize = 1_000;
/// Longest text that is an id as a whole.
const LONGEST: usize = 128;
/// Bytes of a text, and of a body that is no JSON, in which ids are looked for.
const LONGEST_TEXT: usize = 4_096;
const LONGEST_PAGE: usize = 1 << 20;

/// Encodings of messages that are not read.
const ENCODED: [&str; 6] = ["grpc", "proto", "msgpack", "cbor", "avro", "thrift"];

/// Headers of requests that are about the connection, the browser or the message itself; `x-forwarded-` and `sec-` too.
const TECHNICAL: [&str; 24] = [
    "accept",
    "accept-charset",
    "accept-encoding",
    "accept-language",
    "authorization",
    "cache-control",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "date",
    "dnt",
    "forwarded",
    "host",
    "keep-alive",
    "max-forwards",
    "origin",
    "priority",
    "range",
    "te",
    "transfer-encoding",
    "upgrade-insecure-requests",
    "user-agent",
    "via",
];

/// Words in names of headers whose numbers count something.
const COUNTED: [&str; 9] = ["version", "limit", "page", "size", "count", "length", "timeout", "retry", "time"];

/// Kinds of content that name nothing of the business.
const SILENT: [&str; 6] = ["image/", "font/", "audio/", "video/", "text/css", "application/wasm"];

/// Kinds of content that are read as text.
const PAGES: [&str; 2] = ["text/", "multipart/"];

/// What an exchange hands over; `calls` are those in its bodies.
pub(in crate::correlate) fn handed(
    exchange: &Exchange,
    target: &Target<'_>,
    calls: &[&Call],
    ids: &IdHasher,
    masker: &Masker,
) -> Handed {
    let about = target.segments.iter().rev().find_map(|segment| word_and_value(segment).0);
    let kind = about.map_or(SOME, |word| ids.kind(&singular(word)));
    let (mut asked, mut given) = (Collector::new(ids, masker), Collector::new(ids, masker));
    let within = target.segments.iter().filter_map(|segment| word_and_value(segment).1);
    let queried = target.query.iter().flat_map(|(_, value)| [Some(&**value), target::asked(value)]).flatten();
    target.segments.iter().map(|segment| &**segment).chain(within).chain(queried).for_each(|text| asked.text(text));
    if let Some(request) = &exchange.request {
        asked.headers(&request.headers);
        // Where a source shows no bodies of requests, answers are believed. Of a message that is counted its call is read.
        if !calls.iter().any(|call| call.links.numbered) && !matches!(request.body, Body::Unknown { .. }) {
            asked.body(&request.body, &request.headers, if kind == SOME { ANY } else { kind });
        }
    }
    if exchange.protocol == Protocol::WebSocket {
        for call in calls {
            let plain = |text: &Option<String>| text.as_deref().map(|text| call.without_number(text).into_owned());
            plain(&call.arguments).iter().for_each(|text| asked.json(text.as_bytes(), kind));
            plain(&call.result).iter().for_each(|text| given.json(text.as_bytes(), kind));
        }
        // What a server says unasked is not among the answers.
        given.unread = true;
    } else if let Some(response) = &exchange.response {
        if (200..400).contains(&response.status) {
            given.body(&response.body, &response.headers, kind);
            let located = ["location", "content-location", "link"].into_iter().filter_map(|n| response.headers.text(n));
            located.for_each(|link| given.parts(link));
        }
    } else {
        // What was given up before it was answered gave nothing.
        let lost = |why: &Incomplete| *why == Incomplete::ResponseGap;
        let given_up = exchange.incomplete.contains(&Incomplete::Reset) && !exchange.incomplete.iter().any(lost);
        given.unread = !given_up;
    }
    if given.numbered {
        // Both sides number their messages: the number of a question is no id that he knew. One that its answer's own
        // number does not tell again may be echoed elsewhere.
        let own: BTreeSet<u64> = given.numbers.iter().map(|number| number.value).collect();
        let sent: BTreeSet<u64> = asked.numbers.iter().map(|number| number.value).collect();
        given.found.retain(|id| own.contains(&id.value) || !sent.contains(&id.value));
        given.loose.retain(|id| own.contains(&id.value) || !sent.contains(&id.value));
    } else {
        asked.found.append(&mut asked.numbers);
    }
    if asked.unread {
        // Any of it may be what was sent.
        (given.found, given.loose, given.unread) = (Vec::new(), Vec::new(), true);
    }
    let sent: BTreeSet<u64> = asked.found.iter().chain(&asked.loose).map(|id| id.value).collect();
    let unread = given.unread;
    given.found.append(&mut given.loose);
    given.found.retain(|id| !sent.contains(&id.value));
    let sought = sought::sought(target, ids, masker);
    Handed { asked: asked.sorted(), given: given.sorted(), sought, unread }
}

/// The ids of one message.
struct Collector<'c> {
    ids: &'c IdHasher,
    masker: &'c Masker,
    found: Vec<HandedId>,
    /// Numbers of which nothing says what they count.
    loose: Vec<HandedId>,
    /// It is in an envelope that numbers it, with these numbers.
    numbered: bool,
    numbers: Vec<HandedId>,
    /// It may name more.
    unread: bool,
}

impl<'c> Collector<'c> {
    fn new(ids: &'c IdHasher, masker: &'c Masker) -> Self {
        Collector {
            ids,
            masker,
            found: Vec::new(),
            loose: Vec::new(),
            numbered: false,
            numbers: Vec::new(),
            unread: false,
        }
    }

    fn sorted(mut self) -> Vec<HandedId> {
        self.found.sort_unstable();
        self.found.dedup();
        self.found
    }

    /// A text that is an id as a whole. What its place says of its type counts for numbers alone: another text is nobody
    /// else's.
    fn whole(&mut self, text: &str, kind: u32) {
        let text = text.trim();
        if text.is_empty() || text.len() > LONGEST {
            return;
        }
        let number = text.bytes().all(|b| b.is_ascii_digit());
        let kind = if number { kind } else { ANY };
        self.push(text, kind);
        // `042` may be read as 42.
        let plain = text.trim_start_matches('0');
        if number && plain.len() < text.len() && !plain.is_empty() {
            self.push(plain, kind);
        }
    }

    fn push(&mut self, text: &str, kind: u32) {
        let ids = if kind == SOME { &mut self.loose } else { &mut self.found };
        if ids.len() >= MOST {
            self.unread = true;
            return;
        }
        let value = self.ids.value(&self.masker.shared(text));
        ids.push(HandedId { value, kind });
    }

    /// A text that may be an id, or have some in it.
    fn text(&mut self, text: &str) {
        self.whole(text, ANY);
        self.parts(text);
    }

    /// What a client may have had echoed. Numbers that count something are no ids.
    fn headers(&mut self, headers: &Headers) {
        for (name, value) in headers.iter() {
            let name = String::from_utf8_lossy(name).to_ascii_lowercase();
            if TECHNICAL.contains(&&*name) || name.starts_with("sec-") || name.starts_with("x-forwarded-") {
                continue;
            }
            let value = String::from_utf8_lossy(value);
            if !COUNTED.iter().any(|word| name.contains(word)) {
                self.whole(&value, ANY);
            }
            self.parts(&value);
        }
    }

    /// A text of which it is not said what it is: what looks like an id in it. A number alone does not; part of a link it
    /// does.
    fn parts(&mut self, text: &str) {
        let text = text.get(..LONGEST_TEXT).unwrap_or(text);
        if text.len() <= LONGEST && is_variable(text) && !text.bytes().all(|b| b.is_ascii_digit()) {
            self.whole(text, ANY);
        }
        if !text.bytes().any(|b| b.is_ascii_digit()) {
            return;
        }
        let link = text.contains('/');
        let part = |c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '~'));
        for word in text.split(part).filter(|word| word.len() < text.len() && word.len() <= LONGEST) {
            let word = word.trim_end_matches('.');
            let digits = word.bytes().filter(u8::is_ascii_digit).count();
            if digits > 0 && (link || digits < word.len()) && is_variable(word) {
                self.whole(word, ANY);
            }
        }
        // `order #42`: of what it is, a reader knows.
        for number in text.split('#').skip(1) {
            let end = number.find(|c: char| !c.is_ascii_digit()).unwrap_or(number.len());
            self.whole(number.get(..end).unwrap_or_default(), SOME);
        }
    }

    fn body(&mut self, body: &Body, headers: &Headers, kind: u32) {
        let bytes = match body {
            Body::Absent => return,
            Body::Unknown { .. } => {
                self.unread = true;
                return;
            }
            Body::Present { bytes, .. } => bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii(),
        };
        let content = headers.text("content-type").map_or(Cow::Borrowed(""), |t| t.to_ascii_lowercase().into());
        if bytes.is_empty() && body.is_whole() || SILENT.iter().any(|silent| content.starts_with(silent)) {
            return;
        }
        if content.contains("javascript") {
            // A program names nothing; data in a call of its reader's do.
            wrapped(bytes).into_iter().for_each(|data| self.json(data, kind));
            return;
        }
        self.unread |= !body.is_whole();
        if is_json(bytes, headers) {
            self.json(bytes, kind);
        } else if is_form(headers) {
            let text = String::from_utf8_lossy(bytes.get(..LONGEST_PAGE).unwrap_or(bytes));
            self.unread |= bytes.len() > LONGEST_PAGE || !is_whole(&text);
            for (name, value) in pairs(&text) {
                // `issue[tracker_id]=2` names no issue.
                let leaf = name.rsplit(['[', '.']).map(|part| part.trim_end_matches(']')).find(|part| !part.is_empty());
                match leaf.and_then(|leaf| owner_of(leaf, None)).flatten() {
                    Some(kind) if value.bytes().all(|b| b.is_ascii_digit()) => self.whole(&value, self.ids.kind(&kind)),
                    _ => self.text(&value),
                }
            }
        } else if PAGES.iter().any(|page| content.starts_with(page)) || content.is_empty() || content.contains("xml") {
            self.page(bytes);
        } else {
            // What a program reads may give ids; whoever fetches a file is not given any by it.
            self.unread |= ENCODED.iter().any(|encoded| content.contains(encoded));
        }
    }

    /// A page or other text: what looks like an id, line by line.
    fn page(&mut self, bytes: &[u8]) {
        self.unread |= bytes.len() > LONGEST_PAGE;
        let text = String::from_utf8_lossy(bytes.get(..LONGEST_PAGE).unwrap_or(bytes));
        for quoted in text.split(['"', '\'', '<', '>', '\n', ' ']).filter(|part| part.len() > 1) {
            if self.found.len() >= MOST {
                self.unread = true;
                return;
            }
            self.parts(quoted);
            // `<id>42</id>`, `42,paid`: where numbers stand alone nothing says of what.
            let plain = quoted.split([',', ';', '\t']).map(str::trim);
            plain.filter(|part| part.bytes().all(|b| b.is_ascii_digit())).for_each(|number| self.whole(number, SOME));
        }
    }
}

/// The data in `callback({...});`.
fn wrapped(bytes: &[u8]) -> Option<&[u8]> {
    let from = bytes.iter().position(|b| *b == b'(')? + 1;
    let to = bytes.iter().rposition(|b| *b == b')')?;
    let data = bytes.get(from..to)?;
    serde_json::from_slice::<serde::de::IgnoredAny>(data).is_ok().then_some(data)
}

#[cfg(test)]
mod tests;
