//! What ties the calls of one exchange to others: sessions and ids of MCP, hashes of GraphQL documents.
//!
//! MCP's answers may come on any stream of their session: on that of a GET, on one that goes on after a break
//! (`Last-Event-ID`), or, before 2025-03-26, always on the stream that said with an `endpoint` event where to send calls.

use std::sync::Arc;

use memchr::memmem::Finder;
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};

use super::message::{Message, Needle, holds, names};
use super::rpc::{Envelope, VERSION};
use super::{MOST_CALLS, graphql, json};
use crate::event_stream::stream_events;
use crate::{Exchange, Protocol, Request, StreamEvent};

/// Longest event that is read.
const LONGEST_EVENT: usize = 4 << 20;
/// Most answers of one stream.
const MOST_ANSWERS: usize = 65_536;

static HASH: Needle = Needle::new(|| Finder::new("sha256Hash"));
static ENDPOINT: Needle = Needle::new(|| Finder::new("endpoint"));

/// What an exchange lacks and what it has for others.
#[derive(Debug, Default)]
pub(crate) struct Ties {
    /// Calls that it does not answer.
    pub(crate) asked: Vec<u128>,
    /// Answers to calls of others.
    pub(crate) answers: Vec<(u128, String)>,
    /// Hashes without their documents.
    pub(crate) hashes: Vec<String>,
    /// Documents by hashes that are theirs.
    pub(crate) documents: Vec<(String, String)>,
}

impl Ties {
    /// The ties of an exchange; none where nothing of it can be elsewhere, which a few comparisons tell of most.
    pub(crate) fn of(exchange: &Exchange) -> Option<Ties> {
        let request = exchange.request.as_ref().filter(|_| !exchange.pushed)?;
        let mut ties = Ties::default();
        let body = request.body.bytes().unwrap_or_default();
        if request.target.contains("sha256Hash") || HASH.find(body).is_some() {
            ties.add_documents(exchange, request);
        }
        let calls = request.method == "POST" && std::str::from_utf8(body).is_ok_and(|text| names(text, &VERSION));
        if exchange.protocol != Protocol::WebSocket && (calls || streams(exchange)) {
            ties.add_messages(exchange, request, calls);
        }
        let empty =
            ties.asked.is_empty() && ties.answers.is_empty() && ties.hashes.is_empty() && ties.documents.is_empty();
        (!empty).then_some(ties)
    }

    /// What is kept of a document for requests that name it by its hash.
    pub(crate) fn condensed(document: &str) -> Arc<str> {
        graphql::condensed(document).into()
    }

    fn add_documents(&mut self, exchange: &Exchange, request: &Request) {
        let sent = Message::of_request(request);
        let found = match exchange.protocol {
            Protocol::WebSocket => {
                let payload = sent.json().and_then(|text| json::pick(text, ["payload"])?.values.into_iter().next()?);
                // AWS AppSync wraps the request into a text once more.
                let wrapped = payload.and_then(|payload| json::text_of(payload, "data"));
                let said = wrapped.as_deref().or(payload.map(RawValue::get));
                said.map(graphql::hashes_said).unwrap_or_default()
            }
            _ => graphql::hashes(request, &sent),
        };
        for (hash, document) in found.into_iter().take(MOST_CALLS) {
            match document {
                // It may be asked for many times, and is wanted once.
                None if self.hashes.contains(&hash) => {}
                None => self.hashes.push(hash),
                // Who sends a text under a hash that is not its own names nothing.
                Some(document) if hex(&Sha256::digest(document.as_bytes())) == hash => {
                    self.documents.push((hash, document));
                }
                Some(_) => {}
            }
        }
    }

    fn add_messages(&mut self, exchange: &Exchange, request: &Request, calls: bool) {
        let Some(response) = exchange.response.as_ref().filter(|r| (200..=299).contains(&r.status)) else { return };
        let (sent, answered) = (Message::of_request(request), Message::of_response(response));
        let streams = streams(exchange);
        let calls = sent.json().filter(|_| calls);
        // An answer in JSON is the answer.
        if !streams && (calls.is_none() || answered.json().is_some()) {
            return;
        }
        let host = request.host.as_deref().map(bare).unwrap_or_default();
        let events = if streams { events(&answered) } else { Vec::new() };
        let mut asked: Vec<String> = calls.map(ids).unwrap_or_default();
        let session = request.headers.get("mcp-session-id");
        let endpoint = events.iter().find(|event| event.event == "endpoint");
        let endpoint = endpoint.and_then(|event| resolved(event.data.trim(), &request.target));
        for event in events.iter().take(MOST_ANSWERS).filter(|event| names(&event.data, &VERSION)) {
            for (id, text) in answers(event.data.trim()) {
                if let Some(at) = asked.iter().position(|own| *own == id) {
                    asked.swap_remove(at);
                } else if let Some(session) = session {
                    self.answers.push((key(b"session", &host, session, &id), text));
                } else if let Some(endpoint) = &endpoint {
                    self.answers.push((key(b"endpoint", &host, endpoint.as_bytes(), &id), text));
                }
            }
        }
        self.asked.extend(asked.iter().map(|id| match session {
            Some(session) => key(b"session", &host, session, id),
            None => key(b"endpoint", &host, request.target.as_bytes(), id),
        }));
    }
}

/// Whether the response is a stream of events.
fn streams(exchange: &Exchange) -> bool {
    let kind = exchange.response.as_ref().and_then(|response| response.headers.text("content-type"));
    let kind = kind.and_then(|kind| kind.split(';').next()).unwrap_or_default();
    kind.trim().eq_ignore_ascii_case("text/event-stream")
}

fn events(message: &Message<'_>) -> Vec<StreamEvent> {
    let wanted = message.text.filter(|text| names(text, &VERSION) || holds(text, &ENDPOINT));
    // The text was trimmed of the empty line that ends its last event.
    wanted.map(|text| stream_events(format!("{text}\n\n").as_bytes(), LONGEST_EVENT)).unwrap_or_default()
}

/// Keys of the calls of a text: a message, or a list of them.
fn ids(text: &str) -> Vec<String> {
    let key =
        |text: &str| Envelope::read(text).filter(|message| !message.is_answer()).and_then(|message| message.key());
    match json::elements(text, MOST_CALLS) {
        Some((items, _)) => items.iter().filter_map(|item| key(item.get())).collect(),
        None => key(text).into_iter().collect(),
    }
}

/// Answers of a text, each with its key.
fn answers(text: &str) -> Vec<(String, String)> {
    let read = |text: &str| {
        let answer = Envelope::read(text).filter(Envelope::is_answer)?;
        Some((answer.key()?, text.to_owned()))
    };
    match json::elements(text, MOST_CALLS) {
        Some((items, _)) => items.iter().filter_map(|item| read(item.get())).collect(),
        None => read(text).into_iter().collect(),
    }
}

/// Where an `endpoint` event sends calls, as the target of a request there; that it goes to the same host the key says.
fn resolved(endpoint: &str, base: &str) -> Option<String> {
    if let Some((_, rest)) = endpoint.split_once("://") {
        return rest.find('/').and_then(|at| rest.get(at..)).map(str::to_owned);
    }
    if endpoint.starts_with('/') {
        return Some(endpoint.to_owned());
    }
    let path = base.split(['?', '#']).next().unwrap_or_default();
    if endpoint.starts_with('?') {
        return Some(format!("{path}{endpoint}"));
    }
    let folder = path.rfind('/').and_then(|at| path.get(..=at))?;
    (!endpoint.is_empty()).then(|| format!("{folder}{endpoint}"))
}

/// The host without its port, in lower case.
fn bare(host: &str) -> String {
    let port = |port: &str| !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
    let name = host.rsplit_once(':').filter(|(_, last)| port(last)).map_or(host, |(name, _)| name);
    name.to_ascii_lowercase()
}

/// What a call and its answer share. A session's id is a credential: what is kept of it is a hash.
fn key(kind: &[u8], host: &str, session: &[u8], id: &str) -> u128 {
    let mut hash = Sha256::new();
    for part in [kind, host.as_bytes(), session, id.as_bytes()] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().first_chunk().map_or(0, |bytes| u128::from_be_bytes(*bytes))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
