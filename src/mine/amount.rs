//! Amounts: which members of bodies hold them, by their names, and how a model reads them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::event::Members;

/// Last words of members that hold amounts.
const AMOUNTS: [&str; 9] = ["amount", "total", "sum", "price", "value", "fee", "cost", "premium", "balance"];
/// Names of the members beside them that say of which currency.
const CURRENCIES: [&str; 4] = ["currency", "currencyCode", "currency_code", "ccy"];
/// Most amounts of one activity.
const MOST: usize = 6;

/// An amount of an activity.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct AmountSketch {
    /// The name of the attribute.
    pub(super) name: Arc<str>,
    /// How the model reads it: `money(req.amount, req.currency)`, or a path.
    pub(super) expression: Arc<str>,
}

impl AmountSketch {
    /// Whether the request says it.
    pub(super) fn is_sent(&self) -> bool {
        self.expression.starts_with("req.") || self.expression.starts_with("money(req.")
    }
}

/// Expressions for the amounts of an exchange.
pub(super) fn expressions(members: &Members) -> Vec<Arc<str>> {
    let sent = members.sent.iter().flatten().map(|member| &member.path).collect();
    let told = members.told.iter().flatten().collect();
    [("req", sent), ("res", told)].into_iter().flat_map(|(root, paths)| of_body(root, &paths)).collect()
}

fn of_body(root: &str, paths: &BTreeSet<&Arc<str>>) -> Vec<Arc<str>> {
    let amounts = paths.iter().filter(|path| is_amount(path));
    let expression = |path: &&&Arc<str>| {
        let beside = |name: &str| match path.rsplit_once('.') {
            Some((above, _)) => format!("{above}.{name}"),
            None => name.to_owned(),
        };
        let currency = CURRENCIES.iter().map(|name| beside(name)).find(|name| paths.iter().any(|p| ***p == **name));
        match currency {
            Some(currency) => format!("money({root}.{path}, {root}.{currency})").into(),
            None => format!("{root}.{path}").into(),
        }
    };
    amounts.map(|path| expression(&path)).collect()
}

/// Whether the last word of a path says that an amount is there, and all of it can be written in a model.
fn is_amount(path: &str) -> bool {
    let last = last_name(path).to_ascii_lowercase();
    let plain = path.bytes().all(|b| b.is_ascii_alphabetic() || b == b'_' || b == b'.');
    plain && AMOUNTS.iter().any(|word| last.ends_with(word))
}

fn last_name(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or(path)
}

/// The amounts that most calls of an activity show, of which `seen` says how many did. Those of the request come first.
pub(super) fn of(seen: &BTreeMap<Arc<str>, u64>, accepted: u64) -> Vec<AmountSketch> {
    let mut most: Vec<(&Arc<str>, &u64)> = seen.iter().filter(|(_, count)| **count * 2 > accepted).collect();
    most.sort_by(|a, b| (b.1, a.0).cmp(&(a.1, b.0)));
    most.truncate(MOST);
    let sent = |expression: &Arc<str>| !expression.contains("res.");
    most.sort_by_key(|(expression, _)| !sent(expression));
    let mut amounts: Vec<AmountSketch> = Vec::new();
    for (expression, _) in most {
        let path = expression.trim_start_matches("money(").split(',').next().unwrap_or_default();
        let name = last_name(path);
        let free = |name: &str| amounts.iter().all(|known| *known.name != *name);
        let answered = format!("answered_{name}");
        let name = if free(name) { name } else { answered.as_str() };
        if free(name) {
            let name = name.into();
            amounts.push(AmountSketch { name, expression: Arc::clone(expression) });
        }
    }
    amounts
}
