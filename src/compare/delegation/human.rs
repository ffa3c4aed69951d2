//! Whether a person's word was one: given in less time than reading takes, or by the dozen.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, VecDeque};

use super::governs;
use crate::compare::constraint::Context;
use crate::compare::constraint::window_count::{effective_width, expire};
use crate::compare::deviation::{Check, Doubt, Tallies};
use crate::compare::effect::{Found, MAX_EVIDENCE};
use crate::compare::history::History;
use crate::compare::permission::is_kind;
use crate::compare::plan::Plan;
use crate::compare::words::span;
use crate::event::{Asked, Event, ObjectId, Outcome};
use crate::model::expression::Truth;
use crate::model::{Constraint, ConstraintKind, Delegation};

/// Least time in microseconds between a question and a person's answer: to see that something is asked, to read a line
/// and to press a button takes anybody longer than two seconds. Who reads carefully takes far longer; this is no measure
/// of care.
pub(in crate::compare) const GLANCE: i64 = 2_000_000;

/// Confidence at most of a word that came fast.
const DECIDED_BEFORE: f32 = 0.6;
/// The reason for it.
const ELSEWHERE: &str = "a person may have read and decided before the agent's step, where nobody sees it";

/// Stretch of time in which a person's approvals are counted.
const MINUTE: i64 = 60_000_000;
/// Most approvals in it: at more than one every six seconds, all minute long, nothing is read.
pub(in crate::compare) const BATCH: usize = 10;

/// Whether an event is a person's word on something: an approval that the model asks of persons, given by one, or an
/// answer to what a server asked its user.
pub(in crate::compare) fn is_of_a_person(plan: &Plan, event: &Event) -> bool {
    if event.outcome != Outcome::Accepted {
        return false;
    }
    let answered = event
        .spoken
        .as_ref()
        .is_some_and(|spoken| spoken.agrees && spoken.answers.iter().any(|question| question.to != Asked::Anybody));
    let approves = plan.activity(event).is_some_and(|activity| plan.is_personal_approval(activity));
    answered || approves && is_kind("human", event) == Truth::True
}

/// Approvals that came sooner than anybody reads: counted from the first thing that an agent did with the object since
/// the last approval, for nothing could be asked before.
pub(super) fn fast(
    context: &Context<'_, '_>,
    delegation: &Delegation,
    approval: &Constraint,
    tallies: &mut Tallies,
) -> Vec<Found> {
    let ConstraintKind::Require { activity, before, per, kind, .. } = &approval.kind else { return Vec::new() };
    if kind.as_deref() != Some("human") {
        return Vec::new();
    }
    let history = context.history;
    let mut found = Vec::new();
    let mut since: BTreeMap<usize, usize> = BTreeMap::new();
    for (at, event, life) in context.events_of(*activity, *per) {
        let Some(life) = life.filter(|_| event.outcome == Outcome::Accepted && is_kind("human", event) == Truth::True)
        else {
            continue;
        };
        let from = since.insert(life, at).map_or(0, |last| last + 1);
        let touches = history.life(life).map(|life| life.touches.as_slice()).unwrap_or_default();
        let touches = touches.iter().map(|touch| touch.event).filter(|other| (from..at).contains(other));
        let wants = |other: &usize| {
            // What was done already waits for nobody, nor does what needs no word.
            let done = |event: &Event| event.outcome == Outcome::Accepted && history.activity(*other) == Some(*before);
            let asks = |event: &Event| !event.read && event.actor.agent.is_some() && !done(event);
            history.afford(1)
                && history.event(*other).is_some_and(|e| asks(e) && governs(history.plan, delegation, e) == Truth::True)
                && context.applies(approval, *other) != Truth::False
        };
        let Some(first) = touches.into_iter().find(wants) else { continue };
        let verdict = history.event(first).and_then(|asked| {
            // What came before may have asked already, where not all was seen.
            let sure = asked.sensor == event.sensor && history.in_view(life, at) && !history.exhausted();
            let took = event.time.saturating_add(event.tick.max(1) - 1).saturating_sub(asked.time);
            if took >= GLANCE { Some(false) } else { sure.then_some(true) }
        });
        tallies.count(Check::HumanFast, event.source, verdict);
        if verdict == Some(true) {
            let took = history.event(first).map_or(0, |asked| event.time.saturating_sub(asked.time));
            let mut one = Found::new(Check::HumanFast, at, Some(life));
            one.evidence.push(first);
            one.expected = vec![format!("at least {}", span(GLANCE)).into()];
            one.observed = vec![tenths(took).into()];
            one.doubt = Some(Doubt::new(DECIDED_BEFORE, ELSEWHERE));
            found.push(one);
        }
    }
    found
}

/// A length of time in seconds and tenths: `0.4s`.
pub(in crate::compare) fn tenths(micros: i64) -> String {
    let tenths = micros.max(0) / 100_000;
    format!("{}.{}s", tenths / 10, tenths % 10)
}

/// Judges what one person approved: stretches of more than anybody reads, each told once.
pub(in crate::compare) fn batch(history: &History<'_>, tallies: &mut Tallies) -> Vec<Found> {
    let width = effective_width(history, MINUTE);
    let mut recent: VecDeque<usize> = VecDeque::new();
    let mut breach: Option<(usize, usize)> = None;
    let mut found: Vec<Found> = Vec::new();
    let mut last = None;
    let mut things: BTreeMap<Thing<'_>, usize> = BTreeMap::new();
    let mut recent_things: VecDeque<Thing<'_>> = VecDeque::new();
    for (at, event) in history.events.iter().enumerate() {
        // What one request approves together was one click, on a list that shows them all.
        if !is_of_a_person(history.plan, event) || last.replace(&event.origin) == Some(&event.origin) {
            continue;
        }
        recent.push_back(at);
        let thing = thing(event, at);
        *things.entry(thing).or_default() += 1;
        recent_things.push_back(thing);
        expire(&mut recent, history, event.time, width);
        while recent_things.len() > recent.len() {
            let Some(gone) = recent_things.pop_front() else { break };
            if let Entry::Occupied(mut count) = things.entry(gone) {
                *count.get_mut() -= 1;
                if *count.get() == 0 {
                    count.remove();
                }
            }
        }
        // Who says yes to one thing several times has read it once.
        let over = things.len() > BATCH;
        tallies.count(Check::HumanBatch, event.source, Some(over));
        if !over {
            breach = None;
            continue;
        }
        let (place, most) = breach.unwrap_or((found.len(), 0));
        if place == found.len() {
            let life = event.objects.first().and_then(|object| history.life_of(&object.id));
            let mut one = Found::new(Check::HumanBatch, at, life);
            one.expected = vec![format!("at most {BATCH} in {}", span(MINUTE)).into()];
            found.push(one);
        }
        if let Some(one) = found.get_mut(place).filter(|_| things.len() > most) {
            one.observed = vec![format!("{} in {}", things.len(), span(MINUTE)).into()];
            one.evidence = recent.iter().rev().take(MAX_EVIDENCE).copied().collect();
        }
        breach = Some((place, most.max(things.len())));
    }
    found
}

/// What a person's word is on.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Thing<'e> {
    Object(&'e ObjectId),
    Question(u64),
    Event(usize),
}

fn thing(event: &Event, at: usize) -> Thing<'_> {
    let asked = || event.spoken.as_ref().and_then(|spoken| spoken.answers.first()).map(|one| Thing::Question(one.id));
    let object = || event.objects.first().map(|object| Thing::Object(&object.id));
    asked().or_else(object).unwrap_or(Thing::Event(at))
}
