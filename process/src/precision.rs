//! How much the model allows beyond what the log shows: escaping edges (ETC conformance, Munoz-Gama and Carmona 2010), with
//! optimal alignments for traces that do not fit (Adriansyah et al. 2015).

use crate::automaton::{Automaton as _, Dfa};

/// Labels of all runs together that are held.
const LABELS: usize = 1 << 26;

/// Edges that were enabled where aligned runs went on, and those of them that no run took there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Precision {
    /// Sum over all steps of all runs of the labels that the model allows before the step.
    pub enabled: u64,
    /// Those among them by which no run of the log goes on after the same steps.
    pub escaping: u64,
}

impl Precision {
    /// `1 - escaping / enabled`; `None` where no run has a step.
    pub fn value(&self) -> Option<f64> {
        (self.enabled > 0).then(|| 1.0 - self.escaping as f64 / self.enabled as f64)
    }
}

/// Runs of the model that traces are aligned with.
#[derive(Debug, Default)]
pub(crate) struct Runs {
    list: Vec<(Vec<u32>, u64)>,
    labels: usize,
    /// Whether one was left out.
    full: bool,
}

impl Runs {
    /// Adds the run of so many traces.
    pub(crate) fn add(&mut self, run: Vec<u32>, traces: u64) {
        self.labels = self.labels.saturating_add(run.len());
        if self.labels > LABELS {
            self.full = true;
        } else {
            self.list.push((run, traces));
        }
    }

    /// Precision over the runs; `None` where there were more than are held.
    pub(crate) fn precision(mut self, model: &Dfa) -> Option<Precision> {
        if self.full {
            return None;
        }
        self.list.sort_unstable();
        let mut sum = Precision::default();
        // Runs with the same first steps stand together: from, to, how many steps, and the state after them.
        let mut open = vec![(0, self.list.len(), 0, model.start())];
        while let Some((from, to, steps, state)) = open.pop() {
            // Those that end here come first.
            let ended = self.list.get(from..to)?.iter().take_while(|(run, _)| run.len() == steps).count();
            let mut begin = from + ended;
            let going = self.list.get(begin..to)?;
            let traces: u64 = going.iter().map(|(_, traces)| traces).sum();
            let mut taken = 0_u64;
            for group in going.chunk_by(|one, other| one.0.get(steps) == other.0.get(steps)) {
                let label = group.first().and_then(|(run, _)| run.get(steps)).copied()?;
                open.push((begin, begin + group.len(), steps + 1, model.step(state, label)?));
                begin += group.len();
                taken += 1;
            }
            let enabled = model.edges(state).len() as u64;
            sum.enabled += traces * enabled;
            sum.escaping += traces * (enabled - taken.min(enabled));
        }
        Some(sum)
    }
}
