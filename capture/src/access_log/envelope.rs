//! What container runtimes and syslog put around a line of a log.
//!
//! ```text
//! {"log":"LINE\n","stream":"stdout","time":"2026-09-07T12:00:00.123456789Z"}       Docker's json-file driver
//! 2026-09-07T12:00:00.123456789Z stdout F LINE                                     CRI (containerd, CRI-O)
//! 2026-09-07T12:00:00.123456789Z LINE                                              docker logs -t, kubectl --timestamps
//! web-1  | LINE                                                                    docker compose logs
//! <134>1 2026-09-07T12:00:00.123Z host nginx 7 - - LINE                            syslog, RFC 5424
//! 310 <158>1 2026-09-07T12:00:00.123Z host heroku router - LINE                    the same counted (RFC 6587), as Heroku's drains write it
//! <134>Sep  7 12:00:00 host nginx[7]: LINE                                         syslog, RFC 3164
//! Sep  7 12:00:00 host nginx: LINE                                                 the same in a file
//! 2026-09-07T12:00:00.123456+02:00 host nginx: LINE                                the same with rsyslog's times
//! I, [2026-09-07T12:00:00.123456 #7]  INFO -- web: LINE                            Ruby's logger
//! {"@timestamp":"2026-09-07T12:00:00.123Z","message":"LINE","agent":{}}            shippers and clouds ([`shipped`])
//! ```
//!
//! Only what a line starts with counts, so that no part of a request can make an envelope. An envelope inside an
//! envelope is opened once more: syslog of a container's output.

use std::borrow::Cow;

use serde::Deserialize;

use crate::clock::{self, Reading};
use crate::scalar::Scalar;

/// Envelopes in envelopes that are opened.
const DEPTH: usize = 2;

/// A line as its writer wrote it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Opened<'a> {
    pub(super) line: Cow<'a, str>,
    /// When the line was written, as the innermost envelope that says so has it.
    pub(super) time: Option<Reading>,
}

/// Takes off what is around a line; a line in no envelope comes back as it is.
pub(super) fn open(line: &str) -> Opened<'_> {
    open_to(line, DEPTH)
}

/// The line as it is, and with ever more of what is around it taken off: what looks like an envelope may be the
/// beginning of a line whose format the user knows.
pub(super) fn layers(line: &str) -> Vec<Opened<'_>> {
    (0..=DEPTH).map(|depth| open_to(line, depth)).collect()
}

fn open_to(line: &str, depth: usize) -> Opened<'_> {
    let mut opened = Opened { line: Cow::Borrowed(line), time: None };
    for _ in 0..depth {
        let inner = match &opened.line {
            Cow::Borrowed(line) => strip(line),
            Cow::Owned(line) => strip(line).map(|(inner, time)| (Cow::Owned(inner.into_owned()), time)),
        };
        let Some((inner, time)) = inner else { break };
        opened = Opened { line: inner, time: time.or(opened.time) };
    }
    opened
}

type Inner<'a> = (Cow<'a, str>, Option<Reading>);

fn strip(line: &str) -> Option<Inner<'_>> {
    match line.as_bytes().first()? {
        b'{' => docker(line),
        b'<' => prioritized(line).map(borrowed),
        b'0'..=b'9' => counted(line).or_else(|| dated(line)).map(borrowed),
        b'@' => line.strip_prefix("@cee:").map(|rest| borrowed((rest, None))),
        b'A'..=b'Z' => syslog(line).or_else(|| ruby(line)).or_else(|| compose(line)).map(borrowed),
        _ => compose(line).map(borrowed),
    }
}

fn borrowed((inner, time): (&str, Option<Reading>)) -> Inner<'_> {
    (Cow::Borrowed(inner.trim()), time)
}

/// Docker's json-file driver, and shippers that keep its members and add others.
fn docker(line: &str) -> Option<Inner<'_>> {
    #[derive(Deserialize)]
    struct Docker<'a> {
        #[serde(borrow)]
        log: Cow<'a, str>,
        #[serde(borrow)]
        stream: Option<Cow<'a, str>>,
        #[serde(borrow)]
        time: Option<Cow<'a, str>>,
    }
    if !line.contains("\"log\"") || !line.contains("\"stream\"") {
        return None;
    }
    let Docker { log, stream, time } = serde_json::from_str(line).ok()?;
    matches!(stream.as_deref(), Some("stdout" | "stderr")).then_some(())?;
    let time = time.as_deref().and_then(clock::parse);
    let log = match log {
        Cow::Borrowed(log) => Cow::Borrowed(log.trim()),
        Cow::Owned(log) => Cow::Owned(log.trim().to_owned()),
    };
    Some((log, time))
}

/// What a shipper or a cloud made of a line: an object with the line as a text. Only who knows the line's format can
/// tell it from any other message.
pub(super) fn shipped<'l>(object: &Opened<'l>) -> Option<Opened<'l>> {
    let Opened { line, time } = object;
    let (inner, written) = match line {
        Cow::Borrowed(line) => message(line)?,
        Cow::Owned(line) => message(line).map(|(inner, time)| (Cow::Owned(inner.into_owned()), time))?,
    };
    let opened = open(&inner);
    let (inner, written) = match opened.time {
        None if opened.line == inner => (inner, written),
        time => (Cow::Owned(opened.line.into_owned()), time.or(written)),
    };
    Some(Opened { line: inner, time: written.or(*time) })
}

/// The line in Filebeat's, Vector's, Fluent Bit's, CloudWatch's (`message`, `log`, `msg`), Google's (`textPayload`), Loki's
/// (`line`), Splunk's (`_raw`) and journald's (`MESSAGE`) objects.
fn message(object: &str) -> Option<Inner<'_>> {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Shipped<'a> {
        #[serde(borrow)]
        message: Scalar<'a>,
        #[serde(borrow)]
        log: Scalar<'a>,
        #[serde(borrow)]
        msg: Scalar<'a>,
        #[serde(borrow, rename = "textPayload")]
        text_payload: Scalar<'a>,
        #[serde(borrow)]
        line: Scalar<'a>,
        #[serde(borrow, rename = "_raw")]
        raw: Scalar<'a>,
        #[serde(borrow, rename = "MESSAGE")]
        journal: Scalar<'a>,
        #[serde(borrow, rename = "@timestamp")]
        at_timestamp: Scalar<'a>,
        #[serde(borrow)]
        timestamp: Scalar<'a>,
        #[serde(borrow)]
        time: Scalar<'a>,
        #[serde(borrow)]
        ts: Scalar<'a>,
        #[serde(borrow)]
        date: Scalar<'a>,
        #[serde(borrow, rename = "__REALTIME_TIMESTAMP")]
        journal_time: Scalar<'a>,
    }
    let has = |marks: &[&str]| marks.iter().any(|mark| object.contains(mark));
    if !object.starts_with('{') || !has(&MARKS) || !has(&MESSAGES) {
        return None;
    }
    let found: Shipped<'_> = serde_json::from_str(object).ok()?;
    let texts = [found.message, found.log, found.msg, found.text_payload, found.line, found.raw, found.journal];
    let text = texts.into_iter().find_map(|text| match text {
        Scalar::Text(text) => Some(text),
        _ => None,
    })?;
    let times = [found.at_timestamp, found.timestamp, found.time, found.ts, found.date, found.journal_time];
    let time = times.iter().find_map(|time| match time {
        Scalar::Text(text) => clock::parse(text),
        Scalar::Integer(number) => clock::epoch(*number),
        Scalar::Float(number) => clock::epoch_float(*number),
        _ => None,
    });
    let text = match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
        Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
    };
    Some((text, time))
}

/// Members that hold a line, in quotes as they stand in the object.
const MESSAGES: [&str; 7] =
    ["\"message\"", "\"log\"", "\"msg\"", "\"textPayload\"", "\"line\"", "\"_raw\"", "\"MESSAGE\""];

/// What a line of a known format holds when it is a text in JSON: a quote, or what those without quotes have. Most
/// messages of programs have neither, and are not looked into.
const MARKS: [&str; 4] = ["\\\"", "method=", "TCP_", "NONE"];

/// `I, [2026-09-07T12:00:00.123456 #7]  INFO -- web: LINE`: a time that names no zone is UTC here.
fn ruby(line: &str) -> Option<(&str, Option<Reading>)> {
    let inside = line.get(1..)?.strip_prefix(", [")?;
    let (head, rest) = inside.split_once(']')?;
    let (time, process) = head.split_once(" #")?;
    let (_, rest) = rest.split_once(" -- ")?;
    let (_, message) = rest.split_once(": ")?;
    let number = !process.is_empty() && process.bytes().all(|byte| byte.is_ascii_digit());
    let time = Some(time).filter(|time| number && time.len() <= 40).and_then(|time| clock::rfc3339(time.as_bytes()))?;
    Some((message, Some(time)))
}

/// A line that starts with a date and time: CRI, a runtime's timestamp, or syslog with rsyslog's times.
fn dated(line: &str) -> Option<(&str, Option<Reading>)> {
    let (time, rest) = timestamp(line)?;
    if let Some((stream, after)) = rest.split_once(' ')
        && matches!(stream, "stdout" | "stderr")
        && let Some((tags, inner)) = after.split_once(' ')
        && tags.split(':').all(|tag| matches!(tag, "F" | "P"))
    {
        return Some((inner, Some(time)));
    }
    Some((after_tag(rest).unwrap_or(rest), Some(time)))
}

/// An RFC 3339 time and what follows the space after it.
fn timestamp(line: &str) -> Option<(Reading, &str)> {
    let (time, rest) = line.split_once(' ')?;
    let shaped = matches!(time.as_bytes(), [_, _, _, _, b'-', _, _, b'-', _, _, b'T' | b't', ..]);
    let time = Some(time).filter(|time| shaped && time.len() <= 40).and_then(|time| clock::rfc3339(time.as_bytes()))?;
    Some((time, rest))
}

/// A syslog message.
fn prioritized(line: &str) -> Option<(&str, Option<Reading>)> {
    let rest = priority(line)?;
    rfc5424(rest).or_else(|| syslog(rest))
}

/// A syslog message behind the number of its bytes, by which streams of them are cut.
fn counted(line: &str) -> Option<(&str, Option<Reading>)> {
    let (count, message) = line.split_once(' ')?;
    let valid = count.len() <= 9 && count.bytes().all(|byte| byte.is_ascii_digit());
    valid.then_some(message).and_then(prioritized)
}

/// What follows `<PRI>`.
fn priority(line: &str) -> Option<&str> {
    let (number, rest) = line.strip_prefix('<')?.split_once('>')?;
    let valid = (1..=3).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit());
    valid.then_some(rest)
}

/// `1 TIME HOST APP PROCESS MESSAGE-ID [DATA] MESSAGE`; Heroku leaves out the data, and what would stand for none.
fn rfc5424(rest: &str) -> Option<(&str, Option<Reading>)> {
    let rest = rest.strip_prefix("1 ")?;
    let (time, rest) = match rest.strip_prefix("- ") {
        Some(rest) => (None, rest),
        None => timestamp(rest).map(|(time, rest)| (Some(time), rest))?,
    };
    let rest = (0..4).try_fold(rest, |rest, _| Some(rest.split_once(' ')?.1))?;
    let message = match rest.strip_prefix('-') {
        Some(message) => message,
        None => after_structured_data(rest).unwrap_or(rest),
    };
    Some((message.trim_start().trim_start_matches('\u{feff}'), time))
}

/// Skips `[id name="value" ...][...]`; values escape `"`, `\` and `]`.
fn after_structured_data(text: &str) -> Option<&str> {
    let mut quoted = false;
    let mut open = false;
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' if open => quoted = !quoted,
            _ if quoted => {}
            b'[' if !open => open = true,
            b']' if open => open = false,
            _ if open => {}
            b' ' if at > 0 => return text.get(at..),
            _ => return None,
        }
    }
    None
}

/// `Sep  7 12:00:00 [HOST ]TAG: MESSAGE`. Its time lacks year and zone, so it is no use; that of `<PRI>` lines may
/// also be RFC 3339.
fn syslog(line: &str) -> Option<(&str, Option<Reading>)> {
    if let Some((time, rest)) = timestamp(line) {
        return Some((after_tag(rest).unwrap_or(rest), Some(time)));
    }
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (month, day, clock) = (line.get(..4)?, line.get(4..7)?, line.get(7..16)?);
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let time = clock.split(':').collect::<Vec<_>>();
    let shaped = month.strip_suffix(' ').is_some_and(|month| MONTHS.contains(&month))
        && day.ends_with(' ')
        && digits(day.trim())
        && matches!(time.as_slice(), [hour, minute, second] if digits(hour) && digits(minute) && digits(second.trim_end()))
        && clock.ends_with(' ');
    let rest = shaped.then(|| line.get(16..)).flatten()?;
    Some((after_tag(rest).or_else(|| rest.split_once(' ').map(|(_, inner)| inner))?, None))
}

/// What follows `[HOST ]TAG: `, where the tag is a program's name, perhaps with its process id.
fn after_tag(rest: &str) -> Option<&str> {
    let (first, after) = rest.trim_start().split_once(' ')?;
    if is_tag(first) {
        return Some(after);
    }
    let (second, after) = after.split_once(' ')?;
    is_tag(second).then_some(after)
}

fn is_tag(word: &str) -> bool {
    let Some(name) = word.strip_suffix(':') else { return false };
    let name = name.strip_suffix(']').and_then(|name| name.split_once('[')).map_or(name, |(name, _)| name);
    name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_./@".contains(&byte))
}

/// `web-1  | LINE`.
fn compose(line: &str) -> Option<(&str, Option<Reading>)> {
    let (name, rest) = line.split_once(" | ")?;
    let name = name.trim_end();
    let valid = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    valid.then_some((rest, None))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = r#"10.0.0.1 - - [07/Sep/2026:12:00:00 +0000] "GET /a | b: c HTTP/1.1" 200 5"#;

    fn inner(line: &str) -> String {
        open(line).line.into_owned()
    }

    #[test]
    fn known_envelopes_are_taken_off() {
        for prefix in [
            "",
            "2026-09-07T12:00:00.123456789Z stdout F ",
            "2026-09-07T12:00:00.123456789+02:00 stderr F ",
            "2026-09-07T12:00:00.123456789Z ",
            "web-1  | ",
            "<134>1 2026-09-07T12:00:00.123Z host nginx 7 ID47 - ",
            "<134>1 - - nginx - - [a@1 k=\"x ] \\\" y\"][b] \u{feff}",
            "310 <134>1 2026-09-07T12:00:00.123Z host nginx 7 ID47 - ",
            "64 <134>Sep  7 12:00:00 host nginx[7]: ",
            "<134>1 2026-09-07T12:00:00.123+00:00 host heroku router - ",
            "310 <134>1 2026-09-07T12:00:00.123+00:00 d.73ea app web.1 - ",
            "<134>Sep  7 12:00:00 host nginx[7]: ",
            "<190>Sep 17 12:00:00 nginx: ",
            "<190>2026-09-07T12:00:00Z host nginx: ",
            "Sep  7 12:00:00 host nginx: ",
            "Sep  7 12:00:00 host ",
            "2026-09-07T12:00:00.123456+02:00 host ingress-nginx/controller[12]: ",
            "Sep  7 12:00:00 node-1 dockerd[8]: 2026-09-07T12:00:00Z stdout F ",
            "Sep  7 12:00:00 host nginx: @cee: ",
            "I, [2026-09-07T12:00:00.123456 #7]  INFO -- web: ",
            "I, [2026-09-07T12:00:00.123456 #7]  INFO -- : ",
        ] {
            for line in [LINE, r#"{"method": "GET", "url": "/a: b"}"#] {
                assert_eq!(inner(&format!("{prefix}{line}")), line, "{prefix}");
            }
        }
    }

    #[test]
    fn dockers_json_is_decoded() {
        let escaped = serde_json::to_string(&format!("{LINE}\n")).unwrap();
        for line in [
            format!(r#"{{"log":{escaped},"stream":"stdout","time":"2026-09-07T12:00:00.5Z"}}"#),
            format!(r#"{{"time":"2026-09-07T12:00:00.5Z","stream":"stderr","log":{escaped},"attrs":{{"a":"b"}}}}"#),
        ] {
            let opened = open(&line);
            assert_eq!(opened.line, LINE);
            assert_eq!(opened.time, clock::parse("2026-09-07T12:00:00.5Z"));
        }
    }

    #[test]
    fn what_is_no_envelope_stays() {
        for line in [
            LINE,
            r#"{"log": "access", "method": "GET"}"#,
            r#"{"log": {"level": 1}, "stream": "stdout"}"#,
            "api.example:443 10.0.0.1 - - [07/Sep/2026:12:00:00 +0000] \"GET / HTTP/1.1\" 200 5",
            "Sept 7 12:00:00 host nginx: x",
            "<x>1 2026",
            "310 <x>1 2026",
            "310 GET /orders",
            "3100000000 <134>1 2026-09-07T12:00:00.123Z host nginx 7 ID47 - x",
            "2026-09-07 12:00:00 GET /",
            "Sep",
            "<",
            "é",
            "",
        ] {
            assert_eq!(inner(line), line);
        }
    }

    #[test]
    fn no_text_makes_it_panic() {
        proptest::proptest!(|(start in "(<134>1? ?|Sep  7 12:00:0[0-9] |2026-09-07T12:00:00Z ?|[a-z]+ \\| |)", text in "\\PC{0,60}")| {
            open(&format!("{start}{text}"));
        });
    }
}
