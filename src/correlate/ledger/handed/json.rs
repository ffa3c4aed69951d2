//! Ids in JSON: the values of fields that name things, and whatever looks like an id elsewhere.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::{Collector, IdHasher, MOST, SOME};
use crate::correlate::guess::{names_things, owner_of};
use crate::correlate::template::{is_variable, singular};
use crate::event::HandedId;

/// Keys of what is only wrapped: what is in them is of the kind of what is around them.
const WRAPPERS: [&str; 24] = [
    "d",
    "data",
    "docs",
    "elements",
    "objects",
    "resources",
    "response",
    "value",
    "values",
    "result",
    "results",
    "attributes",
    "payload",
    "content",
    "items",
    "list",
    "records",
    "rows",
    "hits",
    "entries",
    "nodes",
    "node",
    "edges",
    "_embedded",
];

/// What comes before or after a thing in an order of its own kind: `nextId`, `previous_id`.
const BESIDE: [&str; 3] = ["next", "prev", "previous"];

/// Below it each whole number has a float of its own.
const MOST_EXACT: f64 = 9_007_199_254_740_992.0;

impl Collector<'_> {
    /// Looks into a JSON text; `kind` is of what it is about. What was found before a broken place still counts.
    pub(super) fn json(&mut self, bytes: &[u8], kind: u32) {
        let mut reader = serde_json::Deserializer::from_slice(bytes);
        // Lines of JSON are several values.
        loop {
            let value = Seed { outermost: true, around: Around::Kind(kind), names: Names::Nothing, out: &mut *self };
            if value.deserialize(&mut reader).is_err() {
                self.unread = true;
                return;
            }
            if reader.end().is_ok() {
                return;
            }
        }
    }
}

/// What a key says of its value.
#[derive(Clone, Copy)]
enum Names {
    /// Nothing.
    Nothing,
    /// That it is an id, or a list of ids, of a kind.
    Ids(u32),
}

/// What a value is a part of. A kind is made of a key only where members ask for it: most values are single.
#[derive(Clone, Copy)]
enum Around<'s> {
    /// Something of this kind.
    Kind(u32),
    /// What this key names.
    Key(&'s str),
}

impl Around<'_> {
    fn kind(self, ids: &IdHasher) -> u32 {
        match self {
            Around::Kind(kind) => kind,
            Around::Key(key) => ids.kind(&singular(key)),
        }
    }
}

/// One value. Its depth is bounded by the reader's own limit.
struct Seed<'s, 'c> {
    /// It is part of nothing but lists.
    outermost: bool,
    /// What the value is a part of.
    around: Around<'s>,
    names: Names,
    out: &'s mut Collector<'c>,
}

impl Seed<'_, '_> {
    fn number(self, number: u64) {
        // What the key does not say, a reader may know.
        let kind = if let Names::Ids(kind) = self.names { kind } else { SOME };
        self.out.whole(&number.to_string(), kind);
    }
}

impl<'de> DeserializeSeed<'de> for Seed<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, number: i64) -> Result<(), E> {
        if let Ok(number) = u64::try_from(number) {
            self.number(number);
        }
        Ok(())
    }

    fn visit_u64<E>(self, number: u64) -> Result<(), E> {
        self.number(number);
        Ok(())
    }

    fn visit_f64<E>(self, number: f64) -> Result<(), E> {
        // `42.0` is read as 42.
        if number.fract() == 0.0 && (0.0..MOST_EXACT).contains(&number) {
            self.number(number as u64);
        }
        Ok(())
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        match self.names {
            Names::Ids(kind) => self.out.whole(text, kind),
            Names::Nothing if text.trim().bytes().all(|b| b.is_ascii_digit()) => self.out.whole(text, SOME),
            Names::Nothing => {}
        }
        self.out.parts(text);
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while self.out.found.len() < MOST {
            let item = Seed { outermost: self.outermost, around: self.around, names: self.names, out: &mut *self.out };
            if items.next_element_seed(item)?.is_none() {
                return Ok(());
            }
        }
        while items.next_element::<IgnoredAny>()?.is_some() {
            self.out.unread = true;
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut message = Message::default();
        let around = self.around.kind(self.out.ids);
        while let Some(key) = map.next_key::<Cow<'de, str>>()? {
            if self.out.found.len() >= MOST {
                self.out.unread = true;
                map.next_value::<IgnoredAny>()?;
                continue;
            }
            message.note(&key);
            let before = (self.out.found.len(), self.out.loose.len());
            if is_variable(&key) {
                self.out.whole(&key, around);
            }
            let names = self.names(&key, around);
            let wraps = WRAPPERS.iter().any(|known| key.eq_ignore_ascii_case(known));
            let within = if wraps { Around::Kind(around) } else { Around::Key(&key) };
            map.next_value_seed(Seed { outermost: false, around: within, names, out: &mut *self.out })?;
            if self.outermost && key == "id" {
                // It may stand before what says that it only numbers the message.
                message.id.0.extend(self.out.found.drain(before.0..));
                message.id.1.extend(self.out.loose.drain(before.1..));
            }
        }
        let (found, loose) = message.id;
        if message.rpc || message.typed && message.loaded {
            self.out.numbered = true;
            self.out.numbers.extend(found.into_iter().chain(loose));
        } else {
            self.out.found.extend(found);
            self.out.loose.extend(loose);
        }
        Ok(())
    }
}

/// What tells a message that numbers its questions, of JSON-RPC or of GraphQL's subscriptions, from a thing.
#[derive(Default)]
struct Message {
    /// Ids in its `id`, and numbers of which nothing says what they count.
    id: (Vec<HandedId>, Vec<HandedId>),
    rpc: bool,
    typed: bool,
    loaded: bool,
}

impl Message {
    fn note(&mut self, key: &str) {
        self.rpc |= key == "jsonrpc";
        self.typed |= key == "type";
        self.loaded |= key == "payload";
    }
}

impl Seed<'_, '_> {
    /// What a key says: `id` is of what is around it, `orderId` and `orderIds` of orders, `number` of anything.
    fn names(&self, key: &str, around: u32) -> Names {
        let one =
            || key.strip_suffix('s').filter(|one| one.ends_with("id") || one.ends_with("Id") || one.ends_with("ID"));
        match owner_of(key, None).or_else(|| owner_of(one()?, None)) {
            // The next one of the same kind.
            Some(Some(kind)) if BESIDE.contains(&&*kind) => Names::Ids(around),
            Some(Some(kind)) => Names::Ids(self.out.ids.kind(&kind)),
            Some(None) => Names::Ids(around),
            None if names_things(key) => Names::Ids(around),
            None => Names::Nothing,
        }
    }
}
