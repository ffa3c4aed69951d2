//! The common and combined log formats, with the usual additions: a virtual host in front, more fields behind.
//!
//! ```text
//! [vhost[:port] ]client [ident user ][10/Oct/2000:13:55:36 -0700] "GET /x HTTP/1.1" 200 2326 ["referer" "agent" [...]]
//! ```
//!
//! Apache writes the time at which a request came in, nginx the one at which its response was finished, and the format
//! does not say which server wrote it. A trailing number with three decimals or an `rt=` field is nginx's request time:
//! then the time is the end, and the start is computed. Otherwise the time is taken for the start and the end is not known.
//! A [`Stamp`] that the user gives goes before both.

use std::borrow::Cow;

use super::path_template;
use super::record::{self, Record, Times};
use crate::clock::{self, Reading};
use crate::{Body, Carries, Endpoint, Headers, LogFacts, Timestamp};

/// What came of a line.
#[derive(Debug)]
pub(super) enum Parsed<'a> {
    /// A record.
    Record(Box<Record<'a>>),
    /// The format fits, but what it logs as request line is none (`-`, TLS bytes on a plain port).
    NoRequest,
    /// The format does not fit.
    NoLine(&'static str),
}

/// What the time of a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stamp {
    /// When the request came in.
    Start,
    /// When the response was finished.
    End,
}

/// Reads one line; `stamp` is what its time is, where that is known.
pub(super) fn parse(line: &str, stamp: Option<Stamp>) -> Parsed<'_> {
    let Some((before, time, after)) = split_at_time(line) else {
        return Parsed::NoLine("no [day/month/year:hour:minute:second offset] in it");
    };
    let Some((request, rest)) = quoted(after) else { return Parsed::NoLine("no quoted request line after the time") };
    let (status, rest) = token(rest);
    let (size, rest) = token(rest);
    if !is_status(status) || !is_size(size) {
        return Parsed::NoLine("no status and size after the request line");
    }
    // Django's development server writes no client, and nothing more.
    let bare = before.trim().is_empty() && rest.trim().is_empty() && is_common_time(line, after);
    let Some(source) = (if bare { Some(Source::default()) } else { Source::read(before) }) else {
        return Parsed::NoLine("no client and user before the time");
    };
    let gateway = is_of_gateway(after, rest);
    let request = unescape(request);
    let Some((method, target, protocol)) = record::request_line(&request) else { return Parsed::NoRequest };
    let (method, target) = (method.to_owned(), target.to_owned());

    let mut extra = Extra::default();
    extra.read(rest);
    let mut log = LogFacts { user: source.user.map(|user| unescape(user).into_owned()), ..LogFacts::default() };
    if let Some(name) = source.client_name {
        log.fields.push(("client_host".to_owned(), name.to_owned()));
    }
    log.fields.append(&mut extra.fields);
    Parsed::Record(Box::new(Record {
        times: times(time, extra.request_time, stamp),
        method: Cow::Owned(method),
        template: gateway && path_template::is_template(&target),
        target: Cow::Owned(target),
        irregularities: Vec::new(),
        protocol,
        scheme: None,
        host: source.host.map(str::to_owned),
        status: record::status(status),
        client: source.client,
        server: None,
        request_headers: extra.headers,
        response_headers: Headers::default(),
        request_body: Body::Unknown { size: None },
        response_body: Body::Unknown { size: if size == "-" { Some(0) } else { size.parse().ok() } },
        log,
        carries: Carries::default(),
    }))
}

/// A duration that nobody says the writer of is nginx's.
fn times(logged: Reading, duration: Option<i64>, stamp: Option<Stamp>) -> Times {
    let after = |micros: i64| Timestamp(logged.time.0.saturating_add(micros));
    let (start, end) = match (stamp, duration) {
        (Some(Stamp::Start) | None, None) => (logged.time, None),
        (Some(Stamp::Start), Some(micros)) => (logged.time, Some(after(micros))),
        (Some(Stamp::End) | None, Some(micros)) => (after(-micros), Some(logged.time)),
        (Some(Stamp::End), None) => (logged.time, Some(logged.time)),
    };
    Times { start, end, tick: logged.tick }
}

/// Most bytes between a time's brackets.
const TIME_BYTES: usize = 40;

/// Finds the bracketed time. User names and virtual hosts may hold brackets too, and times in them, but no plain quote:
/// servers escape it, so that it tells the time that stands before the request line.
fn split_at_time(line: &str) -> Option<(&str, Reading, &str)> {
    let mut from = 0;
    loop {
        let open = from + memchr::memchr(b'[', line.as_bytes().get(from..)?)?;
        let inside = line.get(open + 1..)?;
        let near = inside.as_bytes().get(..=TIME_BYTES).unwrap_or(inside.as_bytes());
        if let Some(close) = memchr::memchr(b']', near)
            && let Some(after) = inside.get(close + 1..).filter(|after| after.trim_start().starts_with('"'))
            && let Some(time) = inside.get(..close).and_then(clock::parse)
        {
            return Some((line.get(..open)?, time, after));
        }
        from = open + 1;
    }
}

/// Whether the time in brackets, behind which `after` stands, begins with the day, as that of the common format.
fn is_common_time(line: &str, after: &str) -> bool {
    let time = line.get(..line.len() - after.len()).and_then(|head| head.rsplit_once('['));
    time.is_some_and(|(_, time)| time.split('/').next().is_some_and(|day| day.len() < 3))
}

/// Whether a line is one of API Gateway's, as its console proposes them: no space before the request line, or the id of the
/// request, and behind the size nothing but that id. Other servers write no templates: there braces are the client's.
fn is_of_gateway(after: &str, rest: &str) -> bool {
    let id = rest.trim();
    let is_word = !id.is_empty() && !id.contains([' ', '\t', '"']);
    let is_uuid = id.split('-').map(str::len).eq([8, 4, 4, 4, 12]);
    is_word && (after.starts_with('"') || is_uuid)
}

/// The next field in quotes, as written, and what follows. A quote ends the field only where a space or the end of
/// the line follows: some servers write quotes inside of it without escaping them.
fn quoted(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_start().strip_prefix('"')?;
    let bytes = text.as_bytes();
    let mut at = 0;
    loop {
        at += memchr::memchr2(b'"', b'\\', bytes.get(at..)?)?;
        match (bytes.get(at), bytes.get(at + 1)) {
            (Some(b'\\'), _) => at += 2,
            (_, None | Some(b' ' | b'\t')) => return Some((text.get(..at)?, text.get(at + 1..)?)),
            _ => at += 1,
        }
    }
}

fn token(text: &str) -> (&str, &str) {
    let text = text.trim_start();
    text.split_once(' ').unwrap_or((text, ""))
}

fn is_status(text: &str) -> bool {
    text == "-" || (text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_digit()))
}

fn is_size(text: &str) -> bool {
    text == "-" || (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Undoes the escapes of Apache (`\"`, `\t`, `\xhh`) and nginx (`\xHH`).
pub(super) fn unescape(text: &str) -> Cow<'_, str> {
    if memchr::memchr(b'\\', text.as_bytes()).is_none() {
        return Cow::Borrowed(text);
    }
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.as_bytes();
    while let Some((&byte, rest)) = bytes.split_first() {
        bytes = rest;
        if byte != b'\\' {
            out.push(byte);
            continue;
        }
        let Some((&escape, rest)) = bytes.split_first() else {
            out.push(b'\\');
            break;
        };
        bytes = rest;
        match (escape, hex_byte(rest)) {
            (b'x', Some(value)) => {
                out.push(value);
                bytes = rest.get(2..).unwrap_or_default();
            }
            (b'n', _) => out.push(b'\n'),
            (b't', _) => out.push(b'\t'),
            (b'r', _) => out.push(b'\r'),
            (b'"' | b'\\' | b'\'', _) => out.push(escape),
            _ => out.extend([b'\\', escape]),
        }
    }
    Cow::Owned(String::from_utf8(out).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
}

pub(super) fn hex_byte(text: &[u8]) -> Option<u8> {
    let digits = std::str::from_utf8(text.get(..2)?).ok()?;
    u8::from_str_radix(digits, 16).ok().filter(|_| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// What stands before the time.
#[derive(Default)]
struct Source<'a> {
    host: Option<&'a str>,
    client: Option<Endpoint>,
    client_name: Option<&'a str>,
    user: Option<&'a str>,
}

impl<'a> Source<'a> {
    fn read(text: &'a str) -> Option<Self> {
        let (first, rest) = token(without_logger(text.trim_end()));
        let (second, after_second) = token(rest);
        let (third, after_third) = token(after_second);
        if second.is_empty() || (second == "-" && third.is_empty()) {
            // Formats of nginx without user, and mostly without ident: the address alone tells that the client stands there.
            return record::endpoint(first).map(|client| Source { client: Some(client), ..Source::default() });
        }
        if third.is_empty() {
            return None;
        }
        // A virtual host stands in front when the second field is the client: an address, or a name with both `ident`
        // and user after it.
        let first_is_client = record::endpoint(first.trim_end_matches(',')).is_some();
        let has_host = !first_is_client
            && !after_third.is_empty()
            && (record::endpoint(second).is_some() || (third == "-" && second != "-"));
        let (host, client, user) =
            if has_host { (Some(first), second, after_third) } else { (None, first, after_second) };
        let forwarded = client.ends_with(',');
        let user = if forwarded { text.trim_end().rsplit(' ').next().unwrap_or_default() } else { user };
        let client = client.trim_end_matches(',');
        let endpoint = record::endpoint(client);
        let named = endpoint.is_none() && client != "-" && !client.starts_with("unix:");
        Some(Source {
            host: host.filter(|host| *host != "-"),
            client: endpoint,
            client_name: named.then_some(client),
            user: Some(user.trim()).filter(|user| !matches!(*user, "" | "-" | "\"\"")),
        })
    }
}

/// A line without what Python's `logging` puts before it by default, `LEVEL:logger:`, as for werkzeug.
fn without_logger(text: &str) -> &str {
    let mut parts = text.splitn(3, ':');
    let (level, logger, rest) = (parts.next(), parts.next(), parts.next());
    let is_level = matches!(level, Some("DEBUG" | "INFO" | "WARNING" | "ERROR" | "CRITICAL"));
    let named =
        logger.is_some_and(|name| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.".contains(&byte)));
    rest.filter(|_| is_level && named).unwrap_or(text)
}

/// What stands after the size: referer and agent in the combined format, and then what an operator added.
#[derive(Default)]
struct Extra {
    headers: Headers,
    fields: Vec<(String, String)>,
    /// nginx's request time in microseconds.
    request_time: Option<i64>,
}

impl Extra {
    fn read(&mut self, mut rest: &str) {
        let mut number = 0;
        let mut quotes = 0;
        loop {
            rest = rest.trim_start();
            if rest.is_empty() {
                return;
            }
            if let Some((text, after)) = quoted(rest) {
                rest = after;
                quotes += 1;
                let text = unescape(text);
                match quotes {
                    1 if number == 0 => self.header(b"Referer", &text),
                    2 if number == 0 => self.header(b"User-Agent", &text),
                    _ => {
                        number += 1;
                        self.quoted_field(number, &text);
                    }
                }
            } else {
                let (text, after) = token(rest);
                rest = after;
                number += 1;
                self.bare_field(number, text);
            }
        }
    }

    fn header(&mut self, name: &[u8], value: &str) {
        if !matches!(value, "-" | "") {
            self.headers.push(name, value.as_bytes());
        }
    }

    /// A list of addresses is what nginx's own example appends, `$http_x_forwarded_for`.
    fn quoted_field(&mut self, number: usize, text: &str) {
        let is_forwarded = text.split(',').all(|part| record::endpoint(part).is_some());
        match is_forwarded && self.headers.get("x-forwarded-for").is_none() {
            true => self.header(b"X-Forwarded-For", text),
            false => self.field(number, text),
        }
    }

    fn bare_field(&mut self, number: usize, text: &str) {
        let (name, value) = text.split_once('=').map_or((None, text), |(name, value)| (Some(name), value));
        let value = value.trim_matches('"');
        if self.request_time.is_none() && matches!(name, None | Some("rt" | "request_time")) {
            self.request_time = nginx_seconds(value);
        }
        match name {
            Some(name) if value != "-" => self.fields.push((name.to_owned(), value.to_owned())),
            Some(_) => {}
            None => self.field(number, value),
        }
    }

    fn field(&mut self, number: usize, value: &str) {
        if !matches!(value, "-" | "") {
            self.fields.push((format!("extra.{number}"), value.to_owned()));
        }
    }
}

/// Seconds with exactly three decimals, which only nginx writes.
fn nginx_seconds(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once('.')?;
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if fraction.len() != 3 || whole.is_empty() || whole.len() > 9 || !digits(whole) || !digits(fraction) {
        return None;
    }
    Some(whole.parse::<i64>().ok()? * 1_000_000 + fraction.parse::<i64>().ok()? * 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_alone_is_an_address() {
        let rest = r#"[10/May/2026:13:55:36 +0000] "GET /orders/7 HTTP/1.1" 200 12"#;
        let parsed = |before: &str| parse(&format!("{before} {rest}"), None).client();
        assert_eq!(parsed("10.0.0.7"), Some(record::endpoint("10.0.0.7")));
        assert_eq!(parsed("2001:db8::7"), Some(record::endpoint("2001:db8::7")));
        assert_eq!(parsed("10.0.0.7 -"), Some(record::endpoint("10.0.0.7")));
        assert_eq!(parsed("10.0.0.7 - bob"), Some(record::endpoint("10.0.0.7")));
        for other in ["worker", "worker -", "-", "INFO", "10.0.0.7 bob"] {
            assert_eq!(parsed(other), None, "{other}");
        }
    }

    impl Parsed<'_> {
        /// The client of a record.
        fn client(self) -> Option<Option<Endpoint>> {
            match self {
                Parsed::Record(record) => Some(record.client),
                Parsed::NoRequest | Parsed::NoLine(_) => None,
            }
        }
    }
}
