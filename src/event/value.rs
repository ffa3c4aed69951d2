//! Typed values of attributes and expressions.

use std::cmp::Ordering;
use std::sync::Arc;

use rust_decimal::Decimal;

/// A known value. Unknown is `Option::None` around it, never a value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Known to be absent (or JSON null).
    Null,
    /// True or false.
    Bool(bool),
    /// Exact number; integers too.
    Number(Decimal),
    /// Text.
    Text(Arc<str>),
    /// Microseconds since the Unix epoch.
    Time(i64),
    /// Microseconds.
    Duration(i64),
    /// Amount and currency.
    Money(Money),
    /// Values in order.
    List(Vec<Value>),
}

/// An exact amount of one currency. Amounts of different currencies do not compare.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Money {
    /// Amount in major units, e.g. `12.50`.
    pub amount: Decimal,
    /// ISO 4217 code, upper case.
    pub currency: Arc<str>,
}

impl Value {
    /// Order of two values of one kind; `None` when they do not compare (different kinds or currencies).
    pub fn compare(&self, other: &Value) -> Option<Ordering> {
        match (self, other) {
            (Value::Null, Value::Null) => Some(Ordering::Equal),
            (Value::Bool(a), Value::Bool(b)) => Some(a.cmp(b)),
            (Value::Number(a), Value::Number(b)) => Some(a.cmp(b)),
            (Value::Text(a), Value::Text(b)) => Some(a.cmp(b)),
            (Value::Time(a), Value::Time(b)) | (Value::Duration(a), Value::Duration(b)) => Some(a.cmp(b)),
            (Value::Money(a), Value::Money(b)) if a.currency == b.currency => Some(a.amount.cmp(&b.amount)),
            _ => None,
        }
    }
}

impl std::fmt::Display for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Value::Null => f.write_str("null"),
            Value::Bool(b) => write!(f, "{b}"),
            Value::Number(n) => write!(f, "{n}"),
            Value::Text(t) => f.write_str(t),
            Value::Time(t) => write!(f, "@{t}us"),
            Value::Duration(d) => write!(f, "{d}us"),
            Value::Money(m) => write!(f, "{} {}", m.amount, m.currency),
            Value::List(items) => {
                f.write_str("[")?;
                for (i, item) in items.iter().enumerate() {
                    if i > 0 {
                        f.write_str(", ")?;
                    }
                    write!(f, "{item}")?;
                }
                f.write_str("]")
            }
        }
    }
}
