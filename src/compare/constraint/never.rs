//! `never X after Y`: an activity that another one forbids for the rest of the object's life, or until a third.

use super::{ByLife, Context, counts};
use crate::compare::deviation::{Check, Doubt, Tallies};
use crate::compare::effect::Found;
use crate::event::{Event, Outcome};
use crate::model::expression::Truth;
use crate::model::{ActivityId, Constraint, ConstraintKind};

/// Microseconds within which a client that got no answer sends again.
const SENT_AGAIN: i64 = 60_000_000;
/// Confidence at most where the second of two equal calls may be such a retry.
const PERHAPS_A_RETRY: f32 = 0.4;
/// The reason for it.
const MAY_BE_ONE: &str = "the same call by the same client within a minute may be a retry without a key";

pub(super) fn judge(context: &Context<'_, '_>, constraint: &Constraint, tallies: &mut Tallies) -> Vec<Found> {
    let ConstraintKind::Never { activity, after, until, per } = &constraint.kind else { return Vec::new() };
    let history = context.history;
    let tried = |id: ActivityId| ByLife::new(context, id, *per, |e| e.outcome != Outcome::Rejected);
    let (tried, lifting) = (tried(*after), until.iter().map(|id| (*id, tried(*id))).collect::<Vec<_>>());
    let mut found = Vec::new();
    for (at, event, life) in context.events_of(*activity, *per) {
        if !counts(event, Check::Orphan) {
            continue;
        }
        let applies = context.applies(constraint, at);
        let Some(life) = life.filter(|_| applies != Truth::Unknown && history.afford(1)) else {
            tallies.count(Check::Orphan, event.source, None);
            continue;
        };
        if applies == Truth::False {
            continue;
        }
        let (forbidden, none) = forbidding(context, &tried, (at, life), !until.is_empty());
        let verdict = match forbidden {
            Some(first) => lifted(context, &lifting, (first, at, life)).map(|lifted| !lifted),
            None => (none && !history.exhausted()).then_some(false),
        };
        tallies.count(Check::Orphan, event.source, verdict);
        if let (Some(first), Some(true)) = (forbidden, verdict) {
            let names = [*after, *activity].map(|a| history.plan.activity_name(a));
            let mut deviation = Found::new(Check::Orphan, at, Some(life));
            deviation.evidence = vec![first];
            deviation.expected = vec![format!("no {} after {}", names[1], names[0]).into()];
            deviation.observed = names.to_vec();
            let retry = after == activity && history.event(first).is_some_and(|first| may_be_retry(first, event));
            deviation.doubt = retry.then(|| Doubt::new(PERHAPS_A_RETRY, MAY_BE_ONE));
            found.push(deviation);
        }
    }
    found
}

/// The accepted step that forbids an event: the first one, or the `latest`, since when it may have been allowed again; and
/// whether nothing came before it that might forbid it.
fn forbidding(
    context: &Context<'_, '_>,
    tried: &ByLife,
    (at, life): (usize, usize),
    latest: bool,
) -> (Option<usize>, bool) {
    let history = context.history;
    let Some(event) = history.event(at) else { return (None, false) };
    let earlier = |i: &usize| {
        let before = |first: &Event| history.precedence().before(first, event);
        *i != at && history.event(*i).is_some_and(before)
    };
    let accepted = |i: &usize| history.event(*i).is_some_and(|first| first.outcome == Outcome::Accepted);
    let steps = tried.until(context, life, event);
    let steps = steps.iter().copied().filter(|_| history.afford(1));
    if latest {
        let mut steps = steps.rev().filter(earlier).peekable();
        let none = steps.peek().is_none();
        (steps.find(accepted), none)
    } else {
        let mut steps = steps.filter(earlier).peekable();
        let none = steps.peek().is_none();
        (steps.find(accepted), none)
    }
}

/// Whether a step that allows an event again came, or may have come, after the one that forbade it; `None` where it may
/// have gone unseen, or was seen without an outcome.
fn lifted(
    context: &Context<'_, '_>,
    lifting: &[(ActivityId, ByLife)],
    (first, at, life): (usize, usize, usize),
) -> Option<bool> {
    let history = context.history;
    let (first, now) = (history.event(first)?, history.event(at)?);
    let mut perhaps = false;
    for (activity, steps) in lifting {
        let since = steps.until(context, life, now).iter().rev().take_while(|_| history.afford(1));
        let since = since.filter_map(|i| history.event(*i)).filter(|step| !history.precedence().before(step, first));
        for step in since {
            if step.outcome == Outcome::Accepted {
                return Some(true);
            }
            perhaps = true;
        }
        perhaps |= history.may_have(life, *activity, first.time, now.end.max(now.time));
    }
    (!perhaps && !history.exhausted()).then_some(false)
}

/// Whether the second of two equal steps may be the first one, sent again.
fn may_be_retry(first: &Event, again: &Event) -> bool {
    let same = first.body_hash == again.body_hash && first.actor.principal == again.actor.principal;
    same && again.time.saturating_sub(first.time) < SENT_AGAIN
}
