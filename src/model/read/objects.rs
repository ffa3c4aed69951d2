//! `objects:` the business objects and where an exchange shows them.

use std::sync::Arc;

use super::document::{Node, Shape};
use super::names::section;
use super::reader::{Fields, Reader};
use crate::model::diagnostic::Diagnostic;
use crate::model::expression::{Kind, Place, is_built_in};
use crate::model::outline::AttributeOutline;
use crate::model::{AttributeRule, Code, ObjectAttribute, ObjectType, ObjectTypeId, OwnerRule, Path};

/// Reads all object types, in the outline's order. Activities must have been read.
pub(super) fn read(reader: &mut Reader, fields: &Fields<'_>) -> Vec<ObjectType> {
    let mut objects = Vec::new();
    for (at, (key, node)) in section(reader, fields, "objects").into_iter().enumerate() {
        let (object, attributes) = object(reader, &key.text, node);
        if let Some(outline) = reader.outline.objects.get_mut(at) {
            outline.attributes = attributes;
        }
        objects.push(object);
    }
    objects
}

fn object(reader: &mut Reader, name: &str, node: &Node) -> (ObjectType, Vec<AttributeOutline>) {
    let mut object = ObjectType {
        name: Arc::from(name),
        key: Vec::new(),
        tenant: Vec::new(),
        within_tenant: false,
        owner: None,
        state: Vec::new(),
        attributes: Vec::new(),
        parent: None,
        built_in: None,
    };
    let keys = &["key", "within", "tenant", "owner", "state", "attrs", "parent"];
    let Some(fields) = reader.mapping(node, "an object type", keys) else { return (object, Vec::new()) };
    let place = Place::Exchange;
    object.key = reader.required(&fields, "key").map(|node| reader.paths(node, &place)).unwrap_or_default();
    object.tenant = fields.get("tenant").map(|node| reader.paths(node, &place)).unwrap_or_default();
    object.within_tenant = fields.get("within").is_some_and(|node| within(reader, node));
    object.state = fields.get("state").map(|node| reader.paths(node, &place)).unwrap_or_default();
    object.owner = fields.get("owner").and_then(|node| owner(reader, node));
    object.parent = fields.get("parent").and_then(|node| parent(reader, node));
    let attributes = fields.get("attrs").map(|node| attributes(reader, node)).unwrap_or_default();
    let outline = attributes.iter().map(|(_, outline)| outline.clone()).collect();
    object.attributes = attributes.into_iter().map(|(attribute, _)| attribute).collect();
    (object, outline)
}

/// `within: tenant`, the one thing that keys can be unique in.
fn within(reader: &mut Reader, node: &Node) -> bool {
    let Some(text) = reader.text(node, "`within`") else { return false };
    if text != "tenant" {
        let title = format!("keys are unique everywhere or within a tenant, not within `{text}`");
        let diagnostic = Diagnostic::error(Code::WrongShape, node.span.clone(), title);
        reader.found.push(diagnostic.help("write `within: tenant`, or leave it out"));
    }
    text == "tenant"
}

/// `res.order.customerId`, or `{set_by: create, value: actor.principal}`.
fn owner(reader: &mut Reader, node: &Node) -> Option<OwnerRule> {
    if !matches!(node.shape, Shape::Mapping(_)) {
        return reader.path(node, &Place::Actor).map(|value| OwnerRule { set_by: None, value });
    }
    let fields = reader.mapping(node, "`owner`", &["set_by", "value"])?;
    let set_by = fields.get("set_by").map(|node| reader.activity(node, "the owner rule"));
    let value = reader.required(&fields, "value").and_then(|node| reader.path(node, &Place::Actor))?;
    match set_by {
        // The activity is unknown: no rule is better than one that any exchange could set.
        Some(None) => None,
        set_by => Some(OwnerRule { set_by: set_by.flatten(), value }),
    }
}

/// `order`, or `{order: [res.refund.orderId, path.orderId]}`.
fn parent(reader: &mut Reader, node: &Node) -> Option<(ObjectTypeId, Vec<Path>)> {
    if !matches!(node.shape, Shape::Mapping(_)) {
        let text = reader.text(node, "`parent`")?;
        return reader.object_type(text, &node.span, "`parent`").map(|id| (id, Vec::new()));
    }
    let entries = reader.named(node, "`parent`")?;
    match entries.as_slice() {
        [(key, value)] => {
            let paths = reader.paths(value, &Place::Exchange);
            reader.object_type(&key.text, &key.span, "`parent`").map(|id| (id, paths))
        }
        _ => {
            reader.error(Code::WrongShape, &node.span, "an object type has one parent");
            None
        }
    }
}

fn attributes(reader: &mut Reader, node: &Node) -> Vec<(ObjectAttribute, AttributeOutline)> {
    let mut attributes = Vec::new();
    for (key, value) in reader.named(node, "`attrs`").unwrap_or_default() {
        if is_built_in(&key.text) {
            let title = format!("every object has a `{}` of its own", key.text);
            let diagnostic = Diagnostic::error(Code::Duplicate, key.span.clone(), title);
            reader.found.push(diagnostic.help("give the attribute another name"));
            continue;
        }
        let Some((rule, kind)) = attribute(reader, value) else { continue };
        let name: Arc<str> = Arc::from(key.text.as_str());
        let outline = AttributeOutline { name: Arc::clone(&name), span: key.span.clone(), kind };
        attributes.push((ObjectAttribute { name, value: rule }, outline));
    }
    attributes
}

fn attribute(reader: &mut Reader, node: &Node) -> Option<(AttributeRule, Kind)> {
    if !matches!(node.shape, Shape::Mapping(_)) {
        let (expression, kind) = reader.expression(node, &Place::Exchange)?;
        return Some((AttributeRule::Exchange(expression), kind));
    }
    let fields = reader.mapping(node, "an attribute", &["sum"])?;
    let node = reader.required(&fields, "sum")?;
    let text = reader.text(node, "`sum`")?;
    let Some((activity, attribute)) = text.split_once('.') else {
        let diagnostic = Diagnostic::error(Code::BadPath, node.span.clone(), "`sum` names an activity's attribute");
        reader.found.push(diagnostic.help("write `{sum: pay.amount}`"));
        return None;
    };
    let Some(id) = reader.outline.activity(activity) else {
        let title = format!("`sum` uses the unknown activity `{activity}`");
        let diagnostic = Diagnostic::error(Code::UnknownActivity, node.span.clone(), title)
            .label("no activity has this name")
            .nearest(activity, "activity", reader.outline.activity_names());
        reader.found.push(diagnostic);
        return None;
    };
    let outline = reader.outline.activity_at(id)?;
    let Some(summed) = outline.attributes.iter().find(|known| &*known.name == attribute) else {
        let names = outline.attributes.iter().map(|known| (&*known.name, known.span.clone()));
        let title = format!("nothing sets `{text}`");
        let diagnostic = Diagnostic::error(Code::UnknownAttribute, node.span.clone(), title)
            .label(format!("the activity `{activity}` has no such attribute"))
            .nearest(attribute, "attribute", names)
            .help(format!("declare it: `attrs: {{{attribute}: ...}}` at the activity `{activity}`"));
        reader.found.push(diagnostic);
        return None;
    };
    let kind = summed.kind.clone();
    if matches!(kind, Kind::Text | Kind::Bool | Kind::Time | Kind::Null | Kind::List(_)) {
        let title = format!("{kind} cannot be summed");
        let diagnostic = Diagnostic::error(Code::KindMismatch, node.span.clone(), title);
        reader.found.push(diagnostic.note(summed.span.clone(), "declared here"));
        return None;
    }
    Some((AttributeRule::Sum { activity: id, attribute: Arc::from(attribute) }, kind))
}
