//! First pass: the names that the file declares, so that every part may name any other.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::document::{Key, Node, Shape};
use super::imports;
use super::reader::{Fields, Reader};
use crate::model::diagnostic::Diagnostic;
use crate::model::expression::{Place, is_reserved};
use crate::model::outline::{ActivityOutline, ObjectOutline};
use crate::model::{Code, Description, ObjectTypeId};

/// Most activities, object types, states or constraints.
pub(super) const COUNT: usize = 4096;

/// Fills the reader's outline. Attributes follow when the activities and objects are read.
pub(super) fn collect(reader: &mut Reader, fields: &Fields<'_>) {
    let activities = section(reader, fields, "activities");
    let objects = section(reader, fields, "objects");
    reader.outline.activities = activities
        .iter()
        .map(|(key, _)| ActivityOutline {
            name: Arc::from(key.text.as_str()),
            span: key.span.clone(),
            attributes: Vec::new(),
        })
        .collect();
    reader.outline.objects = objects.iter().map(|(key, node)| object(key, node)).collect();
    super::builtin::outline(reader, fields);
    reader.outline.parameters = parameters(&activities, &reader.documents);
    reader.outline.kinds = kinds(fields);
    parents(reader, &objects);
    states(reader, fields);
}

/// The entries of a section of names, without those that are no names.
pub(super) fn section<'a>(reader: &mut Reader, fields: &Fields<'a>, key: &str) -> Vec<(&'a Key, &'a Node)> {
    let Some(node) = fields.get(key) else { return Vec::new() };
    let mut entries = reader.named(node, &format!("`{key}`")).unwrap_or_default();
    if entries.len() > COUNT {
        reader.error(Code::Limit, &node.span, format!("at most {COUNT} names fit under `{key}`"));
        entries.truncate(COUNT);
    }
    for (name, _) in &entries {
        reader.found.extend(check_name(key, name));
    }
    entries
}

fn check_name(section: &str, key: &Key) -> Option<Diagnostic> {
    let first = key.text.chars().next();
    let word = first.is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && key.text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if section == "objects" && is_reserved(&key.text) {
        let title = format!("`{}` cannot name an object type", key.text);
        let diagnostic = Diagnostic::error(Code::BadValue, key.span.clone(), title);
        return Some(diagnostic.label("expressions use this word for something else"));
    }
    let dashes_fit = section == "activities" && key.text.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c));
    if word || (dashes_fit && !key.text.is_empty()) {
        return None;
    }
    let title = format!("`{}` is not a name", key.text);
    let help = "names are letters, digits and `_`, a letter first";
    Some(Diagnostic::error(Code::BadValue, key.span.clone(), title).help(help))
}

fn object(key: &Key, node: &Node) -> ObjectOutline {
    let has =
        |wanted: &str| matches!(&node.shape, Shape::Mapping(entries) if entries.iter().any(|(k, _)| k.text == wanted));
    ObjectOutline {
        name: Arc::from(key.text.as_str()),
        span: key.span.clone(),
        attributes: Vec::new(),
        parent: None,
        states: None,
        declares_state: has("state"),
        has_owner: has("owner"),
    }
}

/// Entries of a mapping, or nothing when it is none: the shape is complained about where the part is read.
fn entries(node: &Node) -> &[(Key, Node)] {
    match &node.shape {
        Shape::Mapping(entries) => entries,
        _ => &[],
    }
}

fn entry<'a>(node: &'a Node, key: &str) -> Option<&'a Node> {
    entries(node).iter().find(|(k, _)| k.text == key).map(|(_, value)| value)
}

/// Parameters of every template, unless some activity is matched by an `op` that no document has.
fn parameters(activities: &[(&Key, &Node)], documents: &[Arc<Description>]) -> Option<BTreeSet<String>> {
    let mut parameters = BTreeSet::new();
    for (_, activity) in activities {
        let alternatives = entry(activity, "any").map(|any| match &any.shape {
            Shape::List(items) => items.as_slice(),
            _ => &[],
        });
        for matcher in std::iter::once(*activity).chain(alternatives.into_iter().flatten()) {
            if let Some(operation) = entry(matcher, "op") {
                let Shape::Scalar(name) = &operation.shape else { return None };
                parameters.extend(imports::parameters(documents, &name.text)?);
            }
            let template = entry(matcher, "http").or((!matches!(matcher.shape, Shape::Mapping(_))).then_some(matcher));
            if let Some(Node { shape: Shape::Scalar(scalar), .. }) = template {
                let names = scalar.text.split('{').skip(1).filter_map(|rest| rest.split_once('}'));
                parameters.extend(names.map(|(name, _)| name.to_owned()));
            }
        }
    }
    Some(parameters)
}

fn kinds(fields: &Fields<'_>) -> BTreeSet<Arc<str>> {
    let kinds = fields.get("actors").and_then(|actors| entry(actors, "kinds"));
    let named = |key: &str, node: &Node| match &node.shape {
        Shape::Scalar(scalar) if key == "default" => Arc::from(scalar.text.as_str()),
        _ => Arc::from(key),
    };
    let mut names: BTreeSet<Arc<str>> =
        kinds.map(entries).unwrap_or_default().iter().map(|(key, node)| named(&key.text, node)).collect();
    if kinds.is_none_or(|kinds| entry(kinds, "default").is_none()) {
        names.insert(Arc::from("human"));
    }
    if kinds.is_none() {
        // Without own kinds, correlation tells services from people.
        names.insert(Arc::from("service"));
    }
    names
}

fn parents(reader: &mut Reader, objects: &[(&Key, &Node)]) {
    for (at, (_, node)) in objects.iter().enumerate() {
        let name = entry(node, "parent").and_then(|parent| match &parent.shape {
            Shape::Scalar(scalar) => Some(scalar.text.as_str()),
            Shape::Mapping(entries) => entries.first().map(|(key, _)| key.text.as_str()),
            _ => None,
        });
        let parent = name.and_then(|name| reader.outline.object(name));
        if let Some(object) = reader.outline.objects.get_mut(at) {
            object.parent = parent;
        }
    }
    for (at, (key, _)) in objects.iter().enumerate() {
        let start = u16::try_from(at).ok().map(ObjectTypeId);
        let parent = |id: ObjectTypeId| reader.outline.object_at(id).and_then(|object| object.parent);
        let chain = std::iter::successors(start.and_then(parent), |id| parent(*id)).take(objects.len() + 1);
        if chain.into_iter().any(|id| Some(id) == start) {
            let title = format!("`{}` is its own ancestor", key.text);
            reader.found.push(Diagnostic::error(Code::Cycle, key.span.clone(), title));
            break;
        }
    }
}

fn states(reader: &mut Reader, fields: &Fields<'_>) {
    let Some(lifecycles) = fields.get("lifecycles") else { return };
    for (key, lifecycle) in entries(lifecycles) {
        let states = entry(lifecycle, "states").map(entries).unwrap_or_default();
        let states = states.iter().map(|(name, _)| (Arc::from(name.text.as_str()), name.span.clone())).collect();
        if let Some(object) = reader.outline.objects.iter_mut().find(|object| *object.name == *key.text) {
            object.states = Some(states);
        }
    }
}

/// Where the guards of one activity stand.
pub(super) fn judging(activities: impl IntoIterator<Item = crate::model::ActivityId>) -> Place {
    Place::Case(activities.into_iter().collect())
}
