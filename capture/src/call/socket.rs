//! Calls on a WebSocket: JSON-RPC with its dialects, GraphQL after `graphql-transport-ws` and the older `graphql-ws`, and
//! JSON messages that say what they are.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::budget::{Budget, name};
use super::message::{Message, names};
use super::{Call, CallKind, CallOutcome, CallProtocol, Links, MOST_CALLS, Sender, Unseen, graphql, json, rpc};
use crate::Exchange;

/// Members by which applications say what a message is, in the order in which they are believed.
const NAMES: [&str; 7] = ["type", "action", "event", "op", "method", "command", "cmd"];
/// Members that tie an answer to its question whatever else the two say.
const TIES: [&str; 9] =
    ["requestId", "request_id", "reqId", "req_id", "correlationId", "correlation_id", "messageId", "message_id", "ref"];
/// What says only that somebody is still there.
const IDLE: [&str; 7] = ["ping", "pong", "heartbeat", "keepalive", "keep_alive", "keep-alive", "ka"];
/// Names of messages that answer one that has the same `id`, which may be anything's.
const REPLIES: [&str; 8] = ["ack", "ok", "result", "response", "reply", "success", "error", "nack"];
/// Names and states of messages that refuse.
const REFUSALS: [&str; 9] = ["error", "nack", "failure", "failed", "fail", "reject", "rejected", "refused", "denied"];
/// Members of a payload by which clients of GraphQL hand over a bearer token.
const TOKENS: [&str; 5] = ["token", "authToken", "accessToken", "access_token", "jwt"];
/// How names of members end that hold credentials.
const SECRETS: [&str; 4] = ["authorization", "token", "key", "jwt"];
/// Longest credential, and longest id that anything waits for.
const LONGEST_VALUE: usize = 8 << 10;
/// Most members of a message that are looked at for what else it names.
const MOST_MEMBERS: usize = 64;
/// Most credentials of one beginning.
const MOST_CREDENTIALS: usize = 32;

/// What a client's message is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Sent {
    /// Calls, and the keys of the answers that they wait for; none where nobody answers.
    Calls(Vec<String>),
    /// The beginning of GraphQL, with the header fields that its payload stands for.
    Opening(Vec<(String, String)>),
    /// Nothing more is wanted under this key.
    Over(String),
    /// What a protocol needs beside calls.
    Beside,
    /// Nothing that is known.
    Other,
}

/// What a server's message is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Received {
    /// Answers to what waits under these keys; `more`: and there will be further ones.
    Answers { keys: Vec<String>, more: bool },
    /// An error of JSON-RPC that names no call.
    Nameless,
    /// What a protocol needs beside answers.
    Beside,
    /// Nothing that is known.
    Other,
}

/// Reads what a client's message is; `graphql`: the WebSocket speaks it.
pub(crate) fn sent(text: &str, graphql: bool) -> Sent {
    let text = text.trim();
    if let Some((items, _)) = json::elements(text, MOST_CALLS) {
        let read: Vec<_> = items.iter().filter_map(|item| rpc::Envelope::read(item.get())).collect();
        return match (read.is_empty(), read.iter().any(is_call)) {
            (true, _) => Sent::Other,
            (false, true) => Sent::Calls(read.iter().filter_map(rpc_key).collect()),
            (false, false) => Sent::Beside,
        };
    }
    if names(text, &rpc::VERSION)
        && let Some(envelope) = rpc::Envelope::read(text)
    {
        return if is_call(&envelope) { Sent::Calls(rpc_key(&envelope).into_iter().collect()) } else { Sent::Beside };
    }
    let Some(picked) = json::pick(text, ["type", "id", "payload"]) else { return Sent::Other };
    let [kind, id, payload] = picked.values;
    let (kind, id) = (kind.and_then(json::text), id.and_then(json::scalar).filter(|id| id.len() <= LONGEST_VALUE));
    match (kind.as_deref(), id) {
        (Some("connection_init"), _) => Sent::Opening(payload.map(credentials).unwrap_or_default()),
        (Some("subscribe" | "start"), Some(id)) if payload.is_some_and(|payload| graphql || asks(payload)) => {
            Sent::Calls(vec![graphql_key(&id)])
        }
        (Some("complete" | "stop"), Some(id)) if graphql => Sent::Over(graphql_key(&id)),
        (Some(kind), _) if graphql && is_control(kind) => Sent::Beside,
        _ => match named(text) {
            Some(name) if IDLE.iter().any(|idle| name.eq_ignore_ascii_case(idle)) => Sent::Beside,
            Some(_) => Sent::Calls(tie(text).into_iter().collect()),
            None => Sent::Other,
        },
    }
}

/// Reads what a server's message is; `graphql`: the WebSocket speaks it.
pub(crate) fn received(text: &str, graphql: bool) -> Received {
    let text = text.trim();
    if let Some((items, _)) = json::elements(text, MOST_CALLS) {
        let read: Vec<_> = items.iter().filter_map(|item| rpc::Envelope::read(item.get())).collect();
        let keys: Vec<_> = read.iter().filter(|answer| answer.is_answer()).filter_map(rpc::Envelope::key).collect();
        return match (read.is_empty(), keys.is_empty()) {
            (true, _) => Received::Other,
            (false, true) => Received::Beside,
            (false, false) => Received::Answers { keys, more: false },
        };
    }
    if let Some(envelope) = rpc::Envelope::read(text).filter(|_| names(text, &rpc::VERSION)) {
        return match (envelope.is_answer(), envelope.key()) {
            (true, Some(key)) => Received::Answers { keys: vec![key], more: false },
            (true, None) => Received::Nameless,
            // What a server asks of its client.
            (false, _) => Received::Beside,
        };
    }
    let Some(picked) = json::pick(text, ["type", "id", "payload"]) else { return Received::Other };
    let [kind, id, payload] = picked.values;
    let (kind, id) = (kind.and_then(json::text), id.and_then(json::scalar).filter(|id| id.len() <= LONGEST_VALUE));
    match (kind.as_deref(), id) {
        (Some("next" | "data" | "error" | "complete"), Some(id)) => {
            let more = payload.and_then(|payload| json::member(payload, "hasNext")).is_some_and(|m| m.get() == "true");
            Received::Answers { keys: std::iter::once(graphql_key(&id)).chain(reply(text)).collect(), more }
        }
        (Some(kind), _) if graphql && is_control(kind) => Received::Beside,
        (Some(kind), _) if IDLE.iter().any(|idle| kind.eq_ignore_ascii_case(idle)) => Received::Beside,
        _ => {
            // Some peers leave the version out of answers.
            let answer = rpc::Envelope::read(text).filter(rpc::Envelope::is_answer).and_then(|answer| answer.key());
            let keys: Vec<String> = answer.into_iter().chain(reply(text)).collect();
            if keys.is_empty() { Received::Other } else { Received::Answers { keys, more: false } }
        }
    }
}

/// Reads the calls of a message and the messages that answer it.
pub(super) fn read(
    exchange: &Exchange,
    sent: &Message<'_>,
    answered: Option<&Message<'_>>,
    budget: &mut Budget,
) -> Option<Vec<Call>> {
    if let Some(calls) = rpc::read(exchange, sent, answered, budget) {
        return Some(calls);
    }
    let text = sent.json()?;
    let answers = answered.and_then(|message| message.text).map(json::values).unwrap_or_default();
    operation(exchange, text, sent.whole, &answers, budget)
        .or_else(|| message(exchange, text, sent.whole, &answers, budget))
}

/// The fields of an operation of GraphQL.
fn operation(
    exchange: &Exchange,
    text: &str,
    whole: bool,
    answers: &[&RawValue],
    budget: &mut Budget,
) -> Option<Vec<Call>> {
    let [kind, payload] = json::pick(text, ["type", "payload"])?.values;
    let kind = kind.and_then(json::text)?;
    let payload = payload.filter(|_| matches!(&*kind, "subscribe" | "start"))?;
    // AWS AppSync wraps the request into a text once more.
    let wrapped = json::text_of(payload, "data");
    let request = wrapped.as_deref().unwrap_or(payload.get());
    let parts = answers.iter().filter_map(|answer| {
        let [kind, payload] = json::pick(answer.get(), ["type", "payload"])?.values;
        let (kind, payload) = (kind.and_then(json::text)?, payload?.get());
        match &*kind {
            "next" | "data" => Some(Cow::Borrowed(payload)),
            // A list, of which the older protocol gives the only element.
            "error" if payload.starts_with('[') => Some(Cow::Owned(format!("{{\"errors\":{payload}}}"))),
            "error" => Some(Cow::Owned(format!("{{\"errors\":[{payload}]}}"))),
            _ => None,
        }
    });
    let documents = exchange.elsewhere.as_ref().map(|elsewhere| elsewhere.documents.as_slice()).unwrap_or_default();
    let calls = graphql::said(request, documents, speaks_graphql(exchange), parts.collect(), budget)?;
    if !whole {
        budget.note(Unseen::RequestBody);
    }
    Some(calls)
}

/// The call of a message that says what it is.
fn message(
    exchange: &Exchange,
    text: &str,
    whole: bool,
    answers: &[&RawValue],
    budget: &mut Budget,
) -> Option<Vec<Call>> {
    let called = named(text)?;
    let whole = whole && json::pick(text, ["type"]).is_some_and(|picked| picked.whole);
    if !whole {
        budget.note(Unseen::RequestBody);
    }
    let answer = answers.first().copied();
    let own = tie(text);
    let repeated = || answer.and_then(|answer| tie(answer.get())) == own;
    let counts = exchange.elsewhere.as_ref().is_some_and(|elsewhere| elsewhere.counts);
    let numbered = counts && own.as_deref().and_then(own_id).is_some() && repeated() && names_more(text);
    Some(vec![Call {
        protocol: CallProtocol::WebSocket,
        kind: CallKind::Message,
        name: called,
        method: None,
        id: own.and_then(|key| key.split_once('=').map(|(_, id)| name(id))),
        sender: Sender::Client,
        arguments: if whole { budget.keep(text) } else { None },
        result: budget.keep_value(answer),
        gives: None,
        client_info: None,
        links: Links { numbered, ..Links::default() },
        outcome: answer.map_or(CallOutcome::Unknown, outcome),
        request: None,
        response: None,
    }])
}

/// Whether the server agreed, or was asked, to speak GraphQL on the WebSocket.
pub(crate) fn speaks_graphql(exchange: &Exchange) -> bool {
    let sent = exchange.request.iter().map(|request| &request.headers);
    let answered = exchange.response.iter().map(|response| &response.headers);
    let mut named = sent.chain(answered).filter_map(|headers| headers.text("sec-websocket-protocol"));
    named.any(|protocol| protocol.to_ascii_lowercase().contains("graphql"))
}

/// What an application's message says it is.
fn named(text: &str) -> Option<String> {
    let picked = json::pick(text, NAMES)?;
    let said = picked.values.into_iter().flatten().filter_map(json::text);
    said.map(|said| name(&said)).find(|said| !said.trim().is_empty())
}

/// What an answer to an application's message would repeat.
fn tie(text: &str) -> Option<String> {
    let certain = json::pick(text, TIES)?.values.into_iter().zip(TIES);
    let named = json::pick(text, ["id"])?.values.into_iter().zip(["id"]);
    let mut ties = certain.chain(named).filter_map(|(value, member)| Some((json::scalar(value?)?, member)));
    ties.find(|(id, _)| !id.is_empty() && id.len() <= LONGEST_VALUE).map(|(id, member)| format!("m{member}={id}"))
}

/// The `id` in the key of an application's message that has no other tie.
pub(crate) fn own_id(key: &str) -> Option<&str> {
    key.strip_prefix("mid=")
}

/// Whether a message that counts in its `id` names something else by a value with a digit. What names nothing else may
/// mean its `id`: who goes through ids one by one counts as well.
fn names_more(text: &str) -> bool {
    let Some((members, _)) = json::members(text, MOST_MEMBERS) else { return false };
    let value = |value: &RawValue| json::scalar(value).is_some_and(|v| v.len() <= 64 && names_by(&v));
    members.into_iter().any(|(name, own)| name != "id" && !NAMES.contains(&name.as_str()) && value(own))
}

fn names_by(value: &str) -> bool {
    value.bytes().any(|b| b.is_ascii_digit()) && !value.bytes().any(|b| b.is_ascii_whitespace())
}

/// A text without its outermost member `id`; as it is where it is no object.
pub(super) fn without_id(text: &str) -> Option<String> {
    let (members, whole) = json::members(text, usize::MAX)?;
    let others = members.into_iter().filter(|(name, _)| name != "id");
    let written =
        others.filter_map(|(name, value)| Some(format!("{}:{}", serde_json::to_string(&name).ok()?, value.get())));
    whole.then(|| format!("{{{}}}", written.collect::<Vec<_>>().join(",")))
}

/// What a server's message answers. An `id` alone may be anything's: the message must look like an answer, too.
fn reply(text: &str) -> Option<String> {
    let key = tie(text)?;
    let told = || {
        let members = ["result", "error", "errors", "success", "ok"];
        let told = json::pick(text, members).is_some_and(|picked| picked.values.iter().any(Option::is_some));
        told || named(text).is_some_and(|name| REPLIES.iter().any(|reply| name.eq_ignore_ascii_case(reply)))
    };
    (!key.starts_with("mid=") || told()).then_some(key)
}

/// How an application's answer says that it went.
fn outcome(answer: &RawValue) -> CallOutcome {
    let picked = json::pick(answer.get(), ["error", "errors", "success", "ok", "status", "code"]);
    let [error, errors, success, ok, status, code] = picked.map(|picked| picked.values).unwrap_or_default();
    let said =
        |value: Option<&RawValue>| json::present(value).is_some_and(|v| !matches!(v.get(), "false" | "[]" | "\"\""));
    let refuses = |word: &str| REFUSALS.iter().any(|refusal| word.eq_ignore_ascii_case(refusal));
    let denied = [success, ok].into_iter().flatten().any(|value| value.get() == "false");
    let state = status.and_then(json::scalar);
    let state =
        state.is_some_and(|s| refuses(&s) || s.parse::<u16>().is_ok_and(|status| (400..=599).contains(&status)));
    if said(error) || said(errors) || denied || state || named(answer.get()).is_some_and(|name| refuses(&name)) {
        let own = json::present(error).and_then(|error| json::member(error, "code"));
        return CallOutcome::Failed(own.or(code).and_then(json::scalar).map(|code| name(&code)));
    }
    CallOutcome::Accepted
}

/// Whether a payload asks for something in GraphQL.
fn asks(payload: &RawValue) -> bool {
    let picked = json::pick(payload.get(), ["query", "extensions", "documentId", "doc_id", "data"]);
    picked.is_some_and(|picked| picked.values.iter().any(Option::is_some))
}

/// Messages that only GraphQL's own protocols need.
fn is_control(kind: &str) -> bool {
    let names = ["connection_ack", "connection_error", "connection_terminate", "start_ack", "ping", "pong", "ka"];
    names.contains(&kind) || matches!(kind, "next" | "data" | "error" | "complete" | "stop")
}

/// The header fields that the payload of a beginning stands for: credentials among its texts and those of its `headers`,
/// where servers of GraphQL read them because browsers cannot send headers with a WebSocket. Nothing else: what a gateway
/// says of a client in a header, the client must not say of itself.
fn credentials(payload: &RawValue) -> Vec<(String, String)> {
    let inner = json::member(payload, "headers").and_then(|inner| json::members(inner.get(), MOST_CREDENTIALS));
    let outer = json::members(payload.get(), MOST_CREDENTIALS);
    let (mut fields, mut tokens) = (Vec::new(), Vec::new());
    for (member, value) in [inner, outer].into_iter().flatten().flat_map(|(members, _)| members) {
        let Some(value) = json::text(value).filter(|value| is_field(&member, value)) else { continue };
        if TOKENS.contains(&member.as_str()) {
            let bearer = value.strip_prefix("Bearer ").unwrap_or(&value);
            tokens.push(("authorization".to_owned(), format!("Bearer {bearer}")));
        } else {
            fields.push((member.to_ascii_lowercase(), value.into_owned()));
        }
    }
    // What is called by its name counts before what only looks like it.
    fields.extend(tokens);
    fields.truncate(MOST_CREDENTIALS);
    fields
}

/// Whether a header field holds a credential, by its name.
pub(crate) fn is_credential(name: &str) -> bool {
    let plain = name.to_ascii_lowercase().replace(['-', '_'], "");
    let other = plain.starts_with("xforwarded") || plain.starts_with("sec") || plain.starts_with("idempotency");
    !other && (plain == "cookie" || SECRETS.iter().any(|secret| plain.ends_with(secret)))
}

/// Whether a member may stand for a header field that holds a credential.
fn is_field(name: &str, value: &str) -> bool {
    let token = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    name.len() <= 64
        && name.bytes().all(token)
        && is_credential(name)
        && !value.is_empty()
        && value.len() <= LONGEST_VALUE
        && !value.chars().any(char::is_control)
}

/// Whether a client's message of JSON-RPC calls something. What answers the server does only where a person or model may
/// have answered.
fn is_call(envelope: &rpc::Envelope<'_>) -> bool {
    !envelope.is_answer() || super::mcp::is_answer(envelope)
}

fn rpc_key(envelope: &rpc::Envelope<'_>) -> Option<String> {
    if envelope.is_answer() { None } else { envelope.key() }
}

fn graphql_key(id: &str) -> String {
    format!("g{id}")
}
