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
    pub(super) fn reach(self, event: &Event) -> i64 {
        let tick = if self.ties_commute { event.tick.max(1) - 1 } else { 0 };
        event.end.max(event.time).saturating_add(tick)
    }

    /// Latest start of an event that is not surely after this one, whichever sensor saw it.
    pub(super) fn latest_start(self, event: &Event) -> i64 {
        self.reach(event).saturating_add(self.skew)
    }

    /// Whether `a` surely ended before `b` began.
    pub(super) fn before(self, a: &Event, b: &Event) -> bool {
        if let Some((a, b)) = turns(a, b) {
            return a < b;
        }
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
        // What has its turn waits for what comes before.
        let in_turn = turns(a, b).is_some_and(|(a, b)| a != b);
        !in_turn && a.sensor == b.sensor && a.end > a.time && b.end > b.time && a.time < b.end && b.time < a.end && {
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

/// The turns of two events that one request had done one after the other.
fn turns(a: &Event, b: &Event) -> Option<(u32, u32)> {
    let (a, b) = (a.turn?, b.turn?);
    (a.request == b.request).then_some((a.number, b.number))
}

/// Whether a later event only repeats an earlier one for safety: same actor, step, idempotency key and body.
/// `None` when the source does not show enough to tell.
///
/// `keyed` is for steps that are known to carry such a key, and says how long after the first (in microseconds) a retry
/// may come: where the source hides the key, an earlier one within that time may be what is retried.
pub fn is_retry(first: &Event, again: &Event, keyed: Option<i64>) -> Option<bool> {
    let same_place = first.activity == again.activity && first.operation == again.operation;
    let same_actor = match (&first.actor.principal, &again.actor.principal) {
        (Some(a), Some(b)) => a == b,
        _ => true,
    };
    if !same_place || !same_actor || first.outcome == Outcome::Rejected {
        return Some(false);
    }
    match (first.idempotency, again.idempotency) {
        // The server itself says that it did nothing again.
        (Some(a), Some(b)) if a == b && again.answer.replayed => Some(true),
        (Some(a), Some(b)) if a == b => match (first.body_hash, again.body_hash) {
            (Some(x), Some(y)) => Some(x == y),
            _ => None,
        },
        (a, b) => match keyed {
            Some(within) if (a.is_some() || !first.shows.headers) && (b.is_some() || !again.shows.headers) => {
                (a.is_some() && b.is_some() || is_another(first, again, within)).then_some(false)
            }
            _ => Some(false),
        },
    }
}

/// Whether what is seen of two steps proves that the later one retries nothing, although no key tells: it comes too
/// late, asks for something else, or is answered with another effect than the first's.
fn is_another(first: &Event, again: &Event, within: i64) -> bool {
    let late = again.time.saturating_sub(first.end.max(first.time)) > within;
    let other_body = first.body_hash.zip(again.body_hash).is_some_and(|(a, b)| a != b);
    let other_value = first.attributes.iter().any(|(name, value)| again.attribute(name).is_some_and(|v| v != value));
    // A server that answers from its record gives the first answer, or a plain 200 for what it created before.
    let other_answer = first.status.zip(again.status).is_some_and(|(a, b)| a != b && b != 200);
    let whole = first.shows.response_body && again.shows.response_body;
    let other_objects = whole && first.objects.iter().map(|o| &o.id).ne(again.objects.iter().map(|o| &o.id));
    late || other_body || other_value || other_answer || other_objects
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::compare::builder::{SECOND, eur, event};
    use crate::event::{EventId, Turn};

    const MINUTE: i64 = 60 * SECOND;

    /// A payment in a log that shows neither headers nor bodies.
    fn logged(second: i64) -> crate::compare::builder::EventBuilder {
        event(1, second, "pay").on("order:1").with(|e| e.shows = crate::event::Shows::default())
    }

    #[test]
    fn without_its_key_a_repeat_soon_after_may_be_a_retry() {
        let retry = |again: Event| is_retry(&logged(0).done(), &again, Some(MINUTE));
        assert_eq!(retry(logged(5).done()), None);
        assert_eq!(retry(logged(61).done()), Some(false), "too late");
        assert_eq!(retry(logged(5).by("bob", &[]).done()), Some(false), "another person");
        assert_eq!(retry(logged(5).with(|e| e.actor.principal = None).done()), None);
        assert_eq!(is_retry(&logged(0).done(), &logged(5).done(), None), Some(false), "a step without a key");
    }

    #[test]
    fn what_a_hidden_key_leaves_open_the_rest_of_the_exchange_may_decide() {
        let first = || logged(0).attribute("amount", eur(5)).with(|e| (e.status, e.body_hash) = (Some(201), Some(1)));
        let retry =
            |again: crate::compare::builder::EventBuilder| is_retry(&first().done(), &again.done(), Some(MINUTE));
        assert_eq!(retry(first()), None);
        assert_eq!(retry(first().with(|e| e.status = Some(200))), None, "answered from the record");
        assert_eq!(retry(first().with(|e| e.status = Some(202))), Some(false));
        assert_eq!(retry(first().with(|e| e.body_hash = Some(2))), Some(false));
        assert_eq!(retry(logged(0).attribute("amount", eur(6)).with(|e| e.status = Some(201))), Some(false));
    }

    #[test]
    fn a_key_that_one_source_shows_and_another_hides_decides_nothing() {
        let shown = logged(0).keyed(7, 1).with(|e| e.shows.headers = true).done();
        assert_eq!(is_retry(&shown, &logged(5).done(), Some(MINUTE)), None);
        let without = logged(5).with(|e| e.shows.headers = true).done();
        assert_eq!(is_retry(&shown, &without, Some(MINUTE)), Some(false), "it carries no key");
    }

    proptest! {
        /// Fields of a mutation are ordered by their turns, other events by their times; together that is an order.
        #[test]
        fn turns_and_times_make_one_order(
            requests in prop::collection::vec((0..30_i64, 0..9_i64, 0..4_u32, 0..2_usize), 1..6),
            skew in 0..5_i64, ties_commute: bool,
        ) {
            let precedence = Precedence { skew, ties_commute };
            let mut events = Vec::new();
            for (place, (time, took, fields, sensor)) in requests.iter().enumerate() {
                // Ids of one request are one behind the other; those of another are not between them.
                let first = EventId(place as u64 * 100);
                for number in 0..fields.max(&1).to_owned() {
                    let made = event(first.0 + u64::from(number), 0, "pay").with(|e| {
                        (e.time, e.end, e.sensor) = (*time, time + took, ["a", "b"][*sensor].into());
                        e.turn = (*fields > 0).then_some(Turn { request: first, number });
                    });
                    events.push(made.done());
                }
            }
            for a in &events {
                prop_assert!(!precedence.before(a, a));
                for b in &events {
                    prop_assert!(!(precedence.before(a, b) && precedence.before(b, a)));
                    if let (Some(x), Some(y)) = (a.turn, b.turn) && x.request == y.request {
                        prop_assert_eq!(precedence.before(a, b), x.number < y.number);
                        prop_assert!(x.number == y.number || !Precedence::overlap(a, b));
                    } else if a.id != b.id {
                        let timed = |e: &Event| Event { turn: None, ..e.clone() };
                        prop_assert_eq!(precedence.before(a, b), precedence.before(&timed(a), &timed(b)));
                    }
                    for c in &events {
                        let chain = precedence.before(a, b) && precedence.before(b, c);
                        prop_assert!(!chain || precedence.before(a, c));
                    }
                }
            }
        }
    }
}
