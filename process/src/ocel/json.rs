//! OCEL 2.0 as JSON, and OCEL 1 as JSON: read as a stream, element by element.

use std::fmt;
use std::io::{BufReader, Read};

use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::problem::{LogError, Problem};

use super::builder::{Builder, Full};
use super::element::{Declared, EventElement, ObjectElement, OldEvent, OldObject, Pairs, TypeElement};
use super::{ObjectLog, OcelLimits};
use crate::metered::{Meter, Metered};

const NO_OCEL: &str = "there are no events and no objects; is it an OCEL 2.0 log?";

/// Reads a document.
pub(super) fn read(file: &str, input: impl Read, limits: &OcelLimits) -> Result<(ObjectLog, Vec<Problem>), LogError> {
    let (input, meter) = Metered::new(input, limits.element);
    let mut builder = Builder::new(file, limits);
    let mut reader = serde_json::Deserializer::from_reader(BufReader::with_capacity(1 << 16, input));
    let mut document = Document { builder: &mut builder, meter, full: None, whole: true };
    let read = Root(&mut document).deserialize(&mut reader).and_then(|()| reader.end());
    let (full, whole) = (document.full, document.whole);
    match (read, full) {
        (_, Some(full)) => builder.full(full),
        (Err(error), None) => {
            builder.notes.line = error.line() as u64;
            let cause =
                if error.is_eof() { "the file ends within an element: it is cut off".to_owned() } else { told(&error) };
            builder.notes.note(&cause, "what comes before is kept; export the log again", true);
        }
        (Ok(()), None) => {}
    }
    if !whole {
        let help = "changes of objects are read from OCEL 2.0; export the log as that";
        builder.notes.note("ocel:objectChanges are not read", help, true);
    }
    builder.finish(NO_OCEL)
}

/// An error without the place that is told beside it, but with its column.
fn told(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let cause = text.split_once(" at line ").map_or(text.as_str(), |(cause, _)| cause);
    format!("column {}: {cause}", error.column())
}

/// The reading of one document.
struct Document<'b, 'l> {
    builder: &'b mut Builder<'l>,
    meter: Meter,
    /// The limit that ended the reading.
    full: Option<Full>,
    /// Whether nothing was met that is not read.
    whole: bool,
}

impl Document<'_, '_> {
    /// Ends the reading where a limit was reached.
    fn go_on<E: serde::de::Error>(&mut self, step: Result<(), Full>) -> Result<(), E> {
        self.meter.begin();
        step.map_err(|full| {
            self.full = Some(full);
            E::custom("a limit was reached")
        })
    }

    fn kind(&mut self, of_events: bool, element: &TypeElement) -> Result<(), Full> {
        let name = element.name.text();
        let number = if of_events { self.builder.event_type(&name) } else { self.builder.object_type(&name) }?;
        for Declared { name, kind } in &element.attributes.0 {
            self.builder.declare(of_events, number, &name.text(), &kind.text())?;
        }
        Ok(())
    }

    fn event(&mut self, element: EventElement) -> Result<(), Full> {
        let builder = &mut *self.builder;
        let event = builder.event(&element.id.text(), &element.kind.text(), &element.time.text())?;
        let Some(event) = event else { return Ok(()) };
        for attribute in element.attributes.0 {
            if let Some(value) = attribute.value.value(builder) {
                builder.event_attribute(event, &attribute.name.text(), value)?;
            }
        }
        for relation in element.relationships.0 {
            builder.event_relation(event, &relation.object.text(), &relation.qualifier.text())?;
        }
        Ok(())
    }

    fn object(&mut self, element: ObjectElement) -> Result<(), Full> {
        let builder = &mut *self.builder;
        let object = builder.object(&element.id.text(), &element.kind.text())?;
        for attribute in element.attributes.0 {
            if let Some(value) = attribute.value.value(builder) {
                builder.object_attribute(object, &attribute.name.text(), &attribute.time.text(), value)?;
            }
        }
        for relation in element.relationships.0 {
            builder.object_relation(object, &relation.object.text(), &relation.qualifier.text())?;
        }
        Ok(())
    }

    /// An event of OCEL 1.
    fn old_event(&mut self, id: &str, element: OldEvent) -> Result<(), Full> {
        let builder = &mut *self.builder;
        let event = builder.event(id, &element.activity.text(), &element.time.text())?;
        let Some(event) = event else { return Ok(()) };
        attributes(builder, element.attributes, |builder, name, value| builder.event_attribute(event, name, value))?;
        let typed = element.relations.0;
        for relation in &typed {
            builder.event_relation(event, &relation.object.text(), &relation.qualifier.text())?;
        }
        // Where objects stand with qualifiers, the plain list says the same again.
        for object in element.objects.0.iter().filter(|_| typed.is_empty()) {
            builder.event_relation(event, &object.text(), "")?;
        }
        Ok(())
    }

    /// An object of OCEL 1.
    fn old_object(&mut self, id: &str, element: OldObject) -> Result<(), Full> {
        let builder = &mut *self.builder;
        let object = builder.object(id, &element.kind.text())?;
        attributes(builder, element.attributes, |builder, name, value| {
            builder.object_attribute(object, name, "", value)
        })?;
        for relation in element.relations.0 {
            builder.object_relation(object, &relation.object.text(), &relation.qualifier.text())?;
        }
        Ok(())
    }
}

fn attributes<'l>(
    builder: &mut Builder<'l>,
    pairs: Pairs,
    mut add: impl FnMut(&mut Builder<'l>, &str, super::Value) -> Result<(), Full>,
) -> Result<(), Full> {
    for (name, scalar) in pairs.0 {
        if let Some(value) = scalar.value(builder) {
            add(builder, &name, value)?;
        }
    }
    Ok(())
}

/// The object that a document is.
struct Root<'d, 'b, 'l>(&'d mut Document<'b, 'l>);

impl<'de> DeserializeSeed<'de> for Root<'_, '_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        reader.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Root<'_, '_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with events and objects")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            let section = match key.as_str() {
                "eventTypes" => Section::EventTypes,
                "objectTypes" => Section::ObjectTypes,
                "events" => Section::Events,
                "objects" => Section::Objects,
                "ocel:events" => Section::OldEvents,
                "ocel:objects" => Section::OldObjects,
                "ocel:objectChanges" => Section::Changes,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                    self.0.meter.begin();
                    continue;
                }
            };
            map.next_value_seed(Elements { document: self.0, section })?;
        }
        Ok(())
    }
}

/// A list or object of elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Section {
    EventTypes,
    ObjectTypes,
    Events,
    Objects,
    OldEvents,
    OldObjects,
    Changes,
}

struct Elements<'d, 'b, 'l> {
    document: &'d mut Document<'b, 'l>,
    section: Section,
}

impl<'de> DeserializeSeed<'de> for Elements<'_, '_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Elements<'_, '_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.section {
            Section::OldEvents | Section::OldObjects => "an object of elements by their ids",
            _ => "a list of elements",
        })
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let document = self.document;
        loop {
            let step = match self.section {
                Section::EventTypes | Section::ObjectTypes => {
                    let Some(element) = list.next_element::<TypeElement>()? else { break };
                    document.kind(self.section == Section::EventTypes, &element)
                }
                Section::Events => {
                    let Some(element) = list.next_element::<EventElement>()? else { break };
                    document.event(element)
                }
                Section::Objects => {
                    let Some(element) = list.next_element::<ObjectElement>()? else { break };
                    document.object(element)
                }
                Section::Changes => {
                    let Some(IgnoredAny) = list.next_element()? else { break };
                    document.whole = false;
                    Ok(())
                }
                Section::OldEvents | Section::OldObjects => {
                    return Err(A::Error::custom("a list where OCEL 1 has an object"));
                }
            };
            document.go_on(step)?;
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let document = self.document;
        while let Some(id) = map.next_key::<String>()? {
            let step = match self.section {
                Section::OldEvents => document.old_event(&id, map.next_value::<OldEvent>()?),
                Section::OldObjects => document.old_object(&id, map.next_value::<OldObject>()?),
                _ => return Err(A::Error::custom("an object where OCEL 2.0 has a list")),
            };
            document.go_on(step)?;
        }
        Ok(())
    }
}
