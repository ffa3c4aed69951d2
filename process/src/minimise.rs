//! The smallest deterministic automaton of a language: partition refinement in O(m log n), after Valmari, *Fast brief
//! practical DFA minimization* (Information Processing Letters 112, 2012), which needs no state for what is not allowed.

use crate::automaton::{Dfa, Edge};

/// Merges equivalent states and numbers what is left from the start on, by labels: equal languages give equal automata.
/// Every state must be reachable and able to reach an end.
pub(crate) fn minimise(dfa: &Dfa) -> Dfa {
    if dfa.is_empty() {
        return dfa.clone();
    }
    renumbered(dfa, &blocks(dfa))
}

/// The block of each state.
fn blocks(dfa: &Dfa) -> Partition {
    let count = dfa.len();
    let tails: Vec<usize> = (0..count).flat_map(|state| vec![state; dfa.edges(state as u32).len()]).collect();
    let incoming = Incoming::new(dfa);
    let mut blocks = Partition::new(count);
    (0..count).filter(|state| dfa.finals[*state]).for_each(|state| blocks.mark(state));
    blocks.split();
    let mut cords = Partition::by_label(&dfa.edges);
    let (mut block, mut cord) = (1, 0);
    while cord < cords.sets() {
        for at in cords.first[cord]..cords.past[cord] {
            blocks.mark(tails[cords.elements[at]]);
        }
        blocks.split();
        cord += 1;
        while block < blocks.sets() {
            for at in blocks.first[block]..blocks.past[block] {
                incoming.of(blocks.elements[at]).iter().for_each(|edge| cords.mark(*edge));
            }
            cords.split();
            block += 1;
        }
    }
    blocks
}

/// The automaton whose states are blocks, numbered breadth first from the start by label.
fn renumbered(dfa: &Dfa, blocks: &Partition) -> Dfa {
    const NEW: u32 = u32::MAX;
    let mut numbers = vec![NEW; blocks.sets()];
    let mut order = vec![0_u32];
    numbers[blocks.set_of[0]] = 0;
    let mut small = Dfa { edges: Vec::new(), offsets: vec![0], finals: Vec::new() };
    let mut next = 0;
    while let Some(state) = order.get(next).copied() {
        for edge in dfa.edges(state) {
            let block = blocks.set_of[edge.target as usize];
            if numbers[block] == NEW {
                numbers[block] = order.len() as u32;
                order.push(edge.target);
            }
            small.edges.push(Edge { label: edge.label, target: numbers[block] });
        }
        small.offsets.push(small.edges.len() as u32);
        small.finals.push(dfa.finals[state as usize]);
        next += 1;
    }
    small
}

/// Edges by the state that they lead to.
struct Incoming {
    edges: Vec<usize>,
    ends: Vec<usize>,
}

impl Incoming {
    fn new(dfa: &Dfa) -> Self {
        let mut ends = vec![0; dfa.len() + 1];
        dfa.edges.iter().for_each(|edge| ends[edge.target as usize + 1] += 1);
        (1..ends.len()).for_each(|at| ends[at] += ends[at - 1]);
        let mut free = ends.clone();
        let mut edges = vec![0; dfa.edges.len()];
        for (number, edge) in dfa.edges.iter().enumerate() {
            edges[free[edge.target as usize]] = number;
            free[edge.target as usize] += 1;
        }
        Incoming { edges, ends }
    }

    fn of(&self, state: usize) -> &[usize] {
        &self.edges[self.ends[state]..self.ends[state + 1]]
    }
}

/// A partition that is refined: elements are marked, then each set is split into the marked and the others.
struct Partition {
    /// Elements, those of one set side by side, its marked ones first.
    elements: Vec<usize>,
    location: Vec<usize>,
    set_of: Vec<usize>,
    first: Vec<usize>,
    past: Vec<usize>,
    marked: Vec<usize>,
    touched: Vec<usize>,
}

impl Partition {
    fn new(count: usize) -> Self {
        let all: Vec<usize> = (0..count).collect();
        Partition {
            elements: all.clone(),
            location: all,
            set_of: vec![0; count],
            first: vec![0],
            past: vec![count],
            marked: vec![0],
            touched: Vec::new(),
        }
    }

    /// Edges, those with the same label in one set.
    fn by_label(edges: &[Edge]) -> Self {
        let mut partition = Partition::new(edges.len());
        let (elements, location) = (&mut partition.elements, &mut partition.location);
        elements.sort_by_key(|edge| edges[*edge].label);
        elements.iter().enumerate().for_each(|(at, edge)| location[*edge] = at);
        (partition.first, partition.past, partition.marked) = (Vec::new(), Vec::new(), Vec::new());
        for set in partition.elements.chunk_by(|one, other| edges[*one].label == edges[*other].label) {
            let begin = partition.past.last().copied().unwrap_or(0);
            set.iter().for_each(|edge| partition.set_of[*edge] = partition.first.len());
            partition.first.push(begin);
            partition.past.push(begin + set.len());
            partition.marked.push(0);
        }
        partition
    }

    fn sets(&self) -> usize {
        self.first.len()
    }

    fn mark(&mut self, element: usize) {
        let set = self.set_of[element];
        let (at, to) = (self.location[element], self.first[set] + self.marked[set]);
        if at < to {
            return;
        }
        self.elements.swap(at, to);
        self.location[self.elements[at]] = at;
        self.location[element] = to;
        if self.marked[set] == 0 {
            self.touched.push(set);
        }
        self.marked[set] += 1;
    }

    /// Splits the sets that hold marks. The smaller half becomes the new set, which is what bounds the work.
    fn split(&mut self) {
        while let Some(set) = self.touched.pop() {
            let (first, past) = (self.first[set], self.past[set]);
            let middle = first + std::mem::take(&mut self.marked[set]);
            if middle == past {
                continue;
            }
            let new = self.sets();
            if middle - first <= past - middle {
                self.first.push(first);
                self.past.push(middle);
                self.first[set] = middle;
            } else {
                self.first.push(middle);
                self.past.push(past);
                self.past[set] = middle;
            }
            self.marked.push(0);
            for at in self.first[new]..self.past[new] {
                self.set_of[self.elements[at]] = new;
            }
        }
    }
}
