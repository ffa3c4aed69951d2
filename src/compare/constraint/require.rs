//! `require X before Y`: the step that must come first, by whom, how fresh, and what may not change in between.

use std::sync::Arc;

use super::{Context, counts};
use crate::compare::deviation::{Check, Tallies};
use crate::compare::effect::Found;
use crate::compare::permission::is_kind;
use crate::event::{Event, Outcome, Value};
use crate::model::expression::{Bound, Scope, Truth};
use crate::model::{ActivityId, Constraint, ConstraintKind, ObjectTypeId, Path};

/// The parts of the constraint, by name.
struct Demand<'c> {
    activity: ActivityId,
    before: ActivityId,
    per: ObjectTypeId,
    kind: Option<&'c Arc<str>>,
    max_age: Option<i64>,
    unchanged: &'c [Path],
}

/// What is known of the required step.
enum Required {
    /// The latest one that serves.
    Given(usize),
    /// None was there; others that do not serve, as indices.
    Absent(Vec<usize>),
    /// It cannot be told.
    Unknown,
}

pub(super) fn judge(context: &Context<'_, '_>, constraint: &Constraint, tallies: &mut Tallies) -> Vec<Found> {
    let ConstraintKind::Require { activity, before, per, kind, max_age, unchanged } = &constraint.kind else {
        return Vec::new();
    };
    let demand =
        Demand { activity: *activity, before: *before, per: *per, kind: kind.as_ref(), max_age: *max_age, unchanged };
    let mut found = Vec::new();
    for (at, event, life) in context.events_of(*before, *per) {
        if !counts(event, Check::ApprovalMissing) {
            continue;
        }
        match context.applies(constraint, at) {
            Truth::False => {}
            Truth::Unknown => tallies.count(Check::ApprovalMissing, event.source, None),
            Truth::True => match life {
                Some(life) => found.extend(demand.check(context, at, life, tallies)),
                None => tallies.count(Check::ApprovalMissing, event.source, None),
            },
        }
    }
    found
}

impl Demand<'_> {
    fn check(&self, context: &Context<'_, '_>, at: usize, life: usize, tallies: &mut Tallies) -> Vec<Found> {
        let Some(event) = context.history.event(at) else { return Vec::new() };
        let given = match self.find(context, at, life) {
            Required::Given(given) => given,
            Required::Unknown => {
                tallies.count(Check::ApprovalMissing, event.source, None);
                return Vec::new();
            }
            Required::Absent(others) => {
                tallies.count(Check::ApprovalMissing, event.source, Some(true));
                let mut found = self.found(context, Check::ApprovalMissing, at, life);
                found.evidence.extend(others);
                return vec![found];
            }
        };
        tallies.count(Check::ApprovalMissing, event.source, Some(false));
        if event.outcome != Outcome::Accepted {
            return Vec::new();
        }
        let mut found = Vec::new();
        if let Some(longest) = self.max_age {
            let stale = self.stale(context, (given, at, life), longest);
            tallies.count(Check::ApprovalStale, event.source, stale);
            if stale == Some(true) {
                let mut late = self.found(context, Check::ApprovalStale, at, life);
                late.evidence.push(given);
                found.push(late);
            }
        }
        found.extend(self.unchanged.iter().filter_map(|path| self.changed(context, path, (given, at, life), tallies)));
        found
    }

    fn found(&self, context: &Context<'_, '_>, check: Check, at: usize, life: usize) -> Found {
        let plan = context.history.plan;
        let mut found = Found::new(check, at, Some(life));
        found.expected = vec![plan.activity_name(self.activity), plan.activity_name(self.before)];
        let earlier = context.history.life(life).into_iter().flat_map(|l| &l.touches).map(|t| t.event);
        let earlier: Vec<usize> = earlier
            .filter(|i| *i < at)
            .filter(|i| context.history.event(*i).is_some_and(|e| !e.read && e.outcome == Outcome::Accepted))
            .collect();
        let names = earlier.iter().filter_map(|i| context.history.activity(*i)).map(|a| plan.activity_name(a));
        found.observed = names.chain([plan.activity_name(self.before)]).collect();
        found.evidence = earlier.into_iter().rev().take(6).collect();
        found
    }

    /// The required step before an event: absent only where its absence is certain.
    fn find(&self, context: &Context<'_, '_>, at: usize, life: usize) -> Required {
        let history = context.history;
        let Some(now) = history.event(at).filter(|_| history.afford(history.events.len())) else {
            return Required::Unknown;
        };
        let mut others = Vec::new();
        let mut doubtful = false;
        let mut latest = None;
        for (index, event, of) in context.events_of(self.activity, self.per) {
            if of != Some(life) || event.outcome == Outcome::Rejected || history.precedence().before(now, event) {
                continue;
            }
            let by_kind = self.kind.map_or(Truth::True, |k| is_kind(k, event, &history.plan.model.actors));
            match (event.outcome, by_kind) {
                (Outcome::Accepted, Truth::True) => latest = Some(index),
                (_, Truth::False) => others.push(index),
                _ => doubtful = true,
            }
        }
        match latest {
            Some(index) => Required::Given(index),
            None if doubtful || !self.certainly_absent(context, at, life) => Required::Unknown,
            None => Required::Absent(others),
        }
    }

    /// Whether no required step can have been missed: since an instant at which it surely had not happened, nothing went
    /// unseen. Such an instant is the object's birth, or a state that the step would have left behind.
    fn certainly_absent(&self, context: &Context<'_, '_>, at: usize, life: usize) -> bool {
        let history = context.history;
        let (Some(object), Some(now)) = (history.life(life), history.event(at)) else { return false };
        let automaton = object.object_type.and_then(|t| history.plan.automaton(t));
        let timeline = context.timelines.get(life);
        let reached = automaton.filter(|a| !a.on(self.activity).is_empty());
        let without = reached.zip(timeline).and_then(|(automaton, timeline)| {
            let since = automaton.closure(&automaton.targets(self.activity));
            let steps = timeline.steps.iter().rev().filter(|(e, _, states)| {
                let sure = history.event(*e).is_some_and(|e| history.precedence().before(e, now));
                sure && !states.is_empty() && !states.intersects(&since)
            });
            steps.filter_map(|(e, _, _)| history.event(*e)).map(|e| e.time).next()
        });
        let certain = [object.born, without].into_iter().flatten().max();
        certain.is_some_and(|from| !history.may_have(life, self.activity, from, now.end.max(now.time)))
    }

    fn stale(&self, context: &Context<'_, '_>, (given, at, life): (usize, usize, usize), longest: i64) -> Option<bool> {
        let history = context.history;
        let (given, now) = (history.event(given)?, history.event(at)?);
        let age = now.time.saturating_sub(given.end.max(given.time));
        if age <= longest {
            return Some(false);
        }
        // A newer one may have gone unseen.
        (!history.may_have(life, self.activity, given.time, now.end.max(now.time))).then_some(true)
    }

    fn changed(
        &self,
        context: &Context<'_, '_>,
        path: &Path,
        (given, at, life): (usize, usize, usize),
        tallies: &mut Tallies,
    ) -> Option<Found> {
        let event: &Event = context.history.event(at)?;
        let then = context.scope(given).value(path);
        let now = context.scope(at).value(path);
        let (Bound::Exactly(then), Bound::Exactly(now)) = (then, now) else {
            tallies.count(Check::ApprovalChanged, event.source, None);
            return None;
        };
        let changed = same(&then, &now).map(|same| !same);
        tallies.count(Check::ApprovalChanged, event.source, changed);
        if changed != Some(true) {
            return None;
        }
        let mut found = self.found(context, Check::ApprovalChanged, at, life);
        found.evidence.push(given);
        found.expected = vec![format!("{} {then}", path.text).into()];
        found.observed = vec![format!("{} {now}", path.text).into()];
        Some(found)
    }
}

/// Whether two values are the same; `None` when they are of kinds that do not compare.
pub(super) fn same(a: &Value, b: &Value) -> Option<bool> {
    match (a, b) {
        (Value::Money(x), Value::Money(y)) => Some(x.currency == y.currency && x.amount == y.amount),
        (Value::List(x), Value::List(y)) if x.len() != y.len() => Some(false),
        (Value::List(x), Value::List(y)) => {
            x.iter().zip(y).map(|(x, y)| same(x, y)).try_fold(true, |all, one| Some(all && one?))
        }
        (Value::Null, other) | (other, Value::Null) => Some(matches!(other, Value::Null)),
        _ => a.compare(b).map(std::cmp::Ordering::is_eq),
    }
}
