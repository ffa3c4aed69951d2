//! OCEL 2.0 in SQLite: a table for events, one for objects, one for each type's attributes, two for relations.

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::limits::Limit;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags, Row};

use crate::problem::{LogError, Problem};

use super::builder::{Builder, Full};
use super::log::Value;
use super::{ObjectLog, OcelLimits};

const NO_OCEL: &str = "there are no events and no objects; is it an OCEL 2.0 log?";
/// Columns of an object's table that are no attributes.
const ID: &str = "ocel_id";
const TIME: &str = "ocel_time";
const CHANGED: &str = "ocel_changed_field";

/// Reads a database.
pub(super) fn read(path: &Path, limits: &OcelLimits) -> Result<(ObjectLog, Vec<Problem>), LogError> {
    let file = path.display().to_string();
    let fail = |cause: String| LogError { file: file.clone(), line: 0, cause };
    if unfinished(path) {
        return Err(fail(
            "what was last written to it is in a file beside it (-wal or -journal); open it once with the tool that wrote it, or `sqlite3 FILE .dump`, and close it"
                .to_owned(),
        ));
    }
    let connection = open(path, limits).map_err(|error| fail(format!("{error}; is it an SQLite database?")))?;
    let mut database = Database { connection, builder: Builder::new(&file, limits), file: file.clone() };
    match database.read() {
        Ok(()) => {}
        Err(Stop::Full(full)) => database.builder.full(full),
        Err(Stop::Database(error)) => {
            let help = "what comes before is kept; export the log again";
            database.builder.notes.note(&error.to_string(), help, true);
        }
    }
    database.builder.finish(NO_OCEL)
}

/// Whether a part of the database stands in a file beside it.
fn unfinished(path: &Path) -> bool {
    ["-wal", "-journal"].iter().any(|suffix| {
        let mut beside = path.as_os_str().to_owned();
        beside.push(suffix);
        std::fs::metadata(beside).is_ok_and(|file| file.len() > 0)
    })
}

/// Opens a database that nobody vouches for: nothing is written beside it, its schema calls no functions with effects, and
/// no value is larger than the limit.
fn open(path: &Path, limits: &OcelLimits) -> rusqlite::Result<Connection> {
    let mut uri = String::from("file:");
    for byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'/' | b'.' | b'-' | b'_' | b'~' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => uri.push(char::from(*byte)),
            b'\\' if cfg!(windows) => uri.push('/'),
            _ => uri.push_str(&format!("%{byte:02x}")),
        }
    }
    uri.push_str("?mode=ro&immutable=1");
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(uri, flags)?;
    connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, i32::try_from(limits.element).unwrap_or(i32::MAX))?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    connection.pragma_update(None, "mmap_size", 0)?;
    // The first look at the file.
    connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
    Ok(connection)
}

/// Why the reading ends.
enum Stop {
    Full(Full),
    Database(rusqlite::Error),
}

impl From<Full> for Stop {
    fn from(full: Full) -> Self {
        Stop::Full(full)
    }
}

impl From<rusqlite::Error> for Stop {
    fn from(error: rusqlite::Error) -> Self {
        Stop::Database(error)
    }
}

struct Database<'a> {
    connection: Connection,
    builder: Builder<'a>,
    file: String,
}

/// A table that is read, and its columns.
struct Table {
    name: String,
    columns: Vec<(String, String)>,
}

impl Table {
    fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|(column, _)| column.eq_ignore_ascii_case(name))
    }
}

impl<'a> Database<'a> {
    fn read(&mut self) -> Result<(), Stop> {
        let event_types = self.types(true)?;
        let object_types = self.types(false)?;
        let mut times: BTreeMap<&String, Option<Table>> = BTreeMap::new();
        for (kind, table) in &event_types {
            times.insert(kind, self.table(&format!("event_{table}"))?);
        }
        // An event's time is in the table of its type, so that is read first, and what is no event of it passed over.
        let kinds = self.kinds("event")?;
        let known: BTreeMap<&str, &str> = kinds.iter().map(|(id, kind)| (id.as_str(), kind.as_str())).collect();
        for (kind, table) in &times {
            match table {
                Some(table) => self.events(kind, table, &known)?,
                None => self.missing(kind),
            }
        }
        self.timeless(&kinds)?;
        drop(times);
        for (id, kind) in self.kinds("object")? {
            self.builder.object(&id, &kind)?;
        }
        for (kind, table) in &object_types {
            match self.table(&format!("object_{table}"))? {
                Some(table) => self.objects(kind, &table)?,
                None => self.missing(kind),
            }
        }
        self.relations("event_object", ["ocel_event_id", "ocel_object_id"])?;
        self.relations("object_object", ["ocel_source_id", "ocel_target_id"])
    }

    fn missing(&mut self, kind: &str) {
        self.builder.notes.file = format!("{}, type {kind}", self.file);
        let help = "what its attributes and times are is not known; export the log again";
        self.builder.notes.note("a type has no table of its own", help, true);
    }

    /// A table by its name, if it is one: views and virtual tables run what their maker wrote.
    fn table(&mut self, name: &str) -> Result<Option<Table>, Stop> {
        self.builder.notes.file.clone_from(&self.file);
        let sql =
            "SELECT name, type, sql FROM sqlite_schema WHERE lower(name) = lower(?1) AND type IN ('table', 'view')";
        let mut statement = self.connection.prepare(sql)?;
        let mut rows = statement.query([name])?;
        let Some(row) = rows.next()? else { return Ok(None) };
        let (name, kind, made) = (text(row, 0), text(row, 1), text(row, 2));
        if kind != "table" || made.to_ascii_uppercase().trim_start().starts_with("CREATE VIRTUAL") {
            self.builder.notes.file = format!("{}, table {name}", self.file);
            let help = "it is passed over: views and virtual tables are not read";
            self.builder.notes.note("what should be a table is none", help, true);
            return Ok(None);
        }
        let mut columns = Vec::new();
        let mut statement = self.connection.prepare("SELECT name, type, hidden FROM pragma_table_xinfo(?1)")?;
        let mut rows = statement.query([&name])?;
        while let Some(row) = rows.next()? {
            // Others are computed by what the file says.
            if text(row, 2) == "0" {
                columns.push((text(row, 0), text(row, 1)));
            }
        }
        self.builder.notes.file = format!("{}, table {name}", self.file);
        Ok(Some(Table { name, columns }))
    }

    /// Hands each row of a table to `visit`, with its columns in their order.
    fn rows(
        connection: &Connection,
        builder: &mut Builder<'a>,
        table: &Table,
        mut visit: impl FnMut(&mut Builder<'a>, &Row<'_>) -> Result<(), Full>,
    ) -> Result<(), Stop> {
        let names: Vec<String> = table.columns.iter().map(|(name, _)| quoted(name)).collect();
        // An index may say something else than the table.
        let sql = format!("SELECT {} FROM {} NOT INDEXED", names.join(", "), quoted(&table.name));
        let mut statement = connection.prepare(&sql)?;
        let mut rows = statement.query([])?;
        builder.notes.line = 0;
        while let Some(row) = rows.next()? {
            builder.notes.line += 1;
            visit(builder, row)?;
        }
        builder.notes.line = 0;
        Ok(())
    }

    /// Types and what their tables are called behind `event_` or `object_`.
    fn types(&mut self, of_events: bool) -> Result<Vec<(String, String)>, Stop> {
        let name = if of_events { "event_map_type" } else { "object_map_type" };
        let Some(table) = self.table(name)? else { return Ok(Vec::new()) };
        let (Some(kind), Some(map)) = (table.column("ocel_type"), table.column("ocel_type_map")) else {
            self.lacks(&table);
            return Ok(Vec::new());
        };
        let mut types = Vec::new();
        Self::rows(&self.connection, &mut self.builder, &table, |builder, row| {
            let (kind, map) = (text(row, kind), text(row, map));
            // Interning bounds what is kept.
            if of_events { builder.event_type(&kind) } else { builder.object_type(&kind) }?;
            types.push((kind, map));
            Ok(())
        })?;
        Ok(types)
    }

    fn lacks(&mut self, table: &Table) {
        self.builder.notes.file = format!("{}, table {}", self.file, table.name);
        self.builder.notes.note("a table lacks columns of OCEL 2.0", "it is passed over; export the log again", true);
    }

    /// Ids and types of the table `event` or `object`.
    fn kinds(&mut self, name: &str) -> Result<Vec<(String, String)>, Stop> {
        let Some(table) = self.table(name)? else { return Ok(Vec::new()) };
        let (Some(id), Some(kind)) = (table.column(ID), table.column("ocel_type")) else {
            self.lacks(&table);
            return Ok(Vec::new());
        };
        let mut kinds = Vec::new();
        let limits = self.builder.limits();
        let mut bytes = 0;
        Self::rows(&self.connection, &mut self.builder, &table, |_, row| {
            let (id, kind) = (text(row, id), text(row, kind));
            bytes += id.len() + kind.len();
            if kinds.len() >= limits.events.max(limits.objects) || bytes > limits.bytes {
                return Err(Full("rows"));
            }
            kinds.push((id, kind));
            Ok(())
        })?;
        Ok(kinds)
    }

    /// Events of one type, with their attributes.
    fn events(&mut self, kind: &str, table: &Table, known: &BTreeMap<&str, &str>) -> Result<(), Stop> {
        let Some(id) = table.column(ID) else {
            self.lacks(table);
            return Ok(());
        };
        let time = table.column(TIME);
        self.builder.notes.file = format!("{}, table {}", self.file, table.name);
        let number = self.builder.event_type(kind)?;
        let attributes = self.declare(true, number, table)?;
        Self::rows(&self.connection, &mut self.builder, table, |builder, row| {
            let id = text(row, id);
            if known.get(id.as_str()) != Some(&kind) {
                let cause = "a row is of no event of this type";
                builder.notes.note(cause, "it is left out; the table event names each event and its type", true);
                return Ok(());
            }
            let time = time.map(|at| text(row, at)).unwrap_or_default();
            let Some(event) = builder.event(&id, kind, &time)? else { return Ok(()) };
            for (at, name) in &attributes {
                if let Some(value) = value(row, *at) {
                    builder.event_attribute(event, name, value)?;
                }
            }
            Ok(())
        })
    }

    /// Events that no table of a type has: they have no time.
    fn timeless(&mut self, kinds: &[(String, String)]) -> Result<(), Stop> {
        self.builder.notes.file.clone_from(&self.file);
        for (id, kind) in kinds {
            if self.builder.log.event_ids.number(id).is_none() {
                self.builder.event(id, kind, "")?;
            }
        }
        Ok(())
    }

    /// Columns that are attributes, which their table declares.
    fn declare(&mut self, of_events: bool, kind: u32, table: &Table) -> Result<Vec<(usize, String)>, Full> {
        let mut attributes = Vec::new();
        for (at, (name, declared)) in table.columns.iter().enumerate() {
            if ![ID, TIME, CHANGED].iter().any(|own| name.eq_ignore_ascii_case(own)) {
                self.builder.declare(of_events, kind, name, declared)?;
                attributes.push((at, name.clone()));
            }
        }
        Ok(attributes)
    }

    /// Attributes of the objects of one type over time.
    fn objects(&mut self, kind: &str, table: &Table) -> Result<(), Stop> {
        let Some(id) = table.column(ID) else {
            self.lacks(table);
            return Ok(());
        };
        let (time, changed) = (table.column(TIME), table.column(CHANGED));
        let number = self.builder.object_type(kind)?;
        let attributes = self.declare(false, number, table)?;
        Self::rows(&self.connection, &mut self.builder, table, |builder, row| {
            let object = builder.object(&text(row, id), kind)?;
            let time = time.map(|at| text(row, at)).unwrap_or_default();
            let changed = changed.map(|at| text(row, at)).unwrap_or_default();
            for (at, name) in attributes.iter().filter(|(_, name)| changed.is_empty() || *name == changed) {
                if let Some(value) = value(row, *at) {
                    builder.object_attribute(object, name, &time, value)?;
                }
            }
            Ok(())
        })
    }

    fn relations(&mut self, name: &str, [from, to]: [&str; 2]) -> Result<(), Stop> {
        let Some(table) = self.table(name)? else { return Ok(()) };
        let (Some(from), Some(to)) = (table.column(from), table.column(to)) else {
            self.lacks(&table);
            return Ok(());
        };
        let qualifier = table.column("ocel_qualifier");
        Self::rows(&self.connection, &mut self.builder, &table, |builder, row| {
            let (from, to) = (text(row, from), text(row, to));
            let qualifier = qualifier.map(|at| text(row, at)).unwrap_or_default();
            let known = if name == "event_object" { &builder.log.event_ids } else { &builder.log.object_ids };
            match known.number(&from) {
                Some(number) if name == "event_object" => builder.event_relation(number, &to, &qualifier),
                Some(number) => builder.object_relation(number, &to, &qualifier),
                None => {
                    let cause = "a relation is of what the log does not have";
                    builder.notes.note(cause, "it is left out; export the log again", true);
                    Ok(())
                }
            }
        })
    }
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A cell as text; empty where it is null.
fn text(row: &Row<'_>, at: usize) -> String {
    value(row, at).map(|value| value.to_string()).unwrap_or_default()
}

fn value(row: &Row<'_>, at: usize) -> Option<Value> {
    Some(match row.get_ref(at).ok()? {
        ValueRef::Null => return None,
        ValueRef::Integer(number) => Value::Integer(number),
        ValueRef::Real(number) => Value::Float(number),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => Value::Text(String::from_utf8_lossy(bytes).into()),
    })
}
