//! `require X before Y`: the step that must come first, by whom, how fresh, and what may not change in between.

use std::sync::Arc;

use super::{ByLife, Context, counts};
use crate::compare::deviation::{Check, Doubt, Tallies};
use crate::compare::effect::Found;
use crate::compare::permission::is_kind;
use crate::event::{Event, Outcome, Value};
use crate::model::expression::{Bound, Scope, Truth};
use crate::model::{ActivityId, Constraint, ConstraintKind, ObjectTypeId, Path};

/// Earlier steps that a finding lists.
const MOST_OBSERVED: usize = 64;
/// Earlier steps that a finding shows as evidence; of those that do not serve, the same number.
const MOST_EVIDENCE: usize = 6;

/// Confidence at most where a person's word may have gone through the agent's hands.
const HANDED_ON: f32 = 0.4;
/// The reason for it.
const ONE_CLIENT: &str = "clients of MCP hand a person's answer on with the agent's credential";
/// The reason for it where no agent is named beside the person's word.
const ONE_TOKEN: &str = "a person and an agent may have been given one token";

/// Confidence at most where it is not known whether a person is to be asked.
const PERHAPS_ASKED: f32 = 0.4;
/// The reason for it.
const NOT_KNOWN_TO_HOLD: &str = "whether a person is to be asked depends on what cannot be read or compared";

/// Confidence at most where another person agreed than the one for whom the agent acts.
const OF_ANOTHER: f32 = 0.45;
/// The reason for it.
const MAY_SPEAK: &str = "the model does not say by a role who may agree for others";

/// The parts of the constraint, by name.
struct Demand<'c> {
    activity: ActivityId,
    before: ActivityId,
    per: ObjectTypeId,
    kind: Option<&'c Arc<str>>,
    max_age: Option<i64>,
    unchanged: &'c [Path],
    /// What it is that the step is absent.
    missing: Check,
}

/// The required steps of a case, by object.
struct Candidates {
    /// Those that serve.
    good: ByLife,
    /// Those of which it is not known.
    doubtful: ByLife,
    /// Those by another kind of actor.
    others: ByLife,
}

impl Candidates {
    fn new(context: &Context<'_, '_>, demand: &Demand<'_>) -> Self {
        let by_kind = |event: &Event| demand.kind.map_or(Truth::True, |k| is_kind(k, event));
        // Who declines has answered, and not approved.
        let declines = |event: &Event| {
            let spoken = event.spoken.as_ref().filter(|_| demand.is_of_a_person());
            spoken.is_some_and(|spoken| !spoken.answers.is_empty() && !spoken.agrees)
        };
        let tried = |event: &Event| event.outcome != Outcome::Rejected && !declines(event);
        let good =
            |event: &Event| event.outcome == Outcome::Accepted && by_kind(event) == Truth::True && !declines(event);
        let other = |event: &Event| tried(event) && by_kind(event) == Truth::False;
        let by_life = |wanted: &dyn Fn(&Event) -> bool| ByLife::new(context, demand.activity, demand.per, wanted);
        Candidates {
            good: by_life(&good),
            doubtful: by_life(&|event| tried(event) && !good(event) && !other(event)),
            others: by_life(&other),
        }
    }
}

/// What is known of the required step.
enum Required {
    /// The latest one that serves.
    Given(usize),
    /// None was there; others that do not serve, as indices.
    Absent(Vec<usize>),
    /// It cannot be told: because something may have gone unseen, or the object was not seen from its beginning.
    Unknown { unseen: bool },
}

/// What is known of steps that were not seen.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Absence {
    /// There were none.
    Certain,
    /// Nothing says since when there would have been any.
    Unborn,
    /// Since then something may have gone unseen.
    Unseen,
}

pub(super) fn judge(context: &Context<'_, '_>, constraint: &Constraint, tallies: &mut Tallies) -> Vec<Found> {
    judge_as(context, constraint, Check::ApprovalMissing, &|_| false, tallies)
}

/// Judges a delegation's approval: a person's word, before what an agent does.
pub(in crate::compare) fn judge_person(
    context: &Context<'_, '_>,
    constraint: &Constraint,
    governed: &dyn Fn(&Event) -> bool,
    tallies: &mut Tallies,
) -> Vec<Found> {
    judge_as(context, constraint, Check::HumanMissing, governed, tallies)
}

/// Judges a constraint; where it is not known whether its condition holds, `asked` says whether it is taken to, for review.
fn judge_as(
    context: &Context<'_, '_>,
    constraint: &Constraint,
    missing: Check,
    asked: &dyn Fn(&Event) -> bool,
    tallies: &mut Tallies,
) -> Vec<Found> {
    let ConstraintKind::Require { activity, before, per, kind, max_age, unchanged } = &constraint.kind else {
        return Vec::new();
    };
    let (kind, max_age) = (kind.as_ref(), *max_age);
    let demand = Demand { activity: *activity, before: *before, per: *per, kind, max_age, unchanged, missing };
    let candidates = Candidates::new(context, &demand);
    let mut found = Vec::new();
    for (at, event, life) in context.events_of(*before, *per) {
        if !counts(event, missing) {
            continue;
        }
        match context.applies(constraint, at) {
            Truth::False => {}
            Truth::Unknown => match life.filter(|_| told_of(event) && asked(event)) {
                Some(life) => {
                    let doubted = demand.check(context, &candidates, (at, life), tallies).into_iter().map(|one| {
                        let doubt = Doubt::graver(one.doubt, Some(Doubt::new(PERHAPS_ASKED, NOT_KNOWN_TO_HOLD)));
                        Found { doubt, ..one }
                    });
                    found.extend(doubted);
                }
                None => demand.undecided(event, false, tallies),
            },
            Truth::True => match life {
                Some(life) => found.extend(demand.check(context, &candidates, (at, life), tallies)),
                None => demand.undecided(event, false, tallies),
            },
        }
    }
    found
}

/// Whether all that somebody sent is in view: what its conditions read and do not find was not said, or not so that it can
/// be read.
fn told_of(event: &Event) -> bool {
    event.outcome == Outcome::Accepted && event.shows.request_body
}

impl Demand<'_> {
    /// Counts an event of which nothing that the constraint asks can be told; because of what may have gone `unseen`, or
    /// for another reason.
    fn undecided(&self, event: &Event, unseen: bool, tallies: &mut Tallies) {
        let mut count = |check| {
            tallies.count(check, event.source, None);
            if unseen {
                tallies.note_unseen(check, event.source);
            }
        };
        count(self.missing);
        if self.missing == Check::ApprovalMissing {
            count(Check::ApprovalLate);
        }
        if event.outcome != Outcome::Accepted {
            return;
        }
        if self.max_age.is_some() {
            count(Check::ApprovalStale);
        }
        for _ in self.unchanged {
            tallies.count(Check::ApprovalChanged, event.source, None);
        }
    }

    fn check(
        &self,
        context: &Context<'_, '_>,
        candidates: &Candidates,
        (at, life): (usize, usize),
        tallies: &mut Tallies,
    ) -> Vec<Found> {
        let Some(event) = context.history.event(at) else { return Vec::new() };
        let given = match self.find(context, candidates, (at, life)) {
            Required::Given(given) => given,
            Required::Unknown { unseen } => {
                self.undecided(event, unseen, tallies);
                return Vec::new();
            }
            Required::Absent(others) => {
                let mut found = self.found(context, self.missing, at, life);
                if let Some((by_agent, doubt)) = self.by_agent(context, &others) {
                    found.check = Check::HumanAgent;
                    found.doubt = doubt;
                    found.observed = vec![by_agent];
                }
                found.evidence.extend(others);
                // What came too late is part of the story, and nobody else's fault.
                let late = context.history.steps_of(life, self.activity);
                let late = late.iter().find(|later| **later > at).copied();
                if found.check == Check::ApprovalMissing && late.is_some_and(|late| candidates.good.has(life, late)) {
                    found.check = Check::ApprovalLate;
                }
                found.evidence.extend(late);
                self.count(found.check, event, tallies);
                return vec![found];
            }
        };
        // Where its absence would not be certain either, nothing but its presence can be told.
        let absence = self.absence(context, at, life);
        let fine = |check, tallies: &mut Tallies| match absence {
            Absence::Certain => tallies.count_fine(check, event.source),
            Absence::Unborn => tallies.count_assured(check, event.source),
            Absence::Unseen => {
                tallies.count_assured(check, event.source);
                tallies.note_unseen(check, event.source);
            }
        };
        fine(self.missing, tallies);
        if self.missing == Check::ApprovalMissing {
            fine(Check::ApprovalLate, tallies);
        }
        if event.outcome != Outcome::Accepted {
            return Vec::new();
        }
        let mut found = Vec::new();
        found.extend(self.shared(context, (given, at, life), tallies));
        found.extend(self.of_another(context, candidates, (given, at, life), tallies));
        if let Some(longest) = self.max_age {
            let stale = self.stale(context, (given, at, life), longest);
            match stale {
                Some(false) => fine(Check::ApprovalStale, tallies),
                Some(true) => tallies.count(Check::ApprovalStale, event.source, stale),
                None => {
                    tallies.count(Check::ApprovalStale, event.source, None);
                    tallies.note_unseen(Check::ApprovalStale, event.source);
                }
            }
            if stale == Some(true) {
                let mut late = self.found(context, Check::ApprovalStale, at, life);
                late.evidence.push(given);
                found.push(late);
            }
        }
        found.extend(self.unchanged.iter().filter_map(|path| self.changed(context, path, (given, at, life), tallies)));
        found
    }

    /// Counts an event that lacks the step: it is missing, or came late, and not the other.
    fn count(&self, found: Check, event: &Event, tallies: &mut Tallies) {
        tallies.count(found, event.source, Some(true));
        match found {
            Check::ApprovalMissing => tallies.count_fine(Check::ApprovalLate, event.source),
            Check::ApprovalLate => tallies.count_fine(Check::ApprovalMissing, event.source),
            _ => {}
        }
    }

    /// Whether it is a person's word that is demanded of an agent's step.
    fn is_of_a_person(&self) -> bool {
        self.missing == Check::HumanMissing && self.kind.is_some_and(|kind| &**kind == "human")
    }

    /// The agent that gave the person's word, of the steps that do not serve, and what makes that less than certain.
    fn by_agent(&self, context: &Context<'_, '_>, others: &[usize]) -> Option<(Arc<str>, Option<Doubt>)> {
        let others = others.iter().rev().filter_map(|other| context.history.event(*other));
        let event = others.filter(|_| self.is_of_a_person()).find(|event| event.actor.agent.is_some())?;
        let handed_on = event.spoken.as_ref().is_some_and(|spoken| !spoken.answers.is_empty());
        let doubt = handed_on.then(|| Doubt::new(HANDED_ON, ONE_CLIENT));
        let agent = event.actor.agent.as_deref().unwrap_or_default();
        Some((format!("the credential of {agent}").into(), doubt))
    }

    /// A person's word that came with the very credential with which the agent then goes on.
    fn shared(
        &self,
        context: &Context<'_, '_>,
        (given, at, life): (usize, usize, usize),
        tallies: &mut Tallies,
    ) -> Option<Found> {
        let (word, event) = (context.history.event(given)?, context.history.event(at)?);
        event.actor.agent.as_ref().filter(|_| self.is_of_a_person())?;
        let both = word.actor.credential.as_ref().zip(event.actor.credential.as_ref());
        let same = both.map(|(word, own)| word == own);
        tallies.count(Check::HumanAgent, event.source, same);
        if same != Some(true) {
            return None;
        }
        let mut found = self.found(context, Check::HumanAgent, at, life);
        found.evidence.push(given);
        found.observed = vec!["the agent's own credential".into()];
        found.doubt = Some(Doubt::new(HANDED_ON, ONE_TOKEN));
        Some(found)
    }

    /// The word of somebody else than the person for whom the agent acts, where the model names no role that may agree.
    fn of_another(
        &self,
        context: &Context<'_, '_>,
        candidates: &Candidates,
        (given, at, life): (usize, usize, usize),
        tallies: &mut Tallies,
    ) -> Option<Found> {
        let history = context.history;
        let event = history.event(at)?;
        event.actor.agent.as_ref().filter(|_| self.is_of_a_person())?;
        let person = |event: &Event| event.actor.principal.clone().filter(|_| !event.actor.is_disputed());
        let (own, theirs) = (person(event)?, person(history.event(given)?)?);
        let transitions = history.plan.model.lifecycles.iter().flat_map(|lifecycle| &lifecycle.transitions);
        let by_role = transitions.filter(|one| one.activity == self.activity).any(|one| !one.by.is_empty());
        let words = || self.in_time(context, &candidates.good, (event, life), MOST_EVIDENCE).into_iter();
        if own == theirs || by_role || words().any(|word| history.event(word).and_then(person).as_ref() == Some(&own)) {
            return None;
        }
        tallies.count(self.missing, event.source, Some(true));
        let mut found = self.found(context, self.missing, at, life);
        found.evidence.push(given);
        found.expected = vec![format!("{} by {own}", history.plan.activity_name(self.activity)).into()];
        found.observed = vec![format!("{} by {theirs}", history.plan.activity_name(self.activity)).into()];
        found.doubt = Some(Doubt::new(OF_ANOTHER, MAY_SPEAK));
        Some(found)
    }

    /// The latest steps, at most so many, that were taken before an event, or may have been.
    fn in_time(
        &self,
        context: &Context<'_, '_>,
        steps: &ByLife,
        (now, life): (&Event, usize),
        most: usize,
    ) -> Vec<usize> {
        let history = context.history;
        let steps = steps.until(context, life, now).iter().rev().take_while(|_| history.afford(1));
        let sooner = |i: &&usize| history.event(**i).is_some_and(|e| !history.precedence().before(now, e));
        steps.filter(sooner).take(most).copied().collect()
    }

    fn found(&self, context: &Context<'_, '_>, check: Check, at: usize, life: usize) -> Found {
        let plan = context.history.plan;
        let mut found = Found::new(check, at, Some(life));
        found.expected = vec![plan.activity_name(self.activity), plan.activity_name(self.before)];
        let history = context.history;
        let touches = history.life(life).map_or(&[][..], |l| &l.touches);
        let until = touches.partition_point(|t| t.event < at);
        let mut earlier: Vec<usize> = touches
            .iter()
            .take(until)
            .rev()
            .take_while(|_| history.afford(1))
            .map(|t| t.event)
            .filter(|i| history.event(*i).is_some_and(|e| !e.read && e.outcome == Outcome::Accepted))
            .take(MOST_OBSERVED)
            .collect();
        found.evidence = earlier.iter().copied().take(MOST_EVIDENCE).collect();
        earlier.reverse();
        let names = earlier.iter().filter_map(|i| history.activity(*i)).map(|a| plan.activity_name(a));
        found.observed = names.chain([plan.activity_name(self.before)]).collect();
        found
    }

    /// The required step before an event: absent only where its absence is certain.
    fn find(&self, context: &Context<'_, '_>, candidates: &Candidates, (at, life): (usize, usize)) -> Required {
        let history = context.history;
        let Some(now) = history.event(at).filter(|_| history.afford(1)) else {
            return Required::Unknown { unseen: false };
        };
        let in_time = |steps: &ByLife, most: usize| self.in_time(context, steps, (now, life), most);
        if let Some(latest) = in_time(&candidates.good, 1).first() {
            return Required::Given(*latest);
        }
        if let Some(doubtful) = in_time(&candidates.doubtful, 1).first() {
            let unseen = history.event(*doubtful).is_some_and(|event| event.outcome == Outcome::Unknown);
            return Required::Unknown { unseen };
        }
        let absence = self.absence(context, at, life);
        if history.exhausted() || absence != Absence::Certain {
            return Required::Unknown { unseen: absence == Absence::Unseen };
        }
        let mut others = in_time(&candidates.others, MOST_EVIDENCE);
        others.reverse();
        Required::Absent(others)
    }

    /// Whether a required step can have been missed: it cannot where nothing went unseen since an instant at which it
    /// surely had not happened. Such an instant is the object's birth, or a state that the step would have left behind.
    fn absence(&self, context: &Context<'_, '_>, at: usize, life: usize) -> Absence {
        let history = context.history;
        let (Some(object), Some(now)) = (history.life(life), history.event(at)) else { return Absence::Unborn };
        let automaton = object.object_type.and_then(|t| history.plan.automaton(t));
        let timeline = context.timelines.get(life);
        let reached = automaton.filter(|a| !a.on(self.activity).is_empty());
        let without = reached.zip(timeline).and_then(|(automaton, timeline)| {
            let since = automaton.closure(&automaton.targets(self.activity));
            let steps = timeline.relevant(history, now).iter().rev().take_while(|_| history.afford(1));
            let steps = steps.filter(|(e, _, states)| {
                let sure = history.event(*e).is_some_and(|e| history.precedence().before(e, now));
                sure && !states.is_empty() && !states.intersects(&since)
            });
            steps.filter_map(|(e, _, _)| history.event(*e)).map(|e| e.time).next()
        });
        let certain = [object.born, without].into_iter().flatten().max();
        match certain.map(|from| history.may_have(life, self.activity, from, now.end.max(now.time))) {
            Some(false) => Absence::Certain,
            Some(true) => Absence::Unseen,
            None => Absence::Unborn,
        }
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
