//! Values that hold others: JSON and GraphQL in a query string, of which each part is masked by its own name.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::{Masker, Treatment};
use crate::correlate::credential;

/// What begins and ends a string of several lines in GraphQL.
const BLOCK: &str = "\"\"\"";
/// How deep JSON in strings of JSON is read.
const DEEPEST: usize = 3;
/// Most variables that secrets are known by.
const MOST_VARIABLES: usize = 256;

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

/// The variables that a GraphQL document gives to arguments which are secret, or hidden by a rule, by their names:
/// `login(password: $p)`.
pub(super) fn secret_variables(masker: &Masker, document: &str) -> BTreeSet<String> {
    let is_hidden = |name: &str| credential::is_secret_field(name) || masker.rules.key(name).is_some();
    let mut found = BTreeSet::new();
    // The last name; whether it was the one of a secret before a colon; whether a `$` follows that.
    let (mut last, mut secret, mut named, mut rest) = ("", false, false, document);
    while let Some((token, after)) = next(rest) {
        rest = after;
        match token {
            Token::Mark(':') => (secret, named) = (is_hidden(&plain(last)), false),
            Token::Mark('$') => named = secret,
            Token::Word(word) if named && found.len() < MOST_VARIABLES => {
                found.insert(word.to_owned());
                (secret, named) = (false, false);
            }
            Token::Text(text) | Token::Word(text) => (last, secret, named) = (text, false, false),
            Token::Mark(mark) if mark.is_whitespace() || mark == ',' => {}
            Token::Mark(_) => (secret, named) = (false, false),
            Token::Comment => {}
        }
    }
    found
}

/// The value with what is secret in it masked, by the names of members, arguments and variables (`secrets` are those that
/// a document beside it tells) and by its looks. `None` where it ends within a string or a list, or a secret goes on where
/// it should end, so that nobody can tell what belongs to what.
pub(super) fn masked<'a>(masker: &Masker, value: &'a str, secrets: &BTreeSet<String>) -> Option<Cow<'a, str>> {
    masked_within(masker, value, secrets, DEEPEST)
}

fn masked_within<'a>(
    masker: &Masker,
    value: &'a str,
    secrets: &BTreeSet<String>,
    depth: usize,
) -> Option<Cow<'a, str>> {
    let mut writer = Writer { masker, secrets, depth, out: String::with_capacity(value.len()), changed: false };
    // The last name, whether a `$` stands before it, and what the value that comes next belongs to.
    let (mut last, mut declared, mut key) = ("", false, Key::Plain);
    // The rule that hides it, unless it is a secret by itself.
    let mut rule = None;
    // Open brackets, and how many were, and what followed, where a secret list or object began.
    let (mut open, mut hidden): (usize, Option<(usize, &str)>) = (0, None);
    let (mut rest, mut before) = (value, Token::Mark(' '));
    // A secret was written, and nothing that ends it has come yet.
    let mut ending = false;
    while let Some((token, after)) = next(rest) {
        let here = std::mem::replace(&mut rest, after);
        if std::mem::take(&mut ending) {
            match token {
                Token::Mark(mark) if mark.is_whitespace() => ending = true,
                Token::Mark(',' | '}' | ']' | ')') | Token::Comment => {}
                _ => return None,
            }
        }
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
                    writer.hidden(rule, from.get(..from.len() - rest.len())?);
                    ending = true;
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
                let name = plain(last);
                let secret = credential::is_secret_field(&name) || secrets.contains(&*name);
                rule = if secret { None } else { masker.rules.key(&name).map(|(_, treatment)| treatment) };
                key = match (secret || rule.is_some(), declared) {
                    (false, _) => Key::Plain,
                    (true, true) => Key::Declared,
                    (true, false) => Key::Secret,
                };
            }
            Token::Mark('=') if key == Key::Declared => key = Key::Secret,
            // What a variable gives stands among the variables. A comma is space in GraphQL.
            Token::Mark('$' | '(' | ')' | '{' | '}') => key = Key::Plain,
            Token::Text(text) | Token::Word(text) if key == Key::Secret => {
                writer.hidden(rule, &plain(text));
                (key, ending) = (Key::Plain, true);
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
    secrets: &'m BTreeSet<String>,
    depth: usize,
    out: String,
    changed: bool,
}

impl Writer<'_> {
    fn hidden(&mut self, rule: Option<Treatment>, text: &str) {
        let shown = match rule {
            Some(treatment) => self.masker.stands_for(treatment, text),
            None => self.masker.mask("secret", text),
        };
        self.out.push_str(&shown);
        self.changed = true;
    }

    fn text(&mut self, text: &str) {
        let said = plain(text);
        if text.starts_with('"') && said.trim_start().starts_with(['{', '[']) {
            return self.inner(text, &said);
        }
        match self.masker.text(&said) {
            Cow::Borrowed(_) => self.out.push_str(text),
            Cow::Owned(masked) => {
                self.out.push_str(&masked);
                self.changed = true;
            }
        }
    }
}

impl Writer<'_> {
    /// A string that holds others again; where that cannot be read, nothing of it is shown.
    fn inner(&mut self, text: &str, said: &str) {
        let depth = self.depth.checked_sub(1);
        match depth.and_then(|depth| masked_within(self.masker, said, self.secrets, depth)) {
            Some(Cow::Borrowed(_)) => self.out.push_str(text),
            Some(Cow::Owned(masked)) => {
                self.out.push_str(&serde_json::Value::String(masked).to_string());
                self.changed = true;
            }
            None => self.hidden(None, said),
        }
    }
}

/// What a string says, which JSON may write with escapes.
fn plain(token: &str) -> Cow<'_, str> {
    if let Some(block) = token.strip_prefix(BLOCK).and_then(|rest| rest.strip_suffix(BLOCK)) {
        return Cow::Borrowed(block);
    }
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
        masked(&masker, value, &secret_variables(&masker, value)).map(Cow::into_owned)
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
            r#"mutation($p: String = "hunter2") { login(password: $p) { id } }"#,
            r#"{"input":"{\"password\":\"hunter2\",\"a\":[1]}"}"#,
        ] {
            let masked = shown(value).unwrap();
            assert!(!masked.contains("hunter2") && masked.contains("[secret#"), "{value} -> {masked}");
        }
    }

    #[test]
    fn a_secret_that_goes_on_hides_everything() {
        for value in [
            "{password:hunter!2secret}",
            "{'password':'hunter two'}",
            "{token:abc/hunter4}",
            r#"{"password":"a" "b"}"#,
            r#"{"password":-"hunter2"}"#,
        ] {
            assert_eq!(shown(value), None, "{value}");
        }
    }

    #[test]
    fn variables_are_secret_where_a_document_gives_them_to_a_secret() {
        let masker = Masker::new(HashKey::new(b"a key of sixteen"), Redaction::Keep);
        let secrets = secret_variables(
            &masker,
            "mutation($p: String!, $q: ID) { login(password: $p, id: $q, pin: [$r]) { id } }",
        );
        assert_eq!(secrets.iter().map(String::as_str).collect::<Vec<_>>(), ["p"]);
        let shown = masked(&masker, r#"{"p":"hunter2","q":"7"}"#, &secrets).unwrap();
        assert!(!shown.contains("hunter2") && shown.contains(r#""q":"7""#), "{shown}");
    }

    #[test]
    fn equal_secrets_have_equal_masks() {
        let in_json = shown(r#"{"pin":"hunter7"}"#).unwrap();
        let alone = Masker::new(HashKey::new(b"a key of sixteen"), Redaction::Keep).mask("secret", "hunter7");
        assert!(in_json.contains(&alone), "{in_json} {alone}");
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
