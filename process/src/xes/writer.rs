//! Writing XES event logs (IEEE 1849).

use std::io::{self, Write};

use crate::log::{Event, EventLog, Trace};
use crate::time;
use crate::xml::escaped;

/// What stands before the first trace.
pub(crate) const HEAD: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<log xes.version="1849-2016" xes.features="" xmlns="http://www.xes-standard.org/">
<extension name="Concept" prefix="concept" uri="http://www.xes-standard.org/concept.xesext"/>
<extension name="Lifecycle" prefix="lifecycle" uri="http://www.xes-standard.org/lifecycle.xesext"/>
<extension name="Organizational" prefix="org" uri="http://www.xes-standard.org/org.xesext"/>
<extension name="Time" prefix="time" uri="http://www.xes-standard.org/time.xesext"/>
<classifier name="Activity" keys="concept:name"/>
"#;

/// Writes a log. What is read back is equal, but that characters which XML cannot hold become U+FFFD, and times UTC.
///
/// # Errors
/// When `out` fails.
pub fn write_xes(log: &EventLog, out: &mut impl Write) -> io::Result<()> {
    out.write_all(HEAD.as_bytes())?;
    for trace in log.traces() {
        write_trace(log, trace, out)?;
    }
    out.write_all(b"</log>\n")
}

fn write_trace(log: &EventLog, trace: Trace<'_>, out: &mut impl Write) -> io::Result<()> {
    out.write_all(b"<trace>\n")?;
    if let Some(case) = trace.case {
        attribute("string", "concept:name", case, out)?;
    }
    for event in trace.events {
        write_event(log, event, out)?;
    }
    out.write_all(b"</trace>\n")
}

fn write_event(log: &EventLog, event: &Event, out: &mut impl Write) -> io::Result<()> {
    out.write_all(b"<event>\n")?;
    attribute("string", "concept:name", log.activities.name(event.activity), out)?;
    if let Some(resource) = event.resource {
        attribute("string", "org:resource", log.resources.name(resource), out)?;
    }
    if let Some(transition) = event.transition {
        attribute("string", "lifecycle:transition", log.transitions.name(transition), out)?;
    }
    if let Some(time) = event.time {
        attribute("date", "time:timestamp", &time::text(time), out)?;
    }
    out.write_all(b"</event>\n")
}

fn attribute(kind: &str, key: &str, value: &str, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "<{kind} key=\"{key}\" value=\"{}\"/>", escaped(value))
}
