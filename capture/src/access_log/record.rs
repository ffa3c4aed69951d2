//! What one log line says of an exchange, in whatever format it says it.

use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};

use crate::key::KeySeed;
use crate::{
    Body, Carries, Endpoint, Exchange, Headers, Incomplete, LogFacts, Origin, Place, Protocol, Request, Response,
    Timestamp, url,
};

/// A line read by its format.
#[derive(Debug)]
pub(super) struct Record<'a> {
    pub(super) times: Times,
    pub(super) method: Cow<'a, str>,
    /// As logged: a path with query, or a whole URL.
    pub(super) target: Cow<'a, str>,
    /// The target is only the template that the path fits.
    pub(super) template: bool,
    /// What is odd about it: a duration without a unit, which was left out, a time without a zone, a status that no field
    /// is known for.
    pub(super) irregularities: Vec<&'static str>,
    pub(super) protocol: Option<Protocol>,
    pub(super) scheme: Option<String>,
    pub(super) host: Option<String>,
    pub(super) status: Option<u16>,
    pub(super) client: Option<Endpoint>,
    pub(super) server: Option<Endpoint>,
    pub(super) request_headers: Headers,
    pub(super) response_headers: Headers,
    pub(super) request_body: Body,
    pub(super) response_body: Body,
    pub(super) log: LogFacts,
    pub(super) carries: Carries,
}

/// When it began and ended, as far as the line tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Times {
    pub(super) start: Timestamp,
    pub(super) end: Option<Timestamp>,
    pub(super) tick: i64,
}

impl Record<'_> {
    /// Makes the exchange; `None` for URLs that are no HTTP ones.
    pub(super) fn into_exchange(self, seed: KeySeed, origin: Origin) -> Option<Exchange> {
        let connect = self.method.eq_ignore_ascii_case("CONNECT");
        let (scheme, host, target) = if connect || self.target == "*" {
            (None, None, self.target.clone().into_owned())
        } else {
            let split = url::split(&self.target)?;
            (split.scheme, split.host, split.origin_form())
        };
        let host = self.host.or_else(|| host.map(str::to_owned));
        let scheme = self.scheme.or_else(|| scheme.map(str::to_owned));
        let host = host.map(|host| url::host(&host, scheme.as_deref()).to_owned());
        let number = match origin.place {
            Place::Line { number, .. } => number,
            Place::Frames { first, .. } => first,
            Place::Entry { index, .. } => index,
        };
        let bodiless = self.method.eq_ignore_ascii_case("HEAD")
            || self.status.is_some_and(|status| matches!(status, 100..=199 | 204 | 304));
        let empty = matches!(self.response_body, Body::Unknown { size: Some(0) });
        let response_body = if bodiless || empty { Body::Absent } else { self.response_body };
        let request_body = match self.request_body {
            Body::Unknown { size: Some(0) } => Body::Absent,
            body => body,
        };
        let cut = [&request_body, &response_body].iter().any(|body| matches!(body, Body::Present { whole: false, .. }));
        let mut incomplete = Vec::new();
        if self.status.is_none() {
            incomplete.push(Incomplete::NoResponse);
        }
        if self.template {
            incomplete.push(Incomplete::PathTemplate);
        }
        if cut {
            incomplete.push(Incomplete::OverLimit);
        }
        let method = self.method.into_owned();
        let headers = self.response_headers;
        Some(Exchange {
            key: seed.key(number, self.times.start),
            protocol: self.protocol.unwrap_or(Protocol::Unknown),
            connection: None,
            stream: 0,
            client: self.client,
            server: self.server,
            print: None,
            time: self.times.start,
            end: self.status.and(self.times.end),
            tick: self.times.tick,
            request: Some(Request {
                method,
                scheme,
                host,
                target,
                headers: self.request_headers,
                body: request_body,
                end: None,
            }),
            response: self.status.map(|status| Response { status, headers, body: response_body, start: None }),
            pushed: false,
            grpc: None,
            web_socket: None,
            elsewhere: None,
            log: self.log,
            carries: self.carries,
            incomplete,
            origin,
            response_origin: None,
        })
    }
}

/// Method, target and protocol of a request line; targets may hold raw spaces.
pub(super) fn request_line(line: &str) -> Option<(&str, &str, Option<Protocol>)> {
    let (method, rest) = line.trim().split_once(' ')?;
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    if method.is_empty()
        || method.len() > 32
        || !method.bytes().all(is_token)
        || !method.starts_with(|c: char| c.is_ascii_alphabetic())
    {
        return None;
    }
    let (target, version) = match rest.rsplit_once(' ') {
        Some((target, version)) if version.starts_with("HTTP/") => (target, Some(version)),
        _ if rest.starts_with("HTTP/") => return None,
        _ => (rest, None),
    };
    let target = target.trim();
    let shaped = target.starts_with('/') || target == "*" || target.contains("://") || method == "CONNECT";
    (shaped && !target.is_empty()).then_some((method, target, version.and_then(protocol)))
}

/// `HTTP/1.1`, `HTTP/2.0`, `h2`, `2`, ...
pub(super) fn protocol(text: &str) -> Option<Protocol> {
    let text = text.trim();
    let number = text.strip_prefix("HTTP/").or_else(|| text.strip_prefix("http/")).or_else(|| text.strip_prefix('h'));
    match number.unwrap_or(text).as_bytes().first() {
        Some(b'0' | b'1') => Some(Protocol::Http1),
        Some(b'2') => Some(Protocol::Http2),
        Some(b'3') => Some(Protocol::Http3),
        _ => None,
    }
}

/// The leading digits of a status; anything outside 100 to 999 (nginx's `000`, `-`) means that nothing was sent.
pub(super) fn status(text: &str) -> Option<u16> {
    let digits = text.trim().get(..3)?;
    let rest = text.trim().get(3..).unwrap_or_default();
    let status = digits.parse().ok().filter(|status| (100..=999).contains(status))?;
    (!rest.starts_with(|c: char| c.is_ascii_alphanumeric())).then_some(status)
}

/// An address, bare, in brackets, or with a port.
pub(super) fn endpoint(text: &str) -> Option<Endpoint> {
    let text = text.trim();
    if let Ok(ip) = text.parse::<IpAddr>() {
        return Some(Endpoint { ip, port: None });
    }
    if let Ok(address) = text.parse::<SocketAddr>() {
        return Some(Endpoint { ip: address.ip(), port: Some(address.port()).filter(|port| *port != 0) });
    }
    match text.strip_prefix('[').and_then(|text| text.strip_suffix(']')) {
        Some(bare) => bare.parse().ok().map(|ip| Endpoint { ip, port: None }),
        None => endpoint_with_port(text),
    }
}

/// An address with a port after its last colon, also one of IPv6 without brackets.
pub(super) fn endpoint_with_port(text: &str) -> Option<Endpoint> {
    let (address, port) = text.trim().rsplit_once(':')?;
    let bare = address.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(address);
    let port = port.bytes().all(|byte| byte.is_ascii_digit()).then(|| port.parse::<u16>().ok())??;
    bare.parse().ok().map(|ip| Endpoint { ip, port: Some(port).filter(|port| *port != 0) })
}
