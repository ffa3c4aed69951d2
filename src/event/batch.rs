//! Events as Arrow record batches between stages and machines: typed key and order columns, the event itself packed.
//!
//! Any engine can partition and sort such a batch by `case`, `time` and `id` without knowing what an event is; see
//! `docs/adr/0001-event-batches.md`.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, BinaryBuilder, Int64Builder, RecordBatch, StringBuilder, UInt64Builder};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use super::Event;

/// Why a batch is no batch of events.
#[derive(Debug, thiserror::Error)]
pub enum BatchError {
    /// Arrow refused.
    #[error(transparent)]
    Arrow(#[from] arrow::error::ArrowError),
    /// An event did not pack or unpack: written by another version, or damaged.
    #[error("event does not decode ({0}); the spill file was written by another version or is damaged")]
    Event(#[from] postcard::Error),
    /// A column is missing or has another type.
    #[error("batch has no column `event` of type binary")]
    Column,
}

/// Columns of an event batch: `case` (nullable), `time` (microseconds since the Unix epoch), `id`, `event`.
pub fn schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("case", DataType::Utf8, true),
        Field::new("time", DataType::Int64, false),
        Field::new("id", DataType::UInt64, false),
        Field::new("event", DataType::Binary, false),
    ]))
}

/// Packs events into one batch, in their order.
pub fn encode(events: &[Event]) -> Result<RecordBatch, BatchError> {
    let mut case = StringBuilder::new();
    let mut time = Int64Builder::with_capacity(events.len());
    let mut id = UInt64Builder::with_capacity(events.len());
    let mut packed = BinaryBuilder::new();
    let mut buffer = Vec::new();
    for event in events {
        case.append_option(event.case.as_ref().map(ToString::to_string));
        time.append_value(event.time);
        id.append_value(event.id.0);
        buffer.clear();
        buffer = postcard::to_extend(event, buffer)?;
        packed.append_value(&buffer);
    }
    let columns: Vec<ArrayRef> =
        vec![Arc::new(case.finish()), Arc::new(time.finish()), Arc::new(id.finish()), Arc::new(packed.finish())];
    Ok(RecordBatch::try_new(schema(), columns)?)
}

/// Unpacks the events of a batch, in its order.
pub fn decode(batch: &RecordBatch) -> Result<Vec<Event>, BatchError> {
    let column = batch.column_by_name("event").ok_or(BatchError::Column)?;
    let packed = column.as_binary_opt::<i32>().ok_or(BatchError::Column)?;
    packed.iter().flatten().map(|bytes| Ok(postcard::from_bytes(bytes)?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::sample;

    #[test]
    fn events_survive_a_round_trip() {
        let events = vec![sample::event(1), sample::rich_event(2)];
        assert_eq!(decode(&encode(&events).unwrap()).unwrap(), events);
    }

    #[test]
    fn a_damaged_event_is_an_error() {
        let batch = encode(&[sample::rich_event(3)]).unwrap();
        let mut bytes = batch.column(3).as_binary::<i32>().value(0).to_vec();
        bytes.truncate(10);
        let mut packed = BinaryBuilder::new();
        packed.append_value(&bytes);
        let mut columns = batch.columns().to_vec();
        columns[3] = Arc::new(packed.finish());
        let damaged = RecordBatch::try_new(schema(), columns).unwrap();
        assert!(matches!(decode(&damaged), Err(BatchError::Event(_))));
    }
}
