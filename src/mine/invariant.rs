//! Invariants: what held of all lives that were seen, of amounts, ages and of the steps on children, for a person to put
//! in force. They are read off whole lives, so that nothing is proposed that one of these breaks.

mod approval;
mod equality;
mod pace;
mod parts;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::chronicle::{Amount, Chronicle, LIVES};
use super::life::Lives;
use super::sketch::{Sketch, TypeSketch};

/// Lives from which on what all of them kept is worth a proposal.
const SUPPORT: usize = 20;
/// Actors of these lives: what one alone does is a habit of his.
const ACTORS: usize = 2;

/// What is proposed, and the attributes without which it cannot be said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Invariants {
    /// Constraints with their support.
    pub(super) constraints: Vec<(String, String)>,
    /// Attributes of object types: type, name, expression.
    pub(super) of_objects: BTreeMap<(Arc<str>, Arc<str>), Arc<str>>,
    /// Attributes of activities, by name.
    pub(super) of_activities: BTreeSet<(Arc<str>, Arc<str>)>,
}

/// The lives of one type with what they are read by.
struct Seen<'a> {
    object: &'a TypeSketch,
    sketch: &'a Sketch,
    lives: Vec<&'a Chronicle>,
    /// Whether these are all.
    all: bool,
}

/// An amount of an object: the attribute's name, and how it is read.
type Attribute<'a> = (&'a Arc<str>, &'a Arc<str>);

/// What held of the lives of all types.
pub(super) fn of(sketch: &Sketch, lives: &BTreeMap<Arc<str>, Lives>) -> Invariants {
    let mut found = Invariants::default();
    for object in &sketch.types {
        let Some(lives) = lives.get(&object.name) else { continue };
        let lives: Vec<&Chronicle> = lives.chronicles.iter().map(|(_, chronicle)| chronicle).collect();
        let all = lives.len() < LIVES;
        let seen = Seen { object, sketch, lives, all };
        equality::propose(&seen, &mut found);
        approval::propose(&seen, &mut found);
        parts::propose(&seen, &mut found);
        pace::propose(&seen, &mut found);
    }
    found
}

impl Invariants {
    /// Gives an object the attribute that a proposal is to speak of; `false` where the name means another already.
    fn needs(&mut self, object: &Arc<str>, (name, expression): Attribute<'_>) -> bool {
        let key = (Arc::clone(object), Arc::clone(name));
        *self.of_objects.entry(key).or_insert_with(|| Arc::clone(expression)) == *expression
    }
}

impl<'a> Seen<'a> {
    /// Steps on objects of the type itself.
    fn steps(&self) -> Vec<&'a Arc<str>> {
        let own = self.sketch.activities.iter().filter(|a| a.object == self.object.name && !a.read);
        own.map(|activity| &activity.name).collect()
    }

    /// Amounts that steps on the type show, each way to read one once; those of what makes the object come first.
    fn attributes(&self) -> Vec<Attribute<'a>> {
        let mut known: Vec<Attribute<'a>> = Vec::new();
        let mut own: Vec<_> =
            self.sketch.activities.iter().filter(|a| a.object == self.object.name && !a.read).collect();
        own.sort_by_key(|activity| !activity.creates);
        for amount in own.into_iter().flat_map(|activity| &activity.amounts) {
            if known.iter().all(|(_, expression)| **expression != amount.expression) {
                known.push((&amount.name, &amount.expression));
            }
        }
        known
    }

    /// The name that an activity has for what is read so.
    fn name_at(&self, step: &str, expression: &str) -> Option<&'a Arc<str>> {
        let activity = self.sketch.activities.iter().find(|activity| *activity.name == *step)?;
        activity.amounts.iter().find(|amount| *amount.expression == *expression).map(|amount| &amount.name)
    }

    /// The latest value of an attribute of the object before a place of its life.
    fn value<'l>(&self, life: &'l Chronicle, attribute: Attribute<'_>, before: usize) -> Option<&'l Amount> {
        life.0.iter().take(before).rev().filter(|deed| deed.child.is_none()).find_map(|deed| {
            let name = self.name_at(&deed.step, attribute.1)?;
            deed.amounts.iter().find(|(known, _)| known == name).map(|(_, amount)| amount)
        })
    }
}

/// Support as a comment.
fn support(kept: usize, object: &str) -> String {
    format!("all {kept} of type {object}")
}
