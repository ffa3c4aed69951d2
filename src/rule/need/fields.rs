//! Which attributes a check rests on: where none of them was ever found, the model looks in the wrong place.

use std::collections::BTreeSet;

use super::demand::reports;
use crate::compare::Check;
use crate::model::{AttributeRule, ConstraintKind, Expression, Model, Path, Root};

/// Attributes that a check's guards and constraints read, as `pay.amount` of an activity and `order.total` of an object.
pub fn fields(check: Check, model: &Model) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let guarded = matches!(check, Check::Guard | Check::Mismatch | Check::Skip | Check::Order | Check::Direct);
    let transitions = model.lifecycles.iter().flat_map(|l| &l.transitions).filter(|_| guarded);
    transitions.filter_map(|t| t.when.as_ref()).for_each(|guard| expression(guard, model, &mut found));
    for constraint in model.constraints.iter().filter(|constraint| reports(model, constraint, check)) {
        constraint.condition.iter().for_each(|condition| expression(condition, model, &mut found));
        match &constraint.kind {
            ConstraintKind::Always(always) => expression(always, model, &mut found),
            ConstraintKind::WindowSum { value, .. } => path(value, model, &mut found),
            ConstraintKind::Require { unchanged, .. } if check == Check::ApprovalChanged => {
                unchanged.iter().for_each(|value| path(value, model, &mut found));
            }
            ConstraintKind::Same { left, right, .. } => {
                [left, right].into_iter().for_each(|side| path(side, model, &mut found));
            }
            _ => {}
        }
    }
    found
}

fn expression(expression: &Expression, model: &Model, found: &mut BTreeSet<String>) {
    expression.paths().into_iter().for_each(|read| path(read, model, found));
}

fn path(path: &Path, model: &Model, found: &mut BTreeSet<String>) {
    let Some(name) = path.fields.last() else { return };
    match &path.root {
        Root::Event => {
            let having = model.activities.iter().filter(|a| a.attributes.iter().any(|(own, _)| own == name));
            found.extend(having.map(|activity| format!("{}.{name}", activity.name)));
        }
        Root::Object(object_type) => {
            // `order.refunds.amount` is an attribute of the child type, which the first field names.
            let child = path.fields.first().filter(|_| path.fields.len() > 1);
            let owner = child.and_then(|child| model.object_type(child)).unwrap_or(*object_type);
            let Some(owner) = model.object_types.get(usize::from(owner.0)) else { return };
            match owner.attributes.iter().find(|attribute| attribute.name == *name).map(|a| &a.value) {
                Some(AttributeRule::Exchange(_)) => _ = found.insert(format!("{}.{name}", owner.name)),
                Some(AttributeRule::Sum { activity, attribute }) => {
                    let activity = model.activities.get(usize::from(activity.0));
                    found.extend(activity.map(|activity| format!("{}.{attribute}", activity.name)));
                }
                None => {}
            }
        }
        _ => {}
    }
}
