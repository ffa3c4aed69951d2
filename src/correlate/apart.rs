//! Objects whose keys several tenants use, told apart by them: by default, where nobody said how.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::object::scoped;
use super::reuse::{KeyUser, ReusedKey};
use crate::event::Event;
use crate::model::{ConstraintKind, Model, Transition};

/// Types whose keys are taken for unique within a tenant only, and what tells the tenants apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Apart(BTreeMap<Arc<str>, KeyUser>);

impl Apart {
    /// Of the types whose keys were reused, those whose users each made objects of the same keys, and all of whose calls
    /// tell the tenant. That both work on them says nothing: who abuses another tenant's objects does.
    /// Of a model's types only those of which it says nothing that has to do with tenants.
    pub fn of(reused: Vec<ReusedKey>, model: Option<&Model>) -> Apart {
        let known = reused.into_iter().filter(|reused| !reused.made_by.is_empty() && reused.told);
        let open = known.filter(|reused| model.is_none_or(|model| is_open(model, reused)));
        Apart(open.map(|reused| (reused.object_type, reused.by)).collect())
    }

    /// Whether the objects of a type are told apart.
    pub fn holds(&self, object_type: &str) -> bool {
        self.0.contains_key(object_type)
    }

    /// Gives an event's objects the identities that they have within their tenants. No exchange shows their own tenant:
    /// it is the actor's.
    pub fn settle(&self, event: &mut Event) {
        if self.0.is_empty() {
            return;
        }
        let user = |object_type: &Arc<str>| match self.0.get(object_type)? {
            KeyUser::Tenant => event.actor.tenant.clone(),
            KeyUser::Host => event.host.clone(),
        };
        if let Some(case) = &mut event.case
            && let Some(user) = user(&case.object_type)
        {
            case.key = scoped(&user, &case.key);
        }
        for object in &mut event.objects {
            let Some(user) = user(&object.id.object_type) else { continue };
            object.id.key = scoped(&user, &object.id.key);
            // What joined it to the first of its tenants spoke of all.
            object.tenant = object.tenant.take().map(|_| user);
        }
    }
}

/// Whether a model leaves open in which tenant the keys of a type are unique, and judges nothing by the type's tenant.
fn is_open(model: &Model, reused: &ReusedKey) -> bool {
    let name = &reused.object_type;
    let Some(known) = model.object_types.iter().find(|known| known.name == *name) else { return false };
    let tenant = format!("{name}.tenant");
    let guards = model.lifecycles.iter().flat_map(|l| &l.transitions).filter_map(|t| t.when.as_ref());
    let conditions = model.constraints.iter().filter_map(|c| c.condition.as_ref());
    let judged = model.constraints.iter().any(|constraint| match &constraint.kind {
        ConstraintKind::Same { left, right, .. } => [left, right].iter().any(|path| *path.text == *tenant),
        ConstraintKind::Always(expression) => expression.text.contains(&tenant),
        _ => false,
    });
    let asked = guards.chain(conditions).any(|expression| expression.text.contains(&tenant));
    let made = reused.made_by.iter().all(|activity| makes(model, name, activity.as_deref()));
    made && reused.by == KeyUser::Tenant && !known.within_tenant && known.tenant.is_empty() && !judged && !asked
}

/// Whether an activity brings objects of a type into being, or may: what a step on an object answers looks like what
/// made it.
fn makes(model: &Model, object_type: &str, activity: Option<&str>) -> bool {
    let lifecycle = model.object_type(object_type).and_then(|id| model.lifecycle_of(id));
    let Some(lifecycle) = lifecycle else { return true };
    let activity = activity.and_then(|name| model.activity(name));
    let named = |t: &&Transition| Some(t.activity) == activity;
    lifecycle.transitions.iter().filter(named).any(|t| t.from.contains(&lifecycle.initial))
}
