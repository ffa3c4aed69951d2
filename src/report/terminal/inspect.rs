//! `inspect`: what is in the files, and what could not be read, on one screen.

use crate::report::figure::{bytes, count, counted, percent, protocol, utc};
use crate::report::reason;
use crate::report::summary::{PremiseSummary, RunSummary};
use crate::report::{unidentified, visible};

use super::screen::Screen;

/// What was read, what was not, which operations, actors and objects were seen.
///
/// `drafts`: mining the same input gives a draft of a model, so that the next step is to ask for it.
pub fn inspect(run: &RunSummary, drafts: bool, screen: &Screen) -> String {
    let mut out = screen.paragraph("Read", &read(run));
    if let Some(tls) = tls(run) {
        out.push_str(&screen.paragraph("TLS", &tls));
    }
    if let Some(websocket) = websocket(run) {
        out.push_str(&screen.paragraph("WebSocket", &websocket));
    }
    out.push_str(&screen.paragraph("Not read", &not_read(run)));
    for error in &run.errors {
        out.push_str(&screen.paragraph("", error));
    }
    for limit in &run.limits {
        out.push_str(&screen.paragraph("Limit", limit));
    }
    for caught in &run.redaction_rules {
        out.push_str(&screen.paragraph(
            "Redacted",
            &format!(
                "{}: {} in headers, query, forms and JSON",
                caught.rule,
                counted(caught.values, "value", "values")
            ),
        ));
    }
    out.push_str(&screen.left_out(run));
    out.push_str(&screen.warnings(run));
    if run.exchanges == 0 {
        out.push_str(&opens(run).map(|text| screen.paragraph("Next", text)).unwrap_or_default());
        return out;
    }
    out.push_str(&screen.paragraph("Operations", &operations(run)));
    if let Some(described) = described(run) {
        out.push_str(&screen.paragraph("OpenAPI", &described));
    }
    if !run.actors.is_empty() {
        out.push_str(&screen.paragraph("Actors", &actors(run)));
    }
    if run.sessions > 0 {
        out.push_str(&screen.paragraph("Sessions", &sessions(run)));
    }
    if !run.objects.is_empty() {
        out.push_str(&screen.paragraph("Objects", &objects(run)));
    }
    for premise in &run.premises {
        out.push_str(&screen.paragraph("Tenants?", &perhaps(premise)));
    }
    if run.model.is_none() {
        out.push_str(
            &screen.paragraph("", "(operations and objects are guessed from paths and bodies; a model names them)"),
        );
        if let ([input], true) = (run.inputs.as_slice(), drafts) {
            out.push_str(&screen.paragraph("Next", &next(&input.name)));
        } else if !drafts {
            let next = "nothing to draft a model from: no accepted call shows which object it is about; docs/mining.md says what would";
            out.push_str(&screen.paragraph("Next", next));
        }
    }
    out
}

/// What would open connections that were not read for want of keys.
pub(super) fn opens(run: &RunSummary) -> Option<&'static str> {
    let locked = run.not_read.iter().any(|part| part.reason == "tls_no_key" && part.count > 0);
    locked.then_some(
        "the same with --keylog FILE: the key log of these connections' client or server (SSLKEYLOGFILE) opens them; keys of \
         others open nothing",
    )
}

/// How to draft a model from an input. What came over standard input is gone.
pub(super) fn next(input: &str) -> String {
    match input {
        "-" => "keep the input in a file, then: offpath mine FILE -o draft.model.yaml".to_owned(),
        input => format!("offpath mine {input} -o draft.model.yaml"),
    }
}

/// `1.2 GB, 412,880 exchanges, 2026-03-01 00:00:00 to … UTC, HTTP/1 71 %, HTTP/2 29 %`.
fn read(run: &RunSummary) -> String {
    let size = run.inputs.iter().map(|input| input.bytes).sum();
    let mut parts = vec![bytes(size), exchanges(run)];
    if let Some((from, to)) = &run.window {
        parts.push(format!("{} to {} UTC", utc(from), utc(to)));
    }
    parts.extend(reason::packets(run));
    let all: u64 = run.protocols.values().sum();
    parts.extend(run.protocols.iter().map(|(name, number)| format!("{} {}", protocol(name), percent(*number, all))));
    let calls = run.calls.iter().map(|(name, number)| {
        counted(*number, &format!("{} call", protocol(name)), &format!("{} calls", protocol(name)))
    });
    parts.extend(calls);
    parts.join(", ")
}

/// `610 exchanges (1 with both sides; 304 requests and 305 responses alone, which may be halves of one)`.
fn exchanges(run: &RunSummary) -> String {
    let all = counted(run.exchanges, "exchange", "exchanges");
    let Some(halves) = run.halves() else { return all };
    let requests = counted(halves.requests, "request", "requests");
    let responses = counted(halves.responses, "response", "responses");
    format!(
        "{all} ({} with both sides; {requests} and {responses} alone, which may be halves of one)",
        count(halves.whole)
    )
}

/// What was seen and not read; says so when that is nothing.
pub(super) fn not_read(run: &RunSummary) -> String {
    let mut parts: Vec<String> = run
        .not_read
        .iter()
        .filter(|part| part.count > 0)
        .map(|part| {
            let whose = if part.reason == "not_http" { reason::foreign(run) } else { servers(run, &part.reason) };
            format!("{}{whose}{}", reason::not_read(part), reason::size(part))
        })
        .collect();
    if run.filtered > 0 {
        parts.push(format!("{} held back by --bpf", counted(run.filtered, "packet", "packets")));
    }
    parts.extend(reason::broken(run));
    parts.extend(run.incomplete.iter().map(|(reason, number)| reason::incomplete(reason, *number)));
    parts.extend(reason::untold(run));
    if run.blind_spots > 0 {
        parts.push(reason::blind_spots(run.blind_spots));
    }
    match (parts.is_empty(), run.errors.is_empty()) {
        (true, true) if run.exchanges == 0 => "no exchange was found in the input".to_owned(),
        (true, true) => "nothing: all that is in the input was read".to_owned(),
        (true, false) => "part of the input, with these errors:".to_owned(),
        (false, _) => parts.join("; "),
    }
}

/// `: api.example.com 812, 10.0.0.7:443 3 and 5 others`: whose TLS connections were not read for a reason.
fn servers(run: &RunSummary, reason: &str) -> String {
    reason::most(&run.tls.with(reason))
}

/// `12 connections decrypted; TLS 1.2 3, TLS 1.3 9; 2 kinds of clients`.
fn tls(run: &RunSummary) -> Option<String> {
    let decrypted: u64 = run.tls.with("decrypted").iter().map(|(_, number)| number).sum();
    if decrypted == 0 {
        return None;
    }
    let versions: Vec<String> =
        run.tls.versions.iter().map(|(name, number)| format!("{name} {}", count(*number))).collect();
    let clients = counted(run.tls.fingerprints.len() as u64, "kind of client", "kinds of clients");
    Some(format!(
        "{}; {}; {clients} (JA4)",
        counted(decrypted, "connection decrypted", "connections decrypted"),
        versions.join(", ")
    ))
}

/// `3 connections, 120 messages (4.1 kB); 40 with calls, 12 not read as calls`.
fn websocket(run: &RunSummary) -> Option<String> {
    let said = run.websocket;
    if said.connections == 0 {
        return None;
    }
    let messages = counted(said.messages, "message", "messages");
    let mut text =
        format!("{}, {messages} ({})", counted(said.connections, "connection", "connections"), bytes(said.bytes));
    if said.calls > 0 {
        text.push_str(&format!("; {} with calls", count(said.calls)));
    }
    if said.without_call > 0 {
        let joint = if said.calls > 0 { "," } else { ";" };
        text.push_str(&format!("{joint} {} not read as calls", count(said.without_call)));
    }
    Some(text)
}

/// `host.label.0 has 3 values, and 12 of 12 actors and 30 of 30 objects stay with one of them: ...`.
fn perhaps(premise: &PremiseSummary) -> String {
    format!(
        "{} has {} values, and {} of {} and {} of {} stay with one of them; where these are tenants, a model says so",
        premise.place,
        count(premise.tenants),
        count(premise.staying),
        counted(premise.actors, "actor", "actors"),
        count(premise.alone),
        counted(premise.objects, "object", "objects"),
    )
}

fn operations(run: &RunSummary) -> String {
    const SHOWN: usize = 3;
    let asked = run.exchanges.saturating_sub(run.not_asked);
    let whose = if run.not_asked > 0 { " whose request was seen" } else { "" };
    let mut text = format!(
        "{} {} of exchanges{whose}",
        counted(run.operations.len() as u64, "template covers", "templates cover"),
        percent(asked.saturating_sub(run.unmatched), asked)
    );
    text.push_str(&told_by(run));
    if run.unmatched > 0 {
        text.push_str(&format!("; {} unmatched", counted(run.unmatched, "exchange", "exchanges")));
    }
    let most: Vec<String> = run
        .operations
        .iter()
        .take(SHOWN)
        .map(|operation| {
            let name = operation.operation_id.as_deref().unwrap_or(&operation.name);
            format!("{name} {}", count(operation.exchanges))
        })
        .collect();
    if !most.is_empty() {
        text.push_str(&format!("; most: {}", most.join(", ")));
    }
    text
}

/// ` (12 by OpenAPI, 3 by the model)`, where documents describe operations.
fn told_by(run: &RunSummary) -> String {
    if run.described.is_none() {
        return String::new();
    }
    let from = |who: &str| run.operations.iter().filter(|operation| operation.template_from == who).count();
    let told = [("openapi", "by OpenAPI"), ("model", "by the model"), ("guess", "guessed")];
    let told = told.into_iter().map(|(who, text)| (from(who), text)).filter(|(number, _)| *number > 0);
    let told: Vec<String> = told.map(|(number, text)| format!("{} {text}", count(number as u64))).collect();
    format!(" ({})", told.join(", "))
}

/// `14 of 20 operations called; 37 exchanges (2.0 %) of 4 paths that it does not describe`.
fn described(run: &RunSummary) -> Option<String> {
    let (all, called) = run.described?;
    let mut text = format!("{} of {} called", count(called), counted(all, "operation", "operations"));
    let others: u64 = run.unmatched_paths.iter().map(|path| path.exchanges).sum();
    if others > 0 {
        let paths = counted(run.unmatched_paths.len() as u64, "path", "paths");
        let share = percent(others, run.exchanges);
        let others = counted(others, "exchange", "exchanges");
        text.push_str(&format!(
            "; {others} ({share}) of {paths} that nothing describes   -> offpath inspect --unmatched"
        ));
    }
    Some(text)
}

/// Paths that neither the model nor an OpenAPI document knows, most exchanges first.
pub fn unknown_paths(run: &RunSummary) -> String {
    let mut out = String::new();
    if run.unmatched_paths.is_empty() {
        out.push_str("every exchange matches a path that the model or a document knows\n");
        return out;
    }
    let width =
        run.unmatched_paths.iter().map(|path| count(path.exchanges).len()).max().unwrap_or(0).max("EXCHANGES".len());
    out.push_str(&format!("{:>width$}  {:>7}  {:>9}  CALL\n", "EXCHANGES", "SHARE", "UNREFUSED"));
    for path in &run.unmatched_paths {
        let (exchanges, share) = (count(path.exchanges), percent(path.exchanges, run.exchanges));
        out.push_str(&format!(
            "{exchanges:>width$}  {share:>7}  {:>9}  {}\n",
            count(path.unrefused),
            visible(&path.name)
        ));
    }
    let all: u64 = run.unmatched_paths.iter().map(|path| path.exchanges).sum();
    let paths = counted(run.unmatched_paths.len() as u64, "path", "paths");
    out.push_str(&format!(
        "{} of {} ({}), {paths}; the templates here are guessed\n",
        count(all),
        counted(run.exchanges, "exchange", "exchanges"),
        percent(all, run.exchanges)
    ));
    out
}

fn actors(run: &RunSummary) -> String {
    let known = run.actors.iter().filter(|actor| actor.principals > 0 && actor.evidence != "none");
    let known = known.map(|actor| format!("{} by {}", count(actor.principals), known_by(&actor.evidence)));
    known.chain(unidentified::sentence(run)).collect::<Vec<_>>().join(", ")
}

/// `41, of 12 actors; 3 runs of agents`. One actor's session ends with its logout or a long silence.
fn sessions(run: &RunSummary) -> String {
    let actors: u64 = run.actors.iter().map(|actor| actor.principals).sum();
    let mut text = format!("{}, of {}", count(run.sessions), counted(actors, "actor", "actors"));
    if run.runs > 0 {
        text.push_str(&format!("; {}", counted(run.runs, "run of an agent", "runs of agents")));
    }
    text
}

/// How actors were told, in words.
fn known_by(evidence: &str) -> &str {
    match evidence {
        "proven" => "mutual TLS",
        "verified" => "JWT with a verified signature",
        "claims" => "JWT claims",
        "bound" => "a login that was seen",
        "api_key" => "API key",
        "asserted" => "the log's or a declared proxy's word",
        "unproved" => "a name that nothing proves",
        "unbound" => "session whose login was not seen",
        "device" => "address and print of the program alone",
        "address" => "address and user agent alone",
        other => other,
    }
}

fn objects(run: &RunSummary) -> String {
    let parts: Vec<String> = run
        .objects
        .iter()
        .map(|object| {
            let all: u64 = object.key_sources.values().sum();
            let main = object.key_sources.iter().max_by_key(|(_, events)| **events);
            let place = main.map_or(String::new(), |(place, events)| format!("{place} {}", percent(*events, all)));
            match place.is_empty() {
                true => format!("{} {}", object.object_type, count(object.objects)),
                false => format!("{} {} ({place})", object.object_type, count(object.objects)),
            }
        })
        .collect();
    parts.join(", ")
}
