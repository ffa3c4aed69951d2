//! Who may make a transition: `by` and `kind`, three-valued.

use std::sync::Arc;

use crate::event::{Event, Evidence};
use crate::model::expression::Truth;
use crate::model::{ActorNaming, Transition};

/// Whether an event's actor is one that the transition allows.
pub(super) fn permits(transition: &Transition, event: &Event, naming: &ActorNaming) -> Truth {
    let by = listed(&transition.by, event, naming);
    let kind = transition.kind.as_ref().map_or(Truth::True, |kind| is_kind(kind, event, naming));
    match (by, kind) {
        (Truth::False, _) | (_, Truth::False) => Truth::False,
        (Truth::True, Truth::True) => Truth::True,
        _ => Truth::Unknown,
    }
}

/// Whether the actor is of a kind. Where an agent acts, it is no human, whoever it acts for.
pub(super) fn is_kind(kind: &str, event: &Event, naming: &ActorNaming) -> Truth {
    let actor = &event.actor;
    if actor.principal.is_none() {
        return Truth::Unknown;
    }
    if actor.agent.is_some() {
        return if kind == "agent" || kind != "human" && kind == &*actor.kind { Truth::True } else { Truth::False };
    }
    if kind == &*actor.kind {
        Truth::True
    } else if attributes_are_seen(event, naming) || actor.kind != naming.default_kind {
        Truth::False
    } else {
        Truth::Unknown
    }
}

/// Whether a list of names (empty: anyone) covers the actor.
fn listed(by: &[Arc<str>], event: &Event, naming: &ActorNaming) -> Truth {
    let actor = &event.actor;
    if by.is_empty() {
        return Truth::True;
    }
    if let Some(agent) = &actor.agent {
        let named = |name: &str| name == "agent" || name == &**agent || name.strip_prefix("agent:") == Some(agent);
        return if by.iter().any(|n| named(n)) { Truth::True } else { Truth::False };
    }
    let Some(principal) = &actor.principal else { return Truth::Unknown };
    let has_role = |name: &str| actor.roles.iter().any(|r| &**r == name);
    let matches = |entry: &str| {
        let whole = entry == &**principal || has_role(entry);
        match entry.split_once(':') {
            _ if whole => true,
            None => entry == &*actor.kind,
            Some((kind, name)) => {
                let client = actor.client.as_deref() == Some(name);
                kind == &*actor.kind && (name == &**principal || client || has_role(name))
            }
        }
    };
    if by.iter().any(|entry| matches(entry)) {
        Truth::True
    } else if attributes_are_seen(event, naming) {
        Truth::False
    } else {
        Truth::Unknown
    }
}

/// Whether the roles and kind of an event's actor are what the source showed, rather than defaults for lack of evidence.
pub(super) fn attributes_are_seen(event: &Event, naming: &ActorNaming) -> bool {
    let actor = &event.actor;
    event.shows.headers
        || actor.evidence >= Evidence::Claims
        || actor.roles.iter().any(|r| Some(r) != naming.default_role.as_ref())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::builder::event;

    fn naming() -> ActorNaming {
        ActorNaming { default_kind: "human".into(), default_role: Some("customer".into()), ..ActorNaming::default() }
    }

    fn by(names: &[&str], event: &Event) -> Truth {
        listed(&names.iter().map(|n| Arc::from(*n)).collect::<Vec<_>>(), event, &naming())
    }

    #[test]
    fn names_match_roles_kinds_and_principals() {
        let alice = event(1, 0, "pay").by("alice", &["customer"]).done();
        assert_eq!(by(&[], &alice), Truth::True);
        assert_eq!(by(&["customer"], &alice), Truth::True);
        assert_eq!(by(&["human"], &alice), Truth::True);
        assert_eq!(by(&["alice"], &alice), Truth::True);
        assert_eq!(by(&["human:alice"], &alice), Truth::True);
        assert_eq!(by(&["service:alice"], &alice), Truth::False);
        assert_eq!(by(&["approver", "agent"], &alice), Truth::False);
        let payments = event(1, 0, "pay").by("service:payments", &[]).kind("service").done();
        assert_eq!(by(&["service:payments"], &payments), Truth::True);
    }

    #[test]
    fn an_agent_needs_to_be_named_as_one() {
        let agent = event(1, 0, "pay").by("alice", &["customer"]).agent("agent:shop").done();
        assert_eq!(by(&["customer", "alice"], &agent), Truth::False);
        assert_eq!(by(&["agent"], &agent), Truth::True);
        assert_eq!(by(&["agent:shop"], &agent), Truth::True);
        assert_eq!(by(&["agent:other"], &agent), Truth::False);
        assert_eq!(is_kind("human", &agent, &naming()), Truth::False);
    }

    #[test]
    fn what_the_source_does_not_show_is_unknown() {
        let mut nobody = event(1, 0, "pay").by("alice", &[]).done();
        nobody.actor.principal = None;
        assert_eq!(by(&["customer"], &nobody), Truth::Unknown);
        let mut logged = event(1, 0, "pay").by("alice", &["customer"]).done();
        logged.shows.headers = false;
        logged.actor.evidence = Evidence::Asserted;
        assert_eq!(by(&["approver"], &logged), Truth::Unknown);
        assert_eq!(by(&["customer"], &logged), Truth::True);
    }
}
