//! Of what type a field's value is, as its answer or its selection says: `__typename`, or the one type condition whose
//! fields the answer has (`... on Order { id } ... on Refusal { message }`).

use std::collections::BTreeMap;

use super::super::{LONGEST_NAME, json};
use super::document::{Fragment, Selected};
use super::token::Token;

/// Most fragments of one field's selection that are noted.
const MOST_PARTS: usize = 32;
/// Most fields of one fragment that are noted.
const MOST_KEYS: usize = 64;
/// Most members of an answer that are looked at.
const MOST_MEMBERS: usize = 256;

/// A fragment directly in a field's selection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part<'a> {
    /// `... on Type { key key }`.
    On(&'a str, Vec<&'a str>),
    /// `...Name`.
    Spread(&'a str),
}

/// Notes the fragments of a selection while it is stepped over.
#[derive(Debug, Default)]
pub(super) struct Watch<'a> {
    parts: Vec<Part<'a>>,
    /// Braces and parentheses that are open.
    braces: usize,
    parentheses: usize,
    before: Before,
    /// The type of the fragment that comes next.
    pending: Option<&'a str>,
    /// The last part is being read.
    inside: bool,
}

/// What the last token makes of a name behind it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Before {
    #[default]
    Nothing,
    /// `...`
    Spread,
    /// `... on`
    On,
    /// `@` and `:`, behind which no field's key stands.
    Aside,
}

impl<'a> Watch<'a> {
    /// Looks at the next token of the selection, its braces included.
    pub(super) fn see(&mut self, token: &Token<'a>) {
        let outermost = self.parentheses == 0 && self.braces == 1;
        let before = std::mem::take(&mut self.before);
        match token {
            Token::Mark('{') => {
                let on = self.pending.take().filter(|_| outermost && self.parts.len() < MOST_PARTS);
                self.inside = self.inside && !outermost || on.is_some();
                self.parts.extend(on.map(|on| Part::On(on, Vec::new())));
                self.braces += 1;
            }
            Token::Mark('}') => {
                self.braces = self.braces.saturating_sub(1);
                self.inside &= self.braces > 1;
            }
            Token::Mark('(') => self.parentheses += 1,
            Token::Mark(')') => self.parentheses = self.parentheses.saturating_sub(1),
            Token::Mark('@' | ':') => self.before = Before::Aside,
            Token::Spread => self.before = Before::Spread,
            Token::Name("on") if before == Before::Spread => self.before = Before::On,
            Token::Name(name) => match before {
                Before::On if outermost => self.pending = Some(name),
                Before::Spread if outermost && self.parts.len() < MOST_PARTS => self.parts.push(Part::Spread(name)),
                Before::Nothing => self.key(name),
                Before::On | Before::Spread | Before::Aside => {}
            },
            _ => {}
        }
    }

    fn key(&mut self, name: &'a str) {
        let directly = self.inside && self.braces == 2 && self.parentheses == 0;
        if let Some(Part::On(_, keys)) = self.parts.last_mut().filter(|_| directly)
            && keys.len() < MOST_KEYS
        {
            keys.push(name);
        }
    }

    pub(super) fn parts(self) -> Vec<Part<'a>> {
        self.parts
    }
}

/// A selection that has nothing but these fragments; empty where there are none.
pub(super) fn written(parts: &[Part<'_>]) -> String {
    let one = |part: &Part<'_>| match part {
        Part::On(on, keys) => format!("...on {on}{{{}}}", keys.join(" ")),
        Part::Spread(name) => format!("...{name}"),
    };
    let all: String = parts.iter().map(one).collect();
    if all.is_empty() { all } else { format!("{{{all}}}") }
}

/// The type of a value that a field gave.
pub(super) fn of(value: &str, parts: &[Part<'_>], fragments: &BTreeMap<&str, Fragment<'_>>) -> Option<String> {
    let (members, _) = json::members(value, MOST_MEMBERS)?;
    let has = |key: &str| members.iter().any(|(name, _)| name == key);
    if let Some((_, told)) = members.iter().find(|(name, _)| name == "__typename") {
        return json::text(told).filter(|name| is_name(name)).map(|name| name.into_owned());
    }
    let fits = |part: &Part<'_>| match part {
        Part::On(on, keys) => (!keys.is_empty() && keys.iter().all(|key| has(key))).then(|| (*on).to_owned()),
        Part::Spread(name) => {
            let fragment = fragments.get(name)?;
            let mut keys = fragment.selections.iter().filter_map(|selection| match &selection.what {
                Selected::Field { key, .. } => Some(*key),
                Selected::Spread(_) | Selected::Inline(_) => None,
            });
            let first = keys.next()?;
            (has(first) && keys.all(has)).then(|| fragment.on.to_owned())
        }
    };
    let mut types: Vec<String> = parts.iter().filter_map(fits).collect();
    types.sort_unstable();
    types.dedup();
    // Of an interface and a type that has it, nobody says which it is.
    types.pop().filter(|name| types.is_empty() && is_name(name))
}

/// Whether a text is a type's name in GraphQL: an answer may give any other.
fn is_name(text: &str) -> bool {
    text.len() <= LONGEST_NAME
        && text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

#[cfg(test)]
mod tests {
    use super::super::document::Document;
    use super::*;

    fn told(document: &str, value: &str) -> Option<String> {
        let document = Document::read(document).unwrap();
        let Selected::Field { parts, .. } = &document.operations[0].selections[0].what else { panic!("no field") };
        of(value, parts, &document.fragments)
    }

    #[test]
    fn the_answer_or_the_one_fragment_that_fits_says_the_type() {
        let union = "mutation { set(a: {on: X}) { ... on Order { id total: sum(of: {n: 1}) @skip(if: $n) l { id } } \
                     ... on Refusal { message } __typename } }";
        assert_eq!(told(union, r#"{"id":1,"total":2,"l":[]}"#).as_deref(), Some("Order"));
        assert_eq!(told(union, r#"{"message":"no"}"#).as_deref(), Some("Refusal"));
        assert_eq!(told(union, r#"{"id":1}"#), None, "no fragment fits");
        assert_eq!(told(union, r#"{"__typename":"Cart","id":1,"total":2,"l":[]}"#).as_deref(), Some("Cart"));
        for none in [r#"{"__typename":7}"#, r#"{"__typename":"a b"}"#, "[]", "7", "null"] {
            assert_eq!(told(union, none), None, "{none}");
        }
    }

    #[test]
    fn named_fragments_say_it_too() {
        let named = "mutation { pay { ...Paid ...No } } fragment Paid on Order { id ...More } fragment No on Refusal { message }\
                     fragment More on Order { code }";
        assert_eq!(told(named, r#"{"id":1,"code":"x"}"#).as_deref(), Some("Order"));
        assert_eq!(told(named, r#"{"message":"x"}"#).as_deref(), Some("Refusal"));
        assert_eq!(told("{ a { ...Unknown } }", r#"{"id":1}"#), None);
    }

    #[test]
    fn what_fits_two_types_is_of_none() {
        let both = "{ node { ... on Order { id } ... on Refund { id } } }";
        assert_eq!(told(both, r#"{"id":1}"#), None);
        assert_eq!(
            told("{ node { ... on Order { id } ... on Order { id code } } }", r#"{"id":1,"code":2}"#).as_deref(),
            Some("Order")
        );
    }

    #[test]
    fn fragments_further_down_say_nothing_of_the_field() {
        let below = "{ order { id lines { ... on Line { id } } ... { a } ... @include(if: $b) { b } } }";
        assert_eq!(told(below, r#"{"id":1,"lines":[]}"#), None);
    }
}
