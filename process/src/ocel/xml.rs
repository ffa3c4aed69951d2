//! OCEL 2.0 as XML, read as a stream.

use std::io::BufRead;

use crate::problem::{LogError, Problem};
use crate::xml::{Document, Tag, Token};

use super::builder::{Builder, Full};
use super::log::Value;
use super::{ObjectLog, OcelLimits};

const NO_OCEL: &str = "there are no <events> and no <objects>; is it an OCEL 2.0 log?";

/// Reads a document.
pub(super) fn read(
    file: &str,
    input: impl BufRead,
    limits: &OcelLimits,
) -> Result<(ObjectLog, Vec<Problem>), LogError> {
    let mut document = Document::new(input, limits.element);
    let mut session = Session { builder: Builder::new(file, limits), open: Vec::new(), text: String::new(), limits };
    loop {
        session.builder.notes.line = document.line();
        let step = match document.next() {
            Ok(Token::Open(tag)) => session.open(&tag),
            Ok(Token::Empty(tag)) => session.open(&tag).and_then(|()| session.close()),
            Ok(Token::Close) => session.close(),
            Ok(Token::Text(text) | Token::Unknown(text)) => session.text(&text),
            Ok(Token::Other) => Ok(()),
            Ok(Token::End) => break,
            Err(cause) => {
                session.builder.notes.line = document.line();
                session.builder.notes.note(&cause, "what comes before is kept; export the log again", true);
                break;
            }
        };
        if let Err(full) = step {
            session.builder.full(full);
            break;
        }
    }
    session.builder.finish(NO_OCEL)
}

/// An element that is open.
#[derive(Clone, Debug)]
enum Place {
    Root,
    /// `event-types` or `object-types`.
    Types {
        of_events: bool,
    },
    Type {
        of_events: bool,
        kind: u32,
    },
    /// `attributes` of a type.
    Declarations {
        of_events: bool,
        kind: u32,
    },
    Events,
    Objects,
    /// An event or object, and `attributes` and `objects` within.
    Element(Element),
    Attribute(Element, String, String),
    /// What is passed over.
    Passed,
}

#[derive(Clone, Copy, Debug)]
enum Element {
    Event(u32),
    Object(u32),
}

struct Session<'a> {
    builder: Builder<'a>,
    open: Vec<Place>,
    /// Text of the attribute that is open.
    text: String,
    limits: &'a OcelLimits,
}

impl Session<'_> {
    fn open(&mut self, tag: &Tag<'_>) -> Result<(), Full> {
        let place = self.place(tag)?;
        self.open.push(place);
        Ok(())
    }

    fn place(&mut self, tag: &Tag<'_>) -> Result<Place, Full> {
        let attribute = |name: &str| tag.attribute(name).unwrap_or_default();
        let builder = &mut self.builder;
        Ok(match (self.open.last(), tag.name()) {
            (None, b"log") => Place::Root,
            (Some(Place::Root), b"event-types") => Place::Types { of_events: true },
            (Some(Place::Root), b"object-types") => Place::Types { of_events: false },
            (Some(Place::Root), b"events") => Place::Events,
            (Some(Place::Root), b"objects") => Place::Objects,
            (Some(Place::Types { of_events: true }), b"event-type") => {
                Place::Type { of_events: true, kind: builder.event_type(&attribute("name"))? }
            }
            (Some(Place::Types { of_events: false }), b"object-type") => {
                Place::Type { of_events: false, kind: builder.object_type(&attribute("name"))? }
            }
            (Some(Place::Type { of_events, kind }), b"attributes") => {
                Place::Declarations { of_events: *of_events, kind: *kind }
            }
            (Some(Place::Declarations { of_events, kind }), b"attribute") => {
                builder.declare(*of_events, *kind, &attribute("name"), &attribute("type"))?;
                Place::Passed
            }
            (Some(Place::Events), b"event") => {
                match builder.event(&attribute("id"), &attribute("type"), &attribute("time"))? {
                    Some(event) => Place::Element(Element::Event(event)),
                    None => Place::Passed,
                }
            }
            (Some(Place::Objects), b"object") => {
                Place::Element(Element::Object(builder.object(&attribute("id"), &attribute("type"))?))
            }
            (Some(Place::Element(element)), b"attributes" | b"objects") => Place::Element(*element),
            (Some(Place::Element(element)), b"attribute") => {
                self.text.clear();
                Place::Attribute(*element, attribute("name"), attribute("time"))
            }
            // Some write objects of an event as elements of that name.
            (Some(Place::Element(element)), b"relationship" | b"relobj" | b"object") => {
                let (object, qualifier) = (attribute("object-id"), attribute("qualifier"));
                match element {
                    Element::Event(event) => builder.event_relation(*event, &object, &qualifier)?,
                    Element::Object(from) => builder.object_relation(*from, &object, &qualifier)?,
                }
                Place::Passed
            }
            _ => Place::Passed,
        })
    }

    fn text(&mut self, text: &str) -> Result<(), Full> {
        if matches!(self.open.last(), Some(Place::Attribute(..))) {
            if self.text.len() + text.len() > self.limits.element {
                return Err(Full("bytes of one value"));
            }
            self.text.push_str(text);
        }
        Ok(())
    }

    fn close(&mut self) -> Result<(), Full> {
        match self.open.pop() {
            Some(Place::Attribute(Element::Event(event), name, _)) => {
                let value = Value::Text(self.text.as_str().into());
                self.builder.event_attribute(event, &name, value)
            }
            Some(Place::Attribute(Element::Object(object), name, time)) => {
                let value = Value::Text(self.text.as_str().into());
                self.builder.object_attribute(object, &name, &time, value)
            }
            _ => Ok(()),
        }
    }
}
