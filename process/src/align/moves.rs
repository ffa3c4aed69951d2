//! The canonical optimal alignment of one trace: of all cheapest ones, at each step a synchronous move if there is one,
//! else a log move, else the model move whose label comes first. It depends on the model's language alone.

use crate::automaton::{Automaton, Exhausted, SILENT};

use super::column::{Cell, Column, Columns};
use super::{Budget, Weights};

/// One move of an alignment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Move {
    /// Event and step agree.
    Synchronous(u32),
    /// An event that the model does not take here.
    Log(u32),
    /// A step that the trace does not have here.
    Model(u32),
}

/// Finds canonical alignments, within one budget.
#[derive(Debug)]
pub struct Explainer<'a, A> {
    automaton: &'a mut A,
    weights: Weights,
    budget: Budget,
    columns: Columns,
}

impl<'a, A: Automaton> Explainer<'a, A> {
    /// Begins with a whole budget. The weights are those by which costs were found.
    pub fn new(automaton: &'a mut A, weights: Weights, budget: Budget) -> Self {
        Explainer { automaton, weights: weights.positive(), budget, columns: Columns::default() }
    }

    /// The canonical alignment of a trace of labels whose optimal cost is known.
    ///
    /// # Errors
    /// When it takes more cells or work than the budget of one variant, or all of the budget is spent.
    pub fn moves(&mut self, trace: &[u32], cost: u64) -> Result<Vec<Move>, Exhausted> {
        let columns = self.forward(trace, cost)?;
        let mut grid = Grid { trace, weights: self.weights, columns, marked: Vec::new() };
        grid.mark(self.automaton, cost)?;
        grid.walk(self.automaton)
    }

    /// Columns of all prefixes, up to the cost.
    fn forward(&mut self, trace: &[u32], cost: u64) -> Result<Vec<Column>, Exhausted> {
        let work = self.columns.work.saturating_add(self.budget.variant).min(self.budget.total);
        let mut columns = vec![self.columns.first(self.automaton, self.weights, cost)?];
        let (mut held, mut next) = (0, Column::new());
        for label in trace {
            let last = columns.last().map_or(&[][..], Vec::as_slice);
            self.columns.advance(self.automaton, last, *label, (self.weights, cost), &mut next)?;
            held += next.len() + 1;
            if held > self.budget.cells || self.columns.work > work {
                return Err(Exhausted);
            }
            // Exactly as long as it is: there are as many as the trace is long.
            columns.push(next.as_slice().to_vec());
        }
        Ok(columns)
    }
}

/// All cells of a trace, and which of them lie on a cheapest alignment.
struct Grid<'a> {
    trace: &'a [u32],
    weights: Weights,
    columns: Vec<Column>,
    marked: Vec<Vec<bool>>,
}

/// Where in a column a state is.
#[derive(Default)]
struct Places {
    slots: Vec<(u32, u32)>,
    epoch: u32,
}

impl Places {
    fn of(&mut self, column: &[Cell]) {
        self.epoch += 1;
        for (at, cell) in column.iter().enumerate() {
            let state = cell.state as usize;
            if self.slots.len() <= state {
                self.slots.resize((state + 1).next_power_of_two(), (0, 0));
            }
            if let Some(slot) = self.slots.get_mut(state) {
                *slot = (self.epoch, at as u32);
            }
        }
    }

    fn find(&self, state: u32) -> Option<usize> {
        let (epoch, at) = *self.slots.get(state as usize)?;
        (epoch == self.epoch).then_some(at as usize)
    }
}

impl Grid<'_> {
    fn cell(&self, position: usize, at: usize) -> Option<Cell> {
        self.columns.get(position)?.get(at).copied()
    }

    /// The cell at a place of a column, if it is marked and costs this much.
    fn marked(&self, position: usize, at: Option<usize>, cost: u64) -> Option<usize> {
        let at = at?;
        let marked = self.marked.get(position)?.get(at).copied()?;
        (marked && self.cell(position, at)?.cost == cost).then_some(at)
    }

    /// Marks, from the end, the cells from which the cheapest end can be reached at no more than it costs.
    fn mark<A: Automaton>(&mut self, automaton: &mut A, cost: u64) -> Result<(), Exhausted> {
        self.marked = self.columns.iter().map(|column| vec![false; column.len()]).collect();
        let (mut here, mut after) = (Places::default(), Places::default());
        for position in (0..self.columns.len()).rev() {
            here.of(self.columns.get(position).map_or(&[], Vec::as_slice));
            let count = self.columns.get(position).map_or(0, Vec::len);
            let mut end = count;
            while end > 0 {
                let level = self.cell(position, end - 1).map_or(0, |cell| cell.cost);
                let begin =
                    (0..end).rev().take_while(|at| self.cell(position, *at).is_some_and(|c| c.cost == level)).last();
                let begin = begin.unwrap_or(0);
                self.mark_level(automaton, (position, begin, end), cost, (&here, &after))?;
                end = begin;
            }
            std::mem::swap(&mut here, &mut after);
        }
        Ok(())
    }

    /// Marks the cells of one cost in one column: those from `begin` to `end`.
    fn mark_level<A: Automaton>(
        &mut self,
        automaton: &mut A,
        (position, begin, end): (usize, usize, usize),
        cost: u64,
        (here, after): (&Places, &Places),
    ) -> Result<(), Exhausted> {
        let mut stack = Vec::new();
        // Silent moves within the level, by target.
        let mut silent: Vec<(usize, usize)> = Vec::new();
        for at in begin..end {
            let Some(cell) = self.cell(position, at) else { continue };
            let done = position == self.trace.len() && cell.cost == cost && automaton.is_final(cell.state);
            let edges = automaton.successors(cell.state)?;
            let silently = edges.iter().rev().take_while(|edge| edge.label == SILENT);
            silent.extend(silently.filter_map(|edge| Some((here.find(edge.target)?, at))));
            let leads = done
                || self.log(position, cell, after).is_some()
                || self.trace.get(position).is_some_and(|label| {
                    edges.iter().any(|edge| {
                        edge.label == *label && self.marked(position + 1, after.find(edge.target), cell.cost).is_some()
                    })
                })
                || edges.iter().take_while(|edge| edge.label != SILENT).any(|edge| {
                    self.marked(position, here.find(edge.target), cell.cost + u64::from(self.weights.model)).is_some()
                });
            if leads {
                stack.push(at);
            }
        }
        silent.retain(|(target, _)| (begin..end).contains(target));
        silent.sort_unstable();
        while let Some(at) = stack.pop() {
            let Some(mark) = self.marked.get_mut(position).and_then(|marked| marked.get_mut(at)) else { continue };
            if std::mem::replace(mark, true) {
                continue;
            }
            let first = silent.partition_point(|(target, _)| *target < at);
            stack.extend(silent.iter().skip(first).take_while(|(target, _)| *target == at).map(|(_, from)| *from));
        }
        Ok(())
    }

    /// The marked cell after a log move.
    fn log(&self, position: usize, cell: Cell, after: &Places) -> Option<usize> {
        if position >= self.trace.len() {
            return None;
        }
        self.marked(position + 1, after.find(cell.state), cell.cost + u64::from(self.weights.log))
    }

    /// Walks the marked cells from the start. All cells that the same moves lead to are followed together, so that the
    /// choice rests on labels and never on how states are numbered.
    fn walk<A: Automaton>(&self, automaton: &mut A) -> Result<Vec<Move>, Exhausted> {
        let mut moves = Vec::new();
        let (mut here, mut after) = (Places::default(), Places::default());
        here.of(self.columns.first().map_or(&[], Vec::as_slice));
        after.of(self.columns.get(1).map_or(&[], Vec::as_slice));
        let mut set = vec![0];
        let mut position = 0;
        loop {
            self.close(automaton, position, &mut set, &here)?;
            let step = self.step(automaton, position, &set, (&here, &after))?;
            let Some((taken, next)) = step else { return Ok(moves) };
            moves.push(taken);
            set = next;
            if !matches!(taken, Move::Model(_)) {
                position += 1;
                std::mem::swap(&mut here, &mut after);
                after.of(self.columns.get(position + 1).map_or(&[], Vec::as_slice));
            }
        }
    }

    /// Adds what silent moves lead to.
    fn close<A: Automaton>(
        &self,
        automaton: &mut A,
        position: usize,
        set: &mut Vec<usize>,
        here: &Places,
    ) -> Result<(), Exhausted> {
        let mut met: std::collections::BTreeSet<usize> = set.iter().copied().collect();
        let mut next = 0;
        while let Some(at) = set.get(next).copied() {
            next += 1;
            let Some(cell) = self.cell(position, at) else { continue };
            for edge in automaton.successors(cell.state)?.iter().rev().take_while(|edge| edge.label == SILENT) {
                if let Some(target) = self.marked(position, here.find(edge.target), cell.cost)
                    && met.insert(target)
                {
                    set.push(target);
                }
            }
        }
        Ok(())
    }

    /// The best move from a set of cells, and the cells that it leads to; `None` at the end.
    fn step<A: Automaton>(
        &self,
        automaton: &mut A,
        position: usize,
        set: &[usize],
        (here, after): (&Places, &Places),
    ) -> Result<Option<(Move, Vec<usize>)>, Exhausted> {
        let cells = || set.iter().filter_map(|at| self.cell(position, *at));
        let (mut synchronous, mut model): (Vec<usize>, Vec<(u32, usize)>) = (Vec::new(), Vec::new());
        let label = self.trace.get(position).copied();
        for cell in cells() {
            for edge in automaton.successors(cell.state)?.iter().take_while(|edge| edge.label != SILENT) {
                if Some(edge.label) == label {
                    synchronous.extend(self.marked(position + 1, after.find(edge.target), cell.cost));
                }
                let cost = cell.cost + u64::from(self.weights.model);
                model.extend(self.marked(position, here.find(edge.target), cost).map(|at| (edge.label, at)));
            }
        }
        let unique = |mut cells: Vec<usize>| {
            cells.sort_unstable();
            cells.dedup();
            cells
        };
        if let (Some(label), false) = (label, synchronous.is_empty()) {
            return Ok(Some((Move::Synchronous(label), unique(synchronous))));
        }
        let log: Vec<usize> = cells().filter_map(|cell| self.log(position, cell, after)).collect();
        if let (Some(label), false) = (label, log.is_empty()) {
            return Ok(Some((Move::Log(label), unique(log))));
        }
        let Some(least) = model.iter().map(|(label, _)| *label).min() else { return Ok(None) };
        let targets = model.into_iter().filter(|(label, _)| *label == least).map(|(_, at)| at).collect();
        Ok(Some((Move::Model(least), unique(targets))))
    }
}
