//! What can be told of a value before there is one.

use super::Operator;
use crate::event::Value;

/// Kind of value that an expression gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Only the traffic tells.
    Any,
    /// Always absent.
    Null,
    /// True or false.
    Bool,
    /// Exact number.
    Number,
    /// The number zero, which compares with amounts of every currency.
    Zero,
    /// Text.
    Text,
    /// Instant.
    Time,
    /// Length of time.
    Duration,
    /// Amount of one currency.
    Money,
    /// List of one kind.
    List(Box<Kind>),
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Kind::List(item) if **item == Kind::Any => f.write_str("a list"),
            Kind::List(item) => write!(f, "a list of {}", item.to_string().trim_start_matches("a ")),
            Kind::Any => f.write_str("any value"),
            Kind::Null => f.write_str("null"),
            Kind::Bool => f.write_str("a truth value"),
            Kind::Number | Kind::Zero => f.write_str("a number"),
            Kind::Text => f.write_str("a text"),
            Kind::Time => f.write_str("a time"),
            Kind::Duration => f.write_str("a duration"),
            Kind::Money => f.write_str("a money amount"),
        }
    }
}

impl Kind {
    /// Kind of a constant.
    pub fn of(value: &Value) -> Kind {
        match value {
            Value::Null => Kind::Null,
            Value::Bool(_) => Kind::Bool,
            Value::Number(number) if number.is_zero() => Kind::Zero,
            Value::Number(_) => Kind::Number,
            Value::Text(_) => Kind::Text,
            Value::Time(_) => Kind::Time,
            Value::Duration(_) => Kind::Duration,
            Value::Money(_) => Kind::Money,
            Value::List(items) => Kind::list(items.iter().map(Kind::of)),
        }
    }

    /// Kind of a list of items.
    pub(super) fn list(items: impl IntoIterator<Item = Kind>) -> Kind {
        let joined = items.into_iter().reduce(|a, b| a.join(&b)).unwrap_or(Kind::Any);
        Kind::List(Box::new(joined))
    }

    /// Kind of what is either one or the other.
    pub(super) fn join(&self, other: &Kind) -> Kind {
        match (self, other) {
            (Kind::Zero, Kind::Number) | (Kind::Number, Kind::Zero) => Kind::Number,
            (Kind::Zero, Kind::Money) | (Kind::Money, Kind::Zero) => Kind::Money,
            (a, b) if a == b => a.clone(),
            _ => Kind::Any,
        }
    }

    /// Kind of an item of it; `None` when it has none.
    pub(super) fn item(&self) -> Option<Kind> {
        match self {
            Kind::List(item) => Some((**item).clone()),
            Kind::Any => Some(Kind::Any),
            _ => None,
        }
    }

    /// Whether a value of this kind may be one of the other.
    pub(super) fn may_be(&self, wanted: &Kind) -> bool {
        match (self, wanted) {
            (Kind::Any, _) | (_, Kind::Any) => true,
            (Kind::Zero, Kind::Number) => true,
            (Kind::List(a), Kind::List(b)) => a.may_be(b),
            (a, b) => a == b,
        }
    }

    /// Whether `==` can ever be decided between two kinds.
    pub(super) fn equates(&self, other: &Kind) -> bool {
        match (self, other) {
            (Kind::Null, _) | (_, Kind::Null) => true,
            (Kind::List(a), Kind::List(b)) => a.equates(b),
            _ => self.orders(other),
        }
    }

    /// Whether `<` can ever be decided between two kinds.
    pub(super) fn orders(&self, other: &Kind) -> bool {
        match (self, other) {
            (Kind::Null | Kind::List(_), _) | (_, Kind::Null | Kind::List(_)) => {
                *self == Kind::Any || *other == Kind::Any
            }
            (Kind::Zero, Kind::Money | Kind::Number) | (Kind::Money | Kind::Number, Kind::Zero) => true,
            _ => self.may_be(other) || other.may_be(self),
        }
    }

    /// Kind of `self operator other`; `None` when it has no meaning.
    pub(super) fn combine(&self, operator: Operator, other: &Kind) -> Option<Kind> {
        use Kind::{Any, Duration, Money, Number, Text, Time, Zero};
        use Operator::{Add, Divide, Multiply, Remainder, Subtract};
        let number = |kind: &Kind| matches!(kind, Number | Zero);
        Some(match (operator, self, other) {
            (Add | Subtract | Multiply | Divide | Remainder, Any, _) | (_, _, Any) => Any,
            (_, a, b) if number(a) && number(b) => Number,
            (Add | Subtract, Money, Money | Zero) | (Add | Subtract, Zero, Money) => Money,
            (Multiply | Divide, Money, b) if number(b) => Money,
            (Multiply, a, Money) if number(a) => Money,
            (Divide, Money, Money) | (Divide, Duration, Duration) => Number,
            (Add | Subtract, Duration, Duration) | (Subtract, Time, Time) => Duration,
            (Add | Subtract, Time, Duration) | (Add, Duration, Time) => Time,
            (Multiply | Divide, Duration, b) if number(b) => Duration,
            (Multiply, a, Duration) if number(a) => Duration,
            (Add, Text, Text) => Text,
            _ => return None,
        })
    }
}
