//! What a described log format makes of the first records: shown by `inspect` before anything else, so that a wrong
//! mapping is seen before anybody believes what comes of it.

use std::fmt::Write as _;
use std::ops::ControlFlow;

use offpath_capture::{self as capture, BlindSpot, Body, Exchange, InputFormat, Sink, SourceReport};

use super::exchanges::Record;
use crate::correlate::{Redactor, session_cookies};
use crate::finding::text::{display, display_short};

/// Records shown.
const SHOWN: usize = 5;
/// Records counted.
const COUNTED: u64 = 10_000;
/// Width of what a line begins with.
const LABEL: usize = 10;

/// Describes the first records of each log among the inputs; what can be read once only (standard input, a pipe) is left
/// alone.
pub(super) fn text(inputs: &[String], options: &capture::Options, redactor: &Redactor) -> String {
    let files: Vec<String> = inputs.iter().filter(|input| !read_once(input)).cloned().collect();
    let mut out = String::new();
    for source in capture::plan(&files, options).sources {
        let packets = |format| matches!(format, InputFormat::Pcap | InputFormat::Pcapng | InputFormat::Har);
        if source.inputs.iter().any(|input| packets(input.format)) {
            continue;
        }
        let mut first = First { redactor, lines: Vec::new(), other_cookie: None, counts: [0; FILLED.len()], count: 0 };
        let report = source.read(options, &mut first);
        first.describe(&report, &mut out);
    }
    out
}

/// Whether reading an input uses it up.
fn read_once(input: &str) -> bool {
    input == "-" || std::fs::metadata(input).is_ok_and(|meta| !meta.is_file() && !meta.is_dir())
}

/// What may be filled, and whether it is.
type Filled = (&'static str, fn(&Exchange) -> bool);

const FILLED: [Filled; 13] = [
    ("end", |e| e.end.is_some()),
    ("status", |e| e.response.is_some()),
    ("host", |e| e.request.as_ref().is_some_and(|r| r.host.is_some())),
    ("client", |e| e.client.is_some()),
    ("user", |e| e.log.user.is_some()),
    ("client_id", |e| e.log.client_id.is_some()),
    (SESSION, |e| cookie(e).is_some_and(|cookie| session_cookies(cookie).0)),
    (COOKIE, |e| cookie(e).is_some()),
    ("agent", |e| has_header(e, "user-agent")),
    ("request_id", |e| e.log.request_id.is_some()),
    ("trace_id", |e| e.log.trace_id.is_some()),
    ("response_bytes", |e| e.response.as_ref().is_some_and(|r| r.body.len().is_some())),
    ("request_body", |e| e.request.as_ref().is_some_and(|r| matches!(r.body, Body::Present { .. }))),
];

const SESSION: &str = "session";
const COOKIE: &str = "cookie";

fn cookie(exchange: &Exchange) -> Option<&[u8]> {
    exchange.request.as_ref()?.headers.get("cookie")
}

fn has_header(exchange: &Exchange, name: &str) -> bool {
    exchange.request.as_ref().is_some_and(|request| request.headers.get(name).is_some())
}

/// Looks at the first exchanges.
struct First<'a> {
    redactor: &'a Redactor,
    lines: Vec<String>,
    /// A cookie whose name is not known to be a session's.
    other_cookie: Option<String>,
    counts: [u64; FILLED.len()],
    count: u64,
}

impl Sink for First<'_> {
    fn exchange(&mut self, exchange: Exchange) -> ControlFlow<()> {
        self.count += 1;
        for (count, (_, filled)) in self.counts.iter_mut().zip(FILLED) {
            *count += u64::from(filled(&exchange));
        }
        if self.other_cookie.is_none() {
            let name = cookie(&exchange).and_then(|cookie| session_cookies(cookie).1);
            // A name that may be a value, or that is hidden, is of no use to whoever reads this.
            self.other_cookie = name.filter(|name| self.redactor.member(name) == *name).map(str::to_owned);
        }
        if self.lines.len() < SHOWN {
            self.lines.push(line(&exchange, self.redactor));
        }
        if self.count < COUNTED { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    }

    fn blind_spot(&mut self, _: BlindSpot) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn progress(&mut self, _: u64) {}
}

impl First<'_> {
    fn describe(&self, report: &SourceReport, out: &mut String) {
        let Some(input) = report.inputs.first() else { return };
        let mut say = |label: &str, text: &str| {
            // Writing to a String cannot fail.
            let _ = writeln!(out, "{label:LABEL$} {text}");
        };
        let failed = input.records.saturating_sub(self.count);
        let name = display(&input.name);
        say("Preview", &format!("{name} as {}: {} records fit, {failed} do not", input.format.as_str(), self.count));
        for (at, line) in self.lines.iter().enumerate() {
            say(if at == 0 { "First" } else { "" }, line);
        }
        if self.count > 0 {
            let share = |count: u64| count.saturating_mul(100) / self.count;
            let (some, none): (Vec<_>, Vec<_>) = self.counts.iter().zip(FILLED).partition(|(count, _)| **count > 0);
            let some: Vec<String> =
                some.iter().map(|(count, (name, _))| format!("{name} {} %", share(**count))).collect();
            let none: Vec<&str> = none.iter().map(|(_, (name, _))| *name).collect();
            say("Filled", &format!("time, method, target 100 %, {}", some.join(", ")));
            say("Empty", &none.join(", "));
            if none.contains(&SESSION)
                && let Some(name) = &self.other_cookie
            {
                let name = display_short(name, 40);
                let name_of = |sign| format!("--log-field session=cookie{sign}{name}");
                let remedy = format!("`{}` (of Apache's format `{}`)", name_of('_'), name_of('.'));
                say("Session", &format!("no cookie has a session's name; if `{name}` carries one: {remedy}"));
            }
        }
        for reason in &report.not_read {
            say("Not read", &format!("{}: {}", reason.reason, reason.count));
        }
        for error in &report.errors {
            say("Failed", &display(&error.to_string()));
        }
    }
}

/// One exchange, redacted as `offpath exchanges` has it.
fn line(exchange: &Exchange, redactor: &Redactor) -> String {
    let record = Record::new(exchange, redactor);
    let place = record.origin.rsplit_once('#').map_or("", |(_, place)| place);
    let mut text = format!(
        "{place} {} {} {} {}",
        record.time,
        display_short(record.method.as_deref().unwrap_or("-"), 20),
        display_short(record.target.as_deref().unwrap_or("-"), 80),
        record.status.map_or("-".to_owned(), |status| status.to_string()),
    );
    if let Some(user) = &exchange.log.user {
        let _ = write!(text, ", user {}", display_short(&redactor.person(user), 40));
    }
    if let Some(end) = exchange.end {
        #[expect(clippy::cast_precision_loss, reason = "microseconds of one exchange")]
        let millis = (end.0 - exchange.time.0) as f64 / 1000.0;
        let _ = write!(text, ", {millis} ms");
    }
    text
}
