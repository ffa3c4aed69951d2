//! Who may make a transition: `by` and `kind`, three-valued.

use std::sync::Arc;

use crate::event::{Event, Evidence};
use crate::model::expression::Truth;
use crate::model::{ActorNaming, Transition};

/// Whether an event's actor is one that the transition allows.
pub(super) fn permits(transition: &Transition, event: &Event, naming: &ActorNaming) -> Truth {
    let by = listed(&transition.by, event, naming);
    let kind = transition.kind.as_ref().map_or(Truth::True, |kind| is_kind(kind, event));
    match (by, kind) {
        (Truth::False, _) | (_, Truth::False) => Truth::False,
        (Truth::True, Truth::True) => Truth::True,
        _ => Truth::Unknown,
    }
}

/// Whether the actor is of a kind. Where an agent acts, it is no human, whoever it acts for.
pub(super) fn is_kind(kind: &str, event: &Event) -> Truth {
    let actor = &event.actor;
    if actor.principal.is_none() || actor.is_disputed() {
        return Truth::Unknown;
    }
    if actor.agent.is_some() {
        return if kind == "agent" || kind != "human" && kind == &*actor.kind { Truth::True } else { Truth::False };
    }
    if actor.agent_is_open() && matches!(kind, "agent" | "human") {
        return Truth::Unknown;
    }
    has_kind(kind, event)
}

/// Whether an actor without an agent is of a kind; unknown where its kind is a guess.
fn has_kind(kind: &str, event: &Event) -> Truth {
    match (kind_is_seen(event), kind == &*event.actor.kind) {
        (false, _) => Truth::Unknown,
        (true, true) => Truth::True,
        (true, false) => Truth::False,
    }
}

/// Whether a list of names (empty: anyone) covers the actor.
fn listed(by: &[Arc<str>], event: &Event, naming: &ActorNaming) -> Truth {
    let actor = &event.actor;
    if by.is_empty() {
        return Truth::True;
    }
    if actor.is_disputed() {
        return Truth::Unknown;
    }
    if let Some(agent) = &actor.agent {
        let named = |name: &str| name == "agent" || name == &**agent || name.strip_prefix("agent:") == Some(agent);
        return if by.iter().any(|n| named(n)) { Truth::True } else { Truth::False };
    }
    let Some(principal) = &actor.principal else { return Truth::Unknown };
    let answers = by.iter().map(|entry| is_one(entry, principal, event, naming));
    answers.fold(Truth::False, |any, one| match (any, one) {
        (Truth::True, _) | (_, Truth::True) => Truth::True,
        (Truth::Unknown, _) | (_, Truth::Unknown) => Truth::Unknown,
        _ => Truth::False,
    })
}

/// Whether an entry of `by` surely names the actor of an event.
pub fn is_named(entry: &Arc<str>, event: &Event, naming: &ActorNaming) -> bool {
    listed(std::slice::from_ref(entry), event, naming) == Truth::True
}

/// Whether an actor without an agent is the one that an entry of `by` names: by role, kind, or kind and name.
fn is_one(entry: &str, principal: &str, event: &Event, naming: &ActorNaming) -> Truth {
    let actor = &event.actor;
    let has_role = |name: &str| actor.roles.iter().any(|r| &**r == name);
    if entry == principal || has_role(entry) {
        return Truth::True;
    }
    // Of two issuers' users of one name it is not known which is meant by that name.
    if actor.bare_name().is_some_and(|name| entry == name || entry.split_once(':').is_some_and(|(_, n)| n == name)) {
        return Truth::Unknown;
    }
    let doubt = |seen: bool| if seen { Truth::False } else { Truth::Unknown };
    let told = claims_are_seen(event) || roles_are_seen(event);
    match entry.split_once(':') {
        None if entry == "agent" && entry != &*actor.kind => doubt(claims_are_seen(event) && !actor.agent_is_open()),
        Some(("agent", _)) => doubt(claims_are_seen(event) && !actor.agent_is_open()),
        None if naming.is_kind(entry) || entry == &*actor.kind => match has_kind(entry, event) {
            // A kind that the model does not declare may be meant as a role.
            Truth::False if !told && !naming.declares_kind(entry) => Truth::Unknown,
            answer => answer,
        },
        None => doubt(roles_are_seen(event)),
        Some((kind, name)) if name == principal || actor.client.as_deref() == Some(name) || has_role(name) => {
            has_kind(kind, event)
        }
        Some(_) => doubt(told),
    }
}

/// Whether everything that the actor's credential says is in view.
fn claims_are_seen(event: &Event) -> bool {
    // Headers without the credential of somebody whom another input names are not whole.
    let taken_out = event.actor.told_in.is_some() && event.actor.evidence <= Evidence::Asserted;
    event.shows.headers && !taken_out || event.actor.evidence >= Evidence::Claims
}

/// Whether the roles of an event's actor are what the source showed. A source that shows none leaves them empty: only
/// where it is known that none were claimed is the default role given.
pub fn roles_are_seen(event: &Event) -> bool {
    event.actor.roles_known || !event.actor.roles.is_empty()
}

/// Whether the kind of an event's actor is what the source showed, rather than the default for want of evidence.
pub fn kind_is_seen(event: &Event) -> bool {
    event.actor.kind_known
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
    fn an_agent_that_is_not_believed_leaves_open_what_is_for_agents_and_nothing_else() {
        let mut clerk = event(1, 0, "pay").by("alice", &["customer"]).done();
        assert_eq!((by(&["agent:shop"], &clerk), by(&["agent"], &clerk)), (Truth::False, Truth::False));
        assert_eq!((is_kind("human", &clerk), is_kind("agent", &clerk)), (Truth::True, Truth::False));
        clerk.actor.doubts.add(crate::event::Doubt::AgentUnproved);
        assert_eq!((by(&["agent:shop"], &clerk), by(&["agent"], &clerk)), (Truth::Unknown, Truth::Unknown));
        assert_eq!((is_kind("human", &clerk), is_kind("agent", &clerk)), (Truth::Unknown, Truth::Unknown));
        // Who adds such a header to hide what a person may not do hides nothing.
        assert_eq!(by(&["approver"], &clerk), Truth::False);
        assert_eq!(by(&["customer"], &clerk), Truth::True);
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
        assert_eq!(is_kind("human", &agent), Truth::False);
    }

    #[test]
    fn what_the_source_does_not_show_is_unknown() {
        let mut nobody = event(1, 0, "pay").by("alice", &[]).done();
        nobody.actor.principal = None;
        assert_eq!(by(&["customer"], &nobody), Truth::Unknown);
        let mut logged = event(1, 0, "pay").by("alice", &[]).done();
        logged.shows.headers = false;
        logged.actor.evidence = Evidence::Asserted;
        (logged.actor.roles_known, logged.actor.kind_known) = (false, false);
        assert_eq!(by(&["approver"], &logged), Truth::Unknown, "no roles in the log");
        logged.actor.roles = vec!["customer".into()];
        assert_eq!(by(&["customer"], &logged), Truth::True);
        assert_eq!(by(&["service:payments"], &logged), Truth::False, "neither this name nor this role");
        assert_eq!(by(&["service:alice"], &logged), Truth::Unknown, "the log may not show who is a service");
    }

    #[test]
    fn a_kind_that_is_a_guess_decides_nothing() {
        let mut keyed = event(1, 0, "deploy").by("key:cb40", &[]).done();
        (keyed.actor.evidence, keyed.actor.kind_known) = (Evidence::ApiKey, false);
        assert_eq!(by(&["service"], &keyed), Truth::Unknown, "nothing says who holds the key");
        assert_eq!(by(&["human"], &keyed), Truth::Unknown, "nor that it is a person");
        assert_eq!(by(&["human", "key:cb40"], &keyed), Truth::True, "its name is known all the same");
        assert_eq!(is_kind("human", &keyed), Truth::Unknown);
        keyed.actor.kind_known = true;
        assert_eq!((by(&["service"], &keyed), by(&["human"], &keyed)), (Truth::False, Truth::True));
    }

    #[test]
    fn a_kind_that_the_model_declares_is_decided_in_a_log_without_roles() {
        let mut mia = event(1, 0, "deploy").by("mia", &[]).done();
        (mia.shows.headers, mia.actor.evidence, mia.actor.roles_known) = (false, Evidence::Asserted, false);
        let declared = ActorNaming { kinds: vec![("service".into(), Vec::new())], ..naming() };
        let listed = |naming| listed(&["service".into()], &mia, naming);
        assert_eq!(listed(&declared), Truth::False);
        assert_eq!(listed(&naming()), Truth::Unknown, "it may be meant as a role");
    }

    #[test]
    fn a_name_that_may_be_a_role_is_undecided_where_the_roles_of_a_known_actor_are_not() {
        let mut alice = event(1, 0, "pay").by("alice", &[]).done();
        assert_eq!(by(&["approver"], &alice), Truth::False, "known to have none");
        alice.actor.roles_known = false;
        assert_eq!(by(&["approver"], &alice), Truth::Unknown);
        assert_eq!(by(&["approver", "service"], &alice), Truth::Unknown);
        assert_eq!(by(&["alice"], &alice), Truth::True);
        assert_eq!(by(&["service"], &alice), Truth::False, "a kind is no role");
        assert_eq!(by(&["human:bob", "service:payments"], &alice), Truth::False, "nor is a principal with its kind");
        assert_eq!(by(&["agent"], &alice), Truth::False);
        let mut wms = event(1, 0, "ship").by("wms", &[]).kind("service").done();
        wms.actor.roles_known = false;
        assert_eq!(by(&["human"], &wms), Truth::False, "the default kind is one as well");
    }
}
