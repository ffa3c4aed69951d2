//! Calls inside a body: what their names, arguments and results say they are about.

use std::sync::Arc;

use offpath_capture::Call;

use super::fields::{Leaf, Read, read_text};
use super::{Guess, declare};
use crate::correlate::object::{Found, KeySource, key_text};
use crate::correlate::redact::Masker;
use crate::correlate::template::singular;
use crate::event::{ObjectId, ObjectRef, Outcome};

/// Longest name of a call that is taken apart.
const MOST_NAME: usize = 128;

/// Words of calls' names that say what is done, not to what.
const VERBS: [&str; 52] = [
    "accept",
    "activate",
    "add",
    "apply",
    "approve",
    "archive",
    "assign",
    "book",
    "buy",
    "cancel",
    "capture",
    "change",
    "check",
    "close",
    "complete",
    "confirm",
    "create",
    "deactivate",
    "delete",
    "deny",
    "do",
    "edit",
    "execute",
    "fetch",
    "find",
    "fulfil",
    "fulfill",
    "get",
    "issue",
    "list",
    "lookup",
    "make",
    "new",
    "open",
    "pay",
    "place",
    "process",
    "read",
    "reject",
    "release",
    "remove",
    "request",
    "send",
    "set",
    "ship",
    "start",
    "stop",
    "submit",
    "transition",
    "update",
    "void",
    "by",
];

/// Objects that a call inside a body shows. The target is what its arguments call by the noun of its name, else what it
/// made: what its result calls so; else the first that its arguments name.
pub(in crate::correlate) fn call_objects(
    guess: &Guess,
    call: &Call,
    outcome: Outcome,
    actor: Option<&str>,
    masker: &Masker,
) -> Found {
    let nothing = Read::default();
    let answered = if outcome == Outcome::Accepted { &guess.answered } else { &nothing };
    let sent = call.arguments.as_deref().map(|text| read_text(&call.without_number(text))).unwrap_or_default();
    let noun = call_noun(&call.name);
    let own = |leaf: &&Leaf| leaf.owner.as_deref().is_none_or(|owner| owner == noun);
    let asked = |leaf| (leaf, KeySource::RequestBody, "args");
    let named = sent.ids.iter().find(own).map(asked);
    let made = || answered.ids.iter().find(own).map(|leaf| (leaf, KeySource::ResponseBody, "res"));
    let beside = || sent.ids.iter().find(|leaf| leaf.owner.is_some()).map(asked);
    let target = match call.is_read() {
        true => named.or_else(beside).or_else(made),
        false => named.or_else(made).or_else(beside),
    };
    let mut found = Found::default();
    if let Some((leaf, source, root)) = target
        && let Some(key) = key_text(&leaf.value, masker)
    {
        let object_type: Arc<str> = leaf.owner.as_deref().unwrap_or(&noun).into();
        let place = format!("{root}.{}", leaf.path).into();
        found.add_at(ObjectRef::new(ObjectId { object_type, key }, "target"), source, Some(place));
    }
    let sent = sent.ids.iter().map(|leaf| (leaf, KeySource::RequestBody, "args"));
    let given = answered.ids.iter().map(|leaf| (leaf, KeySource::ResponseBody, "res"));
    for (leaf, source, root) in sent.chain(given) {
        let (Some(owner), Some(key)) = (leaf.owner.as_deref(), key_text(&leaf.value, masker)) else { continue };
        let place = format!("{root}.{}", leaf.path).into();
        found.add_at(ObjectRef::new(ObjectId { object_type: owner.into(), key }, "mentioned"), source, Some(place));
    }
    declare(answered, actor, &mut found, masker);
    found
}

/// The noun of a call's name: `addPaymentToOrder`, `order_cancel` and `GetOrders` are about an order.
fn call_noun(name: &str) -> String {
    let mut words: Vec<String> = Vec::new();
    let mut lower = false;
    for c in name.chars().take(MOST_NAME) {
        let starts = c.is_ascii_uppercase() && lower;
        lower = c.is_ascii_lowercase() || c.is_ascii_digit();
        match words.last_mut() {
            _ if !c.is_alphanumeric() => words.push(String::new()),
            Some(word) if !starts => word.push(c.to_ascii_lowercase()),
            _ => words.push(c.to_ascii_lowercase().to_string()),
        }
    }
    words.retain(|word| !word.is_empty());
    let is_verb = |word: &String| VERBS.contains(&word.as_str());
    let noun = words.iter().rev().find(|word| !is_verb(word)).or(words.last());
    noun.map(|word| singular(word)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_about_the_noun_of_its_name() {
        for (name, noun) in [
            ("addPaymentToOrder", "order"),
            ("orderCancel", "order"),
            ("request_refund", "refund"),
            ("GetOrders", "order"),
            ("shop.orders.list", "order"),
            ("order", "order"),
            ("HTTPCheck", "httpcheck"),
            ("cancel", "cancel"),
            ("", ""),
        ] {
            assert_eq!(call_noun(name), noun, "{name}");
        }
    }
}
