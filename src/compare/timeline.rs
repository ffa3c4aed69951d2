//! States of one object over time, and which of them were possible at an event.

use std::ops::Range;

use super::automaton::{Automaton, StateSet};
use super::history::History;
use crate::event::Event;

/// Steps of one run that are looked at one by one to tell the states at an event; of more, all of the run's are possible.
const MOST_LOOKED: usize = 256;

/// States of one object over time, as replayed.
#[derive(Clone, Debug, Default)]
pub(super) struct Timeline {
    /// The object, as an index into the lives.
    pub(super) life: usize,
    /// States before its first step.
    pub(super) initial: Option<StateSet>,
    /// `(event, before, after)` in the order replayed.
    pub(super) steps: Vec<(usize, StateSet, StateSet)>,
    /// By step, when the first of it and those after it began, in microseconds.
    begins: Vec<i64>,
    /// Runs of very many steps without a known order, with the states that were possible at any time within.
    crowds: Vec<(Range<usize>, StateSet)>,
}

impl Timeline {
    /// Ends a run of so many steps without a known order: those added last.
    pub(super) fn end_run(&mut self, automaton: &Automaton, length: usize) {
        if length <= MOST_LOOKED {
            return;
        }
        let run = self.steps.len().saturating_sub(length)..self.steps.len();
        let mut states = StateSet::empty(automaton.len());
        for (_, before, after) in self.steps.get(run.clone()).into_iter().flatten() {
            states.union_with(before);
            states.union_with(after);
        }
        self.crowds.push((run, states));
    }

    /// Makes it ready to be asked, once all steps are in.
    pub(super) fn close(&mut self, history: &History<'_>) {
        let began = |(event, _, _): &(usize, StateSet, StateSet)| history.event(*event).map_or(i64::MAX, |e| e.time);
        self.begins = self.steps.iter().map(began).collect();
        let mut first = i64::MAX;
        for begins in self.begins.iter_mut().rev() {
            first = first.min(*begins);
            *begins = first;
        }
    }

    /// Steps without those at the end that surely began after an event ended.
    pub(super) fn relevant(&self, history: &History<'_>, now: &Event) -> &[(usize, StateSet, StateSet)] {
        let until = history.precedence().latest_start(now);
        self.steps.get(..self.begins.partition_point(|begins| *begins <= until)).unwrap_or(&self.steps)
    }

    /// The run of very many steps that a place lies in.
    fn crowd(&self, place: usize) -> Option<&(Range<usize>, StateSet)> {
        let after = self.crowds.partition_point(|(run, _)| run.end <= place);
        self.crowds.get(after).filter(|(run, _)| run.contains(&place))
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
        let mut left = self.relevant(history, now);
        let mut looked = 0;
        while let Some((rest, (index, before, states))) = left.split_last().map(|(last, rest)| (rest, last)) {
            if !history.afford(1) {
                return None;
            }
            if looked >= MOST_LOOKED
                && let Some((run, any)) = self.crowd(rest.len())
            {
                join(&mut possible, any);
                left = left.get(..run.start).unwrap_or(&[]);
                continue;
            }
            (left, looked) = (rest, looked + 1);
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
