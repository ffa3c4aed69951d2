//! Calls inside a body: what their names, arguments and results say they are about.

use std::sync::Arc;

use offpath_capture::{Call, CallProtocol};

use super::fields::{Leaf, Read, read_text};
use super::{Guess, declare};
use crate::correlate::object::{Found, KeySource, key_text};
use crate::correlate::redact::Masker;
use crate::correlate::template::singular;
use crate::event::{ObjectId, ObjectRef, Outcome, procedure};

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
    let asked = sent.ids.into_iter().map(|leaf| {
        let path = format!("args.{}", leaf.path);
        (Leaf { path, ..leaf }, KeySource::RequestBody)
    });
    // A message is sent to a task, or begins one.
    let sends = call.protocol == CallProtocol::A2a && call.name.to_ascii_lowercase().contains("message");
    let noun = if sends { "task".to_owned() } else { call_noun(&call.name) };
    let mut asked: Vec<(Leaf, KeySource)> = asked.collect();
    let Some(given) = call.gives.as_deref().map(singular) else {
        return about(&noun, call.is_read(), asked, answered, actor, masker);
    };
    // The type of the answer is what its own id is one of, and so is the id that was asked for where it is the same.
    let own = answered.ids.iter().find(|leaf| leaf.owner.is_none());
    let Some(own) = own.and_then(|leaf| key_text(&leaf.value, masker)) else {
        return about(&noun, call.is_read(), asked, answered, actor, masker);
    };
    for (leaf, _) in asked.iter_mut().filter(|(leaf, _)| leaf.owner.is_none()) {
        let same = key_text(&leaf.value, masker).as_ref() == Some(&own);
        leaf.owner = Some(if same { given.clone() } else { noun.clone() });
    }
    about(&given, call.is_read(), asked, answered, actor, masker)
}

/// Objects of a call that is named by what it does to a `noun`: `asked` are the ids of the request, with their whole paths.
pub(super) fn about(
    noun: &str,
    reads: bool,
    asked: Vec<(Leaf, KeySource)>,
    answered: &Read,
    actor: Option<&str>,
    masker: &Masker,
) -> Found {
    let own = |leaf: &Leaf| leaf.owner.as_deref().is_none_or(|owner| owner == noun);
    let given = |leaf: &Leaf| {
        let path = format!("res.{}", leaf.path);
        (Leaf { path, owner: leaf.owner.clone(), value: leaf.value.clone() }, KeySource::ResponseBody)
    };
    let named = asked.iter().find(|(leaf, _)| own(leaf)).cloned();
    let made = || answered.ids.iter().find(|leaf| own(leaf)).map(given);
    let beside = || asked.iter().find(|(leaf, _)| leaf.owner.is_some()).cloned();
    // A payload that holds what it is about under its name: `{order: {id}, errors: []}`.
    let held = || answered.ids.iter().find(|leaf| leaf.owner.is_some() && leaf.path.split('.').count() == 2).map(given);
    let target = match reads {
        true => named.or_else(beside).or_else(made),
        false => named.or_else(made).or_else(beside).or_else(held),
    };
    let mut found = Found::default();
    if let Some((leaf, source)) = target
        && let Some(key) = key_text(&leaf.value, masker)
    {
        let object_type: Arc<str> = leaf.owner.as_deref().unwrap_or(noun).into();
        found.add_at(ObjectRef::new(ObjectId { object_type, key }, "target"), source, Some(leaf.path.into()));
    }
    for (leaf, source) in asked.into_iter().chain(answered.ids.iter().map(given)) {
        let (Some(owner), Some(key)) = (leaf.owner.as_deref(), key_text(&leaf.value, masker)) else { continue };
        let id = ObjectId { object_type: owner.into(), key };
        found.add_at(ObjectRef::new(id, "mentioned"), source, Some(leaf.path.into()));
    }
    declare(answered, actor, &mut found, masker);
    found
}

/// The noun of a call's name: `addPaymentToOrder`, `order_cancel` and `GetOrders` are about an order.
fn call_noun(name: &str) -> String {
    singular(&procedure::noun(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_about_the_noun_of_its_name() {
        for (name, noun) in [
            ("addPaymentToOrder", "order"),
            ("transitionOrderToState", "order"),
            ("orderByCode", "order"),
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
