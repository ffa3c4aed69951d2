//! `sum` over a window: parts that each keep under a limit and together exceed it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use rust_decimal::Decimal;

use super::window_count::{applies, effective_width, expire, span};
use crate::compare::deviation::{Check, Tallies};
use crate::compare::effect::Found;
use crate::compare::history::{Had, History};
use crate::compare::order::is_retry;
use crate::compare::plan::Plan;
use crate::compare::scope::CaseScope;
use crate::compare::window::{group, part};
use crate::event::{Event, Outcome, Value};
use crate::model::expression::{Bound, Scope, Truth};
use crate::model::{Constraint, ConstraintKind, Limit, Root};

/// Whether an event belongs to the constraint's groups: it counts, it lifts the limit, or it shows what is summed.
pub(in crate::compare) fn concerns(plan: &Plan, kind: &ConstraintKind, event: &Event) -> bool {
    let ConstraintKind::WindowSum { activity, unless, value, .. } = kind else { return false };
    let of = plan.activity(event);
    let shows = match value.root {
        Root::Object(object_type) => plan
            .type_of(object_type)
            .and_then(|t| event.object(&t.name))
            .is_some_and(|object| object.attributes.iter().any(|(name, _)| Some(name) == value.fields.last())),
        _ => false,
    };
    shows || of.is_some() && (of == Some(*activity) || of == *unless)
}

/// One group's open window.
#[derive(Default)]
struct Open {
    parts: VecDeque<usize>,
    amounts: BTreeMap<usize, Decimal>,
    broken: bool,
}

pub(in crate::compare) fn judge(history: &History<'_>, constraint: &Constraint, tallies: &mut Tallies) -> Vec<Found> {
    let ConstraintKind::WindowSum { value, activity, by, window, max, unless } = &constraint.kind else {
        return Vec::new();
    };
    let width = effective_width(history, *window);
    let limit = match max {
        Limit::Number(n) => *n,
        Limit::Money(m) => m.amount,
    };
    let mut open: BTreeMap<Vec<Arc<str>>, Open> = BTreeMap::new();
    let mut found = Vec::new();
    for (at, event) in history.events.iter().enumerate() {
        if history.activity(at) != Some(*activity) || event.outcome != Outcome::Accepted || repeats(history, at) {
            continue;
        }
        let scope = CaseScope { history, at, after: false, timelines: &[] };
        let amount = match scope.value(value) {
            Bound::Exactly(amount) | Bound::AtLeast(amount) => in_unit(&amount, max),
            Bound::Unknown => None,
        };
        let applies = applies(history, constraint, event);
        let group = group(history.plan, by, event).filter(|_| applies != Truth::Unknown);
        let (Some(amount), Some(group)) = (amount, group) else {
            tallies.count(Check::Split, event.source, None);
            continue;
        };
        if applies == Truth::False {
            continue;
        }
        let lifted = unless.map_or(Had::Not, |unless| lifts(history, by, unless, at));
        let deviation = |check| {
            let life = event.objects.first().and_then(|o| history.life_of(&o.id));
            let mut found = Found::new(check, at, life);
            found.expected = vec![format!("sum of {} at most {} in {}", value.text, words(max), span(*window)).into()];
            found
        };
        if amount > limit {
            // A part over the limit breaks it alone; it does not make a split of the others.
            let verdict = verdict(true, lifted);
            tallies.count(Check::Guard, event.source, verdict);
            if verdict == Some(true) {
                found.push(Found { observed: vec![amount.to_string().into()], ..deviation(Check::Guard) });
            }
            continue;
        }
        let open = open.entry(group).or_default();
        open.parts.push_back(at);
        open.amounts.insert(at, amount);
        expire(&mut open.parts, history, event.time, width);
        let first = open.parts.front().copied().unwrap_or(at);
        open.amounts = open.amounts.split_off(&first);
        let sum = open.amounts.values().try_fold(Decimal::ZERO, |sum, part| sum.checked_add(*part));
        let over = sum.is_some_and(|sum| sum > limit);
        let verdict = verdict(over, lifted).filter(|_| sum.is_some());
        tallies.count(Check::Split, event.source, verdict);
        if verdict == Some(true) && !open.broken {
            let parts: Vec<String> = open.amounts.values().map(Decimal::to_string).collect();
            let observed = vec![format!("{} = {}", parts.join(" + "), sum.unwrap_or_default()).into()];
            let evidence = open.parts.iter().copied().collect();
            found.push(Found { observed, evidence, ..deviation(Check::Split) });
        }
        open.broken = verdict == Some(true) || open.broken && over;
    }
    found
}

fn verdict(over: bool, lifted: Had) -> Option<bool> {
    match (over, lifted) {
        (false, _) | (true, Had::Happened) => Some(false),
        (true, Had::Perhaps) => None,
        (true, Had::Not) => Some(true),
    }
}

/// Whether an accepted event of `unless` on the group's objects (else on the event's own object) came before.
fn lifts(history: &History<'_>, by: &[crate::model::Path], unless: crate::model::ActivityId, at: usize) -> Had {
    let Some(event) = history.event(at) else { return Had::Not };
    let shared = |other: &Event| {
        let mut objects = by.iter().filter(|p| matches!(p.root, Root::Object(_))).peekable();
        if objects.peek().is_none() {
            return event.objects.first().is_some_and(|o| other.objects.iter().any(|x| x.id == o.id));
        }
        objects.all(|p| part(history.plan, p, event).is_some_and(|mine| part(history.plan, p, other) == Some(mine)))
    };
    let mut best = Had::Not;
    for (index, other) in history.events.iter().enumerate() {
        if history.activity(index) == Some(unless) && shared(other) {
            match history.had(index, at, false) {
                Had::Happened => return Had::Happened,
                Had::Perhaps => best = Had::Perhaps,
                Had::Not => {}
            }
        }
    }
    best
}

/// Whether the event only retries an earlier one.
fn repeats(history: &History<'_>, at: usize) -> bool {
    let Some(event) = history.event(at).filter(|e| e.idempotency.is_some()) else { return false };
    let earlier = history.events.iter().take(at);
    earlier
        .filter(|first| first.objects.first().map(|o| &o.id) == event.objects.first().map(|o| &o.id))
        .any(|first| is_retry(first, event, true) == Some(true))
}

/// The amount in the limit's unit; another currency does not count.
fn in_unit(value: &Value, max: &Limit) -> Option<Decimal> {
    match (value, max) {
        (Value::Number(n), Limit::Number(_)) => Some(*n),
        (Value::Money(m), Limit::Money(limit)) if m.currency == limit.currency => Some(m.amount),
        _ => None,
    }
}

fn words(max: &Limit) -> String {
    match max {
        Limit::Number(n) => n.to_string(),
        Limit::Money(m) => format!("{} {}", m.amount, m.currency),
    }
}
