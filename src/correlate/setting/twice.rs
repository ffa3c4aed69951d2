//! One request that names one thing twice, by different values: what checks it may read one, and what acts on it the other.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::correlate::body::is_form;
use crate::correlate::extract::is_safe;
use crate::correlate::reading::Reading;
use crate::correlate::target::pairs;
use crate::event::{Mark, Marks};

/// Largest body that is looked through; who sends more sends data rather than a request.
const LARGEST: usize = 1 << 16;
/// Most parameters that are compared.
const MOST: usize = 64;
/// Names of parameters that say by themselves whose or which object is meant, in lower case.
const OWNERS: [&str; 9] =
    ["account", "beneficiary", "customer", "owner", "payee", "recipient", "tenant", "user", "username"];

/// Marks a request that names one thing twice.
pub(super) fn mark(reading: &Reading<'_>, marks: &mut Marks) {
    let request = reading.exchange.request.as_ref();
    let body = request.filter(|request| !is_safe(&request.method)).and_then(|request| request.body.bytes());
    let body = body.map(<[u8]>::trim_ascii).filter(|bytes| bytes.len() <= LARGEST);
    let json = body.filter(|bytes| matches!(bytes.first(), Some(b'{' | b'[')));
    let looked: Option<Looked> = json.and_then(|bytes| serde_json::from_slice(bytes).ok());
    let is_form = request.is_some_and(|request| is_form(&request.headers));
    let form = body.filter(|_| is_form).and_then(|bytes| std::str::from_utf8(bytes).ok());
    let query = reading.target.query.iter().map(|(name, value)| (name.to_string(), value.to_string()));
    let mut named: Vec<(String, String)> = query.take(MOST).collect();
    named.extend(form.into_iter().flat_map(pairs).take(MOST).map(|(name, value)| (name.into(), value.into())));
    named.extend(looked.iter().flat_map(|looked| looked.members.clone()).take(MOST));
    marks.add_if(looked.is_some_and(|looked| looked.twice), Mark::MemberTwice);
    marks.add_if(disagree(named), Mark::IdTwice);
}

/// Whether one name of an id has two values.
fn disagree(named: Vec<(String, String)>) -> bool {
    let mut values: BTreeMap<String, String> = BTreeMap::new();
    let ids = named.into_iter().filter(|(name, value)| is_of_id(name) && !value.is_empty());
    ids.into_iter().any(|(name, value)| values.insert(name, value.clone()).is_some_and(|before| before != value))
}

/// Whether a name says that its value tells one object: `order_id`, `accountId`, `user`. A list says `ids` or `id[]`.
fn is_of_id(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let ends = ["Id", "_id", "-id", ".id", "ID", "Uuid", "_uuid"];
    lower == "id" || OWNERS.contains(&lower.as_str()) || ends.iter().any(|end| name.ends_with(end))
}

/// A JSON value as far as it matters here.
struct Looked {
    /// Its text, where it is a single value.
    single: Option<String>,
    /// Members of an object that are single values, in order.
    members: Vec<(String, String)>,
    /// Somewhere in it an object has a member twice, with different single values.
    twice: bool,
}

impl Looked {
    fn single(text: impl ToString) -> Looked {
        Looked { single: Some(text.to_string()), members: Vec::new(), twice: false }
    }
}

impl<'de> Deserialize<'de> for Looked {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Looked, D::Error> {
        deserializer.deserialize_any(Looker)
    }
}

/// Reads any value; how deep it may be is the parser's limit.
struct Looker;

impl<'de> Visitor<'de> for Looker {
    type Value = Looked;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Looked, E> {
        Ok(Looked::single(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Looked, E> {
        Ok(Looked::single(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Looked, E> {
        Ok(Looked::single(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Looked, E> {
        Ok(Looked::single(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Looked, E> {
        Ok(Looked::single(value))
    }

    fn visit_unit<E>(self) -> Result<Looked, E> {
        Ok(Looked::single("null"))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Looked, A::Error> {
        let mut twice = false;
        while let Some(item) = items.next_element::<Looked>()? {
            twice |= item.twice;
        }
        Ok(Looked { single: None, members: Vec::new(), twice })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Looked, A::Error> {
        let mut known: BTreeMap<String, String> = BTreeMap::new();
        let (mut members, mut twice) = (Vec::new(), false);
        while let Some((name, value)) = entries.next_entry::<String, Looked>()? {
            twice |= value.twice;
            let Some(text) = value.single else { continue };
            twice |= known.get(&name).is_some_and(|before| *before != text);
            if known.insert(name.clone(), text.clone()).is_none() && members.len() < MOST {
                members.push((name, text));
            }
        }
        Ok(Looked { single: None, members, twice })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn twice(text: &str) -> bool {
        serde_json::from_str::<Looked>(text).unwrap().twice
    }

    #[test]
    fn a_member_that_is_there_twice_is_found_wherever_it_is() {
        assert!(twice(r#"{"to":"a","amount":1,"to":"b"}"#));
        assert!(twice(r#"[{"x":{"id":1,"id":2}}]"#));
        assert!(!twice(r#"{"to":"a","to":"a"}"#), "said twice, the same");
        assert!(!twice(r#"{"a":{"id":1},"b":{"id":2},"items":[{"id":3},{"id":4}]}"#), "of different objects");
        assert!(serde_json::from_str::<Looked>(&"[".repeat(100_000)).is_err());
    }

    #[test]
    fn ids_that_disagree_are_told_from_lists() {
        let pairs = |text: &str| pairs(text).map(|(name, value)| (name.into(), value.into())).collect();
        assert!(disagree(pairs("order_id=1&x=2&order_id=3")));
        assert!(disagree(pairs("user=a&user=b")));
        for text in ["id=1&id=1", "ids=1&ids=2", "id[]=1&id[]=2", "tag=a&tag=b", "orderId=1&userId=2", "id=&id=4"] {
            assert!(!disagree(pairs(text)), "{text}");
        }
    }
}
