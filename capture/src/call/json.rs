//! JSON of which only some members are wanted: the rest is skipped where it stands, however deep it is.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// Most values of one text.
const MOST_VALUES: usize = 1_024;

/// Members of an object by the names asked for, and whether the object was read to its end.
pub(super) struct Picked<'a, const N: usize> {
    pub(super) values: [Option<&'a RawValue>; N],
    /// What is not among the values is absent, not unknown.
    pub(super) whole: bool,
}

/// The members with these names, the last of each; what stands before a broken place counts. `None`: no object.
pub(super) fn pick<'a, const N: usize>(json: &'a str, names: [&str; N]) -> Option<Picked<'a, N>> {
    let mut values = [None; N];
    let mut add = |name: &str, value: &'a RawValue| {
        for (wanted, slot) in names.iter().zip(&mut values) {
            if *wanted == name {
                *slot = Some(value);
            }
        }
        true
    };
    let wanted = |name: &str| names.contains(&name);
    let whole = each_member(json, &wanted, &mut add)?;
    Some(Picked { values, whole })
}

/// All members of an object, at most so many, in their order, and whether these are all. `None`: no object.
pub(super) fn members(json: &str, most: usize) -> Option<(Vec<(String, &RawValue)>, bool)> {
    let mut all = Vec::new();
    let mut cut = false;
    let mut add = |name: &str, value| {
        cut = all.len() >= most;
        if !cut {
            all.push((name.to_owned(), value));
        }
        !cut
    };
    let whole = each_member(json, &|_| true, &mut add)?;
    Some((all, whole && !cut))
}

/// The elements of a list, at most so many, and whether these are all. `None`: no list.
pub(super) fn elements(json: &str, most: usize) -> Option<(Vec<&RawValue>, bool)> {
    json.trim_start().starts_with('[').then_some(())?;
    let mut all = Vec::new();
    let mut reader = serde_json::Deserializer::from_str(json);
    let read = reader.deserialize_seq(Elements { all: &mut all, most });
    let whole = matches!(read, Ok(true)) && reader.end().is_ok();
    Some((all, whole))
}

/// The values of a text that holds them one after the other, up to the first broken place.
pub(super) fn values(text: &str) -> Vec<&RawValue> {
    let values = serde_json::Deserializer::from_str(text).into_iter::<&RawValue>();
    values.take(MOST_VALUES).map_while(Result::ok).collect()
}

/// The text of a JSON string.
pub(super) fn text(value: &RawValue) -> Option<Cow<'_, str>> {
    let json = value.get();
    match json.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(plain) if !plain.contains('\\') => Some(Cow::Borrowed(plain)),
        Some(_) => serde_json::from_str(json).ok().map(Cow::Owned),
        None => None,
    }
}

/// A scalar as text: a string's text, a number or truth value as written.
pub(super) fn scalar(value: &RawValue) -> Option<Cow<'_, str>> {
    text(value).or_else(|| {
        let json = value.get();
        (!json.starts_with(['{', '[', '"']) && json != "null").then_some(Cow::Borrowed(json))
    })
}

/// A member of an object as text.
pub(super) fn text_of<'a>(object: &'a RawValue, name: &str) -> Option<Cow<'a, str>> {
    pick(object.get(), [name])?.values.first().copied().flatten().and_then(text)
}

/// A member of an object.
pub(super) fn member<'a>(object: &'a RawValue, name: &str) -> Option<&'a RawValue> {
    pick(object.get(), [name])?.values.first().copied().flatten()
}

/// Whether a value is there and not `null`.
pub(super) fn present(value: Option<&RawValue>) -> Option<&RawValue> {
    value.filter(|value| value.get() != "null")
}

/// Appends a text as a JSON string.
pub(super) fn push_text(out: &mut String, text: &str) {
    // Writing to a String cannot fail.
    out.push_str(&serde_json::to_string(text).unwrap_or_default());
}

/// Calls `add` with each wanted member until it says no; whether the object was read to its end.
fn each_member<'a>(
    json: &'a str,
    wanted: &dyn Fn(&str) -> bool,
    add: &mut dyn FnMut(&str, &'a RawValue) -> bool,
) -> Option<bool> {
    json.trim_start().starts_with('{').then_some(())?;
    let mut reader = serde_json::Deserializer::from_str(json);
    let read = reader.deserialize_map(Members { wanted, add });
    Some(matches!(read, Ok(true)) && reader.end().is_ok())
}

struct Members<'f, 'a> {
    wanted: &'f dyn Fn(&str) -> bool,
    add: &'f mut dyn FnMut(&str, &'a RawValue) -> bool,
}

impl<'de> Visitor<'de> for Members<'_, 'de> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<bool, A::Error> {
        while let Some(name) = map.next_key_seed(Name { wanted: self.wanted })? {
            match name {
                None => drop(map.next_value::<IgnoredAny>()?),
                Some(name) => {
                    let value = map.next_value()?;
                    if !(self.add)(&name, value) {
                        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                        return Ok(false);
                    }
                }
            }
        }
        Ok(true)
    }
}

/// A member's name, kept only where it is wanted.
struct Name<'f> {
    wanted: &'f dyn Fn(&str) -> bool,
}

impl<'de> DeserializeSeed<'de> for Name<'_> {
    type Value = Option<String>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Name<'_> {
    type Value = Option<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok((self.wanted)(name).then(|| name.to_owned()))
    }
}

struct Elements<'f, 'a> {
    all: &'f mut Vec<&'a RawValue>,
    most: usize,
}

impl<'de> Visitor<'de> for Elements<'_, 'de> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<bool, A::Error> {
        while self.all.len() < self.most {
            match items.next_element()? {
                Some(item) => self.all.push(item),
                None => return Ok(true),
            }
        }
        let mut more = false;
        while items.next_element::<IgnoredAny>()?.is_some() {
            more = true;
        }
        Ok(!more)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_before_a_broken_place_count() {
        let picked = pick(r#"{"a":1,"b":{"c":[]},"a":2,"d":"#, ["a", "b", "x"]).unwrap();
        let [a, b, x] = picked.values.map(|v| v.map(RawValue::get));
        assert_eq!((a, b, x, picked.whole), (Some("2"), Some(r#"{"c":[]}"#), None, false));
        assert!(pick("{} x", ["a"]).is_some_and(|p| !p.whole) && pick("[]", ["a"]).is_none());
    }

    #[test]
    fn depth_costs_no_stack() {
        let deep = format!(r#"{{"a":{}1{},"b":2}}"#, "[".repeat(1_000_000), "]".repeat(1_000_000));
        let picked = pick(&deep, ["b", "a"]).unwrap();
        assert!(picked.whole && picked.values[0].unwrap().get() == "2" && picked.values[1].is_some());
        let list = format!("[{}]", &deep);
        assert_eq!(elements(&list, 4).map(|(all, whole)| (all.len(), whole)), Some((1, true)));
    }

    #[test]
    fn lists_are_bounded() {
        assert_eq!(elements("[1,2,3]", 2).map(|(all, whole)| (all.len(), whole)), Some((2, false)));
        assert_eq!(elements("[1,2]", 2).map(|(all, whole)| (all.len(), whole)), Some((2, true)));
        assert_eq!(elements("[1,2", 9).map(|(all, whole)| (all.len(), whole)), Some((2, false)));
        assert_eq!(members(r#"{"a":1,"b":2}"#, 1).map(|(all, whole)| (all.len(), whole)), Some((1, false)));
    }
}
