//! What is learnt on its way between machines: Arrow record batches of one column, a value packed in each row.
//!
//! Such batches go to every machine that needs the whole, in any order and any grouping, because adding their values up
//! commutes: what exchanges teach, what a draft rests on, what the ledger of ids holds. Rows of the ledger also go one by
//! one, to where all of their id are.

use std::sync::Arc;

use arrow::array::{AsArray, BinaryBuilder, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Most bytes of one batch: offsets of its column are of 32 bits.
const MOST: usize = i32::MAX as usize;

/// What crosses machines in batches of its own.
pub trait Parcel: Serialize + DeserializeOwned {
    /// Name of the column, which tells batches of one kind from those of another.
    const COLUMN: &'static str;
}

/// Why a batch is none of such values.
#[derive(Debug, thiserror::Error)]
pub enum ParcelError {
    /// Arrow refused.
    #[error(transparent)]
    Arrow(#[from] arrow::error::ArrowError),
    /// A value did not pack or unpack: written by another version, or damaged.
    #[error("a value does not decode ({0}); it was written by another version or is damaged")]
    Value(#[from] postcard::Error),
    /// A column is missing or has another type.
    #[error("batch has no column `{0}` of type binary")]
    Column(&'static str),
    /// More bytes than one batch holds.
    #[error("more than {MOST} bytes for one batch; send fewer values at once")]
    Size,
}

/// The one column of batches of a kind, one row a value.
pub fn schema<P: Parcel>() -> SchemaRef {
    Arc::new(Schema::new(vec![Field::new(P::COLUMN, DataType::Binary, false)]))
}

/// Packs values into one batch, in their order.
pub fn encode<'p, P: Parcel + 'p>(values: impl IntoIterator<Item = &'p P>) -> Result<RecordBatch, ParcelError> {
    let (mut column, mut bytes) = (BinaryBuilder::new(), 0_usize);
    for value in values {
        let packed = postcard::to_stdvec(value)?;
        bytes = bytes.checked_add(packed.len()).filter(|bytes| *bytes <= MOST).ok_or(ParcelError::Size)?;
        column.append_value(packed);
    }
    Ok(RecordBatch::try_new(schema::<P>(), vec![Arc::new(column.finish())])?)
}

/// Unpacks the values of a batch, in its order.
pub fn decode<P: Parcel>(batch: &RecordBatch) -> Result<impl Iterator<Item = Result<P, ParcelError>>, ParcelError> {
    let column = batch.column_by_name(P::COLUMN).ok_or(ParcelError::Column(P::COLUMN))?;
    let packed = column.as_binary_opt::<i32>().ok_or(ParcelError::Column(P::COLUMN))?;
    Ok(packed.iter().flatten().map(|bytes| {
        let (value, rest) = postcard::take_from_bytes(bytes)?;
        // What stands behind a value was not written by this version.
        if rest.is_empty() { Ok(value) } else { Err(postcard::Error::DeserializeBadEncoding.into()) }
    }))
}

#[cfg(test)]
mod tests {
    use arrow::array::BinaryArray;
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Told(Vec<String>);

    impl Parcel for Told {
        const COLUMN: &'static str = "told";
    }

    #[test]
    fn values_survive_a_round_trip_in_their_order() {
        let values = [Told(vec!["b".into(), "a".into()]), Told(Vec::new()), Told(vec!["c".into()])];
        let back: Vec<Told> = decode(&encode(&values).unwrap()).unwrap().map(Result::unwrap).collect();
        assert_eq!(back, values);
    }

    #[test]
    fn damaged_values_and_foreign_batches_are_errors() {
        let batch = encode([&Told(vec!["some text".into()])]).unwrap();
        let bytes = batch.column(0).as_binary::<i32>().value(0).to_vec();
        let long = [&bytes[..], b"x"].concat();
        for damaged in [&bytes[..bytes.len() - 1], &long] {
            let column = Arc::new(BinaryArray::from(vec![damaged]));
            let batch = RecordBatch::try_new(schema::<Told>(), vec![column]).unwrap();
            assert!(matches!(decode::<Told>(&batch).unwrap().next(), Some(Err(ParcelError::Value(_)))));
        }
        let foreign = crate::event::batch::encode(&[]).unwrap();
        assert!(matches!(decode::<Told>(&foreign), Err(ParcelError::Column("told"))));
    }
}
