//! Laws on random automata: what conforms is never reported, and alignments cost what a search of all words says.

use proptest::prelude::*;
use proptest::sample::Index;

use super::*;
use crate::compare::alignment::{Alignment, Move, align, by_parts, most};
use crate::compare::automaton::{Automaton, StateSet};
use crate::compare::variants::Variants;
use crate::event::Outcome;
use crate::model::Transition;

/// `(activity, from, to, once)`.
type RawEdge = (u16, usize, usize, bool);

fn edges(states: usize, activities: u16, most: usize) -> impl Strategy<Value = Vec<RawEdge>> {
    let once = prop::bool::weighted(0.3);
    prop::collection::vec((0..activities, 0..states, 0..states, once), 1..=most)
}

fn thing(states: usize, activities: u16, edges: &[RawEdge]) -> Model {
    let names: Vec<String> = (0..activities).map(|a| format!("a{a}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let states: Vec<String> = (0..states).map(|s| format!("s{s}")).collect();
    let states: Vec<&str> = states.iter().map(String::as_str).collect();
    let made =
        |(activity, from, to, once): &RawEdge| Transition { once: *once, ..transition(*activity, &[*from], *to) };
    empty().object("thing", None).steps("thing", &names).lifecycle("thing", &states, edges.iter().map(made).collect())
}

/// A walk through the automaton from its initial state; stops early where nothing can be taken.
fn walk(edges: &[RawEdge], choices: &[Index]) -> Vec<(u16, usize)> {
    let mut here = 0;
    let mut taken = vec![false; edges.len()];
    let mut steps = Vec::new();
    for choice in choices {
        let open: Vec<usize> =
            (0..edges.len()).filter(|e| edges[*e].1 == here && !(edges[*e].3 && taken[*e])).collect();
        if open.is_empty() {
            break;
        }
        let edge = open[choice.index(open.len())];
        taken[edge] = true;
        here = edges[edge].2;
        steps.push((edges[edge].0, here));
    }
    steps
}

fn lived(steps: &[(u16, usize)]) -> Vec<Event> {
    let step = |(n, (activity, _)): (u64, &(u16, usize))| {
        event(n, i64::try_from(n).unwrap() * 10, &format!("a{activity}")).on("thing:1").done()
    };
    (1..).zip(steps).map(step).collect()
}

fn judged(model: Model, mut events: Vec<Event>, blindness: &Blindness) -> CaseResult {
    events.sort_by_key(Event::order_key);
    Comparer::new(Some(Arc::new(model))).case(Some(&id("thing:1")), &events, blindness)
}

fn lives() -> impl Strategy<Value = (Vec<RawEdge>, Vec<Index>)> {
    (edges(5, 4, 10), prop::collection::vec(any::<Index>(), 0..12))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn a_conforming_life_is_never_reported((edges, choices) in lives(), declared in prop::collection::vec(any::<bool>(), 12)) {
        let steps = walk(&edges, &choices);
        let mut events = lived(&steps);
        for ((event, (_, state)), _) in events.iter_mut().zip(&steps).zip(&declared).filter(|(_, d)| **d) {
            event.objects[0].declared_state = Some(format!("s{state}").into());
        }
        let result = judged(thing(5, 4, &edges), events, &Blindness::default());
        prop_assert_eq!(checks(&result), []);
        prop_assert_eq!(result.measures.alignment_moves, 0);
    }

    #[test]
    fn nor_when_ties_are_shuffled((edges, choices) in lives(), order in prop::collection::vec(any::<u32>(), 12), size in 1i64..5) {
        let mut events = lived(&walk(&edges, &choices));
        for (position, (event, order)) in (0i64..).zip(events.iter_mut().zip(&order)) {
            event.time = position / size * 10 * SECOND;
            event.end = event.time;
            event.tick = SECOND;
            event.id = crate::event::EventId(u64::from(*order) << 8 | u64::try_from(position).unwrap());
        }
        let result = judged(thing(5, 4, &edges), events, &Blindness::default());
        prop_assert_eq!(checks(&result), []);
    }

    #[test]
    fn nor_when_its_beginning_is_cut_off((edges, choices) in lives(), cut in any::<Index>()) {
        let mut events = lived(&walk(&edges, &choices));
        events.drain(..cut.index(events.len() + 1));
        prop_assert_eq!(checks(&judged(thing(5, 4, &edges), events, &Blindness::default())), []);
    }

    #[test]
    fn nor_when_blind_spots_cover_what_was_dropped((edges, choices) in lives(), keep in prop::collection::vec(any::<bool>(), 12)) {
        let events = lived(&walk(&edges, &choices));
        let lost = events.iter().zip(&keep).filter(|(_, keep)| !**keep).map(|(e, _)| (e.time, e.end)).collect();
        let seen = events.iter().zip(&keep).filter(|(_, keep)| **keep).map(|(e, _)| e.clone()).collect();
        prop_assert_eq!(checks(&judged(thing(5, 4, &edges), seen, &Blindness::new(lost))), []);
    }

    #[test]
    fn nor_when_answers_are_lost((edges, choices) in lives(), lost in prop::collection::vec(any::<bool>(), 12)) {
        let mut events = lived(&walk(&edges, &choices));
        for (event, _) in events.iter_mut().zip(&lost).filter(|(_, lost)| **lost) {
            event.outcome = Outcome::Unknown;
        }
        prop_assert_eq!(checks(&judged(thing(5, 4, &edges), events, &Blindness::default())), []);
    }

    #[test]
    fn what_is_called_missing_was_not_seen_or_is_told_as_seen(edges in edges(5, 4, 10), trace in prop::collection::vec(0u16..4, 0..14)) {
        let steps: Vec<(u16, usize)> = trace.iter().map(|a| (*a, 0)).collect();
        let result = judged(thing(5, 4, &edges), lived(&steps), &Blindness::default());
        for skip in result.deviations.iter().filter(|d| d.check == Check::Skip) {
            let at = usize::try_from(skip.at.0 - 1).unwrap();
            let told = &skip.observed[..skip.observed.len() - 1];
            for missing in &skip.expected[..skip.expected.len() - 1] {
                let seen = trace[..at].iter().any(|a| **missing == *format!("a{a}"));
                prop_assert_eq!(seen, told.contains(missing), "{:?}", skip);
            }
        }
    }

    #[test]
    fn any_life_is_judged_the_same_twice(edges in edges(4, 3, 6), trace in prop::collection::vec((0u16..3, 0i64..6), 0..10)) {
        let events = |trace: &[(u16, i64)]| -> Vec<Event> {
            let one = |(n, (a, t)): (u64, &(u16, i64))| event(n, *t, &format!("a{a}")).on("thing:1").done();
            (1..).zip(trace).map(one).collect()
        };
        let first = judged(thing(4, 3, &edges), events(&trace), &Blindness::default());
        let again = judged(thing(4, 3, &edges), events(&trace), &Blindness::default());
        prop_assert_eq!(format!("{first:?}"), format!("{again:?}"));
        prop_assert_eq!(first.states.len(), trace.len());
    }
}

fn automaton(edges: &[RawEdge]) -> Automaton {
    let model = thing(3, 3, edges);
    Automaton::compile(&model, &model.lifecycles[0]).unwrap()
}

fn aligned(automaton: &Automaton, trace: &[u16]) -> Alignment {
    let labels: Vec<&[usize]> = trace.iter().map(|a| automaton.on(crate::model::ActivityId(*a))).collect();
    align(automaton, &StateSet::single(3, 0), &labels).unwrap()
}

/// The least number of insertions and deletions from the trace to any word of the automaton, by trying all words.
fn least(edges: &[RawEdge], here: usize, trace: &[u16], row: &[usize], depth: usize) -> usize {
    let mut best = *row.last().unwrap();
    if depth == 0 {
        return best;
    }
    for (activity, _, to, _) in edges.iter().filter(|e| e.1 == here) {
        let mut next = vec![row[0] + 1];
        for (column, label) in trace.iter().enumerate() {
            let either = next[column].min(row[column + 1]) + 1;
            next.push(if label == activity { either.min(row[column]) } else { either });
        }
        best = best.min(least(edges, *to, trace, &next, depth - 1));
    }
    best
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn an_alignment_is_optimal(edges in edges(3, 3, 5), trace in prop::collection::vec(0u16..3, 0..5)) {
        let automaton = automaton(&edges);
        let alignment = aligned(&automaton, &trace);
        let row: Vec<usize> = (0..=trace.len()).collect();
        let oracle = least(&edges, 0, &trace, &row, 2 * trace.len());
        prop_assert_eq!(alignment.cost, oracle as u64);
    }
}

proptest! {
    #[test]
    fn a_bound_is_never_less_than_the_optimum(edges in edges(3, 3, 6), trace in prop::collection::vec(0u16..3, 0..12)) {
        let automaton = automaton(&edges);
        let labels: Vec<&[usize]> = trace.iter().map(|a| automaton.on(crate::model::ActivityId(*a))).collect();
        let start = StateSet::single(3, 0);
        let optimum = aligned(&automaton, &trace).cost;
        for part in 1..5 {
            let bound = by_parts(&automaton, &start, &labels, part).unwrap();
            prop_assert!((optimum..=trace.len() as u64).contains(&bound));
        }
        prop_assert_eq!(by_parts(&automaton, &start, &labels, 12), Some(optimum));
        let variants = Variants::default();
        for _ in 0..2 {
            prop_assert_eq!(&*variants.get(&automaton, &start, &labels).unwrap(), &aligned(&automaton, &trace));
        }
    }

    #[test]
    fn an_alignment_spells_the_trace_and_a_word(edges in edges(3, 3, 6), trace in prop::collection::vec(0u16..3, 0..12)) {
        let automaton = automaton(&edges);
        let alignment = aligned(&automaton, &trace);
        let costly = alignment.moves.iter().filter(|m| !matches!(m, Move::Sync(_))).count();
        prop_assert_eq!(alignment.cost, costly as u64);
        let of_trace: Vec<usize> =
            alignment.moves.iter().filter_map(|m| match m { Move::Sync(i) | Move::Log(i) => Some(*i), Move::Model(_) => None }).collect();
        prop_assert_eq!(of_trace, (0..trace.len()).collect::<Vec<_>>());
        let mut states = StateSet::single(3, 0);
        for step in &alignment.moves {
            let activity = match step {
                Move::Sync(i) => trace[*i],
                Move::Model(activity) => activity.0,
                Move::Log(_) => continue,
            };
            let mut next = StateSet::empty(3);
            for (_, _, to, _) in edges.iter().filter(|e| e.0 == activity && states.contains(e.1)) {
                next.insert(*to);
            }
            prop_assert!(!next.is_empty());
            states = next;
        }
    }
}

#[test]
fn too_large_a_lifecycle_is_refused_and_its_objects_left_alone() {
    let edges: Vec<RawEdge> = (0..5000).map(|s| (0, s, s + 1, false)).collect();
    let events = lived(&[(0, 1), (0, 2)]);
    let result = judged(thing(5001, 1, &edges), events.clone(), &Blindness::default());
    assert_eq!(checks(&result), []);
    assert_eq!(judged(thing(4096, 1, &edges[..4095]), events, &Blindness::default()).measures.traces, 1);
}

/// Thirteen steps at once, each of which may come at any time, and one that may come only after another.
fn crowded(last: u16) -> (Model, Vec<Event>) {
    let mut edges: Vec<RawEdge> = (0..13).map(|activity| (activity, 0, 0, false)).collect();
    edges.extend([(13, 0, 1, false), (14, 1, 1, false)]);
    let steps: Vec<(u16, usize)> = (0..13).map(|activity| (activity, 0)).chain([(last, 0)]).collect();
    let mut events = lived(&steps);
    events[..13].iter_mut().for_each(|e| (e.time, e.end) = (0, 1000));
    let mut model = thing(2, 15, &edges);
    model.check.first_seen_any = false;
    (model, events)
}

#[test]
fn more_orders_than_can_be_tried_leave_a_life_undecided_and_the_run_says_so() {
    let (model, events) = crowded(13);
    let result = judged(model, events, &Blindness::default());
    assert_eq!(checks(&result), []);
    assert!(result.measures.approximate && result.exhausted);
    assert_eq!(result.measures.undecided_traces, 1);
}

#[test]
fn more_orders_than_can_be_tried_hide_nothing_that_none_of_them_explains() {
    let (model, events) = crowded(14);
    assert_eq!(checks(&judged(model, events, &Blindness::default())), [Check::Direct], "it comes after all of them");
    let (mut model, mut events) = crowded(13);
    let twice = Event { id: crate::event::EventId(20), ..events[3].clone() };
    events.push(twice);
    model.lifecycles[0].transitions[3].once = true;
    assert_eq!(checks(&judged(model, events, &Blindness::default())), [Check::Race], "in whichever order");
}

#[test]
fn a_trace_too_long_to_align_has_a_bound() {
    let edges: Vec<RawEdge> = (0..2000).map(|s| (0, s, (s + 1) % 2000, false)).collect();
    let model = thing(2000, 2, &edges);
    let automaton = Automaton::compile(&model, &model.lifecycles[0]).unwrap();
    let on = |activity: u16| automaton.on(crate::model::ActivityId(activity));
    let start = StateSet::single(2000, 0);
    let walk = vec![on(0); 3000];
    assert_eq!(align(&automaton, &start, &walk), None);
    assert_eq!(most(&automaton, &start, &walk), 0);
    let foreign = [vec![on(0); 1500], vec![on(1); 3], vec![on(0); 1500]].concat();
    assert_eq!(most(&automaton, &start, &foreign), 3);
    assert_eq!(most(&automaton, &start, &vec![on(1); 100_000]), 100_000, "not even that is worth it");
}
