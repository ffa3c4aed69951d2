//! A log compared with a model.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use crate::align::{Budget, Explainer, Move, Verdict, Weights, costs};
use crate::automaton::{Automaton, Exhausted};
use crate::deviation::{Deviation, Found, Step, deviations};
use crate::log::{EventLog, Variant};
use crate::measures::{Measures, fitness};
use crate::model::{Compiled, Model};
use crate::precision::Runs;

/// Traces that a group names as examples.
const EXAMPLES: usize = 5;

/// What a comparison found.
#[derive(Clone, Debug)]
pub struct Conformance {
    /// The log in figures.
    pub measures: Measures,
    /// Variants in the order in which they first came, with what they cost.
    pub variants: Vec<(Variant, Verdict)>,
    /// Equal deviations together: those of most traces first.
    pub groups: Vec<Group>,
    /// Deviating traces whose deviations took more than the budget to name; their cost is exact.
    pub unexplained_traces: u64,
}

/// Equal deviations of several traces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// What they have in common.
    pub deviation: Deviation,
    /// Traces with it.
    pub traces: u64,
    /// How often it was met; a trace may have it more than once.
    pub occurrences: u64,
    /// Numbers of the first few traces, ascending.
    pub examples: Vec<u32>,
}

/// Compares all traces of a log with a model. The answer depends on the log and on the model's language alone. White
/// space around an activity does not tell it from a label: nets are often written with such space.
pub fn check(log: &EventLog, model: &mut Model, weights: Weights, budget: Budget) -> Conformance {
    let labels: Vec<Option<u32>> =
        log.activities.iter().map(|name| model.label(name).or_else(|| model.label(name.trim()))).collect();
    let names = std::mem::take(&mut model.labels);
    let run = Run { log, labels, names: &names, weights, budget };
    let conformance = match &mut model.compiled {
        Compiled::Automaton(dfa) => {
            let (mut found, runs) = run.check(dfa);
            found.measures.precision = runs.precision(dfa);
            found
        }
        // What markings allow that lead to no end is not known.
        Compiled::Markings { graph, .. } => run.check(graph.as_mut()).0,
    };
    model.labels = names;
    conformance
}

struct Run<'a> {
    log: &'a EventLog,
    /// The label of each activity, where the model has it.
    labels: Vec<Option<u32>>,
    names: &'a [String],
    weights: Weights,
    budget: Budget,
}

impl<'a> Run<'a> {
    fn check<A: Automaton>(&self, automaton: &mut A) -> (Conformance, Runs) {
        let variants = self.log.variants();
        // Activities that the model does not have cost the same wherever they are, so only the rest is searched.
        let mut projections = Projections::default();
        // The empty trace costs what the shortest run of the model does.
        let empty = projections.number(Vec::new());
        let numbers: Vec<usize> = variants.iter().map(|variant| projections.number(self.known(variant))).collect();
        let traces: Vec<&[u32]> = projections.list.iter().map(Vec::as_slice).collect();
        let found = costs(automaton, &traces, self.weights, self.budget);
        let verdict = |number: usize| found.get(number).copied().unwrap_or(Verdict::AtLeast(0));
        let log_weight = u64::from(self.weights.log.max(1));
        let variants: Vec<(Variant, Verdict)> = variants
            .into_iter()
            .zip(&numbers)
            .map(|(variant, number)| {
                let foreign =
                    (variant.activities.len() - traces.get(*number).map_or(0, |t| t.len())) as u64 * log_weight;
                let verdict = match verdict(*number) {
                    Verdict::Optimal(cost) => Verdict::Optimal(cost + foreign),
                    Verdict::AtLeast(cost) => Verdict::AtLeast(cost + foreign),
                };
                (variant, verdict)
            })
            .collect();
        let shortest = match verdict(empty) {
            Verdict::Optimal(cost) => Some(cost),
            Verdict::AtLeast(_) => None,
        };
        let measures = self.measures(&variants, shortest);
        let mut runs = Runs::default();
        for (variant, _) in variants.iter().filter(|(_, verdict)| *verdict == Verdict::Optimal(0)) {
            runs.add(self.known(variant), variant.traces.len() as u64);
        }
        let (groups, unexplained_traces) = self.explain(automaton, &variants, &mut runs);
        (Conformance { measures, variants, groups, unexplained_traces }, runs)
    }

    /// The labels of a variant that the model has.
    fn known(&self, variant: &Variant) -> Vec<u32> {
        variant.activities.iter().filter_map(|activity| self.label(*activity)).collect()
    }

    fn label(&self, activity: u32) -> Option<u32> {
        self.labels.get(activity as usize).copied().flatten()
    }

    fn measures(&self, variants: &[(Variant, Verdict)], shortest: Option<u64>) -> Measures {
        let mut sum = Measures {
            traces: self.log.len() as u64,
            events: self.log.events().len() as u64,
            variants: variants.len() as u64,
            shortest_model_path: shortest,
            ..Measures::default()
        };
        sum.covered_events =
            self.log.events().iter().filter(|event| self.label(event.activity).is_some()).count() as u64;
        let (mut worst, mut fitnesses) = (0, 0.0);
        for (variant, verdict) in variants {
            let traces = variant.traces.len() as u64;
            match verdict {
                Verdict::Optimal(cost) => {
                    sum.alignment_moves += cost * traces;
                    sum.fitting_traces += if *cost == 0 { traces } else { 0 };
                    let events = variant.activities.len() as u64 * u64::from(self.weights.log.max(1));
                    let most = events + shortest.unwrap_or(0);
                    worst += most * traces;
                    fitnesses += fitness(*cost, most) * traces as f64;
                }
                Verdict::AtLeast(cost) => {
                    sum.undecided_traces += traces;
                    sum.undecided_at_least += cost * traces;
                }
            }
        }
        let decided = sum.traces - sum.undecided_traces;
        sum.alignment_denominator = shortest.map(|_| worst);
        sum.average_trace_fitness = shortest.filter(|_| decided > 0).map(|_| fitnesses / decided as f64);
        sum
    }

    /// Groups the deviations of all decided variants; the most common variants are explained first. Adds the runs that
    /// they are aligned with.
    fn explain<A: Automaton>(
        &self,
        automaton: &mut A,
        variants: &[(Variant, Verdict)],
        runs: &mut Runs,
    ) -> (Vec<Group>, u64) {
        let deviating = |(variant, verdict)| match verdict {
            Verdict::Optimal(cost) if cost > 0 => Some((variant, cost)),
            Verdict::Optimal(_) | Verdict::AtLeast(_) => None,
        };
        let mut order: Vec<(&Variant, u64)> =
            variants.iter().map(|(v, verdict)| (v, *verdict)).filter_map(deviating).collect();
        order.sort_by_key(|(variant, _)| (Reverse(variant.traces.len()), variant.traces.first().copied()));
        let mut explainer = Explainer::new(automaton, self.weights, self.budget);
        let mut groups: BTreeMap<Found<'a>, Group> = BTreeMap::new();
        let mut unexplained = 0;
        for (variant, cost) in order {
            match self.moves(&mut explainer, variant, cost) {
                Ok(moves) => {
                    add(&mut groups, &deviations(&self.steps(variant, &moves)), variant);
                    runs.add(run(&moves), variant.traces.len() as u64);
                }
                Err(Exhausted) => unexplained += variant.traces.len() as u64,
            }
        }
        let mut groups: Vec<Group> = groups.into_values().collect();
        groups.sort_by(|one, other| {
            let key = |group: &Group| (Reverse(group.traces), Reverse(group.occurrences));
            key(one).cmp(&key(other)).then_with(|| one.deviation.cmp(&other.deviation))
        });
        (groups, unexplained)
    }

    /// The alignment of what the model knows of a variant.
    fn moves<A: Automaton>(
        &self,
        explainer: &mut Explainer<'_, A>,
        variant: &Variant,
        cost: u64,
    ) -> Result<Vec<Move>, Exhausted> {
        let known = self.known(variant);
        let foreign = (variant.activities.len() - known.len()) as u64 * u64::from(self.weights.log.max(1));
        explainer.moves(&known, cost.saturating_sub(foreign))
    }

    /// An alignment with names, and with the events that the search did not see put back.
    fn steps(&self, variant: &Variant, moves: &[Move]) -> Vec<Step<'a>> {
        let (log, names) = (self.log, self.names);
        let name = |label: u32| names.get(label as usize).map_or("", String::as_str);
        let mut steps = Vec::with_capacity(variant.activities.len());
        let mut events = variant.activities.iter().peekable();
        for one in moves {
            while let Some(event) = events.next_if(|event| self.label(**event).is_none()) {
                steps.push(Step::Foreign(log.activities.name(*event)));
            }
            match one {
                Move::Synchronous(label) => steps.push(Step::Synchronous(name(*label))),
                Move::Log(label) => steps.push(Step::Log(name(*label))),
                Move::Model(label) => {
                    steps.push(Step::Model(name(*label)));
                    continue;
                }
            }
            events.next();
        }
        steps.extend(events.map(|event| Step::Foreign(log.activities.name(*event))));
        steps
    }
}

/// The model's side of an alignment.
fn run(moves: &[Move]) -> Vec<u32> {
    let step = |one: &Move| match one {
        Move::Synchronous(label) | Move::Model(label) => Some(*label),
        Move::Log(_) => None,
    };
    moves.iter().filter_map(step).collect()
}

/// Adds the deviations of a variant's traces to the groups, which alone own their names.
fn add<'a>(groups: &mut BTreeMap<Found<'a>, Group>, found: &[Found<'a>], variant: &Variant) {
    let traces = variant.traces.len() as u64;
    for deviation in found {
        let group = groups.entry(*deviation).or_insert_with(|| Group {
            deviation: deviation.owned(),
            traces: 0,
            occurrences: 0,
            examples: Vec::new(),
        });
        group.occurrences += traces;
    }
    for deviation in found.iter().collect::<BTreeSet<_>>() {
        let Some(group) = groups.get_mut(deviation) else { continue };
        group.traces += traces;
        group.examples.extend(variant.traces.iter().take(EXAMPLES));
        group.examples.sort_unstable();
        group.examples.truncate(EXAMPLES);
    }
}

/// Distinct sequences of labels.
#[derive(Default)]
struct Projections {
    list: Vec<Vec<u32>>,
    index: HashMap<Vec<u32>, usize, RandomState>,
}

impl Projections {
    fn number(&mut self, labels: Vec<u32>) -> usize {
        if let Some(number) = self.index.get(&labels) {
            return *number;
        }
        self.index.insert(labels.clone(), self.list.len());
        self.list.push(labels);
        self.list.len() - 1
    }
}
