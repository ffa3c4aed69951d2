//! One exchange as evidence shows it: heads without credentials, bodies without values.

use serde::ser::{SerializeMap as _, SerializeSeq as _};
use serde::{Serialize, Serializer};

/// One exchange, redacted: one line of a bundle's `exchanges.jsonl`.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ShownExchange {
    /// Ids of the events that it shows.
    pub events: Vec<String>,
    /// Where it is in the input.
    pub origin: String,
    /// First byte there, in the decompressed input.
    pub offset: u64,
    /// Start, RFC 3339 UTC.
    pub time: String,
    /// End, where the input tells.
    pub end: Option<String>,
    /// Why it is not whole; empty when it is.
    pub incomplete: Vec<&'static str>,
    /// The request, where it was seen.
    pub request: Option<ShownRequest>,
    /// The response, where it was seen.
    pub response: Option<ShownResponse>,
}

/// A request, redacted.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ShownRequest {
    /// Method.
    pub method: String,
    /// `http` or `https`, where known.
    pub scheme: Option<String>,
    /// Authority.
    pub host: Option<String>,
    /// Path as the event has it, and query, both masked.
    pub target: String,
    /// Header fields in order.
    pub headers: Vec<ShownField>,
    /// Its body.
    pub body: ShownBody,
}

/// A response, redacted.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ShownResponse {
    /// Status.
    pub status: u16,
    /// Header fields in order.
    pub headers: Vec<ShownField>,
    /// Its body.
    pub body: ShownBody,
}

/// A header field.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ShownField {
    /// Its name.
    pub name: String,
    /// What is shown of its value.
    pub value: String,
    /// Whether it is shown, a credential, or hidden because it may hold anything.
    pub kind: FieldKind,
}

/// What is shown of a header field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FieldKind {
    /// Its value.
    #[default]
    Value,
    /// The keyed hash of a credential.
    Credential,
    /// A keyed hash of what may be anything.
    Hidden,
}

/// What is shown of a body.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ShownBody {
    /// There is none.
    #[default]
    Absent,
    /// The input does not show it.
    NotSeen,
    /// It is neither JSON nor a form, or is not whole.
    NotShown {
        /// Length of the decoded body.
        bytes: Option<u64>,
    },
    /// JSON: its members and what they are.
    Json {
        /// Length of the decoded body.
        bytes: Option<u64>,
        /// Members and types.
        shape: Shape,
    },
    /// A form: its fields and what they are.
    Form {
        /// Length of the decoded body.
        bytes: Option<u64>,
        /// Fields and types.
        shape: Shape,
    },
}

impl ShownBody {
    /// Its members, where they are shown.
    pub fn shape(&self) -> Option<&Shape> {
        match self {
            ShownBody::Json { shape, .. } | ShownBody::Form { shape, .. } => Some(shape),
            ShownBody::Absent | ShownBody::NotSeen | ShownBody::NotShown { .. } => None,
        }
    }
}

/// A value without what it says: its type, the names of its members, and ids that the run's events name.
///
/// As JSON it has the form of the value, with `"<string>"`, `"<number>"`, `"<boolean>"` and `"<secret>"` for what is not
/// shown, and `"<more>"` where it was cut.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// `null`.
    Null,
    /// A truth value.
    Boolean,
    /// A number.
    Number,
    /// A text.
    Text,
    /// Anything whose name says that it is a secret.
    Secret,
    /// An id that an event names.
    Id {
        /// As the event has it.
        text: String,
        /// Whether it is a number.
        number: bool,
    },
    /// A list.
    List(Vec<Shape>),
    /// An object; a name that may be a value is `*`.
    Object(Vec<(String, Shape)>),
    /// Something beyond what is shown.
    More,
}

impl Serialize for Shape {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Shape::Null => serializer.serialize_unit(),
            Shape::Boolean => serializer.serialize_str("<boolean>"),
            Shape::Number => serializer.serialize_str("<number>"),
            Shape::Text => serializer.serialize_str("<string>"),
            Shape::Secret => serializer.serialize_str("<secret>"),
            Shape::More => serializer.serialize_str("<more>"),
            Shape::Id { text, number } => match text.parse::<u64>().ok().filter(|_| *number) {
                Some(number) => serializer.serialize_u64(number),
                None => serializer.serialize_str(text),
            },
            Shape::List(items) => {
                let mut list = serializer.serialize_seq(Some(items.len()))?;
                items.iter().try_for_each(|item| list.serialize_element(item))?;
                list.end()
            }
            Shape::Object(members) => {
                let mut object = serializer.serialize_map(Some(members.len()))?;
                members.iter().try_for_each(|(name, shape)| object.serialize_entry(name, shape))?;
                object.end()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shape_has_the_form_of_its_value() {
        let id = |text: &str, number| Shape::Id { text: text.to_owned(), number };
        let shape = Shape::Object(vec![
            ("id".to_owned(), id("o2", false)),
            ("number".to_owned(), id("17", true)),
            ("lines".to_owned(), Shape::List(vec![Shape::Number, Shape::More])),
            ("gone".to_owned(), Shape::Null),
        ]);
        let expected = serde_json::json!({"id": "o2", "number": 17, "lines": ["<number>", "<more>"], "gone": null});
        assert_eq!(serde_json::to_value(shape).unwrap(), expected);
    }
}
