//! OCEL 2.0 as XML.

use std::io::{self, Write};

use super::super::log::{ObjectLog, Relation, Types};
use crate::time;
use crate::xml::escaped;

/// Writes a log. What is read back is equal, but that characters which XML cannot hold become U+FFFD.
///
/// # Errors
/// When `out` fails.
pub fn write_ocel_xml(log: &ObjectLog, out: &mut impl Write) -> io::Result<()> {
    out.write_all(b"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<log>\n")?;
    types(log, &log.object_types, "object", out)?;
    types(log, &log.event_types, "event", out)?;
    objects(log, out)?;
    events(log, out)?;
    out.write_all(b"</log>\n")
}

fn types(log: &ObjectLog, types: &Types, what: &str, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "<{what}-types>")?;
    for (number, name) in (0_u32..).zip(types.names.iter()) {
        writeln!(out, "<{what}-type name=\"{}\"><attributes>", escaped(name))?;
        for (name, kind) in types.of(number) {
            let name = escaped(log.attributes.name(name));
            writeln!(out, "<attribute name=\"{name}\" type=\"{}\"/>", kind.as_str())?;
        }
        writeln!(out, "</attributes></{what}-type>")?;
    }
    writeln!(out, "</{what}-types>")
}

fn objects(log: &ObjectLog, out: &mut impl Write) -> io::Result<()> {
    out.write_all(b"<objects>\n")?;
    for (number, object) in (0_u32..).zip(&log.objects) {
        let Some(kind) = object.kind else { continue };
        let (id, kind) = (log.object_ids.name(number), log.object_types.names.name(kind));
        writeln!(out, "<object id=\"{}\" type=\"{}\"><attributes>", escaped(id), escaped(kind))?;
        for change in &object.attributes {
            let (name, time) = (escaped(log.attributes.name(change.name)), time::text(change.time));
            let value = change.value.to_string();
            writeln!(out, "<attribute name=\"{name}\" time=\"{time}\">{}</attribute>", escaped(&value))?;
        }
        out.write_all(b"</attributes>")?;
        relations(log, &object.relations, out)?;
        out.write_all(b"</object>\n")?;
    }
    out.write_all(b"</objects>\n")
}

fn events(log: &ObjectLog, out: &mut impl Write) -> io::Result<()> {
    out.write_all(b"<events>\n")?;
    for (number, event) in (0_u32..).zip(&log.events) {
        let (id, kind) = (log.event_ids.name(number), log.event_types.names.name(event.kind));
        write!(out, "<event id=\"{}\" type=\"{}\"", escaped(id), escaped(kind))?;
        if let Some(time) = event.time {
            write!(out, " time=\"{}\"", time::text(time))?;
        }
        out.write_all(b"><attributes>\n")?;
        for (name, value) in &event.attributes {
            let (name, value) = (escaped(log.attributes.name(*name)), value.to_string());
            writeln!(out, "<attribute name=\"{name}\">{}</attribute>", escaped(&value))?;
        }
        out.write_all(b"</attributes>")?;
        relations(log, &event.relations, out)?;
        out.write_all(b"</event>\n")?;
    }
    out.write_all(b"</events>\n")
}

fn relations(log: &ObjectLog, relations: &[Relation], out: &mut impl Write) -> io::Result<()> {
    out.write_all(b"<objects>")?;
    for relation in relations {
        let (id, qualifier) = (log.object_ids.name(relation.object), log.qualifiers.name(relation.qualifier));
        write!(out, "<relationship object-id=\"{}\" qualifier=\"{}\"/>", escaped(id), escaped(qualifier))?;
    }
    out.write_all(b"</objects>")
}
