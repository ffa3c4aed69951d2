//! Evidence for a draft: which operations were seen, what they are about, and where keys and states were.
//!
//! Folded over events read without a model. Sums of parts are the sum of the whole, whatever the split.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::event::{Event, Outcome};

/// Forms of keys kept for each object type.
const PREFIXES: usize = 8;

/// Where one object of an event was found: the path to its key in a body, and to the state that the response declares.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Traced {
    /// E.g. `res.order.id`; `None` where the request's path or `Location` holds the key.
    pub key: Option<Arc<str>>,
    /// E.g. `res.order.status`.
    pub state: Option<Arc<str>>,
}

/// What a draft rests on; merging in any order gives the same.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Evidence {
    /// By method and path template.
    pub(super) operations: BTreeMap<Arc<str>, OperationEvidence>,
    /// By object type.
    pub(super) types: BTreeMap<Arc<str>, TypeEvidence>,
}

/// One operation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct OperationEvidence {
    /// Calls.
    pub(super) calls: u64,
    /// Of these, accepted.
    pub(super) accepted: u64,
    /// Accepted calls by the type of the object that they are about.
    pub(super) subjects: BTreeMap<Arc<str>, Subject>,
}

/// The object that calls of an operation are about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Subject {
    pub(super) calls: u64,
    /// Of these, calls in which the key is only unique under another object.
    pub(super) scoped: u64,
    /// Places of the key.
    pub(super) keys: BTreeMap<Option<Arc<str>>, u64>,
    /// Other objects of the same calls: type and place of their keys.
    pub(super) others: BTreeMap<(Arc<str>, Option<Arc<str>>), u64>,
}

/// One object type.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct TypeEvidence {
    /// Places where responses declare a state.
    pub(super) states: BTreeMap<Arc<str>, u64>,
    /// Words that keys begin with (`ord` of `ord_17`), the least few of them.
    pub(super) prefixes: BTreeSet<Arc<str>>,
}

impl Evidence {
    /// Adds one event; `traced` belongs to its objects, in their order.
    pub fn add(&mut self, event: &Event, traced: impl IntoIterator<Item = Traced>) {
        let Some(operation) = &event.operation else { return };
        let entry = self.operations.entry(Arc::clone(operation)).or_default();
        entry.calls += 1;
        if event.outcome != Outcome::Accepted {
            return;
        }
        entry.accepted += 1;
        let mut subject: Option<&mut Subject> = None;
        for (object, traced) in event.objects.iter().zip(traced) {
            let object_type = &object.id.object_type;
            let seen = self.types.entry(Arc::clone(object_type)).or_default();
            if let Some(state) = traced.state {
                *seen.states.entry(state).or_default() += 1;
            }
            seen.add_prefix(&object.id.key);
            match &mut subject {
                None if is_subject(&object.qualifier, traced.key.as_deref()) => {
                    let found = entry.subjects.entry(Arc::clone(object_type)).or_default();
                    found.calls += 1;
                    found.scoped += u64::from(object.id.key.contains('/'));
                    *found.keys.entry(traced.key).or_default() += 1;
                    subject = Some(found);
                }
                None => {}
                Some(found) => *found.others.entry((Arc::clone(object_type), traced.key)).or_default() += 1,
            }
        }
    }

    /// Forgets the operations of which the predicate says no.
    pub fn retain(&mut self, mut wanted: impl FnMut(&str) -> bool) {
        self.operations.retain(|name, _| wanted(name));
    }

    /// Adds another part's sums.
    pub fn merge(&mut self, other: Evidence) {
        for (name, more) in other.operations {
            self.operations.entry(name).or_default().merge(more);
        }
        for (name, more) in other.types {
            let seen = self.types.entry(name).or_default();
            add(&mut seen.states, more.states);
            seen.prefixes.extend(more.prefixes);
            seen.trim();
        }
    }
}

/// What a request names is what it is about; what only the answer mentions is not.
fn is_subject(qualifier: &str, key: Option<&str>) -> bool {
    qualifier == "target" || qualifier == "mentioned" && key.is_some_and(|place| place.starts_with("req."))
}

impl OperationEvidence {
    pub(super) fn merge(&mut self, other: OperationEvidence) {
        self.calls += other.calls;
        self.accepted += other.accepted;
        for (object_type, more) in other.subjects {
            let subject = self.subjects.entry(object_type).or_default();
            subject.calls += more.calls;
            subject.scoped += more.scoped;
            add(&mut subject.keys, more.keys);
            add(&mut subject.others, more.others);
        }
    }
}

impl TypeEvidence {
    fn add_prefix(&mut self, key: &str) {
        let Some((word, rest)) = key.split_once(['_', '-']) else { return };
        if !word.is_empty()
            && word.len() <= 12
            && !rest.is_empty()
            && word.bytes().all(|b| b.is_ascii_alphabetic())
            && !self.prefixes.contains(word)
        {
            self.prefixes.insert(word.into());
            self.trim();
        }
    }

    /// The least few of a union do not depend on how it was made.
    fn trim(&mut self) {
        while self.prefixes.len() > PREFIXES {
            self.prefixes.pop_last();
        }
    }
}

/// Adds sums key by key.
pub(super) fn add<K: Ord>(sums: &mut BTreeMap<K, u64>, more: BTreeMap<K, u64>) {
    for (key, count) in more {
        *sums.entry(key).or_default() += count;
    }
}
