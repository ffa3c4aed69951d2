//! Delegations: what software may do for people. They are compared as they are written, entry by entry.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;

use super::terms::raised;
use super::{Changes, Direction, Found};
use crate::model::Severity;
use crate::model::quantity;
use crate::model::read::document::{self, Node, Shape};

/// The entries of one delegation, by dotted key.
type Entries = BTreeMap<String, Entry>;

/// A value, or several.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Entry {
    One(String),
    Many(BTreeSet<String>),
}

impl Entry {
    fn text(&self) -> String {
        match self {
            Entry::One(text) => text.clone(),
            Entry::Many(items) => items.iter().map(String::as_str).collect::<Vec<_>>().join(", "),
        }
    }
}

/// The delegations that a model's text has, in their order: name, and each entry as its dotted key and value.
pub fn delegations(text: &str) -> Vec<(String, Vec<(String, String)>)> {
    let entries = |entries: Entries| entries.into_iter().map(|(key, entry)| (key, entry.text())).collect();
    read(text).into_iter().map(|(name, own)| (name, entries(own))).collect()
}

fn read(text: &str) -> Vec<(String, Entries)> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    // What is no model is refused where it is read as one.
    let Ok(Node { shape: Shape::Mapping(sections), .. }) = document::read(text) else { return Vec::new() };
    let section = sections.into_iter().find(|(key, _)| key.text == "delegations");
    let Some((_, Node { shape: Shape::Mapping(named), .. })) = section else { return Vec::new() };
    let own = |node: &Node| {
        let mut entries = Entries::new();
        flatten(node, "", &mut entries);
        entries
    };
    named.iter().map(|(key, node)| (key.text.clone(), own(node))).collect()
}

/// Adds the values below a node. Documents are at most 16 levels deep.
fn flatten(node: &Node, key: &str, into: &mut Entries) {
    let entry = match &node.shape {
        Shape::Null => return,
        Shape::Scalar(scalar) => Entry::One(scalar.text.clone()),
        Shape::List(items) => Entry::Many(items.iter().map(inline).collect()),
        Shape::Mapping(entries) => {
            for (name, value) in entries {
                let key = if key.is_empty() { name.text.clone() } else { format!("{key}.{}", name.text) };
                flatten(value, &key, into);
            }
            return;
        }
    };
    into.insert(key.to_owned(), entry);
}

/// An item of a list as one text.
fn inline(node: &Node) -> String {
    match &node.shape {
        Shape::Null => String::new(),
        Shape::Scalar(scalar) => scalar.text.clone(),
        Shape::List(items) => items.iter().map(inline).collect::<Vec<_>>().join(" "),
        Shape::Mapping(entries) => {
            let entry = |(key, value): &(document::Key, Node)| format!("{}: {}", key.text, inline(value));
            entries.iter().map(entry).collect::<Vec<_>>().join(", ")
        }
    }
}

/// Compares all delegations of two texts.
pub(super) fn compare(old: &str, new: &str, found: &mut Changes) {
    let (old, new): (BTreeMap<_, _>, BTreeMap<_, _>) =
        (read(old).into_iter().collect(), read(new).into_iter().collect());
    for name in old.keys().chain(new.keys()).collect::<BTreeSet<_>>() {
        let subject = format!("delegation {name}");
        let text = |entries: &Entries| {
            Some(entries.iter().map(|(key, entry)| format!("{key}: {}", entry.text())).collect::<Vec<_>>().join("; "))
        };
        match (old.get(name), new.get(name)) {
            (Some(was), Some(is)) => entries(&subject, was, is, found),
            (None, Some(is)) => {
                let says = "software may now act for people by this".to_owned();
                let one = Found { aspect: "delegation", subject, says, old: None, new: text(is) };
                found.add(Direction::Widened, Severity::High, one);
            }
            (Some(was), None) => {
                let says = "software may no longer act for people by this".to_owned();
                let one = Found { aspect: "delegation", subject, says, old: text(was), new: None };
                found.add(Direction::Narrowed, Severity::High, one);
            }
            (None, None) => {}
        }
    }
}

fn entries(subject: &str, old: &Entries, new: &Entries, found: &mut Changes) {
    let approval = |entries: &Entries| entries.keys().any(|key| key == "approval" || key.starts_with("approval."));
    for key in old.keys().chain(new.keys()).collect::<BTreeSet<_>>() {
        let (was, is) = (old.get(key), new.get(key));
        let directions = directions(key, was, is);
        let lost = key.starts_with("approval") && approval(old) && !approval(new);
        for direction in directions {
            let says = match direction {
                Direction::Widened if lost => "approval lost: nobody is asked before".to_owned(),
                Direction::Widened => format!("`{key}` allows more"),
                Direction::Narrowed => format!("`{key}` allows less"),
                Direction::Changed => format!("`{key}` is another"),
            };
            let risk = if key.starts_with("approval") { Severity::Critical } else { Severity::High };
            let (old, new) = (was.map(Entry::text), is.map(Entry::text));
            let one = Found { aspect: "delegation", subject: format!("{subject} {key}"), says, old, new };
            found.add(direction, risk, one);
        }
    }
}

/// How an entry changed: lists of what is allowed widen as they grow, all else as it shrinks or goes.
fn directions(key: &str, old: Option<&Entry>, new: Option<&Entry>) -> Vec<Direction> {
    let limit = key.starts_with("limits.");
    match (old, new) {
        (old, new) if old == new => Vec::new(),
        // What is not said is not demanded.
        (None, Some(_)) => vec![Direction::Narrowed],
        (Some(_), None) => vec![Direction::Widened],
        (Some(Entry::Many(was)), Some(Entry::Many(is))) => {
            let grown = if key.ends_with(".allow") { Direction::Widened } else { Direction::Narrowed };
            let mut found = Vec::new();
            found.extend(is.difference(was).next().map(|_| grown));
            found.extend(was.difference(is).next().map(|_| grown.reversed()));
            found
        }
        (Some(Entry::One(was)), Some(Entry::One(is))) if limit => {
            let compared = quantity_of(was).zip(quantity_of(is)).filter(|((_, a), (_, b))| a == b);
            // An amount may be written in more than one way.
            compared.map_or(Some(Direction::Changed), |((was, _), (is, _))| raised(was, is)).into_iter().collect()
        }
        _ => vec![Direction::Changed],
    }
}

/// A limit and its unit: `200 EUR`, `60/1m`, `2`, `30s`.
fn quantity_of(text: &str) -> Option<(Decimal, String)> {
    if let Some(money) = quantity::money(text) {
        return Some((money.amount, money.currency.to_string()));
    }
    if let Some((count, window)) = text.split_once('/') {
        let window = quantity::duration(window)?;
        return Some((quantity::decimal(count.trim())?, format!("/{window}")));
    }
    if let Some(number) = quantity::decimal(text) {
        return Some((number, String::new()));
    }
    quantity::duration(text).map(|micros| (Decimal::from(micros), "us".to_owned()))
}
