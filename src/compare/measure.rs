//! Figures of one life: its trace, whether it fits, and the cost of its optimal alignment.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::alignment::{Alignment, most};
use super::automaton::StateSet;
use super::deviation::{Check, Measures, Trace};
use super::history::History;
use super::replay::{Fault, Replay};
use super::retry::Retry;
use super::step::Step;

/// A life's trace with its alignment, where one was needed and possible.
pub(super) struct Measured {
    /// The trace.
    pub(super) trace: Trace,
    /// The figures.
    pub(super) measures: Measures,
    /// Alignment of the steps of `positions`.
    pub(super) alignment: Option<Arc<Alignment>>,
    /// Events of the trace, by position.
    pub(super) positions: Vec<usize>,
}

/// Measures a replayed life; `None` when nothing of it moved a state.
pub(super) fn measure(history: &History<'_>, life: usize, replay: &Replay) -> Option<Measured> {
    let object_type = history.life(life)?.object_type?;
    let automaton = history.plan.automaton(object_type)?;
    let counted = |s: &&Step| s.activity.is_some() && !s.uncertain && s.retry == Retry::No;
    let steps: Vec<&Step> = replay.steps.iter().filter(counted).collect();
    if steps.is_empty() {
        return None;
    }
    let broken = replay.faults.iter().any(Option::is_some);
    let again = |c: Check| matches!(c, Check::Repeat | Check::Race | Check::Replay);
    let repeated: BTreeSet<usize> = replay.issues.iter().filter(|i| again(i.check)).map(|i| i.event).collect();
    let edges: Vec<Vec<usize>> =
        steps.iter().map(|s| control_flow(s.activity.map_or(&[], |a| automaton.on(a)), s, &repeated)).collect();
    let labels: Vec<&[usize]> = edges.iter().map(Vec::as_slice).collect();
    let start = replay.timeline.initial.clone().unwrap_or_else(|| StateSet::all(automaton.len()));
    let alignment = if broken { history.plan.aligned.get(automaton, &start, &labels) } else { None };
    let bounded = broken && alignment.is_none();
    let undecided = !broken && (replay.over_budget || replay.doubtful);
    let fits = if broken { Some(false) } else { (!undecided).then_some(true) };
    let cost = match &alignment {
        Some(alignment) => alignment.cost,
        None if broken => most(automaton, &start, &labels),
        None => 0,
    };
    // What moved the object without a step of the model is a move that the model does not make.
    let led_astray = |f: &&Option<Fault>| matches!(f, Some(Fault::Diverge | Fault::Alternative));
    let unexplained = replay.faults.iter().filter(led_astray).count() as u64;
    let all = steps.len() as u64;
    let mut measures = Measures {
        traces: 1,
        fitting_traces: u64::from(fits == Some(true)),
        undecided_traces: u64::from(fits.is_none()),
        approximate: replay.over_budget || bounded,
        ..Measures::default()
    };
    if fits.is_some() {
        measures.add_life(cost.saturating_add(unexplained), all.saturating_add(unexplained));
    }
    let activities = steps.iter().filter_map(|s| s.activity).map(|a| history.plan.activity_name(a)).collect();
    let trace = Trace { object_type: history.life(life)?.id.object_type.clone(), activities, fits };
    Some(Measured { trace, measures, alignment, positions: steps.iter().map(|s| s.event).collect() })
}

/// Transitions that a step may take in an alignment: those that nothing seen forbids, else all of its activity (a wrong
/// actor or value is no question of order). A `once` step that came again may take none.
fn control_flow(all: &[usize], step: &Step, repeated: &BTreeSet<usize>) -> Vec<usize> {
    if repeated.contains(&step.event) {
        return Vec::new();
    }
    let possible = step.possible();
    if possible.is_empty() { all.to_vec() } else { possible }
}
