//! `actors:` how an exchange shows who acts.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::document::Node;
use super::reader::Reader;
use crate::model::diagnostic::Diagnostic;
use crate::model::expression::Place;
use crate::model::{ActorNaming, AddressBlock, Code, IdentityPath};

/// Reads how actors are recognised; the built-in ways when nothing is said.
pub(super) fn read(reader: &mut Reader, node: Option<&Node>) -> ActorNaming {
    let mut actors = ActorNaming { default_kind: Arc::from("human"), ..ActorNaming::default() };
    let keys = &["identify", "agent", "tenant", "kinds", "roles", "trusted_proxies"];
    let Some(fields) = node.and_then(|node| reader.mapping(node, "`actors`", keys)) else { return actors };
    let place = Place::Exchange;
    if let Some(node) = fields.get("identify") {
        let items = reader.list(node);
        actors.identify = items.iter().filter_map(|item| identity(reader, item)).collect();
    }
    actors.agent = fields.get("agent").map(|node| reader.paths(node, &place)).unwrap_or_default();
    actors.tenant = fields.get("tenant").map(|node| reader.paths(node, &place)).unwrap_or_default();
    if let Some(node) = fields.get("kinds") {
        kinds(reader, node, &mut actors);
    }
    if let Some(node) = fields.get("roles") {
        roles(reader, node, &mut actors);
    }
    if let Some(node) = fields.get("trusted_proxies") {
        let items = reader.list(node);
        actors.trusted_proxies = items.iter().filter_map(|item| block(reader, item)).collect();
    }
    actors
}

/// `10.0.0.0/8`, or one address.
fn block(reader: &mut Reader, node: &Node) -> Option<AddressBlock> {
    let text = reader.text(node, "`trusted_proxies`")?;
    let block = text.parse();
    if let Err(error) = &block {
        reader.error(Code::BadValue, &node.span, format!("`{text}` is {error}"));
    }
    block.ok()
}

/// `jwt.sub`, or `cookie.sid@login`.
fn identity(reader: &mut Reader, node: &Node) -> Option<IdentityPath> {
    let text = reader.text(node, "`identify`")?;
    let Some((path, activity)) = text.split_once('@') else {
        let path = reader.path(node, &Place::Exchange)?;
        return Some(IdentityPath { path, bound_by: None });
    };
    let (path, _) = reader.path_of(path, node, &Place::Exchange)?;
    let bound_by = reader.outline.activity(activity);
    if bound_by.is_none() {
        let title = format!("`identify` uses the unknown activity `{activity}`");
        let diagnostic = Diagnostic::error(Code::UnknownActivity, node.span.clone(), title)
            .label("no activity has the name after `@`")
            .nearest(activity, "activity", reader.outline.activity_names());
        reader.found.push(diagnostic);
    }
    Some(IdentityPath { path, bound_by })
}

fn kinds(reader: &mut Reader, node: &Node, actors: &mut ActorNaming) {
    for (key, value) in reader.named(node, "`kinds`").unwrap_or_default() {
        if key.text == "default" {
            if let Some(kind) = reader.text(value, "the default kind") {
                actors.default_kind = Arc::from(kind);
            }
            continue;
        }
        let items = reader.list(value);
        let conditions = items.iter().filter_map(|item| reader.condition(item, &Place::Exchange)).collect();
        actors.kinds.push((Arc::from(key.text.as_str()), conditions));
    }
}

fn roles(reader: &mut Reader, node: &Node, actors: &mut ActorNaming) {
    let Some(fields) = reader.mapping(node, "`roles`", &["from", "default", "map"]) else { return };
    actors.roles_from = fields.get("from").map(|node| reader.paths(node, &Place::Exchange)).unwrap_or_default();
    actors.default_role = fields.get("default").and_then(|node| reader.text(node, "the default role")).map(Arc::from);
    let Some(map) = fields.get("map") else { return };
    let mut renamed = BTreeMap::new();
    for (key, value) in reader.named(map, "`map`").unwrap_or_default() {
        if let Some(role) = reader.text(value, "a role") {
            renamed.insert(Arc::from(key.text.as_str()), Arc::from(role));
        }
    }
    actors.role_map = renamed;
}
