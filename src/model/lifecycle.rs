//! The life of an object type: states and the transitions between them.

use std::sync::Arc;

use super::{ActivityId, Expression, ObjectTypeId};

/// Automaton of one object type.
#[derive(Clone, Debug)]
pub struct Lifecycle {
    /// The object type.
    pub object_type: ObjectTypeId,
    /// States; index is the state's number.
    pub states: Vec<State>,
    /// Number of the initial state (the object does not exist yet).
    pub initial: usize,
    /// Transitions in order of declaration.
    pub transitions: Vec<Transition>,
}

/// A state of an object's life.
#[derive(Clone, Debug)]
pub struct State {
    /// Name; the server's declared state compares with it without case.
    pub name: Arc<str>,
    /// Further names by which the server declares it.
    pub also: Vec<Arc<str>>,
    /// Nothing is expected after it.
    pub final_state: bool,
    /// Reaching it by a wrong way is graver.
    pub restricted: bool,
}

impl State {
    /// Whether the server means it by a name that it declares: names compare without case.
    pub fn is_called(&self, declared: &str) -> bool {
        std::iter::once(&self.name).chain(&self.also).any(|name| name.eq_ignore_ascii_case(declared))
    }
}

/// An allowed step.
#[derive(Clone, Debug)]
pub struct Transition {
    /// Step that makes it.
    pub activity: ActivityId,
    /// States it may start from.
    pub from: Vec<usize>,
    /// State it leads to.
    pub to: usize,
    /// Who may: roles, kinds, `kind:name`, principals, `agent`. Empty: anyone.
    pub by: Vec<Arc<str>>,
    /// Kind of actor that must do it.
    pub kind: Option<Arc<str>>,
    /// At most once in the object's life.
    pub once: bool,
    /// Guard.
    pub when: Option<Expression>,
    /// Longest time in microseconds after the last accepted event of an activity.
    pub within: Option<(ActivityId, i64)>,
}
