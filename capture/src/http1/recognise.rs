//! Whether bytes begin an HTTP/1.x message, or what else they begin, whatever the port says.

use crate::http2;

/// Bytes of a method that are believed where a message must begin, before its line is whole: as many as servers take of a
/// whole first line by default (Apache, nginx). Whoever sends it chooses it, so a short bound would hide requests.
const METHOD: usize = 8 << 10;
/// The same where anything may stand: there a longer word is the rest of something else, as a body or a token.
const METHOD_ANYWHERE: usize = 24;
/// Bytes of a response's version that are believed: some say `1.10` or worse.
const VERSION: usize = 6;

/// Registered methods that are in use.
const METHODS: [&[u8]; 9] = [b"GET", b"HEAD", b"POST", b"PUT", b"DELETE", b"CONNECT", b"OPTIONS", b"TRACE", b"PATCH"];

/// Methods in use that end with a registered one.
const LONGER: [&[u8]; 2] = [b"BDELETE", b"BPROPPATCH"];

/// Methods in use that are the end of longer ones (of WebDAV and its kin, UPnP's `M-SEARCH`).
const ENDS_OF_LONGER: [&[u8]; 13] = [
    b"PATCH",
    b"PROPPATCH",
    b"PROPFIND",
    b"DELETE",
    b"COPY",
    b"MOVE",
    b"LOCK",
    b"LINK",
    b"BIND",
    b"CHECKOUT",
    b"SEARCH",
    b"SUBSCRIBE",
    b"POLL",
];

/// What passed-over bytes show of requests beside the one that they end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hides {
    Nothing,
    /// One of an unknown method, or one beside the rest of another.
    Perhaps,
    Requests,
}

/// What the first bytes of a stretch look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Looks {
    Request,
    Response,
    /// The connection preface of HTTP/2.
    Http2,
    /// Frames of HTTP/2 without a preface: the server's, or those of a connection that the capture joined.
    Http2Frames,
    Tls,
    /// Too few bytes to tell.
    Unsure,
    Other,
}

/// Where a stretch begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Where a message must begin: at a connection's first byte, or behind another message.
    Beginning,
    /// Behind bytes that nobody saw, or that were no message.
    Anywhere,
}

impl Place {
    /// Whether `method` may be one here. What ends with a registered one is the end of a body and the request behind it.
    fn admits(self, method: &[u8]) -> bool {
        let rest = |known: &&[u8]| method.len() > known.len() && method.ends_with(known) && !LONGER.contains(&method);
        match self {
            Place::Beginning => method.len() <= METHOD,
            Place::Anywhere => {
                method.len() <= METHOD_ANYWHERE && !METHODS.iter().any(rest) && !is_rest_of_method(method)
            }
        }
    }
}

/// Whether `word` is the rest of a registered method whose beginning was sent, or lost, before it.
fn is_rest_of_method(word: &[u8]) -> bool {
    let rest = |known: &&[u8]| {
        let cut = known.len().checked_sub(word.len()).filter(|cut| *cut > 0);
        cut.and_then(|cut| known.get(cut..)).is_some_and(|rest| rest.eq_ignore_ascii_case(word))
    };
    METHODS.iter().any(rest)
}

/// Whether a first line of a request begins with what may be the rest of a method.
pub(super) fn is_rest_of_request(bytes: &[u8]) -> bool {
    let method = bytes.iter().take(METHOD_ANYWHERE + 1).take_while(|&&b| is_method_byte(b)).count();
    let line = bytes.split(|&b| b == b'\n').next().unwrap_or(&[]);
    let spaced = matches!(bytes.get(method), Some(b' ' | b'\t'));
    (1..=METHOD_ANYWHERE).contains(&method) && spaced && without_version(line).is_some_and(has_target)
}

/// Whether bytes that were passed over hold a request's first line beside what they begin with, which is the rest of
/// something: a line behind another one, or the first where `method` and target stand before the version. A first word that
/// ends like a method may be one itself.
pub(super) fn hides_request(bytes: &[u8], lines_before: bool) -> Hides {
    let mut hides = Hides::Nothing;
    let mut behind = lines_before;
    for line in bytes.split_inclusive(|&b| b == b'\n').filter(|line| line.ends_with(b"\n")) {
        let first = !std::mem::replace(&mut behind, true);
        let Some(before) = without_version(line) else { continue };
        let target = before.iter().rposition(|b| b" \t".contains(b)).unwrap_or(0);
        let method = before.get(..target).unwrap_or(&[]).trim_ascii_end();
        let may_be_one = method.len() <= METHOD_ANYWHERE && method.iter().all(|&b| is_method_byte(b));
        match METHODS.iter().any(|known| method.ends_with(known)) {
            _ if !first => return Hides::Requests,
            true if may_be_one => hides = Hides::Perhaps,
            true => return Hides::Requests,
            false => {}
        }
    }
    hides
}

/// Whether a request's first line begins with a method that may be the end of a longer one.
pub(super) fn may_end_longer_method(bytes: &[u8]) -> bool {
    bytes.split(|&b| b == b' ').next().is_some_and(|method| ENDS_OF_LONGER.contains(&method))
}

/// What stands before the version at the end of a line.
fn without_version(line: &[u8]) -> Option<&[u8]> {
    let line = line.trim_ascii_end();
    let (before, version) = line.split_at_checked(line.len().checked_sub(8)?)?;
    let is_version = matches!(version, [_, _, _, _, b'/', b'0'..=b'9', b'.', b'0'..=b'9']) && starts(version, b"HTTP");
    (is_version && before.last().is_some_and(|b| b" \t".contains(b))).then(|| before.trim_ascii_end())
}

fn has_target(before: &[u8]) -> bool {
    before.iter().any(|b| b" \t".contains(b))
}

/// Looks at the first bytes of a segment, wherever it stands.
pub(super) fn recognise(bytes: &[u8]) -> Looks {
    recognise_at(Place::Anywhere, bytes)
}

/// Looks at the first bytes of a stretch.
pub(super) fn recognise_at(place: Place, bytes: &[u8]) -> Looks {
    match bytes {
        [] => Looks::Unsure,
        [b'H' | b'h', ..] if starts(bytes, b"HTTP/") => response(bytes),
        // A record's type, version and length (at most 2^14 and some).
        [0x14..=0x17, 3, 0..=4, 0..=0x48, _, ..] => Looks::Tls,
        [0x14..=0x17] | [0x14..=0x17, 3] | [0x14..=0x17, 3, 0..=4] | [0x14..=0x17, 3, 0..=4, 0..=0x48] => Looks::Unsure,
        _ => request(place, bytes),
    }
}

/// Looks at the first bytes of a stretch where only a response may begin: no other word is the beginning of one.
pub(super) fn recognise_response(bytes: &[u8]) -> Looks {
    match bytes {
        [b'H' | b'h', ..] if starts(bytes, b"HTTP/") => response(bytes),
        [] => Looks::Unsure,
        _ => Looks::Other,
    }
}

/// Whether what a client says first is a request of HTTP/1.x, or may become one.
pub(crate) fn may_begin_request(bytes: &[u8]) -> bool {
    matches!(recognise_at(Place::Beginning, bytes), Looks::Request | Looks::Unsure)
}

/// Whether a segment begins a message for certain, or as good as: a status line, HTTP/2's preface, or a method that is
/// registered before a target. Anything may look like an unknown method.
pub(super) fn begins_anew(bytes: &[u8]) -> bool {
    match recognise(bytes) {
        Looks::Response | Looks::Http2 => true,
        Looks::Request | Looks::Unsure => {
            let mut words = bytes.splitn(3, |byte| *byte == b' ');
            let method = words.next().unwrap_or(&[]);
            let target = words.next().unwrap_or(&[]);
            METHODS.contains(&method) && !target.is_empty() && !target.starts_with(b"HTTP/")
        }
        Looks::Http2Frames | Looks::Tls | Looks::Other => false,
    }
}

/// Looks at the first bytes of a segment on a connection of which nothing is known yet.
pub(super) fn recognise_any(place: Place, bytes: &[u8]) -> Looks {
    match http2::recognise(bytes) {
        _ if bytes.is_empty() => Looks::Unsure,
        http2::Looks::Frames => Looks::Http2Frames,
        http2::Looks::Unsure => Looks::Unsure,
        http2::Looks::Other => recognise_at(place, bytes),
    }
}

/// Whether `bytes` begin like `word`, as far as they go.
fn starts(bytes: &[u8], word: &[u8]) -> bool {
    bytes.iter().zip(word).all(|(a, b)| a.eq_ignore_ascii_case(b))
}

/// `HTTP/`, a version of any kind, and three digits.
fn response(bytes: &[u8]) -> Looks {
    let after = bytes.get(5..).unwrap_or(&[]);
    let version = after.iter().take(VERSION + 1).take_while(|&&b| b > b' ').count();
    if version > VERSION {
        return Looks::Other;
    }
    let code = after.get(version..).unwrap_or(&[]);
    // A line's end is no space before the code: a head that is read must not end within what was gathered.
    let spaces = code.iter().take_while(|&&b| matches!(b, b' ' | b'\t')).count();
    let code = code.get(spaces..).unwrap_or(&[]);
    let digits = code.iter().take(3).take_while(|b| b.is_ascii_digit()).count();
    match digits {
        3 if version > 0 => Looks::Response,
        _ if digits == code.len() => Looks::Unsure,
        _ => Looks::Other,
    }
}

fn request(place: Place, bytes: &[u8]) -> Looks {
    let method = bytes.iter().take(METHOD + 1).take_while(|&&b| is_method_byte(b)).count();
    let word = bytes.get(..method).unwrap_or(&[]);
    match bytes.get(method) {
        _ if method == 0 => return Looks::Other,
        // More of it may follow.
        None if method <= METHOD_ANYWHERE || place.admits(word) => return Looks::Unsure,
        Some(b' ' | b'\t') if place.admits(word) => {}
        _ => return Looks::Other,
    }
    let Some(end) = memchr::memchr(b'\n', bytes) else {
        let printable = bytes.iter().take(256).all(|&b| b >= b' ' || b == b'\t' || b == b'\r');
        return if printable { Looks::Unsure } else { Looks::Other };
    };
    request_line(bytes.get(..end).unwrap_or(&[]))
}

/// Judges a whole first line, without its LF.
fn request_line(line: &[u8]) -> Looks {
    let line = line.trim_ascii_end();
    if line == b"PRI * HTTP/2.0" {
        return Looks::Http2;
    }
    // One word alone is no unknown method, but behind a gap the rest of a target.
    match without_version(line) {
        Some(before) if has_target(before) || METHODS.contains(&before) => Looks::Request,
        _ => Looks::Other,
    }
}

/// Whether `bytes` begin with a word and a space, as the requests of HTTP/0.9 and of broken clients do.
pub(super) fn begins_with_method(bytes: &[u8]) -> bool {
    let method = bytes.iter().take_while(|&&b| is_method_byte(b)).take(METHOD + 1).count();
    (1..=METHOD).contains(&method) && matches!(bytes.get(method), Some(b' ' | b'\t'))
}

/// Whether a byte may stand in a method: a token's (RFC 9110, section 5.6.2), as servers take them.
pub(super) fn is_method_byte(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn behind_a_gap_the_rest_of_a_body_is_no_method() {
        let token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJib2IifQ.c2VjcmV0";
        for rest in [format!("{}GET", "x".repeat(300)), format!("{token}GET"), token.to_owned(), "xGET".to_owned()] {
            let line = format!("{rest} /a HTTP/1.1\r\n");
            assert_eq!(recognise(line.as_bytes()), Looks::Other, "{rest}");
            assert_eq!(recognise_at(Place::Beginning, line.as_bytes()), Looks::Request, "{rest}");
        }
        for method in ["PURGE", "VERSION-CONTROL", "fetch", "A~B"] {
            assert_eq!(recognise(format!("{method} /a HTTP/1.1\r\n").as_bytes()), Looks::Request, "{method}");
        }
    }

    #[test]
    fn the_rest_of_a_target_is_no_request() {
        for line in ["POST /a HTTP/1.1", "X-ANY /a HTTP/1.0", "GET HTTP/1.1", "GET  /a b HTTP/1.1"] {
            assert_eq!(recognise(format!("{line}\r\n").as_bytes()), Looks::Request, "{line}");
        }
        for rest in ["b HTTP/1.1".to_owned(), format!("{} HTTP/1.1", "O".repeat(2000)), "O\t HTTP/1.1".to_owned()] {
            assert_eq!(recognise(format!("{rest}\r\nHost: a\r\n").as_bytes()), Looks::Other, "{rest}");
        }
    }

    #[test]
    fn a_line_without_a_status_is_no_answer() {
        for (line, looks) in [
            ("HTTP/1.1 ", Looks::Unsure),
            ("HTTP/1.1  \t20", Looks::Unsure),
            ("HTTP/1.1  \t200", Looks::Response),
            ("HTTP/1.1 \r\n", Looks::Other),
            ("HTTP/0.1 \r\n\n200", Looks::Other),
        ] {
            assert_eq!(recognise_response(line.as_bytes()), looks, "{line:?}");
        }
    }
}
