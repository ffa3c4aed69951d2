//! Hurl: one entry a request, what is taken from its answer, and of what deviates that it is refused.

use std::fmt::Write as _;

use super::{Body, Key, Part, Place, Reproduction, Step, Template};

pub(super) fn write(of: &Reproduction) -> String {
    let mut out = String::new();
    comment(&mut out, &of.title);
    comment(
        &mut out,
        "Written by offpath from recorded traffic; nothing was sent. Send it only to a system that you may test.",
    );
    comment(
        &mut out,
        "Recorded secrets and values are not in it. The last assertions hold once what is wrong is fixed.",
    );
    of.notes.iter().for_each(|note| comment(&mut out, note));
    comment(&mut out, "hurl --test --variables-file FILE THIS, the file with a line NAME=VALUE for each of:");
    for variable in of.variables.iter().filter(|variable| !of.is_captured(&variable.name)) {
        comment(&mut out, &format!("  {}: {}", variable.name, variable.meaning));
    }
    for (at, step) in of.steps.iter().enumerate() {
        entry(&mut out, at + 1, step);
    }
    out
}

/// One line of comment, whatever is in the text.
fn comment(out: &mut String, text: &str) {
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let _ = writeln!(out, "# {text}");
}

fn entry(out: &mut String, number: usize, step: &Step) {
    out.push('\n');
    comment(out, &format!("{number}. {}: {}", step.activity, step.seen));
    let _ = writeln!(out, "{} {{{{{}}}}}{}", step.method, step.base, target(step));
    for (name, value) in &step.headers {
        let _ = writeln!(out, "{name}: {}", part(value));
    }
    match &step.body {
        Some(Body::Json(template)) => {
            json(out, template, 0);
            out.push('\n');
        }
        Some(Body::Form(pairs)) => {
            out.push_str("[Form]\n");
            for (name, value) in pairs {
                let _ = writeln!(out, "{}: {}", key(name), part(value));
            }
        }
        None => {}
    }
    match step.status.filter(|_| !step.deviating) {
        Some(status) => {
            let _ = writeln!(out, "HTTP {status}");
        }
        None => out.push_str("HTTP *\n"),
    }
    if !step.captures.is_empty() {
        out.push_str("[Captures]\n");
    }
    for capture in &step.captures {
        let query = match &capture.place {
            Place::Body(keys) => format!("jsonpath \"{}\"", json_path(keys)),
            Place::Location(segment) => {
                format!("header \"Location\" regex \"^(?:[^:/]*://[^/]*)?/(?:[^/?#]*/){{{segment}}}([^/?#]+)\"")
            }
        };
        let _ = writeln!(out, "{}: {}", capture.variable, query.replace('\\', "\\\\"));
    }
    if step.deviating {
        if let Some(status) = step.status {
            comment(out, &format!("It was answered {status}; a server that is as it should be refuses it."));
        }
        out.push_str("[Asserts]\nstatus >= 400\n");
    }
}

/// A target whose words cannot end the line, begin a comment or be a template.
fn target(step: &Step) -> String {
    let mut out = String::new();
    for piece in &step.path {
        out.push('/');
        out.push_str(&encoded(piece));
    }
    for (at, (name, value)) in step.query.iter().enumerate() {
        out.push(if at == 0 { '?' } else { '&' });
        out.push_str(&format!("{}={}", escaped(name), encoded(value)));
    }
    out
}

fn encoded(piece: &Part) -> String {
    match piece {
        Part::Variable(name) => format!("{{{{{name}}}}}"),
        Part::Text(text) => escaped(text),
    }
}

/// Percent-encodes what is no character of a URL; what is encoded already stays.
pub(super) fn escaped(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~!$'()*+,;=:@%/".contains(&b);
    let byte = |b: u8| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") };
    text.bytes().map(byte).collect()
}

fn part(piece: &Part) -> String {
    match piece {
        Part::Variable(name) => format!("{{{{{name}}}}}"),
        Part::Text(text) => text.clone(),
    }
}

/// A name of a form's field: anything else than plain words is escaped.
fn key(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        match c {
            c if c.is_ascii_alphanumeric() || "_-.$".contains(c) => out.push(c),
            '[' | ']' | ':' => {
                out.push_str(&format!("\\u{{{:x}}}", u32::from(c)));
            }
            _ => out.push('_'),
        }
    }
    out
}

fn json(out: &mut String, template: &Template, depth: usize) {
    let pad = "  ".repeat(depth + 1);
    let end = "  ".repeat(depth);
    match template {
        Template::Null => out.push_str("null"),
        Template::Variable { name, quoted: true } => {
            let _ = write!(out, "\"{{{{{name}}}}}\"");
        }
        Template::Variable { name, quoted: false } => {
            let _ = write!(out, "{{{{{name}}}}}");
        }
        Template::List(items) if items.is_empty() => out.push_str("[]"),
        Template::Object(members) if members.is_empty() => out.push_str("{}"),
        Template::List(items) => {
            out.push_str("[\n");
            for (at, item) in items.iter().enumerate() {
                out.push_str(&pad);
                json(out, item, depth + 1);
                out.push_str(if at + 1 < items.len() { ",\n" } else { "\n" });
            }
            out.push_str(&end);
            out.push(']');
        }
        Template::Object(members) => {
            out.push_str("{\n");
            for (at, (name, value)) in members.iter().enumerate() {
                let _ = write!(out, "{pad}{}: ", serde_json::Value::from(name.as_str()));
                json(out, value, depth + 1);
                out.push_str(if at + 1 < members.len() { ",\n" } else { "\n" });
            }
            out.push_str(&end);
            out.push('}');
        }
    }
}

fn json_path(keys: &[Key]) -> String {
    let mut out = "$".to_owned();
    for key in keys {
        match key {
            Key::Index(at) => out.push_str(&format!("[{at}]")),
            Key::Member(name) if name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') => {
                out.push_str(&format!(".{name}"));
            }
            Key::Member(name) => out.push_str(&format!("['{name}']")),
        }
    }
    out
}
