//! The functions of the language and what they may be called with.

use super::{Bound, Function, Kind, Node, Path, Scope, Truth, evaluate};
use crate::event::Value;

/// One function.
pub(super) struct Signature {
    pub(super) name: &'static str,
    pub(super) function: Function,
    /// An example, for messages.
    pub(super) usage: &'static str,
}

const SIGNATURES: &[Signature] = &[
    Signature { name: "has", function: Function::Has, usage: "`has(req.amount)`" },
    Signature { name: "size", function: Function::Size, usage: "`size(req.items)`" },
    Signature { name: "sum", function: Function::Sum, usage: "`sum(order.refunds.amount)`" },
    Signature { name: "count", function: Function::Count, usage: "`count(order.refunds.amount)`" },
    Signature { name: "min", function: Function::Min, usage: "`min(order.refunds.amount)`" },
    Signature { name: "max", function: Function::Max, usage: "`max(order.refunds.amount)`" },
    Signature {
        name: "money",
        function: Function::Money,
        usage: "`money('100 EUR')` or `money(req.amount, req.currency)`",
    },
    Signature { name: "startsWith", function: Function::StartsWith, usage: "`req.sku.startsWith('GIFT-')`" },
    Signature { name: "endsWith", function: Function::EndsWith, usage: "`path.id.endsWith(':cancel')`" },
    Signature { name: "contains", function: Function::Contains, usage: "`header.accept.contains('json')`" },
    Signature { name: "lower", function: Function::Lower, usage: "`lower(req.status)`" },
    Signature { name: "decimal", function: Function::Decimal, usage: "`decimal(req.amount)`" },
    Signature { name: "timestamp", function: Function::Timestamp, usage: "`timestamp(res.created)`" },
    Signature { name: "duration", function: Function::Duration, usage: "`duration('24h')`" },
];

/// The function of a name.
pub(super) fn find(name: &str) -> Option<&'static Signature> {
    SIGNATURES.iter().find(|signature| signature.name == name)
}

/// All names.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    SIGNATURES.iter().map(|signature| signature.name).chain(["matches"])
}

impl Signature {
    /// Kind of the result; `None` when the function does not take these kinds.
    pub(super) fn result(&self, arguments: &[Kind]) -> Option<Kind> {
        let all = |wanted: &[Kind]| {
            arguments.len() == wanted.len() && arguments.iter().zip(wanted).all(|(kind, wanted)| kind.may_be(wanted))
        };
        let any_of = |wanted: &[Kind]| wanted.iter().any(|kind| all(std::slice::from_ref(kind)));
        let item = || arguments.first().filter(|_| arguments.len() == 1).and_then(Kind::item);
        let (text, number) = (Kind::Text, Kind::Number);
        match self.function {
            Function::Has => (arguments.len() == 1).then_some(Kind::Bool),
            Function::Size => any_of(&[text, Kind::List(Box::new(Kind::Any))]).then_some(number),
            Function::Count => item().map(|_| number),
            Function::Sum => {
                let summable =
                    |kind: &Kind| matches!(kind, Kind::Any | Kind::Number | Kind::Zero | Kind::Money | Kind::Duration);
                item().filter(summable)
            }
            Function::Min | Function::Max => item().filter(|kind| !matches!(kind, Kind::List(_) | Kind::Null)),
            Function::Money => {
                let one = any_of(&[text.clone(), Kind::Money]);
                let two = all(&[number, text.clone()]) || all(&[text.clone(), text]);
                (one || two).then_some(Kind::Money)
            }
            Function::StartsWith | Function::EndsWith | Function::Contains => {
                all(&[text.clone(), text]).then_some(Kind::Bool)
            }
            Function::Lower => all(std::slice::from_ref(&text)).then_some(text),
            Function::Decimal => any_of(&[text, number.clone(), Kind::Money]).then_some(number),
            Function::Timestamp => any_of(&[text, Kind::Time]).then_some(Kind::Time),
            Function::Duration => any_of(&[text, Kind::Duration]).then_some(Kind::Duration),
        }
    }
}

/// Value of a call whose arguments are constants.
pub(super) fn constant(call: &Node) -> Option<Value> {
    match evaluate::node(call, &Nothing) {
        Bound::Exactly(value) => Some(value),
        _ => None,
    }
}

/// Truth of a condition where nothing is known: what is decided there is decided everywhere.
pub(super) fn truth_of_nothing(condition: &Node) -> Truth {
    match evaluate::node(condition, &Nothing) {
        Bound::Exactly(Value::Bool(holds)) => Truth::from(holds),
        _ => Truth::Unknown,
    }
}

/// A scope in which no path has a value.
struct Nothing;

impl Scope for Nothing {
    fn value(&self, _: &Path) -> Bound {
        Bound::Unknown
    }

    fn values(&self, _: &Path) -> (Vec<Value>, bool) {
        (Vec::new(), false)
    }
}
