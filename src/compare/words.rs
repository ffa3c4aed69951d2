//! Values that a judgement compared, in words for a reader.

use std::sync::Arc;

use super::plan::{any_path, conjuncts};
use crate::event::{Event, Value};
use crate::model::expression::{Bound, Node, Operator, Scope, Truth, evaluate, truth};
use crate::model::{Expression, Path};

/// Longest word that is shown.
const LONGEST_WORD: usize = 64;

/// The compared values of the part of an expression that is false: `1.00 EUR`, `129.90 EUR`; of a value compared with
/// constants, `order.state = new`.
pub(super) fn compared(expression: &Expression, scope: &dyn Scope) -> Vec<Arc<str>> {
    let mut parts = Vec::new();
    conjuncts(&expression.node, &mut parts);
    let alone = |node: &Node| Expression { text: expression.text.clone(), node: node.clone() };
    let Some(part) = parts.into_iter().find(|part| truth(&alone(part), scope) == Truth::False) else {
        return Vec::new();
    };
    let has_path = |node: &Node| any_path(node, &mut |_| true);
    match part {
        Node::Binary(operator, left, right) if compares(*operator) && has_path(left) && has_path(right) => {
            let state = is_state(left) || is_state(right);
            [left, right]
                .iter()
                .filter_map(|side| value(&evaluate(&alone(side), scope), state))
                .map(Arc::from)
                .collect()
        }
        other => named(other, scope),
    }
}

/// Every path of the part of a false expression with the one word that it says, where the event itself shows it.
pub(super) fn said(expression: &Expression, scope: &dyn Scope, event: &Event) -> Vec<Arc<str>> {
    let shown = |word: &Value| {
        let of_objects = event.objects.iter().flat_map(|object| &object.attributes);
        event.attributes.iter().chain(of_objects).any(|(_, value)| value == word)
    };
    let mut parts = Vec::new();
    conjuncts(&expression.node, &mut parts);
    let alone = |node: &Node| Expression { text: expression.text.clone(), node: node.clone() };
    let mut named: Vec<Arc<str>> = Vec::new();
    for part in parts.into_iter().filter(|part| truth(&alone(part), scope) == Truth::False).take(1) {
        any_path(part, &mut |path| {
            if let Bound::Exactly(value @ Value::Text(word)) = &scope.value(path)
                && word.len() <= LONGEST_WORD
                && !word.contains(char::is_whitespace)
                && shown(value)
            {
                let text = Arc::from(format!("{} = {word}", path.text));
                if !named.contains(&text) {
                    named.push(text);
                }
            }
            false
        });
    }
    named
}

fn compares(operator: Operator) -> bool {
    !matches!(operator, Operator::And | Operator::Or)
}

/// Every path of an expression with its value.
fn named(node: &Node, scope: &dyn Scope) -> Vec<Arc<str>> {
    let mut named: Vec<Arc<str>> = Vec::new();
    any_path(node, &mut |path| {
        if let Some(value) = value(&scope.value(path), names_state(path)) {
            let text = Arc::from(format!("{} = {value}", path.text));
            if !named.contains(&text) {
                named.push(text);
            }
        }
        false
    });
    named
}

fn is_state(node: &Node) -> bool {
    any_path(node, &mut |path| names_state(path))
}

fn names_state(path: &Path) -> bool {
    path.fields.last().is_some_and(|f| &**f == "state")
}

/// A value in words. Text other than a state's name may be personal and stays out of sentences.
fn value(bound: &Bound, state: bool) -> Option<String> {
    let plain = |value: &Value| match value {
        Value::Text(_) => state,
        Value::List(_) => false,
        _ => true,
    };
    match bound {
        Bound::Exactly(value) if plain(value) => Some(value.to_string()),
        Bound::AtLeast(value) if plain(value) => Some(format!("at least {value}")),
        _ => None,
    }
}

/// A limit in the model's words: `14d`.
pub(super) fn span(micros: i64) -> String {
    let unit = UNITS.into_iter().find(|(size, _)| micros >= *size && micros % size == 0);
    unit.map_or_else(|| format!("{micros}us"), |(size, name)| format!("{}{name}", micros / size))
}

/// A measured length of time, rounded to its two largest units: `14d 3h`.
pub(crate) fn length(micros: i64) -> String {
    let Some(first) = UNITS.iter().position(|(size, _)| micros >= *size) else { return "under 1s".to_owned() };
    let least = UNITS.get(first + 1).map_or(1_000_000, |(size, _)| *size);
    let mut left = micros.saturating_add(least / 2) / least * least;
    let first = UNITS.iter().position(|(size, _)| left >= *size).unwrap_or(first);
    let mut words = Vec::new();
    for (size, name) in UNITS.into_iter().skip(first).take(2) {
        if left >= size {
            words.push(format!("{}{name}", left / size));
        }
        left %= size;
    }
    words.join(" ")
}

const UNITS: [(i64, &str); 4] = [(86_400_000_000, "d"), (3_600_000_000, "h"), (60_000_000, "m"), (1_000_000, "s")];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_as_people_write_them() {
        assert_eq!(span(14 * 86_400_000_000), "14d");
        assert_eq!(span(90_000_000), "90s");
        assert_eq!(length(14 * 86_400_000_000 + 3 * 3_600_000_000 + 59_000_000), "14d 3h");
        assert_eq!(length(86_400_000_001), "1d");
        assert_eq!(length(9 * 86_400_000_000 - 100_000), "9d");
        assert_eq!(length(3_599_600_000), "1h");
        assert_eq!(length(999_999), "under 1s");
    }
}
