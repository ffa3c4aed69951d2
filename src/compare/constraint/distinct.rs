//! `distinct_persons`: duties of one object that one person may not combine. An agent counts as its principal.

use std::collections::BTreeSet;

use super::{Context, counts};
use crate::compare::deviation::{Check, Tallies};
use crate::compare::effect::Found;
use crate::event::{Event, Outcome};
use crate::model::{ActivityId, Constraint, ObjectTypeId};

pub(super) fn judge(
    context: &Context<'_, '_>,
    _constraint: &Constraint,
    activities: &[ActivityId],
    per: ObjectTypeId,
    tallies: &mut Tallies,
) -> Vec<Found> {
    let mut duties: Vec<(usize, &Event, usize, ActivityId)> = Vec::new();
    for activity in activities.iter().collect::<BTreeSet<_>>() {
        let events = context.events_of(*activity, per);
        duties.extend(events.filter_map(|(at, event, life)| Some((at, event, life?, *activity))));
    }
    duties.sort_by_key(|(at, ..)| *at);
    let mut found = Vec::new();
    let mut reported = BTreeSet::new();
    for (position, (at, event, life, activity)) in duties.iter().enumerate() {
        if !context.history.afford(position) {
            tallies.count(Check::Duties, event.source, None);
            continue;
        }
        let earlier = duties
            .iter()
            .take(position)
            .filter(|(_, first, of, other)| of == life && other != activity && first.outcome == Outcome::Accepted);
        let earlier: Vec<_> = earlier.collect();
        if earlier.is_empty() || !counts(event, Check::Duties) {
            continue;
        }
        let persons = earlier.iter().map(|(_, first, ..)| first.actor.principal.as_ref());
        let known = event.actor.principal.is_some() && persons.clone().all(|p| p.is_some());
        let by_same: Vec<_> = earlier
            .iter()
            .filter(|(_, first, ..)| event.actor.principal.is_some() && first.actor.principal == event.actor.principal)
            .collect();
        let check = kind(context, *activity, event, &by_same);
        let verdict = if by_same.is_empty() { known.then_some(false) } else { Some(true) };
        tallies.count(check, event.source, verdict);
        if by_same.is_empty() || !reported.insert((*life, *activity, event.actor.principal.clone(), event.outcome)) {
            continue;
        }
        found.push(deviation(context, check, *at, *life, &by_same));
    }
    found
}

type Duty<'e> = (usize, &'e Event, usize, ActivityId);

/// Self-approval when the later duty is an approval; without order between them, when either is.
fn kind(context: &Context<'_, '_>, activity: ActivityId, event: &Event, same: &[&&Duty<'_>]) -> Check {
    let plan = context.history.plan;
    let untied = |first: &Event| context.history.precedence().unordered(first, event);
    let approves =
        plan.is_approval(activity) || same.iter().any(|(_, first, _, other)| untied(first) && plan.is_approval(*other));
    if approves { Check::ApprovalSelf } else { Check::Duties }
}

fn deviation(context: &Context<'_, '_>, check: Check, at: usize, life: usize, same: &[&&Duty<'_>]) -> Found {
    let plan = context.history.plan;
    let mut found = Found::new(check, at, Some(life));
    found.evidence = same.iter().map(|(first, ..)| *first).collect();
    found.expected = vec!["different persons".into()];
    let now = context.history.activity(at);
    let done = same.iter().map(|(.., activity)| *activity).chain(now).map(|a| plan.activity_name(a));
    found.observed = done.collect();
    found.observed.extend(context.history.event(at).and_then(|e| e.actor.principal.clone()));
    found
}
