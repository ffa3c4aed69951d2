//! From markings to a deterministic automaton: silent edges go, subsets become states.

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use crate::automaton::{Automaton, Dfa, Edge, Exhausted, SILENT};

/// How large a deterministic automaton may become before it is given up.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SubsetLimits {
    /// States.
    pub(crate) states: usize,
    /// Edges.
    pub(crate) edges: usize,
    /// States of the origin in all subsets, and in all silent closures.
    pub(crate) members: usize,
}

/// A deterministic automaton of the same language, in which every state can reach an end. It is empty when no run ends.
pub(crate) fn determinise(origin: &mut impl Automaton, limits: SubsetLimits) -> Result<Dfa, Exhausted> {
    let kernel = Kernel::new(origin, limits.members)?;
    let mut subsets = Subsets::new(kernel, limits);
    let mut dfa = Dfa { edges: Vec::new(), offsets: vec![0], finals: Vec::new() };
    let start = origin.start();
    if !subsets.kernel.useful.get(start as usize).copied().unwrap_or(false) {
        return Ok(dfa);
    }
    let first = subsets.kernel.closure_of.get(start as usize).copied().unwrap_or_default();
    subsets.number(&[first])?;
    let (mut steps, mut closures) = (Vec::new(), Vec::new());
    let mut next = 0;
    while next < subsets.len() {
        dfa.finals.push(subsets.steps(next, &mut steps));
        for group in steps.chunk_by(|one: &(u32, u32), other| one.0 == other.0) {
            closures.clear();
            closures.extend(group.iter().map(|(_, closure)| *closure));
            let Some((label, _)) = group.first() else { continue };
            let target = subsets.number(&closures)?;
            dfa.edges.push(Edge { label: *label, target });
        }
        if dfa.edges.len() > limits.edges {
            return Err(Exhausted);
        }
        dfa.offsets.push(u32::try_from(dfa.edges.len()).map_err(|_| Exhausted)?);
        next += 1;
    }
    Ok(dfa)
}

/// What is left of the origin without its silent edges.
struct Kernel {
    /// Whether a state can reach an end.
    useful: Vec<bool>,
    finals: Vec<bool>,
    /// Which closure a state has; equal ones have one number.
    closure_of: Vec<u32>,
    /// States of closure `c`: those from `ends[c]` to `ends[c + 1]`. Only states that end or go on visibly are kept.
    closures: Vec<u32>,
    ends: Vec<usize>,
    /// Visible edges of a state: label and the closure of the target.
    steps: Vec<Vec<(u32, u32)>>,
}

impl Kernel {
    fn new(origin: &mut impl Automaton, limit: usize) -> Result<Self, Exhausted> {
        let count = origin.states();
        let useful = useful(origin)?;
        let finals: Vec<bool> = (0..count).map(|state| origin.is_final(state as u32)).collect();
        let mut kernel = Kernel {
            useful,
            finals,
            closure_of: vec![0; count],
            closures: Vec::new(),
            ends: vec![0],
            steps: Vec::new(),
        };
        let mut silent: Vec<Vec<u32>> = vec![Vec::new(); count];
        let mut visible: Vec<Vec<Edge>> = vec![Vec::new(); count];
        for state in 0..count {
            for edge in origin.successors(state as u32)? {
                if !kernel.useful[edge.target as usize] {
                    continue;
                }
                if edge.label == SILENT {
                    silent[state].push(edge.target);
                } else {
                    visible[state].push(*edge);
                }
            }
        }
        kernel.close(&silent, &visible, limit)?;
        kernel.steps = visible
            .into_iter()
            .map(|edges| edges.into_iter().map(|edge| (edge.label, kernel.closure_of[edge.target as usize])).collect())
            .collect();
        Ok(kernel)
    }

    /// Finds the closure of every useful state.
    fn close(&mut self, silent: &[Vec<u32>], visible: &[Vec<Edge>], limit: usize) -> Result<(), Exhausted> {
        let mut numbers: HashMap<Vec<u32>, u32, RandomState> = HashMap::default();
        let mut met = vec![u32::MAX; silent.len()];
        let (mut stack, mut found, mut work) = (Vec::new(), Vec::new(), 0_usize);
        for state in (0..silent.len()).filter(|state| self.useful[*state]) {
            let mark = state as u32;
            found.clear();
            stack.push(mark);
            met[state] = mark;
            while let Some(at) = stack.pop() {
                work += 1;
                if self.finals[at as usize] || !visible[at as usize].is_empty() {
                    found.push(at);
                }
                for target in &silent[at as usize] {
                    if met[*target as usize] != mark {
                        met[*target as usize] = mark;
                        stack.push(*target);
                    }
                }
            }
            // Work is bounded like memory: closures may overlap without end.
            if self.closures.len() + found.len() > limit || work > limit.saturating_mul(8) {
                return Err(Exhausted);
            }
            found.sort_unstable();
            let next = numbers.len() as u32;
            self.closure_of[state] = *numbers.entry_ref(found.as_slice()).or_insert_with(|| {
                self.closures.extend_from_slice(&found);
                self.ends.push(self.closures.len());
                next
            });
        }
        Ok(())
    }

    fn closure(&self, number: u32) -> &[u32] {
        self.closures.get(self.ends[number as usize]..self.ends[number as usize + 1]).unwrap_or_default()
    }
}

/// Which states can reach an end.
fn useful(origin: &mut impl Automaton) -> Result<Vec<bool>, Exhausted> {
    let count = origin.states();
    let mut back: Vec<Vec<u32>> = vec![Vec::new(); count];
    for state in 0..count {
        for edge in origin.successors(state as u32)? {
            back[edge.target as usize].push(state as u32);
        }
    }
    let mut useful: Vec<bool> = (0..count).map(|state| origin.is_final(state as u32)).collect();
    let mut stack: Vec<usize> = (0..count).filter(|state| useful[*state]).collect();
    while let Some(state) = stack.pop() {
        for before in &back[state] {
            if !std::mem::replace(&mut useful[*before as usize], true) {
                stack.push(*before as usize);
            }
        }
    }
    Ok(useful)
}

/// Subsets of the origin's states, numbered as they are found.
struct Subsets {
    kernel: Kernel,
    limits: SubsetLimits,
    by_members: HashMap<Box<[u32]>, u32, RandomState>,
    /// By the closures that a subset is the union of, so that most unions are never made.
    by_closures: HashMap<Box<[u32]>, u32, RandomState>,
    members: Vec<u32>,
    ends: Vec<usize>,
    /// The union for which a state was last met.
    met: Vec<u32>,
    unions: u32,
}

impl Subsets {
    fn new(kernel: Kernel, limits: SubsetLimits) -> Self {
        let met = vec![0; kernel.useful.len()];
        let (by_members, by_closures) = (HashMap::default(), HashMap::default());
        Subsets { kernel, limits, by_members, by_closures, members: Vec::new(), ends: vec![0], met, unions: 0 }
    }

    fn len(&self) -> usize {
        self.ends.len() - 1
    }

    /// The number of a union of closures, which are sorted.
    fn number(&mut self, closures: &[u32]) -> Result<u32, Exhausted> {
        if let Some(number) = self.by_closures.get(closures) {
            return Ok(*number);
        }
        let union = self.union(closures)?;
        let number = match self.by_members.get(union.as_slice()) {
            Some(number) => *number,
            None => self.add(union)?,
        };
        // The keys are bounded like the members that they stand for.
        if self.by_closures.len() < self.limits.edges {
            self.by_closures.insert(closures.into(), number);
        }
        Ok(number)
    }

    fn union(&mut self, closures: &[u32]) -> Result<Vec<u32>, Exhausted> {
        self.unions = self.unions.checked_add(1).ok_or(Exhausted)?;
        let mut union = Vec::new();
        for closure in closures {
            for state in self.kernel.closure(*closure) {
                if std::mem::replace(&mut self.met[*state as usize], self.unions) != self.unions {
                    union.push(*state);
                }
            }
        }
        union.sort_unstable();
        Ok(union)
    }

    fn add(&mut self, union: Vec<u32>) -> Result<u32, Exhausted> {
        if self.len() >= self.limits.states || self.members.len() + union.len() > self.limits.members {
            return Err(Exhausted);
        }
        let number = u32::try_from(self.len()).map_err(|_| Exhausted)?;
        self.members.extend_from_slice(&union);
        self.ends.push(self.members.len());
        self.by_members.insert(union.into(), number);
        Ok(number)
    }

    /// Gathers the steps from a subset, sorted; returns whether a run may end in it.
    fn steps(&self, number: usize, steps: &mut Vec<(u32, u32)>) -> bool {
        let members = self.members.get(self.ends[number]..self.ends[number + 1]).unwrap_or_default();
        steps.clear();
        members.iter().for_each(|state| steps.extend_from_slice(&self.kernel.steps[*state as usize]));
        steps.sort_unstable();
        steps.dedup();
        members.iter().any(|state| self.kernel.finals[*state as usize])
    }
}
