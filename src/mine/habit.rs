//! What steps of one life have to do with each other: which came before which, and whether the same person took both.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::evidence::add;
use super::life::known_actor;
use crate::event::Event;

/// Distinct steps of one life that are compared.
const MOST_STEPS: usize = 32;

/// Sums over the objects of one type.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Habits {
    /// Objects that took the first step before they took the second one.
    pub(super) before: BTreeMap<(Arc<str>, Arc<str>), u64>,
    /// Objects on which known people took both steps, by name.
    pub(super) both: BTreeMap<(Arc<str>, Arc<str>), u64>,
    /// Of these, objects on which nobody took both.
    pub(super) apart: BTreeMap<(Arc<str>, Arc<str>), u64>,
}

impl Habits {
    /// Adds the steps of one object's life, in order.
    pub(super) fn add(&mut self, steps: &[&Event]) {
        let mut order: Vec<&Arc<str>> = Vec::new();
        let mut actors: BTreeMap<&Arc<str>, Option<BTreeSet<u64>>> = BTreeMap::new();
        for (step, event) in steps.iter().filter_map(|event| Some((event.activity.as_ref()?, event))) {
            if !order.contains(&step) {
                if order.len() >= MOST_STEPS {
                    continue;
                }
                order.push(step);
            }
            let taken = actors.entry(step).or_insert_with(|| Some(BTreeSet::new()));
            match (taken.as_mut(), known_actor(event)) {
                (Some(actors), Some(actor)) => drop(actors.insert(actor)),
                _ => *taken = None,
            }
        }
        for (at, later) in order.iter().enumerate() {
            for earlier in order.iter().take(at) {
                *self.before.entry((Arc::clone(earlier), Arc::clone(later))).or_default() += 1;
                let (a, b) = (actors.get(earlier), actors.get(later));
                let (Some(Some(a)), Some(Some(b))) = (a, b) else { continue };
                let pair = (Arc::clone(earlier.min(later)), Arc::clone(earlier.max(later)));
                *self.both.entry(pair.clone()).or_default() += 1;
                *self.apart.entry(pair).or_default() += u64::from(a.is_disjoint(b));
            }
        }
    }

    /// Adds another part's sums.
    pub(super) fn merge(&mut self, other: Habits) {
        add(&mut self.before, other.before);
        add(&mut self.both, other.both);
        add(&mut self.apart, other.apart);
    }
}
