//! Conditions as atoms joined by *and* and *or*: negations are pushed down to the atoms, which changes no truth value of
//! the three.

use super::atom::{Atom, Comparison};
use crate::model::expression::{Function, Node, Operator, Path, Truth, truth_of_nothing};

/// Most ways in which a condition is looked at, and most atoms of one.
const CASES: usize = 256;
const ATOMS: usize = 64;

/// A condition, or its opposite.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Form {
    Constant(bool),
    Atom(Atom),
    All(Vec<Form>),
    Any(Vec<Form>),
}

/// The form of a condition (`positive`) or of its opposite. Expressions are of bounded depth.
pub(super) fn of(node: &Node, positive: bool) -> Form {
    match truth_of_nothing(node) {
        Truth::True => return Form::Constant(positive),
        Truth::False => return Form::Constant(!positive),
        Truth::Unknown => {}
    }
    match node {
        Node::Not(operand) => of(operand, !positive),
        Node::Binary(Operator::And, a, b) => joined(positive, vec![of(a, positive), of(b, positive)]),
        Node::Binary(Operator::Or, a, b) => joined(!positive, vec![of(a, positive), of(b, positive)]),
        Node::Binary(Operator::In, item, list) => match &**list {
            Node::List(candidates) => {
                let equal = |candidate: &Node| comparison(item, Comparison::Equal, candidate, positive);
                joined(!positive, candidates.iter().map(equal).collect())
            }
            _ => Form::Atom(Atom::Other(plain(node), positive)),
        },
        Node::Binary(operator, a, b) => match Comparison::of(*operator) {
            Some(operator) => comparison(a, operator, b, positive),
            None => Form::Atom(Atom::Other(plain(node), positive)),
        },
        Node::Call(Function::Has, arguments) => match arguments.as_slice() {
            [Node::Path(path)] => Form::Atom(Atom::Present(plain_path(path), positive)),
            _ => Form::Atom(Atom::Other(plain(node), positive)),
        },
        _ => Form::Atom(Atom::Other(plain(node), positive)),
    }
}

fn joined(all: bool, parts: Vec<Form>) -> Form {
    if all { Form::All(parts) } else { Form::Any(parts) }
}

fn comparison(a: &Node, operator: Comparison, b: &Node, positive: bool) -> Form {
    let operator = if positive { operator } else { operator.negated() };
    let (a, b) = (plain(a), plain(b));
    Form::Atom(match (a, b) {
        (a, Node::Constant(value)) => Atom::Compared(a, operator, value),
        (Node::Constant(value), b) => Atom::Compared(b, operator.mirrored(), value),
        (a, b) => {
            // One order for both spellings, `a < b` and `b > a`.
            let swapped = format!("{b:?}") < format!("{a:?}");
            if swapped { Atom::Related(b, operator.mirrored(), a) } else { Atom::Related(a, operator, b) }
        }
    })
}

/// A term as it is compared with others: paths by what they mean, not by how they are written.
fn plain(node: &Node) -> Node {
    super::renamed(node, &plain_path)
}

fn plain_path(path: &Path) -> Path {
    Path { text: path.fields.join(".").into(), ..path.clone() }
}

impl Form {
    /// The ways in which it is true, each a set of atoms; `None` where there are too many.
    pub(super) fn cases(&self) -> Option<Vec<Vec<Atom>>> {
        match self {
            Form::Constant(true) => Some(vec![Vec::new()]),
            Form::Constant(false) => Some(Vec::new()),
            Form::Atom(atom) => Some(vec![vec![atom.clone()]]),
            Form::Any(parts) => {
                let mut cases = Vec::new();
                for part in parts {
                    cases.extend(part.cases()?);
                    if cases.len() > CASES {
                        return None;
                    }
                }
                Some(cases)
            }
            Form::All(parts) => {
                let mut cases: Vec<Vec<Atom>> = vec![Vec::new()];
                for part in parts {
                    cases = product(&cases, &part.cases()?)?;
                }
                Some(cases)
            }
        }
    }
}

fn product(left: &[Vec<Atom>], right: &[Vec<Atom>]) -> Option<Vec<Vec<Atom>>> {
    if left.len().checked_mul(right.len())? > CASES {
        return None;
    }
    let mut cases = Vec::with_capacity(left.len() * right.len());
    for a in left {
        for b in right {
            if a.len() + b.len() > ATOMS {
                return None;
            }
            cases.push([a.as_slice(), b.as_slice()].concat());
        }
    }
    Some(cases)
}
