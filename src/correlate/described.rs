//! Paths of an OpenAPI document where no model names objects: its templates, with variables named as guesses are.

use std::sync::Arc;

use super::guess::names_things;
use super::secret_segment::is_secret_segment;
use super::template::{Template, Variable, is_collection, singular};
use crate::model::{DescribedOperation, Piece, Segment};

/// A template of a document, ready to name what its paths show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Described {
    /// `/v1/orders/{order}` for `/v1/orders/{orderId}`.
    pub(super) text: Arc<str>,
    /// Its parameters in order.
    places: Vec<Place>,
    collection: Option<String>,
    /// Pattern of the server's host.
    pub(super) host: Option<Arc<str>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    /// Name of the kind of thing; `None` for a part of the base path.
    noun: Option<String>,
    /// The fixed word before it.
    before: Option<Arc<str>>,
}

impl Described {
    /// The template of an operation; `None` where it takes whatever follows, and so tells less than looks do.
    pub(super) fn of(operation: &DescribedOperation) -> Option<Described> {
        let mut described =
            Described { text: "/".into(), places: Vec::new(), collection: None, host: operation.host.clone() };
        let mut text = String::new();
        let mut before: Option<&Arc<str>> = None;
        for (at, segment) in operation.template.iter().enumerate() {
            text.push('/');
            let pieces = match segment {
                Segment::Literal(word) => {
                    text.push_str(word);
                    before = Some(word);
                    continue;
                }
                Segment::Rest => return None,
                Segment::Parameter(name) => &[Piece::Parameter(Arc::clone(name))],
                Segment::Pattern(pattern) => pattern.pieces(),
            };
            // `Orders({key})` says of what the key is.
            let own = match pieces.first() {
                Some(Piece::Literal(text)) => text.strip_suffix('('),
                _ => None,
            };
            for piece in pieces {
                match piece {
                    Piece::Literal(part) => text.push_str(part),
                    Piece::Parameter(name) => {
                        let noun = noun(name, own.or(before.map(|word| &**word)));
                        text.extend(["{", &noun, "}"]);
                        let noun = (at >= operation.base).then_some(noun);
                        described.places.push(Place { noun, before: before.cloned() });
                    }
                }
            }
            before = None;
        }
        described.collection = before.filter(|word| is_collection(word)).map(|word| word.to_string());
        if !text.is_empty() {
            described.text = text.into();
        }
        Some(described)
    }

    /// The template with the values of its parameters, given in order.
    pub(super) fn with<'v>(&self, values: impl Iterator<Item = &'v str>) -> Template {
        let variables = self.places.iter().zip(values).filter_map(|(place, value)| {
            let secret = place.before.as_deref().is_some_and(|word| is_secret_segment(value, word));
            Some(Variable { name: place.noun.clone()?, value: value.to_owned(), secret })
        });
        let variables = variables.collect();
        Template { text: Arc::clone(&self.text), variables, collection: self.collection.clone() }
    }
}

/// The kind of thing that a parameter is a key of: `order` for `orderId`, and for `id` or `orderNumber` behind `orders`.
fn noun(parameter: &str, before: Option<&str>) -> String {
    let snake = snake(parameter);
    let collection = before.filter(|word| is_collection(word)).map(singular);
    if let Some(stem) = snake.strip_suffix("_id").or_else(|| snake.strip_suffix("_uuid")).filter(|s| !s.is_empty()) {
        return stem.to_owned();
    }
    let bare = matches!(snake.as_str(), "" | "id" | "uuid" | "guid" | "key" | "name") || names_things(&snake);
    match collection {
        Some(collection) if bare || snake.starts_with(&collection) => collection,
        _ if snake.is_empty() => "id".to_owned(),
        _ => snake,
    }
}

/// Lower-case words with `_` between them.
fn snake(text: &str) -> String {
    let mut out = String::new();
    let mut lower = false;
    for c in text.chars().take(64) {
        if c.is_ascii_alphanumeric() {
            if c.is_ascii_uppercase() && lower {
                out.push('_');
            }
            lower = c.is_ascii_lowercase() || c.is_ascii_digit();
            out.push(c.to_ascii_lowercase());
        } else if !out.is_empty() && !out.ends_with('_') {
            lower = false;
            out.push('_');
        }
    }
    out.truncate(out.trim_end_matches('_').len());
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Description;

    fn described(path: &str, server: &str) -> Option<Described> {
        let text = format!("openapi: 3.1.0\nservers: [{{url: '{server}'}}]\npaths: {{'{path}': {{get: {{}}}}}}");
        let description = Description::read("d", &text).unwrap().0;
        Described::of(&description.operations[0])
    }

    #[test]
    fn parameters_are_named_as_guesses_name_them() {
        for (path, expected) in [
            ("/orders/{orderId}/items/{item_id}", "/orders/{order}/items/{item}"),
            ("/orders/{id}", "/orders/{order}"),
            ("/users/{username}", "/users/{user}"),
            ("/products/{sku}", "/products/{product}"),
            ("/transfers/{accountID}", "/transfers/{account}"),
            ("/repos/{owner}/{repo}", "/repos/{owner}/{repo}"),
            ("/v1/{id}", "/v1/{id}"),
            ("/orders/{id}:cancel", "/orders/{order}:cancel"),
            ("/Orders({key})", "/Orders({order})"),
            ("/", "/"),
        ] {
            assert_eq!(&*described(path, "/").unwrap().text, expected);
        }
        assert_eq!(described("/x/{proxy+}", "/"), None);
    }

    #[test]
    fn values_have_their_kinds_and_base_paths_none() {
        let template = described("/orders/{orderId}/items", "/{stage}").unwrap().with(["prod", "7"].into_iter());
        let variables: Vec<_> = template.variables.iter().map(|v| (v.name.as_str(), v.value.as_str())).collect();
        assert_eq!(variables, [("order", "7")]);
        assert_eq!(template.collection.as_deref(), Some("items"));
        let secret = described("/reset/{code}", "/").unwrap().with(["abc123"].into_iter());
        assert!(secret.variables[0].secret);
    }
}
