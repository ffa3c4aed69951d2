//! One JSON object a record, by the field names of [`super::name`].

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::fields::{Fields, Value};
use super::meaning::{self, Meaning, Slot, Table};
use super::record::Record;
use super::refusal::Refusal;
use crate::Limits;
use crate::clock::Reading;
use crate::scalar::Scalar;

/// Reads one object, which was written at `written` if its envelope says when; `complete` adds what it does not say.
pub(super) fn parse<'a>(
    line: &'a str,
    written: Option<Reading>,
    table: &Table,
    limits: &Limits,
    complete: impl FnOnce(&mut Fields<'_, '_>),
) -> Result<Record<'a>, Refusal> {
    let mut fields = Fields::new(table);
    let mut deserializer = serde_json::Deserializer::from_str(line);
    deserializer.deserialize_map(Node(&mut fields)).and_then(|()| deserializer.end()).map_err(Refusal::NotJson)?;
    complete(&mut fields);
    fields.record(written, limits)
}

/// Reads a value into the fields, under the current path.
struct Node<'f, 'a, 't>(&'f mut Fields<'a, 't>);

impl<'de> DeserializeSeed<'de> for Node<'_, 'de, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_, 'de, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_bool<E>(self, value: bool) -> Result<(), E> {
        self.0.push(Value::Scalar(Scalar::Bool(value)));
        Ok(())
    }

    fn visit_i64<E>(self, value: i64) -> Result<(), E> {
        self.0.push(Value::Scalar(Scalar::Integer(i128::from(value))));
        Ok(())
    }

    fn visit_u64<E>(self, value: u64) -> Result<(), E> {
        self.0.push(Value::Scalar(Scalar::Integer(i128::from(value))));
        Ok(())
    }

    fn visit_f64<E>(self, value: f64) -> Result<(), E> {
        self.0.push(Value::Scalar(Scalar::Float(value)));
        Ok(())
    }

    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<(), E> {
        self.0.push(Value::Scalar(Scalar::Text(Cow::Borrowed(value))));
        Ok(())
    }

    fn visit_str<E>(self, value: &str) -> Result<(), E> {
        self.0.push(Value::Scalar(Scalar::Text(Cow::Owned(value.to_owned()))));
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        let meaning = self.0.entry.and_then(|entry| entry.meaning.as_ref());
        self.0.null_method |= matches!(meaning, Some(Meaning::Slot(Slot::Method | Slot::RequestLine, _)));
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let entry = self.0.entry;
        while seq.next_element_seed(Node(&mut *self.0))?.is_some() {
            self.0.entry = entry;
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let fields = self.0;
        let (path, normal) = (fields.path.len(), fields.normal.len());
        while map.next_key_seed(Key(&mut *fields))?.is_some() {
            fields.entry = fields.table.get(&fields.normal);
            match fields.entry.and_then(|entry| entry.meaning.as_ref()) {
                Some(Meaning::Slot(Slot::RequestBody | Slot::ResponseBody, _)) => {
                    let raw = map.next_value::<&'de RawValue>()?;
                    fields.push(Value::Raw(raw));
                }
                _ => map.next_value_seed(Node(&mut *fields))?,
            }
            fields.path.truncate(path);
            fields.normal.truncate(normal);
        }
        Ok(())
    }
}

/// Appends a key to the current path.
struct Key<'f, 'a, 't>(&'f mut Fields<'a, 't>);

impl<'de> DeserializeSeed<'de> for Key<'_, 'de, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Key<'_, '_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<(), E> {
        if !self.0.path.is_empty() {
            self.0.path.push('.');
            self.0.normal.push(b'.');
        }
        self.0.path.push_str(key);
        meaning::push_normal(key, &mut self.0.normal);
        Ok(())
    }
}
