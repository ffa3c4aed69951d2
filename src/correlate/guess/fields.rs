//! Fields of JSON bodies whose names say that they are ids or states.

use std::fmt;

use offpath_capture::{Body, Headers};
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};

use crate::correlate::body::is_json;
use crate::correlate::credential::is_secret_field;
use crate::correlate::template::{is_variable, singular};
use crate::event::{Value, names_one};

/// Most ids taken from one body.
const MOST_IDS: usize = 16;

/// Most ids taken from the lists of one body.
pub(super) const MOST_LISTED: usize = 64;

/// Most values taken from one body whose names do not say that they are ids.
const MOST_UNSAID: usize = 16;

/// Longest name of a kind of things.
const LONGEST_KIND: usize = 40;

/// Fields whose values stand for ids.
const NAMES: [&str; 7] = ["slug", "handle", "sku", "code", "number", "reference", "ref"];

/// Whether a field of this name holds names that stand for ids.
pub(in crate::correlate) fn names_things(name: &str) -> bool {
    NAMES.contains(&name)
}

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

/// Fields that name whose an object is, the plainest first; `ownerId`, `owner_id` and `owner: {id}` are `owner` too.
const OWNERS: [&str; 10] =
    ["owner", "user", "customer", "account", "creator", "created_by", "author", "owner_user", "member", "username"];

/// What a JSON body tells of objects.
#[derive(Default)]
pub(super) struct Read {
    /// `id` (no owner), `orderId`, `order_id`, and `order.id`.
    pub(super) ids: Vec<Leaf>,
    /// `status` or `state` (no owner), and `order.status`.
    pub(super) states: Vec<Leaf>,
    /// Ids of things in lists, and names that stand for ids (`slug`): they name values, not what the body is about.
    pub(super) listed: Vec<Value>,
    /// Ids in lists that say of what: `orderIds: [..]`, `orders: [{orderId}]`, `orders: [{id}]`, and `[{id}]` (no owner).
    pub(super) bulk: Vec<Leaf>,
    /// `ownerId` and the like (no owner), and `order.ownerId`, with the rank of their names.
    pub(super) owners: Vec<(usize, Leaf)>,
    /// Values that can hardly name two things, under names that do not say that they are ids.
    pub(super) unsaid: Vec<Leaf>,
    /// Of the whole body (`None`) or objects in it by name, that they are deleted: `deleted: true`, `deletedAt: ..`.
    pub(super) gone: Vec<Option<String>>,
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
    let _ = Fields::of_all(&mut found).deserialize(&mut serde_json::Deserializer::from_str(json));
    found
}

pub(super) fn read(body: &Body, headers: &Headers) -> Read {
    let mut found = Read::default();
    if let Some(bytes) =
        body.bytes().map(|b| b.trim_ascii()).filter(|b| matches!(b.first(), Some(b'{' | b'[')) && is_json(b, headers))
    {
        // What was found before a broken place still counts.
        let _ = Fields::of_all(&mut found).deserialize(&mut serde_json::Deserializer::from_slice(bytes));
    }
    found
}

/// Collects ids and states from an object and the objects directly in it.
struct Fields<'o> {
    /// Name of the object that `id` belongs to.
    owner: Option<String>,
    /// What this value itself is, by its key.
    leaf: Option<Meaning>,
    /// It says whose an object is: the rank of its name, and the object.
    owns: Option<(usize, Option<String>)>,
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
    /// A list of ids, or one of them.
    Ids(Option<String>),
    /// That the object around it is deleted, unless it says no.
    Gone(Option<String>),
}

impl<'o> Fields<'o> {
    fn of_all(out: &'o mut Read) -> Fields<'o> {
        Fields { owner: None, leaf: None, owns: None, path: String::new(), depth: 0, listed: false, out }
    }

    fn take(mut self, value: Value) {
        if let Some(Meaning::Gone(owner)) = self.leaf {
            let yes = !matches!(&value, Value::Text(text) if matches!(&**text, "" | "false" | "0"));
            if yes && value != Value::Number(0.into()) && !self.listed && self.out.gone.len() < MOST_IDS {
                self.out.gone.push(owner);
            }
            return;
        }
        self.note_unsaid(&value);
        if let Some((rank, owner)) = self.owns.filter(|_| !self.listed && self.out.owners.len() < MOST_IDS) {
            self.out.owners.push((rank, Leaf { owner, path: self.path.clone(), value: value.clone() }));
        }
        let aside =
            matches!(self.leaf, Some(Meaning::Name)) || self.listed && matches!(self.leaf, Some(Meaning::Id(_)));
        if aside && self.out.listed.len() < MOST_LISTED {
            if let Some(Meaning::Id(owner)) = &self.leaf
                && owner.as_deref() == in_list_of(&self.path).as_deref()
                && self.out.bulk.len() < MOST_LISTED
            {
                self.out.bulk.push(Leaf { owner: owner.clone(), path: self.path.clone(), value: value.clone() });
            }
            self.out.listed.push(value);
            return;
        }
        if self.listed {
            if let Some(Meaning::Ids(owner)) = self.leaf
                && self.out.bulk.len() < MOST_LISTED
            {
                self.out.bulk.push(Leaf { owner, path: self.path, value });
            }
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

impl Fields<'_> {
    fn note_unsaid(&mut self, value: &Value) {
        let unsaid = matches!(self.leaf, None | Some(Meaning::Name)) && !self.listed;
        let Value::Text(text) = value else { return };
        if unsaid && self.out.unsaid.len() < MOST_UNSAID && names_one(text) {
            let name = self.path.rsplit('.').next().unwrap_or_default();
            if !is_secret_field(name) {
                self.out.unsaid.push(Leaf { owner: None, path: self.path.clone(), value: value.clone() });
            }
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

/// The object that an id's name says it is one of: `orderId`, `order_id`.
fn stem(key: &str) -> Option<&str> {
    ["_id", "Id", "ID", "-id"].iter().find_map(|end| key.strip_suffix(end)).filter(|s| !s.is_empty())
}

fn snake(text: &str) -> String {
    let mut snake = String::with_capacity(text.len() + 2);
    for c in text.chars().take(64) {
        if c.is_ascii_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.push(c.to_ascii_lowercase());
    }
    snake.replace('-', "_")
}

/// The owner of a list of ids, by its key: `orderIds`, `order_ids`, `ids`.
fn ids_of(key: &str, around: Option<&str>) -> Option<Option<String>> {
    let one = key.strip_suffix('s').filter(|one| is_own_id(one) || stem(one).is_some())?;
    owner_of(one, around)
}

/// Of what the list is that a value stands in, `order` of `orders.*.id`; `None` where it is the whole body.
fn in_list_of(path: &str) -> Option<String> {
    let (list, _) = path.rsplit_once(".*.")?;
    Some(singular(list.rsplit('.').next().unwrap_or(list)))
}

/// Whether a key is that of the id of the object around it.
fn is_own_id(key: &str) -> bool {
    matches!(key, "id" | "_id" | "uuid")
}

/// Whether a key says that, or when, the object around it was deleted.
fn is_deletion(key: &str) -> bool {
    let name = snake(key);
    let (name, asked) = name.strip_prefix("is_").map_or((&*name, false), |rest| (rest, true));
    let told = name.strip_suffix("_at").or_else(|| name.strip_suffix("_on")).filter(|_| !asked);
    matches!(told.unwrap_or(name), "deleted" | "removed" | "trashed" | "deletion_requested")
}

/// How plainly a key says that its value is whose the object around it is.
fn owner_rank(key: &str) -> Option<usize> {
    let name = snake(stem(key).unwrap_or(key));
    OWNERS.iter().position(|owner| *owner == name)
}

/// The owner that a key names: `None` when the key is no id, or one of nothing that has the name of a kind.
pub(super) fn owner_of(key: &str, around: Option<&str>) -> Option<Option<String>> {
    if is_own_id(key) {
        return around.is_none_or(is_kind).then(|| around.map(str::to_owned));
    }
    let stem = stem(key).filter(|stem| !is_variable(stem))?;
    let snake = snake(stem);
    (is_kind(&snake) && !NO_OBJECTS.contains(&snake.as_str())).then_some(Some(snake))
}

/// Whether a name is one that people give to a kind of things: anybody may send other text in its place, and types are
/// shown wherever their objects are.
fn is_kind(name: &str) -> bool {
    (1..=LONGEST_KIND).contains(&name.len())
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
        && !is_variable(name)
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

    fn visit_bool<E>(self, value: bool) -> Result<(), E> {
        if value && matches!(self.leaf, Some(Meaning::Gone(_))) {
            self.take(Value::Bool(true));
        }
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
            let path = if self.path.is_empty() { "*".to_owned() } else { format!("{}.*", self.path) };
            let (owner, leaf) = (
                self.owner.clone(),
                match &self.leaf {
                    Some(Meaning::Ids(owner)) => Some(Meaning::Ids(owner.clone())),
                    _ => None,
                },
            );
            let item = Fields { owner, leaf, owns: None, path, depth, listed: true, out: &mut *self.out };
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
            let owns = match (owner_rank(&key), self.owner.as_deref()) {
                (Some(rank), _) => Some((rank, self.owner.clone())),
                // `owner: {id}` at the top is whose the object of the whole body is.
                (None, Some(around)) if self.depth == 1 && is_own_id(&key) => {
                    owner_rank(around).map(|rank| (rank, None))
                }
                (None, _) => None,
            };
            let path = if self.path.is_empty() { key.clone().into_owned() } else { format!("{}.{key}", self.path) };
            let ids = || ids_of(&key, self.owner.as_deref()).map(Meaning::Ids);
            let gone = || is_deletion(&key).then(|| Meaning::Gone(self.owner.clone()));
            let (leaf, depth, listed) = (id.or(state).or_else(gone).or_else(ids), self.depth + 1, self.listed);
            map.next_value_seed(Fields { owner, leaf, owns, path, depth, listed, out: &mut *self.out })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_kinds_name_kinds() {
        for (key, kind) in [
            ("orderId", "order"),
            ("salesOrderID", "sales_order"),
            ("sales-order-id", "sales_order"),
            ("oauth2_grant_id", "oauth2_grant"),
            ("s3BucketId", "s3_bucket"),
        ] {
            assert_eq!(owner_of(key, None).flatten().as_deref(), Some(kind), "{key}");
        }
        let long = format!("{}_id", "a".repeat(LONGEST_KIND + 1));
        let secret = ["Zk3vQ9xT7mB2kkkk0_id", "9f86d081884c7d65_id", "ord_1_id", "2_id"];
        for key in
            secret.into_iter().chain(["anna.smith@example.com_id", "a b_id", "größe_id", "\u{1b}[31mred_id", &long])
        {
            assert_eq!(owner_of(key, None), None, "{key}");
            let around = key.trim_end_matches("_id");
            assert_eq!(owner_of("id", Some(around)), None, "{around}");
        }
        assert_eq!(owner_of("id", None), Some(None));
        assert_eq!(owner_of("id", Some("order")), Some(Some("order".to_owned())));
    }
}
