//! Software that acts by a token of a person's which names no software.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Check, Stray, Sum, Tallies, add, counted};
use crate::event::{Event, Evidence, Outcome};

/// Confidence at most: most software is given a person's token today, and says itself what it is.
const USUAL: (f32, &str) = (0.4, "software says itself what it is, and most is given a person's token today");

/// Writes by such software: by the person and the software.
#[derive(Clone, Debug, Default)]
pub(super) struct Writes(BTreeMap<(Arc<str>, Arc<str>), Sum>);

impl Writes {
    pub(super) fn note(&mut self, event: &Event, tallies: &mut Tallies) {
        let (actor, check) = (&event.actor, Check::AgentUnnamed);
        let Some(seen) = actor.seen_agent.as_ref().filter(|_| !event.read && event.outcome == Outcome::Accepted) else {
            return;
        };
        let told = actor.evidence >= Evidence::Claims && !actor.is_disputed();
        match (seen.named.filter(|_| told), &actor.principal) {
            (Some(false), Some(principal)) => {
                add(&mut self.0, (Arc::clone(principal), Arc::clone(&seen.name)), Sum::of(event));
            }
            (Some(true), _) => tallies.count(check, event.source, Some(false)),
            _ => tallies.count(check, event.source, None),
        }
    }

    pub(super) fn merge(&mut self, other: Writes) {
        other.0.into_iter().for_each(|(key, sum)| add(&mut self.0, key, sum));
    }

    pub(super) fn found(self, tallies: &mut Tallies) -> Vec<Stray> {
        let found = self.0.into_iter().map(|((_, software), sum)| {
            sum.count(Check::AgentUnnamed, tallies);
            let observed = vec![software, counted(sum.count, "write").into()];
            let stray = sum.stray(Check::AgentUnnamed, "a token that names the software", observed);
            Stray { doubt: Some(USUAL), ..stray }
        });
        found.collect()
    }
}
