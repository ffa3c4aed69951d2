//! `inspect --explain`: the answer as text.

use std::fmt::Write as _;

use crate::report::explanation::{ActorExplanation, Explanation, IdExplanation, PathExplanation};
use crate::report::figure::{count, counted};
use crate::report::visible;

/// Widest segment beside which the next column begins.
const SEGMENT: usize = 28;

/// The whole answer; each part with its own head.
pub fn explanation(explanation: &Explanation) -> String {
    let parts = explanation.paths.iter().map(path);
    let parts = parts.chain(explanation.actors.iter().map(actor)).chain(explanation.id.iter().map(|id| {
        let name = &explanation.subject;
        id_text(name, id)
    }));
    // What traffic brought is made visible, line by line.
    let text = parts.collect::<Vec<_>>().join("\n");
    text.lines().map(|line| format!("{}\n", visible(line))).collect()
}

fn path(path: &PathExplanation) -> String {
    let mut out = format!("Path       {}\n", path.operation);
    let from = match path.template_from.as_str() {
        "openapi" => "given by an OpenAPI document",
        "model" => "the model's template",
        "guess" => "guessed from traffic",
        _ => "nothing knows it: neither the model nor a document",
    };
    let described = path.described.as_ref().map(|place| format!(": {place}")).unwrap_or_default();
    line(&mut out, "Template", &format!("{from}{described}"));
    path.activity.iter().for_each(|activity| line(&mut out, "Activity", activity));
    line(&mut out, "Seen", &format!("{}, first {}", counted(path.exchanges, "exchange", "exchanges"), path.first));
    for (at, segment) in path.segments.iter().enumerate() {
        let label = if at == 0 { "Segments" } else { "" };
        let (part, own) = (&segment.part, &segment.segment);
        let name = if part == own { part.clone() } else { format!("{own} = {part}") };
        line(&mut out, label, &format!("{name:<SEGMENT$}  {}", segment.why));
    }
    out
}

fn actor(actor: &ActorExplanation) -> String {
    let mut out = format!("Actor      {}\n", actor.name);
    for (at, tier) in actor.evidence.iter().enumerate() {
        let label = if at == 0 { "Tier" } else { "" };
        let events = counted(tier.events, "event", "events");
        line(&mut out, label, &format!("{} (confidence {:.2}): {events}", tier.tier, tier.confidence));
    }
    for (at, credential) in actor.credentials.iter().enumerate() {
        let label = if at == 0 { "Credential" } else { "" };
        let bound = match (&credential.bound_by, credential.tier.as_str()) {
            (Some(by), _) => format!("bound by {by}"),
            (None, "claims" | "verified") => "a token that names its subject itself".to_owned(),
            (None, "api_key") => "an API key, which names itself".to_owned(),
            (None, _) => "no login was seen that binds it".to_owned(),
        };
        let events = counted(credential.events, "event", "events");
        line(&mut out, label, &format!("{} in {events}, first {}; {bound}", credential.hash, credential.first));
    }
    for (doubt, events) in &actor.doubts {
        line(&mut out, "Doubt", &format!("{doubt} in {}", counted(*events, "event", "events")));
    }
    if !actor.others.is_empty() {
        line(&mut out, "Also named", &actor.others.join(", "));
    }
    for (name, values) in &actor.attributes {
        line(&mut out, &label(name), &values.join(", "));
    }
    line(&mut out, "Sessions", &count(actor.sessions));
    let calls: Vec<String> =
        actor.operations.iter().map(|(name, events)| format!("{name} {}", count(*events))).collect();
    line(&mut out, "Calls", &calls.join(", "));
    line(&mut out, "First", &actor.first);
    line(&mut out, "Last", &actor.last);
    out
}

fn id_text(name: &str, id: &IdExplanation) -> String {
    let mut out = format!("Id         {name}\n");
    for (at, said) in id.names.iter().enumerate() {
        let label = if at == 0 { "Names" } else { "" };
        let exchanges = counted(said.exchanges, "exchange", "exchanges");
        line(
            &mut out,
            label,
            &format!("{:<SEGMENT$}  {}: {exchanges}, first {}", said.place, said.operation, said.first),
        );
    }
    for actor in &id.actors {
        if actor.given > 0 {
            let answers = counted(actor.given, "answer", "answers");
            line(&mut out, "Given to", &format!("{} in {answers}, first {}", actor.actor, actor.first_given));
        }
        if actor.named > 0 && !actor.learned {
            let requests = counted(actor.named, "request", "requests");
            let before = if actor.given > 0 { "before it was given" } else { "never given" };
            line(
                &mut out,
                "Named by",
                &format!("{} in {requests}, {before}, first {}", actor.actor, actor.first_named),
            );
        }
    }
    if id.objects.is_empty() {
        line(&mut out, "Object", "none: it is taken for the key of no object");
    }
    for object in &id.objects {
        let qualifiers = object.qualifiers.iter().map(|(name, events)| format!("{name} {}", count(*events)));
        let qualifiers = qualifiers.collect::<Vec<_>>().join(", ");
        let events = counted(object.events, "event", "events");
        line(&mut out, "Object", &format!("{}:{} in {events} ({qualifiers})", object.object_type, object.key));
        for (name, values) in &object.attributes {
            line(&mut out, "", &format!("{}: {}", name, values.join(", ")));
        }
        line(&mut out, "", &format!("first {}, last {}", object.first, object.last));
    }
    out
}

fn label(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn line(out: &mut String, label: &str, text: &str) {
    // Writing to a String cannot fail.
    let _ = writeln!(out, "{label:<10} {text}");
}
