//! `limits:` over time: what one person's agents spend in a day and how often they call, across cases.

use std::collections::VecDeque;
use std::sync::Arc;

use super::governs;
use crate::compare::constraint::window_count::{effective_width, expire};
use crate::compare::constraint::window_sum::{Calls, Open, Part};
pub(in crate::compare) use crate::compare::constraint::window_sum::{in_unit, in_words, words};
use crate::compare::deviation::{Check, Tallies};
use crate::compare::effect::{Found, MAX_EVIDENCE};
use crate::compare::history::{Had, History};
use crate::compare::words::span;
use crate::event::{Event, Outcome};
use crate::model::expression::Truth;
use crate::model::{ActivityId, Delegation, Limit, Rate};
use rust_decimal::Decimal;

/// The stretch of time that `per_day` sums over, wherever it begins.
const DAY: i64 = 24 * 3600 * 1_000_000;

/// The number of a limit.
pub(in crate::compare) fn most(limit: &Limit) -> Decimal {
    match limit {
        Limit::Number(number) => *number,
        Limit::Money(money) => money.amount,
    }
}

/// The person whose limit an event counts towards, where that is told.
pub(in crate::compare) fn principal(event: &Event) -> Option<&Arc<str>> {
    event.actor.principal.as_ref().filter(|_| !event.actor.is_disputed())
}

/// Whether an event may count towards a limit over time.
pub(in crate::compare) fn concerns(delegation: &Delegation, activity: Option<ActivityId>, event: &Event) -> bool {
    let limits = &delegation.limits;
    let spends = limits.per_day.is_some()
        && event.outcome == Outcome::Accepted
        && activity.is_some_and(|activity| limits.amounts.contains_key(&activity));
    spends || limits.calls.is_some() && is_call(activity, event)
}

/// Whether an event is a call that a rate counts: what a protocol says of itself is none, nor is what was refused.
fn is_call(activity: Option<ActivityId>, event: &Event) -> bool {
    let talk = event.spoken.as_ref().is_some_and(|spoken| spoken.tool.is_none()) && activity.is_none();
    event.outcome != Outcome::Rejected && !talk
}

/// Counts the events of a case that have no place in any person's sum.
pub(in crate::compare) fn count_groupless(history: &History<'_>, tallies: &mut Tallies) {
    for delegation in &history.plan.model.delegations {
        for (at, event) in history.events.iter().enumerate() {
            if !concerns(delegation, history.activity(at), event) {
                continue;
            }
            let governed = governs(history.plan, delegation, event);
            if governed == Truth::Unknown || governed == Truth::True && principal(event).is_none() {
                tallies.count(Check::AgentLimit, event.source, None);
            }
        }
    }
}

/// Judges what was done on behalf of one person.
pub(in crate::compare) fn judge(history: &History<'_>, delegation: &Delegation, tallies: &mut Tallies) -> Vec<Found> {
    let mut found = Vec::new();
    if let Some(max) = &delegation.limits.per_day {
        found.extend(spent(history, delegation, max, tallies));
    }
    if let Some(rate) = delegation.limits.calls {
        found.extend(called(history, delegation, rate, tallies));
    }
    found.iter_mut().for_each(|one| one.constraint = Some(delegation.name.clone()));
    found
}

/// Stretches in which the amounts of a day are over the limit; each is told once, where it begins.
fn spent(history: &History<'_>, delegation: &Delegation, max: &Limit, tallies: &mut Tallies) -> Vec<Found> {
    let (limit, width) = (most(max), effective_width(history, DAY));
    let mut open = Open::default();
    let mut calls = Calls::default();
    let mut found = Vec::new();
    for (at, event) in history.events.iter().enumerate() {
        let Some(activity) = history.activity(at) else { continue };
        let Some(name) = delegation.limits.amounts.get(&activity) else { continue };
        if event.outcome != Outcome::Accepted || governs(history.plan, delegation, event) != Truth::True {
            continue;
        }
        let again = calls.again(history, activity, event, at);
        if again == Had::Happened {
            continue;
        }
        let Some(amount) = event.attribute(name).and_then(|value| in_unit(value, max)) else {
            tallies.count(Check::AgentLimit, event.source, None);
            continue;
        };
        // What is given back makes no room: the agent itself names the amount.
        let amount = amount.max(Decimal::ZERO);
        let added = open.add(history, Part { at, amount, certain: again == Had::Not }, width);
        let verdict = added.and_then(|()| open.verdict(limit));
        tallies.count(Check::AgentLimit, event.source, verdict);
        if open.begins(verdict) {
            let mut one = begun(history, at);
            one.expected = vec![format!("at most {} in 24h", words(max)).into()];
            one.observed = vec![format!("{} in {} events", in_words(open.least(), max), open.parts()).into()];
            one.evidence = open.evidence();
            found.push(one);
        }
    }
    found
}

/// Stretches in which there are more calls than the rate allows; each is told once, with the most there were.
fn called(history: &History<'_>, delegation: &Delegation, rate: Rate, tallies: &mut Tallies) -> Vec<Found> {
    let width = effective_width(history, rate.window);
    let mut recent: VecDeque<usize> = VecDeque::new();
    let mut breach: Option<(usize, usize)> = None;
    let mut found: Vec<Found> = Vec::new();
    let mut last = None;
    for (at, event) in history.events.iter().enumerate() {
        if !is_call(history.activity(at), event) || governs(history.plan, delegation, event) != Truth::True {
            continue;
        }
        // The steps of one call are one; those that a batch holds are each.
        if last.replace(&event.origin) == Some(&event.origin) {
            continue;
        }
        recent.push_back(at);
        expire(&mut recent, history, event.time, width);
        let over = u64::try_from(recent.len()).unwrap_or(u64::MAX) > rate.most;
        tallies.count(Check::AgentLimit, event.source, Some(over));
        if !over {
            breach = None;
            continue;
        }
        let (place, most) = breach.unwrap_or((found.len(), 0));
        if place == found.len() {
            let mut one = begun(history, at);
            one.expected = vec![format!("at most {} calls in {}", rate.most, span(rate.window)).into()];
            found.push(one);
        }
        if let Some(one) = found.get_mut(place).filter(|_| recent.len() > most) {
            one.observed = vec![format!("{} calls", recent.len()).into()];
            one.evidence = recent.iter().rev().take(MAX_EVIDENCE).copied().collect();
        }
        breach = Some((place, most.max(recent.len())));
    }
    found
}

fn begun(history: &History<'_>, at: usize) -> Found {
    let object = history.event(at).and_then(|event| event.objects.first());
    Found::new(Check::AgentLimit, at, object.and_then(|object| history.life_of(&object.id)))
}
