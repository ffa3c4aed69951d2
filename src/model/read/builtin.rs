//! `imports: {builtin: [a2a]}`: what protocols themselves prescribe, as parts of the model that imports it; and the lives
//! of sessions, actors and runs, which no model needs to declare.

use std::borrow::Cow;
use std::sync::Arc;

use super::document::{self, Key, Node, Shape};
use super::reader::{Fields, Reader};
use crate::model::diagnostic::{Diagnostic, Span};
use crate::model::outline::ObjectOutline;
use crate::model::{Activity, ActivityObject, BuiltIn, Code, ObjectType};

/// Protocols whose lives come with offpath, as sections of a model.
const PROTOCOLS: [(&str, &str); 1] = [("a2a", include_str!("builtin/a2a.yaml"))];

/// The model with the parts that it imports, each of which stands where its name does.
pub(super) fn completed<'n>(reader: &mut Reader, root: &'n Node) -> Cow<'n, Node> {
    let Some(named) = entry(root, "imports").and_then(|imports| entry(imports, "builtin")) else {
        return Cow::Borrowed(root);
    };
    let mut whole = root.clone();
    for (name, span) in reader.texts(named, "a protocol") {
        match PROTOCOLS.iter().find(|(known, _)| **known == *name) {
            Some((_, text)) => match document::read(text) {
                Ok(part) => add(&mut whole, &placed(&part, &span)),
                Err(found) => reader.found.push(Diagnostic { span: span.clone(), ..*found }),
            },
            None => {
                let names = PROTOCOLS.iter().map(|(known, _)| (*known, 0..0));
                let known: Vec<&str> = PROTOCOLS.iter().map(|(known, _)| *known).collect();
                let title = format!("no life comes with offpath under the name `{name}`");
                let diagnostic = Diagnostic::error(Code::UnknownName, span, title).nearest(&name, "protocol", names);
                reader.found.push(diagnostic.help(format!("there is: {}", known.join(", "))));
            }
        }
    }
    Cow::Owned(whole)
}

/// Adds the entries of each section of a part behind the model's own, which therefore come first.
fn add(whole: &mut Node, part: &Node) {
    let (Shape::Mapping(sections), Shape::Mapping(more)) = (&mut whole.shape, &part.shape) else { return };
    for (key, section) in more {
        match sections.iter_mut().find(|(known, _)| known.text == key.text) {
            Some((_, Node { shape: Shape::Mapping(entries), .. })) => {
                if let Shape::Mapping(added) = &section.shape {
                    entries.extend(added.iter().cloned());
                }
            }
            // What is no mapping is complained about where it is read.
            Some((_, known)) if !matches!(known.shape, Shape::Null) => {}
            Some((_, known)) => *known = section.clone(),
            None => sections.push((key.clone(), section.clone())),
        }
    }
}

/// The same tree with every part of it at one place of the file. Documents are at most 16 levels deep.
fn placed(node: &Node, span: &Span) -> Node {
    let shape = match &node.shape {
        Shape::Null => Shape::Null,
        Shape::Scalar(scalar) => Shape::Scalar(document::Scalar { text: scalar.text.clone(), exact: None }),
        Shape::List(items) => Shape::List(items.iter().map(|item| placed(item, span)).collect()),
        Shape::Mapping(entries) => {
            let entry =
                |(key, value): &(Key, Node)| (Key { text: key.text.clone(), span: span.clone() }, placed(value, span));
            Shape::Mapping(entries.iter().map(entry).collect())
        }
    };
    Node { span: span.clone(), shape }
}

/// The lives of sessions, actors and runs that the model describes without having objects of that name: type and its life.
fn lives<'a>(fields: &Fields<'a>) -> Vec<(BuiltIn, &'a Key, &'a Node)> {
    let Some(Node { shape: Shape::Mapping(lifecycles), .. }) = fields.get("lifecycles") else { return Vec::new() };
    let declared = |name: &str| fields.get("objects").is_some_and(|objects| entry(objects, name).is_some());
    let find =
        |of: BuiltIn| lifecycles.iter().find(|(key, _)| key.text == of.as_str()).map(|(key, life)| (of, key, life));
    BuiltIn::ALL.into_iter().filter(|of| !declared(of.as_str())).filter_map(find).collect()
}

/// Adds their names to the outline, behind the model's own objects.
pub(super) fn outline(reader: &mut Reader, fields: &Fields<'_>) {
    reader.outline.objects.extend(lives(fields).into_iter().map(|(of, key, _)| ObjectOutline {
        name: Arc::from(of.as_str()),
        span: key.span.clone(),
        attributes: Vec::new(),
        parent: None,
        states: None,
        declares_state: false,
        has_owner: false,
    }));
}

/// Adds their types, in the outline's order, and to each activity that their lives name.
pub(super) fn objects(reader: &Reader, fields: &Fields<'_>, types: &mut Vec<ObjectType>, activities: &mut [Activity]) {
    for (of, _, life) in lives(fields) {
        types.push(ObjectType {
            name: Arc::from(of.as_str()),
            key: Vec::new(),
            tenant: Vec::new(),
            within_tenant: false,
            owner: None,
            state: Vec::new(),
            attributes: Vec::new(),
            parent: None,
            built_in: Some(of),
        });
        let Some(object_type) = reader.outline.object(of.as_str()) else { continue };
        let Some(Node { shape: Shape::List(transitions), .. }) = entry(life, "transitions") else { continue };
        let named = transitions.iter().filter_map(|transition| match &entry(transition, "activity")?.shape {
            Shape::Scalar(scalar) => Some(scalar.text.as_str()),
            _ => None,
        });
        for name in named {
            let activity = activities.iter_mut().find(|activity| &*activity.name == name);
            let Some(activity) = activity else { continue };
            if activity.objects.iter().all(|object| object.object_type != object_type) {
                activity.objects.push(ActivityObject { object_type, key: Vec::new() });
            }
        }
    }
}

fn entry<'n>(node: &'n Node, key: &str) -> Option<&'n Node> {
    match &node.shape {
        Shape::Mapping(entries) => entries.iter().find(|(known, _)| known.text == key).map(|(_, value)| value),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Diagnostics, Model};

    fn read(rest: &str) -> Result<(Model, Diagnostics), Diagnostics> {
        Model::read("m.yaml", &format!("offpath: 1\nworkflow: {{id: w, version: 1}}\n{rest}"))
    }

    #[test]
    fn every_protocol_is_a_model_without_a_doubt() {
        for (name, _) in PROTOCOLS {
            let (model, doubts) = read(&format!("imports: {{builtin: {name}}}\n")).unwrap();
            assert!(doubts.is_empty(), "{doubts:?}");
            assert_eq!((model.lifecycles.len(), model.object_types.len()), (1, 2));
            let task = &model.lifecycles[0];
            assert!(task.states.iter().any(|state| state.is_called("TASK_STATE_INPUT_REQUIRED")));
        }
    }

    #[test]
    fn what_is_imported_stands_behind_the_models_own_and_where_it_is_named() {
        let own = "imports: {builtin: [a2a]}\nobjects:\n  order: {key: path.o}\nactivities:\n  make: {http: \"POST /o/{o}\", object: order}\n";
        let (model, _) = read(own).unwrap();
        assert_eq!((&*model.object_types[0].name, &*model.activities[0].name), ("order", "make"));
        assert_eq!(model.object_type("a2a_task").map(|id| id.0), Some(1));
        let twice = format!("{own}  a2a_send: GET /x\n");
        let found = read(&twice).unwrap_err();
        assert!(found.iter().any(|one| one.code == Code::Duplicate), "{found:?}");
        let found = read("imports: {builtin: [a2b]}\nactivities: {a: GET /a}\n").unwrap_err();
        assert!(found.iter().any(|one| one.code == Code::UnknownName && one.title.contains("a2b")), "{found:?}");
    }

    #[test]
    fn what_the_server_decides_leads_to_several_states() {
        let life = |transition: &str| {
            let pay = format!("{{activity: pay, from: none, to: [paid, held]{transition}}}");
            read(&format!(
                "objects: {{order: {{key: path.o}}}}\nactivities:\n  pay: {{http: \"POST /o/{{o}}\", object: order}}\n  \
                 free: {{unseen: true, object: order}}\nlifecycles:\n  order:\n    states: {{none: initial, paid: {{final: true, also: [PAID, settled]}}, held: {{}}}}\n    \
                 transitions:\n      - {pay}\n      - {{activity: free, from: held, to: paid}}\n"
            ))
        };
        let (model, doubts) = life("").unwrap();
        assert!(doubts.is_empty(), "{doubts:?}");
        let order = &model.lifecycles[0];
        assert_eq!(order.transitions.iter().map(|t| t.to).collect::<Vec<_>>(), [1, 2, 1]);
        assert!(order.states[1].is_called("Settled") && !order.states[2].is_called("Settled"));
        assert!(model.activities[1].unseen && model.activities[1].matchers.is_empty());
        let found = life(", once: true").unwrap_err();
        assert!(found.iter().any(|one| one.code == Code::WrongShape), "{found:?}");
        let both = "activities: {tick: {unseen: true, http: GET /tick}}\n";
        assert!(read(both).unwrap_err().iter().any(|one| one.title.contains("exclude each other")));
    }

    #[test]
    fn a_life_of_sessions_needs_no_object() {
        let life = "activities:\n  login: POST /login\n  change: {http: \"POST /pw/{u}\", object: user}\nobjects: {user: {key: path.u}}\nlifecycles:\n  \
                    session:\n    states: {none: initial, in: {}}\n    transitions:\n      - {activity: login, from: none, to: in}\n      \
                    - {activity: change, from: in, to: in}\n";
        let (model, doubts) = read(life).unwrap();
        assert!(doubts.iter().all(|doubt| doubt.code == Code::DeadEnd), "{doubts:?}");
        let session = model.object_type("session").unwrap();
        assert_eq!(model.object_types[usize::from(session.0)].built_in, Some(BuiltIn::Session));
        let touched: Vec<usize> = model.activities.iter().map(|activity| activity.objects.len()).collect();
        assert_eq!(touched, [1, 2]);
        let own = life.replace("user: {key: path.u}", "user: {key: path.u}, session: {key: cookie.sid}");
        let found = read(&own).unwrap_err();
        assert!(found.iter().any(|one| one.code == Code::Detached), "one's own sessions are objects like others");
    }
}
