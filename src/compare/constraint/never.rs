//! `never X after Y`: an activity that another one forbids for the rest of the object's life.

use super::{Context, counts};
use crate::compare::deviation::{Check, Tallies};
use crate::compare::effect::Found;
use crate::event::Outcome;
use crate::model::expression::Truth;
use crate::model::{ActivityId, Constraint, ObjectTypeId};

pub(super) fn judge(
    context: &Context<'_, '_>,
    constraint: &Constraint,
    (activity, after, per): (ActivityId, ActivityId, ObjectTypeId),
    tallies: &mut Tallies,
) -> Vec<Found> {
    let history = context.history;
    let mut found = Vec::new();
    for (at, event, life) in context.events_of(activity, per) {
        if !counts(event, Check::Orphan) {
            continue;
        }
        let decidable = context.applies(constraint, at) != Truth::Unknown && history.afford(history.events.len());
        let Some(life) = life.filter(|_| decidable) else {
            tallies.count(Check::Orphan, event.source, None);
            continue;
        };
        if context.applies(constraint, at) == Truth::False {
            continue;
        }
        let earlier = context.events_of(after, per).filter(|(i, first, of)| {
            *i != at
                && *of == Some(life)
                && first.outcome != Outcome::Rejected
                && history.precedence().before(first, event)
        });
        let earlier: Vec<_> = earlier.collect();
        let forbidden = earlier.iter().find(|(_, first, _)| first.outcome == Outcome::Accepted);
        let verdict = if earlier.is_empty() { Some(false) } else { forbidden.map(|_| true) };
        tallies.count(Check::Orphan, event.source, verdict);
        if let Some((first, ..)) = forbidden {
            let names = [after, activity].map(|a| history.plan.activity_name(a));
            let mut deviation = Found::new(Check::Orphan, at, Some(life));
            deviation.evidence = vec![*first];
            deviation.expected = vec![format!("no {} after {}", names[1], names[0]).into()];
            deviation.observed = names.to_vec();
            found.push(deviation);
        }
    }
    found
}
