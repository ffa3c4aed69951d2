//! Arazzo 1.0: one workflow, a step a request, over an OpenAPI document of the same operations.

use serde_json::{Map, Value, json};

use super::hurl::escaped;
use super::{Body, Key, Part, Place, Reproduction, Step, Template};

/// File of the OpenAPI document.
const DESCRIPTION: &str = "reproduction.openapi.json";

pub(super) fn write(of: &Reproduction) -> String {
    let fill = |name: &str| !taken(of, name) && of.steps.iter().all(|step| step.base != name);
    let inputs = of.variables.iter().filter(|variable| fill(&variable.name));
    let inputs: Map<String, Value> = inputs
        .map(|variable| {
            (variable.name.clone(), json!({"type": kind(of, &variable.name), "description": variable.meaning}))
        })
        .collect();
    let required: Vec<&String> = inputs.keys().collect();
    let note =
        "Written by offpath from recorded traffic; nothing was sent. Run it only against a system that you may test.";
    let description = std::iter::once(note).chain(of.notes.iter().map(String::as_str)).collect::<Vec<_>>().join(" ");
    let steps: Vec<Value> = of.steps.iter().enumerate().map(|(at, one)| step(of, at, one)).collect();
    let document = json!({
        "arazzo": "1.0.1",
        "info": {
            "title": of.title,
            "version": "1",
            "description": description,
        },
        "sourceDescriptions": [{"name": "api", "url": format!("./{DESCRIPTION}"), "type": "openapi"}],
        "workflows": [{
            "workflowId": "reproduction",
            "summary": "The recorded sequence; its last criteria hold once what is wrong is fixed",
            "inputs": {"type": "object", "required": required, "properties": inputs},
            "steps": steps,
        }],
    });
    format!("{document:#}\n")
}

/// Whether a variable is taken from a body: of a header, Arazzo takes the whole.
fn taken(of: &Reproduction, name: &str) -> bool {
    let taken = |step: &Step| step.captures.iter().any(|c| c.variable == name && matches!(c.place, Place::Body(_)));
    of.steps.iter().any(taken)
}

/// `string`, or of what stands bare in a body, anything that does.
fn kind(of: &Reproduction, name: &str) -> Value {
    fn bare(template: &Template, wanted: &str) -> bool {
        match template {
            Template::Null => false,
            Template::Variable { name, quoted } => name == wanted && !quoted,
            Template::List(items) => items.iter().any(|item| bare(item, wanted)),
            Template::Object(members) => members.iter().any(|(_, member)| bare(member, wanted)),
        }
    }
    let json = |step: &Step| matches!(&step.body, Some(Body::Json(template)) if bare(template, name));
    if of.steps.iter().any(json) { json!(["number", "boolean"]) } else { json!("string") }
}

fn id(at: usize) -> String {
    format!("step{}", at + 1)
}

/// The expression that has a variable's value at a step.
fn expression(of: &Reproduction, before: usize, name: &str) -> String {
    let has = |step: &Step| step.captures.iter().any(|c| c.variable == name && matches!(c.place, Place::Body(_)));
    match of.steps.iter().take(before).rposition(has) {
        Some(at) => format!("$steps.{}.outputs.{name}", id(at)),
        None => format!("$inputs.{name}"),
    }
}

fn step(of: &Reproduction, at: usize, step: &Step) -> Value {
    let value = |piece: &Part| match piece {
        Part::Variable(name) => expression(of, at, name),
        Part::Text(text) => text.clone(),
    };
    let parameter = |place: &str, name: &str, piece: &Part| json!({"name": name, "in": place, "value": value(piece)});
    let mut parameters: Vec<Value> = Vec::new();
    let names = step.path.iter().filter(|piece| matches!(piece, Part::Variable(_)));
    for piece in names {
        if let Part::Variable(name) = piece
            && parameters.iter().all(|known| known.get("name").and_then(Value::as_str) != Some(name))
        {
            parameters.push(parameter("path", name, piece));
        }
    }
    parameters.extend(step.query.iter().map(|(name, piece)| parameter("query", name, piece)));
    let own = step.headers.iter().filter(|(name, _)| !name.eq_ignore_ascii_case("content-type"));
    parameters.extend(own.map(|(name, piece)| parameter("header", name, piece)));
    let condition = match (step.deviating, step.status) {
        (true, _) => "$statusCode >= 400".to_owned(),
        (false, Some(status)) => format!("$statusCode == {status}"),
        (false, None) => "$statusCode >= 100".to_owned(),
    };
    let mut out = json!({
        "stepId": id(at),
        "description": format!("{}: {}", step.activity, step.seen),
        "operationPath": format!(
            "{{$sourceDescriptions.api.url}}#/paths/{}/{}",
            path(step).replace('~', "~0").replace('/', "~1"),
            step.method.to_ascii_lowercase()
        ),
        "parameters": parameters,
        "successCriteria": [{"condition": condition}],
    });
    let Some(members) = out.as_object_mut() else { return out };
    if let Some(body) = &step.body {
        let (media, payload) = match body {
            Body::Json(template) => ("application/json", payload(of, at, template)),
            Body::Form(pairs) => (
                "application/x-www-form-urlencoded",
                pairs.iter().map(|(name, piece)| (name.clone(), Value::from(value(piece)))).collect(),
            ),
        };
        members.insert("requestBody".to_owned(), json!({"contentType": media, "payload": payload}));
    }
    let outputs: Map<String, Value> = step
        .captures
        .iter()
        .filter_map(|capture| match &capture.place {
            Place::Body(keys) => Some((capture.variable.clone(), format!("$response.body#{}", pointer(keys)).into())),
            Place::Location(_) => None,
        })
        .collect();
    if !outputs.is_empty() {
        members.insert("outputs".to_owned(), outputs.into());
    }
    out
}

fn payload(of: &Reproduction, at: usize, template: &Template) -> Value {
    match template {
        Template::Null => Value::Null,
        Template::Variable { name, .. } => expression(of, at, name).into(),
        Template::List(items) => items.iter().map(|item| payload(of, at, item)).collect(),
        Template::Object(members) => {
            members.iter().map(|(name, member)| (name.clone(), payload(of, at, member))).collect()
        }
    }
}

/// JSON Pointer (RFC 6901).
fn pointer(keys: &[Key]) -> String {
    let one = |key: &Key| match key {
        Key::Index(at) => format!("/{at}"),
        Key::Member(name) => format!("/{}", name.replace('~', "~0").replace('/', "~1")),
    };
    keys.iter().map(one).collect()
}

/// The path with its variables as parameters.
fn path(step: &Step) -> String {
    let piece = |piece: &Part| match piece {
        Part::Variable(name) => format!("/{{{name}}}"),
        Part::Text(text) => format!("/{}", escaped(text)),
    };
    step.path.iter().map(piece).collect()
}

pub(super) fn description(of: &Reproduction) -> String {
    let mut paths: Map<String, Value> = Map::new();
    for (at, step) in of.steps.iter().enumerate() {
        let Value::Object(methods) = paths.entry(path(step)).or_insert_with(|| json!({})) else { continue };
        let mut names: Vec<&String> = Vec::new();
        for name in
            step.path.iter().filter_map(|piece| if let Part::Variable(name) = piece { Some(name) } else { None })
        {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        let parameters: Vec<Value> = names
            .iter()
            .map(|name| json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}}))
            .collect();
        let operation = json!({
            "operationId": id(at),
            "summary": step.activity,
            "parameters": parameters,
            "responses": {"default": {"description": "any"}},
        });
        methods.entry(step.method.to_ascii_lowercase()).or_insert(operation);
    }
    let document = json!({
        "openapi": "3.1.0",
        "info": {"title": of.title, "version": "1", "description": "Only what the reproduction calls"},
        "servers": [{"url": "https://staging.invalid", "description": "replace it with a system that you may test"}],
        "paths": paths,
    });
    format!("{document:#}\n")
}
