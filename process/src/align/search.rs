//! The costs of all variants together: shared prefixes are searched once, and the bound on the cost doubles from round
//! to round, so that variants that fit cost next to nothing (Ukkonen 1985; Reissner et al. 2017).

use crate::automaton::{Automaton, Exhausted};

use super::column::{Column, Columns};
use super::{Budget, Verdict, Weights};

/// Costs of optimal alignments of traces of labels, in the order given. Variants that turn out cheap are decided first,
/// so that one that is made to be expensive takes the budget from no other before its turn.
pub fn costs<A: Automaton>(automaton: &mut A, traces: &[&[u32]], weights: Weights, budget: Budget) -> Vec<Verdict> {
    let mut order: Vec<usize> = (0..traces.len()).collect();
    order.sort_by_key(|at| traces.get(*at).copied());
    let mut search = Search {
        automaton,
        traces,
        weights: weights.positive(),
        budget,
        verdicts: vec![Verdict::AtLeast(0); traces.len()],
        spent: vec![0; traces.len()],
        columns: Columns::default(),
        saved: Vec::new(),
        held: 0,
    };
    let mut bound = 0;
    while !order.is_empty() {
        search.columns.cut = false;
        let end = search.round(&order, bound);
        let (verdicts, spent) = (&search.verdicts, &search.spent);
        order.retain(|at| matches!(verdicts.get(*at), Some(Verdict::AtLeast(_))) && spent.get(*at) != Some(&GIVEN_UP));
        // Where nothing was left out for its cost, no higher bound finds more.
        if end.is_err() || !search.columns.cut || bound > u64::from(u32::MAX) {
            break;
        }
        bound = if bound == 0 { 1 } else { bound * 2 };
    }
    search.verdicts
}

/// Work on a trace that is not tried again.
const GIVEN_UP: u64 = u64::MAX;

/// Why a walk ended early.
enum Stop {
    /// This trace is too much; others may do.
    Trace,
    /// The whole budget is spent.
    All,
}

struct Search<'a, A> {
    automaton: &'a mut A,
    traces: &'a [&'a [u32]],
    weights: Weights,
    budget: Budget,
    verdicts: Vec<Verdict>,
    /// Work on each trace so far. What a trace shares with the one before is that one's.
    spent: Vec<u64>,
    columns: Columns,
    /// Columns at which traces part: length of the prefix, column.
    saved: Vec<(usize, Column)>,
    /// Cells in them.
    held: usize,
}

impl<A: Automaton> Search<'_, A> {
    /// Decides every trace whose cost is within the bound. `order` is sorted.
    fn round(&mut self, order: &[usize], bound: u64) -> Result<(), Exhausted> {
        let shared = Shared::new(self.traces, order);
        self.saved.clear();
        self.held = 0;
        let first = self.columns.first(self.automaton, self.weights, bound)?;
        self.save(0, &first);
        for (at, number) in order.iter().enumerate() {
            self.forget(shared.before(at));
            let before = self.columns.work;
            let walked = self.walk(*number, &shared.needed(at), bound);
            let work = self.columns.work - before;
            let spent = self.spent.get_mut(*number);
            match walked {
                Ok(verdict) => {
                    spent.into_iter().for_each(|spent| *spent = spent.saturating_add(work));
                    self.verdicts.get_mut(*number).into_iter().for_each(|known| *known = verdict);
                }
                Err(Stop::Trace) => spent.into_iter().for_each(|spent| *spent = GIVEN_UP),
                Err(Stop::All) => return Err(Exhausted),
            }
        }
        Ok(())
    }

    /// Walks one trace from the longest prefix that is kept.
    fn walk(&mut self, number: usize, needed: &[usize], bound: u64) -> Result<Verdict, Stop> {
        let trace = self.traces.get(number).copied().unwrap_or_default();
        let (begin, mut column) = self.saved.last().cloned().unwrap_or_default();
        let mut next = Column::new();
        let allowance = self.budget.variant.saturating_sub(self.spent.get(number).copied().unwrap_or(0));
        let before = self.columns.work;
        for (at, label) in trace.iter().enumerate().skip(begin) {
            let step = self.columns.advance(self.automaton, &column, *label, (self.weights, bound), &mut next);
            step.map_err(|Exhausted| Stop::Trace)?;
            std::mem::swap(&mut column, &mut next);
            if needed.binary_search(&(at + 1)).is_ok() {
                self.save(at + 1, &column);
            }
            if self.columns.work > self.budget.total {
                return Err(Stop::All);
            }
            if self.columns.work - before > allowance {
                return Err(Stop::Trace);
            }
        }
        let end = column.iter().find(|cell| self.automaton.is_final(cell.state));
        Ok(end.map_or(Verdict::AtLeast(bound + 1), |cell| Verdict::Optimal(cell.cost)))
    }

    /// Keeps a column for the traces that go on from it. Without room they begin further up.
    fn save(&mut self, length: usize, column: &Column) {
        if self.held + column.len() <= self.budget.cells {
            self.held += column.len();
            self.saved.push((length, column.clone()));
        }
    }

    /// Drops the columns of prefixes longer than this.
    fn forget(&mut self, length: usize) {
        while self.saved.last().is_some_and(|(saved, _)| *saved > length) {
            let dropped = self.saved.pop().map_or(0, |(_, column)| column.len());
            self.held = self.held.saturating_sub(dropped);
        }
    }
}

/// How long the prefixes are that sorted traces share.
struct Shared {
    /// With the trace before.
    lengths: Vec<usize>,
    /// The next trace that shares less with the one before it than this one does.
    smaller: Vec<usize>,
}

impl Shared {
    fn new(traces: &[&[u32]], order: &[usize]) -> Self {
        let trace = |at: &usize| traces.get(*at).copied().unwrap_or_default();
        let pairs = order.windows(2).map(|pair| match pair {
            [one, other] => trace(one).iter().zip(trace(other)).take_while(|(one, other)| one == other).count(),
            _ => 0,
        });
        let lengths: Vec<usize> = std::iter::once(0).chain(pairs).collect();
        let mut smaller = vec![lengths.len(); lengths.len()];
        let mut open: Vec<usize> = Vec::new();
        for (at, length) in lengths.iter().enumerate() {
            while let Some(last) = open.pop_if(|last| lengths[*last] > *length) {
                smaller[last] = at;
            }
            open.push(at);
        }
        Shared { lengths, smaller }
    }

    /// What the trace shares with the one before.
    fn before(&self, at: usize) -> usize {
        self.lengths.get(at).copied().unwrap_or(0)
    }

    /// Lengths of its prefixes that later traces begin with and earlier ones do not, ascending.
    fn needed(&self, at: usize) -> Vec<usize> {
        let (mut needed, mut next) = (Vec::new(), at + 1);
        while let Some(length) = self.lengths.get(next).filter(|length| **length > self.before(at)) {
            needed.push(*length);
            next = self.smaller.get(next).copied().unwrap_or(usize::MAX);
        }
        needed.reverse();
        needed
    }
}
