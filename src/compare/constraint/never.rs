//! `never X after Y`: an activity that another one forbids for the rest of the object's life.

use super::{ByLife, Context, counts};
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
    let tried = ByLife::new(context, after, per, |e| e.outcome != Outcome::Rejected);
    let mut found = Vec::new();
    for (at, event, life) in context.events_of(activity, per) {
        if !counts(event, Check::Orphan) {
            continue;
        }
        let decidable = context.applies(constraint, at) != Truth::Unknown && history.afford(1);
        let Some(life) = life.filter(|_| decidable) else {
            tallies.count(Check::Orphan, event.source, None);
            continue;
        };
        if context.applies(constraint, at) == Truth::False {
            continue;
        }
        let steps = tried.until(context, life, event).iter().take_while(|_| history.afford(1));
        let mut earlier = steps
            .filter_map(|i| Some((*i, history.event(*i)?)))
            .filter(|(i, first)| *i != at && history.precedence().before(first, event))
            .peekable();
        let none = earlier.peek().is_none();
        let forbidden = earlier.find(|(_, first)| first.outcome == Outcome::Accepted);
        let verdict = match forbidden {
            Some(_) => Some(true),
            None => (none && !history.exhausted()).then_some(false),
        };
        tallies.count(Check::Orphan, event.source, verdict);
        if let Some((first, _)) = forbidden {
            let names = [after, activity].map(|a| history.plan.activity_name(a));
            let mut deviation = Found::new(Check::Orphan, at, Some(life));
            deviation.evidence = vec![first];
            deviation.expected = vec![format!("no {} after {}", names[1], names[0]).into()];
            deviation.observed = names.to_vec();
            found.push(deviation);
        }
    }
    found
}
