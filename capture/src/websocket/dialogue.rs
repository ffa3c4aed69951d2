//! What is called on a WebSocket: each message of the client that holds calls, with the messages that answer it.
//!
//! Both sides speak whenever they like; what ties an answer to its question is an id that the client chose. So a question
//! waits until it is answered, until nothing more can come, or until too much waits: then it goes unanswered, and the
//! answer, should it come, answers nothing.

use std::collections::{BTreeMap, VecDeque};

use crate::call::socket::{self, Received, Sent};
use crate::output::StableHash;
use crate::{
    Body, Carries, Elsewhere, Exchange, Headers, Incomplete, Message, Origin, Protocol, Request, Response, Sender,
    Timestamp,
};

/// Most questions of one WebSocket that wait.
const MOST_OPEN: usize = 1_024;
/// Most bytes of them, answers in parts included.
const MOST_BYTES: usize = 4 << 20;
/// Most messages of one WebSocket that stand for header fields: questions that wait hold on to them.
const MOST_BEGINNINGS: usize = 16;
/// Header fields of the opening request that speak of that request alone.
const OF_THE_OPENING: [&str; 11] = [
    "connection",
    "upgrade",
    "content-type",
    "content-length",
    "transfer-encoding",
    "sec-websocket-key",
    "idempotency-key",
    "x-request-id",
    "x-correlation-id",
    "traceparent",
    "tracestate",
];

/// A question that waits.
#[derive(Debug)]
struct Open {
    number: u64,
    time: Timestamp,
    end: Timestamp,
    body: Body,
    incomplete: Vec<Incomplete>,
    origin: Origin,
    /// Header fields that the WebSocket had when it was asked, and whether they are all.
    headers: Headers,
    headers_whole: bool,
    /// Answers that are still to come.
    left: BTreeMap<String, usize>,
    answer: Option<Answer>,
    /// See [`Elsewhere::counts`].
    counts: bool,
}

/// What answers a question, as far as it came.
#[derive(Debug)]
struct Answer {
    bytes: Vec<u8>,
    whole: bool,
    /// The message that came last.
    last: Option<u64>,
    start: Timestamp,
    end: Timestamp,
    origin: Origin,
}

/// The questions and answers of one WebSocket.
#[derive(Debug)]
pub(crate) struct Dialogue {
    /// What each exchange has from the one that opened the WebSocket; none where nobody saw who asked.
    opening: Option<Box<Exchange>>,
    status: u16,
    /// It speaks GraphQL.
    graphql: bool,
    /// Header fields of what is called from now on: those of the opening, with those that a message stood for.
    headers: Headers,
    /// Messages that stood for header fields, and bytes of these.
    beginnings: usize,
    begun: usize,
    /// In the order asked.
    open: BTreeMap<u64, Open>,
    /// Which of them wait for a key, first asked first.
    waiting: BTreeMap<String, VecDeque<u64>>,
    next: u64,
    bytes: usize,
    calls: u64,
    without_call: u64,
    /// The last `id` of the client's messages, as long as they count up one by one.
    count: Counting,
}

/// Whether a client's messages are counted by their `id`.
#[derive(Clone, Copy, Debug)]
enum Counting {
    /// So far, and the last number.
    Yes(Option<u64>),
    No,
}

impl Counting {
    /// Takes the keys of the next message; whether its `id` goes on counting.
    fn goes_on(&mut self, keys: &[String]) -> bool {
        let [key] = keys else { return false };
        let Some(id) = socket::own_id(key) else { return false };
        let number = id.parse::<u64>().ok();
        *self = match (*self, number) {
            (Counting::Yes(None), Some(first @ (0 | 1))) => Counting::Yes(Some(first)),
            (Counting::Yes(Some(last)), Some(next)) if last.checked_add(1) == Some(next) => Counting::Yes(Some(next)),
            _ => Counting::No,
        };
        matches!(self, Counting::Yes(_))
    }
}

impl Dialogue {
    /// Nothing was said yet on what `exchange` opened.
    pub(crate) fn new(exchange: &Exchange) -> Self {
        let opening = opening(exchange).map(Box::new);
        let headers = opening.as_ref().and_then(|opening| opening.request.as_ref()).map(|own| own.headers.clone());
        Dialogue {
            headers: headers.unwrap_or_default(),
            opening,
            status: exchange.response.as_ref().map_or(101, |response| response.status),
            graphql: socket::speaks_graphql(exchange),
            beginnings: 0,
            begun: 0,
            open: BTreeMap::new(),
            waiting: BTreeMap::new(),
            next: 0,
            bytes: 0,
            calls: 0,
            without_call: 0,
            count: Counting::Yes(None),
        }
    }

    /// Bytes held.
    pub(crate) fn held(&self) -> usize {
        let each = size_of::<Open>() + size_of::<Answer>();
        let opening = self.opening.as_ref().and_then(|exchange| exchange.request.as_ref()).map_or(0, Request::held);
        self.bytes + self.open.len() * each + self.begun + opening
    }

    /// Messages of the client that held calls.
    pub(crate) fn calls(&self) -> u64 {
        self.calls
    }

    /// Text and binary messages in which nothing of a call was found.
    pub(crate) fn without_call(&self) -> u64 {
        self.without_call
    }

    /// Whether the client said so often who it is that nobody knows who asked in the end.
    pub(crate) fn is_anybody(&self) -> bool {
        self.beginnings > MOST_BEGINNINGS
    }

    /// Takes the next message of either side. Returns what was called and is over.
    pub(crate) fn take(&mut self, message: &Message) -> Vec<Exchange> {
        if !message.kind.is_data() {
            return Vec::new();
        }
        let text = message.payload.bytes().and_then(|bytes| std::str::from_utf8(bytes).ok());
        match (text.filter(|text| text.trim_start().starts_with(['{', '['])), message.sender) {
            (None, _) => {
                self.without_call += 1;
                Vec::new()
            }
            (Some(text), Sender::Client) => self.sent(socket::sent(text, self.graphql), message),
            (Some(text), Sender::Server) => self.received(socket::received(text, self.graphql), text, message),
        }
    }

    /// Nothing more comes: what still waits is over.
    pub(crate) fn finish(&mut self) -> Vec<Exchange> {
        self.waiting.clear();
        self.bytes = 0;
        std::mem::take(&mut self.open).into_values().filter_map(|open| self.exchange(open)).collect()
    }

    fn sent(&mut self, sent: Sent, message: &Message) -> Vec<Exchange> {
        match sent {
            // Nobody knows what was asked of whom.
            Sent::Calls(_) if self.opening.is_none() => {
                self.without_call += 1;
                Vec::new()
            }
            Sent::Calls(keys) => {
                self.calls += 1;
                self.ask(keys, message)
            }
            Sent::Opening(fields) => {
                self.begin(&fields);
                Vec::new()
            }
            Sent::Over(key) => {
                let asked = self.waiting.get(&key).and_then(VecDeque::front).copied();
                asked.and_then(|place| self.close(place)).into_iter().collect()
            }
            Sent::Beside => Vec::new(),
            Sent::Other => {
                self.without_call += 1;
                Vec::new()
            }
        }
    }

    /// The client says who it is from now on. Who does so time and again is nobody that is known; what it asks for is read.
    fn begin(&mut self, fields: &[(String, String)]) {
        self.graphql = true;
        let anybody = self.is_anybody();
        self.beginnings += usize::from(!fields.is_empty());
        let Some(request) = self.opening.as_ref().and_then(|opening| opening.request.as_ref()) else { return };
        if !self.is_anybody() {
            self.headers = with_fields(&request.headers, fields);
            self.begun += if fields.is_empty() { 0 } else { self.headers.held() };
        } else if !anybody {
            self.headers = without_credentials(&request.headers);
            self.begun += self.headers.held();
        }
    }

    fn ask(&mut self, keys: Vec<String>, message: &Message) -> Vec<Exchange> {
        let mut left = BTreeMap::new();
        let counts = self.count.goes_on(&keys);
        keys.into_iter().for_each(|key| *left.entry(key).or_default() += 1);
        let open = Open {
            number: message.number,
            time: message.time,
            end: message.end,
            body: message.payload.clone(),
            incomplete: message.incomplete.clone(),
            origin: message.origin.clone(),
            headers: self.headers.clone(),
            headers_whole: !self.is_anybody(),
            left,
            answer: None,
            counts,
        };
        if open.left.is_empty() {
            return self.exchange(open).into_iter().collect();
        }
        let place = self.next;
        self.next += 1;
        open.left.keys().for_each(|key| self.waiting.entry(key.clone()).or_default().push_back(place));
        self.bytes += open.weight();
        self.open.insert(place, open);
        self.make_room()
    }

    fn received(&mut self, received: Received, text: &str, message: &Message) -> Vec<Exchange> {
        let (keys, more) = match received {
            Received::Answers { keys, more } => (keys, more),
            Received::Nameless => (self.only().into_iter().collect(), false),
            Received::Beside => return Vec::new(),
            Received::Other => {
                self.without_call += 1;
                return Vec::new();
            }
        };
        let mut over = Vec::new();
        let mut answers = false;
        for key in keys {
            let Some(place) = self.waiting.get(&key).and_then(VecDeque::front).copied() else { continue };
            answers = true;
            self.answer(place, text, message);
            if !more && self.is_answered(place, &key) {
                over.extend(self.close(place));
            }
        }
        // Further events of a subscription answer what is settled.
        self.without_call += u64::from(!answers && !self.graphql);
        over.extend(self.make_room());
        over
    }

    /// The key of JSON-RPC that waits, where there is one and no more.
    fn only(&self) -> Option<String> {
        let mut keys = self.waiting.keys().filter(|key| key.starts_with('r'));
        keys.next().filter(|_| keys.next().is_none()).cloned()
    }

    /// Adds a message to what answers a question, unless it is there already: a batch answers several keys at once.
    fn answer(&mut self, place: u64, text: &str, message: &Message) {
        let Some(open) = self.open.get_mut(&place) else { return };
        let before = open.weight();
        let answer = open.answer.get_or_insert_with(|| Answer {
            bytes: Vec::new(),
            whole: true,
            last: None,
            start: message.time,
            end: message.end,
            origin: message.origin.clone(),
        });
        if answer.last.replace(message.number) != Some(message.number) {
            // What a question waits for is bounded with it.
            let fits = answer.bytes.len().saturating_add(text.len()) <= MOST_BYTES;
            if fits {
                answer.bytes.extend_from_slice(text.as_bytes());
                answer.bytes.push(b'\n');
            }
            answer.whole &= fits && message.payload.is_whole();
            answer.end = answer.end.max(message.end);
            answer.origin = message.origin.clone();
        }
        self.bytes = (self.bytes + open.weight()).saturating_sub(before);
    }

    /// Takes one answer off what a question waits for; whether that was the last.
    fn is_answered(&mut self, place: u64, key: &str) -> bool {
        let Some(open) = self.open.get_mut(&place) else { return false };
        if let Some(left) = open.left.get_mut(key) {
            *left -= 1;
            if *left == 0 {
                open.left.remove(key);
                let done = open.left.is_empty();
                self.forget(key, place);
                return done;
            }
        }
        false
    }

    /// A question waits for a key no more.
    fn forget(&mut self, key: &str, place: u64) {
        if let Some(places) = self.waiting.get_mut(key) {
            places.retain(|other| *other != place);
            if places.is_empty() {
                self.waiting.remove(key);
            }
        }
    }

    /// Nothing more is wanted for a question.
    fn close(&mut self, place: u64) -> Option<Exchange> {
        let open = self.open.remove(&place)?;
        self.bytes = self.bytes.saturating_sub(open.weight());
        open.left.keys().for_each(|key| self.forget(key, place));
        self.exchange(open)
    }

    /// Of what waits, the oldest goes first.
    fn make_room(&mut self) -> Vec<Exchange> {
        let mut over = Vec::new();
        while self.open.len() > MOST_OPEN || self.bytes > MOST_BYTES {
            let Some(oldest) = self.open.keys().next().copied() else { break };
            over.extend(self.close(oldest));
        }
        over
    }

    fn exchange(&self, open: Open) -> Option<Exchange> {
        let opening = self.opening.as_deref()?.clone();
        let Open { number, time, end, body, mut incomplete, origin, headers, headers_whole, left, answer, counts } =
            open;
        if answer.is_none() && !left.is_empty() {
            incomplete.push(Incomplete::NoResponse);
        }
        let over = answer.as_ref().map_or(end, |answer| answer.end.max(time));
        let response_origin = answer.as_ref().map(|answer| answer.origin.clone());
        let response = answer.map(|answer| {
            let len = answer.bytes.len() as u64;
            let body = Body::Present { bytes: answer.bytes, wire_len: len, decoded_len: len, whole: answer.whole };
            Response { status: self.status, headers: Headers::default(), body, start: Some(answer.start.max(time)) }
        });
        let request = opening.request.map(|request| Request { headers, body, end: Some(end.max(time)), ..request });
        Some(Exchange {
            key: StableHash::new().word(opening.key).word(number).finish(),
            stream: number,
            time,
            end: Some(over),
            request,
            response,
            carries: Carries { request_headers: opening.carries.request_headers && headers_whole, ..opening.carries },
            incomplete,
            origin,
            response_origin,
            elsewhere: counts.then(|| Box::new(Elsewhere { counts, ..Elsewhere::default() })),
            ..opening
        })
    }
}

impl Open {
    fn weight(&self) -> usize {
        let keys: usize = self.left.keys().map(|key| 2 * key.len() + size_of::<(String, VecDeque<u64>)>()).sum();
        let body = self.body.bytes().map_or(0, <[u8]>::len);
        body + keys + self.answer.as_ref().map_or(0, |answer| answer.bytes.len())
    }
}

/// What each exchange on a WebSocket has from the one that opened it.
fn opening(exchange: &Exchange) -> Option<Exchange> {
    let request = exchange.request.as_ref()?;
    let mut headers = Headers::default();
    let kept = request
        .headers
        .iter()
        .filter(|(name, _)| !OF_THE_OPENING.iter().any(|own| own.as_bytes().eq_ignore_ascii_case(name)));
    kept.for_each(|(name, value)| headers.push(name, value));
    let request = Request {
        method: request.method.clone(),
        scheme: request.scheme.clone(),
        host: request.host.clone(),
        target: request.target.clone(),
        headers,
        body: Body::Absent,
        end: None,
    };
    Some(Exchange {
        key: exchange.key,
        protocol: Protocol::WebSocket,
        connection: exchange.connection,
        stream: exchange.stream,
        client: exchange.client,
        server: exchange.server,
        print: exchange.print,
        time: exchange.time,
        end: None,
        tick: exchange.tick,
        request: Some(request),
        response: None,
        pushed: false,
        grpc: None,
        web_socket: None,
        elsewhere: None,
        log: exchange.log.clone(),
        carries: Carries { response_headers: true, request_bodies: true, response_bodies: true, ..exchange.carries },
        incomplete: Vec::new(),
        origin: exchange.origin.clone(),
        response_origin: None,
    })
}

/// The fields of the opening request, with those that a message stood for in their place.
fn with_fields(headers: &Headers, fields: &[(String, String)]) -> Headers {
    if fields.is_empty() {
        return headers.clone();
    }
    let mut all = Headers::default();
    let said = |name: &[u8]| fields.iter().any(|(own, _)| own.as_bytes().eq_ignore_ascii_case(name));
    fields.iter().for_each(|(name, value)| all.push(name.as_bytes(), value.as_bytes()));
    headers.iter().filter(|(name, _)| !said(name)).for_each(|(name, value)| all.push(name, value));
    all
}

/// The fields of the opening request that say nothing of who asks.
fn without_credentials(headers: &Headers) -> Headers {
    let mut all = Headers::default();
    let names = |name: &[u8]| std::str::from_utf8(name).is_ok_and(socket::is_credential);
    headers.iter().filter(|(name, _)| !names(name)).for_each(|(name, value)| all.push(name, value));
    all
}
