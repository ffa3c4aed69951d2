//! OCEL 2.0 as JSON, an element a line.

use std::io::{self, Write};

use serde::{Serialize, Serializer};

use super::super::log::{ObjectLog, Relation, Types, Value};
use crate::names::Names;
use crate::time;

/// Writes a log. What is read back is equal.
///
/// # Errors
/// When `out` fails.
pub fn write_ocel_json(log: &ObjectLog, out: &mut impl Write) -> io::Result<()> {
    out.write_all(b"{\n")?;
    list(out, "objectTypes", types(log, &log.object_types))?;
    out.write_all(b",\n")?;
    list(out, "eventTypes", types(log, &log.event_types))?;
    out.write_all(b",\n")?;
    list(out, "objects", objects(log))?;
    out.write_all(b",\n")?;
    list(out, "events", events(log))?;
    out.write_all(b"\n}\n")
}

fn list<T: Serialize>(out: &mut impl Write, name: &str, elements: impl Iterator<Item = T>) -> io::Result<()> {
    write!(out, "\"{name}\": [")?;
    for (number, element) in elements.enumerate() {
        out.write_all(if number == 0 { b"\n" } else { b",\n" })?;
        serde_json::to_writer(&mut *out, &element)?;
    }
    out.write_all(b"\n]")
}

#[derive(Serialize)]
struct TypeElement<'a> {
    name: &'a str,
    attributes: Vec<Declared<'a>>,
}

#[derive(Serialize)]
struct Declared<'a> {
    name: &'a str,
    r#type: &'static str,
}

#[derive(Serialize)]
struct Element<'a> {
    id: &'a str,
    r#type: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<String>,
    attributes: Vec<Attribute<'a>>,
    relationships: Vec<Relationship<'a>>,
}

#[derive(Serialize)]
struct Attribute<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<String>,
    #[serde(serialize_with = "value")]
    value: &'a Value,
}

#[derive(Serialize)]
struct Relationship<'a> {
    #[serde(rename = "objectId")]
    object: &'a str,
    qualifier: &'a str,
}

fn value<S: Serializer>(value: &&Value, out: S) -> Result<S::Ok, S::Error> {
    match value {
        Value::Text(text) => out.serialize_str(text),
        Value::Integer(number) => out.serialize_i64(*number),
        // JSON has no number for these.
        Value::Float(number) if !number.is_finite() => out.serialize_str(&number.to_string()),
        Value::Float(number) => out.serialize_f64(*number),
        Value::Boolean(yes) => out.serialize_bool(*yes),
    }
}

fn types<'a>(log: &'a ObjectLog, types: &'a Types) -> impl Iterator<Item = TypeElement<'a>> {
    let declared = |number| {
        types
            .of(number)
            .map(|(name, kind)| Declared { name: log.attributes.name(name), r#type: kind.as_str() })
            .collect()
    };
    (0_u32..).zip(types.names.iter()).map(move |(number, name)| TypeElement { name, attributes: declared(number) })
}

fn relations<'a>(log: &'a ObjectLog, relations: &[Relation]) -> Vec<Relationship<'a>> {
    let (ids, qualifiers): (&Names, &Names) = (&log.object_ids, &log.qualifiers);
    let one = |relation: &Relation| Relationship {
        object: ids.name(relation.object),
        qualifier: qualifiers.name(relation.qualifier),
    };
    relations.iter().map(one).collect()
}

fn objects(log: &ObjectLog) -> impl Iterator<Item = Element<'_>> {
    (0_u32..).zip(&log.objects).filter_map(|(number, object)| {
        let attributes = object.attributes.iter().map(|change| Attribute {
            name: log.attributes.name(change.name),
            time: Some(time::text(change.time)),
            value: &change.value,
        });
        Some(Element {
            id: log.object_ids.name(number),
            r#type: log.object_types.names.name(object.kind?),
            time: None,
            attributes: attributes.collect(),
            relationships: relations(log, &object.relations),
        })
    })
}

fn events(log: &ObjectLog) -> impl Iterator<Item = Element<'_>> {
    (0_u32..).zip(&log.events).map(|(number, event)| {
        let attributes = event.attributes.iter();
        let attributes =
            attributes.map(|(name, value)| Attribute { name: log.attributes.name(*name), time: None, value });
        Element {
            id: log.event_ids.name(number),
            r#type: log.event_types.names.name(event.kind),
            time: event.time.map(time::text),
            attributes: attributes.collect(),
            relationships: relations(log, &event.relations),
        }
    })
}
