//! Fields of JSON bodies whose names say that they are ids or states.

use std::borrow::Cow;
use std::fmt;

use offpath_capture::{Body, Headers};
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};

use super::named::{called, ids_of, in_list_of, is_deletion, is_own_id, kind_of, names_things, owner_of, owner_rank};
use crate::correlate::body::is_json;
use crate::correlate::credential::is_secret_field;
use crate::correlate::template::singular;
use crate::event::{Value, names_one};

/// Most ids taken from one body.
const MOST_IDS: usize = 16;

/// Most ids taken from the lists of one body.
pub(super) const MOST_LISTED: usize = 64;

/// Most values taken from one body whose names do not say that they are ids.
const MOST_UNSAID: usize = 16;

/// Most values taken from one body whose names are the word for a thing alone.
const MOST_WORDED: usize = 16;

/// Most values taken from one body that people call things by.
const MOST_CALLED: usize = 16;
/// Digits of the longest number that things are counted by.
const LONGEST_NUMBER: usize = 12;

/// Objects in which others are wrapped, in small letters.
const WRAPPERS: [&str; 10] =
    ["attributes", "body", "d", "data", "input", "payload", "record", "resource", "response", "result"];

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
    /// What people call things by: `code` (no owner), `orderNumber`, and `order.code`.
    pub(super) called: Vec<Leaf>,
    /// Values that can hardly name two things, under names that do not say that they are ids.
    pub(super) unsaid: Vec<Leaf>,
    /// Numbers, and values that can hardly name two things, by the word for what they may be one of: `patient: 3`.
    pub(super) worded: Vec<Leaf>,
    /// Of the whole body (`None`) or objects in it by name, that they are deleted: `deleted: true`, `deletedAt: ..`.
    pub(super) gone: Vec<Option<String>>,
}

/// A scalar of a body.
#[derive(Clone)]
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
    if let Some(bytes) = json(body, headers) {
        // What was found before a broken place still counts.
        let _ = Fields::of_all(&mut found).deserialize(&mut serde_json::Deserializer::from_slice(bytes));
    }
    found
}

/// The same of an answer: a list of one thing is about that.
pub(super) fn read_answer(body: &Body, headers: &Headers) -> Read {
    let list = json(body, headers).and_then(|bytes| bytes.strip_prefix(b"[")?.strip_suffix(b"]"));
    let only = list.and_then(|inner| {
        let mut found = Read::default();
        let mut text = serde_json::Deserializer::from_slice(inner);
        Fields::of_first(&mut found).deserialize(&mut text).and_then(|()| text.end()).ok()?;
        Some(found)
    });
    only.unwrap_or_else(|| read(body, headers))
}

/// The text of a body in JSON.
fn json<'b>(body: &'b Body, headers: &Headers) -> Option<&'b [u8]> {
    let bytes = body.bytes()?.trim_ascii();
    (matches!(bytes.first(), Some(b'{' | b'[')) && is_json(bytes, headers)).then_some(bytes)
}

/// A place in a body: a name, and what it is in. Nothing is written down before something there is wanted.
#[derive(Clone, Copy)]
struct At<'p> {
    above: Option<&'p At<'p>>,
    name: &'p str,
}

/// The whole body.
const ROOT: At<'static> = At { above: None, name: "" };

impl At<'_> {
    /// Dotted path from the top.
    fn path(&self) -> String {
        let Some(above) = self.above else { return String::new() };
        let mut path = above.path();
        if !path.is_empty() {
            path.push('.');
        }
        path.push_str(self.name);
        path
    }
}

/// What names the object that the fields of a value belong to.
#[derive(Clone, Copy)]
enum Around<'p> {
    /// A name, if any.
    Named(Option<&'p str>),
    /// The key of the value.
    Key(&'p str),
}

impl Around<'_> {
    fn name(self) -> Option<String> {
        match self {
            Around::Named(name) => name.map(str::to_owned),
            Around::Key(key) => Some(singular(key)),
        }
    }
}

/// Collects ids and states from an object and the objects directly in it.
struct Fields<'o> {
    /// The object that `id` in it belongs to.
    around: Around<'o>,
    /// What this value itself is, by its key.
    leaf: Option<Meaning>,
    /// It says whose an object is: the rank of its name, and the object.
    owns: Option<(usize, Option<String>)>,
    at: At<'o>,
    depth: u8,
    /// It is in a list.
    listed: bool,
    out: &'o mut Read,
}

/// What a key says of its value.
enum Meaning {
    /// An id of the named object.
    Id(Option<String>),
    /// A name that stands for an id, of the object around it.
    Name(Option<String>),
    /// The state of the object around it.
    State(Option<String>),
    /// A list of ids, or one of them.
    Ids(Option<String>),
    /// That the object around it is deleted, unless it says no.
    Gone(Option<String>),
}

impl Meaning {
    /// What a key says, of an object of the name around it.
    fn of(key: &str, around: Option<&str>) -> Option<Meaning> {
        let owner = || around.map(str::to_owned);
        if let Some(owner) = owner_of(key, around) {
            return Some(Meaning::Id(owner));
        }
        match key {
            _ if names_things(key) => Some(Meaning::Name(owner())),
            "status" | "state" | "Status" | "State" => Some(Meaning::State(owner())),
            _ if is_deletion(key) => Some(Meaning::Gone(owner())),
            _ => ids_of(key, around).map(Meaning::Ids),
        }
    }
}

impl<'o> Fields<'o> {
    fn of_all(out: &'o mut Read) -> Fields<'o> {
        let (around, at) = (Around::Named(None), ROOT);
        Fields { around, leaf: None, owns: None, at, depth: 0, listed: false, out }
    }

    /// The first of a list.
    fn of_first(out: &'o mut Read) -> Fields<'o> {
        Fields { at: At { above: Some(&ROOT), name: "0" }, ..Fields::of_all(out) }
    }

    /// Whether anything is said of this value by its key.
    fn is_meant(&self) -> bool {
        self.leaf.is_some() || self.owns.is_some()
    }

    fn take(mut self, value: Value) {
        if let Some(Meaning::Gone(owner)) = self.leaf {
            let yes = !matches!(&value, Value::Text(text) if matches!(&**text, "" | "false" | "0"));
            if yes && value != Value::Number(0.into()) && !self.listed && self.out.gone.len() < MOST_IDS {
                self.out.gone.push(owner);
            }
            return;
        }
        self.note_called(&value);
        self.note_unsaid(&value);
        self.note_worded(&value);
        if let Some((rank, owner)) = self.owns.filter(|_| !self.listed && self.out.owners.len() < MOST_IDS) {
            self.out.owners.push((rank, Leaf { owner, path: self.at.path(), value: value.clone() }));
        }
        let aside =
            matches!(self.leaf, Some(Meaning::Name(_))) || self.listed && matches!(self.leaf, Some(Meaning::Id(_)));
        if aside && self.out.listed.len() < MOST_LISTED {
            if let Some(Meaning::Id(owner)) = &self.leaf
                && self.out.bulk.len() < MOST_LISTED
            {
                let path = self.at.path();
                if *owner == in_list_of(&path) {
                    self.out.bulk.push(Leaf { owner: owner.clone(), path, value: value.clone() });
                }
            }
            self.out.listed.push(value);
            return;
        }
        if self.listed {
            if let Some(Meaning::Ids(owner)) = self.leaf
                && self.out.bulk.len() < MOST_LISTED
            {
                self.out.bulk.push(Leaf { owner, path: self.at.path(), value });
            }
            return;
        }
        let (list, owner) = match self.leaf {
            Some(Meaning::Id(owner)) => (&mut self.out.ids, owner),
            Some(Meaning::State(owner)) if is_state(&value) => (&mut self.out.states, owner),
            _ => return,
        };
        if list.len() < MOST_IDS {
            list.push(Leaf { owner, path: self.at.path(), value });
        }
    }
}

impl Fields<'_> {
    /// Whether it is by itself, and nothing is said of it but a word.
    fn is_worded(&self) -> bool {
        self.leaf.is_none() && self.owns.is_none() && !self.listed && self.out.worded.len() < MOST_WORDED
    }

    /// Of what it may be what people call it by: `Some(None)` is the object around it.
    fn called(&self) -> Option<Option<String>> {
        let own = !self.listed && self.owns.is_none() && self.out.called.len() < MOST_CALLED;
        // A `key` further down is that of anything.
        let own = own && (self.at.name != "key" || self.depth == 1);
        let kind = match &self.leaf {
            _ if !own => return None,
            Some(Meaning::Id(_)) => return None,
            Some(Meaning::Name(around)) => Some(around.clone()),
            _ => called(self.at.name),
        };
        kind.filter(|_| !is_secret_field(self.at.name))
    }

    fn note_called(&mut self, value: &Value) {
        if let Some(owner) = self.called() {
            self.out.called.push(Leaf { owner, path: self.at.path(), value: value.clone() });
        }
    }

    fn note_worded(&mut self, value: &Value) {
        let counted = |text: &str| text.len() <= LONGEST_NUMBER && text.bytes().all(|b| b.is_ascii_digit());
        let names = match value {
            Value::Text(text) => names_one(text) || is_code(text) || !text.is_empty() && counted(text),
            Value::Number(number) => counted(&number.to_string()),
            _ => false,
        };
        if names && self.is_worded() && !is_secret_field(self.at.name) {
            let owner = kind_of(self.at.name);
            let leaf = owner.map(|owner| Leaf { owner: Some(owner), path: self.at.path(), value: value.clone() });
            self.out.worded.extend(leaf);
        }
    }

    fn note_unsaid(&mut self, value: &Value) {
        let unsaid = matches!(self.leaf, None | Some(Meaning::Name(_))) && !self.listed;
        let Value::Text(text) = value else { return };
        if unsaid && self.out.unsaid.len() < MOST_UNSAID && names_one(text) && !is_secret_field(self.at.name) {
            self.out.unsaid.push(Leaf { owner: None, path: self.at.path(), value: value.clone() });
        }
    }
}

/// Whether a text may be a code that people are given: `ULXUD`, `X7F2`.
fn is_code(text: &str) -> bool {
    (4..=12).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
}

/// Whether a value can name a state: a word, not a sentence or a number.
fn is_state(value: &Value) -> bool {
    let Value::Text(text) = value else { return false };
    text.len() <= 40
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "_-. ".contains(c))
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
        if self.is_meant() || self.is_worded() {
            self.take(Value::Number(value.into()));
        }
        Ok(())
    }

    fn visit_u64<E>(self, value: u64) -> Result<(), E> {
        if self.is_meant() || self.is_worded() {
            self.take(Value::Number(value.into()));
        }
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, value: &str) -> Result<(), E> {
        let number = || !value.is_empty() && value.len() <= LONGEST_NUMBER && value.bytes().all(|b| b.is_ascii_digit());
        if value.len() <= 128
            && (self.is_meant()
                || names_one(value)
                || (number() || is_code(value)) && self.is_worded()
                || self.called().is_some())
        {
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
            let leaf = match &self.leaf {
                Some(Meaning::Ids(owner)) => Some(Meaning::Ids(owner.clone())),
                _ => None,
            };
            let at = At { above: Some(&self.at), name: "*" };
            let item = Fields { around: self.around, leaf, owns: None, at, depth, listed: true, out: &mut *self.out };
            if items.next_element_seed(item)?.is_none() {
                return Ok(());
            }
            read += 1;
        }
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let around = self.around.name();
        let around = around.as_deref();
        let (mut rpc, mut typed, mut loaded) = (false, false, false);
        while let Some(key) = map.next_key_seed(Key)? {
            rpc |= key == "jsonrpc";
            typed |= key == "type";
            loaded |= key == "payload";
            if self.depth > 2 || self.depth == 2 && !self.listed || self.out.ids.len() >= MOST_IDS {
                map.next_value::<IgnoredAny>()?;
                continue;
            }
            let wrapper = WRAPPERS.iter().any(|known| key.eq_ignore_ascii_case(known));
            let within = if wrapper { Around::Named(around) } else { Around::Key(&key) };
            let owns = match (owner_rank(&key), around) {
                (Some(rank), _) => Some((rank, around.map(str::to_owned))),
                // `owner: {id}` at the top is whose the object of the whole body is.
                (None, Some(around)) if self.depth == 1 && is_own_id(&key) => {
                    owner_rank(around).map(|rank| (rank, None))
                }
                (None, _) => None,
            };
            // A wrapper is no level of its own; how deep they lie in each other the reader bounds.
            let depth = self.depth + u8::from(!wrapper);
            let (leaf, listed) = (Meaning::of(&key, around), self.listed);
            let at = At { above: Some(&self.at), name: &key };
            map.next_value_seed(Fields { around: within, leaf, owns, at, depth, listed, out: &mut *self.out })?;
        }
        if self.depth == 0 && (rpc || typed && loaded) {
            // Messages number themselves so: JSON-RPC, and GraphQL's subscriptions.
            self.out.ids.retain(|leaf| leaf.path != "id");
        }
        Ok(())
    }
}

/// Reads a key, from the text itself where nothing in it is escaped.
struct Key;

impl<'de> DeserializeSeed<'de> for Key {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Cow<'de, str>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Key {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_borrowed_str<E>(self, key: &'de str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Borrowed(key))
    }

    fn visit_str<E>(self, key: &str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Owned(key.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_a_message_is_no_id() {
        let ids = |text: &str| read_text(text).ids.into_iter().map(|leaf| leaf.path).collect::<Vec<_>>();
        assert_eq!(ids(r#"{"id":7,"order":{"id":8}}"#), ["id", "order.id"]);
        assert_eq!(ids(r#"{"id":7,"jsonrpc":"2.0","params":{"orderId":8}}"#), ["params.orderId"]);
        assert_eq!(ids(r#"{"type":"next","id":"7","payload":{"orderId":8}}"#), ["payload.orderId"]);
        assert_eq!(ids(r#"{"type":"gift","id":"7"}"#), ["id"]);
    }

    #[test]
    fn the_word_for_a_thing_may_name_one() {
        let told = |text: &str| {
            let one = |leaf: Leaf| format!("{} {}", leaf.owner.unwrap_or_default(), leaf.path);
            read_text(text).worded.into_iter().map(one).collect::<Vec<_>>()
        };
        assert_eq!(told(r#"{"id":7,"patient":3,"visit":{"ward":"4"}}"#), ["patient patient", "ward visit.ward"]);
        assert_eq!(told(r#"{"paymentIntent":"pi_3Abc9xK2"}"#), ["payment_intent paymentIntent"]);
        for nothing in [r#"{"patientId":3}"#, r#"{"patients":[3]}"#, r#"{"patient":-3}"#, r#"{"patient":3.5}"#] {
            assert_eq!(told(nothing), [""; 0], "{nothing}");
        }
        for nothing in [r#"{"patient":"anna"}"#, r#"{"status":4}"#, r#"{"customer":3}"#, r#"{"api_key":"k9s8d7f6g5"}"#]
        {
            assert_eq!(told(nothing), [""; 0], "{nothing}");
        }
    }

    #[test]
    fn an_answer_of_a_list_of_one_is_about_that() {
        let told = |text: &str| {
            let length = text.len() as u64;
            let body = Body::Present { bytes: text.into(), wire_len: length, decoded_len: length, whole: true };
            let read = read_answer(&body, &Headers::default());
            let one = |leaf: &Leaf| format!("{} {}", leaf.owner.as_deref().unwrap_or("-"), leaf.path);
            read.ids.iter().chain(&read.states).map(one).collect::<Vec<_>>()
        };
        assert_eq!(
            told(r#" [{"id":7,"order":{"id":8},"status":"new"}] "#),
            ["- 0.id", "order 0.order.id", "- 0.status"]
        );
        assert_eq!(told(r#"[{"id":7},{"id":8}]"#), [""; 0]);
        assert_eq!(told(r#"[{"id":7}"#), [""; 0]);
        assert_eq!(told(r#"{"id":7}"#), ["- id"]);
    }

    #[test]
    fn names_are_the_same_in_every_case_and_behind_wrappers() {
        let told = |text: &str| {
            let read = read_text(text);
            let one = |leaf: &Leaf| format!("{} {}", leaf.owner.as_deref().unwrap_or("-"), leaf.path);
            (read.ids.iter().map(one).collect::<Vec<_>>(), read.states.iter().map(one).collect::<Vec<_>>())
        };
        let all = |ids: &[&str], states: &[&str]| {
            let owned = |all: &[&str]| all.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>();
            (owned(ids), owned(states))
        };
        assert_eq!(told(r#"{"Id":7,"Status":"New"}"#), all(&["- Id"], &["- Status"]));
        assert_eq!(
            told(r#"{"SalesOrder":{"ID":7,"State":"New"}}"#),
            all(&["sales_order SalesOrder.ID"], &["sales_order SalesOrder.State"])
        );
        assert_eq!(told(r#"{"salesOrder":{"id":7}}"#), all(&["sales_order salesOrder.id"], &[]));
        assert_eq!(
            told(r#"{"invoiceGuid":"a","invoice_uuid":"b"}"#),
            all(&["invoice invoiceGuid", "invoice invoice_uuid"], &[])
        );
        let api = r#"{"data":{"type":"orders","id":"7","attributes":{"status":"new"}}}"#;
        assert_eq!(told(api), all(&["- data.id"], &["- data.attributes.status"]));
        let wrapped = r#"{"Data":{"result":{"order":{"_id":"7","status":"new"}}}}"#;
        assert_eq!(told(wrapped), all(&["order Data.result.order._id"], &["order Data.result.order.status"]));
        // However deep, the reader bounds it.
        let deep = format!("{}1{}", r#"{"data":"#.repeat(5_000), "}".repeat(5_000));
        assert_eq!(told(&deep), all(&[], &[]));
    }
}
