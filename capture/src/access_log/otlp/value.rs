//! OTLP's attributes and values, whatever their writers made of them.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::super::record;
use crate::lenient::{Maybe, scalars_are_missing};
use crate::scalar::Scalar;

/// An attribute of a span or resource.
#[derive(Debug)]
pub(super) struct Attribute<'a> {
    pub(super) key: Cow<'a, str>,
    pub(super) value: Value<'a>,
}

/// Attributes; those without a key are left out.
#[derive(Debug, Default)]
pub(super) struct Attributes<'a>(pub(super) Vec<Attribute<'a>>);

/// OTLP's `AnyValue`, one member that its type names; a plain value in its place is taken as it is.
#[derive(Debug, Default)]
pub(super) enum Value<'a> {
    /// Null, nothing, or nothing known.
    #[default]
    Nothing,
    Scalar(Scalar<'a>),
    Array(Vec<Value<'a>>),
    List(Vec<Attribute<'a>>),
}

impl Value<'_> {
    /// A single value as text.
    pub(super) fn text(&self) -> Option<String> {
        match self {
            Value::Scalar(scalar) => scalar.clone().into_text().map(Cow::into_owned),
            _ => None,
        }
    }

    /// The texts of an array's elements, or of the one value.
    pub(super) fn texts(&self) -> impl Iterator<Item = String> {
        let elements = match self {
            Value::Array(elements) => elements.as_slice(),
            one => std::slice::from_ref(one),
        };
        elements.iter().filter_map(Value::text)
    }

    /// Whether it is a name and no IP address.
    pub(super) fn is_name(&self) -> bool {
        matches!(self, Value::Scalar(Scalar::Text(text)) if record::endpoint(text).is_none())
    }

    /// As JSON; a text is taken for JSON already.
    pub(super) fn json(&self) -> String {
        self.text().unwrap_or_else(|| self.tree().to_string())
    }

    /// The parser's limit of depth bounds the recursion.
    fn tree(&self) -> serde_json::Value {
        match self {
            Value::Array(elements) => elements.iter().map(Value::tree).collect(),
            Value::List(members) => {
                let members = members.iter().map(|member| (member.key.clone().into_owned(), member.value.tree()));
                serde_json::Value::Object(members.collect())
            }
            Value::Scalar(Scalar::Text(text)) => text.clone().into_owned().into(),
            Value::Scalar(Scalar::Bool(value)) => (*value).into(),
            Value::Scalar(Scalar::Integer(number)) => match (i64::try_from(*number), u64::try_from(*number)) {
                (Ok(number), _) => number.into(),
                (_, Ok(number)) => number.into(),
                _ => serde_json::Value::Null,
            },
            Value::Scalar(Scalar::Float(number)) => (*number).into(),
            Value::Scalar(Scalar::Null | Scalar::Nested) | Value::Nothing => serde_json::Value::Null,
        }
    }

    fn is_nothing(&self) -> bool {
        matches!(self, Value::Nothing)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Value<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Value::Scalar(Scalar::Bool(value)))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Value::Scalar(Scalar::Integer(value.into())))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
        Ok(Value::Scalar(Scalar::Integer(value.into())))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Self::Value, E> {
        Ok(Value::Scalar(Scalar::Float(value)))
    }

    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Self::Value, E> {
        Ok(Value::Scalar(Scalar::Text(Cow::Borrowed(value))))
    }

    fn visit_str<E>(self, value: &str) -> Result<Self::Value, E> {
        Ok(Value::Scalar(Scalar::Text(Cow::Owned(value.to_owned()))))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Value::Nothing)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
        elements(seq).map(Value::Array)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        #[derive(Deserialize)]
        struct Values<'a> {
            #[serde(borrow, default)]
            values: Value<'a>,
        }
        #[derive(Deserialize)]
        struct Members<'a> {
            #[serde(borrow, default)]
            values: Attributes<'a>,
        }
        let mut found = Value::Nothing;
        while let Some(name) = map.next_key::<Scalar<'de>>()? {
            let value = match name.text().unwrap_or_default() {
                "stringValue" | "string_value" | "boolValue" | "bool_value" => scalar(map.next_value()?),
                "intValue" | "int_value" => scalar(whole(map.next_value()?)),
                "doubleValue" | "double_value" => scalar(float(map.next_value()?)),
                "arrayValue" | "array_value" => match map.next_value::<Maybe<Values<'de>>>()?.0 {
                    Some(Values { values: array @ Value::Array(_) }) => array,
                    _ => Value::Nothing,
                },
                "kvlistValue" | "kvlist_value" => match map.next_value::<Maybe<Members<'de>>>()?.0 {
                    Some(members) => Value::List(members.values.0),
                    None => Value::Nothing,
                },
                _ => {
                    map.next_value::<Scalar<'_>>()?;
                    Value::Nothing
                }
            };
            if found.is_nothing() {
                found = value;
            }
        }
        Ok(found)
    }
}

fn scalar(value: Scalar<'_>) -> Value<'_> {
    match value {
        Scalar::Null | Scalar::Nested => Value::Nothing,
        value => Value::Scalar(value),
    }
}

/// Whole numbers are written as strings, for they may have 64 bits.
fn whole(value: Scalar<'_>) -> Scalar<'_> {
    let number = value.text().and_then(|text| text.trim().parse().ok());
    number.map_or(value, Scalar::Integer)
}

/// `NaN` and the like are written as strings, and so may any number be.
fn float(value: Scalar<'_>) -> Scalar<'_> {
    let number = value.text().and_then(|text| text.trim().parse().ok()).filter(|number: &f64| number.is_finite());
    number.map_or(value, Scalar::Float)
}

/// The elements of an array. What is nothing takes no room: a few bytes of it are no way to use up memory.
fn elements<'de, A: SeqAccess<'de>>(mut seq: A) -> Result<Vec<Value<'de>>, A::Error> {
    let mut elements = Vec::new();
    while let Some(element) = seq.next_element::<Value<'de>>()? {
        if !element.is_nothing() {
            elements.push(element);
        }
    }
    Ok(elements)
}

impl<'de: 'a, 'a> Deserialize<'de> for Attributes<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AttributesVisitor)
    }
}

struct AttributesVisitor;

impl<'de> Visitor<'de> for AttributesVisitor {
    type Value = Attributes<'de>;

    scalars_are_missing!(Attributes::default());

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        #[derive(Deserialize)]
        struct Written<'a> {
            #[serde(borrow, default)]
            key: Scalar<'a>,
            #[serde(borrow, default)]
            value: Value<'a>,
        }
        let mut attributes = Vec::new();
        while let Some(written) = seq.next_element::<Maybe<Written<'de>>>()? {
            let Some(Written { key, value }) = written.0 else { continue };
            if let Some(key) = key.into_text().filter(|key| !key.is_empty()) {
                attributes.push(Attribute { key, value });
            }
        }
        Ok(Attributes(attributes))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, Scalar<'_>>()?.is_some() {}
        Ok(Attributes::default())
    }
}
