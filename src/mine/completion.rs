//! Events read without a model, completed by what all paths together taught.

use std::sync::Arc;

use super::name::{Part, Template};
use super::templates::{Learnt, Templates};
use crate::event::{Event, ObjectId, ObjectRef, path};

/// Whether a key is a small number, which is only unique under a parent.
pub(super) fn is_small(key: &str) -> bool {
    key.len() <= 3 && !key.is_empty() && key.bytes().all(|b| b.is_ascii_digit())
}

impl Templates {
    /// Names the operation of an event, read and resolved without a model, and adds the objects that were learnt to
    /// stand in its path; returns the types of those added. `is_container` tells types that own things without being
    /// their case.
    pub fn complete(&self, event: &mut Event, is_container: &dyn Fn(&str) -> bool) -> Vec<Arc<str>> {
        if self.is_empty() {
            return Vec::new();
        }
        if let Some(rest) = event.operation.as_deref().and_then(|operation| self.rest(operation)) {
            event.operation = Some(rest);
            event.objects.clear();
            event.case = None;
            return Vec::new();
        }
        event.objects.retain(|object| &*object.qualifier != "mentioned" || self.knows(&object.id.object_type));
        if event.case.as_ref().is_some_and(|case| !self.knows(&case.object_type)) {
            event.case = event.objects.first().map(|object| object.id.clone());
        }
        let Some(template) = event.operation.as_deref().and_then(Template::read) else { return Vec::new() };
        let Some(learnt) = self.learnt(&template) else { return Vec::new() };
        event.operation = Some(learnt.template.raw().into());
        let made = makes(event, &template);
        let first = event.objects.first().map(|o| o.id.clone());
        let known = std::mem::take(&mut event.objects);
        let (objects, added) = in_order(&learnt, known, made);
        // Nobody knows the parents of an object whose path did not look like one: its case is the first that owns it.
        let settled = event.case.is_some() && event.case != first && objects.first().map(|o| o.id.clone()) == first;
        if !settled {
            let path = objects.iter().filter(|o| matches!(&*o.qualifier, "target" | "parent"));
            let outermost = path.filter(|o| !is_container(&o.id.object_type)).last();
            event.case = outermost.or(objects.first()).map(|o| o.id.clone());
        }
        event.objects = objects;
        self.scope(event);
        added
    }

    /// Gives numbers under a tenant's beginning of the path the identity that they have there: each tenant's are counted by
    /// itself, and where they are not, one path leads to each.
    fn scope(&self, event: &mut Event) {
        let Some(tenant) = path::root(&event.path).filter(|root| self.tenants().contains(*root)) else { return };
        for id in event.objects.iter_mut().map(|object| &mut object.id).chain(&mut event.case) {
            if is_numbered(&id.key) {
                id.key = format!("{tenant}/{}", id.key).into();
            }
        }
    }
}

/// Longest number of a thing that is counted: longer ones are drawn from all.
const LONGEST_NUMBER: usize = 12;

/// Whether a key is a number, or one under others.
pub(super) fn is_numbered(key: &str) -> bool {
    let number = |part: &str| (1..=LONGEST_NUMBER).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    key.split('/').all(number)
}

/// Whether the first object was made by the event: it is a target that the path does not hold.
fn makes(event: &Event, template: &Template) -> bool {
    let last = template.parts.iter().rev().find_map(Part::variable);
    let Some(first) = event.objects.first().filter(|o| &*o.qualifier == "target") else { return false };
    let key = first.id.key.rsplit('/').next().unwrap_or_default();
    last != Some(&*first.id.object_type) || !path::holds(&event.path, key)
}

/// What was made, then the objects of the path from the last one up, then those that are only mentioned.
fn in_order(learnt: &Learnt, known: Vec<ObjectRef>, made: bool) -> (Vec<ObjectRef>, Vec<Arc<str>>) {
    let mut known = known;
    let mut objects: Vec<ObjectRef> = if made { known.drain(..1).collect() } else { Vec::new() };
    let mut added = Vec::new();
    for (name, value, key) in keys(learnt, &mut known).into_iter().rev() {
        let at = known.iter().position(|object| *object.id.object_type == *name && object.id.key == key);
        let mut object = match (at, value) {
            (Some(at), _) => known.remove(at),
            (None, true) => {
                added.push(Arc::from(name));
                reference(name, key)
            }
            (None, false) => continue,
        };
        object.qualifier = if objects.is_empty() { "target".into() } else { "parent".into() };
        if !objects.iter().any(|o| o.id == object.id) {
            objects.push(object);
        }
    }
    objects.extend(known);
    (objects, added)
}

/// Variables of a path from the root down, whether each was learnt, and the keys of what they name. What is only unique
/// under a parent that was learnt gets that parent's key: nothing showed it when the path was read.
fn keys<'t>(learnt: &'t Learnt, known: &mut [ObjectRef]) -> Vec<(&'t str, bool, Arc<str>)> {
    let mut keys: Vec<(&str, bool, Arc<str>)> = Vec::new();
    let mut values: Vec<&str> = Vec::new();
    let parts = learnt.template.parts.iter().zip(&learnt.values).zip(&learnt.scoped).zip(&learnt.divides);
    // Numbers of tenants are told apart of their own.
    let tenants = usize::from(learnt.tenant.is_some());
    for (((part, value), scoped), _) in parts.filter(|(_, divides)| !**divides) {
        let Some(name) = part.variable() else { continue };
        let key = match value {
            Some(value) => {
                values.push(value);
                if *scoped { values.join("/").into() } else { Arc::from(value.as_str()) }
            }
            None => {
                let above = keys.last().map(|(_, _, key)| Arc::clone(key));
                let own = |o: &&mut ObjectRef| *o.id.object_type == *name && &*o.qualifier != "mentioned";
                let Some(object) = known.iter_mut().rev().find(own) else { continue };
                let last = object.id.key.rsplit('/').next().unwrap_or_default();
                if let Some(above) = above.filter(|_| is_small(last) && values.len() > tenants) {
                    object.id.key = format!("{above}/{last}").into();
                }
                Arc::clone(&object.id.key)
            }
        };
        keys.push((name, value.is_some(), key));
    }
    keys
}

fn reference(object_type: &str, key: Arc<str>) -> ObjectRef {
    ObjectRef::new(ObjectId { object_type: object_type.into(), key }, "target")
}
