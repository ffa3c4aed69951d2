//! `sum` over a window: parts that each keep under a limit and together exceed it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use hashbrown::HashMap;
use rust_decimal::Decimal;

use super::window_count::{applies, effective_width};
use crate::compare::deviation::{Check, Tallies};
use crate::compare::effect::{Found, MAX_EVIDENCE};
use crate::compare::history::{Had, History};
use crate::compare::order::is_retry;
use crate::compare::plan::Plan;
use crate::compare::scope::CaseScope;
use crate::compare::window::{group, object_of};
use crate::compare::words::span;
use crate::event::{Event, ObjectId, Outcome, Value};
use crate::model::expression::exact_sum;
use crate::model::expression::{Bound, Scope, Truth};
use crate::model::{ActivityId, Constraint, ConstraintKind, Limit, ObjectTypeId, Path, Root};

/// Different calls on one object that a later one is compared with; beyond, a retry is not told from a repetition.
const MOST_CALLS: usize = 64;
/// Parts of a sum that are written out.
const MOST_NAMED: usize = 12;

/// Whether an event belongs to the constraint's groups: it counts, it lifts the limit, or it shows what is summed or
/// since when an object is in view.
pub(in crate::compare) fn concerns(plan: &Plan, kind: &ConstraintKind, event: &Event) -> bool {
    let ConstraintKind::WindowSum { activity, unless, value, .. } = kind else { return false };
    let of = plan.activity(event);
    if of.is_some() && of == *unless {
        return true;
    }
    if event.outcome != Outcome::Accepted {
        return false;
    }
    let shows = match value.root {
        Root::Object(object_type) => plan
            .type_of(object_type)
            .and_then(|t| event.object(&t.name))
            .is_some_and(|object| object.attributes.iter().any(|(name, _)| Some(name) == value.fields.last())),
        _ => false,
    };
    let begins = |t: ObjectTypeId| of.zip(plan.automaton(t)).is_some_and(|(of, automaton)| automaton.creates(of));
    shows || of == Some(*activity) || unless.and_then(|u| lifted_type(plan, u)).is_some_and(begins)
}

/// The type of object for which an activity lifts the limit: the one that it is about.
fn lifted_type(plan: &Plan, unless: ActivityId) -> Option<ObjectTypeId> {
    plan.activity_of(unless)?.objects.first().map(|o| o.object_type)
}

/// One part of a window's sum.
pub(in crate::compare) struct Part {
    /// Index of the event.
    pub(in crate::compare) at: usize,
    /// What it adds, in the limit's unit.
    pub(in crate::compare) amount: Decimal,
    /// It surely counts.
    pub(in crate::compare) certain: bool,
}

impl Part {
    /// The least and the most that it adds.
    fn bounds(&self) -> (Decimal, Decimal) {
        if self.certain {
            return (self.amount, self.amount);
        }
        (self.amount.min(Decimal::ZERO), self.amount.max(Decimal::ZERO))
    }
}

/// One group's open window.
#[derive(Default)]
pub(in crate::compare) struct Open {
    parts: VecDeque<Part>,
    least: Decimal,
    most: Decimal,
    broken: bool,
}

impl Open {
    /// Adds a part and drops what has left the window; `None` when the sum is beyond what can be held.
    pub(in crate::compare) fn add(&mut self, history: &History<'_>, part: Part, width: i64) -> Option<()> {
        let now = history.event(part.at)?.time;
        while let Some(first) = self.parts.front() {
            if history.event(first.at).is_none_or(|e| now.saturating_sub(e.time) < width) {
                break;
            }
            let (least, most) = first.bounds();
            (self.least, self.most) = (exact_sum(self.least, -least)?, exact_sum(self.most, -most)?);
            self.parts.pop_front();
        }
        let (least, most) = part.bounds();
        (self.least, self.most) = (exact_sum(self.least, least)?, exact_sum(self.most, most)?);
        self.parts.push_back(part);
        Some(())
    }

    /// Whether the sum is over a limit, where that can be told.
    pub(in crate::compare) fn verdict(&self, limit: Decimal) -> Option<bool> {
        match (self.least > limit, self.most > limit) {
            (true, _) => Some(true),
            (false, true) => None,
            (false, false) => Some(false),
        }
    }

    /// Whether a verdict is the first against the limit since it was last kept.
    pub(in crate::compare) fn begins(&mut self, verdict: Option<bool>) -> bool {
        let begins = verdict == Some(true) && !self.broken;
        self.broken = verdict != Some(false) && (verdict == Some(true) || self.broken);
        begins
    }

    /// What the parts that surely count add up to.
    pub(in crate::compare) fn least(&self) -> Decimal {
        self.least
    }

    /// Number of parts that surely count.
    pub(in crate::compare) fn parts(&self) -> usize {
        self.parts.iter().filter(|part| part.certain).count()
    }

    /// Indices of the latest of them.
    pub(in crate::compare) fn evidence(&self) -> Vec<usize> {
        self.parts.iter().filter(|part| part.certain).rev().take(MAX_EVIDENCE).map(|part| part.at).collect()
    }
}

pub(in crate::compare) fn judge(history: &History<'_>, constraint: &Constraint, tallies: &mut Tallies) -> Vec<Found> {
    let Some(ceiling) = Ceiling::new(history, constraint) else { return Vec::new() };
    let mut open: BTreeMap<Vec<Arc<str>>, Open> = BTreeMap::new();
    let mut calls = Calls::default();
    let mut found = Vec::new();
    for (at, event) in history.events.iter().enumerate() {
        if history.activity(at) != Some(ceiling.activity) || event.outcome != Outcome::Accepted {
            continue;
        }
        let again = calls.again(history, ceiling.activity, event, at);
        if again == Had::Happened {
            continue;
        }
        match ceiling.share(at, event) {
            Share::Nothing => {}
            Share::Unknown => tallies.count(Check::Split, event.source, None),
            Share::Of { amount, group } => {
                let part = Part { at, amount, certain: again == Had::Not };
                let lifted = ceiling.lifted(at);
                found.extend(if amount > ceiling.limit {
                    ceiling.alone(event, part, lifted, tallies)
                } else {
                    ceiling.together(open.entry(group).or_default(), event, (part, lifted), tallies)
                });
            }
        }
    }
    found
}

/// What an event adds to a sum.
enum Share {
    /// The constraint does not apply to it.
    Nothing,
    /// Its value, its group or whether the constraint applies is not known.
    Unknown,
    /// So much, in the limit's unit, to the sum of a group.
    Of { amount: Decimal, group: Vec<Arc<str>> },
}

/// The constraint: what is summed, over which stretch of time, and up to which limit.
struct Ceiling<'c, 'a> {
    history: &'c History<'a>,
    constraint: &'c Constraint,
    activity: ActivityId,
    value: &'c Path,
    by: &'c [Path],
    /// The window as the model gives it, and as it is with the clocks at hand.
    window: (i64, i64),
    max: &'c Limit,
    limit: Decimal,
    unless: Option<ActivityId>,
    /// Events that lift the limit, by the objects that they touch.
    lifting: BTreeMap<usize, Vec<usize>>,
}

impl<'c, 'a> Ceiling<'c, 'a> {
    fn new(history: &'c History<'a>, constraint: &'c Constraint) -> Option<Self> {
        let ConstraintKind::WindowSum { value, activity, by, window, max, unless } = &constraint.kind else {
            return None;
        };
        let limit = match max {
            Limit::Number(n) => *n,
            Limit::Money(m) => m.amount,
        };
        Some(Ceiling {
            history,
            constraint,
            activity: *activity,
            value,
            by,
            window: (*window, effective_width(history, *window)),
            max,
            limit,
            unless: *unless,
            lifting: by_life(history, *unless),
        })
    }

    fn share(&self, at: usize, event: &Event) -> Share {
        let scope = CaseScope { history: self.history, at, after: false, unwritten: false, timelines: &[] };
        let amount = match scope.value(self.value) {
            Bound::Exactly(amount) | Bound::AtLeast(amount) => in_unit(&amount, self.max),
            Bound::Unknown => None,
        };
        let applies = applies(self.history, self.constraint, event);
        match (applies, amount, group(self.history.plan, self.by, event)) {
            (Truth::False, ..) => Share::Nothing,
            (Truth::True, Some(amount), Some(group)) => Share::Of { amount, group },
            _ => Share::Unknown,
        }
    }

    fn lifted(&self, at: usize) -> Had {
        self.unless.map_or(Had::Not, |unless| lifts(self.history, &self.lifting, unless, at))
    }

    /// A part over the limit breaks it alone; it does not make a split of the others.
    fn alone(&self, event: &Event, part: Part, lifted: Had, tallies: &mut Tallies) -> Option<Found> {
        let verdict = match (lifted, part.certain) {
            (Had::Happened, _) => Some(false),
            (Had::Not, true) => Some(true),
            _ => None,
        };
        tallies.count(Check::Guard, event.source, verdict);
        let observed = vec![format!("{} {}", self.value.text, in_words(part.amount, self.max)).into()];
        (verdict == Some(true)).then(|| Found { observed, ..self.found(Check::Guard, part.at) })
    }

    /// A part under the limit, which may exceed it with those before.
    fn together(
        &self,
        open: &mut Open,
        event: &Event,
        (part, lifted): (Part, Had),
        tallies: &mut Tallies,
    ) -> Option<Found> {
        if lifted == Had::Happened {
            // What was approved by itself is no part of a split.
            tallies.count(Check::Split, event.source, Some(false));
            return None;
        }
        let part = Part { certain: part.certain && lifted == Had::Not, ..part };
        let at = part.at;
        let added = open.add(self.history, part, self.window.1);
        let verdict = added.and_then(|()| open.verdict(self.limit));
        tallies.count(Check::Split, event.source, verdict);
        open.begins(verdict).then(|| self.split(open, at))
    }

    /// The deviation of a sum that has just exceeded the limit, with the parts that surely count.
    fn split(&self, open: &Open, at: usize) -> Found {
        let mut counted = open.parts.iter().filter(|p| p.certain);
        let mut parts: Vec<String> = counted.clone().take(MOST_NAMED).map(|p| p.amount.to_string()).collect();
        parts.extend(counted.nth(MOST_NAMED).map(|_| "…".to_owned()));
        let observed = vec![format!("{} = {}", parts.join(" + "), in_words(open.least, self.max)).into()];
        Found { observed, evidence: open.evidence(), ..self.found(Check::Split, at) }
    }

    fn found(&self, check: Check, at: usize) -> Found {
        let object = self.history.event(at).and_then(|e| e.objects.first());
        let mut found = Found::new(check, at, object.and_then(|o| self.history.life_of(&o.id)));
        let (value, max) = (&self.value.text, words(self.max));
        found.expected = vec![format!("sum of {value} at most {max} in {}", span(self.window.0)).into()];
        found
    }
}

/// Whether the limit is lifted for a part: `unless` was accepted on the part's own object of the type that `unless` is
/// about. Where that object may have been acted on unseen, perhaps.
fn lifts(history: &History<'_>, lifting: &BTreeMap<usize, Vec<usize>>, unless: ActivityId, at: usize) -> Had {
    let Some(event) = history.event(at) else { return Had::Not };
    let id: Option<&ObjectId> = match lifted_type(history.plan, unless) {
        Some(object_type) => object_of(history.plan, object_type, event),
        None => event.objects.first().map(|o| &o.id),
    };
    let Some(life) = id.and_then(|id| history.life_of(id)) else { return Had::Perhaps };
    let mut best = if history.shows_all(life, unless, at) { Had::Not } else { Had::Perhaps };
    for index in lifting.get(&life).into_iter().flatten() {
        match history.had(*index, at, false) {
            Had::Happened => return Had::Happened,
            Had::Perhaps => best = Had::Perhaps,
            Had::Not if *index > at => break,
            Had::Not => {}
        }
    }
    best
}

/// Events of an activity by the objects that they touch.
fn by_life(history: &History<'_>, activity: Option<ActivityId>) -> BTreeMap<usize, Vec<usize>> {
    let mut lives: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (index, event) in history.events.iter().enumerate() {
        if activity.is_some() && history.activity(index) == activity {
            for life in event.objects.iter().filter_map(|o| history.life_of(&o.id)) {
                lives.entry(life).or_default().push(index);
            }
        }
    }
    lives
}

/// Calls seen, by object and idempotency key: retries count once.
#[derive(Default)]
pub(in crate::compare) struct Calls<'e>(HashMap<(Option<&'e ObjectId>, Option<u64>), Vec<usize>>);

impl<'e> Calls<'e> {
    /// Whether an event only retries an earlier one.
    pub(in crate::compare) fn again(
        &mut self,
        history: &History<'e>,
        activity: ActivityId,
        event: &'e Event,
        at: usize,
    ) -> Had {
        let keyed = history.plan.retry_window(activity);
        if event.idempotency.is_none() && (keyed.is_none() || event.shows.headers) {
            return Had::Not;
        }
        let known = self.0.entry((event.objects.first().map(|o| &o.id), event.idempotency)).or_default();
        let mut again = if known.len() < MOST_CALLS { Had::Not } else { Had::Perhaps };
        for first in known.iter().filter_map(|i| history.event(*i)) {
            match is_retry(first, event, keyed) {
                Some(true) => return Had::Happened,
                Some(false) => {}
                None => again = Had::Perhaps,
            }
        }
        if known.len() < MOST_CALLS {
            known.push(at);
        }
        again
    }
}

/// The amount in the limit's unit; another currency does not count.
pub(in crate::compare) fn in_unit(value: &Value, max: &Limit) -> Option<Decimal> {
    match (value, max) {
        (Value::Number(n), Limit::Number(_)) => Some(*n),
        (Value::Money(m), Limit::Money(limit)) if m.currency == limit.currency => Some(m.amount),
        _ => None,
    }
}

/// A limit in words.
pub(in crate::compare) fn words(max: &Limit) -> String {
    match max {
        Limit::Number(n) => n.to_string(),
        Limit::Money(m) => format!("{} {}", m.amount, m.currency),
    }
}

/// An amount with the limit's unit.
pub(in crate::compare) fn in_words(amount: Decimal, max: &Limit) -> String {
    match max {
        Limit::Number(_) => amount.to_string(),
        Limit::Money(m) => format!("{amount} {}", m.currency),
    }
}
