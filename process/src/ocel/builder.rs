//! What all readers of object-centric logs share: bounds, and what is wrong with single elements.

use std::collections::BTreeMap;

use hashbrown::HashSet;

use crate::names::Names;
use crate::problem::{LogError, Notes, Problem};
use crate::time;

use super::log::{Change, Kind, ObjectEvent, ObjectLog, Relation, Types, Value};
use super::{Object, OcelLimits};

/// A limit was reached: what of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Full(pub(super) &'static str);

/// Puts a log together.
#[derive(Debug)]
pub(super) struct Builder<'a> {
    pub(super) log: ObjectLog,
    pub(super) notes: Notes,
    limits: &'a OcelLimits,
    relations: usize,
    values: usize,
    bytes: usize,
}

impl<'a> Builder<'a> {
    pub(super) fn new(file: &str, limits: &'a OcelLimits) -> Self {
        let log = ObjectLog::default();
        Builder { log, notes: Notes::new(file), limits, relations: 0, values: 0, bytes: 0 }
    }

    pub(super) fn limits(&self) -> &'a OcelLimits {
        self.limits
    }

    /// Adds an event; `None` where its id is another event's.
    pub(super) fn event(&mut self, id: &str, kind: &str, time: &str) -> Result<Option<u32>, Full> {
        if self.log.event_ids.number(id).is_some() {
            self.notes.note("two events have one id", "the second one is left out; give it an id of its own", true);
            return Ok(None);
        }
        if self.log.events.len() >= self.limits.events {
            return Err(Full("events"));
        }
        let kind = self.event_type(kind)?;
        let number = self.known(|log| &mut log.event_ids, id)?;
        let time = self.time(time);
        self.log.events.push(ObjectEvent { kind, time, attributes: Vec::new(), relations: Vec::new() });
        Ok(Some(number))
    }

    /// Adds an object, or gives one that others have named its type.
    pub(super) fn object(&mut self, id: &str, kind: &str) -> Result<u32, Full> {
        let kind = self.object_type(kind)?;
        let number = self.object_number(id)?;
        let object = self.log.objects.get_mut(number as usize);
        if let Some(object) = object {
            if object.kind.is_some_and(|known| known != kind) {
                let help = "it keeps the first; give objects ids of their own";
                self.notes.note("an object has two types", help, true);
                return Ok(number);
            }
            object.kind = Some(kind);
        }
        Ok(number)
    }

    /// The number of an object's id, of which there may be no more yet than that it is named.
    fn object_number(&mut self, id: &str) -> Result<u32, Full> {
        if self.log.objects.len() >= self.limits.objects && self.log.object_ids.number(id).is_none() {
            return Err(Full("objects"));
        }
        let number = self.known(|log| &mut log.object_ids, id)?;
        if self.log.objects.len() <= number as usize {
            self.log.objects.push(Object::default());
        }
        Ok(number)
    }

    pub(super) fn event_type(&mut self, name: &str) -> Result<u32, Full> {
        self.known(|log| &mut log.event_types.names, name)
    }

    pub(super) fn object_type(&mut self, name: &str) -> Result<u32, Full> {
        self.known(|log| &mut log.object_types.names, name)
    }

    /// Declares an attribute of a type of events or, if not, of objects.
    pub(super) fn declare(&mut self, of_events: bool, kind: u32, name: &str, declared: &str) -> Result<(), Full> {
        self.count_value()?;
        let name = self.known(|log| &mut log.attributes, name)?;
        let types = if of_events { &mut self.log.event_types } else { &mut self.log.object_types };
        types.attributes.insert((kind, name), Kind::named(declared));
        Ok(())
    }

    pub(super) fn event_attribute(&mut self, event: u32, name: &str, value: Value) -> Result<(), Full> {
        let name = self.value(name, &value)?;
        if let Some(event) = self.log.events.get_mut(event as usize) {
            event.attributes.push((name, value));
        }
        Ok(())
    }

    /// A value that an object's attribute has from a time on; without one, from the beginning.
    pub(super) fn object_attribute(&mut self, object: u32, name: &str, from: &str, value: Value) -> Result<(), Full> {
        let name = self.value(name, &value)?;
        // The beginning is written as a lone 0 by some.
        let time = if matches!(from.trim(), "" | "0") { 0 } else { self.time(from).unwrap_or(0) };
        if let Some(object) = self.log.objects.get_mut(object as usize) {
            object.attributes.push(Change { name, time, value });
        }
        Ok(())
    }

    pub(super) fn event_relation(&mut self, event: u32, object: &str, qualifier: &str) -> Result<(), Full> {
        let relation = self.relation(object, qualifier)?;
        if let Some(event) = self.log.events.get_mut(event as usize) {
            event.relations.push(relation);
        }
        Ok(())
    }

    pub(super) fn object_relation(&mut self, object: u32, target: &str, qualifier: &str) -> Result<(), Full> {
        let relation = self.relation(target, qualifier)?;
        if let Some(object) = self.log.objects.get_mut(object as usize) {
            object.relations.push(relation);
        }
        Ok(())
    }

    fn relation(&mut self, object: &str, qualifier: &str) -> Result<Relation, Full> {
        self.relations += 1;
        if self.relations > self.limits.relations {
            return Err(Full("relations"));
        }
        let object = self.object_number(object)?;
        let qualifier = self.known(|log| &mut log.qualifiers, qualifier)?;
        Ok(Relation { object, qualifier })
    }

    /// Counts a value, and returns the number of its attribute's name.
    fn value(&mut self, name: &str, value: &Value) -> Result<u32, Full> {
        self.count_value()?;
        if let Value::Text(text) = value {
            self.bytes += text.len();
        }
        self.known(|log| &mut log.attributes, name)
    }

    fn count_value(&mut self) -> Result<(), Full> {
        self.values += 1;
        if self.values > self.limits.values {
            return Err(Full("attributes"));
        }
        Ok(())
    }

    /// The number of a name, within the limits.
    fn known(&mut self, names: impl Fn(&mut ObjectLog) -> &mut Names, name: &str) -> Result<u32, Full> {
        let names = names(&mut self.log);
        if let Some(number) = names.number(name) {
            return Ok(number);
        }
        self.bytes += name.len();
        if self.bytes > self.limits.bytes {
            return Err(Full("bytes of names and values"));
        }
        Ok(names.intern(name))
    }

    fn time(&mut self, text: &str) -> Option<i64> {
        let time = time::micros(text);
        if time.is_none() {
            let help = "what has it is kept without; times are like 2026-03-01T10:00:00Z";
            self.notes.note("a time is no time", help, false);
        }
        time
    }

    /// Notes that a limit was reached.
    pub(super) fn full(&mut self, Full(what): Full) {
        let cause = format!("more {what} than are read");
        self.notes.note(&cause, "what follows is left out; split the log", true);
    }

    /// Notes a value that is none.
    pub(super) fn nested(&mut self) {
        self.notes.note(
            "a value is a list or an object",
            "it is left out; values are text, numbers and booleans",
            true,
        );
    }

    /// The log, if anything was read: relations as sets, values as they are declared, and what is not declared declared.
    pub(super) fn finish(mut self, what: &str) -> Result<(ObjectLog, Vec<Problem>), LogError> {
        let log = &mut self.log;
        if log.events.is_empty() && log.objects.is_empty() {
            let cause =
                self.notes.first().map_or_else(|| what.to_owned(), |problem| format!("{}; {what}", problem.cause));
            return Err(LogError { file: self.notes.file, line: self.notes.line, cause });
        }
        self.notes.line = 0;
        let mut twice = false;
        for relations in log.events.iter_mut().map(|event| &mut event.relations) {
            twice |= distinct(relations);
        }
        for relations in log.objects.iter_mut().map(|object| &mut object.relations) {
            twice |= distinct(relations);
        }
        if twice {
            self.notes.note("a relation is told twice", "it counts once: relations are sets", false);
        }
        if log.objects.iter().any(|object| object.kind.is_none()) {
            let help = "it is kept as a name without a type; list it among the objects";
            self.notes.note("a relation names an object that the log does not have", help, false);
        }
        settle(log);
        Ok((self.log, self.notes.into_list()))
    }
}

/// Takes out what is equal to something before; whether there was any.
fn distinct(relations: &mut Vec<Relation>) -> bool {
    let before = relations.len();
    if before > 1 {
        let mut seen = HashSet::with_capacity_and_hasher(before, foldhash::fast::RandomState::default());
        relations.retain(|relation| seen.insert(*relation));
    }
    relations.len() < before
}

/// Declares attributes that are not by what their values are, and reads values as what they are declared to be.
fn settle(log: &mut ObjectLog) {
    let (events, objects) = (&mut log.event_types, &mut log.object_types);
    let (mut new_events, mut new_objects) = (BTreeMap::new(), BTreeMap::new());
    for event in &log.events {
        event.attributes.iter().for_each(|(name, value)| infer(events, &mut new_events, (event.kind, *name), value));
    }
    for (object, kind) in log.objects.iter().filter_map(|object| Some((object, object.kind?))) {
        object.attributes.iter().for_each(|one| infer(objects, &mut new_objects, (kind, one.name), &one.value));
    }
    events.attributes.append(&mut new_events);
    objects.attributes.append(&mut new_objects);
    for event in &mut log.events {
        event.attributes.iter_mut().for_each(|(name, value)| read(events, (event.kind, *name), value));
    }
    for (object, kind) in log.objects.iter_mut().filter_map(|object| object.kind.map(|kind| (object, kind))) {
        object.attributes.iter_mut().for_each(|one| read(objects, (kind, one.name), &mut one.value));
    }
}

fn infer(types: &Types, new: &mut BTreeMap<(u32, u32), Kind>, key: (u32, u32), value: &Value) {
    if types.attributes.contains_key(&key) {
        return;
    }
    let kind = new.entry(key).or_insert_with(|| value.kind());
    *kind = match (*kind, value.kind()) {
        (one, other) if one == other => one,
        (Kind::Integer | Kind::Float, Kind::Integer | Kind::Float) => Kind::Float,
        _ => Kind::Text,
    };
}

fn read(types: &Types, key: (u32, u32), value: &mut Value) {
    if let Some(kind) = types.attributes.get(&key) {
        let written = std::mem::replace(value, Value::Boolean(false));
        *value = written.settled(*kind);
    }
}
