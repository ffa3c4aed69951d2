//! OCEL 2.0 in SQLite.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ToSql, Transaction, params_from_iter};

use super::super::log::{Kind, Object, ObjectLog, Relation, Types, Value};
use super::WriteError;
use crate::time;

/// Most columns that a database takes in one table, less those that every table has.
const COLUMNS: usize = 1_990;

const TABLES: &str = "
CREATE TABLE event_map_type (ocel_type TEXT PRIMARY KEY, ocel_type_map TEXT);
CREATE TABLE object_map_type (ocel_type TEXT PRIMARY KEY, ocel_type_map TEXT);
CREATE TABLE event (ocel_id TEXT PRIMARY KEY, ocel_type TEXT REFERENCES event_map_type(ocel_type));
CREATE TABLE object (ocel_id TEXT PRIMARY KEY, ocel_type TEXT REFERENCES object_map_type(ocel_type));
CREATE TABLE event_object (
    ocel_event_id TEXT REFERENCES event(ocel_id), ocel_object_id TEXT REFERENCES object(ocel_id), ocel_qualifier TEXT,
    PRIMARY KEY (ocel_event_id, ocel_object_id, ocel_qualifier));
CREATE TABLE object_object (
    ocel_source_id TEXT REFERENCES object(ocel_id), ocel_target_id TEXT REFERENCES object(ocel_id), ocel_qualifier TEXT,
    PRIMARY KEY (ocel_source_id, ocel_target_id, ocel_qualifier));
";

/// Writes a log into a new database; a file that is there already must be empty. What is read back is equal.
///
/// # Errors
/// When the database cannot be written, or cannot hold the attributes of a type.
pub fn write_ocel_sqlite(log: &ObjectLog, path: &Path) -> Result<(), WriteError> {
    let mut connection = Connection::open(path)?;
    // Whoever writes puts the whole file in its place at the end, so nothing must be undone half-way.
    connection.pragma_update(None, "journal_mode", "OFF")?;
    connection.pragma_update(None, "synchronous", false)?;
    // A relation may come before its object is written, and may name one that the log does not have.
    connection.pragma_update(None, "foreign_keys", false)?;
    let transaction = connection.transaction()?;
    transaction.execute_batch(TABLES)?;
    let events = tables(log, &log.event_types, true, &transaction)?;
    let objects = tables(log, &log.object_types, false, &transaction)?;
    write_events(log, &events, &transaction)?;
    write_objects(log, &objects, &transaction)?;
    transaction.commit()?;
    Ok(())
}

/// The table of a type, and the columns of its attributes.
struct Table {
    insert: String,
    /// The column of each attribute's name, behind those that every table has.
    columns: BTreeMap<u32, (usize, Kind)>,
}

/// Makes a table for each type.
fn tables(log: &ObjectLog, types: &Types, of_events: bool, out: &Transaction<'_>) -> Result<Vec<Table>, WriteError> {
    let what = if of_events { "event" } else { "object" };
    let mut taken = BTreeSet::from(["map_type".to_owned(), "object".to_owned()]);
    let mut tables = Vec::new();
    for (number, name) in (0_u32..).zip(types.names.iter()) {
        let map = map(name, &mut taken);
        out.execute(&format!("INSERT INTO {what}_map_type VALUES (?1, ?2)"), [name, &map])?;
        tables.push(table(log, types, (number, &format!("{what}_{map}"), of_events), out)?);
    }
    Ok(tables)
}

/// What a type is called in the name of its table: its letters and digits, and a number where they are another's.
fn map(name: &str, taken: &mut BTreeSet<String>) -> String {
    let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    let mut map = plain.clone();
    let mut number = 2_u64;
    // Names of tables are equal in spite of case.
    while map.is_empty() || !taken.insert(map.to_ascii_lowercase()) {
        map = format!("{plain}{number}");
        number += 1;
    }
    map
}

fn table(
    log: &ObjectLog,
    types: &Types,
    (number, name, of_events): (u32, &str, bool),
    out: &Transaction<'_>,
) -> Result<Table, WriteError> {
    let fail = |cause: String| WriteError::Columns { kind: types.names.name(number).to_owned(), cause };
    let own: &[&str] =
        if of_events { &["ocel_id", "ocel_time"] } else { &["ocel_id", "ocel_time", "ocel_changed_field"] };
    let mut definitions = vec!["ocel_id TEXT".to_owned(), "ocel_time TIMESTAMP".to_owned()];
    definitions.extend((!of_events).then(|| "ocel_changed_field TEXT".to_owned()));
    let mut taken: BTreeMap<String, &str> = own.iter().map(|name| ((*name).to_owned(), *name)).collect();
    let mut columns = BTreeMap::new();
    for (attribute, kind) in types.of(number) {
        let name = log.attributes.name(attribute);
        if let Some(other) = taken.insert(name.to_ascii_lowercase(), name) {
            return Err(fail(format!("{name:?} and {other:?} differ in case only")));
        }
        if name.is_empty() || name.contains('\0') || columns.len() >= COLUMNS {
            return Err(fail(format!("{name:?} cannot be a column")));
        }
        columns.insert(attribute, (own.len() + columns.len(), kind));
        definitions.push(format!("\"{}\" {}", name.replace('"', "\"\""), declared(kind)));
    }
    out.execute_batch(&format!("CREATE TABLE {name} ({})", definitions.join(", ")))?;
    let places = vec!["?"; own.len() + columns.len()].join(", ");
    Ok(Table { insert: format!("INSERT INTO {name} VALUES ({places})"), columns })
}

fn declared(kind: Kind) -> &'static str {
    match kind {
        Kind::Text => "TEXT",
        Kind::Time => "TIMESTAMP",
        Kind::Integer => "INTEGER",
        Kind::Float => "REAL",
        Kind::Boolean => "BOOLEAN",
    }
}

/// A cell of a row.
#[derive(Clone)]
enum Cell<'a> {
    Null,
    Text(&'a str),
    /// A value, and what its column declares.
    Value(&'a Value, Kind),
}

impl ToSql for Cell<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Cell::Null => ValueRef::Null,
            Cell::Text(text) => ValueRef::Text(text.as_bytes()),
            // A column of numbers would make one of it.
            Cell::Value(Value::Text(text), kind) if *kind != Kind::Text && text.trim().parse::<f64>().is_ok() => {
                ValueRef::Blob(text.as_bytes())
            }
            Cell::Value(Value::Text(text), _) => ValueRef::Text(text.as_bytes()),
            Cell::Value(Value::Integer(number), _) => ValueRef::Integer(*number),
            Cell::Value(Value::Float(number), _) => ValueRef::Real(*number),
            Cell::Value(Value::Boolean(yes), _) => ValueRef::Integer(i64::from(*yes)),
        }))
    }
}

fn write_events(log: &ObjectLog, tables: &[Table], out: &Transaction<'_>) -> Result<(), WriteError> {
    let mut event_row = out.prepare("INSERT INTO event VALUES (?1, ?2)")?;
    let mut relation_row = out.prepare("INSERT INTO event_object VALUES (?1, ?2, ?3)")?;
    let mut statements = BTreeMap::new();
    for (number, event) in (0_u32..).zip(&log.events) {
        let Some(table) = tables.get(event.kind as usize) else { continue };
        let id = log.event_ids.name(number);
        event_row.execute([id, log.event_types.names.name(event.kind)])?;
        let time = event.time.map(time::text);
        let mut cells = vec![Cell::Null; 2 + table.columns.len()];
        put(&mut cells, 0, Cell::Text(id));
        put(&mut cells, 1, time.as_deref().map_or(Cell::Null, Cell::Text));
        for (name, value) in &event.attributes {
            let Some((at, kind)) = table.columns.get(name) else { continue };
            if !put(&mut cells, *at, Cell::Value(value, *kind)) {
                let cause = format!("the event {id:?} has two values of {:?}", log.attributes.name(*name));
                return Err(WriteError::Columns { kind: log.event_types.names.name(event.kind).to_owned(), cause });
            }
        }
        insert(&mut statements, (event.kind, table), out)?.execute(params_from_iter(cells))?;
        relations(log, id, &event.relations, &mut relation_row)?;
    }
    Ok(())
}

/// Fills a cell; whether it was empty.
fn put<'a>(cells: &mut [Cell<'a>], at: usize, cell: Cell<'a>) -> bool {
    cells.get_mut(at).is_none_or(|place| matches!(std::mem::replace(place, cell), Cell::Null))
}

/// The prepared statement that adds to a type's table.
fn insert<'s, 'c>(
    statements: &'s mut BTreeMap<u32, rusqlite::Statement<'c>>,
    (kind, table): (u32, &Table),
    out: &'c Transaction<'_>,
) -> Result<&'s mut rusqlite::Statement<'c>, rusqlite::Error> {
    Ok(match statements.entry(kind) {
        std::collections::btree_map::Entry::Occupied(entry) => entry.into_mut(),
        std::collections::btree_map::Entry::Vacant(entry) => entry.insert(out.prepare(&table.insert)?),
    })
}

fn write_objects(log: &ObjectLog, tables: &[Table], out: &Transaction<'_>) -> Result<(), WriteError> {
    let mut object_row = out.prepare("INSERT INTO object VALUES (?1, ?2)")?;
    let mut relation_row = out.prepare("INSERT INTO object_object VALUES (?1, ?2, ?3)")?;
    let mut statements = BTreeMap::new();
    for (number, object) in (0_u32..).zip(&log.objects) {
        let Some((kind, table)) = object.kind.and_then(|kind| Some((kind, tables.get(kind as usize)?))) else {
            continue;
        };
        let id = log.object_ids.name(number);
        object_row.execute([id, log.object_types.names.name(kind)])?;
        let statement = insert(&mut statements, (kind, table), out)?;
        for row in rows(log, id, object, table) {
            let time = time::text(row.time);
            let mut cells = row.cells;
            put(&mut cells, 1, Cell::Text(&time));
            statement.execute(params_from_iter(cells))?;
        }
        relations(log, id, &object.relations, &mut relation_row)?;
    }
    Ok(())
}

struct ObjectRow<'a> {
    time: i64,
    cells: Vec<Cell<'a>>,
}

/// What an object has from the beginning is one row, the first; each change is one that names its field.
fn rows<'a>(log: &'a ObjectLog, id: &'a str, object: &'a Object, table: &Table) -> Vec<ObjectRow<'a>> {
    let blank = || {
        let mut cells = vec![Cell::Null; 3 + table.columns.len()];
        put(&mut cells, 0, Cell::Text(id));
        cells
    };
    let mut rows = vec![ObjectRow { time: 0, cells: blank() }];
    for change in &object.attributes {
        let Some((at, kind)) = table.columns.get(&change.name) else { continue };
        if let Some(first) = rows.first_mut().filter(|_| change.time == 0)
            && first.cells.get(*at).is_some_and(|cell| matches!(cell, Cell::Null))
        {
            put(&mut first.cells, *at, Cell::Value(&change.value, *kind));
            continue;
        }
        let mut cells = blank();
        put(&mut cells, 2, Cell::Text(log.attributes.name(change.name)));
        put(&mut cells, *at, Cell::Value(&change.value, *kind));
        rows.push(ObjectRow { time: change.time, cells });
    }
    rows
}

fn relations(
    log: &ObjectLog,
    id: &str,
    relations: &[Relation],
    statement: &mut rusqlite::Statement<'_>,
) -> Result<(), rusqlite::Error> {
    for relation in relations {
        statement.execute([id, log.object_ids.name(relation.object), log.qualifiers.name(relation.qualifier)])?;
    }
    Ok(())
}
