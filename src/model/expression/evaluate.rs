//! The meaning of expressions: three-valued, and with lower bounds for sums of which parts may not have been seen.

use std::cmp::Ordering;
use std::sync::Arc;

use rust_decimal::Decimal;

use super::arithmetic::{combine, equal, opposite, order};
use super::{Bound, Expression, Function, Node, Operator, Scope, Truth};
use crate::event::{Money, Value};
use crate::model::quantity;

/// What is known of an expression's value.
///
/// An operation without a meaning (text plus number, amounts of two currencies, overflow) is unknown, never an error:
/// the guard it stands in can then not be decided.
pub fn evaluate(expression: &Expression, scope: &dyn Scope) -> Bound {
    node(&expression.node, scope)
}

/// Whether a condition holds. Anything but a known true or false is unknown.
pub fn truth(expression: &Expression, scope: &dyn Scope) -> Truth {
    node(&expression.node, scope).truth()
}

impl Bound {
    fn truth(&self) -> Truth {
        match self {
            Bound::Exactly(Value::Bool(holds)) => Truth::from(*holds),
            _ => Truth::Unknown,
        }
    }

    fn exactly(&self) -> Option<&Value> {
        match self {
            Bound::Exactly(value) => Some(value),
            _ => None,
        }
    }
}

impl From<Truth> for Bound {
    fn from(truth: Truth) -> Self {
        match truth {
            Truth::True => Bound::Exactly(Value::Bool(true)),
            Truth::False => Bound::Exactly(Value::Bool(false)),
            Truth::Unknown => Bound::Unknown,
        }
    }
}

impl From<Option<Value>> for Bound {
    fn from(value: Option<Value>) -> Self {
        value.map_or(Bound::Unknown, Bound::Exactly)
    }
}

impl Truth {
    fn and(self, other: impl FnOnce() -> Truth) -> Truth {
        match self {
            Truth::False => Truth::False,
            Truth::True => other(),
            Truth::Unknown if other() == Truth::False => Truth::False,
            Truth::Unknown => Truth::Unknown,
        }
    }

    fn or(self, other: impl FnOnce() -> Truth) -> Truth {
        !(!self).and(|| !other())
    }
}

impl std::ops::Not for Truth {
    type Output = Truth;

    fn not(self) -> Truth {
        match self {
            Truth::True => Truth::False,
            Truth::False => Truth::True,
            Truth::Unknown => Truth::Unknown,
        }
    }
}

// Recursion is bounded: `syntax` refuses trees deeper than `DEPTH`.
pub(super) fn node(node: &Node, scope: &dyn Scope) -> Bound {
    match node {
        Node::Constant(value) => Bound::Exactly(value.clone()),
        Node::Path(path) if path.is_many() => match scope.values(path) {
            (values, true) => Bound::Exactly(Value::List(values)),
            (_, false) => Bound::Unknown,
        },
        Node::Path(path) => scope.value(path),
        Node::List(items) => {
            let items: Option<Vec<Value>> =
                items.iter().map(|item| self::node(item, scope).exactly().cloned()).collect();
            items.map(Value::List).into()
        }
        Node::Not(operand) => (!self::node(operand, scope).truth()).into(),
        Node::Negate(operand) => self::node(operand, scope).exactly().and_then(opposite).into(),
        Node::Binary(operator, left, right) => binary(*operator, left, right, scope),
        Node::Conditional(condition, then, otherwise) => match self::node(condition, scope).truth() {
            Truth::True => self::node(then, scope),
            Truth::False => self::node(otherwise, scope),
            Truth::Unknown => agreed(self::node(then, scope), &self::node(otherwise, scope)),
        },
        Node::Call(function, arguments) => call(*function, arguments, scope),
        Node::Matches(text, pattern) => match self::node(text, scope) {
            Bound::Exactly(Value::Text(text)) => Truth::from(pattern.0.is_match(&text)).into(),
            _ => Bound::Unknown,
        },
    }
}

/// What two branches say alike.
fn agreed(then: Bound, otherwise: &Bound) -> Bound {
    if then == *otherwise { then } else { Bound::Unknown }
}

fn binary(operator: Operator, left: &Node, right: &Node, scope: &dyn Scope) -> Bound {
    match operator {
        Operator::And => node(left, scope).truth().and(|| node(right, scope).truth()).into(),
        Operator::Or => node(left, scope).truth().or(|| node(right, scope).truth()).into(),
        Operator::In => member(left, right, scope).into(),
        Operator::Equal => compare_equal(&node(left, scope), &node(right, scope)).into(),
        Operator::NotEqual => (!compare_equal(&node(left, scope), &node(right, scope))).into(),
        Operator::Less | Operator::LessOrEqual | Operator::Greater | Operator::GreaterOrEqual => {
            compare(operator, &node(left, scope), &node(right, scope)).into()
        }
        Operator::Add | Operator::Subtract | Operator::Multiply | Operator::Divide | Operator::Remainder => {
            arithmetic(operator, node(left, scope), node(right, scope))
        }
    }
}

fn compare_equal(left: &Bound, right: &Bound) -> Truth {
    match (left, right) {
        (Bound::Exactly(a), Bound::Exactly(b)) => equal(a, b),
        // What is at least `least` is not a smaller value, and is not absent.
        (Bound::AtLeast(least), Bound::Exactly(value)) | (Bound::Exactly(value), Bound::AtLeast(least)) => {
            if *value == Value::Null || order(value, least) == Some(Ordering::Less) {
                Truth::False
            } else {
                Truth::Unknown
            }
        }
        _ => Truth::Unknown,
    }
}

fn compare(operator: Operator, left: &Bound, right: &Bound) -> Truth {
    let holds = |ordering: Ordering| match operator {
        Operator::Less => ordering.is_lt(),
        Operator::LessOrEqual => ordering.is_le(),
        Operator::Greater => ordering.is_gt(),
        _ => ordering.is_ge(),
    };
    // With one side known only from below, the answer stands where a larger value gives the same.
    let decided = |now: Option<Ordering>, larger: Ordering| match now {
        Some(now) if now == larger || holds(now) == holds(larger) => Truth::from(holds(larger)),
        _ => Truth::Unknown,
    };
    match (left, right) {
        (Bound::Exactly(a), Bound::Exactly(b)) => order(a, b).map_or(Truth::Unknown, |o| Truth::from(holds(o))),
        (Bound::AtLeast(a), Bound::Exactly(b)) => match order(a, b) {
            Some(Ordering::Less) | None => Truth::Unknown,
            now => decided(now, Ordering::Greater),
        },
        (Bound::Exactly(a), Bound::AtLeast(b)) => match order(a, b) {
            Some(Ordering::Greater) | None => Truth::Unknown,
            now => decided(now, Ordering::Less),
        },
        _ => Truth::Unknown,
    }
}

fn arithmetic(operator: Operator, left: Bound, right: Bound) -> Bound {
    let positive = |value: &Value| matches!(value, Value::Number(n) if n.is_sign_positive() && !n.is_zero());
    match (&left, &right) {
        (Bound::Exactly(a), Bound::Exactly(b)) => combine(operator, a, b).into(),
        (Bound::AtLeast(a), Bound::Exactly(b)) => match operator {
            Operator::Add | Operator::Subtract => at_least(combine(operator, a, b)),
            Operator::Multiply | Operator::Divide if positive(b) => at_least(combine(operator, a, b)),
            _ => Bound::Unknown,
        },
        (Bound::Exactly(a), Bound::AtLeast(b)) => match operator {
            Operator::Add => at_least(combine(operator, a, b)),
            Operator::Multiply if positive(a) => at_least(combine(operator, a, b)),
            _ => Bound::Unknown,
        },
        (Bound::AtLeast(a), Bound::AtLeast(b)) if operator == Operator::Add => at_least(combine(operator, a, b)),
        _ => Bound::Unknown,
    }
}

fn at_least(value: Option<Value>) -> Bound {
    value.map_or(Bound::Unknown, Bound::AtLeast)
}

fn member(item: &Node, list: &Node, scope: &dyn Scope) -> Truth {
    let item = node(item, scope);
    let any = |truths: &mut dyn Iterator<Item = Truth>| truths.fold(Truth::False, |any, one| any.or(|| one));
    match list {
        Node::List(items) => any(&mut items.iter().map(|candidate| compare_equal(&item, &node(candidate, scope)))),
        _ => match gather(list, scope) {
            Some((values, complete)) => {
                let found = any(&mut values.into_iter().map(|v| compare_equal(&item, &Bound::Exactly(v))));
                if complete { found } else { found.or(|| Truth::Unknown) }
            }
            None => Truth::Unknown,
        },
    }
}

fn call(function: Function, arguments: &[Node], scope: &dyn Scope) -> Bound {
    match (function, arguments) {
        (Function::Has, [argument]) => has(argument, scope).into(),
        (Function::Size, [argument]) => size(argument, scope).into(),
        (Function::Sum | Function::Count | Function::Min | Function::Max, [argument]) => {
            gather(argument, scope).map_or(Bound::Unknown, |(values, complete)| aggregate(function, values, complete))
        }
        (_, [argument]) => {
            let argument = node(argument, scope);
            argument.exactly().and_then(|value| convert(function, value)).into()
        }
        (_, [first, second]) => {
            let (first, second) = (node(first, scope), node(second, scope));
            let values = first.exactly().zip(second.exactly());
            values.and_then(|(first, second)| convert_two(function, first, second)).into()
        }
        _ => Bound::Unknown,
    }
}

fn has(argument: &Node, scope: &dyn Scope) -> Truth {
    match argument {
        Node::Path(path) if path.is_many() => match scope.values(path) {
            (values, _) if values.iter().any(|v| *v != Value::Null) => Truth::True,
            (_, true) => Truth::False,
            (_, false) => Truth::Unknown,
        },
        _ => match node(argument, scope) {
            Bound::Exactly(Value::Null) => Truth::False,
            Bound::Exactly(_) | Bound::AtLeast(_) => Truth::True,
            Bound::Unknown => Truth::Unknown,
        },
    }
}

fn size(argument: &Node, scope: &dyn Scope) -> Option<Value> {
    let length = match node(argument, scope) {
        Bound::Exactly(Value::Text(text)) => text.chars().count(),
        Bound::Exactly(Value::List(items)) => items.len(),
        _ => return None,
    };
    Some(Value::Number(Decimal::from(length)))
}

/// The values that an aggregate goes over, and whether they are all.
fn gather(argument: &Node, scope: &dyn Scope) -> Option<(Vec<Value>, bool)> {
    match argument {
        Node::Path(path) if path.is_many() => Some(scope.values(path)),
        _ => match node(argument, scope) {
            Bound::Exactly(Value::List(values)) => Some((values, true)),
            Bound::Exactly(Value::Null) => Some((Vec::new(), true)),
            _ => None,
        },
    }
}

fn aggregate(function: Function, mut values: Vec<Value>, complete: bool) -> Bound {
    values.retain(|value| *value != Value::Null);
    // Unseen addends are taken to be zero or more; where a known one is negative, that does not hold.
    if function == Function::Sum && !complete && values.iter().any(negative) {
        return Bound::Unknown;
    }
    let result = match function {
        Function::Count => Some(Value::Number(Decimal::from(values.len()))),
        Function::Sum => values.iter().try_fold(Value::Number(Decimal::ZERO), |sum, v| match (&sum, v) {
            (Value::Number(zero), Value::Money(_) | Value::Duration(_)) if zero.is_zero() => Some(v.clone()),
            (Value::Text(_), _) | (_, Value::Text(_)) => None,
            _ => combine(Operator::Add, &sum, v),
        }),
        Function::Min => extreme(&values, Ordering::Less),
        _ => extreme(&values, Ordering::Greater),
    };
    match (result, complete, function) {
        (Some(value), true, _) => Bound::Exactly(value),
        // Unseen values may lower a minimum; nothing bounds it from below.
        (Some(_), false, Function::Min) | (None, _, _) => Bound::Unknown,
        (Some(value), false, _) => Bound::AtLeast(value),
    }
}

fn negative(value: &Value) -> bool {
    match value {
        Value::Number(n) => n.is_sign_negative(),
        Value::Money(m) => m.amount.is_sign_negative(),
        Value::Duration(d) => *d < 0,
        _ => false,
    }
}

fn extreme(values: &[Value], wanted: Ordering) -> Option<Value> {
    let (first, rest) = values.split_first()?;
    let best = rest.iter().try_fold(first, |best, value| {
        order(value, best).map(|ordering| if ordering == wanted { value } else { best })
    });
    best.cloned()
}

fn convert(function: Function, value: &Value) -> Option<Value> {
    match (function, value) {
        (Function::Money, Value::Money(_)) | (Function::Decimal, Value::Number(_)) => Some(value.clone()),
        (Function::Timestamp, Value::Time(_)) | (Function::Duration, Value::Duration(_)) => Some(value.clone()),
        (Function::Money, Value::Text(text)) => quantity::money(text).map(Value::Money),
        (Function::Decimal, Value::Text(text)) => quantity::decimal(text).map(Value::Number),
        (Function::Decimal, Value::Money(money)) => Some(Value::Number(money.amount)),
        (Function::Lower, Value::Text(text)) => Some(Value::Text(text.to_lowercase().into())),
        (Function::Timestamp, Value::Text(text)) => quantity::timestamp(text).map(Value::Time),
        (Function::Duration, Value::Text(text)) => quantity::duration(text).map(Value::Duration),
        _ => None,
    }
}

fn convert_two(function: Function, first: &Value, second: &Value) -> Option<Value> {
    match (function, first, second) {
        (Function::Money, amount, Value::Text(currency)) => {
            let amount = match amount {
                Value::Number(amount) => *amount,
                Value::Text(text) => quantity::decimal(text)?,
                _ => return None,
            };
            Some(Value::Money(Money { amount, currency: Arc::from(quantity::currency(currency)?) }))
        }
        (Function::StartsWith, Value::Text(text), Value::Text(part)) => Some(Value::Bool(text.starts_with(&**part))),
        (Function::EndsWith, Value::Text(text), Value::Text(part)) => Some(Value::Bool(text.ends_with(&**part))),
        (Function::Contains, Value::Text(text), Value::Text(part)) => Some(Value::Bool(text.contains(&**part))),
        _ => None,
    }
}
