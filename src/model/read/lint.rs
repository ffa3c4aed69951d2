//! What is well-formed and still wrong: states nobody reaches, transitions that say nothing, calls of two activities.

use std::collections::BTreeMap;

use super::reader::Reader;
use crate::model::diagnostic::{Diagnostic, Span};
use crate::model::{Activity, ActivityId, Code, Lifecycle, Matcher, Model, Transition, shape};

/// Checks one lifecycle; `spans` are those of its transitions.
pub(super) fn lifecycle(reader: &mut Reader, lifecycle: &Lifecycle, spans: &[Span], key: &Span) {
    shadowed(reader, lifecycle, spans);
    let reached = reached(lifecycle);
    for (number, state) in lifecycle.states.iter().enumerate() {
        let span = state_span(reader, lifecycle, number).unwrap_or_else(|| key.clone());
        let leaves = lifecycle.transitions.iter().any(|t| t.from.contains(&number));
        if !reached.contains(&number) {
            let title = format!("the state `{}` is never reached", state.name);
            let diagnostic = Diagnostic::error(Code::Unreachable, span, title);
            reader.found.push(diagnostic.label("no transitions lead here from the initial state"));
        } else if !leaves && !state.final_state {
            let title = format!("nothing leaves the state `{}`, yet it is not final", state.name);
            let diagnostic = Diagnostic::warning(Code::DeadEnd, span, title);
            reader.found.push(diagnostic.help(format!("mark it as the end: `{}: final`", state.name)));
        }
    }
}

pub(super) fn state_span(reader: &Reader, lifecycle: &Lifecycle, number: usize) -> Option<Span> {
    let states = reader.outline.object_at(lifecycle.object_type)?.states.as_ref()?;
    states
        .iter()
        .find(|(name, _)| lifecycle.states.get(number).is_some_and(|s| s.name == *name))
        .map(|(_, s)| s.clone())
}

/// States that some sequence of transitions leads to, guards aside.
fn reached(lifecycle: &Lifecycle) -> Vec<usize> {
    let mut reached = vec![lifecycle.initial];
    let mut next = 0;
    while let Some(state) = reached.get(next).copied() {
        for transition in lifecycle.transitions.iter().filter(|t| t.from.contains(&state)) {
            if !reached.contains(&transition.to) {
                reached.push(transition.to);
            }
        }
        next += 1;
    }
    reached
}

fn shadowed(reader: &mut Reader, lifecycle: &Lifecycle, spans: &[Span]) {
    for (later, transition) in lifecycle.transitions.iter().enumerate() {
        for (earlier, other) in lifecycle.transitions.iter().enumerate() {
            let (Some(span), Some(other_span)) = (spans.get(later), spans.get(earlier)) else { continue };
            if earlier == later || transition.activity != other.activity {
                continue;
            }
            let equal = covers(other, transition) && covers(transition, other);
            if transition.to == other.to && covers(other, transition) && (!equal || earlier < later) {
                let title = "this transition says nothing that another does not";
                let diagnostic = Diagnostic::error(Code::Shadowed, span.clone(), title)
                    .label("never needed")
                    .note(other_span.clone(), "this one allows the same and more")
                    .help("remove it, or give it the guard that was meant");
                reader.found.push(diagnostic);
                break;
            }
            let shared = transition.from.iter().any(|state| other.from.contains(state));
            // Who lists several states says that the server decides.
            let one = span == other_span;
            if !one && earlier < later && transition.to != other.to && shared && same_demands(other, transition) {
                let title = "two transitions of one activity start alike and end differently";
                let diagnostic = Diagnostic::warning(Code::Shadowed, span.clone(), title)
                    .label("nothing tells it from the other")
                    .note(other_span.clone(), "the other")
                    .help("add `when`, `by` or `kind`; if the server decides, both states stay possible");
                reader.found.push(diagnostic);
                break;
            }
        }
    }
}

/// Whether whatever `narrow` allows, `wide` allows too.
fn covers(wide: &Transition, narrow: &Transition) -> bool {
    covers_but_guard(wide, narrow) && (wide.when.is_none() || guard(wide) == guard(narrow))
}

/// Whether whatever `narrow` allows, `wide` allows too, the guards of both aside.
pub(super) fn covers_but_guard(wide: &Transition, narrow: &Transition) -> bool {
    narrow.from.iter().all(|state| wide.from.contains(state))
        && (wide.by.is_empty() || (!narrow.by.is_empty() && narrow.by.iter().all(|role| wide.by.contains(role))))
        && (wide.kind.is_none() || wide.kind == narrow.kind)
        && (wide.within.is_none() || wide.within == narrow.within)
        && wide.once == narrow.once
}

fn same_demands(a: &Transition, b: &Transition) -> bool {
    let sorted = |transition: &Transition| {
        let mut by = transition.by.clone();
        by.sort();
        by
    };
    sorted(a) == sorted(b) && a.kind == b.kind && guard(a) == guard(b) && a.within == b.within
}

fn guard(transition: &Transition) -> Option<&str> {
    transition.when.as_ref().map(|when| &*when.text)
}

/// Checks what only the whole model shows.
pub(super) fn model(reader: &mut Reader, model: &Model) {
    let mut calls: BTreeMap<String, usize> = BTreeMap::new();
    for (at, activity) in model.activities.iter().enumerate() {
        let Some(id) = u16::try_from(at).ok().map(ActivityId) else { return };
        unused(reader, model, activity, id);
        for matcher in &activity.matchers {
            let first = *calls.entry(calls_of(matcher)).or_insert(at);
            if first != at {
                ambiguous(reader, first, at);
                break;
            }
        }
    }
}

fn unused(reader: &mut Reader, model: &Model, activity: &Activity, id: ActivityId) {
    let Some(target) = activity.objects.first().filter(|_| !activity.read) else { return };
    let Some(lifecycle) = model.lifecycle_of(target.object_type) else { return };
    let used = model.lifecycles.iter().any(|l| l.transitions.iter().any(|t| t.activity == id));
    // An activity whose calls cannot be matched never occurs.
    if used || activity.matchers.is_empty() || reader.transitions_missing {
        return;
    }
    let (Some(outline), Some(object)) =
        (reader.outline.activity_at(id), reader.outline.object_at(lifecycle.object_type))
    else {
        return;
    };
    let title = format!("no transition of `{}` uses the activity `{}`", object.name, activity.name);
    let diagnostic = Diagnostic::warning(Code::Unused, outline.span.clone(), title)
        .label("each accepted event of it will be a deviation")
        .help("add a transition, or `read: true` if it never changes the object");
    reader.found.push(diagnostic);
}

fn ambiguous(reader: &mut Reader, first: usize, at: usize) {
    let (Some(here), Some(there)) = (reader.outline.activities.get(at), reader.outline.activities.get(first)) else {
        return;
    };
    let title = format!("`{}` and `{}` match the same calls", there.name, here.name);
    let diagnostic = Diagnostic::warning(Code::Ambiguous, here.span.clone(), title)
        .label("each call will be an event of both")
        .note(there.span.clone(), "the other")
        .help("tell them apart by `host:` or `where:`");
    reader.found.push(diagnostic);
}

/// The calls that a matcher takes, in one text: parameters go by place, not by name.
fn calls_of(matcher: &Matcher) -> String {
    let mut calls = format!("{:?} {:?} ", matcher.method, matcher.host);
    calls.push_str(&shape(&matcher.template));
    calls.extend(matcher.call.as_ref().map(ToString::to_string));
    calls.push(' ');
    calls.push_str(matcher.condition.as_ref().map_or("", |condition| &condition.text));
    calls
}
