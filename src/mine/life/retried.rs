//! Which steps of a life only repeat an earlier one for safety, asked of those with the same key and body.

use std::collections::BTreeSet;
use std::sync::Arc;

use hashbrown::HashMap;

use crate::event::Event;

/// What a retry has in common with the step that it retries: key, body, activity and operation.
type Content<'e> = (u64, u64, Option<&'e Arc<str>>, Option<&'e Arc<str>>);

/// Steps of one life that a later one may retry, with who took them.
#[derive(Debug, Default)]
pub(super) struct Retried<'e>(HashMap<Content<'e>, BTreeSet<Option<&'e Arc<str>>>>);

impl<'e> Retried<'e> {
    /// Adds a step that was accepted.
    pub(super) fn add(&mut self, event: &'e Event) {
        if let Some(content) = content(event) {
            self.0.entry(content).or_default().insert(event.actor.principal.as_ref());
        }
    }

    /// Whether a step surely retries one of those: [`crate::compare::is_retry`] of some of them.
    pub(super) fn is_retry(&self, event: &'e Event) -> bool {
        let Some(actors) = content(event).and_then(|content| self.0.get(&content)) else { return false };
        let actor = event.actor.principal.as_ref();
        // Somebody who is not known may be anybody.
        actor.is_none() || actors.contains(&None) || actors.contains(&actor)
    }
}

fn content(event: &Event) -> Option<Content<'_>> {
    Some((event.idempotency?, event.body_hash?, event.activity.as_ref(), event.operation.as_ref()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::compare::is_retry;
    use crate::event::{Outcome, sample};

    proptest! {
        #[test]
        fn the_index_finds_what_comparing_each_finds(
            raw in prop::collection::vec((prop::option::of(0..3_u64), prop::option::of(0..2_u64), 0..2_u8, prop::option::of(0..2_u8)), 1..24),
        ) {
            let events: Vec<Event> = (0..).zip(raw).map(|(n, (key, body, activity, actor))| {
                let mut event = sample::rich_event(n);
                (event.idempotency, event.body_hash, event.outcome) = (key, body, Outcome::Accepted);
                event.activity = Some(format!("a{activity}").into());
                event.operation = Some("POST /pay".into());
                event.actor.principal = actor.map(|actor| format!("u{actor}").into());
                event
            }).collect();
            let mut retried = Retried::default();
            let mut steps: Vec<&Event> = Vec::new();
            for event in &events {
                let by_each = steps.iter().any(|first| is_retry(first, event, None) == Some(true));
                prop_assert_eq!(retried.is_retry(event), by_each);
                if !by_each {
                    retried.add(event);
                    steps.push(event);
                }
            }
        }
    }

    #[test]
    fn a_step_is_compared_with_those_of_its_content_alone() {
        let mut event = sample::rich_event(1);
        event.activity = Some("poll".into());
        let events: Vec<Event> = (0..1_000_u64)
            .map(|n| {
                let mut event = event.clone();
                (event.idempotency, event.body_hash) = ((n % 2 == 0).then_some(n), Some(n));
                event
            })
            .collect();
        let mut retried = Retried::default();
        events.iter().for_each(|event| retried.add(event));
        assert_eq!(retried.0.len(), 500, "steps without a key are never compared");
        assert!(retried.0.values().all(|actors| actors.len() == 1));
    }
}
