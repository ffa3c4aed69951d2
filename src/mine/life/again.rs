//! Which steps of a life only repeat an earlier one for safety, asked of all earlier ones at once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::event::Event;

/// The steps of a life so far, by what one that retries them has as they have it.
#[derive(Default)]
pub(super) struct Sent<'e>(BTreeMap<Mark<'e>, BTreeSet<Option<&'e Arc<str>>>>);

/// Idempotency key, body, activity and operation.
type Mark<'e> = (u64, u64, Option<&'e Arc<str>>, Option<&'e Arc<str>>);

impl<'e> Sent<'e> {
    /// Adds an accepted step unless it is an earlier one once more; whether it is new.
    pub(super) fn add(&mut self, event: &'e Event) -> bool {
        // Without both of them nothing says that a step is a retry.
        let Some((key, body)) = event.idempotency.zip(event.body_hash) else { return true };
        let mark = (key, body, event.activity.as_ref(), event.operation.as_ref());
        let senders = self.0.entry(mark).or_default();
        let sender = event.actor.principal.as_ref();
        // Whom nobody knows may be anybody.
        let known = if sender.is_none() { !senders.is_empty() } else { senders.contains(&None) };
        !known && senders.insert(sender)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::compare::builder::event;
    use crate::compare::is_retry;

    /// Activity, person, key, body, and whether the operation is not known.
    type Raw = (usize, usize, Option<u64>, Option<u64>, bool);

    fn raw() -> impl Strategy<Value = Raw> {
        let some = || prop::option::weighted(0.8, 0..2_u64);
        (0..2_usize, 0..3_usize, some(), some(), any::<bool>())
    }

    proptest! {
        #[test]
        fn says_what_comparing_each_says(raw in prop::collection::vec(raw(), 0..24)) {
            let one = |(id, (activity, sender, key, body, other)): (u64, &Raw)| {
                let made = event(id, 1, ["pay", "ship"][*activity]).with(|e| {
                    (e.idempotency, e.body_hash) = (*key, *body);
                    e.actor.principal = [None, Some("ann".into()), Some("bob".into())][*sender].clone();
                    e.operation = e.operation.take().filter(|_| !other);
                });
                made.done()
            };
            let events: Vec<Event> = (0..).zip(&raw).map(one).collect();
            let (mut sent, mut steps) = (Sent::default(), Vec::<&Event>::new());
            for event in &events {
                let again = steps.iter().any(|first| is_retry(first, event, None) == Some(true));
                prop_assert_eq!(sent.add(event), !again);
                if !again {
                    steps.push(event);
                }
            }
        }
    }
}
