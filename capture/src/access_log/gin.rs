//! Lines that gin, a framework for Go, writes by default. Their time, of the response's end, is the server's own.
//!
//! ```text
//! [GIN] 2026/11/22 - 17:00:00 | 200 |     123.45µs |       10.0.0.1 | POST     "/orders"
//! ```

use std::borrow::Cow;

use super::combined::unescape;
use super::record;
use crate::clock;

/// The fields of a line, if it is one.
pub(super) fn read(line: &str) -> Option<Vec<(&'static str, Cow<'_, str>)>> {
    let mut parts = line.strip_prefix("[GIN] ")?.splitn(5, '|').map(plain);
    let (time, status, duration) = (parts.next()?, parts.next()?, parts.next()?);
    let (client, request) = (parts.next()?, parts.next()?);
    let time = time.trim().replace(" - ", " ");
    let (method, path) = request.trim().split_once(' ')?;
    let path = path.trim().strip_prefix('"')?.strip_suffix('"')?;
    clock::parse(&time)?;
    record::status(&status)?;
    Some(vec![
        ("end_time", Cow::Owned(time)),
        ("status", Cow::Owned(status.trim().to_owned())),
        ("latency", Cow::Owned(duration.trim().to_owned())),
        ("client_ip", Cow::Owned(client.trim().to_owned())),
        ("request_method", Cow::Owned(method.to_owned())),
        ("request_uri", Cow::Owned(unescape(path).into_owned())),
    ])
}

/// A part without the colours that gin gives it on a terminal.
fn plain(part: &str) -> Cow<'_, str> {
    if !part.contains('\u{1b}') {
        return Cow::Borrowed(part);
    }
    let mut pieces = part.split('\u{1b}');
    let first = pieces.next().unwrap_or_default().to_owned();
    Cow::Owned(pieces.fold(first, |text, piece| text + piece.split_once('m').map_or(piece, |(_, rest)| rest)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_told_by_their_shape() {
        let line = r#"[GIN] 2026/11/22 - 17:00:00 | 200 |     123.45µs |       10.0.0.1 | POST     "/a|b?c=\"d\"""#;
        let colours = "[GIN] 2026/11/22 - 17:00:00 |\u{1b}[97;42m 200 \u{1b}[0m|     123.45µs |       10.0.0.1 |\u{1b}[97;46m POST    \u{1b}[0m \"/a|b?c=\\\"d\\\"\"";
        for line in [line, colours] {
            let fields = read(line).unwrap();
            let values: Vec<&str> = fields.iter().map(|(_, value)| &**value).collect();
            assert_eq!(values, ["2026/11/22 17:00:00", "200", "123.45µs", "10.0.0.1", "POST", "/a|b?c=\"d\""]);
        }
        for (from, to) in [("[GIN]", "[GIN-debug]"), ("200", "x"), ("2026/11", "x"), ("POST", ""), ("\"/a", "/a")] {
            assert_eq!(read(&line.replacen(from, to, 1)), None, "{to}");
        }
        proptest::proptest!(|(text in "\\[GIN\\] [0-9/ :|\"µ\u{1b}m]{0,60}")| { read(&text); });
    }
}
