//! From a HAR entry to an exchange.

use std::net::IpAddr;

use super::body::{self, ReadBody};
use super::entry::{Entry, Pair, Request as HarRequest, Response as HarResponse, Timings};
use super::websocket::Spoken;
use crate::clock;
use crate::grpc;
use crate::key::KeySeed;
use crate::lenient::List;
use crate::tally::Tally;
use crate::url::{self, SplitUrl};
use crate::{
    Body, Carries, Endpoint, Exchange, Headers, Incomplete, Limits, LogFacts, Origin, Protocol, Request, Response,
    Timestamp,
};

/// What came of an entry.
pub(super) enum Reading {
    /// An exchange, and what was said on the WebSocket that it opened.
    Exchange(Box<Exchange>, Vec<Spoken>),
    /// Its URL is no HTTP one (`data:`, `blob:`, extensions).
    NotHttp,
    /// Something is missing that nothing can replace.
    Refused(&'static str),
}

/// Turns an entry into an exchange.
pub(super) fn read(
    entry: Entry<'_>,
    (seed, index): (KeySeed, u64),
    origin: Origin,
    limits: &Limits,
    tally: &mut Tally,
) -> Reading {
    let Some(request) = entry.request.0 else { return Reading::Refused("has no `request` object") };
    let Some(method) = request.method.text().map(str::trim).filter(|method| !method.is_empty()) else {
        return Reading::Refused("has no `request.method`");
    };
    let Some(link) = request.url.text().map(str::trim).filter(|url| !url.is_empty()) else {
        return Reading::Refused("has no `request.url`");
    };
    let (method, link) = (as_sent(method), link.to_owned());
    let Some(split) = url::split(&link) else { return Reading::NotHttp };
    let spoken = entry.web_socket_messages.0.unwrap_or_default().into_iter();
    let spoken = spoken.filter_map(|message| Spoken::read(message, limits)).collect();

    let clock = Clock::read(&entry.started_date_time, &entry.time, entry.timings.0.as_ref());
    if !clock.known {
        let said = entry.started_date_time.text().is_some_and(|text| !text.trim().is_empty());
        tally.irregularity(if said { "unreadable_start_time" } else { "no_start_time" }, &origin);
    }
    if entry.started_date_time.text().is_some_and(clock::names_no_zone) {
        tally.irregularity("time_without_zone", &origin);
    }
    let mut notes = Notes { origin: &origin, tally, incomplete: Vec::new() };
    let response = entry.response.0;
    let protocol = protocol(request.http_version.text())
        .or_else(|| protocol(response.as_ref().and_then(|response| response.http_version.text())));
    let mut carries =
        Carries { request_headers: true, response_headers: true, request_bodies: true, response_bodies: true };
    carries.request_headers = request.headers.0.is_some();
    if let Some(response) = &response {
        carries.response_headers = response.headers.0.is_some();
    }
    let client_port = entry.client_port.count().and_then(|port| u16::try_from(port).ok());
    let client_port = client_port.or_else(|| fiddler_port(entry.connection.text()?));
    let server_port = entry.server_port.count().and_then(|port| u16::try_from(port).ok()).or_else(|| split.port());
    let client = entry.client_address.text().and_then(|text| endpoint(text, client_port));
    let server = entry.server_ip_address.text().and_then(|text| endpoint(text, server_port));

    let is_head = method.eq_ignore_ascii_case("HEAD");
    let request = read_request(method, request, split, limits, &mut notes);
    let response = response.and_then(|response| read_response(response, is_head, limits, &mut notes));
    if response.is_none() {
        notes.incomplete.push(Incomplete::NoResponse);
    }
    let mut incomplete = notes.incomplete;
    incomplete.sort_unstable();
    incomplete.dedup();
    let grpc = response.as_ref().and_then(grpc::call);
    let exchange = Exchange {
        key: seed.key(index, clock.start),
        protocol: protocol.unwrap_or(Protocol::Unknown),
        connection: None,
        stream: 0,
        client,
        server,
        print: None,
        time: clock.start,
        end: response.as_ref().and(clock.end),
        tick: clock.tick,
        request: Some(Request { end: clock.request_end, ..request }),
        response: response.map(|response| Response { start: clock.response_start, ..response }),
        pushed: false,
        grpc,
        web_socket: None,
        elsewhere: None,
        log: LogFacts::default(),
        carries,
        incomplete,
        origin,
        response_origin: None,
    };
    Reading::Exchange(Box::new(exchange), spoken)
}

/// Where to note what is odd about an entry.
struct Notes<'a> {
    origin: &'a Origin,
    tally: &'a mut Tally,
    incomplete: Vec<Incomplete>,
}

impl Notes<'_> {
    fn irregularity(&mut self, name: &'static str) {
        self.tally.irregularity(name, self.origin);
    }

    fn body(&mut self, read: ReadBody) -> Body {
        if read.cut {
            self.incomplete.push(Incomplete::OverLimit);
        }
        if read.undecodable {
            self.incomplete.push(Incomplete::UndecodableBody);
        }
        if read.rebuilt {
            self.irregularity("body_rebuilt_from_params");
        }
        if let Body::Unknown { size } = read.body {
            self.tally.not_read("body_not_in_har", 1, size.unwrap_or(0));
        }
        read.body
    }
}

fn read_request(
    method: String,
    request: HarRequest<'_>,
    split: SplitUrl<'_>,
    limits: &Limits,
    notes: &mut Notes<'_>,
) -> Request {
    let (mut headers, authority) = read_headers(request.headers, limits, notes);
    if headers.get("cookie").is_none()
        && let Some(cookie) = cookie_header(request.cookies)
    {
        headers.push(b"Cookie", cookie.as_bytes());
        notes.irregularity("cookie_header_rebuilt");
    }
    let host = headers.text("host").map(str::to_owned).filter(|host| !host.is_empty());
    let host = host.or(authority).or_else(|| split.host.map(str::to_owned));
    let host = host.map(|host| url::host(&host, split.scheme).to_owned());
    let is_connect = method.eq_ignore_ascii_case("CONNECT");
    let target = match split.host {
        Some(authority) if is_connect => authority.to_owned(),
        _ if is_connect || split.target == "*" => split.target.to_owned(),
        _ => with_query(split.origin_form(), request.query_string, notes),
    };
    let kind = body::content_type(&request.post_data).map(str::to_owned);
    let body = body::of_request(request.post_data, request.body_size.count(), &headers, limits.body_bytes);
    if headers.get("content-type").is_none()
        && let Some(kind) = kind.or(body.rebuilt.then(|| body::FORM.to_owned()))
    {
        headers.push(b"Content-Type", kind.as_bytes());
        notes.irregularity("content_type_rebuilt");
    }
    let body = notes.body(body);
    Request { method, scheme: split.scheme.map(str::to_owned), host, target, headers, body, end: None }
}

/// Methods as they went over the wire: that of [Fetch](https://fetch.spec.whatwg.org/#concept-method-normalize), which
/// some writers keep in the small letters that a page's script had. Others differ by their letters' size.
fn as_sent(method: &str) -> String {
    const NORMALISED: [&str; 6] = ["DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT"];
    NORMALISED.into_iter().find(|known| method.eq_ignore_ascii_case(known)).unwrap_or(method).to_owned()
}

/// A target with the query that some writers give only apart from the URL.
fn with_query(mut target: String, list: List<Pair<'_>>, notes: &mut Notes<'_>) -> String {
    if target.split_once('?').is_some_and(|(_, query)| !query.is_empty()) {
        return target;
    }
    let mut pairs = list.0.unwrap_or_default().into_iter().filter_map(Pair::into_text).peekable();
    if pairs.peek().is_none() {
        return target;
    }
    notes.irregularity("query_not_in_url");
    let mut separator = if target.ends_with('?') { "" } else { "?" };
    for (name, value) in pairs {
        target.push_str(std::mem::replace(&mut separator, "&"));
        body::percent_encode(&name, &mut target);
        target.push('=');
        body::percent_encode(&value, &mut target);
    }
    target
}

/// The response; `None` when its status says that there was none.
fn read_response(response: HarResponse<'_>, is_head: bool, limits: &Limits, notes: &mut Notes<'_>) -> Option<Response> {
    let status = response.status.count().filter(|status| *status != 0)?;
    let Some(status) = u16::try_from(status).ok().filter(|status| (100..=999).contains(status)) else {
        notes.irregularity("status_out_of_range");
        return None;
    };
    let (headers, _) = read_headers(response.headers, limits, notes);
    let never_has_body = is_head || matches!(status, 100..=199 | 204 | 304);
    let size = response.body_size.count();
    let body = body::of_response(response.content.0, size, &headers, never_has_body, limits.body_bytes);
    let body = notes.body(body);
    Some(Response { status, headers, body, start: None })
}

/// Header fields without HTTP/2's pseudo ones, and the authority that these named.
fn read_headers(list: List<Pair<'_>>, limits: &Limits, notes: &mut Notes<'_>) -> (Headers, Option<String>) {
    let list = list.0.unwrap_or_default();
    let mut headers =
        Headers::with_capacity(list.len().min(limits.header_fields) * 48, list.len().min(limits.header_fields));
    let mut authority = None;
    let mut bytes = 0;
    for (name, value) in list.into_iter().filter_map(Pair::into_text) {
        if name.starts_with(':') {
            if name == ":authority" && !value.is_empty() {
                authority = Some(value.into_owned());
            }
            continue;
        }
        bytes += name.len() + value.len();
        if headers.len() >= limits.header_fields || bytes > limits.head_bytes {
            notes.incomplete.push(Incomplete::OverLimit);
            break;
        }
        headers.push(name.as_bytes(), value.as_bytes());
    }
    (headers, authority)
}

fn cookie_header(cookies: List<Pair<'_>>) -> Option<String> {
    let pairs = cookies.0.unwrap_or_default().into_iter().filter_map(Pair::into_text);
    let joined = pairs.map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ");
    Some(joined).filter(|joined| !joined.is_empty())
}

/// Free text such as `HTTP/1.1`, `http/2.0`, `h2`, `h3`, `http/2+quic/46`.
fn protocol(version: Option<&str>) -> Option<Protocol> {
    let version = version?.trim().to_ascii_lowercase();
    let number = version.strip_prefix("http/").or_else(|| version.strip_prefix('h')).unwrap_or(&version);
    match number.as_bytes().first() {
        _ if version.contains("quic") => Some(Protocol::Http3),
        Some(b'3') => Some(Protocol::Http3),
        Some(b'2') => Some(Protocol::Http2),
        Some(b'0' | b'1') => Some(Protocol::Http1),
        _ => None,
    }
}

/// An address as writers put it: bare, in brackets, or with a port that wins over `port`.
fn endpoint(text: &str, port: Option<u16>) -> Option<Endpoint> {
    let text = text.trim();
    if let Ok(address) = text.parse::<std::net::SocketAddr>() {
        return Some(Endpoint { ip: address.ip(), port: Some(address.port()) });
    }
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    bare.parse::<IpAddr>().ok().map(|ip| Endpoint { ip, port })
}

/// Fiddler writes `ClientPort:50123;EgressPort:50124` for the connection; others a number that may be anything.
fn fiddler_port(connection: &str) -> Option<u16> {
    let port = connection.split(';').find_map(|part| part.trim().strip_prefix("ClientPort:"))?;
    port.trim().parse().ok()
}

/// The times of an entry.
struct Clock {
    start: Timestamp,
    known: bool,
    tick: i64,
    request_end: Option<Timestamp>,
    response_start: Option<Timestamp>,
    end: Option<Timestamp>,
}

impl Clock {
    fn read(
        start: &crate::scalar::Scalar<'_>,
        total: &crate::scalar::Scalar<'_>,
        timings: Option<&Timings<'_>>,
    ) -> Self {
        use crate::scalar::Scalar;
        let reading = match start {
            Scalar::Text(text) => clock::parse(text),
            Scalar::Integer(number) => clock::epoch(*number),
            Scalar::Float(number) => clock::epoch_float(*number),
            _ => None,
        };
        let Some(reading) = reading else {
            let start = Timestamp::default();
            return Clock { start, known: false, tick: 1, request_end: None, response_start: None, end: None };
        };
        let at = |milliseconds: Option<f64>| milliseconds.and_then(|ms| after(reading.time, ms));
        let phases = timings.map(Phases::read).unwrap_or_default();
        let total = total.number().filter(|total| *total >= 0.0).or(phases.total);
        Clock {
            start: reading.time,
            known: true,
            tick: reading.tick,
            request_end: at(phases.sent),
            response_start: at(phases.waited),
            end: at(total),
        }
    }
}

/// Milliseconds from the start to the end of each phase, where the timings tell.
#[derive(Default)]
struct Phases {
    sent: Option<f64>,
    waited: Option<f64>,
    total: Option<f64>,
}

impl Phases {
    fn read(timings: &Timings<'_>) -> Self {
        // -1 and null stand for phases that did not apply; TLS is part of `connect`.
        let phase = |scalar: &crate::scalar::Scalar<'_>| scalar.number().filter(|ms| *ms >= 0.0);
        let before: f64 = [&timings.blocked, &timings.dns, &timings.connect].into_iter().filter_map(phase).sum();
        let sent = phase(&timings.send).map(|send| before + send);
        let waited = sent.zip(phase(&timings.wait)).map(|(sent, wait)| sent + wait);
        let total = waited.zip(phase(&timings.receive)).map(|(waited, receive)| waited + receive);
        Phases { sent, waited, total }
    }
}

/// The time so many milliseconds later; nothing for spans of more than ten years, which no exchange takes.
fn after(start: Timestamp, milliseconds: f64) -> Option<Timestamp> {
    const TEN_YEARS: f64 = 315_576_000_000.0;
    if !(0.0..=TEN_YEARS).contains(&milliseconds) {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "bounded above")]
    let micros = (milliseconds * 1000.0).round() as i64;
    Some(Timestamp(start.0 + micros))
}
