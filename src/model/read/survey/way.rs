//! Ways through a life: loops that `once` closes, transitions that a looser guard covers, open ways to restricted states.

use super::Places;
use crate::model::diagnostic::Diagnostic;
use crate::model::read::lint::{covers_but_guard, state_span};
use crate::model::read::reader::Reader;
use crate::model::{Code, Lifecycle, Model, Transition, logic};

/// Looks over every lifecycle.
pub(super) fn lifecycles(reader: &mut Reader, places: &Places, model: &Model) {
    for (number, lifecycle) in model.lifecycles.iter().enumerate() {
        covered(reader, places, number, lifecycle);
        once(reader, places, number, lifecycle);
        restricted(reader, places, number, lifecycle, model);
    }
}

/// Transitions whose guard lets nothing through that another's does not.
fn covered(reader: &mut Reader, places: &Places, number: usize, lifecycle: &Lifecycle) {
    let transitions = &lifecycle.transitions;
    for (at, narrow) in transitions.iter().enumerate() {
        let covers = |(other, wide): &(usize, &Transition)| {
            let guarded = wide.when.as_ref().zip(narrow.when.as_ref());
            let within = |(wide, narrow): (&crate::model::Expression, _)| covers_guard(wide, narrow);
            *other != at && wide.activity == narrow.activity && wide.to == narrow.to
                && covers_but_guard(wide, narrow)
                // Equal texts are told to everybody; of two guards that say the same the later one is told.
                && guarded.is_some_and(|(w, n)| w.text != n.text && within((w, n)) && (*other < at || !covers_guard(n, w)))
        };
        let Some((other, _)) = transitions.iter().enumerate().find(covers) else { continue };
        let title = "this transition says nothing that another does not";
        let warning = Diagnostic::warning(Code::Shadowed, places.transition(number, at), title)
            .label("never needed: its guard implies the other's")
            .note(places.transition(number, other), "this one allows the same and more")
            .help("remove it, or tighten the guard of the other");
        reader.found.push(warning);
    }
}

fn covers_guard(wide: &crate::model::Expression, narrow: &crate::model::Expression) -> bool {
    logic::is_within(&narrow.node, &wide.node)
}

/// States that the life can be in after some state, that state among them; without one transition where that is given.
fn after(lifecycle: &Lifecycle, from: usize, without: Option<usize>) -> Vec<bool> {
    let mut seen = vec![false; lifecycle.states.len()];
    let mut open = vec![from];
    while let Some(state) = open.pop() {
        let Some(known) = seen.get_mut(state).filter(|known| !**known) else { continue };
        *known = true;
        let leaving = lifecycle.transitions.iter().enumerate();
        let leaving = leaving.filter(|(at, transition)| Some(*at) != without && transition.from.contains(&state));
        open.extend(leaving.map(|(_, transition)| transition.to));
    }
    seen
}

fn once(reader: &mut Reader, places: &Places, number: usize, lifecycle: &Lifecycle) {
    for (at, transition) in lifecycle.transitions.iter().enumerate().filter(|(_, transition)| transition.once) {
        let again = after(lifecycle, transition.to, None);
        let first = after(lifecycle, lifecycle.initial, Some(at));
        let is = |states: &[bool], state: usize| states.get(state).copied().unwrap_or(false);
        let looped: Vec<usize> = transition.from.iter().copied().filter(|from| is(&again, *from)).collect();
        let name = |state: &usize| lifecycle.states.get(*state).map_or("", |state| &state.name).to_owned();
        let span = places.transition(number, at);
        if let Some(dead) = looped.iter().find(|from| !is(&first, **from)) {
            let title = format!("from the state `{}` this step can only be a second time", name(dead));
            let warning = Diagnostic::warning(Code::OnceInLoop, span, title);
            reader.found.push(
                warning
                    .label("nothing leads there but this transition, which may be taken once")
                    .help("leave `once` out, or leave this state out of `from`"),
            );
        } else if let Some(state) = looped.iter().find(|state| **state != transition.to) {
            let title = format!("the life can come back to `{}`, and the step is then forbidden", name(state));
            let advice = Diagnostic::warning(Code::OnceInLoop, span, title);
            reader.found.push(
                advice
                    .label("`once` holds for the whole life, not for one round")
                    .help("if each round may take it, leave `once` out: retries are told by their idempotency key"),
            );
        }
    }
}

/// Restricted states that anybody may bring an object into.
fn restricted(reader: &mut Reader, places: &Places, number: usize, lifecycle: &Lifecycle, model: &Model) {
    for (state, declared) in lifecycle.states.iter().enumerate().filter(|(_, state)| state.restricted) {
        let open = |transition: &Transition| {
            transition.by.is_empty() && transition.kind.is_none() && transition.when.is_none()
        };
        let unseen = |transition: &Transition| {
            model.activities.get(usize::from(transition.activity.0)).is_some_and(|activity| activity.unseen)
        };
        let judged = |transition: &Transition| {
            model
                .constraints
                .iter()
                .any(|constraint| super::activities(&constraint.kind).contains(&transition.activity))
        };
        let way = lifecycle.transitions.iter().enumerate().find(|(_, transition)| {
            let stays = transition.from.as_slice() == [state];
            transition.to == state && !stays && open(transition) && !unseen(transition) && !judged(transition)
        });
        let Some((at, _)) = way else { continue };
        let title = format!("anybody may bring an object into the restricted state `{}`", declared.name);
        let mut advice = Diagnostic::advice(Code::Unguarded, places.transition(number, at), title)
            .label("neither `by` nor `kind` nor `when`, and no constraint on the activity")
            .help("say who may, `by: [...]`, or under what condition, `when: ...`");
        if let Some(span) = state_span(reader, lifecycle, state) {
            advice = advice.note(span, "restricted here");
        }
        reader.found.push(advice);
    }
}
