//! Order and arithmetic of known values; whatever does not combine, or overflows, is `None`.

use std::cmp::Ordering;
use std::sync::Arc;

use rust_decimal::Decimal;

use super::{Operator, Truth};
use crate::event::{Money, Value};

/// Order of two values. Zero compares with an amount of any currency: the sum of no amounts has none.
pub(super) fn order(a: &Value, b: &Value) -> Option<Ordering> {
    match (a, b) {
        (Value::Number(zero), Value::Money(money)) if zero.is_zero() => Some(zero.cmp(&money.amount)),
        (Value::Money(money), Value::Number(zero)) if zero.is_zero() => Some(money.amount.cmp(zero)),
        (Value::Null, _) | (_, Value::Null) => None,
        _ => a.compare(b),
    }
}

/// Equality. What is known to be absent equals only itself; kinds that do not compare are neither equal nor unequal.
pub(super) fn equal(a: &Value, b: &Value) -> Truth {
    match (a, b) {
        (Value::Null, _) | (_, Value::Null) => Truth::from(a == b),
        (Value::List(left), Value::List(right)) => {
            if left.len() != right.len() {
                return Truth::False;
            }
            let pairs = left.iter().zip(right).map(|(x, y)| equal(x, y));
            pairs.fold(Truth::True, |all, one| match (all, one) {
                (Truth::False, _) | (_, Truth::False) => Truth::False,
                (Truth::Unknown, _) | (_, Truth::Unknown) => Truth::Unknown,
                _ => Truth::True,
            })
        }
        // Amounts of two currencies have no order, but they are not the same amount.
        (Value::Money(a), Value::Money(b)) if a.currency != b.currency => Truth::False,
        _ => order(a, b).map_or(Truth::Unknown, |o| Truth::from(o == Ordering::Equal)),
    }
}

/// The value of `a op b` for an arithmetic operator.
pub(super) fn combine(operator: Operator, a: &Value, b: &Value) -> Option<Value> {
    match operator {
        Operator::Add => add(a, b),
        Operator::Subtract => subtract(a, b),
        Operator::Multiply => scale(a, b).or_else(|| scale(b, a)),
        Operator::Divide => divide(a, b),
        Operator::Remainder => match (a, b) {
            (Value::Number(a), Value::Number(b)) => a.checked_rem(*b).map(Value::Number),
            _ => None,
        },
        _ => None,
    }
}

/// `-a`, for numbers, amounts and durations.
pub(super) fn opposite(a: &Value) -> Option<Value> {
    match a {
        Value::Number(n) => Some(Value::Number(-*n)),
        Value::Money(m) => Some(Value::Money(Money { amount: -m.amount, currency: Arc::clone(&m.currency) })),
        Value::Duration(d) => d.checked_neg().map(Value::Duration),
        _ => None,
    }
}

fn subtract(a: &Value, b: &Value) -> Option<Value> {
    match (a, b) {
        (Value::Time(a), Value::Time(b)) => a.checked_sub(*b).map(Value::Duration),
        _ => add(a, &opposite(b)?),
    }
}

fn add(a: &Value, b: &Value) -> Option<Value> {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.checked_add(*b).map(Value::Number),
        (Value::Money(a), Value::Money(b)) if a.currency == b.currency => money(a.amount.checked_add(b.amount)?, a),
        (Value::Number(zero), Value::Money(m)) | (Value::Money(m), Value::Number(zero)) if zero.is_zero() => {
            Some(Value::Money(m.clone()))
        }
        (Value::Duration(a), Value::Duration(b)) => a.checked_add(*b).map(Value::Duration),
        (Value::Time(t), Value::Duration(d)) | (Value::Duration(d), Value::Time(t)) => {
            t.checked_add(*d).map(Value::Time)
        }
        (Value::Text(a), Value::Text(b)) => Some(Value::Text(format!("{a}{b}").into())),
        _ => None,
    }
}

fn scale(a: &Value, factor: &Value) -> Option<Value> {
    let Value::Number(factor) = factor else { return None };
    match a {
        Value::Number(n) => n.checked_mul(*factor).map(Value::Number),
        Value::Money(m) => money(m.amount.checked_mul(*factor)?, m),
        Value::Duration(d) => micros(Decimal::from(*d).checked_mul(*factor)?),
        _ => None,
    }
}

fn divide(a: &Value, b: &Value) -> Option<Value> {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.checked_div(*b).map(Value::Number),
        (Value::Money(a), Value::Number(b)) => money(a.amount.checked_div(*b)?, a),
        (Value::Money(a), Value::Money(b)) if a.currency == b.currency => {
            a.amount.checked_div(b.amount).map(Value::Number)
        }
        (Value::Duration(a), Value::Number(b)) => micros(Decimal::from(*a).checked_div(*b)?),
        (Value::Duration(a), Value::Duration(b)) => Decimal::from(*a).checked_div(Decimal::from(*b)).map(Value::Number),
        _ => None,
    }
}

fn money(amount: Decimal, like: &Money) -> Option<Value> {
    Some(Value::Money(Money { amount, currency: Arc::clone(&like.currency) }))
}

fn micros(duration: Decimal) -> Option<Value> {
    i64::try_from(duration.trunc()).ok().map(Value::Duration)
}
