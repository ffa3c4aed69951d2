//! Access lines of uvicorn, which FastAPI and Starlette run under. By themselves they say no time.
//!
//! ```text
//! INFO:     10.0.0.7:50123 - "POST /orders HTTP/1.1" 201 Created
//! 2026-03-01 10:00:00,123 INFO uvicorn.access 10.0.0.7:50123 - "POST /orders HTTP/1.1" 201
//! ```

use std::borrow::Cow;

use super::record;
use crate::clock;

/// The fields of a line, if it is one.
pub(super) fn read(line: &str) -> Option<Vec<(&'static str, Cow<'_, str>)>> {
    let (before, rest) = line.split_once(" - \"")?;
    let (request, after) = rest.rsplit_once("\" ")?;
    let status = after.split(' ').next().filter(|status| status.len() == 3)?;
    let named = after.bytes().all(|byte| byte.is_ascii_alphanumeric() || b" -'".contains(&byte));
    let (prefix, client) = before.rsplit_once(' ').unwrap_or(("", before));
    // Behind a socket of the file system nobody has an address.
    let client = record::endpoint_with_port(client).filter(|client| client.port.is_some()).ok_or(client);
    let nobody = matches!(client, Err("" | "INFO:" | "None:0")) && before.split_whitespace().any(is_logger);
    if client.is_err() && !nobody || !named || record::status(status).is_none() || request.contains("\" ") {
        return None;
    }
    let mut fields = vec![("request", Cow::Borrowed(request)), ("status", Cow::Borrowed(status))];
    fields.extend(client.ok().map(|client| ("client_ip", Cow::Owned(client.to_string()))));
    fields.extend(time(prefix).map(|time| ("end_time", Cow::Owned(time))));
    Some(fields)
}

/// Whether a word before the request is the level or the name under which uvicorn logs it.
fn is_logger(word: &str) -> bool {
    word == "INFO:" || word.trim_matches(['[', ']', ':']) == "uvicorn.access"
}

/// The time that a formatter of the operator's put first, with a point where Python writes a comma.
fn time(prefix: &str) -> Option<String> {
    let mut words = prefix.split(' ').map(|word| word.trim_matches(['[', ']']));
    let (first, second) = (words.next()?, words.next().unwrap_or_default());
    let texts = [format!("{first} {second}"), first.to_owned()].map(|text| text.replace(',', "."));
    texts.into_iter().find(|text| text.contains('-') && clock::parse(text).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_told_by_their_shape() {
        let plain = r#"INFO:     10.0.0.7:50123 - "POST /orders?a=b HTTP/1.1" 201 Created"#;
        let fields = read(plain).unwrap();
        assert_eq!(
            fields.iter().map(|(_, value)| &**value).collect::<Vec<_>>(),
            ["POST /orders?a=b HTTP/1.1", "201", "10.0.0.7:50123"]
        );
        for prefix in ["2026-03-01 10:00:00,123 - uvicorn.access - INFO - ", "[2026-03-01T10:00:00.123Z] INFO "] {
            let line = plain.replace("INFO:     ", prefix);
            let fields = read(&line).unwrap();
            assert_eq!(fields.last().unwrap().0, "end_time", "{prefix}: {fields:?}");
        }
        for (client, read_as) in [
            ("2001:db8::1:5432", Some("[2001:db8::1]:5432")),
            ("::1:54321", Some("[::1]:54321")),
            ("[::1]:54321", Some("[::1]:54321")),
            ("None:0", None),
            ("", None),
        ] {
            for prefix in ["INFO:     ", "2026-03-01 10:00:00,123 INFO uvicorn.access: "] {
                let line = plain.replace("INFO:     10.0.0.7:50123", &format!("{prefix}{client}"));
                let fields = read(&line).unwrap();
                let found = fields.iter().find(|(name, _)| *name == "client_ip").map(|(_, value)| &**value);
                assert_eq!(found, read_as, "{line}");
            }
        }
        for (from, to) in [("10.0.0.7:50123", "host"), ("201", "2x1"), (" - ", " "), ("201 Created", "201 12 \"x\"")] {
            assert_eq!(read(&plain.replace(from, to)), None, "{to}");
        }
        proptest::proptest!(|(text in "[0-9A-Z:/. \"-]{0,60}")| { read(&text); });
    }
}
