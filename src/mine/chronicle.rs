//! What was done to single objects, when, by whom and for how much: of a sample of each type.
//!
//! What holds of all lives, such as that two amounts are equal, shows only where whole lives are seen; sums do not tell it.

use std::sync::Arc;

use rust_decimal::Decimal;

use super::life::{is_person, known_actor};
use super::sample::Sample;
use crate::event::partition::stable_hash;
use crate::event::{Event, ObjectId, Outcome, Value};

/// Lives kept of one type.
pub(super) const LIVES: usize = 1 << 10;
/// Steps kept of one life, the first ones.
const STEPS: usize = 32;
/// Amounts kept of one step.
const AMOUNTS: usize = 8;

/// Lives by the keys of their objects.
pub(super) type Chronicles = Sample<Chronicle, LIVES>;

/// The steps of one object's life in order, those on its children among them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Chronicle(pub(super) Vec<Deed>);

/// One step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Deed {
    pub(super) step: Arc<str>,
    /// The child that it is about, where it is not about the object itself.
    pub(super) child: Option<ObjectId>,
    /// Start of the request, and end of its answer: microseconds since the Unix epoch.
    pub(super) time: (i64, i64),
    /// Who did it, where known.
    pub(super) actor: Option<u64>,
    /// The root of its case, by hash.
    pub(super) case: Option<u64>,
    /// Whether a person did it without an agent.
    pub(super) human: bool,
    /// Values of the activity's attributes.
    pub(super) amounts: Vec<(Arc<str>, Amount)>,
}

/// An amount, of a currency where that is told.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Amount {
    pub(super) currency: Option<Arc<str>>,
    pub(super) number: Decimal,
}

impl Amount {
    fn of(value: &Value) -> Option<Amount> {
        match value {
            Value::Number(number) => Some(Amount { currency: None, number: *number }),
            Value::Money(money) => Some(Amount { currency: Some(Arc::clone(&money.currency)), number: money.amount }),
            _ => None,
        }
    }
}

/// Adds the life of one object; `events` are those of its case that touch it, sorted by time.
pub(super) fn add(chronicles: &mut Chronicles, object: &ObjectId, events: &[&Event]) {
    let taken = events.iter().filter(|event| event.outcome == Outcome::Accepted && !event.read);
    let deeds: Vec<Deed> = taken.filter_map(|event| Deed::of(object, event)).take(STEPS).collect();
    if deeds.is_empty() {
        return;
    }
    if let Some(chronicle) = chronicles.entry(&object.key) {
        join(chronicle, Chronicle(deeds));
    }
}

/// Joins what two parts tell of one key: the same keys of different cases are different objects.
pub(super) fn join(known: &mut Chronicle, more: Chronicle) {
    let order = |c: &Chronicle| c.0.first().map(|deed| (deed.time, Arc::clone(&deed.step)));
    if known.0.is_empty() || order(&more) < order(known) {
        *known = more;
    }
}

impl Deed {
    fn of(object: &ObjectId, event: &Event) -> Option<Deed> {
        let step = event.activity.clone()?;
        let first = event.objects.first()?;
        let reference = event.objects.iter().find(|reference| reference.id == *object)?;
        let own = first.id == *object && &*first.qualifier == "target" || &*reference.qualifier == "mentioned";
        let child = if own { None } else { Some(first.id.clone()).filter(|id| id.object_type != object.object_type) };
        if !own && child.is_none() {
            return None;
        }
        let amount = |(name, value): &(Arc<str>, Value)| Some((Arc::clone(name), Amount::of(value)?));
        Some(Deed {
            step,
            child,
            time: (event.time, event.end),
            actor: known_actor(event),
            case: event.case.as_ref().map(|case| stable_hash([case.object_type.as_bytes(), case.key.as_bytes()])),
            human: is_person(event),
            amounts: event.attributes.iter().filter_map(amount).take(AMOUNTS).collect(),
        })
    }
}

impl Chronicle {
    /// Where a step on the object itself is first.
    pub(super) fn first(&self, step: &str) -> Option<usize> {
        self.0.iter().position(|deed| deed.child.is_none() && *deed.step == *step)
    }

    /// Where a step on a child is first.
    pub(super) fn first_on_child(&self, step: &str) -> Option<usize> {
        self.0.iter().position(|deed| deed.child.is_some() && *deed.step == *step)
    }

    /// The last such step before a place.
    pub(super) fn last_before(&self, step: &str, at: usize) -> Option<&Deed> {
        self.0.iter().take(at).rfind(|deed| deed.child.is_none() && *deed.step == *step)
    }
}
