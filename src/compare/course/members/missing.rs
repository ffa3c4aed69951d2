//! Members that every request carries but one, which was let through without.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Group, Operation, name};
use crate::compare::Stray;
use crate::compare::course::told::Told;
use crate::compare::deviation::Check;
use crate::event::EventId;

/// Fewest requests, and actors, that show that a member is always there.
const REQUESTS: u64 = 30;
const ACTORS: usize = 4;
/// Most names of members that are told.
const NAMED: usize = 4;

const REQUIRED: (f32, &str) = (0.65, "what is asked for may differ by what else the request says");
const NAMED_SO: (f32, &str) = (0.4, "that it is needed is told by its name alone: it may be optional");

/// Judges one operation.
pub(super) fn judge(operation: &Operation, told: &mut Told) {
    // What changes a part has what it changes.
    if operation.partial {
        return;
    }
    for group in operation.sent.values().filter(|group| group.requests > REQUESTS && group.actors.len() >= ACTORS) {
        let mut by_event: BTreeMap<EventId, Vec<(&str, bool)>> = BTreeMap::new();
        for (path, member) in group.members.iter().filter(|(_, member)| member.count + 1 == group.requests) {
            let refused = operation.refused.iter().any(|sent| lacks_only(sent, path, group));
            if refused || name::is_asked(path) {
                // All of them but those that have it: the one that has not.
                by_event.entry(EventId(group.all ^ member.all)).or_default().push((path, refused));
            }
        }
        if by_event.is_empty() {
            group.count_fine(Check::MemberMissing, told);
        }
        for (at, missing) in by_event {
            let Some((first, source)) = group.first else { continue };
            let refused = missing.iter().any(|(_, refused)| *refused);
            let names: Vec<&str> = missing.iter().map(|(path, _)| *path).take(NAMED).collect();
            let more = missing.len().saturating_sub(NAMED);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            let also = if refused { " for want of which others are refused" } else { "" };
            let stray = Stray {
                check: Check::MemberMissing,
                at,
                events: vec![first.2, at],
                expected: vec![format!("a request as {} others", group.requests - 1).into()],
                observed: vec![format!("no `{}`{more}{also}", names.join("`, `")).into()],
                doubt: Some(if refused { REQUIRED } else { NAMED_SO }),
            };
            told.stray(stray, source);
        }
    }
}

/// Whether what was sent has all that every request has, but for one member.
fn lacks_only(sent: &[Arc<str>], path: &Arc<str>, group: &Group) -> bool {
    let has = |path: &Arc<str>| sent.binary_search(path).is_ok();
    let mut always = group.members.iter().filter(|(_, member)| member.count + 1 >= group.requests);
    !has(path) && always.all(|(other, _)| other == path || has(other))
}
