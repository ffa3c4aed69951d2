//! On what terms somebody may take a step, and how those of two versions differ.

use super::Direction;
use super::side::Side;
use crate::model::expression::Node;
use crate::model::logic::{self, Relation};
use crate::model::{Transition, quantity};

/// The terms of one way to go, for one role.
#[derive(Clone, Debug)]
pub(super) struct Terms {
    kind: Option<String>,
    once: bool,
    when: Option<Node>,
    /// The guard as written.
    written: Option<String>,
    within: Option<(u16, i64)>,
}

/// One difference of terms.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Difference {
    pub(super) aspect: &'static str,
    pub(super) direction: Direction,
    pub(super) old: Option<String>,
    pub(super) new: Option<String>,
}

impl Terms {
    pub(super) fn of(side: &Side<'_>, transition: &Transition) -> Terms {
        Terms {
            kind: transition.kind.as_ref().map(ToString::to_string),
            once: transition.once,
            when: transition.when.as_ref().map(|when| side.node(when)),
            written: transition.when.as_ref().map(|when| when.text.to_string()),
            within: transition.within.map(|(after, max)| (side.activity(after), max)),
        }
    }

    /// Terms without a guard.
    #[cfg(test)]
    pub(super) fn plain(kind: Option<u8>, once: bool, within: Option<(u16, i64)>) -> Terms {
        Terms { kind: kind.map(|kind| format!("kind {kind}")), once, when: None, written: None, within }
    }

    /// Whether whatever these terms let through, others do too.
    pub(super) fn covered_by(&self, wide: &Terms) -> bool {
        let guard = logic::compare(self.when.as_ref(), wide.when.as_ref());
        let in_time = match (self.within, wide.within) {
            (_, None) => true,
            (Some((after, max)), Some((other, limit))) => after == other && max <= limit,
            (None, Some(_)) => false,
        };
        (wide.kind.is_none() || wide.kind == self.kind)
            && matches!(guard, Relation::Same | Relation::Looser)
            && in_time
            && (self.once || !wide.once)
    }

    pub(super) fn same(&self, other: &Terms) -> bool {
        self.covered_by(other) && other.covered_by(self)
    }

    /// How much two have in common, for telling which became which. The other way round it is the same.
    pub(super) fn likeness(&self, other: &Terms) -> usize {
        let guard = match logic::compare(self.when.as_ref(), other.when.as_ref()) {
            Relation::Same => 4,
            Relation::Looser | Relation::Tighter => 2,
            Relation::Other => 0,
        };
        guard
            + usize::from(self.kind == other.kind)
            + usize::from(self.once == other.once)
            + usize::from(self.within == other.within)
    }

    /// A text that is equal for equal terms.
    pub(super) fn key(&self) -> String {
        format!("{self:?}")
    }

    /// In the model's words.
    pub(super) fn words(&self) -> String {
        let mut words: Vec<String> = self.kind.iter().map(|kind| format!("by a {kind}")).collect();
        words.extend(self.written.iter().map(|when| format!("when {when}")));
        words.extend(self.within.map(|(_, max)| format!("within {}", quantity::duration_text(max))));
        words.extend(self.once.then(|| "once".to_owned()));
        words.join(", ")
    }

    /// What is different in newer terms.
    pub(super) fn differences(&self, new: &Terms, activity: &dyn Fn(u16) -> String) -> Vec<Difference> {
        let mut found = Vec::new();
        let mut add = |aspect, direction: Option<Direction>, old, new| {
            found.extend(direction.map(|direction| Difference { aspect, direction, old, new }));
        };
        add("kind of actor", demanded(&self.kind, &new.kind), self.kind.clone(), new.kind.clone());
        let guard = Direction::of(logic::compare(self.when.as_ref(), new.when.as_ref()));
        add("guard", guard, self.written.clone(), new.written.clone());
        let flag = |once: bool| once.then(|| "once".to_owned());
        let once = (self.once != new.once).then_some(if new.once { Direction::Narrowed } else { Direction::Widened });
        add("once", once, flag(self.once), flag(new.once));
        let time = |within: Option<(u16, i64)>| {
            within.map(|(after, max)| format!("{} after {}", quantity::duration_text(max), activity(after)))
        };
        let within = match (self.within, new.within) {
            (Some((after, max)), Some((other, limit))) if after == other => raised(max, limit),
            (old, new) => demanded(&old, &new),
        };
        add("time limit", within, time(self.within), time(new.within));
        found
    }
}

/// The direction of a demand that is made, dropped or another.
pub(super) fn demanded<T: PartialEq>(old: &Option<T>, new: &Option<T>) -> Option<Direction> {
    match (old, new) {
        (old, new) if old == new => None,
        (None, _) => Some(Direction::Narrowed),
        (_, None) => Some(Direction::Widened),
        _ => Some(Direction::Changed),
    }
}

/// The direction of a limit that is raised or lowered.
pub(super) fn raised<T: PartialOrd>(old: T, new: T) -> Option<Direction> {
    match old.partial_cmp(&new) {
        Some(std::cmp::Ordering::Equal) => None,
        Some(std::cmp::Ordering::Less) => Some(Direction::Widened),
        Some(std::cmp::Ordering::Greater) => Some(Direction::Narrowed),
        None => Some(Direction::Changed),
    }
}
