//! Events as Arrow record batches between stages and machines: typed key and order columns, the event itself packed.
//!
//! Any engine can partition such batches by `case`, `time` and `id` without knowing what an event is, as long as it keeps
//! a batch's rows together: a packed event shares the texts of those before it. See `docs/adr/0001-event-batches.md`.

use std::fmt::Write as _;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, BinaryArray, Int64Array, RecordBatch, StringBuilder, UInt64Array};
use arrow::buffer::{Buffer, OffsetBuffer};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use super::Event;
use super::pack::{PackError, Packer};
use super::unpack::{Texts, unpack};

/// Why a batch is no batch of events.
#[derive(Debug, thiserror::Error)]
pub enum BatchError {
    /// Arrow refused.
    #[error(transparent)]
    Arrow(#[from] arrow::error::ArrowError),
    /// An event did not pack or unpack: written by another version, or damaged.
    #[error("event does not decode ({0}); the spill file was written by another version or is damaged")]
    Event(#[from] PackError),
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

/// A batch in the making.
///
/// Events wait packed, in memory as on disk: a tenth of what they take as values, and in few pieces.
pub(super) struct BatchBuilder {
    case: StringBuilder,
    time: Vec<i64>,
    id: Vec<u64>,
    /// Where each packed event begins, and where the last one ends.
    offsets: Vec<i32>,
    packer: Packer,
}

impl Default for BatchBuilder {
    fn default() -> Self {
        BatchBuilder {
            case: StringBuilder::with_capacity(0, 0),
            time: Vec::new(),
            id: Vec::new(),
            offsets: vec![0],
            packer: Packer::default(),
        }
    }
}

impl BatchBuilder {
    /// Appends one event.
    pub(super) fn push(&mut self, event: &Event) -> Result<(), BatchError> {
        self.packer.event(event)?;
        let end = i32::try_from(self.packer.len()).map_err(|_| PackError::Content("so many bytes"))?;
        self.offsets.push(end);
        self.time.push(event.time);
        self.id.push(event.id.0);
        match &event.case {
            Some(case) => {
                // Writing to a builder's text cannot fail; what is written is taken up by the empty value.
                let _ = write!(self.case, "{case}");
                self.case.append_value("");
            }
            None => self.case.append_null(),
        }
        Ok(())
    }

    /// Number of packed bytes.
    pub(super) fn packed(&self) -> usize {
        self.packer.len()
    }

    /// About how many bytes it holds in memory.
    pub(super) fn footprint(&self) -> usize {
        /// Time, identity, offset, and the case's.
        const KEYS: usize = 24;
        self.packer.footprint() + self.case.values_slice().len() + self.time.capacity() * KEYS
    }

    /// The batch.
    pub(super) fn finish(mut self) -> Result<RecordBatch, BatchError> {
        let offsets = OffsetBuffer::new(self.offsets.into());
        let event = BinaryArray::try_new(offsets, Buffer::from_vec(self.packer.into_bytes()), None)?;
        let (time, id) = (Int64Array::from(self.time), UInt64Array::from(self.id));
        let columns: Vec<ArrayRef> = vec![Arc::new(self.case.finish()), Arc::new(time), Arc::new(id), Arc::new(event)];
        Ok(RecordBatch::try_new(schema(), columns)?)
    }
}

/// Packs events into one batch, in their order.
pub fn encode(events: &[Event]) -> Result<RecordBatch, BatchError> {
    let mut builder = BatchBuilder::default();
    events.iter().try_for_each(|event| builder.push(event))?;
    builder.finish()
}

/// Unpacks the events of a batch, in its order.
pub fn decode(batch: &RecordBatch) -> Result<impl Iterator<Item = Result<Event, BatchError>>, BatchError> {
    let column = batch.column_by_name("event").ok_or(BatchError::Column)?;
    let packed = column.as_binary_opt::<i32>().ok_or(BatchError::Column)?;
    let mut texts = Texts::default();
    Ok(packed.iter().flatten().map(move |bytes| Ok(unpack(bytes, &mut texts)?)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::sample;

    fn decoded(batch: &RecordBatch) -> Result<Vec<Event>, BatchError> {
        decode(batch)?.collect()
    }

    #[test]
    fn events_survive_a_round_trip() {
        let events = vec![sample::event(1), sample::rich_event(2)];
        let batch = encode(&events).unwrap();
        assert_eq!(decoded(&batch).unwrap(), events);
        let cases = batch.column(0).as_string::<i32>();
        assert_eq!(cases.iter().collect::<Vec<_>>(), [None, Some("order:ord_2")]);
    }

    #[test]
    fn a_damaged_event_is_an_error() {
        let batch = encode(&[sample::rich_event(3)]).unwrap();
        let mut bytes = batch.column(3).as_binary::<i32>().value(0).to_vec();
        bytes.truncate(10);
        let mut columns = batch.columns().to_vec();
        columns[3] = Arc::new(BinaryArray::from(vec![bytes.as_slice()]));
        let damaged = RecordBatch::try_new(schema(), columns).unwrap();
        assert!(matches!(decoded(&damaged), Err(BatchError::Event(_))));
    }
}
