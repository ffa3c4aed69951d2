//! `lifecycles:` the states of an object type and the transitions between them.

use std::sync::Arc;

use super::document::{Node, Shape};
use super::names::{COUNT, judging};
use super::reader::{Fields, Reader};
use crate::model::diagnostic::{Diagnostic, Span, nearest_name};
use crate::model::{ActivityId, ActorNaming, Code, Lifecycle, Model, State, Transition};

/// Reads all lifecycles. Activities, objects and actors must have been read.
pub(super) fn read(reader: &mut Reader, fields: &Fields<'_>, model: &Model) -> Vec<Lifecycle> {
    let Some(node) = fields.get("lifecycles") else { return Vec::new() };
    let mut lifecycles = Vec::new();
    for (key, value) in reader.named(node, "`lifecycles`").unwrap_or_default() {
        let object_type = reader.object_type(&key.text, &key.span, "`lifecycles`");
        let Some(fields) = reader.mapping(value, "a lifecycle", &["states", "transitions"]) else { continue };
        let Some(states) = reader.required(&fields, "states") else { continue };
        let (states, initial) = self::states(reader, states);
        let transitions = reader.required(&fields, "transitions");
        let (Some(object_type), Some(initial), Some(transitions)) = (object_type, initial, transitions) else {
            continue;
        };
        let mut lifecycle = Lifecycle { object_type, states, initial, transitions: Vec::new() };
        let mut spans = Vec::new();
        let items = reader.items(transitions, "`transitions`");
        if items.len() > COUNT {
            reader.error(Code::Limit, &transitions.span, format!("a lifecycle has at most {COUNT} transitions"));
            continue;
        }
        let mut whole = true;
        for item in items {
            let read = transitions_of(reader, item, &lifecycle, model);
            whole &= !read.is_empty();
            spans.extend(read.iter().map(|_| item.span.clone()));
            lifecycle.transitions.extend(read);
            if lifecycle.transitions.len() > COUNT {
                reader.error(Code::Limit, &item.span, format!("a lifecycle has at most {COUNT} transitions"));
                whole = false;
                break;
            }
        }
        if whole {
            super::lint::lifecycle(reader, &lifecycle, &spans, &key.span);
        } else {
            reader.transitions_missing = true;
        }
        reader.places.transitions.push(spans);
        lifecycles.push(lifecycle);
    }
    lifecycles
}

/// States, and the number of the initial one.
fn states(reader: &mut Reader, node: &Node) -> (Vec<State>, Option<usize>) {
    let Some(entries) = reader.named(node, "`states`") else { return (Vec::new(), None) };
    if entries.len() > COUNT {
        reader.error(Code::Limit, &node.span, format!("a lifecycle has at most {COUNT} states"));
        return (Vec::new(), None);
    }
    let mut states = Vec::new();
    let mut initials: Vec<(usize, Span)> = Vec::new();
    for (key, value) in entries {
        let (state, initial) = state(reader, &key.text, value);
        if initial {
            initials.push((states.len(), key.span.clone()));
        }
        states.push(state);
    }
    match initials.as_slice() {
        [(only, _)] => return (states, Some(*only)),
        [] => {
            let diagnostic = Diagnostic::error(Code::Missing, node.span.clone(), "no state is the initial one");
            let help = "name the state before the object exists: `none: initial`";
            reader.found.push(diagnostic.help(help));
        }
        [(_, first), (_, second), ..] => {
            let diagnostic = Diagnostic::error(Code::Duplicate, second.clone(), "a lifecycle has one initial state");
            reader.found.push(diagnostic.note(first.clone(), "this one is initial already"));
        }
    }
    (states, None)
}

/// `initial`, `final`, `restricted`, or a mapping of these to `true`; nothing for an ordinary state.
fn state(reader: &mut Reader, name: &str, node: &Node) -> (State, bool) {
    let mut state = State { name: Arc::from(name), also: Vec::new(), final_state: false, restricted: false };
    let mut initial = false;
    match &node.shape {
        Shape::Null => {}
        Shape::Scalar(scalar) => match scalar.text.as_str() {
            "initial" => initial = true,
            "final" => state.final_state = true,
            "restricted" => state.restricted = true,
            other => {
                let title = format!("a state is `initial`, `final` or `restricted`, not `{other}`");
                let names = ["initial", "final", "restricted"].map(|name| (name, 0..0));
                let diagnostic = Diagnostic::error(Code::BadValue, node.span.clone(), title);
                reader.found.push(diagnostic.nearest(other, "property", names));
            }
        },
        _ => {
            if let Some(fields) = reader.mapping(node, "a state", &["initial", "final", "restricted", "also"]) {
                let also = fields.get("also").map(|node| reader.texts(node, "a state's name")).unwrap_or_default();
                state.also = also.into_iter().map(|(name, _)| name).collect();
                initial = reader.flag(fields.get("initial"), "`initial`");
                state.final_state = reader.flag(fields.get("final"), "`final`");
                state.restricted = reader.flag(fields.get("restricted"), "`restricted`");
            }
        }
    }
    (state, initial)
}

/// The transitions of one item: one for each state that it may lead to. None where the item is faulty.
fn transitions_of(reader: &mut Reader, node: &Node, lifecycle: &Lifecycle, model: &Model) -> Vec<Transition> {
    let Some((transition, to)) = transition(reader, node, lifecycle, model) else { return Vec::new() };
    to.into_iter().map(|to| Transition { to, ..transition.clone() }).collect()
}

/// A transition to the first of the states that it may lead to, and all of these.
fn transition(
    reader: &mut Reader,
    node: &Node,
    lifecycle: &Lifecycle,
    model: &Model,
) -> Option<(Transition, Vec<usize>)> {
    let keys = &["activity", "from", "to", "by", "kind", "once", "when", "within"];
    let fields = reader.mapping(node, "a transition", keys)?;
    let activity_node = reader.required(&fields, "activity");
    let activity = activity_node.and_then(|node| reader.activity(node, "transition"));
    let from = reader.required(&fields, "from").map(|node| numbers(reader, node, lifecycle)).unwrap_or_default();
    let targets = reader.required(&fields, "to").map(|node| numbers(reader, node, lifecycle)).unwrap_or_default();
    let by = fields.get("by").map(|node| roles(reader, node, model)).unwrap_or_default();
    let kind = fields.get("kind").and_then(|node| reader.actor_kind(node));
    let once = reader.flag(fields.get("once"), "`once`");
    if let Some(key) = fields.key("once").filter(|_| once && targets.len() > 1) {
        // Each way to go would be one by itself, and be taken once.
        let diagnostic = Diagnostic::error(Code::WrongShape, key.span.clone(), "`once` leads to one state");
        reader
            .found
            .push(diagnostic.help("leave `once` out, or let it lead to one state and the rest follow by other steps"));
    }
    let place = judging(activity);
    let when = fields.get("when").and_then(|node| reader.condition(node, &place));
    let within = fields.get("within").and_then(|node| within(reader, node));
    let (activity, to) = (activity?, targets.first().copied()?);
    if from.is_empty() {
        return None;
    }
    if let Some((node, guard)) = fields.get("when").zip(when.as_ref()) {
        super::constant::condition(reader, node, guard, "this transition can never be taken");
        super::echo::guard(reader, node, model, activity, guard);
    }
    if let Some(node) = activity_node {
        touches(reader, node, activity, lifecycle, model);
    }
    Some((Transition { activity, from, to, by, kind, once, when, within }, targets))
}

/// A transition's events must be about the object type whose state they move.
fn touches(reader: &mut Reader, node: &Node, activity: ActivityId, lifecycle: &Lifecycle, model: &Model) {
    let Some(declared) = model.activities.get(usize::from(activity.0)) else { return };
    if declared.objects.iter().any(|object| object.object_type == lifecycle.object_type) {
        return;
    }
    let Some(object) = reader.outline.object_at(lifecycle.object_type) else { return };
    let title = format!("the activity `{}` does not touch `{}`", declared.name, object.name);
    let help = format!("name it at the activity: `object: {}`", object.name);
    let mut diagnostic = Diagnostic::error(Code::Detached, node.span.clone(), title).help(help);
    if let Some(outline) = reader.outline.activity_at(activity) {
        diagnostic = diagnostic.note(outline.span.clone(), "declared here");
    }
    reader.found.push(diagnostic.label("this transition could never happen"));
}

/// The states that a value names, at least one.
fn numbers(reader: &mut Reader, node: &Node, lifecycle: &Lifecycle) -> Vec<usize> {
    let items = reader.list(node);
    let mut states: Vec<usize> = items.iter().filter_map(|item| state_number(reader, item, lifecycle)).collect();
    states.sort_unstable();
    states.dedup();
    if states.is_empty() && items.is_empty() {
        reader.error(Code::Missing, &node.span, "a transition starts from at least one state, and leads to one");
    }
    states
}

fn state_number(reader: &mut Reader, node: &Node, lifecycle: &Lifecycle) -> Option<usize> {
    let text = reader.text(node, "a state")?;
    let number = lifecycle.states.iter().position(|state| &*state.name == text);
    if number.is_none() {
        let states = reader.outline.object_at(lifecycle.object_type).and_then(|object| object.states.as_ref());
        let names = states.into_iter().flatten().map(|(name, span)| (&**name, span.clone()));
        let diagnostic = Diagnostic::error(Code::UnknownState, node.span.clone(), format!("unknown state `{text}`"))
            .label("the lifecycle has no such state")
            .nearest(text, "state", names);
        reader.found.push(diagnostic);
    }
    number
}

/// Who may. Where the file says which roles there are, another name can only be a mistake.
pub(super) fn roles(reader: &mut Reader, node: &Node, model: &Model) -> Vec<Arc<str>> {
    let actors = &model.actors;
    let declared: Vec<&str> = actors.role_map.values().chain(&actors.default_role).map(|role| &**role).collect();
    let texts = reader.texts(node, "`by`");
    for (text, span) in &texts {
        if let Some((kind, _)) = text.split_once(':') {
            kind_of_one(reader, kind, text, span, actors);
            continue;
        }
        let known = &**text == "agent"
            || text.contains('@')
            || declared.contains(&&**text)
            || reader.outline.kinds.contains(text);
        if actors.role_map.is_empty() || known {
            continue;
        }
        let names = declared.iter().copied().chain(reader.outline.kinds.iter().map(|kind| &**kind)).chain(["agent"]);
        let title = format!("no role or kind is declared as `{text}`");
        let kind = &actors.default_kind;
        let help =
            format!("a role that tokens carry under this name: `map: {{{text}: {text}}}`; one actor: `{kind}:{text}`");
        let diagnostic = Diagnostic::error(Code::UnknownRole, span.clone(), title)
            .label("`actors.roles` declares no such role")
            .nearest(text, "role", names.map(|name| (name, 0..0)))
            .help(help);
        reader.found.push(diagnostic);
    }
    texts.into_iter().map(|(text, _)| text).collect()
}

/// `kind:name` names one actor by a kind that there is. A name may hold a colon itself, as those of URNs do.
fn kind_of_one(reader: &mut Reader, kind: &str, text: &str, span: &Span, actors: &ActorNaming) {
    if kind == "agent" || actors.is_kind(kind) {
        return;
    }
    let kinds: Vec<&str> = actors.kinds.iter().map(|(kind, _)| &**kind).collect();
    let names: Vec<&str> = kinds.into_iter().chain([&*actors.default_kind, "service", "agent"]).collect();
    let title = format!("no kind of actor is called `{kind}`");
    let near = nearest_name(kind, names.iter().copied()).is_some();
    let make = if near { Diagnostic::error } else { Diagnostic::warning };
    let mut diagnostic = make(Code::UnknownRole, span.clone(), title)
        .label(if near { "nobody could ever be this" } else { "read as the whole name of one actor" })
        .nearest(kind, "kind", names.into_iter().map(|name| (name, 0..0)));
    if !near {
        diagnostic =
            diagnostic.help(format!("if `{text}` is a kind and a name, declare `{kind}` under `actors.kinds`"));
    }
    reader.found.push(diagnostic);
}

/// `{after: pay, max: 14d}`.
fn within(reader: &mut Reader, node: &Node) -> Option<(ActivityId, i64)> {
    let fields = reader.mapping(node, "`within`", &["after", "max"])?;
    let after = reader.required(&fields, "after").and_then(|node| reader.activity(node, "`within`"));
    let max = reader.required(&fields, "max").and_then(|node| reader.duration(node, "the longest time"));
    after.zip(max)
}
