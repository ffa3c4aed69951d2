//! Headers that name another call than the body makes: what goes by headers, a gateway, sees another call than the server.

use std::collections::BTreeSet;

use crate::compare::deviation::{Check, Tallies};
use crate::compare::effect::Found;
use crate::compare::history::History;
use crate::event::Announced;

/// The calls of a case whose headers say something else.
pub(in crate::compare) fn judge(history: &History<'_>, tallies: &mut Tallies) -> Vec<Found> {
    let mut found = Vec::new();
    let mut told = BTreeSet::new();
    for (at, event) in history.events.iter().enumerate() {
        let Some(announced) = event.spoken.as_ref().and_then(|spoken| spoken.headers.as_ref()) else { continue };
        let Announced::Different { header, said, done } = announced else {
            tallies.count_fine(Check::HeaderMismatch, event.source);
            continue;
        };
        tallies.count(Check::HeaderMismatch, event.source, Some(true));
        let life = event.objects.first().and_then(|object| history.life_of(&object.id));
        let mut one = Found::new(Check::HeaderMismatch, at, life);
        one.expected = vec![format!("{header} {said}").into()];
        one.observed = vec![done.clone()];
        // Who does it again in one case is told once.
        if told.insert((header, said, done, &event.actor.principal, event.outcome)) {
            found.push(one);
        }
    }
    found
}
