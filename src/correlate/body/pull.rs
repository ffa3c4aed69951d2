//! One pass over a JSON value, with the nodes of wanted paths that stand at it.

use std::fmt;
use std::sync::Arc;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use smallvec::SmallVec;

use super::slot::Slot;
use super::{Wanted, number};
use crate::event::Value;

/// Most keys of an object that are kept as its value.
const MOST_KEYS: usize = 64;

pub(super) type Active = SmallVec<[At; 4]>;

/// A node of the trie that stands at a value.
#[derive(Clone, Copy)]
pub(super) struct At {
    pub(super) node: u32,
    /// Below a list, of which its path picked no one element: values are collected.
    listed: bool,
    /// It stands at an element though no part of its path does: what its paths pick stands in the list itself.
    implied: bool,
}

impl At {
    /// The root of the trie, at the whole value.
    pub(super) const ROOT: At = At { node: 0, listed: false, implied: false };
}

/// Visits one JSON value with the trie nodes that stand at it.
pub(super) struct Pull<'p> {
    pub(super) wanted: &'p Wanted,
    pub(super) active: Active,
    pub(super) out: &'p mut [Slot],
}

impl Pull<'_> {
    fn record(&mut self, value: &Value) {
        for at in &self.active {
            let slot = self.wanted.node(at.node).and_then(|node| node.slot);
            if let Some(slot) = slot.and_then(|slot| self.out.get_mut(slot as usize)) {
                if at.listed { slot.push(value.clone()) } else { slot.set(value.clone()) }
            }
        }
    }

    fn wants_value(&self) -> bool {
        self.active.iter().any(|at| self.wanted.node(at.node).is_some_and(|n| n.slot.is_some()))
    }

    /// Nodes for one element of a list, and the slots below those of them that no list was above before.
    fn element(&self, index: usize) -> (Active, SmallVec<[u32; 8]>) {
        let mut digits = [0_u8; 20];
        let index = decimal_text(index, &mut digits);
        let (mut next, mut below) = (Active::new(), SmallVec::new());
        for at in &self.active {
            let Some(node) = self.wanted.node(at.node) else { continue };
            let here = node.children.iter().filter(|_| !at.implied);
            // A path that picks one element by number has one value, not a list.
            let picked = here.clone().filter(|(name, _)| &**name == index);
            next.extend(picked.map(|(_, child)| At { node: *child, implied: false, ..*at }));
            let each = here.filter(|(name, _)| &**name == "*");
            let each = each.map(|(_, child)| At { node: *child, listed: true, implied: false });
            // `items.sku` without a star goes through the elements too.
            let named = || node.children.iter().filter(|(name, _)| !is_index(name));
            let implied =
                (node.slot.is_some() || named().next().is_some()).then_some(At { listed: true, implied: true, ..*at });
            let slots = |node: u32| self.wanted.node(node).into_iter().flat_map(|node| node.below.iter().copied());
            for each in each {
                next.push(each);
                below.extend(slots(each.node).filter(|_| !at.listed));
            }
            if let Some(implied) = implied {
                next.push(implied);
                let named = named().flat_map(|(_, child)| slots(*child)).chain(node.slot);
                below.extend(named.filter(|_| !at.listed));
            }
        }
        (next, below)
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
            map.next_value_seed(Pull { wanted: self.wanted, active: next, out: self.out })?;
        }
        if wants {
            self.record(&Value::List(keys));
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let whole = self.active.iter().filter(|at| !at.listed).filter_map(|at| self.wanted.node(at.node));
        for slot in whole.filter_map(|node| node.slot) {
            if let Some(slot) = self.out.get_mut(slot as usize) {
                slot.set(Value::List(Vec::new()));
            }
        }
        let mut index = 0;
        loop {
            let (active, below) = self.element(index);
            let seed = Pull { wanted: self.wanted, active, out: self.out };
            if items.next_element_seed(seed)?.is_none() {
                return Ok(());
            }
            index += 1;
            for slot in below {
                if let Some(slot) = self.out.get_mut(slot as usize) {
                    slot.pad(index);
                }
            }
        }
    }
}

/// Matches an object's key against the children of the active nodes without allocating.
struct Key<'p> {
    wanted: &'p Wanted,
    active: &'p [At],
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
        let child = |at: &At| Some(At { node: self.wanted.child(at.node as usize, key)? as u32, ..*at });
        let next = self.active.iter().filter_map(child).collect();
        Ok((next, self.keep.then(|| key.into())))
    }
}
