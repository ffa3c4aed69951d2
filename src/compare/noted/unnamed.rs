//! Software that acts by a token of a person's which names no software.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Check, Stray, Sum, Tallies, counted};
use crate::event::{Event, Evidence, Outcome};

/// Confidence at most: most software is given a person's token today, and says itself what it is.
const USUAL: (f32, &str) = (0.4, "software says itself what it is, and most is given a person's token today");

/// Most names of software that are told of one person's token: who writes may call itself by a new one each time.
const MOST: usize = 4;

/// Writes by such software, by the person; with the first few of its names.
#[derive(Clone, Debug, Default)]
pub(super) struct Writes(BTreeMap<Arc<str>, (BTreeSet<Arc<str>>, Sum)>);

impl Writes {
    pub(super) fn note(&mut self, event: &Event, tallies: &mut Tallies) {
        let (actor, check) = (&event.actor, Check::AgentUnnamed);
        let Some(seen) = actor.seen_agent.as_ref().filter(|_| !event.read && event.outcome == Outcome::Accepted) else {
            return;
        };
        let told = actor.evidence >= Evidence::Claims && !actor.is_disputed();
        match (seen.named.filter(|_| told), &actor.principal) {
            (Some(false), Some(principal)) => {
                self.add(Arc::clone(principal), BTreeSet::from([Arc::clone(&seen.name)]), Sum::of(event));
            }
            (Some(true), _) => tallies.count(check, event.source, Some(false)),
            _ => tallies.count(check, event.source, None),
        }
    }

    pub(super) fn merge(&mut self, other: Writes) {
        other.0.into_iter().for_each(|(principal, (names, sum))| self.add(principal, names, sum));
    }

    fn add(&mut self, principal: Arc<str>, names: BTreeSet<Arc<str>>, sum: Sum) {
        let Some((known, all)) = self.0.get_mut(&principal) else {
            self.0.insert(principal, (names, sum));
            return;
        };
        all.add(sum);
        known.extend(names);
        // The least stay, in whatever order they come.
        while known.len() > MOST {
            known.pop_last();
        }
    }

    pub(super) fn found(self, tallies: &mut Tallies) -> Vec<Stray> {
        let found = self.0.into_values().map(|(names, sum)| {
            sum.count(Check::AgentUnnamed, tallies);
            let observed = names.into_iter().chain([counted(sum.count, "write").into()]).collect();
            let stray = sum.stray(Check::AgentUnnamed, "a token that names the software", observed);
            Stray { doubt: Some(USUAL), ..stray }
        });
        found.collect()
    }
}
