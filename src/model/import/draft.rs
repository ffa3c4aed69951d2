//! What every source is read into: a model as plain data, with where each part comes from.

use std::collections::{BTreeMap, BTreeSet};

use super::LeftOut;
use crate::model::expression::is_reserved;

/// A model under way.
#[derive(Debug, Default)]
pub(super) struct Draft {
    /// What the source is, for people.
    pub(super) format: String,
    /// `workflow.id`.
    pub(super) id: String,
    /// `workflow.version`.
    pub(super) version: String,
    /// What a reader should know first, a line each.
    pub(super) head: Vec<String>,
    /// OpenAPI documents that operations are named in.
    pub(super) openapi: Vec<String>,
    pub(super) objects: Vec<Object>,
    pub(super) activities: Vec<Activity>,
    pub(super) lives: Vec<Life>,
    pub(super) orders: Vec<Order>,
    pub(super) left_out: Vec<LeftOut>,
}

/// A kind of object.
#[derive(Debug)]
pub(super) struct Object {
    pub(super) name: String,
    pub(super) key: Vec<String>,
    pub(super) why: String,
}

/// A step.
#[derive(Debug)]
pub(super) struct Activity {
    pub(super) name: String,
    pub(super) call: Call,
    /// Types that it touches, with key paths of its own.
    pub(super) objects: Vec<(String, Vec<String>)>,
    pub(super) read: bool,
    pub(super) why: String,
}

/// How a step is seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Call {
    /// An operation of an imported document.
    Operation(String),
    /// Method and path that the source itself gives.
    Http(String),
    /// The source does not say; a call is made up and marked.
    Guessed,
    /// The server takes it by itself.
    Unseen,
}

/// A life.
#[derive(Debug)]
pub(super) struct Life {
    pub(super) object: String,
    pub(super) states: Vec<State>,
    pub(super) transitions: Vec<Transition>,
}

/// A state of a life.
#[derive(Debug)]
pub(super) struct State {
    pub(super) name: String,
    pub(super) initial: bool,
    pub(super) last: bool,
    pub(super) why: String,
}

/// A step from states to states.
#[derive(Debug)]
pub(super) struct Transition {
    pub(super) activity: String,
    pub(super) from: Vec<usize>,
    pub(super) to: Vec<usize>,
    pub(super) by: Vec<String>,
    pub(super) kind: Option<String>,
    pub(super) why: String,
}

/// One step that comes before another.
#[derive(Debug)]
pub(super) struct Order {
    pub(super) require: String,
    pub(super) before: String,
    pub(super) per: String,
    pub(super) why: String,
}

impl Draft {
    /// Notes a part that the model does not hold.
    pub(super) fn leave(&mut self, line: usize, what: impl Into<String>) {
        self.left_out.push(LeftOut { line, what: what.into() });
    }
}

/// A transition without its sources: activity, targets, who, kind and what is said of it.
type Rest = (String, Vec<usize>, Vec<String>, Option<String>, String);

/// Transitions that differ in their sources alone are one.
pub(super) fn joined(transitions: Vec<Transition>) -> Vec<Transition> {
    let mut sources: BTreeMap<Rest, usize> = BTreeMap::new();
    let mut all: Vec<Transition> = Vec::new();
    for one in transitions {
        let key = (one.activity.clone(), one.to.clone(), one.by.clone(), one.kind.clone(), one.why.clone());
        match sources.get(&key).and_then(|at| all.get_mut(*at)) {
            Some(known) => known.from.extend(one.from),
            None => {
                sources.insert(key, all.len());
                all.push(one);
            }
        }
    }
    for one in &mut all {
        one.from.sort_unstable();
        one.from.dedup();
    }
    all
}

/// Names of one kind, each once.
#[derive(Debug, Default)]
pub(super) struct Taken(BTreeSet<String>);

impl Taken {
    /// A name that the language takes, as like `text` as may be, and that was not given before.
    pub(super) fn name(&mut self, text: &str, otherwise: &str) -> String {
        let plain = word(text, otherwise);
        let mut name = plain.clone();
        let mut number = 2_usize;
        // Each round takes a name that is there, so that this ends.
        while !self.0.insert(name.clone()) {
            name = format!("{plain}_{number}");
            number += 1;
        }
        name
    }
}

/// Longest name that is made.
const NAME: usize = 60;

/// Letters, digits and `_`, beginning with a letter; `otherwise` where nothing is left.
pub(super) fn word(text: &str, otherwise: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if out.len() >= NAME {
            break;
        }
        if c.is_ascii_alphanumeric() {
            out.push(c);
        } else if !out.is_empty() && !out.ends_with('_') {
            out.push('_');
        }
    }
    let out = out.trim_matches('_');
    match out.chars().next() {
        None => otherwise.to_owned(),
        Some(first) if first.is_ascii_digit() => format!("{otherwise}_{out}"),
        Some(_) => out.to_owned(),
    }
}

/// A name for an object type.
pub(super) fn type_name(text: &str) -> String {
    let mut snake = String::new();
    let mut before_small = false;
    for c in word(text, "item").chars() {
        if c.is_ascii_uppercase() && before_small {
            snake.push('_');
        }
        before_small = c.is_ascii_lowercase() || c.is_ascii_digit();
        snake.push(c.to_ascii_lowercase());
    }
    // Words that expressions use, and lives that are no object's.
    let taken = is_reserved(&snake) || matches!(snake.as_str(), "actor" | "session" | "run" | "event");
    if taken { format!("{snake}_item") } else { snake }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_words_that_differ() {
        let mut taken = Taken::default();
        let names: Vec<String> =
            ["pay order", "pay-order", "", "7 up", "é"].iter().map(|text| taken.name(text, "step")).collect();
        assert_eq!(names, ["pay_order", "pay_order_2", "step", "step_7_up", "step_2"]);
        assert_eq!(type_name("PurchaseOrder"), "purchase_order");
        assert_eq!(type_name("actor"), "actor_item");
        assert!(!is_reserved(&type_name("path")));
    }
}
