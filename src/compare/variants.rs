//! Alignments by variant: lives that took the same steps with the same possible transitions share one.

use std::sync::{Arc, Mutex, PoisonError};

use hashbrown::HashMap;

use super::alignment::{Alignment, align};
use super::automaton::{Automaton, StateSet};
use crate::model::ObjectTypeId;

/// Variants kept.
const MOST: usize = 4096;
/// Steps of a variant that is kept; longer ones hardly come twice.
const LONGEST: usize = 256;

/// A trace: its object type, the states that it may begin in, and the edges that each step may take, one step after the
/// other, each with their number first.
type Variant = (ObjectTypeId, StateSet, Box<[usize]>);

/// Alignments that were made. What is kept depends on the order of the lives; what is answered does not.
#[derive(Debug, Default)]
pub(super) struct Variants(Mutex<HashMap<Variant, Arc<Alignment>>>);

impl Variants {
    /// The optimal alignment of a trace; `None` when its table would be too large.
    pub(super) fn get(&self, automaton: &Automaton, start: &StateSet, trace: &[&[usize]]) -> Option<Arc<Alignment>> {
        let made = || align(automaton, start, trace).map(Arc::new);
        if trace.len() > LONGEST {
            return made();
        }
        let steps = trace.iter().flat_map(|edges| [edges.len()].into_iter().chain(edges.iter().copied()));
        let variant: Variant = (automaton.object_type, start.clone(), steps.collect());
        if let Some(known) = self.known().get(&variant) {
            return Some(Arc::clone(known));
        }
        let alignment = made()?;
        let mut known = self.known();
        if known.len() < MOST {
            known.insert(variant, Arc::clone(&alignment));
        }
        Some(alignment)
    }

    fn known(&self) -> std::sync::MutexGuard<'_, HashMap<Variant, Arc<Alignment>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
