//! Columns of a listing, each with its value in JSON, CSV and Parquet.

use std::io;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, ListBuilder, RecordBatch, StringArray, StringBuilder, UInt16Array, UInt64Array,
};
use arrow::error::ArrowError;

use super::object::Object;
use super::record::CallRecord;
use crate::finding::csv::harmless;
use crate::finding::text::display;
use crate::model::nearest_name;

/// One column: its name, and what a row has in it.
pub(in crate::cli) struct Column<R> {
    pub(in crate::cli) name: &'static str,
    value: Value<R>,
    /// Only written where it is named.
    asked: bool,
}

/// How a value is got out of a row; none is null, and an empty cell in CSV.
enum Value<R> {
    Text(fn(&R) -> Option<&str>),
    Number(fn(&R) -> Option<u64>),
    Code(fn(&R) -> Option<u16>),
    Flag(fn(&R) -> bool),
    Words(fn(&R) -> &[&'static str]),
    Calls(fn(&R) -> &[CallRecord]),
}

impl<R> Column<R> {
    pub(super) const fn text(name: &'static str, of: fn(&R) -> Option<&str>) -> Self {
        Column { name, value: Value::Text(of), asked: false }
    }

    pub(super) const fn number(name: &'static str, of: fn(&R) -> Option<u64>) -> Self {
        Column { name, value: Value::Number(of), asked: false }
    }

    /// A status or another code of 16 bits.
    pub(super) const fn code(name: &'static str, of: fn(&R) -> Option<u16>) -> Self {
        Column { name, value: Value::Code(of), asked: false }
    }

    pub(super) const fn flag(name: &'static str, of: fn(&R) -> bool) -> Self {
        Column { name, value: Value::Flag(of), asked: false }
    }

    pub(super) const fn words(name: &'static str, of: fn(&R) -> &[&'static str]) -> Self {
        Column { name, value: Value::Words(of), asked: false }
    }

    /// Calls; JSON in a cell of CSV and Parquet, empty where there are none.
    pub(super) const fn calls(name: &'static str, of: fn(&R) -> &[CallRecord]) -> Self {
        Column { name, value: Value::Calls(of), asked: false }
    }

    /// The same, where nobody has it who does not name it.
    pub(super) const fn if_asked(mut self) -> Self {
        self.asked = true;
        self
    }

    fn member(&self, row: &R, object: &mut Object) -> io::Result<()> {
        match self.value {
            Value::Text(of) => object.text(self.name, of(row)),
            Value::Number(of) => object.number(self.name, of(row)),
            Value::Code(of) => object.number(self.name, of(row).map(u64::from)),
            Value::Flag(of) => object.flag(self.name, of(row)),
            Value::Words(of) => object.list(self.name, of(row)),
            Value::Calls(of) => object.list(self.name, of(row)),
        }
    }

    /// The cell in CSV, which no spreadsheet runs.
    fn cell(&self, row: &R) -> String {
        let number = |n: Option<u64>| n.map(|n| n.to_string()).unwrap_or_default();
        match self.value {
            Value::Text(of) => of(row).map(harmless).unwrap_or_default(),
            Value::Number(of) => number(of(row)),
            Value::Code(of) => number(of(row).map(u64::from)),
            Value::Flag(of) => of(row).to_string(),
            Value::Words(of) => of(row).join(" "),
            Value::Calls(of) => json(of(row)).unwrap_or_default(),
        }
    }

    fn array(&self, rows: &[R]) -> ArrayRef {
        match self.value {
            Value::Text(of) => Arc::new(StringArray::from_iter(rows.iter().map(of))),
            Value::Number(of) => Arc::new(UInt64Array::from_iter(rows.iter().map(of))),
            Value::Code(of) => Arc::new(UInt16Array::from_iter(rows.iter().map(of))),
            Value::Flag(of) => Arc::new(BooleanArray::from_iter(rows.iter().map(|row| Some(of(row))))),
            Value::Words(of) => {
                let mut lists = ListBuilder::new(StringBuilder::new());
                for row in rows {
                    of(row).iter().for_each(|word| lists.values().append_value(word));
                    lists.append(true);
                }
                Arc::new(lists.finish())
            }
            Value::Calls(of) => Arc::new(StringArray::from_iter(rows.iter().map(|row| json(of(row))))),
        }
    }
}

fn json(calls: &[CallRecord]) -> Option<String> {
    if calls.is_empty() { None } else { serde_json::to_string(calls).ok() }
}

/// Those that are written where none is named.
pub(in crate::cli) fn usual<R>(columns: &'static [Column<R>]) -> impl Iterator<Item = &'static Column<R>> {
    columns.iter().filter(|column| !column.asked)
}

/// The columns that are written, in their order.
pub(super) struct Columns<R: 'static>(Vec<&'static Column<R>>);

impl<R> Clone for Columns<R> {
    fn clone(&self) -> Self {
        Columns(self.0.clone())
    }
}

impl<R> Columns<R> {
    /// All of them, but for those that are only written where they are named.
    pub(super) fn all(columns: &'static [Column<R>]) -> Self {
        Columns(usual(columns).collect())
    }

    /// Those that are named, in the order of their names; all where none is.
    ///
    /// # Errors
    /// The text says which name is unknown, or stands there twice, and what names there are.
    pub(super) fn named(names: &[String], columns: &'static [Column<R>]) -> Result<Self, String> {
        if names.is_empty() {
            return Ok(Columns::all(columns));
        }
        let mut chosen: Vec<&'static Column<R>> = Vec::new();
        for name in names {
            if chosen.iter().any(|column| column.name == name) {
                return Err(format!("--fields names `{name}` twice"));
            }
            chosen.push(columns.iter().find(|column| column.name == name).ok_or_else(|| unknown(name, columns))?);
        }
        Ok(Columns(chosen))
    }

    /// Their names.
    pub(super) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.0.iter().map(|column| column.name)
    }

    /// Appends a row as a JSON object.
    pub(super) fn write_json(&self, row: &R, line: &mut Vec<u8>) -> io::Result<()> {
        let mut object = Object::new(line);
        self.0.iter().try_for_each(|column| column.member(row, &mut object))?;
        object.end();
        Ok(())
    }

    /// A row's cells in CSV.
    pub(super) fn cells(&self, row: &R) -> impl Iterator<Item = String> {
        self.0.iter().map(|column| column.cell(row))
    }

    /// Rows as a table.
    pub(super) fn table(&self, rows: &[R]) -> Result<RecordBatch, ArrowError> {
        RecordBatch::try_from_iter_with_nullable(self.0.iter().map(|column| (column.name, column.array(rows), true)))
    }
}

fn unknown<R>(name: &str, columns: &[Column<R>]) -> String {
    let names = || columns.iter().map(|column| column.name);
    let near = nearest_name(name, names()).map(|near| format!(" did you mean `{near}`?")).unwrap_or_default();
    let all: Vec<_> = names().collect();
    format!("--fields: there is no field `{}`;{near} the fields are {}", display(name), all.join(", "))
}
