//! Whether a step repeats an earlier one only for safety, asked of the earlier ones that could be what it repeats.

use std::collections::BTreeMap;

use hashbrown::HashMap;

use super::history::History;
use super::order::is_retry;
use super::step::Step;
use crate::event::Event;
use crate::model::ActivityId;

/// Whether a step repeats an earlier one only for safety. Of several earlier ones, the last kind in this order counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Retry {
    /// It does not.
    No,
    /// The source does not show enough to tell: the key is hidden, or too much came before.
    Perhaps,
    /// It carries the key of an earlier one; whether also its body is not shown.
    SameKey,
    /// Of a step whose outcome was not seen: this one makes sure.
    OfUnknown,
    /// Of a step that was accepted: nothing happens again.
    OfAccepted,
}

/// Steps of one life by what a retry of them would carry.
#[derive(Debug, Default)]
pub(super) struct Tried {
    /// Places of steps with an idempotency key.
    keyed: HashMap<(ActivityId, u64), Vec<usize>>,
    unkeyed: BTreeMap<ActivityId, Lasting>,
    all: BTreeMap<ActivityId, Lasting>,
}

/// Places of steps, each with the instant by which it and those before it had ended.
type Lasting = Vec<(usize, i64)>;

impl Tried {
    /// All of some steps.
    pub(super) fn of(history: &History<'_>, steps: &[Step]) -> Self {
        let mut tried = Tried::default();
        steps.iter().enumerate().for_each(|(place, step)| tried.add(history, place, step));
        tried
    }

    /// Adds the next step, which stands at a place.
    pub(super) fn add(&mut self, history: &History<'_>, place: usize, step: &Step) {
        let (Some(activity), Some(event)) = (step.activity, history.event(step.event)) else { return };
        match event.idempotency {
            Some(key) => self.keyed.entry((activity, key)).or_default().push(place),
            None => push(self.unkeyed.entry(activity).or_default(), place, event),
        }
        push(self.all.entry(activity).or_default(), place, event);
    }

    /// What a step is a retry of, among the steps added so far.
    pub(super) fn retry(&self, history: &History<'_>, steps: &[Step], activity: ActivityId, again: &Event) -> Retry {
        let keyed = history.plan.retry_window(activity);
        let compared = |place: usize| {
            let step = steps.get(place)?;
            let first = history.event(step.event)?;
            Some(match is_retry(first, again, keyed) {
                Some(true) if step.uncertain => Retry::OfUnknown,
                Some(true) => Retry::OfAccepted,
                None if again.idempotency.is_some() && first.idempotency == again.idempotency => Retry::SameKey,
                None => Retry::Perhaps,
                Some(false) => Retry::No,
            })
        };
        let mut answer = Retry::No;
        let same = again.idempotency.and_then(|key| self.keyed.get(&(activity, key)));
        for place in same.into_iter().flatten() {
            if !history.afford(1) {
                return Retry::Perhaps;
            }
            answer = answer.max(compared(*place).unwrap_or(Retry::No));
            if answer == Retry::OfAccepted {
                return answer;
            }
        }
        // Only a log without headers can hide the key of a step that carries one.
        let Some(within) = keyed.filter(|_| answer == Retry::No) else { return answer };
        let hidden = match again.idempotency {
            Some(_) => self.unkeyed.get(&activity),
            None if again.shows.headers => None,
            None => self.all.get(&activity),
        };
        for (place, ended) in hidden.into_iter().flatten().rev() {
            // It, and all before it, ended too long ago to be retried.
            if again.time.saturating_sub(*ended) > within {
                break;
            }
            if !history.afford(1) {
                return Retry::Perhaps;
            }
            answer = answer.max(compared(*place).unwrap_or(Retry::No));
            if answer != Retry::No {
                break;
            }
        }
        answer
    }
}

fn push(lasting: &mut Lasting, place: usize, event: &Event) {
    let before = lasting.last().map_or(i64::MIN, |(_, ended)| *ended);
    lasting.push((place, before.max(event.end.max(event.time))));
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;
    use crate::compare::Blindness;
    use crate::compare::builder::{SECOND, empty, event, id, path};
    use crate::compare::plan::Plan;
    use crate::event::Outcome;
    use crate::model::Root;

    /// Each earlier step compared.
    fn by_each(history: &History<'_>, steps: &[Step], activity: ActivityId, again: &Event) -> Retry {
        let keyed = history.plan.retry_window(activity);
        let mut answer = Retry::No;
        if again.idempotency.is_none() && (keyed.is_none() || again.shows.headers) {
            return Retry::No;
        }
        for step in steps.iter().filter(|s| s.activity == Some(activity)) {
            let first = history.event(step.event).unwrap();
            match is_retry(first, again, keyed) {
                Some(true) if step.uncertain => answer = Retry::OfUnknown,
                Some(true) => return Retry::OfAccepted,
                None if answer == Retry::OfUnknown => {}
                None if again.idempotency.is_some() && first.idempotency == again.idempotency => {
                    answer = Retry::SameKey;
                }
                None if answer == Retry::No => answer = Retry::Perhaps,
                _ => {}
            }
        }
        answer
    }

    /// Activity, seconds, how long it lasts, key, body, person, outcome, whether its source shows headers.
    type Raw = (bool, i64, i64, Option<u64>, Option<u64>, bool, bool, bool);

    fn raw() -> impl Strategy<Value = Raw> {
        let some = |most: u64| prop::option::weighted(0.7, 0..most);
        (any::<bool>(), 0..40_i64, 0..20_i64, some(3), some(2), any::<bool>(), any::<bool>(), any::<bool>())
    }

    fn events(raw: &[Raw]) -> Vec<Event> {
        let one = |(n, (pay, second, lasts, key, body, alice, accepted, headers)): (u64, &Raw)| {
            let made = event(n, *second, if *pay { "pay" } else { "ship" }).on("order:1").with(|e| {
                e.end = e.time + lasts * SECOND;
                (e.idempotency, e.body_hash, e.shows.headers) = (*key, *body, *headers);
                e.outcome = if *accepted { Outcome::Accepted } else { Outcome::Unknown };
            });
            made.by(if *alice { "alice" } else { "bob" }, &[]).done()
        };
        let mut events: Vec<Event> = (1..).zip(raw).map(one).collect();
        events.sort_by_key(Event::order_key);
        events
    }

    proptest! {
        #[test]
        fn says_what_comparing_each_says(raw in prop::collection::vec(raw(), 0..24), declared: bool, within in 0..30_i64) {
            let mut model = empty().object("order", None).steps("order", &["pay", "ship"]);
            model.activities[0].idempotency = declared.then(|| path(Root::RequestHeader, &["idempotency-key"]));
            model.check.retry_window = within * SECOND;
            let plan = Plan::new(Arc::new(model));
            let (events, blindness, case) = (events(&raw), Blindness::default(), id("order:1"));
            let history = History::new(&plan, Some(&case), &events, &blindness);
            let step = |at: usize| Step {
                event: at,
                activity: history.activity(at),
                uncertain: events[at].outcome != Outcome::Accepted,
                declared: None,
                written: None,
                unmodelled: false,
                taken_on: false,
                retry: Retry::No,
                left: None,
                perhaps: None,
                amends: None,
                fits: Vec::new(),
            };
            let steps: Vec<Step> = (0..events.len()).map(step).collect();
            let mut tried = Tried::default();
            for (at, again) in events.iter().enumerate() {
                let activity = history.activity(at).unwrap();
                let before = by_each(&history, &steps[..at], activity, again);
                prop_assert_eq!(tried.retry(&history, &steps, activity, again), before);
                tried.add(&history, at, &steps[at]);
            }
            let all = Tried::of(&history, &steps);
            for (at, again) in events.iter().enumerate() {
                let activity = history.activity(at).unwrap();
                let each = by_each(&history, &steps, activity, again);
                prop_assert_eq!(all.retry(&history, &steps, activity, again), each);
            }
        }
    }
}
