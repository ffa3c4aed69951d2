//! The reachable markings of a net, found as they are asked for and kept.

use std::hash::BuildHasher as _;
use std::ops::Range;

use foldhash::fast::RandomState;
use hashbrown::HashTable;

use crate::automaton::{Automaton, Edge, Exhausted, SILENT};
use crate::net::Net;

/// Edges of a marking whose edges were not asked for.
const UNKNOWN: (u32, u32) = (u32::MAX, 0);
/// Bytes that the tokens of all markings together may take.
const TOKEN_BYTES: usize = 1 << 29;
/// Markings at the end of the list whose past is searched for growth.
const SUSPECTS: usize = 256;

/// Reachable markings and the edges between them.
#[derive(Clone, Debug)]
pub struct MarkingGraph {
    moves: Vec<Move>,
    places: usize,
    finals: Vec<Box<[u16]>>,
    /// Tokens of marking `m` are `tokens[m * places ..][.. places]`.
    tokens: Vec<u16>,
    index: HashTable<u32>,
    hasher: RandomState,
    /// The marking from which one was first reached.
    parents: Vec<u32>,
    is_final: Vec<bool>,
    /// Where in `edges` the edges of a marking are.
    spans: Vec<(u32, u32)>,
    edges: Vec<Edge>,
    limits: Limits,
    scratch: Vec<u16>,
    /// A place that had to hold more tokens than are counted.
    overfull: Option<usize>,
}

#[derive(Clone, Copy, Debug)]
struct Limits {
    markings: usize,
    edges: usize,
}

/// A transition as the search fires it.
#[derive(Clone, Debug)]
struct Move {
    label: u32,
    inputs: Vec<(u32, u32)>,
    outputs: Vec<(u32, u32)>,
    resets: Vec<u32>,
    without: Vec<u32>,
}

impl MarkingGraph {
    /// Begins with the initial marking. At most `markings` markings and `edges` edges are ever kept. Tokens take 2 bytes
    /// a place of each marking, and half a GiB at most: of a net of very many places fewer markings are kept.
    pub fn new(net: &Net, markings: usize, edges: usize) -> Self {
        let moves = net.transitions().iter().map(|transition| Move {
            label: transition.label.as_deref().and_then(|label| net.label(label)).unwrap_or(SILENT),
            inputs: transition.inputs.clone(),
            outputs: transition.outputs.clone(),
            resets: transition.resets.clone(),
            without: transition.without.clone(),
        });
        let narrow = |marking: &[u32]| marking.iter().map(|n| u16::try_from(*n).ok()).collect::<Option<Box<[u16]>>>();
        let mut graph = MarkingGraph {
            moves: moves.collect(),
            places: net.places().len(),
            // A final marking that cannot be counted cannot be reached either.
            finals: net.finals().iter().filter_map(|marking| narrow(marking)).collect(),
            tokens: Vec::new(),
            index: HashTable::new(),
            hasher: RandomState::default(),
            parents: Vec::new(),
            is_final: Vec::new(),
            spans: Vec::new(),
            edges: Vec::new(),
            limits: Limits { markings: held(markings, net.places().len()), edges: edges.min(u32::MAX as usize - 1) },
            scratch: Vec::new(),
            overfull: None,
        };
        let initial: Vec<u32> = net.places().iter().map(|place| place.initial).collect();
        graph.overfull = initial.iter().position(|tokens| u16::try_from(*tokens).is_err());
        graph.scratch = initial.iter().map(|tokens| u16::try_from(*tokens).unwrap_or(u16::MAX)).collect();
        graph.limits.markings = graph.limits.markings.max(1);
        // The first marking is within every limit.
        let _ = graph.intern(0);
        graph
    }

    /// Finds all markings.
    ///
    /// # Errors
    /// When there are more than the budget holds.
    pub fn explore(&mut self) -> Result<(), Exhausted> {
        let mut next = 0;
        while next < self.spans.len() {
            self.span(u32::try_from(next).map_err(|_| Exhausted)?)?;
            next += 1;
        }
        Ok(())
    }

    /// A place that surely grows without end: a marking covers one that it comes from. Looks at what is known so far.
    /// Nothing is sure of a place that is emptied at times, nor where the two differ in a place that must be empty.
    pub fn growing_place(&self) -> Option<usize> {
        let (mut emptied, mut tested) = (vec![false; self.places], vec![false; self.places]);
        let mark = |list: &mut Vec<bool>, places: &[u32]| {
            places.iter().for_each(|place| list.get_mut(*place as usize).into_iter().for_each(|one| *one = true));
        };
        for one in &self.moves {
            mark(&mut emptied, &one.resets);
            mark(&mut tested, &one.without);
        }
        let count = self.spans.len();
        (count.saturating_sub(SUSPECTS)..count).rev().find_map(|late| {
            let mut earlier = late;
            // Parents come before their children, so this ends.
            while earlier > 0 {
                earlier = self.parents.get(earlier).map_or(0, |parent| *parent as usize);
                if let Some(place) = self.covers(late, earlier, &emptied, &tested) {
                    return Some(place);
                }
            }
            None
        })
    }

    /// A place that had to hold more tokens than are counted: more than 65,535.
    pub fn overfull_place(&self) -> Option<usize> {
        self.overfull
    }

    /// The place that holds the most tokens of all that is known so far.
    pub fn fullest_place(&self) -> Option<usize> {
        let mut most = vec![0; self.places];
        for marking in self.tokens.chunks_exact(self.places.max(1)) {
            most.iter_mut().zip(marking).for_each(|(most, tokens)| *most = (*tokens).max(*most));
        }
        (0..self.places).max_by_key(|place| (most.get(*place).copied(), std::cmp::Reverse(*place)))
    }

    /// A place in which `late` has more than `early`, where it has no less in any and can do all again.
    fn covers(&self, late: usize, early: usize, emptied: &[bool], tested: &[bool]) -> Option<usize> {
        let pairs = || self.marking(late).iter().zip(self.marking(early));
        if pairs().zip(tested).any(|((late, early), tested)| late < early || *tested && late != early) {
            return None;
        }
        pairs().zip(emptied).position(|((late, early), emptied)| late > early && !emptied)
    }

    fn marking(&self, number: usize) -> &[u16] {
        let begin = number * self.places;
        self.tokens.get(begin..begin + self.places).unwrap_or_default()
    }

    /// Where the edges of a marking are; finds them first where nobody asked before.
    fn span(&mut self, number: u32) -> Result<Range<usize>, Exhausted> {
        let (begin, end) = self.spans.get(number as usize).copied().unwrap_or((0, 0));
        if (begin, end) != UNKNOWN {
            return Ok(begin as usize..end as usize);
        }
        if self.overfull.is_some() {
            return Err(Exhausted);
        }
        let begin = self.edges.len();
        let moves = std::mem::take(&mut self.moves);
        let found = moves.iter().try_for_each(|one| self.fire(number, one));
        self.moves = moves;
        if let Err(exhausted) = found {
            self.edges.truncate(begin);
            return Err(exhausted);
        }
        let mut own = self.edges.split_off(begin);
        own.sort_unstable();
        own.dedup();
        // A silent move that changes nothing is none.
        own.retain(|edge| edge.label != SILENT || edge.target != number);
        self.edges.append(&mut own);
        let span = (begin as u32, self.edges.len() as u32);
        if let Some(known) = self.spans.get_mut(number as usize) {
            *known = span;
        }
        Ok(begin..self.edges.len())
    }

    /// Adds the edge of a transition, if it is enabled.
    fn fire(&mut self, number: u32, one: &Move) -> Result<(), Exhausted> {
        let begin = number as usize * self.places;
        let Some(tokens) = self.tokens.get(begin..begin + self.places) else { return Ok(()) };
        let has = |place: u32, weight: u32| tokens.get(place as usize).is_some_and(|n| u32::from(*n) >= weight);
        let able = one.inputs.iter().all(|(place, weight)| has(*place, *weight));
        if !able || one.without.iter().any(|place| has(*place, 1)) {
            return Ok(());
        }
        self.scratch.clear();
        self.scratch.extend_from_slice(tokens);
        for (place, weight) in &one.inputs {
            if let Some(tokens) = self.scratch.get_mut(*place as usize) {
                *tokens = tokens.saturating_sub(u16::try_from(*weight).unwrap_or(u16::MAX));
            }
        }
        for place in &one.resets {
            self.scratch.get_mut(*place as usize).into_iter().for_each(|tokens| *tokens = 0);
        }
        for (place, weight) in &one.outputs {
            if let Some(tokens) = self.scratch.get_mut(*place as usize) {
                let sum = u16::try_from(*weight).ok().and_then(|weight| tokens.checked_add(weight));
                let Some(sum) = sum else {
                    self.overfull = Some(*place as usize);
                    return Err(Exhausted);
                };
                *tokens = sum;
            }
        }
        if self.edges.len() >= self.limits.edges {
            return Err(Exhausted);
        }
        let target = self.intern(number)?;
        self.edges.push(Edge { label: one.label, target });
        Ok(())
    }

    /// The number of the marking in `scratch`.
    fn intern(&mut self, parent: u32) -> Result<u32, Exhausted> {
        let hash = self.hasher.hash_one(&*self.scratch);
        let (places, tokens, scratch) = (self.places, &self.tokens, &self.scratch);
        let marking = |number: u32| tokens.get(number as usize * places..(number as usize + 1) * places);
        if let Some(number) = self.index.find(hash, |number| marking(*number) == Some(scratch.as_slice())) {
            return Ok(*number);
        }
        let count = self.spans.len();
        if count >= self.limits.markings {
            return Err(Exhausted);
        }
        let number = u32::try_from(count).map_err(|_| Exhausted)?;
        let hasher = &self.hasher;
        self.index.insert_unique(hash, number, |number| hasher.hash_one(marking(*number).unwrap_or_default()));
        self.is_final.push(self.finals.iter().any(|marking| **marking == **scratch));
        self.tokens.extend_from_slice(&self.scratch);
        self.parents.push(parent);
        self.spans.push(UNKNOWN);
        Ok(number)
    }
}

/// How many markings of so many places are kept where `markings` are asked for.
fn held(markings: usize, places: usize) -> usize {
    markings.min(u32::MAX as usize - 1).min(TOKEN_BYTES / (2 * places.max(1)))
}

impl Automaton for MarkingGraph {
    fn start(&self) -> u32 {
        0
    }

    fn successors(&mut self, state: u32) -> Result<&[Edge], Exhausted> {
        let span = self.span(state)?;
        Ok(self.edges.get(span).unwrap_or_default())
    }

    fn is_final(&self, state: u32) -> bool {
        self.is_final.get(state as usize).copied().unwrap_or(false)
    }

    fn states(&self) -> usize {
        self.spans.len()
    }
}

#[cfg(test)]
mod tests {
    use super::held;

    #[test]
    fn many_places_leave_room_for_few_markings() {
        assert_eq!(held(200_000, 50), 200_000);
        assert_eq!(held(2_000_000, 20_000), 13_421);
        assert_eq!((held(5, usize::MAX / 4), held(5, 0)), (0, 5));
    }
}
