//! Which steps come before which on every way through a graph.

/// Steps as bits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Set(Vec<u64>);

impl Set {
    /// None of `count` steps.
    pub(super) fn empty(count: usize) -> Set {
        Set(vec![0; count.div_ceil(64)])
    }

    fn full(count: usize) -> Set {
        Set(vec![u64::MAX; count.div_ceil(64)])
    }

    pub(super) fn insert(&mut self, step: usize) {
        if let Some(word) = self.0.get_mut(step / 64) {
            *word |= 1 << (step % 64);
        }
    }

    pub(super) fn contains(&self, step: usize) -> bool {
        self.0.get(step / 64).is_some_and(|word| word & (1 << (step % 64)) != 0)
    }

    pub(super) fn add(&mut self, other: &Set) {
        self.0.iter_mut().zip(&other.0).for_each(|(own, other)| *own |= other);
    }

    /// Keeps what is in both; whether anything went.
    pub(super) fn keep(&mut self, other: &Set) -> bool {
        let mut changed = false;
        for (own, other) in self.0.iter_mut().zip(&other.0) {
            let both = *own & other;
            changed |= both != *own;
            *own = both;
        }
        changed
    }
}

/// A node: what it adds when it succeeds, and where ways lead from it.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) adds: Set,
    /// Nodes that follow its success.
    pub(super) after: Vec<usize>,
    /// Nodes that follow its failure: what it adds did not happen.
    pub(super) failed: Vec<usize>,
}

/// For each node what surely happened before it; `None` where no way leads to it. Ways begin at node 0 with `start`.
pub(super) fn before(nodes: &[Node], start: &Set, count: usize) -> Vec<Option<Set>> {
    let mut known: Vec<Option<Set>> = vec![None; nodes.len()];
    let mut queue = Vec::new();
    if let Some(first) = known.first_mut() {
        *first = Some(start.clone());
        queue.push(0);
    }
    // A set only shrinks once it is known, so that this ends.
    while let Some(at) = queue.pop() {
        let (Some(node), Some(Some(inward))) = (nodes.get(at), known.get(at).cloned()) else { continue };
        let mut outward = inward.clone();
        outward.add(&node.adds);
        let targets = node.after.iter().map(|to| (*to, &outward)).chain(node.failed.iter().map(|to| (*to, &inward)));
        for (to, set) in targets {
            let Some(slot) = known.get_mut(to) else { continue };
            let first = slot.is_none();
            let changed = slot.get_or_insert_with(|| Set::full(count)).keep(set);
            if first || changed {
                queue.push(to);
            }
        }
    }
    known
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// By definition: step `a` is before node `n` when no way leads to `n` on which `a` never succeeds.
    fn naive(nodes: &[Node], step: usize, to: usize) -> bool {
        let mut seen = vec![false; nodes.len()];
        let mut stack = vec![0];
        while let Some(at) = stack.pop() {
            if std::mem::replace(&mut seen[at], true) {
                continue;
            }
            stack.extend(&nodes[at].failed);
            if !nodes[at].adds.contains(step) {
                stack.extend(&nodes[at].after);
            }
        }
        !seen[to]
    }

    proptest! {
        #[test]
        fn what_surely_came_before_is_what_no_way_goes_around(
            edges in prop::collection::vec((0..8_usize, 0..8_usize, any::<bool>()), 0..20),
            labels in prop::collection::vec(0..6_usize, 8),
        ) {
            let mut nodes: Vec<Node> = labels.iter().map(|label| {
                let mut adds = Set::empty(6);
                adds.insert(*label);
                Node { adds, after: Vec::new(), failed: Vec::new() }
            }).collect();
            for (from, to, fails) in edges {
                if fails { nodes[from].failed.push(to) } else { nodes[from].after.push(to) }
            }
            for (to, found) in before(&nodes, &Set::empty(6), 6).iter().enumerate() {
                let Some(found) = found else { continue };
                for step in 0..6 {
                    prop_assert_eq!(found.contains(step), naive(&nodes, step, to));
                }
            }
        }
    }
}
