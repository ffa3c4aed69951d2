//! Sights of one call that are one exchange, over any number of inputs: of each, one stays.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::sight::Sight;
use super::{Call, Verdict, matching};

/// Groups of sights that are one exchange; no group holds two of one input.
pub(super) struct Same<'a> {
    call: Call<'a>,
    /// The group of each sight, by the sight's index.
    group_of: Vec<usize>,
    /// Sights of each group.
    groups: Vec<Vec<usize>>,
}

impl<'a> Same<'a> {
    /// Each sight by itself.
    pub(super) fn new(call: Call<'a>) -> Self {
        let all = 0..call.len();
        Same { call, group_of: all.clone().collect(), groups: all.map(|index| vec![index]).collect() }
    }

    /// Puts together what two inputs show of one exchange: of the sights of each, by index, those that are in no group
    /// with one of the other.
    pub(super) fn join(&mut self, richer: &[usize], poorer: &[usize], units: [u32; 2], verdict: &Verdict) {
        let open = |own: &[usize], other: u32| -> Vec<usize> {
            own.iter().copied().filter(|index| !self.units(*index).contains(&other)).collect()
        };
        let (richer, poorer) = (open(richer, units[1]), open(poorer, units[0]));
        let sights = |indices: &[usize]| -> Vec<&Sight> {
            indices.iter().filter_map(|index| self.call.get(*index)).map(|(_, sight)| sight).collect()
        };
        for (a, b) in matching::one_to_one(&sights(&richer), &sights(&poorer), &verdict.terms, verdict.queries) {
            if let (Some(a), Some(b)) = (richer.get(a), poorer.get(b))
                && self.units(*a).is_disjoint(&self.units(*b))
            {
                self.unite(*a, *b);
            }
        }
    }

    /// Of each group of several the sight that stays, and the others. The richest stays unless something is missing of
    /// it that another has: the answer, or parts that were lost on the way. `places` rank the units, the richest first.
    pub(super) fn settle(self, places: &BTreeMap<u32, usize>) -> Vec<(usize, Vec<usize>)> {
        let rank = |index: &usize| {
            let sight = self.call.get(*index).map(|(_, sight)| sight);
            let (answered, whole) = sight.map_or((false, false), |sight| (sight.status != 0, sight.whole));
            (answered, whole, Reverse(sight.and_then(|sight| places.get(&sight.unit)).copied()), Reverse(*index))
        };
        let several = self.groups.iter().filter(|group| group.len() > 1);
        several
            .filter_map(|group| {
                let kept = group.iter().max_by_key(|index| rank(index)).copied()?;
                Some((kept, group.iter().copied().filter(|index| *index != kept).collect()))
            })
            .collect()
    }

    fn group(&self, index: usize) -> &[usize] {
        self.group_of.get(index).and_then(|group| self.groups.get(*group)).map_or(&[], Vec::as_slice)
    }

    fn units(&self, index: usize) -> BTreeSet<u32> {
        self.group(index).iter().filter_map(|index| self.call.get(*index)).map(|(_, sight)| sight.unit).collect()
    }

    fn unite(&mut self, a: usize, b: usize) {
        let (Some(&into), Some(&from)) = (self.group_of.get(a), self.group_of.get(b)) else { return };
        let moved = self.groups.get_mut(from).map(std::mem::take).unwrap_or_default();
        for index in &moved {
            if let Some(group) = self.group_of.get_mut(*index) {
                *group = into;
            }
        }
        if let Some(group) = self.groups.get_mut(into) {
            group.extend(moved);
        }
    }
}
