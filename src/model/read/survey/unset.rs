//! Rules about what nothing sets: owners, sums and times of activities that do not touch the object, constraints on object
//! types that no activity touches.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Places;
use crate::model::diagnostic::{Diagnostic, Span};
use crate::model::read::reader::Reader;
use crate::model::{ActivityId, AttributeRule, Code, ConstraintKind, Model, ObjectTypeId};

/// Looks over objects, transitions and constraints.
pub(super) fn model(reader: &mut Reader, places: &Places, model: &Model) {
    objects(reader, model);
    for (number, lifecycle) in model.lifecycles.iter().enumerate() {
        for (at, transition) in lifecycle.transitions.iter().enumerate() {
            let Some((after, _)) = transition.within else { continue };
            if !shares_case(model, after, lifecycle.object_type) {
                let title =
                    format!("nothing tells when `{}` happened to this object", super::activity_name(model, after));
                untouched(
                    reader,
                    places.transition(number, at),
                    title,
                    "`within` counts from a step on the same object",
                );
            }
        }
    }
    for (number, constraint) in model.constraints.iter().enumerate() {
        let condition = constraint.condition.iter().flat_map(|condition| condition.paths());
        let read = super::types(super::paths(&constraint.kind).into_iter().chain(condition));
        let span = places.constraint(number);
        if let Some(unseen) = read.iter().find(|id| !is_touched(model, **id)) {
            let title = format!("no activity touches `{}`, so this is never decided", name(model, *unseen));
            untouched(reader, span, title, "nothing ever shows an object of this type");
            continue;
        }
        if let ConstraintKind::Same { activities: Some(activities), .. } = &constraint.kind {
            apart(reader, span, model, activities, &read);
        }
    }
}

fn objects(reader: &mut Reader, model: &Model) {
    for (number, object) in model.object_types.iter().enumerate() {
        let Some(id) = u16::try_from(number).ok().map(ObjectTypeId) else { return };
        let Some(span) = reader.outline.object_at(id).map(|outline| outline.span.clone()) else { continue };
        if let Some(set_by) = object.owner.as_ref().and_then(|owner| owner.set_by)
            && !touches(model, set_by, id)
        {
            let title = format!("`{}` never sets the owner of `{}`", super::activity_name(model, set_by), object.name);
            untouched(reader, span.clone(), title, "the activity does not touch this type");
        }
        for attribute in &object.attributes {
            if let AttributeRule::Sum { activity, .. } = attribute.value
                && !shares_case(model, activity, id)
            {
                let name = super::activity_name(model, activity);
                let title = format!("`{}.{}` sums up nothing", object.name, attribute.name);
                untouched(reader, span.clone(), title, &format!("`{name}` does not touch this type"));
            }
        }
    }
}

/// A comparison at activities that never have both sides.
fn apart(reader: &mut Reader, span: Span, model: &Model, activities: &[ActivityId], read: &BTreeSet<ObjectTypeId>) {
    for activity in activities {
        let Some(missing) = read.iter().find(|id| !shares_case(model, *activity, **id)) else { continue };
        let activity = super::activity_name(model, *activity);
        let title = format!("the activity `{activity}` does not touch `{}`", name(model, *missing));
        let warning = Diagnostic::warning(Code::Detached, span.clone(), title);
        reader.found.push(warning.label(format!("never decided at `{activity}`")));
    }
}

fn untouched(reader: &mut Reader, span: Span, title: String, label: &str) {
    let warning = Diagnostic::warning(Code::NeverSeen, span, title).label(label);
    reader.found.push(warning.help("name the object at the activity: `object: ...`"));
}

fn touches(model: &Model, activity: ActivityId, object_type: ObjectTypeId) -> bool {
    let activity = model.activities.get(usize::from(activity.0));
    activity.is_some_and(|activity| activity.objects.iter().any(|object| object.object_type == object_type))
}

fn is_touched(model: &Model, object_type: ObjectTypeId) -> bool {
    let object = model.object_types.get(usize::from(object_type.0));
    let built_in = object.is_some_and(|object| object.built_in.is_some());
    built_in || model.activities.iter().any(|a| a.objects.iter().any(|object| object.object_type == object_type))
}

/// Whether an activity's events belong to the same case as objects of a type.
fn shares_case(model: &Model, activity: ActivityId, object_type: ObjectTypeId) -> bool {
    let root = root(model, object_type);
    let activity = model.activities.get(usize::from(activity.0));
    activity.is_some_and(|activity| activity.objects.iter().any(|object| self::root(model, object.object_type) == root))
}

/// The type of the case that objects of a type belong to. Types are not their own ancestors in a model without errors.
fn root(model: &Model, of: ObjectTypeId) -> ObjectTypeId {
    let parent = |id: &ObjectTypeId| {
        let object = model.object_types.get(usize::from(id.0))?;
        object.parent.as_ref().map(|(parent, _)| *parent)
    };
    std::iter::successors(Some(of), parent).take(model.object_types.len() + 1).last().unwrap_or(of)
}

fn name(model: &Model, id: ObjectTypeId) -> Arc<str> {
    model.object_types.get(usize::from(id.0)).map_or_else(|| Arc::from(""), |object| Arc::clone(&object.name))
}
