//! Walks: many ids that nobody had given an actor, tried one after the other.

use std::collections::{BTreeMap, BTreeSet};

use super::hasher::SOME;
use super::spread;
use super::standing::{Answers, Attempt, Standing};
use crate::event::EventId;

/// Width of the window, in microseconds.
pub const WINDOW: i64 = 600_000_000;
/// Ids within a window that make a walk.
pub const LEAST: usize = 20;
/// Numbers so far apart, or less, are next to each other.
const STRIDE: u64 = 4;
/// Attempts of one actor by one call that are kept: the first ones.
const MOST: usize = 1 << 16;
/// Others who go through a call, from which on, and from half of all who use it, that is how it is used.
const PEERS: usize = 2;
/// Events that are shown of a walk.
const SHOWN: usize = 8;

/// One walk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Walk {
    /// Hash of the actor.
    pub actor: u64,
    /// Hash of the call and the type.
    pub step: u64,
    /// Number of a source's format.
    pub source: u8,
    /// The event with which it became one.
    pub at: EventId,
    /// Whether that was refused, as the others may not have been.
    pub refused: bool,
    /// First and last event, in microseconds.
    pub span: (i64, i64),
    /// Events that show it, spread over it.
    pub events: Vec<EventId>,
    /// Ids that were tried.
    pub ids: u64,
    /// Of these, those that were refused or are none.
    pub missed: u64,
    /// Of these, those that are known to be somebody else's.
    pub foreign: u64,
    /// Whether the ids are numbers next to each other.
    pub consecutive: bool,
    /// Why it is not certain, if it is not.
    pub doubt: Option<WalkDoubt>,
}

/// Why it is not certain that ids were tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum WalkDoubt {
    /// The answers that may have given the ids were not seen, but most of them fail and they are next to each other.
    Unseen,
    /// The same, and they are only the one or the other.
    Answers,
    /// What was reached is used by many.
    Shared,
    /// What was reached was not seen to be anybody's.
    Nobodys,
    /// It is a service, and what it named is there: it is told what there is in a way that the traffic does not show.
    Service,
    /// Others use the call so as well.
    Habit,
    /// What it named was made meanwhile by others, and nothing was missed: it does its part of their work.
    Follows,
}

impl Walk {
    /// Whether at least half of the ids are refused or none.
    fn fails(&self) -> bool {
        self.missed * 2 >= self.ids
    }
}

impl WalkDoubt {
    /// Confidence at most.
    pub fn at_most(self) -> f32 {
        if self == WalkDoubt::Unseen { 0.6 } else { 0.4 }
    }

    /// In words that complete "the confidence is no more because ...".
    pub fn because(self) -> &'static str {
        match self {
            WalkDoubt::Unseen | WalkDoubt::Answers => "answers that may have given the ids were not seen",
            WalkDoubt::Shared => "what was reached is used by many",
            WalkDoubt::Nobodys => "what was reached was not seen to be anybody else's",
            WalkDoubt::Service => "the actor is a service, and what it asked for was there",
            WalkDoubt::Follows => {
                "others made what it asked for meanwhile, and it missed nothing: so works who is given work"
            }
            WalkDoubt::Habit => "others go through the same call so, and half of all who use it",
        }
    }
}

/// Attempts by actor and call, of which those of one are together: the first ones of each.
#[derive(Clone, Debug, Default)]
pub struct Walks(BTreeMap<(u64, u64), Vec<Attempt>>);

impl Walks {
    /// Adds an attempt; of more than can be kept by one actor and call the first ones stay.
    pub fn add(&mut self, attempt: Attempt) {
        if attempt.is_counting() {
            return;
        }
        let attempts = self.0.entry((attempt.row.actor, attempt.row.step)).or_default();
        attempts.push(attempt);
        if attempts.len() >= 2 * MOST {
            settle(attempts);
        }
    }

    /// The walks, by actor, call and time.
    pub fn found(self) -> Vec<Walk> {
        self.0
            .into_values()
            .flat_map(|mut attempts| {
                settle(&mut attempts);
                walks(&attempts)
            })
            .collect()
    }
}

/// Doubts walks of what is there by calls that others go through as well; `callers` says how many use a call.
pub fn temper(walks: &mut [Walk], callers: impl Fn(u64) -> usize) {
    let mut by_call: BTreeMap<u64, BTreeSet<u64>> = BTreeMap::new();
    for walk in walks.iter().filter(|walk| !walk.fails()) {
        by_call.entry(walk.step).or_default().insert(walk.actor);
    }
    for walk in walks.iter_mut().filter(|walk| walk.doubt.is_none() && !walk.fails()) {
        let others = by_call.get(&walk.step).map_or(0, BTreeSet::len).saturating_sub(1);
        if others >= PEERS && others * 2 >= callers(walk.step).saturating_sub(1) {
            walk.doubt = Some(WalkDoubt::Habit);
        }
    }
}

/// Sorts by time, with the first attempt of each id only.
fn settle(attempts: &mut Vec<Attempt>) {
    attempts.sort_unstable_by_key(|a| (a.row.value, a.row.time, a.row.event));
    attempts.dedup_by_key(|a| a.row.value);
    attempts.sort_unstable_by_key(|a| (a.row.time, a.row.event));
    attempts.truncate(MOST);
}

/// The walks in attempts on different ids, sorted by time.
pub(super) fn walks(attempts: &[Attempt]) -> Vec<Walk> {
    let mut window = Window::default();
    let mut runs: Vec<Run> = Vec::new();
    let mut from = 0;
    for (at, attempt) in attempts.iter().enumerate() {
        window.add(attempt, true);
        while let Some(first) = attempts.get(from).filter(|a| a.row.time <= attempt.row.time.saturating_sub(WINDOW)) {
            window.add(first, false);
            from += 1;
        }
        if !window.is_walk() {
            continue;
        }
        match runs.last_mut().filter(|run| from <= run.last) {
            Some(run) => (run.last, run.doubt) = (at, run.doubt.min(window.doubt())),
            None => runs.push(Run { from, at, last: at, doubt: window.doubt() }),
        }
    }
    let found = |run: Run| walk(attempts.get(run.from..=run.last)?, attempts.get(run.at)?, run.doubt);
    runs.into_iter().filter_map(found).collect()
}

/// Windows that are walks, each with attempts of the one before, by the places of their attempts.
struct Run {
    from: usize,
    /// With this one it became a walk.
    at: usize,
    last: usize,
    /// The least of any window: who goes on to ids of which nothing is known has done no less.
    doubt: Option<WalkDoubt>,
}

/// What all attempts of a run tell, where the least doubtful of its windows has this doubt.
fn walk(run: &[Attempt], at: &Attempt, least: Option<WalkDoubt>) -> Option<Walk> {
    let mut whole = Window::default();
    run.iter().for_each(|attempt| whole.add(attempt, true));
    let first = run.first()?;
    let consecutive = whole.is_consecutive();
    let doubt = whole.doubt().min(least).or(follows(run, &whole).then_some(WalkDoubt::Follows));
    let mut events = spread(run.iter().map(|attempt| attempt.row.event), SHOWN);
    events.push(at.row.event);
    // Whether it came to anything is part of what is shown.
    events.extend(run.iter().find(|attempt| attempt.standing != Standing::Missed).map(|attempt| attempt.row.event));
    Some(Walk {
        actor: first.row.actor,
        step: first.row.step,
        source: first.row.source,
        at: at.row.event,
        refused: at.standing == Standing::Missed,
        span: (first.row.time, run.last()?.row.time),
        events,
        ids: whole.ids,
        missed: whole.missed,
        foreign: whole.foreign,
        consecutive,
        doubt,
    })
}

/// Whether four of five objects were made after the first of them was used, and next to none was missed. Who goes through ids
/// comes when the objects are there, and goes too far.
fn follows(run: &[Attempt], whole: &Window) -> bool {
    let Some(first) = run.first() else { return false };
    let fresh = run.iter().filter(|attempt| attempt.made.is_some_and(|made| made >= first.row.time)).count() as u64;
    fresh * 5 >= whole.ids * 4 && whole.missed * 20 <= whole.ids
}

/// A number, behind the hash of what stands around it.
type Number = (u32, u64);

/// Sums over the attempts of a window; taking one out undoes putting it in.
#[derive(Default)]
struct Window {
    ids: u64,
    missed: u64,
    foreign: u64,
    /// Used by many, or in the open.
    common: u64,
    /// Answers that may have given the id were not seen.
    unseen: u64,
    /// By a service.
    service: u64,
    /// How often each number is there, by what stands around it.
    numbers: BTreeMap<Number, u32>,
    /// Numbers with the next one near.
    near: u64,
    /// They are words of a query: many of these lead nowhere.
    sought: bool,
}

impl Window {
    fn add(&mut self, attempt: &Attempt, put: bool) {
        let step = |sum: &mut u64| *sum = if put { *sum + 1 } else { sum.saturating_sub(1) };
        step(&mut self.ids);
        self.sought = attempt.row.kind == SOME;
        if attempt.answers != Answers::Seen || attempt.perhaps {
            step(&mut self.unseen);
        }
        if attempt.row.service {
            step(&mut self.service);
        }
        match attempt.standing {
            Standing::Missed => step(&mut self.missed),
            Standing::Made(_) | Standing::Held(_) => step(&mut self.foreign),
            Standing::Shared(_) | Standing::Open => step(&mut self.common),
            Standing::Unknown => {}
        }
        let Some(number) = attempt.row.number else { return };
        if put {
            let times = self.numbers.entry(number).or_default();
            *times += 1;
            if *times == 1 {
                self.near = self.near + self.beside(number) - self.across(number);
            }
        } else if let Some(times) = self.numbers.get_mut(&number) {
            *times -= 1;
            if *times == 0 {
                self.near = (self.near + self.across(number)).saturating_sub(self.beside(number));
                self.numbers.remove(&number);
            }
        }
    }

    /// Neighbours of a number that are near it.
    fn beside(&self, number: Number) -> u64 {
        let (before, after) = self.neighbours(number);
        [before, after].into_iter().flatten().filter(|other| is_near(*other, number)).count() as u64
    }

    /// Whether its neighbours would be near each other without it.
    fn across(&self, number: Number) -> u64 {
        match self.neighbours(number) {
            (Some(before), Some(after)) => u64::from(is_near(before, after)),
            _ => 0,
        }
    }

    fn neighbours(&self, number: Number) -> (Option<Number>, Option<Number>) {
        let before = self.numbers.range(..number).next_back().map(|(other, _)| *other);
        let after = (number.0, number.1.saturating_add(1));
        let after = self.numbers.range(after..).next().map(|(other, _)| *other);
        (before, after.filter(|other| *other != number))
    }

    fn is_walk(&self) -> bool {
        let tried = self.fails() && !self.sought || self.is_consecutive() && self.common * 2 < self.ids;
        self.ids >= LEAST as u64 && tried
    }

    /// Why it is not certain that these ids were tried.
    fn doubt(&self) -> Option<WalkDoubt> {
        let hits = self.ids.saturating_sub(self.missed);
        match () {
            () if self.unseen > 0 && self.fails() && self.is_consecutive() && !self.sought => Some(WalkDoubt::Unseen),
            () if self.unseen > 0 => Some(WalkDoubt::Answers),
            () if hits > 0 && self.common * 2 >= hits => Some(WalkDoubt::Shared),
            () if (self.sought || !self.fails()) && self.foreign * 2 < self.ids => Some(WalkDoubt::Nobodys),
            () if !self.fails() && self.service == self.ids => Some(WalkDoubt::Service),
            () => None,
        }
    }

    /// Whether at least half of them are refused or none.
    fn fails(&self) -> bool {
        self.missed * 2 >= self.ids
    }

    /// Whether four of five have the next one near.
    fn is_consecutive(&self) -> bool {
        self.near * 5 >= self.ids.saturating_sub(1) * 4
    }
}

fn is_near(a: Number, b: Number) -> bool {
    a.0 == b.0 && a.1.abs_diff(b.1) <= STRIDE
}
