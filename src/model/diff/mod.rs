//! What a new version of a model allows that the old one did not, and the reverse.
//!
//! Models are compared as what they mean: layout, order and comments are no change, nor is one transition written as two.
//! Where it cannot be told which of two conditions lets more through, the change is neither wider nor narrower.

mod activity;
mod actors;
mod constraint;
mod delegation;
mod life;
mod object;
mod setting;
mod side;
mod terms;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use serde::Serialize;

use super::logic::Relation;
use super::{Model, Severity};
pub use delegation::delegations;
use side::Sides;

/// Whether more is allowed than before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// Something is allowed, or goes unnoticed, that was not before.
    Widened,
    /// Something else is meant; which lets more through is not known.
    Changed,
    /// Something is no longer allowed.
    Narrowed,
}

impl Direction {
    /// The direction of the change back.
    pub fn reversed(self) -> Direction {
        match self {
            Direction::Widened => Direction::Narrowed,
            Direction::Narrowed => Direction::Widened,
            Direction::Changed => Direction::Changed,
        }
    }

    /// Its name in outputs.
    pub fn as_str(self) -> &'static str {
        match self {
            Direction::Widened => "widened",
            Direction::Changed => "changed",
            Direction::Narrowed => "narrowed",
        }
    }

    fn of(relation: Relation) -> Option<Direction> {
        match relation {
            Relation::Same => None,
            Relation::Looser => Some(Direction::Widened),
            Relation::Tighter => Some(Direction::Narrowed),
            Relation::Other => Some(Direction::Changed),
        }
    }
}

/// One change.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Change {
    /// How much harm it may do; of what was narrowed, little.
    pub risk: Severity,
    /// Whether more is allowed.
    pub direction: Direction,
    /// What of the model it is about: `role`, `guard`, `approval`, `limit`.
    pub aspect: &'static str,
    /// Where: `order: pay new → paid`, `constraint refund-sod`.
    pub subject: String,
    /// What changed, in a sentence.
    pub says: String,
    /// What was written before; `None` where nothing was.
    pub old: Option<String>,
    /// What is written now.
    pub new: Option<String>,
}

/// All changes from one model to another, those that may do most harm first.
#[derive(Clone, Debug, Default)]
pub struct ModelDiff {
    /// The changes.
    pub changes: Vec<Change>,
}

/// A model with the text that it was read from.
pub type Written<'a> = (&'a Model, &'a str);

impl ModelDiff {
    /// Compares two versions.
    pub fn between((old, old_text): Written<'_>, (new, new_text): Written<'_>) -> ModelDiff {
        let sides = Sides::new(old, new);
        let mut found = Changes::default();
        life::compare(&sides, &mut found);
        constraint::compare(&sides, &mut found);
        actors::compare(&sides, &mut found);
        activity::compare(&sides, &mut found);
        object::compare(&sides, &mut found);
        setting::compare(&sides, &mut found);
        delegation::compare(&sides, (old_text, new_text), &mut found);
        let mut changes: Vec<Change> = found.0.into_iter().collect();
        let key = |change: &Change| {
            (
                std::cmp::Reverse(change.risk),
                change.direction,
                change.subject.clone(),
                change.aspect,
                change.says.clone(),
            )
        };
        changes.sort_by_cached_key(key);
        ModelDiff { changes }
    }

    /// Whether more may be allowed than before: something is widened, or it is not known that it is not and may do much harm.
    pub fn may_widen(&self) -> bool {
        self.changes.iter().any(|change| match change.direction {
            Direction::Widened => true,
            Direction::Changed => change.risk >= Severity::High,
            Direction::Narrowed => false,
        })
    }

    /// How many changes go in a direction.
    pub fn count(&self, direction: Direction) -> usize {
        self.changes.iter().filter(|change| change.direction == direction).count()
    }
}

/// Changes under way; one that is found twice is one.
#[derive(Debug, Default)]
struct Changes(BTreeSet<Change>);

/// What changed, before it is known how much harm that may do.
struct Found {
    aspect: &'static str,
    subject: String,
    says: String,
    old: Option<String>,
    new: Option<String>,
}

impl Changes {
    /// Adds a change; `risk` is that of widening or of not knowing. What is narrowed harms nobody but the users.
    fn add(&mut self, direction: Direction, risk: Severity, found: Found) {
        let risk = if direction == Direction::Narrowed { Severity::Low } else { risk };
        let Found { aspect, subject, says, old, new } = found;
        self.0.insert(Change { risk, direction, aspect, subject, says, old, new });
    }

    /// Adds what differs in meaning, without knowing which is wider.
    fn differs(
        &mut self,
        risk: Severity,
        aspect: &'static str,
        subject: &str,
        old: Option<String>,
        new: Option<String>,
    ) {
        if old != new {
            let says = match (&old, &new) {
                (None, _) => format!("{aspect} is said now"),
                (_, None) => format!("{aspect} is no longer said"),
                _ => format!("{aspect} is another"),
            };
            self.add(Direction::Changed, risk, Found { aspect, subject: subject.to_owned(), says, old, new });
        }
    }

    /// Adds what is told of an agent, a tenant or an owner: what goes untold is held against nobody.
    fn relied_on(&mut self, aspect: &'static str, subject: &str, old: Option<String>, new: Option<String>) {
        let (direction, says) = match (&old, &new) {
            (Some(_), None) => (Direction::Widened, format!("{aspect} is no longer said: nothing is judged by it")),
            (None, Some(_)) => (Direction::Narrowed, format!("{aspect} is said now: more is judged")),
            _ => return self.differs(Severity::High, aspect, subject, old, new),
        };
        self.add(direction, Severity::High, Found { aspect, subject: subject.to_owned(), says, old, new });
    }
}

/// Texts in one line; `None` for none.
fn listed<T: ToString>(items: impl IntoIterator<Item = T>) -> Option<String> {
    let items: Vec<String> = items.into_iter().map(|item| item.to_string()).collect();
    (!items.is_empty()).then(|| items.join(", "))
}
