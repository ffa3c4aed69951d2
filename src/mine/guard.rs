//! Guards: states of a parent in which nothing was ever made of a child's type, though many parents stayed there.

use std::collections::BTreeMap;
use std::sync::Arc;

use rust_decimal::prelude::ToPrimitive as _;

use super::Mining;
use super::draft::{Doubted, grouped, times};
use super::lifecycle::{Lifecycle, State, Use};
use super::sketch::{Sketch, TypeSketch};

/// Parents that stayed in a state from which on it says something that none of them got a child there.
const SUPPORT: u64 = 20;
/// How likely it may be at most that they have no child there by chance.
const CHANCE: f64 = 0.01;
/// Parents that are counted: more make nothing likelier.
const MOST: u64 = 10_000;

/// Gives the beginnings of children the conditions on their parents' states.
pub(super) fn add(
    lifecycles: &mut [(&TypeSketch, Use, Lifecycle)],
    sketch: &Sketch,
    mining: &Mining,
    doubted: &BTreeMap<String, Doubted>,
) {
    let mut guards = BTreeMap::new();
    for activity in sketch.activities.iter().filter(|activity| activity.creates) {
        let own = sketch.types.iter().find(|object| object.name == activity.object);
        let Some((parent, _)) = own.and_then(|object| object.parent.as_ref()) else { continue };
        let lifecycle = lifecycles.iter().find(|(object, ..)| object.name == *parent).map(|(.., lifecycle)| lifecycle);
        let Some((lifecycle, lives)) = lifecycle.zip(mining.lives.get(parent)) else { continue };
        let with_child = lives.children.get(&activity.name).copied().unwrap_or(0);
        if let Some(guard) = of(&activity.name, parent, lifecycle, (lives.objects, with_child)) {
            guards.insert(Arc::clone(&activity.name), guard);
        }
    }
    let trusted = |object: &TypeSketch| doubted.get(&*object.name).is_none_or(|doubted| !doubted.unguarded);
    for (_, _, lifecycle) in lifecycles.iter_mut().filter(|(object, ..)| trusted(object)) {
        for transition in lifecycle.transitions.iter_mut().filter(|transition| transition.from == [0]) {
            transition.when = guards.get(&transition.activity).cloned();
        }
    }
}

/// The condition that a step which makes children was taken under, with its support. `parents` are all objects of the
/// parent's type, of which `with_child` took the step.
fn of(
    making: &str,
    parent: &Arc<str>,
    lifecycle: &Lifecycle,
    (parents, with_child): (u64, u64),
) -> Option<(String, String)> {
    let mut shut: Vec<(&str, u64)> = Vec::new();
    // Who got one before needs no other there.
    let none = |state: &State| [&state.met.steps, &state.met.with].iter().all(|steps| !steps.contains_key(making));
    for state in &lifecycle.states {
        let stayed = state.met.stayed;
        let enough = stayed >= SUPPORT && chance(stayed, with_child, parents) <= CHANCE;
        let plain = state.name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ' '));
        if enough && plain && none(state) {
            shut.push((&state.name, stayed));
        }
    }
    let condition = match shut.as_slice() {
        [] => return None,
        [(one, _)] => format!("{parent}.state != '{one}'"),
        several => {
            let names: Vec<String> = several.iter().map(|(name, _)| format!("'{name}'")).collect();
            format!("!({parent}.state in [{}])", names.join(", "))
        }
    };
    let stayed: u64 = shut.iter().map(|(_, stayed)| stayed).sum();
    let (stayed, with) = (grouped(stayed), grouped(with_child));
    Some((condition, format!("{stayed} of {} stayed there without one; {with} have one", times(parents, parent))))
}

/// How likely so many of all parents have no child if it makes no difference to them where they are: Fisher's exact test of
/// one side.
fn chance(stayed: u64, with_child: u64, parents: u64) -> f64 {
    let share = |n: u64| {
        let (rest, all) = (parents.saturating_sub(n), parents.saturating_sub(n + with_child));
        all.to_f64().unwrap_or(0.0) / rest.max(1).to_f64().unwrap_or(1.0)
    };
    (0..stayed.min(MOST)).map(share).product()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mine::life::Met;

    /// States by name, with the parents that stayed and the children that were made there.
    fn guard(states: &[(&str, u64, u64)], with_child: u64) -> Option<String> {
        let state = |(name, stayed, made): &(&str, u64, u64)| {
            let steps = if *made > 0 { [("ask".into(), *made)].into() } else { [].into() };
            let met = Met { stayed: *stayed, steps, with: [].into() };
            State { name: (*name).into(), end: false, reached: *stayed, left: 0, met }
        };
        let states: Vec<State> = states.iter().map(state).collect();
        let parents = states.iter().map(|state| state.met.stayed).sum();
        let lifecycle = Lifecycle { states, transitions: Vec::new(), named: true, midlife: 0 };
        of("ask", &"order".into(), &lifecycle, (parents, with_child)).map(|(condition, _)| condition)
    }

    #[test]
    fn chances_are_those_of_counting_all_ways() {
        // Of every way to choose who has a child, those in which none of the first ones has.
        for (stayed, with_child, parents) in [(2, 3, 9), (4, 2, 9), (7, 3, 9), (1, 1, 1), (5, 0, 8)] {
            let ways = (0_u32..1 << parents).filter(|way| way.count_ones() == with_child);
            let (none, all) =
                ways.fold((0, 0), |(none, all), way| (none + u32::from(way & ((1 << stayed) - 1) == 0), all + 1));
            let known = chance(stayed, with_child.into(), parents);
            assert!(
                (known - f64::from(none) / f64::from(all)).abs() < 1e-12,
                "{stayed} {with_child} {parents}: {known}"
            );
        }
    }

    #[test]
    fn states_where_children_are_missed_shut_them_out() {
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(guard(&[("paid", 100, 40), ("void", 40, 0)], 40), some("order.state != 'void'"));
        assert_eq!(
            guard(&[("paid", 100, 60), ("void", 40, 0), ("lost", 30, 0)], 60),
            some("!(order.state in ['void', 'lost'])")
        );
        assert_eq!(guard(&[("paid", 100, 40), ("void", 40, 1)], 40), None, "there was one");
        assert_eq!(guard(&[("paid", 100, 40), ("void", 19, 0)], 40), None, "too few stayed");
        assert_eq!(guard(&[("paid", 300, 30), ("void", 40, 0)], 30), None, "none may be missing by chance");
    }
}
