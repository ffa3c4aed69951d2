//! Sums over the steps of one life: what has surely happened is added up once, and only the rest at each event.

use std::sync::Arc;

use rust_decimal::Decimal;

use super::history::{Had, History};
use crate::event::{Event, Money, Outcome, Value};
use crate::model::ActivityId;
use crate::model::expression::{Bound, exact_sum};

/// Steps of one activity on one object, with what the first of them add up to.
#[derive(Debug)]
pub(super) struct Parts {
    /// Their events, in order.
    events: Vec<usize>,
    /// After how many steps there is a sum, the latest start of an event that is not surely after all of them, and the
    /// sum: one more than there are steps.
    sums: Vec<(i64, Sum)>,
}

/// What was added up so far.
#[derive(Clone, Debug, Default)]
struct Sum {
    total: Total,
    /// Some part is not known, or not known to count.
    partial: bool,
}

impl Parts {
    /// Adds up the steps of a life.
    pub(super) fn of(history: &History<'_>, life: usize, activity: ActivityId, attribute: &str) -> Self {
        let touches = history.life(life).map_or(&[][..], |l| &l.touches);
        let of = |event: &usize| history.activity(*event) == Some(activity);
        let events: Vec<usize> = touches.iter().map(|t| t.event).filter(of).collect();
        let mut sums = vec![(i64::MIN, Sum::default())];
        let (mut reach, mut sum) = (i64::MIN, Sum::default());
        for (at, event) in events.iter().filter_map(|at| Some((*at, history.event(*at)?))) {
            let had = match event.outcome {
                Outcome::Accepted => Had::Happened,
                Outcome::Unknown => Had::Perhaps,
                Outcome::Rejected => Had::Not,
            };
            sum.add(history, (life, at), had, attribute);
            reach = reach.max(history.precedence().latest_start(event));
            sums.push((reach, sum.clone()));
        }
        Parts { events, sums }
    }

    /// The sum by an event: at least that where it is not `whole`, or some of its parts are not known.
    pub(super) fn by(
        &self,
        history: &History<'_>,
        (life, at): (usize, usize),
        after: bool,
        attribute: &str,
        whole: bool,
    ) -> Bound {
        let Some(now) = history.event(at) else { return Bound::Unknown };
        let settled = self.sums.partition_point(|(reach, _)| *reach < now.time).saturating_sub(1);
        let until = history.precedence().latest_start(now);
        let began = |e: &Event| e.time <= until;
        let end = self.events.partition_point(|i| *i <= at || history.event(*i).is_some_and(began));
        let rest = self.events.get(settled..end).unwrap_or_default();
        if !history.afford(1 + rest.len()) {
            return Bound::Unknown;
        }
        let mut sum = self.sums.get(settled).map(|(_, sum)| sum.clone()).unwrap_or_default();
        for event in rest.iter().filter(|event| after || **event != at) {
            sum.add(history, (life, *event), history.had(*event, at, after), attribute);
        }
        sum.total.bound(whole && !sum.partial)
    }
}

impl Sum {
    fn add(&mut self, history: &History<'_>, (life, at): (usize, usize), had: Had, attribute: &str) {
        let value = history.event(at).and_then(|event| event.attribute(attribute));
        match (had, value) {
            (Had::Not, _) => {}
            (Had::Happened, Some(value)) if !history.is_retry(life, at) => self.total.add(value),
            (Had::Happened, Some(_)) => {}
            (Had::Happened, None) | (Had::Perhaps, _) => self.partial = true,
        }
    }
}

/// The sum of numbers or of amounts of one currency.
#[derive(Clone, Debug, Default)]
pub(super) struct Total {
    sum: Decimal,
    /// The parts' currency, once there is one.
    unit: Option<Option<Arc<str>>>,
    negative: bool,
    /// More digits than are held, or parts of several kinds.
    unknown: bool,
}

impl Total {
    /// Adds a part.
    pub(super) fn add(&mut self, part: &Value) {
        let (amount, unit) = match part {
            Value::Number(n) => (*n, None),
            Value::Money(m) => (m.amount, Some(&m.currency)),
            _ => return self.unknown = true,
        };
        self.unknown |= self.unit.as_ref().is_some_and(|known| known.as_ref() != unit);
        self.unit.get_or_insert_with(|| unit.cloned());
        self.negative |= amount.is_sign_negative();
        match exact_sum(self.sum, amount) {
            Some(more) => self.sum = more,
            None => self.unknown = true,
        }
    }

    /// The sum; at least that when parts are missing. Overflow, mixed kinds and negative parts of an incomplete sum are
    /// unknown.
    pub(super) fn bound(&self, whole: bool) -> Bound {
        if self.unknown || !whole && (self.negative || self.unit.is_none()) {
            return Bound::Unknown;
        }
        let value = match self.unit.clone().flatten() {
            Some(currency) => Value::Money(Money { amount: self.sum, currency }),
            None => Value::Number(self.sum),
        };
        if whole { Bound::Exactly(value) } else { Bound::AtLeast(value) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::compare::Blindness;
    use crate::compare::builder::{SECOND, empty, eur, event, id};
    use crate::compare::plan::Plan;

    /// All steps looked at anew.
    fn by_each(history: &History<'_>, life: usize, activity: ActivityId, at: usize, after: bool) -> Bound {
        let (mut parts, mut whole) = (Vec::new(), true);
        for touch in &history.life(life).unwrap().touches {
            if history.activity(touch.event) != Some(activity) || touch.event == at && !after {
                continue;
            }
            let event = history.event(touch.event).unwrap();
            match (history.had(touch.event, at, after), event.attribute("amount")) {
                (Had::Not, _) => {}
                (Had::Happened, Some(value)) if !history.is_retry(life, touch.event) => parts.push(value.clone()),
                (Had::Happened, Some(_)) => {}
                (Had::Happened, None) | (Had::Perhaps, _) => whole = false,
            }
        }
        total(&parts, whole)
    }

    fn total(parts: &[Value], whole: bool) -> Bound {
        let amounts: Option<Vec<(Decimal, Option<Arc<str>>)>> = parts
            .iter()
            .map(|part| match part {
                Value::Number(n) => Some((*n, None)),
                Value::Money(m) => Some((m.amount, Some(m.currency.clone()))),
                _ => None,
            })
            .collect();
        let Some(amounts) = amounts else { return Bound::Unknown };
        let mixed = amounts.windows(2).any(|w| w[0].1 != w[1].1);
        let negative = amounts.iter().any(|(amount, _)| amount.is_sign_negative());
        if mixed || !whole && (negative || amounts.is_empty()) {
            return Bound::Unknown;
        }
        let sum = amounts.iter().map(|(amount, _)| *amount).sum();
        let value = match amounts.first().and_then(|(_, currency)| currency.clone()) {
            Some(currency) => Value::Money(Money { amount: sum, currency }),
            None => Value::Number(sum),
        };
        if whole { Bound::Exactly(value) } else { Bound::AtLeast(value) }
    }

    /// Whether it counts, seconds, how long it lasts, sensor, outcome, amount, key.
    type Raw = (bool, i64, i64, bool, u8, Option<i64>, Option<u64>);

    fn raw() -> impl Strategy<Value = Raw> {
        let amount = prop::option::weighted(0.9, -2..9_i64);
        let key = prop::option::weighted(0.3, 0..3_u64);
        (prop::bool::weighted(0.8), 0..60_i64, 0..9_i64, any::<bool>(), 0..9_u8, amount, key)
    }

    proptest! {
        #[test]
        fn says_what_adding_anew_says(raw in prop::collection::vec(raw(), 1..30), skew in 0..5_i64, ties: bool, mixed: bool) {
            let mut model = empty().object("order", None).steps("order", &["pay", "view"]);
            (model.check.clock_skew, model.check.ties_commute) = (skew * SECOND, ties);
            let pay = model.step("pay");
            let plan = Plan::new(Arc::new(model));
            let one = |(n, (pays, second, lasts, here, outcome, amount, key)): (u64, &Raw)| {
                let made = event(n, *second, if *pays { "pay" } else { "view" }).on("order:1").with(|e| {
                    e.end = e.time + lasts * SECOND;
                    e.sensor = if *here { "tap" } else { "edge" }.into();
                    e.outcome = match outcome {
                        0 => Outcome::Unknown,
                        1 => Outcome::Rejected,
                        _ => Outcome::Accepted,
                    };
                    (e.idempotency, e.body_hash) = (*key, Some(1));
                    let value = |amount: i64| if mixed && amount == 8 { Value::Number(amount.into()) } else { eur(amount) };
                    e.attributes.extend(amount.map(|amount| ("amount".into(), value(amount))));
                });
                made.done()
            };
            let mut events: Vec<Event> = (1..).zip(&raw).map(one).collect();
            events.sort_by_key(Event::order_key);
            let (blindness, case) = (Blindness::default(), id("order:1"));
            let history = History::new(&plan, Some(&case), &events, &blindness);
            let parts = Parts::of(&history, 0, pay, "amount");
            for (at, after) in (0..events.len()).flat_map(|at| [(at, false), (at, true)]) {
                let known = parts.by(&history, (0, at), after, "amount", true);
                prop_assert_eq!(known, by_each(&history, 0, pay, at, after), "{} {}", at, after);
            }
        }
    }
}
