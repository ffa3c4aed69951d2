//! States of one object over time, and which of them were possible at an event.

use super::automaton::StateSet;
use super::history::History;
use crate::event::Event;

/// States of one object over time, as replayed.
#[derive(Clone, Debug, Default)]
pub(super) struct Timeline {
    /// The object, as an index into the lives.
    pub(super) life: usize,
    /// States before its first step.
    pub(super) initial: Option<StateSet>,
    /// `(event, before, after)` in the order replayed.
    pub(super) steps: Vec<(usize, StateSet, StateSet)>,
}

impl Timeline {
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
        let join = |possible: &mut Option<StateSet>, set: &StateSet| match possible {
            Some(known) => {
                known.union_with(set);
            }
            None => *possible = Some(set.clone()),
        };
        for (index, before, states) in self.relevant(history, now).iter().rev() {
            if !history.afford(1) {
                return None;
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
        }
        if let Some(initial) = &self.initial {
            let born = history.life(self.life).and_then(|l| l.born).unwrap_or(now.time);
            join(&mut possible, &self.widened(history, initial, born, now));
        }
        possible
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
