//! Escaping edges equal those counted prefix by prefix on the markings of random nets, and pm4py's on logs that fit.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::Path;
use std::process::Command;

use offpath_process::align::{Budget, Explainer, Move, Verdict, Weights};
use offpath_process::{
    Automaton, Compiled, EventLog, MarkingGraph, Model, ModelLimits, Net, Place, Precision, SILENT, Transition,
    XesReader, check, read_pnml,
};
use proptest::prelude::*;

const MARKINGS: usize = 400;

/// A random graph of states as a net with one token.
fn automaton() -> impl Strategy<Value = Net> {
    let label = prop::option::weighted(0.8, prop::sample::select(vec!["a", "b", "c", "d"]));
    let edges = prop::collection::vec((0..8_u32, label, 0..8_u32), 1..24);
    (edges, prop::collection::btree_set(0..8_usize, 1..3)).prop_map(|(edges, finals)| {
        let transitions = edges.into_iter().map(|(from, label, to)| Transition {
            id: String::new(),
            label: label.map(ToOwned::to_owned),
            inputs: vec![(from, 1)],
            outputs: vec![(to, 1)],
            ..Transition::default()
        });
        let places =
            (0..8).map(|at: u32| Place { id: at.to_string(), name: at.to_string(), initial: u32::from(at == 0) });
        let finals = finals.iter().map(|at| (0..8).map(|place| u32::from(place == *at)).collect()).collect();
        Net::new(places.collect(), transitions.collect(), finals).unwrap()
    })
}

/// States from which an end is reached.
fn useful(graph: &mut MarkingGraph) -> BTreeSet<u32> {
    let mut useful: BTreeSet<u32> = (0..graph.states() as u32).filter(|state| graph.is_final(*state)).collect();
    loop {
        let before = useful.len();
        for state in 0..graph.states() as u32 {
            if graph.successors(state).unwrap().iter().any(|edge| useful.contains(&edge.target)) {
                useful.insert(state);
            }
        }
        if useful.len() == before {
            return useful;
        }
    }
}

fn closed(graph: &mut MarkingGraph, mut states: BTreeSet<u32>) -> BTreeSet<u32> {
    let mut stack: Vec<u32> = states.iter().copied().collect();
    while let Some(state) = stack.pop() {
        for edge in graph.successors(state).unwrap().to_vec() {
            if edge.label == SILENT && states.insert(edge.target) {
                stack.push(edge.target);
            }
        }
    }
    states
}

/// Labels by which a run of the net may go on after some steps.
fn allowed(graph: &mut MarkingGraph, useful: &BTreeSet<u32>, steps: &[u32]) -> BTreeSet<u32> {
    let mut states = closed(graph, BTreeSet::from([0]));
    for label in steps {
        let edges: Vec<_> = states.iter().flat_map(|state| graph.successors(*state).unwrap().to_vec()).collect();
        let next = edges.iter().filter(|edge| edge.label == *label).map(|edge| edge.target).collect();
        states = closed(graph, next);
    }
    let edges: Vec<_> = states.iter().flat_map(|state| graph.successors(*state).unwrap().to_vec()).collect();
    edges.iter().filter(|edge| edge.label != SILENT && useful.contains(&edge.target)).map(|edge| edge.label).collect()
}

/// Precision of runs, each step for itself.
fn naive(net: &Net, runs: &[Vec<u32>]) -> Precision {
    let mut graph = MarkingGraph::new(net, MARKINGS, MARKINGS * 20);
    graph.explore().unwrap();
    let useful = useful(&mut graph);
    let mut next: BTreeMap<&[u32], BTreeSet<u32>> = BTreeMap::new();
    for run in runs {
        for (at, label) in run.iter().enumerate() {
            next.entry(&run[..at]).or_default().insert(*label);
        }
    }
    let mut sum = Precision::default();
    for run in runs {
        for at in 0..run.len() {
            let allowed = allowed(&mut graph, &useful, &run[..at]);
            sum.enabled += allowed.len() as u64;
            sum.escaping += allowed.difference(&next[&run[..at]]).count() as u64;
        }
    }
    sum
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn escaping_edges_are_those_of_each_step(
        net in automaton(),
        traces in prop::collection::vec(prop::collection::vec(prop::sample::select(vec!["a", "b", "c", "d", "x"]), 0..9), 1..6),
    ) {
        let Ok(mut model) = Model::new(&net, ModelLimits::default()) else { return Ok(()) };
        let mut log = EventLog::default();
        traces.iter().for_each(|trace| log.push_names(None, trace.iter().copied()));
        let found = check(&log, &mut model, Weights::default(), Budget::default());
        let Compiled::Automaton(mut dfa) = model.compiled.clone() else { return Ok(()) };
        let mut runs = Vec::new();
        for (variant, verdict) in &found.variants {
            let names = variant.activities.iter().map(|activity| log.activities.name(*activity));
            let known: Vec<u32> = names.filter_map(|name| net.label(name)).collect();
            let foreign = (variant.activities.len() - known.len()) as u64;
            let Verdict::Optimal(cost) = verdict else { return Err(TestCaseError::fail("undecided")) };
            let moves = Explainer::new(&mut dfa, Weights::default(), Budget::default()).moves(&known, cost - foreign).unwrap();
            let run: Vec<u32> = moves.iter().filter_map(|one| match one {
                Move::Synchronous(label) | Move::Model(label) => Some(*label),
                Move::Log(_) => None,
            }).collect();
            runs.extend(vec![run; variant.traces.len()]);
        }
        prop_assert_eq!(found.measures.precision, Some(naive(&net, &runs)));
    }
}

#[test]
fn a_model_that_allows_more_is_less_precise() {
    let place = |name: &str, initial| Place { id: name.to_owned(), name: name.to_owned(), initial };
    let step = |label: &str, from, to| Transition {
        id: label.to_owned(),
        label: Some(label.to_owned()),
        inputs: vec![(from, 1)],
        outputs: vec![(to, 1)],
        ..Transition::default()
    };
    let mut log = EventLog::default();
    (0..3).for_each(|_| log.push_names(None, ["a", "b"]));
    let precision = |transitions: Vec<Transition>| {
        let places = vec![place("p", 1), place("q", 0), place("r", 0)];
        let net = Net::new(places, transitions, vec![vec![0, 0, 1]]).unwrap();
        let mut model = Model::new(&net, ModelLimits::default()).unwrap();
        check(&log, &mut model, Weights::default(), Budget::default()).measures.precision.unwrap()
    };
    assert_eq!(precision(vec![step("a", 0, 1), step("b", 1, 2)]).value(), Some(1.0));
    let more = precision(vec![step("a", 0, 1), step("b", 1, 2), step("c", 1, 2), step("d", 0, 2)]);
    assert_eq!(more, Precision { enabled: 12, escaping: 6 });
    // What leads to no end is not allowed.
    let dead = precision(vec![step("a", 0, 1), step("b", 1, 2), step("z", 1, 0)]);
    assert_eq!(dead, Precision { enabled: 9, escaping: 3 });
    assert_eq!(Precision::default().value(), None);
}

/// Precision by pm4py, where it counts the same: on logs that fit.
const PEER: &str = r#"
import sys, json, warnings
warnings.filterwarnings("ignore")
try:
    import pm4py
except ImportError:
    sys.exit(77)
log, net = sys.argv[1:]
log = pm4py.read_xes(log)
print("\n" + json.dumps(pm4py.precision_alignments(log, *pm4py.read_pnml(net), multi_processing=False)))
"#;

#[test]
fn a_peer_has_the_same_precision_where_the_log_fits() {
    let folder = std::env::var_os("OFFPATH_CORPUS").map(|corpus| Path::new(&corpus).join("eventlogs"));
    let (Some(folder), Some(python)) = (folder.filter(|folder| folder.is_dir()), std::env::var_os("OFFPATH_PYTHON"))
    else {
        eprintln!("skipped: OFFPATH_CORPUS names no folder with eventlogs, or OFFPATH_PYTHON no Python with pm4py");
        return;
    };
    for (log, net) in PAIRS {
        let (path, net) = (folder.join(log), folder.join("models").join(net));
        let mut log = EventLog::default();
        XesReader::default().read("log", File::open(&path).unwrap(), &mut log).unwrap();
        let mut model = Model::new(&read_pnml(File::open(&net).unwrap()).unwrap(), ModelLimits::default()).unwrap();
        let measures = check(&log, &mut model, Weights::default(), Budget::default()).measures;
        assert_eq!(measures.fitting_traces, measures.traces);
        let output = Command::new(&python).args(["-c", PEER]).args([&path, &net]).output().unwrap();
        if output.status.code() == Some(77) {
            eprintln!("skipped: OFFPATH_PYTHON has no pm4py");
            return;
        }
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).unwrap();
        let peer: f64 = text.lines().last().unwrap().parse().unwrap();
        let own = measures.precision.unwrap();
        eprintln!("{}: {own:?} {:?}, pm4py {peer}", net.display(), own.value());
        assert!((own.value().unwrap() - peer).abs() < 1e-9, "{}: {own:?}, pm4py {peer}", net.display());
    }
}

/// Logs that fit, and nets in which no silent step leaves a choice open that was made.
const PAIRS: [(&str, &str); 4] = [
    ("running-example.xes", "running-example__given.pnml"),
    ("running-example.xes", "running-example__im.pnml"),
    ("repairExample.xes.gz", "repairExample__im.pnml"),
    ("roadtraffic100traces.xes", "roadtraffic100traces__given.pnml"),
];
