//! `inherit:` an agent never reaches further than the person for whom it acts.

use super::Step;
use crate::compare::deviation::{Check, Tallies};
use crate::compare::effect::Found;
use crate::compare::permission::{self, roles_are_seen};
use crate::compare::scope::CaseScope;
use crate::event::{Actor, Event, Value};
use crate::model::expression::{Bound, Truth};
use crate::model::{ConstraintKind, ObjectTypeId, Root, Transition};

/// An object of another tenant than the principal's.
pub(super) fn tenant(step: &Step<'_, '_, '_>, tallies: &mut Tallies) -> Option<Found> {
    let wanted = step.delegation.inherit.tenant;
    let own = step.event.actor.tenant.as_ref().filter(|_| !step.event.actor.is_disputed()).map(|own| &**own);
    reach(step, Check::DelegatedTenant, wanted, "tenant", own, |_| Some(false), tallies)
}

/// An object of somebody else than the principal, who has no role for that either.
pub(super) fn owner(step: &Step<'_, '_, '_>, tallies: &mut Tallies) -> Option<Found> {
    let wanted = step.delegation.inherit.owner;
    let actor = &step.event.actor;
    let own = actor.principal.as_ref().filter(|_| !actor.is_disputed()).map(|own| &**own);
    reach(step, Check::DelegatedScope, wanted, "owner", own, |object_type| exempt(step, object_type), tallies)
}

/// Compares what is told of the objects of a step with what the principal has: the first that differs is reported.
fn reach(
    step: &Step<'_, '_, '_>,
    check: Check,
    wanted: bool,
    attribute: &str,
    own: Option<&str>,
    exempt: impl Fn(ObjectTypeId) -> Option<bool>,
    tallies: &mut Tallies,
) -> Option<Found> {
    let history = step.context.history;
    if !wanted || history.activity(step.at).is_none() || !step.counts(check) {
        return None;
    }
    let scope = CaseScope { history, at: step.at, after: false, unwritten: true, timelines: step.context.timelines };
    let mut verdict = None;
    let mut worst = None;
    for object in &step.event.objects {
        let Some(object_type) = history.plan.object_type(&object.id.object_type) else { continue };
        let model = history.plan.type_of(object_type);
        let declares =
            model.is_some_and(|t| if attribute == "owner" { t.owner.is_some() } else { !t.tenant.is_empty() });
        if !declares {
            continue;
        }
        let life = history.life_of(&object.id);
        let theirs = life.map_or(Bound::Unknown, |life| scope.attribute(life, attribute));
        let differs = match (&theirs, own) {
            (Bound::Exactly(Value::Text(theirs)), Some(own)) if **theirs != *own => exempt(object_type).map(|e| !e),
            (Bound::Exactly(Value::Text(_)), Some(_)) => Some(false),
            _ => None,
        };
        if let (Some(true), Bound::Exactly(theirs)) = (differs, &theirs) {
            worst = worst.or(Some((life, format!("{}.{attribute} {theirs}", object.id.object_type))));
            verdict = Some(Some(true));
        }
        verdict = match (verdict, differs) {
            (Some(Some(true)), _) => Some(Some(true)),
            (Some(None), _) | (_, None) => Some(None),
            _ => Some(Some(false)),
        };
    }
    // An event without such an object is none of this rule's business.
    if !step.decide(check, verdict?, tallies) {
        return None;
    }
    let (life, expected) = worst?;
    let named = if attribute == "owner" { "principal" } else { "tenant" };
    let observed = format!("actor.{named} {}", own.unwrap_or_default());
    Some(Found { life, expected: vec![expected.into()], observed: vec![observed.into()], ..step.found(check) })
}

/// Whether a role lets the principal use objects of others at this step: those that the model's own walls let through.
fn exempt(step: &Step<'_, '_, '_>, object_type: ObjectTypeId) -> Option<bool> {
    let activity = step.context.history.activity(step.at);
    let mut asked = false;
    for constraint in &step.context.history.plan.model.constraints {
        let ConstraintKind::Same { left, right, activities, unless_role } = &constraint.kind else { continue };
        let wall = [left, right].iter().any(|path| {
            path.root == Root::Object(object_type) && path.fields.last().is_some_and(|field| &**field == "owner")
        });
        let applies = activities.as_ref().is_none_or(|list| activity.is_some_and(|activity| list.contains(&activity)));
        if wall && applies && !unless_role.is_empty() {
            asked = true;
            if step.event.actor.roles.iter().any(|role| unless_role.contains(role)) {
                return Some(true);
            }
        }
    }
    (!asked || roles_are_seen(step.event)).then_some(false)
}

/// A step that the principal may not take without the agent.
pub(super) fn roles(step: &Step<'_, '_, '_>, tallies: &mut Tallies) -> Option<Found> {
    let plan = step.context.history.plan;
    let activity = step.context.history.activity(step.at)?;
    let check = Check::DelegatedScope;
    if !step.delegation.inherit.roles || !step.counts(check) {
        return None;
    }
    let transitions = plan.model.lifecycles.iter().flat_map(|lifecycle| &lifecycle.transitions);
    let own: Vec<&Transition> = transitions.filter(|transition| transition.activity == activity).collect();
    if own.is_empty() {
        return None;
    }
    let alone = Event { actor: Actor { agent: None, ..step.event.actor.clone() }, ..step.event.clone() };
    let may = own.iter().map(|transition| {
        // A step for persons only is asked of the agent elsewhere.
        permission::permits(&Transition { kind: None, ..(*transition).clone() }, &alone, &plan.model.actors)
    });
    let may = may.fold(Truth::False, |any, one| match (any, one) {
        (Truth::True, _) | (_, Truth::True) => Truth::True,
        (Truth::Unknown, _) | (_, Truth::Unknown) => Truth::Unknown,
        _ => Truth::False,
    });
    let broken = match may {
        Truth::True => Some(false),
        Truth::False => Some(true),
        Truth::Unknown => None,
    };
    if !step.decide(check, broken, tallies) {
        return None;
    }
    let mut names: Vec<&str> = own.iter().flat_map(|transition| &transition.by).map(|name| &**name).collect();
    names.sort_unstable();
    names.dedup();
    names.retain(|name| *name != "agent" && !name.starts_with("agent:"));
    let expected = if names.is_empty() { "nobody without an agent".to_owned() } else { names.join(" or ") };
    let actor = &step.event.actor;
    let held = actor.roles.iter().map(|role| &**role).collect::<Vec<_>>().join(", ");
    let observed = format!(
        "{} with {}",
        actor.principal.as_deref().unwrap_or("nobody"),
        if held.is_empty() { "no role" } else { &held }
    );
    Some(Found { expected: vec![expected.into()], observed: vec![observed.into()], ..step.found(check) })
}
