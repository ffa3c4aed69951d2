//! Lives as walks over states: what a lifecycle that allows everything seen must contain.
//!
//! A step leads to the state that the server declared for it, in its own answer or in a read before the next step; a
//! step that nothing is declared for leads to a state named after it.

mod again;
mod steps;
#[cfg(test)]
mod tests;
mod walks;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use again::Sent;
pub(super) use steps::{RoleChoice, StepCounts, is_person};
use walks::pass;
pub(super) use walks::{Met, Node, Walks, Way};

use super::chronicle::{self, Chronicles};
use super::evidence::add;
use super::habit::Habits;
use super::owned::Owned;
use crate::event::partition::stable_hash;
use crate::event::{Event, Evidence, ObjectId, Outcome};
use crate::model::CheckOptions;

/// Steps whose effect an answer may not show yet, the latest ones.
const LAGGING: usize = 8;
/// Distinct declared values beyond which a field is no state.
const MOST_STATES: usize = 32;

/// Walks of all objects of one type.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Lives {
    /// Objects with at least one step.
    pub(super) objects: u64,
    /// By activity.
    pub(super) steps: BTreeMap<Arc<str>, StepCounts>,
    /// Walks by last step alone.
    pub(super) plain: Walks,
    /// Walks over declared states where there are any.
    pub(super) declared: Walks,
    /// All declared values; beyond [`MOST_STATES`] they are no states and `declared` stays empty.
    pub(super) values: BTreeSet<Arc<str>>,
    /// Declared values that name no state.
    pub(super) odd: u64,
    /// Steps whose own answer declared a state.
    pub(super) declaring: u64,
    /// States that were declared though no step led there.
    pub(super) unexplained: u64,
    /// Steps on children, by activity: how often another state was declared after one than before, and how often the same.
    pub(super) beside: BTreeMap<Arc<str>, (u64, u64)>,
    /// Objects with a step on a child, by activity.
    pub(super) children: BTreeMap<Arc<str>, u64>,
    /// Objects whose state was declared before their first step.
    pub(super) shown_first: u64,
    /// What steps of one life have to do with each other.
    pub(super) habits: Habits,
    /// Who acts on whose objects, by what tells whose they are.
    pub(super) owned: Owned,
    /// Some lives as they were.
    pub(super) chronicles: Chronicles,
}

/// Something that moves or shows an object.
struct Item {
    activity: Option<Arc<str>>,
    declared: Option<Arc<str>>,
    /// The activity, where it is about a child.
    beside: Option<Arc<str>>,
    /// Who did it, where known.
    actor: Option<u64>,
    /// Start of the request, and end of its answer: microseconds since the Unix epoch.
    time: (i64, i64),
}

/// Where the latest steps led from: what an answer may show for a moment more.
#[derive(Default)]
struct Left(VecDeque<(Node, i64)>);

impl Left {
    /// Adds a step that ended then.
    fn add(&mut self, from: Option<Node>, end: i64) {
        self.0.extend(from.map(|from| (from, end)));
        if self.0.len() > LAGGING {
            self.0.pop_front();
        }
    }

    /// Whether an answer to a request of that time may still show this, as a check with the usual settings takes it.
    fn still_shows(&self, declared: &Node, time: i64) -> bool {
        let lag = CheckOptions::default().state_lag;
        self.0.iter().any(|(left, end)| left == declared && time.saturating_sub(*end) <= lag)
    }
}

/// Who did it, where that is known by more than an address.
pub(super) fn known_actor(event: &Event) -> Option<u64> {
    let principal = event.actor.principal.as_ref().filter(|_| event.actor.evidence >= Evidence::Asserted)?;
    Some(stable_hash([principal.as_bytes()]))
}

impl Lives {
    /// Adds the life of one object of a case; `events` are the case's, sorted by time.
    pub(super) fn add(&mut self, object: &ObjectId, events: &[&Event]) {
        let mut steps: Vec<&Event> = Vec::new();
        let (mut items, mut sent) = (Vec::new(), Sent::default());
        for event in events.iter().copied().filter(|event| event.outcome == Outcome::Accepted) {
            let Some(reference) = event.objects.iter().find(|o| o.id == *object) else { continue };
            let declared = reference.declared_state.as_deref().map(|state| Arc::from(state.to_ascii_lowercase()));
            let target = event.objects.first().is_some_and(|o| o.id == *object && &*o.qualifier == "target");
            // What a step names beside its target it moves too.
            let moved = target || &*reference.qualifier == "mentioned";
            let mut activity = event.activity.clone().filter(|_| moved && !event.read);
            let beside = event.activity.clone().filter(|_| !moved && !event.read);
            if activity.is_some() {
                // What a client sends again for safety moves nothing.
                if sent.add(event) {
                    steps.push(event);
                } else {
                    activity = None;
                }
            }
            if activity.is_some() || declared.is_some() || beside.is_some() {
                let time = (event.time, event.end.max(event.time));
                items.push(Item { activity, declared, beside, actor: known_actor(event), time });
            }
        }
        self.owned.add(object, events);
        chronicle::add(&mut self.chronicles, object, events);
        if steps.is_empty() {
            return;
        }
        self.objects += 1;
        self.count(&steps);
        self.habits.add(&steps);
        self.plain.walk(&items);
        let on_children: BTreeSet<&Arc<str>> = items.iter().filter_map(|item| item.beside.as_ref()).collect();
        on_children.into_iter().for_each(|step| *self.children.entry(Arc::clone(step)).or_default() += 1);
        self.odd += items.iter().filter_map(|i| i.declared.as_deref()).filter(|value| !is_word(value)).count() as u64;
        self.values.extend(items.iter().filter_map(|i| i.declared.clone()));
        self.walk(&items);
        self.trim();
    }

    fn count(&mut self, steps: &[&Event]) {
        let mut taken: BTreeMap<&Arc<str>, u64> = BTreeMap::new();
        for (event, activity) in steps.iter().filter_map(|e| Some((e, e.activity.as_ref()?))) {
            *taken.entry(activity).or_default() += 1;
            self.steps.entry(Arc::clone(activity)).or_default().add(event);
        }
        for (activity, times) in taken {
            let counts = self.steps.entry(Arc::clone(activity)).or_default();
            counts.objects += 1;
            counts.repeated += u64::from(times > 1);
        }
    }

    fn walk(&mut self, items: &[Item]) {
        let mut at: Option<Node> = None;
        let mut moved = false;
        let mut beside: Option<&Arc<str>> = None;
        let (mut passed, mut left) = (BTreeSet::new(), Left::default());
        for (index, item) in items.iter().enumerate() {
            let Some(activity) = &item.activity else {
                beside = item.beside.as_ref().or(beside);
                self.declared.meet(at.as_ref(), item);
                let Some(declared) = item.declared.clone().map(Node::Declared) else { continue };
                match &at {
                    // The walk goes on from where steps led, so that steps alone explain it.
                    Some(at) => {
                        let changed = *at != declared;
                        if changed && left.still_shows(&declared, item.time.0) {
                            continue;
                        }
                        self.unexplained += u64::from(changed);
                        if let Some(activity) = beside.take() {
                            let counts = self.beside.entry(Arc::clone(activity)).or_default();
                            *counts = (counts.0 + u64::from(changed), counts.1 + u64::from(!changed));
                        }
                    }
                    None => {
                        self.shown_first += 1;
                        at = Some(declared);
                    }
                }
                continue;
            };
            beside = None;
            self.declaring += u64::from(item.declared.is_some());
            let rest = items.get(index + 1..).unwrap_or_default();
            left.add(at.clone(), item.time.1);
            let shown = || {
                let reads = rest.iter().take_while(|i| i.activity.is_none());
                let mut shown = reads.filter_map(|i| Some((Node::Declared(i.declared.clone()?), i.time.0)));
                let (first, time) = shown.next()?;
                let fresh = |(node, time): &(Node, i64)| !left.still_shows(node, *time);
                // What is only shown as it was before may be so.
                if left.still_shows(&first, time) {
                    shown.find(fresh).map(|(node, _)| node).or(Some(first))
                } else {
                    Some(first)
                }
            };
            let declared = item.declared.clone().map(Node::Declared);
            let to = declared.or_else(shown).unwrap_or_else(|| Node::After(Arc::clone(activity)));
            if !std::mem::replace(&mut moved, true) && at.is_some() {
                *self.declared.shown.entry((Arc::clone(activity), to.clone())).or_default() += 1;
            }
            self.declared.add(at.take(), activity, to.clone(), item.actor, &passed);
            at = Some(to);
            pass(&mut passed, activity);
        }
        self.declared.stay(at, items);
    }

    fn trim(&mut self) {
        if self.values.len() > MOST_STATES {
            // One value more than the most says that there are too many, in whichever order they came.
            while self.values.len() > MOST_STATES + 1 {
                self.values.pop_last();
            }
            self.declared = Walks::default();
        }
    }

    /// Whether the declared values can be states.
    pub(super) fn too_many_values(&self) -> bool {
        self.values.len() > MOST_STATES
    }

    /// Adds another part's sums.
    pub(super) fn merge(&mut self, other: Lives) {
        self.objects += other.objects;
        self.plain.merge(other.plain);
        self.declared.merge(other.declared);
        self.values.extend(other.values);
        self.odd += other.odd;
        self.declaring += other.declaring;
        self.unexplained += other.unexplained;
        self.shown_first += other.shown_first;
        for (activity, more) in other.beside {
            let counts = self.beside.entry(activity).or_default();
            *counts = (counts.0 + more.0, counts.1 + more.1);
        }
        add(&mut self.children, other.children);
        self.habits.merge(other.habits);
        self.owned.merge(other.owned);
        self.chronicles.merge(other.chronicles, chronicle::join);
        for (activity, more) in other.steps {
            self.steps.entry(activity).or_default().merge(more);
        }
        self.trim();
    }
}

/// Whether a value can name a state: words rather than a sentence, a number or a path.
fn is_word(value: &str) -> bool {
    value.len() <= 40
        && value.starts_with(|c: char| c.is_alphabetic())
        && value.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ' ' | ':'))
}
