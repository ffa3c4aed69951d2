//! Which members a client wrote, and which the answer told: names alone, of JSON bodies. No value leaves here but
//! [words](super::said) that say which state is set and what an event is of.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::extract::is_safe;
use super::reading::Reading;
use super::said::{self, Said, Single, Sort};
use crate::event::{Echo, Members, SentMember};

/// Largest body that is looked through.
const LARGEST: usize = 1 << 18;
/// Names in one path.
const DEEPEST: usize = 3;
/// Longest name of a member, and most digits in it: what is longer or numbered is a value that stands for a name.
const LONGEST: usize = 40;
const DIGITS: usize = 3;
/// Most members of a request, and of an answer; of bodies with more nothing is said.
const MOST_SENT: usize = 32;
const MOST_TOLD: usize = 64;
/// Elements of a list that are looked at.
const ELEMENTS: usize = 8;
/// Longest value that is compared.
const COMPARED: usize = 256;
/// The members of an exchange; nothing for calls inside bodies, which have an envelope of their own.
pub(super) fn of(reading: &Reading<'_>) -> Option<(Members, Vec<Said>)> {
    let exchange = reading.exchange;
    let request = exchange.request.as_ref().filter(|_| reading.call.is_none() && !reading.beside_calls)?;
    let mut sent = BTreeMap::new();
    let writes = !is_safe(&request.method);
    let shown = writes.then(|| json(request.body.bytes())).flatten().is_some_and(|bytes| {
        walk(bytes, &mut |path, value| {
            sent.entry(path.to_owned()).or_insert_with(|| value.map(|(text, sort)| (text.to_owned(), sort)));
            sent.len() <= MOST_SENT
        })
    });
    let mut echoes: BTreeMap<&str, Echo> = BTreeMap::new();
    let mut told = BTreeSet::new();
    let by_name: BTreeMap<&str, &Option<(String, Sort)>> =
        sent.iter().map(|(path, value)| (last(path), value)).collect();
    let answer = exchange.response.as_ref().and_then(|response| json(response.body.bytes()));
    let answered = answer.is_some_and(|bytes| {
        walk(bytes, &mut |path, value| {
            if let (Some((name, Some((wrote, _)))), Some((value, _))) = (by_name.get_key_value(last(path)), value) {
                let echo = if value == wrote { Echo::Same } else { Echo::Other };
                // One that is as it was written is enough: others of the name are of something else.
                echoes.entry(name).and_modify(|known| *known = echo.min(*known)).or_insert(echo);
            }
            if !told.contains(path) {
                told.insert(path.to_owned());
            }
            told.len() <= MOST_TOLD
        })
    });
    let of_sent = |path: &String| SentMember {
        path: path.as_str().into(),
        echo: echoes.get(last(path)).copied().unwrap_or_default(),
    };
    let said = if shown { said::of_members(&sent) } else { said::of_form(request) };
    let sent = shown.then(|| sent.keys().map(of_sent).collect());
    let told = answered.then(|| told.into_iter().map(Into::into).collect());
    (shown || answered || !said.is_empty()).then_some((Members { sent, told }, said))
}

fn last(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or(path)
}

fn json(body: Option<&[u8]>) -> Option<&[u8]> {
    body.map(<[u8]>::trim_ascii).filter(|bytes| bytes.len() <= LARGEST && matches!(bytes.first(), Some(b'{' | b'[')))
}

/// Hands over each member with its value where that is a single, short one; whether the whole was read. `each` says whether
/// to go on.
fn walk(bytes: &[u8], each: &mut dyn FnMut(&str, Option<Single<'_>>) -> bool) -> bool {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let mut path = String::new();
    let read = Walk { path: &mut path, depth: 0, listed: false, each }.deserialize(&mut reader);
    read.is_ok() && reader.end().is_ok()
}

/// Whether a name is one that somebody gave a member, and not a value.
fn is_name(name: &str) -> bool {
    let digits = name.bytes().filter(u8::is_ascii_digit).count();
    let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
    (1..=LONGEST).contains(&name.len()) && plain && digits <= DIGITS && !name.starts_with(|c: char| c.is_ascii_digit())
}

/// Reads any value; how deep lists may be is the parser's limit.
struct Walk<'w> {
    path: &'w mut String,
    depth: usize,
    /// It is in a list.
    listed: bool,
    each: &'w mut dyn FnMut(&str, Option<Single<'_>>) -> bool,
}

impl Walk<'_> {
    /// Hands over the value of a member; an element of a list at the top has no name.
    fn single<E: serde::de::Error>(self, text: &str, sort: Sort) -> Result<(), E> {
        let sort = if self.listed { Sort::Other } else { sort };
        let value = Some((text, sort)).filter(|_| text.len() <= COMPARED);
        if self.path.is_empty() || (self.each)(self.path, value) { Ok(()) } else { Err(E::custom("too many members")) }
    }
}

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<(), E> {
        self.single(if value { "true" } else { "false" }, Sort::Other)
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<(), E> {
        self.single(&value.to_string(), Sort::Number)
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<(), E> {
        self.single(&value.to_string(), Sort::Number)
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<(), E> {
        self.single(&value.to_string(), Sort::Number)
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<(), E> {
        self.single(value, Sort::Text)
    }

    /// What is null is as good as not there.
    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let Walk { path, depth, each, .. } = self;
        for _ in 0..ELEMENTS {
            if items.next_element_seed(Walk { path: &mut *path, depth, listed: true, each: &mut *each })?.is_none() {
                return Ok(());
            }
        }
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        let Walk { path, depth, listed, each } = self;
        while let Some(name) = entries.next_key::<Cow<'de, str>>()? {
            if depth >= DEEPEST || !is_name(&name) {
                entries.next_value::<IgnoredAny>()?;
                continue;
            }
            let length = path.len();
            if length > 0 {
                path.push('.');
            }
            path.push_str(&name);
            entries.next_value_seed(Walk { path: &mut *path, depth: depth + 1, listed, each: &mut *each })?;
            path.truncate(length);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn members(text: &str) -> Option<Vec<(String, Option<String>)>> {
        let mut found = Vec::new();
        let whole = walk(text.as_bytes(), &mut |path, value| {
            found.push((path.to_owned(), value.map(|(text, _)| text.to_owned())));
            found.len() <= MOST_TOLD
        });
        whole.then_some(found)
    }

    fn paths(text: &str) -> Vec<String> {
        members(text).unwrap().into_iter().map(|(path, _)| path).collect()
    }

    #[test]
    fn members_are_named_by_their_paths_through_lists() {
        assert_eq!(
            paths(r#"{"user":{"role":"a","tags":["x","y"]},"n":1}"#),
            ["user.role", "user.tags", "user.tags", "n"]
        );
        assert_eq!(paths(r#"[{"id":1},{"id":2}]"#), ["id", "id"]);
        assert_eq!(paths(r#"{"a":{"b":{"c":{"d":1}}},"gone":null}"#), Vec::<String>::new(), "too deep, and not there");
        assert_eq!(members(r#"{"ok":true}"#).unwrap(), [("ok".to_owned(), Some("true".to_owned()))]);
    }

    #[test]
    fn values_that_stand_for_names_are_left_out() {
        for text in
            [r#"{"ann@shop.example":1}"#, r#"{"491511234567":1}"#, r#"{"u48211":1}"#, r#"{"Ann Smith":1}"#, r#"{"":1}"#]
        {
            assert_eq!(paths(text), Vec::<String>::new(), "{text}");
        }
    }

    #[test]
    fn what_is_damaged_or_endless_says_nothing() {
        let many: Vec<String> = (0..100).map(|n| format!(r#""m{}{}":1"#, char::from(b'a' + n % 26), n / 26)).collect();
        assert_eq!(members(&format!("{{{}}}", many.join(","))), None);
        assert_eq!(members(&"[".repeat(100_000)), None);
        assert_eq!(members(r#"{"a":1"#), None);
        assert_eq!(members(r#"{"a":1} x"#), None);
    }
}
