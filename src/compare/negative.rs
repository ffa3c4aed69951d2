//! Amounts and quantities below zero that a client sent and the server took.

use std::collections::BTreeSet;

use super::deviation::{Check, Tallies};
use super::effect::Found;
use super::history::History;
use crate::event::{Event, Outcome, Value};
use crate::model::quantity::decimal;

/// Accepted steps that carry such an amount.
pub(super) fn judge(history: &History<'_>, tallies: &mut Tallies) -> Vec<Found> {
    let mut found = Vec::new();
    let mut told = BTreeSet::new();
    for (at, event) in history.events.iter().enumerate() {
        let activity = history.activity(at).and_then(|id| history.plan.activity_of(id));
        let Some(activity) = activity.filter(|_| event.outcome == Outcome::Accepted) else { continue };
        for (name, _) in activity.amounts() {
            let Some(value) = event.attribute(name) else {
                // What was in view and not sent has no sign.
                if !event.shows.request_body {
                    tallies.count(Check::Negative, event.source, None);
                }
                continue;
            };
            let negative = is_negative(value);
            tallies.count(Check::Negative, event.source, negative);
            // Who sends it again in one case is told once.
            if negative == Some(true) && told.insert((name, &activity.name, &event.actor.principal)) {
                found.push(deviation(history, (at, event), name, value));
            }
        }
    }
    found
}

fn deviation(history: &History<'_>, (at, event): (usize, &Event), name: &str, value: &Value) -> Found {
    let life = event.objects.first().and_then(|object| history.life_of(&object.id));
    let mut one = Found::new(Check::Negative, at, life);
    one.expected = vec![format!("{name} of zero or more").into()];
    one.observed = vec![value.to_string().into()];
    one
}

/// Whether an amount, or one of several, is below zero; `None` for what is no number. Forms, queries and many clients send
/// numbers as text.
fn is_negative(value: &Value) -> Option<bool> {
    let amount = match value {
        Value::Number(number) => *number,
        Value::Money(money) => money.amount,
        Value::Text(text) => decimal(text.trim())?,
        Value::List(values) => {
            let signs = values.iter().filter_map(is_one_negative);
            return signs.reduce(|any, negative| any || negative);
        }
        _ => return None,
    };
    Some(amount.is_sign_negative() && !amount.is_zero())
}

/// The same of a member of a list; lists within lists are no amounts.
fn is_one_negative(value: &Value) -> Option<bool> {
    if matches!(value, Value::List(_)) { None } else { is_negative(value) }
}
