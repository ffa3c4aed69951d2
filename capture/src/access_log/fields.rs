//! The fields of one record under their names, whatever format it was in, and the exchange that they make.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::cloudtrail;
use super::convention::Convention;
use super::header::{self, HeaderOf};
use super::mapping;
use super::meaning::{self, Entry, Meaning, Slot, Table};
use super::path_template::{self, Route};
use super::record::{self, Record};
use super::refusal::Refusal;
use super::unit::Unit;
use crate::clock::Reading;
use crate::scalar::Scalar;
use crate::{Body, Carries, Endpoint, Headers, Limits, LogFacts, Protocol, url};

/// A field of the record, flattened.
pub(super) struct Field<'a, 't> {
    name: std::ops::Range<usize>,
    pub(super) value: Value<'a>,
    header: Option<(HeaderOf, Cow<'t, str>)>,
    pub(super) used: bool,
}

pub(super) enum Value<'a> {
    Scalar(Scalar<'a>),
    /// A body, which may be an object of its own.
    Raw(&'a RawValue),
}

/// Method, target with whether it is a template, and protocol.
type Requested<'a> = (Cow<'a, str>, (String, bool), Option<Protocol>);

/// All fields of one record, with what their names mean.
pub(super) struct Fields<'a, 't> {
    pub(super) table: &'t Table,
    /// Dotted name of the value being read, as written and in normal form.
    pub(super) path: String,
    pub(super) normal: Vec<u8>,
    /// What the table says of that name.
    pub(super) entry: Option<&'t Entry>,
    names: String,
    pub(super) list: Vec<Field<'a, 't>>,
    /// Rank and index of the best field of each slot.
    pub(super) slots: [Option<(u16, usize)>; Slot::COUNT],
    /// Rank, index and unit of each field that may be the duration.
    pub(super) durations: Vec<(u16, usize, Option<Unit>)>,
    pub(super) convention: Option<Convention>,
    full_headers: [bool; 2],
    redacted: bool,
    /// A field for the method or the request line is there, and null.
    pub(super) null_method: bool,
    /// The duration is a plain number whose unit nothing tells.
    pub(super) unitless: bool,
    /// A time names no zone, and was taken for UTC's.
    pub(super) zoneless: bool,
}

/// Rank of a number that is called `time`: with a better name beside it, it is how long something took.
pub(super) const DOUBTFUL: u16 = u16::MAX;

/// Whether a value may be a user agent (`curl/8.5`, `Mozilla/5.0 (...)`) and no plain name.
fn is_user_agent(value: &Value<'_>) -> bool {
    let Value::Scalar(scalar) = value else { return true };
    scalar.clone().into_text().is_none_or(|text| text.contains(['/', ' ']) || text.is_empty())
}

impl<'a, 't> Fields<'a, 't> {
    /// No field yet.
    pub(super) fn new(table: &'t Table) -> Self {
        Fields {
            table,
            path: String::new(),
            normal: Vec::new(),
            entry: None,
            names: String::with_capacity(512),
            list: Vec::with_capacity(32),
            slots: [None; Slot::COUNT],
            durations: Vec::new(),
            convention: None,
            full_headers: [false; 2],
            redacted: false,
            null_method: false,
            unitless: false,
            zoneless: false,
        }
    }

    /// Adds a field by its whole name.
    pub(super) fn put(&mut self, name: &str, text: impl Into<Cow<'a, str>>) {
        self.put_value(name, Value::Scalar(Scalar::Text(text.into())));
    }

    /// Adds a field of any value by its whole name.
    pub(super) fn put_value(&mut self, name: &str, value: Value<'a>) {
        self.path.push_str(name);
        meaning::push_normal(name, &mut self.normal);
        self.entry = self.table.get(&self.normal);
        self.push(value);
        self.path.clear();
        self.normal.clear();
    }

    /// Adds a field under the current name.
    pub(super) fn push(&mut self, value: Value<'a>) {
        let index = self.list.len();
        let mut header = None;
        if let Some(mark) = self.entry.and_then(|entry| entry.mark) {
            self.convention = Some(self.convention.map_or(mark, |known| known.min(mark)));
        }
        match self.entry.and_then(|entry| entry.meaning.as_ref()) {
            Some(Meaning::Slot(slot, rank)) => {
                let number = || matches!(&value, Value::Scalar(scalar) if scalar.number().is_some());
                let doubtful = self.normal == b"time" && !self.table.strict && number();
                let rank = if doubtful { DOUBTFUL } else { *rank };
                if let Some(best) = self.slots.get_mut(*slot as usize)
                    && best.is_none_or(|(known, _)| rank < known)
                {
                    *best = Some((rank, index));
                }
            }
            Some(Meaning::Duration(unit, rank)) => self.durations.push((*rank, index, *unit)),
            // Most logs mean the user agent by it; what is plainly none is the software that acts.
            Some(Meaning::RequestHeader(_))
                if self.normal == b"agent" && !self.table.strict && !is_user_agent(&value) => {}
            Some(Meaning::RequestHeader(name)) => header = Some((HeaderOf::Request, Cow::Borrowed(name.as_str()))),
            Some(Meaning::Session) => header = Some((HeaderOf::Session, Cow::Borrowed("Cookie"))),
            Some(Meaning::ResponseHeader(name)) => header = Some((HeaderOf::Response, Cow::Borrowed(name.as_str()))),
            None => header = self.header_of_path(),
        }
        let name = self.names.len();
        self.names.push_str(&self.path);
        self.list.push(Field { name: name..self.names.len(), value, header, used: false });
    }

    /// Whether it has a field for the method, the target or the request line.
    pub(super) fn says_what_was_asked(&self) -> bool {
        let telling = [Slot::Method, Slot::Target, Slot::RequestLine];
        telling.iter().any(|slot| self.slots.get(*slot as usize).is_some_and(Option::is_some))
    }

    fn header_of_path(&mut self) -> Option<(HeaderOf, Cow<'t, str>)> {
        let (of, start, full) = header::header_in(&self.normal).filter(|_| !self.table.strict)?;
        if let Some(seen) = self.full_headers.get_mut(usize::from(of == HeaderOf::Response)) {
            *seen |= full;
        }
        let name = self.path.get(start..)?;
        let name = name.strip_suffix(')').unwrap_or(name);
        let whole = full || of == HeaderOf::Cookie;
        Some((of, Cow::Owned(if whole { name.to_owned() } else { name.replace('_', "-") })))
    }

    /// Takes the text of a slot's field; dashes and empty strings are nothing.
    pub(super) fn text(&mut self, slot: Slot) -> Option<Cow<'a, str>> {
        let index = self.slots.get(slot as usize).copied().flatten()?.1;
        let field = self.list.get_mut(index)?;
        let Value::Scalar(scalar) = &field.value else { return None };
        let text = scalar.clone().into_text().filter(|text| !is_nothing(text))?;
        field.used = true;
        Some(text)
    }

    /// Takes a slot's text as something else; a field that cannot be one stays a plain field.
    fn parsed<T>(&mut self, slot: Slot, parse: impl Fn(&str) -> Option<T>) -> Option<T> {
        let value = self.text(slot).and_then(|text| parse(&text));
        if value.is_none()
            && let Some((_, index)) = self.slots.get(slot as usize).copied().flatten()
            && let Some(field) = self.list.get_mut(index)
        {
            field.used = false;
        }
        value
    }

    /// The text of a slot's field, which stays a plain field.
    pub(super) fn peek(&self, slot: Slot) -> Option<&str> {
        let index = self.slots.get(slot as usize).copied().flatten()?.1;
        match &self.list.get(index)?.value {
            Value::Scalar(scalar) => scalar.text().filter(|text| !is_nothing(text)),
            Value::Raw(_) => None,
        }
    }

    /// The text of the field of this name, as written.
    pub(super) fn named(&self, name: &str) -> Option<Cow<'a, str>> {
        let field = self.list.iter().find(|field| self.names.get(field.name.clone()) == Some(name))?;
        match &field.value {
            Value::Scalar(scalar) => scalar.clone().into_text().filter(|text| !is_nothing(text)),
            Value::Raw(_) => None,
        }
    }

    /// The JSON of a body's field.
    pub(super) fn raw(&self, slot: Slot) -> Option<&'a str> {
        let index = self.slots.get(slot as usize).copied().flatten()?.1;
        match &self.list.get(index)?.value {
            Value::Raw(raw) => Some(raw.get()),
            Value::Scalar(_) => None,
        }
    }

    fn body(&mut self, slot: Slot, size: Option<u64>, limits: &Limits) -> (Body, bool) {
        let index = self.slots.get(slot as usize).copied().flatten().map(|(_, index)| index);
        let Some(field) = index.and_then(|index| self.list.get_mut(index)) else {
            return (Body::Unknown { size }, false);
        };
        field.used = true;
        let text: Cow<'_, str> = match &field.value {
            Value::Raw(raw) if raw.get().starts_with('"') => {
                serde_json::from_str::<Scalar<'_>>(raw.get()).ok().and_then(Scalar::into_text).unwrap_or_default()
            }
            Value::Raw(raw) => Cow::Borrowed(raw.get()),
            Value::Scalar(scalar) => scalar.clone().into_text().unwrap_or_default(),
        };
        match &*text {
            "null" | "-" => (Body::Unknown { size }, true),
            "" => (Body::Absent, true),
            text => {
                let kept = text.as_bytes().get(..limits.body_bytes).unwrap_or(text.as_bytes());
                let decoded_len = text.len() as u64;
                let whole = kept.len() == text.len();
                (
                    Body::Present { bytes: kept.to_vec(), wire_len: size.unwrap_or(decoded_len), decoded_len, whole },
                    true,
                )
            }
        }
    }

    /// Makes the record, which was written at `written` if what is around it says when.
    pub(super) fn record(mut self, written: Option<Reading>, limits: &Limits) -> Result<Record<'a>, Refusal> {
        let call = if self.may_be_event() { cloudtrail::call(&self) } else { None };
        if call.is_some() {
            self.convention = Some(Convention::CloudTrail);
        }
        let (method, (target, template), protocol) = match &call {
            Some(call) => (Cow::Borrowed(call.method), (call.target.clone(), false), None),
            None => self.request()?,
        };
        let Some(times) = self.times(written) else { return Err(self.no_time()) };
        self.by_convention();
        let client = self.endpoint(Slot::Client, Slot::ClientPort);
        let server = self.endpoint(Slot::Server, Slot::ServerPort);
        let host = self.text(Slot::Host).map(Cow::into_owned);
        let (url_scheme, url_host) = host.is_none().then(|| self.of_url()).flatten().unwrap_or_default();
        let host = host.or(url_host);
        let scheme = self.parsed(Slot::Scheme, scheme).or(url_scheme);
        let status = self.parsed(Slot::Status, record::status);
        let (host, status) = call.map_or((host, status), |call| (Some(call.host), Some(call.status)));
        let count = |text: &str| text.parse().ok();
        let (request_bytes, response_bytes) =
            (self.parsed(Slot::RequestBytes, count), self.parsed(Slot::ResponseBytes, count));
        let (request_body, request_bodies) = self.body(Slot::RequestBody, request_bytes, limits);
        let (response_body, response_bodies) = self.body(Slot::ResponseBody, response_bytes, limits);
        let log = self.log_facts();
        let (request_headers, response_headers) = self.headers(limits);
        let [request_full, response_full] = self.full_headers;
        let carries = Carries {
            request_headers: request_full && !self.redacted,
            response_headers: response_full && !self.redacted,
            request_bodies,
            response_bodies,
        };
        let in_header = || request_headers.text("host").filter(|host| !host.is_empty()).map(str::to_owned);
        let in_target = target.contains("://") || method.eq_ignore_ascii_case("CONNECT");
        let host = host.or_else(|| if in_target { None } else { in_header() });
        let odd = [
            ("duration_without_unit", self.unitless),
            ("time_without_zone", self.zoneless),
            ("unnamed_status", self.has_unnamed_status()),
        ];
        let irregularities = odd.into_iter().filter(|(_, is)| *is).map(|(name, _)| name).collect();
        let log = LogFacts { fields: self.rest(), ..log };
        Ok(Record {
            times,
            method,
            target: Cow::Owned(target),
            template,
            irregularities,
            protocol,
            scheme,
            host,
            status,
            client,
            server,
            request_headers,
            response_headers,
            request_body,
            response_body,
            log,
            carries,
        })
    }

    /// Whether it may be an event of CloudTrail's, whose caller may be nobody that it can name.
    fn may_be_event(&self) -> bool {
        let has = |slot: Slot| self.slots.get(slot as usize).is_some_and(Option::is_some);
        match self.convention {
            Some(known) => known == Convention::CloudTrail,
            None => !self.table.strict && !has(Slot::Method) && !has(Slot::RequestLine),
        }
    }

    /// Method, target with whether it is a template, and protocol.
    fn request(&mut self) -> Result<Requested<'a>, Refusal> {
        let line = self.text(Slot::RequestLine);
        let parts = line.as_deref().and_then(record::request_line);
        if parts.is_none() && line.is_some() {
            self.keep(Slot::RequestLine);
        }
        let method = self.text(Slot::Method).or_else(|| parts.map(|(method, ..)| Cow::Owned(method.to_owned())));
        let routed = || self.peek(Slot::Route).and_then(|route| route.split_once(' ')).map(|(method, _)| method);
        let method = method.or_else(|| routed().map(|method| Cow::Owned(method.to_owned())));
        let Some(method) = method else { return Err(self.no_method()) };
        let target = match self.target(parts.map(|(_, target, _)| target)) {
            // API Gateway may put the template where a path stands. Of others, braces are what the client sent.
            Some(target) => {
                let template = self.named("requestTime").is_some() && path_template::is_template(&target);
                (target, template)
            }
            None => self.route()?,
        };
        let protocol = self.parsed(Slot::Protocol, record::protocol).or_else(|| parts.and_then(|(.., known)| known));
        Ok((method, target, protocol))
    }

    /// The path that a route tells where no path is logged, and whether it is a template.
    fn route(&self) -> Result<(String, bool), Refusal> {
        let Some(route) = self.peek(Slot::Route) else { return Err(self.missing("target")) };
        let path = route.split_once(' ').map_or(route, |(_, path)| path).trim();
        if !path.starts_with('/') {
            return Err(self.missing("target"));
        }
        match path_template::route(path) {
            Route::Path(path) => Ok((path, false)),
            Route::Template(path) => Ok((path, true)),
            Route::Open => Err(Refusal::OpenRoute),
        }
    }

    /// Gives fields the meaning that they have for one server alone.
    fn by_convention(&mut self) {
        let [from, to] = match self.convention {
            // What it read from the server; others mean what they read from the client.
            Some(Convention::Haproxy) => [Slot::RequestBytes, Slot::ResponseBytes],
            // `%h`; an access log of Tomcat's that says who asked may well mean its own host.
            Some(Convention::Tomcat) if self.peek(Slot::Host).is_some_and(|host| record::endpoint(host).is_some()) => {
                [Slot::Host, Slot::Client]
            }
            _ => return,
        };
        let name = if to == Slot::Client { "host" } else { "bytes_read" };
        let moved = self.slots.get(from as usize).copied().flatten();
        let moved = moved.filter(|(_, index)| self.list.get(*index).is_some_and(|field| self.name_of(field) == name));
        if let Some(place) = self.slots.get_mut(to as usize)
            && place.is_none()
            && moved.is_some()
        {
            *place = moved;
            if let Some(place) = self.slots.get_mut(from as usize) {
                *place = None;
            }
        }
    }

    /// Scheme and host of a whole URL that is logged beside the path.
    fn of_url(&self) -> Option<(Option<String>, Option<String>)> {
        if self.table.strict {
            return None;
        }
        self.list.iter().find_map(|field| {
            let Value::Scalar(scalar) = &field.value else { return None };
            let text = scalar.text().filter(|text| text.contains("://"))?;
            let entry = self.table.get(&meaning::normal(self.name_of(field)))?;
            let Some(Meaning::Slot(Slot::Target, _)) = entry.meaning else { return None };
            let split = url::split(text)?;
            Some((split.scheme.map(str::to_owned), Some(split.host?.to_owned())))
        })
    }

    /// An address with the port that it has or that another field names.
    fn endpoint(&mut self, address: Slot, port: Slot) -> Option<Endpoint> {
        let endpoint = self.parsed(address, record::endpoint);
        let port = self.parsed(port, |text| text.parse().ok());
        endpoint.map(|endpoint| Endpoint { port: endpoint.port.or(port), ..endpoint })
    }

    /// What the log says beside the message, without the fields that nothing takes.
    fn log_facts(&mut self) -> LogFacts {
        LogFacts {
            user: self.text(Slot::User).map(Cow::into_owned),
            client_id: self.text(Slot::ClientId).map(Cow::into_owned),
            request_id: self.text(Slot::RequestId).map(Cow::into_owned),
            trace_id: self.text(Slot::TraceId).map(|text| trace_id(&text).to_owned()),
            fields: Vec::new(),
        }
    }

    fn keep(&mut self, slot: Slot) {
        let index = self.slots.get(slot as usize).copied().flatten().map(|(_, index)| index);
        if let Some(field) = index.and_then(|index| self.list.get_mut(index)) {
            field.used = false;
        }
    }

    /// The request line's target is as sent; other fields may be normalised by the server or lack the query.
    fn target(&mut self, from_line: Option<&str>) -> Option<String> {
        let chosen = matches!(self.slots.get(Slot::Target as usize), Some(Some((0, _))));
        let logged = self.text(Slot::Target);
        let mut target = match from_line.filter(|_| !chosen) {
            Some(line) => line.to_owned(),
            None => logged?.into_owned(),
        };
        if let Some(query) = self.text(Slot::Query)
            && from_line.is_none()
            && !target.contains('?')
        {
            target.push('?');
            target.push_str(query.trim_start_matches('?'));
        }
        Some(target)
    }

    /// Takes the header fields. Values that the server replaced before logging are left out: all requests would seem to
    /// carry one and the same credential.
    fn headers(&mut self, limits: &Limits) -> (Headers, Headers) {
        let (mut request, mut response) = (Headers::default(), Headers::default());
        let traefik = self.convention == Some(Convention::Traefik);
        for field in &mut self.list {
            let prefixed = || {
                let name = self.names.get(field.name.clone())?;
                let (of, start) = header::traefik_header(name)?;
                Some((of, Cow::Owned(name.get(start..)?.to_owned())))
            };
            let header = field.header.take().or_else(|| if traefik && !field.used { prefixed() } else { None });
            let Some((of, name)) = header else { continue };
            let Value::Scalar(scalar) = &mut field.value else { continue };
            field.used = true;
            let Some(value) = std::mem::take(scalar).into_text().filter(|value| !is_nothing(value)) else { continue };
            if matches!(&*value, "REDACTED" | "[REDACTED]" | "***") {
                self.redacted = true;
                continue;
            }
            let headers = if of == HeaderOf::Response { &mut response } else { &mut request };
            if headers.len() >= limits.header_fields {
                continue;
            }
            match of {
                HeaderOf::Session => headers.push(name.as_bytes(), format!("session={value}").as_bytes()),
                HeaderOf::Cookie => headers.push(b"Cookie", format!("{name}={value}").as_bytes()),
                _ => headers.push(name.as_bytes(), value.as_bytes()),
            }
        }
        (request, response)
    }

    /// Every scalar that nothing else took.
    fn rest(self) -> Vec<(String, String)> {
        let (names, strict) = (self.names, self.table.strict);
        let rest = self.list.into_iter().filter(|field| !field.used).filter_map(|field| {
            let value = match field.value {
                Value::Scalar(scalar) => scalar.into_text()?.into_owned(),
                Value::Raw(raw) => raw.get().to_owned(),
            };
            let name = names.get(field.name).filter(|name| !(strict && mapping::is_value(name)))?;
            Some((name.to_owned(), value))
        });
        rest.collect()
    }

    /// The name of a field, as written.
    pub(super) fn name_of(&self, field: &Field<'_, '_>) -> &str {
        self.names.get(field.name.clone()).unwrap_or_default()
    }
}

pub(super) fn is_nothing(text: &str) -> bool {
    matches!(text, "-" | "")
}

fn scheme(text: &str) -> Option<String> {
    let text = text.trim().to_ascii_lowercase();
    matches!(&*text, "http" | "https").then_some(text)
}

/// The trace id within a W3C `traceparent` or a resource name of Google's, else the text itself.
fn trace_id(text: &str) -> &str {
    if let Some((_, id)) = text.split_once("/traces/") {
        return id;
    }
    let mut parts = text.split('-');
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(version), Some(id), Some(_), Some(_)) if version.len() == 2 && id.len() == 32 => id,
        _ => text,
    }
}
