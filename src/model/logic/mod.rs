//! What one condition says of another, where that can be told without traffic: never true, implied, loosened, tightened.
//!
//! Answers are sound and incomplete: a *yes* holds in every scope, whatever is unknown in it; everything else is *not
//! known*. Conditions are cut into atoms that compare one term with a constant (`refund.amount <= money('100 EUR')`); what is
//! none of these is only ever like itself.

mod atom;
mod form;
#[cfg(test)]
mod tests;

use super::expression::{Node, Path};
use atom::Atom;
use form::Form;

/// How a newer condition differs from an older one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::model) enum Relation {
    /// Both say the same.
    Same,
    /// The newer one holds wherever the older one does, and in more.
    Looser,
    /// The newer one holds in less.
    Tighter,
    /// Neither, or it cannot be told.
    Other,
}

impl Relation {
    /// The same, of two conditions in the other order.
    pub(in crate::model) fn reversed(self) -> Relation {
        match self {
            Relation::Looser => Relation::Tighter,
            Relation::Tighter => Relation::Looser,
            same => same,
        }
    }
}

/// Whether a condition is true in no scope at all.
pub(in crate::model) fn is_never_true(condition: &Node) -> bool {
    cases(condition, true).is_some_and(|cases| cases.iter().all(|case| contradicts(case)))
}

/// Whether a condition is false in no scope at all.
pub(in crate::model) fn is_never_false(condition: &Node) -> bool {
    cases(condition, false).is_some_and(|cases| cases.iter().all(|case| contradicts(case)))
}

/// Whether all that one condition lets through, the other does too, as far as either is decided.
pub(in crate::model) fn is_within(narrow: &Node, wide: &Node) -> bool {
    narrow == wide || (implies((narrow, true), (wide, true)) && implies((wide, false), (narrow, false)))
}

/// How a condition changed; none is one that always holds.
pub(in crate::model) fn compare(old: Option<&Node>, new: Option<&Node>) -> Relation {
    let (old, new) = match (old, new) {
        (None, None) => return Relation::Same,
        (None, Some(new)) if is_always_true(new) => return Relation::Same,
        (Some(old), None) if is_always_true(old) => return Relation::Same,
        (None, Some(_)) => return Relation::Tighter,
        (Some(_), None) => return Relation::Looser,
        (Some(old), Some(new)) => (old, new),
    };
    match (is_within(old, new), is_within(new, old)) {
        (true, true) => Relation::Same,
        (true, false) => Relation::Looser,
        (false, true) => Relation::Tighter,
        (false, false) => Relation::Other,
    }
}

fn is_always_true(condition: &Node) -> bool {
    form::of(condition, true) == Form::Constant(true)
}

/// Whether the first condition having a truth value makes the second one have its own.
fn implies((known, value): (&Node, bool), (wanted, wanted_value): (&Node, bool)) -> bool {
    let Some(cases) = cases(known, value) else { return false };
    let wanted = form::of(wanted, wanted_value);
    cases.iter().all(|case| contradicts(case) || holds(case, &wanted))
}

/// The ways in which a condition has a truth value; `None` where there are too many to look at.
fn cases(condition: &Node, value: bool) -> Option<Vec<Vec<Atom>>> {
    form::of(condition, value).cases()
}

fn contradicts(case: &[Atom]) -> bool {
    case.iter().enumerate().any(|(at, one)| case.iter().take(at).any(|other| one.excludes(other)))
}

/// Whether a form is true wherever all of some atoms are. Forms are no deeper than the expressions they were made of.
fn holds(known: &[Atom], wanted: &Form) -> bool {
    match wanted {
        Form::Constant(value) => *value,
        Form::Atom(atom) => known.iter().any(|known| known.makes(atom)),
        Form::All(parts) => parts.iter().all(|part| holds(known, part)),
        Form::Any(parts) => parts.iter().any(|part| holds(known, part)),
    }
}

/// The same node with every path as another model, or another place, names it. Expressions are of bounded depth.
pub(in crate::model) fn renamed(node: &Node, path: &dyn Fn(&Path) -> Path) -> Node {
    let again = |node: &Node| renamed(node, path);
    let boxed = |node: &Node| Box::new(renamed(node, path));
    match node {
        Node::Constant(value) => Node::Constant(value.clone()),
        Node::Path(own) => Node::Path(path(own)),
        Node::List(items) => Node::List(items.iter().map(again).collect()),
        Node::Not(a) => Node::Not(boxed(a)),
        Node::Negate(a) => Node::Negate(boxed(a)),
        Node::Binary(operator, a, b) => Node::Binary(*operator, boxed(a), boxed(b)),
        Node::Conditional(a, b, c) => Node::Conditional(boxed(a), boxed(b), boxed(c)),
        Node::Call(function, items) => Node::Call(*function, items.iter().map(again).collect()),
        Node::Matches(a, pattern) => Node::Matches(boxed(a), pattern.clone()),
    }
}
