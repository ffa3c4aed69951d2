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

/// The sum of two numbers; `None` where more digits are needed on the way than are held, for it may be rounded.
pub fn exact_sum(a: Decimal, b: Decimal) -> Option<Decimal> {
    let exact = |a: Decimal, b: Decimal| a.checked_add(b).filter(|sum| sum.scale() >= a.scale().max(b.scale()));
    exact(a, b).or_else(|| exact(a.normalize(), b.normalize()))
}

/// The product of two numbers; `None` where more digits are needed on the way than are held.
fn exact_product(a: Decimal, b: Decimal) -> Option<Decimal> {
    let exact = |a: Decimal, b: Decimal| a.checked_mul(b).filter(|product| product.scale() >= a.scale() + b.scale());
    if a.is_zero() || b.is_zero() {
        return Some(Decimal::ZERO);
    }
    exact(a, b).or_else(|| exact(a.normalize(), b.normalize()))
}

fn subtract(a: &Value, b: &Value) -> Option<Value> {
    match (a, b) {
        (Value::Time(a), Value::Time(b)) => a.checked_sub(*b).map(Value::Duration),
        _ => add(a, &opposite(b)?),
    }
}

fn add(a: &Value, b: &Value) -> Option<Value> {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => exact_sum(*a, *b).map(Value::Number),
        (Value::Money(a), Value::Money(b)) if a.currency == b.currency => money(exact_sum(a.amount, b.amount)?, a),
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
        Value::Number(n) => exact_product(*n, *factor).map(Value::Number),
        Value::Money(m) => money(exact_product(m.amount, *factor)?, m),
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A number of any length: whether it is below zero, its digits from the last one on, and how many are behind the point.
    #[derive(Clone, Debug, PartialEq)]
    struct Long(bool, Vec<u8>, u32);

    impl Long {
        fn of(number: Decimal) -> Long {
            let mut rest = number.mantissa().unsigned_abs();
            let mut digits = Vec::new();
            while rest > 0 {
                digits.push(u8::try_from(rest % 10).unwrap());
                rest /= 10;
            }
            Long(number.is_sign_negative(), digits, number.scale()).plain()
        }

        /// Without zeros that say nothing.
        fn plain(self) -> Long {
            let Long(below, mut digits, mut scale) = self;
            while digits.last() == Some(&0) {
                digits.pop();
            }
            while scale > 0 && digits.first() == Some(&0) {
                digits.remove(0);
                scale -= 1;
            }
            if digits.is_empty() { Long(false, digits, 0) } else { Long(below, digits, scale) }
        }

        /// Digits with so many behind the point.
        fn with(&self, scale: u32) -> Vec<u8> {
            std::iter::repeat_n(0, (scale - self.2) as usize).chain(self.1.iter().copied()).collect()
        }

        fn product(&self, other: &Long) -> Long {
            let mut sums = vec![0_u32; self.1.len() + other.1.len() + 1];
            for (i, a) in self.1.iter().enumerate() {
                for (j, b) in other.1.iter().enumerate() {
                    sums[i + j] += u32::from(*a) * u32::from(*b);
                }
            }
            let mut carry = 0;
            let digit = |sum: u32| {
                carry += sum;
                let digit = u8::try_from(carry % 10).unwrap();
                carry /= 10;
                digit
            };
            let digits = sums.into_iter().map(digit).collect();
            Long(self.0 != other.0, digits, self.2 + other.2).plain()
        }

        fn sum(&self, other: &Long) -> Long {
            let scale = self.2.max(other.2);
            let (mut large, mut small) = ((self.0, self.with(scale)), (other.0, other.with(scale)));
            let length = large.1.len().max(small.1.len()) + 1;
            large.1.resize(length, 0);
            small.1.resize(length, 0);
            if small.1.iter().rev().gt(large.1.iter().rev()) {
                std::mem::swap(&mut large, &mut small);
            }
            let sign = if large.0 == small.0 { 1 } else { -1 };
            let mut carry = 0_i32;
            let digit = |(a, b): (&u8, &u8)| {
                let sum = i32::from(*a) + sign * i32::from(*b) + carry;
                carry = sum.div_euclid(10);
                u8::try_from(sum.rem_euclid(10)).unwrap()
            };
            let digits = large.1.iter().zip(&small.1).map(digit).collect();
            Long(large.0, digits, scale).plain()
        }

        /// Whether a number of such whole digits, and so many places behind the point, is held for sure.
        fn is_short(&self, places: u32) -> bool {
            self.1.len().saturating_sub(self.2 as usize) + places as usize <= 28
        }
    }

    fn decimals() -> impl Strategy<Value = Decimal> {
        let most = (1_i128 << 96) - 1;
        let mantissas = prop_oneof![-1_000_000..1_000_000_i128, -most..=most, Just(most), Just(1), Just(0)];
        (mantissas, 0..=28_u32).prop_map(|(mantissa, scale)| Decimal::from_i128_with_scale(mantissa, scale))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(5_000))]

        #[test]
        fn what_is_added_and_multiplied_is_exact_or_unknown(a in decimals(), b in decimals()) {
            let (x, y) = (Long::of(a), Long::of(b));
            // Places before zeros at the end of the result are left out.
            let (sum, product) = (x.2.max(y.2), x.2 + y.2);
            let found = [
                (exact_sum(a, b), x.sum(&y), sum),
                (exact_sum(a, -b), x.sum(&Long::of(-b)), sum),
                (exact_product(a, b), x.product(&y), product),
            ];
            for (found, known, places) in found {
                match found {
                    Some(found) => prop_assert_eq!(Long::of(found), known),
                    None => prop_assert!(!known.is_short(places), "{} and {} are {:?}", a, b, known),
                }
            }
        }

        #[test]
        fn amounts_have_the_order_of_their_digits(a in decimals(), b in decimals()) {
            let eur = |amount: Decimal| Value::Money(Money { amount, currency: "EUR".into() });
            let known = by_difference(&Long::of(a), &Long::of(b));
            prop_assert_eq!(order(&eur(a), &eur(b)), Some(known));
        }
    }

    /// The order that the difference tells.
    fn by_difference(a: &Long, b: &Long) -> Ordering {
        let difference = a.sum(&Long(!b.0, b.1.clone(), b.2).plain());
        match (difference.1.is_empty(), difference.0) {
            (true, _) => Ordering::Equal,
            (false, true) => Ordering::Less,
            (false, false) => Ordering::Greater,
        }
    }

    #[test]
    fn what_would_be_rounded_is_unknown() {
        let cent = Decimal::new(1, 2);
        assert_eq!(exact_sum(Decimal::MAX, cent), None);
        assert_eq!(exact_sum(Decimal::new(100, 2), cent), Some(Decimal::new(101, 2)));
        assert_eq!(exact_product(Decimal::new(1, 20), Decimal::new(1, 20)), None);
    }
}
