//! Costs and alignments equal those of a search without any cleverness: Dijkstra on the product of trace and net, marking
//! by marking, on random nets and traces.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use offpath_process::align::{Budget, Explainer, Move, Verdict, Weights, costs};
use offpath_process::{Automaton, Compiled, MarkingGraph, Model, ModelError, ModelLimits, Net, Place, Transition};
use proptest::prelude::*;

/// Most markings of a random net; larger ones are not tried.
const MARKINGS: usize = 400;

/// The cost of the cheapest alignment; `None` when the net never ends.
fn naive(net: &Net, trace: &[&str], weights: Weights) -> Option<u64> {
    let initial: Vec<u32> = net.places().iter().map(|place| place.initial).collect();
    let mut best: BTreeMap<(Vec<u32>, usize), u64> = BTreeMap::new();
    let mut queue = BinaryHeap::from([Reverse((0_u64, initial, 0_usize))]);
    while let Some(Reverse((cost, marking, position))) = queue.pop() {
        if best.get(&(marking.clone(), position)).is_some_and(|known| *known <= cost) {
            continue;
        }
        best.insert((marking.clone(), position), cost);
        if position == trace.len() && net.finals().contains(&marking) {
            return Some(cost);
        }
        if position < trace.len() {
            queue.push(Reverse((cost + u64::from(weights.log), marking.clone(), position + 1)));
        }
        for transition in net.transitions() {
            let Some(next) = fired(transition, &marking) else { continue };
            match transition.label.as_deref() {
                None => queue.push(Reverse((cost, next, position))),
                Some(label) => {
                    if trace.get(position) == Some(&label) {
                        queue.push(Reverse((cost, next.clone(), position + 1)));
                    }
                    queue.push(Reverse((cost + u64::from(weights.model), next, position)));
                }
            }
        }
    }
    None
}

fn fired(transition: &Transition, marking: &[u32]) -> Option<Vec<u32>> {
    let mut next = marking.to_vec();
    for (place, weight) in &transition.inputs {
        next[*place as usize] = next[*place as usize].checked_sub(*weight)?;
    }
    if transition.without.iter().any(|place| marking[*place as usize] > 0) {
        return None;
    }
    transition.resets.iter().for_each(|place| next[*place as usize] = 0);
    transition.outputs.iter().for_each(|(place, weight)| next[*place as usize] += weight);
    Some(next)
}

/// Whether the net has few markings, so that the naive search ends.
fn is_small(net: &Net) -> bool {
    MarkingGraph::new(net, MARKINGS, MARKINGS * 20).explore().is_ok()
}

fn net() -> impl Strategy<Value = Net> {
    let place = 0..5_u32;
    let arcs = |from| prop::collection::vec((place.clone(), 1..3_u32), from..3);
    let label = prop::option::weighted(0.75, prop::sample::select(vec!["a", "b", "c", "d"]));
    let some = |weight| prop_oneof![weight => Just(Vec::new()), 1 => prop::collection::vec(0..5_u32, 1..3)];
    let transition =
        (label, arcs(1), arcs(0), some(4), some(4)).prop_map(|(label, inputs, outputs, resets, without)| {
            let label = label.map(ToOwned::to_owned);
            Transition { id: String::new(), label, inputs, outputs, resets, without }
        });
    let transitions = prop::collection::vec(transition, 1..9);
    let initial = prop::collection::vec(0..3_u32, 5);
    let finals = prop::collection::vec(prop::collection::vec(0..2_u32, 5), 1..4);
    (initial, transitions, finals).prop_filter_map("begins nowhere", |(initial, transitions, finals)| {
        let places = initial.iter().enumerate();
        let places = places.map(|(at, initial)| Place { id: at.to_string(), name: at.to_string(), initial: *initial });
        Net::new(places.collect(), transitions, finals).ok()
    })
}

/// A random graph of states as a net with one token: every automaton is one.
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

fn trace() -> impl Strategy<Value = Vec<&'static str>> {
    prop::collection::vec(prop::sample::select(vec!["a", "b", "c", "d"]), 0..9)
}

fn weights() -> impl Strategy<Value = Weights> {
    prop_oneof![3 => Just(Weights::default()), 1 => (1..4_u32, 1..4_u32).prop_map(|(log, model)| Weights { log, model })]
}

/// The traces as labels; those without a label of the net are left out.
fn labels(net: &Net, traces: &[Vec<&str>]) -> Vec<Vec<u32>> {
    traces.iter().filter_map(|trace| trace.iter().map(|name| net.label(name)).collect()).collect()
}

/// Costs by all ways there are, and alignments that add up to them.
fn agrees(net: &Net, traces: &[Vec<&str>], weights: Weights) -> Result<(), TestCaseError> {
    let labelled = labels(net, traces);
    let names = |trace: &[u32]| trace.iter().map(|label| net.labels()[*label as usize].as_str()).collect::<Vec<_>>();
    let expected: Vec<Option<u64>> = labelled.iter().map(|trace| naive(net, &names(trace), weights)).collect();
    let slices: Vec<&[u32]> = labelled.iter().map(Vec::as_slice).collect();
    let mut lazy = MarkingGraph::new(net, MARKINGS, MARKINGS * 20);
    let found = costs(&mut lazy, &slices, weights, Budget::default());
    let exact = |verdict: &Verdict| match verdict {
        Verdict::Optimal(cost) => Some(*cost),
        Verdict::AtLeast(_) => None,
    };
    prop_assert_eq!(found.iter().map(exact).collect::<Vec<_>>(), expected.clone());
    let model = Model::new(net, ModelLimits::default());
    let mut dfa = match model {
        Ok(Model { compiled: Compiled::Automaton(dfa), .. }) => dfa,
        Ok(_) => return Err(TestCaseError::fail("a small net became no automaton")),
        Err(ModelError::NoEnd) => {
            prop_assert!(expected.iter().all(Option::is_none));
            return Ok(());
        }
        Err(error) => return Err(TestCaseError::fail(error.to_string())),
    };
    prop_assert_eq!(&costs(&mut dfa, &slices, weights, Budget::default()), &found);
    for (trace, cost) in labelled.iter().zip(&expected) {
        let Some(cost) = *cost else { continue };
        let by_automaton = Explainer::new(&mut dfa, weights, Budget::default()).moves(trace, cost).unwrap();
        let by_markings = Explainer::new(&mut lazy, weights, Budget::default()).moves(trace, cost).unwrap();
        prop_assert_eq!(&by_automaton, &by_markings, "the alignment depends on the language alone");
        is_alignment(net, &by_automaton, trace, cost, weights)?;
    }
    Ok(())
}

/// Whether moves read the trace, run the net to an end and cost what they should.
fn is_alignment(net: &Net, moves: &[Move], trace: &[u32], cost: u64, weights: Weights) -> Result<(), TestCaseError> {
    let (mut read, mut run, mut sum) = (Vec::new(), Vec::new(), 0);
    for one in moves {
        match one {
            Move::Synchronous(label) => {
                read.push(*label);
                run.push(*label);
            }
            Move::Log(label) => {
                read.push(*label);
                sum += u64::from(weights.log);
            }
            Move::Model(label) => {
                run.push(*label);
                sum += u64::from(weights.model);
            }
        }
    }
    prop_assert_eq!(read.as_slice(), trace);
    prop_assert_eq!(sum, cost);
    let names: Vec<&str> = run.iter().map(|label| net.labels()[*label as usize].as_str()).collect();
    prop_assert_eq!(naive(net, &names, weights), Some(0), "the model side is no run of the net");
    Ok(())
}

/// Words of a language up to a length, by walking subsets of markings.
fn words(net: &Net, length: usize) -> BTreeSet<Vec<u32>> {
    let mut graph = MarkingGraph::new(net, MARKINGS, MARKINGS * 20);
    let mut open = vec![(Vec::new(), closed(&mut graph, BTreeSet::from([0])))];
    let mut words = BTreeSet::new();
    while let Some((word, states)) = open.pop() {
        if states.iter().any(|state| graph.is_final(*state)) {
            words.insert(word.clone());
        }
        if word.len() == length {
            continue;
        }
        for label in (0..).take(net.labels().len()) {
            let mut next = BTreeSet::new();
            for state in &states {
                let edges = graph.successors(*state).unwrap();
                next.extend(edges.iter().filter(|edge| edge.label == label).map(|edge| edge.target));
            }
            if !next.is_empty() {
                let word = word.iter().copied().chain([label]).collect();
                open.push((word, closed(&mut graph, next)));
            }
        }
    }
    words
}

fn closed(graph: &mut MarkingGraph, mut states: BTreeSet<u32>) -> BTreeSet<u32> {
    let mut stack: Vec<u32> = states.iter().copied().collect();
    while let Some(state) = stack.pop() {
        for edge in graph.successors(state).unwrap().to_vec() {
            if edge.label == offpath_process::SILENT && states.insert(edge.target) {
                stack.push(edge.target);
            }
        }
    }
    states
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 5_000, ..ProptestConfig::default() })]

    #[test]
    fn costs_of_random_automata(net in automaton(), traces in prop::collection::vec(trace(), 1..6), weights in weights()) {
        agrees(&net, &traces, weights)?;
    }

    #[test]
    fn costs_of_random_nets(net in net(), traces in prop::collection::vec(trace(), 1..6), weights in weights()) {
        // Others grow without end, or nearly so.
        if !is_small(&net) {
            return Ok(());
        }
        agrees(&net, &traces, weights)?;
    }

    #[test]
    fn the_automaton_has_the_language_of_the_net(net in automaton()) {
        let dfa = match Model::new(&net, ModelLimits::default()) {
            Ok(Model { compiled: Compiled::Automaton(dfa), .. }) => dfa,
            _ => return Ok(()),
        };
        let all = words(&net, 4);
        let alphabet = (0..).take(net.labels().len()).collect::<Vec<u32>>();
        let mut open: Vec<Vec<u32>> = vec![Vec::new()];
        while let Some(word) = open.pop() {
            let state = word.iter().try_fold(0, |state, label| dfa.step(state, *label));
            let accepted = state.is_some_and(|state| dfa.is_final(state));
            prop_assert_eq!(accepted, all.contains(&word), "{:?}", word);
            if word.len() < 4 {
                open.extend(alphabet.iter().map(|label| word.iter().copied().chain([*label]).collect::<Vec<_>>()));
            }
        }
    }

    #[test]
    fn the_automaton_is_the_smallest(net in automaton()) {
        let dfa = match Model::new(&net, ModelLimits::default()) {
            Ok(Model { compiled: Compiled::Automaton(dfa), .. }) => dfa,
            _ => return Ok(()),
        };
        // Moore: states are apart as soon as a word of any length tells them apart.
        let mut class: Vec<usize> = (0..dfa.len() as u32).map(|state| usize::from(dfa.is_final(state))).collect();
        for _ in 0..dfa.len() {
            let key = |state: usize| {
                let edges = dfa.edges(state as u32).iter();
                (class[state], edges.map(|edge| (edge.label, class[edge.target as usize])).collect::<Vec<_>>())
            };
            let keys: BTreeSet<_> = (0..dfa.len()).map(key).collect();
            let numbers: BTreeMap<_, usize> = keys.into_iter().enumerate().map(|(number, key)| (key, number)).collect();
            class = (0..dfa.len()).map(|state| numbers[&key(state)]).collect();
        }
        let distinct: BTreeSet<usize> = class.into_iter().collect();
        prop_assert_eq!(distinct.len(), dfa.len());
    }
}
