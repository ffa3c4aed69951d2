//! Nets and traces that are made to be too much end in bounded memory, with an exact answer or a marked one; and what
//! other tools were seen to get wrong.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use offpath_process::align::{Budget, Verdict, Weights};
use offpath_process::{
    Compiled, Conformance, EventLog, Kind, Model, ModelError, ModelLimits, Net, Place, Transition, check,
};

fn place(name: &str, initial: u32) -> Place {
    Place { id: name.to_owned(), name: name.to_owned(), initial }
}

fn step(label: Option<&str>, inputs: &[(u32, u32)], outputs: &[(u32, u32)]) -> Transition {
    let id = label.unwrap_or("silent").to_owned();
    Transition {
        id,
        label: label.map(ToOwned::to_owned),
        inputs: inputs.to_vec(),
        outputs: outputs.to_vec(),
        ..Transition::default()
    }
}

fn log(traces: &[Vec<&str>]) -> EventLog {
    let mut log = EventLog::default();
    for (number, trace) in traces.iter().enumerate() {
        log.push_names(Some(&number.to_string()), trace.iter().copied());
    }
    log
}

fn checked(net: &Net, limits: ModelLimits, traces: &[Vec<&str>]) -> Conformance {
    check(&log(traces), &mut Model::new(net, limits).unwrap(), Weights::default(), Budget::default())
}

fn verdicts(found: &Conformance) -> Vec<Verdict> {
    found.variants.iter().map(|(_, verdict)| *verdict).collect()
}

const NAMES: [&str; 14] = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n"];

/// Branches that run beside each other, `steps` labels each, between a silent split and a silent join.
fn parallel(branches: usize, steps: usize) -> Net {
    let per = steps + 1;
    let first = |branch: usize| (2 + branch * per) as u32;
    let places = (0..2 + branches * per).map(|at| place(&format!("p{at}"), u32::from(at == 0)));
    let all = |at: usize| (0..branches).map(|branch| (first(branch) + at as u32, 1)).collect::<Vec<_>>();
    let mut transitions = vec![step(None, &[(0, 1)], &all(0)), step(None, &all(steps), &[(1, 1)])];
    for (branch, name) in NAMES.iter().enumerate().take(branches) {
        for at in 0..steps {
            let from = first(branch) + at as u32;
            transitions.push(step(Some(&format!("{name}{at}")), &[(from, 1)], &[(from + 1, 1)]));
        }
    }
    let finals = vec![(0..2 + branches * per).map(|at| u32::from(at == 1)).collect()];
    Net::new(places.collect(), transitions, finals).unwrap()
}

/// `a`, then `b` any number of times, then `c`.
fn looping() -> Net {
    let places = ["p", "q", "r"].iter().enumerate().map(|(at, name)| place(name, u32::from(at == 0)));
    let transitions = vec![
        step(Some("a"), &[(0, 1)], &[(1, 1)]),
        step(Some("b"), &[(1, 1)], &[(1, 1)]),
        step(Some("c"), &[(1, 1)], &[(2, 1)]),
    ];
    Net::new(places.collect(), transitions, Vec::new()).unwrap()
}

#[test]
fn ten_parallel_branches_are_exact() {
    let net = parallel(10, 1);
    let labels: Vec<String> = net.labels().to_vec();
    let whole: Vec<&str> = labels.iter().rev().map(String::as_str).collect();
    let twice: Vec<&str> = whole.iter().copied().chain(["a0"]).collect();
    let found = checked(&net, ModelLimits::default(), &[whole.clone(), whole[..4].to_vec(), twice]);
    assert_eq!(verdicts(&found), [Verdict::Optimal(0), Verdict::Optimal(6), Verdict::Optimal(1)]);
    assert_eq!(found.measures.shortest_model_path, Some(10));
    let repeated = found.groups.iter().find(|group| group.deviation.kind == Kind::Repeated).unwrap();
    assert_eq!((repeated.deviation.label.as_str(), repeated.examples.as_slice()), ("a0", &[2][..]));
}

#[test]
fn an_automaton_that_would_be_too_large_is_searched_as_markings() {
    let net = parallel(10, 1);
    let limits = ModelLimits { states: 100, ..ModelLimits::default() };
    assert!(matches!(Model::new(&net, limits).unwrap().compiled, Compiled::Markings { .. }));
    let labels: Vec<String> = net.labels().to_vec();
    let whole: Vec<&str> = labels.iter().map(String::as_str).collect();
    let other: Vec<&str> = whole.iter().copied().rev().skip(1).chain(["b0", "x"]).collect();
    let traces = [whole, other];
    let (lazy, exact) = (checked(&net, limits, &traces), checked(&net, ModelLimits::default(), &traces));
    assert_eq!(verdicts(&lazy), verdicts(&exact));
    assert_eq!(lazy.groups, exact.groups);
}

#[test]
fn beyond_the_budget_traces_are_undecided_with_a_bound() {
    // 4^14 markings.
    let net = parallel(14, 3);
    let whole: Vec<String> = NAMES.iter().flat_map(|name| (0..3).map(move |at| format!("{name}{at}"))).collect();
    let whole: Vec<&str> = whole.iter().map(String::as_str).collect();
    let limits = ModelLimits { markings: 5_000, lazy_markings: 20_000, ..ModelLimits::default() };
    let deviating: Vec<&str> = whole.iter().copied().filter(|name| !name.ends_with('1')).collect();
    let found = checked(&net, limits, &[whole, deviating]);
    assert_eq!(verdicts(&found)[0], Verdict::Optimal(0));
    assert!(matches!(verdicts(&found)[1], Verdict::AtLeast(1..=14)), "{:?}", verdicts(&found));
    assert_eq!((found.measures.undecided_traces, found.measures.fitting_traces), (1, 1));
    assert!(found.measures.undecided_at_least >= 1);
    assert_eq!(found.measures.alignment_moves, 0);
}

#[test]
fn one_dear_trace_does_not_cost_the_others_their_verdict() {
    let net = parallel(10, 1);
    let labels: Vec<String> = net.labels().to_vec();
    let whole: Vec<&str> = labels.iter().map(String::as_str).collect();
    let dear: Vec<&str> = whole.iter().copied().cycle().take(400).collect();
    let mut model = Model::new(&net, ModelLimits::default()).unwrap();
    let budget = Budget { variant: 20_000, ..Budget::default() };
    let traces = [dear, whole[1..].to_vec(), whole];
    let found = check(&log(&traces), &mut model, Weights::default(), budget);
    assert!(matches!(verdicts(&found)[0], Verdict::AtLeast(1..)), "{:?}", verdicts(&found));
    assert_eq!(verdicts(&found)[1..], [Verdict::Optimal(1), Verdict::Optimal(0)]);
}

#[test]
fn a_loop_of_a_thousand_events_is_exact() {
    let mut trace = vec!["b"; 1_000];
    trace[0] = "a";
    trace[500] = "a";
    let found = checked(&looping(), ModelLimits::default(), &[trace]);
    assert_eq!(verdicts(&found), [Verdict::Optimal(2)]);
    let kinds: Vec<(Kind, &str)> =
        found.groups.iter().map(|group| (group.deviation.kind, group.deviation.label.as_str())).collect();
    assert_eq!(kinds, [(Kind::Skipped, "c"), (Kind::Repeated, "a")]);
}

#[test]
fn a_case_of_a_million_events_is_exact() {
    // More than any counter of 16 bits holds, too.
    let mut trace = vec!["b"; 1_000_000];
    trace[0] = "a";
    let last = trace.len() - 1;
    trace[last] = "c";
    let mut strange = trace.clone();
    strange[1..700_001].fill("x");
    strange[800_000] = "a";
    let found = checked(&looping(), ModelLimits::default(), &[trace, strange]);
    assert_eq!(verdicts(&found), [Verdict::Optimal(0), Verdict::Optimal(700_001)]);
    assert_eq!(found.measures.covered_events, 1_300_000);
}

#[test]
fn weights_beyond_a_byte_are_whole() {
    // A net that takes 300 tokens at once; 300 is 44 in a byte.
    let net = |tokens: u32| {
        let places = vec![place("p", tokens), place("q", 0)];
        Net::new(places, vec![step(Some("a"), &[(0, 300)], &[(1, 1)])], vec![vec![0, 1]]).unwrap()
    };
    assert_eq!(verdicts(&checked(&net(300), ModelLimits::default(), &[vec!["a"]])), [Verdict::Optimal(0)]);
    assert!(Model::new(&net(44), ModelLimits::default()).is_err());
    // More than 16 bits count, which is not the same as without end.
    let error = Model::new(&net(70_000), ModelLimits::default()).unwrap_err();
    assert_eq!(error, ModelError::TooManyTokens("p".to_owned()));
    assert!(error.to_string().contains("more than 65,535 tokens"), "{error}");
    let places = vec![place("p", 1), place("q", 0), place("r", 0)];
    let steps = vec![step(Some("a"), &[(0, 1)], &[(1, 70_000)]), step(Some("b"), &[(1, 70_000)], &[(2, 1)])];
    let heavy = Net::new(places, steps, Vec::new()).unwrap();
    let error = Model::new(&heavy, ModelLimits::default()).unwrap_err();
    assert_eq!(error, ModelError::TooManyTokens("q".to_owned()));
}

#[test]
fn white_space_around_a_name_is_no_deviation() {
    let found = checked(&looping(), ModelLimits::default(), &[vec!["a ", "\tb", "c"], vec!["a", "x ", "c"]]);
    assert_eq!(verdicts(&found), [Verdict::Optimal(0), Verdict::Optimal(1)]);
    assert_eq!(found.groups[0].deviation.label, "x ");
}

#[test]
fn the_trace_is_in_the_denominator_and_silent_steps_cost_nothing() {
    let places = vec![place("p", 1), place("q", 0), place("r", 0)];
    let transitions = vec![
        step(None, &[(0, 1)], &[(1, 1)]),
        step(None, &[(1, 1)], &[(0, 1)]),
        step(Some("a"), &[(1, 1)], &[(2, 1)]),
        step(Some("a"), &[(2, 1)], &[(2, 1)]),
    ];
    let net = Net::new(places, transitions, vec![vec![0, 0, 1]]).unwrap();
    let found = checked(&net, ModelLimits::default(), &[vec!["a", "a", "a"], vec!["a", "x"], vec![]]);
    let measures = &found.measures;
    assert_eq!((measures.alignment_moves, measures.alignment_denominator), (2, Some(8)));
    assert_eq!((measures.fitting_traces, measures.traces), (1, 3));
    let mean = (1.0 + (1.0 - 1.0 / 3.0) + 0.0) / 3.0;
    assert!((measures.average_trace_fitness.unwrap() - mean).abs() < 1e-12);
    assert_eq!(measures.log_fitness(), Some(0.75));
}

#[test]
fn an_empty_log_has_no_fitness() {
    let found = checked(&looping(), ModelLimits::default(), &[]);
    assert_eq!((found.measures.log_fitness(), found.measures.average_trace_fitness), (None, None));
    assert_eq!(found.measures.coverage(), None);
}
