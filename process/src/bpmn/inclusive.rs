//! Inclusive gateways that join what one inclusive gateway split.
//!
//! When such a join waits for a token cannot be told from its own flows. It can where each way from one split leads to one
//! flow of the join and nowhere else: a way that was not chosen then brings its token at once.

use std::collections::BTreeMap;

use super::BpmnError;
use super::diagram::{Diagram, Kind};

/// Most inclusive gateways of a process.
const GATEWAYS: usize = 64;

/// What splits and joins belong together.
#[derive(Debug, Default)]
pub(super) struct Joins {
    /// For a flow from a split the flow into its join.
    ends: BTreeMap<usize, usize>,
    joins: Vec<usize>,
}

impl Joins {
    pub(super) fn is_join(&self, node: usize) -> bool {
        self.joins.contains(&node)
    }

    /// Places of the chosen of `all` flows, and for others those at which their ways end.
    pub(super) fn completed(&self, chosen: &[usize], all: &[usize], place: impl Fn(usize) -> Option<u32>) -> Vec<u32> {
        let way = |flow: &usize| match chosen.contains(flow) {
            true => place(*flow),
            false => self.ends.get(flow).and_then(|end| place(*end)),
        };
        all.iter().filter_map(way).collect()
    }
}

/// Finds the split of every join.
pub(super) fn joins(diagram: &Diagram) -> Result<Joins, BpmnError> {
    let of = |wanted: fn(usize, usize) -> bool| {
        let nodes = diagram.nodes.iter().enumerate();
        let nodes = nodes
            .filter(move |(_, node)| node.kind == Kind::Inclusive && wanted(node.incoming.len(), node.outgoing.len()));
        nodes.map(|(number, _)| number).collect::<Vec<_>>()
    };
    let (joining, splitting) = (of(|incoming, _| incoming > 1), of(|_, outgoing| outgoing > 1));
    let mut found = Joins::default();
    for join in joining {
        let Some(node) = diagram.nodes.get(join) else { continue };
        let ends = splitting.iter().take(GATEWAYS).find_map(|split| ends(diagram, *split, join));
        let Some(ends) = ends.filter(|_| found.joins.len() < GATEWAYS) else {
            let cause = format!(
                "the inclusive gateway {:?} joins ways that no one inclusive gateway splits; when it waits cannot be told: \
                 write an exclusive or a parallel gateway",
                node.name
            );
            return Err(BpmnError::part(node.line, cause));
        };
        found.ends.extend(ends);
        found.joins.push(join);
    }
    Ok(found)
}

/// For each flow from the split the one into the join that it leads to; `None` where the two do not belong together.
fn ends(diagram: &Diagram, split: usize, join: usize) -> Option<Vec<(usize, usize)>> {
    let mut way_of: Vec<Option<usize>> = vec![None; diagram.nodes.len()];
    let mut pairs = Vec::new();
    let (from, to) = (diagram.nodes.get(split)?, diagram.nodes.get(join)?);
    for way in &from.outgoing {
        let mut end = None;
        let mut stack = vec![*way];
        while let Some(at) = stack.pop() {
            let target = diagram.flows.get(at)?.target;
            if target == join {
                if end.replace(at).is_some_and(|known| known != at) {
                    return None;
                }
                continue;
            }
            let node = diagram.nodes.get(target)?;
            match way_of.get_mut(target)? {
                Some(known) if known == way => continue,
                Some(_) => return None,
                own @ None => *own = Some(*way),
            }
            // What ends, begins again or is interrupted on the way would leave the join waiting.
            if target == split || node.outgoing.is_empty() || !node.border.is_empty() {
                return None;
            }
            stack.extend(&node.outgoing);
        }
        pairs.push((*way, end?));
    }
    let mut reached: Vec<usize> = pairs.iter().map(|(_, end)| *end).collect();
    reached.sort_unstable();
    reached.dedup();
    let complete = reached.len() == pairs.len() && reached.len() == to.incoming.len();
    // Nothing may come into a way from elsewhere.
    let closed = diagram.flows.iter().all(|flow| {
        let (source, target) = (way_of.get(flow.source).copied().flatten(), way_of.get(flow.target).copied().flatten());
        target.is_none() || source == target || flow.source == split
    });
    (complete && closed).then_some(pairs)
}
