//! Identity of a finding: what it means across runs, and which one it is within one.

use sha2::{Digest, Sha256};

use crate::event::{EventId, ObjectId};

/// What a finding means, without times, files or object ids: two cases of one weakness mean the same, and so do two
/// sources of one case. What only some sources show of an actor is no part of it, unless the rule is about just that.
#[derive(Clone, Copy, Debug)]
pub struct Meaning<'a> {
    /// Rule id.
    pub rule: &'a str,
    /// Type of the object; empty where a constraint says it.
    pub object_type: &'a str,
    /// Constraint id, else the state that the step left (`?` when several were possible).
    pub edge: &'a str,
    /// Activity, else operation.
    pub activity: &'a str,
    /// What the actor is, in any order, where the rule is about that; else nothing.
    pub class: &'a [&'a str],
    /// Id of the model; empty without one.
    pub model: &'a str,
}

impl Meaning<'_> {
    /// 32 hex digits.
    pub fn fingerprint(&self) -> String {
        let mut class = self.class.to_vec();
        class.sort_unstable();
        class.dedup();
        let mut hash = Sha256::new();
        for part in [self.rule, self.object_type, self.edge, self.activity, self.model].into_iter().chain(class) {
            add(&mut hash, part.as_bytes());
        }
        hex(&hash.finalize(), 32)
    }
}

/// `F` and 12 hex digits: the meaning, the events that show it and the object, in any order of events.
pub fn identity(fingerprint: &str, events: &[EventId], object: Option<&ObjectId>) -> String {
    let mut events: Vec<u64> = events.iter().map(|event| event.0).collect();
    events.sort_unstable();
    events.dedup();
    let mut hash = Sha256::new();
    add(&mut hash, fingerprint.as_bytes());
    if let Some(object) = object {
        add(&mut hash, object.object_type.as_bytes());
        add(&mut hash, object.key.as_bytes());
    }
    for event in events {
        hash.update(event.to_be_bytes());
    }
    format!("F{}", hex(&hash.finalize(), 12))
}

/// Length first, so that no two lists of parts give the same bytes.
fn add(hash: &mut Sha256, part: &[u8]) {
    hash.update((part.len() as u64).to_be_bytes());
    hash.update(part);
}

fn hex(bytes: &[u8], digits: usize) -> String {
    let mut text: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    text.truncate(digits);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meaning<'a>(object_type: &'a str, edge: &'a str, class: &'a [&'a str]) -> Meaning<'a> {
        Meaning { rule: "SEQ-SKIP", object_type, edge, activity: "ship", class, model: "shop" }
    }

    #[test]
    fn a_class_counts_as_a_set() {
        assert_eq!(
            meaning("order", "new", &["a", "b"]).fingerprint(),
            meaning("order", "new", &["b", "a", "b"]).fingerprint()
        );
        assert_ne!(meaning("order", "new", &["a"]).fingerprint(), meaning("order", "new", &[]).fingerprint());
    }

    #[test]
    fn text_cannot_move_from_one_part_to_the_next() {
        assert_ne!(meaning("ab", "c", &[]).fingerprint(), meaning("a", "bc", &[]).fingerprint());
        assert_ne!(meaning("", "abc", &[]).fingerprint(), meaning("abc", "", &[]).fingerprint());
    }

    #[test]
    fn identity_depends_on_the_events_and_the_object_but_not_on_their_order() {
        let order = |key: &str| ObjectId { object_type: "order".into(), key: key.into() };
        let id = identity("f", &[EventId(1), EventId(2)], Some(&order("a")));
        assert_eq!(id, identity("f", &[EventId(2), EventId(1), EventId(2)], Some(&order("a"))));
        assert_ne!(id, identity("f", &[EventId(1)], Some(&order("a"))));
        assert_ne!(id, identity("f", &[EventId(1), EventId(2)], Some(&order("b"))));
        assert!(id.len() == 13 && id.starts_with('F'));
    }

    #[test]
    fn the_hash_is_stable_over_releases() {
        // Suppression files hold these: a change here breaks every one of them.
        assert_eq!(meaning("order", "new", &[]).fingerprint(), "343188db0978d2a0bfa69bbb24bdfa8b");
    }
}
