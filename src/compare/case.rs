//! Comparing one case: replay every life, judge the constraints, settle what explains what.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::alignment::Alignment;
use super::automaton::{Automaton, StateSet};
use super::blindness::Blindness;
use super::classify::Issue;
use super::constraint::{self, Context};
use super::deviation::{CaseResult, Check, StateChange};
use super::dominance::settle;
use super::effect::{Found, Witness};
use super::history::History;
use super::laps::{Laps, Part};
use super::measure::{Measured, measure};
use super::plan::Plan;
use super::replay::{Fault, Replay, replay};
use super::step::Step;
use super::timeline::Timeline;
use super::{delegation, deletion, mixed, moves, negative, spoken, unmodelled, unplaced, window, written};
use crate::event::{Event, ObjectId, Outcome};
use crate::model::expression::Truth;
use crate::model::{ActivityId, ObjectTypeId};

/// Possible states that are listed by name; of more, none are.
const MAX_LISTED: usize = 16;

/// Compares one case.
pub(super) fn compare(plan: &Plan, case: Option<&ObjectId>, events: &[Event], blindness: &Blindness) -> CaseResult {
    let mut watch = plan.stopwatch();
    let mut laps = Laps::new();
    let history = History::new(plan, case, events, blindness);
    watch.lap(|| Part::Lives, &mut laps);
    let replays = replay_all(&history);
    let timelines: Vec<Timeline> =
        replays.iter().map(|r| r.as_ref().map(|r| r.timeline.clone()).unwrap_or_default()).collect();
    let mut result = CaseResult::default();
    let mut found = lived(&history, &replays, &mut result);
    watch.lap(|| Part::Replay, &mut laps);
    let context = Context { history: &history, timelines: &timelines };
    for constraint in &plan.model.constraints {
        found.extend(constraint::judge(&context, constraint, &mut result.tallies));
        watch.lap(|| Part::Constraint(Arc::clone(&constraint.id)), &mut laps);
    }
    found.extend(delegation::judge(&context, &mut result.tallies));
    watch.lap(|| Part::Rule(Check::AgentChain), &mut laps);
    found.extend(spoken::headers(&history, &mut result.tallies));
    watch.lap(|| Part::Rule(Check::HeaderMismatch), &mut laps);
    found.extend(written::states(&history, &timelines, &mut result.tallies));
    watch.lap(|| Part::Rule(Check::StateField), &mut laps);
    found.extend(written::keys(&history, &mut result.tallies));
    watch.lap(|| Part::Rule(Check::Mismatch), &mut laps);
    found.extend(mixed::tenants(&history, &mut result.tallies));
    watch.lap(|| Part::Rule(Check::TenantMix), &mut laps);
    found.extend(negative::judge(&history, &mut result.tallies));
    watch.lap(|| Part::Rule(Check::Negative), &mut laps);
    if case.is_some() {
        found.extend(unmodelled::replays(&history, &mut result.tallies));
    }
    unmodelled::count_hidden_keys(&history, &mut result);
    unplaced::count(&history, &mut result.tallies);
    window::count_groupless(&history, &mut result.tallies);
    watch.lap(|| Part::Rule(Check::Replay), &mut laps);
    found.extend(deletion::orphans(&history, &mut result));
    watch.lap(|| Part::Rule(Check::Orphan), &mut laps);
    let witness = Witness { history: &history, replays: &replays };
    result.deviations = settle(found.into_iter().filter_map(|f| witness.deviation(f)).collect());
    result.states = states(&history, &timelines);
    result.exhausted = history.exhausted() || replays.iter().flatten().any(|r| r.over_budget);
    result.measures.approximate |= result.exhausted;
    watch.lap(|| Part::Settling, &mut laps);
    result.laps = laps;
    result
}

/// Replays one object, whose steps lie in several cases.
pub(super) fn one_life(history: &History<'_>, id: &ObjectId) -> CaseResult {
    let mut replays: Vec<Option<Replay>> = (0..history.lives.len()).map(|_| None).collect();
    if let Some(life) = history.life_of(id)
        && let Some(slot) = replays.get_mut(life)
    {
        *slot = replay(history, life, &[]);
    }
    let mut result = CaseResult::default();
    let found = lived(history, &replays, &mut result);
    let witness = Witness { history, replays: &replays };
    result.deviations = settle(found.into_iter().filter_map(|f| witness.deviation(f)).collect());
    result.exhausted = history.exhausted() || replays.iter().flatten().any(|r| r.over_budget);
    result.measures.approximate |= result.exhausted;
    result
}

/// What replayed lives show: their deviations, and in `result` their figures.
fn lived(history: &History<'_>, replays: &[Option<Replay>], result: &mut CaseResult) -> Vec<Found> {
    let mut found = Vec::new();
    for (life, replay) in replays.iter().enumerate().filter_map(|(life, replay)| Some((life, replay.as_ref()?))) {
        let measured = measure(history, life, replay);
        found.extend(lifecycle(history, life, replay, measured.as_ref()));
        count_lifecycle(history, life, replay, result);
        moves::count(history, life, replay, &mut result.moves);
        if let Some(measured) = measured {
            result.measures.add(&measured.measures);
            result.traces.push(measured.trace);
        } else if replay.steps.iter().any(|step| step.activity.is_some() && step.uncertain) {
            result.measures.uncertain_lives += 1;
        }
    }
    found
}

/// Replays every life that lies in one case; those whose guards look at states a second time, once the states of the others are known.
fn replay_all(history: &History<'_>) -> Vec<Option<Replay>> {
    let here = |life: &usize| {
        let object_type = history.life(*life).and_then(|l| l.object_type);
        object_type.is_none_or(|t| !history.plan.is_shared(t))
    };
    let first = |life: usize| Some(life).filter(here).and_then(|life| replay(history, life, &[]));
    let mut replays: Vec<Option<Replay>> = (0..history.lives.len()).map(first).collect();
    let looks = |life: usize| {
        let object_type = history.life(life).and_then(|l| l.object_type);
        object_type.is_some_and(|t| history.plan.looks_at_states(t))
    };
    if !(0..history.lives.len()).any(looks) {
        return replays;
    }
    let timelines: Vec<Timeline> =
        replays.iter().map(|r| r.as_ref().map(|r| r.timeline.clone()).unwrap_or_default()).collect();
    for (life, slot) in replays.iter_mut().enumerate().filter(|(life, _)| looks(*life) && here(life)) {
        *slot = replay(history, life, &timelines);
    }
    replays
}

/// Deviations of one life. The optimal alignment says which steps were skipped where it keeps the deviating step;
/// where it would rather drop that step, the shortest way to it does.
fn lifecycle(history: &History<'_>, life: usize, replay: &Replay, measured: Option<&Measured>) -> Vec<Found> {
    let automaton = history.life(life).and_then(|l| l.object_type).and_then(|t| history.plan.automaton(t));
    let mut skipped = measured.map(skipped).unwrap_or_default();
    let found = replay.issues.iter().map(|issue| {
        let mut found = Found::new(issue.check, issue.event, Some(life));
        found.evidence.clone_from(&issue.evidence);
        found.expected.clone_from(&issue.expected);
        found.observed.clone_from(&issue.observed);
        found.states = automaton.map(|a| names(a, &issue.before)).unwrap_or_default();
        found.restricted = Some(issue.restricted);
        found.doubt = issue.doubt;
        let mut missing = issue.missing.clone();
        if issue.check == Check::Skip
            && let Some(skipped) = skipped.remove(&issue.event)
        {
            let steps = skipped.iter().copied().chain(history.activity(issue.event));
            found.expected = steps.map(|a| history.plan.activity_name(a)).collect();
            missing = skipped;
        }
        tell_seen(history, replay, issue, &missing, &mut found);
        found
    });
    found.collect()
}

/// Names among what was seen the missing steps that the life had already taken, and shows when: what is missing is that
/// they come again.
fn tell_seen(history: &History<'_>, replay: &Replay, issue: &Issue, missing: &[ActivityId], found: &mut Found) {
    let last = |a: &ActivityId| replay.seen.before(*a, issue.event).last().copied();
    let mut seen: BTreeSet<usize> = missing.iter().filter_map(last).collect();
    if seen.is_empty() {
        return;
    }
    found.evidence.extend(&seen);
    // What was seen already begins with the step before this one.
    let previous = issue.evidence.iter().copied().filter(|e| *e < issue.event).max();
    let told = usize::from(previous.is_some() && found.observed.len() > 1);
    seen.extend(previous);
    let earlier = seen.into_iter().filter_map(|e| history.activity(e)).map(|a| history.plan.activity_name(a));
    found.observed = earlier.chain(found.observed.iter().skip(told).cloned()).collect();
}

/// Steps that the alignment says were skipped before an event.
fn skipped(measured: &Measured) -> BTreeMap<usize, Vec<ActivityId>> {
    let by_position = measured.alignment.as_deref().map(Alignment::skipped).unwrap_or_default();
    let event = |(position, steps): (usize, Vec<ActivityId>)| Some((*measured.positions.get(position)?, steps));
    by_position.into_iter().filter_map(event).collect()
}

/// Counts what replay decided: every kind of misplaced step once for each step that was judged.
fn count_lifecycle(history: &History<'_>, life: usize, replay: &Replay, result: &mut CaseResult) {
    use Check::{Alternative, Direct, Diverge, Guard, Illegal, Order, Orphan, Race, Repeat, Role, Skip};
    let object_type = history.life(life).and_then(|l| l.object_type);
    let shows_state = object_type.and_then(|t| history.plan.type_of(t)).is_some_and(|t| !t.state.is_empty());
    let issues: BTreeMap<usize, Check> = replay.issues.iter().rev().map(|i| (i.event, i.check)).collect();
    let doubts = replay.doubts.iter().zip(&replay.unguarded);
    let judged = replay.steps.iter().zip(&replay.faults).zip(doubts).zip(&replay.timeline.steps);
    for (((step, fault), (doubt, unguarded)), (_, before, _)) in judged {
        let Some(event) = history.event(step.event) else { continue };
        let issue = issues.get(&step.event).copied();
        if step.declared.is_some() {
            let told = history.blindness.of_others.is_none() || *fault == Some(Fault::Diverge);
            result.tallies.count(Diverge, event.source, told.then_some(*fault == Some(Fault::Diverge)));
            result.tallies.count(Alternative, event.source, Some(*fault == Some(Fault::Alternative)));
        } else if shows_state && step.activity.is_some() && !event.shows.response_body {
            result.tallies.count(Diverge, event.source, None);
            result.tallies.count(Alternative, event.source, None);
        }
        if step.activity.is_none() {
            continue;
        }
        let certain = !step.uncertain && before.only().is_some();
        for check in [Skip, Order, Direct, Illegal, Orphan, Repeat, Race] {
            let hidden = doubt.is_some_and(|doubt| leaves_open(doubt, check, event));
            // What took no time that was measured overlaps with nothing, whatever happened.
            let measured = check != Race || event.end > event.time;
            let decided = certain && !hidden && measured && *unguarded != Some(check);
            let verdict = if issue == Some(check) { Some(true) } else { decided.then_some(false) };
            result.tallies.count(check, event.source, verdict);
            if hidden {
                *result.hidden_keys.entry(check).or_default() += 1;
            }
        }
        let limited = object_type.is_some_and(|t| asks_who(history, t, step));
        for (check, broken) in [(Role, Fault::Role), (Guard, Fault::Guard)] {
            if check == Role && !limited {
                continue;
            }
            let known = step.fits.iter().any(|f| match check {
                Role => f.role == Truth::True,
                _ => f.guard == Truth::True,
            });
            let verdict = if *fault == Some(broken) { Some(true) } else { known.then_some(false) };
            result.tallies.count(check, event.source, verdict);
        }
    }
}

/// Whether some transition that a step may have taken is not for everybody.
fn asks_who(history: &History<'_>, object_type: ObjectTypeId, step: &Step) -> bool {
    let transitions = step.fits.iter().filter_map(|fit| history.plan.transition(object_type, fit.edge));
    transitions.into_iter().any(|t| !t.by.is_empty() || t.kind.is_some())
}

/// Whether a step that is this deviation unless it is a retry leaves a check undecided. What repeats is a race as well
/// where the source does not show how long it took.
fn leaves_open(doubt: Check, check: Check, event: &Event) -> bool {
    doubt == check || (doubt, check) == (Check::Repeat, Check::Race) && event.end <= event.time
}

/// States of each event's first object before and after it.
fn states(history: &History<'_>, timelines: &[Timeline]) -> Vec<StateChange> {
    let steps =
        timelines.iter().enumerate().flat_map(|(l, t)| t.steps.iter().map(move |(e, _, after)| ((l, *e), after)));
    let afters: BTreeMap<(usize, usize), &StateSet> = steps.collect();
    let change = |(at, event): (usize, &Event)| {
        let life = event.objects.first().and_then(|o| history.life_of(&o.id))?;
        let automaton = history.plan.automaton(history.life(life)?.object_type?)?;
        let timeline = timelines.get(life)?;
        let before = timeline.possible(history, at, false)?;
        let own = afters.get(&(life, at)).map(|after| (*after).clone());
        let after = own.filter(|_| event.outcome != Outcome::Rejected).unwrap_or_else(|| before.clone());
        Some(StateChange { before: names(automaton, &before), after: names(automaton, &after) })
    };
    history.events.iter().enumerate().map(|e| change(e).unwrap_or_default()).collect()
}

fn names(automaton: &Automaton, set: &StateSet) -> Vec<Arc<str>> {
    if set.len() > MAX_LISTED { Vec::new() } else { automaton.state_names(set) }
}
