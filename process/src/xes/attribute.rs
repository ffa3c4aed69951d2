//! Attributes of events and traces.

use crate::xml::Tag;

const TIME: &str = "time:timestamp";
const RESOURCE: &str = "org:resource";
const TRANSITION: &str = "lifecycle:transition";

/// What an attribute of an event is to us.
pub(super) struct Meaning {
    /// The key of the classifier that it is.
    pub(super) part: Option<usize>,
    pub(super) field: Field,
}

pub(super) enum Field {
    Time,
    Resource,
    Transition,
    None,
}

impl Meaning {
    /// `None` for what nobody asks for.
    pub(super) fn of(key: &str, classifier: &[String]) -> Option<Meaning> {
        let part = classifier.iter().position(|part| part == key);
        let field = match key {
            TIME => Field::Time,
            RESOURCE => Field::Resource,
            TRANSITION => Field::Transition,
            _ if part.is_none() => return None,
            _ => Field::None,
        };
        Some(Meaning { part, field })
    }
}

/// The value of an attribute.
pub(super) struct Text {
    pub(super) value: String,
    /// Whether all references in it are known; others stand in the value as they are.
    pub(super) whole: bool,
}

/// What a key means and the value beside it; `None` where either is missing or the key means nothing.
pub(super) fn attribute<T>(tag: &Tag<'_>, meaning: impl Fn(&str) -> Option<T>) -> Option<(T, Text)> {
    let (mut found, mut text) = (None, None);
    let mut wanted = true;
    tag.attributes(|name, value| {
        match name {
            b"key" => {
                found = meaning(&tag.decode(value));
                wanted = found.is_some();
            }
            b"value" => text = Some(Text { value: tag.decode(value).into_owned(), whole: tag.resolves(value) }),
            _ => {}
        }
        wanted
    });
    Some((found?, text?))
}
