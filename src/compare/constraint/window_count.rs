//! `window` with a count: at most so many events of an activity in any stretch of time, per group.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use crate::compare::deviation::{Check, Tallies};
use crate::compare::effect::{Found, MAX_EVIDENCE};
use crate::compare::history::History;
use crate::compare::scope::EventScope;
use crate::compare::window::group;
use crate::compare::words::span;
use crate::event::{Event, Outcome};
use crate::model::expression::{Truth, truth};
use crate::model::{Constraint, ConstraintKind};

pub(in crate::compare) fn judge(history: &History<'_>, constraint: &Constraint, tallies: &mut Tallies) -> Vec<Found> {
    let ConstraintKind::WindowCount { activity, by, window, max } = &constraint.kind else { return Vec::new() };
    let plan = history.plan;
    let width = effective_width(history, *window);
    let mut open: BTreeMap<Vec<Arc<str>>, Window> = BTreeMap::new();
    let mut found: Vec<Found> = Vec::new();
    for (at, event) in history.events.iter().enumerate() {
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
        let Some(group) = group(plan, by, event) else {
            tallies.count(Check::Volume, event.source, None);
            continue;
        };
        let Window { recent, breach } = open.entry(group.clone()).or_default();
        recent.push_back(at);
        expire(recent, history, event.time, width);
        let over = u64::try_from(recent.len()).unwrap_or(u64::MAX) > *max;
        tallies.count(Check::Volume, event.source, Some(over));
        // One breach is one deviation, however long it lasts.
        if !over {
            *breach = None;
        } else if let Some(breach) = breach {
            if recent.len() > breach.most {
                breach.most = recent.len();
                if let Some(deviation) = found.get_mut(breach.deviation) {
                    deviation.observed = vec![seen(breach.most, &group)];
                    deviation.evidence = recent.iter().rev().take(MAX_EVIDENCE).copied().collect();
                }
            }
        } else {
            let life = event.objects.first().and_then(|o| history.life_of(&o.id));
            let mut deviation = Found::new(Check::Volume, at, life);
            // The latest are shown; a window may hold very many.
            deviation.evidence = recent.iter().rev().take(MAX_EVIDENCE).copied().collect();
            deviation.expected =
                vec![format!("at most {max} {} in {}", plan.activity_name(*activity), span(*window)).into()];
            deviation.observed = vec![seen(recent.len(), &group)];
            *breach = Some(Breach { deviation: found.len(), most: recent.len() });
            found.push(deviation);
        }
    }
    found
}

/// Events of one group that lie within a window of the last.
#[derive(Default)]
struct Window {
    recent: VecDeque<usize>,
    breach: Option<Breach>,
}

/// A limit that is broken, until it is kept again.
struct Breach {
    /// Index of its deviation.
    deviation: usize,
    /// Most events in one window so far.
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
