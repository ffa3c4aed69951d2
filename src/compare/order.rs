//! What is known of the order of events: intervals, clock ticks and the skew between sensors.

use crate::event::{Event, Outcome};
use crate::model::CheckOptions;

/// How surely two events are ordered.
#[derive(Clone, Copy, Debug)]
pub(super) struct Precedence {
    skew: i64,
    ties_commute: bool,
}

impl Precedence {
    /// From the model's options.
    pub(super) fn new(check: &CheckOptions) -> Self {
        Precedence { skew: check.clock_skew.max(0), ties_commute: check.ties_commute }
    }

    /// Last instant that the event may have lasted to.
    fn reach(self, event: &Event) -> i64 {
        let tick = if self.ties_commute { event.tick.max(1) - 1 } else { 0 };
        event.end.max(event.time).saturating_add(tick)
    }

    /// Latest start of an event that is not surely after this one, whichever sensor saw it.
    pub(super) fn latest_start(self, event: &Event) -> i64 {
        self.reach(event).saturating_add(self.skew)
    }

    /// Whether `a` surely ended before `b` began.
    pub(super) fn before(self, a: &Event, b: &Event) -> bool {
        let gap = if a.sensor == b.sensor { 0 } else { self.skew };
        let reach = self.reach(a);
        if reach.saturating_add(gap) < b.time {
            return true;
        }
        // Without ties, events of one clock that only touch are taken in the order given.
        !self.ties_commute && gap == 0 && reach <= b.time && a.order_key() < b.order_key()
    }

    /// Whether nothing is known of their order.
    pub(super) fn unordered(self, a: &Event, b: &Event) -> bool {
        !self.before(a, b) && !self.before(b, a)
    }

    /// Whether both were surely in flight at one instant: measured intervals of one clock that overlap.
    pub(super) fn overlap(a: &Event, b: &Event) -> bool {
        a.sensor == b.sensor && a.end > a.time && b.end > b.time && a.time < b.end && b.time < a.end && {
            // An interval shorter than a tick proves nothing.
            let tick = a.tick.max(b.tick).max(1);
            tick == 1 || (a.end.min(b.end) - a.time.max(b.time)) >= tick
        }
    }

    /// Cuts sorted events into runs such that all of one run surely precede all of the next.
    pub(super) fn clusters(self, events: &[&Event]) -> Vec<std::ops::Range<usize>> {
        let several = events.windows(2).any(|w| matches!(w, [a, b] if a.sensor != b.sensor));
        let gap = if several { self.skew } else { 0 };
        let mut runs = Vec::new();
        let mut start = 0;
        let mut reach = i64::MIN;
        for (index, event) in events.iter().enumerate() {
            let touches = if self.ties_commute {
                event.time <= reach
            } else {
                event.time < reach || gap > 0 && event.time <= reach
            };
            if index > start && !touches {
                runs.push(start..index);
                start = index;
                reach = i64::MIN;
            }
            reach = reach.max(self.reach(event).saturating_add(gap));
        }
        if start < events.len() {
            runs.push(start..events.len());
        }
        runs
    }
}

/// Whether a later event only repeats an earlier one for safety: same actor, step, idempotency key and body.
/// `None` when the source does not show enough to tell; `keyed` says that the step is known to carry such a key.
pub fn is_retry(first: &Event, again: &Event, keyed: bool) -> Option<bool> {
    let same_place = first.activity == again.activity && first.operation == again.operation;
    let same_actor = match (&first.actor.principal, &again.actor.principal) {
        (Some(a), Some(b)) => a == b,
        _ => true,
    };
    if !same_place || !same_actor || first.outcome == Outcome::Rejected {
        return Some(false);
    }
    match (first.idempotency, again.idempotency) {
        (Some(a), Some(b)) if a == b => match (first.body_hash, again.body_hash) {
            (Some(x), Some(y)) => Some(x == y),
            _ => None,
        },
        (None, None) if keyed && !first.shows.headers && !again.shows.headers => None,
        _ => Some(false),
    }
}
