//! Paths that a model's expressions name.

use super::reading::{Bodies, is_arguments};
use crate::model::expression::Node;
use crate::model::{AttributeRule, Expression, Model, Path, Root};

/// Visits every path of an expression. The reader of models bounds the depth.
pub(super) fn each<'a>(node: &'a Node, visit: &mut dyn FnMut(&'a Path)) {
    match node {
        Node::Constant(_) => {}
        Node::Path(path) => visit(path),
        Node::List(nodes) | Node::Call(_, nodes) => nodes.iter().for_each(|n| each(n, visit)),
        Node::Not(a) | Node::Negate(a) | Node::Matches(a, _) => each(a, visit),
        Node::Binary(_, a, b) => [a, b].into_iter().for_each(|n| each(n, visit)),
        Node::Conditional(a, b, c) => [a, b, c].into_iter().for_each(|n| each(n, visit)),
    }
}

/// Asks the bodies for every path that the model names.
pub(super) fn wanted(model: &Model, bodies: &mut Bodies) {
    let mut want = |path: &Path| match path.root {
        Root::RequestBody => bodies.request.add(&path.fields),
        Root::ResponseBody => bodies.response.add(&path.fields),
        Root::Arguments => bodies.request.add(&path.fields),
        Root::Mcp => match path.fields.split_first() {
            Some((first, rest)) if is_arguments(first) => bodies.request.add(rest),
            Some((first, rest)) if &**first == "clientInfo" => bodies.client.add(rest),
            _ => {}
        },
        _ => {}
    };
    model.actors.identify.iter().for_each(|i| want(&i.path));
    let lists = [&model.actors.agent, &model.actors.tenant, &model.actors.roles_from, &model.captured_paths];
    lists.into_iter().flatten().for_each(&mut want);
    of_objects(model, &mut want);
    of_expressions(model).into_iter().for_each(|e| each(&e.node, &mut want));
    for activity in &model.activities {
        activity.objects.iter().flat_map(|o| &o.key).for_each(&mut want);
        activity.idempotency.iter().chain(&activity.each).for_each(&mut want);
        activity.bind.iter().flat_map(|(credential, subject)| [credential, subject]).for_each(&mut want);
    }
    for object_type in &model.object_types {
        let states = object_type.state.iter().filter(|p| p.root == Root::ResponseBody);
        for leaf in states.filter_map(|p| p.fields.last()) {
            bodies.request.add(&[leaf]);
            bodies.request.add(&[&object_type.name, leaf]);
        }
    }
}

fn of_objects(model: &Model, want: &mut dyn FnMut(&Path)) {
    for object_type in &model.object_types {
        let parent = object_type.parent.iter().flat_map(|(_, paths)| paths);
        object_type.key.iter().chain(&object_type.tenant).chain(&object_type.state).chain(parent).for_each(&mut *want);
        object_type.owner.iter().for_each(|o| want(&o.value));
    }
}

fn of_expressions(model: &Model) -> Vec<&Expression> {
    let kinds = model.actors.kinds.iter().flat_map(|(_, conditions)| conditions);
    let attributes = model.object_types.iter().flat_map(|t| &t.attributes).filter_map(|a| match &a.value {
        AttributeRule::Exchange(expression) => Some(expression),
        AttributeRule::Sum { .. } => None,
    });
    let activities = model.activities.iter().flat_map(|a| {
        let conditions = a.matchers.iter().filter_map(|m| m.condition.as_ref());
        conditions.chain(&a.ok).chain(a.attributes.iter().map(|(_, e)| e))
    });
    kinds.chain(attributes).chain(activities).collect()
}
