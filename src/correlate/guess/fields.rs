//! Fields of JSON bodies whose names say that they are ids or states.

use std::fmt;

use offpath_capture::{Body, Headers};
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};

use crate::correlate::body::is_json;
use crate::correlate::template::singular;
use crate::event::Value;

/// Most ids taken from one body.
const MOST_IDS: usize = 16;

/// Most ids taken from the lists of one body.
const MOST_LISTED: usize = 64;

/// Fields whose values stand for ids.
const NAMES: [&str; 7] = ["slug", "handle", "sku", "code", "number", "reference", "ref"];

/// Names ending in `Id` that name no business object.
const NO_OBJECTS: [&str; 16] = [
    "request",
    "trace",
    "span",
    "session",
    "correlation",
    "client",
    "csrf",
    "device",
    "x_request",
    "parent_span",
    "idempotency",
    "nonce",
    "connection",
    "visitor",
    "anonymous",
    "tracking",
];

/// What a JSON body tells of objects.
#[derive(Default)]
pub(super) struct Read {
    /// `id` (no owner), `orderId`, `order_id`, and `order.id`.
    pub(super) ids: Vec<Leaf>,
    /// `status` or `state` (no owner), and `order.status`.
    pub(super) states: Vec<Leaf>,
    /// Ids of things in lists, and names that stand for ids (`slug`): they name values, not what the body is about.
    pub(super) listed: Vec<Value>,
}

/// A scalar of a body.
pub(super) struct Leaf {
    /// Object that it belongs to; `None` for that of the whole body.
    pub(super) owner: Option<String>,
    /// Dotted path from the top.
    pub(super) path: String,
    pub(super) value: Value,
}

/// What a JSON text that is known in full tells.
pub(super) fn read_text(json: &str) -> Read {
    let mut found = Read::default();
    let mut reader = serde_json::Deserializer::from_str(json);
    let _ = Fields { owner: None, leaf: None, path: String::new(), depth: 0, listed: false, out: &mut found }
        .deserialize(&mut reader);
    found
}

pub(super) fn read(body: &Body, headers: &Headers) -> Read {
    let mut found = Read::default();
    if let Some(bytes) =
        body.bytes().map(|b| b.trim_ascii()).filter(|b| matches!(b.first(), Some(b'{' | b'[')) && is_json(b, headers))
    {
        let mut reader = serde_json::Deserializer::from_slice(bytes);
        // What was found before a broken place still counts.
        let _ = Fields { owner: None, leaf: None, path: String::new(), depth: 0, listed: false, out: &mut found }
            .deserialize(&mut reader);
    }
    found
}

/// Collects ids and states from an object and the objects directly in it.
struct Fields<'o> {
    /// Name of the object that `id` belongs to.
    owner: Option<String>,
    /// What this value itself is, by its key.
    leaf: Option<Meaning>,
    /// Dotted path to this value.
    path: String,
    depth: u8,
    /// It is in a list.
    listed: bool,
    out: &'o mut Read,
}

/// What a key says of its value.
enum Meaning {
    /// An id of the named object.
    Id(Option<String>),
    /// A name that stands for an id.
    Name,
    /// The state of the object around it.
    State(Option<String>),
}

impl Fields<'_> {
    fn take(self, value: Value) {
        let aside =
            matches!(self.leaf, Some(Meaning::Name)) || self.listed && matches!(self.leaf, Some(Meaning::Id(_)));
        if aside && self.out.listed.len() < MOST_LISTED {
            self.out.listed.push(value);
            return;
        }
        if self.listed {
            return;
        }
        let (list, owner) = match self.leaf {
            Some(Meaning::Id(owner)) => (&mut self.out.ids, owner),
            Some(Meaning::State(owner)) if is_state(&value) => (&mut self.out.states, owner),
            _ => return,
        };
        if list.len() < MOST_IDS {
            list.push(Leaf { owner, path: self.path, value });
        }
    }
}

/// Whether a value can name a state: a word, not a sentence or a number.
fn is_state(value: &Value) -> bool {
    let Value::Text(text) = value else { return false };
    text.len() <= 40
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "_-. ".contains(c))
}

/// The owner that a key names: `None` when the key is no id.
fn owner_of(key: &str, around: Option<&str>) -> Option<Option<String>> {
    if key == "id" || key == "_id" || key == "uuid" {
        return Some(around.map(str::to_owned));
    }
    let stem = ["_id", "Id", "ID", "-id"].iter().find_map(|end| key.strip_suffix(end)).filter(|s| !s.is_empty())?;
    let mut snake = String::with_capacity(stem.len() + 2);
    for c in stem.chars().take(64) {
        if c.is_ascii_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.push(c.to_ascii_lowercase());
    }
    (!NO_OBJECTS.contains(&snake.as_str())).then_some(Some(snake))
}

impl<'de> DeserializeSeed<'de> for Fields<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Fields<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, value: i64) -> Result<(), E> {
        self.take(Value::Number(value.into()));
        Ok(())
    }

    fn visit_u64<E>(self, value: u64) -> Result<(), E> {
        self.take(Value::Number(value.into()));
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, value: &str) -> Result<(), E> {
        if value.len() <= 128 {
            self.take(Value::Text(value.into()));
        }
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let (depth, mut read) = (self.depth + 1, 0);
        // Beyond the bounds the rest is only skipped.
        while self.depth < 2 && read < MOST_LISTED && self.out.listed.len() < MOST_LISTED {
            let (owner, path) = (self.owner.clone(), String::new());
            let item = Fields { owner, leaf: None, path, depth, listed: true, out: &mut *self.out };
            if items.next_element_seed(item)?.is_none() {
                return Ok(());
            }
            read += 1;
        }
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<std::borrow::Cow<'de, str>>()? {
            if self.depth > 2 || self.depth == 2 && !self.listed || self.out.ids.len() >= MOST_IDS {
                map.next_value::<IgnoredAny>()?;
                continue;
            }
            let wrapper = matches!(&*key, "data" | "result" | "attributes" | "payload" | "input");
            let owner = if wrapper { self.owner.clone() } else { Some(singular(&key)) };
            let id = owner_of(&key, self.owner.as_deref()).map(Meaning::Id);
            let id = id.or_else(|| NAMES.contains(&&*key).then_some(Meaning::Name));
            let state = matches!(&*key, "status" | "state").then(|| Meaning::State(self.owner.clone()));
            let path = if self.path.is_empty() { key.into_owned() } else { format!("{}.{key}", self.path) };
            let (leaf, depth, listed) = (id.or(state), self.depth + 1, self.listed);
            map.next_value_seed(Fields { owner, leaf, path, depth, listed, out: &mut *self.out })?;
        }
        Ok(())
    }
}
