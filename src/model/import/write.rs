//! A draft as a model file: every part with where it comes from, guesses marked.

use std::fmt::Write as _;

use super::draft::{Activity, Call, Draft, Life};
use crate::model::layout;

/// Longest line of a comment, in characters.
const WIDTH: usize = 110;
/// Longest comment of one part, in characters.
const WHY: usize = 1_000;

/// The model's text.
pub(super) fn text(draft: &Draft, name: &str) -> String {
    let mut out = String::new();
    comment(&mut out, "", &format!("Made by `offpath model import` of {name} ({}).", draft.format));
    comment(
        &mut out,
        "",
        "It is a draft: review it, then remove `draft: true`. `offpath model lint` says what is still open.",
    );
    draft.head.iter().for_each(|line| comment(&mut out, "", line));
    if !draft.left_out.is_empty() {
        comment(&mut out, "", "Not in this model:");
        for left in &draft.left_out {
            comment(&mut out, "", &format!("- line {}: {}", left.line, left.what));
        }
    }
    push(&mut out, "offpath: 1");
    push(
        &mut out,
        &format!("workflow: {{id: {}, version: {}, draft: true}}", quoted(&draft.id), quoted(&draft.version)),
    );
    if !draft.openapi.is_empty() {
        push(&mut out, &format!("imports: {{openapi: {}}}", list(draft.openapi.iter())));
    }
    objects(&mut out, draft);
    activities(&mut out, draft);
    if !draft.lives.is_empty() {
        push(&mut out, "\nlifecycles:");
        draft.lives.iter().for_each(|life| lifecycle(&mut out, life));
    }
    orders(&mut out, draft);
    // What cannot be laid out is a model all the same.
    layout(&out).unwrap_or(out)
}

fn objects(out: &mut String, draft: &Draft) {
    if draft.objects.is_empty() {
        return;
    }
    push(out, "\nobjects:");
    for object in &draft.objects {
        comment(out, "  ", &object.why);
        push(out, &format!("  {}: {{key: {}}}", object.name, list(object.key.iter())));
    }
}

fn activities(out: &mut String, draft: &Draft) {
    push(out, "\nactivities:");
    for activity in &draft.activities {
        comment(out, "  ", &activity.why);
        let call = match &activity.call {
            Call::Operation(operation) => format!("op: {}", quoted(operation)),
            Call::Http(call) => format!("http: {}", quoted(call)),
            Call::Unseen => "unseen: true".to_owned(),
            Call::Guessed => {
                comment(out, "  ", "the call is a guess: the source names none; write the real one");
                format!("http: {}", quoted(&guess(activity, draft)))
            }
        };
        let mut fields = vec![call];
        fields.extend(touched(activity, draft));
        fields.extend(activity.read.then(|| "read: true".to_owned()));
        push(out, &format!("  {}: {{{}}}", activity.name, fields.join(", ")));
    }
}

/// A call that may be as wrong as any, and says what it is for.
fn guess(activity: &Activity, draft: &Draft) -> String {
    let step = activity.name.replace('_', "-").to_lowercase();
    match activity.objects.first() {
        Some((object, own)) => {
            let of_type = draft.objects.iter().filter(|one| one.name == *object).flat_map(|one| &one.key);
            let parameter = own.iter().chain(of_type).find_map(|key| key.strip_prefix("path."));
            parameter.map_or_else(|| format!("POST /{step}"), |name| format!("POST /{object}s/{{{name}}}/{step}"))
        }
        None => format!("POST /{step}"),
    }
}

/// What an activity touches, by the keys that its call can have: a source may name a parameter that its path lacks.
fn touched(activity: &Activity, draft: &Draft) -> Option<String> {
    let has = |key: &&String| match (&activity.call, key.strip_prefix("path.")) {
        (Call::Http(call), Some(name)) => call.contains(&format!("{{{name}}}")),
        _ => true,
    };
    let one = |(name, own): &(String, Vec<String>)| {
        let of_type = || draft.objects.iter().filter(|one| one.name == *name).flat_map(|one| &one.key);
        let all: Vec<&String> = if own.is_empty() { of_type().collect() } else { own.iter().collect() };
        let fit: Vec<&String> = all.iter().copied().filter(has).collect();
        match (fit.len() == all.len() && own.is_empty(), fit.is_empty()) {
            (true, _) => Some(name.clone()),
            (false, true) => None,
            (false, false) => Some(format!("{{{name}: {}}}", list(fit.into_iter()))),
        }
    };
    match activity.objects.iter().filter_map(one).collect::<Vec<_>>().as_slice() {
        [] => None,
        [only] => Some(format!("object: {only}")),
        several => Some(format!("object: [{}]", several.join(", "))),
    }
}

fn lifecycle(out: &mut String, life: &Life) {
    push(out, &format!("  {}:\n    states:", life.object));
    for state in &life.states {
        comment(out, "      ", &state.why);
        let shape = match (state.initial, state.last) {
            (true, true) => "{initial: true, final: true}",
            (true, false) => "initial",
            (false, true) => "final",
            (false, false) => "{}",
        };
        push(out, &format!("      {}: {shape}", quoted(&state.name)));
    }
    push(out, "    transitions:");
    let names = |states: &[usize]| {
        let names: Vec<String> =
            states.iter().filter_map(|at| life.states.get(*at)).map(|state| quoted(&state.name)).collect();
        if let [only] = names.as_slice() { only.clone() } else { format!("[{}]", names.join(", ")) }
    };
    for way in &life.transitions {
        comment(out, "      ", &way.why);
        let mut fields = vec![
            format!("activity: {}", way.activity),
            format!("from: {}", names(&way.from)),
            format!("to: {}", names(&way.to)),
        ];
        fields.extend((!way.by.is_empty()).then(|| format!("by: {}", list(way.by.iter()))));
        fields.extend(way.kind.as_ref().map(|kind| format!("kind: {}", quoted(kind))));
        push(out, &format!("      - {{{}}}", fields.join(", ")));
    }
}

fn orders(out: &mut String, draft: &Draft) {
    if draft.orders.is_empty() {
        return;
    }
    push(out, "\nconstraints:");
    for order in &draft.orders {
        comment(out, "  ", &order.why);
        let (require, before, per) = (&order.require, &order.before, &order.per);
        let id = quoted(&format!("{require}-before-{before}"));
        push(out, &format!("  - {{id: {id}, require: {require}, before: {before}, per: {per}, severity: low}}"));
    }
}

/// Writes comment lines, broken between words; what a source says cannot end one.
fn comment(out: &mut String, indent: &str, text: &str) {
    let mut line = String::new();
    for word in text.chars().take(WHY).collect::<String>().split(|c: char| c.is_whitespace() || c.is_control()) {
        if word.is_empty() {
            continue;
        }
        if !line.is_empty() && line.chars().count() + word.chars().count() >= WIDTH {
            let _ = writeln!(out, "{indent}# {line}");
            line.clear();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.extend(word.chars().map(printable));
    }
    if !line.is_empty() {
        // Writing to a String cannot fail.
        let _ = writeln!(out, "{indent}# {line}");
    }
}

fn push(out: &mut String, line: &str) {
    out.push_str(line);
    out.push('\n');
}

/// A text as YAML: as it is where that is plain, else in double quotes.
pub(super) fn quoted(text: &str) -> String {
    let plain = text.chars().next().is_some_and(|c| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c))
        && !["true", "false", "null", "yes", "no", "on", "off", "y", "n"].contains(&text.to_lowercase().as_str());
    if plain {
        return text.to_owned();
    }
    let mut out = String::from("\"");
    for c in text.chars().map(printable) {
        if matches!(c, '"' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out.push('"');
    out
}

/// What YAML takes within a line; anything else is replaced.
fn printable(c: char) -> char {
    let unfit = c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}');
    if unfit { '\u{fffd}' } else { c }
}

/// `one`, or `[one, other]`.
fn list<'a>(items: impl Iterator<Item = &'a String>) -> String {
    let items: Vec<String> = items.map(|item| quoted(item)).collect();
    if let [only] = items.as_slice() { only.clone() } else { format!("[{}]", items.join(", ")) }
}
