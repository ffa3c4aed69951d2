//! What was found at the wanted paths.

use super::Wanted;
use crate::event::Value;
use crate::model::expression::Bound;

/// Most elements of a list that are kept.
const MOST_ITEMS: usize = 10_000;

/// What was found at one path.
#[derive(Clone, Default)]
pub(super) struct Slot {
    value: Option<Value>,
    /// An earlier, different value of a repeated key. The last one counts, as in most servers.
    shadowed: Option<Value>,
}

impl Slot {
    pub(super) fn set(&mut self, value: Value) {
        if let Some(before) = self.value.take()
            && before != value
        {
            self.shadowed.get_or_insert(before);
        }
        self.value = Some(value);
    }

    pub(super) fn push(&mut self, value: Value) {
        match &mut self.value {
            Some(Value::List(items)) if items.len() < MOST_ITEMS => items.push(value),
            Some(Value::List(_)) => {}
            _ => self.value = Some(Value::List(vec![value])),
        }
    }

    pub(super) fn pad(&mut self, length: usize) {
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
pub(in crate::correlate) struct Pulled {
    pub(super) slots: Vec<Slot>,
    /// The whole body was read: what is not in it is absent, not unknown.
    pub(super) complete: bool,
}

impl Pulled {
    /// A body of which nothing is known.
    pub(in crate::correlate) fn unknown() -> Pulled {
        Pulled { slots: Vec::new(), complete: false }
    }

    /// Value at a wanted path. Paths that nobody wanted are unknown.
    pub(in crate::correlate) fn get<S: AsRef<str>>(&self, wanted: &Wanted, fields: &[S]) -> Bound {
        let Some(slot) = wanted.slot(fields) else { return Bound::Unknown };
        match self.slots.get(slot as usize).and_then(|s| s.value.clone()) {
            Some(value) => Bound::Exactly(value),
            None if self.complete => Bound::Exactly(Value::Null),
            None => Bound::Unknown,
        }
    }

    /// The value that a repeated key hid.
    pub(in crate::correlate) fn shadowed<S: AsRef<str>>(&self, wanted: &Wanted, fields: &[S]) -> Option<&Value> {
        wanted.slot(fields).and_then(|slot| self.slots.get(slot as usize)).and_then(|s| s.shadowed.as_ref())
    }
}
