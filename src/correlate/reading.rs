//! A reading: one exchange with its parts decoded, as the scope in which the model's expressions are evaluated.

use std::sync::Arc;

use offpath_capture::{Call, CallKind, CallOutcome, CallProtocol, Exchange, Headers, Incomplete, Protocol};

use super::body::{Pulled, Wanted};
use super::cookie;
use super::jwt::Claims;
use super::operation::Parameters;
use super::signature::Signer;
use super::target::Target;
use crate::event::{Turn, Value};
use crate::model::expression::{Bound, Scope};
use crate::model::{Path, Root};

/// Longest header, cookie or query value that becomes a value.
const LONGEST: usize = 4096;

/// One exchange, decoded as far as needed.
pub(super) struct Reading<'a> {
    pub(super) exchange: &'a Exchange,
    pub(super) target: Target<'a>,
    /// The target is only the template that the path fits: its parameters and query are not known.
    pub(super) template: bool,
    pub(super) host: Option<String>,
    /// Parameters of the path template.
    pub(super) parameters: Parameters<'a>,
    /// Parameters of the object that the response's `Location` names.
    pub(super) created: Parameters<'a>,
    pub(super) claims: Option<Claims>,
    /// Who signed the request as a message, where somebody did.
    pub(super) signer: Option<Signer>,
    pub(super) wanted: &'a Bodies,
    pub(super) request_body: Pulled,
    pub(super) response_body: Pulled,
    /// Element of the list that this event is about, with the list's path.
    pub(super) element: Option<(Path, usize)>,
    /// Call inside the body that this event is: `request_body` are then its arguments, `response_body` its result.
    pub(super) call: Option<&'a Call>,
    /// Its number among the calls of the body, from 0, where there are several.
    pub(super) place: Option<u32>,
    /// Its place among the calls that are run one after the other.
    pub(super) turn: Option<Turn>,
    /// The request holds more calls than were read.
    pub(super) hides_calls: bool,
    /// This event is those elements of a list that are too many to be looked at.
    pub(super) hides_elements: bool,
    /// The steps of this path come beside those of the calls in the body.
    pub(super) beside_calls: bool,
    /// What the client says of itself in the call.
    client: Pulled,
}

/// Paths wanted from request and response bodies.
#[derive(Clone, Debug)]
pub(super) struct Bodies {
    pub(super) request: Wanted,
    pub(super) response: Wanted,
    /// Of what MCP clients say of themselves.
    pub(super) client: Wanted,
}

impl Bodies {
    /// Nothing wanted.
    pub(super) fn new() -> Bodies {
        Bodies { request: Wanted::new(), response: Wanted::new(), client: Wanted::new() }
    }
}

impl<'a> Reading<'a> {
    /// Decodes target, host and bodies.
    pub(super) fn of(exchange: &'a Exchange, wanted: &'a Bodies) -> Reading<'a> {
        let request = exchange.request.as_ref();
        let pull = |wanted: &Wanted, body, headers| {
            if wanted.is_empty() { Pulled::unknown() } else { wanted.pull(body, headers) }
        };
        Reading {
            exchange,
            template: exchange.incomplete.contains(&Incomplete::PathTemplate),
            target: Target::parse(request.map(|r| r.target.as_str()).unwrap_or_default()),
            host: request.and_then(|r| r.host.as_deref()).map(without_port),
            parameters: Vec::new(),
            created: Vec::new(),
            claims: None,
            signer: None,
            wanted,
            request_body: request.map_or_else(Pulled::unknown, |r| pull(&wanted.request, &r.body, &r.headers)),
            response_body: exchange
                .response
                .as_ref()
                .map_or_else(Pulled::unknown, |r| pull(&wanted.response, &r.body, &r.headers)),
            element: None,
            call: None,
            place: None,
            turn: None,
            hides_calls: false,
            hides_elements: false,
            beside_calls: false,
            client: Pulled::unknown(),
        }
    }

    /// Looks at one call of the exchange from here on. `whole`: what the call does not hold was not cut from it.
    pub(super) fn turn_to(&mut self, call: &'a Call, whole: bool) {
        let pull = |wanted: &Wanted, text: Option<&str>, known: bool| match text {
            Some(text) => wanted.pull_text(text),
            None if known => wanted.pull_text("{}"),
            None => Pulled::unknown(),
        };
        let answered = matches!(call.outcome, CallOutcome::Accepted | CallOutcome::Failed(_));
        self.request_body = pull(&self.wanted.request, call.arguments.as_deref(), false);
        self.response_body = pull(&self.wanted.response, call.result.as_deref(), answered && whole);
        self.client = pull(&self.wanted.client, call.client_info.as_deref(), whole && call.arguments.is_some());
        self.call = Some(call);
    }

    /// Looks at what the exchange's body holds beside the calls that were read: nobody knows what that is.
    pub(super) fn turn_to_the_rest(&mut self) {
        (self.request_body, self.response_body, self.client) =
            (Pulled::unknown(), Pulled::unknown(), Pulled::unknown());
        (self.call, self.place, self.turn, self.hides_calls) = (None, None, None, true);
    }

    /// Request method; empty when the request was not seen.
    pub(super) fn method(&self) -> &'a str {
        self.exchange.request.as_ref().map(|r| r.method.as_str()).unwrap_or_default()
    }

    /// Status of the response, where it was seen; none for what was said on a WebSocket.
    pub(super) fn status(&self) -> Option<u16> {
        let answered = self.exchange.response.as_ref().filter(|_| self.exchange.protocol != Protocol::WebSocket);
        answered.map(|response| response.status)
    }

    /// Status that tells how it went: a gRPC call's own, as HTTP has it. See [`Exchange::outcome_status`].
    pub(super) fn outcome_status(&self) -> Option<u16> {
        self.exchange.outcome_status()
    }

    /// A request header.
    pub(super) fn header(&self, name: &str) -> Option<&'a [u8]> {
        self.exchange.request.as_ref().and_then(|r| r.headers.get(name))
    }

    /// A request cookie.
    pub(super) fn cookie(&self, name: &str) -> Option<&'a [u8]> {
        self.cookies().find(|(n, _)| *n == name).map(|(_, v)| v)
    }

    /// All request cookies.
    pub(super) fn cookies(&self) -> impl Iterator<Item = (&'a str, &'a [u8])> {
        let headers = self.exchange.request.as_ref().map(|r| &r.headers);
        headers.into_iter().flat_map(|h| h.all("cookie")).flat_map(cookie::sent)
    }

    /// All cookies that the response sets or deletes.
    pub(super) fn set_cookies(&self) -> impl Iterator<Item = cookie::SetCookie<'a>> {
        let headers = self.exchange.response.as_ref().map(|r| &r.headers);
        headers.into_iter().flat_map(|h| h.all("set-cookie")).filter_map(cookie::SetCookie::parse)
    }

    /// Whether a request header that is not there is known to be absent.
    pub(super) fn headers_whole(&self) -> bool {
        self.exchange.carries.request_headers
            && self.exchange.request.is_some()
            && !self.is_cut(&[Incomplete::RequestGap, Incomplete::MidStream, Incomplete::OverLimit])
    }

    /// Whether the input shows headers as they were sent at all: a log names some of them.
    pub(super) fn headers_carried(&self) -> bool {
        self.exchange.carries.request_headers
    }

    fn response_headers_whole(&self) -> bool {
        self.exchange.carries.response_headers
            && self.exchange.response.is_some()
            && !self.is_cut(&[Incomplete::ResponseGap, Incomplete::OverLimit])
    }

    fn is_cut(&self, reasons: &[Incomplete]) -> bool {
        self.exchange.incomplete.iter().any(|i| reasons.contains(i) || *i == Incomplete::SnapLength)
    }

    /// A field of the log record with one of these names, or with one as the end of its dotted name (`-` and case
    /// aside): `roles` finds `jwt.roles`. Whole names come first, then the least nested.
    pub(super) fn log_field(&self, names: &[&str]) -> Option<&'a str> {
        let fields = &self.exchange.log.fields;
        let plain = |b: u8| if b == b'-' { b'_' } else { b.to_ascii_lowercase() };
        let ends = |field: &str, name: &str| {
            let before = field.len().checked_sub(name.len())?;
            let joined = before == 0 || field.as_bytes().get(before - 1) == Some(&b'.');
            let tail = field.as_bytes().get(before..)?;
            (joined && tail.iter().map(|b| plain(*b)).eq(name.bytes().map(plain))).then_some(before)
        };
        names.iter().find_map(|name| {
            let told = fields.iter().filter(|(_, value)| !value.is_empty() && value != "-");
            let hits = told.filter_map(|(field, value)| Some((ends(field, name)?, value)));
            hits.min_by_key(|(before, _)| *before).map(|(_, value)| value.as_str())
        })
    }

    /// All values of the field that [`Reading::log_field`] finds: a list in a JSON record is one field several times.
    pub(super) fn log_values(&self, names: &[&str]) -> Vec<&'a str> {
        let Some(first) = self.log_field(names) else { return Vec::new() };
        let fields = &self.exchange.log.fields;
        let name = fields.iter().find(|(_, value)| std::ptr::eq(value.as_str(), first)).map(|(name, _)| name);
        let told = |value: &str| !value.is_empty() && value != "-";
        let same = fields.iter().filter(|(field, value)| Some(field) == name && told(value));
        same.map(|(_, value)| value.as_str()).collect()
    }

    /// A field of the log record: a list where it has several values.
    fn logged(&self, names: &[&str]) -> Bound {
        match self.log_values(names).as_slice() {
            [] => Bound::Unknown,
            [one] => text(one),
            several if several.iter().any(|one| one.len() > LONGEST) => Bound::Unknown,
            several => Bound::Exactly(Value::List(several.iter().map(|one| Value::Text(Arc::from(*one))).collect())),
        }
    }

    /// The value that a repeated key of the request body hid.
    pub(super) fn shadowed(&self, path: &Path) -> Option<&Value> {
        matches!(path.root, Root::RequestBody | Root::Arguments)
            .then(|| self.request_body.shadowed(&self.wanted.request, &path.fields))
            .flatten()
    }

    /// A wanted value of the request body.
    pub(super) fn request_value<S: AsRef<str>>(&self, fields: &[S]) -> Bound {
        self.request_body.get(&self.wanted.request, fields)
    }

    /// A wanted value of the response body.
    pub(super) fn response_value<S: AsRef<str>>(&self, fields: &[S]) -> Bound {
        self.response_body.get(&self.wanted.response, fields)
    }

    fn header_value(&self, headers: Option<&Headers>, name: &str, whole: bool) -> Bound {
        match headers.and_then(|h| h.get(name)) {
            Some(value) => bytes_value(value),
            None => match self.log_field(&[name]) {
                Some(value) => Bound::Exactly(Value::Text(value.into())),
                None => absent(whole),
            },
        }
    }

    fn claim(&self, path: &Path) -> Bound {
        if let Some(claims) = &self.claims {
            return Bound::Exactly(claims.value(&path.fields).unwrap_or(Value::Null));
        }
        if self.headers_whole() {
            return Bound::Exactly(Value::Null);
        }
        // A gateway's log names the claims it checked.
        let name = path.fields.join(".");
        let user = (name == "sub").then_some(self.exchange.log.user.as_deref()).flatten();
        let client = matches!(&*name, "azp" | "client_id").then_some(self.exchange.log.client_id.as_deref()).flatten();
        let one = |found: Option<&str>| found.map_or(Bound::Unknown, text);
        match (user.or(client), &*name) {
            (Some(known), _) => text(known),
            (None, "tid" | "tenant") => one(self.log_field(&["tid", "tenant", "tenant_id"])),
            (None, "roles" | "role" | "groups") => self.logged(&["roles", "role", "groups"]),
            (None, "act.sub") => one(self.log_field(&["act.sub", "act_sub", "act"]).or_else(|| self.logged_agent())),
            (None, _) => self.logged(&[&name]),
        }
    }

    /// An `agent` field that names an acting agent; most logs use the name for the user agent.
    pub(super) fn logged_agent(&self) -> Option<&'a str> {
        self.log_field(&["agent"]).filter(|a| !a.contains(['/', ' ']) && a.len() < 128)
    }

    fn message(&self, path: &Path) -> Bound {
        let name = path.fields.first().unwrap_or(&path.text);
        match &**name {
            "method" => self.exchange.request.as_ref().map_or(Bound::Unknown, |r| text(&r.method)),
            "target" if self.template => Bound::Unknown,
            "target" => self.exchange.request.as_ref().map_or(Bound::Unknown, |r| text(&r.target)),
            "status" => self.status().map_or(Bound::Unknown, |s| Bound::Exactly(Value::Number(s.into()))),
            _ => Bound::Unknown,
        }
    }

    fn host_value(&self, path: &Path) -> Bound {
        let Some(host) = &self.host else { return Bound::Unknown };
        let fields: Vec<&str> = path.fields.iter().map(|f| &**f).collect();
        match fields.as_slice() {
            [] => text(host),
            ["label", index] | [index] => {
                let label = index.parse().ok().and_then(|i: usize| host.split('.').nth(i));
                label.map_or(Bound::Exactly(Value::Null), text)
            }
            _ => Bound::Unknown,
        }
    }

    fn log_value(&self, path: &Path) -> Bound {
        let log = &self.exchange.log;
        let name = path.fields.join(".");
        let known = match &*name {
            "user" => log.user.as_deref(),
            "client_id" => log.client_id.as_deref(),
            "request_id" => log.request_id.as_deref(),
            "trace_id" => log.trace_id.as_deref(),
            _ => None,
        };
        known.map_or_else(|| self.logged(&[&name]), text)
    }

    /// Arguments of the call that this event is. What is no call has none, if its body shows that it is none.
    fn argument(&self, fields: &[Arc<str>]) -> Bound {
        match self.call {
            Some(_) => self.request_value(fields),
            None => absent(self.shows_calls()),
        }
    }

    /// Whether a call in the request's body would have been seen.
    fn shows_calls(&self) -> bool {
        self.exchange.request.as_ref().is_some_and(|request| request.body.is_whole())
    }

    fn mcp_value(&self, path: &Path) -> Bound {
        let Some((first, rest)) = path.fields.split_first() else { return Bound::Unknown };
        let Some(call) = self.call.filter(|call| call.protocol == CallProtocol::Mcp) else {
            return absent(self.call.is_some() || self.shows_calls());
        };
        match &**first {
            "tool" if call.kind == CallKind::Tool => text(&call.name),
            "tool" => Bound::Exactly(Value::Null),
            "name" => text(&call.name),
            "method" => text(call.method.as_ref().unwrap_or(&call.name)),
            "clientInfo" => self.client.get(&self.wanted.client, rest),
            first if is_arguments(first) => self.request_value(rest),
            _ => Bound::Unknown,
        }
    }

    /// Subject of the client's certificate, as a log has it.
    pub(super) fn logged_certificate(&self) -> Option<&'a str> {
        self.log_field(&["ssl_client_s_dn", "mtls.subject", "tls_client_subject", "client_cert_subject"])
    }

    fn mtls(&self) -> Bound {
        self.logged_certificate().map_or_else(|| absent(self.headers_whole()), text)
    }

    fn whole_value(&self, path: &Path) -> Bound {
        let request = self.exchange.request.as_ref();
        let first = path.fields.first().map(|f| &**f).unwrap_or_default();
        match path.root {
            Root::PathParameter => {
                let find = |all: &Parameters<'a>| all.iter().find(|(n, _)| **n == *first).map(|(_, v)| text(v));
                find(&self.parameters)
                    .or_else(|| find(&self.created))
                    .unwrap_or_else(|| absent(request.is_some() && !self.template))
            }
            Root::Query => {
                let whole = request.is_some() && self.target.query_whole && !self.template;
                self.target.parameter(first).map_or_else(|| absent(whole), text)
            }
            Root::RequestBody => self.request_value(&path.fields),
            Root::ResponseBody => self.response_value(&path.fields),
            Root::RequestHeader => self.header_value(request.map(|r| &r.headers), first, self.headers_whole()),
            Root::ResponseHeader => {
                let headers = self.exchange.response.as_ref().map(|r| &r.headers);
                self.header_value(headers, first, self.response_headers_whole())
            }
            Root::Cookie => self.cookie(first).map_or_else(|| absent(self.headers_whole()), bytes_value),
            Root::Jwt => self.claim(path),
            Root::Host => self.host_value(path),
            Root::Mtls => self.mtls(),
            Root::Mcp => self.mcp_value(path),
            Root::Log => self.log_value(path),
            Root::Message => self.message(path),
            Root::Arguments => self.argument(&path.fields),
            Root::Event | Root::Actor | Root::Object(_) => Bound::Unknown,
        }
    }
}

impl Scope for Reading<'_> {
    fn value(&self, path: &Path) -> Bound {
        let whole = self.whole_value(path);
        let Some((list, index)) = &self.element else { return whole };
        let stem = |p: &Path| p.fields.iter().filter(|f| &***f != "*").cloned().collect::<Vec<Arc<str>>>();
        match whole {
            Bound::Exactly(Value::List(items)) if path.root == list.root && stem(path).starts_with(&stem(list)) => {
                Bound::Exactly(items.into_iter().nth(*index).unwrap_or(Value::Null))
            }
            whole => whole,
        }
    }

    fn values(&self, path: &Path) -> (Vec<Value>, bool) {
        match self.value(path) {
            Bound::Exactly(Value::List(items)) => (items, true),
            Bound::Exactly(Value::Null) => (Vec::new(), true),
            Bound::Exactly(value) => (vec![value], true),
            Bound::AtLeast(value) => (vec![value], false),
            Bound::Unknown => (Vec::new(), false),
        }
    }
}

/// Whether the first word behind `mcp` stands for a call's arguments.
pub(super) fn is_arguments(word: &str) -> bool {
    matches!(word, "args" | "arguments")
}

fn text(text: impl AsRef<str>) -> Bound {
    let text = text.as_ref();
    if text.len() > LONGEST { Bound::Unknown } else { Bound::Exactly(Value::Text(text.into())) }
}

fn bytes_value(bytes: &[u8]) -> Bound {
    std::str::from_utf8(bytes).map_or(Bound::Unknown, text)
}

fn absent(known: bool) -> Bound {
    if known { Bound::Exactly(Value::Null) } else { Bound::Unknown }
}

/// Host without port, in lower case.
fn without_port(host: &str) -> String {
    let host = host.trim().trim_end_matches('.');
    let bare = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) && !name.ends_with(':') => name,
        _ => host,
    };
    bare.to_ascii_lowercase()
}
