//! Values that hold others: JSON and GraphQL in a query string, of which each part is masked by its own name.

use std::borrow::Cow;

use super::Masker;
use crate::correlate::credential;

/// What begins and ends a string of several lines in GraphQL.
const BLOCK: &str = "\"\"\"";

/// A token of either language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token<'a> {
    /// A string, its quotes included.
    Text(&'a str),
    /// A name, keyword or number.
    Word(&'a str),
    /// A comment, to the end of its line.
    Comment,
    /// Any other character, space included.
    Mark(char),
}

/// What the next value belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Key {
    /// Nothing that is secret by its name.
    Plain,
    /// A secret.
    Secret,
    /// The type of a variable whose default is a secret.
    Declared,
}

/// Whether a value holds others, as far as its looks tell.
pub(super) fn is_structured(value: &str) -> bool {
    value.contains('{') || value.trim_start().starts_with('[')
}

/// The value with what is secret in it masked, by the names of members, arguments and variables and by its looks. `None`
/// where it ends within a string or a list, so that nobody can tell what belongs to what.
pub(super) fn masked<'a>(masker: &Masker, value: &'a str) -> Option<Cow<'a, str>> {
    let mut writer = Writer { masker, out: String::with_capacity(value.len()), changed: false };
    // The last name, whether a `$` stands before it, and what the value that comes next belongs to.
    let (mut last, mut declared, mut key) = ("", false, Key::Plain);
    // Open brackets, and how many were, and what followed, where a secret list or object began.
    let (mut open, mut hidden): (usize, Option<(usize, &str)>) = (0, None);
    let (mut rest, mut before) = (value, Token::Mark(' '));
    while let Some((token, after)) = next(rest) {
        let here = std::mem::replace(&mut rest, after);
        match token {
            Token::Mark('{' | '[') => {
                open += 1;
                if key == Key::Secret && hidden.is_none() {
                    (hidden, key) = (Some((open, here)), Key::Plain);
                }
            }
            Token::Mark('}' | ']') => {
                let closed = hidden.take_if(|(at, _)| *at == open);
                open = open.checked_sub(1)?;
                if let Some((_, from)) = closed {
                    writer.secret(from.get(..from.len() - rest.len())?);
                    continue;
                }
            }
            _ => {}
        }
        if hidden.is_some() {
            continue;
        }
        match token {
            Token::Mark(':') => {
                key = match (credential::is_secret_field(&plain(last)), declared) {
                    (false, _) => Key::Plain,
                    (true, true) => Key::Declared,
                    (true, false) => Key::Secret,
                };
            }
            Token::Mark('=') if key == Key::Declared => key = Key::Secret,
            // What a variable gives stands among the variables. A comma is space in GraphQL.
            Token::Mark('$' | '(' | ')' | '{' | '}') => key = Key::Plain,
            Token::Text(text) | Token::Word(text) if key == Key::Secret => {
                writer.secret(text);
                key = Key::Plain;
                continue;
            }
            Token::Text(text) | Token::Word(text) => {
                (last, declared) = (text, before == Token::Mark('$'));
                before = token;
                writer.text(text);
                continue;
            }
            Token::Comment => {
                writer.changed = true;
                continue;
            }
            Token::Mark(_) => {}
        }
        if let Token::Mark(mark) = token {
            writer.out.push(mark);
            // Space and commas stand anywhere.
            before = if mark.is_whitespace() || mark == ',' { before } else { token };
        }
    }
    let Writer { out, changed, .. } = writer;
    (open == 0 && rest.is_empty()).then_some(if changed { Cow::Owned(out) } else { Cow::Borrowed(value) })
}

/// The value as it is shown.
struct Writer<'m> {
    masker: &'m Masker,
    out: String,
    changed: bool,
}

impl Writer<'_> {
    fn secret(&mut self, text: &str) {
        self.out.push_str(&self.masker.mask("secret", text));
        self.changed = true;
    }

    fn text(&mut self, text: &str) {
        match self.masker.text(&plain(text)) {
            Cow::Borrowed(_) => self.out.push_str(text),
            Cow::Owned(masked) => {
                self.out.push_str(&masked);
                self.changed = true;
            }
        }
    }
}

/// What a string says, which JSON may write with escapes.
fn plain(token: &str) -> Cow<'_, str> {
    if !token.starts_with('"') {
        return Cow::Borrowed(token);
    }
    serde_json::from_str(token).map_or(Cow::Borrowed(token), Cow::Owned)
}

/// The first token of a text, and what follows it; `None` at the end, and where a string does not end.
fn next(text: &str) -> Option<(Token<'_>, &str)> {
    let first = text.chars().next()?;
    if first == '#' {
        let end = text.find(['\n', '\r']).unwrap_or(text.len());
        return Some((Token::Comment, text.get(end..)?));
    }
    if text.starts_with(BLOCK) {
        let mut ends = text.match_indices(BLOCK).skip(1).map(|(at, _)| at);
        let end = ends.find(|at| text.get(..*at).is_some_and(|inside| !inside.ends_with('\\')))? + BLOCK.len();
        return Some((Token::Text(text.get(..end)?), text.get(end..)?));
    }
    if first == '"' {
        let mut escaped = true;
        let end = text.bytes().position(|b| {
            let ends = !escaped && b == b'"';
            // The quote that opens it counts as escaped.
            escaped = !escaped && b == b'\\';
            ends
        })? + 1;
        return Some((Token::Text(text.get(..end)?), text.get(end..)?));
    }
    let word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '+' | '@');
    let end = text.find(|c| !word(c)).unwrap_or(text.len());
    if end > 0 {
        return Some((Token::Word(text.get(..end)?), text.get(end..)?));
    }
    Some((Token::Mark(first), text.get(first.len_utf8()..)?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::correlate::{HashKey, Redaction};

    fn shown(value: &str) -> Option<String> {
        let masker = Masker::new(HashKey::new(b"a key of sixteen"), Redaction::Keep);
        masked(&masker, value).map(Cow::into_owned)
    }

    #[test]
    fn secrets_are_known_by_their_names_in_both_languages() {
        for value in [
            r#"{"password":"hunter2"}"#,
            r#"{"a":1,"pass\u0077ord" : "hunter2", "b":[]}"#,
            r#"[{"x":{"token":["hunter2",{"y":"hunter2"}]},"z":1}]"#,
            r#"{"password":{"is":"hunter2"}}"#,
            r#"{ login(password:"hunter2", id: 1) { id } }"#,
            r#"{ login(password : """hunter2""") { id } }"#,
            r#"{ login(pin: hunter2) { id } }"#,
            r#"{ login(pin:,, "hunter2", id: 1) { id } }"#,
            r#"query Q($password: String = "hunter2", $a: Int) { a }"#,
            r#"query Q($ password : String = "hunter2") { a }"#,
            r#"query Q($password: [String!]! = ["hunter2"]) { a }"#,
            "{ login(password: # \"\n \"hunter2\" # \"\n) { id } }",
            r#"{ login(password: """a \""" hunter2""", id: 1) { id } }"#,
            r#"{ login(input: {name: "x", password: "hunter2"}) { id } }"#,
        ] {
            let masked = shown(value).unwrap();
            assert!(!masked.contains("hunter2") && masked.contains("[secret#"), "{value} -> {masked}");
        }
    }

    #[test]
    fn equal_secrets_have_equal_masks() {
        let mask = |value: &str| shown(value).unwrap().split_once("[secret#").unwrap().1[..12].to_owned();
        assert_eq!(mask(r#"{"pin":[1,2],"a":1}"#), mask(r#"{"b":2,"pin":[1,2]}"#));
        assert_ne!(mask(r#"{"pin":[1,2]}"#), mask(r#"{"pin":[1,3]}"#));
    }

    #[test]
    fn what_is_no_secret_stays() {
        for value in [
            r#"{"a":1,"name":"x","list":[true,null]}"#,
            r#"{ order(id: "o1", auth: $p) { id total } }"#,
            "query Op($password: String!, $id: ID!) { login(password: $password, id: $id) { id } }",
            "{ password }",
        ] {
            assert_eq!(shown(value).as_deref(), Some(value));
        }
        for value in [r#"{"password":"hunter"#, r#"{"password":["hunter2""#, "{a}}", r#"{ a(b: """c"#] {
            assert_eq!(shown(value), None, "{value}");
        }
    }

    proptest! {
        /// Whatever stands around it, a secret member's value is not shown.
        #[test]
        fn a_secret_member_is_never_shown(
            before in "[a-z0-9,:$=({\\[\\])} \"]{0,12}", name in "password|token|pin", after in "[a-z,:$=(){}\\[\\] ]{0,12}",
        ) {
            if let Some(masked) = shown(&format!("{before}{{\"{name}\":\"hunter2\"{after}")) {
                let quoted = before.matches('"').count() % 2 == 1;
                prop_assert!(quoted || !masked.contains("hunter2"), "{}", masked);
            }
        }
    }
}
