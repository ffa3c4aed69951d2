//! An object-centric event log: events of several objects each, typed objects that change, relations with qualifiers.

use std::collections::BTreeMap;

use crate::names::Names;

/// What the values of an attribute are declared to be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Text.
    #[default]
    Text,
    /// An instant, written as text.
    Time,
    /// A whole number.
    Integer,
    /// A number.
    Float,
    /// Yes or no.
    Boolean,
}

impl Kind {
    /// The kind's name in OCEL 2.0.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Text => "string",
            Kind::Time => "time",
            Kind::Integer => "integer",
            Kind::Float => "float",
            Kind::Boolean => "boolean",
        }
    }

    /// The kind that a name means, with those that databases and older logs use; what nobody knows is text.
    pub(super) fn named(name: &str) -> Kind {
        let name = name.to_ascii_lowercase();
        let any = |words: &[&str]| words.iter().any(|word| name.contains(word));
        if any(&["bool"]) {
            Kind::Boolean
        } else if any(&["date", "time"]) {
            Kind::Time
        } else if any(&["int"]) {
            Kind::Integer
        } else if any(&["float", "double", "real", "num", "decimal"]) {
            Kind::Float
        } else {
            Kind::Text
        }
    }
}

/// The value of an attribute.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Text, and times.
    Text(Box<str>),
    /// A whole number.
    Integer(i64),
    /// A number that is none of the above.
    Float(f64),
    /// Yes or no.
    Boolean(bool),
}

impl std::fmt::Display for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Value::Text(text) => f.write_str(text),
            Value::Integer(number) => number.fmt(f),
            Value::Float(number) => number.fmt(f),
            Value::Boolean(yes) => yes.fmt(f),
        }
    }
}

impl Value {
    /// The value as what its attribute is declared to be, where it can be read as that without changing how it is
    /// written, and as text where not: formats tell numbers from text in different ways.
    pub(super) fn settled(self, kind: Kind) -> Value {
        let whole = |number: f64| Some(number as i64).filter(|whole| *whole as f64 == number && number.abs() < 1e15);
        let read = match (&self, kind) {
            (Value::Text(text), Kind::Integer) => text.parse().ok().map(Value::Integer),
            (Value::Text(text), Kind::Float) => {
                text.parse().ok().filter(|number: &f64| number.is_finite()).map(Value::Float)
            }
            (Value::Text(text), Kind::Boolean) => text.parse().ok().map(Value::Boolean),
            (Value::Integer(0), Kind::Boolean) => return Value::Boolean(false),
            (Value::Integer(1), Kind::Boolean) => return Value::Boolean(true),
            // A float without a fraction is written without one by some.
            (Value::Integer(whole), Kind::Float) if whole.unsigned_abs() < 1 << 53 => {
                return Value::Float(*whole as f64);
            }
            (Value::Float(number), Kind::Integer | Kind::Boolean) if whole(*number).is_some() => {
                return Value::Integer(whole(*number).unwrap_or_default()).settled(kind);
            }
            (Value::Text(_), _) => None,
            (value, kind) if value.kind() == kind => None,
            (value, _) => Some(Value::Text(value.to_string().into())),
        };
        read.filter(|value| value.to_string() == self.to_string()).unwrap_or(self)
    }

    pub(super) fn kind(&self) -> Kind {
        match self {
            Value::Text(_) => Kind::Text,
            Value::Integer(_) => Kind::Integer,
            Value::Float(_) => Kind::Float,
            Value::Boolean(_) => Kind::Boolean,
        }
    }
}

/// Types of events or of objects, and the attributes that they declare.
#[derive(Clone, Debug, Default)]
pub struct Types {
    /// Their names.
    pub names: Names,
    /// What an attribute is declared to be, by the numbers of the type and of the attribute's name.
    pub attributes: BTreeMap<(u32, u32), Kind>,
}

impl Types {
    /// Attributes of a type with their kinds.
    pub fn of(&self, number: u32) -> impl Iterator<Item = (u32, Kind)> + '_ {
        self.attributes.range((number, 0)..=(number, u32::MAX)).map(|((_, name), kind)| (*name, *kind))
    }
}

/// A relation of an event or object with an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Relation {
    /// Number of the object's id.
    pub object: u32,
    /// Number of the qualifier: what the object is to it.
    pub qualifier: u32,
}

/// An event; its id has its number.
#[derive(Clone, Debug, PartialEq)]
pub struct ObjectEvent {
    /// Number of its type, which is its activity.
    pub kind: u32,
    /// When it happened, in microseconds since 1970, UTC.
    pub time: Option<i64>,
    /// Attributes: numbers of their names, and values.
    pub attributes: Vec<(u32, Value)>,
    /// Its objects.
    pub relations: Vec<Relation>,
}

/// A value that an attribute of an object has from a time on.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Number of the attribute's name.
    pub name: u32,
    /// From when, in microseconds since 1970, UTC; 0 is from the beginning.
    pub time: i64,
    /// The value.
    pub value: Value,
}

/// An object; its id has its number.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Object {
    /// Number of its type; `None` for one that is only named by others.
    pub kind: Option<u32>,
    /// Attributes over time.
    pub attributes: Vec<Change>,
    /// Other objects.
    pub relations: Vec<Relation>,
}

/// An object-centric event log (OCEL 2.0): each name is kept once. Relations are sets of event or object, object and
/// qualifier, so a pair may stand in several.
#[derive(Clone, Debug, Default)]
pub struct ObjectLog {
    /// Types of events.
    pub event_types: Types,
    /// Types of objects.
    pub object_types: Types,
    /// Ids of events.
    pub event_ids: Names,
    /// Ids of objects.
    pub object_ids: Names,
    /// Names of attributes.
    pub attributes: Names,
    /// Qualifiers of relations.
    pub qualifiers: Names,
    /// Events by the number of their id, in the order of the file.
    pub events: Vec<ObjectEvent>,
    /// Objects by the number of their id.
    pub objects: Vec<Object>,
}

impl ObjectLog {
    /// Objects that the log has a type of.
    pub fn object_count(&self) -> usize {
        self.objects.iter().filter(|object| object.kind.is_some()).count()
    }

    /// Relations of events with objects.
    pub fn event_relations(&self) -> usize {
        self.events.iter().map(|event| event.relations.len()).sum()
    }

    /// Relations of objects with objects.
    pub fn object_relations(&self) -> usize {
        self.objects.iter().map(|object| object.relations.len()).sum()
    }

    /// The number of an event, which is added if its id is new.
    pub fn add_event(&mut self, id: &str, kind: &str, time: Option<i64>) -> u32 {
        let number = self.event_ids.intern(id);
        if self.events.len() <= number as usize {
            let kind = self.event_types.names.intern(kind);
            self.events.push(ObjectEvent { kind, time, attributes: Vec::new(), relations: Vec::new() });
        }
        number
    }

    /// The number of an object, which is added if its id is new.
    pub fn add_object(&mut self, id: &str, kind: &str) -> u32 {
        let number = self.object_ids.intern(id);
        if self.objects.len() <= number as usize {
            self.objects.push(Object { kind: Some(self.object_types.names.intern(kind)), ..Object::default() });
        }
        number
    }

    /// Relates an event with an object.
    pub fn relate_event(&mut self, event: u32, object: u32, qualifier: &str) {
        let relation = Relation { object, qualifier: self.qualifiers.intern(qualifier) };
        if let Some(event) = self.events.get_mut(event as usize).filter(|event| !event.relations.contains(&relation)) {
            event.relations.push(relation);
        }
    }

    /// Adds an attribute to an event, and declares it.
    pub fn set_event(&mut self, event: u32, name: &str, value: Value, kind: Kind) {
        let name = self.attributes.intern(name);
        let Some(event) = self.events.get_mut(event as usize) else { return };
        self.event_types.attributes.insert((event.kind, name), kind);
        event.attributes.push((name, value));
    }

    /// Adds a value that an attribute of an object has from a time on, and declares the attribute.
    pub fn set_object(&mut self, object: u32, name: &str, time: i64, value: Value, kind: Kind) {
        let name = self.attributes.intern(name);
        let Some(object) = self.objects.get_mut(object as usize) else { return };
        if let Some(of) = object.kind {
            self.object_types.attributes.insert((of, name), kind);
        }
        object.attributes.push(Change { name, time, value });
    }

    /// Relates an object with another one.
    pub fn relate_object(&mut self, object: u32, target: u32, qualifier: &str) {
        let relation = Relation { object: target, qualifier: self.qualifiers.intern(qualifier) };
        if let Some(object) = self.objects.get_mut(object as usize).filter(|one| !one.relations.contains(&relation)) {
            object.relations.push(relation);
        }
    }
}
