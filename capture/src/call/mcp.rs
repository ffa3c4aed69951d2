//! Model Context Protocol: tools, prompts, methods, and the answers of people and models to what a server asks.
//!
//! Revisions up to 2025-11-25 keep a session (`Mcp-Session-Id`): a server asks on an event stream, and the client answers
//! in a later POST that names nothing but an id. From 2026-07-28 on there is none: a server that wants something answers
//! `input_required`, and the client repeats its call with `inputResponses` under the server's keys.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::value::RawValue;

use super::budget::{Budget, name};
use super::message::Message;
use super::rpc::{Envelope, arguments};
use super::{Call, CallKind, CallOutcome, CallProtocol, MOST_CALLS, Unseen, json};
use crate::Exchange;

/// Beginnings of methods that no other protocol in use has.
const FAMILIES: [&str; 8] =
    ["tools/", "resources/", "prompts/", "notifications/", "sampling/", "elicitation/", "roots/", "completion/"];

/// The key of `_meta` under which a client without a session names itself.
const CLIENT_INFO: &str = "io.modelcontextprotocol/clientInfo";

/// Whether a method is MCP's, where no header says so.
pub(super) fn speaks(method: &str, params: Option<&RawValue>) -> bool {
    let has = |member| params.is_some_and(|params| json::member(params, member).is_some());
    match method {
        "initialize" => has("protocolVersion") || has("clientInfo"),
        "logging/setLevel" | "server/discover" => true,
        "tasks/get" | "tasks/cancel" | "tasks/result" => has("taskId"),
        _ => FAMILIES.iter().any(|family| method.starts_with(family)),
    }
}

/// The calls of a message: the call itself, and what answers it carries with it.
pub(super) fn calls(message: &Envelope<'_>, result: Option<&RawValue>, call: Call, budget: &mut Budget) -> Vec<Call> {
    let params = message.params;
    let named = || params.and_then(|params| json::text_of(params, "name")).map(|text| name(&text));
    let (kind, target) = match call.name.as_str() {
        "tools/call" => named().map_or((call.kind, None), |tool| (CallKind::Tool, Some(tool))),
        "prompts/get" => named().map_or((call.kind, None), |prompt| (CallKind::Prompt, Some(prompt))),
        _ => (call.kind, None),
    };
    let outcome = outcome(kind, result, &call.outcome);
    let client_info = params.and_then(client_info).and_then(|info| budget.keep(info.get()));
    let own = match &target {
        Some(_) => argument(message, "arguments", budget),
        None => arguments(message, budget),
    };
    let call = Call { protocol: CallProtocol::Mcp, client_info, ..call };
    let mut calls = Vec::new();
    for (key, value) in input_responses(params, budget) {
        let arguments = budget.keep_value(Some(value));
        // What the server made of an answer is what it made of the call; that it asks on is no refusal.
        let outcome = if outcome == CallOutcome::Waiting { CallOutcome::Accepted } else { outcome.clone() };
        calls.push(Call { kind: CallKind::InputResponse, name: name(&key), arguments, outcome, ..call.clone() });
    }
    let method = target.is_some().then(|| call.name.clone());
    let name = target.unwrap_or_else(|| call.name.clone());
    let given = result.map(|result| if kind == CallKind::Tool { given(result) } else { Cow::Borrowed(result.get()) });
    let result = given.and_then(|given| budget.keep(&given));
    calls.push(Call { kind, name, method, arguments: own, result, outcome, ..call });
    calls
}

/// What a tool gave: its structured content; else its only text, where that is a JSON document, as older servers write
/// it; else its result as it is.
fn given(result: &RawValue) -> Cow<'_, str> {
    let picked = json::pick(result.get(), ["structuredContent", "content"]).map(|picked| picked.values);
    let [structured, content] = picked.unwrap_or_default();
    if let Some(structured) = json::present(structured) {
        return Cow::Borrowed(structured.get());
    }
    let only = content.and_then(|content| match json::elements(content.get(), 2)?.0.as_slice() {
        [only] => json::text_of(only, "text"),
        _ => None,
    });
    let document = only.filter(|text| {
        text.trim_start().starts_with(['{', '[']) && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
    });
    document.unwrap_or(Cow::Borrowed(result.get()))
}

/// A member of the parameters: an empty object where it is known to be absent.
fn argument(message: &Envelope<'_>, member: &str, budget: &mut Budget) -> Option<String> {
    let params = message.params?;
    match json::pick(params.get(), [member])?.values {
        [Some(value)] => budget.keep(value.get()),
        _ => Some("{}".to_owned()),
    }
}

fn client_info(params: &RawValue) -> Option<&RawValue> {
    let [info, meta] = json::pick(params.get(), ["clientInfo", "_meta"])?.values;
    info.or_else(|| meta.and_then(|meta| json::member(meta, CLIENT_INFO)))
}

fn input_responses<'a>(params: Option<&'a RawValue>, budget: &mut Budget) -> Vec<(String, &'a RawValue)> {
    let responses = params.and_then(|params| json::member(params, "inputResponses"));
    let Some((responses, whole)) = responses.and_then(|r| json::members(r.get(), MOST_CALLS)) else {
        return Vec::new();
    };
    if !whole {
        budget.note(Unseen::TooMany);
    }
    responses
}

/// A tool says in its result that it failed, or that it wants something first.
fn outcome(kind: CallKind, result: Option<&RawValue>, outcome: &CallOutcome) -> CallOutcome {
    let Some(picked) = result.and_then(|result| json::pick(result.get(), ["isError", "resultType", "task"])) else {
        return outcome.clone();
    };
    let [failed, result_type, task] = picked.values;
    let result_type = result_type.and_then(json::text);
    if kind == CallKind::Tool && failed.is_some_and(|failed| failed.get() == "true") {
        CallOutcome::Failed(Some("isError".to_owned()))
    } else if result_type.as_deref() == Some("input_required") {
        CallOutcome::Waiting
    } else if kind == CallKind::Tool && (task.is_some() || result_type.as_deref() == Some("task")) {
        // It runs on; how it ends is asked for later.
        CallOutcome::Unknown
    } else {
        outcome.clone()
    }
}

/// Whether an answer of a client is one to what MCP servers ask.
pub(super) fn is_answer(message: &Envelope<'_>) -> bool {
    target(message).is_some()
}

/// What an answer of a client answers, by what it holds.
fn target(message: &Envelope<'_>) -> Option<&'static str> {
    let shape = message.result.and_then(|result| json::pick(result.get(), ["action", "model", "role", "roots"]));
    let [action, model, role, roots] = shape.map(|shape| shape.values).unwrap_or_default();
    let action = action.and_then(json::text);
    match action.as_deref() {
        Some("accept" | "decline" | "cancel") => Some("elicitation"),
        _ if roots.is_some() => Some("roots"),
        _ if model.is_some() && role.is_some() => Some("sampling"),
        _ => None,
    }
}

/// A client's answer to what the server asked on a stream. It names nothing: what it holds tells what it answers.
pub(super) fn answer(message: &Envelope<'_>, call: Call, certain: bool, budget: &mut Budget) -> Option<Call> {
    let target = target(message).or(certain.then_some("other"))?;
    // `args.action`, and what a form was filled with under `args.content`.
    let arguments = budget.keep_value(message.result.or(message.error));
    let (protocol, kind) = (CallProtocol::Mcp, CallKind::Answer);
    Some(Call { protocol, kind, name: target.to_owned(), arguments, ..call })
}

/// The call that headers name where the body was not seen: a log may write `Mcp-Method` and `Mcp-Name`.
pub(super) fn named_by_headers(exchange: &Exchange, sent: &Message<'_>) -> Option<Vec<Call>> {
    if sent.text.is_some() || exchange.request.as_ref().is_none_or(|request| request.body.is_empty()) {
        return None;
    }
    let method = told(exchange, "mcp-method")?;
    let target = told(exchange, "mcp-name").map(|target| decoded(&target));
    let (kind, method, target) = match (method.as_str(), target) {
        ("tools/call", Some(tool)) => (CallKind::Tool, Some(method), tool),
        ("prompts/get", Some(prompt)) => (CallKind::Prompt, Some(method), prompt),
        (notification, _) if notification.starts_with("notifications/") => (CallKind::Notification, None, method),
        _ => (CallKind::Method, None, method),
    };
    let status = exchange.response.as_ref().map(|response| response.status);
    let outcome = match status {
        Some(status @ 400..) => CallOutcome::Failed(Some(status.to_string())),
        // A tool that failed answers 200 too.
        _ => CallOutcome::Unknown,
    };
    let method = method.map(|method| name(&method));
    Some(vec![Call { method, outcome, ..Call::new(CallProtocol::Mcp, kind, name(&target)) }])
}

/// What the headers of an MCP request say that its body calls: every value of `Mcp-Method` and of `Mcp-Name`, as sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AnnouncedCall {
    /// Methods.
    pub methods: Vec<String>,
    /// Names of tools or prompts, or addresses of resources, decoded.
    pub names: Vec<String>,
}

impl AnnouncedCall {
    /// Reads the headers of an exchange's request.
    pub fn of(exchange: &Exchange) -> AnnouncedCall {
        let all = |header: &str| -> Vec<String> {
            let sent = exchange.request.iter().flat_map(|request| request.headers.all(header));
            let texts = sent.take(MOST_CALLS).map(|value| String::from_utf8_lossy(value).trim().to_owned());
            texts.collect()
        };
        let names = all("mcp-name").iter().map(|value| name(&decoded(value))).collect();
        AnnouncedCall { methods: all("mcp-method").iter().map(|value| name(value)).collect(), names }
    }
}

/// A header, or the field of a log that is named after it.
fn told(exchange: &Exchange, header: &str) -> Option<String> {
    let sent = exchange.request.as_ref().and_then(|request| request.headers.text(header));
    let plain = |b: u8| if b == b'_' { b'-' } else { b.to_ascii_lowercase() };
    let names = |field: &str| {
        let at = field.len().checked_sub(header.len());
        let tail = at.and_then(|at| field.as_bytes().get(at..));
        let apart = at.is_some_and(|at| {
            let before = at.checked_sub(1).and_then(|before| field.as_bytes().get(before));
            before.is_none_or(|before| !before.is_ascii_alphanumeric())
        });
        apart && tail.is_some_and(|tail| tail.iter().map(|b| plain(*b)).eq(header.bytes()))
    };
    let logged = || {
        let fields = exchange.log.fields.iter();
        fields
            .filter(|(field, value)| names(field) && !value.is_empty() && value != "-")
            .map(|(_, v)| v.as_str())
            .next()
    };
    sent.or_else(logged).map(str::to_owned)
}

/// A header value that is not ASCII is sent as `=?base64?...?=`.
fn decoded(value: &str) -> String {
    let coded = value.strip_prefix("=?base64?").and_then(|rest| rest.strip_suffix("?="));
    let text = coded.and_then(|coded| STANDARD.decode(coded).ok()).and_then(|bytes| String::from_utf8(bytes).ok());
    text.unwrap_or_else(|| value.to_owned())
}
