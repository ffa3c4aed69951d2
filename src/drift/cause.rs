//! Changes of one cause together: what leaves one place, who does one step, what the same cases show.

use std::collections::BTreeSet;

use super::compared::{Change, Direction};
use super::record::{Cell, Kind};
use super::statistics::Share;
use crate::compare::Check;

/// Part of the examples that two changes must share to be the same cases.
const SAME_CASES: f64 = 0.6;
/// Largest share of which it is told by its cases whether it is the same.
const FEW_CASES: f64 = 0.5;
/// How far apart, as a factor, the shares of what is gone and what is new in its stead may be.
const ALIKE: f64 = 1.5;

/// What changed for one cause.
#[derive(Clone, Debug, PartialEq)]
pub struct Cause {
    /// The changes; the first one says it best.
    pub changes: Vec<Change>,
    /// Whether something seems to have been renamed: one is gone, and another of like share stands in its place.
    pub renamed: bool,
}

impl Cause {
    /// The change that says it best.
    pub fn lead(&self) -> Option<&Change> {
        self.changes.first()
    }
}

/// Puts changes of one cause together; causes with the largest effect come first.
pub(super) fn causes(changes: Vec<Change>) -> Vec<Cause> {
    let mut groups: Vec<usize> = (0..changes.len()).collect();
    for (at, one) in changes.iter().enumerate() {
        for (other, another) in changes.iter().enumerate().skip(at + 1) {
            if is_one(one, another) {
                join(&mut groups, at, other);
            }
        }
    }
    let mut causes: Vec<Cause> = Vec::new();
    let of: BTreeSet<usize> = groups.iter().copied().collect();
    for group in of {
        let members = groups.iter().zip(&changes).filter(|(g, _)| **g == group).map(|(_, change)| change.clone());
        let mut changes: Vec<Change> = members.collect();
        changes.sort_by(|a, b| {
            (rank(a), b.effect.abs(), &a.key)
                .partial_cmp(&(rank(b), a.effect.abs(), &b.key))
                .unwrap_or(a.key.cmp(&b.key))
        });
        causes.push(Cause { renamed: is_renamed(&changes), changes });
    }
    let size = |cause: &Cause| cause.changes.iter().map(|change| change.effect.abs()).fold(0.0, f64::max);
    causes.sort_by(|a, b| size(b).total_cmp(&size(a)));
    causes
}

fn join(groups: &mut [usize], at: usize, other: usize) {
    let (Some(one), Some(another)) = (groups.get(at).copied(), groups.get(other).copied()) else { return };
    let (to, from) = (one.min(another), one.max(another));
    groups.iter_mut().filter(|group| **group == from).for_each(|group| *group = to);
}

/// Which of several changes says best what happened.
fn rank(change: &Change) -> u8 {
    match (change.check, change.key.kind) {
        (Check::DriftNew, Kind::Operation) => 0,
        (Check::DriftGone, Kind::Operation) => 1,
        (Check::DriftGuard, _) => 2,
        (Check::DriftNew, _) => 3,
        (Check::DriftGone, _) => 4,
        (Check::DriftActor, _) => 5,
        (Check::DriftFrequency, _) => 6,
        _ => 7,
    }
}

/// Whether two changes have one cause.
fn is_one(a: &Change, b: &Change) -> bool {
    let (one, other) = (&a.key, &b.key);
    match (one.kind, other.kind) {
        (Kind::Step, Kind::Step) if (&one.of, &one.from) == (&other.of, &other.from) => true,
        (Kind::Actor, Kind::Actor) if one.of == other.of => true,
        // A step that came or went changes what leads to it and what follows it.
        (Kind::Operation, Kind::Step) => passes(b, &one.what),
        (Kind::Step, Kind::Operation) => passes(a, &other.what),
        (Kind::Step, Kind::Step) => only_one_has(a, b) || only_one_has(b, a) || same_cases(a, b),
        // Who does a step that came or went, or how it is answered.
        (Kind::Actor | Kind::Refused, Kind::Step) if is_turn(b) => one.of == other.what,
        (Kind::Step, Kind::Actor | Kind::Refused) if is_turn(a) => other.of == one.what,
        (Kind::Operation, Kind::Operation) if one.what.is_empty() || other.what.is_empty() => true,
        _ => same_cases(a, b),
    }
}

/// Whether something came up or went away.
fn is_turn(change: &Change) -> bool {
    matches!(change.direction, Direction::New | Direction::Gone)
}

/// Whether a step is this one, or leaves where this one leads.
fn passes(change: &Change, step: &str) -> bool {
    change.key.what == step || change.key.from == step
}

/// Whether the first brings or takes away a step that the second is about.
fn only_one_has(turn: &Change, other: &Change) -> bool {
    is_turn(turn) && turn.key.of == other.key.of && passes(other, &turn.key.what)
}

/// Whether changes are about the same cases: the cells' examples are those of the least hashes, so that equal sets of
/// cases have equal ones.
fn same_cases(a: &Change, b: &Change) -> bool {
    let alike = |one: &Cell, other: &Cell| {
        let (one, other): (BTreeSet<&String>, BTreeSet<&String>) =
            (one.examples.iter().collect(), other.examples.iter().collect());
        let both = one.intersection(&other).count() as f64;
        let all = one.union(&other).count() as f64;
        one.len().min(other.len()) > 1 && both >= SAME_CASES * all
    };
    // What nearly all cases have, many have for other reasons.
    let few = |share: Share| share.value() <= FEW_CASES;
    match (a.effect > 0.0, b.effect > 0.0) {
        (true, true) if !(few(a.after.share) && few(b.after.share)) => false,
        (false, false) if !(few(a.before.share) && few(b.before.share)) => false,
        (true, true) => alike(&a.after.cell, &b.after.cell),
        (false, false) => alike(&a.before.cell, &b.before.cell),
        _ => false,
    }
}

/// Whether one thing is gone and one of like share is new.
fn is_renamed(changes: &[Change]) -> bool {
    let of = |direction| changes.iter().filter(move |change| change.direction == direction);
    let near = |gone: &Change, new: &Change| {
        let (before, after) = (gone.before.share.value(), new.after.share.value());
        gone.key.kind == new.key.kind
            && (&gone.key.of, &gone.key.from) == (&new.key.of, &new.key.from)
            && before.max(after) <= ALIKE * before.min(after)
    };
    of(Direction::Gone).any(|gone| of(Direction::New).any(|new| near(gone, new)))
}
