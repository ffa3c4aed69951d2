//! Names in `by` that nobody can have.

use std::sync::Arc;

use super::Places;
use crate::model::diagnostic::Diagnostic;
use crate::model::read::reader::Reader;
use crate::model::{ActorNaming, Code, Model, Transition};

/// Looks over who may take each transition.
pub(super) fn roles(reader: &mut Reader, places: &Places, model: &Model) {
    for (number, lifecycle) in model.lifecycles.iter().enumerate() {
        for (at, transition) in lifecycle.transitions.iter().enumerate() {
            let span = places.transition(number, at);
            if let Some(role) = transition.by.iter().find(|role| is_nobodys(role, &model.actors)) {
                let title = format!("nobody can have the role `{role}`");
                let warning = Diagnostic::warning(Code::UnknownRole, span.clone(), title);
                reader.found.push(
                    warning
                        .label("`actors.roles` maps it and says of no place where roles are found")
                        .help("say where: `roles: {from: jwt.roles, ...}`"),
                );
            }
            if let Some(kind) = transition.kind.as_ref().filter(|kind| excludes(kind, transition, &model.actors)) {
                let title = format!("nobody whom `by` names is of the kind `{kind}`");
                let warning = Diagnostic::warning(Code::UnknownRole, span, title);
                reader.found.push(warning.label("this transition can never be taken"));
            }
        }
    }
}

/// Whether a name is that of a role that only the map knows, and nothing shows.
fn is_nobodys(role: &Arc<str>, actors: &ActorNaming) -> bool {
    actors.roles_from.is_empty()
        && actors.role_map.values().any(|mapped| mapped == role)
        && actors.default_role.as_ref() != Some(role)
        && !actors.is_kind(role)
        && &**role != "agent"
}

/// Whether everyone in `by` is of another kind than the transition demands. A role or a name may be of any.
fn excludes(kind: &str, transition: &Transition, actors: &ActorNaming) -> bool {
    let other = |entry: &Arc<str>| match entry.split_once(':') {
        _ if &**entry == "agent" => kind == "human",
        Some(("agent", _)) => kind == "human",
        Some((of, _)) if actors.is_kind(of) => of != kind,
        Some(_) => false,
        None => actors.declares_kind(entry) && &**entry != kind,
    };
    !transition.by.is_empty() && transition.by.iter().all(other)
}
