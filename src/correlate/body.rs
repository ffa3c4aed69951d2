//! Bodies: only the paths that someone asks for are pulled out, in one pass and without building a document.

use std::fmt;
use std::sync::Arc;

use offpath_capture::{Body, Headers};
use rust_decimal::Decimal;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use smallvec::SmallVec;

use super::target;
use crate::event::Value;
use crate::model::expression::Bound;

/// Most elements of a list that are kept.
const MOST_ITEMS: usize = 10_000;
/// Most keys of an object that are kept as its value.
const MOST_KEYS: usize = 64;
/// Largest form body that is looked into.
const LONGEST_FORM: usize = 1 << 20;

/// The paths wanted from bodies, as a trie. Built once, shared by all exchanges.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    nodes: Vec<Node>,
    slots: usize,
}

#[derive(Clone, Debug, Default)]
struct Node {
    children: Vec<(Arc<str>, u32)>,
    slot: Option<u32>,
    /// Slots at or below this node: lists stay aligned over the elements that lack a field.
    below: Vec<u32>,
}

type Active = SmallVec<[u32; 4]>;

impl Wanted {
    /// Nothing wanted.
    pub(super) fn new() -> Wanted {
        Wanted { nodes: vec![Node::default()], slots: 0 }
    }

    /// Whether nothing is wanted.
    pub(super) fn is_empty(&self) -> bool {
        self.slots == 0
    }

    /// Asks for a path; `*` goes through every element of a list, a number picks one.
    pub(super) fn add<S: AsRef<str>>(&mut self, fields: &[S]) {
        if fields.is_empty() || self.slot(fields).is_some() {
            return;
        }
        let slot = self.slots as u32;
        self.slots += 1;
        let mut at = 0_usize;
        for field in fields.iter().map(AsRef::as_ref) {
            let next = self.child(at, field).unwrap_or_else(|| {
                self.nodes.push(Node::default());
                let new = self.nodes.len() - 1;
                if let Some(node) = self.nodes.get_mut(at) {
                    node.children.push((field.into(), new as u32));
                }
                new
            });
            at = next;
            if let Some(node) = self.nodes.get_mut(at) {
                node.below.push(slot);
            }
        }
        if let Some(node) = self.nodes.get_mut(at) {
            node.slot = Some(slot);
        }
    }

    fn child(&self, at: usize, field: &str) -> Option<usize> {
        let node = self.nodes.get(at)?;
        node.children.iter().find(|(name, _)| &**name == field).map(|(_, next)| *next as usize)
    }

    fn slot<S: AsRef<str>>(&self, fields: &[S]) -> Option<u32> {
        let at = fields.iter().try_fold(0, |at, field| self.child(at, field.as_ref()))?;
        self.nodes.get(at)?.slot
    }

    fn node(&self, index: u32) -> Option<&Node> {
        self.nodes.get(index as usize)
    }

    /// Pulls the wanted values out of a message's body.
    pub(super) fn pull(&self, body: &Body, headers: &Headers) -> Pulled {
        let mut pulled = Pulled { slots: vec![Slot::default(); self.slots], complete: false };
        let bytes = match body {
            Body::Absent => {
                pulled.complete = true;
                return pulled;
            }
            Body::Unknown { .. } => return pulled,
            Body::Present { bytes, .. } => bytes.as_slice(),
        };
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii();
        if bytes.is_empty() {
            pulled.complete = body.is_whole();
        } else if is_json(bytes, headers) {
            let mut reader = serde_json::Deserializer::from_slice(bytes);
            let all = Pull { wanted: self, active: SmallVec::from_slice(&[0]), listed: false, out: &mut pulled.slots };
            let read = if self.slots == 0 { Ok(()) } else { all.deserialize(&mut reader) };
            pulled.complete = read.is_ok() && reader.end().is_ok() && body.is_whole();
        } else if is_form(headers) && bytes.len() <= LONGEST_FORM {
            pulled.complete = std::str::from_utf8(bytes).is_ok_and(|text| self.form(text, &mut pulled.slots));
        }
        pulled
    }

    /// Pulls the wanted values out of a JSON text that is known in full.
    pub(super) fn pull_text(&self, text: &str) -> Pulled {
        let mut pulled = Pulled { slots: vec![Slot::default(); self.slots], complete: false };
        let mut reader = serde_json::Deserializer::from_str(text);
        let all = Pull { wanted: self, active: SmallVec::from_slice(&[0]), listed: false, out: &mut pulled.slots };
        let read = if self.slots == 0 { Ok(()) } else { all.deserialize(&mut reader) };
        pulled.complete = read.is_ok() && reader.end().is_ok();
        pulled
    }

    fn form(&self, text: &str, out: &mut [Slot]) -> bool {
        for (name, value) in target::pairs(text) {
            // `metadata[orderId]` and `metadata.orderId` are both in use.
            let flat = name.replace("[]", "").replace('[', ".").replace(']', "");
            let fields: SmallVec<[&str; 4]> = flat.split('.').collect();
            let slot = self.slot(&fields).and_then(|slot| out.get_mut(slot as usize));
            if let Some(slot) = slot {
                slot.set(Value::Text(Arc::from(&*value)));
            }
        }
        target::is_whole(text)
    }
}

/// Whether a body is JSON: by its content type, else by its first byte.
pub(super) fn is_json(bytes: &[u8], headers: &Headers) -> bool {
    let json = headers.text("content-type").is_some_and(|t| t.to_ascii_lowercase().contains("json"));
    json || matches!(bytes.first(), Some(b'{' | b'['))
}

fn is_form(headers: &Headers) -> bool {
    let form = "application/x-www-form-urlencoded";
    headers
        .get("content-type")
        .is_some_and(|t| t.len() >= form.len() && t[..form.len()].eq_ignore_ascii_case(form.as_bytes()))
}

/// What was found at one path.
#[derive(Clone, Default)]
struct Slot {
    value: Option<Value>,
    /// An earlier, different value of a repeated key. The last one counts, as in most servers.
    shadowed: Option<Value>,
}

impl Slot {
    fn set(&mut self, value: Value) {
        if let Some(before) = self.value.take()
            && before != value
        {
            self.shadowed.get_or_insert(before);
        }
        self.value = Some(value);
    }

    fn push(&mut self, value: Value) {
        match &mut self.value {
            Some(Value::List(items)) if items.len() < MOST_ITEMS => items.push(value),
            Some(Value::List(_)) => {}
            _ => self.value = Some(Value::List(vec![value])),
        }
    }

    fn pad(&mut self, length: usize) {
        if !matches!(self.value, Some(Value::List(_))) {
            self.value = Some(Value::List(Vec::new()));
        }
        if let Some(Value::List(items)) = &mut self.value
            && items.len() < length
        {
            items.resize(length.min(MOST_ITEMS), Value::Null);
        }
    }
}

/// Values found in one body. It has no `Debug`: some of them are secrets.
pub(super) struct Pulled {
    slots: Vec<Slot>,
    /// The whole body was read: what is not in it is absent, not unknown.
    complete: bool,
}

impl Pulled {
    /// A body of which nothing is known.
    pub(super) fn unknown() -> Pulled {
        Pulled { slots: Vec::new(), complete: false }
    }

    /// Value at a wanted path. Paths that nobody wanted are unknown.
    pub(super) fn get<S: AsRef<str>>(&self, wanted: &Wanted, fields: &[S]) -> Bound {
        let Some(slot) = wanted.slot(fields) else { return Bound::Unknown };
        match self.slots.get(slot as usize).and_then(|s| s.value.clone()) {
            Some(value) => Bound::Exactly(value),
            None if self.complete => Bound::Exactly(Value::Null),
            None => Bound::Unknown,
        }
    }

    /// The value that a repeated key hid.
    pub(super) fn shadowed<S: AsRef<str>>(&self, wanted: &Wanted, fields: &[S]) -> Option<&Value> {
        wanted.slot(fields).and_then(|slot| self.slots.get(slot as usize)).and_then(|s| s.shadowed.as_ref())
    }
}

/// Exact decimal of a JSON number's text.
pub(super) fn number(text: &str) -> Option<Value> {
    let parsed = text.parse::<Decimal>().or_else(|_| Decimal::from_scientific(text));
    parsed.ok().map(|n| Value::Number(n.normalize()))
}

/// Visits one JSON value with the trie nodes that stand at it.
struct Pull<'p> {
    wanted: &'p Wanted,
    active: Active,
    /// Below a list: values are collected.
    listed: bool,
    out: &'p mut [Slot],
}

impl Pull<'_> {
    fn record(&mut self, value: &Value) {
        for node in self.active.iter().filter_map(|n| self.wanted.node(*n)) {
            if let Some(slot) = node.slot.and_then(|s| self.out.get_mut(s as usize)) {
                if self.listed { slot.push(value.clone()) } else { slot.set(value.clone()) }
            }
        }
    }

    fn wants_value(&self) -> bool {
        self.active.iter().any(|n| self.wanted.node(*n).is_some_and(|n| n.slot.is_some()))
    }

    /// Nodes for one element of a list.
    fn element(&self, index: usize) -> Active {
        let mut digits = [0_u8; 20];
        let index = decimal_text(index, &mut digits);
        let mut next = Active::new();
        for at in &self.active {
            let Some(node) = self.wanted.node(*at) else { continue };
            let named = node.children.iter().filter(|(name, _)| &**name == "*" || &**name == index);
            next.extend(named.map(|(_, child)| *child));
            // `items.sku` without a star goes through the elements too.
            let implicit = node.slot.is_some() || node.children.iter().any(|(name, _)| !is_index(name));
            if implicit {
                next.push(*at);
            }
        }
        next
    }
}

fn is_index(name: &str) -> bool {
    name == "*" || name.bytes().all(|b| b.is_ascii_digit())
}

fn decimal_text(mut number: usize, digits: &mut [u8; 20]) -> &str {
    let mut start = digits.len();
    for (at, digit) in digits.iter_mut().enumerate().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
        start = at;
        if number == 0 {
            break;
        }
    }
    std::str::from_utf8(digits.get(start..).unwrap_or_default()).unwrap_or_default()
}

impl<'de> DeserializeSeed<'de> for Pull<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        if self.active.is_empty() {
            return serde::Deserialize::deserialize(deserializer).map(|IgnoredAny| ());
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Pull<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_bool<E>(mut self, value: bool) -> Result<(), E> {
        self.record(&Value::Bool(value));
        Ok(())
    }

    fn visit_i64<E>(mut self, value: i64) -> Result<(), E> {
        self.record(&Value::Number(value.into()));
        Ok(())
    }

    fn visit_u64<E>(mut self, value: u64) -> Result<(), E> {
        self.record(&Value::Number(value.into()));
        Ok(())
    }

    fn visit_f64<E>(mut self, value: f64) -> Result<(), E> {
        // The shortest text that reads back as this double is the one that was sent, up to 15 digits.
        if self.wants_value()
            && let Some(value) = number(&value.to_string())
        {
            self.record(&value);
        }
        Ok(())
    }

    fn visit_str<E>(mut self, value: &str) -> Result<(), E> {
        if self.wants_value() {
            self.record(&Value::Text(value.into()));
        }
        Ok(())
    }

    fn visit_unit<E>(mut self) -> Result<(), E> {
        self.record(&Value::Null);
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        let wants = self.wants_value();
        let mut keys = Vec::new();
        while let Some((next, key)) =
            map.next_key_seed(Key { wanted: self.wanted, active: &self.active, keep: wants && keys.len() < MOST_KEYS })?
        {
            keys.extend(key.map(Value::Text));
            map.next_value_seed(Pull { wanted: self.wanted, active: next, listed: self.listed, out: self.out })?;
        }
        if wants {
            self.record(&Value::List(keys));
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        if !self.listed {
            for slot in self.active.iter().filter_map(|n| self.wanted.node(*n)).filter_map(|n| n.slot) {
                if let Some(slot) = self.out.get_mut(slot as usize) {
                    slot.set(Value::List(Vec::new()));
                }
            }
        }
        let mut index = 0;
        loop {
            let active = self.element(index);
            // A path that picks one element by number has one value, not a list.
            let picked = !active.is_empty() && active.iter().all(|n| self.is_picked(*n, index));
            let below: SmallVec<[u32; 8]> =
                active.iter().filter_map(|n| self.wanted.node(*n)).flat_map(|n| n.below.iter().copied()).collect();
            let listed = self.listed || !picked;
            let seed = Pull { wanted: self.wanted, active, listed, out: self.out };
            if items.next_element_seed(seed)?.is_none() {
                return Ok(());
            }
            index += 1;
            if !self.listed && !picked {
                for slot in below {
                    if let Some(slot) = self.out.get_mut(slot as usize) {
                        slot.pad(index);
                    }
                }
            }
        }
    }
}

impl Pull<'_> {
    fn is_picked(&self, node: u32, index: usize) -> bool {
        let mut digits = [0_u8; 20];
        let index = decimal_text(index, &mut digits);
        let parents = self.active.iter().filter_map(|n| self.wanted.node(*n));
        parents.flat_map(|p| p.children.iter()).any(|(name, child)| *child == node && &**name == index)
    }
}

/// Matches an object's key against the children of the active nodes without allocating.
struct Key<'p> {
    wanted: &'p Wanted,
    active: &'p [u32],
    keep: bool,
}

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = (Active, Option<Arc<str>>);

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Key<'_> {
    type Value = (Active, Option<Arc<str>>);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        let next = self.active.iter().filter_map(|at| self.wanted.child(*at as usize, key)).map(|n| n as u32).collect();
        Ok((next, self.keep.then(|| key.into())))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn wanted(paths: &[&str]) -> Wanted {
        let mut wanted = Wanted::new();
        paths.iter().for_each(|p| wanted.add(&p.split('.').collect::<Vec<_>>()));
        wanted
    }

    fn body(text: &[u8]) -> Body {
        let len = text.len() as u64;
        Body::Present { bytes: text.to_vec(), wire_len: len, decoded_len: len, whole: true }
    }

    fn get(json: &str, path: &str) -> Bound {
        let wanted = wanted(&[path, "other", "other.x"]);
        let pulled = wanted.pull(&body(json.as_bytes()), &Headers::default());
        pulled.get(&wanted, &path.split('.').collect::<Vec<_>>())
    }

    fn text(t: &str) -> Value {
        Value::Text(t.into())
    }

    #[test]
    fn paths_are_pulled() {
        let json =
            r#"{"order":{"id":"o1","total":129.90,"items":[{"sku":"a","n":1},{"n":2},{"sku":"c"}]},"ids":[1,2]}"#;
        assert_eq!(get(json, "order.id"), Bound::Exactly(text("o1")));
        assert_eq!(get(json, "order.total"), Bound::Exactly(number("129.9").unwrap()));
        assert_eq!(
            get(json, "order.items.*.sku"),
            Bound::Exactly(Value::List(vec![text("a"), Value::Null, text("c")]))
        );
        assert_eq!(get(json, "order.items.sku"), get(json, "order.items.*.sku"));
        assert_eq!(get(json, "order.items.0.sku"), Bound::Exactly(text("a")));
        assert_eq!(
            get(json, "ids"),
            Bound::Exactly(Value::List(vec![Value::Number(1.into()), Value::Number(2.into())]))
        );
        assert_eq!(get(json, "ids.1"), Bound::Exactly(Value::Number(2.into())));
        assert_eq!(get(json, "order.none"), Bound::Exactly(Value::Null));
        assert_eq!(get(r#"{"e":[]}"#, "e"), Bound::Exactly(Value::List(vec![])));
        assert_eq!(get(r#"{"e":{"a":1}}"#, "e"), Bound::Exactly(Value::List(vec![text("a")])));
        assert_eq!(
            get(r#"[{"id":1},{"id":2}]"#, "id"),
            Bound::Exactly(Value::List(vec![1.into(), 2.into()].into_iter().map(Value::Number).collect()))
        );
    }

    #[test]
    fn broken_bodies_are_unknown_where_they_break() {
        assert_eq!(get(r#"{"a":1,"b":"#, "a"), Bound::Exactly(Value::Number(1.into())));
        assert_eq!(get(r#"{"a":1,"b":"#, "c"), Bound::Unknown);
        assert_eq!(get("not json", "a"), Bound::Unknown);
        assert_eq!(get("", "a"), Bound::Exactly(Value::Null));
        let deep = "[".repeat(200_000);
        assert_eq!(get(&deep, "a"), Bound::Unknown);
    }

    #[test]
    fn a_repeated_key_counts_last_and_is_remembered() {
        let wanted = wanted(&["id"]);
        let pulled = wanted.pull(&body(br#"{"id":"a","id":"b"}"#), &Headers::default());
        assert_eq!(pulled.get(&wanted, &["id"]), Bound::Exactly(text("b")));
        assert_eq!(pulled.shadowed(&wanted, &["id"]), Some(&text("a")));
    }

    #[test]
    fn forms_are_read() {
        let wanted = wanted(&["amount", "meta.order"]);
        let mut headers = Headers::default();
        headers.push(b"Content-Type", b"application/x-www-form-urlencoded; charset=utf-8");
        let pulled = wanted.pull(&body(b"amount=12.50&meta%5Border%5D=o+1"), &headers);
        assert_eq!(pulled.get(&wanted, &["amount"]), Bound::Exactly(text("12.50")));
        assert_eq!(pulled.get(&wanted, &["meta", "order"]), Bound::Exactly(text("o 1")));
    }

    proptest! {
        #[test]
        fn random_bodies_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let wanted = wanted(&["a", "a.*.b", "a.0", "*"]);
            let _ = wanted.pull(&body(&bytes), &Headers::default());
        }

        #[test]
        fn agrees_with_a_whole_document(a in "[a-z]{0,5}", n in any::<i64>(), f in -1_000_000_i64..1_000_000) {
            let f = f as f64 / 100.0;
            let json = serde_json::json!({"x": {"y": {"a": a, "n": n}}, "f": f, "l": [{"a": n}, {"a": f}]});
            prop_assert_eq!(get(&json.to_string(), "x.y.a"), Bound::Exactly(text(&a)));
            prop_assert_eq!(get(&json.to_string(), "x.y.n"), Bound::Exactly(Value::Number(n.into())));
            prop_assert_eq!(get(&json.to_string(), "f"), Bound::Exactly(number(&json["f"].to_string()).unwrap()));
            let Bound::Exactly(Value::List(items)) = get(&json.to_string(), "l.a") else { panic!("no list") };
            prop_assert_eq!(items.len(), 2);
        }
    }
}
