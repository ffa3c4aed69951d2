//! The object-centric log of a run, from its tables.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use offpath_process::{ObjectLog, ObjectTrace, Relation, Value, ValueKind};

use super::super::Exit;
use crate::event::stored::{Cell, visit};
use crate::event::table::TableError;
use crate::finding::text;

/// Columns of the events' table that are more than attributes, or say again what is told otherwise.
const NO_ATTRIBUTES: [&str; 6] = ["id", "time", "activity", "objects", "attributes", "case"];
/// What comes before the names of the model's attributes, so that they are no column's.
const OF_MODEL: &str = "attribute:";
/// The attribute of an object that its server declares.
const STATE: &str = "state";
/// Attribute of an event that names the case it belongs to.
const CASE: &str = "case";
/// Role of the object that an event is about.
const TARGET: &str = "target";
/// Roles of objects that the one an event is about belongs to.
const ABOVE: [&str; 2] = ["parent", CASE];
/// Types that a message lists.
const LISTED: usize = 20;

/// The log, and the cases of its events.
pub(super) struct Built {
    pub(super) log: ObjectLog,
    /// Case of each event that has one.
    cases: BTreeMap<u32, String>,
}

impl Built {
    /// Reads the tables in a folder.
    pub(super) fn read(folder: &Path) -> Result<Built, TableError> {
        let mut rows = Vec::new();
        visit(folder, "events", |row| rows.extend(EventRow::of(row)))?;
        // By time, then as their places in the input are: files are of partitions, whose number goes by the memory.
        rows.sort_by(|one, other| (one.time, &one.origin, &one.id).cmp(&(other.time, &other.origin, &other.id)));
        let mut built = Built { log: ObjectLog::default(), cases: BTreeMap::new() };
        let mut states = Vec::new();
        for row in rows {
            built.event(row);
        }
        let mut relations = Vec::new();
        visit(folder, "objects", |row| relations.extend(RelationRow::of(row)))?;
        // Those of one event in their order, whose first one is what it is about: a stable sort.
        relations.sort_by_key(|row| built.log.event_ids.number(&row.event));
        for relation in relations {
            built.relate(relation, &mut states);
        }
        built.settle(states);
        Ok(built)
    }

    fn event(&mut self, row: EventRow) {
        let number = self.log.add_event(&row.id, &row.activity, Some(row.time));
        for (name, value, kind) in row.attributes {
            self.log.set_event(number, &name, value, kind);
        }
        if let Some(case) = row.case {
            self.log.set_event(number, CASE, Value::Text(case.as_str().into()), ValueKind::Text);
            self.cases.insert(number, case);
        }
    }

    fn relate(&mut self, row: RelationRow, states: &mut Vec<(u32, i64, String)>) {
        let Some(event) = self.log.event_ids.number(&row.event) else { return };
        // Keys are of their type only.
        let object = self.log.add_object(&format!("{}:{}", row.kind, row.key), &row.kind);
        self.log.relate_event(event, object, &row.qualifier);
        let time = self.log.events.get(event as usize).and_then(|event| event.time);
        if let (Some(state), Some(time)) = (row.state, time) {
            states.push((object, time, state));
        }
    }

    /// Adds what is told of objects: the states that servers declare, as they change, and what they are parts of.
    fn settle(&mut self, mut states: Vec<(u32, i64, String)>) {
        states.sort();
        let mut last: Option<(u32, String)> = None;
        for (object, time, state) in states {
            if last.as_ref().is_none_or(|(known, was)| (*known, was.as_str()) != (object, state.as_str())) {
                self.log.set_object(object, STATE, time, Value::Text(state.as_str().into()), ValueKind::Text);
            }
            last = Some((object, state));
        }
        for (object, above, qualifier) in self.parts() {
            self.log.relate_object(object, above, qualifier);
        }
    }

    /// Objects, what they are parts of, and how that is told.
    fn parts(&self) -> BTreeSet<(u32, u32, &'static str)> {
        let mut parts = BTreeSet::new();
        let role = |relation: &Relation| self.log.qualifiers.name(relation.qualifier);
        for (number, event) in (0_u32..).zip(&self.log.events) {
            let Some(target) = event.relations.iter().find(|one| role(one) == TARGET) else { continue };
            let [parent, of_case] = ABOVE;
            let parents = event.relations.iter().filter(|one| role(one) == parent).map(|one| (one.object, parent));
            let case = self.cases.get(&number).and_then(|case| self.log.object_ids.number(case));
            for (above, how) in parents.chain(case.map(|case| (case, of_case))) {
                if above != target.object {
                    parts.insert((target.object, above, how));
                }
            }
        }
        parts
    }

    /// Traces: of the objects of a type, or of cases where none is said.
    pub(super) fn traces(&self, object_type: Option<&str>) -> Result<Vec<ObjectTrace>, Exit> {
        if let Some(wanted) = object_type {
            let types = self.log.types();
            if !types.iter().any(|(name, _)| *name == wanted) {
                let names: Vec<String> = types.iter().take(LISTED).map(|(name, _)| format!("{name:?}")).collect();
                let why = format!("--object-type {wanted}: no object has this type; there are {}", names.join(", "));
                return Err(Exit::CannotStart(text::display(&why)));
            }
            return Ok(self.log.traces_of(wanted));
        }
        let mut traces: BTreeMap<&str, Vec<u32>> = BTreeMap::new();
        for (event, case) in &self.cases {
            traces.entry(case).or_default().push(*event);
        }
        Ok(traces.into_iter().map(|(case, events)| ObjectTrace { case: case.to_owned(), events }).collect())
    }
}

/// An event as its table has it.
struct EventRow {
    id: String,
    time: i64,
    /// File and number in it.
    origin: (String, u64),
    activity: String,
    case: Option<String>,
    attributes: Vec<(String, Value, ValueKind)>,
}

impl EventRow {
    fn of(row: Vec<(String, Cell)>) -> Option<EventRow> {
        let find = |name: &str| row.iter().find(|(column, _)| column == name).map(|(_, cell)| cell);
        let texts = |name: &str| match find(name) {
            Some(Cell::Text(text)) => Some(text.clone()),
            _ => None,
        };
        let Some(Cell::Time(time)) = find("time") else { return None };
        let (id, time, case) = (texts("id")?, *time, texts(CASE));
        // A path without a name is too many names.
        let other = || texts("method").map(|method| format!("{method} (no operation)"));
        let activity = texts("activity").or_else(|| texts("operation")).or_else(other)?;
        let origin = place(&texts("origin").unwrap_or_default());
        let attributes = row.into_iter().flat_map(|(name, cell)| attributes(name, cell, time)).collect();
        Some(EventRow { id, time, origin, activity, case, attributes })
    }
}

/// File and first number of an origin as it is written: `a.pcap#frames=7-9`.
fn place(origin: &str) -> (String, u64) {
    let (file, place) = origin.rsplit_once('#').unwrap_or((origin, ""));
    let digits = place.split(|c: char| !c.is_ascii_digit()).find(|digits| !digits.is_empty());
    (file.to_owned(), digits.and_then(|digits| digits.parse().ok()).unwrap_or(0))
}

/// What a column adds to an event.
fn attributes(name: String, cell: Cell, time: i64) -> Vec<(String, Value, ValueKind)> {
    if let Cell::Map(pairs) = cell {
        let one = |(name, value): (String, String)| (OF_MODEL.to_owned() + &name, text_of(&value), ValueKind::Text);
        return pairs.into_iter().map(one).collect();
    }
    // What is not asked says nothing, nor does an end that is the beginning.
    let same = name == "end" && cell == Cell::Time(time);
    if NO_ATTRIBUTES.contains(&name.as_str()) || same {
        return Vec::new();
    }
    let (value, kind) = match cell {
        Cell::Text(text) => (text_of(&text), ValueKind::Text),
        Cell::Number(number) => (Value::Integer(number.into()), ValueKind::Integer),
        Cell::Boolean(yes) => (Value::Boolean(yes), ValueKind::Boolean),
        Cell::Time(time) => (text_of(&crate::event::rfc3339(time)), ValueKind::Time),
        Cell::Map(_) => return Vec::new(),
    };
    vec![(name, value, kind)]
}

fn text_of(text: &str) -> Value {
    Value::Text(text.into())
}

/// A relation as its table has it.
struct RelationRow {
    event: String,
    kind: String,
    key: String,
    qualifier: String,
    state: Option<String>,
}

impl RelationRow {
    fn of(row: Vec<(String, Cell)>) -> Option<RelationRow> {
        let mut texts: BTreeMap<String, String> = BTreeMap::new();
        for (name, cell) in row {
            if let Cell::Text(text) = cell {
                texts.insert(name, text);
            }
        }
        let mut take = |name: &str| texts.remove(name);
        Some(RelationRow {
            event: take("event")?,
            kind: take("type")?,
            key: take("key")?,
            qualifier: take("qualifier")?,
            state: take("declared_state"),
        })
    }
}
