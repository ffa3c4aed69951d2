//! `window` with a count: at most so many events of an activity, or different values of them, in any stretch of time, per
//! group; where others end them, of those that are not ended.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use crate::compare::deviation::{Check, Tallies};
use crate::compare::effect::{Found, MAX_EVIDENCE};
use crate::compare::history::History;
use crate::compare::scope::EventScope;
use crate::compare::window::{group, part};
use crate::compare::words::span;
use crate::event::{Event, ObjectId, Outcome};
use crate::model::expression::{Truth, truth};
use crate::model::{ActivityId, Constraint, ConstraintKind};

pub(in crate::compare) fn judge(history: &History<'_>, constraint: &Constraint, tallies: &mut Tallies) -> Vec<Found> {
    let ConstraintKind::WindowCount { activity, until, distinct, by, window, max } = &constraint.kind else {
        return Vec::new();
    };
    let plan = history.plan;
    let width = effective_width(history, *window);
    let mut open: BTreeMap<Vec<Arc<str>>, Window> = BTreeMap::new();
    let mut held = Held::default();
    let mut found: Vec<Found> = Vec::new();
    for (at, event) in history.events.iter().enumerate() {
        if history.activity(at).is_some_and(|own| until.contains(&own)) {
            held.end(history, at, &mut open);
            continue;
        }
        if history.activity(at) != Some(*activity) || event.outcome != Outcome::Accepted || history.is_mere_retry(at) {
            continue;
        }
        match applies(history, constraint, event) {
            Truth::True => {}
            Truth::False => continue,
            Truth::Unknown => {
                tallies.count(Check::Volume, event.source, None);
                continue;
            }
        }
        let value = distinct.as_ref().map(|path| part(plan, path, event));
        // What touches nothing cannot be ended.
        let told = value != Some(None) && (until.is_empty() || !event.objects.is_empty());
        let Some(group) = group(plan, by, event).filter(|_| told) else {
            tallies.count(Check::Volume, event.source, None);
            continue;
        };
        if !until.is_empty() {
            held.begin(history, at, &group);
        }
        let window_of = open.entry(group.clone()).or_default();
        window_of.push(at, value.flatten());
        window_of.expire(history, event.time, width);
        let verdict = window_of.is_over(history, *max, until);
        tallies.count(Check::Volume, event.source, verdict);
        let count = window_of.count();
        // The latest are shown; a window may hold very many.
        let latest: Vec<usize> = window_of.recent.keys().rev().take(MAX_EVIDENCE).copied().collect();
        // One breach is one deviation, however long it lasts.
        if verdict != Some(true) {
            window_of.breach = None;
        } else if let Some(breach) = &mut window_of.breach {
            if count > breach.most {
                breach.most = count;
                if let Some(deviation) = found.get_mut(breach.deviation) {
                    deviation.observed = vec![seen(count, &group)];
                    deviation.evidence = latest;
                }
            }
        } else {
            let life = event.objects.first().and_then(|o| history.life_of(&o.id));
            let mut deviation = Found::new(Check::Volume, at, life);
            deviation.evidence = latest;
            let of = distinct.as_ref().map(|path| format!("{} of ", path.text)).unwrap_or_default();
            deviation.expected =
                vec![format!("at most {max} {of}{} in {}", plan.activity_name(*activity), span(*window)).into()];
            deviation.observed = vec![seen(count, &group)];
            window_of.breach = Some(Breach { deviation: found.len(), most: count });
            found.push(deviation);
        }
    }
    found
}

/// Events of one group that lie within a window of the last, with what tells them apart where that counts.
#[derive(Default)]
struct Window {
    recent: BTreeMap<usize, Option<Arc<str>>>,
    /// How many of them have a value.
    values: BTreeMap<Arc<str>, usize>,
    breach: Option<Breach>,
}

impl Window {
    fn push(&mut self, at: usize, value: Option<Arc<str>>) {
        if let Some(value) = &value {
            *self.values.entry(value.clone()).or_default() += 1;
        }
        self.recent.insert(at, value);
    }

    fn remove(&mut self, at: usize) {
        if let Some(Some(value)) = self.recent.remove(&at)
            && let Some(count) = self.values.get_mut(&value)
        {
            *count -= 1;
            if *count == 0 {
                self.values.remove(&value);
            }
        }
    }

    /// Drops what a whole window ago or earlier began.
    fn expire(&mut self, history: &History<'_>, now: i64, width: i64) {
        while let Some((at, first)) = self.recent.keys().next().and_then(|at| Some((*at, history.event(*at)?))) {
            if now.saturating_sub(first.time) < width {
                break;
            }
            self.remove(at);
        }
    }

    fn count(&self) -> usize {
        if self.values.is_empty() { self.recent.len() } else { self.values.len() }
    }

    /// Whether there are more than `max`; `None` where what ends them may have gone unseen.
    fn is_over(&self, history: &History<'_>, max: u64, until: &[ActivityId]) -> Option<bool> {
        let over = |count: usize| u64::try_from(count).unwrap_or(u64::MAX) > max;
        if !over(self.count()) || until.is_empty() {
            return Some(over(self.count()));
        }
        let now = self.recent.keys().next_back().and_then(|at| history.event(*at))?.time;
        let sure = |at: &usize| {
            let event = history.event(*at);
            let begun = event.and_then(|event| Some((event, history.life_of(&event.objects.first()?.id)?)));
            begun.is_some_and(|(event, life)| !until.iter().any(|end| history.may_have(life, *end, event.time, now)))
        };
        if !history.afford(self.recent.len()) {
            return None;
        }
        let values: Option<BTreeSet<&Arc<str>>> = (!self.values.is_empty())
            .then(|| self.recent.iter().filter(|(at, _)| sure(at)).filter_map(|(_, value)| value.as_ref()).collect());
        let count = values.map_or_else(|| self.recent.keys().filter(|at| sure(at)).count(), |values| values.len());
        over(count).then_some(true)
    }
}

/// The group and the index of an event that begins something.
type Begun = (Vec<Arc<str>>, usize);

/// What was begun on which object, until it is ended.
#[derive(Default)]
struct Held(BTreeMap<ObjectId, Vec<Begun>>);

impl Held {
    fn begin(&mut self, history: &History<'_>, at: usize, group: &[Arc<str>]) {
        if let Some(object) = history.event(at).and_then(|event| event.objects.first()) {
            self.0.entry(object.id.clone()).or_default().push((group.to_vec(), at));
        }
    }

    /// Takes what an event ends out of the windows that count it.
    fn end(&mut self, history: &History<'_>, at: usize, open: &mut BTreeMap<Vec<Arc<str>>, Window>) {
        for object in history.event(at).into_iter().flat_map(|event| &event.objects) {
            for (group, begun) in self.0.remove(&object.id).unwrap_or_default() {
                open.get_mut(&group).into_iter().for_each(|window| window.remove(begun));
            }
        }
    }
}

/// A limit that is broken, until it is kept again.
struct Breach {
    /// Index of its deviation.
    deviation: usize,
    /// Most in one window so far.
    most: usize,
}

fn seen(count: usize, group: &[Arc<str>]) -> Arc<str> {
    format!("{count} by {}", group.join(", ")).into()
}

/// Whether the constraint's condition holds for an event by itself.
pub(super) fn applies(history: &History<'_>, constraint: &Constraint, event: &Event) -> Truth {
    let scope = EventScope { event, types: &history.plan.model.object_types };
    constraint.condition.as_ref().map_or(Truth::True, |c| truth(c, &scope))
}

/// The window's width; with several clocks it is narrowed by their skew, so that a finding holds whichever is right.
pub(in crate::compare) fn effective_width(history: &History<'_>, window: i64) -> i64 {
    let several = history.events.windows(2).any(|w| matches!(w, [a, b] if a.sensor != b.sensor));
    if several { window.saturating_sub(history.plan.model.check.clock_skew.max(0)) } else { window }
}

/// Drops what a whole window ago or earlier began.
pub(in crate::compare) fn expire(recent: &mut VecDeque<usize>, history: &History<'_>, now: i64, width: i64) {
    while let Some(first) = recent.front().and_then(|i| history.event(*i)) {
        if now.saturating_sub(first.time) < width {
            break;
        }
        recent.pop_front();
    }
}
