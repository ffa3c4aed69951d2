//! The smallest parts of conditions, and what one being true makes of another.

use std::cmp::Ordering;

use crate::event::Value;
use crate::model::expression::{Node, Operator, Path};

/// A comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

use Comparison::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual, NotEqual};

impl Comparison {
    pub(super) fn of(operator: Operator) -> Option<Comparison> {
        Some(match operator {
            Operator::Equal => Equal,
            Operator::NotEqual => NotEqual,
            Operator::Less => Less,
            Operator::LessOrEqual => LessOrEqual,
            Operator::Greater => Greater,
            Operator::GreaterOrEqual => GreaterOrEqual,
            _ => return None,
        })
    }

    /// The one that holds exactly where this one does not, of values that compare.
    pub(super) fn negated(self) -> Comparison {
        match self {
            Equal => NotEqual,
            NotEqual => Equal,
            Less => GreaterOrEqual,
            LessOrEqual => Greater,
            Greater => LessOrEqual,
            GreaterOrEqual => Less,
        }
    }

    /// The same with its sides swapped.
    pub(super) fn mirrored(self) -> Comparison {
        match self {
            Less => Greater,
            LessOrEqual => GreaterOrEqual,
            Greater => Less,
            GreaterOrEqual => LessOrEqual,
            same => same,
        }
    }

    fn is_order(self) -> bool {
        !matches!(self, Equal | NotEqual)
    }

    /// Whether it holds of two values in this order.
    fn holds(self, order: Ordering) -> bool {
        match self {
            Equal => order.is_eq(),
            NotEqual => order.is_ne(),
            Less => order.is_lt(),
            LessOrEqual => order.is_le(),
            Greater => order.is_gt(),
            GreaterOrEqual => order.is_ge(),
        }
    }

    /// Whether this comparison with one value makes another with a second value; `order` is the first to the second.
    fn makes(self, wanted: Comparison, order: Ordering) -> bool {
        match (self, wanted) {
            (Equal, _) => wanted.holds(order),
            (NotEqual, _) => wanted == NotEqual && order.is_eq(),
            (Less, Less | LessOrEqual | NotEqual) => order.is_le(),
            (LessOrEqual, LessOrEqual) => order.is_le(),
            (LessOrEqual, Less | NotEqual) => order.is_lt(),
            (Greater, Greater | GreaterOrEqual | NotEqual) => order.is_ge(),
            (GreaterOrEqual, GreaterOrEqual) => order.is_ge(),
            (GreaterOrEqual, Greater | NotEqual) => order.is_gt(),
            _ => false,
        }
    }
}

/// A part of a condition that is made of no other.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Atom {
    /// A term beside a constant.
    Compared(Node, Comparison, Value),
    /// A term beside another, the lesser of their texts first.
    Related(Node, Comparison, Node),
    /// Whether a path has a value.
    Present(Path, bool),
    /// Anything else, and whether it or its opposite is meant.
    Other(Node, bool),
}

impl Atom {
    /// The atom that is true exactly where this one is false.
    fn negated(&self) -> Atom {
        match self {
            Atom::Compared(term, comparison, value) => {
                Atom::Compared(term.clone(), comparison.negated(), value.clone())
            }
            Atom::Related(a, comparison, b) => Atom::Related(a.clone(), comparison.negated(), b.clone()),
            Atom::Present(path, present) => Atom::Present(path.clone(), !present),
            Atom::Other(node, meant) => Atom::Other(node.clone(), !meant),
        }
    }

    /// Whether both are never true at once.
    pub(super) fn excludes(&self, other: &Atom) -> bool {
        self.makes(&other.negated()) || other.makes(&self.negated())
    }

    /// Whether this one being true makes another true.
    pub(super) fn makes(&self, wanted: &Atom) -> bool {
        if self == wanted {
            return true;
        }
        match (self, wanted) {
            (Atom::Compared(a, known, value), Atom::Compared(b, wanted, limit)) if a == b => {
                compared(*known, value, *wanted, limit)
            }
            (Atom::Compared(Node::Path(a), known, value), Atom::Present(b, present)) if a == b && !a.is_many() => {
                is_there(*known, value) == Some(*present)
            }
            (Atom::Present(a, present), Atom::Compared(Node::Path(b), wanted, Value::Null))
                if a == b && !a.is_many() =>
            {
                *wanted == if *present { NotEqual } else { Equal }
            }
            (Atom::Related(a, known, b), Atom::Related(c, wanted, d)) if a == c && b == d => {
                // Both sides were decided in the same way: as if compared with one value.
                known.makes(*wanted, Ordering::Equal)
            }
            _ => false,
        }
    }
}

/// Whether a comparison with one constant makes one with another. Only constants of one kind and currency are compared:
/// zero stands beside amounts of every currency, and so tells nothing of the others.
fn compared(known: Comparison, value: &Value, wanted: Comparison, limit: &Value) -> bool {
    match (value, limit) {
        (Value::Null, Value::Null) => known == wanted,
        (Value::Null, _) => known == Equal && wanted == NotEqual,
        (_, Value::Null) => wanted == NotEqual && (known == Equal || known.is_order()),
        // The state of an object is named without regard to case.
        (Value::Text(a), Value::Text(b)) if a != b && a.eq_ignore_ascii_case(b) => false,
        (Value::List(_), _) | (_, Value::List(_)) => false,
        _ => value.compare(limit).is_some_and(|order| known.makes(wanted, order)),
    }
}

/// What a comparison that is true says of the value being there at all.
fn is_there(known: Comparison, value: &Value) -> Option<bool> {
    match (known, value) {
        (Equal, Value::Null) => Some(false),
        (NotEqual, Value::Null) => Some(true),
        (NotEqual, _) => None,
        _ => Some(true),
    }
}
