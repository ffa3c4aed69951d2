//! `distinct_persons`: duties of one object that one person may not combine. An agent counts as its principal.

use std::collections::{BTreeMap, BTreeSet};

use super::{Context, counts};
use crate::compare::deviation::{Check, Tallies};
use crate::compare::effect::Found;
use crate::event::{Event, Outcome};
use crate::model::expression::Truth;
use crate::model::{ActivityId, Constraint, ObjectTypeId};

/// Earlier duties of one person that a deviation shows, the latest ones.
const MOST_SHOWN: usize = 12;

pub(super) fn judge(
    context: &Context<'_, '_>,
    constraint: &Constraint,
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
    let mut lives: BTreeMap<usize, Done<'_>> = BTreeMap::new();
    for (at, event, life, activity) in duties {
        let done = lives.entry(life).or_default();
        let asked = context.applies(constraint, at);
        if asked != Truth::False && done.any_but(activity) && counts(event, Check::Duties) {
            let same = done.by_same(event, activity);
            let check = kind(context, activity, event, &same);
            let known = event.actor.is_told() && !done.unknown_but(activity);
            let verdict = match (asked, same.is_empty()) {
                (_, true) => (known && !done.perhaps_by_same(event, activity)).then_some(false),
                (Truth::Unknown, false) => None,
                (_, false) => (!event.actor.is_disputed()).then_some(true),
            };
            tallies.count(check, event.source, verdict);
            let once = (life, activity, event.actor.principal.clone(), event.outcome);
            if verdict == Some(true) && reported.insert(once) {
                found.push(deviation(context, check, at, life, &same));
            }
        }
        done.add(at, event, activity);
    }
    found
}

/// The duties done on one object so far.
#[derive(Default)]
struct Done<'e> {
    /// How many of each activity, and of these how many by a person who is not known.
    counts: BTreeMap<ActivityId, (usize, usize)>,
    /// Events by person and activity, in order.
    by_person: BTreeMap<&'e str, BTreeMap<ActivityId, Vec<usize>>>,
    /// The same by every name that the person may have.
    by_name: BTreeMap<&'e str, BTreeSet<ActivityId>>,
}

impl<'e> Done<'e> {
    fn add(&mut self, at: usize, event: &'e Event, activity: ActivityId) {
        if event.outcome != Outcome::Accepted {
            return;
        }
        let (all, unknown) = self.counts.entry(activity).or_default();
        *all += 1;
        for name in event.actor.possible_names() {
            self.by_name.entry(name).or_default().insert(activity);
        }
        match event.actor.principal.as_deref() {
            Some(person) if !event.actor.is_disputed() => {
                self.by_person.entry(person).or_default().entry(activity).or_default().push(at);
            }
            _ => *unknown += usize::from(!event.actor.is_told()),
        }
    }

    /// Whether any other duty was done.
    fn any_but(&self, activity: ActivityId) -> bool {
        self.counts.iter().any(|(other, (all, _))| *other != activity && *all > 0)
    }

    /// Whether another duty was done by somebody who is not known.
    fn unknown_but(&self, activity: ActivityId) -> bool {
        self.counts.iter().any(|(other, (_, unknown))| *other != activity && *unknown > 0)
    }

    /// Whether another duty may have been done by the person who does this one, who has several names.
    fn perhaps_by_same(&self, event: &Event, activity: ActivityId) -> bool {
        let mut done = event.actor.possible_names().filter_map(|name| self.by_name.get(name));
        done.any(|activities| activities.iter().any(|other| *other != activity))
    }

    /// The latest other duties of the person who does this one, in order.
    fn by_same(&self, event: &Event, activity: ActivityId) -> Vec<(usize, ActivityId)> {
        let person = event.actor.principal.as_deref().and_then(|person| self.by_person.get(person));
        let others = person.into_iter().flatten().filter(|(other, _)| **other != activity);
        let latest = |(other, events): (&ActivityId, &Vec<usize>)| -> Vec<(usize, ActivityId)> {
            events.iter().rev().take(MOST_SHOWN).map(|at| (*at, *other)).collect()
        };
        let mut same: Vec<(usize, ActivityId)> = others.flat_map(latest).collect();
        same.sort_unstable();
        same
    }
}

/// Self-approval when the later duty is an approval; without order between them, when either is.
fn kind(context: &Context<'_, '_>, activity: ActivityId, event: &Event, same: &[(usize, ActivityId)]) -> Check {
    let history = context.history;
    let untied = |first: usize| history.event(first).is_some_and(|e| history.precedence().unordered(e, event));
    let approves = history.plan.is_approval(activity)
        || same.iter().any(|(first, other)| history.plan.is_approval(*other) && untied(*first));
    if approves { Check::ApprovalSelf } else { Check::Duties }
}

fn deviation(context: &Context<'_, '_>, check: Check, at: usize, life: usize, same: &[(usize, ActivityId)]) -> Found {
    let plan = context.history.plan;
    let same = same.get(same.len().saturating_sub(MOST_SHOWN)..).unwrap_or(same);
    let mut found = Found::new(check, at, Some(life));
    found.evidence = same.iter().map(|(first, _)| *first).collect();
    found.expected = vec!["different persons".into()];
    let now = context.history.activity(at);
    let done = same.iter().map(|(_, activity)| *activity).chain(now).map(|a| plan.activity_name(a));
    found.observed = done.collect();
    found.observed.extend(context.history.event(at).and_then(|e| e.actor.principal.clone()));
    found
}
