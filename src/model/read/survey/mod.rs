//! What only a whole model shows, and only who asks for it is told: loops that `once` closes, rules about what nothing
//! sets, steps nobody asks about, ways to a restricted state that are open to all, approvals of one's own requests.

mod approval;
mod naming;
#[cfg(test)]
mod tests;
mod unset;
mod way;

use std::collections::BTreeSet;
use std::sync::Arc;

use super::document::{Node, Shape};
use super::reader::{Fields, Reader};
use crate::model::diagnostic::{Diagnostic, Span};
use crate::model::expression::Root;
use crate::model::{ActivityId, AttributeRule, Code, ConstraintKind, Expression, Model, ObjectTypeId, Path};

/// Where the rules of a model stand.
#[derive(Clone, Debug, Default)]
pub(in crate::model::read) struct Places {
    /// Those of each lifecycle's transitions, in the model's order.
    pub(in crate::model::read) transitions: Vec<Vec<Span>>,
    /// Those of the constraints.
    pub(in crate::model::read) constraints: Vec<Span>,
}

impl Places {
    fn transition(&self, lifecycle: usize, transition: usize) -> Span {
        let span = self.transitions.get(lifecycle).and_then(|spans| spans.get(transition));
        span.cloned().unwrap_or_default()
    }

    fn constraint(&self, constraint: usize) -> Span {
        self.constraints.get(constraint).cloned().unwrap_or_default()
    }
}

/// Looks over a model that was read without an error.
pub(super) fn model(reader: &mut Reader, fields: &Fields<'_>, model: &Model) {
    let places = std::mem::take(&mut reader.places);
    way::lifecycles(reader, &places, model);
    unset::model(reader, &places, model);
    naming::roles(reader, &places, model);
    approval::model(reader, &places, model);
    idle(reader, fields, model);
}

/// Activities that nothing asks about.
fn idle(reader: &mut Reader, fields: &Fields<'_>, model: &Model) {
    let asked = asked(model);
    let mut named = BTreeSet::new();
    if let Some(delegations) = fields.get("delegations") {
        texts(delegations, &mut named);
    }
    let any = model.constraints.iter().any(|c| matches!(c.kind, ConstraintKind::Same { activities: None, .. }));
    for (at, activity) in model.activities.iter().enumerate() {
        let Some(id) = u16::try_from(at).ok().map(ActivityId) else { return };
        let lives = activity.objects.iter().any(|object| model.lifecycle_of(object.object_type).is_some());
        let used = activity.read || !activity.bind.is_empty() || asked.contains(&id) || lives;
        let judged = any && !activity.objects.is_empty();
        if used || judged || named.contains(&*activity.name) {
            continue;
        }
        let Some(outline) = reader.outline.activity_at(id) else { continue };
        let title = format!("nothing asks about the activity `{}`", activity.name);
        let advice = Diagnostic::advice(Code::Idle, outline.span.clone(), title);
        reader.found.push(advice.label("no transition, constraint or login names it"));
    }
}

/// Activities that some rule of the model names.
fn asked(model: &Model) -> BTreeSet<ActivityId> {
    let mut asked: BTreeSet<ActivityId> = model.actors.identify.iter().filter_map(|path| path.bound_by).collect();
    for transition in model.lifecycles.iter().flat_map(|lifecycle| &lifecycle.transitions) {
        asked.insert(transition.activity);
        asked.extend(transition.within.map(|(after, _)| after));
    }
    for object in &model.object_types {
        asked.extend(object.owner.as_ref().and_then(|owner| owner.set_by));
        asked.extend(object.attributes.iter().filter_map(|attribute| match attribute.value {
            AttributeRule::Sum { activity, .. } => Some(activity),
            AttributeRule::Exchange(_) => None,
        }));
    }
    for constraint in &model.constraints {
        asked.extend(activities(&constraint.kind));
    }
    asked
}

/// Activities that a constraint names.
fn activities(kind: &ConstraintKind) -> Vec<ActivityId> {
    match kind {
        ConstraintKind::Require { activity, before, .. } => vec![*activity, *before],
        ConstraintKind::DistinctPersons { activities, .. } => activities.clone(),
        ConstraintKind::Always(_) => Vec::new(),
        ConstraintKind::WindowSum { activity, unless, .. } => std::iter::once(*activity).chain(*unless).collect(),
        ConstraintKind::WindowCount { activity, until, .. } => {
            std::iter::once(activity).chain(until).copied().collect()
        }
        ConstraintKind::Hours { activity, .. } => vec![*activity],
        ConstraintKind::Never { activity, after, until, .. } => {
            [*activity, *after].iter().chain(until).copied().collect()
        }
        ConstraintKind::Same { activities, .. } => activities.clone().unwrap_or_default(),
    }
}

/// Every single value of a part of the file. Documents are at most 16 levels deep.
fn texts<'n>(node: &'n Node, into: &mut BTreeSet<&'n str>) {
    match &node.shape {
        Shape::Null => {}
        Shape::Scalar(scalar) => {
            into.insert(&scalar.text);
        }
        Shape::List(items) => items.iter().for_each(|item| texts(item, into)),
        Shape::Mapping(entries) => entries.iter().for_each(|(_, value)| texts(value, into)),
    }
}

/// The object types that paths speak of.
fn types<'p>(paths: impl IntoIterator<Item = &'p Path>) -> BTreeSet<ObjectTypeId> {
    let of = |path: &Path| match path.root {
        Root::Object(id) => Some(id),
        _ => None,
    };
    paths.into_iter().filter_map(of).collect()
}

/// Paths that a constraint reads, its condition aside.
fn paths(kind: &ConstraintKind) -> Vec<&Path> {
    match kind {
        ConstraintKind::Always(demanded) => Expression::paths(demanded),
        ConstraintKind::WindowSum { value, by, .. } => std::iter::once(value).chain(by).collect(),
        ConstraintKind::WindowCount { by, distinct, .. } => by.iter().chain(distinct).collect(),
        ConstraintKind::Same { left, right, .. } => vec![left, right],
        ConstraintKind::Require { unchanged, .. } => unchanged.iter().collect(),
        ConstraintKind::DistinctPersons { .. } | ConstraintKind::Never { .. } | ConstraintKind::Hours { .. } => {
            Vec::new()
        }
    }
}

fn activity_name(model: &Model, id: ActivityId) -> Arc<str> {
    model.activities.get(usize::from(id.0)).map_or_else(|| Arc::from(""), |activity| Arc::clone(&activity.name))
}
