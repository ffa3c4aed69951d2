//! Traces of an object-centric log with all that its events hold, written as XES and as a table.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::io::{self, Write};

use super::log::{Kind, ObjectEvent, ObjectLog, Value};
use crate::time;
use crate::xes::HEAD;
use crate::xml::escaped;

/// Columns of a table that each event has.
const OWN: [&str; 4] = ["case:concept:name", "concept:name", "time:timestamp", "ocel:eid"];

/// Events of one case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectTrace {
    /// Its name.
    pub case: String,
    /// Numbers of its events, in their order.
    pub events: Vec<u32>,
}

/// Writes traces as XES (IEEE 1849), with the attributes of their events and their ids.
///
/// # Errors
/// When `out` fails.
pub fn write_traces_xes(log: &ObjectLog, traces: &[ObjectTrace], out: &mut impl Write) -> io::Result<()> {
    out.write_all(HEAD.as_bytes())?;
    for trace in traces {
        out.write_all(b"<trace>\n")?;
        attribute("string", "concept:name", &trace.case, out)?;
        for (number, event) in events(log, trace) {
            out.write_all(b"<event>\n")?;
            attribute("string", "concept:name", log.event_types.names.name(event.kind), out)?;
            if let Some(time) = event.time {
                attribute("date", "time:timestamp", &time::text(time), out)?;
            }
            attribute("string", "ocel:eid", log.event_ids.name(number), out)?;
            for (name, value) in &event.attributes {
                let declared = log.event_types.attributes.get(&(event.kind, *name)).copied();
                attribute(kind(value, declared), log.attributes.name(*name), &value.to_string(), out)?;
            }
            out.write_all(b"</event>\n")?;
        }
        out.write_all(b"</trace>\n")?;
    }
    out.write_all(b"</log>\n")
}

/// Writes traces as a table, a row an event; `cell` says how a text stands in it.
///
/// # Errors
/// When `out` fails.
pub fn write_traces_csv(
    log: &ObjectLog,
    traces: &[ObjectTrace],
    cell: impl Fn(&str) -> String,
    out: &mut impl Write,
) -> io::Result<()> {
    let written = traces.iter().flat_map(|trace| events(log, trace));
    let names: BTreeSet<u32> = written.flat_map(|(_, event)| event.attributes.iter().map(|(name, _)| *name)).collect();
    // By name: numbers go by what came first.
    let mut names: Vec<(&str, u32)> = names.into_iter().map(|name| (log.attributes.name(name), name)).collect();
    names.sort_unstable();
    let mut csv = csv::Writer::from_writer(out);
    csv.write_record(
        OWN.into_iter()
            .map(Cow::Borrowed)
            .chain(names.iter().map(|(name, _)| Cow::Owned(cell(name))))
            .map(Cow::into_owned),
    )?;
    for trace in traces {
        for (number, event) in events(log, trace) {
            let own = [
                cell(&trace.case),
                cell(log.event_types.names.name(event.kind)),
                event.time.map(time::text).unwrap_or_default(),
                cell(log.event_ids.name(number)),
            ];
            let value = |name: &u32| event.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value);
            let more =
                names.iter().map(|(_, name)| value(name).map(|value| cell(&value.to_string())).unwrap_or_default());
            csv.write_record(own.into_iter().chain(more))?;
        }
    }
    csv.flush()
}

fn events<'a>(log: &'a ObjectLog, trace: &'a ObjectTrace) -> impl Iterator<Item = (u32, &'a ObjectEvent)> {
    trace.events.iter().filter_map(|number| Some((*number, log.events.get(*number as usize)?)))
}

fn attribute(kind: &str, key: &str, value: &str, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "<{kind} key=\"{}\" value=\"{}\"/>", escaped(key), escaped(value))
}

/// The element that XES has for a value.
fn kind(value: &Value, declared: Option<Kind>) -> &'static str {
    match value {
        Value::Integer(_) => "int",
        Value::Float(_) => "float",
        Value::Boolean(_) => "boolean",
        Value::Text(text) if declared == Some(Kind::Time) && time::micros(text).is_some() => "date",
        Value::Text(_) => "string",
    }
}
