//! The fold over cases: directly-follows counts and variants per object type.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::evidence::add;
use super::life::Lives;
use crate::compare::Trace;
use crate::event::{Event, ObjectId, Outcome};

/// A sequence of steps with the number of objects that lived it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variant {
    /// Object type.
    pub object_type: Arc<str>,
    /// Steps in order: activities, else operations.
    pub activities: Vec<Arc<str>>,
    /// Objects.
    pub count: u64,
    /// Whether it fits the model (`None` without a model or when undecided).
    pub fits: Option<bool>,
}

/// Partial sums of what happened; merging them in any order gives the same.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mining {
    /// Per object type.
    pub(super) types: BTreeMap<Arc<str>, TypeCounts>,
    /// Sequences that the comparison replayed, with whether they fit.
    replayed: BTreeMap<VariantKey, u64>,
    /// Sequences as they happened.
    lived: BTreeMap<VariantKey, u64>,
    /// Walks over states by object type, of activities of a model.
    pub(super) lives: BTreeMap<Arc<str>, Lives>,
    /// Type of an event's first object, and of the case's root where they differ: events.
    pub(super) roots: BTreeMap<(Arc<str>, Arc<str>), u64>,
}

/// Object type, steps, and whether they fit.
type VariantKey = (Arc<str>, Vec<Arc<str>>, Option<bool>);

/// Counts of one object type. A step is an accepted event that is no read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct TypeCounts {
    /// Objects with at least one step.
    pub(super) objects: u64,
    /// Steps by name.
    pub(super) steps: BTreeMap<Arc<str>, u64>,
    /// Objects whose first step this was.
    pub(super) starts: BTreeMap<Arc<str>, u64>,
    /// Objects whose last step this was.
    pub(super) ends: BTreeMap<Arc<str>, u64>,
    /// Directly-follows pairs.
    pub(super) follows: BTreeMap<(Arc<str>, Arc<str>), u64>,
}

impl Mining {
    /// Adds one case's events, sorted by time.
    pub fn add_case(&mut self, events: &[Event]) {
        let mut sequences: BTreeMap<&ObjectId, Vec<Arc<str>>> = BTreeMap::new();
        for event in events.iter().filter(|event| event.outcome == Outcome::Accepted && !event.read) {
            let Some(step) = event.activity.clone().or_else(|| event.operation.clone()) else { continue };
            // Only the object that a step is about lives it; a parent that is merely named does not.
            if let Some(object) = event.objects.first() {
                sequences.entry(&object.id).or_default().push(step);
            }
        }
        for (object, steps) in sequences {
            self.add_life(&object.object_type, steps);
        }
        self.add_walks(events);
    }

    fn add_walks(&mut self, events: &[Event]) {
        let mut touching: BTreeMap<&ObjectId, Vec<&Event>> = BTreeMap::new();
        for event in events {
            if let Some((own, root)) = event.objects.first().zip(event.case.as_ref())
                && own.id.object_type != root.object_type
            {
                let types = (Arc::clone(&own.id.object_type), Arc::clone(&root.object_type));
                *self.roots.entry(types).or_default() += 1;
            }
            for object in &event.objects {
                touching.entry(&object.id).or_default().push(event);
            }
        }
        // Without a model there are no activities, hence no walks.
        let named = events.iter().any(|event| event.activity.is_some());
        for (object, events) in touching.into_iter().filter(|_| named) {
            self.lives.entry(Arc::clone(&object.object_type)).or_default().add(object, &events);
        }
    }

    fn add_life(&mut self, object_type: &Arc<str>, steps: Vec<Arc<str>>) {
        let counts = self.types.entry(Arc::clone(object_type)).or_default();
        counts.objects += 1;
        for step in &steps {
            *counts.steps.entry(Arc::clone(step)).or_default() += 1;
        }
        for pair in steps.windows(2) {
            if let [before, after] = pair {
                *counts.follows.entry((Arc::clone(before), Arc::clone(after))).or_default() += 1;
            }
        }
        if let (Some(first), Some(last)) = (steps.first(), steps.last()) {
            *counts.starts.entry(Arc::clone(first)).or_default() += 1;
            *counts.ends.entry(Arc::clone(last)).or_default() += 1;
        }
        *self.lived.entry((Arc::clone(object_type), steps, None)).or_default() += 1;
    }

    /// Adds a sequence that the comparison replayed.
    pub fn add_trace(&mut self, trace: Trace) {
        *self.replayed.entry((trace.object_type, trace.activities, trace.fits)).or_default() += 1;
    }

    /// Adds another part's sums.
    pub fn merge(&mut self, other: Mining) {
        for (object_type, counts) in other.types {
            self.types.entry(object_type).or_default().merge(counts);
        }
        add(&mut self.replayed, other.replayed);
        add(&mut self.lived, other.lived);
        add(&mut self.roots, other.roots);
        for (object_type, lives) in other.lives {
            self.lives.entry(object_type).or_default().merge(lives);
        }
    }

    /// Variants, most frequent first: those replayed against a model, else as lived.
    pub fn variants(&self) -> Vec<Variant> {
        let mut variants: Vec<Variant> = self
            .chosen()
            .iter()
            .map(|((object_type, activities, fits), count)| Variant {
                object_type: Arc::clone(object_type),
                activities: activities.clone(),
                count: *count,
                fits: *fits,
            })
            .collect();
        // The sort is stable, so equal counts stay in the order of type and steps.
        variants.sort_by_key(|variant| std::cmp::Reverse(variant.count));
        variants
    }

    /// Number of distinct variants.
    pub fn variant_count(&self) -> u64 {
        self.chosen().len() as u64
    }

    fn chosen(&self) -> &BTreeMap<VariantKey, u64> {
        if self.replayed.is_empty() { &self.lived } else { &self.replayed }
    }
}

impl TypeCounts {
    fn merge(&mut self, other: TypeCounts) {
        self.objects += other.objects;
        add(&mut self.steps, other.steps);
        add(&mut self.starts, other.starts);
        add(&mut self.ends, other.ends);
        add(&mut self.follows, other.follows);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::sample;

    fn life(key: u64, steps: &[&str]) -> Vec<Event> {
        steps
            .iter()
            .zip(1..)
            .map(|(step, n)| {
                let mut event = sample::rich_event(key);
                event.activity = Some((*step).into());
                event.time = n;
                event
            })
            .collect()
    }

    #[test]
    fn counts_do_not_depend_on_how_cases_are_split() {
        let cases = [life(1, &["create", "pay", "ship"]), life(2, &["create", "pay"]), life(3, &["create", "pay"])];
        let mut whole = Mining::default();
        cases.iter().for_each(|case| whole.add_case(case));
        let (mut left, mut right) = (Mining::default(), Mining::default());
        left.add_case(&cases[2]);
        right.add_case(&cases[1]);
        right.add_case(&cases[0]);
        left.merge(right);
        assert_eq!(left, whole);

        let top = whole.variants();
        assert_eq!((top[0].count, top[0].activities.len()), (2, 2));
        assert_eq!(whole.types["order"].follows[&("create".into(), "pay".into())], 3);
        assert_eq!(whole.types["order"].ends[&Arc::from("pay")], 2);
    }

    #[test]
    fn reads_and_refused_steps_are_no_part_of_a_life() {
        let mut events = life(1, &["create", "view", "pay"]);
        events[1].read = true;
        events[2].outcome = Outcome::Rejected;
        let mut mining = Mining::default();
        mining.add_case(&events);
        assert_eq!(mining.variants()[0].activities, [Arc::from("create")]);
    }
}
