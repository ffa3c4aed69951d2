//! JSON-RPC 2.0 over HTTP: single messages, batches, notifications, errors; answers in JSON or on an event stream.

use std::collections::{BTreeMap, VecDeque};

use memchr::memmem::Finder;
use serde_json::value::RawValue;

use super::budget::{Budget, name};
use super::message::{Message, Needle, names};
use super::{Call, CallKind, CallOutcome, CallProtocol, Links, MOST_CALLS, Sender, Unseen, a2a, json, mcp};
use crate::event_stream::stream_events;
use crate::{Exchange, Protocol, StreamEvent};

/// Longest event that is read.
const LONGEST_EVENT: usize = 4 << 20;
/// Most messages read of one list in an answer.
const MOST_ANSWERS: usize = 1 << 16;
/// Longest id that an answer is found by.
const LONGEST_ID: usize = 1 << 10;

/// The member that every message of JSON-RPC has.
pub(super) static VERSION: Needle = Needle::new(|| Finder::new("\"jsonrpc\""));
/// Members of which every answer has one, whether or not it says its version.
static TELLING: [Needle; 2] = [Needle::new(|| Finder::new("\"result\"")), Needle::new(|| Finder::new("\"error\""))];

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
    /// Reads one; `None` where the text is none.
    pub(super) fn read(text: &'a str) -> Option<Envelope<'a>> {
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

    /// Whether it answers something.
    pub(super) fn is_answer(&self) -> bool {
        self.method.is_none() && (self.result.is_some() || self.error.is_some())
    }

    /// What ties an answer to its question: the id as JSON has it. None where it has none, or one that nobody would use.
    pub(super) fn key(&self) -> Option<String> {
        self.id.filter(|id| id.len() <= LONGEST_ID).map(|id| format!("r{id}"))
    }
}

/// Reads the calls of a JSON-RPC exchange; `None` where it is none.
pub(super) fn read(
    exchange: &Exchange,
    sent: &Message<'_>,
    answered: Option<&Message<'_>>,
    budget: &mut Budget,
) -> Option<Vec<Call>> {
    let request = sent.json().filter(|text| names(text, &VERSION));
    let events = answered.map(streamed).unwrap_or_default();
    // Without a request in JSON-RPC only a stream may hold what a server asks.
    if request.is_none() && events.is_empty() {
        return None;
    }
    let batch = request.is_some_and(|text| text.starts_with('['));
    let requests = request.map(|text| split(text, budget)).unwrap_or_default();
    let several = exchange.protocol == Protocol::WebSocket;
    let mut said = answered.map(|message| texts(message, &events, several)).unwrap_or_default();
    said.extend(exchange.elsewhere.iter().flat_map(|elsewhere| &elsewhere.answers).map(|text| &**text));
    let mut heard = Heard::of(&said, &requests);
    if requests.is_empty() && heard.own.is_empty() {
        return None;
    }
    if request.is_some() && !sent.whole {
        budget.note(Unseen::RequestBody);
    }
    let dialect = Dialect::of(exchange);
    let mut calls = Vec::new();
    for (place, message) in requests.iter().enumerate() {
        let place = batch.then(|| u32::try_from(place).unwrap_or(u32::MAX));
        let answer = heard.take(message, requests.len());
        let outcome = outcome(message, answer.as_ref().map(|(_, answer)| answer), answered);
        let response = answer.as_ref().and_then(|(at, _)| u32::try_from(*at).ok());
        for call in dialect.calls(message, answer.as_ref().map(|(_, answer)| answer), outcome, budget) {
            if budget.has_room(calls.len()) {
                calls.push(Call { request: place, response, ..call });
            }
        }
    }
    let (own, more) = heard.calls(&dialect);
    if more {
        budget.note(Unseen::FromServer);
    }
    calls.extend(own);
    Some(calls)
}

/// The events of a response that is a stream of JSON-RPC.
fn streamed(message: &Message<'_>) -> Vec<StreamEvent> {
    let text = message.text.filter(|text| message.is("text/event-stream") && names(text, &VERSION));
    // The text was trimmed of the empty line that ends its last event.
    let whole = text.map(|text| format!("{text}\n\n"));
    whole.map(|text| stream_events(text.as_bytes(), LONGEST_EVENT)).unwrap_or_default()
}

/// The texts of a response, each a message or a batch: those of its events, or its JSON; `several`: one after the other.
fn texts<'a>(message: &Message<'a>, events: &'a [StreamEvent], several: bool) -> Vec<&'a str> {
    let mut texts: Vec<&str> = events.iter().map(|event| event.data.trim()).collect();
    match message.json() {
        Some(text) if several && texts.is_empty() => {
            texts.extend(json::values(text).into_iter().map(RawValue::get));
        }
        Some(text) if TELLING.iter().chain([&VERSION]).any(|name| names(text, name)) => texts.push(text),
        _ => {}
    }
    texts
}

/// The messages of a request's text: one, or those of a batch.
fn split<'a>(text: &'a str, budget: &mut Budget) -> Vec<Envelope<'a>> {
    let (found, cut) = envelopes(text, MOST_CALLS);
    if let Some(why) = cut.filter(|_| !found.is_empty()) {
        budget.note(why);
    }
    found
}

/// The messages of a text, of a batch at most so many, and why there may be more.
fn envelopes(text: &str, most: usize) -> (Vec<Envelope<'_>>, Option<Unseen>) {
    if !text.starts_with('[') {
        return (Envelope::read(text).into_iter().collect(), None);
    }
    let Some((items, whole)) = json::elements(text, most) else { return (Vec::new(), None) };
    let cut = (!whole).then_some(if items.len() >= most { Unseen::TooMany } else { Unseen::Malformed });
    (items.iter().filter_map(|item| Envelope::read(item.get())).collect(), cut)
}

/// What a server says: answers, and what it asks or tells on its own. However much it tells, its answers are found.
#[derive(Default)]
struct Heard<'a> {
    /// Answers to what was asked, by id, with their places: for each time that an id was asked one, the last word last.
    answers: BTreeMap<&'a str, VecDeque<(usize, Envelope<'a>)>>,
    /// The answer to what could not be read has no id.
    nameless: Option<(usize, Envelope<'a>)>,
    /// What the server asks or tells, the first of it.
    own: Vec<Envelope<'a>>,
    /// It asks or tells more.
    more: bool,
}

impl<'a> Heard<'a> {
    /// The messages in texts that may answer these requests.
    fn of(texts: &[&'a str], requests: &[Envelope<'_>]) -> Self {
        let mut asked: BTreeMap<&str, usize> = BTreeMap::new();
        for id in requests.iter().filter_map(|request| request.id) {
            *asked.entry(id).or_default() += 1;
        }
        let mut heard = Heard::default();
        let mut place = 0;
        for text in texts {
            let (messages, cut) = envelopes(text, MOST_ANSWERS);
            heard.more |= cut.is_some();
            for message in messages {
                heard.add(place, message, &asked);
                place += 1;
            }
        }
        heard
    }

    fn add(&mut self, place: usize, message: Envelope<'a>, asked: &BTreeMap<&str, usize>) {
        if message.method.is_some() {
            self.more |= self.own.len() >= MOST_CALLS;
            if self.own.len() < MOST_CALLS {
                self.own.push(message);
            }
        } else if message.is_answer() {
            let Some(id) = message.id else {
                self.nameless.get_or_insert((place, message));
                return;
            };
            let Some(times) = asked.get(id) else { return };
            let answers = self.answers.entry(id).or_default();
            // A stream tells how a call goes on: its last word counts.
            if answers.len() >= *times {
                answers.pop_back();
            }
            answers.push_back((place, message));
        }
    }

    /// The answer to a message. One without an id is to the only message there was.
    fn take(&mut self, message: &Envelope<'_>, messages: usize) -> Option<(usize, Envelope<'a>)> {
        if message.is_answer() {
            return None;
        }
        let own = message.id.and_then(|id| self.answers.get_mut(id)?.pop_front());
        own.or_else(|| self.nameless.take_if(|(_, answer)| messages == 1 && answer.error.is_some()))
    }

    /// What the server asks or tells, and whether there is more of it. It takes nothing from what is kept of the client.
    fn calls(&self, dialect: &Dialect) -> (Vec<Call>, bool) {
        let mut budget = Budget::new();
        let mut calls = Vec::new();
        for message in &self.own {
            for call in dialect.calls(message, None, CallOutcome::Unknown, &mut budget) {
                if budget.has_room(calls.len()) {
                    calls.push(Call { sender: Sender::Server, ..call });
                }
            }
        }
        (calls, self.more || !budget.into_unseen().is_empty())
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
            mcp: has(&["mcp-protocol-version", "mcp-session-id", "mcp-method"])
                || headers().filter_map(|headers| headers.text("sec-websocket-protocol")).any(|names| names == "mcp"),
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
        let kind = if message.id.is_none() && message.whole { CallKind::Notification } else { CallKind::Method };
        let id = message.id.map(|id| name(id.trim_matches('"')));
        let method = message.method.clone().unwrap_or_default();
        let call = Call { id, outcome, ..Call::new(CallProtocol::JsonRpc, kind, method) };
        let result = answer.and_then(|answer| answer.result);
        let Some(method) = &message.method else {
            return mcp::answer(message, call, self.mcp, budget).into_iter().collect();
        };
        if self.mcp || !self.a2a && mcp::speaks(method, message.params) {
            let links = Links::of(message.params, result, budget);
            return mcp::calls(message, result, Call { links, ..call }, budget);
        }
        let (protocol, outcome) = match a2a::speaks(method, message.params, self.a2a) {
            true => (CallProtocol::A2a, a2a::outcome(method, result, call.outcome)),
            false => (CallProtocol::JsonRpc, call.outcome),
        };
        let links = match protocol {
            CallProtocol::A2a => Links::of(message.params, result, budget),
            _ => Links::default(),
        };
        let arguments = arguments(message, budget);
        vec![Call { protocol, outcome, arguments, result: budget.keep_value(result), links, ..call }]
    }
}

/// The parameters of a message: none are known to be none.
pub(super) fn arguments(message: &Envelope<'_>, budget: &mut Budget) -> Option<String> {
    match message.params {
        Some(params) => budget.keep(params.get()),
        None => message.whole.then(|| "{}".to_owned()),
    }
}
