//! Sights of one call that are one exchange, over any number of inputs: of each, one stays.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::carried::{Carried, People, Says, Twin};
use super::hop::{has_given_up, is_without_answer};
use super::ledger::Ledger;
use super::sight::Sight;
use super::{Call, Places, Verdict, matching};
use crate::correlate::{names_another, tells_more};
use crate::event::Actor;
use crate::pipeline::PipelineError;

/// Most addresses that a server's proxies go on from.
const PROXIES: usize = 64;

/// Groups of sights that are one exchange; no group holds two of one input.
pub(super) struct Same<'a> {
    call: Call<'a>,
    /// The group of each sight, by the sight's index.
    group_of: Vec<usize>,
    /// Sights of each group.
    groups: Vec<Vec<usize>>,
    /// Sights that may as well be of another group, by the sight's index: what they tell of an actor is somebody's.
    doubtful: BTreeSet<usize>,
}

/// Sights of one exchange, by their indices.
pub(super) struct Group {
    /// The one that stays.
    pub(super) kept: usize,
    pub(super) rest: Vec<usize>,
    /// Of the rest those that tell who acted.
    pub(super) telling: Vec<usize>,
}

impl<'a> Same<'a> {
    /// Each sight by itself.
    pub(super) fn new(call: Call<'a>) -> Self {
        let all = 0..call.len();
        let groups = all.clone().map(|index| vec![index]).collect();
        Same { call, group_of: all.collect(), groups, doubtful: BTreeSet::new() }
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
        let (first, second) = (sights(&richer), sights(&poorer));
        for pair in matching::one_to_one(&first, &second, &verdict.terms, verdict.queries) {
            if let (Some(a), Some(b)) = (richer.get(pair.0), poorer.get(pair.1))
                && self.units(*a).is_disjoint(&self.units(*b))
            {
                self.unite(*a, *b);
                if matching::is_doubtful((&first, &second), pair, &verdict.terms, verdict.queries) {
                    self.doubtful.insert(*b);
                }
            }
        }
    }

    /// Of each group of several the sight that stays, the others, and which of these tell who acted. The richest stays unless something is missing of
    /// it that another has: the request's body, which nothing else tells, the answer, or parts that were lost on the way.
    /// `places` rank the units, the richest first.
    pub(super) fn settle(self, places: &BTreeMap<u32, usize>) -> Vec<Group> {
        let rank = |index: &usize| {
            let sight = self.call.get(*index).map(|(_, sight)| sight);
            (
                sight.map(completeness),
                Reverse(sight.and_then(|sight| places.get(&sight.view)).copied()),
                Reverse(*index),
            )
        };
        let several = self.groups.iter().filter(|group| group.len() > 1);
        several
            .filter_map(|group| {
                let kept = group.iter().max_by_key(|index| rank(index)).copied()?;
                let rest: Vec<usize> = group.iter().copied().filter(|index| *index != kept).collect();
                let sure = |index: &usize| ![*index, kept].iter().any(|index| self.doubtful.contains(index));
                let telling = rest.iter().copied().filter(sure).collect();
                Some(Group { kept, rest, telling })
            })
            .collect()
    }

    fn group(&self, index: usize) -> &[usize] {
        self.group_of.get(index).and_then(|group| self.groups.get(*group)).map_or(&[], Vec::as_slice)
    }

    fn units(&self, index: usize) -> BTreeSet<u32> {
        self.group(index).iter().filter_map(|index| self.call.get(*index)).map(|(_, sight)| sight.view).collect()
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

/// What is there of an exchange, what matters most first: a status is told by any log, a body by none.
fn completeness(sight: &Sight) -> [bool; 3] {
    [sight.bodied, sight.status != 0, sight.whole]
}

/// What becomes of sights that are one exchange.
pub(super) struct PutTogether<'a> {
    /// Of each thread, the exchanges to leave out.
    pub(super) left_out: Vec<Places>,
    /// Of each thread, what the others tell of those that stay.
    pub(super) carried: Vec<Carried>,
    /// How many, by their input and that of those that stay.
    pub(super) twice: BTreeMap<(u32, u32), u64>,
    /// How many of them are hops, by their input.
    pub(super) hops: BTreeMap<u32, u64>,
    /// Exchanges that are inner hops, left out or not, by the server that they went to.
    pub(super) passed_on: BTreeMap<u64, u64>,
    /// The addresses that they came from, by that server; of more than a few none.
    pub(super) proxies: BTreeMap<u64, BTreeSet<u64>>,
    /// Which these are, of each thread.
    inner: Vec<Places>,
    /// Exchanges that a gateway gave up and the server behind it took, by stream.
    pub(super) given_up: BTreeMap<u32, u64>,
    people: Vec<&'a People>,
}

impl<'a> PutTogether<'a> {
    /// Nothing yet; what is carried over spills under `scratch` beyond `budget` bytes a thread.
    pub(super) fn new(ledgers: &'a [Ledger], scratch: &Path, budget: usize) -> Self {
        let carried = |thread: usize| Carried::new(scratch.join(format!("carried-{thread}")), budget);
        PutTogether {
            left_out: vec![Places::default(); ledgers.len()],
            carried: (0..ledgers.len()).map(carried).collect(),
            twice: BTreeMap::new(),
            hops: BTreeMap::new(),
            passed_on: BTreeMap::new(),
            proxies: BTreeMap::new(),
            inner: vec![Places::default(); ledgers.len()],
            given_up: BTreeMap::new(),
            people: ledgers.iter().map(|ledger| &ledger.people).collect(),
        }
    }

    /// Keeps one of several sights of an exchange. `rest`, and those of them that tell who acted, come from the richest to the
    /// poorest.
    pub(super) fn keep(
        &mut self,
        kept: &(usize, Sight),
        rest: &[&(usize, Sight)],
        telling: &[&(usize, Sight)],
    ) -> Result<(), PipelineError> {
        for dropped in self.leave_out(rest) {
            *self.twice.entry((dropped, kept.1.unit)).or_default() += 1;
        }
        self.carry_given_up(kept, rest, has_given_up)?;
        self.carry_origin(kept, telling)?;
        self.carry_answer(kept.0, &kept.1, rest)?;
        self.carry_actor(kept, telling)
    }

    /// Where a request came from, as another view of it shows: an archive has no clients, and the log beside it does.
    fn carry_origin(&mut self, (thread, kept): &(usize, Sight), rest: &[&(usize, Sight)]) -> Result<(), PipelineError> {
        let [0, _] = kept.from else { return Ok(()) };
        match rest.iter().find(|twin| twin.1.from != [0; 2]) {
            Some(twin) => self.carry((*thread, kept), twin, Says::From(twin.1.from)),
            None => Ok(()),
        }
    }

    fn carry_actor(&mut self, (thread, kept): &(usize, Sight), rest: &[&(usize, Sight)]) -> Result<(), PipelineError> {
        let Some(actor) = self.actor(*thread, kept) else { return Ok(()) };
        let telling = |twin: &&&(usize, Sight)| {
            let told = self.actor(twin.0, &twin.1);
            told.is_some_and(|told| {
                tells_more(told, actor) && (twin.1.stream != kept.stream || !names_another(told, actor))
            })
        };
        let mut telling: Vec<_> = rest.iter().filter(telling).collect();
        telling.sort_by_key(|twin| Reverse(self.actor(twin.0, &twin.1).map(|actor| actor.evidence)));
        telling.into_iter().try_for_each(|twin| match twin.1.who {
            Some(who) => self.carry((*thread, kept), twin, Says::Who(who)),
            None => Ok(()),
        })
    }

    /// Keeps one of the hops of an exchange, which come from the outermost on: that one, but where another is known to call
    /// something, as where a proxy changes paths, or has what is missing of it. That was done by who asked at the edge,
    /// when they did.
    pub(super) fn keep_outermost(&mut self, mut hops: Vec<&(usize, Sight)>) -> Result<(), PipelineError> {
        let rank = |hop: &(usize, Sight)| (hop.1.known, completeness(&hop.1));
        let best =
            hops.iter().enumerate().max_by_key(|(place, hop)| (rank(hop), Reverse(*place))).map(|(place, _)| place);
        let Some(place) = best else { return Ok(()) };
        for (thread, sight) in hops.iter().skip(1) {
            if self.inner.get_mut(*thread).is_some_and(|places| places.insert(sight.ordinal)) {
                *self.passed_on.entry(sight.served).or_default() += 1;
                let proxies = self.proxies.entry(sight.served).or_default();
                if proxies.len() < PROXIES {
                    proxies.insert(sight.peer);
                }
            }
        }
        let kept = hops.remove(place);
        let given_up = self.carry_given_up(kept, &hops, is_without_answer)?;
        for dropped in self.leave_out(&hops) {
            *self.hops.entry(dropped).or_default() += 1;
        }
        if !given_up {
            self.carry_answer(kept.0, &kept.1, &hops)?;
        }
        let Some(edge) = hops.first().filter(|_| place > 0) else { return self.carry_actor(kept, &hops) };
        let took = |sight: &Sight| sight.over.saturating_sub(sight.tick).saturating_sub(sight.time);
        let by = edge.1.time.saturating_sub(kept.1.time);
        let longer = took(&edge.1).saturating_sub(took(&kept.1));
        let says = Says::Outermost { who: edge.1.who, by, longer };
        self.carry((kept.0, &kept.1), edge, says)
    }

    /// Leaves out exchanges, and returns the inputs of those that were not yet: of one path with and without a prefix, an
    /// exchange may be a hop of two.
    fn leave_out(&mut self, rest: &[&(usize, Sight)]) -> Vec<u32> {
        let mut insert = |thread: usize, sight: &Sight| {
            self.left_out.get_mut(thread).is_some_and(|places| places.insert(sight.ordinal))
        };
        let new = rest.iter().filter(|(thread, dropped)| insert(*thread, dropped));
        new.map(|(_, dropped)| dropped.unit).collect()
    }

    /// Where a gateway gave up and what is behind it took the call all the same, the one that stays is told the other's
    /// answer: what the client saw, and that this was not all. Says whether it was so.
    fn carry_given_up(
        &mut self,
        kept: &(usize, Sight),
        rest: &[&(usize, Sight)],
        gave_up: impl Fn(&Sight) -> bool,
    ) -> Result<bool, PipelineError> {
        let taken = |sight: &Sight| matches!(sight.status, 1..400);
        let (status, twin) = if gave_up(&kept.1) {
            (kept.1.status, rest.iter().find(|(_, sight)| taken(sight)))
        } else if taken(&kept.1) {
            let twin = rest.iter().find(|(_, sight)| gave_up(sight));
            (twin.map_or(0, |(_, sight)| sight.status), twin)
        } else {
            return Ok(false);
        };
        let Some(twin) = twin else { return Ok(false) };
        *self.given_up.entry(kept.1.stream).or_default() += 1;
        self.carry((kept.0, &kept.1), twin, Says::GivenUp(status))?;
        Ok(true)
    }

    /// Where the answer of the kept one was not seen, another tells how it went: one that also has a state declared comes
    /// first.
    fn carry_answer(&mut self, thread: usize, kept: &Sight, rest: &[&(usize, Sight)]) -> Result<(), PipelineError> {
        let answered = || rest.iter().filter(|(_, twin)| kept.status == 0 && twin.status != 0);
        let telling = answered().find(|(_, twin)| !twin.declared.is_empty()).or_else(|| answered().next());
        telling.map_or(Ok(()), |twin| {
            let says = Says::Answer { status: twin.1.status, declared: twin.1.declared.clone() };
            self.carry((thread, kept), twin, says)
        })
    }

    fn carry(
        &mut self,
        (kept_by, kept): (usize, &Sight),
        (thread, sight): &(usize, Sight),
        says: Says,
    ) -> Result<(), PipelineError> {
        let (Ok(thread), Some(place)) = (u32::try_from(*thread), sight.place.clone()) else { return Ok(()) };
        let Some(carried) = self.carried.get_mut(kept_by) else { return Ok(()) };
        carried.push(kept.ordinal, &Twin { thread, says, unit: sight.unit, place })
    }

    fn actor(&self, thread: usize, sight: &Sight) -> Option<&'a Actor> {
        let people: &'a People = self.people.get(thread)?;
        people.get(sight.who?).map(|(actor, _)| actor)
    }
}
