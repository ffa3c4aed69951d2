//! A sight: what one input shows of one exchange, as far as it takes to recognise the exchange in another input.

use std::borrow::Cow;
use std::hash::BuildHasher as _;
use std::net::IpAddr;
use std::sync::Arc;

use foldhash::quality::FixedState;
use offpath_capture::{
    Body, Endpoint, Exchange, Incomplete, Place, Protocol, Request, Timestamp, calls, percent_decoded, trace_in_full,
    trace_of,
};
use serde::{Deserialize, Serialize};

use crate::correlate::{HashKey, Proxies, carries_credential};
use crate::event::{Event, Evidence, ObjectId};

/// One exchange as one input shows it. Texts are hashes under the installation's key, so that nobody can make two
/// requests look alike; 0 is unknown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Sight {
    /// Place among the exchanges of the extracting thread.
    pub(super) ordinal: u64,
    /// The input.
    pub(super) unit: u32,
    /// The stream that the input is part of, known when all are read.
    #[serde(skip)]
    pub(super) stream: u32,
    /// What is compared with other inputs: the stream where it is one of several taps, else the input.
    #[serde(skip)]
    pub(super) view: u32,
    /// The exchange's stable identity.
    pub(super) key: u64,
    /// Method and path; where a prefix is given, the path without it.
    pub(super) call: u64,
    /// What the path begins with beside what `call` holds; 0 where that is all of it.
    pub(super) prefix: u64,
    /// Query; 0 is none.
    pub(super) query: u64,
    /// Status; 0 when no response was seen.
    pub(super) status: u16,
    /// Whether bodies and all are there.
    pub(super) whole: bool,
    /// Start, microseconds since the Unix epoch.
    pub(super) time: i64,
    /// First instant after it: last byte of the response and the clock's tick.
    pub(super) over: i64,
    /// Width of the clock's tick.
    pub(super) tick: i64,
    /// Who answered: address and port, else the host that was asked.
    pub(super) served: u64,
    /// Address of who answered.
    pub(super) server: u64,
    /// Address of who sent the request, whomever it speaks for.
    pub(super) peer: u64,
    /// Hashes of the address and the network of whom it is for, as its event has them.
    pub(super) from: [u64; 2],
    /// Whether packets show both: who writes a log may take an address from what the client says.
    pub(super) packets: bool,
    /// Whether that one is the machine itself.
    pub(super) local: bool,
    /// Body of the request.
    pub(super) asked: u64,
    /// Whether the request's body is there, and all of it.
    pub(super) bodied: bool,
    /// Query, credentials and the request's body; 0 unless all of them are known.
    pub(super) asks: u64,
    /// These, the status and the response's body; 0 unless all of them are known.
    pub(super) content: u64,
    /// Whether it may change something.
    pub(super) changes: bool,
    /// Whether it is known what it called: a model may tell a path behind a proxy, or the one before it.
    pub(super) known: bool,
    /// Last byte of the request, else its first.
    pub(super) sent: i64,
    /// First byte of the response, else its last.
    pub(super) answered: i64,
    /// What else may tell it.
    pub(super) traits: [u64; TRAITS],
    /// Kind of the credentials, where they do not name their holder: only those of one kind tell two holders apart.
    pub(super) kind: u8,
    /// Some of these credentials, the most believed first.
    pub(super) shown: [u64; SHOWN],
    /// Identity of its first event; 0 without one.
    pub(super) event: u64,
    /// Its span, and the request's span that it lies in.
    pub(super) span: u64,
    pub(super) parent: u64,
    /// States that the answer declares, by object.
    pub(super) declared: Vec<(ObjectId, Arc<str>)>,
    /// Number of the actor among the thread's; `None` when nobody is told of.
    pub(super) who: Option<u32>,
    /// Hash of all that is told of the actor, the same on every thread; 0 when nobody is told of.
    pub(super) told: u64,
    /// Where it is in the input.
    pub(super) place: Option<Place>,
}

/// Number of traits.
pub(super) const TRAITS: usize = 6;
/// Place of the request or correlation id among the traits.
pub(super) const REQUEST_ID: usize = 0;
/// Place of the trace id.
pub(super) const TRACE_ID: usize = 1;
/// Place of the user.
pub(super) const USER: usize = 2;
/// Place of the client's address.
pub(super) const CLIENT: usize = 3;
/// Place of the host.
pub(super) const HOST: usize = 4;
/// Place of the response body's size on the wire.
pub(super) const SIZE: usize = 5;

/// Who asked: the kind of what tells it and a hash.
pub(super) type Who = (u8, u64);

/// It is not known who asked.
pub(super) const NOBODY: Who = (0, 0);
/// Kinds of what tells who asked: a name, a session's cookie, an opaque token, a key.
const NAME: u8 = 1;
const COOKIE: u8 = 2;
const TOKEN: u8 = 3;
const KEY: u8 = 4;
/// Credentials of one request that are kept.
const SHOWN: usize = 3;
/// Longest body in which the trace of a call is looked for.
const LONGEST_CALL: usize = 16 << 10;
/// Declared states of one answer that are kept.
const DECLARED: usize = 8;

/// How long after a request that nobody answered what is behind it may have been asked.
const UNANSWERED: i64 = 1_000_000;

impl Sight {
    /// Until when the server may have asked for it elsewhere: one that gave up does no more.
    pub(super) fn waits_until(&self) -> i64 {
        if self.status == 0 { self.over.saturating_add(UNANSWERED) } else { self.over }
    }

    /// Who asked, by a name, else by the credential shown.
    pub(super) fn who_asked(&self) -> Who {
        match (self.value(USER), self.kind) {
            (0, 0) => NOBODY,
            (0, kind) => (kind, self.shown.first().copied().unwrap_or(0)),
            (user, _) => (NAME, user),
        }
    }

    /// Whether both show a credential that does not name its holder.
    pub(super) fn shares_credential(&self, other: &Sight) -> bool {
        self.kind != 0 && self.shown.iter().any(|hash| *hash != 0 && other.shown.contains(hash))
    }

    /// Which traits are known of both, and of these, which agree.
    pub(super) fn agreement(&self, other: &Sight) -> ([bool; TRAITS], [bool; TRAITS]) {
        let (mut known, mut agree) = ([false; TRAITS], [false; TRAITS]);
        for (((known, agree), mine), theirs) in known.iter_mut().zip(&mut agree).zip(&self.traits).zip(&other.traits) {
            *known = *mine != 0 && *theirs != 0;
            *agree = *known && mine == theirs;
        }
        (known, agree)
    }

    /// A trait's value.
    pub(super) fn value(&self, place: usize) -> u64 {
        self.traits.get(place).copied().unwrap_or(0)
    }
}

/// Makes sights.
pub(in crate::pipeline) struct Sighter {
    state: FixedState,
    proxies: Proxies,
}

impl Sighter {
    /// Hashes under the installation's key; behind `proxies`, clients are those that they name.
    pub(in crate::pipeline) fn new(key: &HashKey, proxies: Proxies) -> Self {
        Sighter { state: FixedState::with_seed(key.seed("views")), proxies }
    }

    /// The sight of an exchange; `None` when its request was not seen. `event` is the first one made of it.
    pub(super) fn sight(&self, exchange: &Exchange, event: Option<&Event>, unit: u32, ordinal: u64) -> Option<Sight> {
        let request = exchange.request.as_ref()?;
        let (path, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
        let time = exchange.time.0;
        let end = exchange.end.map_or(time, |end| end.0.max(time));
        let asks = self.asks(exchange, request, query).unwrap_or(0);
        Some(Sight {
            ordinal,
            unit,
            stream: unit,
            view: unit,
            key: exchange.key,
            call: self.call(&self.method(exchange, request, event), &percent_decoded(path, false)),
            prefix: 0,
            query: if query.is_empty() { 0 } else { self.text(percent_decoded(query, false).as_bytes()) },
            status: exchange.response.as_ref().map_or(0, |response| response.status),
            whole: exchange.carries.request_bodies && exchange.incomplete.is_empty(),
            time,
            over: end.saturating_add(exchange.tick.max(1)),
            tick: exchange.tick.max(1),
            served: self.served(exchange, event),
            server: exchange.server.map_or(0, |server| self.address(server.ip)),
            peer: exchange.client.map_or(0, |client| self.address(client.ip)),
            from: event.and_then(|event| event.setting.as_ref()).map_or([0; 2], |set| [set.address, set.network]),
            packets: exchange.connection.is_some(),
            local: exchange.client.is_some_and(|client| client.ip.is_loopback()),
            asked: request.body.bytes().map_or(0, |body| self.text(body)),
            bodied: request.body.is_whole() && request.body.bytes().is_some(),
            asks,
            content: self.content(exchange, request, asks).unwrap_or(0),
            changes: !is_safe(&request.method),
            known: event.is_some_and(|event| event.operation.is_some()),
            sent: request.end.map_or(time, |Timestamp(sent)| sent.clamp(time, end)),
            answered: first_of_response(exchange).map_or(end, |Timestamp(first)| first.clamp(time, end)),
            traits: self.traits(exchange, event),
            kind: event.map_or(0, |event| kind_of_credential(request, event)),
            shown: self.shown(event),
            event: event.map_or(0, |event| event.id.0),
            span: self.logged(exchange, "span_id"),
            parent: self.logged(exchange, "parent_request_span_id"),
            declared: event.map(declared).unwrap_or_default(),
            who: None,
            told: 0,
            place: Some(exchange.origin.place.clone()),
        })
    }

    /// The sight as that of its path without the first `skipped` bytes, decoded; `None` where it has none there.
    pub(super) fn without_prefix(
        &self,
        sight: &Sight,
        exchange: &Exchange,
        event: Option<&Event>,
        skipped: usize,
    ) -> Option<Sight> {
        let request = exchange.request.as_ref()?;
        let path = decoded_path(request);
        let (prefix, rest) = path.split_at_checked(skipped)?;
        let call = self.call(&self.method(exchange, request, event), rest);
        Some(Sight { call, prefix: self.text(prefix.as_bytes()), ..sight.clone() })
    }

    fn call(&self, method: &str, path: &str) -> u64 {
        self.state.hash_one((method, path))
    }

    /// What tells a request from others of its path, in whatever version of HTTP and coding. Of its answer nothing need be
    /// known.
    fn asks(&self, exchange: &Exchange, request: &Request, query: &str) -> Option<u64> {
        let of_answer = |missing: &Incomplete| {
            use Incomplete::{CutShort, NoResponse, Reset, ResponseGap};
            matches!(missing, CutShort | NoResponse | Reset | ResponseGap) || is_pairing(exchange, *missing)
        };
        let whole = request.body.is_whole() && exchange.incomplete.iter().all(of_answer);
        let fields = request.headers.iter().filter(|(name, _)| whole && carries_credential(name));
        // Proxies keep no order of fields, and HTTP/2 sends each cookie in a field of its own.
        let credentials = fields.fold(0_u64, |sum, (name, value)| {
            let parts = value.split(|byte| *byte == b';' && name.eq_ignore_ascii_case(b"cookie"));
            parts.fold(sum, |sum, part| {
                sum.wrapping_add(self.state.hash_one((name.to_ascii_lowercase(), part.trim_ascii())))
            })
        });
        let body = request.body.bytes().unwrap_or_default();
        let query = percent_decoded(query, false);
        whole.then(|| self.state.hash_one((query, credentials, body)).max(1))
    }

    /// The same of a request and its answer; `asks` is what tells the request.
    fn content(&self, exchange: &Exchange, request: &Request, asks: u64) -> Option<u64> {
        let response = exchange.response.as_ref()?;
        let whole = exchange.incomplete.iter().all(|missing| is_pairing(exchange, *missing));
        let whole = whole && request.body.is_whole() && response.body.is_whole();
        let body = response.body.bytes().unwrap_or_default();
        whole.then(|| self.state.hash_one((asks, body, response.status)).max(1))
    }

    /// Hash of two values that one exchange shows.
    pub(super) fn both(&self, one: u64, other: u64) -> u64 {
        self.state.hash_one((one, other))
    }

    /// Whether the exchange has an id that other hops of it may share.
    pub(super) fn is_named(exchange: &Exchange) -> bool {
        let (id, trace) = ids(exchange);
        exchange.request.is_some() && (id.is_some() || trace.is_some())
    }

    /// Whether an exchange may change something; `None` when its request was not seen.
    pub(super) fn changes_something(exchange: &Exchange) -> Option<bool> {
        Some(!is_safe(&exchange.request.as_ref()?.method))
    }

    /// Who answered: address and port, else the host that was asked.
    pub(super) fn served(&self, exchange: &Exchange, event: Option<&Event>) -> u64 {
        let host = event.and_then(|event| event.host.as_deref());
        match (exchange.server, host) {
            (Some(server), _) => self.end(server),
            (None, Some(host)) => self.text(host.as_bytes()),
            (None, None) => 0,
        }
    }

    /// Hash of a server's address and port.
    pub(super) fn end(&self, server: Endpoint) -> u64 {
        self.state.hash_one(server).max(1)
    }

    /// Hash of an address.
    pub(super) fn address(&self, ip: IpAddr) -> u64 {
        self.state.hash_one(ip).max(1)
    }

    /// The method; of what was said on a WebSocket, what was called.
    fn method(&self, exchange: &Exchange, request: &Request, event: Option<&Event>) -> String {
        let called = event.and_then(|event| event.operation.as_deref()).unwrap_or_default();
        match exchange.protocol {
            Protocol::WebSocket => format!("websocket {called}"),
            _ => request.method.to_ascii_uppercase(),
        }
    }

    fn traits(&self, exchange: &Exchange, event: Option<&Event>) -> [u64; TRAITS] {
        let response = exchange.response.as_ref();
        let (id, trace) = ids(exchange);
        // Who is told by an address is told by CLIENT, and by a key or an unknown session not by a name.
        let named = event.filter(|event| {
            let evidence = event.actor.evidence;
            evidence == Evidence::Asserted || evidence >= Evidence::Bound
        });
        let user = named.and_then(|event| event.actor.principal.as_deref());
        let host = event.and_then(|event| event.host.as_deref());
        let size = response.and_then(|response| size(&response.body));
        let of = |text: Option<&str>| {
            let text = text.map(str::trim).filter(|text| !text.is_empty());
            text.map_or(0, |text| self.text(text.to_ascii_lowercase().as_bytes()))
        };
        let mut traits = [0; TRAITS];
        let values = [
            (REQUEST_ID, of(id)),
            (TRACE_ID, of(trace.as_deref())),
            (USER, of(user)),
            (CLIENT, self.proxies.client(exchange).map_or(0, |client| self.address(client))),
            (HOST, of(host)),
            (SIZE, size.map_or(0, |size| size.saturating_add(1))),
        ];
        for (place, value) in values {
            if let Some(slot) = traits.get_mut(place) {
                *slot = value;
            }
        }
        traits
    }

    /// Hash of a field of the log; 0 without it.
    fn logged(&self, exchange: &Exchange, name: &str) -> u64 {
        let value = exchange.log.fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.trim());
        value.filter(|value| !value.is_empty()).map_or(0, |value| self.text(value.as_bytes()))
    }

    fn shown(&self, event: Option<&Event>) -> [u64; SHOWN] {
        let mut shown = [0; SHOWN];
        let credentials = event.into_iter().flat_map(|event| event.actor.credentials());
        for (slot, hash) in shown.iter_mut().zip(credentials) {
            *slot = self.text(hash.as_bytes());
        }
        shown
    }

    /// A text's hash, which is never 0.
    fn text(&self, text: &[u8]) -> u64 {
        self.state.hash_one(text).max(1)
    }
}

/// The kind of a request's credentials, where they do not name their holder.
fn kind_of_credential(request: &Request, event: &Event) -> u8 {
    match event.actor.evidence {
        _ if event.actor.credential.is_none() => 0,
        Evidence::ApiKey => KEY,
        Evidence::Unbound if request.headers.text("authorization").is_some() => TOKEN,
        Evidence::Unbound => COOKIE,
        _ => 0,
    }
}

fn declared(event: &Event) -> Vec<(ObjectId, Arc<str>)> {
    let states = event.objects.iter().filter_map(|object| Some((object.id.clone(), object.declared_state.clone()?)));
    states.take(DECLARED).collect()
}

/// The path of a request, decoded.
pub(super) fn decoded_path(request: &Request) -> Cow<'_, str> {
    percent_decoded(request.target.split_once('?').map_or(&*request.target, |(path, _)| path), false)
}

fn is_safe(method: &str) -> bool {
    ["GET", "HEAD", "OPTIONS"].iter().any(|safe| safe.eq_ignore_ascii_case(method))
}

fn first_of_response(exchange: &Exchange) -> Option<Timestamp> {
    exchange.response.as_ref()?.start
}

/// Request or correlation id, and trace id. Both are what the client likes: they only say where to look.
fn ids(exchange: &Exchange) -> (Option<&str>, Option<String>) {
    let (request, response) = (exchange.request.as_ref(), exchange.response.as_ref());
    let asked = |name: &str| request.and_then(|request| request.headers.text(name));
    let header = |name: &str| asked(name).or_else(|| response.and_then(|response| response.headers.text(name)));
    let log = &exchange.log;
    let id = header("x-request-id").or_else(|| header("x-correlation-id")).or(log.request_id.as_deref());
    let headers = || request.map(|request| &request.headers).into_iter().chain(response.map(|answer| &answer.headers));
    let logged = || log.trace_id.as_deref().map(|id| trace_in_full(id).unwrap_or_else(|| id.to_owned()));
    let trace = headers().find_map(trace_of).or_else(logged).or_else(|| called_in(exchange));
    (id, trace)
}

/// The trace that a call in the body says it belongs to, as MCP's do in `_meta`.
fn called_in(exchange: &Exchange) -> Option<String> {
    let body = exchange.request.as_ref()?.body.bytes().filter(|body| body.len() <= LONGEST_CALL)?;
    let parent = &b"\"traceparent\""[..];
    body.windows(parent.len()).any(|part| part == parent).then_some(())?;
    let trace = calls(exchange).calls.into_iter().find_map(|call| call.links.trace)?;
    trace_in_full(&trace)
}

/// Bytes of a body as they were sent, which is what servers log.
fn size(body: &Body) -> Option<u64> {
    match body {
        Body::Absent => Some(0),
        Body::Unknown { size } => *size,
        Body::Present { wire_len, .. } => Some(*wire_len),
    }
}

/// Whether a label says of an exchange no more than that nothing proves its pair: both halves are as they were sent.
fn is_pairing(exchange: &Exchange, label: Incomplete) -> bool {
    let both = exchange.request.is_some() && exchange.response.is_some();
    label == Incomplete::MidStream && exchange.protocol == Protocol::Http1 && both
}
