//! What folds tell: deviations to be, and how often each check was decided.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::moment::Moment;
use crate::compare::Stray;
use crate::compare::deviation::{Check, Tally};
use crate::compare::threshold::Thresholds;
use crate::event::EventId;
use crate::event::least::add_least;

/// Most events of a finding: who has to look at it needs no more.
const MOST_EVENTS: usize = 8;

/// Refused attempts of one check that are kept.
const MOST_HELD: usize = 256;

/// What folds tell.
#[derive(Clone, Debug, Default)]
pub struct Told {
    /// Deviations to be, without their events.
    pub strays: Vec<Stray>,
    /// Decisions by check and number of the source's format.
    pub counts: BTreeMap<(Check, u8), Tally>,
    /// Attempts that were refused, and would have been told of: the least few events of each check.
    pub held: BTreeMap<Check, BTreeSet<EventId>>,
    /// The numbers on which folds decide.
    pub limits: Thresholds,
}

impl Told {
    /// Nothing told yet, by these numbers.
    pub fn by(limits: Thresholds) -> Told {
        Told { limits, ..Told::default() }
    }

    /// Counts one decision: `Some(true)` violated, `Some(false)` fine, `None` not evaluable.
    pub fn count(&mut self, check: Check, source: u8, violated: Option<bool>) {
        let tally = self.counts.entry((check, source)).or_default();
        match violated {
            Some(violated) => {
                tally.evaluated += 1;
                tally.violated += u64::from(violated);
            }
            None => tally.not_evaluable += 1,
        }
    }

    /// Tells of a course what shows in some of its moments, the last of which is the one that decides.
    pub(super) fn tell(&mut self, check: Check, moments: &[&Moment], said: Said) {
        let Some(at) = moments.last() else { return };
        self.count(check, at.source, Some(true));
        let mut events: Vec<EventId> = moments.iter().map(|moment| moment.event).collect();
        events.dedup();
        let skip = events.len().saturating_sub(MOST_EVENTS);
        // The first and the last say most.
        events.drain(events.len().min(MOST_EVENTS / 2)..events.len().min(MOST_EVENTS / 2) + skip);
        self.push(Stray {
            check,
            at: at.event,
            events,
            expected: vec![said.expected],
            observed: vec![said.observed],
            doubt: Some(said.doubt),
        });
    }

    /// Notes an attempt that was refused.
    pub(super) fn hold(&mut self, check: Check, at: &Moment) {
        add_least(self.held.entry(check).or_default(), [at.event], MOST_HELD);
    }

    /// Counts and tells what was found.
    pub(in crate::compare) fn stray(&mut self, stray: Stray, source: u8) {
        self.count(stray.check, source, Some(true));
        self.push(stray);
    }

    /// Tells what was found; what a user set for its rule stands beside what was expected.
    pub(super) fn push(&mut self, mut stray: Stray) {
        if let (Some(set), Some(expected)) = (self.limits.told(stray.check), stray.expected.first_mut()) {
            *expected = format!("{expected} (configured: {set})").into();
        }
        self.strays.push(stray);
    }

    /// Adds what other folds tell.
    pub fn add(&mut self, other: Told) {
        for (check, held) in other.held {
            add_least(self.held.entry(check).or_default(), held, MOST_HELD);
        }
        self.strays.extend(other.strays);
        for (key, tally) in other.counts {
            let sum = self.counts.entry(key).or_default();
            sum.evaluated += tally.evaluated;
            sum.violated += tally.violated;
            sum.not_evaluable += tally.not_evaluable;
        }
    }
}

/// What is said of a deviation.
pub(super) struct Said {
    /// What was to be expected.
    pub(super) expected: Arc<str>,
    /// What was seen instead.
    pub(super) observed: Arc<str>,
    /// Confidence at most, and why.
    pub(super) doubt: (f32, &'static str),
}

impl Said {
    pub(super) fn new(
        expected: impl Into<Arc<str>>,
        observed: impl Into<Arc<str>>,
        at_most: f32,
        because: &'static str,
    ) -> Said {
        Said { expected: expected.into(), observed: observed.into(), doubt: (at_most, because) }
    }
}
