//! JSON-RPC 2.0 over HTTP: single messages, batches, notifications, errors; answers in JSON or on an event stream.

use std::collections::{BTreeMap, VecDeque};

use memchr::memmem::Finder;
use serde_json::value::RawValue;

use super::budget::{Budget, name};
use super::message::{Message, Needle, holds};
use super::{Call, CallKind, CallOutcome, CallProtocol, MOST_CALLS, Sender, Unseen, a2a, json, mcp};
use crate::event_stream::stream_events;
use crate::{Exchange, StreamEvent};

/// Longest event that is read.
const LONGEST_EVENT: usize = 4 << 20;

static VERSION: Needle = Needle::new(|| Finder::new("\"jsonrpc\""));
static ERROR: Needle = Needle::new(|| Finder::new("\"error\""));

/// One message: a request, a notification or an answer.
pub(super) struct Envelope<'a> {
    /// As JSON has it: the ids `1` and `"1"` differ.
    id: Option<&'a str>,
    method: Option<String>,
    pub(super) params: Option<&'a RawValue>,
    pub(super) result: Option<&'a RawValue>,
    pub(super) error: Option<&'a RawValue>,
    /// What it does not show is not there.
    whole: bool,
}

impl<'a> Envelope<'a> {
    fn read(text: &'a str) -> Option<Envelope<'a>> {
        let names = ["jsonrpc", "id", "method", "params", "result", "error"];
        let picked = json::pick(text, names)?;
        let [version, id, method, params, result, error] = picked.values;
        let said = version.and_then(json::text);
        // Some peers leave the version out of answers; what names a method must have it.
        let known = said.as_deref() == Some("2.0") || said.is_none() && (result.is_some() || error.is_some());
        known.then_some(())?;
        let method = method.and_then(json::text).map(|method| name(&method));
        let id = json::present(id).map(RawValue::get);
        Some(Envelope { id, method, params, result, error: json::present(error), whole: picked.whole })
    }

    fn is_answer(&self) -> bool {
        self.method.is_none() && (self.result.is_some() || self.error.is_some())
    }
}

/// Reads the calls of a JSON-RPC exchange; `None` where it is none.
pub(super) fn read(
    exchange: &Exchange,
    sent: &Message<'_>,
    answered: Option<&Message<'_>>,
    budget: &mut Budget,
) -> Option<Vec<Call>> {
    let request = sent.json().filter(|text| holds(text, &VERSION));
    let events = answered.map(streamed).unwrap_or_default();
    // Without a request in JSON-RPC only a stream may hold what a server asks.
    if request.is_none() && events.is_empty() {
        return None;
    }
    let answers = answered.map(|message| messages(message, &events, budget)).unwrap_or_default();
    let batch = request.is_some_and(|text| text.starts_with('['));
    let requests = request.map(|text| split(text, budget)).unwrap_or_default();
    if requests.is_empty() && answers.iter().all(|answer| answer.method.is_none()) {
        return None;
    }
    if request.is_some() && !sent.whole {
        budget.note(Unseen::RequestBody);
    }
    let dialect = Dialect::of(exchange);
    let mut matching = Matching::of(&answers);
    let mut calls = Vec::new();
    for (place, message) in requests.iter().enumerate() {
        let place = batch.then(|| u32::try_from(place).unwrap_or(u32::MAX));
        let answer = matching.take(message, requests.len());
        let outcome = outcome(message, answer.map(|(_, answer)| answer), answered);
        let response = answer.and_then(|(at, _)| u32::try_from(at).ok());
        for call in dialect.calls(message, answer.map(|(_, answer)| answer), outcome, budget) {
            if budget.has_room(calls.len()) {
                calls.push(Call { request: place, response, ..call });
            }
        }
    }
    for message in answers.iter().filter(|message| message.method.is_some()) {
        for call in dialect.calls(message, None, CallOutcome::Unknown, budget) {
            if budget.has_room(calls.len()) {
                calls.push(Call { sender: Sender::Server, ..call });
            }
        }
    }
    Some(calls)
}

/// The events of a response that is a stream of JSON-RPC.
fn streamed(message: &Message<'_>) -> Vec<StreamEvent> {
    let text = message.text.filter(|text| message.is("text/event-stream") && holds(text, &VERSION));
    // The text was trimmed of the empty line that ends its last event.
    let whole = text.map(|text| format!("{text}\n\n"));
    whole.map(|text| stream_events(text.as_bytes(), LONGEST_EVENT)).unwrap_or_default()
}

/// The messages of a response, from its events or its JSON.
fn messages<'a>(message: &Message<'a>, events: &'a [StreamEvent], budget: &mut Budget) -> Vec<Envelope<'a>> {
    if !events.is_empty() {
        return events.iter().take(MOST_CALLS * 4).flat_map(|event| split(event.data.trim(), budget)).collect();
    }
    let text = message.json().filter(|text| holds(text, &VERSION) || holds(text, &ERROR));
    text.map(|text| split(text, budget)).unwrap_or_default()
}

/// The messages of a text: one, or those of a batch.
fn split<'a>(text: &'a str, budget: &mut Budget) -> Vec<Envelope<'a>> {
    if !text.starts_with('[') {
        return Envelope::read(text).into_iter().collect();
    }
    let Some((items, whole)) = json::elements(text, MOST_CALLS) else { return Vec::new() };
    let found: Vec<_> = items.iter().filter_map(|item| Envelope::read(item.get())).collect();
    if !whole && !found.is_empty() {
        budget.note(if items.len() >= MOST_CALLS { Unseen::TooMany } else { Unseen::Malformed });
    }
    found
}

/// Answers by id; an id that was given twice is answered in order.
struct Matching<'m, 'a> {
    by_id: BTreeMap<&'a str, VecDeque<(usize, &'m Envelope<'a>)>>,
    /// The answer to what could not be read has no id.
    nameless: Option<(usize, &'m Envelope<'a>)>,
}

impl<'m, 'a> Matching<'m, 'a> {
    fn of(answers: &'m [Envelope<'a>]) -> Self {
        let mut by_id: BTreeMap<&str, VecDeque<(usize, &Envelope<'_>)>> = BTreeMap::new();
        let mut nameless = None;
        for (at, answer) in answers.iter().enumerate().filter(|(_, answer)| answer.is_answer()) {
            match answer.id {
                Some(id) => by_id.entry(id).or_default().push_back((at, answer)),
                None => nameless = nameless.or(Some((at, answer))),
            }
        }
        Matching { by_id, nameless }
    }

    /// The answer to a message. One without an id is to the only message there was.
    fn take(&mut self, message: &Envelope<'_>, messages: usize) -> Option<(usize, &'m Envelope<'a>)> {
        if message.is_answer() {
            return None;
        }
        // A stream tells how a call goes on; its last word counts. In a batch an id stands for one call each time.
        let next = |of: &mut VecDeque<_>| if messages == 1 { of.pop_back() } else { of.pop_front() };
        let own = message.id.and_then(|id| next(self.by_id.get_mut(id)?));
        own.or_else(|| self.nameless.take_if(|(_, answer)| messages == 1 && answer.error.is_some()))
    }
}

/// How a message went, as far as JSON-RPC and HTTP say.
fn outcome(message: &Envelope<'_>, answer: Option<&Envelope<'_>>, response: Option<&Message<'_>>) -> CallOutcome {
    if let Some(answer) = answer {
        return match answer.error {
            Some(error) => CallOutcome::Failed(json::member(error, "code").and_then(json::scalar).map(|c| name(&c))),
            None if answer.result.is_some() => CallOutcome::Accepted,
            None => CallOutcome::Unknown,
        };
    }
    let Some(response) = response else { return CallOutcome::Unknown };
    match response.refusal() {
        Some(status) => CallOutcome::Failed(Some(status)),
        // Nobody answers a notification or an answer: that it was taken is all there is.
        None if message.whole && message.id.is_none() || message.is_answer() => match response.status {
            Some(200..=299) => CallOutcome::Accepted,
            _ => CallOutcome::Unknown,
        },
        None => CallOutcome::Unknown,
    }
}

/// Which protocol the headers of an exchange say it speaks.
struct Dialect {
    mcp: bool,
    a2a: bool,
}

impl Dialect {
    fn of(exchange: &Exchange) -> Dialect {
        let headers = || {
            let sent = exchange.request.as_ref().map(|request| &request.headers);
            sent.into_iter().chain(exchange.response.as_ref().map(|response| &response.headers))
        };
        let has = |wanted: &[&str]| headers().any(|headers| wanted.iter().any(|name| headers.get(name).is_some()));
        Dialect {
            mcp: has(&["mcp-protocol-version", "mcp-session-id", "mcp-method"]),
            a2a: has(&["a2a-version", "a2a-extensions", "x-a2a-extensions"]),
        }
    }

    /// The calls of one message: one, and the answers that a repeated MCP call carries.
    fn calls(
        &self,
        message: &Envelope<'_>,
        answer: Option<&Envelope<'_>>,
        outcome: CallOutcome,
        budget: &mut Budget,
    ) -> Vec<Call> {
        let call = Call {
            protocol: CallProtocol::JsonRpc,
            kind: if message.id.is_none() && message.whole { CallKind::Notification } else { CallKind::Method },
            name: message.method.clone().unwrap_or_default(),
            method: None,
            id: message.id.map(|id| name(id.trim_matches('"'))),
            sender: Sender::Client,
            arguments: None,
            result: None,
            client_info: None,
            outcome,
            request: None,
            response: None,
        };
        let result = answer.and_then(|answer| answer.result);
        let Some(method) = &message.method else {
            return mcp::answer(message, call, self.mcp, budget).into_iter().collect();
        };
        if self.mcp || !self.a2a && mcp::speaks(method, message.params) {
            return mcp::calls(message, result, call, budget);
        }
        let (protocol, outcome) = match a2a::speaks(method, message.params, self.a2a) {
            true => (CallProtocol::A2a, a2a::outcome(method, result, call.outcome)),
            false => (CallProtocol::JsonRpc, call.outcome),
        };
        let arguments = arguments(message, budget);
        vec![Call { protocol, outcome, arguments, result: budget.keep_value(result), ..call }]
    }
}

/// The parameters of a message: none are known to be none.
pub(super) fn arguments(message: &Envelope<'_>, budget: &mut Budget) -> Option<String> {
    match message.params {
        Some(params) => budget.keep(params.get()),
        None => message.whole.then(|| "{}".to_owned()),
    }
}
