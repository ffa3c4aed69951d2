//! The optimal alignment: the fewest skipped and extra steps that make a trace fit its lifecycle.
//!
//! A synchronous move costs 0, a log move (an extra step) and a model move (a skipped step) cost 1 each. A trace may end
//! in any state, because lives are observed while they go on. Among alignments of equal cost the same one is always
//! taken: synchronous first, then log move, then the model move with the least activity name.

use std::collections::{BTreeMap, VecDeque};

use super::automaton::{Automaton, StateSet};
use crate::model::ActivityId;

/// Cells of the table (states times positions) beyond which no alignment is made.
const MAX_CELLS: usize = 4_000_000;
/// Tables of that size that a bound is worth.
const MAX_PARTS: usize = 16;

/// One move of an alignment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Move {
    /// The step at this position is allowed here.
    Sync(usize),
    /// The step at this position is extra.
    Log(usize),
    /// This step was skipped.
    Model(ActivityId),
}

/// An optimal alignment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alignment {
    /// Log and model moves.
    pub cost: u64,
    /// All moves in order.
    pub moves: Vec<Move>,
}

impl Alignment {
    /// Steps skipped immediately before a step that is allowed after them, by that step's position.
    pub fn skipped(&self) -> BTreeMap<usize, Vec<ActivityId>> {
        let mut skipped = BTreeMap::new();
        let mut before = Vec::new();
        for step in &self.moves {
            match step {
                Move::Model(activity) => before.push(*activity),
                Move::Sync(position) if !before.is_empty() => {
                    skipped.insert(*position, std::mem::take(&mut before));
                }
                Move::Sync(_) | Move::Log(_) => before.clear(),
            }
        }
        skipped
    }
}

/// The cost of some alignment of a trace that is too long for an optimal one: the cost of the optimal one is at most this.
/// Parts are aligned one after the other, each from where the last one ended.
pub fn most(automaton: &Automaton, start: &StateSet, trace: &[&[usize]]) -> u64 {
    let all = trace.len() as u64;
    let part = (MAX_CELLS / automaton.len().max(1)).saturating_sub(1);
    if part == 0 || trace.len().saturating_mul(automaton.len()) > MAX_CELLS * MAX_PARTS {
        return all;
    }
    by_parts(automaton, start, trace, part).unwrap_or(all).min(all)
}

/// The cost of aligning parts of that many steps, at least one.
pub(super) fn by_parts(automaton: &Automaton, start: &StateSet, trace: &[&[usize]], part: usize) -> Option<u64> {
    let mut from = start.clone();
    let mut cost = 0;
    for part in trace.chunks(part.max(1)) {
        let (alignment, end) = align_to(automaton, &from, part)?;
        cost += alignment.cost;
        from = StateSet::single(automaton.len(), end);
    }
    Some(cost)
}

/// Aligns a trace, given for each position as the edges its step may take, with the automaton from any of `start`.
/// `None` when the table would be too large.
pub fn align(automaton: &Automaton, start: &StateSet, trace: &[&[usize]]) -> Option<Alignment> {
    align_to(automaton, start, trace).map(|(alignment, _)| alignment)
}

/// The same with the state that it ends in.
fn align_to(automaton: &Automaton, start: &StateSet, trace: &[&[usize]]) -> Option<(Alignment, usize)> {
    let states = automaton.len();
    if states.checked_mul(trace.len() + 1)? > MAX_CELLS {
        return None;
    }
    let left = Table::fill(automaton, trace);
    let mut here = start.iter().min_by_key(|s| (left.at(0, *s), *s))?;
    let cost = left.at(0, here);
    let mut moves = Vec::with_capacity(trace.len() + cost as usize);
    let mut position = 0;
    while position < trace.len() {
        let remaining = left.at(position, here);
        let edges = trace.get(position).copied().unwrap_or(&[]);
        let sync = edges
            .iter()
            .filter_map(|e| automaton.edges.get(*e))
            .filter(|e| e.from.contains(here) && left.at(position + 1, e.to) == remaining)
            .map(|e| e.to)
            .min();
        if let Some(to) = sync {
            moves.push(Move::Sync(position));
            here = to;
            position += 1;
        } else if left.at(position + 1, here) + 1 == remaining {
            moves.push(Move::Log(position));
            position += 1;
        } else {
            let edge = automaton
                .edges
                .iter()
                .filter(|e| e.from.contains(here) && left.at(position, e.to) + 1 == remaining)
                .min_by_key(|e| (automaton.label(e.activity), e.to))?;
            moves.push(Move::Model(edge.activity));
            here = edge.to;
        }
    }
    Some((Alignment { cost: u64::from(cost), moves }, here))
}

/// Least cost from each position and state to the end.
struct Table {
    states: usize,
    cells: Vec<u32>,
}

impl Table {
    fn at(&self, position: usize, state: usize) -> u32 {
        self.cells.get(position * self.states + state).copied().unwrap_or(u32::MAX / 2)
    }

    fn fill(automaton: &Automaton, trace: &[&[usize]]) -> Table {
        let states = automaton.len();
        let mut backwards: Vec<Vec<usize>> = vec![Vec::new(); states];
        for edge in &automaton.edges {
            if let Some(sources) = backwards.get_mut(edge.to) {
                sources.extend(edge.from.iter());
            }
        }
        let mut table = Table { states, cells: vec![0; states * (trace.len() + 1)] };
        for (position, edges) in trace.iter().enumerate().rev() {
            let mut row: Vec<u32> = (0..states).map(|s| table.at(position + 1, s) + 1).collect();
            for edge in edges.iter().filter_map(|e| automaton.edges.get(*e)) {
                let after = table.at(position + 1, edge.to);
                for from in edge.from.iter() {
                    if let Some(cost) = row.get_mut(from) {
                        *cost = after.min(*cost);
                    }
                }
            }
            relax(&mut row, &backwards);
            let begin = position * states;
            if let Some(cells) = table.cells.get_mut(begin..begin + states) {
                cells.copy_from_slice(&row);
            }
        }
        table
    }
}

/// Lets model moves of cost 1 lower a row, cheapest states first (all costs are small integers: a queue per cost).
fn relax(row: &mut [u32], backwards: &[Vec<usize>]) {
    let mut order: Vec<usize> = (0..row.len()).collect();
    order.sort_by_key(|s| row.get(*s).copied().unwrap_or(u32::MAX));
    let mut queue: VecDeque<usize> = VecDeque::new();
    let mut fresh = order.into_iter().peekable();
    loop {
        let cost = |s: &usize| row.get(*s).copied().unwrap_or(u32::MAX);
        let state = match (queue.front(), fresh.peek()) {
            (Some(a), Some(b)) if cost(a) <= cost(b) => queue.pop_front(),
            (Some(_), None) => queue.pop_front(),
            (_, Some(_)) => fresh.next(),
            (None, None) => return,
        };
        let Some(state) = state else { return };
        let reached = cost(&state).saturating_add(1);
        for source in backwards.get(state).into_iter().flatten() {
            if let Some(known) = row.get_mut(*source)
                && reached < *known
            {
                *known = reached;
                queue.push_back(*source);
            }
        }
    }
}
