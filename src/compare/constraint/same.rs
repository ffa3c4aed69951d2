//! `same`: two paths agree at these activities, such as the actor and the object's owner, or their tenants.

use std::collections::BTreeSet;

use super::require::same;
use super::{Context, counts};
use crate::compare::deviation::{Check, Tallies};
use crate::compare::effect::Found;
use crate::compare::permission::roles_are_seen;
use crate::compare::scope::CaseScope;
use crate::event::{Event, Outcome};
use crate::model::expression::{Bound, Scope, Truth};
use crate::model::{Constraint, ConstraintKind, ObjectTypeId, Path, Root};

pub(super) fn judge(context: &Context<'_, '_>, constraint: &Constraint, tallies: &mut Tallies) -> Vec<Found> {
    let ConstraintKind::Same { left, right, activities, unless_role } = &constraint.kind else { return Vec::new() };
    let history = context.history;
    let check = check_of(left, right);
    let Some(object_type) = [right, left].into_iter().find_map(object_type_of) else { return Vec::new() };
    let mut found = Vec::new();
    let mut reported = BTreeSet::new();
    for (at, event) in history.events.iter().enumerate() {
        let judged = match activities {
            Some(list) => history.activity(at).is_some_and(|a| list.contains(&a)),
            None if !history.plan.in_force(event) => false,
            None => event.objects.iter().any(|o| history.plan.object_type(&o.id.object_type) == Some(object_type)),
        };
        if !judged
            || history.is_mere_retry(at)
            || !counts(event, check)
            || context.applies(constraint, at) == Truth::False
        {
            continue;
        }
        let differs = differs(context, constraint, (left, right), at, event, unless_role);
        tallies.count(check, event.source, differs.as_ref().map(Option::is_some));
        let Some(Some((expected, observed))) = differs else { continue };
        let life = history.object_at(object_type, at);
        let rejected = event.outcome == Outcome::Rejected;
        if reported.insert((life, event.actor.principal.clone(), event.activity.clone(), rejected)) {
            let mut deviation = Found::new(check, at, life);
            deviation.expected = vec![expected.into()];
            deviation.observed = vec![observed.into()];
            deviation.evidence = teller(context, life, at);
            let told = life.filter(|_| check == Check::Tenant).and_then(|life| context.scope(at).tenant(life));
            deviation.doubt = told.and_then(|told| told.doubt);
            found.push(deviation);
        }
    }
    found
}

/// Which rule a mismatch breaks: the one on ownership, on tenants, or on values that should agree.
fn check_of(left: &Path, right: &Path) -> Check {
    let ends = |name: &str| {
        [left, right].iter().any(|p| matches!(p.root, Root::Object(_)) && p.fields.last().is_some_and(|f| &**f == name))
    };
    if ends("tenant") {
        Check::Tenant
    } else if ends("owner") {
        Check::Owner
    } else {
        Check::Mismatch
    }
}

fn object_type_of(path: &Path) -> Option<ObjectTypeId> {
    match path.root {
        Root::Object(object_type) => Some(object_type),
        _ => None,
    }
}

/// `None` when it cannot be told, `Some(None)` when the two agree or the actor is exempt, else both values in words.
fn differs(
    context: &Context<'_, '_>,
    constraint: &Constraint,
    (left, right): (&Path, &Path),
    at: usize,
    event: &Event,
    unless_role: &[std::sync::Arc<str>],
) -> Option<Option<(String, String)>> {
    let scope = CaseScope { unwritten: true, ..context.scope(at) };
    let (Bound::Exactly(a), Bound::Exactly(b)) = (scope.value(left), scope.value(right)) else { return None };
    if same(&a, &b)? || event.actor.roles.iter().any(|r| unless_role.contains(r)) {
        return Some(None);
    }
    // A source without roles cannot say that the actor has none of the exempt ones.
    let exempt_unknown = !unless_role.is_empty() && !roles_are_seen(event);
    if exempt_unknown || context.applies(constraint, at) == Truth::Unknown {
        return None;
    }
    let (expected, observed) =
        if matches!(right.root, Root::Object(_)) { ((right, b), (left, a)) } else { ((left, a), (right, b)) };
    Some(Some((format!("{} {}", expected.0.text, expected.1), format!("{} {}", observed.0.text, observed.1))))
}

/// The first accepted event of the object, which shows whose it is.
fn teller(context: &Context<'_, '_>, life: Option<usize>, at: usize) -> Vec<usize> {
    let touches = life.and_then(|l| context.history.life(l)).map(|l| l.touches.as_slice()).unwrap_or_default();
    let accepted = |i: &usize| context.history.event(*i).is_some_and(|e| e.outcome == Outcome::Accepted);
    touches.iter().map(|t| t.event).filter(|i| *i < at).find(accepted).into_iter().collect()
}
