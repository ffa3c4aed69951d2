//! States of one object over time, and which of them were possible at an event.

use super::automaton::StateSet;
use super::history::History;
use super::order::Precedence;
use crate::event::Event;

/// Steps that are looked at together: where thousands are in flight at once, each of them asks for the states at all
/// others.
const STRETCH: usize = 64;

/// States of one object over time, as replayed.
#[derive(Clone, Debug, Default)]
pub(super) struct Timeline {
    /// The object, as an index into the lives.
    pub(super) life: usize,
    /// States before its first step.
    pub(super) initial: Option<StateSet>,
    /// `(event, before, after)` in the order replayed.
    pub(super) steps: Vec<(usize, StateSet, StateSet)>,
    /// Every `STRETCH` steps as one, as far as they are whole.
    stretches: Vec<Stretch>,
}

/// Consecutive steps as one.
#[derive(Clone, Debug)]
struct Stretch {
    /// All states before and after them.
    states: StateSet,
    /// Lowest and highest index of their events.
    events: (usize, usize),
    /// First and last instant at which one of them begins.
    begins: (i64, i64),
    /// The first instant by which one of them may have ended.
    reach: i64,
    /// Some were done in turn with others of one request.
    turns: bool,
}

impl Stretch {
    fn of(steps: &[(usize, StateSet, StateSet)], history: &History<'_>) -> Option<Self> {
        let mut all: Option<Stretch> = None;
        for (index, before, after) in steps {
            let event = history.event(*index)?;
            let stretch = all.get_or_insert_with(|| Stretch {
                states: before.clone(),
                events: (*index, *index),
                begins: (event.time, event.time),
                reach: i64::MAX,
                turns: false,
            });
            stretch.states.union_with(before);
            stretch.states.union_with(after);
            stretch.events = (stretch.events.0.min(*index), stretch.events.1.max(*index));
            stretch.begins = (stretch.begins.0.min(event.time), stretch.begins.1.max(event.time));
            stretch.reach = stretch.reach.min(history.precedence().reach(event));
            stretch.turns |= event.turn.is_some();
        }
        all
    }

    /// Whether an event, given with its index, sees all of them alike: they are no past of it, and each of them was under
    /// way beside it (`after`: comes after it).
    fn is_like(&self, precedence: Precedence, (at, now): (usize, &Event), after: bool) -> bool {
        let holds = (self.events.0..=self.events.1).contains(&at);
        // Steps of one request begin with it.
        let in_turn = self.turns && now.turn.is_some() && (self.begins.0..=self.begins.1).contains(&now.time);
        let past = precedence.may_be_before(self.reach, now.time);
        let alike =
            if after { self.events.0 > at } else { !precedence.may_be_before(precedence.reach(now), self.begins.1) };
        alike && !holds && !in_turn && !past
    }
}

impl Timeline {
    /// No more steps come.
    pub(super) fn close(&mut self, history: &History<'_>) {
        let stretches = self.steps.chunks_exact(STRETCH).map_while(|steps| Stretch::of(steps, history));
        self.stretches = stretches.collect();
    }

    /// Steps that did not surely begin after an event ended. Steps are in order but within runs of unordered ones, which
    /// hold at most `RUN` steps.
    pub(super) fn relevant(&self, history: &History<'_>, now: &Event) -> &[(usize, StateSet, StateSet)] {
        const RUN: usize = 64;
        let until = history.precedence().latest_start(now);
        let end = self.steps.partition_point(|(e, _, _)| history.event(*e).is_some_and(|e| e.time <= until));
        self.steps.get(..(end + RUN).min(self.steps.len())).unwrap_or(&self.steps)
    }

    /// States that were possible when an event began (`after`: when all events up to it had ended).
    pub(super) fn possible(&self, history: &History<'_>, at: usize, after: bool) -> Option<StateSet> {
        let now = history.event(at)?;
        let mut possible: Option<StateSet> = None;
        let mut left = self.relevant(history, now);
        while let Some((index, before, states)) = left.last() {
            if !history.afford(1) {
                return None;
            }
            let stretch =
                self.last_stretch(left.len()).filter(|stretch| stretch.is_like(history.precedence(), (at, now), after));
            if let Some(stretch) = stretch {
                if !after {
                    join(&mut possible, &stretch.states);
                }
                left = left.get(..left.len() - STRETCH).unwrap_or_default();
                continue;
            }
            let event = history.event(*index)?;
            if *index == at {
                join(&mut possible, if after { states } else { before });
                return possible;
            }
            if after && *index < at || history.precedence().before(event, now) {
                join(&mut possible, &self.widened(history, states, event.time, now));
                return possible;
            }
            if !after && history.precedence().unordered(event, now) {
                join(&mut possible, before);
                join(&mut possible, states);
            }
            left = left.get(..left.len() - 1).unwrap_or_default();
        }
        if let Some(initial) = &self.initial {
            let born = history.life(self.life).and_then(|l| l.born).unwrap_or(now.time);
            join(&mut possible, &self.widened(history, initial, born, now));
        }
        possible
    }

    /// The last stretch of so many steps, where they end with one.
    fn last_stretch(&self, steps: usize) -> Option<&Stretch> {
        self.stretches.get((steps / STRETCH).checked_sub(1)?).filter(|_| steps.is_multiple_of(STRETCH))
    }

    /// States with what may have become of them unseen since an instant.
    fn widened(&self, history: &History<'_>, states: &StateSet, from: i64, now: &Event) -> StateSet {
        let unseen = history.unseen(self.life, from, now.end.max(now.time));
        let object_type = history.life(self.life).and_then(|l| l.object_type);
        match object_type.and_then(|t| history.plan.automaton(t)) {
            Some(automaton) if !unseen.is_nothing() => unseen.closure(automaton, states),
            _ => states.clone(),
        }
    }
}

fn join(possible: &mut Option<StateSet>, set: &StateSet) {
    match possible {
        Some(known) => {
            known.union_with(set);
        }
        None => *possible = Some(set.clone()),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::super::plan::Plan;
    use super::*;
    use crate::compare::Blindness;
    use crate::compare::builder::{empty, event, id};
    use crate::event::{EventId, Turn};

    const STATES: usize = 9;

    /// Time, how long it lasts, steps of one request (0: it is none), sensor, states before and after.
    type Raw = (i64, i64, u32, bool, usize, usize);

    fn raw() -> impl Strategy<Value = Vec<Raw>> {
        let one = |span: i64| (0..span, 0..40_i64, 0..3_u32, any::<bool>(), 0..STATES, 0..STATES);
        prop_oneof![Just(3_i64), Just(60), Just(600)]
            .prop_flat_map(move |span| prop::collection::vec(one(span), 1..160))
    }

    fn events(raw: &[Raw]) -> (Vec<Event>, Vec<(usize, usize)>) {
        let mut made = Vec::new();
        for (place, (time, took, fields, other, before, after)) in raw.iter().enumerate() {
            let first = EventId(place as u64 * 10);
            for number in 0..(*fields).max(1) {
                let event = event(first.0 + u64::from(number), 0, "pay").on("order:1").with(|e| {
                    (e.time, e.end, e.sensor) = (*time, time + took, if *other { "b" } else { "a" }.into());
                    e.turn = (*fields > 0).then_some(Turn { request: first, number });
                });
                made.push((event.done(), (*before, *after)));
            }
        }
        made.sort_by_key(|(event, _)| event.order_key());
        made.into_iter().unzip()
    }

    proptest! {
        /// Looking at stretches gives what looking at each step gives.
        #[test]
        fn steps_that_are_passed_together_change_no_answer(raw in raw(), skew in 0..9_i64, ties: bool, after: bool) {
            let mut model = empty().object("order", None).steps("order", &["pay"]);
            (model.check.clock_skew, model.check.ties_commute) = (skew, ties);
            let plan = Plan::new(Arc::new(model));
            let ((events, states), blindness, case) = (events(&raw), Blindness::default(), id("order:1"));
            let history = History::new(&plan, Some(&case), &events, &blindness);
            let set = |state| StateSet::single(STATES, state);
            let steps = states.iter().enumerate().map(|(at, (before, after))| (at, set(*before), set(*after)));
            let each = Timeline { steps: steps.collect(), initial: Some(StateSet::empty(STATES)), ..Timeline::default() };
            let mut together = each.clone();
            together.close(&history);
            prop_assert_eq!(together.stretches.len(), events.len() / STRETCH);
            for at in 0..events.len() {
                prop_assert_eq!(together.possible(&history, at, after), each.possible(&history, at, after), "{}", at);
            }
        }
    }
}
