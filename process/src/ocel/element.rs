//! Elements of OCEL documents in JSON, of which lists are bounded and any part may be missing.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::builder::Builder;
use super::log::Value;

/// Most members of one list of an element.
const MEMBERS: usize = 1 << 20;

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct TypeElement {
    pub(super) name: Scalar,
    pub(super) attributes: List<Declared>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Declared {
    pub(super) name: Scalar,
    #[serde(rename = "type")]
    pub(super) kind: Scalar,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct EventElement {
    pub(super) id: Scalar,
    #[serde(rename = "type")]
    pub(super) kind: Scalar,
    pub(super) time: Scalar,
    pub(super) attributes: List<Attribute>,
    pub(super) relationships: List<Relationship>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct ObjectElement {
    pub(super) id: Scalar,
    #[serde(rename = "type")]
    pub(super) kind: Scalar,
    pub(super) attributes: List<Attribute>,
    pub(super) relationships: List<Relationship>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Attribute {
    pub(super) name: Scalar,
    pub(super) time: Scalar,
    pub(super) value: Scalar,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Relationship {
    #[serde(rename = "objectId", alias = "ocel:oid")]
    pub(super) object: Scalar,
    #[serde(alias = "ocel:qualifier")]
    pub(super) qualifier: Scalar,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct OldEvent {
    #[serde(rename = "ocel:activity")]
    pub(super) activity: Scalar,
    #[serde(rename = "ocel:timestamp")]
    pub(super) time: Scalar,
    #[serde(rename = "ocel:omap")]
    pub(super) objects: List<Scalar>,
    #[serde(rename = "ocel:typedOmap")]
    pub(super) relations: List<Relationship>,
    #[serde(rename = "ocel:vmap")]
    pub(super) attributes: Pairs,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct OldObject {
    #[serde(rename = "ocel:type")]
    pub(super) kind: Scalar,
    #[serde(rename = "ocel:ovmap")]
    pub(super) attributes: Pairs,
    #[serde(rename = "ocel:o2o")]
    pub(super) relations: List<Relationship>,
}

/// A list; none where it is null.
pub(super) struct List<T>(pub(super) Vec<T>);

impl<T> Default for List<T> {
    fn default() -> Self {
        List(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        struct Members<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Members<T> {
            type Value = List<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_unit<E>(self) -> Result<List<T>, E> {
                Ok(List(Vec::new()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<List<T>, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = list.next_element()? {
                    if members.len() >= MEMBERS {
                        return Err(A::Error::custom("a list has more members than are read"));
                    }
                    members.push(member);
                }
                Ok(List(members))
            }
        }
        reader.deserialize_any(Members(PhantomData))
    }
}

/// Names with values, in the order of the document.
#[derive(Default)]
pub(super) struct Pairs(pub(super) Vec<(String, Scalar)>);

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Pairs;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of attributes")
            }

            fn visit_unit<E>(self) -> Result<Pairs, E> {
                Ok(Pairs::default())
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    if pairs.len() >= MEMBERS {
                        return Err(A::Error::custom("an element has more attributes than are read"));
                    }
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }
        reader.deserialize_any(Members)
    }
}

/// A text, number or boolean, where the format wants one of them or a log has another.
#[derive(Default)]
pub(super) enum Scalar {
    #[default]
    Null,
    Value(Value),
    /// A list or an object.
    Nested,
}

impl Scalar {
    /// As text; empty for what is none.
    pub(super) fn text(&self) -> String {
        match self {
            Scalar::Value(value) => value.to_string(),
            Scalar::Null | Scalar::Nested => String::new(),
        }
    }

    /// As a value; none where it is null, and where it is nested, which is noted.
    pub(super) fn value(self, builder: &mut Builder<'_>) -> Option<Value> {
        match self {
            Scalar::Value(value) => Some(value),
            Scalar::Null => None,
            Scalar::Nested => {
                builder.nested();
                None
            }
        }
    }
}

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        reader.deserialize_any(Any)
    }
}

struct Any;

impl<'de> Visitor<'de> for Any {
    type Value = Scalar;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, number or boolean")
    }

    fn visit_unit<E>(self) -> Result<Scalar, E> {
        Ok(Scalar::Null)
    }

    fn visit_bool<E>(self, yes: bool) -> Result<Scalar, E> {
        Ok(Scalar::Value(Value::Boolean(yes)))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Scalar, E> {
        Ok(Scalar::Value(Value::Integer(number)))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Scalar, E> {
        Ok(Scalar::Value(i64::try_from(number).map_or_else(|_| Value::Text(number.to_string().into()), Value::Integer)))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Scalar, E> {
        Ok(Scalar::Value(Value::Float(number)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Scalar, E> {
        Ok(Scalar::Value(Value::Text(text.into())))
    }

    fn visit_string<E>(self, text: String) -> Result<Scalar, E> {
        Ok(Scalar::Value(Value::Text(text.into())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Scalar, A::Error> {
        while let Some(IgnoredAny) = list.next_element()? {}
        Ok(Scalar::Nested)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Scalar, A::Error> {
        while let Some((IgnoredAny, IgnoredAny)) = map.next_entry()? {}
        Ok(Scalar::Nested)
    }
}
