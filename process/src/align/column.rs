//! One column of the dynamic programme: the states that a prefix can lead to, and at what cost.

use crate::automaton::{Automaton, Exhausted, SILENT};

use super::Weights;

/// A state and the least cost at which it is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cell {
    pub(super) state: u32,
    pub(super) cost: u64,
}

/// A column: each state once, costs ascending.
pub(super) type Column = Vec<Cell>;

/// Makes columns, and keeps what they are made with.
#[derive(Debug, Default)]
pub(super) struct Columns {
    /// The column for which a state was last settled.
    settled: Vec<u32>,
    epoch: u32,
    synchronous: Vec<Cell>,
    log: Vec<Cell>,
    /// States reached by model moves. All cost the same, so they are queued in order of cost.
    queue: Vec<Cell>,
    silent: Vec<Cell>,
    /// Cells and edges looked at.
    pub(super) work: u64,
    /// Whether something was left out because it costs more than the bound.
    pub(super) cut: bool,
}

impl Columns {
    /// The column of the empty prefix.
    pub(super) fn first<A: Automaton>(
        &mut self,
        automaton: &mut A,
        weights: Weights,
        bound: u64,
    ) -> Result<Column, Exhausted> {
        self.log.clear();
        self.synchronous.clear();
        self.synchronous.push(Cell { state: automaton.start(), cost: 0 });
        let mut column = Column::new();
        self.close(automaton, weights, bound, &mut column)?;
        Ok(column)
    }

    /// The column after one more label, written into `next`.
    pub(super) fn advance<A: Automaton>(
        &mut self,
        automaton: &mut A,
        column: &[Cell],
        label: u32,
        (weights, bound): (Weights, u64),
        next: &mut Column,
    ) -> Result<(), Exhausted> {
        self.log.clear();
        self.synchronous.clear();
        for cell in column {
            let edges = automaton.successors(cell.state)?;
            let begin = edges.partition_point(|edge| edge.label < label);
            let same = edges.iter().skip(begin).take_while(|edge| edge.label == label);
            self.synchronous.extend(same.map(|edge| Cell { state: edge.target, cost: cell.cost }));
            let cost = cell.cost + u64::from(weights.log);
            if cost <= bound {
                self.log.push(Cell { state: cell.state, cost });
            } else {
                self.cut = true;
            }
        }
        self.work += column.len() as u64;
        self.close(automaton, weights, bound, next)
    }

    /// Settles the seeds and all that model moves reach from them, in order of cost.
    fn close<A: Automaton>(
        &mut self,
        automaton: &mut A,
        weights: Weights,
        bound: u64,
        column: &mut Column,
    ) -> Result<(), Exhausted> {
        column.clear();
        self.queue.clear();
        self.begin(automaton.states());
        let mut heads = [0_usize; 3];
        while let Some(cell) = self.cheapest(&mut heads) {
            self.silent.push(cell);
            while let Some(cell) = self.silent.pop() {
                self.settle(automaton, cell, (weights, bound), column)?;
            }
        }
        Ok(())
    }

    /// The cheapest seed or queued cell that was not taken yet; of equal ones the synchronous one, then that of the log.
    fn cheapest(&self, heads: &mut [usize; 3]) -> Option<Cell> {
        // An iterator's minimum took a sixth of the whole search here.
        let (mut from, mut cheapest) = (0, None::<Cell>);
        for (at, cells) in [&self.synchronous, &self.log, &self.queue].into_iter().enumerate() {
            let next = heads.get(at).and_then(|head| cells.get(*head));
            if let Some(cell) = next.filter(|cell| cheapest.is_none_or(|best| cell.cost < best.cost)) {
                (from, cheapest) = (at, Some(*cell));
            }
        }
        *heads.get_mut(from)? += usize::from(cheapest.is_some());
        cheapest
    }

    fn settle<A: Automaton>(
        &mut self,
        automaton: &mut A,
        cell: Cell,
        (weights, bound): (Weights, u64),
        column: &mut Column,
    ) -> Result<(), Exhausted> {
        self.work += 1;
        if !self.is_new(cell.state) {
            return Ok(());
        }
        column.push(cell);
        let cost = cell.cost + u64::from(weights.model);
        let within = cost <= bound;
        let edges = automaton.successors(cell.state)?;
        self.work += edges.len() as u64;
        if !within {
            // Silent edges are last.
            self.cut |= edges.first().is_some_and(|edge| edge.label != SILENT);
            let silent = edges.iter().rev().take_while(|edge| edge.label == SILENT);
            self.silent.extend(silent.map(|edge| Cell { state: edge.target, cost: cell.cost }));
            return Ok(());
        }
        for edge in edges {
            // What is settled is settled at no higher cost.
            if self.settled.get(edge.target as usize) == Some(&self.epoch) {
                continue;
            }
            if edge.label == SILENT {
                self.silent.push(Cell { state: edge.target, cost: cell.cost });
            } else {
                self.queue.push(Cell { state: edge.target, cost });
            }
        }
        Ok(())
    }

    fn begin(&mut self, states: usize) {
        self.epoch = self.epoch.wrapping_add(1);
        if self.epoch == 0 {
            self.settled.fill(0);
            self.epoch = 1;
        }
        self.grow(states);
    }

    fn grow(&mut self, states: usize) {
        if self.settled.len() < states {
            self.settled.resize(states.next_power_of_two(), 0);
        }
    }

    /// Marks a state as settled; whether it was not before.
    fn is_new(&mut self, state: u32) -> bool {
        self.grow(state as usize + 1);
        let epoch = self.epoch;
        self.settled.get_mut(state as usize).is_some_and(|settled| std::mem::replace(settled, epoch) != epoch)
    }
}
