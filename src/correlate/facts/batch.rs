//! Facts as Arrow record batches between machines.
//!
//! Whoever extracts on one machine and resolves on another sends two kinds of batches: events, which go where their case
//! is judged, and facts, which go to every machine that resolves, in any order and any grouping: adding them to a
//! [`Directory`](crate::correlate::Directory) commutes. Of credentials facts hold keyed hashes only.

use std::sync::Arc;

use arrow::array::{AsArray, BinaryBuilder, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use super::Facts;

/// Why a batch is no batch of facts.
#[derive(Debug, thiserror::Error)]
pub enum BatchError {
    /// Arrow refused.
    #[error(transparent)]
    Arrow(#[from] arrow::error::ArrowError),
    /// Facts of one exchange did not pack or unpack: written by another version, or damaged.
    #[error("facts do not decode ({0}); they were written by another version or are damaged")]
    Facts(#[from] postcard::Error),
    /// A column is missing or has another type.
    #[error("batch has no column `facts` of type binary")]
    Column,
}

/// Columns of a batch of facts: `facts`, one row an exchange that teaches something.
pub fn schema() -> SchemaRef {
    Arc::new(Schema::new(vec![Field::new("facts", DataType::Binary, false)]))
}

/// Packs what exchanges teach into one batch, in their order; those that teach nothing have no row.
pub fn encode<'a>(facts: impl IntoIterator<Item = &'a Facts>) -> Result<RecordBatch, BatchError> {
    let mut column = BinaryBuilder::new();
    for facts in facts {
        if !facts.is_empty() || facts.unplaced.is_some() {
            column.append_value(postcard::to_stdvec(facts)?);
        }
    }
    Ok(RecordBatch::try_new(schema(), vec![Arc::new(column.finish())])?)
}

/// Unpacks what exchanges teach.
pub fn decode(batch: &RecordBatch) -> Result<impl Iterator<Item = Result<Facts, BatchError>>, BatchError> {
    let column = batch.column_by_name("facts").ok_or(BatchError::Column)?;
    let packed = column.as_binary_opt::<i32>().ok_or(BatchError::Column)?;
    Ok(packed.iter().flatten().map(|bytes| {
        let (facts, rest) = postcard::take_from_bytes(bytes)?;
        // What stands behind facts was not written by this version.
        if rest.is_empty() { Ok(facts) } else { Err(postcard::Error::DeserializeBadEncoding.into()) }
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::BinaryArray;

    fn of_a_role(role: &str) -> Facts {
        Facts { shows_roles: Some((("log".into(), true), role.into())), ..Facts::default() }
    }

    #[test]
    fn facts_survive_a_round_trip_and_what_teaches_nothing_has_no_row() {
        let facts = [of_a_role("jwt.roles"), Facts::default(), of_a_role("header.x-role")];
        let batch = encode(&facts).unwrap();
        assert_eq!(batch.num_rows(), 2);
        let back: Vec<Facts> = decode(&batch).unwrap().map(Result::unwrap).collect();
        let roles: Vec<_> = back.iter().filter_map(|facts| facts.shows_roles.clone()).map(|(_, role)| role).collect();
        assert_eq!(roles, ["jwt.roles".into(), "header.x-role".into()]);
    }

    #[test]
    fn damaged_facts_and_foreign_batches_are_errors() {
        let bytes = encode([&of_a_role("jwt.roles")]).unwrap().column(0).as_binary::<i32>().value(0).to_vec();
        let long = [&bytes[..], b"x"].concat();
        for damaged in [&bytes[..bytes.len() - 1], &long] {
            let batch = RecordBatch::try_new(schema(), vec![Arc::new(BinaryArray::from(vec![damaged]))]).unwrap();
            assert!(matches!(decode(&batch).unwrap().next(), Some(Err(BatchError::Facts(_)))));
        }
        let foreign = crate::event::batch::encode(&[]).unwrap();
        assert!(matches!(decode(&foreign), Err(BatchError::Column)));
    }
}
