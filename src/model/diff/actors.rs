//! Who is taken for whom: identities, agents, tenants, kinds, roles.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::side::Sides;
use super::{Changes, Direction, Found};
use crate::model::{ActorNaming, Expression, Path, Severity};

/// Compares how actors are recognised.
pub(super) fn compare(sides: &Sides<'_>, found: &mut Changes) {
    let (old, new) = (&sides.old.model.actors, &sides.new.model.actors);
    let identities = |side: &super::side::Side<'_>| -> Vec<String> {
        let text = |bound_by| match bound_by {
            Some(id) => format!("@{}", sides.activity(side.activity(id))),
            None => String::new(),
        };
        side.model.actors.identify.iter().map(|one| format!("{}{}", one.path.text, text(one.bound_by))).collect()
    };
    let who = |names: &[String], word| format!("{word} may now say who acts: {}", names.join(", "));
    listed(
        "identity source",
        &identities(&sides.old),
        &identities(&sides.new),
        &|names| who(names, "another place"),
        found,
    );
    let texts = |paths: &[Path]| -> Vec<String> { paths.iter().map(|path| path.text.to_string()).collect() };
    let roles = |names: &[String]| format!("another place may now give roles: {}", names.join(", "));
    listed("role source", &texts(&old.roles_from), &texts(&new.roles_from), &roles, found);
    let subject = "actors";
    for (aspect, old, new) in [("agent source", &old.agent, &new.agent), ("tenant source", &old.tenant, &new.tenant)] {
        found.relied_on(aspect, subject, super::listed(texts(old)), super::listed(texts(new)));
    }
    kinds(old, new, found);
    let role = |actors: &ActorNaming| actors.default_role.as_ref().map(ToString::to_string);
    match (role(old), role(new)) {
        (None, Some(is)) => {
            let says = format!("everybody without a role is now `{is}`");
            add(Direction::Widened, "default role", says, (None, Some(is)), found);
        }
        (Some(was), None) => {
            let says = format!("who has no role is no longer `{was}`");
            add(Direction::Narrowed, "default role", says, (Some(was), None), found);
        }
        (was, is) => found.differs(Severity::High, "default role", subject, was, is),
    }
    role_map(&old.role_map, &new.role_map, found);
    let blocks =
        |actors: &ActorNaming| -> Vec<String> { actors.trusted_proxies.iter().map(ToString::to_string).collect() };
    let (was, is): (BTreeSet<_>, BTreeSet<_>) = (blocks(old).into_iter().collect(), blocks(new).into_iter().collect());
    for block in is.difference(&was) {
        let says = format!("{block} is now believed when it says for whom it speaks");
        add(Direction::Widened, "trusted proxy", says, (None, Some(block.clone())), found);
    }
    for block in was.difference(&is) {
        let says = format!("{block} is no longer believed");
        add(Direction::Narrowed, "trusted proxy", says, (Some(block.clone()), None), found);
    }
}

type Texts = (Option<String>, Option<String>);

fn add(direction: Direction, aspect: &'static str, says: String, (old, new): Texts, found: &mut Changes) {
    found.add(direction, Severity::High, Found { aspect, subject: "actors".to_owned(), says, old, new });
}

/// Places of which the first hit wins: each more is one more way to be somebody, and their order counts.
fn listed(
    aspect: &'static str,
    old: &[String],
    new: &[String],
    widened: &dyn Fn(&[String]) -> String,
    found: &mut Changes,
) {
    let only = |of: &[String], others: &[String]| -> Vec<String> {
        of.iter().filter(|name| !others.contains(name)).cloned().collect()
    };
    let (added, removed) = (only(new, old), only(old, new));
    let texts = || (super::listed(old), super::listed(new));
    // Where nothing is said the built-in ways hold, which are others.
    if old.is_empty() != new.is_empty() {
        let (old, new) = texts();
        found.differs(Severity::High, aspect, "actors", old, new);
        return;
    }
    if !added.is_empty() {
        add(Direction::Widened, aspect, widened(&added), texts(), found);
    }
    if !removed.is_empty() {
        add(Direction::Narrowed, aspect, format!("no longer looked at: {}", removed.join(", ")), texts(), found);
    }
    let kept = |of: &[String], others: &[String]| -> Vec<String> {
        of.iter().filter(|name| others.contains(name)).cloned().collect()
    };
    if kept(old, new) != kept(new, old) {
        let says = "another place is looked at first".to_owned();
        add(Direction::Changed, aspect, says, texts(), found);
    }
}

fn kinds(old: &ActorNaming, new: &ActorNaming, found: &mut Changes) {
    let subject = "actors";
    found.differs(
        Severity::High,
        "default kind",
        subject,
        Some(old.default_kind.to_string()),
        Some(new.default_kind.to_string()),
    );
    let all: BTreeSet<&Arc<str>> = old.kinds.iter().chain(&new.kinds).map(|(kind, _)| kind).collect();
    let of = |actors: &ActorNaming, kind: &Arc<str>| -> Option<(String, Vec<String>)> {
        let conditions: &[Expression] =
            actors.kinds.iter().find(|(name, _)| name == kind).map(|(_, own)| own.as_slice())?;
        let nodes = conditions.iter().map(|condition| format!("{:?}", condition.node)).collect();
        Some((conditions.iter().map(|condition| &*condition.text).collect::<Vec<_>>().join(" | "), nodes))
    };
    for kind in all {
        let (was, is) = (of(old, kind), of(new, kind));
        if was.as_ref().map(|(_, nodes)| nodes) != is.as_ref().map(|(_, nodes)| nodes) {
            let says = format!("who is a {kind} is told otherwise");
            let texts = (was.map(|(text, _)| text), is.map(|(text, _)| text));
            add(Direction::Changed, "kind of actor", says, texts, found);
        }
    }
}

fn role_map(old: &BTreeMap<Arc<str>, Arc<str>>, new: &BTreeMap<Arc<str>, Arc<str>>, found: &mut Changes) {
    let names: BTreeSet<&Arc<str>> = old.keys().chain(new.keys()).collect();
    for name in names {
        let entry = |role: Option<&Arc<str>>| role.map(|role| format!("{name}: {role}"));
        let texts = (entry(old.get(name)), entry(new.get(name)));
        match (old.get(name), new.get(name)) {
            (None, Some(role)) => {
                let says = format!("who is called `{name}` now has the role `{role}`");
                add(Direction::Widened, "role map", says, texts, found);
            }
            (Some(role), None) => {
                let says = format!("who is called `{name}` no longer has the role `{role}`");
                add(Direction::Narrowed, "role map", says, texts, found);
            }
            (Some(was), Some(is)) if was != is => {
                let says = format!("who is called `{name}` has the role `{is}` instead of `{was}`");
                add(Direction::Changed, "role map", says, texts, found);
            }
            _ => {}
        }
    }
}
