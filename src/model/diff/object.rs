//! Object types: where they are seen, and whose they are.

use std::collections::{BTreeMap, BTreeSet};

use super::side::{Side, Sides};
use super::{Changes, Direction, Found};
use crate::model::{AttributeRule, ObjectType, ObjectTypeId, Path, Severity};

/// Compares all object types.
pub(super) fn compare(sides: &Sides<'_>, found: &mut Changes) {
    for (old, new) in sides.types() {
        let of = |side: &Side<'_>, id: Option<ObjectTypeId>| -> Option<ObjectType> {
            id.and_then(|id| side.model.object_types.get(usize::from(id.0)).cloned())
        };
        let (was, is) = (of(&sides.old, old), of(&sides.new, new));
        match (was, is) {
            (Some(was), Some(is)) => both(sides, &was, &is, found),
            (was, is) => {
                let name = |object: Option<ObjectType>| object.map(|object| object.name.to_string());
                let (old, new) = (name(was), name(is));
                let says = if new.is_some() { "a new type of object" } else { "no longer a type of object" };
                let subject = format!("object {}", new.as_ref().or(old.as_ref()).cloned().unwrap_or_default());
                let one = Found { aspect: "object type", subject, says: says.to_owned(), old, new };
                found.add(Direction::Changed, Severity::Low, one);
            }
        }
    }
}

fn both(sides: &Sides<'_>, was: &ObjectType, is: &ObjectType, found: &mut Changes) {
    let subject = format!("object {}", is.name);
    if was.name != is.name {
        let says = format!("the object type `{}` is now called `{}`", was.name, is.name);
        let (old, new) = (Some(was.name.to_string()), Some(is.name.to_string()));
        found.add(
            Direction::Changed,
            Severity::Low,
            Found { aspect: "name", subject: subject.clone(), says, old, new },
        );
    }
    let texts = |paths: &[Path]| super::listed(paths.iter().map(|path| &path.text));
    found.differs(Severity::High, "key", &subject, texts(&was.key), texts(&is.key));
    found.relied_on("tenant", &subject, texts(&was.tenant), texts(&is.tenant));
    found.differs(Severity::Medium, "declared state", &subject, texts(&was.state), texts(&is.state));
    let within = |object: &ObjectType| object.within_tenant.then(|| "tenant".to_owned());
    found.differs(Severity::High, "scope of keys", &subject, within(was), within(is));
    let owner = |side: &Side<'_>, object: &ObjectType| {
        object.owner.as_ref().map(|owner| {
            let set_by = owner.set_by.map(|id| format!(" set by {}", sides.activity(side.activity(id))));
            format!("{}{}", owner.value.text, set_by.unwrap_or_default())
        })
    };
    found.relied_on("owner", &subject, owner(&sides.old, was), owner(&sides.new, is));
    let parent = |side: &Side<'_>, object: &ObjectType| {
        object.parent.as_ref().map(|(id, paths)| (side.object_type(*id), texts(paths)))
    };
    let (old, new) = (parent(&sides.old, was), parent(&sides.new, is));
    if old != new {
        let name = |side: &Side<'_>, object: &ObjectType| {
            let (id, paths) = object.parent.as_ref()?;
            let paths = texts(paths).map(|paths| format!(" by {paths}")).unwrap_or_default();
            Some(format!("{}{paths}", side.model.type_name(*id)))
        };
        let (old, new) = (name(&sides.old, was), name(&sides.new, is));
        let says = "its objects belong to other ones".to_owned();
        found.add(
            Direction::Changed,
            Severity::High,
            Found { aspect: "parent", subject: subject.clone(), says, old, new },
        );
    }
    let (old, new) = (attributes(sides, &sides.old, was), attributes(sides, &sides.new, is));
    for name in old.keys().chain(new.keys()).collect::<BTreeSet<_>>() {
        let (was, is) = (old.get(name), new.get(name));
        if was.map(|(meaning, _)| meaning) != is.map(|(meaning, _)| meaning) {
            let text = |value: Option<&(String, String)>| value.map(|(_, text)| format!("{name}: {text}"));
            found.differs(Severity::Medium, "attribute", &subject, text(was), text(is));
        }
    }
}

/// Attributes by name: what each means in both versions, and how it is written.
fn attributes(sides: &Sides<'_>, side: &Side<'_>, object: &ObjectType) -> BTreeMap<String, (String, String)> {
    let value = |rule: &AttributeRule| match rule {
        AttributeRule::Exchange(expression) => (format!("{:?}", side.node(expression)), expression.text.to_string()),
        AttributeRule::Sum { activity, attribute } => {
            let written = format!("sum of {}.{attribute}", sides.activity(side.activity(*activity)));
            (written.clone(), written)
        }
    };
    object.attributes.iter().map(|attribute| (attribute.name.to_string(), value(&attribute.value))).collect()
}
