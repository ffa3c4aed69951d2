//! Process maps: what followed what, drawn over the model's states where there is a model.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Mining;
use super::fold::TypeCounts;
use crate::compare::StateMove;
use crate::model::{Lifecycle, Model};

/// Process map of one object type.
#[derive(Clone, Debug, PartialEq)]
pub struct ProcessMap {
    /// Object type.
    pub object_type: Arc<str>,
    /// Objects of this type with at least one step.
    pub objects: u64,
    /// States (with a model), else steps.
    pub nodes: Vec<MapNode>,
    /// Edges in order of their nodes.
    pub edges: Vec<MapEdge>,
}

/// A node of a process map.
#[derive(Clone, Debug, PartialEq)]
pub struct MapNode {
    /// State or step.
    pub name: Arc<str>,
    /// Life begins here.
    pub initial: bool,
    /// Life ends here.
    pub end: bool,
    /// Marked restricted by the model.
    pub restricted: bool,
    /// Events that reached it.
    pub count: u64,
}

/// An edge of a process map.
#[derive(Clone, Debug, PartialEq)]
pub struct MapEdge {
    /// Index of the node it leaves.
    pub from: usize,
    /// Index of the node it reaches.
    pub to: usize,
    /// Activity that made the step; empty on maps of steps.
    pub label: Arc<str>,
    /// How often it was seen; 0 for a declared step that never happened.
    pub count: u64,
    /// Whether the model allows it; `None` without a model, and where it is not known whether it happened.
    pub allowed: Option<bool>,
    /// Whether it may not have been this move, since the source does not show enough to tell: a retry that moved nothing,
    /// or one of several transitions that explain a step, which is then also counted from or to `?`.
    pub perhaps: bool,
}

/// State before, state after, activity, whether it is a move only perhaps, and whether the model does not declare it (of
/// what happened only perhaps that is not said).
type Edge = (usize, usize, Arc<str>, bool, bool);

impl Mining {
    /// Maps over the states of each lifecycle: every declared transition, and every move that happened.
    pub fn lifecycle_maps(&self, model: &Model, moves: &BTreeMap<StateMove, u64>) -> Vec<ProcessMap> {
        model.lifecycles.iter().filter_map(|lifecycle| self.lifecycle_map(model, lifecycle, moves)).collect()
    }

    fn lifecycle_map(
        &self,
        model: &Model,
        lifecycle: &Lifecycle,
        moves: &BTreeMap<StateMove, u64>,
    ) -> Option<ProcessMap> {
        let object_type = &model.object_types.get(usize::from(lifecycle.object_type.0))?.name;
        let mut edges: BTreeMap<Edge, u64> = BTreeMap::new();
        for transition in &lifecycle.transitions {
            let activity = &model.activities.get(usize::from(transition.activity.0))?.name;
            for from in &transition.from {
                edges.insert((*from, transition.to, Arc::clone(activity), false, false), 0);
            }
        }
        let mut names: Vec<Arc<str>> = lifecycle.states.iter().map(|state| Arc::clone(&state.name)).collect();
        let of_type = || moves.iter().filter(|(seen, _)| seen.object_type == *object_type);
        for (seen, count) in of_type().filter(|(seen, _)| !seen.among) {
            let (from, to) = (node(&mut names, &seen.from), node(&mut names, &seen.to));
            let undeclared = !seen.allowed && !seen.perhaps;
            *edges.entry((from, to, Arc::clone(&seen.activity), seen.perhaps, undeclared)).or_default() += count;
        }
        // A declared transition that no step surely made, but that some may have: it is not one that never happened.
        for (seen, count) in of_type().filter(|(seen, _)| seen.among) {
            let (from, to) = (node(&mut names, &seen.from), node(&mut names, &seen.to));
            let sure = (from, to, Arc::clone(&seen.activity), false, false);
            if edges.get(&sure) == Some(&0) {
                edges.remove(&sure);
                *edges.entry((from, to, Arc::clone(&seen.activity), true, false)).or_default() += count;
            }
        }
        let mut reached = vec![0; names.len()];
        for ((_, to, _, perhaps, _), count) in &edges {
            if let Some(sum) = reached.get_mut(*to).filter(|_| !perhaps) {
                *sum += count;
            }
        }
        let nodes = names
            .into_iter()
            .zip(reached)
            .enumerate()
            .map(|(index, (name, count))| {
                let state = lifecycle.states.get(index);
                MapNode {
                    name,
                    initial: index == lifecycle.initial,
                    end: state.is_some_and(|s| s.final_state),
                    restricted: state.is_some_and(|s| s.restricted),
                    count,
                }
            })
            .collect();
        let edges = edges
            .into_iter()
            .map(|((from, to, label, perhaps, undeclared), count)| MapEdge {
                from,
                to,
                label,
                count,
                allowed: (!perhaps).then_some(!undeclared),
                perhaps,
            })
            .collect();
        let objects = self.types.get(object_type).map_or(0, |counts| counts.objects);
        Some(ProcessMap { object_type: Arc::clone(object_type), objects, nodes, edges })
    }

    /// Directly-follows maps of steps, one an object type.
    pub fn activity_maps(&self) -> Vec<ProcessMap> {
        self.types.iter().map(|(object_type, counts)| activity_map(object_type, counts)).collect()
    }
}

fn node(names: &mut Vec<Arc<str>>, name: &Arc<str>) -> usize {
    names.iter().position(|known| known == name).unwrap_or_else(|| {
        names.push(Arc::clone(name));
        names.len() - 1
    })
}

fn activity_map(object_type: &Arc<str>, counts: &TypeCounts) -> ProcessMap {
    let names: Vec<&Arc<str>> = counts.steps.keys().collect();
    let index = |name: &Arc<str>| names.binary_search(&name).unwrap_or(0);
    let nodes = counts.steps.iter().map(|(name, count)| MapNode {
        name: Arc::clone(name),
        initial: counts.starts.contains_key(name),
        end: counts.ends.contains_key(name),
        restricted: false,
        count: *count,
    });
    let edges = counts.follows.iter().map(|((from, to), count)| MapEdge {
        from: index(from),
        to: index(to),
        label: Arc::from(""),
        count: *count,
        allowed: None,
        perhaps: false,
    });
    ProcessMap {
        object_type: Arc::clone(object_type),
        objects: counts.objects,
        nodes: nodes.collect(),
        edges: edges.collect(),
    }
}
