//! Members that one client wrote, and that otherwise only answers, or requests of others, carry.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Group, Known, Member, Operation, name};
use crate::compare::Stray;
use crate::compare::course::told::Told;
use crate::compare::deviation::Check;
use crate::compare::threshold::{WRITTEN_ACTORS, WRITTEN_USES};
use crate::event::OrderKey;

/// How many times as much as is needed makes it more than a matter for review.
const PLENTY: u64 = 5;
/// Who writes a member more often does what it is there for.
const OFTEN: u64 = 2;
/// So many that are told of a member know it from the server; so many that write it may write it.
const SEVERAL: usize = 3;
/// Most names of members that are told.
const NAMED: usize = 4;

const FEW: (f32, &str) = (0.45, "so little was seen that others may be allowed to write it as well");
const ALLOWED: (f32, &str) = (0.65, "who wrote it may be allowed to, by a right that no traffic tells");
const UNSAID: (f32, &str) = (0.4, "the answer does not repeat it: the server may have left it out");
const OPTIONAL: (f32, &str) = (0.4, "it may be a member that a client seldom fills in");

/// Judges one operation; `known`: who is told and who writes members of what it is about.
pub(super) fn judge(operation: &Operation, known: &BTreeMap<Arc<str>, Known>, told: &mut Told) {
    for group in operation.sent.values() {
        let mut by_actor: BTreeMap<u64, Vec<(Written<'_>, OrderKey)>> = BTreeMap::new();
        for (path, member) in &group.members {
            let found = written(operation, group, (path, member), known.get(name::last(path)), told);
            let holder = member.actors.first().copied().zip(member.first);
            if let (Some(found), Some((actor, (at, _)))) = (found, holder) {
                by_actor.entry(actor).or_default().push((found, at));
            }
        }
        if by_actor.is_empty() && group.without(&Member::default()).1 > 0 {
            group.count_fine(Check::MemberWritten, told);
        }
        // Who tries several is told once, with the surest first.
        for mut found in by_actor.into_values() {
            found.sort_by(|(a, first), (b, second)| b.doubt.0.total_cmp(&a.doubt.0).then(first.cmp(second)));
            if let (Some((surest, at)), Some((_, source))) = (found.first(), group.first) {
                told.stray(stray(surest, *at, &found, group), source);
            }
        }
    }
}

/// A member that should not have been written.
struct Written<'o> {
    path: &'o str,
    repeated: bool,
    doubt: (f32, &'static str),
}

fn written<'o>(
    operation: &Operation,
    group: &Group,
    (path, member): (&'o Arc<str>, &Member),
    known: Option<&Known>,
    told: &Told,
) -> Option<Written<'o>> {
    let (uses, actors) = group.without(member);
    let least = u64::try_from(told.limits.get(&WRITTEN_USES)).unwrap_or(u64::MAX);
    let few = told.limits.count(&WRITTEN_ACTORS);
    let alone = member.actors.len() == 1 && member.count <= OFTEN;
    // What the answer gives another value the server did not take from the request.
    let ignored = member.other > 0 && member.same == 0;
    if !alone || ignored || uses < least || actors < few {
        return None;
    }
    let plenty = uses >= least.saturating_mul(PLENTY) && actors >= few.max(SEVERAL);
    let repeated = member.same > 0;
    let tellers = known.map_or(0, |known| known.told.len());
    let writers = known.map_or(0, |known| known.sent.len());
    let doubt = if name::is_kept(path) {
        match (repeated, plenty) {
            (false, _) => UNSAID,
            (true, false) => FEW,
            (true, true) => ALLOWED,
        }
    } else {
        // Of a member whose name says nothing others have to be told, and nobody may write it anywhere.
        let of_server = tellers >= SEVERAL && writers <= 1;
        (of_server && repeated && plenty && !operation.partial).then_some(OPTIONAL)?
    };
    Some(Written { path, repeated, doubt })
}

fn stray(surest: &Written<'_>, at: OrderKey, all: &[(Written<'_>, OrderKey)], group: &Group) -> Stray {
    let names: Vec<&str> = all.iter().map(|(one, _)| one.path).take(NAMED).collect();
    let more = all.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let taken = if surest.repeated { " and repeated in the answer" } else { "" };
    let others = group.requests.saturating_sub(1);
    Stray {
        check: Check::MemberWritten,
        at: at.2,
        events: all.iter().map(|(_, at)| at.2).chain(group.first.map(|(first, _)| first.2)).take(NAMED).collect(),
        expected: vec![format!("a request as {others} others").into()],
        observed: vec![format!("`{}`{more} written{taken}", names.join("`, `")).into()],
        doubt: Some(surest.doubt),
    }
}
