//! What a chart's automaton is as a life of an object, and what of the chart is not in it.

use std::collections::{BTreeMap, BTreeSet};

use super::{Chart, DEPTH, Flat, Kind, State, Trigger};
use crate::model::import::draft::{self, Draft};

impl Flat<'_> {
    /// Says which states nothing leads to, and which ways wait for events that nothing names.
    pub(super) fn say_what_is_left(&self, events: &BTreeSet<String>, draft: &mut Draft) {
        let entered = self.entered.borrow();
        for (number, state) in self.chart.states.iter().enumerate() {
            let outer = state.parent.is_none_or(|parent| entered.contains(&parent));
            if outer && !entered.contains(&number) {
                draft.leave(
                    state.line,
                    format!("state {:?}: nothing leads there from where the machine begins", state.name),
                );
            }
        }
        for way in self.chart.ways.iter().filter(|way| entered.contains(&way.source)) {
            if let Trigger::Event(name) = &way.trigger
                && !events.iter().any(|event| self.chart.takes(&way.trigger, event))
            {
                draft.leave(
                    way.line,
                    format!("the way on {name:?}: no event of the chart is called so, and calls need names"),
                );
            }
        }
    }

    /// The life, one state a configuration. Several beginnings are joined by a first state before them.
    pub(super) fn life(self, chart: &Chart, object: String, names: &BTreeMap<&str, String>) -> draft::Life {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        chart.states.iter().for_each(|state| *counts.entry(&state.name).or_default() += 1);
        let mut called: BTreeSet<String> = BTreeSet::new();
        let mut states = Vec::new();
        for (number, at) in self.found.iter().enumerate() {
            let leaves: Vec<&State> =
                at.iter().filter(|leaf| self.is_leaf(**leaf, at)).filter_map(|leaf| chart.states.get(*leaf)).collect();
            let unique = |state: &&State| counts.get(state.name.as_str()) == Some(&1);
            let full = |state: &State| match state.parent.and_then(|parent| chart.states.get(parent)) {
                Some(parent) if !unique(&state) && parent.parent.is_some() => format!("{}.{}", parent.name, state.name),
                _ => state.name.clone(),
            };
            let plain = leaves.iter().map(|state| full(state)).collect::<Vec<_>>().join(" + ");
            let numbered = (2_usize..).map(|number| format!("{plain} ({number})"));
            let free = std::iter::once(plain.clone()).chain(numbered).find(|name| called.insert(name.clone()));
            let lines: Vec<String> = leaves.iter().map(|state| state.line.to_string()).collect();
            let notes = leaves.iter().map(|state| state.note.as_str()).filter(|note| !note.is_empty());
            let why = std::iter::once(format!("line {}", lines.join(", "))).chain(notes.map(str::to_owned));
            let ends = leaves.iter().any(|state| state.kind == Kind::MayEnd);
            states.push(draft::State {
                name: free.unwrap_or(plain),
                initial: self.initial.len() == 1 && self.initial.contains(&number),
                last: ends || self.is_done(0, at, DEPTH),
                why: why.collect::<Vec<_>>().join(": "),
            });
        }
        let mut transitions: Vec<draft::Transition> = Vec::new();
        for ((from, event, said), to) in self.edges {
            let from = if self.initial.len() > 1 && self.initial.contains(&from) {
                vec![from, states.len()]
            } else {
                vec![from]
            };
            transitions.push(draft::Transition {
                activity: names.get(event.as_str()).cloned().unwrap_or_default(),
                from,
                to: to.into_iter().collect(),
                by: said.by,
                kind: said.kind,
                why: said.note,
            });
        }
        if self.initial.len() > 1 {
            let why = "the machine begins in one of several states, by guards: any of them is taken to be the first"
                .to_owned();
            states.push(draft::State { name: "(begin)".to_owned(), initial: true, last: false, why });
        }
        let mut life = draft::Life { object, states, transitions: draft::joined(transitions) };
        if self.initial.len() > 1 {
            without_unreached(&mut life);
        }
        life
    }
}

/// Leaves out the states that a machine is only in at its beginning, where another state stands for all beginnings.
fn without_unreached(life: &mut draft::Life) {
    let mut reached: BTreeSet<usize> =
        life.states.iter().enumerate().filter(|(_, state)| state.initial).map(|(at, _)| at).collect();
    let mut stack: Vec<usize> = reached.iter().copied().collect();
    while let Some(at) = stack.pop() {
        let ways = life.transitions.iter().filter(|way| way.from.contains(&at));
        stack.extend(ways.flat_map(|way| &way.to).copied().filter(|to| reached.insert(*to)));
    }
    let numbers: BTreeMap<usize, usize> = reached.iter().copied().zip(0..).collect();
    for way in &mut life.transitions {
        for list in [&mut way.from, &mut way.to] {
            *list = list.iter().filter_map(|at| numbers.get(at).copied()).collect();
        }
    }
    life.transitions.retain(|way| !way.from.is_empty());
    let mut number = 0..;
    life.states.retain(|_| number.next().is_some_and(|number| reached.contains(&number)));
}
