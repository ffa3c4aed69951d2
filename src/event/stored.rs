//! All columns of the events' tables of a run, row by row, for whoever writes them in another shape.

use std::fs::File;
use std::path::Path;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, TimestampMicrosecondType, UInt16Type};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::table::{TableError, TableErrorKind, parquet_files};

/// A cell of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// Text; lists are their members with `, ` between.
    Text(String),
    /// A small number.
    Number(u16),
    /// Yes or no.
    Boolean(bool),
    /// An instant in microseconds since 1970, UTC.
    Time(i64),
    /// Names with values.
    Map(Vec<(String, String)>),
}

/// Hands each row of a table of a run (`events` or `objects`) to `visit`: what is known of its columns, by their names, in
/// the order of the files.
///
/// # Errors
/// When the table cannot be read.
pub fn visit(folder: &Path, table: &str, mut visit: impl FnMut(Vec<(String, Cell)>)) -> Result<(), TableError> {
    for path in parquet_files(&folder.join(table))? {
        read(&path, &mut visit).map_err(|source| TableError::new(path.clone(), source))?;
    }
    Ok(())
}

fn read(path: &Path, visit: &mut impl FnMut(Vec<(String, Cell)>)) -> Result<(), TableErrorKind> {
    for batch in ParquetRecordBatchReaderBuilder::try_new(File::open(path)?)?.build()? {
        let batch = batch?;
        (0..batch.num_rows()).for_each(|row| visit(cells(&batch, row)));
    }
    Ok(())
}

fn cells(batch: &RecordBatch, row: usize) -> Vec<(String, Cell)> {
    let schema = batch.schema();
    let columns = schema.fields().iter().zip(batch.columns());
    columns.filter_map(|(field, column)| Some((field.name().clone(), cell(column, row)?))).collect()
}

/// What a column has in a row; `None` for nothing.
fn cell(column: &dyn Array, row: usize) -> Option<Cell> {
    if column.is_null(row) {
        return None;
    }
    match column.data_type() {
        DataType::Utf8 => Some(Cell::Text(column.as_string_opt::<i32>()?.value(row).to_owned())),
        DataType::Boolean => Some(Cell::Boolean(column.as_boolean_opt()?.value(row))),
        DataType::UInt16 => Some(Cell::Number(column.as_primitive_opt::<UInt16Type>()?.value(row))),
        DataType::Timestamp(..) => Some(Cell::Time(column.as_primitive_opt::<TimestampMicrosecondType>()?.value(row))),
        DataType::List(_) => {
            let list = column.as_list_opt::<i32>()?.value(row);
            let members: Vec<&str> = list.as_string_opt::<i32>()?.iter().flatten().collect();
            (!members.is_empty()).then(|| Cell::Text(members.join(", ")))
        }
        DataType::Map(..) => {
            let entries = column.as_map_opt()?.value(row);
            let [names, values] = [0, 1].map(|at| entries.columns().get(at).and_then(|c| c.as_string_opt::<i32>()));
            let pairs = names?.iter().zip(values?.iter());
            Some(Cell::Map(pairs.filter_map(|(name, value)| Some((name?.to_owned(), value?.to_owned()))).collect()))
        }
        _ => None,
    }
}
