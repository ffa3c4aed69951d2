//! Members that one actor was given, and that others of the operation never are.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Class, Group, Member, Operation, name};
use crate::compare::Stray;
use crate::compare::course::told::Told;
use crate::compare::deviation::Check;
use crate::compare::threshold::{READ_ACTORS, READ_USES};

/// How many times as much as is needed makes it more than a matter for review.
const PLENTY: u64 = 3;
/// Of ten answers, those with a member that is there for a role.
const OF_ROLE: u64 = 9;
/// One in how many answers is rare.
const RARE: u64 = 20;

const SELDOM: (f32, &str) = (0.4, "the object may be the only one that has it");
const FEW: (f32, &str) = (0.45, "so little was seen that it may be chance, or the role was given the right meanwhile");
const GRANTED: (f32, &str) = (0.6, "the right may have been given meanwhile, or the object may be another's business");

/// Judges one operation.
pub(super) fn judge(operation: &Operation, told: &mut Told) {
    for (class, group) in &operation.told {
        let mut found: Vec<(&Arc<str>, &Member, (f32, &'static str))> = Vec::new();
        for (path, member) in &group.members {
            found.extend(given(operation, (class, group), (path, member), told).map(|doubt| (path, member, doubt)));
        }
        let mut by_actor: BTreeMap<u64, Vec<_>> = BTreeMap::new();
        for one in found {
            by_actor.entry(one.1.actors.first().copied().unwrap_or_default()).or_default().push(one);
        }
        if by_actor.is_empty() && group.actors.len() > 1 {
            group.count_fine(Check::MemberRead, told);
        }
        for mut found in by_actor.into_values() {
            found.sort_by(|a, b| b.2.0.total_cmp(&a.2.0).then(a.1.first.cmp(&b.1.first)).then(a.0.cmp(b.0)));
            let Some((path, member, doubt)) = found.first() else { continue };
            let Some((at, source)) = member.first else { continue };
            let more = match found.len() {
                1 => String::new(),
                several => format!(" and {} more", several - 1),
            };
            let (without, _) = group.without(member);
            let stray = Stray {
                check: Check::MemberRead,
                at: at.2,
                events: group.first.map(|(first, _)| first.2).into_iter().chain([at.2]).collect(),
                expected: vec![format!("an answer as {without} others").into()],
                observed: vec![format!("`{path}`{more} in it").into()],
                doubt: Some(*doubt),
            };
            told.stray(stray, source);
        }
    }
}

/// Whether a member is one that only one of his sort was given, and why it is doubted.
fn given(
    operation: &Operation,
    (class, group): (&Class, &Group),
    (path, member): (&Arc<str>, &Member),
    told: &Told,
) -> Option<(f32, &'static str)> {
    let (uses, actors) = group.without(member);
    let least = u64::try_from(told.limits.get(&READ_USES)).unwrap_or(u64::MAX);
    let few = told.limits.count(&READ_ACTORS);
    let rare = member.count.saturating_mul(RARE) <= group.requests;
    if member.actors.len() != 1 || !rare || uses < least || actors < few {
        return None;
    }
    // A member that those of another role are given nearly always is there for them.
    let for_role = operation.told.iter().any(|(other, theirs)| {
        let apart = class.has_roles() && other.has_roles() && !other.shares_role(class);
        let of_them = theirs.members.get(path);
        let always = of_them.is_some_and(|theirs_of| {
            theirs_of.count.saturating_mul(10) >= theirs.requests.saturating_mul(OF_ROLE) && theirs_of.actors.len() > 1
        });
        apart && always && theirs.requests >= least / 2
    });
    match (for_role, uses >= least.saturating_mul(PLENTY)) {
        (true, true) => Some(GRANTED),
        (true, false) => Some(FEW),
        (false, _) => name::is_guarded(path).then_some(SELDOM),
    }
}
