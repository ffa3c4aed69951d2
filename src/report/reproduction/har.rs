//! HAR 1.2: the requests, for tools that import them. Answers have their status alone.

use serde_json::{Value, json};

use super::hurl::escaped;
use super::{Body, Part, Reproduction, Step, Template};

pub(super) fn write(of: &Reproduction) -> String {
    let left = of.variables.iter();
    let fill: Vec<String> = left.map(|variable| format!("{{{{{}}}}}: {}", variable.name, variable.meaning)).collect();
    let note = "nothing was sent; send it only to a system that you may test, with {{names}} replaced";
    let har = json!({"log": {
        "version": "1.2",
        "creator": {"name": "offpath", "version": env!("CARGO_PKG_VERSION")},
        "comment": format!("{}; {note}. {}", of.title, [&of.notes[..], &fill[..]].concat().join("; ")),
        "entries": of.steps.iter().map(entry).collect::<Vec<_>>(),
    }});
    format!("{har:#}\n")
}

fn entry(step: &Step) -> Value {
    let pair = |(name, value): &(String, Part)| json!({"name": name, "value": text(value)});
    let mut url = format!("{{{{{}}}}}", step.base);
    for piece in &step.path {
        url.push('/');
        url.push_str(&part(piece));
    }
    let query = step.query.iter().map(|(name, value)| format!("{}={}", escaped(name), part(value)));
    let query: Vec<String> = query.collect();
    if !query.is_empty() {
        url = format!("{url}?{}", query.join("&"));
    }
    let mut request = json!({
        "method": step.method,
        "url": url,
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": step.headers.iter().map(pair).collect::<Vec<_>>(),
        "queryString": step.query.iter().map(pair).collect::<Vec<_>>(),
        "headersSize": -1,
        "bodySize": -1,
    });
    let data = step.body.as_ref().map(|body| match body {
        Body::Json(template) => {
            json!({"mimeType": "application/json", "text": json_text(template)})
        }
        Body::Form(pairs) => json!({
            "mimeType": "application/x-www-form-urlencoded",
            "params": pairs.iter().map(pair).collect::<Vec<_>>(),
        }),
    });
    if let (Some(data), Some(request)) = (data, request.as_object_mut()) {
        request.insert("postData".to_owned(), data);
    }
    let refused = if step.deviating { "; a server that is as it should be refuses it" } else { "" };
    json!({
        // When it is sent is not known.
        "startedDateTime": "1970-01-01T00:00:00.000Z",
        "time": 0,
        "request": request,
        "response": {
            "status": step.status.unwrap_or(0),
            "statusText": "",
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": [],
            "content": {"size": 0, "mimeType": "x-unknown"},
            "redirectURL": "",
            "headersSize": -1,
            "bodySize": -1,
        },
        "cache": {},
        "timings": {"send": 0, "wait": 0, "receive": 0},
        "comment": format!("{}: {}{refused}", step.activity, step.seen),
    })
}

/// As a URL has it.
fn part(piece: &Part) -> String {
    match piece {
        Part::Variable(name) => format!("{{{{{name}}}}}"),
        Part::Text(text) => escaped(text),
    }
}

/// As it is.
fn text(piece: &Part) -> String {
    match piece {
        Part::Variable(name) => format!("{{{{{name}}}}}"),
        Part::Text(text) => text.clone(),
    }
}

/// JSON, in which numbers and truth values are texts until they are replaced.
fn json_text(template: &Template) -> String {
    value(template).to_string()
}

fn value(template: &Template) -> Value {
    match template {
        Template::Null => Value::Null,
        Template::Variable { name, .. } => format!("{{{{{name}}}}}").into(),
        Template::List(items) => items.iter().map(value).collect(),
        Template::Object(members) => members.iter().map(|(name, member)| (name.clone(), value(member))).collect(),
    }
}
