//! What a client writes that is not its own to write: the state, or a second id for one object.

use super::deviation::{Check, Tallies};
use super::effect::Found;
use super::history::History;
use super::timeline::Timeline;
use crate::event::{Event, ObjectRef, Outcome};

/// Clients that write an object's state field.
pub(super) fn states(history: &History<'_>, timelines: &[Timeline], tallies: &mut Tallies) -> Vec<Found> {
    let mut found = Vec::new();
    for (at, event) in history.events.iter().enumerate() {
        let service = &*event.actor.kind == "service" && event.actor.agent.is_none();
        if event.read || service || event.outcome == Outcome::Unknown || !history.plan.in_force(event) {
            continue;
        }
        for reference in &event.objects {
            let Some(object_type) = history.plan.object_type(&reference.id.object_type) else { continue };
            if history.plan.type_of(object_type).is_none_or(|t| t.state.is_empty()) {
                continue;
            }
            let Some(written) = &reference.written_state else {
                tallies.count(Check::StateField, event.source, event.shows.request_body.then_some(false));
                continue;
            };
            let step_itself = history.activity(at).is_some_and(|a| history.plan.selected_by_state(a, object_type));
            let changes = !step_itself && changes(history, timelines, at, reference, written);
            tallies.count(Check::StateField, event.source, Some(changes));
            if changes {
                let life = history.life_of(&reference.id);
                let mut deviation = Found::new(Check::StateField, at, life);
                deviation.observed = vec![written.clone()];
                deviation.states = before(history, timelines, at, reference);
                deviation.expected = deviation.states.clone();
                found.push(deviation);
            }
        }
    }
    found
}

/// Whether the value is a state of the object's life other than the one it surely has: a client that sends the whole
/// object back unchanged writes nothing. Nor does one that makes an object and says the state in which all begin.
fn changes(history: &History<'_>, timelines: &[Timeline], at: usize, reference: &ObjectRef, written: &str) -> bool {
    let automaton = history.plan.object_type(&reference.id.object_type).and_then(|t| history.plan.automaton(t));
    let Some(automaton) = automaton else { return true };
    let Some(state) = automaton.state(written) else { return false };
    let begins = |activity| automaton.creates(activity) && automaton.targets(activity).only() == Some(state);
    if history.activity(at).is_some_and(begins) {
        return false;
    }
    let timeline = history.life_of(&reference.id).and_then(|l| timelines.get(l));
    let possible = timeline.and_then(|t| t.possible(history, at, false));
    possible.and_then(|p| p.only()) != Some(state)
}

fn before(history: &History<'_>, timelines: &[Timeline], at: usize, reference: &ObjectRef) -> Vec<std::sync::Arc<str>> {
    let automaton = history.plan.object_type(&reference.id.object_type).and_then(|t| history.plan.automaton(t));
    let timeline = history.life_of(&reference.id).and_then(|l| timelines.get(l));
    let possible = timeline.and_then(|t| t.possible(history, at, false));
    automaton.zip(possible).map(|(a, p)| a.state_names(&p)).unwrap_or_default()
}

/// Requests that name one object by two keys.
pub(super) fn keys(history: &History<'_>, tallies: &mut Tallies) -> Vec<Found> {
    let mut found = Vec::new();
    let accepted = |e: &&(usize, &Event)| e.1.outcome == Outcome::Accepted && !e.1.objects.is_empty();
    for (at, event) in history.events.iter().enumerate().collect::<Vec<_>>().iter().filter(accepted) {
        let conflict = event.objects.iter().find_map(|o| Some((o, o.conflicting_key.as_ref()?)));
        let verdict = match conflict {
            Some(_) => Some(true),
            None => event.shows.request_body.then_some(false),
        };
        tallies.count(Check::Mismatch, event.source, verdict);
        if let Some((object, other)) = conflict {
            let mut deviation = Found::new(Check::Mismatch, *at, history.life_of(&object.id));
            let own = history.plan.object_type(&object.id.object_type);
            let own = own.and_then(|t| history.plan.own_key(t, &object.id.key));
            deviation.expected = vec![own.map_or_else(|| object.id.key.clone(), Into::into)];
            deviation.observed = vec![other.clone()];
            found.push(deviation);
        }
    }
    found
}
